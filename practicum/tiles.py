"""Figures made of many small pictures in rows and columns."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle

SIGNED = "PuOr"  # colours for negative and positive, white at zero


class Board:
    """A figure of equal tiles in rows and columns. All measures are inches.

    It has one pair of axes for all tiles: a pair for each would take matplotlib ten times as long.
    """

    GAP = 0.08

    def __init__(
        self,
        columns: int,
        rows: int,
        *,
        tile: float,
        above: float = 0.0,
        below: float = 0.0,
        left: float = 0.1,
        top: float = 0.0,
        title: str = "",
        bar: bool = False,
    ) -> None:
        self.columns, self.tile, self.above = columns, tile, above
        self.line = above + tile + below
        top += 0.38 if title else 0.05
        width = max(left + columns * tile + (1.0 if bar else 0.1), 0.078 * len(title) + 0.2)
        height = top + max(rows, 1) * self.line + 0.1
        self.figure = plt.figure(figsize=(width, height), layout="none")
        self.axes = self.figure.add_axes((0.0, 0.0, 1.0, 1.0))
        self.axes.axis("off")
        self.left, self.top, self.width, self.height = left, top, width, height
        if title:
            self.axes.text(0.1, 0.22, title, fontsize=12, va="center")
        self._set_limits()

    @classmethod
    def of(cls, count: int, *, columns: int = 8, **measures: Any) -> "Board":
        """A board for count tiles, filled row by row."""
        columns = min(columns, max(count, 1))
        return cls(columns, -(-count // columns), **measures)

    def put(self, row: int, column: int, values: np.ndarray, **colours: Any) -> None:
        x, y = self._corner(row, column)
        half = self.GAP / 2
        extent = (x + half, x + self.tile - half, y + self.tile - half, y + half)
        self.axes.imshow(values, extent=extent, interpolation="nearest", **colours)
        if colours.get("cmap") == SIGNED:  # zero is white: a frame tells where the filter ends
            size = self.tile - self.GAP
            self.axes.add_patch(
                Rectangle((x + half, y + half), size, size, fill=False, edgecolor="#888", linewidth=0.6)
            )
        self._set_limits()  # imshow changed them

    def image(self, row: int, column: int, image: np.ndarray) -> None:
        """Pixels, uint8 (H, W, 1 or 3), in their own proportions."""
        image = np.asarray(image)
        height, width = image.shape[:2]
        if height != width:  # pad to a square with nothing
            side = max(height, width)
            padded = np.zeros((side, side, 4), np.uint8)
            top, left = (side - height) // 2, (side - width) // 2
            padded[top : top + height, left : left + width, :3] = image
            padded[top : top + height, left : left + width, 3] = 255
            image = padded
        if image.shape[-1] == 1:
            self.put(row, column, image[..., 0], cmap="gray", vmin=0, vmax=255)
        else:
            self.put(row, column, image)

    def frame(self, row: int, column: int, size: tuple[int, int], box: tuple[int, int, int, int]) -> None:
        """Frame a part, (top, left, bottom, right), of the image of this (height, width) in a tile."""
        x, y = self._corner(row, column)
        scale = (self.tile - self.GAP) / max(size)
        x += self.GAP / 2 + scale * ((max(size) - size[1]) // 2 + box[1])
        y += self.GAP / 2 + scale * ((max(size) - size[0]) // 2 + box[0])
        width, height = scale * (box[3] - box[1]), scale * (box[2] - box[0])
        for colour, line in (("black", 3.0), ("white", 1.4)):  # seen on any ground
            self.axes.add_patch(Rectangle((x, y), width, height, fill=False, edgecolor=colour, linewidth=line))

    def label(self, row: int, text: str, **looks: Any) -> None:
        _, y = self._corner(row, 0)
        self.axes.text(self.left - 0.12, y + self.tile / 2, text, ha="right", va="center", fontsize=10, **looks)

    def caption_above(self, row: int, column: int, text: str) -> None:
        x, y = self._corner(row, column)
        self.axes.text(x + self.tile / 2, y - 0.01, text, ha="center", va="bottom", fontsize=8)

    def caption_below(self, row: int, column: int, text: str) -> None:
        x, y = self._corner(row, column)
        self.axes.text(x + self.tile / 2, y + self.tile + 0.01, text, ha="center", va="top", fontsize=8)

    def caption_inside(self, row: int, column: int, text: str) -> None:
        """Light letters on what should be a dark tile."""
        x, y = self._corner(row, column)
        middle = (x + self.tile / 2, y + self.tile / 2)
        self.axes.text(*middle, text, ha="center", va="center", fontsize=8, color="white")

    def colour_bar(self, colours: str, scale: Normalize, label: str) -> None:
        rows_height = self.height - self.top - 0.1
        length = min(rows_height - self.above, 2.6)
        x = self.left + self.columns * self.tile + 0.15
        bottom = self.height - self.top - self.above - length
        place = (x / self.width, bottom / self.height, 0.13 / self.width, length / self.height)
        bar = self.figure.colorbar(ScalarMappable(scale, colours), cax=self.figure.add_axes(place))
        bar.set_label(label, fontsize=9)
        bar.ax.tick_params(labelsize=8)
        bar.outline.set_visible(False)

    def _corner(self, row: int, column: int) -> tuple[float, float]:
        return self.left + column * self.tile, self.top + row * self.line + self.above

    def _set_limits(self) -> None:
        self.axes.set(xlim=(0, self.width), ylim=(self.height, 0), aspect="auto")
