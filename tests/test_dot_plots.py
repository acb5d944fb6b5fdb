"""The figure of groups of measurements: what is drawn where."""

import numpy as np
import pytest

from practicum import plots

PANELS = {
    "validation accuracy": {"without": [0.48, 0.50, 0.52], "with": np.array([0.55])},
    "validation loss": {"without": [2.0, 2.2, 2.4], "with": [1.5]},
}


def test_every_value_is_a_dot_in_its_row_and_every_mean_a_line():
    figure = plots.dots(PANELS, title="Two groups")
    assert [axes.get_title("left") for axes in figure.axes] == ["Validation accuracy", "Validation loss"]
    for axes, groups in zip(figure.axes, PANELS.values(), strict=True):
        reference, *drawn = axes.lines
        assert set(reference.get_xdata()) == {np.mean(groups["without"])}
        for row, values in enumerate(groups.values()):
            points, mean = drawn[2 * row : 2 * row + 2]
            assert list(points.get_xdata()) == list(values)
            assert set(points.get_ydata()) == {row}
            assert list(mean.get_xdata()) == [np.mean(values)] * 2
    left, right = figure.axes
    assert [label.get_text() for label in left.get_yticklabels()] == ["without", "with"]
    assert left.yaxis_inverted(), "the first group stands above"
    assert left.xaxis.get_major_formatter()(0.5) == "50%"
    assert "%" not in right.xaxis.get_major_formatter()(2.0)


@pytest.mark.parametrize(
    ("panels", "message"),
    [
        ({}, "nothing to draw"),
        ({"loss": {}}, "nothing to draw"),
        ({"loss": {"a": []}}, r"values that are numbers. Received \[\] for 'a'"),
        ({"loss": {"a": [1.0, float("nan")]}}, r"Received \[1.0, nan\] for 'a'"),
        ({"loss": {"a": [1]}, "accuracy": {"b": [1]}}, "the same groups .* Received a; and b for 'accuracy'"),
    ],
)
def test_what_cannot_be_drawn_is_refused(panels, message):
    with pytest.raises(ValueError, match=message):
        plots.dots(panels)
