"""Images in files: rows that are written, kept and copied, and memory that is given back."""

import mmap
import os
from pathlib import Path

import numpy as np
import pytest

from practicum import pixel_files
from practicum.pixel_files import PixelFile, copy_rows, forget, keep_rows

SHAPE = (3, 4, 2)


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (10, *SHAPE)).astype(np.uint8)


@pytest.fixture
def path(tmp_path, images):
    np.save(tmp_path / "images.npy", images)
    return tmp_path / "images.npy"


@pytest.fixture(autouse=True)
def _three_images_at_a_time(monkeypatch):
    monkeypatch.setattr(pixel_files, "CHUNK", 3 * 24)


def test_rows_are_written_in_any_order_by_several_writers(tmp_path, images):
    file = PixelFile.create(tmp_path / "new.npy", 10, SHAPE)
    file.write((row, images[row]) for row in (7, 0, 3))
    again = PixelFile(file.path, file.offset, SHAPE)
    again.write((row, images[row]) for row in (9, 1, 2, 4, 5, 6, 8))
    assert np.array_equal(np.load(file.path), images)


def test_an_image_that_is_a_view_is_written_as_it_looks(tmp_path, images):
    file = PixelFile.create(tmp_path / "new.npy", 1, SHAPE)
    turned = np.ascontiguousarray(images[0].transpose(2, 1, 0)).transpose(2, 1, 0)
    assert not turned.flags.c_contiguous
    file.write([(0, turned)])
    assert np.array_equal(np.load(file.path)[0], images[0])


@pytest.mark.parametrize("rows", [[0], [9], [1, 2, 5, 6, 7, 9], list(range(9)), list(range(1, 10)), list(range(10))])
def test_kept_rows_are_all_that_is_left(path, images, rows):
    keep_rows(path, np.array(rows))
    assert np.array_equal(np.load(path), images[rows])
    assert np.array_equal(np.load(path, mmap_mode="r"), images[rows])
    assert path.stat().st_size == 128 + 24 * len(rows)


def test_keeping_all_rows_writes_nothing(path, images):
    os.utime(path, (1000, 1000))
    keep_rows(path, np.arange(10))
    assert path.stat().st_mtime == 1000


def test_ten_times_fewer_digits_in_the_header(tmp_path):
    np.save(tmp_path / "many.npy", np.arange(100_000, dtype=np.uint8).reshape(-1, 1, 1, 1))
    keep_rows(tmp_path / "many.npy", np.array([5, 99_999]))
    assert np.load(tmp_path / "many.npy").ravel().tolist() == [5, 99_999 % 256]


@pytest.mark.parametrize("rows", [[4], [9, 0, 0, 3, 5, 5, 1]])
def test_copied_rows(path, tmp_path, images, rows):
    copy_rows(path, np.array(rows), tmp_path / "copy.npy")
    assert np.array_equal(np.load(tmp_path / "copy.npy"), images[rows])
    assert np.array_equal(np.load(path), images), "the source stays"


# Memory -----------------------------------------------------------------------------------------------------------


def resident(name):
    """How much of a mapped file counts as memory of this process, in bytes."""
    total = 0
    inside = False
    with Path("/proc/self/smaps").open(encoding="utf-8") as file:
        for line in file:
            if "-" in line.split()[0]:
                inside = line.rstrip().endswith(name)
            elif inside and line.startswith("Rss:"):
                total += int(line.split()[1]) * 1024
    return total


@pytest.mark.skipif(not hasattr(mmap, "MADV_DONTNEED"), reason="this system has no madvise")
@pytest.mark.parametrize("view", [lambda images: images, lambda images: images[10:][::2], np.asarray])
def test_what_was_read_is_forgotten(tmp_path, view):
    path = tmp_path / "large.npy"
    np.save(path, np.ones((1000, 64, 64, 1), np.uint8))
    images = view(np.load(path, mmap_mode="r"))
    total = int(images.sum(dtype=np.int64))
    assert resident("large.npy") > 1_900_000
    forget(images)
    assert resident("large.npy") == 0
    assert int(images.sum(dtype=np.int64)) == total, "it is read again"


def test_changes_that_are_only_in_memory_are_not_forgotten(path, images):
    mapped = np.load(path, mmap_mode="c")
    mapped[0] = 7
    forget(mapped[0:2])
    assert (mapped[0] == 7).all()


def test_arrays_in_memory_have_nothing_to_forget(images):
    before = images.copy()
    forget(images[2:])
    assert np.array_equal(images, before)
