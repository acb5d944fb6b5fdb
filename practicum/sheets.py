"""Many feature maps as one small picture: a PNG with all maps of a layer, for pages."""

import base64
import io
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image

GAP = 1  # pixels between maps
LEAST_SIDE = 24  # small maps are enlarged to so many pixels, so that they can be seen without scripts
LEVELS = 255  # colours of a palette; one more is kept for the gaps
PALETTES = {"maps": "viridis", "signed": "PuOr", "grey": "gray"}


@dataclass(frozen=True)
class Sheet:
    """A picture of many maps.

    Attributes:
        url: the picture as a data: address.
        columns: maps in a row.
        across, down: pixels from one map to the next.
        side: pixels of a map's longer side.
        width: pixels of the whole picture.
    """

    url: str
    columns: int
    across: int
    down: int
    side: int
    width: int


def sheet(maps: np.ndarray, palette: str, *, columns: int = 16) -> Sheet:
    """All maps of a layer as one picture, each from its own lowest to its own highest value.

    Args:
        maps: (H, W, C).
        palette: a name of PALETTES: "maps" for 0 and above, "signed" with white at 0, "grey" for pixels.
        columns: maps in a row.

    Returns:
        A Sheet.
    """
    height, width, count = maps.shape
    times = max(1, -(-LEAST_SIDE // max(height, width)))
    levels = np.stack([_levels(maps[:, :, channel], palette) for channel in range(count)])
    levels = levels.repeat(times, axis=1).repeat(times, axis=2)
    tall, wide = levels.shape[1] + GAP, levels.shape[2] + GAP
    columns = min(columns, count)
    rows = -(-count // columns)
    board = np.full((rows * tall, columns * wide), LEVELS, np.uint8)
    for channel, picture in enumerate(levels):
        row, column = divmod(channel, columns)
        board[row * tall : row * tall + tall - GAP, column * wide : column * wide + wide - GAP] = picture
    image = Image.fromarray(board)
    image.putpalette(np.concatenate([colours(palette), [[0, 0, 0]]]).astype(np.uint8).tobytes())
    buffer = io.BytesIO()
    image.save(buffer, format="png", transparency=LEVELS, optimize=True)
    url = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
    return Sheet(url, columns, wide, tall, max(levels.shape[1:]), board.shape[1])


def picture(image: np.ndarray) -> str:
    """An image (H, W, 1 or 3) as a data: address: bytes as they are, other numbers stretched to the range of bytes."""
    if image.dtype == np.uint8:
        pixels = image
    else:
        low, high = float(image.min()), float(image.max())
        if low < 0 or high > 255 or high <= 1:
            image = (image - low) / ((high - low) or 1) * 255
        pixels = np.round(image).astype(np.uint8)
    pixels = pixels[:, :, 0] if pixels.shape[2] != 3 else pixels
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="png")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


@cache
def colours(palette: str) -> np.ndarray:
    """The palette's colours from low to high: uint8 (LEVELS, 3)."""
    import matplotlib

    shades = matplotlib.colormaps[PALETTES[palette]](np.linspace(0, 1, LEVELS))[:, :3]
    return (shades * 255).round().astype(np.uint8)


def _levels(values: np.ndarray, palette: str) -> np.ndarray:
    if palette == "signed":
        most = np.abs(values).max() or 1
        share = values / most / 2 + 0.5
    else:
        low, high = min(values.min(), 0), values.max()
        share = (values - low) / ((high - low) or 1)
    return (share * (LEVELS - 1)).round().astype(np.uint8)
