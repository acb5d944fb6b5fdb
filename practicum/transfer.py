"""Take what one network has learned to another task: its features, and how few labels are enough for them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from practicum.backend import keras
from practicum.dataset import Dataset, Split
from practicum.pixel_files import forget

BATCH = 256


def features(base: "keras.Model", dataset: Dataset, layers: Sequence[str]) -> dict[str, Dataset]:
    """What some layers of base make of every image, one number a feature map: its mean over all places.

    All layers are read in one pass over the images, because that pass is what costs time. A row of features is kept
    in the form of an image of one pixel, so that `train` and `evaluate` take it like any other image.

    Args:
        base: a network of one input, such as load_pretrained("cifar10").
        dataset: with images that base takes.
        layers: names of layers of base that give feature maps (N, H, W, C).

    Returns:
        {layer: Dataset}, each with images float32 (N, 1, 1, C); labels and class names are those of dataset.

    Raises:
        ValueError: images of another shape, an unknown layer, or one without feature maps.

    Source: Yosinski et al. 2014, "How transferable are features in deep neural networks?", arXiv:1411.1792.
    """
    reader = keras.Model(base.inputs, [_mean_of(base, name) for name in _checked(base, dataset, layers)])
    splits = (dataset.train, dataset.validation, dataset.test)
    of_train, of_validation, of_test = (_read(reader, split.images) for split in splits)
    return {
        name: replace(
            dataset,
            name=f"{dataset.name}, {name}",
            train=Split(of_train[place], dataset.train.labels),
            validation=Split(of_validation[place], dataset.validation.labels),
            test=Split(of_test[place], dataset.test.labels),
        )
        for place, name in enumerate(layers)
    }


def few_labels(dataset: Dataset, per_class: int, *, seed: int = 0) -> Dataset:
    """The dataset with only some labelled images of each class to learn from, and as many to decide by.

    Args:
        dataset: any.
        per_class: images of each class in train, and in validation; where a class has fewer, all it has. 1 or more.
        seed: which ones: the same seed chooses the same ones for the same labels.

    Returns:
        A Dataset with a smaller train and validation split. The test split stays whole, so that results can be
        compared.

    Raises:
        ValueError: for per_class below 1.

    Example:
        >>> split = Split(np.zeros((6, 1, 1, 3)), np.array([0, 0, 0, 1, 1, 1], np.int32))
        >>> few_labels(Dataset("six", ("a", "b"), split, split, split, "", ""), 2).train.labels
        array([0, 0, 1, 1], dtype=int32)
    """
    if isinstance(per_class, bool) or not isinstance(per_class, int) or per_class < 1:
        raise ValueError(f"few_labels: per_class is a whole number, 1 or more. Received per_class={per_class!r}.")
    return replace(
        dataset,
        train=_some_of_each(dataset.train, per_class, np.random.default_rng([seed, 0])),
        validation=_some_of_each(dataset.validation, per_class, np.random.default_rng([seed, 1])),
    )


def _some_of_each(split: Split, per_class: int, random: np.random.Generator) -> Split:
    places = [np.flatnonzero(split.labels == label) for label in np.unique(split.labels)]
    chosen = np.sort(np.concatenate([random.permutation(each)[:per_class] for each in places]))
    return Split(split.images[chosen], split.labels[chosen])


def _mean_of(base: "keras.Model", name: str) -> object:
    return keras.layers.GlobalAveragePooling2D(keepdims=True, name=f"mean_{name}")(base.get_layer(name).output)


def _read(reader: "keras.Model", images: np.ndarray) -> list[np.ndarray]:
    """What reader gives for images: an array for each of its outputs. The last batch is filled up, and cut again."""
    parts = []
    for start in range(0, len(images), BATCH):
        some = images[start : start + BATCH]
        batch = np.zeros((BATCH, *images.shape[1:]), images.dtype)
        batch[: len(some)] = some
        outputs = reader.predict_on_batch(batch)
        outputs = outputs if isinstance(outputs, list) else [outputs]
        parts.append([np.asarray(output, np.float32)[: len(some)] for output in outputs])
    forget(images)
    return [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]


def _checked(base: "keras.Model", dataset: Dataset, layers: Sequence[str]) -> Sequence[str]:
    if tuple(base.input_shape[1:]) != dataset.image_shape:
        raise ValueError(
            f"features: base takes images {tuple(base.input_shape[1:])} but those of {dataset.name} are "
            f"{dataset.image_shape}. Load the data with another image_size, or pad the images."
        )
    if isinstance(layers, str) or not layers:
        raise ValueError(f'features: layers is a list of names such as ["module3_relu"]. Received layers={layers!r}.')
    known = {layer.name: layer for layer in base.layers}
    for name in layers:
        if name not in known:
            raise ValueError(f"features: base has no layer {name!r}. Its layers: {', '.join(known)}.")
        shape = known[name].output.shape
        if len(shape) != 4:
            raise ValueError(
                f"features: layer {name!r} gives {tuple(shape[1:])} an image and no feature maps. Choose one before "
                "the maps are flattened, such as the ReLU of a module."
            )
    return layers
