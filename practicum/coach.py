"""What goes on beside the steps of a training: the learning rate, validation, the best weights, when to stop."""

import contextlib
import functools
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from practicum.backend import keras
from practicum.batches import Batches
from practicum.checkpoints import Checkpoint, save_checkpoint
from practicum.dataset import Split
from practicum.distribution import Alone
from practicum.evaluation import BATCH, cross_entropy
from practicum.pace import Pace
from practicum.progress import TrainingDisplay
from practicum.runs import HISTORY_FILE, MODEL_FILE, save_model, write_json

CHECKPOINT_SECONDS = 5  # epochs of a small dataset are shorter than what it takes to save
FIGURES = ("loss", "accuracy", "validation_loss", "validation_accuracy", "learning_rate", "seconds")


def _apart(method: Callable[..., None]) -> Callable[..., None]:
    """Have a method of a coach compute in its own process, although it is called in the middle of `fit`."""

    @functools.wraps(method)
    def in_its_own_process(coach: "Coach", *arguments: Any, **named: Any) -> None:
        with coach.devices.apart():
            method(coach, *arguments, **named)

    return in_its_own_process


class Coach(keras.callbacks.Callback):
    """Sets the learning rate, measures validation, keeps the best weights and checkpoints, and says when to stop.

    Args:
        network: what is validated and saved; it takes its weights from the model that is fitted.
        validation: the images to decide by.
        pace: the clock, and the plan of how far to go.
        batches: what the model is fitted on; whether they are augmented may be decided on the way.
        folder: where to keep the best model, the history and checkpoints; None keeps the best weights in memory only.
        display: is told of each step and epoch.
        callbacks: of learners. They see the network, with each epoch's weights, instead of the model that is fitted.
        devices: on which the model is fitted. What one process decides, all must.
    """

    def __init__(
        self,
        network: "keras.Model",
        validation: Split,
        pace: Pace,
        batches: Batches,
        folder: Path | None,
        display: TrainingDisplay,
        callbacks: Sequence["keras.callbacks.Callback"] = (),
        devices: Alone = Alone(),  # noqa: B008
    ) -> None:
        super().__init__()
        self.devices = devices
        self.asked_to_stop = False
        self.network = network
        self.validation = validation
        self.pace = pace
        self.plan = pace.plan
        self.batches = batches
        self.folder = folder
        self.display = display
        self.callbacks = callbacks
        self.saved_at = pace.started
        self.latest: Checkpoint | None = None  # of the last whole epoch

        self.epoch = 0  # the one under way, from 1
        self.steps = 1  # of an epoch
        self.is_whole = False  # whether all of its steps are done
        self.rate = 0.0
        self.table: dict[str, list[float]] = {name: [] for name in FIGURES}
        self.best_accuracy = math.nan
        self.best_loss = math.inf
        self.best_epoch = 0
        self.best_weights: list[np.ndarray] = []
        self.first_weights = network.get_weights()
        self.model_is_saved = True
        self.seconds_to_target: float | None = None
        self.stopped_by = "epochs"

    # What goes into a checkpoint, and back -------------------------------------------------------------------------

    def _checkpoint(self) -> Checkpoint:
        facts = {
            "table": {name: list(values) for name, values in self.table.items()},
            "best_accuracy": self.best_accuracy,
            "best_loss": self.best_loss,
            "best_epoch": self.best_epoch,
            "seconds": self.pace.seconds(),
            "learning_since": self.pace.learning_since,
            "augment": self.batches.augment,
            "augment_is_decided": self.pace.augment_is_decided,
        }
        variables = [variable.numpy().copy() for variable in self._variables()]
        return Checkpoint(self.epoch, variables, self.best_weights, facts)

    def resume(self, checkpoint: Checkpoint) -> None:
        """Take up the training where checkpoint left it. To be called once the model to be fitted is set."""
        variables = self._variables()
        shapes = [tuple(variable.shape) for variable in variables]
        stored = [array.shape for array in checkpoint.variables]
        if shapes != stored:
            raise ValueError(
                f"train: the checkpoint in {self.folder} is of another network: its {len(stored)} arrays of numbers do "
                f"not fit the {len(shapes)} of this one. Choose another run_dir, or restart=True to begin anew."
            )
        for variable, array in zip(variables, checkpoint.variables, strict=True):
            variable.assign(array)
        facts = checkpoint.facts
        self.latest = checkpoint
        self.epoch = checkpoint.epoch
        self.table = facts["table"]
        self.best_accuracy, self.best_loss = facts["best_accuracy"], facts["best_loss"]
        self.best_epoch = facts["best_epoch"]
        self.best_weights = checkpoint.best
        self.model_is_saved = False  # it may have been cut off between the checkpoint and the model
        self.pace.started -= facts["seconds"]
        self.pace.learning_since = facts["learning_since"]
        self.pace.augment_is_decided = facts["augment_is_decided"]
        self.batches.resume(checkpoint.epoch, augment=facts["augment"])
        for place in range(self.epoch):
            self.display.end_epoch({"epoch": place + 1, **{name: values[place] for name, values in self.table.items()}})

    def _variables(self) -> list[Any]:
        return [*self.model.variables, *self.model.optimizer.variables]

    # What Keras calls ----------------------------------------------------------------------------------------------

    @_apart
    def on_train_begin(self, logs: dict | None = None) -> None:
        self.network.stop_training = False
        for callback in self.callbacks:
            callback.set_model(self.network)
        self._tell("on_train_begin")
        if self.plan.time_budget is not None:
            # How long will a validation take? The first call prepares it, the second one can be timed.
            sample = self.validation.images[:BATCH]
            self.devices.predict(self.network, sample)
            before = time.monotonic()
            self.devices.predict(self.network, sample)
            self.pace.validation = (time.monotonic() - before) * len(self.validation) / len(sample)

    @_apart
    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.epoch = epoch + 1
        self.batches.begin(epoch)
        self.steps = self.params["steps"]
        self.is_whole = False
        self._tell("on_epoch_begin", epoch)

    # Between these two, Keras takes as many steps as it may take at once.

    @_apart
    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        begun = batch - batch % self.pace.steps_of_a_rate
        self.rate = self.pace.rate(self.epoch - 1 + begun / self.steps)
        self.model.optimizer.learning_rate.assign(self.rate)
        self.display.step(self.epoch, batch / self.steps)
        self.pace.begin_steps()

    @_apart
    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        self.pace.end_steps()
        self.is_whole = batch + 1 >= self.steps
        pays = self.pace.augmenting_pays(self.steps)
        if pays is not None:
            self.batches.augment = pays
        if not math.isfinite((logs or {}).get("loss", 0.0)):
            self._stop("loss is not a number")
        elif self.pace.time_is_up():
            self._stop("time_budget")
        elif self.stopped_by == "interrupt":
            self._stop("interrupt")

    @_apart
    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        if self.stopped_by == "interrupt" and not self.is_whole:
            return  # the next call begins this epoch again
        logs = logs or {}
        before = time.monotonic()
        self.network.set_weights(self.model.get_weights())
        probabilities = self.devices.predict(self.network, self.validation.images)
        loss = cross_entropy(probabilities, self.validation.labels)
        accuracy = float((probabilities.argmax(axis=1) == self.validation.labels).mean())
        self.pace.validation = time.monotonic() - before
        row = {
            "loss": float(logs["cross_entropy"]),
            "accuracy": float(logs["accuracy"]),
            "validation_loss": loss,
            "validation_accuracy": accuracy,
            "learning_rate": self.rate,
            "seconds": self.pace.seconds(),
        }
        for name, value in row.items():
            self.table[name].append(value)
        # A loss that is not a number cannot be the best, whatever the accuracy says.
        best_so_far = (self.best_accuracy, -self.best_loss) if self.best_epoch else (-1.0, 0.0)
        if math.isfinite(loss) and (accuracy, -loss) > best_so_far:
            self.best_accuracy, self.best_loss, self.best_epoch = accuracy, loss, epoch + 1
            self.best_weights = self.network.get_weights()
            self.model_is_saved = False
        self.display.end_epoch({"epoch": epoch + 1, **row})
        if self.plan.target_accuracy is not None and accuracy >= self.plan.target_accuracy:
            self.seconds_to_target = row["seconds"]
            self._stop("target_accuracy")
        elif self.stopped_by == "interrupt" or self.devices.any(self.asked_to_stop):
            self._stop("interrupt")
        elif self.pace.time_is_up():
            self._stop("time_budget")
        if self.folder is not None and self.stopped_by != "loss is not a number":
            self.latest = self._checkpoint()
        self._tell("on_epoch_end", epoch, {name.replace("validation_", "val_"): value for name, value in row.items()})
        if self.devices.any(self.network.stop_training):
            self._stop_for_callback()
        if not self.model.stop_training and time.monotonic() - self.saved_at >= CHECKPOINT_SECONDS:
            self.save()

    def _tell(self, what: str, *arguments: Any) -> None:
        """Call that method of the learner's callbacks. They see the weights of now; the time they take counts."""
        if not self.callbacks:
            return
        before = time.monotonic()
        if what != "on_train_end":
            self.network.set_weights(self.model.get_weights())  # saving has put the best ones in their place
        try:
            for callback in self.callbacks:
                getattr(callback, what)(*arguments)
        except Exception:
            self.save()  # what was learned is not lost by a mistake in a callback
            raise
        self.pace.validation += time.monotonic() - before
        if self.network.stop_training and self.devices.processes == 1:
            self._stop_for_callback()

    # Saving and stopping -------------------------------------------------------------------------------------------

    def save(self) -> None:
        """Write the checkpoint of the last whole epoch, and what save_best writes."""
        if self.folder is not None and self.latest is not None:
            before = time.monotonic()
            save_checkpoint(self.folder, self.latest)
            self.save_best()
            self.saved_at = time.monotonic()
            self.pace.saving = self.saved_at - before

    def save_best(self) -> None:
        """Write the history, and the best model if there is a better one than on disk."""
        if self.folder is None:
            return
        write_json(self.folder / HISTORY_FILE, self.table)
        if not self.model_is_saved:
            self.restore_best()
            save_model(self.network, self.folder / MODEL_FILE)
            self.model_is_saved = True

    def finish(self) -> bool:
        """Save what there is, and give the network its best weights; say whether the training is over.

        It is not after an interrupt: then the next call goes on.
        """
        if self.stopped_by == "interrupt" and len(self.table["loss"]) == self.plan.epochs:
            self.stopped_by = "epochs"  # it came too late
        over = self.stopped_by != "interrupt"
        self.restore_best()  # first of all: saving may fail
        self._tell("on_train_end")
        if over:
            self.save_best()
        else:
            self.save()
        return over

    def restore_best(self) -> None:
        """Give the network its best weights. Without a best epoch: those it began with, or has reached if stopped."""
        if self.best_weights:
            self.network.set_weights(self.best_weights)
        elif self.stopped_by == "interrupt":
            self.network.set_weights(self.model.get_weights())
        else:
            self.network.set_weights(self.first_weights)

    def ask_to_stop(self) -> None:
        """Stop when the steps under way are through; of several processes all, at the end of the epoch."""
        if self.devices.processes == 1:
            self.stopped_by = "interrupt"
        self.asked_to_stop = True

    def closing(self) -> str:
        """What to tell people at the end."""
        reasons = {
            "epochs": "all epochs done",
            "target_accuracy": "target accuracy reached",
            "time_budget": "time is up",
            "interrupt": "interrupted",
            "callback": "a callback asked to stop",
            "loss is not a number": "the loss is no longer a number",
        }
        if not self.best_epoch:
            return f"{reasons[self.stopped_by]} after {self.pace.seconds():.0f} s, before the first epoch was through"
        best = f"epoch {self.best_epoch} was best: validation accuracy {self.best_accuracy:.1%}"
        return f"{reasons[self.stopped_by]} after {self.pace.seconds():.0f} s; {best}"

    def _stop_for_callback(self) -> None:
        if not self.model.stop_training:
            self._stop("callback")

    def _stop(self, reason: str) -> None:
        self.stopped_by = reason
        self.model.stop_training = True


@contextlib.contextmanager
def stopping_on_interrupt(ask_to_stop: Callable[[], None]) -> Iterator[None]:
    """Let a first Ctrl-C (or a notebook's stop button) call ask_to_stop, and a second one raise KeyboardInterrupt.

    An exception in the middle of a step would leave threads of Keras running. Where another handler is in place, or
    in a thread other than the main one, nothing is changed.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return

    def once(number: int, frame: Any) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        ask_to_stop()

    signal.signal(signal.SIGINT, once)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
