"""Switch filters off, and see what is lost without them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from practicum.anatomy import chain
from practicum.backend import keras
from practicum.dataset import Split
from practicum.inspection.compiled import compiled, in_chunks
from practicum.inspection.maps import layer_maps, pieces
from practicum.inspection.walk import all_layers, checked_images, classes_of, find_layer, walk
from practicum.progress import track

KEEPS_ZERO = (
    *(keras.layers.MaxPooling2D, keras.layers.AveragePooling2D, keras.layers.ReLU),
    *(keras.layers.GlobalMaxPooling2D, keras.layers.GlobalAveragePooling2D),
    *(keras.layers.Dropout, keras.layers.SpatialDropout2D),
)
AT_ONCE = 128  # images that go through the rest of the network together


@dataclass(frozen=True)
class Ablation:
    """What is lost without each of some filters.

    layer: its full name.
    filters: int64 (F,), the numbers of the filters that were switched off, one at a time.
    accuracy: with all of them on, 0 to 1.
    lost: float64 (F,), by how much the accuracy falls without each; below 0 where it rises.
    class_accuracy: float64 (classes,), the share of each class's images that is recognised with all filters on; NaN for
        a class without images.
    class_lost: float64 (F, classes), by how much that falls.
    images: how many it was measured on. One image more or less is 1 / images.
    """

    layer: str
    filters: np.ndarray
    accuracy: float
    lost: np.ndarray
    class_accuracy: np.ndarray
    class_lost: np.ndarray
    images: int

    def useless(self, most: float = 0.0) -> np.ndarray:
        """The numbers of the filters without which accuracy falls by at most so much, 0 to 1; the least missed first.

        Each was tried alone. Two that do the same work can do without each other, but not without both: see what
        `accuracy_without` gives for all of them together.
        """
        order = np.argsort(self.lost, kind="stable")
        return self.filters[order][self.lost[order] <= most + 1e-9]

    def most_missed(self, class_index: int | None = None, count: int = 5) -> np.ndarray:
        """The numbers of the filters that are missed most, by a class's images or by all; the most missed first."""
        lost = self.lost if class_index is None else self.class_lost[:, class_index]
        return self.filters[np.argsort(-lost, kind="stable")][:count]


def ablate(
    model: "keras.Model",
    split: Split,
    layer: str,
    *,
    filters: Sequence[int] | int | None = None,
    show_progress: bool = True,
) -> Ablation:
    """Switch off one filter after the other, and count what the network still recognises.

    Switched off means that the filter's feature map is 0 everywhere, as if it had found nothing.

    Args:
        model: a classifier: a built Sequential or functional model, also with models inside.
        split: images and their labels, at least one.
        layer: name of a layer that gives feature maps, best after ReLU, such as "module1_relu"; or of a dense layer,
            whose units count as filters.
        filters: the numbers of those to switch off, one at a time; None for each of the layer.
        show_progress: show how far it is.

    Raises:
        ValueError: no images, labels that the model does not know, no such layer or filter.

    What comes before the layer is computed once for all filters.
    """
    name, chosen = _checked(model, split, layer, filters, "ablate")
    channels = find_layer(model, name)[1].output.shape[-1]
    cut = _last_of_its_channels(model, name)
    classes = classes_of(model, "ablate")
    right = np.zeros((len(chosen) + 1, classes), np.int64)  # the last row: with all filters on
    counts = np.bincount(split.labels, minlength=classes)
    parts = pieces(split.images)
    steps = [(place, part) for place in range(len(parts)) for part in range(len(chosen) + 1)]
    shown = track(steps, f"switching off filters of {name}", len(steps)) if show_progress and len(chosen) > 1 else steps
    start = 0
    for place, which in shown:
        if which == 0:
            maps = layer_maps(model, cut, checked_images(model, parts[place], "ablate"))
            labels = np.asarray(split.labels[start : start + len(maps)])
            start += len(maps)
            unchanged = _answers(model, cut, maps, np.ones(channels, np.float32))
            answers, row = unchanged, len(chosen)
        else:
            row = which - 1
            silent = not maps[..., chosen[row]].any()  # then nothing is switched off
            mask = np.ones(channels, np.float32)
            mask[chosen[row]] = 0
            answers = unchanged if silent else _answers(model, cut, maps, mask)
        np.add.at(right[row], labels[answers == labels], 1)
    shares = np.divide(right, counts, out=np.full(right.shape, np.nan), where=counts > 0)
    totals = right.sum(axis=1) / len(split)
    return Ablation(
        layer=name,
        filters=chosen,
        accuracy=float(totals[-1]),
        lost=totals[-1] - totals[:-1],
        class_accuracy=shares[-1],
        class_lost=shares[-1] - shares[:-1],
        images=len(split),
    )


def accuracy_without(model: "keras.Model", split: Split, layer: str, filters: Sequence[int] | int) -> float:
    """The accuracy, 0 to 1, with several filters of a layer switched off together. Args and Raises as in ablate."""
    name, chosen = _checked(model, split, layer, filters, "accuracy_without")
    mask = np.ones(find_layer(model, name)[1].output.shape[-1], np.float32)
    mask[chosen] = 0
    cut = _last_of_its_channels(model, name)
    right = start = 0
    for part in pieces(split.images):
        maps = layer_maps(model, cut, checked_images(model, part, "accuracy_without"))
        right += int((_answers(model, cut, maps, mask) == split.labels[start : start + len(maps)]).sum())
        start += len(maps)
    return right / len(split)


def _last_of_its_channels(model: "keras.Model", name: str) -> str:
    """The last of the layers after name that treat each channel alone and make nothing of nothing, such as a pooling.

    A channel may as well be switched off there, where there are fewer values.
    """
    try:
        names, layers = zip(*chain(model), strict=True)
    except ValueError:
        return name
    place = names.index(name) if name in names else len(names)
    while place + 1 < len(names) and isinstance(layers[place + 1], KEEPS_ZERO):
        place += 1
    return names[place] if name in names else name


def _answers(model: "keras.Model", layer: str, maps: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The classes named where layer gives maps times mask, a number for each channel."""

    def rest(network: "keras.Model", values: Any, factors: Any) -> Any:
        # The image does not matter: all that comes before the layer falls away when this is compiled.
        image = keras.ops.zeros((values.shape[0], *network.inputs[0].shape[1:]))
        factors = keras.ops.reshape(factors, (values.shape[0], *(1,) * (len(values.shape) - 2), values.shape[-1]))

        uses = 0

        def put(name: str, output: Any) -> Any:
            nonlocal uses
            uses += name == layer
            if uses > 1:
                raise ValueError(f"ablate: the layer {layer!r} is used several times. Pass another.")
            return keras.ops.cast(values * factors, output.dtype) if name == layer else output

        return walk(network, image, put, before_softmax=True)

    masks = np.broadcast_to(mask, (len(maps), len(mask)))
    found: np.ndarray = in_chunks(compiled(model, ("rest after", layer), rest), maps, masks, size=AT_ONCE)
    return found.argmax(axis=1)


def _checked(
    model: "keras.Model", split: Split, layer: str, filters: Sequence[int] | int | None, caller: str
) -> tuple[str, np.ndarray]:
    """The layer's full name, and the numbers of the filters."""
    if len(split) == 0:
        raise ValueError(f"{caller}: the split has no images. Pass a split with at least one.")
    classes = classes_of(model, caller)
    labels = np.asarray(split.labels)
    if labels.shape != (len(split.images),) or labels.min() < 0 or labels.max() >= classes:
        raise ValueError(
            f"{caller}: expected a label from 0 to {classes - 1} for each of {len(split.images)} images. Received "
            f"{labels.shape} labels from {labels.min()} to {labels.max()}."
        )
    name, found = find_layer(model, layer)
    last = next(reversed(all_layers(model)))
    if name == last or last.startswith(f"{name}/"):
        raise ValueError(f"{caller}: {layer} is the answer itself. Pass a layer before it.")
    channels = found.output.shape[-1]
    if filters is None:
        return name, np.arange(channels)
    chosen = np.atleast_1d(np.asarray(filters))
    if chosen.ndim != 1 or chosen.dtype.kind not in "iu" or not chosen.size:
        raise ValueError(f"{caller}: filters is a filter's number, or a list of them. Received {filters!r}.")
    if chosen.min() < 0 or chosen.max() >= channels:
        raise ValueError(f"{caller}: {layer} has filters 0 to {channels - 1}. Received {filters!r}.")
    return name, chosen.astype(np.int64)
