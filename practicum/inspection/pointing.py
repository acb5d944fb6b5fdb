"""Does a heat map point at the thing? It can be counted where the thing's place is known, as in practicum.shapes."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from practicum.backend import keras
from practicum.inspection.heat import METHODS
from practicum.inspection.likeness import rank_correlation
from practicum.inspection.walk import classes_of
from practicum.shapes import Shapes

Method = Callable[..., np.ndarray]
HEADINGS = ("method", "points at it", "heat inside", "other class")


def pointing_game(heats: np.ndarray, masks: np.ndarray) -> float:
    """The share of heat maps whose highest point lies on the object.

    Args:
        heats: (N, H, W), finite, 0 or more.
        masks: bool (N, H, W), True on the object.

    Returns:
        0 to 1. Where several points are equally high, a map counts as the share of them that lies on the object: one
        of them, drawn by chance, would be right so often. A map that is zero everywhere points nowhere and counts 0.

    Raises:
        ValueError: other shapes, no maps, masks that are not of truth values, heat that is negative or not finite.

    Example:
        >>> masks = np.array([[[True, False]], [[True, False]], [[True, False]]])
        >>> heats = np.array([[[1.0, 0.2]], [[1.0, 1.0]], [[0.0, 0.0]]])  # a hit, half a hit, nowhere
        >>> pointing_game(heats, masks)
        0.5

    Source: Zhang et al. 2016, "Top-down neural attention by excitation backprop", section 4.1, arXiv:1608.00507.
    """
    heats, masks = _checked(heats, masks, "pointing_game")
    most = heats.max(axis=(1, 2), keepdims=True)
    highest = (heats == most) & (most > 0)
    counts = highest.sum(axis=(1, 2))
    on_it = (highest & masks).sum(axis=(1, 2))
    return float(np.divide(on_it, counts, out=np.zeros(len(heats)), where=counts > 0).mean())


def heat_inside(heats: np.ndarray, masks: np.ndarray) -> float:
    """The share of a map's heat that lies on the object, as a mean over the maps.

    Args and raises: as pointing_game.

    Returns:
        0 to 1. A map that is zero everywhere has no heat on the object and counts 0. A map of equal heat everywhere
        has the share of the image that the object covers.

    Example:
        >>> heat_inside(np.array([[[3.0, 1.0]]]), np.array([[[True, False]]]))
        0.75
    """
    heats, masks = _checked(heats, masks, "heat_inside")
    total = heats.sum(axis=(1, 2))
    inside = (heats * masks).sum(axis=(1, 2))
    return float(np.divide(inside, total, out=np.zeros(len(heats)), where=total > 0).mean())


def random_point(masks: np.ndarray) -> float:
    """How often a point drawn by chance lies on the object: exactly the mean share of the image that it covers.

    Example:
        >>> random_point(np.array([[[True, False, False, False]]]))
        0.25
    """
    return float(_checked_masks(masks, "random_point").mean(axis=(1, 2)).mean())


def centre_point(masks: np.ndarray) -> float:
    """How often the image's centre lies on the object. With an even side, it is the mean over the pixels around it.

    Many collections show the object in the middle. There, a method looks good that always points to the middle.

    Example:
        >>> centre_point(np.array([[[False, True, False]]]))
        1.0
        >>> centre_point(np.array([[[False, True, False, False]]]))
        0.5
    """
    masks = _checked_masks(masks, "centre_point")
    middle = tuple(slice((side - 1) // 2, side // 2 + 1) for side in masks.shape[1:])
    return float(masks[:, *middle].mean())


class MethodRow(NamedTuple):
    """How one method did.

    pointing: pointing_game of the maps for the right class. inside: heat_inside of them. other_class: the mean rank
    correlation of the map for the right class with that for another one; 1 if the method does not care which class
    it is asked about. milliseconds: an image, on this machine, once the method is compiled.
    """

    name: str
    pointing: float
    inside: float
    other_class: float
    milliseconds: float


@dataclass(frozen=True)
class MethodTable:
    """Methods side by side; prints as a table, without the times, which are other ones on another machine.

    rows: one a method. random_point, centre_point: what needs no network. images: how many were asked about.
    """

    rows: tuple[MethodRow, ...]
    random_point: float
    centre_point: float
    images: int

    def __getitem__(self, name: str) -> MethodRow:
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(f"no method {name!r}; there are {', '.join(row.name for row in self.rows)}")

    @property
    def better_baseline(self) -> float:
        """The pointing score that a method must beat: the higher one of those that need no network."""
        return max(self.random_point, self.centre_point)

    def __str__(self) -> str:
        lines = [
            HEADINGS,
            *((row.name, f"{row.pointing:.0%}", f"{row.inside:.0%}", f"{row.other_class:+.2f}") for row in self.rows),
            ("a random point", f"{self.random_point:.0%}", f"{self.random_point:.0%}", ""),
            ("the image's centre", f"{self.centre_point:.0%}", "", ""),
        ]
        return _as_table(lines, rules=(1, len(self.rows) + 1))

    def times(self) -> str:
        """A second table: how many milliseconds an image each method takes here."""
        lines = [("method", "ms an image"), *((row.name, f"{row.milliseconds:.2f}") for row in self.rows)]
        return _as_table(lines, rules=(1,))


def compare_methods(
    model: "keras.Model", shapes: Shapes, *, methods: Mapping[str, Method] = METHODS, class_shift: int = 1
) -> MethodTable:
    """Ask several methods about the same images, and count which of them point at the shape.

    Each is asked where the right class is, whatever the network answers, and then about another class.

    Args:
        model: a classifier of the shapes, in the order of shapes.class_names.
        shapes: images with masks, of shapes.draw or a dataset's test_shapes.
        methods: name -> function(model, images, class_index=) that gives heat maps (N, H, W); for Grad-CAM at another
            layer, functools.partial(grad_cam, layer="module2_relu").
        class_shift: how many classes on the other class is; at the end it begins anew.

    Returns:
        MethodTable.

    Raises:
        ValueError: a model of another number of classes, a method whose maps have another shape, or a class_shift
            that ends at the same class.
    """
    classes = classes_of(model, "compare_methods")
    if classes != len(shapes.class_names):
        raise ValueError(
            f"compare_methods: the model tells {classes} classes apart, the shapes have {len(shapes.class_names)}: "
            f"{', '.join(shapes.class_names)}. Pass a model that was trained on these shapes."
        )
    if class_shift % classes == 0:
        raise ValueError(f"compare_methods: with class_shift={class_shift} the other class is the same. Pass 1.")
    others = (shapes.labels + class_shift) % classes
    rows = []
    for name, method in methods.items():
        other = method(model, shapes.images, class_index=others)  # the first call also compiles
        started = time.perf_counter()
        own = method(model, shapes.images, class_index=shapes.labels)
        milliseconds = 1000 * (time.perf_counter() - started) / len(shapes)
        rows.append(
            MethodRow(
                name,
                pointing_game(own, shapes.masks),
                heat_inside(own, shapes.masks),
                float(rank_correlation(own, other).mean()),
                milliseconds,
            )
        )
    return MethodTable(tuple(rows), random_point(shapes.masks), centre_point(shapes.masks), len(shapes))


def _as_table(lines: Sequence[tuple[str, ...]], *, rules: tuple[int, ...]) -> str:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = [
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    for place in reversed(rules):
        text.insert(place, "-" * len(text[0]))
    return "\n".join(text)


def _checked(heats: np.ndarray, masks: np.ndarray, caller: str) -> tuple[np.ndarray, np.ndarray]:
    masks = _checked_masks(masks, caller)
    heats = np.asarray(heats, np.float64)
    if heats.shape != masks.shape:
        raise ValueError(
            f"{caller}: expected a mask for each heat map, of the same size. Received heats.shape={heats.shape}, "
            f"masks.shape={masks.shape}."
        )
    if not (np.isfinite(heats).all() and (heats >= 0).all()):
        raise ValueError(f"{caller}: heat must be finite and 0 or more. For signed maps pass np.abs(heats).")
    return heats, masks


def _checked_masks(masks: np.ndarray, caller: str) -> np.ndarray:
    masks = np.asarray(masks)
    if masks.ndim != 3 or not masks.size or masks.dtype != bool:
        raise ValueError(
            f"{caller}: masks are truth values (N, height, width), at least one. Received {masks.dtype} of shape "
            f"{masks.shape}."
        )
    return masks
