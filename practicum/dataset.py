"""What a dataset is, and how one is split."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

VALIDATION_SHARE = 0.10
TEST_SHARE = 0.15
MOST_OF_SHARE = 1.5  # how much more than its share a split may get of a class, where images belong together
SPLITS = ("train", "validation", "test")


class UnusableDataError(ValueError):
    """Files that can be read, but from which nothing can be learned. The message says why and what to do."""


@dataclass(frozen=True)
class Split:
    """Images and their labels.

    images: uint8 (N, height, width, channels), 0 to 255; a read-only memory map where they are many.
    labels: int32 (N,), an index into the dataset's class_names each.
    """

    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return f"Split({len(self):,} images of {'×'.join(map(str, self.images.shape[1:]))})"


@dataclass(frozen=True)
class Dataset:
    """Labelled images in three splits: train to learn from, validation to decide by, test to look at once.

    remarks: what the loader noticed and a person should know (a file left out, a class without images).
    """

    name: str
    class_names: tuple[str, ...]
    train: Split
    validation: Split
    test: Split
    source: str
    licence: str
    remarks: tuple[str, ...] = ()

    @property
    def image_shape(self) -> tuple[int, int, int]:
        height, width, channels = self.train.images.shape[1:]
        return height, width, channels

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name} {len(getattr(self, name)):,}" for name in SPLITS)
        shape = "×".join(map(str, self.image_shape))
        return f"Dataset({self.name}: {len(self.class_names)} classes, images {shape}, {sizes})"


def split_images(labels: np.ndarray, groups: Iterable[Any], share: float, *, seed: int) -> np.ndarray:
    """Choose about share of the images of each class, keeping images of one group together.

    Args:
        labels: int (N,), the class of each image.
        groups: N hashable values; images of equal value (the same picture twice, say) are chosen together.
        share: 0 to 1.
        seed: the same seed and input choose the same images on every machine.

    Returns:
        bool (N,), True for the chosen images: of each class at least one, and never all.

    Example:
        >>> split_images(np.array([0, 0, 1, 1]), ["a", "b", "c", "d"], 0.5, seed=0).sum()
        np.int64(2)
    """
    members: dict[Any, list[int]] = {}
    for index, group in enumerate(groups):
        if group in members:
            members[group].append(index)
        else:
            members[group] = [index]
    label_of = labels.tolist()
    by_class: dict[int, list[list[int]]] = {label: [] for label in sorted(set(label_of))}
    for indices in members.values():
        by_class[label_of[indices[0]]].append(indices)

    chosen = np.zeros(len(labels), bool)
    random = np.random.default_rng(seed)
    for class_groups in by_class.values():
        total = sum(map(len, class_groups))
        wanted = max(1, round(total * share))
        taken = 0
        order = random.permutation(len(class_groups)).tolist()
        # Stop before the last group: a class keeps at least one image to learn from.
        for place in order[:-1]:
            if taken >= wanted:
                break
            if taken + len(class_groups[place]) <= MOST_OF_SHARE * wanted:  # a large group would be most of a split
                chosen[class_groups[place]] = True
                taken += len(class_groups[place])
        if not taken and len(order) > 1:
            chosen[class_groups[min(order, key=lambda place: len(class_groups[place]))]] = True
    return chosen


def image_keys(images: np.ndarray) -> np.ndarray:
    """A fingerprint of each image's pixels, uint64 (N,): equal for equal images."""
    return np.array([image_key(image) for image in images], np.uint64)


def image_key(image: np.ndarray) -> int:
    """A fingerprint of an image's pixels: equal for equal images."""
    # SHA-256, of which 8 bytes are kept: processors have instructions for it, so it takes half the time of BLAKE2.
    return int.from_bytes(hashlib.sha256(np.ascontiguousarray(image).data).digest()[:8], "little")
