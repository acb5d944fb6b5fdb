"""How well a network does on images: its answers, counted."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from practicum.backend import keras
from practicum.dataset import Split
from practicum.pixel_files import forget

BATCH, SMALL_BATCH = 256, 16


@dataclass(frozen=True)
class Evaluation:
    """How a network does on a split.

    accuracy: share of the images whose most probable class is the right one, 0 to 1.
    loss: mean cross-entropy, in nats.
    confusion: int64 (classes, classes); confusion[i, j] images of class i were taken for class j.
    probabilities: float32 (N, classes), what the softmax gave for each image.
    labels: int32 (N,), the right classes.
    """

    accuracy: float
    loss: float
    confusion: np.ndarray
    probabilities: np.ndarray
    labels: np.ndarray
    class_names: tuple[str, ...]

    @property
    def predictions(self) -> np.ndarray:
        """The most probable class of each image, int64 (N,)."""
        return self.probabilities.argmax(axis=1)

    @property
    def most_common_share(self) -> float:
        """The accuracy of always naming the most common class: what a network must beat."""
        return float(self.confusion.sum(axis=1).max() / self.confusion.sum())

    def class_accuracy(self) -> dict[str, float]:
        """Of each class's images, the share that was recognised; NaN for a class without images."""
        counts = self.confusion.sum(axis=1)
        right = self.confusion.diagonal()
        shares = np.divide(right, counts, out=np.full(len(counts), np.nan), where=counts > 0)
        return dict(zip(self.class_names, shares.tolist(), strict=True))

    def most_wrong(self, count: int = 16) -> np.ndarray:
        """Places in the split of the wrong answers that the network was surest of, surest first."""
        wrong = np.flatnonzero(self.predictions != self.labels)
        certainty = self.probabilities[wrong, self.predictions[wrong]]
        return wrong[np.argsort(-certainty, kind="stable")][:count]


def evaluate(model: "keras.Model", split: Split, class_names: Sequence[str] | None = None) -> Evaluation:
    """Accuracy, loss and confusion matrix of model on split.

    Args:
        model: a classifier from images (N, H, W, C) to probabilities (N, classes).
        split: uint8 images and int32 labels, at least one.
        class_names: one name a class; None numbers them.

    Raises:
        ValueError: an empty split, or another number of names than the model has classes.
    """
    if len(split) == 0:
        raise ValueError("evaluate: the split has no images. Pass a split with at least one.")
    probabilities = predict(model, split.images)
    classes = probabilities.shape[1]
    names = tuple(class_names) if class_names is not None else tuple(map(str, range(classes)))
    if len(names) != classes:
        raise ValueError(
            f"evaluate: the model tells {classes} classes apart but class_names has {len(names)}: {names}."
        )
    labels = np.asarray(split.labels)
    confusion = np.zeros((classes, classes), np.int64)
    np.add.at(confusion, (labels, probabilities.argmax(axis=1)), 1)
    return Evaluation(
        accuracy=float((probabilities.argmax(axis=1) == labels).mean()),
        loss=cross_entropy(probabilities, labels),
        confusion=confusion,
        probabilities=probabilities,
        labels=labels,
        class_names=names,
    )


def predict(model: "keras.Model", images: np.ndarray) -> np.ndarray:
    """The probabilities that model gives for images: float32 (N, classes). Reads a memory map batch by batch."""
    parts = [_predict_batch(model, images[start : start + BATCH]) for start in range(0, len(images), BATCH)]
    forget(images)
    return np.concatenate(parts).astype(np.float32)


def _predict_batch(model: "keras.Model", images: np.ndarray) -> np.ndarray:
    """Fill the batch up to one of two sizes: TensorFlow prepares anew for every other size, which takes longer."""
    size = SMALL_BATCH if len(images) <= SMALL_BATCH else BATCH
    batch = np.zeros((size, *images.shape[1:]), images.dtype)
    batch[: len(images)] = images
    return np.asarray(model.predict_on_batch(batch))[: len(images)]


def cross_entropy(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Mean of -log(probability of the right class), in nats; a probability counts as at least 1e-7, as in Keras."""
    right = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return float(-np.log(np.clip(right, 1e-7, 1.0)).mean())
