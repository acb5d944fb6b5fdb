"""Which images are copies of one picture, and which only look alike."""

import io

import numpy as np
import pytest
from odd_files import encoded, picture
from PIL import Image, ImageDraw
from test_audit import check_accounts

from practicum import data
from practicum.audit import audit
from practicum.dataset import image_keys
from practicum.duplicates import copy_groups, same_details, thumbnail_shape, thumbnails


def photo_piece(number):
    """A piece of a photo, 150×150: a thing with texture, as learners' photos are."""
    left, top = number % 6 * 30, number // 6 * 25
    return Image.fromarray(data.photo("coffee" if number % 2 else "cat")).crop((left, top, left + 150, top + 150))


STORED_AGAIN = {
    "as it is": lambda image: image,
    "JPEG of quality 90": lambda image: again(image, quality=90),
    "JPEG of quality 50": lambda image: again(image, quality=50),
    "JPEG of quality 30": lambda image: again(image, quality=30),
    "half as large": lambda image: image.resize((75, 75)),
    "half as large, by another filter": lambda image: image.resize((75, 75), Image.Resampling.BOX),
    "a third larger": lambda image: image.resize((200, 200), Image.Resampling.BICUBIC),
    "a little smaller, then JPEG": lambda image: again(image.resize((140, 140)), quality=70),
    "WebP": lambda image: again(image, "WEBP", quality=60),
    "few colours": lambda image: image.quantize(128),
}
OTHERS = {
    "mirrored": lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "turned": lambda image: image.rotate(90),
    "shifted": lambda image: Image.fromarray(np.roll(np.asarray(image), 12, axis=1)),
    "another colour": lambda image: Image.fromarray(np.asarray(image)[..., ::-1]),
    "inverted": lambda image: Image.eval(image, lambda value: 255 - value),
    "with something on it": lambda image: with_patch(image),
}


def again(image, kind="JPEG", **options):
    return Image.open(io.BytesIO(encoded(image, kind, **options))).convert("RGB")


def with_patch(image):
    image = image.copy()
    image.paste((255, 0, 0), (60, 60, 90, 90))
    return image


def save_pairs(root, count, change, word):
    """So many photos of two classes in root, and beside each what change makes of it, called NUMBER word."""
    for number in range(count):
        place = root / ("cat", "dog")[number % 2]
        place.mkdir(parents=True, exist_ok=True)
        photo_piece(number).save(place / f"{number}.png")
        change(photo_piece(number)).save(place / f"{number} {word}.png")


@pytest.mark.parametrize("way", STORED_AGAIN)
def test_copies_stored_again_stand_in_one_split(tmp_path, way):
    save_pairs(tmp_path / "photos", 12, STORED_AGAIN[way], "again")
    for seed in (0, 1):
        found = audit(tmp_path / "photos", seed=seed)
        check_accounts(found, tmp_path / "photos")
        assert [set(group.paths) for group in found.copies] == [
            {f"{name}/{number} again.png", f"{name}/{number}.png"}
            for name, number in sorted((("cat", "dog")[number % 2], str(number)) for number in range(12))
        ]
        assert {group.exact for group in found.copies} == {way == "as it is"}


@pytest.mark.parametrize("way", OTHERS)
def test_other_pictures_are_no_copies(tmp_path, way):
    save_pairs(tmp_path / "photos", 6, OTHERS[way], "other")
    assert audit(tmp_path / "photos").copies == ()


def test_drawings_that_differ_in_one_stroke_are_no_copies(tmp_path):
    """Clock faces: all the same but for the hand."""
    for number in range(12):
        face = Image.new("RGB", (32, 32), "white")
        draw = ImageDraw.Draw(face)
        draw.ellipse((2, 2, 29, 29), outline="black", fill=(230, 230, 240), width=2)
        angle = 2 * np.pi * number / 12
        draw.line((16, 16, 16 + 10 * np.sin(angle), 16 - 10 * np.cos(angle)), fill="black", width=2)
        place = tmp_path / "clocks" / ("am", "pm")[number % 2]
        place.mkdir(parents=True, exist_ok=True)
        face.save(place / f"{number}.png")
    assert audit(tmp_path / "clocks").copies == ()


def test_plain_pictures_are_copies_only_if_equal(tmp_path):
    for number in range(8):
        place = tmp_path / "plain" / ("dark", "light")[number % 2]
        place.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (16, 16), (100 + number // 4,) * 3).save(place / f"{number}.png")
    assert [len(group.paths) for group in audit(tmp_path / "plain").copies] in ([2, 2, 2, 2], [4, 4])


def groups_of(images):
    return copy_groups(image_keys(images), thumbnails(images), lambda i, j: same_details(images[i], images[j]))


def test_emoji_that_look_alike_are_told_apart():
    """The bundled drawings, among which many differ by the hand of a clock or by a mouth."""
    dataset = data.load("emoji")
    images = np.concatenate([dataset.train.images, dataset.validation.images, dataset.test.images])
    different = len(set(image_keys(images).tolist()))
    assert different - 12 <= len(set(groups_of(images).tolist())) <= different


def test_films_of_a_still_camera_are_one_picture_and_cost_no_time():
    """As many near copies as the search is willing to compare at once, several times over."""
    noise = np.random.default_rng(0).integers(-2, 3, (600, 16, 16, 3))
    still = np.asarray(picture(0, 16)).astype(int)
    assert set(groups_of((still + noise).clip(0, 255).astype(np.uint8)).tolist()) == {0}


def test_groups_are_numbered_by_their_first_image():
    images = np.stack([np.asarray(picture(seed, 16)) for seed in (0, 1, 0, 2, 1, 0)])
    assert groups_of(images).tolist() == [0, 1, 0, 3, 1, 0]
    assert groups_of(images[:0]).tolist() == []


def test_of_many_equal_images_the_first_one_gives_the_number():
    keys = np.random.default_rng(0).integers(0, 40, 5000).astype(np.uint64)
    found = copy_groups(keys, np.zeros((5000, 2, 2, 3), np.uint8), lambda *_: pytest.fail("plain pictures are alike"))
    first = {key: keys.tolist().index(key) for key in set(keys.tolist())}
    assert found.tolist() == [first[key] for key in keys.tolist()]


def test_a_chain_of_near_copies_is_one_group_under_its_first_number():
    """Whichever pair is found first: the last image is a near copy of all before it, which are none of each other's."""
    images = np.stack([np.asarray(picture(0, 16)).astype(int)] * 5)
    images[:4] += np.array([-2, -1, 1, 2])[:, np.newaxis, np.newaxis, np.newaxis]
    images = images.clip(0, 255).astype(np.uint8)
    found = copy_groups(image_keys(images), thumbnails(images), lambda one, other: 4 in (one, other))
    assert found.tolist() == [0] * 5


@pytest.mark.parametrize("height", [257 * 8, 258 * 8, 3000])
def test_the_thumbnail_of_a_tall_white_picture_is_white(height):
    """The sum of so many pixels does not fit into 16 bits."""
    assert thumbnails(np.full((2, height, 16, 3), 255, np.uint8)).min() == 255


@pytest.mark.parametrize("shape", [(1, 1), (3, 2), (8, 8), (9, 31), (100, 75)])
def test_thumbnails_are_means_of_cells(shape):
    images = np.random.default_rng(0).integers(0, 256, (5, *shape, 3)).astype(np.uint8)
    small = thumbnails(images)
    rows, columns = thumbnail_shape(shape)
    assert small.shape == (5, rows, columns, 3)
    high, wide = shape[0] // rows, shape[1] // columns
    top, left = (shape[0] - rows * high) // 2, (shape[1] - columns * wide) // 2
    cell = images[:, top + (rows - 1) * high : top + rows * high, left : left + wide]
    assert np.abs(small[:, -1, 0].astype(float) - cell.mean((1, 2))).max() <= 0.5


def test_pages_of_text_are_told_apart_by_their_details():
    """Their cells are all alike."""
    random = np.random.default_rng(0)
    pages = []
    for _ in range(20):
        page = np.full((96, 96, 3), 250, np.uint8)
        page[:40] = 120  # a picture that all have
        page[44:92:4] = np.where(random.random((12, 96, 1)) < 0.5, 30, 250)
        pages.append(page)
    close = copy_groups(image_keys(np.stack(pages)), thumbnails(np.stack(pages)), lambda *_: True)
    assert len(set(close.tolist())) < 20, "the thumbnails alone would not do"
    assert len(set(groups_of(np.stack(pages)).tolist())) == 20
