"""Drawn shapes: the truth about them is true, the class is the outline alone, and every machine draws the same."""

import hashlib
import math
import os
import subprocess
import sys

import numpy as np
import pytest
from conftest import PROJECT

from practicum import painting, shapes
from practicum.chance import Chance
from practicum.dataset import Dataset, image_keys

# Arguments of draw, and SHA-256 of what is drawn. Where one changes, every drawn dataset does: only on purpose.
KNOWN = [
    ({"count": 20}, "3fc23e25cdeb5cdd"),
    ({"count": 6, "size": 33, "seed": 5}, "6494adaffc443b64"),
    ({"count": 2, "size": 300}, "4fb38330950d5a60"),
    ({"count": 3, "size": 200, "classes": ("star", "moon")}, "d77fe856f21f6734"),
    ({"count": 40, "size": 16, "shortcut": "tint"}, "b993458df2299690"),
    ({"count": 12, "size": 32, "shortcut": "mark", "reliability": 0.5}, "55aded0582cb978c"),
]


def digest(drawn):
    state = hashlib.sha256()
    for array in (drawn.images, drawn.labels, drawn.masks, drawn.boxes, drawn.centres, drawn.cues):
        state.update(str((array.dtype, array.shape)).encode() + np.ascontiguousarray(array).tobytes())
    return state.hexdigest()[:16]


@pytest.fixture(scope="module")
def many():
    return shapes.draw(1800, size=32)


@pytest.fixture(scope="module")
def some():
    return shapes.draw(120, size=96, seed=1)


def test_what_is_drawn(some):
    assert (some.images.dtype, some.images.shape) == (np.uint8, (120, 96, 96, 3))
    assert (some.labels.dtype, some.labels.shape) == (np.int32, (120,))
    assert (some.masks.dtype, some.masks.shape) == (bool, (120, 96, 96))
    assert (some.boxes.dtype, some.boxes.shape) == (np.int32, (120, 4))
    assert (some.centres.dtype, some.centres.shape) == (np.float32, (120, 2))
    assert some.class_names == ("circle", "square", "triangle", "star", "cross", "moon")
    assert some.cues.tolist() == [-1] * 120
    assert len(some) == 120
    assert repr(some) == "Shapes(120 images of 96×96×3: circle, square, triangle, star, cross, moon)"
    assert some.images.flags.c_contiguous


@pytest.mark.parametrize(("arguments", "known"), KNOWN, ids=str)
def test_the_same_pictures_as_ever(arguments, known):
    assert digest(shapes.draw(**arguments)) == known


def test_the_first_pictures_keep_their_truth(some):
    first = some.first(7)
    assert len(first) == 7
    assert len(some.first(10**6)) == len(some)
    assert first.class_names == some.class_names
    for name in ("images", "labels", "masks", "boxes", "centres", "cues"):
        assert np.array_equal(getattr(first, name), getattr(some, name)[:7])


def test_many_pictures_are_counted_in_thousands():
    assert repr(shapes.draw(1234, size=16)).startswith("Shapes(1,234 images of 16×16×3: ")


def test_the_same_pictures_by_other_instructions_of_the_processor():
    """Without vector instructions, and with another kernel for matrix products, which adds in another order."""
    code = "from test_shapes import *; print(digest(shapes.draw(20)))"
    old = {"NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3 AVX512F AVX512_SKX", "OPENBLAS_CORETYPE": "Prescott"}
    path = os.pathsep.join([str(PROJECT), str(PROJECT / "tests")])
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env={**os.environ, **old, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if "NPY_DISABLE_CPU_FEATURES" in done.stderr:
        pytest.skip("this build of NumPy cannot do without")
    assert done.stdout.strip() == KNOWN[0][1]


def test_no_sine_is_near_a_rounding_edge():
    """Processors and libraries differ in a sine's last bits. Here they would have to differ in the tenth digit."""
    exact = [16384 * math.sin(2 * math.pi * step / painting.TURN) for step in range(painting.TURN)]
    assert min(abs(value % 1 - 0.5) for value in exact) > 1e-5


def test_sums_are_of_whole_numbers_that_float32_holds():
    assert 255 * painting.WEIGHTS**2 < 2**24


def test_more_pictures_begin_with_the_same_ones():
    few, more = shapes.draw(7), shapes.draw(50)  # drawn in portions of 16
    assert np.array_equal(few.images, more.images[:7])
    assert np.array_equal(few.masks, more.masks[:7])
    assert np.array_equal(few.labels, more.labels[:7])


def test_another_seed_draws_others():
    first, second = shapes.draw(12, size=32), shapes.draw(12, size=32, seed=1)
    assert not (first.images == second.images).all(axis=(1, 2, 3)).any()
    assert not np.array_equal(first.labels, second.labels)


def test_classes_take_turns_in_random_order(many):
    rounds = many.labels.reshape(-1, 6)
    assert (np.sort(rounds, axis=1) == np.arange(6)).all()
    assert len(set(map(tuple, rounds.tolist()))) > 200


def test_purposes_are_named_once(monkeypatch):
    """A purpose named twice would give two properties the same numbers."""
    asked, bits = [], Chance.bits
    monkeypatch.setattr(Chance, "bits", lambda self, name, *shape: (asked.append(name), bits(self, name, *shape))[1])
    shapes.draw(2, size=16, shortcut="tint")
    assert len(asked) == len(set(asked)) > 20


# ---- the truth about a picture


@pytest.mark.parametrize("size", [32, 64, 150])
def test_shapes_cover_8_to_15_percent(size):
    shares = shapes.draw(120, size=size).masks.mean(axis=(1, 2))
    assert 0.08 <= shares.min() < 0.09
    assert 0.13 < shares.max() <= 0.15


def test_boxes_just_hold_the_shape(some):
    for mask, (top, left, bottom, right) in zip(some.masks, some.boxes, strict=True):
        rows, columns = np.nonzero(mask)
        assert (rows.min(), columns.min(), rows.max() + 1, columns.max() + 1) == (top, left, bottom, right)


def test_shapes_lie_wholly_inside(many):
    assert (many.boxes[:, :2] >= 1).all()
    assert (many.boxes[:, 2:] <= 31).all()
    for share in (shapes.LEAST_AREA, shapes.MOST_AREA):
        boxes = shapes.draw(900, size=32, area=(share, share)).boxes
        assert (boxes[:, :2] >= 1).all()
        assert (boxes[:, 2:] <= 31).all()


def test_centres_are_the_middle_of_the_area(some):
    for mask, centre in zip(some.masks, some.centres, strict=True):
        assert np.abs(np.argwhere(mask).mean(axis=0) + 0.5 - centre).max() < 0.4


# From the middle of its area: how far a shape of area 1 reaches, and how near its outline comes.
REACHES = {
    "circle": (1 / math.sqrt(math.pi), 1 / math.sqrt(math.pi)),
    "square": (math.sqrt(0.5), 0.5),
    "triangle": (2 / 27**0.25, 1 / 27**0.25),
    "star": (0.94383, 0.94383 * math.sin(math.radians(18)) / math.sin(math.radians(54))),
    "cross": (math.sqrt(0.5), math.sqrt(0.1)),
    "moon": (0.9516, 0.0807),
}


@pytest.mark.parametrize("name", REACHES)
def test_labels_name_the_outline_that_is_there(name):
    drawn = shapes.draw(12, size=256, classes=(name, "circle" if name != "circle" else "star"))
    rows, columns = np.mgrid[:256, :256] + 0.5
    for place in np.flatnonzero(drawn.labels == 0):
        unit = math.sqrt(drawn.masks[place].sum())
        away = np.hypot(rows - drawn.centres[place, 0], columns - drawn.centres[place, 1]) / unit
        farthest, nearest = away[drawn.masks[place]].max(), away[~drawn.masks[place]].min()
        assert (farthest, nearest) == pytest.approx(REACHES[name], abs=0.025)


@pytest.mark.parametrize("name", shapes.CLASSES)
def test_outlines_have_area_1_around_0(name):
    fine = (np.arange(1200, dtype=np.float32) + 0.5) / 500 - 1.2
    u, v = np.meshgrid(fine, fine)
    inside = painting.OUTLINES[name](u, v) <= 0
    assert inside.sum() / 500**2 == pytest.approx(1, abs=0.002)
    assert u[inside].mean() == pytest.approx(0, abs=0.001)
    assert v[inside].mean() == pytest.approx(0, abs=0.001)
    assert np.hypot(u, v)[inside].max() < painting.REACH


@pytest.mark.parametrize("name", shapes.CLASSES)
def test_outlines_are_smooth_at_any_size(name):
    """How much of a pixel is painted is close to how much of it lies inside."""
    size, times, unit = 24, 16, np.float32(8)
    angle, centre = np.array([100]), np.array([[11.6, 12.3]], np.float32)
    fine = painting._turned(centre * times, angle, size * times, unit=np.array([unit * times]))
    inside = painting.OUTLINES[name](*fine)[0] <= 0
    exact = inside.reshape(size, times, size, times).mean(axis=(1, 3))
    coarse = painting._turned(centre, angle, size, unit=np.array([unit]))
    painted = painting._cover(painting.OUTLINES[name](*coarse)[0] * unit)
    edge = (exact > 0) & (exact < 1)
    assert edge.sum() > 20
    assert np.abs(painted - exact)[edge].mean() < 0.08
    assert np.abs(painted - exact)[~edge].max() < 0.25
    assert len(np.unique(painted[edge])) > edge.sum() / 4, "not only inside and outside"


# ---- the class is the outline


def grown(masks, times):
    """Masks with the pixels around them, so many times."""
    for _ in range(times):
        wide = np.pad(masks, ((0, 0), (1, 1), (1, 1)))
        masks = masks | wide[:, :-2, 1:-1] | wide[:, 2:, 1:-1] | wide[:, 1:-1, :-2] | wide[:, 1:-1, 2:]
    return masks


def test_everything_but_the_outline_is_drawn_without_a_look_at_the_class():
    """The same pictures with other outlines are the same where neither outline is near, outside and inside."""
    one = shapes.draw(60, classes=("circle", "star", "moon"))
    other = shapes.draw(60, classes=("square", "cross", "triangle"))
    outside = ~grown(one.masks | other.masks, 6)  # a sharp tip fades over some pixels
    inside = ~grown(~(one.masks & other.masks), 2)
    assert outside.mean() > 0.5
    assert inside.sum() > 60 * 64
    assert np.array_equal(one.images[outside], other.images[outside]), "ground and clutter"
    assert np.array_equal(one.images[inside], other.images[inside]), "colour and texture"
    assert np.array_equal(one.centres, other.centres)
    assert np.abs(one.masks.sum(axis=(1, 2)) - other.masks.sum(axis=(1, 2), dtype=float)).max() <= 12, "area"
    only = one.masks & ~other.masks
    assert (one.images[only] != other.images[only]).mean() > 0.9


def statistics(drawn):
    """What can be said of a picture without its outline."""
    images = drawn.images.astype(float)
    inside = drawn.masks[..., np.newaxis]
    area = inside.sum(axis=(1, 2))
    means = (images * inside).sum(axis=(1, 2)) / area
    ground = (images * ~inside).sum(axis=(1, 2)) / (32 * 32 - area)
    spread = np.stack([images.std(axis=(1, 2)), (images * inside).std(axis=(1, 2))], axis=1).reshape(len(images), -1)
    middle = images[:, 12:20, 12:20].mean(axis=(1, 2))
    corners = np.concatenate([images[:, row, column] for row in (0, -1) for column in (0, -1)], axis=1)
    columns = [means, ground, spread[:, :3], area, drawn.centres, middle, corners, np.ones((len(images), 1))]
    features = np.concatenate(columns, axis=1)
    return (features - features.mean(axis=0)) / (features.std(axis=0) + 1e-9) + (features.std(axis=0) == 0)


def guessed(drawn):
    """Accuracy of a linear classifier on those statistics: fitted to one half of the pictures, tried on the other."""
    features, half = statistics(drawn), len(drawn) // 2
    weights = np.linalg.lstsq(features[:half], np.eye(6)[drawn.labels[:half]], rcond=None)[0]
    return ((features[half:] @ weights).argmax(axis=1) == drawn.labels[half:]).mean()


def test_without_the_outline_the_class_cannot_be_guessed(many):
    assert guessed(many) < 1 / 6 + 3 * math.sqrt(5 / 36 / 900)


def test_with_a_shortcut_it_can():
    """So the classifier above would have found one."""
    assert guessed(shapes.draw(1800, size=32, shortcut="tint")) > 0.6
    assert guessed(shapes.draw(1800, size=32, shortcut="mark")) > 0.6


def test_areas_are_spread_alike_in_all_classes(many):
    areas = many.masks.mean(axis=(1, 2))
    for label in range(6):
        share = np.quantile(areas[many.labels == label], [0.1, 0.5, 0.9])
        assert share == pytest.approx([0.091, 0.115, 0.139], abs=0.006), many.class_names[label]


def test_all_colours_and_textures_are_used():
    chance = Chance(0, "draw", np.arange(1800))
    ground = painting._ground(chance, 32, None)[1]
    colours = {tuple(colour) for colour in painting._thing_colours(chance, ground)[0][:, :, 0, 0].tolist()}
    assert colours == {tuple(colour) for colour in painting.COLOURS.tolist()}
    assert np.bincount(painting.TEXTURES).tolist() == [3, 1, 1, 1]


def test_the_colour_is_the_one_of_three_that_stands_out_most():
    chance = Chance(0, "draw", np.arange(60))
    grounds, three = painting._ground(chance, 16, None)[1], painting.COLOURS[chance.whole("colour", 0, 12, 3)]

    def contrast(colour, ground):  # from the nearer of the two colours of the ground
        channels = [zip((2, 4, 3), colour, other, strict=True) for other in ground]
        return min(sum(weight * (one - other) ** 2 for weight, one, other in channel) for channel in channels)

    chosen = painting._thing_colours(chance, grounds)[0][:, :, 0, 0]
    for colour, candidates, ground in zip(chosen.tolist(), three.tolist(), grounds.tolist(), strict=True):
        assert colour == max(candidates, key=lambda candidate: contrast(candidate, ground))


def test_the_second_colour_leads_away_from_the_ground():
    chance = Chance(0, "draw", np.arange(200))
    grounds = painting._ground(chance, 16, None)[1]
    first, second = (colour[:, 1, 0, 0] for colour in painting._thing_colours(chance, grounds))  # green says how light
    lighter = first > grounds[:, :, 1].min(axis=1)
    assert 20 < lighter.sum() < 180
    assert (second[lighter] == np.minimum(first[lighter] + 80, 255)).all()
    assert (second[~lighter] == np.maximum(first[~lighter] - 80, 0)).all()


def test_shapes_lean_to_both_sides_but_not_far():
    squares = shapes.draw(120, size=128, classes=("square", "circle"))
    inside = squares.masks[squares.labels == 0]
    shares = np.array([mask[mask.any(1)][:, mask.any(0)].mean() for mask in inside])
    # A square that leans by an angle fills 1 / (cos + sin)² of its box.
    angles = np.degrees(np.arcsin(np.clip(1 / shares - 1, 0, 1))) / 2
    assert angles.min() < 2.5
    assert 14 < angles.max() < 17.5
    uppermost = [mask[mask.any(1).argmax()].argmax() - mask.any(0).argmax() for mask in inside]  # the highest corner
    assert 10 < (np.array(uppermost) > 20).sum() < 50, "to the left as to the right"


@pytest.mark.parametrize(("cells", "size"), [(3, 20), (10, 64), (16, 16)])
def test_soft_noise_joins_random_corners_smoothly(cells, size):
    chance = Chance(0, "x", np.arange(2))
    corners = chance.small("n", (cells + 1) ** 2).reshape(2, cells + 1, cells + 1) / 255
    noise = painting._soft_noise(chance, "n", cells, size)
    assert (noise.dtype, noise.shape) == (np.float32, (2, size, size))
    for row, column in ((0, 0), (3, 7), (size - 1, size // 2), (size - 1, size - 1)):
        (top, down), (left, right) = (divmod((place + 0.5) * cells / size, 1) for place in (row, column))
        down, right = (part * part * (3 - 2 * part) for part in (down, right))
        four = corners[1, int(top) : int(top) + 2, int(left) : int(left) + 2]
        expected = np.array([1 - down, down]) @ four @ np.array([1 - right, right])
        assert noise[1, row, column] == pytest.approx(expected, abs=0.03)


def test_things_stand_out_from_the_ground(many):
    """Mean colours inside and outside differ by something in all but a few pictures."""
    images, inside = many.images.astype(float), many.masks[..., np.newaxis]
    area = inside.sum(axis=(1, 2))
    difference = (images * inside).sum(axis=(1, 2)) / area - (images * ~inside).sum(axis=(1, 2)) / (32 * 32 - area)
    assert np.quantile(np.abs(difference).max(axis=1), 0.02) > 40


# ---- the clutter


def slimness(cover):
    """Length by width, and direction in degrees, of what is covered: of the ellipse with the same moments."""
    places = np.argwhere(cover > 0.5)
    values, vectors = np.linalg.eigh(np.cov(places.T))
    return math.sqrt(values[1] / values[0]), math.degrees(math.atan2(*vectors[:, 1])) % 180


def clutter(count, size):
    """Where each piece is, 0 to 1, in whole pictures: (count, pieces, size, size)."""
    pieces = np.zeros((len(painting.PIECES), count, size, size), np.float32)
    for piece, ((rows, columns), _, cover) in zip(
        pieces, painting._clutter(Chance(0, "x", np.arange(count)), size), strict=True
    ):
        piece[:, rows, columns] = cover / painting.CLUTTER
    return pieces.swapaxes(0, 1)


@pytest.mark.parametrize("size", [16, 33, 128])
def test_windows_cut_nothing_off(size):
    for (rows, columns), _, cover in painting._clutter(Chance(0, "x", np.arange(400)), size):
        assert rows.start == 0 or not cover[:, 0].any()
        assert rows.stop == size or not cover[:, -1].any()
        assert columns.start == 0 or not cover[:, :, 0].any()
        assert columns.stop == size or not cover[:, :, -1].any()


def test_no_piece_of_clutter_can_be_taken_for_a_class(some):
    most = max(slimness(mask)[0] for mask in some.masks)
    assert most < 1.75
    pieces = clutter(40, 200).reshape(-1, 200, 200)
    whole = [cover for cover in pieces if cover.any() and not (cover[[0, -1]].any() or cover[:, [0, -1]].any())]
    assert len(whole) > 100
    assert min(slimness(cover)[0] for cover in whole) > 2.5


def test_pieces_that_lie_across_each_other_make_no_cross():
    for picture in clutter(60, 200):
        directions = [slimness(cover)[1] for cover in picture if (cover > 0.5).sum() > 300]
        apart = [abs(one - other) for one in directions for other in directions]
        assert max(min(angle, 180 - angle) for angle in apart) < 62


def test_pictures_are_cluttered():
    covers = clutter(60, 64)
    counts = (covers.max(axis=(2, 3)) > 0).sum(axis=1)
    assert counts.min() >= 1
    assert 4 < counts.mean() < 7
    assert 0.05 < (covers.max(axis=1) > 0.5).mean() < 0.2


# ---- shortcuts


@pytest.mark.parametrize("shortcut", shapes.SHORTCUTS)
@pytest.mark.parametrize("reliability", [0, 0.25, 0.9, 1])
def test_shortcuts_are_as_reliable_as_asked(shortcut, reliability):
    drawn = shapes.draw(600, size=16, shortcut=shortcut, reliability=reliability)
    right = (drawn.cues == drawn.labels).mean()
    assert right == pytest.approx(reliability, abs=4 * math.sqrt(reliability * (1 - reliability) / 600))
    assert set(drawn.cues.tolist()) == set(range(6))
    wrong = (drawn.cues - drawn.labels)[drawn.cues != drawn.labels] % 6
    if len(wrong) > 100:
        assert np.bincount(wrong, minlength=6)[1:].min() > len(wrong) / 10


def test_a_shortcut_that_is_never_right_is_wrong_in_the_rarest_case_too():
    """The picture whose random number is 0 exactly, one of 16 million."""
    chance, labels = Chance(0, "draw", np.array([15_695_123])), np.array([2])
    assert chance.share("right cue").tolist() == [0]
    assert shapes._cues(chance, labels, 6, 0).tolist() != [2]
    assert shapes._cues(chance, labels, 6, 2**-24).tolist() == [2]


def test_a_mark_changes_nothing_but_its_corner():
    plain, marked = (shapes.draw(60, shortcut=shortcut, reliability=0.5) for shortcut in (None, "mark"))
    top, left, bottom, right = shapes.mark_box(64)
    corner = marked.images[:, top:bottom, left:right].copy()
    for label in range(6):
        colours = np.unique(corner[marked.cues == label].reshape(-1, 3), axis=0)
        assert colours.tolist() == [shapes.CUES[label].tolist()]
    marked.images[:, top:bottom, left:right] = plain.images[:, top:bottom, left:right]
    assert np.array_equal(marked.images, plain.images)


@pytest.mark.parametrize("size", [16, 32, 64, 128])
def test_a_mark_never_touches_the_shape(size):
    top, left, bottom, right = shapes.mark_box(size)
    assert (bottom, right) == (size, size)
    assert bottom - top == right - left == size // 16
    assert not shapes.draw(900, size=size).masks[:, max(top - 1, 0) :, left - 1 :].any()


def test_a_tint_leaves_shape_and_clutter_as_they_are():
    plain, tinted = (shapes.draw(60, shortcut=shortcut, reliability=1) for shortcut in (None, "tint"))
    assert np.array_equal(plain.masks, tinted.masks)
    assert np.array_equal(plain.labels, tinted.labels)
    same = (plain.images == tinted.images).all(axis=3)
    assert same[plain.masks].mean() > 0.85
    assert same[~plain.masks].mean() < 0.3
    grounds = [np.median(tinted.images[tinted.labels == label], axis=(0, 1, 2)) for label in range(6)]
    apart = [np.abs(one - other).max() for place, one in enumerate(grounds) for other in grounds[:place]]
    assert min(apart) > 25


# ---- as a dataset


def test_a_dataset_of_shapes():
    made = shapes.dataset(60, validation=12, test=18, size=32, seed=4)
    assert isinstance(made, Dataset)
    assert repr(made) == "Dataset(shapes: 6 classes, images 32×32×3, train 60, validation 12, test 18)"
    assert made.source == "drawn by practicum.shapes from seed 4"
    assert made.test.images is made.test_shapes.images
    assert np.array_equal(made.test.labels, made.test_shapes.labels)
    assert made.class_names == made.test_shapes.class_names == shapes.CLASSES
    keys = np.concatenate([image_keys(split.images) for split in (made.train, made.validation, made.test)])
    assert len(set(keys.tolist())) == 90
    assert np.bincount(made.train.labels).tolist() == [10] * 6


def test_more_training_images_change_no_other():
    few = shapes.dataset(12, validation=6, test=6, size=16)
    more = shapes.dataset(30, validation=6, test=6, size=16)
    assert np.array_equal(few.train.images, more.train.images[:12])
    assert np.array_equal(few.validation.images, more.validation.images)
    assert np.array_equal(few.test.images, more.test.images)


def test_a_dataset_with_a_shortcut_has_it_in_every_split_and_says_so():
    made = shapes.dataset(12, validation=6, test=6, size=32, shortcut="mark", reliability=1, classes=("star", "moon"))
    assert made.source == "drawn by practicum.shapes from seed 0, 100% of them with a mark that goes with the class"
    for split in (made.train, made.validation, made.test):
        assert np.array_equal(split.images[:, 31, 31], shapes.CUES[split.labels])
    assert np.array_equal(made.test_shapes.cues, made.test.labels)
    assert made.class_names == made.test_shapes.class_names == ("star", "moon")


def test_a_dataset_is_large_enough_to_learn_from_unless_told_otherwise():
    defaults = shapes.dataset.__kwdefaults__
    assert shapes.dataset.__defaults__ == (3000,)
    assert (defaults["validation"], defaults["test"], defaults["size"]) == (600, 900, 64)
    assert defaults["area"] == shapes.AREA


def test_every_split_has_the_area_that_is_asked_for():
    usual, small = (shapes.dataset(6, validation=6, test=6, size=16, area=area) for area in (shapes.AREA, (0.04, 0.05)))
    for split in ("train", "validation", "test"):
        assert not np.array_equal(getattr(usual, split).images, getattr(small, split).images)


# ---- wrong use


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"count": 0}, r"count is a whole number of 1 or more. Received count=0"),
        ({"count": -3}, r"Received count=-3"),
        ({"count": 2.5}, r"Received count=2.5"),
        ({"count": True}, r"Received count=True"),
        ({"count": "ten"}, r"Received count='ten'"),
        ({"size": 15}, r"size is a whole number from 16 to 512. Received size=15"),
        ({"size": 513}, r"Received size=513"),
        ({"size": (64, 64)}, r"Received size=\(64, 64\)"),
        ({"seed": -1}, r"seed is a whole number of 0 or more. Received seed=-1"),
        ({"seed": None}, r"Received seed=None"),
        ({"classes": ("circle",)}, r"two or more different ones of circle, .*moon. Received classes=\('circle',\)"),
        ({"classes": "circle"}, r"Received classes='circle'"),
        ({"classes": ("star", "star")}, r"Received classes=\('star', 'star'\)"),
        ({"classes": ("star", "heart")}, r"Received classes=\('star', 'heart'\)"),
        ({"shortcut": "colour"}, r"'tint' or 'mark', or None .* Received shortcut='colour'"),
        ({"reliability": 1.1}, r"from 0 to 1. Received reliability=1.1"),
        ({"reliability": float("nan")}, r"Received reliability=nan"),
        ({"reliability": None}, r"Received reliability=None"),
        ({"reliability": True}, r"Received reliability=True"),
    ],
)
def test_wrong_use_is_explained(arguments, message):
    with pytest.raises(ValueError, match=message):
        shapes.draw(**{"count": 2, "size": 16, **arguments})


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_a_split_without_images_is_named(split):
    with pytest.raises(ValueError, match=rf"{split} is a whole number of 1 or more. Received {split}=0"):
        shapes.dataset(**{"train": 6, "validation": 6, "test": 6, "size": 16, split: 0})


def test_numpy_numbers_and_large_seeds_are_numbers():
    drawn = shapes.draw(np.int64(2), size=np.uint8(16), seed=2**63, reliability=1)
    assert len(drawn) == 2
    assert not np.array_equal(drawn.images, shapes.draw(2, size=16, seed=2**62).images)


def test_the_largest_pictures():
    drawn = shapes.draw(2, size=512, shortcut="mark")
    assert drawn.images.shape == (2, 512, 512, 3)
    assert (drawn.masks.mean(axis=(1, 2)) > 0.05).all()
