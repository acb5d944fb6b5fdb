"""The runs of a sweep on the workers of a Dask cluster.

Dask is asked itself, not through joblib's backend: docs/decisions/0015-sweeps-on-a-cluster.md says why.
"""

import gc
import hashlib
import time
import warnings
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager, suppress
from functools import lru_cache
from importlib.metadata import version
from typing import Any, NamedTuple

import practicum
from practicum.dataset import Dataset
from practicum.experiments.one_run import Job, failed
from practicum.experiments.table import Run

CONNECT = 10.0  # seconds in which the scheduler must answer, and have a worker
PATIENCE = 60.0  # seconds that a sweep waits for a worker when all are gone: Dask starts killed ones again
LOOK = 2.0  # seconds after which it looks whether workers have come
ANSWER = 10.0  # seconds in which the result of a run that has ended must come
LOSSES = 3  # as many workers may be ended under a run; then it is taken to be the cause
COMPARED = 1000  # images of a split
START = (
    'Start one with "dask scheduler --port 8786", and on each machine that is to help, with the practicum installed, '
    '"dask worker tcp://HOST:8786 --nthreads CORES", where HOST is the machine of the scheduler'
)


@contextmanager
def cluster_at(scheduler: str | None) -> Iterator["Cluster | None"]:
    """The cluster of the scheduler at this address; without one, that of joblib.parallel_config("dask"), or None.

    Raises:
        ValueError: no scheduler answers there, it has no workers, or these cannot do our runs.
    """
    if scheduler is None:
        from joblib.parallel import get_active_backend

        backend = get_active_backend()[0]
        client = getattr(backend, "client", None)  # that of joblib's Dask backend
        yield None if client is None else Cluster(client, backend.submit_kwargs)
        return
    if not isinstance(scheduler, str) or not scheduler.strip():
        raise ValueError(f'sweep: scheduler is an address such as "tcp://host:8786". Received {scheduler!r}.')
    with closing(_client(scheduler)) as client:
        yield Cluster(client, {})


def _client(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError:
        raise ValueError(
            'sweep: a scheduler needs Dask, which is not installed. Run: pip install "dask[distributed]", on each '
            "machine of the cluster."
        ) from None
    try:
        return Client(address, timeout=CONNECT, set_as_default=False)
    except (OSError, ValueError, AssertionError) as error:  # the last where the port is no number
        reason = str(error) or "it is no address"
    # What is left of the client goes now. Later, while another one is being made, it would wait for a lock that this
    # other one has, for ever.
    gc.collect()
    raise ValueError(f"sweep: no Dask scheduler answers at {address} ({reason}). {START}.")


class Cluster:
    """The workers of a Dask scheduler.

    options: what client.submit is told besides, such as resources.
    """

    def __init__(self, client: Any, options: dict[str, Any]) -> None:
        self._client, self._options = client, options
        self._we_place = not {"workers", "resources"} & options.keys()
        self._checked: set[str] = set()
        end = time.monotonic() + CONNECT
        while not self.workers():
            if time.monotonic() > end:
                address = client.scheduler.address
                raise ValueError(
                    f"sweep: the scheduler at {address} has no workers. Start some, on each machine that is to help, "
                    f'with the practicum installed: "dask worker {address} --nthreads CORES".'
                )
            time.sleep(0.2)

    def workers(self) -> list[str]:
        """The addresses of those that are there now.

        Raises:
            ValueError: one cannot do our runs.
        """
        there = list(self._client.nthreads())
        new = [address for address in there if address not in self._checked]
        if new:
            for address, found in self._client.run(versions, workers=new, on_error="return").items():
                if isinstance(found, OSError):
                    there.remove(address)  # gone meanwhile
                elif found != versions():
                    raise ValueError(_other_versions(address, found))
                else:
                    self._checked.add(address)
        return there

    def runs(
        self, run: Callable[..., Run], data: Dataset, source: Dataset | str, jobs: Iterator[Job], most: int | None
    ) -> Generator[Run]:
        """The runs, in the order in which they end: one at a time on each worker, and at most so many at a time.

        A run whose worker is ended is tried again when the others are done, and given up after LOSSES workers.

        Args:
            run: run_one.
            data: what to learn from.
            source: the same, or the name or folder from which each worker loads it.
            jobs: asked for the next one when a worker is free.
            most: None for as many as there are workers.

        Raises:
            ConnectionError: the scheduler or all workers are gone.
            ValueError: a worker cannot do our runs, or has other data.
        """
        from distributed import CancelledError

        flying: dict[Any, _Try] = {}
        again: list[_Try] = []
        try:
            # A task that gives the data is better than scattering them: Dask repeats it when the worker is killed that
            # had them, and scattered data are lost then.
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", "Sending large graph", UserWarning)
                sent = source if isinstance(source, str) else self._client.submit(_same, source, pure=False)
            mark, left, seen = fingerprint(data), True, time.monotonic()
            while left or flying or again:
                there = self.workers()
                if there:
                    seen = time.monotonic()
                elif time.monotonic() - seen > PATIENCE:
                    raise _NoWorkerError(f"no worker has been there for {PATIENCE:.0f} seconds")
                for future in [each for each, one in flying.items() if one.is_lost(there) and not each.done()]:
                    self._client.cancel([future])
                    lost = flying.pop(future)
                    if lost.losses + 1 == LOSSES:
                        yield _given_up(data.name, lost.job, LOSSES)
                    else:
                        again.append(lost._replace(losses=lost.losses + 1))
                while (left or again) and len(flying) < min(most or len(there), len(there)):
                    job = next(jobs, None) if left else None
                    left = job is not None
                    if job is None and not again:
                        break
                    one = again.pop(0) if job is None else _Try(job)
                    one = one._replace(place=self._least_busy(there, flying) if self._we_place else None)
                    flying[self._submit(one.place, run, sent, mark, one.job)] = one
                for future in self._ended(list(flying)):
                    with suppress(TimeoutError):  # its worker was ended meanwhile, and took the result along
                        yield _row(future, data.name, flying[future].job)
                        del flying[future]
        except (OSError, CancelledError) as error:
            # A connection that breaks is told by this or that class, or by a cancelled call, as chance has it.
            reason = error if isinstance(error, _NoWorkerError) else "its scheduler does not answer"
            raise ConnectionError(
                f"sweep: the cluster at {self._client.scheduler.address} is gone ({reason}). What is done is written "
                "down; start the scheduler and its workers again, and the same call goes on from here."
            ) from error
        finally:
            with suppress(Exception):  # no cluster, nothing to cancel
                self._client.cancel(list(flying))

    def _least_busy(self, there: list[str], flying: dict[Any, "_Try"]) -> str:
        """The one without a run of ours, and of these the one with the fewest tasks of others.

        Left to itself, Dask gives a worker of many threads several runs, which would wait there for each other.
        """
        ours = [one.place for one in flying.values()]
        tasks = self._client.processing()
        return min(there, key=lambda address: (ours.count(address), len(tasks.get(address, ()))))

    def _submit(self, place: str | None, *arguments: Any) -> Any:
        """Without a place, to where Dask likes. With one, to there only, or Dask moves it to an idle worker, too."""
        where = {"workers": [place]} if place else {}
        return self._client.submit(run_here, *arguments, pure=False, **where, **self._options)

    def _ended(self, futures: list[Any]) -> list[Any]:
        """Those that have ended; none after a while in which none did."""
        from distributed import wait

        if not futures:
            time.sleep(LOOK)
            return []
        with self._client.as_current(), suppress(TimeoutError):
            return list(wait(futures, timeout=LOOK, return_when="FIRST_COMPLETED").done)
        return []


class _NoWorkerError(OSError):
    """All workers are gone."""


class _Try(NamedTuple):
    """A job on a worker; place: None where Dask chooses it; losses: workers that were ended under the job before."""

    job: Job
    place: str | None = None
    losses: int = 0

    def is_lost(self, there: list[str]) -> bool:
        return self.place is not None and self.place not in there


def _row(future: Any, name: str, job: Job) -> Run:
    from distributed import KilledWorker

    try:
        return future.result(timeout=ANSWER)
    except KilledWorker as error:
        return _given_up(name, job, error.allowed_failures + 1)


def _given_up(name: str, job: Job, times: int) -> Run:
    reason = f"its worker was ended from outside {times} times, most likely for want of memory"
    return failed(name, job.configuration, job.seed, job.multiply_adds, reason)


def versions() -> dict[str, str]:
    """Of what decides about the results, in this process."""
    return {"practicum": practicum.__version__, "keras": version("keras")}


def _other_versions(address: str, found: Any) -> str:
    ours = " and ".join(f"{name} {number}" for name, number in versions().items())
    if isinstance(found, dict):
        has = " and ".join(f"{name} {number}" for name, number in found.items())
        return f"sweep: the worker {address} has {has}; here are {ours}. Install the same there and start it again."
    return (
        f"sweep: the worker {address} cannot use the practicum ({type(found).__name__}: {found}). Install it there, "
        f"{ours} as here, and start the worker again."
    )


def _same(data: Dataset) -> Dataset:
    return data


def run_here(run: Callable[..., Run], source: Dataset | str, mark: str, job: Job) -> Run:
    """As run_one, on a worker, with as many threads as the worker has.

    Raises:
        ValueError: what is called so is missing here, or is not the same as where the sweep was started.
    """
    from distributed import get_worker

    worker = get_worker()
    data = _loaded(source, mark, worker.address) if isinstance(source, str) else source
    return run(data, job.configuration, job.seed, multiply_adds=job.multiply_adds, threads=worker.state.nthreads)


@lru_cache(maxsize=1)
def _loaded(source: str, mark: str, address: str) -> Dataset:
    from practicum.data import load

    advice = "Put the same data there, or give sweep the dataset, which is sent: sweep(data.load(…), …)."
    try:
        data = load(source)
    except Exception as error:
        raise ValueError(f"sweep: the worker {address} cannot load {source}: {error} {advice}") from None
    if fingerprint(data) != mark:
        raise ValueError(f"sweep: the worker {address} has other data under {source} than this computer. {advice}")
    return data


def fingerprint(data: Dataset) -> str:
    """Equal for equal data: of names, labels, and up to a thousand images of each split that a sweep uses."""
    found = hashlib.sha256(repr((data.name, data.class_names)).encode())
    for split in (data.train, data.validation):
        images = split.images[:: max(1, len(split) // COMPARED)]
        for array in (split.labels, images):
            found.update(repr((array.shape, array.dtype.str)).encode() + array.tobytes())
    return found.hexdigest()
