"""Pixels that come out right whatever the file's kind."""

import io
import os
import pickle
import struct
import subprocess
import sys
import threading
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from conftest import PROJECT
from odd_files import encoded, large_png, picture, png_chunk, png_with, rle_bmp
from PIL import Image, ImageFile

from practicum.data import photo
from practicum.decoding import (
    Batch,
    Items,
    Outcome,
    Piece,
    Refused,
    _read_part,
    decode,
    decode_batch,
    decode_image,
    to_grey,
)
from practicum.kinds import plain_jpeg
from practicum.pixel_files import PixelFile
from practicum.reasons import Note


def png(bits, colour_type, rows, *chunks, size=None):
    """A PNG written by hand, for kinds that Pillow reads but does not write: rows of packed bytes.

    size: (width, height) if it is interlaced; the rows are then those of its seven passes.
    """
    values = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour_type]
    width, height = size or (len(rows[0]) * 8 // bits // values, len(rows))
    header = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, size is not None)
    pixels = zlib.compress(b"".join(b"\0" + bytes(row) for row in rows))
    parts = [(b"IHDR", header), *chunks, (b"IDAT", pixels), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*part) for part in parts)


def in_16_bits(*values):
    return struct.pack(f">{len(values)}H", *values)


def photo_like(width, height, mode, **options):
    """A JPEG of a smooth picture with some noise, without a camera's notes."""
    rng = np.random.default_rng(width)
    levels = np.add.outer(np.linspace(0, 150, height), np.linspace(0, 80, width))[..., None]
    pixels = (levels + rng.integers(0, 25, (height, width, 3))).astype(np.uint8)
    return encoded(Image.fromarray(pixels).convert(mode), "JPEG", **options)


def framed_gif(**options):
    """A GIF of which the first picture is smaller than its screen, and a second one follows."""
    first, second = Image.new("P", (2, 2)), Image.new("P", (2, 2), 1)
    for image in (first, second):
        image.putpalette([255, 0, 0, 0, 0, 255])
    return encoded(first, "GIF", save_all=True, append_images=[second], **options)


RED, GREEN, BLUE, WHITE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)
HALF = np.array([[[255, 0, 0, 0], [255, 0, 0, 255], [255, 0, 0, 128]]], np.uint8)
RGB = np.random.default_rng(0).integers(0, 256, (9, 7, 3)).astype(np.uint8)
SMOOTH = np.add.outer(np.arange(32) * 4, np.arange(40) * 3)[..., None] // np.array([1, 2, 3])
SMOOTH = SMOOTH.astype(np.uint8)
GREY = RGB[..., :1].repeat(3, axis=2)
PALETTE = bytes([255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9])
OS2_BMP = b"BM" + struct.pack("<IHHIIHHHH", 26 + 8, 0, 0, 26, 12, 2, 1, 1, 24) + bytes(
    [0, 0, 255, 0, 255, 0, 0, 0]
)  # fmt: skip
BMP_555 = b"BM" + struct.pack("<IHHIIiiHHIIiiII", 54 + 4, 0, 0, 54, 40, 2, -1, 1, 16, 0, 4, 0, 0, 0, 0) + struct.pack(
    "<HH", 31 << 10, 31 << 5
)  # fmt: skip

# name: (content, its pixels, how far they may be off)
KINDS = {
    "PNG, RGB": (encoded(Image.fromarray(RGB)), RGB, 0),
    "PNG, grey": (encoded(Image.fromarray(RGB[..., 0])), GREY, 0),
    "PNG, 1 bit": (png(1, 0, [[0b10100000], [0b01010000]]), [[WHITE, BLACK] * 2 + [BLACK] * 4,
                                                             [BLACK, WHITE] * 2 + [BLACK] * 4], 0),
    "PNG, 2 bits": (png(2, 0, [[0b00011011]]), [[(0,) * 3, (85,) * 3, (170,) * 3, (255,) * 3]], 0),
    "PNG, 4 bits": (png(4, 0, [[0x0F, 0x84]]), [[(0,) * 3, (255,) * 3, (136,) * 3, (68,) * 3]], 0),
    "PNG, 1 bit, one of both transparent": (
        png(1, 0, [[0b10000000]], (b"tRNS", in_16_bits(0))), [[WHITE] * 8], 0),
    "PNG, grey, one transparent": (png(8, 0, [[0, 50, 200]], (b"tRNS", in_16_bits(50))),
                                   [[BLACK, WHITE, (200,) * 3]], 0),
    "PNG, RGB, one transparent": (png(8, 2, [[255, 0, 0, 0, 0, 255]], (b"tRNS", in_16_bits(255, 0, 0))),
                                  [[WHITE, BLUE]], 0),
    "PNG, palette": (png(8, 3, [[0, 1, 2]], (b"PLTE", PALETTE)), [[RED, GREEN, BLUE]], 0),
    "PNG, palette of 2 bits": (png(2, 3, [[0b00011011]], (b"PLTE", PALETTE)), [[RED, GREEN, BLUE, (9, 9, 9)]], 0),
    "PNG, palette, half transparent": (png(8, 3, [[0, 1, 2]], (b"PLTE", PALETTE), (b"tRNS", bytes([0, 128]))),
                                       [[WHITE, (127, 255, 127), BLUE]], 1),
    "PNG, grey and alpha": (png(8, 4, [[0, 255, 0, 0, 0, 128]]), [[BLACK, WHITE, (127,) * 3]], 1),
    "PNG, RGBA": (encoded(Image.fromarray(HALF)), [[WHITE, RED, (255, 127, 127)]], 1),
    "PNG, 16 bits of grey": (png(16, 0, [in_16_bits(0, 32768, 65535, 257 * 77, 255)]),
                             [[BLACK, (127,) * 3, WHITE, (77,) * 3, BLACK]], 1),
    "PNG, 16 bits of grey, one transparent": (
        png(16, 0, [in_16_bits(1000, 65535, 30000)], (b"tRNS", in_16_bits(30000))), [[(3,) * 3, WHITE, WHITE]], 1),
    "PNG, 16 bits of grey and alpha": (png(16, 4, [in_16_bits(257 * 9, 65535, 0, 0)]), [[(9,) * 3, WHITE]], 1),
    "PNG, 16 bits of RGB": (png(16, 2, [in_16_bits(65535, 257 * 100, 300)]), [[(255, 100, 1)]], 1),
    "PNG, 16 bits of RGBA": (png(16, 6, [in_16_bits(65535, 0, 0, 65535, 65535, 0, 0, 0)]), [[RED, WHITE]], 1),
    "PNG, interlaced": (png(8, 0, [[0], [200]], size=(2, 1)), [[BLACK, (200,) * 3]], 0),
    "GIF": (encoded(Image.fromarray(RGB[:2, :2]), "GIF"), RGB[:2, :2], 0),
    "GIF, one transparent": (framed_gif(transparency=0, disposal=2), [[WHITE] * 2] * 2, 0),
    "GIF, the first picture of two": (framed_gif(duration=10), [[RED] * 2] * 2, 0),
    "BMP": (encoded(Image.fromarray(RGB), "BMP"), RGB, 0),
    "BMP, palette": (encoded(Image.fromarray(RGB[..., 0]).convert("P"), "BMP"), GREY, 0),
    "BMP, 1 bit": (encoded(Image.fromarray(RGB[..., 0] > 99), "BMP"), (RGB[..., :1] > 99).repeat(3, 2) * 255, 0),
    "BMP, 32 bits": (encoded(Image.fromarray(RGB).convert("RGBA"), "BMP"), RGB, 0),
    "BMP, 16 bits, from top to bottom": (BMP_555, [[RED, GREEN]], 0),
    "BMP of OS/2": (OS2_BMP, [[RED, GREEN]], 0),
    "BMP, run lengths": (rle_bmp(5, 2), [[BLUE] * 5, [RED] * 5], 0),
    "WebP without loss": (encoded(Image.fromarray(RGB), "WEBP", lossless=True), RGB, 0),
    "WebP with alpha": (encoded(Image.fromarray(HALF), "WEBP", lossless=True, exact=True),
                        [[WHITE, RED, (255, 127, 127)]], 1),
    "WebP with loss": (encoded(Image.new("RGB", (16, 16), (200, 40, 40)), "WEBP", quality=95),
                       np.full((16, 16, 3), (200, 40, 40)), 4),
    "JPEG": (encoded(Image.fromarray(SMOOTH), "JPEG", quality=98, subsampling=0), SMOOTH, 4),
    "JPEG, grey": (encoded(Image.fromarray(SMOOTH[..., 0]), "JPEG", quality=98), SMOOTH[..., :1].repeat(3, 2), 4),
    "JPEG, progressive": (encoded(Image.fromarray(SMOOTH), "JPEG", quality=98, subsampling=0, progressive=True),
                          SMOOTH, 4),
    "JPEG, CMYK": (encoded(Image.fromarray(SMOOTH).convert("CMYK"), "JPEG", quality=98, subsampling=0), SMOOTH, 4),
    "JPEG, CMYK with black": (encoded(Image.new("CMYK", (16, 16), (0, 255, 255, 128)), "JPEG", quality=98),
                              np.full((16, 16, 3), (127, 0, 0)), 4),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_pixel_comes_out_as_rgb(kind):
    content, expected, off = KINDS[kind]
    pixels = decode_image(content)
    assert pixels.dtype == np.uint8
    assert pixels.shape == np.shape(expected)
    assert np.abs(pixels.astype(int) - np.array(expected)).max() <= off


def test_transparent_palette_is_laid_on_white():
    picture = Image.new("P", (2, 1))
    picture.putpalette([255, 0, 0, 0, 0, 255])
    picture.putdata([0, 1])
    assert decode_image(encoded(picture, transparency=0)).tolist() == [[[255, 255, 255], [0, 0, 255]]]


def test_cmyk_jpeg_keeps_its_colour():
    picture = Image.new("RGB", (16, 16), (200, 40, 40)).convert("CMYK")
    assert np.abs(decode_image(encoded(picture, "JPEG")).astype(int) - (200, 40, 40)).max() <= 4


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photos_are_turned_upright(orientation):
    """A photo whose top left quarter is white, stored in each of the eight ways a camera can hold it."""
    upright = Image.new("L", (40, 24))
    upright.paste(255, (0, 0, 20, 12))
    undo = {
        1: [], 2: [0], 3: [3], 4: [1], 5: [5], 6: [2], 7: [6], 8: [4],
    }[orientation]  # fmt: skip
    stored = upright.convert("RGB")
    for method in undo:
        stored = stored.transpose(Image.Transpose(method))
    exif = Image.Exif()
    exif[0x0112] = orientation
    pixels = decode_image(encoded(stored, "JPEG", exif=exif, quality=95))
    assert pixels.shape == (24, 40, 3)
    assert pixels[:10, :18].min() > 240
    assert pixels[14:, :].max() < 15
    assert pixels[:, 22:].max() < 15
    assert decode_image(encoded(stored, "JPEG", exif=exif, quality=95), (12, 20)).shape == (12, 20, 3)


def test_resizing_keeps_the_whole_image():
    picture = np.zeros((100, 200, 3), np.uint8)
    picture[:, :100, 0] = picture[50:, :, 2] = 255
    small = decode_image(encoded(Image.fromarray(picture)), (10, 10))
    assert small.shape == (10, 10, 3)
    assert small[2, 2].tolist() == pytest.approx([255, 0, 0], abs=2)
    assert small[7, 7].tolist() == pytest.approx([0, 0, 255], abs=2)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9])
def test_a_file_cut_short_is_refused(share):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    for kind in ("PNG", "JPEG", "BMP"):
        whole = encoded(Image.fromarray(noise), kind)
        with pytest.raises((OSError, ValueError, SyntaxError)):
            decode_image(whole[: int(len(whole) * share)])


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        *((kind, {}) for kind in ("JPEG", "PNG", "BMP", "GIF", "WEBP")),
        ("JPEG", {"exif": b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0"}),
    ],
    ids=["JPEG", "PNG", "BMP", "GIF", "WebP", "JPEG with a camera's notes"],
)
def test_a_file_cut_short_is_refused_whatever_else_runs_in_the_same_program(kind, options, monkeypatch):
    """A learner's notebook may have told Pillow to fill up what is missing with grey."""
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    whole = encoded(picture(1, 64), kind, **options)
    assert decode_image(whole).shape == (64, 64, 3)
    for end in (len(whole) * 7 // 10, len(whole) - 1):
        with pytest.raises(Refused) as refusal:
            decode_image(whole[:end])
        assert refusal.value.note.reason == "cut_short"


def test_a_jpeg_that_is_there_to_its_end_but_makes_no_sense_is_damaged():
    """Not cut short: to copy it again would not help."""
    content = encoded(picture(1), "JPEG")
    length = 2 + int.from_bytes(content[4:6], "big")
    odd = content[: 2 + length] + bytes(4) + content[2 + length :]
    assert decode_image(odd).shape == (24, 24, 3), "decoders skip what should not be there"
    with pytest.raises(Refused) as refusal:
        decode_image(odd.replace(b"\xff\xc0", b"\xff\xc3"))  # a way of packing that decoders do not know
    assert refusal.value.note.reason == "damaged"


def test_grey_by_luma():
    assert to_grey(np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8))[0, :, 0].tolist() == [76, 150, 29]


def test_a_photo_on_its_side_is_as_sharp_as_an_upright_one():
    """A shape for which JPEG's own shrinking could be taken too far, if it looked at the photo as it is stored."""
    stripes = np.zeros((1600, 400, 3), np.uint8)
    stripes[:, np.arange(400) // 4 % 2 == 0] = 255
    exif = Image.Exif()
    exif[0x0112] = 6
    content = encoded(Image.fromarray(stripes).transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif, quality=95)
    row = decode_image(content, (100, 400))[50, :, 0].astype(int)
    assert np.abs(np.diff(row)).max() > 200


@pytest.mark.parametrize("shape", [(375, 500), (96, 128), (400, 400), (383, 383), (140, 140), (3000, 4000)])
def test_a_shrunk_photo_is_nearly_as_good_as_by_lanczos(shape):
    """Compared with taking one pixel of many, for which fast ways to shrink may be mistaken."""
    picture = Image.fromarray(photo("coffee")).resize(shape[::-1], Image.Resampling.LANCZOS)
    content = encoded(picture, "JPEG", quality=95)
    picture = Image.fromarray(decode_image(content))
    best = np.asarray(picture.resize((96, 96), Image.Resampling.LANCZOS)).astype(int)
    single = np.asarray(picture.resize((96, 96), Image.Resampling.NEAREST))
    assert np.abs(decode_image(content, (96, 96)) - best).mean() < 0.7 * np.abs(single - best).mean()


def test_a_phones_file_of_two_pictures_gives_the_first():
    red, blue = Image.new("RGB", (40, 30), RED), Image.new("RGB", (40, 30), (0, 0, 255))
    pixels = decode_image(encoded(red, "MPO", save_all=True, append_images=[blue]), (10, 10))
    assert np.abs(pixels.astype(int) - RED).max() < 4


def test_what_camera_notes_say_wrongly_is_no_reason_to_do_without_the_photo():
    content = encoded(Image.new("RGB", (16, 8), RED), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff\x12\x01")
    assert decode_image(content).shape == (8, 16, 3)


TURNED = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"  # notes that say: by a quarter


def profile(notes):
    """Notes of a camera as some programs write them into a PNG: in a text, as hexadecimal digits."""
    return b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(b"\nexif\n      34\n" + notes + b"\n")


@pytest.mark.parametrize(
    "content",
    [
        png_with(picture(1), b"eXIf", b"garbage!garbage!"),
        png_with(picture(1), b"eXIf", b"II*\0"),
        png_with(picture(1), *profile(b"no hexadecimal digits")),
        encoded(picture(1), "WEBP", lossless=True, exif=b"garbage!garbage!"),
        encoded(picture(1), "WEBP", lossless=True, exif=b"II*\0"),
    ],
    ids=["PNG, no notes", "PNG, cut off", "PNG, no digits", "WebP, no notes", "WebP, cut off"],
)
def test_camera_notes_that_make_a_decoder_trip_are_no_reason_to_do_without_the_photo(content):
    assert np.array_equal(decode_image(content), np.asarray(picture(1)))


@pytest.mark.parametrize(
    "content",
    [
        png_with(picture(1), b"eXIf", TURNED),
        png_with(picture(1), *profile((b"Exif\0\0" + TURNED).hex().encode())),
        png_with(picture(1), b"iTXt", b'XML:com.adobe.xmp\0\0\0\0\0<x tiff:Orientation="6"/>'),
        encoded(picture(1), "WEBP", lossless=True, exif=TURNED),
    ],
    ids=["in a PNG", "in a PNG's text", "in a PNG as XMP", "in a WebP"],
)
def test_a_photo_is_turned_wherever_its_notes_stand(content):
    assert np.array_equal(decode_image(content), np.rot90(np.asarray(picture(1)), -1))


def test_the_size_of_a_photo_is_that_of_the_upright_one():
    """Or photos held in two ways would be taken for photos of one size."""
    wide = Image.new("RGB", (40, 24), RED)
    for orientation, size in ((1, (24, 40)), (3, (24, 40)), (6, (40, 24)), (8, (40, 24))):
        exif = Image.Exif()
        exif[0x0112] = orientation
        assert decode(encoded(wide, "JPEG", exif=exif), None).size == size
        assert decode(encoded(wide, "JPEG", exif=exif), (10, 10)).size == size


def test_a_file_that_comes_in_parts_is_read_to_its_end():
    """As from a network drive: here from a pipe, which gives what is there."""
    content = encoded(Image.fromarray(SMOOTH))
    end, start = os.pipe()

    def send():
        with os.fdopen(start, "wb", buffering=0) as out:
            for place in range(0, len(content), 100):
                out.write(content[place : place + 100])
                time.sleep(0.001)

    sender = threading.Thread(target=send)
    sender.start()
    with os.fdopen(end, "rb", buffering=0) as file:
        assert _read_part(file, 0, len(content)) == content
    sender.join()


def test_the_limit_of_bytes_is_the_limit(tmp_path, monkeypatch):
    content = encoded(picture(1))
    (tmp_path / "x.png").write_bytes(content)
    monkeypatch.setattr("practicum.decoding.MOST_BYTES", len(content))
    assert decode(str(tmp_path / "x.png"), None).size == (24, 24)
    monkeypatch.setattr("practicum.decoding.MOST_BYTES", len(content) - 1)
    with pytest.raises(Refused) as refusal:
        decode(str(tmp_path / "x.png"), None)
    assert refusal.value.note.reason == "too_large"


def test_want_of_memory_is_no_fault_of_the_file(tmp_path):
    """It is not listed as damaged: with other programs closed it can be read."""
    if not Path("/proc/self/statm").exists():
        pytest.skip("only Linux tells how much address space is taken")
    (tmp_path / "small.png").write_bytes(encoded(picture(1)))
    (tmp_path / "x.png").write_bytes(large_png(7000, 7000))
    code = (
        "import resource, sys; from practicum.decoding import decode\n"
        "decode('small.png', None)\n"
        "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used + 60_000_000,) * 2)\n"
        "try: decode('x.png', None)\n"
        "except BaseException as error: print(type(error).__name__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )
    assert done.stdout == "MemoryError\n", done.stderr


def test_every_file_has_its_reason(tmp_path):
    (tmp_path / "x.jpg").write_bytes(b"hello")
    for source, reason in (
        (b"", "empty"),
        (str(tmp_path / "x.jpg"), "text"),
        (str(tmp_path / "nowhere.jpg"), "unreadable"),
        (Piece(str(tmp_path / "x.jpg"), 0, 0), "empty"),
        (Note("encrypted"), "encrypted"),
    ):
        with pytest.raises(Refused) as refusal:
            decode(source, None)
        assert refusal.value.note.reason == reason


def test_a_piece_of_a_file_is_read_from_its_place(tmp_path):
    content = encoded(Image.new("RGB", (3, 2), RED))
    (tmp_path / "x").write_bytes(b"before" + content + b"after")
    assert decode(Piece(str(tmp_path / "x"), 6, len(content)), None).pixels.shape == (2, 3, 3)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}, {"comment": b"hi"}, {"quality": 5}])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_the_short_way_to_the_pixels_of_a_jpeg_is_as_good(mode, options):
    content = encoded(Image.fromarray(RGB).convert(mode), "JPEG", **options)
    assert plain_jpeg(content) == (7, 9, len(mode))
    with Image.open(io.BytesIO(content)) as picture:
        assert np.array_equal(decode_image(content), np.asarray(picture.convert("RGB")))


def test_a_jpeg_that_may_be_turned_or_has_other_colours_is_not_taken_the_short_way():
    exif = Image.Exif()
    exif[0x0112] = 3
    assert plain_jpeg(encoded(Image.fromarray(RGB), "JPEG", exif=exif)) is None
    assert plain_jpeg(encoded(Image.fromarray(RGB).convert("CMYK"), "JPEG")) is None


@pytest.mark.parametrize("rows", [[3, 4, 5], [5, 4, 3], [0, 2, 5], [1, 2]])
def test_images_of_a_batch_go_to_their_places(tmp_path, rows):
    """Neighbours, in the other order, with gaps where files are broken, in two splits."""
    files = {split: PixelFile.create(tmp_path / f"{split}.npy", 6, (2, 2, 3)) for split in ("train", "test")}
    items = [(split, row, encoded(Image.new("RGB", (2, 2), (row, 7, 9)))) for split in files for row in rows]
    batch = decode_batch([*items[:1], ("train", 5, b"broken"), *items[1:]], files, only_this_size=True)
    assert len(batch.outcomes) == len(items) + 1
    assert len(batch.thumbnails) == len(items)
    expected = np.zeros((6, 2, 2, 3), np.uint8)
    for row in rows:
        expected[row] = row, 7, 9
    for split in files:
        assert np.array_equal(np.load(tmp_path / f"{split}.npy"), expected)


@pytest.mark.parametrize(
    "places",
    [
        [("train", 0), ("train", 2), ("train", 1), ("train", 3)],
        [("train", 0), ("test", 1)],
        [("train", 0), ("test", 1), ("train", 2)],
    ],
    ids=["two change places", "one in each split", "another split between"],
)
def test_images_that_only_seem_to_be_neighbours_go_to_their_places(tmp_path, places):
    files = {split: PixelFile.create(tmp_path / f"{split}.npy", 4, (2, 2, 3)) for split in ("train", "test")}
    items = [(split, row, encoded(Image.new("RGB", (2, 2), (10 + row, 7, 9)))) for split, row in places]
    decode_batch(items, files, only_this_size=True)
    for split in files:
        rows = np.load(tmp_path / f"{split}.npy")[:, 0, 0, 0].tolist()
        assert rows == [10 + row if (split, row) in places else 0 for row in range(4)]


def test_a_batch_stops_at_another_size(tmp_path):
    files = {"train": PixelFile.create(tmp_path / "train.npy", 2, (2, 2, 3))}
    items = [("train", row, encoded(Image.new("RGB", (2 + row, 2)))) for row in range(3)]
    batch = decode_batch(items, files, only_this_size=True)
    assert [outcome.size for outcome in batch.outcomes] == [(2, 2), (2, 3)]


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize(
    ("shape", "size", "fraction"),
    [
        ((500, 375), (96, 96), 4),  # 375 / 4 is 93.75, which is near enough to 96
        ((500, 357), (96, 96), 2),  # a quarter would be 89 pixels
        ((101, 403), (12, 20), 4),  # odd sizes, and not square
        ((333, 333), (4, 4), 8),  # no less than an eighth
        ((179, 640), (96, 96), 1),
        ((24, 24), (1, 1), 8),
    ],
)
def test_a_large_plain_jpeg_is_decoded_at_a_fraction_of_its_size_as_pillow_would(mode, shape, size, fraction):
    width, height = (-(-side // fraction) for side in shape)
    content = photo_like(*shape, mode, progressive=shape[0] % 2)
    assert plain_jpeg(content)
    with Image.open(io.BytesIO(content)) as image:
        image.draft("RGB", (min(shape) // fraction,) * 2)
        assert image.size == (width, height)
        shrunk = min(width / size[1], height / size[0])
        filter_ = Image.Resampling.HAMMING if shrunk < 2 else Image.Resampling.BOX
        expected = np.asarray(image.convert("RGB").resize(size[::-1], filter_))
    found = decode(content, size)
    assert np.array_equal(found.pixels, expected)
    assert found.size == shape[::-1]


@pytest.mark.parametrize("size", [None, (200, 200), (32, 32)])
def test_a_cut_large_jpeg_is_no_image_at_any_fraction(size):
    content = photo_like(500, 375, "RGB")
    for length in (len(content) // 2, len(content) * 9 // 10, len(content) - 2):
        with pytest.raises(Refused, match="cut short"):
            decode(content[:length], size)


def test_what_is_handed_to_another_process_comes_out_as_it_went_in():
    items = Items(
        [
            *[("train", 0, Piece("a.tar", 512, 100)), ("train", 1, "photo.jpg"), ("test", 0, b"bytes")],
            ("test", 1, Note("damaged", "in the archive")),
        ]
    )
    batch = Batch([Outcome(2**63, (32, 30), "JPEG", 1), Note("cut_short")], np.arange(4, dtype=np.uint8))
    items_back, batch_back = pickle.loads(pickle.dumps((items, batch)))
    assert items_back == items
    assert [type(source) for _, _, source in items_back] == [Piece, str, bytes, Note]
    assert batch_back.outcomes == batch.outcomes
    assert [type(outcome) for outcome in batch_back.outcomes] == [Outcome, Note]
    assert batch_back.thumbnails.tolist() == [0, 1, 2, 3]
