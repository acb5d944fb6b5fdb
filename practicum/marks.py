"""The marks of drawn shapes: little squares in a corner that give the class away. Moved, exchanged, painted over.

A network that has learned the mark instead of the shape is found out by pictures that differ in nothing but the mark.
"""

import numpy as np

from practicum.shapes import CUES, mark_box

CORNERS = ("lower right", "lower left", "upper right", "upper left")
RING = 2  # pixels around the mark whose mean colour is painted over it


def mark_mask(size: int, *, corner: str = "lower right", margin: int = 0) -> np.ndarray:
    """Where the mark of a picture of that size is: bool (size, size).

    Args:
        size: height and width of the picture, as in shapes.draw.
        corner: "lower right", where shapes.draw puts it, "lower left", "upper right" or "upper left".
        margin: how many pixels more on its two inner sides; a heat map from small feature maps is not finer.

    Example:
        >>> int(mark_mask(64).sum()), int(mark_mask(64, margin=4).sum())
        (16, 64)
    """
    rows, columns = _corner(size, corner)
    mask = np.zeros((size, size), bool)
    mask[_wider(rows, margin), _wider(columns, margin)] = True
    return mask


def with_marks(images: np.ndarray, cues: np.ndarray, *, corner: str = "lower right") -> np.ndarray:
    """The pictures with the mark of a class in a corner; what was there is lost.

    Args:
        images: uint8 (N, size, size, 3).
        cues: whole numbers (N,), the class whose mark each gets: 0 to 5.
        corner: as in mark_mask.

    Returns:
        uint8, as images, which stay as they are.
    """
    images = _checked(images, "with_marks")
    cues = np.asarray(cues)
    if cues.shape != (len(images),) or cues.dtype.kind not in "iu" or not ((cues >= 0) & (cues < len(CUES))).all():
        raise ValueError(
            f"with_marks: cues are one class a picture, 0 to {len(CUES) - 1}. Received {cues!r} for {len(images)} "
            "pictures. shapes.draw without a shortcut has none (-1); pass labels, for instance."
        )
    rows, columns = _corner(images.shape[1], corner)
    images[:, rows, columns] = CUES[cues, np.newaxis, np.newaxis].astype(np.uint8)
    return images


def without_marks(images: np.ndarray, *, corner: str = "lower right") -> np.ndarray:
    """The pictures with the corner painted over: in the mean colour of the pixels around it.

    Args and returns: as with_marks.

    Example:
        >>> without_marks(np.full((1, 64, 64, 3), 90, np.uint8)).mean()
        np.float64(90.0)
    """
    images = _checked(images, "without_marks")
    size = images.shape[1]
    around = mark_mask(size, corner=corner, margin=RING) & ~mark_mask(size, corner=corner)
    colours = np.round(images[:, around].mean(axis=1)).astype(np.uint8)
    rows, columns = _corner(size, corner)
    images[:, rows, columns] = colours[:, np.newaxis, np.newaxis]
    return images


def move_marks(images: np.ndarray, *, to: str = "upper left") -> np.ndarray:
    """The pictures with what is in the lower right corner in another one, and the lower right painted over.

    Args:
        images: uint8 (N, size, size, 3), with marks.
        to: the other corner, as in mark_mask.
    """
    marked = _checked(images, "move_marks")
    rows, columns = _corner(marked.shape[1], "lower right")
    mark = marked[:, rows, columns].copy()
    moved = without_marks(marked)
    rows, columns = _corner(marked.shape[1], to)
    moved[:, rows, columns] = mark
    return moved


def _corner(size: int, corner: str) -> tuple[slice, slice]:
    if corner not in CORNERS:
        raise ValueError(f"a corner is one of {', '.join(CORNERS)}. Received {corner!r}.")
    top, left, bottom, right = mark_box(size)
    rows = slice(top, bottom) if corner.startswith("lower") else slice(0, bottom - top)
    columns = slice(left, right) if corner.endswith("right") else slice(0, right - left)
    return rows, columns


def _wider(side: slice, margin: int) -> slice:
    return slice(0, side.stop + margin) if side.start == 0 else slice(max(side.start - margin, 0), side.stop)


def _checked(images: np.ndarray, caller: str) -> np.ndarray:
    """A copy of images, if they are drawn pictures."""
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[1] != images.shape[2] or images.shape[3] != 3 or images.dtype != np.uint8:
        raise ValueError(
            f"{caller}: expected pictures of shapes.draw, uint8 (N, size, size, 3). Received {images.dtype} of shape "
            f"{images.shape}."
        )
    return images.copy()
