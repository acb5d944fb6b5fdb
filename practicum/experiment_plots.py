"""Figures of sweeps: what more filters bring, and what accuracy costs. Part of plots."""

import itertools
from collections.abc import Iterable
from textwrap import wrap
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize, to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, LogLocator, NullLocator
from matplotlib.transforms import Bbox, ScaledTranslation

from practicum.experiments.choosing import COSTS, compared, in_points, pareto_front, smallest_within
from practicum.experiments.configurations import Configuration, as_text, factor, key, named
from practicum.experiments.means import LEAST_SEEDS, Tried, gain_per_filter, half_width, tried, usable
from practicum.experiments.table import Results
from practicum.paper import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION, finished, ink_on, inks, percent, style, written

COLOURS, MARKERS = (BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY), "os^DvPX*"
DASHES = {"even": "-", "growing": "--", "mixed": ":"}  # of lines, by their shape
MOST_LINES = 8  # more cannot be told apart
GAINS, NO_GAIN = "Blues", "#dddddd"
COST_NAMES = {
    "multiply_adds": "multiply-adds for one image",
    "parameters": "parameters",
    "seconds": "seconds of training",
}
# Where a name may stand, seen from its dot: which end of it is near, how far to the right and up.
ABOVE = (("right", -0.7, 0.7), ("center", 0.0, 1.0), ("right", -1.2, 0.3), ("left", 0.2, 1.0), ("right", -1.5, 1.0),
         ("left", 0.9, 0.9), ("left", 1.2, 0.3), ("right", -2.5, 0.6))  # fmt: skip
BELOW = (("left", 0.8, -1.0),)
Group = tuple[int, tuple[tuple[str, str], ...]]  # number of modules; the other varied arguments with their values


def accuracy_by_filters(results: Results, *, title: str = "") -> Figure:
    """Validation accuracy against the number of filters, and what each added filter brings.

    Above: the mean of the seeds; its 95 % interval (Student's t) as bars where there are three seeds or more; each
    seed as a faint dot. A line joins configurations that differ in nothing but how wide they are: the same number of
    modules, the same shape (all modules as wide, or growing, or neither), all other arguments the same. They stand at
    their filters in all modules together, so that (8, 8, 8) and (24,) can be compared; doublings are equal steps.

    Below: for each line, from each configuration to the next, how many points of accuracy (percentage points) one
    added filter brings. In brackets where the seeds do not tell it from nothing.

    Args:
        results: of a sweep that tries several numbers of filters.
        title: stands above all.

    Raises:
        ValueError: no runs that did not fail, runs on several datasets, or more than 8 lines.

    Example:
        accuracy_by_filters(read("sweep.csv").where(dropout=0.0))
    """
    results = usable(results, "plots.accuracy_by_filters")
    lines = _lines(results)
    names = ["\n".join(wrap(_line_name(*line), 28)) for line in lines]
    groups = list(dict.fromkeys(group for group, _ in lines))
    totals = sorted({each.filters for points in lines.values() for each in points})
    heights = (3.4, (0.2 + 0.14 * max(name.count("\n") + 1 for name in names)) * len(lines))
    with style():
        figure, (axes, strip) = plt.subplots(
            2, 1, figsize=(9, 1.7 + sum(heights)), sharex=True, gridspec_kw={"height_ratios": heights}
        )
        for place, ((group, shape), points) in enumerate(lines.items()):
            number = groups.index(group)
            colour, marker = COLOURS[number % len(COLOURS)], MARKERS[number]
            aside = ScaledTranslation((place - (len(lines) - 1) / 2) * 2.5 / 72, 0, figure.dpi_scale_trans)
            looks = {"color": colour, "transform": axes.transData + aside}  # bars at the same number do not cover
            face = colour if shape == "even" else "none"
            axes.plot(*_road(points), linestyle=DASHES[shape], marker=marker, markerfacecolor=face, label=names[place],
                      zorder=3, **looks)  # fmt: skip
            for each in points:
                if len(each.runs) > 1:
                    seeds = [each.filters] * len(each.runs)
                    axes.plot(seeds, each.accuracies, ".", alpha=0.45, markersize=6, zorder=1, **looks)
                _draw_bar(axes, each.filters, each, **looks)
        axes.set(xscale="log", xlim=(totals[0] / 2**0.3, totals[-1] * 2**0.3), ylim=_reach(tried(results)))
        _accuracy_axis(axes, results)
        axes.legend(loc="best", fontsize=9, borderpad=1.2)  # the border keeps it off the lines
        axes.tick_params(labelbottom=False)
        _draw_gains(strip, list(lines.values()))
        strip.set_yticks(range(len(lines)), names, fontsize=9)
        strip.xaxis.set_major_locator(FixedLocator(_spaced(totals)))
        strip.xaxis.set_minor_locator(NullLocator())
        strip.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        strip.set_xlabel("filters, all modules together")
        if any(len(each.runs) > 1 for each in tried(results)):
            figure.supxlabel("faint dots: single seeds", fontsize=9, x=0.99, ha="right")
        axes.set_title(written(title, 80) if title else "")
        return finished(figure)


def accuracy_by_cost(
    results: Results, *, cost: str = "multiply_adds", tolerance: float | None = None, title: str = ""
) -> Figure:
    """Mean validation accuracy against cost: every configuration a dot, and a line through those that none beats.

    Colour and marker tell how many modules a configuration has. The line is the Pareto front: of what lies on it,
    nothing else is both cheaper and at least as good. Compared is by the seeds that (nearly) all configurations
    have; those that lack one may have been lucky: they are drawn hollow, and left out as in experiments.pareto_front.
    Those on the line have their names beside them, where there is room.

    Args:
        results: of a sweep.
        cost: "multiply_adds" for an image, "parameters", or "seconds" of training.
        tolerance: 0 to 1; marks what experiments.smallest_within chooses, and the band in which it looks.
        title: stands above all.

    Raises:
        ValueError: no runs that did not fail, runs on several datasets, or a value out of range.

    Example:
        accuracy_by_cost(read("sweep.csv"), tolerance=0.01)
    """
    if cost not in COSTS:
        raise ValueError(f"plots.accuracy_by_cost: cost must be one of {', '.join(COSTS)}. Received cost={cost!r}.")
    results = usable(results, "plots.accuracy_by_cost")
    choice = None if tolerance is None else smallest_within(results, tolerance, cost=cost)
    alike = {key(each.configuration): each for each in tried(compared(results))}
    points = {key(each.configuration): each for each in tried(results)} | alike
    at = {name: (each.cost(cost), each.mean) for name, each in points.items()}
    front = [key(configuration) for configuration in pareto_front(results, cost=cost)]
    depths = sorted({factor(each.configuration, "modules") for each in points.values()})
    names = {name: _short_name(each.configuration, results.varied()) for name, each in points.items()}
    with style():
        _, ink, _ = inks()
        figure, axes = plt.subplots(figsize=(9, 5.4))
        line = {"drawstyle": "steps-post", "color": ink, "linewidth": 1.2, "label": "none is both better and cheaper"}
        axes.plot(*zip(*(at[name] for name in front), strict=True), zorder=1.5, **line)
        for name, each in points.items():
            number = depths.index(factor(each.configuration, "modules"))
            _draw_bar(axes, at[name][0], each, color=COLOURS[number % len(COLOURS)])
            axes.plot(*at[name], **_dot(number, hollow=name not in alike))
        for number, depth in enumerate(depths):
            axes.plot([], [], label=_modules(depth), **_dot(number, hollow=False))
        if len(alike) < len(points):
            label = "hollow: lacks a seed that the others have, not compared"
            axes.plot([], [], label=label, **_dot(0, hollow=True, colour=ink))
        if choice:
            top, chosen = at[key(choice.best)][1], key(choice.configuration)
            axes.axhspan(top - choice.tolerance, top, color=GREEN, alpha=0.22, linewidth=0, zorder=0,
                         label=f"within {in_points(choice.tolerance)} of the best")  # fmt: skip
            doubt = {"yes": "", "open": " (the seeds leave it open)", "too few seeds": " (too few seeds to tell)"}
            text = f"the cheapest of these: {names[chosen]}".replace("\n", " ") + doubt[choice.verdict]
            axes.plot(
                *at[chosen], "o", markersize=17, markerfacecolor="none", markeredgecolor=ink, label=text, zorder=4
            )
        costs = [place[0] for place in at.values()]
        low, high = max(min(costs), 1e-9), max(max(costs), 1e-9)
        room = max((high / low) ** 0.07, 1.2)  # names stand on the left
        axes.set(xscale="log", xlim=(low / room**1.5, high * room), xlabel=COST_NAMES[cost])
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0,) if high > 100 * low else (1.0, 2.0, 5.0)))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(lambda value, _: _short_number(value))
        axes.margins(y=0.15)
        _accuracy_axis(axes, results)
        figure.legend(loc="outside lower center", ncols=2, fontsize=9)
        axes.set_title(written(title, 80) if title else "")
        dots = [(*place, 6.0) for place in at.values()] + ([(*at[key(choice.configuration)], 10.0)] if choice else [])
        _write_names(figure, axes, [(*at[name], names[name]) for name in front], dots)
        return finished(figure)


# Both -------------------------------------------------------------------------------------------------------------


def _accuracy_axis(axes: Axes, results: Results) -> None:
    seeds = [len(each.runs) for each in tried(results)]
    what = "one seed" if max(seeds) == 1 else "mean of the seeds"
    bars = "\n(bars: 95 % interval of the mean)" if max(seeds) >= LEAST_SEEDS else ""
    axes.set_ylabel(f"validation accuracy, {what}{bars}")
    axes.yaxis.set_major_formatter(percent)


def _draw_bar(axes: Axes, x: float, each: Tried, **looks: Any) -> None:
    half = half_width(each.accuracies)
    if np.isfinite(half):
        axes.plot([x, x], [each.mean - half, each.mean + half], marker="_", markersize=7, zorder=2, **looks)


def _reach(all_tried: list[Tried]) -> tuple[float, float]:
    """From below the lowest seed or end of a bar to above the highest."""
    ends = [
        np.append(each.accuracies, each.mean + half_width(each.accuracies) * np.array([-1, 1])) for each in all_tried
    ]
    low, high = np.nanmin(np.concatenate(ends)), np.nanmax(np.concatenate(ends))
    room = 0.06 * (high - low) or 0.01
    return float(low - room), float(high + room)


def _modules(count: int) -> str:
    return f"{count} module{'s' * (count != 1)}"


# By filters -------------------------------------------------------------------------------------------------------


def _lines(results: Results) -> dict[tuple[Group, str], list[Tried]]:
    """The configurations of each line by their filters; a line is a group and a shape."""
    others = [name for name in results.varied() if name != "filters"]
    found: dict[tuple[Group, str], list[Tried]] = {}
    for each in sorted(tried(results), key=lambda each: (each.filters, each.configuration["filters"])):
        own = each.configuration
        group = factor(own, "modules"), tuple((name, as_text(name, own[name])) for name in others)
        found.setdefault((group, factor(own, "shape")), []).append(each)
    if len(found) > MOST_LINES:
        parts = {name: {factor(each.configuration, name) for each in tried(results)} for name in ("modules", "shape")}
        what = [*others, *(name for name, values in parts.items() if len(values) > 1)]
        raise ValueError(
            f"plots.accuracy_by_filters: expected at most {MOST_LINES} lines. Received runs for {len(found)}, as these "
            f"vary beside the filters: {', '.join(what)}. Select some: results.where({what[0]}=…)."
        )
    shapes, modules = list(DASHES), [group[0] for group, _ in found]
    groups = sorted(dict.fromkeys(group for group, _ in found), key=lambda group: (group[0], modules.index(group[0])))
    return dict(sorted(found.items(), key=lambda line: (groups.index(line[0][0]), shapes.index(line[0][1]))))


def _line_name(group: Group, shape: str) -> str:
    depth, others = group
    return ", ".join([_modules(depth), *[shape] * (shape != "even"), *(f"{name}={value}" for name, value in others)])


def _at_each(points: Iterable[Tried]) -> list[tuple[int, list[Tried]]]:
    """Configurations by their number of filters: (8, 24) and (12, 20) have as many."""
    return [(count, list(own)) for count, own in itertools.groupby(points, key=lambda each: each.filters)]


def _road(points: list[Tried]) -> tuple[list[int], list[float]]:
    """Where a line goes: numbers of filters, and the mean accuracy of all configurations with that number."""
    places = _at_each(points)
    return [count for count, _ in places], [float(np.mean([each.mean for each in own])) for _, own in places]


def _draw_gains(strip: Axes, lines: list[list[Tried]]) -> None:
    """A row a line: from each configuration to the next a cell, with the points that one added filter brings."""
    paper, _, _ = inks()
    found = [
        (row, one, other, *gain_per_filter(some, more))
        for row, points in enumerate(lines)
        for (one, some), (other, more) in itertools.pairwise(_at_each(points))
    ]
    rises = [gain for *_, gain, _ in found if gain > 0] or [1.0]
    scale = Normalize(np.log(min(rises)) - 0.5, np.log(max(rises)) + 0.3)
    told = any(certain is not None for *_, certain in found)
    left, right = strip.get_xlim()
    for row, one, other, gain, certain in found:
        colour = mpl.colormaps[GAINS](scale(np.log(gain))) if gain > 0 else to_rgb(NO_GAIN)
        strip.broken_barh([(one, other - one)], (row - 0.4, 0.8), facecolor=colour, edgecolor=paper, linewidth=1.5)
        text = f"({_gain(gain)})" if told and not certain else _gain(gain)
        inches = 6.8 * np.log(other / one) / np.log(right / left)
        if 0.075 * len(text) < inches:
            strip.text(np.sqrt(one * other), row, text, ha="center", va="center", fontsize=9, color=ink_on(colour))
    doubt = "in brackets: the seeds do not tell it from none" if told else "too few seeds to tell them from chance"
    strip.set_title(f"Points of accuracy gained for each added filter ({doubt})", fontsize=10)
    strip.set_ylim(len(lines) - 0.5, -0.5)
    strip.tick_params(axis="y", length=0)
    strip.spines["left"].set_visible(False)


def _gain(gain: float) -> str:
    """Two digits, with a sign: "+0.30"."""
    if abs(gain) < 0.0005:
        return "0"
    return (f"{gain:+.0f}" if abs(gain) >= 9.95 else f"{gain:+#.2g}").replace("-", "−")


def _spaced(totals: list[int]) -> list[int]:
    """Those numbers that can be written under an axis in doublings: powers of two first."""
    apart = np.log2(totals[-1] / totals[0]) / 20
    chosen: list[int] = []
    for total in sorted(totals, key=lambda total: (total & (total - 1) != 0, total)):
        if all(abs(np.log2(total / other)) >= apart for other in chosen):
            chosen.append(total)
    return sorted(chosen)


# By cost ----------------------------------------------------------------------------------------------------------


def _dot(number: int, *, hollow: bool, colour: str = "") -> dict[str, Any]:
    """How the dots of the depth of this number look."""
    paper, _, _ = inks()
    colour = colour or COLOURS[number % len(COLOURS)]
    edges = {"markerfacecolor": "none" if hollow else colour, "markeredgecolor": colour if hollow else paper}
    return {"linestyle": "none", "marker": MARKERS[number % len(MARKERS)], "markersize": 8, "zorder": 3} | edges


def _short_name(configuration: Configuration, varied: list[str]) -> str:
    """The filters as they are, other arguments below by name."""
    others = [name for name in varied if name != "filters"]
    filters = [as_text("filters", configuration["filters"])] if len(others) == len(varied) - 1 or not varied else []
    return "\n".join([*filters, *(named(configuration, [name]) for name in others)])


def _short_number(value: float) -> str:
    for size, name in ((1e9, "billion"), (1e6, "million")):
        if value >= size:
            return f"{value / size:g} {name}"
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def _write_names(figure: Figure, axes: Axes, names: list[tuple[float, float, str]], dots: Iterable[Any]) -> None:
    """Write names beside places, each where it covers no other and no dot: above and left of a front is nothing.

    names: (x, y, text); dots: (x, y, radius in points).
    """
    _, ink, _ = inks()
    for _ in range(2):
        figure.draw_without_rendering()  # settles where the axes are
    figure.set_layout_engine("none")  # and keeps them there
    point = figure.dpi / 72
    taken = [_around(axes.transData.transform((x, y)), radius * point) for x, y, radius in dots]
    corners = axes.transData.transform([(x, y) for x, y, _ in names])
    for (left, low), (right, high) in itertools.pairwise(corners):  # the stairs
        taken += [Bbox.from_extents(left, low - 1, right, low + 1), Bbox.from_extents(right - 1, low, right + 1, high)]
    bare = len(taken)
    for x, y, text in names:
        dot = axes.transData.transform((x, y))
        # A thin line to a name that stands far off had better pass by the other dots, but may cross them if it must.
        ways = ((0, ABOVE), (0, BELOW), (bare, ABOVE))
        for crossable, distance, (side, right, up) in (
            (crossable, distance, place)
            for crossable, places in ways
            for distance, place in itertools.product(range(10, 45, 5), places)
        ):
            offset = (right * distance, up * distance)
            note = axes.annotate(text, (x, y), offset, textcoords="offset points", fontsize=9)
            note.set(ha=side, va="bottom" if up > 0 else "top")
            box = note.get_window_extent()
            road = dot + np.outer(np.linspace(0, 1, 20), offset) * point
            in_the_way = [other for other in taken[crossable:] if not other.contains(*dot)] if distance > 15 else []
            crossed = any(other.contains(*place) for other in in_the_way for place in road)
            inside = all(axes.bbox.contains(*corner) for corner in box.corners())
            if inside and not crossed and not any(box.overlaps(other) for other in taken):
                taken.append(box.padded(1.5 * point))  # so that two names are not read as one
                if distance > 15:  # tells whose name it is
                    taken += [_around(place, 1.0) for place in road[2:]]
                    thin = {"arrowstyle": "-", "color": ink, "linewidth": 0.6, "shrinkA": 0, "shrinkB": 4}
                    axes.annotate("", (x, y), offset, textcoords="offset points", arrowprops=thin)
                break
            note.remove()


def _around(place: Any, radius: float) -> Bbox:
    return Bbox.from_extents(*(place - radius), *(place + radius))
