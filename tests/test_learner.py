"""What a learner has done: counted, kept in one small file, never lost, never in the way."""

import json
import multiprocessing
import os
import sys

import pytest

from practicum import learner
from practicum.learner import Tally, keep_progress, progress_file, read_progress, record, solved, where


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("PRACTICUM_PROGRESS", str(tmp_path / "progress"))
    monkeypatch.setattr(learner, "_in_memory", {})
    monkeypatch.setattr(learner, "_trouble", "")
    return tmp_path / "progress"


def test_without_a_name_nothing_is_written(folder):
    record("01.exercise_1", right=True)
    assert solved(["01.exercise_1", "01.exercise_2"]) == 1
    assert progress_file() is None
    assert not folder.exists()
    assert keep_progress(None) == where() == "Progress is kept until this notebook is closed."


def test_what_was_done_is_counted():
    record("a", right=False, mistake=2)
    record("a", right=False, mistake=2)
    record("a", hint=True)
    record("a", solution=True)
    assert record("a", right=True) == Tally(tries=3, right=True, hints=1, solution=True, mistakes={"2": 2})
    assert record("a", right=False).right, "solved once is solved"


def test_a_name_takes_along_what_was_done_before_and_holds_in_other_notebooks(folder, monkeypatch):
    record("a", right=True)
    assert keep_progress("anna") == "Progress is kept under the name anna."
    record("b", right=False, mistake=0)
    monkeypatch.setattr(learner, "_in_memory", {})  # another notebook
    assert solved(["a", "b"]) == 1
    assert read_progress(folder / "anna.json")["b"].mistakes == {"0": 1}


def test_a_name_used_before_goes_on_and_two_names_stay_apart(folder):
    keep_progress("anna")
    record("a", right=True)
    keep_progress("Özgür-2")
    assert solved(["a"]) == 0
    record("b", right=True)
    keep_progress("anna")
    assert (solved(["a"]), solved(["b"])) == (1, 0)


def test_the_file_holds_counts_and_the_name_and_nothing_else(folder):
    keep_progress("anna")
    record("a", right=False, mistake=1)
    content = json.loads((folder / "anna.json").read_text("utf-8"))
    assert content == {
        "format": 1,
        "name": "anna",
        "exercises": {"a": {"tries": 1, "right": False, "hints": 0, "solution": False, "mistakes": {"1": 1}}},
    }


@pytest.mark.parametrize("name", ["", "../anna", "a/b", "a b", ".hidden", "x" * 41, 7, "a\n", "-a"])
def test_a_name_that_cannot_be_a_file_is_refused(name, folder):
    with pytest.raises(ValueError, match="letters, digits"):
        keep_progress(name)
    assert not folder.exists() or not list(folder.iterdir())


def test_off_reads_and_writes_nothing(monkeypatch, tmp_path):
    monkeypatch.setenv("PRACTICUM_PROGRESS", "off")
    assert "off" in keep_progress("anna")
    record("a", right=True)
    assert not (tmp_path / "off").exists()


def one_tally(**changed):
    tally = {"tries": 1, "right": True, "hints": 0, "solution": False, "mistakes": {}} | changed
    return json.dumps({"format": 1, "exercises": {"a": tally}})


HOSTILE = {
    "cut short": '{"format": 1, "exercises": {"a": {"tri',
    "empty": "",
    "another file": '{"cells": []}',
    "a list": "[]",
    "a later format": '{"format": 2, "exercises": {}}',
    "exercises are a list": '{"format": 1, "exercises": []}',
    "tallies are numbers": '{"format": 1, "exercises": {"a": 3}}',
    "a negative count": one_tally(tries=-1),
    "a huge count": one_tally(tries=10**99),
    "a fraction": one_tally(tries=1.5),
    "text as a count": one_tally(tries="<b>"),
    "text as a mistake": one_tally(mistakes={"<b>": 1}),
    "too deep": "[" * 100_000,
    "too large": " " * (learner.MOST_BYTES + 1),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_damaged_file_is_set_aside_and_said(what, folder):
    keep_progress("anna")
    (folder / "anna.json").write_text(HOSTILE[what], encoding="utf-8")
    with pytest.raises(ValueError, match=r"anna\.json"):
        read_progress(folder / "anna.json")
    record("a", right=True)
    assert (folder / "anna.damaged").read_text("utf-8") == HOSTILE[what]
    assert solved(["a"]) == 1
    assert "damaged" in where()


def test_bytes_that_are_no_text_are_set_aside(folder):
    keep_progress("anna")
    (folder / "anna.json").write_bytes(b"\xff\xfe\x00")
    record("a", right=True)
    assert (folder / "anna.damaged").exists()


@pytest.mark.skipif(os.name != "posix", reason="a folder that cannot be written is made with POSIX permissions")
def test_where_nothing_can_be_written_the_lesson_goes_on(folder, monkeypatch):
    keep_progress("anna")
    record("a", right=True)

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(learner, "_replace", full)
    record("b", right=True)
    assert solved(["a", "b"]) == 2
    assert where() == "Progress cannot be kept (No space left on device)."
    monkeypatch.undo()


def many_records(place):
    for _ in range(20):
        record("a", right=False, mistake=place)
    sys.exit(0)


def test_two_notebooks_at_once_lose_no_count(folder):
    keep_progress("anna")
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    children = [context.Process(target=many_records, args=(place,)) for place in range(2)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert read_progress(folder / "anna.json")["a"] == Tally(tries=40, mistakes={"0": 20, "1": 20})
