"""Train a network and evaluate it."""

import time
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from practicum import progress
from practicum.backend import (
    gpu_names,
    is_out_of_memory,
    keras,
    release_caches,
    unused_gpu_advice,
)
from practicum.batches import Batches
from practicum.checkpoints import TrainingError
from practicum.coach import Coach, stopping_on_interrupt
from practicum.compiling import (
    PRECISIONS,
    compile_for_evaluation,
    compile_for_training,
    fastest_precision,
    least_step_memory,
    steps_at_once,
)
from practicum.dataset import Dataset
from practicum.distribution import Alone, devices_for, is_lost
from practicum.evaluation import Evaluation, evaluate, predict
from practicum.machine import memory_limit
from practicum.pace import Pace, Plan
from practicum.runs import PIXELS, Start, TrainingResult, describe, load_weights, prepare, write_result

__all__ = ["Evaluation", "TrainingError", "TrainingResult", "evaluate", "predict", "train"]


def train(
    model: "keras.Model",
    dataset: Dataset,
    *,
    epochs: int = 10,
    target_accuracy: float | None = None,
    time_budget: float | None = None,
    augment: bool | str = False,
    precision: str = "auto",
    batch_size: int = 64,
    learning_rate: float = 0.002,
    weight_decay: float = 0.02,
    label_smoothing: float = 0.0,
    run_dir: str | Path | None = None,
    restart: bool = False,
    seed: int = 0,
    distribute: str | None = None,
    callbacks: Sequence["keras.callbacks.Callback"] = (),
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
        time_budget: stop after so many seconds, the last validation included.
        augment: flip, move and stretch the training images a little, at random. "auto": if the network will see each of
            them in at least eight epochs; in fewer, it does not learn them by heart anyway.
        precision: what the steps compute in: "float32", "mixed_bfloat16", "mixed_float16", or "auto" for what is
            fastest on this machine. Weights and the trained model are float32 in any case.
        batch_size: images a step.
        learning_rate: at its peak.
        weight_decay: how strongly weights are pulled towards zero; each step shrinks them by this share of the rate.
        label_smoothing: share (0 up to 1) of the probability that the target spreads over all classes, so that the
            network is not driven to be ever surer of the training images.
        run_dir: folder for model.keras (the best model so far), history.json, checkpoints and result.json. If it
            holds an unfinished run of the same settings, training goes on from its last checkpoint and ends with the
            same weights as without the break; if a finished one, that run's result is returned and its weights are
            loaded. A run that ran out of memory may go on with another batch_size.
        restart: train anew although run_dir holds a run; its files are replaced.
        seed: 0 or more; decides the order of the images and how they are augmented.
        distribute: "auto" shares each step among all GPUs of this machine or, with JAX, among the devices of all
            processes that distribution.initialize has brought together. What is learned is the same, up to rounding.
            Then all processes call train in the same way, but only process 0 writes into run_dir and shows progress,
            and a time_budget is refused, because each has its own clock.
        callbacks: of Keras's kind, such as inspection.Snapshots or keras.callbacks.EarlyStopping. Their model is this
            one, with the weights of each epoch; told are the beginning and the end of the training and of each epoch.
            If one fails, what was learned so far is saved in run_dir. A run that goes on tells them of the epochs that
            are left; a finished one, of none.
        show_progress: a line an epoch, and a bar.

    Returns:
        A TrainingResult.

    Raises:
        ValueError: for a value out of range, a dataset that does not fit the model, or a run_dir that holds a run of
            other settings.
        TrainingError: the disk is full, or memory is, or another process of the training is lost. The model holds its
            best weights so far.

    Ctrl-C, or a notebook's stop button, ends the training after the steps under way and returns the result so far;
    pressed twice, at once. Of several processes all end with the epoch.

    Source: one-cycle schedule: Smith and Topin 2018, arXiv:1708.07120; AdamW: Loshchilov and Hutter 2019; label
        smoothing: Szegedy et al. 2016, "Rethinking the Inception architecture", section 7.
    """
    started = time.monotonic()
    _check_settings(
        epochs=epochs,
        target_accuracy=target_accuracy,
        time_budget=time_budget,
        augment=augment,
        batch_size=batch_size,
        learning_rate=learning_rate,
        weight_decay=weight_decay,
        label_smoothing=label_smoothing,
        precision=precision,
        seed=seed,
    )
    _check_fit(model, dataset)
    _check_callbacks(callbacks)
    devices = devices_for(distribute)
    if time_budget is not None and devices.processes > 1:
        raise ValueError(
            "train: several processes cannot keep to a time_budget together, because each has its own clock. Leave it "
            "out, and say how far to go with epochs or target_accuracy."
        )
    settings = {
        "data": dataset.name,
        "training_images": len(dataset.train),
        "training_labels": f"{zlib.crc32(dataset.train.labels.tobytes()):08x}",
        "validation_labels": f"{zlib.crc32(dataset.validation.labels.tobytes()):08x}",
        PIXELS: _some_pixels(dataset),
        "image_shape": list(dataset.image_shape),
        "network": describe(model),
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
    devices.check_same(settings)
    leads = devices.process == 0
    folder = Path(run_dir) if run_dir is not None and leads else None
    compile_for_evaluation(model)
    chosen = fastest_precision() if precision == "auto" else precision
    start = devices.told_by_first(lambda: _start(model, folder, settings, chosen, restart))
    if devices.processes > 1:
        model.set_weights(devices.told_by_first(model.get_weights))
    if start.result is not None:
        return start.result

    with devices.making():
        trainer = compile_for_training(
            model,
            precision=start.precision,
            learning_rate=learning_rate,
            weight_decay=weight_decay,
            label_smoothing=label_smoothing,
            devices=devices.devices,
        )
    steps = steps_at_once(trainer, batch_size, len(dataset.train))
    # TensorFlow cannot take several on several devices at the end of an epoch (2.21).
    trainer.steps_per_execution = steps if devices.devices == 1 else 1
    display = progress.training_display(show_progress and leads)
    plan = Plan(epochs, target_accuracy, time_budget, learning_rate, augment)
    augment_now = plan.augments_from_the_start()
    batches = Batches(dataset.train, batch_size=batch_size, augment=augment_now, seed=seed, share=devices.share)
    pace = Pace(plan, started, trainer.steps_per_execution, steps)
    coach = Coach(model, dataset.validation, pace, batches, folder, display, callbacks, devices)
    coach.set_model(trainer)
    display.start(_title(dataset, start, devices), epochs)
    try:
        if start.checkpoint is not None:
            coach.resume(start.checkpoint)
        _fit(trainer, coach, dataset)
        with stopping_on_interrupt(lambda: None):  # it is stopping already; a second Ctrl-C leaves at once
            is_over = coach.finish()
    except BaseException:
        display.close("stopped by an error")
        raise
    release_caches()
    result = TrainingResult(
        history=coach.table,
        best_epoch=coach.best_epoch,
        validation_accuracy=coach.best_accuracy,
        seconds=pace.seconds(),
        seconds_to_target=coach.seconds_to_target,
        stopped_by=coach.stopped_by,
        parameters=model.count_params(),
        device=devices.name(),
        backend=keras.backend.backend(),
        precision=start.precision,
        augmented=batches.augment,
        seed=seed,
        run_dir=None if folder is None else str(folder),
        settings=settings,
    )
    if is_over and folder is not None and result.best_epoch:
        write_result(folder, result)
    display.close(coach.closing() + _advice(coach, learning_rate))
    return result


def _start(model: "keras.Model", folder: Path | None, settings: dict[str, Any], precision: str, restart: bool) -> Start:
    """Where to begin; of a finished run model gets the weights."""
    start = prepare(folder, settings, precision, restart)
    if start.result is not None and folder is not None:
        load_weights(model, folder)
    return start


def _fit(trainer: "keras.Model", coach: Coach, dataset: Dataset) -> None:
    """Train until the coach says that it is enough."""
    batch_size = coach.batches.batch_size
    try:
        # When an allocation fails, TensorFlow's convolutions often end the whole process (2.21, oneDNN). So what cannot
        # fit into this machine is not even tried.
        limit = memory_limit() if not gpu_names() else None
        here = coach.devices.share.of(min(batch_size, len(dataset.train)))[0].size
        if limit is not None and least_step_memory(trainer, here) > limit:
            raise MemoryError(f"a step needs more than {limit:,} bytes")
        with coach.devices.fitting(), stopping_on_interrupt(coach.ask_to_stop):
            trainer.fit(
                coach.batches.pipeline(),
                initial_epoch=coach.epoch,
                epochs=coach.plan.epochs,
                shuffle=False,
                verbose=0,
                callbacks=[coach],
            )
    except KeyboardInterrupt:
        coach.stopped_by = "interrupt"
    except Exception as error:
        coach.restore_best()
        if is_out_of_memory(error):
            coach.save()
            raise TrainingError(_out_of_memory(dataset, coach)) from error
        if coach.devices.processes > 1 and is_lost(error):
            coach.save()
            raise TrainingError(_others_are_lost(coach)) from error
        raise


def _some_pixels(dataset: Dataset) -> str:
    """A checksum of a few images of each split: other data of the same labels has another one."""
    checksum = 0
    for images in (dataset.train.images, dataset.validation.images):
        for image in images[:: max(1, len(images) // 16)]:
            checksum = zlib.crc32(np.ascontiguousarray(image).tobytes(), checksum)
    return f"{checksum:08x}"


def _title(dataset: Dataset, start: Start, devices: Alone) -> str:
    """What the display says first: on what, on which device, from where."""
    numbers = "32-bit numbers" if start.precision == "float32" else f"16-bit steps ({start.precision})"
    title = f"training on {len(dataset.train):,} images of {dataset.name}; {devices.name()}; {numbers}"
    advice = unused_gpu_advice()
    return "\n".join([title, *(f"note: {remark}" for remark in (*start.remarks, *([advice] if advice else [])))])


def _advice(coach: Coach, learning_rate: float) -> str:
    """What to try after a training that did not end as it should; "" after one that did."""
    if coach.stopped_by == "interrupt":
        return "" if coach.folder is None else "; the same call goes on from there"
    if coach.stopped_by != "loss is not a number":
        return ""
    return f"; try a smaller learning_rate, such as {learning_rate / 10:g}"


def _out_of_memory(dataset: Dataset, coach: Coach) -> str:
    """What did not fit, and what to try: fewer images a step, or smaller ones."""
    height, width, _ = dataset.image_shape
    batch_size = coach.batches.batch_size
    smaller = [max(side // 2, 8) for side in (height, width)]
    ways = [f"batch_size={max(batch_size // 4, 1)}"] if batch_size > 1 else []
    ways.append(
        f"images of {smaller[0]}×{smaller[1]} (a folder's, by load(..., image_size=({smaller[0]}, {smaller[1]})))"
    )
    goes_on = ""
    if coach.latest is not None:
        goes_on = " The same call with the new value goes on from the last checkpoint"
        if any(isinstance(layer, keras.layers.Flatten) for layer in coach.network.layers):
            goes_on += "; with another image size this network has other weights and begins anew, in another run_dir"
        goes_on += "."
    return (
        f"train: not enough memory for batch_size={batch_size} with images of {height}×{width}. "
        f"Try {', or '.join(ways)}.{goes_on}"
    )


def _others_are_lost(coach: Coach) -> str:
    saved = "nothing was kept, for want of a run_dir."
    if coach.folder is not None and coach.latest is not None:
        saved = f"what was learned up to epoch {coach.latest.epoch} is in {coach.folder}."
    elif coach.devices.process > 0:
        saved = "what was learned is in the run_dir of process 0, if it has one."
    return (
        f"train: another of the {coach.devices.processes} processes is not there any more, so process "
        f"{coach.devices.process} cannot go on; {saved} Start all of them again in the same way: with a run_dir they "
        "go on from there."
    )


def _check_settings(
    *,
    epochs: int,
    target_accuracy: float | None,
    time_budget: float | None,
    augment: bool | str,
    batch_size: int,
    learning_rate: float,
    weight_decay: float,
    label_smoothing: float,
    precision: str,
    seed: int,
) -> None:
    checks = [
        (isinstance(epochs, int) and epochs >= 1, "epochs", epochs, "a whole number, 1 or more"),
        (target_accuracy is None or 0 < target_accuracy <= 1, "target_accuracy", target_accuracy, "above 0, at most 1"),
        (time_budget is None or time_budget > 0, "time_budget", time_budget, "seconds, more than 0"),
        (isinstance(seed, int) and seed >= 0, "seed", seed, "a whole number, 0 or more"),
        (isinstance(batch_size, int) and batch_size >= 1, "batch_size", batch_size, "a whole number, 1 or more"),
        (learning_rate > 0, "learning_rate", learning_rate, "more than 0"),
        (weight_decay >= 0, "weight_decay", weight_decay, "0 or more"),
        (0 <= label_smoothing < 1, "label_smoothing", label_smoothing, "from 0 up to, but not including, 1"),
        (augment in (True, False, "auto"), "augment", augment, "True, False or auto"),
        (precision in ("auto", *PRECISIONS), "precision", precision, f"auto, {', '.join(PRECISIONS)}"),
    ]
    for good, name, value, expected in checks:
        if not good:
            raise ValueError(f"train: {name} must be {expected}. Received {name}={value!r}.")


def _check_callbacks(callbacks: Sequence["keras.callbacks.Callback"]) -> None:
    if isinstance(callbacks, str) or not isinstance(callbacks, Sequence):
        raise ValueError(f"train: callbacks is a list of Keras callbacks. Received {callbacks!r}.")
    for callback in callbacks:
        if not isinstance(callback, keras.callbacks.Callback):
            raise ValueError(f"train: callbacks is a list of Keras callbacks. {callback!r} is none.")


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
    for name in ("train", "validation"):
        images = getattr(dataset, name).images
        if images.dtype.kind == "f":  # whole numbers are always numbers
            spoilt = [place for place, image in enumerate(images) if not np.isfinite(image).all()]
            if spoilt:
                raise ValueError(
                    f"train: {len(spoilt)} of the {name} images have pixels that are no numbers (NaN or infinite); the "
                    f"first is dataset.{name}.images[{spoilt[0]}]. Leave them out, or mend them."
                )
