"""What a network has learned, as numbers: filters, feature maps, filters that never fire."""

import difflib

import numpy as np

from practicum.backend import keras

BATCH = 256


def filters(model: "keras.Model", layer: str) -> np.ndarray:
    """The learned filters of a convolutional layer.

    Args:
        model: any built Keras model.
        layer: the layer's name, such as "module1_conv".

    Returns:
        float32 (kernel height, kernel width, input depth, number of filters). filters(...)[:, :, d, f] is the slice
        of filter f that is laid on channel d of the layer's input.

    Raises:
        ValueError: no layer of that name, or one without filters.

    Source: keras.layers.Conv2D, attribute kernel.
    """
    found = find_layer(model, layer)
    if not isinstance(found, keras.layers.Conv2D):
        others = [other.name for other in model.layers if isinstance(other, keras.layers.Conv2D)]
        raise ValueError(
            f"filters: {layer} is a {type(found).__name__} layer and has no filters. "
            f"Layers with filters: {', '.join(others) or 'none in this model'}."
        )
    return found.get_weights()[0].astype(np.float32)


def feature_maps(model: "keras.Model", image: np.ndarray) -> dict[str, np.ndarray]:
    """What each layer makes of one image, first layer to last.

    Args:
        model: any built Keras model with one input.
        image: (height, width, channels), of the model's input shape; raw pixels, 0 to 255, for a model of build_cnn.

    Returns:
        {layer name: float32 array}: (H, W, C) for layers that give feature maps, (units,) for the others.

    Raises:
        ValueError: an image of another shape than the model expects.
    """
    image = checked_image(model, image)
    layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
    outputs = keras.Model(model.inputs[0], [layer.output for layer in layers])(image[np.newaxis], training=False)
    return {
        layer.name: keras.ops.convert_to_numpy(output)[0].astype(np.float32)
        for layer, output in zip(layers, outputs, strict=True)
    }


def silent_filters(model: "keras.Model", layer: str, images: np.ndarray) -> np.ndarray:
    """Filters whose feature map in layer is zero everywhere, for every one of images.

    Args:
        model: any built Keras model with one input.
        layer: name of a layer that gives feature maps after ReLU, such as "module1_relu".
        images: (N, height, width, channels), at least one.

    Returns:
        int64, the numbers of the filters that never fire; empty if all do.
    """
    if len(images) == 0:
        raise ValueError("silent_filters: no images. Pass at least one; a few hundred tell more.")
    found = find_layer(model, layer)
    probe = keras.Model(model.inputs[0], found.output)
    fires = np.zeros(found.output.shape[-1], bool)
    for start in range(0, len(images), BATCH):
        maps = keras.ops.convert_to_numpy(probe(np.asarray(images[start : start + BATCH]), training=False))
        fires |= (maps > 0).any(axis=tuple(range(maps.ndim - 1)))
    return np.flatnonzero(~fires)


def find_layer(model: "keras.Model", name: str) -> "keras.layers.Layer":
    """The layer of that name.

    Raises:
        ValueError: there is none; the message names those that there are.
    """
    for layer in model.layers:
        if layer.name == name:
            return layer
    names = [layer.name for layer in model.layers]
    close = difflib.get_close_matches(str(name), names, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    raise ValueError(f"no layer is called {name!r}.{hint} The model has: {', '.join(names)}.")


def checked_image(model: "keras.Model", image: np.ndarray) -> np.ndarray:
    """image as float32, if it has the shape that model expects."""
    image = np.asarray(image, dtype=np.float32)
    expected = tuple(model.input_shape[1:])
    if image.ndim != len(expected) or any(
        size is not None and size != found for size, found in zip(expected, image.shape, strict=False)
    ):
        remedy = "Pass one image, images[0] for instance." if image.ndim == len(expected) + 1 else "Resize it first."
        raise ValueError(f"the model expects one image of shape {expected}. Received {image.shape}. {remedy}")
    return image
