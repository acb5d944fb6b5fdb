"""The filters of a convolution: the numbers that it has learned."""

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
