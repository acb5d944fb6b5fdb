"""Sweeps on a real Dask cluster: a scheduler and two workers, in processes of their own."""

import contextlib
import csv
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time

import joblib
import pytest
from cluster_child import Counted, long_run, short_run, slow_training
from conftest import PROJECT
from sweep_child import CONFIGURATIONS, FIXED, dies_of_four_filters, small_dataset

import practicum
from practicum import cli, data
from practicum.experiments import cluster, grid, read, sweep, sweeping

distributed = pytest.importorskip("distributed")

THREADS = (1, 2)  # of each worker


class Processes:
    """A scheduler and its workers."""

    def __init__(self, folder):
        self.folder = folder
        self.started = []
        note = folder / "scheduler.json"
        self.scheduler = self._start("dask_scheduler", "--port", "0", "--scheduler-file", str(note))
        until(lambda: note.exists() and note.read_text(encoding="utf-8").endswith("}"))
        self.address = json.loads(note.read_text(encoding="utf-8"))["address"]

    def worker(self, threads, *options, python_path=""):
        spill = self.folder / f"worker-{len(self.started)}"
        arguments = (self.address, "--nthreads", str(threads), "--local-directory", str(spill), *options)
        arguments += ("--death-timeout", "60", "--host", "127.0.0.1")
        return self._start("dask_worker", *arguments, python_path=python_path)

    def _start(self, module, *options, python_path=""):
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(filter(None, [python_path, str(PROJECT), str(PROJECT / "tests")])),
            "PRACTICUM_CACHE": str(self.folder / "cache"),
            "PRACTICUM_OFFLINE": "1",
            "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1",
        }
        command = [sys.executable, "-m", f"distributed.cli.{module}", *options, "--no-dashboard"]
        command += ["--host", "127.0.0.1"] if module == "dask_scheduler" else []
        with (self.folder / f"log-{len(self.started)}").open("wb") as log:
            process = subprocess.Popen(
                command, env=environment, cwd=self.folder, stdout=log, stderr=log, start_new_session=True
            )
        self.started.append(process)
        return process

    def end(self):
        for process in self.started:
            end(process)


def end(process):
    """End it and what it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def until(condition, seconds=90):
    last = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < last
        time.sleep(0.02)


@pytest.fixture(scope="module")
def processes(tmp_path_factory):
    running = Processes(tmp_path_factory.mktemp("cluster"))
    try:
        for threads in THREADS:
            running.worker(threads)
        yield running
    finally:
        running.end()


@pytest.fixture(scope="module")
def client(processes):
    """To look at the cluster with."""
    with distributed.Client(processes.address, set_as_default=False) as looking:
        looking.wait_for_workers(2, timeout=90)
        yield looking


@pytest.fixture
def whole(client, processes):
    """The scheduler's address, when both workers are there and have nothing to do."""
    until(lambda: sorted(client.nthreads().values()) == sorted(THREADS) and not any(client.processing().values()))
    return processes.address


@pytest.fixture
def nothing_local(monkeypatch):
    monkeypatch.setattr(sweeping, "_runs", lambda *_: pytest.fail("computed here"))


def run_small(path, **options):
    return sweep(small_dataset(), CONFIGURATIONS, out=path, **({"seeds": 2, "show_progress": False} | FIXED | options))


def rows(path):
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines())) if path.exists() else []


def names(path):
    return [(row["filters"], row["seed"]) for row in rows(path)]


ALL = sorted((filters, seed) for filters in ("2", "4", "2,4") for seed in ("0", "1"))


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    path = tmp_path_factory.mktemp("local") / "local.csv"
    run_small(path, workers=1)
    return path


def test_the_rows_are_those_of_a_local_sweep(whole, local, tmp_path, nothing_local, capsys):
    results = run_small(tmp_path / "sweep.csv", scheduler=whole, show_progress=True)
    assert sorted(names(tmp_path / "sweep.csv")) == ALL
    assert read(tmp_path / "sweep.csv") == results
    here = {run.key(): run for run in read(local).runs}
    for run in results.runs:
        one = here[run.key()]
        assert (run.parameters, run.multiply_adds, run.best_epoch) == (one.parameters, one.multiply_adds, 1)
        assert run.validation_accuracy == pytest.approx(one.validation_accuracy, abs=1 / 32 + 1e-6)
        assert run.validation_loss == pytest.approx(one.validation_loss, rel=1e-3)
        assert not run.error
        assert run.peak_memory_mb > 100
    assert "6 of 6 runs" in capsys.readouterr().err


def test_inside_joblibs_dask_backend_that_cluster_is_used(whole, tmp_path, nothing_local, monkeypatch):
    monkeypatch.setattr(sweeping, "run_one", short_run)
    with distributed.Client(whole) as own, joblib.parallel_config("dask"):
        run_small(tmp_path / "sweep.csv")
        assert own.submit(abs, -1).result() == 1, "its client stays open"
    assert sorted(names(tmp_path / "sweep.csv")) == ALL


@pytest.mark.parametrize(("workers", "at_a_time"), [(None, 2), (1, 1)])
def test_each_worker_has_one_run_at_a_time_with_all_its_threads(
    whole, client, tmp_path, monkeypatch, workers, at_a_time
):
    monkeypatch.setattr(sweeping, "run_one", short_run)
    results = run_small(tmp_path / "sweep.csv", scheduler=whole, seeds=3, workers=workers)
    assert len(results) == 9
    spans = [run.device.split() for run in results.runs]
    for address, _, _, threads in spans:
        assert client.nthreads()[address] == int(threads)
    if workers is None:
        assert {address for address, *_ in spans} == set(client.nthreads())
    assert_one_at_a_time(spans)
    moments = [float(began) for _, began, _, _ in spans]
    most = max(sum(float(began) <= moment < float(ended) for _, began, ended, _ in spans) for moment in moments)
    assert most == at_a_time


def assert_one_at_a_time(spans):
    for place in {address for address, *_ in spans}:
        own = sorted((float(began), float(ended)) for address, began, ended, _ in spans if address == place)
        assert all(first[1] <= second[0] for first, second in itertools.pairwise(own))


@pytest.mark.parametrize("which", [0, 1])
def test_a_worker_is_given_no_second_run_because_the_other_has_work_of_others(
    whole, client, tmp_path, monkeypatch, which
):
    monkeypatch.setattr(sweeping, "run_one", short_run)
    theirs = client.submit(time.sleep, 4, workers=[list(client.nthreads())[which]], pure=False)
    spans = [run.device.split() for run in run_small(tmp_path / "sweep.csv", scheduler=whole, seeds=1).runs]
    assert {address for address, *_ in spans} == set(client.nthreads())
    assert_one_at_a_time(spans)
    theirs.result(timeout=30)


def test_a_dataset_is_sent_once(whole, tmp_path, monkeypatch):
    monkeypatch.setattr(sweeping, "run_one", short_run)
    Counted.sent.clear()
    own = Counted(**vars(small_dataset()))
    sweep(own, CONFIGURATIONS, out=tmp_path / "sweep.csv", seeds=3, scheduler=whole, show_progress=False)
    assert len(rows(tmp_path / "sweep.csv")) == 9
    assert 1 <= len(Counted.sent) <= 2


def test_a_worker_that_is_killed_in_mid_run_costs_no_row(whole, client, tmp_path, monkeypatch):
    monkeypatch.setattr(sweeping, "run_one", slow_training)
    path = tmp_path / "sweep.csv"
    killed = []

    def kill():
        until(lambda: len(rows(path)) >= 1)
        pids = client.run(os.getpid)
        time.sleep(0.3)
        busy = [address for address, keys in client.processing().items() if keys and address in pids]
        os.kill(pids[busy[0]], signal.SIGKILL)
        killed.append(len(rows(path)))

    thread = threading.Thread(target=kill)
    thread.start()
    results = run_small(path, scheduler=whole)
    thread.join()
    assert killed
    assert killed[0] < 6, "before the end"
    assert sorted(names(path)) == ALL
    assert not any(run.error for run in results.runs)


def test_a_run_that_ends_its_worker_each_time_becomes_a_row_with_its_error(whole, tmp_path, monkeypatch):
    monkeypatch.setattr(sweeping, "run_one", dies_of_four_filters)
    results = run_small(tmp_path / "sweep.csv", scheduler=whole, seeds=1)
    errors = {run.configuration["filters"]: run.error for run in results.runs}
    assert "its worker was ended from outside 3 times" in errors.pop((4,))
    assert errors == {(2,): "", (2, 4): ""}


def test_a_training_that_fails_on_a_worker_is_a_row_and_the_others_go_on(whole, tmp_path):
    configurations = grid(filters=[(2,)], dense_units=[()], learning_rate=[0.001, 1e30])
    path = tmp_path / "sweep.csv"
    results = sweep(small_dataset(), configurations, seeds=1, out=path, scheduler=whole, show_progress=False, **FIXED)
    good, bad = sorted(results.runs, key=lambda run: run.configuration["learning_rate"])
    assert not good.error
    assert "loss is not a number" in bad.error
    assert len(read(path)) == 2


def test_a_sweep_goes_on_here_or_there_in_the_same_file(whole, local, tmp_path, monkeypatch):
    path = tmp_path / "sweep.csv"
    path.write_bytes(local.read_bytes())
    monkeypatch.setattr(sweeping, "run_one", short_run)
    run_small(path, scheduler=whole, seeds=3)
    then = path.read_bytes()
    assert then.startswith(local.read_bytes())
    assert len(names(path)) == len(set(names(path))) == 9
    monkeypatch.undo()
    run_small(path, seeds=[2, 3], workers=1)
    assert path.read_bytes().startswith(then)
    assert len(names(path)) == len(set(names(path))) == 12


def test_an_interrupt_keeps_the_rows_and_ends_the_rest_on_the_cluster(whole, client, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sweeping, "run_one", long_run)
    path = tmp_path / "sweep.csv"

    def interrupt():
        until(lambda: len(rows(path)) >= 2)
        time.sleep(0.3)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with distributed.Client(whole) as _, joblib.parallel_config("dask"):
        results = run_small(path, seeds=20, show_progress=True)  # with a client that lives on
        thread.join()
        assert 2 <= len(results) == len(rows(path)) <= 6
        until(lambda: not client.run_on_scheduler(tasks_of), seconds=15)  # all of them would take 30
    assert "stopped; the same call goes on from here" in capsys.readouterr().err


def tasks_of(dask_scheduler):
    return list(map(str, dask_scheduler.tasks))


def test_no_run_is_begun_that_would_not_be_done_in_time(whole, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sweeping, "run_one", long_run)
    results = run_small(tmp_path / "sweep.csv", scheduler=whole, seeds=6, time_budget=3.4, show_progress=True)
    assert 4 <= len(results) <= 6
    assert "the time is used up" in capsys.readouterr().err


def test_the_command_line_computes_on_a_cluster_what_the_workers_load_themselves(
    whole, tmp_path, monkeypatch, nothing_local, capsys
):
    path = tmp_path / "sweep.csv"
    arguments = ["sweep", "--data", "emoji", "--filters", "2", "--filters", "4", "--dense", "none", "--epochs", "1"]
    arguments += ["--batch-size", "256", "--seeds", "1", "--scheduler", whole, "--out", str(path), "--json"]
    assert cli.main(arguments) == cli.DONE
    answer = json.loads(capsys.readouterr().out)
    assert (answer["data"], answer["runs"], answer["failed"]) == ("emoji", 2, 0)
    assert [row["data"] for row in rows(path)] == ["emoji", "emoji"]
    assert all(float(row["validation_accuracy"]) > 0 for row in rows(path))


def test_a_worker_with_other_data_under_that_name_is_not_used(whole, tmp_path, monkeypatch):
    other = data.load("emoji")
    images = other.train.images.copy()
    images[0] += 1
    other = other.__class__(**{**vars(other), "train": data.Split(images, other.train.labels)})
    monkeypatch.setattr("practicum.data.load", lambda name: other)
    with pytest.raises(ValueError, match=r"tcp://.* has other data under emoji than this computer\. Put the same"):
        sweep("emoji", CONFIGURATIONS, out=tmp_path / "sweep.csv", scheduler=whole, show_progress=False, **FIXED)
    assert rows(tmp_path / "sweep.csv") == []


def test_a_worker_that_does_not_have_the_data_is_named(whole, tmp_path, monkeypatch):
    monkeypatch.setattr("practicum.data.load", lambda name: small_dataset())
    with pytest.raises(ValueError, match=r"worker tcp://.* cannot load .*only-here: .* give sweep the dataset, which"):
        sweep("only-here", CONFIGURATIONS, out=tmp_path / "sweep.csv", scheduler=whole, show_progress=False, **FIXED)


def test_a_folder_is_named_to_the_workers_by_its_whole_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("practicum.data.load", lambda name: small_dataset())
    assert sweeping._loaded("photos")[1] == str(tmp_path / "photos")
    assert sweeping._loaded("cifar10")[1] == "cifar10"


def test_a_worker_without_the_practicum_is_named(whole, client, processes, tmp_path):
    (tmp_path / "practicum").mkdir()
    (tmp_path / "practicum" / "__init__.py").write_text('__version__ = "0.0.1"\n')
    stranger = processes.worker(1, "--no-nanny", python_path=str(tmp_path))
    try:
        client.wait_for_workers(3, timeout=90)
        with pytest.raises(ValueError, match=r"tcp://.* cannot use the practicum \(.*No module.*Install it there"):
            run_small(tmp_path / "sweep.csv", scheduler=whole)
    finally:
        end(stranger)
    assert rows(tmp_path / "sweep.csv") == []


def test_a_worker_with_another_version_is_named(whole, tmp_path, monkeypatch):
    monkeypatch.setattr(practicum, "__version__", "9.9")
    with pytest.raises(ValueError, match=r"has practicum [\d.]+ and keras .*; here are practicum 9\.9 and keras"):
        run_small(tmp_path / "sweep.csv", scheduler=whole)


def test_no_scheduler_is_told_in_the_time_it_has_and_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "CONNECT", 3.0)
    says = r'no Dask scheduler answers at tcp://127\.0\.0\.1:9 \(.*after 3 s\)\. Start one with "dask scheduler --port'
    with pytest.raises(ValueError, match=says):
        run_small(tmp_path / "sweep.csv", scheduler="tcp://127.0.0.1:9")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("address", ["nonsense", "tcp://127.0.0.1:port", " ", 8786])
def test_what_is_no_address(tmp_path, address):
    with pytest.raises(ValueError, match=r"^sweep: (no Dask scheduler answers at|scheduler is an address such as)"):
        run_small(tmp_path / "sweep.csv", scheduler=address)


def test_without_dask_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ValueError, match=r'pip install "dask\[distributed\]"'):
        run_small(tmp_path / "sweep.csv", scheduler="tcp://127.0.0.1:8786")


def test_a_cluster_that_goes_away_is_told_and_nothing_is_lost(tmp_path, monkeypatch):
    monkeypatch.setattr(sweeping, "run_one", long_run)
    monkeypatch.setattr(cluster, "CONNECT", 2.0)
    path = tmp_path / "sweep.csv"
    running = Processes(tmp_path)

    def end_after(victim, count):
        until(lambda: len(rows(path)) >= count)
        end(victim)

    try:
        with pytest.raises(ValueError, match=r"scheduler at tcp://.* has no workers\. Start some.*dask worker tcp://"):
            run_small(path, scheduler=running.address)
        monkeypatch.setattr(cluster, "CONNECT", 60.0)
        for victim, reason in (("worker", "no worker has been there"), ("scheduler", "its scheduler does not answer")):
            worker = running.worker(1, "--no-nanny")
            count = len(rows(path)) + 1
            which = worker if victim == "worker" else running.scheduler
            monkeypatch.setattr(cluster, "PATIENCE", 2.0 if victim == "worker" else 60.0)
            thread = threading.Thread(target=end_after, args=(which, count))
            thread.start()
            with pytest.raises(ConnectionError, match=rf"cluster at tcp://.*{reason}.*the same call goes on from here"):
                run_small(path, scheduler=running.address)
            thread.join()
            assert len(rows(path)) == len(set(names(path))) >= count
    finally:
        running.end()
