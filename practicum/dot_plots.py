"""The figure that compares groups of measurements, dot by dot. Part of plots."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from practicum.paper import BLUE, VERMILION, finished, inks, percent, style, written


def dots(panels: Mapping[str, Mapping[str, Sequence[float]]], *, title: str = "") -> Figure:
    """Measurements in rows, one for each group: a dot for each, such as each seed, and a line at their mean.

    A dashed line goes down from the mean of the first group, so that the others can be compared with it.

    Args:
        panels: what was measured, such as "validation accuracy", with the values of each group by the group's name. All
            panels have the same groups. Of a quantity whose name ends in "accuracy" the axis has per cent.
        title: stands above all.

    Raises:
        ValueError: nothing to draw, a group without values or with one that is no number, or panels with other groups.

    Example:
        dots({"validation accuracy": {"without": [0.48, 0.50], "with": [0.52, 0.51]}})
    """
    names = list(next(iter(panels.values()), {}))
    for what, groups in panels.items():
        if list(groups) != names:
            raise ValueError(
                f"plots.dots: all panels need the same groups in the same order. Received {', '.join(names)}; and "
                f"{', '.join(groups)} for {what!r}."
            )
        for name, values in groups.items():
            if not len(values) or not np.isfinite(values).all():
                raise ValueError(
                    f"plots.dots: each group needs values that are numbers. Received {list(values)} for {name!r}."
                )
    if not names:
        raise ValueError("plots.dots: there is nothing to draw. Pass at least one panel with one group.")
    with style():
        _, ink, _ = inks()
        figure, all_axes = plt.subplots(
            1, len(panels), figsize=(1.8 + 3.6 * len(panels), 1.2 + 0.42 * len(names)), sharey=True, squeeze=False
        )
        for axes, (what, groups) in zip(all_axes[0], panels.items(), strict=True):
            axes.axvline(float(np.mean(groups[names[0]])), color=VERMILION, linestyle="--", linewidth=1, zorder=0)
            for row, values in enumerate(groups.values()):
                axes.plot(values, np.full(len(values), row), "o", color=BLUE, markersize=5, alpha=0.55)
                axes.plot([np.mean(values)] * 2, [row - 0.3, row + 0.3], color=ink, linewidth=2)
            axes.set(title=what[:1].upper() + what[1:])
            if what.endswith("accuracy"):
                axes.xaxis.set_major_formatter(percent)
        first = all_axes[0][0]
        first.set_yticks(range(len(names)), [written(name, 40) for name in names])
        first.invert_yaxis()
        if title:
            figure.suptitle(written(title, 80), x=0.01, ha="left")
        return finished(figure)
