"""One training on several devices, or in several processes on one machine or many. Part of training.

In each step every device takes its share of the batch, and all change their weights by the mean of what they found:
what is learned is what one device learns from the whole batch. With TensorFlow the devices are those of one process;
with JAX they may belong to many. docs/several-machines.md says how to start those.
"""

import atexit
import contextlib
import functools
import os
import pickle
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NoReturn, TypeVar

import numpy as np

from practicum.backend import device_name, keras
from practicum.batches import Share
from practicum.evaluation import predict
from practicum.machine import several_processes

Value = TypeVar("Value")

# A process that is silent for so long is given up, and the others end. JAX's own limit is 100 seconds.
SILENT_SECONDS = 20
LAST_SECONDS = 10  # how long one that failed waits for the others at the end
WHOLE_WEEK = 7 * 24 * 3600  # how long one that is through does
ADDRESSES, NUMBER, PLACE = (f"KERAS_DISTRIBUTION_{name}" for name in ("JOB_ADDRESSES", "NUM_PROCESSES", "PROCESS_ID"))
# How JAX and what it sends numbers with say that another process is not there any more.
LOST = ("Gloo", "NCCL", "oordination service", "heartbeat", "Connection closed by peer", "Socket closed")


class Alone:
    """A training on one device; the others do the same with more.

    devices: how many there are, in all processes.
    processes, process: how many those are, and which this one is, from 0.
    share: this process's devices.
    """

    devices = 1
    processes = 1
    process = 0
    share = Share()

    def name(self) -> str:
        """What is trained on, for people."""
        if self.devices == 1:
            return device_name()
        where = f" in {self.processes} processes" if self.processes > 1 else ""
        return f"{self.devices} devices{where}, here {device_name()}"

    def making(self) -> AbstractContextManager:
        """In which the network that is to be fitted is made."""
        return nullcontext()

    def fitting(self) -> AbstractContextManager:
        """In which it is fitted."""
        return nullcontext()

    def apart(self) -> AbstractContextManager:
        """In which a process computes something by itself meanwhile."""
        return nullcontext()

    def told_by_first(self, make: Callable[[], Value]) -> Value:
        """What make() gives in the first process, for all; or its error, in all."""
        return make()

    def any(self, flag: bool) -> bool:
        """Whether it is so in any process."""
        return flag

    def predict(self, network: "keras.Model", images: np.ndarray) -> np.ndarray:
        """As evaluation.predict, each process a part of the images."""
        return predict(network, images)

    def check_same(self, settings: dict[str, Any]) -> None:
        """See that all processes were asked for the same.

        Raises:
            ValueError: in all of them, if they were not.
        """


class Mirrored(Alone):
    """TensorFlow: the devices of this process, each with a copy of all weights."""

    def __init__(self, names: list[str]) -> None:
        import tensorflow

        self.devices = len(names)
        self.share = Share(self.devices, 0, self.devices)
        self._strategy = tensorflow.distribute.MirroredStrategy(names)

    def making(self) -> AbstractContextManager:
        return self._strategy.scope()


class InStep(Alone):
    """JAX: the devices of all processes that initialize() has brought together."""

    def __init__(self) -> None:
        import jax

        self.devices, self.processes, self.process = jax.device_count(), jax.process_count(), jax.process_index()
        before = sum(device.process_index < self.process for device in jax.devices())
        self.share = Share(self.devices, before, before + jax.local_device_count())
        self._distribution = keras.distribution.DataParallel(auto_shard_dataset=False)

    def making(self) -> AbstractContextManager:
        if self.processes > 1:  # JAX sees to it that all begin with the same numbers, random ones too
            keras.utils.set_random_seed(self.told_by_first(lambda: random.randrange(2**31)))
        return self._distribution.scope()

    def fitting(self) -> AbstractContextManager:
        return self._distribution.scope()

    def apart(self) -> AbstractContextManager:
        return _Undistributed()

    def told_by_first(self, make: Callable[[], Value]) -> Value:
        if self.processes == 1:
            return make()
        answer: Any = None
        if self.process == 0:
            try:
                answer = (make(), None)
            except Exception as failure:  # else the others would wait for it
                answer = (None, failure)
        value, error = self._from_first(answer)
        if error is not None:
            raise error
        return value

    def any(self, flag: bool) -> bool:
        return flag if self.processes == 1 else bool(self._from_all(np.array(flag)).any())

    def predict(self, network: "keras.Model", images: np.ndarray) -> np.ndarray:
        if self.processes == 1:
            return predict(network, images)
        share = -(-len(images) // self.processes)
        own = images[self.process * share : (self.process + 1) * share]
        answers = np.zeros((share, network.output_shape[-1]), np.float32)
        if len(own):
            answers[: len(own)] = predict(network, own)
        return self._from_all(answers).reshape(-1, answers.shape[1])[: len(images)]

    def check_same(self, settings: dict[str, Any]) -> None:
        if self.processes == 1:
            return
        of_first = self._from_first(settings)
        everywhere = self._from_all(np.array([value != of_first.get(name) for name, value in settings.items()]))
        if everywhere.any():
            who = ", ".join(str(place) for place in np.flatnonzero(everywhere.any(axis=1)))
            names = [name for place, name in enumerate(settings) if everywhere[:, place].any()]
            raise ValueError(
                f"train: all {self.processes} processes must train the same network on the same data in the same way. "
                f"Other than in process 0 is, in process {who}: {', '.join(names)}. "
                f"In this process, {self.process}: {', '.join(f'{name}={settings[name]!r}' for name in names)}."
            )

    def _from_first(self, value: Any) -> Any:
        """What value is in the first process; it may be any object that can be pickled."""
        from jax.experimental.multihost_utils import broadcast_one_to_all

        content = np.frombuffer(pickle.dumps(value) if self.process == 0 else b"", np.uint8)
        size = int(broadcast_one_to_all(np.array(len(content))))
        return pickle.loads(broadcast_one_to_all(content if self.process == 0 else np.zeros(size, np.uint8)))

    def _from_all(self, value: np.ndarray) -> np.ndarray:
        from jax.experimental.multihost_utils import process_allgather

        return np.asarray(process_allgather(value)).reshape(self.processes, *value.shape)


class _Undistributed:
    """For a while, this process computes as if there were no others."""

    def __enter__(self) -> None:
        self._before = keras.distribution.distribution()
        keras.distribution.set_distribution(None)

    def __exit__(self, *_: object) -> None:
        keras.distribution.set_distribution(self._before)


def devices_for(distribute: str | None) -> Alone:
    """Who trains.

    Args:
        distribute: None for one device, or "auto" for all there are.

    Raises:
        ValueError: another word, or several devices of a backend that cannot share a training.
    """
    if distribute not in (None, "auto"):
        raise ValueError(
            f'train: distribute must be None for one device, or "auto" for all there are. Received {distribute!r}.'
        )
    if distribute is None:
        return Alone()
    backend = keras.backend.backend()
    if backend != "jax" and (several_processes() or "TF_CONFIG" in os.environ):
        raise ValueError(
            f"train: several processes train together with JAX only, and this one runs Keras on {backend}. Set "
            "KERAS_BACKEND=jax before Python starts; docs/several-machines.md has the steps."
        )
    if backend == "tensorflow":
        import tensorflow

        names = [device.name for kind in ("GPU", "CPU") for device in tensorflow.config.list_logical_devices(kind)]
        gpus = [name for name in names if "GPU" in name]
        return Mirrored(gpus or names) if len(gpus or names) > 1 else Alone()
    if backend == "jax":
        import jax

        return InStep() if jax.device_count() > 1 else Alone()
    if len(keras.distribution.list_devices()) > 1:
        raise ValueError(
            f"train: one training on several devices is done with TensorFlow or JAX, and this is {backend}. Set "
            "KERAS_BACKEND before Python starts, or leave distribute out."
        )
    return Alone()


def initialize(
    job_addresses: str | None = None,
    num_processes: int | None = None,
    process_id: int | None = None,
    *,
    wait_seconds: int = 120,
) -> None:
    """Bring the processes of a training together, as keras.distribution.initialize; to be called before all else.

    Other than there, the processes end within a minute when one of them is lost, and say so.

    Args:
        job_addresses: "host:port" of process 0, where the others can reach it; several are allowed, as in Keras.
        num_processes: how many there are.
        process_id: which one this is, from 0.
        wait_seconds: how long to wait for the others.
        Each may stand in the environment instead: KERAS_DISTRIBUTION_JOB_ADDRESSES, KERAS_DISTRIBUTION_NUM_PROCESSES,
        KERAS_DISTRIBUTION_PROCESS_ID.

    Raises:
        ValueError: something is missing, or not as described, or the backend is not JAX.
    """
    addresses = job_addresses or os.environ.get(ADDRESSES)
    count = _whole("num_processes", num_processes, NUMBER, least=1)
    place = _whole("process_id", process_id, PLACE, least=0)
    if place >= count:
        raise ValueError(f"initialize: of {count} processes the last one is process {count - 1}. Received {place}.")
    first = (addresses or "").split(",")[0].strip()
    if not first.rpartition(":")[0] or not first.rpartition(":")[2].isdecimal():
        raise ValueError(
            f'initialize: job_addresses, or {ADDRESSES}, is "host:port" of process 0, such as "10.0.0.1:4321". '
            f"Received {addresses!r}."
        )
    if keras.backend.backend() != "jax":
        raise ValueError(
            f"initialize: several processes train together with JAX only, and this one runs Keras on "
            f"{keras.backend.backend()}. Set KERAS_BACKEND=jax before Python starts."
        )
    import jax

    _leave_a_message(place)
    jax.distributed.initialize(
        first,
        count,
        place,
        initialization_timeout=wait_seconds,
        heartbeat_timeout_seconds=SILENT_SECONDS,
        shutdown_timeout_seconds=LAST_SECONDS,
    )
    atexit.register(_wait_for_the_others)
    from jax.experimental.multihost_utils import sync_global_devices

    with _output_as_error():  # where gloo says that it is connected, among what is printed for programs
        sync_global_devices("all are here")


def is_first() -> bool:
    """Whether this is process 0, after initialize(): the one that writes and prints."""
    import jax

    return jax.process_index() == 0


def leave(status: int) -> NoReturn:
    """End this process at once, after a TrainingError that was shown.

    At a usual end JAX would wait for the processes that are lost, and abort with a page of C++ notices.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    if _WATCHES:
        _WATCHES[0].communicate("done")
    os._exit(status)


def is_lost(error: BaseException) -> bool:
    """Whether error says that another process is not there any more."""
    return any(sign in str(error) for sign in LOST)


def _whole(name: str, value: int | None, variable: str, *, least: int) -> int:
    given: Any = os.environ.get(variable) if value is None else value
    try:
        number = int(given)
    except (TypeError, ValueError):
        number = least - 1
    if number < least:
        raise ValueError(
            f"initialize: {name}, or {variable}, must be a whole number, {least} or more. Received {given!r}."
        )
    return number


# Run by another process, which outlives this one: JAX ends a process from C++, without a word of Python.
_WATCH = """
import sys
if sys.stdin.read() != "done":
    sys.stderr.write(sys.argv[1])
"""


@contextlib.contextmanager
def _output_as_error() -> Iterator[None]:
    """Have what C++ code writes to standard output go to standard error."""
    sys.stdout.flush()
    output = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(output, 1)
        os.close(output)


_WATCHES: list[subprocess.Popen] = []


@functools.cache
def _leave_a_message(place: int) -> None:
    """Say what has happened if this process is ended from outside, or by JAX because another one is lost."""
    message = (
        f"\ntrain: process {place} was ended, or had to end because another process of this training is not there any "
        "more. What was learned is in the run_dir of process 0. Start all processes again in the same way: they go "
        "on from there.\n"
    )
    watch = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _WATCH, message], stdin=subprocess.PIPE, text=True, start_new_session=True
    )
    _WATCHES.append(watch)
    atexit.register(watch.communicate, "done")


def _wait_for_the_others() -> None:
    """A process that is through waits for those that still compute: JAX would end them, too, after LAST_SECONDS.

    After an error it does not: they may be waiting for it.
    """
    from jax._src.distributed import global_state

    if global_state.client is not None and not hasattr(sys, "last_value"):
        with contextlib.suppress(Exception):  # one of them is lost, and JAX ends this one
            global_state.client.wait_at_barrier("all are through", 1000 * WHOLE_WEEK)
