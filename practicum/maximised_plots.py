"""Figures of images that were made to excite a network."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from matplotlib.figure import Figure

from practicum.paper import finished, style, written
from practicum.tiles import Board

COLUMNS = 6  # of images that were made; the start stands left of them


class _Maximised(Protocol):
    layer: str | None
    numbers: np.ndarray
    start: np.ndarray
    images: np.ndarray
    before: np.ndarray
    after: np.ndarray
    moved: np.ndarray


def maximised(found: _Maximised, titles: Sequence[str] = (), *, title: str = "") -> Figure:
    """The image that all started from and, beside it, what excites each filter or class; below, its value before and
    after.

    Args:
        found: what inspection.maximise gives.
        titles: one text an image, such as the names of the classes; none for their numbers.
        title: stands above all.
    """
    if len(titles) not in (0, len(found.images)):
        raise ValueError(
            f"plots.maximised: {len(found.images)} images but {len(titles)} titles. Pass one an image, or none."
        )
    what = "class" if found.layer is None else "filter"
    titles = titles or [f"{what} {number}" for number in found.numbers]
    title = title or ("What excites each class" if found.layer is None else f"What excites filters of {found.layer}")
    columns = min(COLUMNS, len(found.images))
    with style():
        rows = -(-len(found.images) // columns)
        board = Board(1 + columns, rows, tile=1.5, above=0.2, below=0.24, title=title)
        board.caption_above(0, 0, "the start")
        board.image(0, 0, found.start)
        for place, image in enumerate(found.images):
            row, column = divmod(place, columns)
            board.caption_above(row, 1 + column, written(titles[place]))
            board.image(row, 1 + column, image)
            board.caption_below(row, 1 + column, _values(found.before[place], found.after[place], found.moved[place]))
        return finished(board.figure)


def _values(before: float, after: float, moved: bool) -> str:
    return f"{_number(before)} → {_number(after)}" if moved else f"{_number(before)}, and stays so"


def _number(value: float) -> str:
    text = f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
    return text.replace("-", "−")
