"""One call of train in a process of its own, as the stress tests need it: python driver.py '{"run_dir": …}'.

What it was asked for is a JSON object (see call below); what came out is the last line of standard output, another
one: the history and how it ended, or the error.
"""

import gc
import json
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np

from practicum import coach, data
from practicum.checkpoints import newest_checkpoint
from practicum.coach import Coach
from practicum.dataset import Dataset, Split
from practicum.model import build_cnn
from practicum.training import train

NETWORK = {"filters": (8, 12), "dense_units": (16,), "dropout": 0.3, "batch_norm": True}
TRAIN = {
    "epochs": 6,
    "batch_size": 64,
    "augment": True,
    "label_smoothing": 0.1,
    "target_accuracy": 0.999,  # early stopping is on
    "show_progress": False,
}


def clothes(train_images: int = 640, validation_images: int = 200) -> Dataset:
    """Some images of Fashion-MNIST, of all classes: ten steps of 64 an epoch."""
    whole = data.load("fashion")

    def some(split: Split, count: int) -> Split:
        chosen = np.linspace(0, len(split) - 1, count).astype(int)  # they are in the order of their classes
        return Split(split.images[chosen], split.labels[chosen])

    return Dataset(
        "clothes",
        whole.class_names,
        some(whole.train, train_images),
        some(whole.validation, validation_images),
        some(whole.test, 200),
        source=whole.source,
        licence=whole.licence,
    )


def noise(size: int, train_images: int) -> Dataset:
    """Pictures of two classes, as large as one likes."""
    random = np.random.default_rng(0)

    def split(count: int) -> Split:
        labels = (np.arange(count) % 2).astype(np.int32)
        return Split(random.integers(0, 255, (count, size, size, 3), np.uint8), labels)

    return Dataset("noise", ("a", "b"), split(train_images), split(4), split(4), source="made here", licence="none")


def killed_at(step: int) -> None:
    """Let this process kill itself once so many steps are done, so that nothing can be tidied up."""
    count = iter(range(1, 1_000_000))
    original = Coach.on_train_batch_end

    def on_train_batch_end(self: Coach, batch: int, logs: dict | None = None) -> None:
        original(self, batch, logs)
        if next(count) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    Coach.on_train_batch_end = on_train_batch_end


def call(
    *,
    run_dir: str | None = None,
    kill_at: int | None = None,
    memory: int | None = None,
    weights: str | None = None,
    images: dict[str, int] | None = None,
    network: dict[str, Any] | None = None,
    repeat: int = 1,
    **options: Any,
) -> dict[str, Any]:
    """Train once, or several times one after the other, and say what came of it.

    Args:
        run_dir, and whatever else is not named here: as in train.
        kill_at: after how many steps to end by SIGKILL.
        memory: how many MB this process may take for its data beyond what it has when training begins.
        weights: a file to write the final weights to.
        images: size and number of random images to train on, instead of clothes.
        network: what is different from NETWORK.
        repeat: how many trainings. What comes out is of the last, but for "resident": the memory after each, in bytes.
    """
    coach.CHECKPOINT_SECONDS = 0  # save after each epoch
    dataset = noise(images["size"], images["count"]) if images else clothes()
    if kill_at is not None:
        killed_at(kill_at)
    resident = []
    model = None
    for _ in range(repeat):
        settings = {**NETWORK, **(network or {})}
        model = build_cnn(dataset.image_shape, len(dataset.class_names), seed=0, **settings)
        if memory is not None:
            allowed = status_bytes("VmData") + memory * 2**20
            resource.setrlimit(resource.RLIMIT_DATA, (allowed, allowed))
        try:
            result = train(model, dataset, run_dir=run_dir, **{**TRAIN, **options})
        except (ValueError, RuntimeError) as error:
            return {
                "error": str(error),
                "kind": type(error).__name__,
                "checkpoint": run_dir and getattr(newest_checkpoint(Path(run_dir))[0], "epoch", None),
                "finite": all(bool(np.isfinite(array).all()) for array in model.get_weights()),
            }
        gc.collect()
        resident.append(status_bytes("VmRSS"))
    if weights is not None:
        np.savez(weights, *model.get_weights())
    return {
        "history": {**result.history, "seconds": None},  # the only figure that differs from run to run
        "best_epoch": result.best_epoch,
        "stopped_by": result.stopped_by,
        "precision": result.precision,
        "resident": resident,
    }


def status_bytes(name: str) -> int:
    """A line of what the system says of this process."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise ValueError(f"no {name} in /proc/self/status")


if __name__ == "__main__":
    sys.stdout.write(json.dumps(call(**json.loads(sys.argv[1]))) + "\n")
