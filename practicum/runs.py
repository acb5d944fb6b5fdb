"""The folder of a training: its model, its history and its result, written so that a reader never sees half a file."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from practicum.backend import keras

MODEL_FILE, RESULT_FILE, HISTORY_FILE = "model.keras", "result.json", "history.json"
OWN_FILES = (MODEL_FILE, RESULT_FILE, HISTORY_FILE)


@dataclass(frozen=True)
class TrainingResult:
    """What a training did.

    history: one list a figure, one entry an epoch: "loss", "accuracy" (on the training images as the network saw
        them, while it learned), "validation_loss", "validation_accuracy", "learning_rate" (at the epoch's end) and
        "seconds" (since the start).
    best_epoch: the epoch, from 1, whose weights the model holds now: that of the best validation accuracy.
    seconds: from the call to its end, building of the computation included.
    seconds_to_target: until a validation accuracy of target_accuracy was measured; None if it never was.
    stopped_by: "epochs", "target_accuracy", "time_budget", "interrupt" or "loss is not a number".
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
    seed: int
    run_dir: str | None
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def epochs(self) -> int:
        """How many epochs were begun; the last may have been cut short."""
        return len(self.history["loss"])


def save_model(model: "keras.Model", path: Path) -> None:
    """Write model to path so that there is always a whole file: the old one or the new one."""
    partial = path.with_name(f"{path.stem}.partial.keras")
    model.save(partial)
    partial.replace(path)


def write_json(path: Path, content: Any) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    partial.replace(path)


def read_result(run_dir: str | Path) -> TrainingResult | None:
    """The result of the finished run in run_dir, or None where there is none."""
    path = Path(run_dir) / RESULT_FILE
    if not path.is_file() or not (Path(run_dir) / MODEL_FILE).is_file():
        return None
    try:
        return TrainingResult(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path} is no result of a training ({error}). Train again with restart=True.") from None


def prepare(folder: Path, settings: dict[str, Any], restart: bool) -> TrainingResult | None:
    """Make folder ready for a run; give the result of a finished run with the same settings that it holds."""
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"train: run_dir {folder} is a file. Name a folder.")
    finished = None if restart else read_result(folder)
    if finished is not None:
        other = {key for key, value in settings.items() if finished.settings.get(key) != value}
        if other:
            differences = ", ".join(
                f"{key} was {finished.settings.get(key)!r} and is now {settings[key]!r}" for key in sorted(other)
            )
            raise ValueError(
                f"train: {folder} holds a run of other settings: {differences}. "
                "Choose another run_dir, or restart=True to replace it."
            )
        return finished
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in OWN_FILES:
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise ValueError(f"train: run_dir {folder} cannot be written ({error.strerror}). Choose another.") from None
    return None
