"""Read the file formats of the classic datasets: IDX (Fashion-MNIST) and CIFAR-10's binary records."""

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np

from practicum import archives

FASHION_CLASSES = (
    "T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
)  # fmt: skip
CIFAR10_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
CIFAR10_RECORD = 1 + 32 * 32 * 3  # a label byte, then 1,024 red, 1,024 green and 1,024 blue bytes, row by row
CIFAR10_TRAIN_FILES = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
CIFAR10_TEST_FILE = "test_batch.bin"
# What the files may unpack to, in bytes, with some room above what they do: 184 million, and 47 million the largest.
CIFAR10_MOST_BYTES = 200_000_000
IDX_MOST_BYTES = 100_000_000
IDX_MOST_DIMENSIONS = 4


class Arrays(NamedTuple):
    """Images uint8 (N, H, W, C) and labels int32 (N,), as the files bring them."""

    class_names: tuple[str, ...]
    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray


def read_fashion_mnist(folder: Path) -> Arrays:
    """The four IDX files of Fashion-MNIST in folder, as published (*-ubyte.gz)."""
    pairs = [
        (read_idx(folder / f"{part}-images-idx3-ubyte.gz"), read_idx(folder / f"{part}-labels-idx1-ubyte.gz"))
        for part in ("train", "t10k")
    ]
    for images, labels in pairs:
        if images.ndim != 3 or labels.ndim != 1 or len(images) != len(labels):
            raise ValueError(
                f"read_fashion_mnist: images {images.shape} and labels {labels.shape} in {folder} do not belong "
                "together. Fetch the four files again."
            )
    (train_images, train_labels), (test_images, test_labels) = pairs
    return Arrays(
        FASHION_CLASSES,
        train_images[..., np.newaxis],
        train_labels.astype(np.int32),
        test_images[..., np.newaxis],
        test_labels.astype(np.int32),
    )


def read_idx(path: Path) -> np.ndarray:
    """The array of an IDX file of unsigned bytes, gzipped: uint8, of the shape that its header gives.

    Source: the header is described on http://yann.lecun.com/exdb/mnist: two zero bytes, a type (8: unsigned byte),
        the number of dimensions, then each dimension as a big-endian 32-bit integer.

    Raises:
        ValueError: missing, damaged, or far too large when unpacked (ArchiveError).
    """
    try:
        content = archives.gunzip(path, IDX_MOST_BYTES)
    except FileNotFoundError:
        raise ValueError(
            f"read_idx: {path} is missing. Put the four published *-ubyte.gz files in one folder."
        ) from None
    except archives.DAMAGE as error:
        raise ValueError(f"read_idx: {path} is no whole gzip file ({error}). Fetch it again.") from None
    dimensions = content[3] if len(content) > 3 else 0
    if content[:3] != b"\0\0\x08" or not 1 <= dimensions <= IDX_MOST_DIMENSIONS or len(content) < 4 + 4 * dimensions:
        raise ValueError(f"read_idx: {path} is no IDX file of bytes; it begins with {content[:4]!r}. Fetch it again.")
    shape = np.frombuffer(content, ">i4", count=dimensions, offset=4)
    data = np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions)
    if shape.min() < 0 or len(data) != math.prod(shape.tolist()):
        raise ValueError(
            f"read_idx: {path} holds {len(data):,} bytes but its header says {tuple(map(int, shape))}. Fetch it again."
        )
    return data.reshape(shape)


def read_cifar10(path: Path) -> Arrays:
    """CIFAR-10's binary version: cifar-10-binary.tar.gz, or the folder it unpacks to.

    Raises:
        ValueError: damaged or incomplete; or an archive with a member that does not belong into it (ArchiveError).

    Source: https://www.cs.toronto.edu/~kriz/cifar.html, "Binary version".
    """
    wanted = (*CIFAR10_TRAIN_FILES, CIFAR10_TEST_FILE)
    if path.is_dir():
        contents = {name: (path / name).read_bytes() for name in wanted if (path / name).is_file()}
    else:
        try:
            contents = _read_members(path, wanted)
        except archives.DAMAGE as error:
            raise ValueError(f"read_cifar10: {path} is no whole archive ({error}). Fetch it again.") from None
    missing = [name for name in wanted if name not in contents]
    if missing:
        raise ValueError(f"read_cifar10: {path} lacks {', '.join(missing)}. Fetch it again.")
    train_images, train_labels = _cifar10_records(b"".join(contents[name] for name in CIFAR10_TRAIN_FILES), path)
    test_images, test_labels = _cifar10_records(contents[CIFAR10_TEST_FILE], path)
    return Arrays(CIFAR10_CLASSES, train_images, train_labels, test_images, test_labels)


def _read_members(path: Path, wanted: tuple[str, ...]) -> dict[str, bytes]:
    """The wanted files of a .tar.gz, by their names without folders. Nothing is unpacked to disk."""
    contents = {}
    with archives.open_tar(path, most_bytes=CIFAR10_MOST_BYTES) as archive:
        for member in archives.check_tar(archive, path, most_bytes=CIFAR10_MOST_BYTES):
            name = member.name.rsplit("/", 1)[-1]
            file = archive.extractfile(member) if name in wanted else None
            if file is not None:
                contents[name] = file.read()
    return contents


def _cifar10_records(content: bytes, path: Path) -> tuple[np.ndarray, np.ndarray]:
    if not content or len(content) % CIFAR10_RECORD:
        raise ValueError(
            f"read_cifar10: {len(content):,} bytes in {path} are no whole number of {CIFAR10_RECORD:,}-byte records. "
            "Fetch it again."
        )
    records = np.frombuffer(content, np.uint8).reshape(-1, CIFAR10_RECORD)
    labels = records[:, 0].astype(np.int32)
    if labels.max() >= len(CIFAR10_CLASSES):
        raise ValueError(
            f"read_cifar10: {path} has a label {labels.max()}; CIFAR-10 has labels 0 to 9. Fetch it again."
        )
    return records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1), labels
