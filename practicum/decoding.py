"""The bytes of an image file -> pixels."""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps

from practicum.dataset import image_key
from practicum.pixel_files import PixelFile

BROKEN = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)  # what Pillow raises for unusable files
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")  # tried in this order
ENOUGH = 15 / 16  # of the wanted size; enlarging by the rest is not seen
MAY_TURN = ("exif", "Raw profile type exif", "xmp", "XML:com.adobe.xmp")  # where an orientation may be written


@dataclass(frozen=True)
class Decoded:
    """What became of a file: its own (height, width) when upright, and a key that is equal for equal pixels."""

    size: tuple[int, int]
    key: int


def decode_batch(
    items: list[tuple[str, int, str | bytes]], files: dict[str, PixelFile], *, only_this_size: bool
) -> list[Decoded | None]:
    """Decode images to their places. (A function of its own, so that another process can do it.)

    Args:
        items: (split, row, path or content of the file).
        files: where the images of each split go.
        only_this_size: stop at the first image of another size than that of files.

    Returns:
        One entry for each item up to there; None for what is no readable image.
    """
    outcomes: list[Decoded | None] = []
    ready: dict[str, list[tuple[int, np.ndarray]]] = {split: [] for split in files}
    for split, row, source in items:
        size = files[split].image_shape[:2]
        try:
            pixels, own_size = decode(source, size)
        except BROKEN:
            outcomes.append(None)
            continue
        outcomes.append(Decoded(own_size, image_key(pixels)))
        if only_this_size and own_size != size:
            return outcomes
        ready[split].append((row, pixels))
    for split, images in ready.items():
        if images:
            files[split].write(images)
    return outcomes


def decode_image(content: bytes, size: tuple[int, int] | None = None) -> np.ndarray:
    """The pixels of an image file: uint8 (height, width, 3), turned upright, on white where it is transparent.

    Args:
        content: the file's bytes.
        size: (height, width) to resize to, or None for its own.

    Raises:
        OSError or ValueError: no image, or one that cannot be decoded to its end.
    """
    return decode(content, size)[0]


def decode(source: str | bytes, size: tuple[int, int] | None) -> tuple[np.ndarray, tuple[int, int]]:
    """What decode_image gives, and the (height, width) of the upright image before it was resized.

    source: a file's path, or its bytes.
    """
    content = source if isinstance(source, bytes) else _read(source)
    with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
        width, height = picture.size
        if size is not None:
            # A large JPEG is decoded at a half, a quarter or an eighth of its size, which averages pixels by itself.
            # (It may lie on its side, so the longer side of size counts for both.)
            side = int(max(size) * ENOUGH)
            picture.draft("RGB", (side, side))
        picture.load()
        upright: Image.Image = picture
        if any(name in picture.info for name in MAY_TURN):
            drawn = picture.size
            upright = ImageOps.exif_transpose(picture)
            if upright.size != drawn:
                width, height = height, width
        colour = _to_rgb(upright)
    if size is not None and (colour.height, colour.width) != size:
        colour = colour.resize((size[1], size[0]), _filter(colour.height / size[0], colour.width / size[1]))
    return np.asarray(colour), (height, width)


def _filter(*factors: float) -> Image.Resampling:
    """How to resize by these factors (above 1: to shrink). Lanczos would be closer still, in five times the time."""
    if min(factors) >= 2:
        return Image.Resampling.BOX  # the mean of the pixels that fall together
    if min(factors) >= ENOUGH:
        return Image.Resampling.HAMMING  # as few pixels count, the mean would be of one here and of two there
    return Image.Resampling.BILINEAR


def _read(path: str) -> bytes:
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 (twice as fast as Path.read_bytes)
        return file.read()


def _to_rgb(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I"):  # 16 bits a pixel: scale, do not cut off
        return Image.fromarray((np.asarray(picture).astype(np.uint32) // 257).clip(0, 255).astype(np.uint8)).convert(
            "RGB"
        )
    if "A" in picture.getbands() or "transparency" in picture.info:
        paper = Image.new("RGBA", picture.size, "white")
        paper.alpha_composite(picture.convert("RGBA"))
        return paper.convert("RGB")
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def to_grey(image: np.ndarray) -> np.ndarray:
    """uint8 (H, W, 3) -> uint8 (H, W, 1), by ITU-R 601 luma, as Pillow's mode "L" defines it."""
    return np.asarray(Image.fromarray(image).convert("L"))[..., np.newaxis]
