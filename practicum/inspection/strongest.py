"""The images of a split that excite a filter most, and the part of each that it saw."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from practicum.anatomy import chain
from practicum.backend import keras
from practicum.inspection.maps import layer_maps, pieces
from practicum.inspection.walk import checked_images, find_maps

Box = tuple[int, int, int, int]  # top, left, bottom, right; the last two are not part of it


@dataclass(frozen=True)
class Strongest:
    """Where a filter's feature maps are highest: the highest value of each image, the strongest images first.

    layer, filter: which filter.
    places: int64 (N,), the images' places in the split.
    values: float32 (N,), the highest value of the filter's map for each.
    positions: int64 (N, 2), row and column of that value in the map.
    boxes: int64 (N, 4): top, left, bottom, right; image[top:bottom, left:right] is all that the value depends on.
    """

    layer: str
    filter: int
    places: np.ndarray
    values: np.ndarray
    positions: np.ndarray
    boxes: np.ndarray

    def __len__(self) -> int:
        return len(self.places)

    def patches(self, images: np.ndarray) -> list[np.ndarray]:
        """What the filter saw: the parts of the split's images inside boxes."""
        return [
            np.asarray(images[place][top:bottom, left:right])
            for place, (top, left, bottom, right) in zip(self.places, self.boxes, strict=True)
        ]


def strongest(model: "keras.Model", images: np.ndarray, layer: str, filter: int, *, count: int = 9) -> Strongest:
    """The images that excite a filter most.

    Args:
        model: a built Sequential or functional model, also with models inside.
        images: (N, height, width, channels), at least one.
        layer: name of a layer that gives feature maps, such as "module2_relu".
        filter: its number, from 0.
        count: how many images at most.

    Returns:
        A Strongest. An image whose map is nowhere above 0 did not excite the filter and does not count: for a filter
        that never fires, it is empty.

    Raises:
        ValueError: no images, or of another shape; no such layer or filter.

    Example:
        >>> found = strongest(model, dataset.test.images, "module2_relu", 5)  # doctest: +SKIP
        >>> plots.strongest(found, dataset.test.images)  # doctest: +SKIP

    Source: such patches are shown by Zeiler and Fergus 2014, "Visualizing and understanding convolutional networks",
        section 4.
    """
    if len(images) == 0:
        raise ValueError("strongest: no images. Pass at least one; a few hundred tell more.")
    if not isinstance(count, int) or count < 1:
        raise ValueError(f"strongest: count must be a whole number of 1 or more. Received {count!r}.")
    name, found = find_maps(model, layer, "strongest")
    channels = found.output.shape[-1]
    if not isinstance(filter, int | np.integer) or isinstance(filter, bool) or not 0 <= filter < channels:
        raise ValueError(f"strongest: {layer} has filters 0 to {channels - 1}. Received {filter!r}.")
    values, flat = [], []
    for piece in pieces(images):
        maps = layer_maps(model, name, checked_images(model, piece, "strongest"))[..., filter]
        columns = maps.shape[2]
        rows = maps.reshape(len(maps), -1)
        flat.append(rows.argmax(axis=1))
        values.append(rows.max(axis=1))
    highest = np.concatenate(values)
    order = np.argsort(-highest, kind="stable")
    order = order[highest[order] > 0][:count]
    positions = np.stack(np.divmod(np.concatenate(flat)[order], columns), axis=1).reshape(-1, 2)
    size = (images.shape[1], images.shape[2])
    boxes = np.array([seen_by(model, name, size, (row, column)) for row, column in positions], np.int64).reshape(-1, 4)
    return Strongest(name, int(filter), order, highest[order], positions, boxes)


def seen_by(model: "keras.Model", layer: str, size: tuple[int, int], position: tuple[int, int]) -> Box:
    """The box of the image that one value of a layer depends on.

    Args:
        model: a chain of layers; for one with branches the box is the whole image.
        layer: its full name.
        size: (height, width) of the image.
        position: row and column of the value in the layer's maps.

    Source: Araujo, Norris and Sim 2019, "Computing receptive fields of convolutional neural networks".
    """
    whole = (0, 0, size[0], size[1])
    try:
        names, layers = zip(*chain(model), strict=True)
    except ValueError:
        return whole
    if layer not in names:
        return whole
    spans = [(position[axis], position[axis]) for axis in (0, 1)]
    for own in reversed(layers[: names.index(layer) + 1]):
        before = own.input.shape[1:3]
        if len(own.input.shape) != 4 or None in before:
            return whole
        moved = [_before(own, axis, spans[axis], before[axis]) for axis in (0, 1)]
        if None in moved:
            return whole
        spans = moved  # type: ignore[assignment]
    (top, bottom), (left, right) = spans
    return int(top), int(left), int(bottom) + 1, int(right) + 1


LOCAL = (keras.layers.Conv2D, keras.layers.MaxPooling2D, keras.layers.AveragePooling2D)
POINTWISE = (
    *(keras.layers.Rescaling, keras.layers.ReLU, keras.layers.LeakyReLU, keras.layers.BatchNormalization),
    *(keras.layers.Dropout, keras.layers.SpatialDropout2D, keras.layers.Activation),
)


def _before(layer: Any, axis: int, span: tuple[int, int], length: int) -> tuple[int, int] | None:
    """The first and the last row (or column) of a layer's input on which those in span depend."""
    if isinstance(layer, POINTWISE):
        return span
    if not isinstance(layer, LOCAL):
        return None
    size = layer.kernel_size if isinstance(layer, keras.layers.Conv2D) else layer.pool_size
    gap = layer.dilation_rate[axis] if isinstance(layer, keras.layers.Conv2D) else 1
    reach, step = (size[axis] - 1) * gap, layer.strides[axis]
    padded = 0
    if layer.padding == "same":
        padded = max((-(-length // step) - 1) * step + reach + 1 - length, 0) // 2  # the odd one goes to the end
    first, last = span[0] * step - padded, span[1] * step - padded + reach
    return max(first, 0), min(last, length - 1)
