"""Figures to look at data with before training: examples, counts, mean images, duplicates. Part of plots."""

from collections.abc import Mapping, Sequence
from textwrap import wrap
from unicodedata import east_asian_width

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from practicum.dataset import SPLITS, Dataset
from practicum.image_checks import (
    check_names,
    check_positive,
    checked_group,
    checked_image,
    checked_images_and_labels,
    checked_labels,
)
from practicum.paper import BLUE, GREEN, ORANGE, finished, inks, style, written
from practicum.tiles import Board

ROW = 6  # images of a group of duplicates that are shown
NOTHING = np.full((1, 1, 4), (128, 128, 128, 50), np.uint8)  # stands where a class has no picture


def examples(
    images: np.ndarray,
    labels: np.ndarray,
    class_names: Sequence[str],
    *,
    per_class: int = 8,
    most: int = 24,
    title: str = "",
) -> Figure:
    """A row of images for each class, taken at even steps through the class.

    Args:
        images: uint8 (N, H, W, C), C 1 or 3, at least one.
        labels: int (N,), from 0 to one less than the classes.
        class_names: one name a class.
        per_class: images a row, 1 or more.
        most: draw at most so many classes, the first ones.
        title: stands above all.

    Raises:
        ValueError: for arrays of other shapes or kinds, or labels that do not fit.
    """
    images, labels = checked_images_and_labels("examples", images, labels, class_names)
    check_positive("examples", per_class=per_class, most=most)
    shown = list(class_names)[:most]
    with style():
        columns = int(min(per_class, np.bincount(labels).max()))
        board = Board(columns, len(shown), tile=0.8, left=1.9, title=_with_rest(title, len(shown), len(class_names)))
        for row, name in enumerate(shown):
            places = np.flatnonzero(labels == row)
            board.label(row, f"{_in_lines(name, 18, 2)}\n{len(places):,} image{'s' * (len(places) != 1)}")
            steps = np.linspace(0, len(places) - 1, min(per_class, len(places))).astype(int)
            for column, place in enumerate(places[steps]):
                board.image(row, column, images[place])
        return finished(board.figure)


def class_counts(
    labels: Dataset | Mapping[str, np.ndarray], class_names: Sequence[str] | None = None, *, most: int = 40
) -> Figure:
    """How many images each class has, in each split: a bar a class.

    A bar's length is comparable within its split as a number of images and across splits as a share: the axes of
    the splits end at the same share. A dotted line marks where all bars would end if the classes were equal.

    Args:
        labels: a Dataset; or for each split, by name, int (N,).
        class_names: one name a class; a Dataset brings its own.
        most: of more classes, only the most and the least frequent ones are drawn, so many together.

    Raises:
        ValueError: labels that do not fit the classes, or no image at all.
    """
    if isinstance(labels, Dataset):
        class_names = labels.class_names if class_names is None else class_names
        labels = {name: getattr(labels, name).labels for name in SPLITS}
    if class_names is None or not isinstance(labels, Mapping) or not labels:
        raise ValueError(
            "plots.class_counts: pass a Dataset, or labels by split and the names of the classes: "
            f'class_counts({{"train": labels}}, ("cat", "dog")). Received {type(labels).__name__}.'
        )
    check_names("class_counts", class_names)
    check_positive("class_counts", most=most)
    counts = {
        split: np.bincount(checked_labels("class_counts", values, class_names), minlength=len(class_names))
        for split, values in labels.items()
    }
    totals = np.sum(list(counts.values()), axis=0)
    if totals.sum() == 0:
        raise ValueError("plots.class_counts: no images in any split. Pass labels of at least one.")
    rows, names = _rows_of_counts(totals, class_names, most)
    widest = max(count.max() / max(count.sum(), 1) for count in counts.values())
    with style():
        size = (1.7 + 1.95 * len(counts), 1.0 + (0.28 if len(rows) <= 25 else 0.2) * max(len(rows), 2))
        figure, all_axes = plt.subplots(1, len(counts), figsize=size, sharey=True, squeeze=False)
        for number, (axes, (split, count)) in enumerate(zip(all_axes[0], counts.items(), strict=True)):
            colour = (BLUE, ORANGE, GREEN)[number % 3]
            _draw_counts(axes, count, rows, share=widest, colour=colour)
            axes.set_title(f"{written(split)}: {count.sum():,} images", fontsize=10)
            axes.set_xlabel("images")
        first = all_axes[0, 0]
        first.set_yticks(range(len(rows)), names, fontsize=10 if len(rows) <= 25 else 8)
        first.set(ylim=(len(rows) - 0.4, -0.6), ylabel="class")
        if len(class_names) > 1:
            figure.supxlabel("dotted line: if all classes were equal", fontsize=9, x=0.99, ha="right")
        return finished(figure)


def mean_images(
    images: np.ndarray, labels: np.ndarray, class_names: Sequence[str], *, most: int = 63, title: str = "Mean images"
) -> Figure:
    """The mean of all images, then of each class: pixel by pixel, the average colour.

    What the images of a class have in common stays: the light background of a drawing, the sky above, a shirt's
    sleeves. What differs from one to the next is averaged away to a blur. A mean that shows a clear figure says that
    place and outline alone go far; classes whose means differ in colour can be told apart, in part, without a look at
    any shape; and where all means look alike, a network has to find something else.

    Args:
        images: uint8 (N, H, W, C), C 1 or 3, at least one.
        labels: int (N,).
        class_names: one name a class. A class without images is marked.
        most: draw at most so many classes, the first ones.
        title: stands above all.

    Raises:
        ValueError: for arrays of other shapes or kinds, or labels that do not fit.
    """
    images, labels = checked_images_and_labels("mean_images", images, labels, class_names)
    check_positive("mean_images", most=most)
    shown = list(class_names)[:most]
    sums, counts = _sums(images, np.minimum(labels, len(shown)), len(shown) + 1)  # what is not shown goes into the last
    captions = ["all classes", *(_in_lines(name, 15, 2) for name in shown)]
    lines = max(caption.count("\n") + 2 for caption in captions)
    with style():
        title = _with_rest(title, len(shown), len(class_names))
        columns = -(-len(captions) // -(-len(captions) // 8))  # rows of at most 8, filled evenly
        board = Board.of(len(captions), columns=columns, tile=1.15, below=0.16 * lines + 0.05, title=title)
        for place, caption in enumerate(captions):
            row, column = divmod(place, board.columns)
            some = slice(None) if place == 0 else slice(place - 1, place)
            total, count = sums[some].sum(axis=0), counts[some].sum()
            if count:
                board.image(row, column, np.rint(total / count).astype(np.uint8))
            else:
                board.put(row, column, NOTHING)
            board.caption_below(row, column, f"{caption}\n{f'mean of {count:,}' if count else 'no images'}")
        return finished(board.figure)


def duplicates(
    images: Sequence[np.ndarray] | np.ndarray,
    groups: Sequence[Sequence[int]],
    *,
    names: Sequence[str] | None = None,
    splits: Sequence[str] | None = None,
    most: int = 8,
    title: str = "Duplicates",
) -> Figure:
    """Images that are the same, or nearly: a row for each group, with file names, and which groups cross splits.

    Args:
        images: uint8 (H, W, C) each, C 1 or 3; their sizes may differ.
        groups: for each group the places of its images, two or more.
        names: what to write under each image, a file's name say; one for each of images.
        splits: the split of each of images. A group in more than one split is marked: the test would ask for what the
            training has shown.
        most: draw at most so many groups: those in more than one split first, then in their order.
        title: stands above all.

    Raises:
        ValueError: a group of fewer than two, a place that is not among images, names or splits of another number.
    """
    check_positive("duplicates", most=most)
    groups = [checked_group(group, number, len(images)) for number, group in enumerate(groups)]
    for what, texts in (("names", names), ("splits", splits)):
        if texts is not None and len(texts) != len(images):
            raise ValueError(
                f"plots.duplicates: {len(images)} images but {len(texts)} {what}. Pass one for each image."
            )
    shown = {place: checked_image("duplicates", images[place], place) for group in groups for place in group}
    crossing = [_splits_in_order(splits, group) for group in groups]
    order = sorted(range(len(groups)), key=lambda number: len(crossing[number]) < 2)[:most]
    captions = {
        place: _in_lines(names[place] if names is not None else f"image {place}", 15, 3)
        + (f"\nin {written(splits[place], 14)}" if splits is not None else "")
        for number in order
        for place in groups[number][:ROW]
    }
    lines = max((caption.count("\n") + 1 for caption in captions.values()), default=0)
    _, ink, warning = inks()
    with style():
        if not groups:
            return finished(Board(1, 0, tile=0.1, left=2.4, title=f"{title}: none found").figure)
        columns = max(min(len(groups[number]), ROW) for number in order)
        title = title if len(order) == len(groups) else f"{title} ({len(order)} of {len(groups)} groups)"
        board = Board(columns, len(order), tile=1.15, left=1.6, below=0.16 * lines + 0.1, title=title)
        for row, number in enumerate(order):
            group, leaks = groups[number], len(crossing[number]) > 1
            text = f"group {number + 1}\n{len(group)} images"
            text += f"\n{ROW} of them shown" if len(group) > ROW else ""
            text += "\nin " + "\nand ".join(written(split, 10) for split in crossing[number]) if leaks else ""
            board.label(row, text, color=warning if leaks else ink)
            for column, place in enumerate(group[:ROW]):
                board.image(row, column, shown[place])
                board.caption_below(row, column, captions[place])
        return finished(board.figure)


def _sums(images: np.ndarray, labels: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Of each class the sum of its images, uint32 (classes, H, W, C), and their number."""
    sums = np.zeros((classes, *images.shape[1:]), np.uint32)
    at_once = max(1, 2**25 // images[0].size)  # images may be a memory map that is larger than memory
    for start in range(0, len(images), at_once):
        some = labels[start : start + at_once]
        for label in np.unique(some):
            sums[label] += images[start : start + at_once][some == label].sum(axis=0, dtype=np.uint32)
    return sums, np.bincount(labels, minlength=classes)


def _rows_of_counts(totals: np.ndarray, class_names: Sequence[str], most: int) -> tuple[list[int | None], list[str]]:
    """The classes to draw, None for a gap, and what to write beside each."""
    rows: list[int | None] = list(range(len(class_names)))
    if len(rows) <= most:
        return rows, [written(name) for name in class_names]
    order = np.argsort(-totals, kind="stable").tolist()
    above, below = -(-most // 2), most // 2
    between = totals[order[above : len(order) - below]]
    rows = [*order[:above], None, *order[len(order) - below :]]
    gap = f"{len(between)} more: {between.min():,}–{between.max():,} images"
    return rows, [gap if row is None else written(class_names[row]) for row in rows]


def _draw_counts(axes: Axes, counts: np.ndarray, rows: list[int | None], *, share: float, colour: str) -> None:
    paper, ink, warning = inks()
    total = max(int(counts.sum()), 1)
    if counts.any():
        axes.axvline(total / len(counts), color="#777777", linestyle=":", linewidth=1.4, zorder=0)
    size = 9 if len(rows) <= 25 else 7
    for place, row in enumerate(rows):
        if row is None:
            axes.text(0, place, " …", va="center", fontsize=size)
            continue
        count = int(counts[row])
        axes.barh(place, count, height=0.72, color=colour)
        part = f"{count / total:.1%}" if count / total >= 0.001 else "<0.1%"
        text, colour_of_text = (f"{count:,} ({part})", ink) if count else ("none", warning)
        behind = {"facecolor": paper, "edgecolor": "none", "pad": 0.5}  # the dotted line does not cross out a number
        note = axes.annotate(text, (count, place), xytext=(4, 0), textcoords="offset points", va="center", bbox=behind)
        note.set(fontsize=size, color=colour_of_text)
    axes.set_xlim(0, total * share * 1.75)  # room for the numbers
    axes.xaxis.set_major_locator(MaxNLocator(3, integer=True))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.tick_params(axis="y", length=0)


def _splits_in_order(splits: Sequence[str] | None, group: Sequence[int]) -> list[str]:
    """The splits that a group is in: train, validation, test, then others by name."""
    found = {str(splits[place]) for place in group} if splits is not None else set()
    return sorted(found, key=lambda split: (SPLITS.index(split) if split in SPLITS else len(SPLITS), split))


def _in_lines(name: object, width: int, most: int) -> str:
    """A name in at most so many lines of at most so many characters; half as many where they are twice as wide."""
    if any(east_asian_width(character) in "WF" for character in str(name)):
        width //= 2
    lines = wrap(written(name, width * most), width)
    if len(lines) > most:  # words that did not fill their lines
        lines = wrap(written(name, width * most).replace(" ", "\u00a0"), width)
    return "\n".join(lines[:most])


def _with_rest(title: str, shown: int, of: int) -> str:
    if shown == of:
        return title
    rest = f"the first {shown} of {of} classes"
    return f"{title} ({rest})" if title else rest.capitalize()
