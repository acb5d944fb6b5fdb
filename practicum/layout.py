"""How the paths of a folder are read: which image is of which split and class."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

SPLIT_FOLDERS = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "test": "test",
}


class ImageFile(NamedTuple):
    """One image file: the split its folder names ("train" where it names none), its class and its path."""

    split: str
    class_name: str
    path: str


@dataclass(frozen=True)
class Layout:
    """How paths are read: wrappers around everything, then (train, validation, test,) class, image."""

    wrappers: int
    with_splits: bool

    @classmethod
    def of(cls, paths: Iterable[str]) -> "Layout":
        """The layout of these image paths."""
        written = {path[: path.rfind("/") + 1] for path in paths}  # many images share a folder
        folders = {tuple(path_parts(folder)) for folder in written} - {()}  # what lies loose at the top says nothing
        wrappers = 0
        while _is_wrapper(folders):
            folders = {parts[1:] for parts in folders} - {()}
            wrappers += 1
        return cls(wrappers, _has_splits(folders))

    def place(self, path: str) -> ImageFile | None:
        """The split and class of a path, or None where it stands in no class folder."""
        folders = path_parts(path)[self.wrappers : -1]
        if not self.with_splits:
            return ImageFile("train", _composed(folders[0]), path) if folders else None
        split = SPLIT_FOLDERS.get(folders[0].lower()) if len(folders) > 1 else None
        return ImageFile(split, _composed(folders[1]), path) if split else None

    def is_outside_splits(self, path: str) -> bool:
        """Whether a path lies beside train, validation and test."""
        folders = path_parts(path)[self.wrappers : -1]
        return self.with_splits and bool(folders) and folders[0].lower() not in SPLIT_FOLDERS


def path_parts(path: str) -> list[str]:
    """The names in a path. (pathlib takes twenty times as long, and a folder may hold 60,000 images.)"""
    return [part for part in path.split("/") if part not in ("", ".")]


def _composed(name: str) -> str:
    """A name with its accents as letters of their own made part of their letters: macOS and Linux differ in that."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def _is_wrapper(folders: set[tuple[str, ...]]) -> bool:
    """Whether all images lie in one folder that is no class: around class folders, with some images loose at most."""
    names = {parts[0] for parts in folders}
    if len(names) != 1 or names.pop().lower() in SPLIT_FOLDERS:
        return False
    inner = {parts[1] for parts in folders if len(parts) > 1}
    return len(inner) > 1 or (len(inner) == 1 and not any(len(parts) == 1 for parts in folders))


def _has_splits(folders: set[tuple[str, ...]]) -> bool:
    """Whether the classes lie in folders for the splits.

    Other folders may lie beside train/ if that holds class folders and nothing else; but "train" may be a class, too.
    """
    if all(parts[0].lower() in SPLIT_FOLDERS for parts in folders):
        return any(len(parts) > 1 for parts in folders)
    in_train = [parts for parts in folders if SPLIT_FOLDERS.get(parts[0].lower()) == "train"]
    return all(len(parts) > 1 for parts in in_train) and len({parts[1] for parts in in_train}) > 1


def one_spelling(images: list[ImageFile]) -> list[ImageFile]:
    """The images with one name for each class that train, validation and test spell with other capitals.

    Where both spellings stand side by side in one split they are two classes, as a and A may be.
    """
    spellings: dict[str, dict[str, set[str]]] = {}
    for split, class_name in {(image.split, image.class_name) for image in images}:
        spellings.setdefault(class_name.casefold(), {}).setdefault(split, set()).add(class_name)
    renamed = {}
    for by_split in spellings.values():
        names = set().union(*by_split.values())
        if len(names) > 1 and all(len(own) == 1 for own in by_split.values()):
            kept = min(by_split.get("train", names))
            renamed.update(dict.fromkeys(names - {kept}, kept))
    if not renamed:
        return images
    return [image._replace(class_name=renamed.get(image.class_name, image.class_name)) for image in images]
