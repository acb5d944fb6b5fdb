"""Trains in a process of its own, as one of several or on several devices, and writes down what it learned.

    python tests/distribution_child.py OUT.npz [--devices N] [--process I OF PORT] [--refused JSON]… [--train JSON]

--refused is a training that is to end with a ValueError, before the one that counts. --devices divides the CPU into so
many logical ones. OUT.npz gets the losses of each epoch, the weights, the numbers of the images that this process fed,
epoch by epoch, and what the ValueErrors said.
"""

import argparse
import json
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np


def given() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--devices", type=int, default=1)
    parser.add_argument("--process", type=int, nargs=3)
    parser.add_argument("--norm", action="store_true", help="with batch normalisation")
    parser.add_argument("--wait-in", type=int, default=0, help="in this epoch, tell so and wait to be ended")
    parser.add_argument("--interrupt-in", type=int, default=0, help="in this epoch, press Ctrl-C")
    parser.add_argument("--images", type=int, default=101, help="101 cannot be divided evenly")
    parser.add_argument("--checkpoint-seconds", type=float)
    parser.add_argument("--linger", action="store_true", help="process 0 has more to do than JAX would wait for")
    parser.add_argument("--refused", type=json.loads, action="append", default=[])
    parser.add_argument("--train", type=json.loads, default={})
    return parser.parse_args()


def main(options: argparse.Namespace) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background one may be told to ignore it
    if os.environ.get("KERAS_BACKEND") == "jax":
        os.environ["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={options.devices}"
    from practicum import backend, coach, distribution
    from practicum.model import build_cnn
    from practicum.training import train

    if options.devices > 1 and backend.keras.backend.backend() == "tensorflow":
        backend.divide_cpu(options.devices)
    if options.linger:
        distribution.LAST_SECONDS = 3
    place, count, port = options.process or (0, 1, 0)
    if options.process:
        distribution.initialize(f"127.0.0.1:{port}", count, place)
    if options.checkpoint_seconds is not None:
        coach.CHECKPOINT_SECONDS = options.checkpoint_seconds
    fed = remember_what_is_fed()
    # (Each process may begin with other weights: those of the first one count.)
    model = build_cnn((12, 12, 1), 2, filters=(4,), dense_units=(6,), batch_norm=options.norm, seed=place)
    data = halves(options.images)
    arguments = {"epochs": 4, "batch_size": 16, "precision": "float32", "distribute": "auto"} | options.train
    refusals = []
    for refused in options.refused:
        try:
            train(model, data, **(arguments | refused))
            refusals.append("nothing")
        except ValueError as error:
            refusals.append(str(error))
    result = train(model, data, callbacks=[follower(backend.keras, options)], **arguments)
    np.savez(
        options.out,
        *model.get_weights(),
        loss=result.history["loss"],
        accuracy=result.history["accuracy"],
        validation_loss=result.history["validation_loss"],
        fed=np.array([sorted(fed.get(epoch, [])) for epoch in range(result.epochs)], dtype=object),
        stopped_by=result.stopped_by,
        device=result.device,
        refusals=refusals,
    )
    if options.linger and place == 0:
        time.sleep(7)


def halves(count: int):
    """Two classes of 12×12 images, bright left or right; pixel (0, 0) is the number of the image."""
    from practicum.dataset import Dataset, Split

    random = np.random.default_rng(0)

    def split(count: int) -> Split:
        labels = random.integers(0, 2, count).astype(np.int32)
        images = random.integers(0, 120, (count, 12, 12, 1)).astype(np.uint8)
        for number, (image, label) in enumerate(zip(images, labels, strict=True)):
            image[:, 6 * label : 6 * label + 6] += 90
            image[0, 0] = number
        return Split(images, labels)

    parts = (split(count), split(33), split(20))
    return Dataset("halves", ("left", "right"), *parts, source="made here", licence="none")


def follower(keras, options: argparse.Namespace):
    class Follow(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch + 1 == options.interrupt_in:
                os.kill(os.getpid(), signal.SIGINT)
            if epoch + 1 == options.wait_in:
                sys.stderr.write("waiting\n")
                signal.pause()

    return Follow()


def remember_what_is_fed() -> dict[int, list[int]]:
    """The numbers of the images of each epoch, as they are asked for."""
    from practicum.batches import Batches

    fed: dict[int, list[int]] = {}
    whole_batch = Batches._batch

    def remembered(self, epoch, order, index):
        batch = whole_batch(self, epoch, order, index)
        if index == 0:
            fed[epoch] = []  # on several devices Keras takes a look before it begins
        counted = batch[2] > 0 if len(batch) == 3 else slice(None)
        fed[epoch] += batch[0][counted, 0, 0, 0].tolist()
        return batch

    Batches._batch = remembered
    return fed


if __name__ == "__main__":
    main(given())
