"""Batches: every image once an epoch, in an order that the seed fixes, augmented without changing what it shows."""

import numpy as np
import pytest

from practicum import batches as batches_module
from practicum.batches import ALIGNED, Batches, flip_shift_zoom, take
from practicum.dataset import Split


@pytest.fixture
def numbered():
    """50 images whose every pixel is the image's number."""
    numbers = np.arange(50, dtype=np.uint8)
    return Split(np.broadcast_to(numbers[:, None, None, None], (50, 8, 8, 1)).copy(), numbers.astype(np.int32))


def one_epoch(batches):
    drawn = [batches[index] for index in range(len(batches))]
    batches.on_epoch_end()
    return drawn


def test_each_epoch_shows_every_image_once_with_its_label(numbered):
    batches = Batches(numbered, batch_size=16, augment=False, seed=0)
    orders = []
    for _ in range(3):
        drawn = one_epoch(batches)
        assert [len(labels) for _, labels in drawn] == [16, 16, 16, 2]
        labels = np.concatenate([labels for _, labels in drawn])
        assert sorted(labels) == list(range(50))
        assert all((images[:, 0, 0, 0] == labels).all() for images, labels in drawn)
        orders.append(labels.tolist())
    assert orders[0] != orders[1] != orders[2]
    assert orders[0] != list(range(50))


def test_images_are_shuffled_not_only_batches(numbered):
    first = Batches(numbered, batch_size=10, augment=False, seed=0)[0][1]
    assert max(first) - min(first) > 20


def test_seed_fixes_order_and_augmentation_whatever_is_asked_first(numbered):
    noisy = Split(np.random.default_rng(0).integers(0, 256, (50, 8, 8, 3)).astype(np.uint8), numbered.labels)
    forward = Batches(noisy, batch_size=16, augment=True, seed=4)
    backward = Batches(noisy, batch_size=16, augment=True, seed=4)
    late = [backward[index] for index in (3, 2, 1, 0)][::-1]
    for (images, labels), (others, other_labels) in zip(one_epoch(forward), late, strict=True):
        assert np.array_equal(images, others)
        assert np.array_equal(labels, other_labels)
    other_seed = Batches(noisy, batch_size=16, augment=True, seed=5)
    assert not np.array_equal(other_seed[0][1], late[0][1])


def test_augmentation_differs_from_epoch_to_epoch():
    one_image = Split(np.random.default_rng(0).integers(0, 256, (1, 16, 16, 3)).astype(np.uint8), np.zeros(1, np.int32))
    batches = Batches(one_image, batch_size=1, augment=True, seed=0)
    seen = {one_epoch(batches)[0][0].tobytes() for _ in range(20)}
    assert len(seen) > 10


def test_a_memory_map_is_read_and_not_written(tmp_path, numbered):
    np.save(tmp_path / "images.npy", numbered.images)
    mapped = Split(np.load(tmp_path / "images.npy", mmap_mode="r"), numbered.labels)
    batches = Batches(mapped, batch_size=7, augment=True, seed=0)
    images, _ = batches[0]
    images[:] = 0
    assert np.array_equal(np.load(tmp_path / "images.npy"), numbered.images)


def test_moving_goes_as_far_as_its_share_and_repeats_the_rim():
    image = np.arange(64, dtype=np.uint8).reshape(1, 8, 8, 1)
    copies = np.repeat(image, 400, axis=0)
    moved = flip_shift_zoom(copies, np.random.default_rng(0), shift=1 / 8, zoom=0)
    plain, flipped = image[0, :, :, 0], image[0, :, ::-1, 0]
    expected = set()
    for picture in (plain, flipped):
        padded = np.pad(picture, 1, mode="edge")
        expected |= {padded[y : y + 8, x : x + 8].tobytes() for y in range(3) for x in range(3)}
    assert {np.ascontiguousarray(result[..., 0]).tobytes() for result in moved} == expected
    assert moved.dtype == np.uint8


def test_half_of_the_images_are_flipped():
    image = np.arange(4, dtype=np.uint8).reshape(1, 2, 2, 1)
    moved = flip_shift_zoom(np.repeat(image, 1000, axis=0), np.random.default_rng(0), shift=0, zoom=0)
    assert 420 < (moved[:, 0, 0, 0] == 1).sum() < 580


def test_zoom_changes_the_size_of_what_is_shown_within_its_bounds():
    """A bar 20 pixels high and 10 wide in the middle: its sides after zooming, apart from each other."""
    image = np.zeros((1, 40, 40, 1), np.uint8)
    image[:, 10:30, 15:25] = 255
    zoomed = flip_shift_zoom(np.repeat(image, 500, axis=0), np.random.default_rng(0), shift=0, zoom=0.2)
    heights = (zoomed[..., 0].max(axis=2) > 0).sum(axis=1)
    widths = (zoomed[..., 0].max(axis=1) > 0).sum(axis=1)
    assert (heights.min(), heights.max()) == (16, 24)
    assert (widths.min(), widths.max()) == (8, 12)
    assert abs(np.corrcoef(heights, widths)[0, 1]) < 0.2, "height and width are stretched apart from each other"
    assert set(np.unique(zoomed)) == {0, 255}, "no colours are mixed"


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("rows", [[0], [49, 3, 3, 0], list(range(50))])
def test_rows_are_taken_to_where_tensorflow_need_not_copy_them(numbered, dtype, rows):
    images = numbered.images.astype(dtype)
    taken = take(images, np.array(rows))
    assert taken.dtype == dtype
    assert np.array_equal(taken, images[rows])
    assert taken.ctypes.data % ALIGNED == 0
    assert taken.flags.c_contiguous


def test_a_memory_map_is_forgotten_now_and_then(numbered, tmp_path, monkeypatch):
    """Otherwise training on a large folder would count the whole of it as memory of this process."""
    np.save(tmp_path / "images.npy", numbered.images)
    split = Split(np.load(tmp_path / "images.npy", mmap_mode="r"), numbered.labels)
    forgotten = []
    monkeypatch.setattr(batches_module, "forget", lambda images: forgotten.append(images is split.images))
    monkeypatch.setattr(batches_module, "KEPT", 2 * 16 * 64)
    batches = Batches(split, batch_size=16, augment=False, seed=0)
    for index in range(4):
        batches[index]
    assert forgotten == [True]


def test_the_next_epoch_is_the_next_one_even_if_the_last_batch_was_not_asked_for(numbered):
    """tf.data asks ahead, and may ask for the next epoch before it has seen that this one is through."""
    expected, ahead = (Batches(numbered, batch_size=16, augment=False, seed=0) for _ in range(2))
    one_epoch(expected)
    first, second = ahead._one_epoch(), ahead._one_epoch()
    drawn = [next(first)]
    begun = next(second)
    drawn += list(first)
    assert sorted(np.concatenate([labels for _, labels in drawn])) == list(range(50))
    assert np.array_equal(begun[1], expected[0][1])


def test_each_batch_is_augmented_in_its_own_way(numbered):
    images = np.broadcast_to(np.arange(64, dtype=np.uint8).reshape(1, 8, 8, 1), (50, 8, 8, 1)).copy()
    batches = Batches(Split(images, numbered.labels), batch_size=16, augment=True, seed=0)
    assert not np.array_equal(batches[0][0], batches[1][0])
