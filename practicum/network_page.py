"""explorer.network: a page on a trained network, every value of which can be clicked down to the pixels."""

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np

from practicum import sheets
from practicum.anatomy import Anatomy, LayerParts, take_apart
from practicum.pages import Page

MOST_IMAGES = 8
MOST_BYTES = 60e6  # a larger page would take a browser too long
CARRIED = ("convolution", "dense", "unknown")  # layers whose outputs the page carries; the others it calculates
COLOURS = 64  # of a palette, on the page


def network(
    model: Any, images: Any, *, class_names: Sequence[str] | None = None, title: str = "Inside the network"
) -> Page:
    """A page on which every value of a trained network can be clicked, from the answer back to the pixels.

    The page carries the weights and calculates what it shows from them. It shows every layer's feature maps; for a
    value it shows tile × filter, channel by channel, the bias, and what ReLU and pooling make of it.

    Args:
        model: a trained keras.Sequential (or a functional model that is one chain), from build_cnn or your own.
            Layers it cannot explain are shown and marked.
        images: one image (H, W, C), or up to eight (N, H, W, C), as the model expects them.
        class_names: one name a class.
        title: the page's heading.

    Raises:
        ValueError: a model with branches, images of another shape, too many images, or names that do not fit.

    Example:
        explorer.network(model, dataset.test.images[:4], class_names=dataset.class_names).save("page.html")
    """
    parts = take_apart(model, images)
    if len(parts.images) > MOST_IMAGES:
        raise ValueError(
            f"explorer.network: a page holds up to {MOST_IMAGES} images. Received {len(parts.images)}. "
            f"Pass some of them: images[:{MOST_IMAGES}]."
        )
    names = _checked_names(class_names, parts.layers[-1].outputs)
    layers = _layers(parts, names)
    _check_size(parts)
    start = _start(parts, layers)
    return Page(
        "network",
        title=title,
        lead="Every layer, from the image to the answer. Choose a map, then a value in it: you see how it was "
        "calculated, and can walk back to the values it came from, as far as the pixels.",
        data={
            "layers": layers,
            "images": [sheets.picture(image) for image in parts.images],
            "class_names": names,
            "own": {"precision": parts.precision, "answers": parts.own.reshape(len(parts.own), -1).tolist()},
            "palettes": {name: _palette(name) for name in sheets.PALETTES},
            "start": start,
        },
        layers=layers,
        pictures=[_pictures(parts, layers, image) for image in range(len(parts.images))],
        images=[sheets.picture(image) for image in parts.images],
        answers=[_answer(answers, names) for answers in parts.own.reshape(len(parts.own), -1)],
        worked=_worked(parts, start),
    )


def _checked_names(class_names: Sequence[str] | None, answers: np.ndarray) -> list[str] | None:
    if class_names is None:
        return None
    names = [str(name) for name in class_names]
    if answers.ndim != 2 or len(names) != answers.shape[1]:
        raise ValueError(
            f"explorer.network: the model's last layer gives {answers.shape[1:]} numbers but there are {len(names)} "
            f"class_names. Pass one name for each, or none."
        )
    return names


def _check_size(parts: Anatomy) -> None:
    numbers = sum(sum(array.size for array in layer.weights.values()) for layer in parts.layers)
    numbers += sum(layer.outputs.size for layer in parts.layers if layer.kind in CARRIED)
    if numbers * 16 / 3 > MOST_BYTES:  # four bytes a number, base64
        raise ValueError(
            f"explorer.network: the page would hold {numbers:,} weights and map values, "
            f"{numbers * 16 / 3 / 1e6:.0f} MB; up to {MOST_BYTES / 1e6:.0f} MB open well in a browser. "
            f"Pass fewer images, or a smaller network (global_pooling=True saves most in the first dense layer)."
        )


# What the scripts get ------------------------------------------------------------------------------------------------


def _layers(parts: Anatomy, names: list[str] | None) -> list[dict[str, Any]]:
    """The image and the layers, as the page's scripts and its still part want them."""
    taken = {layer.name for layer in parts.layers}
    found = [_image_layer(parts.images, "image" if "image" not in taken else "pixels that go in")]
    last_dense = max((place for place, layer in enumerate(parts.layers) if layer.kind == "dense"), default=len(found))
    for place, layer in enumerate(parts.layers):
        shape, vector = _map_shape(layer.outputs)
        found.append(
            {
                "name": layer.name,
                "type": layer.type,
                "kind": layer.kind,
                "words": _words(layer),
                "why": layer.why,
                "shape": shape,
                "vector": vector,
                "settings": layer.settings,
                "weights": {
                    name: {"shape": list(array.shape), "data": _base64(array)} for name, array in layer.weights.items()
                },
                "outputs": [_base64(output) for output in layer.outputs] if layer.kind in CARRIED else None,
                "parameters": layer.parameters,
                "palette": "signed" if (layer.outputs < 0).any() else "grey" if layer.kind == "rescaling" else "maps",
                "classes": vector and place >= last_dense and layer.outputs.shape[-1] == parts.own.shape[-1],
                "silent": [],
            }
        )
    for place, numbers in _silent(parts).items():
        found[place + 1]["silent"] = numbers
    return [{**layer, "place": place} for place, layer in enumerate(found)]


def _image_layer(images: np.ndarray, name: str) -> dict[str, Any]:
    pixels = images.dtype == np.uint8
    return {
        "name": name,
        "type": "image",
        "kind": "image",
        "words": "the pixels",
        "why": "",
        "shape": list(images.shape[1:]),
        "vector": False,
        "settings": {},
        "weights": {},
        "outputs": [_base64(image, np.uint8 if pixels else np.float32) for image in images],
        "bytes": pixels,
        "parameters": 0,
        "palette": "grey",
        "classes": False,
        "silent": [],
    }


def _map_shape(outputs: np.ndarray) -> tuple[list[int], bool]:
    """[height, width, channels] of a layer's maps, and whether they are really a row of units."""
    if outputs.ndim == 4:
        return list(outputs.shape[1:]), False
    if outputs.ndim == 3:
        return [*outputs.shape[1:], 1], False
    return [1, int(np.prod(outputs.shape[1:])), 1], True


def _silent(parts: Anatomy) -> dict[int, list[int]]:
    """For each layer, which of its maps or units have no value above 0 after ReLU, on any of the images."""
    found: dict[int, list[int]] = {}
    for place, layer in enumerate(parts.layers):
        if layer.settings.get("activation") != "relu":
            continue
        quiet = ~(layer.outputs > 0).any(axis=tuple(range(layer.outputs.ndim - 1)))
        numbers = np.flatnonzero(quiet).tolist()
        first = place
        while first > 0 and layer.kind == "activation" and parts.layers[first].kind in ("activation", "normalisation"):
            first -= 1  # the convolution whose filter it is
        last = place
        while last + 1 < len(parts.layers) and parts.layers[last + 1].kind in ("pooling", "average", "same"):
            last += 1
        found = dict.fromkeys(range(first, last + 1), numbers) | found  # a layer with a ReLU inside has its own
    return found


def _words(layer: LayerParts) -> str:
    """What a layer does, in a few words."""
    settings = layer.settings
    if layer.kind == "convolution":
        kh, kw, _, filters = layer.weights["kernel"].shape
        stride = "" if settings["strides"] == [1, 1] else f", stride {_sizes(settings['strides'])}"
        then = "" if settings["activation"] == "linear" else f", then {_activation(settings)}"
        padding = "padded" if settings["padding"] == "same" else "no padding"
        return f"convolution, {filters} filter{'s' if filters != 1 else ''} of {kh}×{kw}, {padding}{stride}{then}"
    if layer.kind in ("pooling", "average"):
        what = "max" if layer.kind == "pooling" else "average"
        return f"{what} pooling, {_sizes(settings['pool'])}, stride {_sizes(settings['strides'])}"
    if layer.kind == "dense":
        return "fully connected" + ("" if settings["activation"] == "linear" else f", then {_activation(settings)}")
    if layer.kind == "activation":
        return _activation(settings)
    return {
        "normalisation": "batch normalisation",
        "rescaling": "pixels to small numbers",
        "flatten": "all maps in one row",
        "same": f"{layer.type}, works in training only",
        "softmax": "softmax: scores to probabilities",
        "whole average": "the mean of each map",
        "whole maximum": "the largest value of each map",
    }.get(layer.kind, layer.type)


def _activation(settings: dict[str, Any]) -> str:
    return "ReLU" if settings["activation"] == "relu" else settings["activation"]


def _sizes(pair: Sequence[int]) -> str:
    return "×".join(map(str, pair))


def _base64(array: np.ndarray, dtype: Any = np.float32) -> str:
    return base64.b64encode(np.ascontiguousarray(array, dtype=np.dtype(dtype).newbyteorder("<")).tobytes()).decode()


def _palette(name: str) -> list[list[int]]:
    colours = sheets.colours(name)
    return colours[np.linspace(0, len(colours) - 1, COLOURS).round().astype(int)].tolist()


def _start(parts: Anatomy, layers: list[dict[str, Any]]) -> dict[str, int]:
    """The unit shown first: the largest value of the first convolution, or of the first layer at all."""
    place = next((number for number, layer in enumerate(parts.layers) if layer.kind == "convolution"), 0)
    row, column, channel = np.unravel_index(parts.layers[place].outputs[0].argmax(), layers[place + 1]["shape"])
    return {"layer": place + 1, "channel": int(channel), "row": int(row), "column": int(column)}


# What can be read without scripts ------------------------------------------------------------------------------------


def _pictures(parts: Anatomy, layers: list[dict[str, Any]], image: int) -> list[tuple[dict[str, Any], sheets.Sheet]]:
    """For one image, the layers that give maps, each with a picture of them."""
    outputs = [parts.images.astype(np.float32), *(layer.outputs for layer in parts.layers)]
    return [
        (layer, sheets.sheet(values[image].reshape(layer["shape"]), layer["palette"]))
        for layer, values in zip(layers, outputs, strict=True)
        if not layer["vector"]
    ]


def _answer(answers: np.ndarray, names: list[str] | None) -> list[tuple[str, float]]:
    """The largest answers with their names."""
    best = answers.argsort()[::-1][:10]
    return [(names[unit] if names else f"class {unit}", float(answers[unit])) for unit in best]


def _worked(parts: Anatomy, start: dict[str, int]) -> dict[str, Any] | None:
    """One unit of the first convolution in full."""
    place, row, column, number = start["layer"] - 1, start["row"], start["column"], start["channel"]
    layer = parts.layers[place]
    if layer.kind != "convolution":
        return None
    before = parts.layers[place - 1].outputs[0] if place else parts.images[0].astype(np.float32)
    kernel, strides = layer.weights["kernel"], layer.settings["strides"]
    kh, kw, channels, _ = kernel.shape
    top, left = (_before(n, k, s, layer) for n, k, s in zip(before.shape[:2], (kh, kw), strides, strict=True))
    padded = np.pad(before, ((top, kh), (left, kw), (0, 0)))
    tile = padded[row * strides[0] :, column * strides[1] :][:kh, :kw]
    products = tile * kernel[:, :, :, number]
    return {
        "name": f"{layer.name}, map {number}, row {row}, column {column}",
        "channels": [
            {"tile": tile[:, :, c], "weights": kernel[:, :, c, number], "sum": products[:, :, c].sum()}
            for c in range(min(channels, 3))
        ],
        "others": channels - 3,
        "bias": layer.weights["bias"][number],
        "sum": products.sum() + layer.weights["bias"][number],
        "activation": layer.settings["activation"],
        "value": layer.outputs[0][row, column, number],
    }


def _before(size: int, tile: int, stride: int, layer: LayerParts) -> int:
    """Rows or columns of padding before the image."""
    if layer.settings["padding"] == "valid":
        return 0
    return max((-(-size // stride) - 1) * stride + tile - size, 0) // 2
