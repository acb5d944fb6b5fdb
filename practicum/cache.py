"""Decode a dataset once, keep its arrays on disk, and map them into memory from then on."""

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from practicum.dataset import SPLITS, TEST_SHARE, VALIDATION_SHARE, Dataset, Split, image_keys, split_images

FORMAT = 2  # raise it when what is stored changes, so that older folders are not read
COPY_BATCH = 2048


def cache_folder() -> Path:
    """The writable folder for what can be made again: PRACTICUM_CACHE, or the platform's cache folder."""
    chosen = os.environ.get("PRACTICUM_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("practicum", appauthor=False))


class Writer:
    """Takes a dataset's images as the files bring them, split by split, and keeps them on disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.class_names: tuple[str, ...] = ()
        self.remarks: list[str] = []

    def array(self, split: str, count: int, image_shape: tuple[int, int, int]) -> np.ndarray:
        """An array on disk to fill: uint8 (count, height, width, channels)."""
        return np.lib.format.open_memmap(
            self._path(split, "images"), mode="w+", dtype=np.uint8, shape=(count, *image_shape)
        )

    def labels(self, split: str, labels: np.ndarray) -> None:
        np.save(self._path(split, "labels"), labels.astype(np.int32))

    def add(self, split: str, images: np.ndarray, labels: np.ndarray) -> None:
        """Images and labels that are in memory already."""
        self.array(split, len(images), images.shape[1:])[:] = images
        self.labels(split, labels)

    def _path(self, split: str, part: str) -> Path:
        return self.folder / f"{split}_{part}.npy"


def load_or_build(
    name: str,
    origin: Path,
    build: Callable[[Writer], None],
    *,
    key: tuple[Any, ...],
    seed: int,
    source: str,
    licence: str,
) -> Dataset:
    """The dataset made of origin, from the cache if it stands there, else built and stored first.

    Args:
        name: what the dataset is called.
        origin: the file or folder that it is made of; any change of it makes a new cache entry.
        build: fills a Writer with at least the split "train", and its class names.
        key: whatever else the decoded images depend on (their size).
        seed: decides the splits that are cut from train.
    """
    folder = cache_folder() / "decoded" / f"{_file_name(name)}-{_fingerprint(origin, (key, seed, FORMAT))}"
    if not (folder / "dataset.json").is_file():
        _store(folder, build, seed)
    description = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
    splits = {
        split: Split(np.load(folder / f"{split}_images.npy", mmap_mode="r"), np.load(folder / f"{split}_labels.npy"))
        for split in SPLITS
    }
    return Dataset(
        name,
        tuple(description["class_names"]),
        **splits,
        source=source,
        licence=licence,
        remarks=tuple(description["remarks"]),
    )


def _store(folder: Path, build: Callable[[Writer], None], seed: int) -> None:
    """Build in a folder of its own and rename: other processes see a whole dataset or none."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=".building-", dir=folder.parent))
    except OSError as error:
        raise ValueError(
            f"load: the cache folder {folder.parent} cannot be written ({error.strerror}). "
            "Name a writable one in the environment variable PRACTICUM_CACHE."
        ) from None
    try:
        writer = Writer(work)
        build(writer)
        _cut_missing_splits(writer, seed)
        description = {"class_names": writer.class_names, "remarks": writer.remarks}
        (work / "dataset.json").write_text(json.dumps(description), encoding="utf-8")
        with contextlib.suppress(OSError):  # another process was faster: its folder holds the same
            os.replace(work, folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _cut_missing_splits(writer: Writer, seed: int) -> None:
    """Cut test (15 %) and validation (10 %) from train where the files bring none; see that no image is in two."""
    present = {split for split in SPLITS if (writer.folder / f"{split}_images.npy").exists()}
    images = np.load(writer.folder / "train_images.npy", mmap_mode="r")
    labels = np.load(writer.folder / "train_labels.npy")
    keys = image_keys(images)
    home = np.full(len(labels), "train", dtype="U10")

    for split in present - {"train"}:
        copies = np.isin(keys, image_keys(np.load(writer.folder / f"{split}_images.npy", mmap_mode="r")))
        if copies.any():
            home[copies] = ""
            writer.remarks.append(
                f"{copies.sum()} training image{'s' if copies.sum() > 1 else ''} also in {split}: left out of train"
            )
    count = len(labels)
    for split, share in (("test", TEST_SHARE), ("validation", VALIDATION_SHARE)):
        if split in present:
            continue
        left = np.flatnonzero(home == "train")
        chosen = split_images(labels[left], keys[left], share * count / max(len(left), 1), seed=seed)
        home[left[chosen]] = split
        if not chosen.any():
            raise ValueError(
                f"load: too few images to cut a {split} split from. Each split needs at least one image of some class; "
                f"received {count} images in {len(set(labels.tolist()))} classes. Add images."
            )
    if (home == "train").all():
        return
    for split in set(SPLITS) - present:
        _copy(writer, split, images, labels, np.flatnonzero(home == split))
    # The file that `images` maps is replaced, not overwritten, so reading on from it is safe.
    _copy(writer, "train_kept", images, labels, np.flatnonzero(home == "train"))
    del images
    for part in ("images", "labels"):
        os.replace(writer.folder / f"train_kept_{part}.npy", writer.folder / f"train_{part}.npy")


def _copy(writer: Writer, split: str, images: np.ndarray, labels: np.ndarray, chosen: np.ndarray) -> None:
    target = writer.array(split, len(chosen), images.shape[1:])
    for start in range(0, len(chosen), COPY_BATCH):
        target[start : start + COPY_BATCH] = images[chosen[start : start + COPY_BATCH]]
    writer.labels(split, labels[chosen])


def _file_name(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name)[:40]


def _fingerprint(origin: Path, key: Any) -> str:
    """Changes with the place, size or time of any file of origin, and with key."""
    digest = hashlib.blake2b(repr((str(origin.resolve()), key)).encode(), digest_size=8)
    for line in _listing(origin):
        digest.update(line.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _listing(origin: Path) -> Iterable[str]:
    paths = sorted(origin.rglob("*")) if origin.is_dir() else [origin]
    for path in paths:
        with contextlib.suppress(OSError):
            status = path.stat()
            yield f"{path}\0{status.st_size}\0{status.st_mtime_ns}\n"
