"""Images in .npy files that may be larger than memory: written row by row, thinned out, read without filling memory."""

import io
import mmap
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

CHUNK = 4_000_000  # bytes that are copied at a time; larger pieces find no room in the processor's own memory


@dataclass(frozen=True)
class PixelFile:
    """A .npy file of images, uint8 (count, height, width, channels), that several processes may fill together."""

    path: Path
    offset: int  # of the first image, in bytes
    image_shape: tuple[int, int, int]

    @classmethod
    def create(cls, path: Path, count: int, image_shape: tuple[int, int, int]) -> "PixelFile":
        """A new file whose images are not written yet."""
        array = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=(count, *image_shape))
        return cls(path, array.offset, image_shape)

    def write(self, images: Iterable[tuple[int, np.ndarray]]) -> None:
        """Write (row, image) pairs.

        Raises:
            OSError: no room left on the disk, say. (Through a memory map, that would end the process.)
        """
        size = int(np.prod(self.image_shape))
        with self.path.open("r+b") as file:
            for row, image in images:
                file.seek(self.offset + row * size)
                file.write(np.ascontiguousarray(image).data)

    def write_from(self, first_row: int, images: np.ndarray) -> None:
        """Write images that stand one after the other. Raises as write does."""
        with self.path.open("r+b", buffering=0) as file:
            file.seek(self.offset + first_row * int(np.prod(self.image_shape)))
            left = np.ascontiguousarray(images).reshape(-1).data
            while left:
                left = left[file.write(left) :]


def copy_rows(source: Path, rows: np.ndarray, target: Path) -> None:
    """Make target of these rows of source, in this order."""
    images = np.load(source, mmap_mode="r")
    copy = PixelFile.create(target, len(rows), images.shape[1:])
    for chunk in _chunks(rows, images):
        copy.write_from(chunk[0], images[rows[chunk]])
        forget(images)


def keep_rows(path: Path, rows: np.ndarray) -> None:
    """Shorten the file to these rows, which must ascend. Nothing is written where all rows stay."""
    images = np.load(path, mmap_mode="r")
    if len(rows) == len(images):
        return
    before = PixelFile(path, images.offset, images.shape[1:])
    # Each row moves towards the beginning, so what a chunk overwrites has been read.
    for chunk in _chunks(rows, images):
        moved = images[rows[chunk]]
        forget(images)
        before.write_from(chunk[0], moved)
    size = images[0].nbytes
    del images
    header = io.BytesIO()
    description = {"descr": "|u1", "fortran_order": False, "shape": (len(rows), *before.image_shape)}
    np.lib.format.write_array_header_1_0(header, description)
    if header.tell() != before.offset:
        raise RuntimeError(f"keep_rows: a header of {header.tell()} bytes does not fit into {before.offset} of {path}")
    with path.open("r+b") as file:
        file.write(header.getvalue())
        file.truncate(before.offset + len(rows) * size)


def forget(images: np.ndarray) -> None:
    """Let go of what was read of images, where they are a memory map: the file stays, the process gets smaller."""
    base: object = images
    while isinstance(base, np.ndarray):
        if isinstance(base, np.memmap) and base.mode != "r":
            return  # what was changed in memory would be lost
        base = base.base
    if isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        base.madvise(mmap.MADV_DONTNEED)


def _chunks(rows: np.ndarray, images: np.ndarray) -> list[np.ndarray]:
    """0, 1, … up to the number of rows, in pieces that are as large as may be copied at a time."""
    step = max(1, CHUNK // images[0].nbytes)
    return [np.arange(start, min(start + step, len(rows))) for start in range(0, len(rows), step)]
