"""Sweeps: what is run, in which order, and that nothing is lost."""

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import PROJECT
from joblib import Parallel, delayed
from sweep_child import CONFIGURATIONS, FIXED, dies_of_four_filters, small_dataset

from practicum.data import load
from practicum.experiments import forecast, grid, live, one_run, read, sweep, sweeping
from practicum.experiments.configurations import key
from practicum.experiments.table import Results
from practicum.model import build_cnn, layer_table
from practicum.training import train


def rows(path):
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def run_small(path, **options):
    return sweep(small_dataset(), CONFIGURATIONS, out=path, **({"workers": 1, "seeds": 2} | FIXED | options))


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A whole sweep: its file and its results."""
    path = tmp_path_factory.mktemp("sweep") / "small.csv"
    return path, run_small(path)


def test_each_run_is_what_train_gives(small):
    path, results = small
    assert len(results) == len(rows(path)) == 6
    assert {(run.configuration["filters"], run.seed) for run in results.runs} == {
        (filters, seed) for filters in ((2,), (4,), (2, 4)) for seed in (0, 1)
    }
    data = small_dataset()
    for run in results.runs:
        filters = run.configuration["filters"]
        model = build_cnn(data.image_shape, 2, filters=filters, dense_units=(), seed=run.seed)
        own = train(model, data, **FIXED, precision="float32", seed=run.seed, show_progress=False)
        assert run.validation_accuracy == pytest.approx(own.validation_accuracy, abs=1e-6)
        assert run.validation_loss == pytest.approx(own.history["validation_loss"][own.best_epoch - 1], abs=1e-4)
        for name in ("accuracy", "validation_accuracy", "validation_loss"):
            last = getattr(run, "last_training_accuracy" if name == "accuracy" else f"last_{name}")
            assert last == pytest.approx(own.history[name][-1], abs=1e-4)
        assert run.parameters == model.count_params()
        assert run.multiply_adds == sum(row.multiply_adds for row in layer_table(model))
        assert 0 < run.seconds < 120
        assert 100 < run.peak_memory_mb < 16_000
        assert run.device == own.device
    assert read(path) == results


def test_all_configurations_have_their_turn_before_the_second_seed(small):
    results = small[1]
    assert [run.seed for run in results.runs] == [0, 0, 0, 1, 1, 1]
    costs = [run.multiply_adds for run in results.runs[:3]]
    assert costs[0] == min(costs)
    assert costs[1] == max(costs)


@pytest.mark.parametrize("count", [*range(1, 20), 64, 101])
def test_the_order_spreads_over_all(count):
    order = sweeping.spread(count)
    assert sorted(order) == list(range(count))
    assert order[: min(count, 2)] == [0, count - 1][: min(count, 2)]
    if count > 8:
        first = sorted(order[:5])
        assert max(np.diff(first)) <= count // 4 + 1, "a quarter apart, after the first five"


def test_the_same_call_does_nothing_again(small, monkeypatch):
    path, results = small
    before = path.read_bytes()
    monkeypatch.setattr(sweeping, "run_one", lambda *_, **__: pytest.fail("run again"))
    assert run_small(path) == results
    assert path.read_bytes() == before


def test_more_seeds_and_configurations_are_added(small, tmp_path):
    path = tmp_path / "more.csv"
    path.write_bytes(small[0].read_bytes())
    more = sweep(
        small_dataset(), grid(filters=[(4,), (3,)], dense_units=[()]), seeds=[1, 5], out=path, workers=1, **FIXED
    )
    assert len(rows(path)) == 6 + 3
    assert path.read_bytes().startswith(small[0].read_bytes())
    assert sorted((run.configuration["filters"], run.seed) for run in more.runs) == [
        ((3,), 1),
        ((3,), 5),
        ((4,), 1),
        ((4,), 5),
    ]


def test_two_at_a_time_give_the_same_rows(small, tmp_path):
    # After such a small task joblib changes its processes when they have loaded Keras, and remarks on it.
    Parallel(n_jobs=2)(delayed(abs)(number) for number in (-1, -2))
    both = run_small(tmp_path / "both.csv", workers=2)
    one = {run.key(): run for run in small[1].runs}
    assert {run.key() for run in both.runs} == set(one)
    for run in both.runs:
        assert run.validation_accuracy == pytest.approx(one[run.key()].validation_accuracy, abs=1 / 32 + 1e-6)
        assert run.validation_loss == pytest.approx(one[run.key()].validation_loss, rel=1e-3)
        assert (run.parameters, run.multiply_adds) == (one[run.key()].parameters, one[run.key()].multiply_adds)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_sweep_killed_at_any_moment_goes_on_and_loses_no_row(small, tmp_path, workers):
    path = tmp_path / "killed.csv"
    environment = {**os.environ, "PYTHONPATH": f"{PROJECT}{os.pathsep}{PROJECT / 'tests'}"}
    command = [sys.executable, str(PROJECT / "tests" / "sweep_child.py"), str(path), str(workers)]
    kept = b""
    for wanted in (1, 3):  # rows at which it is killed
        child = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, start_new_session=True)
        end = time.monotonic() + 300
        while (path.read_bytes().count(b"\n") if path.exists() else 0) <= wanted and child.poll() is None:
            assert time.monotonic() < end
            time.sleep(0.01)
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        content = path.read_bytes()
        assert content.startswith(kept), "rows that were there stay"
        kept = content[: content.rfind(b"\n") + 1]
    assert 3 < kept.count(b"\n") <= 7
    run_small(path)
    assert path.read_bytes().startswith(kept)
    keys = [tuple(row[name] for name in ("filters", "seed")) for row in rows(path)]
    assert len(keys) == len(set(keys)) == 6


def test_a_process_that_is_killed_once_costs_no_row(tmp_path):
    path = tmp_path / "killed.csv"
    environment = {**os.environ, "PYTHONPATH": f"{PROJECT}{os.pathsep}{PROJECT / 'tests'}"}
    command = [sys.executable, str(PROJECT / "tests" / "sweep_child.py"), str(path), "2"]
    child = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + 300
    while (path.read_bytes().count(b"\n") if path.exists() else 0) < 2:
        assert child.poll() is None
        assert time.monotonic() < end
        time.sleep(0.01)
    victim = next(pid for pid in children_of(child.pid) if b"popen_loky" in command_line(pid))
    os.kill(victim, signal.SIGKILL)
    errors = child.communicate(timeout=400)[1]
    assert child.returncode == 0, errors
    assert len({(row["filters"], row["seed"]) for row in rows(path)}) == len(rows(path)) == 6
    assert not any(row["error"] for row in rows(path))


def children_of(parent):
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                after_name = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(after_name[1]) == parent:
                yield int(folder.name)


def command_line(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def test_a_run_that_ends_its_process_each_time_becomes_a_row_with_its_error(tmp_path, monkeypatch):
    monkeypatch.setattr(sweeping, "run_one", dies_of_four_filters)
    results = run_small(tmp_path / "sweep.csv", workers=2, seeds=1)
    errors = {run.configuration["filters"]: run.error for run in results.runs}
    assert "from outside twice" in errors.pop((4,))
    assert errors == {(2,): "", (2, 4): ""}
    assert [configuration["filters"] for configuration, _ in results.by_configuration()] != []


def test_a_training_that_fails_is_a_row_and_the_others_go_on(tmp_path):
    path = tmp_path / "sweep.csv"
    configurations = grid(filters=[(2,)], dense_units=[()], learning_rate=[0.001, 1e30])
    results = sweep(small_dataset(), configurations, seeds=1, out=path, workers=1, **FIXED)
    good, bad = sorted(results.runs, key=lambda run: run.configuration["learning_rate"])
    assert not good.error
    assert "loss is not a number" in bad.error
    assert np.isnan(bad.validation_accuracy)
    assert len(read(path)) == 2


def test_nothing_is_run_when_one_of_the_networks_cannot_be_built(tmp_path):
    path = tmp_path / "sweep.csv"
    with pytest.raises(ValueError, match=r"there is no network of filters=4,4,4,4,dense_units=none|no network of"):
        sweep(small_dataset(), grid(filters=[(4,), (4, 4, 4, 4)]), out=path, workers=1)
    assert not path.exists()


def test_training_images_are_how_many_are_learned_from(tmp_path, monkeypatch):
    seen = []

    def noted(model, data, **options):
        seen.append(len(data.train))
        return train(model, data, **options)

    monkeypatch.setattr("practicum.training.train", noted)
    path = tmp_path / "sweep.csv"
    results = run_small(path, seeds=1, training_images=10)
    assert seen == [10, 10, 10]
    assert {row["training_images"] for row in rows(path)} == {"10"}
    assert results.where(training_images=10) == results
    run_small(path, seeds=1)
    assert seen[3:] == [64, 64, 64]
    for count in (1, 65):
        with pytest.raises(
            ValueError, match=rf"count must be .* from 2 \(one .*to 64 \(all of small\). Received {count}"
        ):
            run_small(path, seeds=1, training_images=count)


def test_the_seconds_of_runs_are_foreseen_by_their_images():
    few, all_of_them = (
        sweeping._job(small_dataset(), {"filters": (4,), "epochs": 2, "training_images": count}) for count in (16, 0)
    )
    assert few.multiply_adds == all_of_them.multiply_adds
    assert 4 * few.work == all_of_them.work


def test_a_file_of_runs_on_other_data_is_refused_and_kept(small):
    before = small[0].read_bytes()
    with pytest.raises(ValueError, match=r"holds runs on small, and these are on emoji\. Choose another file"):
        sweep("emoji", CONFIGURATIONS, out=small[0], **FIXED)
    assert small[0].read_bytes() == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seeds": 0}, "seeds is how many, 1 or more"),
        ({"seeds": []}, "seeds is how many, 1 or more"),
        ({"seeds": [0, -1]}, "seeds is how many, 1 or more"),
        ({"seeds": "3"}, "seeds is how many, 1 or more"),
        ({"time_budget": 0}, "time_budget must be seconds"),
        ({"workers": 0}, "workers must be a whole number of 1 or more"),
        ({"workers": 1.5}, "workers must be a whole number of 1 or more"),
        ({"filter": 4}, "'filter' cannot be varied"),
        ({"epochs": "5"}, "epochs must be a whole number"),
    ],
)
def test_slips_are_answered_before_anything_is_run(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        sweep(small_dataset(), CONFIGURATIONS, out=tmp_path / "sweep.csv", **options)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("given", [["filters"], 5, [None]])
def test_configurations_are_dicts(tmp_path, given):
    with pytest.raises(ValueError, match="a configuration is a dict"):
        sweep(small_dataset(), given, out=tmp_path / "sweep.csv")


def fake_run(seconds):
    def run(data, configuration, seed, *, multiply_adds, threads=None):
        time.sleep(seconds)
        failed = one_run.failed(data.name, configuration, seed, multiply_adds, "")
        return failed.__class__(**{**failed.__dict__, "validation_accuracy": 0.5, "seconds": seconds})

    return run


def test_no_run_is_begun_that_would_not_be_done_in_time(tmp_path, monkeypatch):
    monkeypatch.setattr(sweeping, "run_one", fake_run(0.4))
    results = run_small(tmp_path / "sweep.csv", seeds=20, time_budget=1.4)
    assert len(results) == 3, "a fourth one would have ended after 1.6 seconds"
    assert [run.seed for run in results.runs] == [0, 0, 0]
    monkeypatch.setattr(sweeping, "run_one", fake_run(0.01))
    assert len(run_small(tmp_path / "sweep.csv", seeds=2, time_budget=60)) == 6, "the rest of them"


def test_an_interrupted_sweep_gives_what_is_done(tmp_path, monkeypatch, capsys):
    one = fake_run(0)

    def run(data, configuration, seed, **rest):
        if seed == 1:
            raise KeyboardInterrupt
        return one(data, configuration, seed, **rest)

    monkeypatch.setattr(sweeping, "run_one", run)
    assert len(run_small(tmp_path / "sweep.csv")) == 3
    assert "stopped; the same call goes on from here" in capsys.readouterr().err
    monkeypatch.setattr(sweeping, "run_one", one)
    assert len(run_small(tmp_path / "sweep.csv")) == 6


def test_an_interrupted_training_is_no_row(monkeypatch):
    class Stopped:
        stopped_by = "interrupt"

    monkeypatch.setattr("practicum.training.train", lambda *_, **__: Stopped())
    with pytest.raises(KeyboardInterrupt):
        one_run.run_one(small_dataset(), {"filters": (2,)}, 0, multiply_adds=1)


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux forgets a peak")
def test_the_peak_of_memory_is_that_of_this_run_not_of_those_before():
    block = np.ones(40_000_000)
    large = one_run._peak_memory()
    del block
    one_run._forget_peak()
    assert one_run._peak_memory() < large - 250_000_000


def test_the_forecast_is_a_start_and_a_rate():
    work = np.array([1e9, 8e9, 4e9, 2e9])
    coming = np.array([3e9, 16e9])
    assert forecast.seconds_for(coming, work, 2 + work * 1e-9) == pytest.approx([5, 18])
    assert forecast.seconds_for(coming, work[:1], [3.0]) == pytest.approx([3, 3]), "all alike, as long as one is known"
    assert forecast.seconds_for(coming, [1e9, 1e9], [3.0, 5.0]) == pytest.approx([4, 4])
    assert np.isnan(forecast.seconds_for(coming, [], [])).all()
    assert (forecast.seconds_for(coming, [1e9, 2e9], [5.0, 1.0]) == 3).all(), "none gets shorter by more work"
    assert (forecast.seconds_for([1e6], [1e9, 2e9], [1.0, 9.0]) > 0).all(), "none takes less than no time"


def test_the_forecast_is_not_led_by_one_long_run():
    work = np.array([1e9, 1e9, 1e9, 2e9, 100e9])
    seconds = np.array([3.0, 3.1, 2.9, 4.0, 150.0])
    assert forecast.seconds_for([1e9], work, seconds)[0] == pytest.approx(3, rel=0.2)


def test_the_log_says_what_was_run_and_how_long_it_will_take(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sweeping, "run_one", fake_run(0.2))
    run_small(tmp_path / "sweep.csv")
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "sweep: 6 runs"
    assert lines[1] == ("1 of 6 runs, about 1 s left: filters=2 dense_units=none epochs=1 batch_size=32 seed=0: 50.0%")
    assert lines[-1] == "sweep: all runs are done"
    run_small(tmp_path / "sweep.csv", show_progress=False)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("seconds", "text"), [(float("nan"), ""), (5.4, "5 s"), (99, "99 s"), (150, "2 min"), (9000, "2.5 h")]
)
def test_durations_in_words(seconds, text):
    assert live.duration(seconds) == text


def test_results_hold_what_was_asked_for(small):
    path = small[0]
    only = sweep(small_dataset(), [{"filters": (4,), "dense_units": ()}], seeds=1, out=path, workers=1, **FIXED)
    assert isinstance(only, Results)
    assert [(run.configuration["filters"], run.seed) for run in only.runs] == [((4,), 0)]
    assert key(only.runs[0].configuration) == key({"filters": (4,), "dense_units": (), **FIXED})


def test_a_failed_run_on_a_folder_is_of_the_dataset_not_of_its_path(photo_folder):
    run = one_run.run_one(str(photo_folder), {"filters": (0,)}, 0, multiply_adds=1)
    assert run.error
    assert run.data == load(photo_folder).name
