"""Less to learn from: a dataset with only some of its training images."""

from dataclasses import replace

import numpy as np

from practicum.dataset import Dataset, Split


def fewer_images(dataset: Dataset, count: int) -> Dataset:
    """The same dataset with count of its training images, of each class its share; validation and test stay whole.

    The same ones each time, and those of a smaller count are among those of a larger one: so more images are the same
    ones and others besides.

    Args:
        dataset: any.
        count: how many training images to keep, at least one for each class that has any.

    Raises:
        ValueError: a count that is too small, or larger than what there is.

    Example:
        >>> labels = np.array([0, 0, 0, 0, 1, 1])
        >>> split = Split(np.zeros((6, 2, 2, 1), np.uint8), labels)
        >>> six = Dataset("six", ("a", "b"), split, split, split, source="made", licence="CC0")
        >>> fewer_images(six, 3).train.labels.tolist()
        [0, 0, 1]
    """
    labels = dataset.train.labels
    classes = np.unique(labels)
    if not isinstance(count, int) or not len(classes) <= count <= len(labels):
        raise ValueError(
            f"fewer_images: count must be a whole number from {len(classes)} (one for each class) to {len(labels):,} "
            f"(all of {dataset.name}). Received {count!r}."
        )
    random = np.random.default_rng(0)
    turn = np.empty(len(labels))  # at which share of its class an image joins
    for label in classes:
        members = random.permutation(np.flatnonzero(labels == label))
        turn[members] = (np.arange(len(members)) + 0.5) / len(members)
        turn[members[0]] = 0  # no class is left out
    kept = np.sort(np.argsort(turn, kind="stable")[:count])
    return replace(dataset, train=Split(dataset.train.images[kept], labels[kept]))
