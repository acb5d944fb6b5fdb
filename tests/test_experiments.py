"""Configurations of a sweep, and the table of its runs."""

import csv
import inspect
import os
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from conftest import PROJECT

from practicum import experiments
from practicum.experiments import Between, Run, draws, grid, table
from practicum.experiments.configurations import DEFAULTS, NETWORK, TRAINING, as_text, checked, from_text, key


def a_run(seed=0, accuracy=0.5, **configuration):
    measured = (accuracy, 1.2, 3, 1000, 20_000, 2.5, 700, "CPU, 2 cores", "", 0.9, accuracy - 0.01, 1.3)
    return Run("emoji", DEFAULTS | configuration, seed, *measured)


def test_defaults_are_those_of_build_cnn_and_train():
    from practicum.model import build_cnn
    from practicum.training import train

    for function, own in ((build_cnn, NETWORK), (train, TRAINING)):
        parameters = inspect.signature(function).parameters
        assert own == {name: parameters[name].default for name in own}


def test_a_grid_holds_every_combination_once():
    found = grid(filters=[4, (8, 16)], dropout=[0, 0.5], batch_norm=[True])
    assert found == [
        {"filters": filters, "dropout": dropout, "batch_norm": True}
        for filters in ((4,), (8, 16))
        for dropout in (0.0, 0.5)
    ]
    assert grid(filters=[[4], (4,), 4]) == [{"filters": (4,)}], "three ways to write the same"
    assert len(grid(filters=[(32, 64, 128), 4], kernel_size=[3, np.int64(3)])) == 2


def test_what_is_left_out_means_the_default():
    assert key({"filters": (32, 64, 128)}) == key({}) == key({"dropout": 0.0})
    assert key({"kernel_size": (3, 5)}) != key({"kernel_size": 3})


def test_draws_are_different_repeatable_and_within_their_bounds():
    values = {"filters": [(4,), (8, 8)], "learning_rate": Between(1e-4, 1e-2, log=True), "dense_units": [(), 64]}
    found = draws(200, seed=3, **values)
    assert found == draws(200, seed=3, **values)
    assert found != draws(200, seed=4, **values)
    assert len({key(each) for each in found}) == 200
    rates = np.array([each["learning_rate"] for each in found])
    assert rates.min() >= 1e-4
    assert rates.max() <= 1e-2
    assert 70 < (rates < 1e-3).sum() < 130, "as many below the middle of the powers of ten as above"
    assert {each["filters"] for each in found} == {(4,), (8, 8)}
    assert {each["batch_size"] for each in draws(3, batch_size=Between(1, 3))} == {1, 2, 3}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: grid(filter=[(4,)]), r"'filter' cannot be varied. What can be: filters, kernel_size"),
        (lambda: grid(filters=(4,), dropout=0.5), r"dropout needs a list .* Received 0.5"),
        (lambda: grid(padding="same"), r"padding needs a list"),
        (lambda: grid(filters=[]), r"filters needs a list of values"),
        (lambda: grid(filters=["8,16"]), r"filters must be whole numbers such as \(8, 16\). Received filters='8,16'"),
        (lambda: grid(filters=[(8, True)]), r"filters must be whole numbers"),
        (lambda: grid(batch_norm=[1]), r"batch_norm must be True or False"),
        (lambda: grid(epochs=[2.5]), r"epochs must be a whole number. Received epochs=2.5"),
        (lambda: grid(dropout=["0.5"]), r"dropout must be a number"),
        (lambda: checked([]), r"no configurations"),
        (lambda: checked([("filters", 4)]), r"a configuration is a dict"),
        (lambda: draws(0, filters=[4]), r"count must be a whole number"),
        (lambda: draws(3, filters=[4, 8]), r"only 2 different ones were found of 3"),
        (lambda: Between(2, 1), r"the lower one first"),
        (lambda: Between(0, 1, log=True), r"above 0"),
    ],
)
def test_wrong_use(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("filters", (8,), "8"),
        ("filters", (8, 16), "8,16"),
        ("dense_units", (), "none"),
        ("kernel_size", 3, "3"),
        ("kernel_size", (5, 3), "5,3"),
        ("dropout", 0.25, "0.25"),
        ("learning_rate", 1e-05, "1e-05"),
        ("batch_norm", True, "True"),
        ("augment", "auto", "auto"),
        ("augment", False, "False"),
        ("padding", "valid", "valid"),
        ("epochs", 7, "7"),
        ("training_images", 300, "300"),
    ],
)
def test_values_come_back_from_their_text(name, value, text):
    assert as_text(name, value) == text
    back = from_text(name, text)
    assert back == value
    assert type(back) is type(value)


# The file ---------------------------------------------------------------------------------------------------------


def written(path, runs):
    with table.Table(path) as file:
        for run in runs:
            file.add(run)
    return experiments.read(path)


def test_runs_come_back_as_they_were(tmp_path):
    runs = [
        a_run(0, filters=(4,), learning_rate=1 / 3),
        a_run(1, filters=(8, 16), dense_units=(), augment="auto"),
        replace(a_run(2, accuracy=float("nan")), error='out of "memory",\nat once'),
    ]
    found = written(tmp_path / "new" / "sweep.csv", runs)
    assert found.runs[:2] == tuple(runs[:2])
    assert found.runs[2].error == 'out of "memory", at once'
    assert np.isnan(found.runs[2].validation_accuracy)
    assert found.varied() == ["filters", "dense_units", "learning_rate", "augment"]
    assert written(tmp_path / "new" / "sweep.csv", []).runs[:2] == found.runs[:2], "opening it changes nothing"


def test_every_prefix_of_the_file_is_a_whole_table_of_fewer_runs(tmp_path):
    path = tmp_path / "sweep.csv"
    runs = [a_run(seed, filters=(4, 8)) for seed in range(3)]
    written(path, runs)
    content = path.read_bytes()
    ends = [place + 1 for place, byte in enumerate(content) if byte == ord("\n")]
    for length in range(len(content) + 1):
        path.write_bytes(content[:length])
        whole = max(sum(end <= length for end in ends) - 1, 0)
        with table.Table(path) as file:
            assert file.runs == runs[:whole]
            for run in runs[whole:]:
                file.add(run)
        assert path.read_bytes() == content, length


def test_one_sweep_at_a_time(tmp_path):
    path = tmp_path / "sweep.csv"
    with table.Table(path), pytest.raises(ValueError, match=r"another sweep is writing to .*sweep.csv"):
        table.Table(path)
    written(path, [a_run()])


def test_a_table_of_earlier_columns_is_read_and_goes_on_with_all_columns(tmp_path):
    """The tables in data/sweeps are older than the columns of the last epoch."""
    path = tmp_path / "old.csv"
    written(path, [a_run(0, filters=(4, 8)), a_run(1, dropout=0.5)])
    rows = list(csv.DictReader(path.read_text().splitlines()))
    with path.open("w", newline="") as file:
        old = csv.DictWriter(file, table.EARLIER, extrasaction="ignore", lineterminator="\n")
        old.writeheader()
        old.writerows(rows)
    before = path.read_bytes()
    assert before.split(b"\n")[0].startswith(b"data,filters,")
    assert b"last_" not in before
    found = experiments.read(path).runs
    assert path.read_bytes() == before, "reading changes nothing"
    assert [run.key() for run in found] == [a_run(0, filters=(4, 8)).key(), a_run(1, dropout=0.5).key()]
    assert all(np.isnan([run.last_training_accuracy, run.last_validation_loss]).all() for run in found)
    path.write_bytes(before + b"emoji,half a li")  # a process was killed
    after = written(path, [a_run(2, training_images=300)]).runs
    assert [run.seed for run in after] == [0, 1, 2]
    assert [run.validation_accuracy for run in after] == [0.5, 0.5, 0.5]
    assert after[2] == a_run(2, training_images=300)
    assert not list(tmp_path.glob("*.new"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"filters,seed\n4,0\n", "other columns than a sweep's table: filters, seed"),
        (b"\xff\xfe\n", "is no table of a sweep"),
        (b"my notes", "is no table of a sweep"),
        (b"\x89PNG\r\n\x1a\n", "no table of a sweep|other columns"),
    ],
)
def test_other_files_are_refused_and_left_alone(tmp_path, content, message):
    path = tmp_path / "mine.csv"
    path.write_bytes(content)
    for ask in (experiments.read, table.Table):
        with pytest.raises(ValueError, match=message):
            ask(path)
    assert path.read_bytes() == content
    with pytest.raises(FileNotFoundError, match=r"no file .*none.csv. A sweep writes one"):
        experiments.read(tmp_path / "none.csv")


def test_a_damaged_line_is_named(tmp_path):
    path = tmp_path / "sweep.csv"
    written(path, [a_run(0), a_run(1)])
    content = path.read_text().replace("700", "many", 1)
    path.write_text(content)
    with pytest.raises(ValueError, match=r"line 2 of .* is damaged .*many"):
        table.Table(path)
    assert path.read_text() == content


def test_a_full_disk_leaves_the_table_whole(tmp_path, monkeypatch):
    path = tmp_path / "sweep.csv"
    file = table.Table(path)
    file.add(a_run(0))
    before, write = path.read_bytes(), os.write
    state = []

    def runs_full(number, data):
        if state:
            raise OSError(28, "No space left on device")
        state.append(1)
        return write(number, bytes(data)[:20])

    monkeypatch.setattr(table.os, "write", runs_full)
    with pytest.raises(OSError, match="No space"):
        file.add(a_run(1))
    assert path.read_bytes() == before
    monkeypatch.undo()
    file.add(a_run(1))
    file.close()
    assert [run.seed for run in experiments.read(path).runs] == [0, 1]


def test_killed_at_any_moment_no_row_is_lost_or_written_twice(tmp_path):
    path = tmp_path / "sweep.csv"
    child = (
        "import sys; from dataclasses import replace; sys.path[:0] = ['tests', '.']\n"
        "from pathlib import Path; from test_experiments import a_run; from practicum.experiments import table\n"
        "file = table.Table(Path(sys.argv[1])); done = {run.seed for run in file.runs}\n"
        "for seed in range(4000):\n"
        "    if seed not in done:\n"
        "        file.add(a_run(seed)); print(seed, flush=True)\n"
    )
    told = 0
    for kill_after in (1, 20, 57):
        process = subprocess.Popen(
            [sys.executable, "-c", child, str(path)], cwd=PROJECT, stdout=subprocess.PIPE, text=True
        )
        for _ in range(kill_after):
            told = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        process.communicate()
        seeds = [run.seed for run in experiments.read(path).runs]
        assert seeds == list(range(len(seeds)))
        assert len(seeds) > told
    written(path, [a_run(len(seeds))])
    assert len(experiments.read(path)) == len(seeds) + 1


def test_results_print_as_a_table(tmp_path):
    runs = [a_run(seed, accuracy, filters=filters) for filters, accuracies in (((4,), (0.4, 0.5)), ((8,), (0.6, 0.7)))
            for seed, accuracy in enumerate(accuracies)]  # fmt: skip
    found = written(tmp_path / "sweep.csv", [*runs, replace(a_run(9, filters=(16,)), error="no memory")])
    lines = str(found).split("\n")
    assert lines[0].split()[:2] == ["filters", "validation"]
    assert [line.split()[:2] for line in lines[1:]] == [["8", "65.0%"], ["4", "45.0%"]], "the best first"
    assert len({len(line) for line in lines}) == 1
    page = found._repr_html_()
    assert page.count("<tr>") == 3
    assert "65.0%" in page


def test_where_selects_runs_by_their_values():
    runs = (
        a_run(0, filters=(8,)),
        a_run(1, filters=(8,), dropout=0.5),
        a_run(0, filters=(8, 16)),
        a_run(0, filters=(16, 8), dropout=0.5),
        replace(a_run(0, filters=(4, 4)), data="fashion"),
    )
    every = experiments.Results(runs)

    def numbers(**values):
        return [runs.index(run) for run in every.where(**values).runs]

    assert numbers() == [0, 1, 2, 3, 4]
    assert numbers(filters=8) == numbers(filters=[8]) == [0, 1]
    assert numbers(filters=(8, 16)) == [2]
    assert numbers(dropout=0) == [0, 2, 4]
    assert numbers(filters=(8,), dropout=0.5) == [1], "all of them hold, not one of them"
    assert numbers(modules=2) == [2, 3, 4]
    assert numbers(first_filters=lambda count: count > 4) == [0, 1, 2, 3]
    assert [numbers(shape=shape) for shape in ("even", "growing", "mixed")] == [[0, 1, 4], [2], [3]]
    assert numbers(data="fashion") == [4]
    assert numbers(dropout=0.1) == []
    with pytest.raises(ValueError, match=r"'drop' is nothing that configurations have. They have: filters, .*modules"):
        every.where(drop=lambda value: True)
    with pytest.raises(ValueError, match=r"dropout must be a number. Received dropout='much'"):
        every.where(dropout="much")


def test_importing_it_loads_no_keras():
    """The processes of a sweep are told how many threads they may have before Keras is loaded."""
    program = "import sys, practicum.experiments; sys.exit(bool({'keras', 'tensorflow', 'dask'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
