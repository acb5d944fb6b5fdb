"""Threads or processes that decode images on all cores."""

import tarfile
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import cache
from itertools import islice
from pathlib import Path
from threading import Thread
from typing import NamedTuple

from practicum.decoding import Batch, Items, decode_batch
from practicum.machine import usable_cores

# Pillow decodes outside Python's lock, so threads use all cores. But around small images there is as much to do as in
# them; then processes are quicker. They take a third of a second to start.
PROCESSES_FROM, SMALL_FILE = 4000, 12_000  # images, and bytes of each
GUESSED_FROM = 20  # files of an archive
MOST_WORKERS = 8
PROCESSES_STAY = 20  # seconds, when there is nothing to do
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}  # else NumPy starts threads in each process, for matrices that nobody has


class Workers(NamedTuple):
    """Who decodes, and how many they are."""

    executor: Executor
    number: int
    are_processes: bool


def worth_processes(files: int, sizes: Sequence[int]) -> bool:
    """Whether processes are worth their start for so many files, of which some are of these sizes in bytes."""
    return files >= PROCESSES_FROM and sum(sizes) < SMALL_FILE * len(sizes)


@contextmanager
def hired(*, in_processes: bool) -> Iterator[Workers]:
    """Workers, for as long as one needs them."""
    if in_processes:
        yield _processes()
    else:
        number = min(max(usable_cores(), 2), MOST_WORKERS)  # one may wait for a disk
        with ThreadPoolExecutor(number) as threads:
            yield Workers(threads, number, are_processes=False)


def _processes() -> Workers:
    number = min(usable_cores(), MOST_WORKERS)
    try:
        _start(number)
    except BrokenExecutor:  # somebody ended a process the last time
        _pool.cache_clear()
        _start(number)
    return Workers(_pool(number), number, are_processes=True)


def _start(number: int) -> None:
    for _ in range(number):  # with the first task they start, which here is none
        _pool(number).submit(decode_batch, [], {}, only_this_size=False)


@cache
def _pool(number: int) -> Executor:
    # Python's own pool of processes would run a learner's script again in each of them. And it is not the pool that
    # joblib keeps for everybody: joblib.Parallel takes what is there for its own and fails on it.
    from joblib.externals.loky import ProcessPoolExecutor

    return ProcessPoolExecutor(number, timeout=PROCESSES_STAY, env=ONE_THREAD)


@contextmanager
def started_early(origin: Path) -> Iterator[None]:
    """Let the processes start while the list of an archive is read, if they look worth it: both take their time."""
    start = Thread(target=_processes) if _looks_worth_processes(origin) else None
    if start:
        start.start()
    try:
        yield
    finally:
        if start:
            start.join()


def _looks_worth_processes(origin: Path) -> bool:
    """A guess from the first files of a .tar. Where it is wrong, processes start for nothing, or later."""
    try:
        with tarfile.open(origin, "r:") as archive:
            sizes = [member.size for member in islice(archive, GUESSED_FROM) if member.isfile()]
            bytes_a_file = archive.offset / max(len(sizes), 1)
        return bool(sizes) and worth_processes(int(origin.stat().st_size / bytes_a_file), sizes)
    except (OSError, tarfile.TarError):
        return False


def in_parallel(
    decode: Callable[[Items], Batch], batches: Iterator[tuple[list[int], Items]], workers: Workers
) -> Generator[tuple[list[int], Batch]]:
    """The numbers of each batch, and what became of it, while the next ones are being decoded.

    Raises:
        ValueError: somebody ended a process.
    """
    waiting: deque[tuple[list[int], Future]] = deque()
    try:
        for numbers, items in batches:
            waiting.append((numbers, workers.executor.submit(decode, items)))
            if len(waiting) > 2 * workers.number:  # waiting for the ones before bounds what lies in memory
                done, future = waiting.popleft()
                yield done, future.result()
        while waiting:
            done, future = waiting.popleft()
            yield done, future.result()
    except BrokenExecutor:
        raise ValueError(
            "load: a process that decodes images was ended from outside, most likely for want of memory. Close "
            "other programs and call it again."
        ) from None
    finally:
        for _, future in waiting:
            future.cancel()
        wait([future for _, future in waiting])  # nobody may go on writing into the files
