"""The folder of a training: settings, model, history, result, each written so that no reader sees half a file."""

import json
import zipfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from practicum.backend import keras
from practicum.checkpoints import Checkpoint, TrainingError, newest_checkpoint, remove_checkpoints, whole_file

MODEL_FILE, RESULT_FILE, HISTORY_FILE, SETTINGS_FILE = "model.keras", "result.json", "history.json", "settings.json"
OWN_FILES = (MODEL_FILE, RESULT_FILE, HISTORY_FILE, SETTINGS_FILE)
# What one may change to go on with a training that ran out of memory.
ADAPTABLE = {"batch_size", "image_shape"}
PIXELS = "pixels"  # other pixels are those of other data, or of the same data in another size
# The choices of a layer that decide what it computes, by their names in Keras.
SHAPING = (
    *("filters", "kernel_size", "strides", "padding", "dilation_rate", "groups", "use_bias", "units", "activation"),
    *("pool_size", "rate", "scale", "offset", "center", "momentum", "epsilon", "negative_slope", "max_value"),
    *("kernel_regularizer", "bias_regularizer", "trainable"),
)


@dataclass(frozen=True)
class TrainingResult:
    """What a training did.

    history: one list a figure, one entry an epoch: "loss", "accuracy" (on the training images as the network saw
        them, while it learned), "validation_loss", "validation_accuracy", "learning_rate" (at the epoch's end) and
        "seconds" (since the start). An epoch that an interrupt cut short is not in it.
    best_epoch: the epoch, from 1, whose weights the model holds now: that of the best validation accuracy. 0 if no
        epoch came to its end.
    validation_accuracy: of the best epoch; NaN if there is none.
    seconds: from the call to its end, building of the computation included; of all calls together if it was resumed.
    seconds_to_target: until a validation accuracy of target_accuracy was measured; None if it never was.
    stopped_by: "epochs", "target_accuracy", "time_budget", "callback", "interrupt" or "loss is not a number".
    precision: what the steps computed in, as chosen if it was to be "auto".
    augmented: whether images were changed at random, as chosen if that was to be "auto".
    """

    history: dict[str, list[float]]
    best_epoch: int
    validation_accuracy: float
    seconds: float
    seconds_to_target: float | None
    stopped_by: str
    parameters: int
    device: str
    backend: str
    precision: str
    augmented: bool
    seed: int
    run_dir: str | None
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def epochs(self) -> int:
        """How many epochs there were; the last may have been cut short by time_budget."""
        return len(self.history["loss"])


@dataclass(frozen=True)
class Start:
    """Where a training begins: with the result of a finished run, from a checkpoint of a cut-off one, or anew."""

    precision: str
    result: TrainingResult | None = None
    checkpoint: Checkpoint | None = None
    remarks: tuple[str, ...] = ()


def prepare(folder: Path | None, settings: dict[str, Any], precision: str, restart: bool) -> Start:
    """Make folder ready for a run, and say where it begins.

    Args:
        folder: the run's folder; None keeps nothing on disk.
        settings: what decides the outcome; a run of others is not gone on with.
        precision: what the network would compute in; a cut-off run keeps what it began with.
        restart: begin anew whatever folder holds.
    """
    if folder is None:
        return Start(precision)
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"train: run_dir {folder} is a file. Name a folder.")
    start = Start(precision) if restart else _start_from(folder, settings, precision)
    if start.result is not None:
        return start
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # What is newer than the checkpoint that training goes on from is damaged.
        remove_checkpoints(folder, after=0 if start.checkpoint is None else start.checkpoint.epoch)
        # An earlier model is kept until there is a better one, unless it is to be replaced.
        stale = OWN_FILES if restart else (RESULT_FILE,)
        for name in stale:
            (folder / name).unlink(missing_ok=True)
        write_json(folder / SETTINGS_FILE, {"settings": settings, "precision": start.precision})
    except (OSError, TrainingError) as error:
        reason = error.__cause__ if isinstance(error, TrainingError) else error
        reason = getattr(reason, "strerror", None) or reason
        raise ValueError(f"train: run_dir {folder} cannot be written ({reason}). Choose another.") from None
    return start


def _start_from(folder: Path, settings: dict[str, Any], precision: str) -> Start:
    finished = read_result(folder)
    if finished is not None:
        _refuse_other(folder, finished.settings, settings)
        return Start(finished.precision, result=finished)
    checkpoint, remarks = newest_checkpoint(folder)
    results = (MODEL_FILE, HISTORY_FILE, RESULT_FILE)
    if checkpoint is None and not remarks and not any((folder / name).exists() for name in results):
        return Start(precision)
    try:
        stored = json.loads((folder / SETTINGS_FILE).read_text(encoding="utf-8"))
        earlier, precision = stored["settings"], stored["precision"]
    except (OSError, ValueError, KeyError, TypeError):
        raise ValueError(
            f"train: {folder} holds files of a training, but no {SETTINGS_FILE} that can be read, so it is not known "
            "of which. Choose another run_dir, or restart=True to replace them."
        ) from None
    other_size = earlier.get("image_shape") != settings["image_shape"]
    _refuse_other(folder, earlier, settings, but_for=ADAPTABLE | ({PIXELS} if other_size else set()))
    if checkpoint is None:
        anew = ["no checkpoint can be read: training begins anew"] if remarks else []
        return Start(precision, remarks=(*remarks, *anew))
    changed = [
        f"{key} is now {settings[key]} (was {earlier.get(key)})"
        for key in _different(earlier, settings)
        if key != PIXELS
    ]
    going_on = f"going on after epoch {checkpoint.epoch}"
    return Start(precision, checkpoint=checkpoint, remarks=(*remarks, "; ".join([going_on, *changed])))


def _refuse_other(
    folder: Path, earlier: dict[str, Any], settings: dict[str, Any], *, but_for: set[str] | None = None
) -> None:
    differences = [
        f"{key} was {_shown(earlier.get(key), settings[key])} and is now {_shown(settings[key], earlier.get(key))}"
        for key in _different(earlier, settings)
        if key not in (but_for or set())
    ]
    if differences:
        raise ValueError(
            f"train: {folder} holds a run of other settings: {', '.join(differences)}. "
            "Choose another run_dir, or restart=True to replace it."
        )


def _different(earlier: dict[str, Any], settings: dict[str, Any]) -> list[str]:
    # What was read from a file has lists where the program has tuples.
    return [key for key in sorted(settings) if json.loads(json.dumps(settings[key])) != earlier.get(key)]


def _shown(value: Any, other: Any) -> str:
    """value for a message; of a long list, what the other one lacks."""
    if isinstance(value, list | tuple) and isinstance(other, list | tuple) and len(value) > 4:
        return repr([item for item in value if item not in other])
    return repr(value)


def describe(model: "keras.Model") -> list[str]:
    """What a network is made of, a line a layer: its place, its kind, and the choices that shape it.

    Not its name: Keras gives a layer without one another name each time it is built.
    """
    lines = []
    for place, layer in enumerate(model.layers):
        config = layer.get_config()
        choices = [f"{name}={config[name]}" for name in SHAPING if name in config]
        lines.append(" ".join([f"{place}:", type(layer).__name__, *choices]))
    return lines


def load_weights(model: "keras.Model", folder: Path) -> None:
    """Give model the weights of the finished run in folder.

    Raises:
        ValueError: the file is damaged.
    """
    path = folder / MODEL_FILE
    try:
        model.load_weights(path)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"train: {path} cannot be read ({' '.join(str(error).split())[:200]}). Train again with restart=True."
        ) from None


def save_model(model: "keras.Model", path: Path) -> None:
    """Write model to path so that there is always a whole file: the old one or the new one."""
    with whole_file(path) as partial:
        model.save(partial)


def write_json(path: Path, content: Any) -> None:
    with whole_file(path) as partial:
        partial.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def write_result(folder: Path, result: TrainingResult) -> None:
    """Mark the run in folder as finished."""
    write_json(folder / RESULT_FILE, asdict(result))
    remove_checkpoints(folder)


def read_result(run_dir: str | Path) -> TrainingResult | None:
    """The result of the finished run in run_dir, or None where there is none."""
    path = Path(run_dir) / RESULT_FILE
    if not path.is_file() or not (Path(run_dir) / MODEL_FILE).is_file():
        return None
    try:
        return TrainingResult(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path} is no result of a training ({error}). Train again with restart=True.") from None
