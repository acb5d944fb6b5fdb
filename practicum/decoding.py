"""The bytes of an image file -> pixels, or the reason why there are none."""

import io
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from PIL import BmpImagePlugin, GifImagePlugin, Image, ImageFile, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from practicum.dataset import image_key
from practicum.duplicates import thumbnails
from practicum.kinds import HEAD, fault_of, gif_frames, has_its_end, kind_of, plain_jpeg, size_of, why_no_image
from practicum.pixel_files import PixelFile
from practicum.reasons import Note

MOST_PIXELS = 50_000_000
MOST_BYTES = 200_000_000  # of a file, as many as 50 megapixels take without being packed
ENOUGH = 15 / 16  # of the wanted size; enlarging by the rest is not seen
MAY_TURN = ("exif", "Raw profile type exif", "xmp", "XML:com.adobe.xmp")  # where an orientation may be written
ORIENTATION = 0x0112  # its number among EXIF's tags
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Called without Image.open, which takes a tenth of a small image's time to find out what kinds has found out.
DECODERS: dict[str, type[ImageFile.ImageFile]] = {
    "JPEG": JpegImagePlugin.JpegImageFile,
    "PNG": PngImagePlugin.PngImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
}
TURNED_BY_A_QUARTER = (
    *(Image.Transpose.TRANSPOSE, Image.Transpose.TRANSVERSE),
    *(Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_270),
)
TOO_SHORT = ("truncated", "Truncated", "not enough image data")  # in what a decoder says
MOST_LETTERS = 100  # of what a decoder says
STACKED_BYTES = 500_000  # of pixels from which thumbnails are made in one go: they find room in the processor's memory


class Piece(NamedTuple):
    """A file that lies whole inside another one, as in a .tar that is not packed."""

    path: str
    offset: int
    size: int


Source = str | bytes | Piece | Note  # a file's path, its content, where that lies, or why it cannot be had
Item = tuple[str, int, Source]  # of which split, in which row


class Items(list[Item]):
    """Items that are handed to another process quickly: named tuples would take ten times as long as plain ones."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _items, ([(*item[:2], tuple(item[2])) if isinstance(item[2], Piece) else item for item in self],)


def _items(plain: list[tuple[str, int, Any]]) -> Items:
    return Items((split, row, Piece(*source) if type(source) is tuple else source) for split, row, source in plain)


class Refused(ValueError):  # noqa: N818 (not a mistake of anyone's)
    """A file that gives no pixels, and why."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(detail or reason.replace("_", " "))
        self.note = Note(reason, detail)


class Decoded(NamedTuple):
    """An image file's pixels, uint8 (height, width, 3), its own (height, width) when upright, its kind and frames."""

    pixels: np.ndarray
    size: tuple[int, int]
    kind: str
    frames: int


class Outcome(NamedTuple):
    """What became of an image file: a key that is equal for equal pixels, and what Decoded says of it."""

    key: int
    size: tuple[int, int]
    kind: str
    frames: int


class Batch(NamedTuple):
    """What became of the files of a batch, in their order, and the thumbnails of those that gave pixels."""

    outcomes: list[Outcome | Note]
    thumbnails: np.ndarray

    def __reduce__(self) -> tuple[Any, ...]:  # as with Items
        plain = [tuple(outcome) if isinstance(outcome, Outcome) else outcome for outcome in self.outcomes]
        return _batch, (plain, self.thumbnails)


def _batch(plain: list[Any], thumbnails: np.ndarray) -> Batch:
    return Batch([Outcome(*outcome) if type(outcome) is tuple else outcome for outcome in plain], thumbnails)


def decode_batch(
    items: list[Item], files: dict[str, PixelFile], *, only_this_size: bool, quietly: bool = False
) -> Batch:
    """Decode images to their places. (A function of its own, so that another process can do it.)

    Args:
        items: (split, row, path or content of the file).
        files: where the images of each split go.
        only_this_size: stop at the first image of another size than that of files.
        quietly: hold back the warnings that Pillow has for odd files. For a process of its own: the threads of a
            process have one list of warnings together.

    Returns:
        An outcome for each item up to there: a Note of the reason for what gave no pixels.
    """
    if quietly:
        with without_warnings():
            return decode_batch(items, files, only_this_size=only_this_size)
    outcomes: list[Outcome | Note] = []
    images: list[np.ndarray] = []
    places: list[tuple[str, int]] = []
    for split, row, source in read_pieces(items):
        size = files[split].image_shape[:2]
        try:
            image = decode(source, size)
        except Refused as refusal:
            outcomes.append(refusal.note)
            continue
        outcomes.append(Outcome(image_key(image.pixels), image.size, image.kind, image.frames))
        if only_this_size and image.size != size:
            break
        images.append(image.pixels)
        places.append((split, row))
    small = [np.empty((0, 1, 1, 3), np.uint8)]
    step = max(1, STACKED_BYTES // images[0].nbytes) if images else 1
    for start in range(0, len(images), step):
        piece = np.stack(images[start : start + step])
        small.append(thumbnails(piece))
        _write(piece, places[start : start + step], files)
    return Batch(outcomes, np.concatenate(small[1:] or small))


def _write(images: np.ndarray, places: list[tuple[str, int]], files: dict[str, PixelFile]) -> None:
    """Write images to their splits and rows; most of them are neighbours, and are written in one go."""
    (split, first), (_, last) = places[0], places[-1]
    if places == [(split, row) for row in range(first, last + 1)]:
        files[split].write_from(first, images)
        return
    for split, file in files.items():
        file.write((row, image) for image, (own, row) in zip(images, places, strict=True) if own == split)


def decode_image(content: bytes, size: tuple[int, int] | None = None) -> np.ndarray:
    """The pixels of an image file: uint8 (height, width, 3), turned upright, on white where it is transparent.

    Args:
        content: the file's bytes.
        size: (height, width) to resize to, or None for its own.

    Raises:
        ValueError: no image, one that cannot be decoded to its end, or one of more than 50 megapixels.
    """
    with without_warnings():
        return decode(content, size).pixels


@contextmanager
def without_warnings() -> Iterator[None]:
    """Pillow warns of odd files; an audit tells their owners in other words, and a test takes them for failures."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def decode(source: Source, size: tuple[int, int] | None) -> Decoded:
    """The image of a file, resized to size (height, width) unless that is None.

    Raises:
        Refused: with the reason.
    """
    if isinstance(source, Note):
        raise Refused(source.reason, source.detail)
    if isinstance(source, Piece):
        ((_, _, source),) = read_pieces([("", 0, source)])
        return decode(source, size)
    content = source if isinstance(source, bytes) else _read(source)
    kind = kind_of(content)
    if kind is None:
        raise Refused(*why_no_image(content[:HEAD]))
    _check_pixels(size_of(kind, content))
    try:
        fault = fault_of(kind, content)
        if fault is None:
            return _decode(content, kind, size)
    except (Refused, MemoryError):
        raise
    except Exception as error:  # a decoder's own mistakes, too, are faults of the file
        if any(words in str(error) for words in TOO_SHORT) or not has_its_end(kind, content):
            raise Refused("cut_short") from None
        raise Refused("damaged", " ".join(str(error).split())[:MOST_LETTERS]) from None
    raise Refused(fault)


def _check_pixels(size: tuple[int, int] | None) -> None:
    if size is not None and size[0] * size[1] > MOST_PIXELS:
        raise Refused("too_many_pixels", f"{size[0]:,} × {size[1]:,} pixels")


def _decode(content: bytes, kind: str, size: tuple[int, int] | None) -> Decoded:
    if kind == "JPEG" and (plain := plain_jpeg(content)) is not None:
        _check_pixels(plain[:2])
        return _decode_plain(content, plain, size)
    with DECODERS[kind](io.BytesIO(content)) as picture:
        width, height = picture.size
        _check_pixels(picture.size)
        if size is not None:
            picture.draft("RGB", (least := _least_side(size), least))
        picture.load()
        upright: Image.Image = picture
        if any(name in picture.info for name in MAY_TURN):
            turn = _turn(picture)
            if turn is not None:
                upright = picture.transpose(turn)
                if turn in TURNED_BY_A_QUARTER:
                    width, height = height, width
        colour = _to_rgb(upright)
        frames = _frames(picture, kind, content)
    return Decoded(_resized(colour, size), (height, width), kind, frames)


def _decode_plain(content: bytes, plain: tuple[int, int, int], size: tuple[int, int] | None) -> Decoded:
    """As _decode, straight by the decoder: of a small image's time, three quarters go into Pillow's way to it."""
    width, height, channels = plain
    mode = "RGB" if channels == 3 else "L"
    most = 1 if size is None else min(width, height) // _least_side(size)
    scale = next((scale for scale in (8, 4, 2) if scale <= most), 1)
    scaled = (-(-width // scale), -(-height // scale))
    colour = Image.frombytes(mode, scaled, content, "jpeg", mode, "", scale, 0)
    return Decoded(_resized(colour.convert("RGB") if mode == "L" else colour, size), (height, width), "JPEG", 1)


def _least_side(size: tuple[int, int]) -> int:
    """How few pixels a side a large JPEG may be decoded to: at a half, a quarter or an eighth, each the mean of some.

    (It may lie on its side, so the longer side of size counts for both.)
    """
    return max(int(max(size) * ENOUGH), 1)


def _turn(picture: Image.Image) -> Image.Transpose | None:
    """What to do with a photo that was stored as the camera was held."""
    try:
        return TURNS.get(picture.getexif().get(ORIENTATION, 1))
    except Exception:  # notes of a camera that nobody can read are no reason to do without the photo
        return None


def _frames(picture: Image.Image, kind: str, content: bytes) -> int:
    if kind == "JPEG":
        return 1  # a phone's second picture in a file is not the next of a film
    return gif_frames(content) if kind == "GIF" else getattr(picture, "n_frames", 1)


def _resized(colour: Image.Image, size: tuple[int, int] | None) -> np.ndarray:
    if size is not None and (colour.height, colour.width) != size:
        colour = colour.resize((size[1], size[0]), _filter(colour.height / size[0], colour.width / size[1]))
    return np.asarray(colour)


def _filter(*factors: float) -> Image.Resampling:
    """How to resize by these factors (above 1: to shrink). Lanczos would be closer still, in five times the time."""
    if min(factors) >= 2:
        return Image.Resampling.BOX  # the mean of the pixels that fall together
    if min(factors) >= ENOUGH:
        return Image.Resampling.HAMMING  # as few pixels count, the mean would be of one here and of two there
    return Image.Resampling.BILINEAR


def _read(path: str) -> bytes:
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 (twice as fast as Path.read_bytes)
            return _read_part(file, 0, os.fstat(file.fileno()).st_size)
    except OSError as error:
        raise _unreadable(error) from None


def _read_part(file: io.FileIO, offset: int, size: int) -> bytes:
    if size > MOST_BYTES:
        raise Refused("too_large", f"{size / 1e6:,.0f} MB")
    if offset:
        file.seek(offset)
    content = file.read(size)
    while len(content) < size and (more := file.read(size - len(content))):  # network drives give a part
        content += more
    return content


def _unreadable(error: OSError) -> Refused:
    return Refused("unreadable", error.strerror or str(error))


def read_pieces(items: list[Item]) -> list[Item]:
    """The items with the content of those that are pieces of a larger file, which is opened once for all of them."""
    path = next((source.path for _, _, source in items if isinstance(source, Piece)), None)
    if path is None:
        return items
    read: list[Item] = []
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 (as above)
        for split, row, source in items:
            if isinstance(source, Piece):
                try:
                    source = _read_part(file, source.offset, source.size)
                except OSError as error:
                    source = _unreadable(error).note
            read.append((split, row, source))
    return read


def _to_rgb(picture: Image.Image) -> Image.Image:
    if picture.mode == "RGB" and "transparency" not in picture.info:
        return picture
    if picture.mode.startswith("I"):
        return _from_16_bits(picture)
    if "A" in picture.getbands() or "transparency" in picture.info:
        paper = Image.new("RGBA", picture.size, "white")
        paper.alpha_composite(picture.convert("RGBA"))
        return paper.convert("RGB")
    return picture.convert("RGB")


def _from_16_bits(picture: Image.Image) -> Image.Image:
    """16 bits a pixel, of which the upper eight are kept: scaled, not cut off."""
    values = np.asarray(picture)
    grey = (values.clip(0, 65535) >> 8).astype(np.uint8)
    clear = picture.info.get("transparency")
    if isinstance(clear, int):
        grey[values == clear] = 255
    return Image.fromarray(grey).convert("RGB")


def to_grey(image: np.ndarray) -> np.ndarray:
    """uint8 (H, W, 3) -> uint8 (H, W, 1), by ITU-R 601 luma, as Pillow's mode "L" defines it."""
    return np.asarray(Image.fromarray(image).convert("L"))[..., np.newaxis]
