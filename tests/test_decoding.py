"""Pixels that come out right whatever the file's kind."""

import io

import numpy as np
import pytest
from PIL import Image

from practicum.data import photo
from practicum.decoding import decode_image, to_grey


def encoded(picture, kind="PNG", **options):
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


RED, HALF = (255, 0, 0), np.array([[[255, 0, 0, 0], [255, 0, 0, 255], [255, 0, 0, 128]]], np.uint8)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (encoded(Image.new("RGB", (1, 1), RED)), [[RED]]),
        (encoded(Image.new("L", (1, 1), 100)), [[(100, 100, 100)]]),
        (encoded(Image.new("1", (1, 1), 1)), [[(255, 255, 255)]]),
        (encoded(Image.new("P", (1, 1), RED)), [[RED]]),
        (encoded(Image.fromarray(HALF)), [[(255, 255, 255), RED, (255, 127, 127)]]),
        (encoded(Image.fromarray(np.array([[[0, 255], [0, 0]]], np.uint8), "LA")), [[(0, 0, 0), (255, 255, 255)]]),
        (
            encoded(Image.fromarray(np.array([[0, 32768, 65535]], np.uint16))),
            [[(0, 0, 0), (127, 127, 127), (255, 255, 255)]],
        ),
        (encoded(Image.new("RGB", (1, 1), RED), "GIF"), [[RED]]),
        (encoded(Image.new("RGB", (1, 1), RED), "BMP"), [[RED]]),
        (encoded(Image.new("RGB", (1, 1), RED), "WEBP", lossless=True), [[RED]]),
    ],
    ids=["rgb", "grey", "1 bit", "palette", "rgba", "grey+alpha", "16 bit", "gif", "bmp", "webp"],
)
@pytest.mark.filterwarnings("ignore:'mode' parameter:DeprecationWarning")
def test_every_kind_of_pixel_comes_out_as_rgb(content, expected):
    pixels = decode_image(content)
    assert pixels.dtype == np.uint8
    assert np.abs(pixels.astype(int) - np.array(expected)).max() <= 1


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
