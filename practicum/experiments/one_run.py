"""One run of a sweep, in whatever process it is."""

import os
import sys
import threading
import time
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from practicum.dataset import Dataset
from practicum.experiments.configurations import DEFAULTS, NETWORK, TRAINING, Configuration
from practicum.experiments.fewer import fewer_images
from practicum.experiments.table import Run

if TYPE_CHECKING:  # it loads Keras, and a sweep's processes shall first be told how many threads they may have
    from practicum.backend import keras
    from practicum.training import TrainingResult

MOST_LETTERS = 300  # of what went wrong
THREADS = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
# Where several threads of a process take runs, as a Dask worker's may: seeds and memory are the whole process's.
_one_at_a_time = threading.Lock()


class Job(NamedTuple):
    """A run that is to be done. work: in multiply-adds, over all images and epochs."""

    configuration: Configuration
    seed: int
    multiply_adds: int
    work: float


def run_one(
    data: Dataset | str, configuration: Configuration, seed: int, *, multiply_adds: int, threads: int | None = None
) -> Run:
    """Train a network of this configuration, and say how that went: also where it failed.

    Args:
        data: a dataset, or a name or folder to be loaded.
        configuration: what differs from the defaults.
        seed: of the network's first weights and the order of the images.
        multiply_adds: of the network for one image, to be written down.
        threads: how many the process may use; only a process that has not loaded TensorFlow yet can be told.

    Raises:
        KeyboardInterrupt: the training was interrupted, and there is nothing to write down.
    """
    with _one_at_a_time:
        if threads is not None:
            os.environ.update(dict.fromkeys(THREADS, str(threads)))
        whole = DEFAULTS | configuration
        dataset = _loaded(data) if isinstance(data, str) else data
        try:
            return _train(dataset, whole, seed, multiply_adds)
        except Exception as error:  # one network that is too large for this machine is no reason to lose the others
            return failed(dataset.name, whole, seed, multiply_adds, str(error) or type(error).__name__)


def trained(
    data: Dataset, configuration: Configuration, seed: int, *, show_progress: bool = False
) -> "tuple[keras.Model, TrainingResult]":
    """A network of this configuration, all arguments given, and its training."""
    from practicum.model import build_cnn
    from practicum.training import train

    network, training = ({name: configuration[name] for name in names} for names in (NETWORK, TRAINING))
    data = data_for(data, configuration)
    model = build_cnn(data.image_shape, len(data.class_names), **network, seed=seed)
    return model, train(model, data, **training, precision="float32", seed=seed, show_progress=show_progress)


def data_for(data: Dataset, configuration: Configuration) -> Dataset:
    """What a run of this configuration, all arguments given, learns from.

    Raises:
        ValueError: it asks for more training images than there are, or for fewer than classes.
    """
    count = configuration["training_images"]
    return fewer_images(data, count) if count else data


def _train(data: Dataset, configuration: Configuration, seed: int, multiply_adds: int) -> Run:
    import practicum.training  # noqa: F401  loads TensorFlow, which is no part of the run; the environment is set by now

    _forget_peak()
    started = time.monotonic()
    _, result = trained(data, configuration, seed)
    if result.stopped_by == "interrupt":
        raise KeyboardInterrupt
    if not result.best_epoch:
        raise ValueError(f"stopped before the first epoch was through ({result.stopped_by})")
    best = result.best_epoch - 1
    return Run(
        data=data.name,
        configuration=configuration,
        seed=seed,
        validation_accuracy=round(result.validation_accuracy, 6),
        validation_loss=round(float(result.history["validation_loss"][best]), 6),
        best_epoch=result.best_epoch,
        parameters=result.parameters,
        multiply_adds=multiply_adds,
        seconds=round(time.monotonic() - started, 2),
        peak_memory_mb=_peak_memory() // 1_000_000,
        device=result.device,
        last_training_accuracy=round(float(result.history["accuracy"][-1]), 6),
        last_validation_accuracy=round(float(result.history["validation_accuracy"][-1]), 6),
        last_validation_loss=round(float(result.history["validation_loss"][-1]), 6),
    )


def failed(name: str, configuration: Configuration, seed: int, multiply_adds: int, reason: str) -> Run:
    """The row of a run that gave no network."""
    nothing = float("nan")
    text = " ".join(reason.split())[:MOST_LETTERS]
    return Run(name, configuration, seed, nothing, nothing, 0, 0, multiply_adds, nothing, 0, "", text)


@lru_cache(maxsize=1)
def _loaded(name_or_folder: str) -> Dataset:
    from practicum.data import load

    return load(name_or_folder)


def _forget_peak() -> None:
    """Let the process's peak of memory begin anew, where the system can (Linux)."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _peak_memory() -> int:
    """The most bytes that the process has had in memory since then; 0 where the system does not tell."""
    with suppress(OSError, StopIteration):
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) * 1024
    with suppress(ImportError):  # no such module on Windows
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return 0
