"""Model files that may come from anywhere: looked through before Keras opens them.

A .keras file is a zip of a description (config.json) and weights (HDF5). Opened carelessly, such a file can run code
(a Lambda layer, a custom class), read other files (HDF5 links), or fill memory (a network of a billion weights in a
few bytes). Only what this course's own `train` writes is let in: a Sequential of the layers of `build_cnn`.
Also here: the network that comes with the course.
"""

import io
import json
import math
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from practicum.backend import keras
from practicum.course_files import bundled_folder

LARGEST_FILE = 200_000_000  # bytes; the networks of the course have a hundredth of it
LARGEST_CONFIG = 5_000_000
MOST_WEIGHTS = 50_000_000
MOST_VALUES = 100_000_000  # in one layer's feature maps
CONFIG, WEIGHTS, METADATA = "config.json", "model.weights.h5", "metadata.json"
LAYERS = {
    *("InputLayer", "Rescaling", "Conv2D", "BatchNormalization", "ReLU", "MaxPooling2D", "Flatten"),
    *("GlobalAveragePooling2D", "Dropout", "Dense", "Softmax"),
}
# What the descriptions of those layers, and of how `train` compiles them, contain besides.
PARTS = {
    *("Sequential", "DTypePolicy", "HeNormal", "GlorotUniform", "Zeros", "Ones"),
    *("SGD", "SparseCategoricalCrossentropy"),
}
MODULES = {"keras", "keras.layers", "keras.initializers", "keras.optimizers", "keras.losses"}
# What Keras after 3.13 writes besides, with its default: 3.13, which Colab has, refuses names that it does not know.
LATER_SETTINGS = {
    **{"input_axes": None, "output_axes": None, "quantization_config": None},
    **{"renorm": False, "renorm_clipping": None, "renorm_momentum": 0.99},
}
ACTIVATIONS = {"linear", "relu", "softmax"}


def load_network(path: str | Path) -> "keras.Sequential":
    """The network in a .keras file that `train` has written; refuses every other file, whatever it is.

    Args:
        path: of the file.

    Returns:
        An uncompiled keras.Sequential with its weights.

    Raises:
        ValueError: no such file, not a .keras file, damaged, too large, or holding something that `build_cnn` does not
            build (a Lambda or custom layer, links to other files, weights that are no numbers).

    Source: the format is described at https://keras.io/api/models/model_saving_apis/.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"load_network: there is no file {path}. Pass the model.keras of a training's folder.")
    if path.suffix != ".keras":
        raise ValueError(
            f"load_network: {path} is no .keras file. Older formats (.h5, .pkl, SavedModel) can run code when they are "
            "opened and are not read. Save the model as .keras."
        )
    if path.stat().st_size > LARGEST_FILE:
        raise _refusal(path, f"has {path.stat().st_size:,} bytes, more than {LARGEST_FILE:,}")
    try:
        with zipfile.ZipFile(path) as archive:
            _check_members(path, archive)
            config = json.loads(archive.read(CONFIG))
            _check_config(path, config)
            _check_size(path, config)
            weights = archive.read(WEIGHTS)
            _check_weights(path, weights)
            metadata = archive.read(METADATA)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        # RuntimeError: an encrypted member; its subclass RecursionError: a description nested thousands deep
        raise _refusal(path, f"is damaged or no .keras file ({error})") from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise _refusal(path, f"has a description that is no JSON ({error})") from None
    try:
        with tempfile.TemporaryDirectory() as folder:
            checked = Path(folder) / path.name  # so that Keras opens what was looked through, and nothing else
            with zipfile.ZipFile(checked, "w") as archive:
                archive.writestr(METADATA, metadata)
                archive.writestr(CONFIG, json.dumps(_for_older_keras(config)))
                archive.writestr(WEIGHTS, weights)
            return keras.saving.load_model(checked, compile=False, safe_mode=True)
    except Exception as error:  # whatever Keras stumbles over, the file is at fault
        raise _refusal(path, f"cannot be read by Keras ({' '.join(str(error).split())[:200]})") from None


def _for_older_keras(config: dict[str, Any]) -> dict[str, Any]:
    """The description without the settings of later versions of Keras that are as by default; config is changed."""
    for part in _parts(config):
        settings = _settings(part)
        for name, default in LATER_SETTINGS.items():
            if name in settings and settings[name] == default:
                del settings[name]
    return config


def load_pretrained(name: str = "cifar10") -> "keras.Sequential":
    """A network that comes with the course, trained by its own `train`: no internet is needed.

    Args:
        name: "cifar10": 32×32 colour photos of 10 kinds of animals and vehicles.

    Returns:
        A keras.Sequential from raw pixels (N, 32, 32, 3), 0 to 255, to probabilities (N, 10). pretrained_facts(name)
        has its class names, how it was trained, and how well it does.

    Raises:
        ValueError: no network of that name.

    Example:
        >>> load_pretrained("cifar10").output_shape
        (None, 10)
    """
    pretrained_facts(name)
    return load_network(_models_folder() / f"{name}.keras")


def pretrained_facts(name: str = "cifar10") -> dict[str, Any]:
    """What is known about a network that comes with the course: class names, command, data, versions, accuracy.

    Returns:
        A dict with at least class_names (list of str), command, seed, test_accuracy (0 to 1), confusion (list of lists:
        row i, column j: images of class i taken for class j), data (name and SHA-256) and versions.

    Raises:
        ValueError: no network of that name.

    Example:
        >>> pretrained_facts("cifar10")["class_names"][:3]
        ['airplane', 'automobile', 'bird']
    """
    path = _models_folder() / f"{name}.json"
    known = sorted(each.stem for each in _models_folder().glob("*.json"))
    if name not in known:
        raise ValueError(
            f"load_pretrained: no network is called {name!r}. Those that come with the course: {', '.join(known)} "
            f"(in {_models_folder()}; the practicum is used from its whole folder, where data/ lies beside practicum/)."
        )
    return json.loads(path.read_text(encoding="utf-8"))


def _models_folder() -> Path:
    return bundled_folder() / "models"


def _refusal(path: Path, what: str) -> ValueError:
    return ValueError(f"load_network: {path} {what}. Use a model.keras that `train` has written, or train one.")


def _check_members(path: Path, archive: zipfile.ZipFile) -> None:
    names = [member.filename for member in archive.infolist()]
    if sorted(names) != sorted({CONFIG, WEIGHTS, METADATA}):
        unexpected = sorted(set(names) - {CONFIG, WEIGHTS, METADATA})
        missing = sorted({CONFIG, WEIGHTS, METADATA} - set(names))
        what = [f"has {name!r} in it" for name in unexpected] + [f"lacks {name}" for name in missing]
        raise _refusal(path, ", ".join(what[:3]) or "holds the same member twice")
    for name, most in ((CONFIG, LARGEST_CONFIG), (METADATA, LARGEST_CONFIG), (WEIGHTS, LARGEST_FILE)):
        size = archive.getinfo(name).file_size
        if size > most:
            raise _refusal(path, f"unpacks to {size:,} bytes of {name}, more than {most:,}")


def _check_config(path: Path, config: Any) -> None:
    """Refuse every class, module and function that build_cnn's networks do not consist of."""
    if not isinstance(config, dict) or config.get("class_name") != "Sequential":
        kind = config.get("class_name") if isinstance(config, dict) else type(config).__name__
        raise _refusal(path, f"holds a {kind!r}, not a Sequential")
    for part in _parts(config):
        kind, module = part.get("class_name"), part.get("module")
        if "class_name" in part and kind not in LAYERS | PARTS:
            raise _refusal(path, f"contains a {kind!r}, which build_cnn does not build and which may run code")
        if "class_name" in part and (module not in MODULES or part.get("registered_name") is not None):
            raise _refusal(path, f"contains a {kind!r} from {module!r}, not Keras's own")
        activation = part.get("activation", "linear")
        if not isinstance(activation, str) or activation not in ACTIVATIONS:
            raise _refusal(path, f"contains the activation {activation!r}, which build_cnn does not use")
    layers = _settings(config).get("layers")
    if not isinstance(layers, list) or not layers or not all(isinstance(layer, dict) for layer in layers):
        raise _refusal(path, "describes no layers")
    for layer in layers:
        if layer.get("class_name") not in LAYERS:
            raise _refusal(path, f"has a {layer.get('class_name')!r} in the place of a layer")


def _parts(value: Any) -> Iterator[dict[str, Any]]:
    """Every dict in a description, however deep."""
    waiting = [value]
    while waiting:
        current = waiting.pop()
        if isinstance(current, dict):
            yield current
            waiting += current.values()
        elif isinstance(current, list):
            waiting += current


def _settings(part: dict[str, Any]) -> dict[str, Any]:
    settings = part.get("config")
    return settings if isinstance(settings, dict) else {}


def _check_size(path: Path, config: dict[str, Any]) -> None:
    """Add up weights and feature maps from the description alone: building them would already take the memory."""
    shape: tuple[int, ...] = ()
    weights = 0
    for layer in _settings(config)["layers"]:
        kind, settings = layer["class_name"], _settings(layer)
        try:
            shape, more = _grow(kind, settings, shape)
        except (KeyError, TypeError, ValueError, IndexError, ZeroDivisionError):
            raise _refusal(path, f"describes a {kind} that cannot be: {settings.get('name')!r}") from None
        weights += more
        if weights > MOST_WEIGHTS or math.prod(shape) > MOST_VALUES:
            raise _refusal(
                path,
                f"describes a network of more than {MOST_WEIGHTS:,} weights or {MOST_VALUES:,} values in a layer: "
                f"{settings.get('name')!r}",
            )


def _grow(kind: str, settings: dict[str, Any], shape: tuple[int, ...]) -> tuple[tuple[int, ...], int]:
    """The shape of what a layer gives, or one a little larger, and how many weights it has."""
    if kind == "InputLayer":
        return tuple(_count(size) for size in settings["batch_shape"][1:]), 0
    if kind == "Conv2D":
        filters, (high, wide) = _count(settings["filters"]), settings["kernel_size"]
        return (shape[0], shape[1], filters), (_count(high) * _count(wide) * shape[2] + 1) * filters
    if kind == "MaxPooling2D":
        down, across = (settings["strides"] or settings["pool_size"])[:2]
        return (-(-shape[0] // _count(down)), -(-shape[1] // _count(across)), shape[2]), 0
    if kind == "Flatten":
        return (math.prod(shape),), 0
    if kind == "GlobalAveragePooling2D":
        return (shape[2],), 0
    if kind == "Dense":
        units = _count(settings["units"])
        return (*shape[:-1], units), (shape[-1] + 1) * units
    return shape, 4 * shape[-1] if kind == "BatchNormalization" else 0


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(value)
    return value


def _check_weights(path: Path, content: bytes) -> None:
    """Refuse links and storage outside the file, arrays larger than the file, and weights that are no numbers."""
    import h5py

    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            _check_group(path, file, h5py)
    except (OSError, KeyError) as error:
        raise _refusal(path, f"has weights that are no HDF5 ({error})") from None


def _check_group(path: Path, group: Any, h5py: Any) -> None:
    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise _refusal(path, f"has weights that are a link to elsewhere: {group.name}/{name}")
        member = group[name]
        if isinstance(member, h5py.Group):
            _check_group(path, member, h5py)
            continue
        if member.is_virtual or member.external:
            raise _refusal(path, f"has weights that lie in another file: {member.name}")
        if member.dtype.kind not in "fiu":
            raise _refusal(path, f"has weights of the type {member.dtype}: {member.name}")
        if member.nbytes > member.id.get_storage_size():
            raise _refusal(path, f"has weights that are larger than their file: {member.name}, {member.shape}")
        if member.dtype.kind == "f" and not np.isfinite(member[()]).all():
            raise _refusal(path, f"has weights that are no numbers (NaN or infinite): {member.name}")
