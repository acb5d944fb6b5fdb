"""A network walked through layer by layer, also those of networks inside it.

`walk` computes what the network computes, and hands each layer's output to whoever asks, who may put another one in its
place. All else in this room is built on that: reading feature maps, switching filters off, following a class's score
back to where it came from.
"""

import difflib
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from practicum.backend import keras

Edit = Callable[[str, Any], Any]  # (name of the layer, its output) -> the output that the following layers get
TO_PROBABILITIES = ("softmax", "sigmoid")
BELONGS = (keras.layers.BatchNormalization, keras.layers.ReLU, keras.layers.Activation)  # to the convolution before it


def all_layers(model: "keras.Model") -> dict[str, "keras.layers.Layer"]:
    """Every layer by its name, first to last; those of a model inside are called "name of that model/name".

    Raises:
        ValueError: a model without a graph of layers: not built yet, or a class with a call of its own.
    """
    return dict(_layers(model, ""))


def _layers(model: "keras.Model", prefix: str) -> Iterator[tuple[str, "keras.layers.Layer"]]:
    for operation in _graph(model).operations:
        if isinstance(operation, keras.layers.InputLayer) or not isinstance(operation, keras.layers.Layer):
            continue
        yield prefix + operation.name, operation
        if isinstance(operation, keras.Model) and _has_graph(operation):
            yield from _layers(operation, f"{prefix}{operation.name}/")


def find_layer(model: "keras.Model", name: str) -> tuple[str, "keras.layers.Layer"]:
    """The layer of that name, as all_layers has it; of one inside another model, its own name is enough if it is
    the only one of that name.

    Returns:
        Its full name, and the layer.

    Raises:
        ValueError: there is none; the message names those that there are.
    """
    layers = all_layers(model)
    if name in layers:
        return name, layers[name]
    inside = [full for full in layers if full.rpartition("/")[2] == name]
    if len(inside) == 1:
        return inside[0], layers[inside[0]]
    if inside:
        raise ValueError(f"several layers are called {name!r}: {', '.join(inside)}. Pass one of these names.")
    close = difflib.get_close_matches(str(name), layers, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    raise ValueError(f"no layer is called {name!r}.{hint} The model has: {', '.join(layers)}.")


def find_maps(model: "keras.Model", name: str, caller: str) -> tuple[str, "keras.layers.Layer"]:
    """As find_layer, of a layer that gives feature maps.

    Raises:
        ValueError: there is none of that name, or it gives no feature maps.
    """
    full, layer = find_layer(model, name)
    if len(layer.output.shape) != 4:
        others = [other for other, found in all_layers(model).items() if len(found.output.shape) == 4]
        raise ValueError(
            f"{caller}: {name} gives {tuple(layer.output.shape[1:])} for each image, which are no feature maps. "
            f"Layers that give feature maps: {', '.join(others) or 'none in this model'}."
        )
    return full, layer


def fed_by(model: "keras.Model", name: str) -> str | None:
    """The layer whose output the layer of this full name gets as its first input; of one that is used several times,
    the last time. None where that is the image, or no layer made it (an addition, say)."""
    prefix = name.rpartition("/")[0]
    node = all_layers(model)[name]._inbound_nodes[-1]
    before, path = node.input_tensors[0]._keras_history.operation, f"{prefix}/" if prefix else ""
    if isinstance(before, keras.layers.InputLayer):
        return fed_by(model, prefix) if prefix else None
    while isinstance(before, keras.Model) and _has_graph(before):
        path, before = f"{path}{before.name}/", _single(before, "outputs")._keras_history.operation
    return path + before.name if isinstance(before, keras.layers.Layer) else None


def with_its_activation(model: "keras.Model", convolution: str) -> str:
    """The layer that normalises or activates what this one gives, right after it, or else it itself: its full name."""
    layers, last = all_layers(model), convolution
    names = list(layers)
    for name in names[names.index(convolution) + 1 :]:
        if isinstance(layers[name], BELONGS) and fed_by(model, name) == last:
            last = name
    return last


def checked_images(model: "keras.Model", images: np.ndarray, caller: str) -> np.ndarray:
    """One image or several, as float32 (N, height, width, channels), if they have the shape that model expects.

    Raises:
        ValueError: another shape, or values that are no finite numbers.
    """
    expected = tuple(_single(model, "inputs").shape[1:])
    images = np.asarray(images)
    if images.dtype.kind not in "biuf":
        raise ValueError(f"{caller}: the image must hold numbers. Received dtype {images.dtype}.")
    several = images if images.ndim == len(expected) + 1 else images[np.newaxis]
    fits = several.ndim == len(expected) + 1 and all(
        size in (None, found) for size, found in zip(expected, several.shape[1:], strict=True)
    )
    if not fits or not len(several):
        remedy = "Resize it first, as data.load(..., image_size=) does." if len(several) else "Pass at least one."
        raise ValueError(
            f"{caller}: the model expects one image of shape {expected}, or several in one array. Received shape "
            f"{images.shape}. {remedy}"
        )
    several = several.astype(np.float32)
    if not np.isfinite(several).all():
        raise ValueError(f"{caller}: the image holds values that are no finite numbers (NaN or infinite).")
    return several


def classes_of(model: "keras.Model", caller: str) -> int:
    """How many classes model tells apart: 2 where it gives one probability.

    Raises:
        ValueError: it is no classifier.
    """
    shape = _single(model, "outputs").shape
    if len(shape) != 2:
        raise ValueError(
            f"{caller}: expected a model that gives a number for each class, (N, classes). This one gives "
            f"{tuple(shape)}."
        )
    return max(shape[1], 2)


def walk(model: "keras.Model", images: Any, edit: Edit, *, before_softmax: bool = False) -> Any:
    """What model gives for images, with edit in between.

    Args:
        model: a built Sequential or functional model, with one input and one output.
        images: a tensor (N, H, W, C).
        edit: gets each layer's name and output, and gives the output that counts.
        before_softmax: leave out the softmax or the sigmoid at the end, so that scores come out: (N, classes), also for
            a model that gives a single probability, whose score counts for class 1 and, negative, for class 0.

    Returns:
        A tensor (N, ...).
    """
    scores = _walk(model, images, edit, "", before_softmax)
    if before_softmax and scores.shape[-1] == 1:
        return keras.ops.concatenate([-scores, scores], axis=-1)
    return scores


def _walk(model: "keras.Model", values: Any, edit: Edit, prefix: str, before_softmax: bool) -> Any:
    last = _single(model, "outputs")._keras_history.operation

    def step(operation: Any) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            own = before_softmax and operation is last
            name = prefix + operation.name
            if isinstance(operation, keras.Model) and _has_graph(operation):
                return edit(name, _walk(operation, arguments[0], edit, f"{name}/", own))
            if own and _is_only_activation(operation):
                return keras.ops.cast(arguments[0], "float32")
            if "training" not in options and "training" in inspect.signature(operation.call).parameters:
                options["training"] = False
            with _linear(operation, own):
                output = operation(*arguments, **options)
            output = keras.ops.cast(output, "float32") if own else output
            return edit(name, output) if isinstance(operation, keras.layers.Layer) else output

        return call

    # Keras's own way through the graph, as in Functional.call. It has no public name.
    return _graph(model)._run_through_graph(values, operation_fn=step)


def _is_only_activation(operation: Any) -> bool:
    if isinstance(operation, keras.layers.Softmax):
        return True
    return isinstance(operation, keras.layers.Activation) and _to_probabilities(operation)


def _to_probabilities(operation: Any) -> bool:
    return getattr(getattr(operation, "activation", None), "__name__", "") in TO_PROBABILITIES


@contextmanager
def _linear(operation: Any, wanted: bool) -> Iterator[None]:
    """Within this block, a layer whose activation makes probabilities leaves that out, if wanted."""
    if not wanted or not _to_probabilities(operation):
        yield
        return
    before = operation.activation
    operation.activation = keras.activations.linear
    try:
        yield
    finally:
        operation.activation = before


def _has_graph(model: "keras.Model") -> bool:
    return hasattr(getattr(model, "_functional", model), "_run_through_graph")


def _graph(model: "keras.Model") -> Any:
    if not isinstance(model, keras.Model):
        raise ValueError(f"expected a Keras model. Received {type(model).__name__}.")
    if not _has_graph(model):
        if isinstance(model, keras.Sequential):
            raise ValueError(
                f"the model {model.name!r} is not built yet, so its layers have no shapes. Begin it with "
                "keras.Input(shape), or call it once on images."
            )
        raise ValueError(
            f"the model {model.name!r} is a {type(model).__name__} with a call of its own, in which no layers can be "
            "found. Build it as keras.Sequential or as keras.Model(inputs, outputs)."
        )
    return getattr(model, "_functional", model)


def _single(model: "keras.Model", which: str) -> Any:
    """The model's only input or output."""
    tensors = getattr(_graph(model), which)
    if len(tensors) != 1:
        raise ValueError(
            f"the model {model.name!r} has {len(tensors)} {which}; only models with one input and one output can be "
            "looked into."
        )
    return tensors[0]
