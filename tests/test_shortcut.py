"""Marks that give the class away: put in, moved, painted over; and a network that is taken in by them."""

from dataclasses import replace

import numpy as np
import pytest

from practicum import inspection, marks, shapes
from practicum.dataset import Split
from practicum.model import build_cnn
from practicum.painting import COLOURS
from practicum.training import evaluate, train

COLOURS_OF_CLASSES = COLOURS[[0, 6, 2, 4, 8, 11]]


@pytest.mark.parametrize("size", [16, 32, 48, 70])
def test_the_mark_is_where_it_is_drawn_and_nowhere_else(size):
    with_mark = shapes.draw(18, size=size, shortcut="mark")
    without = shapes.draw(18, size=size)
    changed = (with_mark.images != without.images).any(axis=(0, 3))
    assert np.array_equal(changed, marks.mark_mask(size))
    again = marks.with_marks(without.images, with_mark.cues)
    assert np.array_equal(again, with_mark.images)


@pytest.mark.parametrize("corner", marks.CORNERS)
def test_corners(corner):
    mask, wide = marks.mark_mask(32, corner=corner), marks.mark_mask(32, corner=corner, margin=3)
    assert (mask.sum(), wide.sum()) == (4, 25)
    assert (mask & wide).sum() == 4
    row, column = 31 * corner.startswith("lower"), 31 * corner.endswith("right")
    assert mask[row, column]
    assert wide[row, column]


def test_a_margin_larger_than_the_picture():
    assert all(marks.mark_mask(32, corner=corner, margin=40).all() for corner in marks.CORNERS)


@pytest.mark.parametrize("corner", marks.CORNERS)
def test_every_corner_is_painted_over_alike(corner):
    images = shapes.draw(6, size=32).images
    turned = np.s_[:, :: 1 if "lower" in corner else -1, :: 1 if "right" in corner else -1]
    assert np.array_equal(marks.without_marks(images[turned], corner=corner), marks.without_marks(images)[turned])


def test_painted_over_with_the_colour_around():
    images = shapes.draw(6, size=32, shortcut="mark").images
    kept = images.copy()
    painted = marks.without_marks(images)
    assert np.array_equal(images, kept)
    mask = marks.mark_mask(32)
    assert np.array_equal(painted[:, ~mask], images[:, ~mask])
    for before, after in zip(images.astype(float), painted, strict=True):
        around = [before[r, c] for r in range(28, 32) for c in range(28, 32) if r < 30 or c < 30]
        assert np.array_equal(after[31, 30], np.round(np.mean(around, axis=0)))
        assert (after[30:, 30:] == after[31, 31]).all()


def test_moved_to_another_corner():
    drawn = shapes.draw(6, size=32, shortcut="mark")
    moved = marks.move_marks(drawn.images)
    assert np.array_equal(moved[:, :2, :2], drawn.images[:, 30:, 30:])
    assert np.array_equal(moved[:, 30:, 30:], marks.without_marks(drawn.images)[:, 30:, 30:])
    elsewhere = ~(marks.mark_mask(32) | marks.mark_mask(32, corner="upper left"))
    assert np.array_equal(moved[:, elsewhere], drawn.images[:, elsewhere])
    assert np.array_equal(marks.move_marks(drawn.images, to="lower right"), drawn.images)


def test_marks_of_other_classes():
    images = shapes.draw(6, size=32).images
    lying = marks.with_marks(images, np.array([5, 4, 3, 2, 1, 0], np.uint8), corner="lower left")
    assert np.array_equal(lying[:, 31, 1], COLOURS_OF_CLASSES[::-1])


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda images: marks.with_marks(images, np.array([-1, 0])), "has none"),
        (lambda images: marks.with_marks(images, np.array([0, 6])), "0 to 5"),
        (lambda images: marks.with_marks(images, np.array([0])), "for 2 pictures"),
        (lambda images: marks.with_marks(images, np.array([0.0, 1.0])), "one class a picture"),
        (lambda images: marks.with_marks(images, np.array([True, False])), "one class a picture"),
        (lambda images: marks.without_marks(images[0]), "uint8"),
        (lambda images: marks.without_marks(images[0, :, :, 0]), r"of shape \(32, 32\)"),
        (lambda images: marks.without_marks(images[..., [0, 1, 2, 2]]), r"of shape \(2, 32, 32, 4\)"),
        (lambda images: marks.without_marks(images / 255), "Received float64"),
        (lambda images: marks.move_marks(images[:, :30]), "size, size"),
        (lambda images: marks.move_marks(images, to="middle"), "lower left"),
    ],
)
def test_what_cannot_be_marked(call, text):
    with pytest.raises(ValueError, match=text):
        call(shapes.draw(2, size=32).images)


# The area of shapes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("area", [(0.05, 0.08), (0.15, 0.16), (0.04, 0.04)])
def test_shapes_cover_what_was_asked_for(area):
    drawn = shapes.draw(60, size=64, area=area)
    covered = drawn.masks.mean(axis=(1, 2))
    assert area[0] - 0.006 < covered.min() <= covered.max() < area[1] + 0.006
    if area[1] - area[0] > 0.02:
        assert np.ptp(covered) > 0.02


def test_small_shapes_keep_off_the_centre_more_often():
    large, small = shapes.draw(300, size=32), shapes.draw(300, size=32, area=(0.05, 0.08))
    assert inspection.centre_point(large.masks) > 0.7
    assert inspection.centre_point(small.masks) < 0.4


def test_the_usual_area_is_the_usual_pictures():
    assert np.array_equal(shapes.draw(6, size=32).images, shapes.draw(6, size=32, area=(0.085, 0.145)).images)
    dataset = shapes.dataset(6, validation=6, test=6, size=32, area=(0.04, 0.05))
    assert dataset.test_shapes.masks.mean() < 0.055


@pytest.mark.parametrize(
    "area", [0.1, (0.1,), (0.1, 0.05), (0.01, 0.1), (0.1, 0.3), (0.1, np.nan), (np.nan, 0.1), ("a", "b"), None]
)
def test_areas_that_cannot_be_drawn(area):
    with pytest.raises(ValueError, match=r"from 0\.04 to 0\.16"):
        shapes.draw(2, size=32, area=area)


# A network that is taken in ----------------------------------------------------------------------------------------


def test_a_network_takes_the_mark_is_found_out_and_is_repaired():
    classes = ("circle", "cross")
    marked = shapes.dataset(400, validation=60, test=100, size=32, classes=classes, shortcut="mark", reliability=1.0)
    options = {"epochs": 6, "learning_rate": 0.01, "precision": "float32", "show_progress": False}

    def network():
        return build_cnn((32, 32, 3), 2, filters=(8, 16), batch_norm=True, dense_units=(), seed=0)

    def right(model, images):
        return evaluate(model, Split(images, marked.test.labels)).accuracy

    taken_in, repaired = network(), network()
    train(taken_in, marked, **options)
    images, labels = marked.test.images, marked.test.labels
    lying = marks.with_marks(images, 1 - labels)
    assert right(taken_in, images) > 0.95
    assert right(taken_in, lying) < 0.4
    painted = replace(
        marked,
        train=Split(marks.without_marks(marked.train.images), marked.train.labels),
        validation=Split(marks.without_marks(marked.validation.images), marked.validation.labels),
    )
    train(repaired, painted, **options)
    assert right(repaired, lying) > right(taken_in, lying) + 0.3

    place = np.repeat(marks.mark_mask(32)[np.newaxis], 24, axis=0)
    heats = [inspection.occlusion(model, images[:24], class_index=labels[:24]) for model in (taken_in, repaired)]
    at_mark = [inspection.pointing_game(heat, place) for heat in heats]
    assert at_mark[0] > 0.4
    assert at_mark[1] < 0.1
