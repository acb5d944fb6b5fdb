"""Limits of trained results rest on measured seeds, and the measuring finds limits that do not."""

import json
import sys

import limits
import numpy as np
import pytest
from conftest import PROJECT


# Twelve margins with mean 0.05 and standard deviation 0.0151, moved by so much.
def margins(moved=0.0):
    return [(0.05 + moved + 0.02 * (place - 5.5) / 5.5 * 1.15, None) for place in range(12)]


# Twelve values from 0.06 to 0.48, each 1.2 times the one before, above a limit: what cannot fall below 0.
def above(limit):
    return [(0.06 * 1.2**place - limit, 0.06 * 1.2**place / limit) for place in range(12)]


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
        (margins(-0.022), "x > 0.5", "too tight: 1.9"),
        (margins(-0.022), "x > y", ""),
        ([(0.1, None)] * 11 + [(1.9, None)], "x > y", "too tight: 0.5"),
        ([(0.02, None)] * 12, "x > 0.98", ""),
        ([(0.2, None)] * 12, "x > 0.8", "too loose: inf"),
        (above(0.02), "x > 0.02", ""),
        (above(0.05), "x > 0.05", "too tight: 1.2 or 1.8"),
        (above(0.01), "x > 0.01", "too loose: 1.5 or 4.3"),
        (above(0.01), "x > y", ""),
        ([(margin, None) for margin, _ in above(0.02)], "x > 0.02", "too tight: 1.4"),
    ],
)
def test_a_limit_is_judged(given, assertion, says):
    found = limits.judged(given, assertion)
    assert found == says if not says else found.startswith(says)


def test_assertions_become_margins():
    source = "assert 0.3 < x < 0.7, 'no'\nassert y == 4\nassert x >= y - 5 and z['a'] > 0.1\n"
    source += "assert sum(v > 3 for v in w) < 2\n"
    names = {"x": 0.5, "y": 4, "z": {"a": 0.25}, "w": [1, 2, 5]}
    found = []
    code = compile(limits.noting(source, True), "cell", "exec")
    exec(code, names | {"_note": lambda text, *sides: found.append((text, *sides))})
    assert found == [
        ("0.3 < x", 0.5, 0.3), ("x < 0.7", 0.7, 0.5), ("x >= y - 5", 0.5, -1), ("z['a'] > 0.1", 0.25, 0.1),
        ("sum((v > 3 for v in w)) < 2", 2, 1),
    ]  # fmt: skip


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
    monkeypatch.setattr(limits, "NOTEBOOKS", tmp_path)
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
    assert [text for text, _, _ in found] == ["v > 1e-09"] * 3
    assert all(np.isclose(ratio, (margin + 1e-9) / 1e-9) for _, margin, ratio in found)
    assert found[0] == found[1] != found[2]


def test_an_unknown_notebook_is_told():
    for number in ("99", "*", "1"):
        with pytest.raises(SystemExit, match="expected the number of a notebook"):
            limits.solved(number)


def test_the_table_is_written_whole_or_not_at_all(course):
    rows = [{"notebook": "01_a", "assertion": "v > 0.5", "seed": "1", "margin": "0.25", "ratio": ""}]
    limits.write(rows)
    assert limits.read() == rows
    assert limits.TABLE.read_text(encoding="utf-8").splitlines()[0] == "notebook,assertion,seed,margin,ratio"
    assert "| 01 | `v > 0.5` | 1 | 0.2500 | 0.2500 | does not vary |" in limits.page(rows)


MEASURED = limits.by_assertion(limits.read())
ASSERTED = [
    pytest.param(path.stem, assertion, id=f"{path.stem[:2]} {assertion}")
    for path in sorted((PROJECT / "notebooks" / "solutions").glob("*.ipynb"))
    for assertion, _, _ in limits.comparisons(path)
]


@pytest.mark.parametrize(("notebook", "assertion"), ASSERTED)
def test_a_limit_in_a_notebook_suits_what_was_measured(notebook, assertion):
    assert limits.judged(MEASURED.get((notebook, assertion), []), assertion) == ""


def test_nothing_is_left_of_assertions_that_are_gone():
    assert set(MEASURED) == {each.values for each in ASSERTED}


def test_the_page_shows_what_was_measured():
    assert limits.PAGE.read_text(encoding="utf-8") == limits.page(limits.read())
