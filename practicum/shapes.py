"""Pictures drawn on demand: one coloured shape on a cluttered ground, and exactly where it is.

Whether a heat map points at the thing can only be checked where the thing's place is known. The class is the outline
and nothing else: colour, texture, place, size, lean, ground and clutter are drawn without looking at the class.
"""

import operator
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from practicum.chance import Chance
from practicum.dataset import Dataset, Split
from practicum.painting import COLOURS, OUTLINES, REACH, Things, paint

CLASSES = tuple(OUTLINES)
SHORTCUTS = ("tint", "mark")
LEAST_SIZE, MOST_SIZE = 16, 512
AREA = (0.085, 0.145)  # of the picture
LEAST_AREA, MOST_AREA = 0.04, 0.16  # smaller ones could not be told apart, larger ones would not find room
CUES = COLOURS[[0, 6, 2, 4, 8, 11]]  # red, blue, yellow, green, purple, black: one for each class
PIXELS_AT_ONCE = 2**16  # so that the arrays of a batch of pictures stay in the processor's cache


@dataclass(frozen=True)
class Shapes:
    """Drawn pictures and the truth about them. All arrays have one entry a picture.

    images: uint8 (N, size, size, 3), 0 to 255.
    labels: int32 (N,), an index into class_names each.
    masks: bool (N, size, size), True where the middle of the pixel lies inside the shape. Nothing covers the shape.
    boxes: int32 (N, 4): top, left, bottom, right; images[i, top:bottom, left:right] just holds the shape of image i.
    centres: float32 (N, 2), row and column of the centre of the shape's area, in pixels; (0.5, 0.5) is the middle of
        the first pixel.
    class_names: what the labels mean.
    cues: int32 (N,), the class that the shortcut of each picture speaks for; -1 where there is no shortcut.
    """

    images: np.ndarray
    labels: np.ndarray
    masks: np.ndarray
    boxes: np.ndarray
    centres: np.ndarray
    class_names: tuple[str, ...]
    cues: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        shape = "×".join(map(str, self.images.shape[1:]))
        return f"Shapes({len(self):,} images of {shape}: {', '.join(self.class_names)})"

    def first(self, count: int) -> "Shapes":
        """The first count pictures, with the truth about them; all, if there are fewer."""
        one_a_picture = ("images", "labels", "masks", "boxes", "centres", "cues")
        return replace(self, **{name: getattr(self, name)[:count] for name in one_a_picture})


@dataclass(frozen=True, repr=False)
class ShapesDataset(Dataset):
    """A Dataset of drawn shapes that also knows where the shapes of its test images are.

    test_shapes: the truth about dataset.test, in the same order.
    """

    test_shapes: Shapes = field(kw_only=True)


def draw(
    count: int,
    *,
    size: int = 64,
    classes: Sequence[str] = CLASSES,
    seed: int = 0,
    shortcut: str | None = None,
    reliability: float = 0.95,
    area: tuple[float, float] = AREA,
) -> Shapes:
    """Draw pictures of shapes.

    Args:
        count: 1 or more. More pictures begin with the same ones.
        size: height and width in pixels, 16 to 512.
        classes: two or more of "circle", "square", "triangle", "star", "cross", "moon". They take turns: of as many
            pictures as there are classes, each shows another.
        seed: 0 or more. The same seed draws the same pictures, to the last bit, on every machine.
        shortcut: something that gives the class away without a look at the shape. "tint": the ground has a cast of a
            colour that goes with the class. "mark": a small square in the lower right corner does (see mark_box). None:
            nothing; otherwise the pictures are the same.
        reliability: 0 to 1, how often the shortcut speaks for the right class; otherwise it speaks for one of the
            others. At 1 / len(classes) it says nothing.
        area: the least and the most that a shape covers of its picture, 0.04 to 0.16. Large shapes cannot help lying
            on the picture's centre most of the time; of those of (0.05, 0.08), three in ten do.

    Returns:
        Shapes. Each shape covers 8 to 15 % of its picture (or what area says), leans at most 16 degrees to a side and
        lies wholly inside.

    Raises:
        ValueError: for a value out of range or a class that cannot be drawn.

    Example:
        >>> shapes = draw(12, size=32, classes=("circle", "star"))
        >>> shapes
        Shapes(12 images of 32×32×3: circle, star)
        >>> top, left, bottom, right = shapes.boxes[0]
        >>> bool(shapes.masks[0, top:bottom, left:right].sum() == shapes.masks[0].sum())
        True
    """
    return _draw("draw", count, size, classes, seed, shortcut, reliability, area)


def dataset(
    train: int = 3_000,
    *,
    validation: int = 600,
    test: int = 900,
    size: int = 64,
    classes: Sequence[str] = CLASSES,
    seed: int = 0,
    shortcut: str | None = None,
    reliability: float = 0.95,
    area: tuple[float, float] = AREA,
) -> ShapesDataset:
    """Drawn shapes as a dataset. data.load("shapes") gives the same with the number of images left as it is.

    The splits are drawn apart from each other: more training images leave the others as they are, and the training
    images there were stay the first ones.

    Args:
        train, validation, test: how many images each split has, 1 or more.
        size, classes, seed: as in draw.
        shortcut, reliability: as in draw, for all three splits: who collects pictures with a shortcut in them tests on
            such pictures too, and does not notice. dataset(seed=seed).test has the same pictures without it.
        area: as in draw.

    Returns:
        A Dataset with one thing more: test_shapes, where the shapes of the test images are.

    Raises:
        ValueError: as draw.

    Example:
        >>> shapes = dataset(60, validation=12, test=18, size=32)
        >>> shapes
        Dataset(shapes: 6 classes, images 32×32×3, train 60, validation 12, test 18)
        >>> shapes.test_shapes.masks.shape
        (18, 32, 32)
    """
    counts = {"train": train, "validation": validation, "test": test}
    drawn = {
        name: _draw(name, count, size, classes, seed, shortcut, reliability, area, counts=name)
        for name, count in counts.items()
    }
    train_split, validation_split, test_split = (Split(part.images, part.labels) for part in drawn.values())
    cue = f", {reliability:.0%} of them with a {shortcut} that goes with the class" if shortcut else ""
    return ShapesDataset(
        "shapes",
        drawn["test"].class_names,
        train_split,
        validation_split,
        test_split,
        source=f"drawn by practicum.shapes from seed {seed}{cue}",
        licence="MIT, as this course",
        test_shapes=drawn["test"],
    )


def mark_box(size: int) -> tuple[int, int, int, int]:
    """Where the shortcut "mark" is in a picture of that size: top, left, bottom, right.

    It does not touch the shape. (In pictures of more than 200 pixels a side, with the smallest shapes, it could cover a
    corner pixel or two of one in a million.)

    Example:
        >>> mark_box(64)
        (60, 60, 64, 64)
    """
    start = size - size // 16
    return start, start, size, size


def _draw(
    stream: str,
    count: int,
    size: int,
    classes: Sequence[str],
    seed: int,
    shortcut: str | None,
    reliability: float,
    area: tuple[float, float],
    counts: str = "count",
) -> Shapes:
    count = _checked_number(counts, count, 1)
    size = _checked_number("size", size, LEAST_SIZE, MOST_SIZE)
    seed = _checked_number("seed", seed, 0)
    class_names = _checked_classes(classes)
    _check_shortcut(shortcut, reliability)
    area = _checked_area(area)
    images = np.empty((count, size, size, 3), np.uint8)
    masks = np.empty((count, size, size), bool)
    labels, cues = np.empty(count, np.int32), np.full(count, -1, np.int32)
    centres = np.empty((count, 2), np.float32)
    at_once = max(1, PIXELS_AT_ONCE // size**2)
    for start in range(0, count, at_once):
        some = slice(start, min(start + at_once, count))
        numbers = np.arange(some.start, some.stop)
        chance = Chance(seed, stream, numbers)
        labels[some] = _labels(seed, stream, numbers, len(class_names))
        things = _things(chance, np.array(class_names)[labels[some]], size, area)
        if shortcut:
            cues[some] = _cues(chance, labels[some], len(class_names), reliability)
        tint = CUES[cues[some]] if shortcut == "tint" else None
        images[some], masks[some] = paint(chance, things, size, tint)
        centres[some] = things.centres
    if shortcut == "mark":
        top, left, bottom, right = mark_box(size)
        images[:, top:bottom, left:right] = CUES[cues, np.newaxis, np.newaxis].astype(np.uint8)
    return Shapes(images, labels, masks, _boxes(masks), centres, class_names, cues)


def _labels(seed: int, stream: str, numbers: np.ndarray, classes: int) -> np.ndarray:
    """The class of each picture: in each round of as many pictures as classes, every class once, in random order."""
    rounds = Chance(seed, f"{stream} rounds", numbers // classes)
    order = rounds.bits("order", classes).argsort(axis=1, kind="stable")
    return order[np.arange(len(numbers)), numbers % classes]


def _things(chance: Chance, outlines: np.ndarray, size: int, area: tuple[float, float]) -> Things:
    """Area and place of each shape. The room left at the borders is that of the widest outline, whatever the class."""
    least, most = area
    areas = (least + (most - least) * chance.share("area")) * float(size**2)
    border = (REACH * np.sqrt(areas) + 1)[:, np.newaxis]
    centres = border + chance.share("centre", 2) * (size - 2 * border)
    return Things(outlines, centres, areas)


def _cues(chance: Chance, labels: np.ndarray, classes: int, reliability: float) -> np.ndarray:
    wrong = (labels + chance.whole("wrong cue", 1, classes)) % classes
    return np.where(chance.share("right cue") < reliability, labels, wrong)


def _boxes(masks: np.ndarray) -> np.ndarray:
    """The smallest box around each mask: int32 (N, 4), top, left, bottom, right."""
    size = masks.shape[1]
    sides = [np.any(masks, axis=2), np.any(masks, axis=1)]  # which rows and which columns it touches
    first = [side.argmax(axis=1) for side in sides]
    last = [size - np.flip(side, axis=1).argmax(axis=1) for side in sides]
    return np.stack(first + last, axis=1).astype(np.int32)


def _checked_number(name: str, value: int, least: int, most: int | None = None) -> int:
    try:
        number = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = None
    if number is None or number < least or (most is not None and number > most):
        limits = f"from {least} to {most}" if most is not None else f"of {least} or more"
        raise ValueError(f"shapes: {name} is a whole number {limits}. Received {name}={value!r}.")
    return number


def _checked_classes(classes: Sequence[str]) -> tuple[str, ...]:
    names = (classes,) if isinstance(classes, str) else tuple(classes)
    if len(names) < 2 or len(set(names)) < len(names) or not set(names) <= set(CLASSES):
        raise ValueError(
            f"shapes: classes are two or more different ones of {', '.join(CLASSES)}. Received classes={classes!r}. "
            'Pass ("circle", "star"), for instance, or leave it out for all.'
        )
    return names


def _checked_area(area: tuple[float, float]) -> tuple[float, float]:
    try:
        least, most = (float(share) for share in area)
    except (TypeError, ValueError):
        least = most = -1.0
    if not LEAST_AREA <= least <= most <= MOST_AREA:
        raise ValueError(
            f"shapes: area is the least and the most that a shape covers of its picture, two shares from {LEAST_AREA} "
            f"to {MOST_AREA}. Received area={area!r}."
        )
    return least, most


def _check_shortcut(shortcut: str | None, reliability: float) -> None:
    if shortcut is not None and shortcut not in SHORTCUTS:
        raise ValueError(
            f"shapes: shortcut is {' or '.join(map(repr, SHORTCUTS))}, or None for pictures without one. "
            f"Received shortcut={shortcut!r}."
        )
    if isinstance(reliability, bool) or not isinstance(reliability, int | float) or not 0 <= reliability <= 1:
        raise ValueError(
            "shapes: reliability is the share of pictures whose shortcut speaks for the right class, from 0 to 1. "
            f"Received reliability={reliability!r}."
        )
