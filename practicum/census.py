"""What became of each file of a folder, gathered while it is read."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from practicum.layout import ImageFile
from practicum.reasons import REASONS, Note

NAMED_FILES = 5  # how many files or classes a remark names
UNEVEN = 5  # times as many images in the largest class as in the smallest
# What lies in a folder without its owner having put it there, or without having meant it as an image.
NOT_WORTH_A_REMARK = (
    *("mac_side_file", "mac_notes", "mac_folder", "windows_notes", "checkpoints", "hidden"),
    *("text", "no_image", "copy"),
)


class Census:
    """The images found in a folder, and what is to be said about each of its files."""

    def __init__(self) -> None:
        self.origin = Path()
        self.images: list[ImageFile] = []  # all that are decoded, sorted by path
        self.notes: dict[str, list[Note]] = {}  # by path, of all files about which there is something to say
        self.class_names: tuple[str, ...] = ()  # with at least one image
        self.empty_classes: list[str] = []
        self.image_size: tuple[int, int] | None = None
        self.copies: list[tuple[list[int], bool]] = []  # numbers of the images of one picture; whether to the pixel
        self.remarks: list[str] = []  # what a person should know before training, in a line each

    def note(self, path: str, note: Note) -> None:
        self.notes.setdefault(path, []).append(note)

    def is_left_out(self, path: str) -> bool:
        return path in self.notes and any(note.leaves_out for note in self.notes[path])

    def used(self) -> list[int]:
        """The numbers of the images that are not left out."""
        left_out = {path for path in self.notes if self.is_left_out(path)}
        return [number for number, image in enumerate(self.images) if image.path not in left_out]

    def count_classes(self, folders: set[str]) -> None:
        """Find the classes that have images to use, and which do not. folders: the classes that have a folder."""
        names = {self.images[number].class_name for number in self.used()}
        self.class_names = tuple(sorted(names))
        self.empty_classes = sorted((folders | {image.class_name for image in self.images}) - names)

    def add_copies(self, numbers: np.ndarray, groups: np.ndarray, keys: np.ndarray) -> None:
        """Take in which images are copies of one picture.

        Args:
            numbers: int (N,), of images.
            groups: int (N,), equal for copies.
            keys: uint64 (N,), equal for equal pixels.
        """
        order = np.argsort(groups, kind="stable")
        starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
        ends = np.append(starts[1:], len(order))
        for start, end in zip(starts[ends - starts > 1], ends[ends - starts > 1], strict=True):
            members = order[start:end]
            self.copies.append((numbers[members].tolist(), len(set(keys[members].tolist())) == 1))
        self.copies.sort()
        for places, _ in self.copies:
            images = [self.images[number] for number in places]
            if len({image.class_name for image in images}) > 1:
                for image in images:
                    other = next(other for other in images if other.class_name != image.class_name)
                    self.note(image.path, Note("two_classes", f"also {other.path}"))

    def facts(self, homes: dict[int, str] | None, problem: str = "") -> dict[str, Any]:
        """All of it, to be kept as JSON and read by audit.Audit.

        Args:
            homes: the split of each image that stands in one; None where none were cut.
            problem: why nothing can be learned from these files.
        """
        used: dict[str, dict[str, list[str]]] = {}
        group_of = {number: members for members, _ in self.copies for number in members}
        for number in self.used():
            image = self.images[number]
            split = "" if homes is None else homes.get(number)
            if split is None:  # was left out when the splits were cut
                staying = next(other for other in group_of[number] if other in (homes or {}))
                self.note(image.path, Note("copy", f"of {self.images[staying].path}"))
            else:
                used.setdefault(split, {}).setdefault(image.class_name, []).append(image.path)
        return {
            "origin": str(self.origin),
            "problem": problem,
            "remarks": self.remarks,
            "class_names": self.class_names,
            "empty_classes": self.empty_classes,
            "image_size": self.image_size,
            "used": used,
            "notes": {path: [(note.reason, note.detail) for note in notes] for path, notes in self.notes.items()},
            "copies": [([self.images[number].path for number in members], exact) for members, exact in self.copies],
        }


def remarks_on(census: Census, broken: list[str]) -> list[str]:
    """What a person should know before training, in a line each. broken: paths of what could not be decoded."""
    found = []
    if census.empty_classes:
        found.append(f"classes without images, left out: {_named(census.empty_classes)}")
    if broken:
        count = len(census.images)
        found.append(f"{len(broken)} of {count} image files could not be decoded and are left out: {_named(broken)}")
    others = left_out_in_words(census, set(broken))
    if others:
        found.append(f"{'also ' if broken else ''}left out: {others}")
    used = [census.images[number] for number in census.used()]
    counts = Counter(image.class_name for image in used)
    found += _on_classes(counts)
    train = {image.class_name for image in used if image.split == "train"}
    if set(counts) - train:
        found.append(f"classes without training images: {_named(sorted(set(counts) - train))}")
    two = sorted(path for path, notes in census.notes.items() if any(note.reason == "two_classes" for note in notes))
    if two:
        found.append(f"{len(two)} images show a picture that stands in two classes: {_named(two)}")
    return found


def left_out_in_words(census: Census, apart_from: set[str]) -> str:
    """How many files are left out for which reasons, apart from those that nobody meant as images."""
    reasons = Counter(
        note.reason
        for path, notes in census.notes.items()
        for note in notes
        if note.leaves_out and path not in apart_from and note.reason not in NOT_WORTH_A_REMARK
    )
    return "; ".join(f"{count} × {REASONS[reason].title}" for reason, count in reasons.items())


def _on_classes(counts: Counter[str]) -> list[str]:
    found: list[str] = []
    if not counts:
        return found
    single = sorted(name for name, count in counts.items() if count == 1)
    if single:
        found.append(f"classes with one image, which cannot be learned from and tested with both: {_named(single)}")
    (largest, most), (smallest, fewest) = counts.most_common()[0], counts.most_common()[-1]
    if most >= UNEVEN * fewest:
        share = most / counts.total()
        found.append(
            f"uneven classes: {most:,} images of {largest}, {fewest:,} of {smallest}. Who always answers {largest} is "
            f"right in {share:.0%} of cases, so look at each class by itself"
        )
    by_look: dict[str, list[str]] = {}
    for name in sorted(counts):
        by_look.setdefault(" ".join(name.casefold().split()), []).append(name)
    alike = [names for names in by_look.values() if len(names) > 1]
    found += [f"classes whose names differ by capitals or spaces only: {_named(map(repr, names))}" for names in alike]
    return found


def _named(names: Any) -> str:
    names = list(names)
    return ", ".join(names[:NAMED_FILES]) + (" …" if len(names) > NAMED_FILES else "")
