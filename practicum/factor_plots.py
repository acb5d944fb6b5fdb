"""The figure of a sweep over two factors: how they go together. Part of plots."""

import itertools
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from practicum.experiments.configurations import DEFAULTS, FACTORS, as_text, factor
from practicum.experiments.means import Tried, tried, usable
from practicum.experiments.table import Results
from practicum.paper import finished, ink_on, inks, percent, style, written

ACCURACIES = "viridis"
MOST_COLUMNS = 13  # more do not leave room for numbers


def heat_map(results: Results, rows: str, columns: str, *, title: str = "") -> Figure:
    """Mean validation accuracy for two factors: a row for each value of one, a column for each of the other.

    In small letters the standard deviation over the seeds, in points of accuracy, where there are several. A cell
    without runs has a dash.

    Args:
        results: of a sweep in which nothing but the two factors varies.
        rows: an argument such as "kernel_size"; or "modules" (how many), "first_filters" (of the first module) or
            "shape" ("even", "growing" or "mixed").
        columns: another one.
        title: stands above all.

    Raises:
        ValueError: no runs that did not fail, runs on several datasets, an unknown factor, other arguments that vary
            too, or more than 13 columns.

    Example:
        heat_map(read("sweep.csv").where(dropout=0.0), "kernel_size", "filters")
    """
    for name in (rows, columns):
        if name not in FACTORS:
            raise ValueError(f"plots.heat_map: a factor is one of {', '.join(FACTORS)}. Received {name!r}.")
    if rows == columns:
        raise ValueError(f"plots.heat_map: rows and columns must be two different factors. Received {rows!r} twice.")
    results = usable(results, "plots.heat_map")
    cells = _cells(results, rows, columns)
    tops, sides = (sorted({cell[place] for cell in cells}, key=_order) for place in (1, 0))
    if len(tops) > MOST_COLUMNS:
        raise ValueError(
            f"plots.heat_map: expected at most {MOST_COLUMNS} columns. Received {len(tops)} values of {columns}. Swap "
            "rows and columns, or select with results.where."
        )
    means = np.array([[cells[side, top].mean if (side, top) in cells else np.nan for top in tops] for side in sides])
    low, high = float(np.nanmin(means)), float(np.nanmax(means))
    scale = Normalize(low, high if high > low else low + 0.01)
    width = min(9.0, max(2.6 + 0.85 * len(tops), 0.09 * len(title) + 1.0))
    with style():
        _, ink, _ = inks()
        figure, axes = plt.subplots(figsize=(width, 1.5 + 0.55 * len(sides)))
        picture = axes.imshow(np.ma.masked_invalid(means), cmap=ACCURACIES, norm=scale, aspect="auto")
        for (row, side), (column, top) in itertools.product(enumerate(sides), enumerate(tops)):
            cell = cells.get((side, top))
            several = cell is not None and len(cell.runs) > 1
            looks = {"ha": "center", "color": ink_on(mpl.colormaps[ACCURACIES](scale(cell.mean))) if cell else ink}
            text, high_up = f"{cell.mean:.1%}" if cell else "–", "bottom" if several else "center"
            axes.text(column, row - 0.02 * several, text, va=high_up, fontsize=10, **looks)
            if cell and several:
                spread = f"± {100 * cell.accuracies.std(ddof=1):.1f}"
                axes.text(column, row + 0.1, spread, va="top", fontsize=8, **looks)
        names = [as_text(columns, top) for top in tops]
        crowded = max(map(len, names)) * 0.09 > (width - 1.8) / len(tops)
        turned = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"} if crowded else {}
        axes.set_xticks(range(len(tops)), names, **turned)
        axes.set_yticks(range(len(sides)), [as_text(rows, side) for side in sides])
        axes.set(xlabel=_spoken(columns), ylabel=_spoken(rows))
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
        bar = figure.colorbar(picture, ax=axes, label="validation accuracy")
        bar.outline.set_visible(False)
        bar.ax.yaxis.set_major_formatter(percent)
        if any(len(cell.runs) > 1 for cell in cells.values()):
            figure.supxlabel("±: standard deviation over the seeds, in points", fontsize=9, x=0.99, ha="right")
        axes.set_title(written(title, 80) if title else "")
        return finished(figure)


def _cells(results: Results, rows: str, columns: str) -> dict[tuple[Any, Any], Tried]:
    """The configuration of each cell, by the values of both factors.

    Raises:
        ValueError: something else varies too, within a cell or from one to the next.
    """
    derived = set(FACTORS) - set(DEFAULTS)
    shown = {rows, columns} | ({"filters"} if {rows, columns} & derived else set())
    others = [name for name in results.varied() if name not in shown]
    found = {(factor(each.configuration, rows), factor(each.configuration, columns)): each for each in tried(results)}
    if others or len(found) < len(tried(results)):
        others = others or ["filters"]
        own = results.runs[0].configuration[others[0]]
        how = "shape='even'" if others == ["filters"] and shown & derived else f"{others[0]}={own!r}"
        raise ValueError(
            f"plots.heat_map: expected runs that differ in {rows} and {columns} only. Received runs that differ in "
            f"{', '.join(others)} too, which one cell cannot show. Select some with results.where, such as "
            f"results.where({how})."
        )
    return found


def _spoken(name: str) -> str:
    return {"modules": "number of modules", "first_filters": "filters of the first module"}.get(name, name)


def _order(value: Any) -> tuple[int, int, tuple[Any, ...]]:
    """Numbers by size, then lists by length, then words."""
    if isinstance(value, tuple):
        return 1, len(value), value
    return (2, 0, (value,)) if isinstance(value, str) else (0, 0, (value,))
