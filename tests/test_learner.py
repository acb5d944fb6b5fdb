"""What a learner has done: counted, kept in one small file, never lost, never in the way."""

import json
import multiprocessing
import os
import re
import sys

import pytest

from practicum import learner
from practicum.learner import export_progress, keep_progress, progress_file, read_progress, record, solved, where
from practicum.tallies import MOST_BYTES, Tally, mistake_key


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
    record("a", right=False, mistake="too high")
    record("a", right=False, mistake="too high")
    record("a", hint=True)
    record("a", solution=True)
    assert record("a", right=True) == Tally(
        tries=3, right=True, hints=1, solution=True, mistakes={mistake_key("a", "too high"): 2}
    )
    assert record("a", right=False).right, "solved once is solved"


def test_a_name_takes_along_what_was_done_before_and_holds_in_other_notebooks(folder, monkeypatch):
    record("a", right=True)
    assert keep_progress("anna").startswith("Progress is kept under the name anna.")
    record("b", right=False, mistake="too high")
    monkeypatch.setattr(learner, "_in_memory", {})  # another notebook
    assert solved(["a", "b"]) == 1
    assert read_progress(folder / "anna.json").exercises["b"].mistakes == {mistake_key("b", "too high"): 1}


def test_a_name_used_before_goes_on_and_two_names_stay_apart(folder):
    keep_progress("anna")
    record("a", right=True)
    keep_progress("Özgür-2")
    assert solved(["a"]) == 0
    record("b", right=True)
    keep_progress("anna")
    assert (solved(["a"]), solved(["b"])) == (1, 0)


@pytest.mark.parametrize("name", ["हिन्दी", "ไอน้ำ", "שָׁלוֹם", "李雷", "_x", "2b"])
def test_names_of_all_scripts(name, folder):
    assert f"under the name {name}." in keep_progress(name)
    record("a", right=True)
    assert progress_file().name == f"{name}.json"
    assert read_progress(progress_file()).name == name


def test_one_name_typed_in_two_ways_is_one(folder):
    keep_progress("Zoe\u0308")  # the e, then its dots, as some keyboards and systems write it
    record("a", right=True)
    keep_progress("Zo\u00eb")
    assert solved(["a"]) == 1
    assert len(list(folder.glob("*.json"))) == 1


def test_the_file_holds_counts_and_the_name_and_nothing_else(folder):
    keep_progress("anna")
    record("a", right=False, mistake="too high")
    content = json.loads((folder / "anna.json").read_text("utf-8"))
    assert re.fullmatch("[0-9a-f]{12}", content.pop("number"))
    mistakes = {mistake_key("a", "too high"): 1}
    assert content == {
        "format": 2,
        "name": "anna",
        "exercises": {"a": {"tries": 1, "right": False, "hints": 0, "solution": False, "mistakes": mistakes}},
    }


def test_the_number_of_a_file_stays_and_each_file_has_its_own(folder):
    keep_progress("anna")
    first = read_progress(folder / "anna.json").number
    record("a", right=True)
    assert read_progress(folder / "anna.json").number == first
    keep_progress("ben")
    assert read_progress(folder / "ben.json").number != first


def test_a_file_of_format_1_goes_on_without_its_places(folder):
    keep_progress("anna")
    old = {"tries": 3, "right": True, "hints": 2, "solution": True, "mistakes": {"0": 1, "4": 1}}
    (folder / "anna.json").write_text(json.dumps({"format": 1, "name": "anna", "exercises": {"a": old}}))
    record("b", right=True)
    found = read_progress(folder / "anna.json")
    assert found.format == 2
    assert re.fullmatch("[0-9a-f]{12}", found.number)
    assert found.exercises["a"] == Tally(tries=3, right=True, hints=2, solution=True, mistakes={})
    assert found.exercises["b"].right


def test_a_file_of_a_later_version_is_left_as_it_is(folder):
    keep_progress("anna")
    later = '{"format": 3, "more": []}'
    (folder / "anna.json").write_text(later)
    record("a", right=True)
    assert (folder / "anna.json").read_text() == later
    assert sorted(path.name for path in folder.iterdir() if path.suffix != ".lock") == ["anna.json", "name.txt"]
    assert solved(["a"]) == 1
    assert where() == "Progress cannot be kept (the file is of a later version of the course)."


def test_what_is_handed_in_is_a_copy_beside_the_notebook(folder, tmp_path, monkeypatch):
    notebooks = tmp_path / "notebooks"
    notebooks.mkdir()
    monkeypatch.chdir(notebooks)
    record("a", right=True)
    assert "export_progress()` writes practicum-anna.json beside this notebook" in keep_progress("anna")
    said = export_progress()
    assert said.startswith("practicum-anna.json is written: ")
    assert str(tmp_path) not in said + where(), "no paths in what a notebook shows"
    assert [path.name for path in notebooks.iterdir()] == ["practicum-anna.json"]
    assert read_progress(notebooks / "practicum-anna.json") == read_progress(folder / "anna.json")
    record("b", right=True)
    export_progress(notebooks)
    assert set(read_progress(notebooks / "practicum-anna.json").exercises) == {"a", "b"}


def test_nothing_to_hand_in_is_said(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match='Choose a name first: keep_progress\\("anna"\\)'):
        export_progress(tmp_path)
    keep_progress("anna")
    with pytest.raises(ValueError, match=r"expected a folder that is there\. Received '/nowhere'"):
        export_progress("/nowhere")
    monkeypatch.setenv("PRACTICUM_PROGRESS", "off")
    with pytest.raises(ValueError, match="off"):
        export_progress(tmp_path)
    assert not list(tmp_path.glob("practicum-*"))


def test_a_name_without_anything_done_is_exported_too(folder, tmp_path):
    keep_progress("anna")
    (folder / "anna.json").unlink()
    export_progress(tmp_path)
    assert read_progress(tmp_path / "practicum-anna.json").exercises == {}


@pytest.mark.parametrize(
    "name",
    [
        "",
        "../anna",
        "a/b",
        "a b",
        ".hidden",
        "x" * 41,
        7,
        "a\n",
        "-a",
        "\u0301a",
        "a\u200db",
        "x\u0335\u0336\u0337\u0338",
    ],
)
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
    return json.dumps({"format": 2, "name": "anna", "number": "0123456789ab", "exercises": {"a": tally}})


HOSTILE = {
    "cut short": '{"format": 1, "exercises": {"a": {"tri',
    "empty": "",
    "another file": '{"cells": []}',
    "a list": "[]",
    "exercises are a list": '{"format": 1, "name": "anna", "exercises": []}',
    "tallies are numbers": '{"format": 1, "name": "anna", "exercises": {"a": 3}}',
    "no number": '{"format": 2, "name": "anna", "exercises": {}}',
    "a negative count": one_tally(tries=-1),
    "a huge count": one_tally(tries=10**99),
    "a fraction": one_tally(tries=1.5),
    "text as a count": one_tally(tries="<b>"),
    "text as a mistake": one_tally(mistakes={"<b>": 1}),
    "a place as a mistake": one_tally(mistakes={"1": 1}),
    "more mistakes than tries": one_tally(mistakes={"01234567": 2}),
    "right without a try": one_tally(tries=0),
    "too deep": "[" * 100_000,
    "too large": " " * (MOST_BYTES + 1),
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
        record("a", right=False, mistake=f"mistake {place}")
    sys.exit(0)


def test_two_notebooks_at_once_lose_no_count(folder):
    keep_progress("anna")
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    children = [context.Process(target=many_records, args=(place,)) for place in range(2)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    tally = read_progress(folder / "anna.json").exercises["a"]
    assert tally == Tally(tries=40, mistakes={mistake_key("a", f"mistake {place}"): 20 for place in range(2)})
