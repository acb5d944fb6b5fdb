"""A sweep to be killed: python sweep_child.py FILE. (Importable by the processes that it starts.)"""

import os
import signal
import sys

import numpy as np

from practicum.dataset import Dataset, Split
from practicum.experiments import grid, one_run, sweep

CONFIGURATIONS = grid(filters=[(2,), (4,), (2, 4)], dense_units=[()])
FIXED = {"epochs": 1, "batch_size": 32}


def small_dataset():
    """64 + 32 + 32 images of two classes: bright ones and dark ones."""
    random = np.random.default_rng(0)

    def split(count):
        labels = np.arange(count, dtype=np.int32) % 2
        images = random.integers(0, 128, (count, 8, 8, 3)) + 100 * labels[:, None, None, None]
        return Split(images.astype(np.uint8), labels)

    return Dataset("small", ("dark", "bright"), split(64), split(32), split(32), source="made", licence="CC0")


def dies_of_four_filters(data, configuration, seed, **rest):
    """A run whose process is ended from outside each time, as for want of memory."""
    if configuration["filters"] == (4,):
        os.kill(os.getpid(), signal.SIGKILL)
    return one_run.run_one(data, configuration, seed, **rest)


if __name__ == "__main__":
    sweep(small_dataset(), CONFIGURATIONS, seeds=2, out=sys.argv[1], workers=int(sys.argv[2]), **FIXED)
