"""Where did the network look? Three ways to ask, with one signature and one kind of answer.

    heat = grad_cam(model, image)                    # for the class that the network names
    heat = saliency(model, image, class_index=3)     # for another one
    heat = occlusion(model, images)                  # for several images at once

Each asks about a class's score, the number before softmax: a probability near 1 hardly changes any more, whatever
happens to the image.
"""

from typing import Any

import numpy as np

from practicum.backend import keras
from practicum.inspection.compiled import compiled, in_chunks
from practicum.inspection.tracing import tapped_gradient
from practicum.inspection.walk import all_layers, checked_images, classes_of, find_maps, walk, with_its_activation

ROUNDING = 1e-5  # of a score; may be off by rounding
ClassIndex = int | np.ndarray | list | None


def scores(model: "keras.Model", images: np.ndarray) -> np.ndarray:
    """The classes' scores, the numbers that go into the softmax.

    Args:
        model: a classifier, as for grad_cam.
        images: (N, height, width, channels), or one without N.

    Returns:
        float32 (N, classes). A model that ends in one sigmoid has two classes, its score and minus that. One that ends
        in neither softmax nor sigmoid gives scores as it is.

    Raises:
        ValueError: no classifier that can be looked into, or images of another shape.
    """
    classes_of(model, "scores")
    images = checked_images(model, images, "scores")
    return in_chunks(compiled(model, ("scores",), _scores), images)


def _scores(model: "keras.Model", images: Any) -> Any:
    return walk(model, images, lambda name, output: output, before_softmax=True)


def saliency(
    model: "keras.Model", image: np.ndarray, *, class_index: ClassIndex = None, layer: str | None = None
) -> np.ndarray:
    """How much the class's score would change with each pixel: the size of its gradient, the largest over the channels.

    Args:
        model: as for grad_cam.
        image: as for grad_cam.
        class_index: as for grad_cam.
        layer: take the gradient with respect to what this layer gives instead of the image, resized bilinearly.

    Returns and raises as grad_cam does.

    Example:
        >>> heat = saliency(model, image)  # doctest: +SKIP
        >>> heat.shape == image.shape[:2]  # doctest: +SKIP
        True

    Source: Simonyan, Vedaldi and Zisserman 2014, "Deep inside convolutional networks", section 3, arXiv:1312.6034.
    """
    images, classes, single = _checked(model, image, class_index, "saliency")
    name = None if layer is None else find_maps(model, layer, "saliency")[0]

    def gradients(network: "keras.Model", pixels: Any, chosen: Any) -> Any:
        _, gradient, _ = _score_gradient(network, pixels, chosen, name)
        return _to_image_size(keras.ops.max(keras.ops.abs(gradient), axis=-1), pixels)

    heat = in_chunks(compiled(model, ("saliency", name), gradients), images, classes)
    return _finished(heat, single)


def grad_cam(
    model: "keras.Model", image: np.ndarray, *, class_index: ClassIndex = None, layer: str | None = None
) -> np.ndarray:
    """Where the feature maps lie that speak for a class.

    Each of the layer's maps is weighted with the mean of the score's gradient over it; the sum, where it is positive,
    is resized to the image.

    Args:
        model: a classifier: a built Sequential or functional model, also with models inside, with one input and one
            output; of any precision.
        image: (height, width, channels), of the model's input shape and in its range: raw pixels, 0 to 255, for a model
            of build_cnn. Or several, (N, height, width, channels).
        class_index: whose score; None for the class with the highest. For several images also a list of N.
        layer: name of a layer that gives feature maps; None for the last convolution with its activation. One inside a
            model inside is called "backbone/conv5", say.

    Returns:
        float32 (height, width) of the image, from 0 to 1, the highest value being 1; all zero where nothing speaks for
        the class. (N, height, width) for several images.

    Raises:
        ValueError: an image of another shape; no such class or layer; a layer that gives no feature maps, or is used
            several times; a model whose layers cannot be found.

    Source: Selvaraju et al. 2017, "Grad-CAM: visual explanations from deep networks via gradient-based localization",
        section 3, arXiv:1610.02391.
    """
    images, classes, single = _checked(model, image, class_index, "grad_cam")
    name = last_convolution(model) if layer is None else find_maps(model, layer, "grad_cam")[0]

    def weighted(network: "keras.Model", pixels: Any, chosen: Any) -> Any:
        maps, gradient, _ = _score_gradient(network, pixels, chosen, name)
        weights = keras.ops.mean(gradient, axis=(1, 2), keepdims=True)
        return _to_image_size(keras.ops.relu(keras.ops.sum(weights * maps, axis=-1)), pixels)

    heat = in_chunks(compiled(model, ("grad_cam", name), weighted), images, classes)
    return _finished(heat, single)


def occlusion(
    model: "keras.Model",
    image: np.ndarray,
    *,
    class_index: ClassIndex = None,
    layer: str | None = None,
    patch: int | None = None,
    step: int | None = None,
) -> np.ndarray:
    """How far the class's score falls when a square of the image is covered with the image's mean colour.

    Nothing but answers of the network is used: no gradients, no layers. A pixel's value is the mean over all squares
    that cover it; where the score rises instead, it is 0.

    Args:
        model: as for grad_cam.
        image: as for grad_cam.
        class_index: as for grad_cam.
        layer: must be None; here for the sake of one signature.
        patch: side of the square, in pixels; None for a quarter of the image's shorter side.
        step: how far the square moves, in pixels; None for a quarter of its side. Small steps show more, and take long.

    Returns and raises as grad_cam does.

    Source: Zeiler and Fergus 2014, "Visualizing and understanding convolutional networks", section 4.2,
        arXiv:1311.2901.
    """
    images, classes, single = _checked(model, image, class_index, "occlusion")
    if layer is not None:
        raise ValueError(
            f"occlusion: it covers parts of the image and asks no layer. Received layer={layer!r}. Leave layer out; "
            "grad_cam and saliency take one."
        )
    height, width = images.shape[1:3]
    patch = _checked_side("patch", max(1, min(height, width) // 4) if patch is None else patch, min(height, width))
    step = _checked_side("step", max(1, patch // 4) if step is None else step, patch)
    ask = compiled(model, ("scores",), _scores)
    corners = [(top, left) for top in _starts(height, patch, step) for left in _starts(width, patch, step)]
    heat = np.stack(
        [_occluded(ask, pixels, int(own), corners, patch) for pixels, own in zip(images, classes, strict=True)]
    )
    return _finished(heat, single)


def _occluded(ask: Any, pixels: np.ndarray, own: int, corners: list[tuple[int, int]], patch: int) -> np.ndarray:
    covered = np.repeat(pixels[np.newaxis], len(corners) + 1, axis=0)  # the last one stays as it is
    mean = pixels.mean((0, 1))
    for copy, (top, left) in zip(covered, corners, strict=False):
        copy[top : top + patch, left : left + patch] = mean
    found = in_chunks(ask, covered)[:, own].astype(np.float64)
    # A score depends a little on its place among those computed together. That is no fall.
    found[np.abs(found - found[-1]) <= ROUNDING * np.abs(found).max()] = found[-1]
    total, times = np.zeros(pixels.shape[:2]), np.zeros(pixels.shape[:2])
    for (top, left), score in zip(corners, found[:-1], strict=True):
        total[top : top + patch, left : left + patch] += found[-1] - score
        times[top : top + patch, left : left + patch] += 1
    return np.maximum(total / times, 0)


def _starts(length: int, patch: int, step: int) -> list[int]:
    """Where the square begins: every step pixels, and once at the very end."""
    return sorted({*range(0, length - patch + 1, step), length - patch})


def _checked_side(name: str, value: Any, most: int) -> int:
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or not 1 <= value <= most:
        raise ValueError(f"occlusion: {name} must be a whole number of pixels from 1 to {most}. Received {value!r}.")
    return int(value)


METHODS = {"saliency": saliency, "Grad-CAM": grad_cam, "occlusion": occlusion}


def last_convolution(model: "keras.Model") -> str:
    """The name of the last convolution, or of what normalises and activates its maps right after it.

    Raises:
        ValueError: the model has none.
    """
    layers = all_layers(model)
    convolutions = [name for name, layer in layers.items() if isinstance(layer, keras.layers.Conv2D)]
    if not convolutions:
        raise ValueError(
            "grad_cam: the model has no convolution. Pass layer=, the name of a layer that gives feature maps."
        )
    return with_its_activation(model, convolutions[-1])


def _score_gradient(model: "keras.Model", pixels: Any, classes: Any, layer: str | None) -> tuple[Any, Any, Any]:
    """What layer gives (or the pixels), the gradient of each image's score of its class, float32; and all scores."""

    def score(tap: Any) -> tuple[Any, Any]:
        uses = 0

        def look(name: str, output: Any) -> Any:
            nonlocal uses
            uses += name == layer
            if uses > 1 and name == layer:
                raise ValueError(
                    f"the layer {layer!r} is used several times, and has a gradient for each. Pass another."
                )
            return tap(output) if name == layer else output

        found = walk(model, tap(pixels) if layer is None else pixels, look, before_softmax=True)
        own = keras.ops.one_hot(classes, found.shape[-1], dtype="float32")
        return keras.ops.sum(found * own), found  # no image's score depends on another image

    values, gradient, found = tapped_gradient(score)
    return keras.ops.cast(values, "float32"), keras.ops.cast(gradient, "float32"), found


def _to_image_size(maps: Any, pixels: Any) -> Any:
    height, width = pixels.shape[1:3]
    if tuple(maps.shape[1:3]) == (height, width):
        return maps
    return keras.ops.image.resize(maps[..., None], (height, width), interpolation="bilinear")[..., 0]


def _checked(
    model: "keras.Model", image: np.ndarray, class_index: ClassIndex, caller: str
) -> tuple[np.ndarray, np.ndarray, bool]:
    """images (N, H, W, C), the class of each, and whether there was one image only, without N."""
    classes = classes_of(model, caller)
    images = checked_images(model, image, caller)
    single = np.ndim(image) == images.ndim - 1
    if class_index is None:
        return images, scores(model, images).argmax(axis=1).astype(np.int32), single
    chosen = np.asarray(class_index)
    if chosen.dtype.kind not in "iu" or chosen.shape not in ((), (len(images),)):
        raise ValueError(
            f"{caller}: class_index is a class's number, or a list of one for each image. Received {class_index!r} for "
            f"{len(images)} image{'s' if len(images) > 1 else ''}."
        )
    if (chosen < 0).any() or (chosen >= classes).any():
        raise ValueError(f"{caller}: class_index must be from 0 to {classes - 1}. Received {class_index!r}.")
    return images, np.broadcast_to(chosen, len(images)).astype(np.int32), single


def _finished(heat: np.ndarray, single: bool) -> np.ndarray:
    """Each map divided by its largest value; one that is zero everywhere stays so. No NaN, whatever came in."""
    heat = np.nan_to_num(np.asarray(heat, np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    most = heat.max(axis=(1, 2), keepdims=True)
    heat = np.divide(heat, most, out=np.zeros_like(heat), where=most > 0)
    return heat[0] if single else heat
