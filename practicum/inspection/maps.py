"""Feature maps: what each layer makes of an image, and which filters make nothing of any."""

from typing import Any

import numpy as np

from practicum.backend import keras
from practicum.inspection.compiled import compiled, in_chunks
from practicum.inspection.walk import all_layers, checked_images, find_maps, walk


def feature_maps(model: "keras.Model", image: np.ndarray) -> dict[str, np.ndarray]:
    """What each layer makes of one image, first layer to last, in one pass.

    Args:
        model: a built Sequential or functional model, also with models inside, with one input and one output.
        image: (height, width, channels), of the model's input shape; raw pixels, 0 to 255, for a model of build_cnn.

    Returns:
        {layer name: float32 array}: (H, W, C) for layers that give feature maps, (units,) for the others. A layer
        inside a model inside is called "name of that model/name". Of one that is used several times: the last time.

    Raises:
        ValueError: an image of another shape than the model expects, or a model whose layers cannot be found.
    """
    images = checked_images(model, image, "feature_maps")
    if np.ndim(image) != images.ndim - 1:
        raise ValueError(
            f"feature_maps: the model expects one image of shape {images.shape[1:]}. Received {images.shape}. Pass one "
            "image, images[0] for instance."
        )

    def in_order(network: "keras.Model", pixels: Any) -> tuple[Any, ...]:
        return tuple(_all_maps(network, pixels).values())

    found = compiled(model, ("feature_maps",), in_order)(images)
    return {name: maps[0] for name, maps in zip(all_layers(model), found, strict=True)}


def _all_maps(model: "keras.Model", images: Any) -> dict[str, Any]:
    """By layer, in the order of all_layers."""
    found: dict[str, Any] = dict.fromkeys(all_layers(model))

    def take(name: str, output: Any) -> Any:
        found[name] = output
        return output

    walk(model, images, take)
    return found


def layer_maps(model: "keras.Model", layer: str, images: np.ndarray) -> np.ndarray:
    """What one layer makes of several images, float32 (N, H, W, C). layer is its full name, as find_layer gives it."""

    def only(network: "keras.Model", pixels: Any) -> Any:
        return _all_maps(network, pixels)[layer]  # the rest falls away when it is compiled

    found: np.ndarray = in_chunks(compiled(model, ("layer_maps", layer), only), images)
    return found


def silent_filters(model: "keras.Model", layer: str, images: np.ndarray) -> np.ndarray:
    """Filters whose feature map in layer is zero everywhere, for every one of images.

    Args:
        model: as for feature_maps.
        layer: name of a layer that gives feature maps after ReLU, such as "module1_relu".
        images: (N, height, width, channels), at least one.

    Returns:
        int64, the numbers of the filters that never fire; empty if all do.

    Raises:
        ValueError: no images, images of another shape, or no such layer with feature maps.
    """
    if len(images) == 0:
        raise ValueError("silent_filters: no images. Pass at least one; a few hundred tell more.")
    name, found = find_maps(model, layer, "silent_filters")
    fires = np.zeros(found.output.shape[-1], bool)
    for piece in pieces(images):
        fires |= (layer_maps(model, name, checked_images(model, piece, "silent_filters")) > 0).any((0, 1, 2))
    return np.flatnonzero(~fires)


def pieces(images: np.ndarray, size: int = 256) -> list[np.ndarray]:
    """images in pieces of at most size: where they are a memory map, not all of them come into memory at once."""
    return [images[start : start + size] for start in range(0, len(images), size)]
