"""Train a network and evaluate it."""

import math
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from practicum import progress
from practicum.backend import device_name, keras, unused_gpu_advice
from practicum.batches import Batches
from practicum.dataset import Dataset, Split
from practicum.evaluation import Evaluation, cross_entropy, evaluate, predict
from practicum.runs import HISTORY_FILE, MODEL_FILE, RESULT_FILE, TrainingResult, prepare, save_model, write_json

__all__ = ["Evaluation", "TrainingResult", "evaluate", "predict", "train"]

PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
WARM_UP = 0.25  # the share of a training in which the learning rate rises to its peak
LAST_RATE = 0.01  # the learning rate at the end, as a share of its peak


def train(
    model: "keras.Model",
    dataset: Dataset,
    *,
    epochs: int = 10,
    target_accuracy: float | None = None,
    time_budget: float | None = None,
    augment: bool = False,
    precision: str = "auto",
    batch_size: int = 64,
    learning_rate: float = 0.002,
    weight_decay: float = 0.02,
    label_smoothing: float = 0.0,
    run_dir: str | Path | None = None,
    restart: bool = False,
    seed: int = 0,
    show_progress: bool = True,
) -> TrainingResult:
    """Train model on dataset.train; afterwards it holds the weights that did best on dataset.validation.

    The learning rate rises for the first quarter of the training and then falls along a cosine (a one-cycle
    schedule). It is fitted to epochs or to time_budget, whichever ends first.

    Args:
        model: from build_cnn, or any Keras classifier from raw pixels to probabilities. It is compiled here, so that
            model.evaluate(images, labels) works afterwards, also on the saved file.
        dataset: what to learn from.
        epochs: a ceiling on the number of passes over the training images.
        target_accuracy: stop after the first epoch with this validation accuracy (0 to 1).
        time_budget: stop after about so many seconds.
        augment: flip, move and stretch the training images a little, at random.
        precision: "float32", "mixed_bfloat16", "mixed_float16", or "auto", which chooses float32.
        batch_size: images a step.
        learning_rate: at its peak.
        weight_decay: how strongly weights are pulled towards zero; each step shrinks them by this share of the rate.
        label_smoothing: share (0 up to 1) of the probability that the target spreads over all classes, so that the
            network is not driven to be ever surer of the training images.
        run_dir: folder for model.keras (the best model so far), history.json and result.json. If it holds a
            finished run of the same settings, that run's result is returned and its weights are loaded.
        restart: train anew although run_dir holds a run; its files are replaced.
        seed: decides the order of the images and how they are augmented.
        show_progress: a line an epoch, and a bar.

    Returns:
        A TrainingResult.

    Raises:
        ValueError: for a value out of range, a dataset that does not fit the model, or a run_dir that holds a run of
            other settings.

    Source: one-cycle schedule: Smith and Topin 2018, arXiv:1708.07120; AdamW: Loshchilov and Hutter 2019; label
        smoothing: Szegedy et al. 2016, "Rethinking the Inception architecture", section 7.
    """
    started = time.monotonic()
    _check_settings(
        epochs, target_accuracy, time_budget, batch_size, learning_rate, weight_decay, label_smoothing, precision
    )
    _check_fit(model, dataset)
    precision = "float32" if precision == "auto" else precision
    settings = {
        "data": dataset.name,
        "parameters": model.count_params(),
        "epochs": epochs,
        "target_accuracy": target_accuracy,
        "time_budget": time_budget,
        "augment": augment,
        "precision": precision,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "weight_decay": weight_decay,
        "label_smoothing": label_smoothing,
        "seed": seed,
        "backend": keras.backend.backend(),
    }
    folder = Path(run_dir) if run_dir is not None else None
    if folder is not None:
        finished = prepare(folder, settings, restart)
        if finished is not None:
            model.load_weights(folder / MODEL_FILE)
            return finished

    set_precision(model, precision)
    batches = Batches(dataset.train, batch_size=batch_size, augment=augment, seed=seed)
    trainer = _trainer_of(model, learning_rate, weight_decay, label_smoothing)
    coach = _Coach(
        model,
        dataset.validation,
        folder,
        progress.training_display(show_progress),
        started=started,
        epochs=epochs,
        steps=len(batches),
        target_accuracy=target_accuracy,
        time_budget=time_budget,
        peak_rate=learning_rate,
    )
    coach.announce(dataset, precision)
    try:
        trainer.fit(batches, epochs=epochs, shuffle=False, verbose=0, callbacks=[coach])
    except KeyboardInterrupt:
        coach.stopped_by = "interrupt"
    coach.restore_best()
    result = TrainingResult(
        history=coach.history_so_far,
        best_epoch=coach.best_epoch,
        validation_accuracy=coach.best_accuracy,
        seconds=time.monotonic() - started,
        seconds_to_target=coach.seconds_to_target,
        stopped_by=coach.stopped_by,
        parameters=model.count_params(),
        device=device_name(),
        backend=keras.backend.backend(),
        precision=precision,
        seed=seed,
        run_dir=None if folder is None else str(folder),
        settings=settings,
    )
    if folder is not None and result.epochs:
        write_json(folder / RESULT_FILE, asdict(result))
    coach.say_closing(result)
    return result


def set_precision(model: "keras.Model", precision: str) -> None:
    """Let model compute in precision; its weights, scores and probabilities stay in float32."""
    for layer in model.layers:
        if layer.name not in ("scores", "softmax"):
            layer.dtype_policy = precision


def _trainer_of(
    model: "keras.Model", learning_rate: float, weight_decay: float, label_smoothing: float
) -> "keras.Model":
    """A model of the same layers and weights with what training needs; model itself stays free of it, and is saved."""
    jit_compile = False if device_name().startswith("CPU") else "auto"  # XLA makes convolutions slow on a CPU
    plain_loss = keras.losses.SparseCategoricalCrossentropy()
    # Plain SGD has no state, so the saved file holds the network and nothing else.
    model.compile(keras.optimizers.SGD(), plain_loss, metrics=["accuracy"], jit_compile=jit_compile)

    def smoothed_loss(labels: Any, probabilities: Any) -> Any:
        targets = keras.ops.one_hot(keras.ops.reshape(labels, (-1,)), probabilities.shape[-1])
        return keras.losses.categorical_crossentropy(targets, probabilities, label_smoothing=label_smoothing)

    trainer = keras.Model(model.inputs[0], model.outputs[0])
    trainer.compile(
        optimizer=keras.optimizers.AdamW(learning_rate, weight_decay=weight_decay),
        loss=smoothed_loss if label_smoothing else plain_loss,
        # The history shows the loss against the real labels, to be compared with that of the validation images.
        metrics=[
            keras.metrics.SparseCategoricalAccuracy(name="accuracy"),
            keras.metrics.SparseCategoricalCrossentropy(name="cross_entropy"),
        ],
        jit_compile=jit_compile,
    )
    return trainer


class _Coach(keras.callbacks.Callback):
    """Sets the learning rate, measures validation, keeps the best weights, and says when to stop."""

    def __init__(
        self,
        network: "keras.Model",
        validation: Split,
        folder: Path | None,
        display: progress.TrainingDisplay,
        *,
        started: float,
        epochs: int,
        steps: int,
        target_accuracy: float | None,
        time_budget: float | None,
        peak_rate: float,
    ) -> None:
        super().__init__()
        self.network = network
        self.validation = validation
        self.folder = folder
        self.display = display
        self.started = started
        self.epochs = epochs
        self.steps = steps
        self.target_accuracy = target_accuracy
        self.time_budget = time_budget
        self.peak_rate = peak_rate

        self.step = 0
        self.epoch = 0
        self.rate = 0.0
        self.validation_seconds = 0.0
        self.history_so_far: dict[str, list[float]] = {
            name: []
            for name in ("loss", "accuracy", "validation_loss", "validation_accuracy", "learning_rate", "seconds")
        }
        self.best_accuracy = -1.0
        self.best_loss = math.inf
        self.best_epoch = 0
        self.best_weights: list[np.ndarray] | None = None
        self.seconds_to_target: float | None = None
        self.stopped_by = "epochs"

    def seconds(self) -> float:
        return time.monotonic() - self.started

    def announce(self, dataset: Dataset, precision: str) -> None:
        title = f"training on {len(dataset.train):,} images of {dataset.name}; {device_name()}; {precision}"
        advice = unused_gpu_advice()
        self.display.start(title + (f"\nnote: {advice}" if advice else ""), self.epochs)

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.epoch = epoch + 1

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        self.rate = self.peak_rate * one_cycle(self._share_done())
        self.model.optimizer.learning_rate.assign(self.rate)
        self.display.step(self.epoch, batch / self.steps)

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        self.step += 1
        if not math.isfinite((logs or {}).get("loss", 0.0)):
            self._stop("loss is not a number")
        elif self.time_budget is not None and self.seconds() + self.validation_seconds >= self.time_budget:
            self._stop("time_budget")

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        logs = logs or {}
        before = time.monotonic()
        probabilities = predict(self.network, self.validation.images)
        loss = cross_entropy(probabilities, self.validation.labels)
        accuracy = float((probabilities.argmax(axis=1) == self.validation.labels).mean())
        self.validation_seconds = time.monotonic() - before
        row = {
            "loss": float(logs["cross_entropy"]),
            "accuracy": float(logs["accuracy"]),
            "validation_loss": loss,
            "validation_accuracy": accuracy,
            "learning_rate": self.rate,
            "seconds": self.seconds(),
        }
        for name, value in row.items():
            self.history_so_far[name].append(value)
        # A loss that is not a number cannot be the best, whatever the accuracy says.
        if math.isfinite(loss) and (accuracy, -loss) > (self.best_accuracy, -self.best_loss):
            self.best_accuracy, self.best_loss, self.best_epoch = accuracy, loss, epoch + 1
            self.best_weights = self.network.get_weights()
            if self.folder is not None:
                save_model(self.network, self.folder / MODEL_FILE)
        if self.folder is not None:
            write_json(self.folder / HISTORY_FILE, self.history_so_far)
        self.display.end_epoch({"epoch": epoch + 1, **row})
        if self.target_accuracy is not None and accuracy >= self.target_accuracy:
            self.seconds_to_target = row["seconds"]
            self._stop("target_accuracy")

    def restore_best(self) -> None:
        if self.best_weights is not None:
            self.network.set_weights(self.best_weights)

    def say_closing(self, result: TrainingResult) -> None:
        reasons = {
            "epochs": "all epochs done",
            "target_accuracy": "target accuracy reached",
            "time_budget": "time is up",
            "interrupt": "interrupted; the best weights so far are kept",
            "loss is not a number": "the loss is no longer a number; try a smaller learning_rate",
        }
        best = f"epoch {result.best_epoch} was best: validation accuracy {result.validation_accuracy:.1%}"
        self.display.close(f"{reasons[result.stopped_by]} after {result.seconds:.0f} s; {best}")

    def _share_done(self) -> float:
        by_steps = self.step / (self.steps * self.epochs)
        by_time = self.seconds() / self.time_budget if self.time_budget else 0.0
        return min(max(by_steps, by_time), 1.0)

    def _stop(self, reason: str) -> None:
        self.stopped_by = reason
        self.model.stop_training = True


def one_cycle(share_done: float) -> float:
    """The learning rate as a share of its peak: up in a straight line, then down along a cosine.

    Example:
        >>> [round(one_cycle(share), 2) for share in (0, 0.125, 0.25, 0.625, 1)]
        [0.01, 0.51, 1.0, 0.51, 0.01]
    """
    if share_done < WARM_UP:
        return LAST_RATE + (1 - LAST_RATE) * share_done / WARM_UP
    fall = (share_done - WARM_UP) / (1 - WARM_UP)
    return LAST_RATE + (1 - LAST_RATE) * (1 + math.cos(math.pi * fall)) / 2


def _check_settings(
    epochs: int,
    target_accuracy: float | None,
    time_budget: float | None,
    batch_size: int,
    learning_rate: float,
    weight_decay: float,
    label_smoothing: float,
    precision: str,
) -> None:
    checks = [
        (isinstance(epochs, int) and epochs >= 1, "epochs", epochs, "a whole number, 1 or more"),
        (target_accuracy is None or 0 < target_accuracy <= 1, "target_accuracy", target_accuracy, "above 0, at most 1"),
        (time_budget is None or time_budget > 0, "time_budget", time_budget, "seconds, more than 0"),
        (isinstance(batch_size, int) and batch_size >= 1, "batch_size", batch_size, "a whole number, 1 or more"),
        (learning_rate > 0, "learning_rate", learning_rate, "more than 0"),
        (weight_decay >= 0, "weight_decay", weight_decay, "0 or more"),
        (0 <= label_smoothing < 1, "label_smoothing", label_smoothing, "from 0 up to, but not including, 1"),
        (precision in ("auto", *PRECISIONS), "precision", precision, f"auto, {', '.join(PRECISIONS)}"),
    ]
    for good, name, value, expected in checks:
        if not good:
            raise ValueError(f"train: {name} must be {expected}. Received {name}={value!r}.")


def _check_fit(model: "keras.Model", dataset: Dataset) -> None:
    expected, classes = tuple(model.input_shape[1:]), model.output_shape[-1]
    if expected != dataset.image_shape:
        raise ValueError(
            f"train: the model expects images {expected} but those of {dataset.name} are {dataset.image_shape}. "
            f"Build the model with input_shape={dataset.image_shape}, or load the data with another image_size."
        )
    if classes != len(dataset.class_names):
        raise ValueError(
            f"train: the model tells {classes} classes apart but {dataset.name} has {len(dataset.class_names)}. "
            f"Build the model with num_classes={len(dataset.class_names)}."
        )
