"""The tables that data/make_*.py fill: a row is measured once, and a run that is cut off loses nothing before it."""

import sys

import pytest
from conftest import PROJECT

sys.path.insert(0, str(PROJECT / "data"))
from measured_rows import MeasuredRows

COLUMNS = ("data", "seed", "accuracy")


def test_a_row_is_measured_once_and_kept(tmp_path):
    asked = []
    for _ in range(2):
        table = MeasuredRows(tmp_path / "t.csv", COLUMNS, keys=2)
        for seed in (0, 1):
            table.fill(("a, b", seed), lambda seed=seed: [asked.append(seed), 0.5][1:])
    assert asked == [0, 1]
    assert (tmp_path / "t.csv").read_text(encoding="utf-8") == 'data,seed,accuracy\n"a, b",0,0.5\n"a, b",1,0.5\n'


def test_what_was_measured_before_a_failure_is_kept(tmp_path):
    table = MeasuredRows(tmp_path / "t.csv", COLUMNS, keys=2)
    table.fill(("a", 0), lambda: ["0.5"])
    with pytest.raises(ZeroDivisionError):
        table.fill(("a", 1), lambda: [1 / 0])
    assert list(MeasuredRows(tmp_path / "t.csv", COLUMNS, keys=2).rows) == [("a", "0")]
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


def test_rows_stand_in_the_order_asked_for(tmp_path):
    table = MeasuredRows(tmp_path / "t.csv", COLUMNS, keys=2, order=lambda key: int(key[1]))
    for seed in (10, 9, 2):
        table.fill(("a", seed), lambda: [1])
    lines = (tmp_path / "t.csv").read_text(encoding="utf-8").split()
    assert lines[1:] == ["a,2,1", "a,9,1", "a,10,1"]


def test_a_row_of_the_wrong_length_is_refused(tmp_path):
    table = MeasuredRows(tmp_path / "t.csv", COLUMNS, keys=2)
    with pytest.raises(ValueError, match="shorter"):
        table.fill(("a", 0), lambda: [])
    assert not (tmp_path / "t.csv").exists()


@pytest.mark.parametrize(("name", "keys"), [("cats-vs-dogs.csv", 3), ("transfer.csv", 5)])
def test_no_two_committed_rows_are_of_the_same_training(name, keys):
    path = PROJECT / "data" / "sweeps" / name
    heading, *rows = path.read_text(encoding="utf-8").splitlines()
    assert len(MeasuredRows(path, heading.split(","), keys).rows) == len(rows)
