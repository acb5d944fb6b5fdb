"""Filters and feature maps through a training: side by side as a strip, or one after the other as a film."""

import base64
import io
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import matplotlib as mpl
import numpy as np
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from PIL import Image

from practicum.pages import Page
from practicum.paper import finished, style
from practicum.tiles import SIGNED, Board

MAPS = "viridis"
NAMES = {"filters": "filters", "maps": "feature maps"}
MOST_COLUMNS, MOST_ROWS = 8, 6
TILE, GAP, SHEET_COLUMNS = 96, 6, 6  # pixels, and tiles a row, of a film


class Moment(Protocol):
    """What inspection.Snapshots keeps of each epoch."""

    epoch: int
    filters: dict[str, np.ndarray]
    maps: dict[str, np.ndarray]


class _Reel(NamedTuple):
    """What is shown: for each moment float (tiles, height, width), or with 3 colours; and on which colour scale."""

    what: str
    epochs: list[int]
    values: list[np.ndarray]
    colours: str | None
    scale: Normalize


def filmstrip(
    frames: Sequence[Moment],
    layer: str,
    *,
    what: str | None = None,
    numbers: Sequence[int] | None = None,
    title: str = "",
) -> Figure:
    """Filters, or feature maps, through a training: a row each, a column an epoch, all on one colour scale.

    Args:
        frames: Snapshots.frames. Of more than eight moments, eight are shown: the first, the last, and some in between.
        layer: name of a layer that was kept.
        what: "filters" or "maps"; None for filters where the layer has some. Filters on three channels are shown in
            colour, each stretched to its largest value in the whole training; others by their slice for channel 0.
        numbers: which filters or maps; None for the first six.
        title: stands above all.

    Raises:
        ValueError: no frames, or no such layer, filter or map among what was kept.
    """
    reel = _reel(frames, layer, what)
    count = len(reel.values[0])
    chosen = list(range(min(count, MOST_ROWS))) if numbers is None else list(numbers)
    if not chosen or min(chosen) < 0 or max(chosen) >= count:
        raise ValueError(f"plots.filmstrip: {reel.what} 0 to {count - 1} of {layer} were kept. Received {numbers!r}.")
    columns = np.unique(np.linspace(0, len(reel.epochs) - 1, MOST_COLUMNS).round().astype(int)).tolist()
    with style():
        title = title or _title(reel, layer)
        bar = reel.colours is not None
        board = Board(len(columns), len(chosen), tile=0.95, left=0.95, top=0.22, title=title, bar=bar)
        for row, number in enumerate(chosen):
            board.label(row, f"{reel.what.removesuffix('s')} {number}")
            for column, place in enumerate(columns):
                looks = {"cmap": reel.colours, "norm": reel.scale} if reel.colours else {}
                board.put(row, column, reel.values[place][number], **looks)
        for column, place in enumerate(columns):
            board.caption_above(0, column, _moment(reel.epochs[place]))
        if reel.colours:
            board.colour_bar(reel.colours, reel.scale, "weight" if reel.what == "filters" else "activation")
        return finished(board.figure)


def film(frames: Sequence[Moment], layer: str, *, what: str | None = None, title: str = "") -> Page:
    """The same as a page with a slider and a button to play it, for a notebook or, by .save("film.html"), a file.

    Args:
        frames, layer, what, title: as in filmstrip. All filters or maps that were kept are shown, at every moment.

    Raises:
        ValueError: as filmstrip does.
    """
    reel = _reel(frames, layer, what)
    sheets = [_sheet(reel, values) for values in reel.values]
    stills = [
        {"when": _moment(epoch), "url": "data:image/png;base64," + base64.b64encode(sheet).decode()}
        for epoch, sheet in zip(reel.epochs, sheets, strict=True)
    ]
    count = len(reel.values[0])
    where = f"the {count} {NAMES[reel.what]}"
    shown = np.unique(np.linspace(0, len(stills) - 1, 4).round().astype(int)).tolist()
    return Page(
        "film",
        title=title or _title(reel, layer),
        lead=f"Move the slider, or play: {where} of {layer} from before the first epoch to the end. " + _legend(reel),
        data={"frames": stills, "alt": f"{where} of {layer}"},
        stills=[stills[place] for place in shown],
        alt=f"{where} of {layer}",
    )


def _title(reel: _Reel, layer: str) -> str:
    return f"{NAMES[reel.what].capitalize()} of {layer} through the training"


def _legend(reel: _Reel) -> str:
    if reel.colours is None:
        return "Grey is a weight of 0; each filter is stretched to its largest weight in the whole training."
    if reel.what == "filters":
        return f"White is a weight of 0, purple up to {reel.scale.vmax:.2g}, orange down to −{reel.scale.vmax:.2g}."
    return f"Dark is {reel.scale.vmin:.2g}, yellow {reel.scale.vmax:.2g}."


def _moment(epoch: int) -> str:
    return f"epoch {epoch}" if epoch else "before"


def _reel(frames: Sequence[Moment], layer: str, what: str | None) -> _Reel:
    if not len(frames):
        raise ValueError("plots.filmstrip: there are no frames. Train with callbacks=[snapshots], then pass .frames.")
    kinds = [kind for kind in ("filters", "maps") if layer in getattr(frames[0], kind)]
    if what not in (None, "filters", "maps") or not kinds or (what is not None and what not in kinds):
        kept = sorted({*frames[0].filters, *frames[0].maps})
        raise ValueError(
            f"plots.filmstrip: nothing was kept as {what or 'filters or maps'} of {layer!r}. Kept: {', '.join(kept)}; "
            f"filters of {', '.join(sorted(frames[0].filters)) or 'none'}."
        )
    what = what or kinds[0]
    values = [np.moveaxis(np.asarray(getattr(frame, what)[layer], np.float64), -1, 0) for frame in frames]
    epochs = [frame.epoch for frame in frames]
    if what == "maps":
        low, high = min(0.0, *(array.min() for array in values)), max(array.max() for array in values)
        return _Reel(what, epochs, values, MAPS, Normalize(low, high if high > low else low + 1))
    if values[0].shape[-1] == 3:
        largest = np.max([np.abs(array).max((1, 2, 3)) for array in values], axis=0)
        largest = np.where(largest > 0, largest, 1.0)[:, None, None, None]
        return _Reel(what, epochs, [0.5 + array / (2 * largest) for array in values], None, Normalize(0, 1))
    values = [array[..., 0] for array in values]
    limit = max(float(np.abs(array).max()) for array in values) or 1.0
    return _Reel(what, epochs, values, SIGNED, Normalize(-limit, limit))


def _sheet(reel: _Reel, values: np.ndarray) -> bytes:
    """All tiles of a moment as one picture, a PNG."""
    columns = min(len(values), SHEET_COLUMNS)
    rows = -(-len(values) // columns)
    times = max(1, round(TILE / max(values.shape[1:3])))
    height, width = values.shape[1] * times, values.shape[2] * times
    sheet = np.zeros((rows * (height + GAP) - GAP, columns * (width + GAP) - GAP, 4), np.uint8)
    for number, tile in enumerate(values):
        top, left = (number // columns) * (height + GAP), (number % columns) * (width + GAP)
        colours: Any = tile if reel.colours is None else mpl.colormaps[reel.colours](reel.scale(tile))[..., :3]
        pixels = np.round(255 * np.asarray(colours)).astype(np.uint8)
        large = pixels.repeat(times, axis=0).repeat(times, axis=1)
        sheet[top : top + height, left : left + width, :3] = large
        sheet[top : top + height, left : left + width, 3] = 255
    buffer = io.BytesIO()
    Image.fromarray(sheet).save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()
