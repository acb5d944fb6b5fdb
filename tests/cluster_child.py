"""What the workers of tests/test_cluster.py are given to do. (Importable by them.)"""

import dataclasses
import time
from typing import ClassVar

from practicum.dataset import Dataset
from practicum.experiments import one_run


def short_run(data, configuration, seed, *, multiply_adds, threads=None, seconds=0.5):
    """No training; as its device: on which worker it was, from when to when, and with how many threads."""
    from distributed import get_worker

    began = time.time()
    time.sleep(seconds)
    nothing = one_run.failed(data.name, configuration, seed, multiply_adds, "")
    device = f"{get_worker().address} {began} {time.time()} {threads}"
    return dataclasses.replace(nothing, validation_accuracy=0.5, validation_loss=1.0, seconds=seconds, device=device)


def long_run(*given, **named):
    """As short_run, in a second."""
    return short_run(*given, **named, seconds=1.0)


def slow_training(*given, **named):
    """A training that lasts long enough to be killed in."""
    time.sleep(1.5)
    return one_run.run_one(*given, **named)


class Counted(Dataset):
    """Counts how often one was made ready to be sent."""

    sent: ClassVar[list[int]] = []

    def __reduce__(self):
        self.sent.append(1)
        return Dataset, tuple(getattr(self, field.name) for field in dataclasses.fields(self))
