"""What the figures of sweeps hold: the right means, gains, fronts and cells, read back from what is drawn."""

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb, to_rgba
from test_data_plots import overlapping
from test_experiments import a_run
from test_plots import drawn

from practicum import plots
from practicum.experiments import Results
from practicum.experiments.means import half_width
from practicum.paper import ink_on

NAN = float("nan")


@pytest.fixture(autouse=True)
def _nothing_left_open():
    yield
    assert plt.get_fignums() == [], "a figure was left with pyplot: a notebook would show it twice"


def runs(filters, accuracies, cost=1000, **configuration):
    return tuple(
        replace(
            a_run(seed, accuracy, filters=filters, **configuration),
            multiply_adds=cost,
            parameters=30_000 - cost,
            seconds=cost / 100 + seed,
        )
        for seed, accuracy in enumerate(accuracies)
    )


# Means 60, 70 and 72 %: from 2 to 4 filters 10 points for 2, from 4 to 8 two points for 4.
ONE = (*runs((8,), [0.71, 0.73, 0.72]), *runs((2,), [0.60, 0.59, 0.61]), *runs((4,), [0.68, 0.70, 0.72]))
TWO = (*runs((4, 4), [0.70, 0.72, 0.74]), *runs((8, 8), [0.82, 0.84, 0.86]))
FAILED = replace(a_run(7, NAN, filters=(4,)), error="no memory")
WRONG = a_run(8, NAN, filters=(4,))  # went wrong without a word


def lines(axes):
    """The labelled lines by label: [(x, y), ...]."""
    return {
        line.get_label(): list(zip(line.get_xdata(), line.get_ydata(), strict=True))
        for line in axes.get_lines()
        if not line.get_label().startswith("_")
    }


def bars(axes):
    """The error bars: (x, low, high)."""
    return sorted(
        (float(line.get_xdata()[0]), *map(float, line.get_ydata()))
        for line in axes.get_lines()
        if line.get_marker() == "_"
    )


def gains(strip):
    return [text.get_text() for text in strip.texts]


# By filters ---------------------------------------------------------------------------------------------------------


def test_a_line_goes_through_the_means_of_the_seeds_in_order_of_filters():
    axes, _ = plots.accuracy_by_filters(Results((*ONE, FAILED, WRONG)), title="What filters bring").axes
    (label, places), = lines(axes).items()  # fmt: skip
    assert label == "1 module"
    assert places == [(2, pytest.approx(0.60)), (4, pytest.approx(0.70)), (8, pytest.approx(0.72))]
    assert axes.get_title(loc="left") == "What filters bring"
    assert axes.get_xscale() == "log"
    seeds = [line for line in axes.get_lines() if line.get_marker() == "."]
    assert sorted(seeds[1].get_ydata()) == [0.68, 0.70, 0.72]
    assert all(line.get_alpha() < 0.6 for line in seeds)


def test_bars_are_the_interval_of_the_mean_by_students_t():
    figure = plots.accuracy_by_filters(Results(ONE))
    found = bars(figure.axes[0])
    half = 4.303 * 0.02 / np.sqrt(3)  # 0.68, 0.70, 0.72: deviation 0.02
    assert found[1] == (4, pytest.approx(0.70 - half), pytest.approx(0.70 + half))
    assert "95 % interval of the mean" in figure.axes[0].get_ylabel()
    low, high = figure.axes[0].get_ylim()
    assert low < min(bar[1] for bar in found)
    assert high > max(bar[2] for bar in found)


@pytest.mark.parametrize(
    ("count", "t"), [(3, 4.3027), (5, 2.7764), (13, 2.1788), (14, 2.1604), (21, 2.0860), (200, 1.972)]
)
def test_the_quantile_of_students_t(count, t):
    values = np.arange(count) * 1.0
    assert half_width(values) == pytest.approx(t * values.std(ddof=1) / np.sqrt(count), rel=1e-3)
    assert np.isnan(half_width(values[:2]))


@pytest.mark.parametrize("seeds", [1, 2])
def test_few_seeds_have_no_bars_and_none_are_claimed(seeds):
    few = Results(tuple(run for run in ONE if run.seed < seeds))
    for figure in (plots.accuracy_by_filters(few), plots.accuracy_by_cost(few)):
        axes = figure.axes[0]
        assert bars(axes) == []
        assert "interval" not in axes.get_ylabel()
        assert ("one seed" in axes.get_ylabel()) == (seeds == 1)
    strip = plots.accuracy_by_filters(few).axes[1]
    assert "too few seeds" in strip.get_title(loc="left")
    assert not any("(" in text for text in gains(strip))


def test_gains_are_points_for_each_added_filter():
    _, strip = plots.accuracy_by_filters(Results((*TWO, *ONE))).axes
    # 10 / 2, 2 / 4; from 8 to 16 filters in two modules 12 / 8.
    assert gains(strip) == ["+5.0", "(+0.50)", "+1.5"]
    assert [label.get_text() for label in strip.get_yticklabels()] == ["1 module", "2 modules"]
    boxes = [tuple(path.vertices[[0, 2], 0]) for cells in strip.collections for path in cells.get_paths()]
    assert boxes == [(2, 4), (4, 8), (8, 16)], "a cell reaches from one configuration to the next"
    assert "filters, all modules together" in strip.get_xlabel()


def test_a_gain_is_doubted_by_pairs_of_seeds():
    luck = np.array([0.0, 0.1, 0.2])  # that a seed brings to both
    paired = Results((*runs((2,), 0.5 + luck), *runs((4,), 0.5 + luck + np.array([0.02, 0.021, 0.019]))))
    assert gains(plots.accuracy_by_filters(paired).axes[1]) == ["+1.0"]
    unpaired = Results((*runs((2,), 0.5 + luck), *runs((4,), 0.52 + luck[::-1])))
    assert gains(plots.accuracy_by_filters(unpaired).axes[1]) == ["(+1.0)"]


def test_losses_have_a_sign_and_no_blue():
    falling = Results((*runs((2,), [0.7, 0.71, 0.69]), *runs((4,), [0.5, 0.51, 0.49]), *runs((8,), [0.5, 0.51, 0.49])))
    _, strip = plots.accuracy_by_filters(falling).axes
    assert gains(strip) == ["−10", "(0)"]
    colours = [tuple(cells.get_facecolor()[0][:3]) for cells in strip.collections]
    assert colours == [to_rgb("#dddddd")] * 2


def test_modules_shapes_and_other_arguments_have_lines_of_their_own():
    mixed = (
        *ONE,
        *TWO,
        *runs((4, 8), [0.75]),
        *runs((8, 4), [0.74]),
        *runs((2,), [0.40], dropout=0.5),
        *runs((4,), [0.45], dropout=0.5),
    )
    axes, strip = plots.accuracy_by_filters(Results(mixed)).axes
    found = lines(axes)
    assert {label: [x for x, _ in places] for label, places in found.items()} == {
        "1 module, dropout=0.0": [2, 4, 8],
        "1 module, dropout=0.5": [2, 4],
        "2 modules, dropout=0.0": [8, 16],
        "2 modules, growing,\ndropout=0.0": [12],
        "2 modules, mixed,\ndropout=0.0": [12],
    }
    looks = [
        (line.get_marker(), line.get_linestyle()) for line in axes.get_lines() if not line.get_label().startswith("_")
    ]
    assert len(set(looks)) == 5, "told apart without colour"
    assert len(strip.get_yticklabels()) == 5


def test_configurations_with_as_many_filters_share_a_place():
    same = Results((*runs((4, 12), [0.5]), *runs((6, 10), [0.7]), *runs((8, 16), [0.8])))
    axes, strip = plots.accuracy_by_filters(same).axes
    assert lines(axes)["2 modules, growing"] == [(16, pytest.approx(0.6)), (24, pytest.approx(0.8))]
    assert gains(strip) == ["+2.5"]


def test_the_numbers_stand_under_the_axis():
    _, strip = plots.accuracy_by_filters(Results((*ONE, *runs((22, 22, 22), [0.5]), *runs((64,), [0.8])))).axes
    texts = [strip.xaxis.get_major_formatter()(tick) for tick in strip.get_xticks()]
    assert texts == ["2", "4", "8", "64"], "66 is too near"
    _, strip = plots.accuracy_by_filters(Results((*ONE, *runs((2, 2, 2), [0.5])))).axes
    assert list(strip.get_xticks()) == [2, 4, 6, 8]


def test_more_lines_than_can_be_told_apart_are_refused():
    many = Results(tuple(run for rate in range(1, 10) for run in runs((2,), [0.5], learning_rate=rate / 1000)))
    with pytest.raises(ValueError, match=r"at most 8 lines. Received runs for 9, as .*learning_rate. Select some: re"):
        plots.accuracy_by_filters(many)
    drawn(plots.accuracy_by_filters(many.where(learning_rate=lambda rate: rate < 0.0085)))


# By cost ------------------------------------------------------------------------------------------------------------

# (8,) is cheaper and better than (2, 2); (4,) is beaten by (2,) for the same cost.
COSTS = (
    *runs((2,), [0.60, 0.62, 0.64], 100),
    *runs((4,), [0.50, 0.52, 0.54], 100),
    *runs((2, 2), [0.65, 0.66, 0.67], 5000),
    *runs((8,), [0.70, 0.72, 0.74], 1000),
    *runs((8, 16), [0.715, 0.725, 0.735], 20_000),
)
FRONT = "none is both better and cheaper"


@pytest.mark.parametrize(
    ("cost", "front", "names"),
    [
        ("multiply_adds", [(100, 0.62), (1000, 0.72), (20_000, 0.725)], ["2", "8", "8,16"]),
        ("seconds", [(2, 0.62), (11, 0.72), (201, 0.725)], ["2", "8", "8,16"]),  # means of 1, 2, 3 and so on
        ("parameters", [(10_000, 0.725)], ["8,16"]),
    ],
)
def test_the_front_is_a_staircase_through_those_that_none_beats(cost, front, names):
    axes = plots.accuracy_by_cost(Results((*COSTS, FAILED)), cost=cost).axes[0]
    assert lines(axes)[FRONT] == [(pytest.approx(x), pytest.approx(y)) for x, y in front]
    assert next(line for line in axes.get_lines() if line.get_label() == FRONT).get_drawstyle() == "steps-post"
    assert [text.get_text() for text in axes.texts if text.get_text()] == names
    assert cost.split("_")[0] in axes.get_xlabel()


def dots(axes):
    """The dots of configurations: (cost, accuracy) -> (marker, colour, whether hollow)."""
    return {
        (round(float(line.get_xdata()[0]), 6), round(float(line.get_ydata()[0]), 6)): (
            line.get_marker(),
            line.get_markeredgecolor() if line.get_markerfacecolor() == "none" else line.get_markerfacecolor(),
            line.get_markerfacecolor() == "none",
        )
        for line in axes.get_lines()
        if len(line.get_xdata()) == 1 and line.get_markersize() == 8
    }


def test_every_configuration_is_a_dot_that_shows_its_depth():
    axes = plots.accuracy_by_cost(Results(COSTS)).axes[0]
    found = dots(axes)
    assert set(found) == {(100, 0.62), (100, 0.52), (5000, 0.66), (1000, 0.72), (20_000, 0.725)}
    assert found[100, 0.62] == found[100, 0.52] == found[1000, 0.72]
    assert found[5000, 0.66] == found[20_000, 0.725]
    assert found[100, 0.62][:2] != found[5000, 0.66][:2]
    assert found[100, 0.62][0] != found[5000, 0.66][0], "told apart without colour"
    assert len(bars(axes)) == 5
    half = 4.303 * 0.02 / np.sqrt(3)
    assert (1000, pytest.approx(0.72 - half), pytest.approx(0.72 + half)) in bars(axes)


def test_who_has_fewer_seeds_is_hollow_and_not_on_the_front():
    lucky = Results((*COSTS, *runs((16,), [0.99], 50)))
    figure = plots.accuracy_by_cost(lucky)
    found = dots(figure.axes[0])
    assert found[50, 0.99][2]
    assert not found[100, 0.62][2]
    assert lines(figure.axes[0])[FRONT][0][0] == 100
    assert "hollow: lacks a seed that the others have, not compared" in legend(figure)
    assert not any("hollow" in text for text in legend(plots.accuracy_by_cost(Results(COSTS))))


def legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_the_tolerance_is_a_band_and_the_choice_is_ringed():
    figure = plots.accuracy_by_cost(Results(COSTS), tolerance=0.01)
    (band,) = figure.axes[0].patches
    assert band.get_y() == pytest.approx(0.715)
    assert band.get_y() + band.get_height() == pytest.approx(0.725)
    (ring,) = (line for line in figure.axes[0].get_lines() if line.get_markersize() == 17)
    assert (ring.get_xdata()[0], ring.get_ydata()[0]) == (1000, pytest.approx(0.72))
    assert "within 1 point of the best" in legend(figure)
    assert "the cheapest of these: 8 (the seeds leave it open)" in legend(figure)
    assert not plots.accuracy_by_cost(Results(COSTS)).axes[0].patches
    other = plots.accuracy_by_cost(Results(COSTS), cost="parameters", tolerance=0.01)  # where the best is the cheapest
    assert "the cheapest of these: 8,16" in legend(other)


def test_names_tell_what_else_varies():
    other = Results((*runs((2,), [0.5], 10, dropout=0.5), *runs((4,), [0.6], 20)))
    texts = [text.get_text() for text in plots.accuracy_by_cost(other).axes[0].texts if text.get_text()]
    assert texts == ["2\ndropout=0.5", "4\ndropout=0.0"]
    same = Results((*runs((2,), [0.5], 10, dropout=0.5), *runs((2,), [0.6], 20)))
    texts = [text.get_text() for text in plots.accuracy_by_cost(same).axes[0].texts if text.get_text()]
    assert texts == ["dropout=0.5", "dropout=0.0"]


@pytest.mark.parametrize("seed", range(4))
def test_names_cover_neither_each_other_nor_dots(seed):
    random = np.random.default_rng(seed)
    costs = np.sort(10 ** random.uniform(3, 5, 14))
    rising = 0.9 - 0.5 * np.exp(-np.arange(14) / 3)
    figure = plots.accuracy_by_cost(
        Results(
            tuple(
                run
                for number in range(14)
                for run in runs((number + 1,) * (1 + number % 3), [rising[number]], int(costs[number]))
            )
        )
    )
    assert overlapping(figure) == []
    axes = figure.axes[0]
    texts = [text for text in axes.texts if text.get_text()]
    assert len(texts) >= 12
    for x, y in axes.transData.transform(list(dots(axes))):
        for text in texts:
            box = text.get_window_extent()
            assert not (box.x0 < x < box.x1 and box.y0 < y < box.y1), text.get_text()


def test_one_cost_only():
    drawn(plots.accuracy_by_cost(Results(ONE)))
    low, high = plots.accuracy_by_cost(Results(ONE)).axes[0].get_xlim()
    assert low < 1000 < high


# Two factors --------------------------------------------------------------------------------------------------------

GRID = (
    *runs((16,), [0.50, 0.52], kernel_size=3),
    *runs((4,), [0.30, 0.36], kernel_size=3),
    *runs((4,), [0.40, 0.44], kernel_size=1),
    *runs((16,), [0.9], kernel_size=5),
)


def cells(figure):
    """Texts by (row, column), from top to bottom within a cell."""
    found = {}
    for text in sorted(figure.axes[0].texts, key=lambda text: text.get_position()[1]):
        x, y = text.get_position()
        found.setdefault((round(y), round(x)), []).append(text.get_text())
    return found


def test_cells_hold_means_and_spreads():
    figure = plots.heat_map(Results((*GRID, FAILED)), "kernel_size", "filters", title="Kernels")
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["1", "3", "5"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["4", "16"], "by size, not by letters"
    assert (axes.get_ylabel(), axes.get_xlabel()) == ("kernel_size", "filters")
    assert cells(figure) == {
        (0, 0): ["42.0%", "± 2.8"],
        (0, 1): ["–"],
        (1, 0): ["33.0%", "± 4.2"],
        (1, 1): ["51.0%", "± 1.4"],
        (2, 0): ["–"],
        (2, 1): ["90.0%"],
    }
    (means,), _ = drawn(figure)
    np.testing.assert_allclose(means, [[0.42, np.nan], [0.33, 0.51], [np.nan, 0.9]])
    scale = axes.get_images()[0].norm
    assert (scale.vmin, scale.vmax) == (pytest.approx(0.33), pytest.approx(0.9)), "all colours are made use of"
    assert "standard deviation" in figure.get_supxlabel()
    one = plots.heat_map(Results(tuple(run for run in GRID if run.seed == 0)), "filters", "kernel_size")
    assert not one.get_supxlabel()
    assert cells(one)[0, 1] == ["30.0%"]


def test_modules_and_first_filters_are_factors():
    deep = Results((*runs((4,), [0.5]), *runs((8,), [0.6]), *runs((4, 4), [0.7]), *runs((8, 16), [0.8])))
    figure = plots.heat_map(deep, "modules", "first_filters")
    assert cells(figure) == {(0, 0): ["50.0%"], (0, 1): ["60.0%"], (1, 0): ["70.0%"], (1, 1): ["80.0%"]}
    assert figure.axes[0].get_ylabel() == "number of modules"
    with pytest.raises(ValueError, match=r"differ in filters too.*results.where\(shape='even'\)"):
        plots.heat_map(Results((*deep.runs, *runs((8, 8), [0.7]))), "modules", "first_filters")


def test_what_the_figure_does_not_show_must_not_vary():
    more = (*GRID, *runs((4,), [0.1], kernel_size=3, dropout=0.5))
    with pytest.raises(ValueError, match=r"differ in dropout too.*results.where\(dropout=0.0\)"):
        plots.heat_map(Results(more), "kernel_size", "filters")
    figure = plots.heat_map(Results(more).where(dropout=0.0), "kernel_size", "filters")
    assert cells(figure)[1, 0] == ["33.0%", "± 4.2"]
    # One run a cell, and yet nobody could say which of the two made the difference.
    apart = Results((*runs((4,), [0.5], epochs=5), *runs((8,), [0.6], epochs=9, kernel_size=5)))
    with pytest.raises(ValueError, match=r"differ in epochs too"):
        plots.heat_map(apart, "kernel_size", "filters")


def contrast(one, other):
    def light(colour):
        values = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in to_rgb(colour)]
        return 0.2126 * values[0] + 0.7152 * values[1] + 0.0722 * values[2]

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("dark", [False, True])
def test_numbers_can_be_read_on_their_colours(dark):
    steps = Results(
        tuple(run for n in range(9) for k in (3, 5) for run in runs((n + 1,), [n / 9 + k / 99], kernel_size=k))
    )
    for make in (lambda: plots.heat_map(steps, "kernel_size", "filters"), lambda: plots.accuracy_by_filters(steps)):
        if dark:
            with plots.dark_paper():
                figure = make()
        else:
            figure = make()
        picture = drawn_pixels(figure)
        for axes in figure.axes:
            for text in axes.texts:
                box = text.get_window_extent()
                ground = picture[len(picture) - int(box.y0) + 1, int((box.x0 + box.x1) / 2)] / 255  # just below it
                assert contrast(text.get_color(), ground[:3]) > 4.4, text.get_text()


def drawn_pixels(figure):
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())


def test_ink_is_black_on_light_and_white_on_dark():
    assert [ink_on(colour) for colour in ("#ffffff", "#fde725", "#440154", "#000000")] == [
        *("#000000",) * 2,
        *("#ffffff",) * 2,
    ]


@pytest.mark.parametrize(
    ("rows", "columns", "message"),
    [
        ("kernel", "filters", r"a factor is one of filters, kernel_size.*first_filters, shape. Received 'kernel'"),
        ("filters", "seed", r"Received 'seed'"),
        ("filters", "filters", r"two different factors. Received 'filters' twice"),
    ],
)
def test_unknown_factors(rows, columns, message):
    with pytest.raises(ValueError, match=message):
        plots.heat_map(Results(GRID), rows, columns)


def test_a_heat_map_that_is_too_wide_is_refused_and_one_that_fits_is_whole():
    wide = Results(tuple(run for n in range(14) for run in runs((n + 1,), [0.5, 0.6])))
    with pytest.raises(ValueError, match=r"at most 13 columns. Received 14 values of filters. Swap"):
        plots.heat_map(wide, "kernel_size", "filters")
    figure = plots.heat_map(wide.where(first_filters=lambda count: count < 14), "kernel_size", "filters")
    assert overlapping(figure) == []
    assert figure.get_size_inches()[0] <= 9
    assert overlapping(plots.heat_map(wide, "filters", "kernel_size")) == []


# All ----------------------------------------------------------------------------------------------------------------

FIGURES = {
    "accuracy_by_filters": plots.accuracy_by_filters,
    "accuracy_by_cost": plots.accuracy_by_cost,
    "heat_map": lambda results: plots.heat_map(results, "kernel_size", "filters"),
}


@pytest.mark.parametrize("name", FIGURES)
def test_nothing_to_draw(name):
    for nothing in ((), (FAILED, WRONG)):
        with pytest.raises(ValueError, match=rf"plots.{name}: there are no runs.* Received {len(nothing)} runs. Run a"):
            FIGURES[name](Results(nothing))
    with pytest.raises(ValueError, match=r"one dataset. Received emoji, fashion. Select one: .*data='emoji'"):
        FIGURES[name](Results((*ONE, *(replace(run, data="fashion") for run in TWO))))


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("dark", [False, True])
def test_figures_on_either_paper(name, dark):
    results = Results((*ONE, *runs((16,), [0.8])))
    if dark:
        with plots.dark_paper():
            figure = FIGURES[name](results)
    else:
        figure = FIGURES[name](results)
    drawn(figure)
    assert (sum(figure.get_facecolor()[:3]) < 0.6) == dark
    assert figure.get_size_inches()[0] <= 9
    assert overlapping(figure) == []
    for axes in figure.axes:
        labels = [*axes.get_xticklabels(), *axes.get_yticklabels(), axes.xaxis.label, axes.yaxis.label]
        for text in (*labels, *(figure.legends[0].get_texts() if figure.legends else ())):
            assert contrast(text.get_color(), figure.get_facecolor()[:3]) > 4.4
            assert text.get_fontsize() >= 8
        for line in axes.get_lines():
            if line.get_label() == FRONT:
                assert contrast(to_rgba(line.get_color())[:3], figure.get_facecolor()[:3]) > 4.4


def test_a_wrong_cost_or_tolerance():
    with pytest.raises(
        ValueError, match=r"cost must be one of multiply_adds, parameters, seconds. Received cost='time'"
    ):
        plots.accuracy_by_cost(Results(ONE), cost="time")
    with pytest.raises(ValueError, match=r"tolerance must be"):
        plots.accuracy_by_cost(Results(ONE), tolerance=2)
