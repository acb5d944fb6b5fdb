"""A trained network taken apart for the explorer: what each layer is, its numbers, and what it makes of some images.

Layers are recognised by their class's name and asked for their settings and weights, so that this module needs
neither Keras nor TensorFlow; only the model that is passed does.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

ACTIVATIONS = ("linear", "relu", "sigmoid", "tanh")
UNCHANGED = {  # layers that do something in training only
    *("Dropout", "SpatialDropout2D", "GaussianNoise", "GaussianDropout", "AlphaDropout", "ActivityRegularization"),
    *("Identity", "RandomFlip", "RandomRotation", "RandomZoom", "RandomTranslation", "RandomContrast"),
}


@dataclass(frozen=True)
class LayerParts:
    """One layer and what it makes of the images.

    Attributes:
        name: the layer's name in the model.
        type: the name of its class, such as "Conv2D".
        kind: what the explorer can explain it as; "unknown" if it cannot.
        settings: what the arithmetic needs besides weights, such as strides.
        weights: name -> float32 array.
        outputs: float32 (N, H, W, C) or (N, units), in float32 arithmetic.
        parameters: how many numbers it has learned or holds.
        why: for "unknown", why it cannot be explained.
    """

    name: str
    type: str
    kind: str
    settings: dict[str, Any]
    weights: dict[str, np.ndarray]
    outputs: np.ndarray
    parameters: int
    why: str = ""


@dataclass(frozen=True)
class Anatomy:
    """A network on some images.

    Attributes:
        images: what went in, (N, H, W, C).
        layers: first to last.
        own: what the model itself answers, in its own precision, float32 (N, ...).
        precision: the name of its precision, such as "float32" or "mixed_bfloat16".
    """

    images: np.ndarray
    layers: list[LayerParts] = field(repr=False)
    own: np.ndarray
    precision: str


def take_apart(model: Any, images: np.ndarray) -> Anatomy:
    """Run model on images layer by layer, in float32, and collect what each layer is and gives.

    Args:
        model: a built keras.Sequential, or a functional model whose layers form one chain.
        images: (N, H, W, C), of the model's input shape.

    Raises:
        ValueError: a model with branches, or images of another shape.
    """
    images = _checked_images(model, images)
    values = images.astype(np.float32)
    own = _array(model(values, training=False))
    if not np.isfinite(own).all():
        raise ValueError(
            "explorer.network: the model's answers are no finite numbers (NaN or infinite), so there is nothing to "
            "explain. Often the training has failed; train again with a smaller learning_rate."
        )
    layers = []
    for name, layer in chain(model):
        before = values.shape[1:]
        values = _array(_in_float32(layer, values))
        kind, settings, weights, why = _recognise(layer, before)
        layers.append(
            LayerParts(name, type(layer).__name__, kind, settings, weights, values, int(layer.count_params()), why)
        )
    return Anatomy(images, layers, own, _precision(model))


def _checked_images(model: Any, images: Any) -> np.ndarray:
    images = np.asarray(images)
    expected = tuple(getattr(model, "input_shape", ()) or ())[1:]
    if len(expected) != 3:
        raise ValueError(f"explorer.network: expected a model of images (height, width, channels), not of {expected}.")
    if images.ndim == 3:
        images = images[np.newaxis]
    fits = images.ndim == 4 and all(
        size in (None, found) for size, found in zip(expected, images.shape[1:], strict=True)
    )
    if not fits or not len(images):
        raise ValueError(
            f"explorer.network: the model expects images of shape {expected}. Received shape {images.shape}. "
            f"Pass one image (H, W, C) or several (N, H, W, C) of that size; data.load(..., image_size=) resizes."
        )
    if images.dtype.kind not in "biuf" or not np.isfinite(images.astype(np.float32)).all():
        raise ValueError(f"explorer.network: the images must hold finite numbers. Received dtype {images.dtype}.")
    return images


def chain(model: Any, prefix: str = "") -> list[tuple[str, Any]]:
    """(name, layer) from input to output; models inside that are chains, too, are opened.

    Raises:
        ValueError: the model is no chain of layers.
    """
    layers = [layer for layer in model.layers if type(layer).__name__ != "InputLayer"]
    if type(model).__name__ != "Sequential":
        expected = model.inputs[0] if len(model.inputs) == 1 and len(model.outputs) == 1 else None
        for layer in layers:
            expected = _output_for(layer, expected)
            if expected is None:
                raise _no_chain(layer)
        if expected is not model.outputs[0]:  # the last layer is used a second time
            raise _no_chain(layers[-1])
    found = []
    for layer in layers:
        found += _opened(layer, prefix + layer.name) or [(prefix + layer.name, layer)]
    return found


def _opened(layer: Any, name: str) -> list[tuple[str, Any]]:
    """The chain inside a layer that is a model."""
    if not (hasattr(layer, "layers") and hasattr(layer, "inputs")):
        return []
    try:
        return chain(layer, f"{name}/")
    except ValueError:
        return []


def _no_chain(layer: Any) -> ValueError:
    return ValueError(
        f"explorer.network: the layers must form one chain, each fed by the one before it; {layer.name} is not. "
        f"Pass a keras.Sequential, or the part of the model that is a chain."
    )


def _output_for(layer: Any, tensor: Any) -> Any:
    """What layer makes of tensor, if it was put there once and gets nothing else; else None."""
    calls = [node for node in layer._inbound_nodes if [id(found) for found in node.input_tensors] == [id(tensor)]]
    return calls[0].outputs[0] if len(calls) == 1 else None


def _in_float32(layer: Any, values: np.ndarray) -> Any:
    policy = layer.dtype_policy
    if policy.compute_dtype == "float32":
        return layer(values, training=False)
    if policy.variable_dtype != "float32":  # its weights have other dtypes too, so a copy of it computes
        copy = type(layer).from_config({**layer.get_config(), "dtype": "float32"})
        copy.build(values.shape)
        copy.set_weights([np.asarray(array, np.float32) for array in layer.get_weights()])
        return copy(values, training=False)
    layer.dtype_policy = "float32"
    try:
        return layer(values, training=False)
    finally:
        layer.dtype_policy = policy


def _array(tensor: Any) -> np.ndarray:
    if hasattr(tensor, "detach"):  # a PyTorch tensor
        tensor = tensor.detach().cpu()
    return np.asarray(tensor).astype(np.float32)


def _precision(model: Any) -> str:
    names = {layer.dtype_policy.name for _, layer in chain(model)} - {"float32"}
    return sorted(names)[0] if names else "float32"


# What a layer is ---------------------------------------------------------------------------------------------------

Recognised = tuple[str, dict[str, Any], dict[str, np.ndarray], str]


def _recognise(layer: Any, before: tuple[int, ...]) -> Recognised:
    """(kind, settings, weights, why not) of a layer whose input has shape before."""
    name = type(layer).__name__
    if not type(layer).__module__.startswith("keras."):
        return _unknown(f"{name} is a layer of your own")
    if name in UNCHANGED:
        return "same", {}, {}, ""
    recogniser = RECOGNISERS.get(name)
    if recogniser is None:
        return _unknown(f"layers of type {name} are not explained yet")
    config = layer.get_config()
    if config.get("data_format", "channels_last") != "channels_last":
        return _unknown("its maps have the channels first")
    return recogniser(layer, config, before)


def _unknown(why: str) -> Recognised:
    return "unknown", {}, {}, why


def _unknown_activation(layer: Any) -> Recognised:
    name = getattr(layer.activation, "__name__", type(layer.activation).__name__)
    return _unknown(f"its activation {name} is not explained yet")


def _activation(config: dict[str, Any]) -> str | None:
    """The activation's name if it is one that is explained."""
    name = config.get("activation", "linear")
    return name if isinstance(name, str) and name in (*ACTIVATIONS, "softmax") else None


def _convolution(layer: Any, config: dict[str, Any], before: tuple[int, ...]) -> Recognised:
    if config["groups"] != 1 or tuple(config["dilation_rate"]) != (1, 1):
        return _unknown("its filters have groups or gaps (dilation)")
    activation = _activation(config)
    if activation in (None, "softmax"):
        return _unknown_activation(layer)
    settings = {"strides": list(config["strides"]), "padding": config["padding"], "activation": activation}
    return "convolution", settings, _kernel_and_bias(layer), ""


def _dense(layer: Any, config: dict[str, Any], before: tuple[int, ...]) -> Recognised:
    activation = _activation(config)
    if activation is None:
        return _unknown_activation(layer)
    if len(before) != 1:
        return _unknown("it is laid on each place of the maps; a Flatten layer before it is missing")
    return "dense", {"activation": activation}, _kernel_and_bias(layer), ""


def _kernel_and_bias(layer: Any) -> dict[str, np.ndarray]:
    kernel, *bias = (np.asarray(array, np.float32) for array in layer.get_weights())
    return {"kernel": kernel, "bias": bias[0] if bias else np.zeros(kernel.shape[-1], np.float32)}


def _normalisation(layer: Any, config: dict[str, Any], before: tuple[int, ...]) -> Recognised:
    axis = config["axis"]
    if (axis[0] if isinstance(axis, list | tuple) else axis) not in (-1, len(before)):
        return _unknown("it normalises along another direction than the channels")
    weights = [np.asarray(array, np.float32) for array in layer.get_weights()]
    channels = before[-1]
    gamma = weights.pop(0) if config["scale"] else np.ones(channels, np.float32)
    beta = weights.pop(0) if config["center"] else np.zeros(channels, np.float32)
    mean, variance = weights
    named = {"gamma": gamma, "beta": beta, "mean": mean, "variance": variance}
    return "normalisation", {"epsilon": config["epsilon"]}, named, ""


def _pooling(kind: str) -> Callable[[Any, dict[str, Any], tuple[int, ...]], Recognised]:
    def recognise(layer: Any, config: dict[str, Any], before: tuple[int, ...]) -> Recognised:
        settings = {
            "pool": list(config["pool_size"]),
            "strides": list(config["strides"] or config["pool_size"]),
            "padding": config["padding"],
        }
        return kind, settings, {}, ""

    return recognise


def _whole_map(kind: str) -> Callable[[Any, dict[str, Any], tuple[int, ...]], Recognised]:
    def recognise(layer: Any, config: dict[str, Any], before: tuple[int, ...]) -> Recognised:
        return _unknown("it keeps the dimensions of the maps") if config.get("keepdims") else (kind, {}, {}, "")

    return recognise


def _rescaling(layer: Any, config: dict[str, Any], before: tuple[int, ...]) -> Recognised:
    scale, offset = np.asarray(layer.scale, np.float32), np.asarray(layer.offset, np.float32)
    if scale.size not in (1, before[-1]) or offset.size not in (1, before[-1]):
        return _unknown("its scale is neither one number nor one a channel")
    weights = {
        "scale": np.broadcast_to(scale.ravel(), before[-1]),
        "offset": np.broadcast_to(offset.ravel(), before[-1]),
    }
    return "rescaling", {}, weights, ""


def _relu(layer: Any, config: dict[str, Any], before: tuple[int, ...]) -> Recognised:
    if config.get("max_value") is not None or config.get("negative_slope") or config.get("threshold"):
        return _unknown("it is not the plain ReLU: it has a ceiling, a slope or a threshold")
    return "activation", {"activation": "relu"}, {}, ""


def _activation_layer(layer: Any, config: dict[str, Any], before: tuple[int, ...]) -> Recognised:
    activation = _activation(config)
    if activation is None:
        return _unknown_activation(layer)
    if activation == "softmax":
        return _softmax(layer, config, before)
    return "activation", {"activation": activation}, {}, ""


def _softmax(layer: Any, config: dict[str, Any], before: tuple[int, ...]) -> Recognised:
    if len(before) != 1:
        return _unknown("its softmax is over maps, not over classes")
    return "softmax", {}, {}, ""


def _flatten(layer: Any, config: dict[str, Any], before: tuple[int, ...]) -> Recognised:
    return "flatten", {}, {}, ""


RECOGNISERS: dict[str, Callable[[Any, dict[str, Any], tuple[int, ...]], Recognised]] = {
    "Conv2D": _convolution,
    "Dense": _dense,
    "BatchNormalization": _normalisation,
    "MaxPooling2D": _pooling("pooling"),
    "AveragePooling2D": _pooling("average"),
    "GlobalAveragePooling2D": _whole_map("whole average"),
    "GlobalMaxPooling2D": _whole_map("whole maximum"),
    "Rescaling": _rescaling,
    "ReLU": _relu,
    "Activation": _activation_layer,
    "Softmax": _softmax,
    "Flatten": _flatten,
}
