"""Figures of what filters do: what is lost without them, what excites them, and how images lie to the last layer."""

from collections.abc import Sequence
from typing import Protocol

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox, OffsetImage

from practicum.paper import BLUE, GREEN, ORANGE, VERMILION, finished, inks, style, written
from practicum.tiles import SIGNED, Board

MOST_BARS = 64
CLASS_COLOURS = (
    BLUE,
    ORANGE,
    GREEN,
    VERMILION,
    "#CC79A7",
    "#56B4E9",
    "#F0E442",
    "#999999",
    "#882255",
    "#44AA99",
)  # Okabe and Ito's, then Tol's
LOST, GAINED = "#8073ac", "#e08214"  # as the class map has them, seen on light and dark paper
THUMBNAIL = 0.32  # inches across


class _Ablation(Protocol):
    layer: str
    filters: np.ndarray
    accuracy: float
    lost: np.ndarray
    class_lost: np.ndarray
    images: int


class _Strongest(Protocol):
    layer: str
    filter: int
    places: np.ndarray
    values: np.ndarray
    boxes: np.ndarray


class _Embedding(Protocol):
    points: np.ndarray
    explained: np.ndarray
    layer: str


def ablation(found: _Ablation, class_names: Sequence[str], *, title: str = "", most: int = MOST_BARS) -> Figure:
    """What is lost without each filter: in all, as bars; and for each class, as colours.

    Args:
        found: what inspection.ablate gives.
        class_names: one name a class.
        title: stands above all.
        most: show at most so many filters, those that are missed most.
    """
    order = np.argsort(-found.lost, kind="stable")[:most]
    lost, by_class = 100 * found.lost[order], 100 * found.class_lost[order].T
    if by_class.shape[0] != len(class_names):
        raise ValueError(f"plots.ablation: {by_class.shape[0]} classes but {len(class_names)} names. Pass one a class.")
    limit = max(float(np.nanmax(np.abs(by_class), initial=0.0)), 1.0)  # points
    rest = f" (the {len(order)} most missed of {len(found.lost)})" if len(order) < len(found.lost) else ""
    with style():
        width = max(5.5, 2.2 + 0.17 * len(order))
        height = 2.1 + 0.24 * len(class_names)
        figure, (above, below) = plt.subplots(
            2, 1, figsize=(width, height), height_ratios=(1.5, 0.24 * len(class_names)), sharex=True
        )
        places = np.arange(len(order))
        above.bar(places, lost, color=[LOST if value > 0 else GAINED for value in lost], width=0.8)
        above.axhline(0, color=inks()[1], linewidth=0.8)
        above.set(ylabel="points lost", title=(title or f"Without each filter of {found.layer}") + rest)
        above.tick_params(labelbottom=False)
        picture = below.imshow(
            by_class, cmap=SIGNED, norm=Normalize(-limit, limit), aspect="auto", interpolation="nearest"
        )
        empty = np.isnan(by_class).all(axis=1)
        names = [written(name) + " (no images)" * bool(none) for name, none in zip(class_names, empty, strict=True)]
        below.set_yticks(range(len(class_names)), names)
        every = 1 if len(order) <= 40 else 2
        below.set_xticks(places[::every], [str(number) for number in found.filters[order][::every]], fontsize=7)
        below.set(xlabel=f"filter, the most missed first; with all: {found.accuracy:.1%} of {found.images:,} images")
        below.spines[:].set_visible(False)
        bar = figure.colorbar(picture, ax=below, pad=0.02, label="points lost")
        bar.outline.set_visible(False)
        return finished(figure)


def strongest(found: _Strongest, images: np.ndarray, *, title: str = "") -> Figure:
    """The images that excite a filter most: above, the part that it saw; below, where in the image that is.

    Args:
        found: what inspection.strongest gives.
        images: uint8 (N, H, W, 1 or 3), the images that it was asked about.
        title: stands above all.
    """
    title = title or f"What excites filter {found.filter} of {found.layer} most"
    count = len(found.places)
    with style():
        if not count:
            board = Board(4, 0, tile=1.1, title=f"{title}: nothing; it never fires")
            return finished(board.figure)
        board = Board(count, 2, tile=1.1, left=1.0, above=0.18, title=title)
        board.label(0, "it saw")
        board.label(1, "in")
        for column, (place, value, box) in enumerate(zip(found.places, found.values, found.boxes, strict=True)):
            top, left, bottom, right = (int(side) for side in box)
            image = np.asarray(images[place])
            board.caption_above(0, column, f"{value:.2f}")
            board.image(0, column, image[top:bottom, left:right])
            board.caption_above(1, column, f"image {place}")
            board.image(1, column, image)
            board.frame(1, column, image.shape[:2], (top, left, bottom, right))
        return finished(board.figure)


def embedding(
    found: _Embedding,
    images: np.ndarray,
    labels: np.ndarray,
    class_names: Sequence[str],
    *,
    title: str = "",
    most: int = 150,
) -> Figure:
    """Images on a plane, near each other where the network finds them alike; frames and points have the class's colour.

    Args:
        found: what inspection.embedding gives.
        images: uint8 (N, H, W, 1 or 3), the same images.
        labels: int (N,), their classes.
        class_names: one name a class.
        title: stands above all.
        most: draw at most so many images; one that would cover another is a point only.
    """
    points = np.asarray(found.points)
    if not len(points) == len(images) == len(labels):
        raise ValueError(
            f"plots.embedding: {len(points)} points, {len(images)} images and {len(labels)} labels. Pass the images "
            "that were laid out, and their labels."
        )
    shares = found.explained
    with style():
        figure, axes = plt.subplots(figsize=(8.5, 6.5))
        for label, name in enumerate(class_names):
            own = points[np.asarray(labels) == label]
            colour = CLASS_COLOURS[label % len(CLASS_COLOURS)]
            marker = "os^D"[label // len(CLASS_COLOURS) % 4]
            axes.scatter(own[:, 0], own[:, 1], s=9, color=colour, marker=marker, label=written(name), zorder=1)
        axes.margins(0.06)
        axes.set(
            xlabel=f"first direction ({shares[0]:.0%} of all differences)",
            ylabel=f"second direction ({shares[1]:.0%})",
            title=title or f"Images as {found.layer} sees them",
        )
        axes.set(xticks=[], yticks=[])
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), markerscale=2)
        for place in _apart(points, (8.5 / THUMBNAIL, 6.5 / THUMBNAIL))[:most]:
            colour = CLASS_COLOURS[int(labels[place]) % len(CLASS_COLOURS)]
            axes.add_artist(_thumbnail(np.asarray(images[place]), (points[place, 0], points[place, 1]), colour))
        return finished(figure)


def _apart(points: np.ndarray, cells: tuple[float, float]) -> list[int]:
    """Points whose pictures do not overlap, where so many of them fit in side by side and in a column."""
    spread = np.ptp(points, axis=0)
    scaled = np.divide(points - points.min(0), spread, out=np.zeros_like(points), where=spread > 0) * np.array(cells)
    chosen: list[int] = []
    for place, point in enumerate(scaled):
        if all(np.abs(scaled[other] - point).max() >= 1.6 for other in chosen):
            chosen.append(place)
    return chosen


def _thumbnail(image: np.ndarray, place: tuple[float, float], colour: str) -> AnnotationBbox:
    image = np.repeat(image, 3, axis=-1) if image.shape[-1] == 1 else image
    zoom = THUMBNAIL * 72 / max(image.shape[:2])
    picture = OffsetImage(image, zoom=zoom, interpolation="nearest")
    return AnnotationBbox(picture, place, pad=0.12, bboxprops={"edgecolor": colour, "linewidth": 1.6}, zorder=2)
