"""Many trainings, one after the other or several at a time, each written down as it ends."""

import time
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from practicum.dataset import Dataset
from practicum.experiments.cluster import Cluster, cluster_at
from practicum.experiments.configurations import DEFAULTS, NETWORK, Configuration, as_text, checked, key
from practicum.experiments.forecast import seconds_for
from practicum.experiments.live import display
from practicum.experiments.one_run import Job, data_for, failed, run_one
from practicum.experiments.table import Results, Run, Table
from practicum.machine import nvidia_gpus, usable_cores


def sweep(
    data: Dataset | str | Path,
    configurations: Iterable[Mapping[str, Any]],
    *,
    seeds: int | Sequence[int] = 3,
    out: str | Path,
    time_budget: float | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    show_progress: bool = True,
    **fixed: Any,
) -> Results:
    """Train a network of each configuration with each seed, and write down a row for each run as it ends.

    Runs that stand in the file already are not done again: the same call goes on after a break, and a call with more
    configurations or seeds adds to it. All configurations have their turn with the first seed before any has it with
    the second, the cheapest, the dearest and those between them by turns: stopped early, it is still a fair picture.

    Args:
        data: what to learn from: a dataset, or what data.load takes.
        configurations: from grid or draws, or dicts such as {"filters": (8, 16), "dropout": 0.3}.
        seeds: how many for each (0, 1, 2, …), or which.
        out: the CSV file.
        time_budget: begin no run that would not be done after so many seconds.
        workers: how many runs at a time, each in a process of its own; 1 for one after the other in this process. By
            default as many as there are cores, or 1 with a GPU. On a cluster at most so many; by default all workers.
        scheduler: address of a Dask scheduler, such as "tcp://host:8786", on whose workers the runs are done, one at a
            time on each. Inside joblib.parallel_config("dask") it is not needed. A worker loads what has a name or
            lies in a folder itself; a Dataset is sent.
        show_progress: a table that grows, and how long it will take.
        fixed: arguments of build_cnn and train that all have in common, such as epochs=5; or training_images.

    Returns:
        The runs of all configurations and seeds asked for, also those that were there before. A run that failed has
        its error; take its line out of the file to try it again.

    Raises:
        ValueError: something is wrong with a configuration, or out holds another table, or runs on other data; no
            scheduler answers, or its workers have another practicum or other data.
        ConnectionError: the cluster went away; what is done stays.

    Ctrl-C, or a notebook's stop button, ends it; what is done stays.

    Example: sweep("emoji", grid(filters=[(4,), (8,), (16,)]), seeds=3, epochs=5, out="sweep.csv")
    """
    alone = isinstance(configurations, Mapping) or not isinstance(configurations, Iterable)
    own = checked([configurations] if alone else configurations, fixed)
    numbers = _checked_seeds(seeds)
    if time_budget is not None and not time_budget > 0:
        raise ValueError(f"sweep: time_budget must be seconds, more than 0. Received time_budget={time_budget!r}.")
    if workers is not None and (not isinstance(workers, int) or workers < 1):
        raise ValueError(f"sweep: workers must be a whole number of 1 or more. Received workers={workers!r}.")
    with cluster_at(scheduler) as cluster:
        dataset, source = _loaded(data)
        jobs = _in_order([_job(dataset, configuration) for configuration in own], numbers)
        with Table(Path(out)) as table:
            return _filled(table, dataset, source, jobs, cluster, workers, time_budget, show_progress)


def _filled(
    table: Table,
    dataset: Dataset,
    source: Dataset | str,
    jobs: list[Job],
    cluster: Cluster | None,
    workers: int | None,
    time_budget: float | None,
    show_progress: bool,
) -> Results:
    """The runs of these jobs, when all are in the table."""
    others = {run.data for run in table.runs} - {dataset.name}
    if others:
        raise ValueError(
            f"sweep: {table.path} holds runs on {', '.join(sorted(others))}, and these are on {dataset.name}. "
            "Choose another file."
        )
    wanted = {_key(job) for job in jobs}
    there = {_key(run) for run in table.runs}
    todo = [job for job in jobs if _key(job) not in there]
    most = (len(cluster.workers()) if cluster else _workers()) if workers is None else workers
    number = min(most, max(len(todo), 1))
    shown = display(len(jobs), len(jobs) - len(todo), show=show_progress)
    budget = _Budget(todo, number, time_budget)
    if cluster:
        runs = cluster.runs(run_one, dataset, source, budget.jobs(), workers)
    else:
        runs = _runs(dataset if number == 1 else source, dataset.name, budget.jobs(), number)
    outcome = "all runs are done"
    try:
        with _processes_may_change(), closing(runs):
            for run in runs:
                table.add(run)
                budget.count(run)
                shown.update(_only(table.runs, wanted), budget.seconds_left())
        if budget.is_used_up:
            outcome = "the time is used up; the same call goes on from here"
    except KeyboardInterrupt:
        outcome = "stopped; the same call goes on from here"
    except BaseException:
        shown.close("stopped by an error; what is done is written down")
        raise
    shown.close(outcome)
    return _only(table.runs, wanted)


def _checked_seeds(seeds: int | Sequence[int]) -> list[int]:
    numbers: Any = list(range(seeds)) if type(seeds) is int else seeds
    good = isinstance(numbers, Sequence) and all(type(seed) is int and seed >= 0 for seed in numbers)
    if not good or not numbers:
        raise ValueError(f"sweep: seeds is how many, 1 or more, or a list of them such as [0, 1]. Received {seeds!r}.")
    return list(dict.fromkeys(numbers))


def _loaded(data: Dataset | str | Path) -> tuple[Dataset, Dataset | str]:
    """The dataset, and what other processes are given: what has a name they load themselves, from wherever they are."""
    if isinstance(data, Dataset):
        return data, data
    from practicum.data import BUNDLED, FINDABLE, load

    name = str(data)
    is_path = name not in (*BUNDLED, *FINDABLE, "shapes")
    return load(data), str(Path(name).expanduser().resolve()) if is_path else name


def _job(dataset: Dataset, configuration: Configuration) -> Job:
    """See that such a network can be built and has images enough, and what it costs.

    A slip is answered before the first training.
    """
    from practicum.model import build_cnn, layer_table

    whole = DEFAULTS | configuration
    images = len(data_for(dataset, whole).train)
    try:
        model = build_cnn(dataset.image_shape, len(dataset.class_names), **{name: whole[name] for name in NETWORK})
    except ValueError as error:
        text = ", ".join(f"{name}={as_text(name, value)}" for name, value in configuration.items())
        raise ValueError(f"sweep: there is no network of {text}: {error}") from None
    multiply_adds = sum(row.multiply_adds or 0 for row in layer_table(model))
    return Job(whole, 0, multiply_adds, float(multiply_adds) * images * whole["epochs"])


def _in_order(jobs: list[Job], seeds: list[int]) -> list[Job]:
    """Each seed for all, before the next one; the cheapest first, then the dearest, then ever finer between them."""
    by_cost = sorted(jobs, key=lambda job: (job.work, key(job.configuration)))
    return [by_cost[place]._replace(seed=seed) for seed in seeds for place in spread(len(by_cost))]


def spread(count: int) -> list[int]:
    """0 to count - 1: the ends, then the middle, then the middles of what is left.

    Example:
        >>> spread(6)
        [0, 5, 2, 1, 3, 4]
    """
    found = dict.fromkeys([0, count - 1])
    parts = [(0, count - 1)]
    for low, high in parts:  # to which more are added
        middle = (low + high) // 2
        found[middle] = None
        if high - low > 1:
            parts += [(low, middle), (middle, high)]
    return list(found)


def _key(one: Job | Run) -> tuple[str, ...]:
    """Equal for a job and the run that came of it. (The data are the same for all.)"""
    return (*key(one.configuration), str(one.seed))


def _only(runs: list[Run], wanted: set[tuple[str, ...]]) -> Results:
    return Results(tuple(run for run in runs if _key(run) in wanted))


def _workers() -> int:
    return 1 if nvidia_gpus() else usable_cores()


class _Budget:
    """Hands out runs as long as there is time for them, and says how long the rest will take."""

    def __init__(self, todo: list[Job], workers: int, seconds: float | None) -> None:
        self.todo, self.workers, self.seconds = todo, workers, seconds
        self.is_used_up = False
        self._began = time.monotonic()
        self._work = {_key(job): job.work for job in todo}
        self._done: list[tuple[float, float]] = []  # work and seconds of each

    def jobs(self) -> Iterator[Job]:
        for job in self.todo:
            if self.seconds is not None:
                left = self.seconds - (time.monotonic() - self._began)
                needed = float(self._forecast([job.work])[0])
                if left <= 0 or needed > left:
                    self.is_used_up = True
                    return
            yield job

    def count(self, run: Run) -> None:
        work = self._work.pop(_key(run))
        if not run.error:
            self._done.append((work, run.seconds))

    def seconds_left(self) -> float:
        """For the runs that are not done; NaN while nothing is known. (Those under way count whole.)"""
        if not self._work:
            return 0.0
        return float(self._forecast(list(self._work.values())).sum()) / min(self.workers, len(self._work))

    def _forecast(self, work: list[float]) -> np.ndarray:
        return seconds_for(work, [done for done, _ in self._done], [seconds for _, seconds in self._done])


def _runs(source: Dataset | str, name: str, jobs: Iterator[Job], workers: int) -> Generator[Run]:
    """The runs, in the order in which they end."""
    if workers == 1:
        for job in jobs:
            yield run_one(source, job.configuration, job.seed, multiply_adds=job.multiply_adds)
        return
    suspects: list[Job] = []
    while True:
        under_way: list[Job] = []
        try:
            yield from _in_processes(source, _noted(jobs, under_way), workers, under_way)
        except _ended():
            suspects += under_way
        if not under_way:
            break
    # One of those under way when a process was ended from outside, for want of memory most likely, may be the cause.
    for job in suspects:
        alone = [job]
        try:
            yield from _in_processes(source, iter(alone), 1, alone)
        except _ended():
            reason = "its process was ended from outside twice, most likely for want of memory"
            yield failed(name, job.configuration, job.seed, job.multiply_adds, reason)


def _noted(jobs: Iterator[Job], under_way: list[Job]) -> Iterator[Job]:
    for job in jobs:
        under_way.append(job)
        yield job


def _in_processes(source: Dataset | str, jobs: Iterator[Job], workers: int, under_way: list[Job]) -> Generator[Run]:
    """As _runs. A job is taken out of under_way when it is done."""
    from joblib import Parallel, delayed

    threads = max(1, usable_cores() // workers)
    # (With n_jobs=1 joblib would run it in this process.)
    parallel = Parallel(n_jobs=max(workers, 2), return_as="generator_unordered", batch_size=1, pre_dispatch=workers)
    task: Callable[..., Any] = delayed(run_one)
    for run in parallel(
        task(source, job.configuration, job.seed, multiply_adds=job.multiply_adds, threads=threads) for job in jobs
    ):
        under_way[:] = [job for job in under_way if _key(job) != _key(run)]
        yield run


@contextmanager
def _processes_may_change() -> Iterator[None]:
    """Without joblib's remark when it takes a new process because a large network has made the old one grow."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "A worker stopped while some jobs were given", UserWarning)
        yield


def _ended() -> type[BaseException]:
    """What joblib raises when a process was ended from outside."""
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    return TerminatedWorkerError
