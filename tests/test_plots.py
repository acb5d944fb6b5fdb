"""The arrays behind the figures, and that nothing odd about them breaks a figure."""

import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from practicum import plots


def drawn(figure):
    """Every picture array in the figure, and every text."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    assert np.asarray(Image.open(buffer)).std() > 0
    pictures = [np.ma.filled(image.get_array(), np.nan) for axes in figure.axes for image in axes.get_images()]
    texts = [text.get_text() for axes in figure.axes for text in axes.texts]
    return pictures, texts


@pytest.fixture(autouse=True)
def _nothing_left_open():
    yield
    assert plt.get_fignums() == [], "a figure was left with pyplot: a notebook would show it twice"


def test_curves_plot_the_history_as_it_is():
    history = {
        "loss": [2.0, 1.5, 1.2],
        "accuracy": [0.1, 0.4, 0.6],
        "validation_loss": [1.9, 1.6, 1.7],
        "validation_accuracy": [0.2, 0.5, 0.4],
    }
    left, right = plots.curves(history).axes
    for axes, name in ((left, "loss"), (right, "accuracy")):
        training, validation = axes.get_lines()
        assert training.get_xdata().tolist() == [1, 2, 3]
        assert training.get_ydata().tolist() == history[name]
        assert validation.get_ydata().tolist() == history[f"validation_{name}"]
    assert [text.get_text() for text in right.get_legend().get_texts()] == ["training", "validation"]
    drawn(plots.curves({name: values[:1] for name, values in history.items()}))


def test_confusion_colours_by_the_share_of_the_row():
    counts = np.array([[8, 2, 0], [0, 0, 0], [1, 0, 1]])
    pictures, texts = drawn(plots.confusion(counts, ("a", "b", "c")))
    np.testing.assert_allclose(pictures[0], [[0.8, 0.2, 0], [0, 0, 0], [0.5, 0, 0.5]])
    assert sorted(texts) == ["1", "1", "2", "8"]


def test_confusion_has_the_right_class_down_and_the_answer_across():
    axes = plots.confusion(np.eye(2), ("a", "b")).axes[0]
    assert (axes.get_ylabel(), axes.get_xlabel()) == ("the right class", "the network's answer")


def test_colour_filters_are_centred_on_grey_and_stretched_one_by_one():
    kernel = np.zeros((3, 3, 3, 3))
    kernel[0, 0, 0, 0] = 5.0
    kernel[1, 1, 2, 1] = -0.01
    pictures, texts = drawn(plots.filters(kernel))
    assert pictures[0][0, 0].tolist() == [1.0, 0.5, 0.5]
    assert pictures[1][1, 1].tolist() == [0.5, 0.5, 0.0]
    assert (pictures[2] == 0.5).all()
    assert "2 zero" in texts


def test_deep_filters_are_drawn_slice_by_slice_on_one_scale():
    kernel = np.random.default_rng(0).normal(size=(3, 3, 4, 2))
    kernel[..., 1] = 0
    figure = plots.filters(kernel, title="x")
    pictures, texts = drawn(figure)
    for place, picture in enumerate(pictures[:4]):
        assert np.array_equal(picture, kernel[:, :, place, 0])
    assert "filter 1 zero" in texts
    limits = {image.get_clim() for image in figure.axes[0].get_images()}
    assert limits == {(-np.abs(kernel).max(), np.abs(kernel).max())}


def test_grey_filters_and_all_zero_ones():
    pictures, texts = drawn(plots.filters(np.zeros((5, 5, 1, 2))))
    assert len([picture for picture in pictures if picture.shape == (5, 5)]) == 2
    assert "0 zero" in texts


def test_more_filters_than_fit_are_announced():
    figure = plots.filters(np.ones((3, 3, 3, 80)), title="many", most=10)
    assert "many (the first 10 of 80)" in drawn(figure)[1]


@pytest.mark.parametrize("depth", [1, 3, 4])
def test_chosen_filters_are_drawn_under_their_own_numbers(depth):
    kernel = np.random.default_rng(0).normal(size=(3, 3, depth, 12))
    pictures, texts = drawn(plots.filters(kernel, numbers=[11, 2], title="two"))
    names = ["filter 11", "filter 2"] if depth == 4 else ["11", "2"]
    assert [text for text in texts if text in names] == names
    shown = kernel[..., 0, [11, 2]] if depth != 3 else 0.5 + kernel / (2 * np.abs(kernel).max(axis=(0, 1, 2)))
    first, second = (shown[..., 11], shown[..., 2]) if depth == 3 else (shown[..., 0], shown[..., 1])
    assert np.allclose(pictures[0], first)
    assert np.allclose(pictures[1 if depth != 4 else 4], second)
    if depth == 4:
        assert any("filters 11, 2 of 12" in text for text in texts)


@pytest.mark.parametrize("numbers", [[], [12], [-1, 3]])
def test_filters_that_there_are_not(numbers):
    with pytest.raises(ValueError, match=r"filters 0 to 11\. Received numbers="):
        plots.filters(np.zeros((3, 3, 3, 12)), numbers=numbers)


def test_feature_maps_share_one_scale_and_mark_silent_ones():
    maps = np.zeros((4, 6, 3))
    maps[1, 2, 0], maps[0, 0, 2] = 7.0, 2.0
    figure = plots.feature_maps(maps)
    pictures, texts = drawn(figure)
    assert [picture.shape for picture in pictures[:3]] == [(4, 6)] * 3
    assert np.array_equal(pictures[0], maps[..., 0])
    assert {image.get_clim() for image in figure.axes[0].get_images()} == {(0.0, 7.0)}
    assert {"1 all zero", "0", "2"} <= set(texts)
    drawn(plots.feature_maps(np.zeros((2, 2, 1))))
    drawn(plots.feature_maps(np.full((2, 2, 1), -3.0)))


def test_road_shows_the_maps_with_the_highest_mean():
    maps = {"one": np.zeros((4, 4, 3)), "two": np.zeros((2, 2, 1))}
    maps["one"][..., 2], maps["one"][..., 0] = 5, 1
    pictures, texts = drawn(plots.road(np.zeros((4, 4, 3), np.uint8), maps, ["one", "two"], per_layer=2))
    assert np.array_equal(pictures[1], maps["one"][..., 2])
    assert np.array_equal(pictures[2], maps["one"][..., 0])
    assert "one\n4×4, 3 maps" in texts


def test_answers_say_what_was_answered_and_what_is_right():
    images = np.zeros((2, 4, 4, 1), np.uint8)
    figure = plots.answers(images, np.array([0, 1]), np.array([[0.9, 0.1], [0.75, 0.25]]), ("cat", "dog"))
    assert {"cat 90%\nright", "cat 75%\nis: dog"} <= set(drawn(figure)[1])


def test_gallery_keeps_proportions():
    pictures, _ = drawn(plots.gallery([np.full((4, 8, 3), 9, np.uint8)], ["wide"]))
    assert pictures[0].shape == (8, 8, 4)
    assert (pictures[0][2:6, :, 3] == 255).all()
    assert (pictures[0][:2, :, 3] == 0).all()


def test_gallery_of_nothing():
    pictures, texts = drawn(plots.gallery([], [], title="none"))
    assert (pictures, texts) == ([], ["none"])


def test_probabilities_are_bars_of_the_values():
    figure = plots.probabilities(np.array([0.25, 0.75]), ("a", "b"))
    assert [bar.get_width() for bar in figure.axes[0].patches] == [0.25, 0.75]
    assert figure.axes[0].get_title(loc="left") == "The answer: b"


def test_dark_paper_is_dark_inside_the_block_only():
    values = np.array([0.5, 0.5])
    with plots.dark_paper():
        dark = plots.probabilities(values, "ab").get_facecolor()
    assert sum(dark[:3]) < 0.6
    assert sum(plots.probabilities(values, "ab").get_facecolor()[:3]) == 3


def test_wrong_shapes_are_explained():
    with pytest.raises(ValueError, match=r"four dimensions.*Received \(3, 3\)"):
        plots.filters(np.zeros((3, 3)))
    with pytest.raises(ValueError, match=r"three dimensions.*Received \(4,\)"):
        plots.feature_maps(np.zeros(4))


def test_long_captions_are_wrapped_so_that_neighbours_do_not_overlap():
    figure = plots.gallery(np.zeros((2, 4, 4, 3), np.uint8), ["objects 66%\nis: animals & nature", "short"])
    assert "objects 66%\nis: animals &\nnature" in drawn(figure)[1]
    renderer = FigureCanvasAgg(figure).get_renderer()
    boxes = [text.get_window_extent(renderer) for text in figure.axes[0].texts]
    assert not boxes[0].overlaps(boxes[1])
    assert min(box.y0 for box in boxes) >= 0, "the last line lies inside the figure"


def test_names_with_dollars_and_missing_letters_are_written_out():
    names = ("$a_b$", "\U000f0000")
    drawn(plots.confusion(np.eye(2), names))
    axes = plots.confusion(np.eye(2), names).axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["$a_b$", "U+F0000"]
    figure = plots.probabilities(np.array([0.25, 0.75]), names)
    drawn(figure)
    assert figure.axes[0].get_title(loc="left") == "The answer: U+F0000"
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["$a_b$", "U+F0000"]
    assert drawn(plots.gallery(np.zeros((2, 4, 4, 3), np.uint8), ["$x^$ and $y_$", ""]))[1] == ["$x^$ and $y_$", ""]
