"""Decode a dataset once, keep its arrays on disk, and map them into memory from then on."""

import contextlib
import errno
import hashlib
import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from practicum.dataset import (
    SPLITS,
    TEST_SHARE,
    VALIDATION_SHARE,
    Dataset,
    Split,
    UnusableDataError,
    image_keys,
    split_images,
)
from practicum.locks import hold
from practicum.pixel_files import PixelFile, copy_rows, keep_rows

FORMAT = 6  # raise it when what is stored changes, so that older folders are not read
AUDIT_FILE = "audit.json"
BUILDING = ".building-"
ABANDONED_SECONDS = 3600


def cache_folder() -> Path:
    """The writable folder for what can be made again: PRACTICUM_CACHE, or the platform's cache folder."""
    chosen = os.environ.get("PRACTICUM_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("practicum", appauthor=False))


def search_path() -> list[Path]:
    """The read-only data folders that PRACTICUM_DATA names."""
    return [Path(entry).expanduser() for entry in os.environ.get("PRACTICUM_DATA", "").split(os.pathsep) if entry]


class Writer:
    """Takes a dataset's images as the files bring them, split by split, and keeps them on disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.class_names: tuple[str, ...] = ()
        self.remarks: list[str] = []
        self.keys: dict[str, np.ndarray] = {}  # of each split: equal for images that may not stand in two
        self.origins: dict[str, np.ndarray] = {}  # of each split: the numbers its images had when they were found
        self.audit: Callable[[], dict[str, Any]] | None = None  # what to keep of the files, once the splits are cut

    def add(self, split: str, images: np.ndarray, labels: np.ndarray) -> None:
        """Images and labels that are in memory already."""
        file = self.reserve(split, len(images), images.shape[1:])
        file.write(enumerate(images))
        self.finish(split, labels, image_keys(images))

    def reserve(self, split: str, count: int, image_shape: tuple[int, int, int]) -> PixelFile:
        """Room for so many images, to be written one by one."""
        return PixelFile.create(self.path(split, "images"), count, image_shape)

    def finish(
        self,
        split: str,
        labels: np.ndarray,
        keys: np.ndarray,
        rows: np.ndarray | None = None,
        *,
        origins: np.ndarray | None = None,
    ) -> None:
        """Labels, keys and origins of the images of split. Of those reserved, only these rows are kept (None: all)."""
        if rows is not None:
            keep_rows(self.path(split, "images"), rows)
        np.save(self.path(split, "labels"), labels.astype(np.int32))
        self.keys[split] = keys
        self.origins[split] = np.arange(len(labels)) if origins is None else origins

    def path(self, split: str, part: str) -> Path:
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
    folder = entry(name, origin, build, key=key, seed=seed)
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


def entry(name: str, origin: Path, build: Callable[[Writer], None], *, key: tuple[Any, ...], seed: int) -> Path:
    """The folder that holds the dataset made of origin: in a data folder, if it was decoded there for all who use it,
    else in the cache, built first where it is not there."""
    place = Path("decoded", f"{_file_name(name)}-{_fingerprint(origin, (key, seed, FORMAT))}")
    for ready in (data_folder / place for data_folder in search_path()):
        if _is_whole(ready):
            return ready
    folder = cache_folder() / place
    if not _is_whole(folder):
        with _alone(folder):
            if not _is_whole(folder):  # another process may have built it meanwhile
                _store(folder, build, seed)
    return folder


def _is_whole(folder: Path) -> bool:
    return os.access(folder / "dataset.json", os.R_OK)  # is_file() fails on a folder that is closed to this user


def _alone(folder: Path) -> contextlib.AbstractContextManager:
    """Let one process at a time build folder, so that thirty kernels that start together decode the files once."""
    try:
        return hold(folder.with_name(f"{folder.name}.lock"), "decoding the same images")
    except OSError as error:
        if os.access(folder.parent, os.W_OK):
            return contextlib.nullcontext()  # another user's lock in a folder for all: each builds, the first one stays
        raise _not_writable(folder.parent, error) from None


def _not_writable(folder: Path, error: OSError) -> ValueError:
    return ValueError(
        f"load: the cache folder {folder} cannot be written ({error.strerror}). "
        "Name a writable one in the environment variable PRACTICUM_CACHE."
    )


def _store(folder: Path, build: Callable[[Writer], None], seed: int) -> None:
    """Build in a folder of its own and rename: other processes see a whole dataset or none."""
    try:
        _remove_leftovers(folder.parent)
        work = folder.parent / f"{BUILDING}{secrets.token_hex(8)}"
        work.mkdir()  # for everybody, as files are; what tempfile makes nobody else may read, on a shared server either
    except OSError as error:
        raise _not_writable(folder.parent, error) from None
    try:
        writer = Writer(work)
        build(writer)
        _cut_missing_splits(writer, seed)
        if writer.audit is not None:
            (work / AUDIT_FILE).write_text(json.dumps(writer.audit()), encoding="utf-8")
        description = {"class_names": writer.class_names, "remarks": writer.remarks}
        (work / "dataset.json").write_text(json.dumps(description), encoding="utf-8")
        try:
            os.replace(work, folder)
        except OSError:
            if not _is_whole(folder):  # else another process was faster: its folder holds the same
                raise
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise ValueError(
            f"load: no room is left in the cache folder {folder.parent}. Make room, or name another folder in the "
            "environment variable PRACTICUM_CACHE."
        ) from None
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _remove_leftovers(parent: Path) -> None:
    """Remove what a process that was killed has left: unfinished folders to which nothing was added for an hour."""
    for folder in parent.glob(f"{BUILDING}*"):
        with contextlib.suppress(OSError):  # its owner may have just finished it
            newest = max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
            if time.time() - newest > ABANDONED_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)


def _cut_missing_splits(writer: Writer, seed: int) -> None:
    """Cut test (15 %) and validation (10 %) from train where the files bring none; see that no image is in two."""
    present = set(writer.keys)
    if {"validation", "test"} <= present and (copies := _copies(writer, "validation", "test")).any():
        rows = np.flatnonzero(~copies)
        if not len(rows):
            raise UnusableDataError(
                "load: validation and test hold the same images. Put each image into one of them only."
            )
        _keep(writer, "validation", rows)
    labels = np.load(writer.path("train", "labels"))
    keys = writer.keys["train"]
    home = np.full(len(labels), "train", dtype="U10")

    for split in present - {"train"}:
        home[_copies(writer, "train", split)] = ""
    if not (home == "train").any():
        raise UnusableDataError(
            "load: every training image also stands in validation or test, so none is left to learn from. Put each "
            "image into one of them only."
        )
    count = len(labels)
    for split, share in (("test", TEST_SHARE), ("validation", VALIDATION_SHARE)):
        if split in present:
            continue
        left = np.flatnonzero(home == "train")
        chosen = split_images(labels[left], keys[left].tolist(), share * count / max(len(left), 1), seed=seed)
        home[left[chosen]] = split
        if not chosen.any():
            raise UnusableDataError(
                f"load: too few images to cut a {split} split from. Each split needs at least one image of some class; "
                f"received {count} images, {len(set(keys.tolist()))} of them different, in "
                f"{len(set(labels.tolist()))} classes. Add images."
            )
    for split in set(SPLITS) - present:
        rows = np.flatnonzero(home == split)
        copy_rows(writer.path("train", "images"), rows, writer.path(split, "images"))
        writer.finish(split, labels[rows], keys[rows], origins=writer.origins["train"][rows])
    _keep(writer, "train", np.flatnonzero(home == "train"))


def _keep(writer: Writer, split: str, rows: np.ndarray) -> None:
    """Do without the other images of split."""
    labels = np.load(writer.path(split, "labels"))
    writer.finish(split, labels[rows], writer.keys[split][rows], rows, origins=writer.origins[split][rows])


def _copies(writer: Writer, split: str, other: str) -> np.ndarray:
    """Which images of split also stand in other, bool; a remark says how many are left out."""
    copies = np.isin(writer.keys[split], writer.keys[other])
    if copies.any():
        called = {"train": "training", "validation": "validation"}[split]
        many = "s" if copies.sum() > 1 else ""
        writer.remarks.append(f"{copies.sum()} {called} image{many} also in {other}: left out of {split}")
    return copies


def _file_name(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name)[:40]


def _fingerprint(origin: Path, key: Any) -> str:
    """Changes with the place, size or time of any file of origin, and with key."""
    digest = hashlib.blake2b(repr((str(origin.resolve()), key)).encode(), digest_size=8)
    for line in _listing(origin):
        digest.update(line.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _listing(origin: Path) -> Iterable[str]:
    """A line for each file, in an order that is the same each time."""
    entries = list(entries_of(origin)) if origin.is_dir() else [origin]
    for entry in sorted(entries, key=os.fspath):
        facts = ""  # of a link to nothing
        with contextlib.suppress(OSError):
            status = entry.stat()
            facts = f"{status.st_size}\0{status.st_mtime_ns}\0{status.st_mode}"  # the mode: who may read it
        yield f"{os.fspath(entry)}\0{facts}\n"


def entries_of(folder: Path, closed: list[str] | None = None) -> Iterator["os.DirEntry[str]"]:
    """All files and folders in folder and below. Folders that are links are named but not entered.

    closed: takes the paths of the folders that may not be opened.
    """
    waiting = [os.fspath(folder)]
    while waiting:
        place = waiting.pop()
        try:
            with os.scandir(place) as entries:
                for entry in entries:
                    yield entry
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
        except OSError:
            if closed is not None:
                closed.append(place)
