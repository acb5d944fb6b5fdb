"""Figures of where a network looked: heat maps laid over the images that they are about."""

from collections.abc import Mapping, Sequence
from textwrap import wrap

import matplotlib as mpl
import numpy as np
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from practicum.paper import finished, style, written
from practicum.tiles import Board

HEAT = "inferno"  # black to bright yellow: uniform, and told apart with every kind of colour vision
HALF = 0.5  # of what is seen of an overlay is the map at its coldest, more where it is hot
CAPTION = 20  # letters a line


def overlay(image: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """A heat map laid over its image: what is hot shines, what is cold lies in the dark.

    Args:
        image: uint8 (H, W, 1 or 3).
        heat: (H, W), from 0 to 1.

    Returns:
        uint8 (H, W, 3). The image is made grey, so that all colour is the map's.

    Example:
        >>> overlay(np.full((1, 2, 3), 200, np.uint8), np.array([[0.0, 1.0]])).shape
        (1, 2, 3)
    """
    image, heat = _checked(image, heat)
    grey = image.astype(np.float64).mean(axis=-1, keepdims=True) / 255
    colours = mpl.colormaps[HEAT](heat)[..., :3]
    share = HALF + (1 - HALF) * 0.6 * heat[..., np.newaxis]
    return np.round(255 * (share * colours + (1 - share) * grey)).astype(np.uint8)


def heat(image: np.ndarray, heat: np.ndarray, *, title: str = "", caption: str = "") -> Figure:
    """One heat map: the image, the map, and the map laid over the image, with a colour bar.

    Args:
        image: uint8 (H, W, 1 or 3), the image that was asked about.
        heat: (H, W), from 0 to 1: what inspection.grad_cam, saliency or occlusion gives.
        title: stands above all; the method, the class and its score, say.
        caption: stands under the image.
    """
    image, heat = _checked(image, heat)
    with style():
        board = Board(3, 1, tile=2.1, above=0.2, below=0.2 if caption else 0.0, title=title, bar=True)
        for column, (what, picture) in enumerate(
            (("the image", image), ("the heat map", None), ("one over the other", overlay(image, heat)))
        ):
            board.caption_above(0, column, what)
            _put(board, 0, column, picture, heat)
        if caption:
            board.caption_below(0, 0, written(caption, 40))
        board.colour_bar(HEAT, Normalize(0, 1), "heat, as a share of the highest")
        return finished(board.figure)


def heats(
    images: np.ndarray | Sequence[np.ndarray],
    maps: Mapping[str, np.ndarray | Sequence[np.ndarray]],
    captions: Sequence[str] = (),
    *,
    title: str = "",
) -> Figure:
    """Several images and several heat maps of each: a row an image, a column a method, all as overlays.

    Args:
        images: uint8 (N, H, W, 1 or 3).
        maps: column title -> (N, H, W), from 0 to 1; such as {"Grad-CAM": grad_cam(model, images), …}.
        captions: one text an image, left of its row: the class and its score, say.
        title: stands above all.
    """
    for name, own in maps.items():
        if len(own) != len(images):
            raise ValueError(
                f"plots.heats: {len(images)} images but {len(own)} maps of {name!r}. Pass one map an image."
            )
    if captions and len(captions) != len(images):
        raise ValueError(f"plots.heats: {len(images)} images but {len(captions)} captions. Pass one an image, or none.")
    lines = ["\n".join(_lines(text)) for text in captions]
    with style():
        columns = 1 + len(maps)
        left = 0.1 + (0.085 * max(len(line) for text in lines for line in text.split("\n")) + 0.1 if lines else 0)
        board = Board(columns, len(images), tile=1.5, left=left, top=0.2, title=title, bar=True)
        for column, name in enumerate(("the image", *maps)):
            board.caption_above(0, column, written(name))
        for row, image in enumerate(images):
            if lines:
                board.label(row, lines[row])
            board.image(row, 0, image)
            for column, own in enumerate(maps.values(), start=1):
                _put(board, row, column, overlay(image, own[row]), own[row])
        board.colour_bar(HEAT, Normalize(0, 1), "heat, as a share of the highest")
        return finished(board.figure)


def _lines(text: str) -> list[str]:
    return [part for line in text.split("\n") for part in wrap(written(line, 60), CAPTION)]


def _put(board: Board, row: int, column: int, picture: np.ndarray | None, heat: np.ndarray) -> None:
    if picture is None:
        picture = np.round(255 * mpl.colormaps[HEAT](heat)[..., :3]).astype(np.uint8)
    board.image(row, column, picture)
    if not np.any(heat):
        board.caption_inside(row, column, "zero everywhere")


def _checked(image: np.ndarray, heat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    image, heat = np.asarray(image), np.asarray(heat, np.float64)
    if image.ndim != 3 or image.shape[-1] not in (1, 3) or heat.shape != image.shape[:2]:
        raise ValueError(
            f"plots.heat: expected an image (height, width, 1 or 3) and a map (height, width) of the same size. "
            f"Received {image.shape} and {heat.shape}."
        )
    if not ((heat >= 0) & (heat <= 1)).all():
        raise ValueError("plots.heat: a heat map has values from 0 to 1. Pass what inspection.grad_cam gives.")
    return image, heat
