"""The filters of a convolution: the numbers that it has learned."""

from typing import NamedTuple

import numpy as np

from practicum.backend import keras
from practicum.inspection.walk import all_layers, find_layer


def filters(model: "keras.Model", layer: str) -> np.ndarray:
    """The learned filters of a convolutional layer.

    Args:
        model: any built Keras model.
        layer: the layer's name, such as "module1_conv"; "backbone/conv1" for one inside a model inside.

    Returns:
        float32 (kernel height, kernel width, input depth, number of filters). filters(...)[:, :, d, f] is the slice
        of filter f that is laid on channel d of the layer's input.

    Raises:
        ValueError: no layer of that name, or one without filters.

    Source: keras.layers.Conv2D, attribute kernel.
    """
    _, found = find_layer(model, layer)
    if not isinstance(found, keras.layers.Conv2D):
        others = [name for name, other in all_layers(model).items() if isinstance(other, keras.layers.Conv2D)]
        raise ValueError(
            f"filters: {layer} is a {type(found).__name__} layer and has no filters. "
            f"Layers with filters: {', '.join(others) or 'none in this model'}."
        )
    return found.get_weights()[0].astype(np.float32)


class Alike(NamedTuple):
    """Two filters of a layer, and the cosine between them: 1 for the same but for their size, -1 for opposites."""

    one: int
    other: int
    cosine: float


def similar_filters(model: "keras.Model", layer: str, *, least: float = 0.9) -> list[Alike]:
    """Filters that look for nearly the same, or for nearly the opposite.

    Args:
        model: as for filters.
        layer: as for filters.
        least: how alike they must be, 0 to 1: the least size of the cosine.

    Returns:
        Pairs, the most alike first. A filter that is zero everywhere is like no other.

    Raises:
        ValueError: least is out of range; no layer of that name, or one without filters.
    """
    if not 0 <= least <= 1:
        raise ValueError(f"similar_filters: least must be from 0 to 1. Received {least!r}.")
    kernel = filters(model, layer).astype(np.float64)
    rows = kernel.reshape(-1, kernel.shape[-1]).T
    sizes = np.linalg.norm(rows, axis=1, keepdims=True)
    rows = np.divide(rows, sizes, out=np.zeros_like(rows), where=sizes > 0)
    cosines = np.clip((rows @ rows.T).round(12), -1, 1)
    alive = sizes[:, 0] > 0
    places = np.argwhere(np.triu(np.abs(cosines) >= least, 1) & alive & alive[:, np.newaxis]).tolist()
    pairs = [Alike(one, other, float(cosines[one, other])) for one, other in places]
    return sorted(pairs, key=lambda pair: -abs(pair.cosine))
