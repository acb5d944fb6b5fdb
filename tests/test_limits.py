"""Limits of trained results rest on measured seeds, and the measuring finds limits that do not."""

import importlib.util
import json
import sys

import pytest
from conftest import PROJECT

spec = importlib.util.spec_from_file_location("notebook_limits", PROJECT / "notebooks" / "limits.py")
limits = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = limits
spec.loader.exec_module(limits)


# Twelve margins with mean 0.05 and standard deviation 0.0151, moved by so much.
def margins(moved=0.0):
    return [0.05 + moved + 0.02 * (place - 5.5) / 5.5 * 1.15 for place in range(12)]


@pytest.mark.parametrize(
    ("given", "assertion", "says"),
    [
        (margins(), "x > 0.5", ""),
        (margins()[:11], "x > 0.5", "only 11 seeds"),
        ([], "x > 0.5", "only 0 seeds"),
        (margins(-0.03), "x > 0.5", "fails with 1 of 12 seeds"),
        (margins(-0.012), "x > 0.5", "too tight: 2.5"),
        (margins(0.05), "x > 0.5", "too loose: 6.6"),
        (margins(0.05), "x > y", ""),
        (margins(0.05), "x > y + 0.1", "too loose"),
        (margins(0.05), "x > 1.5 * y", ""),
        ([0.02] * 12, "x > 0.98", ""),
        ([0.2] * 12, "x > 0.8", "too loose: inf"),
    ],
)
def test_a_limit_is_judged(given, assertion, says):
    found = limits.judged(given, assertion)
    assert found == says if not says else found.startswith(says)


def test_assertions_become_margins():
    source = "assert 0.3 < x < 0.7, 'no'\nassert y == 4\nassert x >= y - 5 and z['a'] > 0.1\n"
    names = {"x": 0.5, "y": 4, "z": {"a": 0.25}}
    found = []
    code = compile(limits.noting(source, True), "cell", "exec")
    exec(code, names | {"_note": lambda text, margin: found.append((text, round(margin, 6)))})
    assert found == [("0.3 < x", 0.2), ("x < 0.7", 0.2), ("x >= y - 5", 1.5), ("z['a'] > 0.1", 0.15)]


def test_assertions_of_other_cells_neither_stop_nor_count():
    exec(compile(limits.noting("assert False\nx = 1", False), "cell", "exec"), {})


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A folder with a notebook that trains nothing and asserts a number that depends on a seed."""
    (tmp_path / "solutions").mkdir()
    cells = [
        {"cell_type": "code", "metadata": {}, "source": "from practicum.model import build_cnn\nprint('hello')"},
        {"cell_type": "code", "metadata": {}, "source": "m = build_cnn((4, 4, 1), 2, filters=(1,), seed=0)\nassert 0"},
        {
            "cell_type": "code",
            "metadata": {"tags": ["accuracy"]},
            "source": "v = abs(float(m.layers[1].kernel[0, 0, 0, 0]))\nassert v > 1e-9",
        },
    ]
    (tmp_path / "solutions" / "01_a.ipynb").write_text(json.dumps({"cells": cells}), encoding="utf-8")
    monkeypatch.setattr(limits, "HERE", tmp_path)
    monkeypatch.setattr(limits, "TABLE", tmp_path / "limits.csv")
    monkeypatch.setattr(limits, "PAGE", tmp_path / "limits.md")
    return tmp_path


def test_seeds_are_raised_and_the_notebook_runs_to_its_end(course, monkeypatch):
    from practicum import experiments, model, training
    from practicum.backend import keras

    for module, name in (
        (model, "build_cnn"), (training, "train"), (experiments, "sweep"), (keras.utils, "set_random_seed")
    ):  # fmt: skip
        monkeypatch.setattr(module, name, getattr(module, name))
    monkeypatch.setattr(sys, "path", sys.path[:])
    monkeypatch.chdir(course)
    path = limits.solved("01")
    original = model.build_cnn
    found = []
    for seed in (1, 1, 2):
        model.build_cnn = original
        found += limits.margins_of(path, seed)
    assert [text for text, _ in found] == ["v > 1e-09"] * 3
    assert found[0] == found[1] != found[2]


def test_an_unknown_notebook_is_told():
    for number in ("99", "*", "1"):
        with pytest.raises(SystemExit, match="expected the number of a notebook"):
            limits.solved(number)


def test_the_table_is_written_whole_or_not_at_all(course):
    rows = [{"notebook": "01_a", "assertion": "v > 0.5", "seed": "1", "margin": "0.25"}]
    limits.write(rows)
    assert limits.read() == rows
    assert limits.TABLE.read_text(encoding="utf-8").splitlines()[0] == "notebook,assertion,seed,margin"
    assert "| 01 | `v > 0.5` | 1 | 0.2500 |  | 0.2500 |" in limits.page(rows)
