"""The arrays behind the figures of looking inside."""

import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.offsetbox import AnnotationBbox
from PIL import Image

from practicum import plots
from practicum.inspection.ablation import Ablation
from practicum.inspection.embedding import Embedding
from practicum.inspection.strongest import Strongest


@pytest.fixture(autouse=True)
def _nothing_left_open():
    yield
    assert plt.get_fignums() == [], "a figure was left with pyplot: a notebook would show it twice"


def pixels(figure):
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    drawn = np.asarray(Image.open(buffer))
    assert drawn.std() > 0
    return drawn


def texts(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3)).astype(np.uint8)


# Heat maps ---------------------------------------------------------------------------------------------------------


def test_an_overlay_is_dark_where_cold_bright_where_hot_and_the_image_shows_through():
    image = np.zeros((2, 2, 3), np.uint8)
    image[:, 1] = 255
    over = plots.overlay(image, np.array([[0.0, 0.0], [1.0, 1.0]])).astype(int)
    assert over[1].sum(-1).min() > over[0].sum(-1).max() - 100
    assert over[0, 1].sum() > over[0, 0].sum() + 100, "the image shows through where it is cold"
    assert over[1, 1].sum() > over[1, 0].sum(), "and where it is hot"
    grey = over[0, 1]
    assert grey.max() - grey.min() <= 2, "no colour but the map's"
    red = np.zeros((1, 1, 3), np.uint8)
    red[..., 0] = 210
    assert np.array_equal(
        plots.overlay(red, np.zeros((1, 1))), plots.overlay(np.full((1, 1, 1), 70, np.uint8), np.zeros((1, 1)))
    )


def test_a_heat_map_stands_between_its_image_and_the_overlay(images):
    heat = np.linspace(0, 1, 64).reshape(8, 8)
    figure = plots.heat(images[0], heat, title="Grad-CAM", caption="cat 90%")
    first, middle, last = (np.asarray(picture.get_array()) for picture in figure.axes[0].get_images())
    assert np.array_equal(first, images[0])
    assert middle[0, 0].sum() < 20 < 400 < middle[-1, -1].sum()
    assert np.array_equal(last, plots.overlay(images[0], heat))
    assert {"Grad-CAM", "cat 90%", "the image"} <= set(texts(figure))
    pixels(figure)


def test_heat_maps_that_are_zero_say_so(images):
    assert "zero everywhere" in texts(plots.heat(images[0], np.zeros((8, 8))))
    assert "zero everywhere" not in texts(plots.heat(images[0], np.eye(8)))


def test_a_row_an_image_and_a_column_a_method(images):
    one, two = np.random.default_rng(1).random((2, 3, 8, 8))
    figure = plots.heats(images[:3], {"first": one, "second": two}, ["cat 90%\nscore 3", "dog", "$x$"], title="All")
    pictures = [np.asarray(picture.get_array()) for picture in figure.axes[0].get_images()]
    assert len(pictures) == 9
    for row in range(3):
        assert np.array_equal(pictures[3 * row], images[row])
        assert np.array_equal(pictures[3 * row + 1], plots.overlay(images[row], one[row]))
        assert np.array_equal(pictures[3 * row + 2], plots.overlay(images[row], two[row]))
    assert {"first", "second", "cat 90%\nscore 3", "$x$"} <= set(texts(figure))
    pixels(figure)


def test_maps_that_do_not_fit_are_refused(images):
    with pytest.raises(ValueError, match=r"of the same size. Received \(8, 8, 3\) and \(4, 4\)"):
        plots.heat(images[0], np.zeros((4, 4)))
    with pytest.raises(ValueError, match="values from 0 to 1"):
        plots.heat(images[0], np.full((8, 8), 2.0))
    with pytest.raises(ValueError, match="values from 0 to 1"):
        plots.heat(images[0], np.full((8, 8), np.nan))
    with pytest.raises(ValueError, match="3 images but 2 maps of 'a'"):
        plots.heats(images[:3], {"a": np.zeros((2, 8, 8))})
    with pytest.raises(ValueError, match="3 images but 1 captions"):
        plots.heats(images[:3], {"a": np.zeros((3, 8, 8))}, ["one"])


# Filters -----------------------------------------------------------------------------------------------------------


def ablation(lost, class_lost):
    lost, class_lost = np.array(lost), np.array(class_lost)
    return Ablation("module1_relu", np.arange(len(lost)) + 10, 0.9, lost, np.full(2, 0.9), class_lost, 200)


def test_bars_and_classes_stand_in_the_order_of_what_is_missed():
    found = ablation([0.01, 0.2, -0.03], [[0.02, 0.0], [0.1, 0.3], [0.0, -0.06]])
    figure = plots.ablation(found, ("a", "b"))
    above, below = figure.axes[:2]
    assert [round(bar.get_height(), 6) for bar in above.patches] == [20, 1, -3]
    assert len({bar.get_facecolor() for bar in above.patches}) == 2, "what rises has another colour"
    np.testing.assert_allclose(below.get_images()[0].get_array(), [[10, 2, 0], [30, 0, -6]])
    assert below.get_images()[0].get_clim() == (-30, 30), "white is nothing lost"
    assert [label.get_text() for label in below.get_xticklabels()] == ["11", "10", "12"]
    assert "90.0% of 200 images" in below.get_xlabel()
    pixels(figure)


def test_the_most_missed_of_many_filters():
    lost = np.arange(100) / 1000
    figure = plots.ablation(ablation(lost, np.zeros((100, 2))), ("a", "b"), most=5)
    assert [round(bar.get_height(), 6) for bar in figure.axes[0].patches] == [9.9, 9.8, 9.7, 9.6, 9.5]
    assert "(the 5 most missed of 100)" in figure.axes[0].get_title(loc="left")


def test_nothing_lost_and_a_class_without_images():
    figure = plots.ablation(ablation([0.0, 0.0], [[0.0, np.nan], [0.0, np.nan]]), ("a", "b"))
    assert figure.axes[1].get_images()[0].get_clim() == (-1, 1)
    assert [label.get_text() for label in figure.axes[1].get_yticklabels()] == ["a", "b (no images)"]
    pixels(figure)
    with pytest.raises(ValueError, match="2 classes but 3 names"):
        plots.ablation(ablation([0.0], [[0.0, 0.0]]), "abc")


def test_patches_stand_above_the_images_they_are_from(images):
    boxes = np.array([[1, 2, 5, 8], [0, 0, 8, 8]])
    found = Strongest("module2_relu", 3, np.array([4, 1]), np.array([2.5, 1.0]), np.zeros((2, 2)), boxes)
    figure = plots.strongest(found, images)
    pictures = [np.asarray(picture.get_array()) for picture in figure.axes[0].get_images()]
    patch = pictures[0]
    assert np.array_equal(patch[patch[..., 3] > 0][:, :3].reshape(4, 6, 3), images[4, 1:5, 2:8])
    assert np.array_equal(pictures[1], images[4])
    assert np.array_equal(pictures[3], images[1])
    assert {"2.50", "image 4", "What excites filter 3 of module2_relu most"} <= set(texts(figure))
    frames = [patch for patch in figure.axes[0].patches if patch.get_edgecolor()[:3] == (1, 1, 1)]
    tile = figure.axes[0].get_images()[1].get_extent()  # left, right, bottom, top
    side = (tile[1] - tile[0]) / 8
    assert frames[0].get_x() == pytest.approx(tile[0] + 2 * side)
    assert frames[0].get_y() == pytest.approx(tile[3] + 1 * side)
    assert (frames[0].get_width(), frames[0].get_height()) == (pytest.approx(6 * side), pytest.approx(4 * side))
    pixels(figure)


def test_a_filter_that_never_fires():
    nothing = np.zeros((0, 4), np.int64)
    found = Strongest("layer", 2, np.zeros(0, np.int64), np.zeros(0), nothing[:, :2], nothing)
    assert "What excites filter 2 of layer most: nothing; it never fires" in texts(
        plots.strongest(found, np.zeros((1, 8, 8, 3)))
    )


def test_images_lie_where_the_points_are_in_their_class_colour(images):
    points = np.array([[0.0, 0], [10, 0], [0, 10], [10, 10], [5, 5], [5.01, 5]])
    found = Embedding(points, np.array([0.6, 0.2]), "flatten")
    labels = np.array([0, 1, 0, 1, 0, 0])
    figure = plots.embedding(found, images, labels, ("a", "b"))
    axes = figure.axes[0]
    clouds = [np.asarray(cloud.get_offsets()) for cloud in axes.collections]
    assert np.array_equal(clouds[0], points[labels == 0])
    assert np.array_equal(clouds[1], points[labels == 1])
    boxes = [artist for artist in axes.artists if isinstance(artist, AnnotationBbox)]
    assert [tuple(box.xy) for box in boxes] == [tuple(point) for point in points[:5]], "the sixth would cover the fifth"
    for box, image, label in zip(boxes, images, labels, strict=False):
        assert np.array_equal(box.offsetbox.get_data(), image)
        colour = axes.collections[label].get_facecolor()[0]
        np.testing.assert_allclose(box.patch.get_edgecolor(), colour)
    assert (axes.get_xlabel(), axes.get_ylabel()) == (
        "first direction (60% of all differences)",
        "second direction (20%)",
    )
    pixels(figure)


def test_images_that_all_lie_on_one_point(images):
    figure = plots.embedding(Embedding(np.zeros((6, 2)), np.zeros(2), "x"), images, np.zeros(6, int), ("a",))
    assert len([artist for artist in figure.axes[0].artists if isinstance(artist, AnnotationBbox)]) == 1
    pixels(figure)
    with pytest.raises(ValueError, match="6 points, 5 images and 6 labels"):
        plots.embedding(Embedding(np.zeros((6, 2)), np.zeros(2), "x"), images[:5], np.zeros(6, int), ("a",))


def test_every_figure_on_dark_paper(images):
    found = Strongest("l", 3, np.array([4]), np.array([2.5]), np.zeros((1, 2)), np.array([[1, 2, 5, 8]]))
    with plots.dark_paper():
        for figure in (
            plots.heat(images[0], np.eye(8)),
            plots.ablation(ablation([0.1], [[0.1, 0.2]]), "ab"),
            plots.strongest(found, images),
            plots.embedding(Embedding(np.eye(6)[:, :2], np.ones(2), "x"), images, np.zeros(6, int), ("a",)),
        ):
            assert sum(figure.get_facecolor()[:3]) < 0.6
