"""A folder or an archive of class folders -> decoded images."""

import io
import tarfile
import zipfile
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import IO

import numpy as np
from PIL import Image, ImageOps

from practicum.cache import Writer
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
DECODE_BATCH = 32
DECODE_THREADS = 2
BATCHES_WAITING = 4
NAMED_FILES = 5  # how many left-out files a remark names
HOW_TO_ARRANGE = "Make one folder for each class and put its images into it."


@dataclass(frozen=True)
class ImageFile:
    """One image file: the split its folder names ("train" where it names none), its class and its path."""

    split: str
    class_name: str
    path: str


class Files:
    """The files of a folder, a .zip or a .tar alike: their relative paths, and their bytes one after the other."""

    def __init__(self, origin: Path) -> None:
        self.origin = origin
        if origin.is_dir():
            self._read, found = self._read_folder, (p.relative_to(origin).as_posix() for p in origin.rglob("*"))
            self.paths = sorted(path for path in found if (origin / path).is_file())
            self.folders = sorted(p.relative_to(origin).as_posix() for p in origin.rglob("*") if p.is_dir())
        elif zipfile.is_zipfile(origin):
            self._read = self._read_zip
            with zipfile.ZipFile(origin) as archive:
                names = archive.namelist()
            self.paths = sorted(name for name in names if not name.endswith("/"))
            self.folders = sorted(name.rstrip("/") for name in names if name.endswith("/"))
        elif tarfile.is_tarfile(origin):
            self._read = self._read_tar
            with tarfile.open(origin) as archive:
                members = archive.getmembers()
            self.paths = [_tidy(member.name) for member in members if member.isfile()]
            self.folders = sorted(_tidy(member.name) for member in members if member.isdir())
        else:
            raise ValueError(
                f"load: {origin} is neither a folder nor a .zip or .tar archive that can be read. {HOW_TO_ARRANGE} "
                "Pass that folder, or an archive of it."
            )

    def read(self, wanted: set[str]) -> Iterator[tuple[str, bytes]]:
        """(path, bytes) of each wanted file, in the order in which they are quickest to read."""
        return self._read(wanted)

    def _read_folder(self, wanted: set[str]) -> Iterator[tuple[str, bytes]]:
        for path in self.paths:
            if path in wanted:
                yield path, (self.origin / path).read_bytes()

    def _read_zip(self, wanted: set[str]) -> Iterator[tuple[str, bytes]]:
        with zipfile.ZipFile(self.origin) as archive:
            for path in self.paths:
                if path in wanted:
                    yield path, archive.read(path)

    def _read_tar(self, wanted: set[str]) -> Iterator[tuple[str, bytes]]:
        with tarfile.open(self.origin) as archive:
            for member in archive:
                path = _tidy(member.name)
                content: IO[bytes] | None = archive.extractfile(member) if path in wanted and member.isfile() else None
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
    shape = size or shared_size(files, images) or DEFAULT_SIZE

    writer.class_names = class_names
    arrays, places = {}, {}
    for split, count in Counter(image.split for image in images).items():
        arrays[split] = writer.array(split, count, (*shape, 3))
    filled: Counter[str] = Counter()
    for image in images:  # sorted by path: the same order on every machine
        places[image.path] = (image.split, filled[image.split])
        filled[image.split] += 1

    broken = _decode_all(files, places, arrays, shape)
    if broken:
        shown = ", ".join(sorted(broken)[:NAMED_FILES]) + (" …" if len(broken) > NAMED_FILES else "")
        writer.remarks.append(f"{len(broken)} of {len(images)} files could not be decoded and are left out: {shown}")
    for split in arrays:
        kept = [image for image in images if image.split == split and image.path not in broken]
        if not kept:
            raise ValueError(f"load: none of the {split} images of {origin} could be decoded. Are they image files?")
        labels = np.array([class_names.index(image.class_name) for image in kept], np.int32)
        if broken:
            rows = np.array([places[image.path][1] for image in kept])
            writer.add(split, np.array(arrays[split][rows]), labels)
        else:
            writer.labels(split, labels)


def _decode_all(
    files: Files, places: dict[str, tuple[str, int]], arrays: dict[str, np.ndarray], shape: tuple[int, int]
) -> set[str]:
    """Decode each file to its place; give the paths of those that are no readable image."""
    broken: set[str] = set()

    def decode(items: list[tuple[str, bytes]]) -> None:
        for path, content in items:
            split, row = places[path]
            try:
                arrays[split][row] = decode_image(content, shape)
            except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
                broken.add(path)

    contents = track(files.read(set(places)), "decoding images", len(places))
    # Pillow decodes outside Python's lock, so two threads use two cores, while this one reads on. Handing over many
    # images at a time costs less; waiting for the ones before bounds what lies in memory.
    waiting: deque[Future[None]] = deque()
    with ThreadPoolExecutor(DECODE_THREADS) as pool:
        while batch := list(islice(contents, DECODE_BATCH)):
            waiting.append(pool.submit(decode, batch))
            if len(waiting) > BATCHES_WAITING:
                waiting.popleft().result()
        for future in waiting:
            future.result()
    return broken


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
        folders = [PurePosixPath(path).parts[:-1] for path in paths]
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
        folders = PurePosixPath(path).parts[self.wrappers : -1]
        if self.with_splits:
            return ImageFile(SPLIT_FOLDERS[folders[0].lower()], folders[1], path) if len(folders) > 1 else None
        return ImageFile("train", folders[0], path) if folders else None


def _hidden(path: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(path).parts)


def shared_size(files: Files, images: list[ImageFile]) -> tuple[int, int] | None:
    """(height, width) if all images have the same, read from their headers; None as soon as two differ."""
    size = None
    for _, content in files.read({image.path for image in images}):
        try:
            with Image.open(io.BytesIO(content)) as picture:
                found = (picture.height, picture.width)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            continue  # decoding will list it
        if size is not None and found != size:
            return None
        size = found
    return size


def decode_image(content: bytes, size: tuple[int, int] | None = None) -> np.ndarray:
    """The pixels of an image file: uint8 (height, width, 3), turned upright, on white where it is transparent.

    Args:
        content: the file's bytes.
        size: (height, width) to resize to, or None for its own.

    Raises:
        OSError or ValueError: no image, or one that cannot be decoded to its end.
    """
    with Image.open(io.BytesIO(content)) as picture:
        if size is not None:
            picture.draft("RGB", (size[1] * 2, size[0] * 2))  # a large JPEG is decoded at a fraction of its size
        upright = ImageOps.exif_transpose(picture)
        colour = _to_rgb(upright)
    if size is not None and (colour.height, colour.width) != size:
        # Pillow's bilinear averages over all pixels that fall together; Lanczos takes three times as long.
        colour = colour.resize((size[1], size[0]), Image.Resampling.BILINEAR, reducing_gap=2.0)
    return np.asarray(colour)


def _to_rgb(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I"):  # 16 bits a pixel: scale, do not cut off
        return Image.fromarray((np.asarray(picture).astype(np.uint32) // 257).clip(0, 255).astype(np.uint8)).convert(
            "RGB"
        )
    if "A" in picture.getbands() or "transparency" in picture.info:
        paper = Image.new("RGBA", picture.size, "white")
        paper.alpha_composite(picture.convert("RGBA"))
        return paper.convert("RGB")
    return picture.convert("RGB")


def to_grey(image: np.ndarray) -> np.ndarray:
    """uint8 (H, W, 3) -> uint8 (H, W, 1), by ITU-R 601 luma, as Pillow's mode "L" defines it."""
    return np.asarray(Image.fromarray(image).convert("L"))[..., np.newaxis]
