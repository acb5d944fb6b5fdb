"""A folder or an archive of class folders -> decoded images."""

import os
import tarfile
import zipfile
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor, wait
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path, PurePosixPath

import numpy as np

from practicum.cache import Writer, entries_of
from practicum.decoding import BROKEN, Decoded, decode, decode_batch
from practicum.machine import usable_cores
from practicum.progress import track

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp")
SPLIT_FOLDERS = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "test": "test",
}
DEFAULT_SIZE = (96, 96)
BATCH_FILES, BATCH_BYTES = 64, 4_000_000  # decoded in one go
PROCESSES_FROM, SMALL_FILE = 4000, 12_000  # images, and bytes of each
MOST_WORKERS = 8
PROCESSES_STAY = 20  # seconds, when there is nothing to do
NAMED_FILES = 5  # how many left-out files a remark names
HOW_TO_ARRANGE = "Make one folder for each class and put its images into it."


@dataclass(frozen=True)
class ImageFile:
    """One image file: the split its folder names ("train" where it names none), its class and its path."""

    split: str
    class_name: str
    path: str


class OtherSizeError(Exception):
    """An image has another size than the first one."""


class Files:
    """The files of a folder, a .zip or a .tar alike: their relative paths, and what is in them, one after the other."""

    def __init__(self, origin: Path) -> None:
        self.origin = origin
        self._read: Callable[[set[str]], Iterator[tuple[str, str | bytes]]]
        if origin.is_dir():
            self._read = self._read_folder
            start = len(os.fspath(origin / "x")) - 1
            entries = [(entry.path[start:].replace(os.sep, "/"), entry) for entry in entries_of(origin)]
            self.paths = sorted(path for path, entry in entries if entry.is_file())
            self.folders = sorted(path for path, entry in entries if entry.is_dir())
        elif zipfile.is_zipfile(origin):
            self._read = self._read_zip
            with zipfile.ZipFile(origin) as archive:
                names = archive.namelist()
            self.paths = sorted({name for name in names if not name.endswith("/")})
            self.folders = sorted(name.rstrip("/") for name in names if name.endswith("/"))
        elif tarfile.is_tarfile(origin):
            self._read = self._read_tar
            with tarfile.open(origin) as archive:
                members = archive.getmembers()
            # Of a path that stands in it twice, the last one counts, as when it is unpacked.
            self.last = {_tidy(member.name): member.offset for member in members if member.isfile()}
            self.paths = sorted(self.last)
            self.folders = sorted(_tidy(member.name) for member in members if member.isdir())
        else:
            raise ValueError(
                f"load: {origin} is neither a folder nor a .zip or .tar archive that can be read. {HOW_TO_ARRANGE} "
                "Pass that folder, or an archive of it."
            )

    def read(self, wanted: set[str]) -> Iterator[tuple[str, str | bytes]]:
        """(path, source) of each wanted file, in the order in which they are quickest to read.

        The source is the bytes of a file in an archive. In a folder it is the path, for whoever decodes it to read.
        """
        return self._read(wanted)

    def _read_folder(self, wanted: set[str]) -> Iterator[tuple[str, str]]:
        return ((path, f"{self.origin}{os.sep}{path}") for path in self.paths if path in wanted)

    def _read_zip(self, wanted: set[str]) -> Iterator[tuple[str, bytes]]:
        with zipfile.ZipFile(self.origin) as archive:
            for path in self.paths:
                if path in wanted:
                    yield path, archive.read(path)

    def _read_tar(self, wanted: set[str]) -> Iterator[tuple[str, bytes]]:
        with tarfile.open(self.origin) as archive:
            for member in archive:
                path = _tidy(member.name)
                if path in wanted and member.offset == self.last[path]:
                    content = archive.extractfile(member)
                    if content is not None:
                        yield path, content.read()


def _tidy(name: str) -> str:
    return PurePosixPath(name).as_posix().lstrip("/")


def decode_into(writer: Writer, origin: Path, size: tuple[int, int] | None) -> None:
    """Decode every image of origin into writer, split by split, in the order of their paths.

    Raises:
        ValueError: no images, or fewer than two classes.
    """
    files = Files(origin)
    images, empty_classes = find_images(files)
    class_names = tuple(sorted({image.class_name for image in images}))
    if len(class_names) < 2:
        raise ValueError(
            f"load: {origin} holds one class, {class_names[0]!r}, where at least two are needed. {HOW_TO_ARRANGE}"
        )
    if empty_classes:
        writer.remarks.append(f"classes without images, left out: {', '.join(empty_classes)}")
    writer.class_names = class_names

    # Without a size, all images are hoped to have that of the first one. What was done before one of another size turns
    # up is lost; but photos of several sizes show that soon, and where all are alike each is read once only.
    own = first_size(files, images) if size is None else None
    by_split = _by_split(images)
    try:
        keys = _decode_all(files, by_split, writer, size or own or DEFAULT_SIZE, only_this_size=own is not None)
    except OtherSizeError:
        keys = _decode_all(files, by_split, writer, DEFAULT_SIZE, only_this_size=False)

    broken = sorted(path for path, key in keys.items() if key is None)
    if broken:
        shown = ", ".join(broken[:NAMED_FILES]) + (" …" if len(broken) > NAMED_FILES else "")
        writer.remarks.append(f"{len(broken)} of {len(images)} files could not be decoded and are left out: {shown}")
    numbers = {class_name: number for number, class_name in enumerate(class_names)}
    for split, own_images in by_split.items():
        rows = np.array([row for row, image in enumerate(own_images) if keys[image.path] is not None])
        if not len(rows):
            raise ValueError(f"load: none of the {split} images of {origin} could be decoded. Are they image files?")
        kept = [own_images[row] for row in rows]
        labels = np.array([numbers[image.class_name] for image in kept], np.int32)
        writer.finish(split, labels, np.array([keys[image.path] for image in kept], np.uint64), rows)


def _by_split(images: list[ImageFile]) -> dict[str, list[ImageFile]]:
    """The images of each split, sorted by path as before: the same order on every machine."""
    found: dict[str, list[ImageFile]] = {}
    for image in images:
        found.setdefault(image.split, []).append(image)
    return found


def _decode_all(
    files: Files, by_split: dict[str, list[ImageFile]], writer: Writer, size: tuple[int, int], *, only_this_size: bool
) -> dict[str, int | None]:
    """Decode each image to its place. Give a key for each path, None where it is no readable image.

    Raises:
        OtherSizeError: with only_this_size, as soon as an image has another one.
    """
    targets = {}
    places: dict[str, tuple[str, int]] = {}
    for split, own_images in by_split.items():
        targets[split] = writer.reserve(split, len(own_images), (*size, 3))
        places.update({image.path: (split, row) for row, image in enumerate(own_images)})

    keys: dict[str, int | None] = {}
    decode = partial(decode_batch, files=targets, only_this_size=only_this_size)
    with closing(_in_parallel(decode, _batches(files, places), len(places))) as answers:
        for path, outcome in track(answers, "decoding images", len(places)):
            if only_this_size and outcome is not None and outcome.size != size:
                raise OtherSizeError
            keys[path] = None if outcome is None else outcome.key
    return keys


def _batches(files: Files, places: dict[str, tuple[str, int]]) -> Iterator[tuple[list[str], list[tuple]]]:
    """What is to be decoded, in pieces worth handing over: paths, and for each of them its place and source."""
    paths: list[str] = []
    items: list[tuple[str, int, str | bytes]] = []
    size = 0
    for path, source in files.read(set(places)):
        paths.append(path)
        items.append((*places[path], source))
        size += len(source)  # what lies in memory: of a file in a folder, its path
        if len(paths) == BATCH_FILES or size > BATCH_BYTES:
            yield paths, items
            paths, items, size = [], [], 0
    if paths:
        yield paths, items


def _in_parallel(
    decode: Callable[[list[tuple]], list[Decoded | None]], batches: Iterator[tuple[list[str], list[tuple]]], count: int
) -> Generator[tuple[str, Decoded | None]]:
    """(path, outcome) of each item of the batches, while the next ones are being decoded."""
    first = next(batches)
    small = sum(_bytes_in(source) for _, _, source in first[1]) < SMALL_FILE * len(first[1])
    with _workers(in_processes=small and count >= PROCESSES_FROM) as (executor, number):
        waiting: deque[tuple[list[str], Future]] = deque()
        try:
            for paths, items in chain([first], batches):
                waiting.append((paths, executor.submit(decode, items)))
                if len(waiting) > 2 * number:  # waiting for the ones before bounds what lies in memory
                    done, future = waiting.popleft()
                    yield from zip(done, future.result(), strict=False)  # shorter where decoding stopped early
            while waiting:
                done, future = waiting.popleft()
                yield from zip(done, future.result(), strict=False)
        except BrokenExecutor:
            raise ValueError(
                "load: a process that decodes images was ended from outside, most likely for want of memory. Close "
                "other programs and call it again."
            ) from None
        finally:
            for _, future in waiting:
                future.cancel()
            wait([future for _, future in waiting])  # nobody may go on writing into the files


def _bytes_in(source: str | bytes) -> int:
    if isinstance(source, bytes):
        return len(source)
    with suppress(OSError):
        return os.stat(source).st_size  # noqa: PTH116 (a str)
    return 0


@contextmanager
def _workers(*, in_processes: bool) -> Iterator[tuple[Executor, int]]:
    """Who decodes, and how many they are.

    Pillow decodes outside Python's lock, so threads use all cores. But around small images there is as much to do as in
    them; then processes are quicker. They take a third of a second to start, and are kept for a while.
    """
    if in_processes:
        # Python's own pool of processes would run a learner's script again in each of them.
        from joblib.externals.loky import get_reusable_executor

        number = min(usable_cores(), MOST_WORKERS)
        yield get_reusable_executor(max_workers=number, timeout=PROCESSES_STAY), number
    else:
        number = min(max(usable_cores(), 2), MOST_WORKERS)  # one may wait for a disk
        with ThreadPoolExecutor(number) as threads:
            yield threads, number


def find_images(files: Files) -> tuple[list[ImageFile], list[str]]:
    """The images that stand in class folders, sorted by path, and the names of class folders without any.

    Raises:
        ValueError: there are none.
    """
    candidates = sorted(path for path in files.paths if path.lower().endswith(SUFFIXES) and not _hidden(path))
    if not candidates:
        raise ValueError(f"load: {files.origin} holds no images ({', '.join(SUFFIXES)}). {HOW_TO_ARRANGE}")
    layout = Layout.of(candidates)
    images = [image for path in candidates if (image := layout.place(path)) is not None]
    if not images:
        raise ValueError(f"load: the images of {files.origin} lie loose, in no class folder. {HOW_TO_ARRANGE}")
    if not any(image.split == "train" for image in images):
        raise ValueError(
            f"load: {files.origin} has {' and '.join(sorted({image.split for image in images}))} but no train folder. "
            "Put the images to learn from into train/CLASS/."
        )
    used = {image.class_name for image in images}
    class_folders = [layout.place(f"{folder}/any") for folder in files.folders if not _hidden(folder)]
    return images, sorted({entry.class_name for entry in class_folders if entry is not None} - used)


@dataclass(frozen=True)
class Layout:
    """How paths are read: wrappers around everything, then (train, validation, test,) class, image."""

    wrappers: int
    with_splits: bool

    @classmethod
    def of(cls, paths: list[str]) -> "Layout":
        """The layout of these image paths."""
        folders = [_parts(path)[:-1] for path in paths]
        wrappers = 0
        # A folder around everything is a wrapper if folders follow in it; a lone train/ is none.
        while all(len(part) > wrappers + 1 for part in folders):
            names = {part[wrappers] for part in folders}
            if len(names) > 1 or names.pop().lower() in SPLIT_FOLDERS:
                break
            wrappers += 1
        nested = [part[wrappers:] for part in folders if len(part) > wrappers]
        with_splits = any(len(part) > 1 for part in nested) and all(part[0].lower() in SPLIT_FOLDERS for part in nested)
        return cls(wrappers, with_splits)

    def place(self, path: str) -> ImageFile | None:
        """The split and class of a path, or None where it stands in no class folder."""
        folders = _parts(path)[self.wrappers : -1]
        if self.with_splits:
            return ImageFile(SPLIT_FOLDERS[folders[0].lower()], folders[1], path) if len(folders) > 1 else None
        return ImageFile("train", folders[0], path) if folders else None


def _hidden(path: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in _parts(path))


def _parts(path: str) -> list[str]:
    """The names in a path. (pathlib takes twenty times as long, and a folder may hold 60,000 images.)"""
    return [part for part in path.split("/") if part not in ("", ".")]


def first_size(files: Files, images: list[ImageFile]) -> tuple[int, int] | None:
    """(height, width) of the first image that can be read, or None where there is none."""
    for _, source in files.read({image.path for image in images}):
        try:
            return decode(source, None)[1]
        except BROKEN:
            continue  # decoding will list it
    return None
