"""The files that learners hand in: whatever they hold, each bad one is named, and the good ones are counted."""

import json
import os
import sys
import zipfile

import pytest
from handed_in_files import BAD_FILES, BAD_ZIPS, EXERCISE, content, tally, zipped

from practicum import handed_in
from practicum.class_page import as_page, as_text
from practicum.class_progress import SEVERAL, class_progress
from practicum.handed_in import read_handed_in
from practicum.tallies import Tally, mistake_key

LINKS = {what for what in BAD_FILES if "link" in what}
LINUX = {"a pipe", "an endless device", "a file that cannot be read", "a file without permission", *LINKS}
BACKWARDS, ESCAPE = "\u202e", "\x1b"


@pytest.fixture
def folder(tmp_path):
    """A folder with one good file, of Anna."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "anna.json").write_text(content("anna"), encoding="utf-8")
    return tmp_path / "in"


def is_inert(text):
    """Nothing in it that a terminal takes for more than a letter."""
    return all(letter.isprintable() or letter == "\n" for letter in text)


@pytest.mark.parametrize("what", BAD_FILES)
def test_a_bad_file_is_refused_by_name_and_the_others_count(what, folder):
    if what in LINUX and sys.platform != "linux":
        pytest.skip("made of what Linux has")
    if what == "a file without permission" and os.geteuid() == 0:
        pytest.skip("root may read everything")
    make, why = BAD_FILES[what]
    make(folder)
    found = class_progress([folder])
    assert [row[0] for row in found.rows] == ["anna"]
    assert [name for name, _ in found.refused] == ["bad.json"]
    assert why in found.refused[0][1]
    assert len(found.refused[0][1]) < 320
    assert is_inert(as_text(found))
    json.dumps(found.to_dict()).encode("utf-8")
    page = as_page(found)
    assert is_inert(page)
    assert "<script" not in page
    assert "<b>3" not in page
    (folder / "anna.json").unlink()
    with pytest.raises(ValueError, match=r"expected progress files.*Received none that can be used: bad\.json: "):
        class_progress([folder])


@pytest.mark.parametrize("what", BAD_ZIPS)
def test_a_bad_zip_is_refused_by_name_and_the_others_count(what, folder, tmp_path):
    make, name, why = BAD_ZIPS[what]
    make(tmp_path)
    before = {path.name for path in tmp_path.rglob("*")}
    found = read_handed_in([folder, tmp_path / "bad.zip"])
    assert [learner.name for learner in found.learners] == ["anna"]
    assert [refused for refused, _ in found.refused] == [name]
    assert why in found.refused[0][1]
    assert {path.name for path in tmp_path.rglob("*")} == before, "nothing is unpacked to disk"


def test_one_bad_file_in_a_zip_leaves_the_others(tmp_path):
    path = zipped(
        tmp_path, [("room/anna.json", content("anna")), ("room/bad.json", "{"), ("ben.JSON", content("ben"))], "in.zip"
    )
    found = read_handed_in([path])
    assert [learner.name for learner in found.learners] == ["anna", "ben"]
    assert [name for name, _ in found.refused] == ["in.zip/room/bad.json"]


def test_a_folder_that_a_learning_platform_makes_is_read_at_any_depth(folder):
    deep = folder / "Ben_4711_assignment" / "files"
    deep.mkdir(parents=True)
    (deep / "ben.json").write_text(content("ben"), encoding="utf-8")
    (folder / "notes.txt").write_text("not meant")
    (folder / ".hidden.json").write_text("{")
    (folder / "__MACOSX").mkdir()
    (folder / "__MACOSX" / "anna.json").write_text("{")
    (folder / "round").symlink_to(folder)
    zipped(folder, [("x.json", content("x"))], "more.zip")
    found = read_handed_in([folder])
    assert [learner.name for learner in found.learners] == ["anna", "ben"]
    assert [name for name, _ in found.refused] == ["more.zip"]


def test_hidden_files_in_a_zip_are_passed_over(tmp_path):
    path = zipped(tmp_path, [("anna.json", content("anna")), ("__MACOSX/._anna.json", "{"), ("._b.json", "{")], "a.zip")
    assert (len(read_handed_in([path]).learners), read_handed_in([path]).refused) == (1, [])


def test_a_zip_is_known_by_its_content_and_a_progress_file_by_its(folder, tmp_path):
    zipped(tmp_path, [("ben.json", content("ben"))], "handed-in.dat")
    (folder / "anna.json").rename(folder / "anna")
    found = read_handed_in([folder / "anna", tmp_path / "handed-in.dat"])
    assert [learner.name for learner in found.learners] == ["anna", "ben"]


def test_what_is_not_there_is_named(folder):
    odd = ["missing.json", "no/such/folder", "x" * 5000, "zero\0byte"]
    found = class_progress([folder, *odd])
    assert len(found.rows) == 1
    assert len(found.refused) == 4
    assert found.refused[0] == ("missing.json", "there is no such file or folder")
    assert all(len(name) <= 300 for name, _ in found.refused)
    assert is_inert(as_text(found))
    (folder / "anna.json").unlink()
    with pytest.raises(ValueError, match=r"there is no file that ends in \.json"):
        class_progress([folder])


def test_names_of_files_do_no_harm(folder, tmp_path):
    names = [f"{BACKWARDS}gnp.json", f"{ESCAPE}[2J.json", "<script>alert(1)<∕script>.json", "a\nb.json", "&amp;.json"]
    for name in names:
        (folder / name).write_text("{")
    zipped(tmp_path, [("<script>" + "y" * 60_000 + ".json", "{")], "long.zip")
    found = class_progress([folder, tmp_path / "long.zip"])
    assert len(found.refused) == 6
    text, page = as_text(found), as_page(found)
    assert "\\u202egnp.json" in text
    assert "\\x1b[2J.json" in text
    assert "a\\nb.json" in text
    assert BACKWARDS not in text + page
    assert ESCAPE not in text + page
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "&amp;amp;.json" in page
    assert max(len(name) for name, _ in found.refused) <= 300


# Who is who ------------------------------------------------------------------------------------------------------


def write(folder, file, **given):
    (folder / file).write_text(content(**given), encoding="utf-8")


@pytest.mark.parametrize("order", [("early", "late"), ("late", "early")])
def test_the_same_learner_twice_counts_once_and_the_later_file_wins_whatever_it_is_called(folder, order):
    key = mistake_key(EXERCISE, "x")
    early = {EXERCISE: tally(tries=2, right=False, mistakes={key: 2})}
    late = {EXERCISE: tally(tries=5, hints=1, mistakes={key: 3}), "02.exercise_1": tally()}
    for place, which in enumerate(order):
        write(folder, f"{place}.json", name="ben", exercises=early if which == "early" else late)
    found = read_handed_in([folder, folder / "1.json"])
    assert [learner.name for learner in found.learners] == ["anna", "ben"]
    assert found.learners[1].exercises == {name: Tally(**each) for name, each in late.items()}
    assert found.files == 4
    assert found.remarks == {handed_in.AGAIN: ["1.json", "1.json"]}


def test_two_learners_of_one_name_stay_two(folder):
    write(folder, "other.json", name="anna", number="f" * 12)
    found = class_progress([folder])
    assert found.rows == (("anna (1 of 2 of this name)", 1), ("anna (2 of 2 of this name)", 1))
    assert found.remarks == {SEVERAL: ("anna",)}


def test_one_number_under_two_names_is_two_learners(folder):
    write(folder, "copied.json", name="ben")
    assert [row[0] for row in class_progress([folder]).rows] == ["anna", "ben"]


def old(folder, file, name, **tallies):
    exercises = {key.replace("_", ".exercise_"): tally(**each) for key, each in tallies.items()}
    (folder / file).write_text(json.dumps({"format": 1, "name": name, "exercises": exercises}))


def test_files_of_format_1_are_counted_without_their_mistakes_and_it_is_said(folder):
    old(folder, "ben.json", "ben", **{"01_3": {"tries": 4, "right": False, "hints": 2, "mistakes": {"0": 3, "11": 1}}})
    found = read_handed_in([folder])
    assert found.learners[1].exercises == {EXERCISE: Tally(tries=4, hints=2)}
    assert found.remarks == {handed_in.OLD: ["ben.json"]}
    old(folder, "ben.json", "ben", **{"01_3": {"mistakes": {"abc": 1}}})
    assert "'abc' is no mistake" in read_handed_in([folder]).refused[0][1]


def test_of_format_1_a_file_that_holds_all_of_another_is_a_later_one(folder):
    old(folder, "1.json", "ben", **{"01_3": {"tries": 1}})
    old(folder, "2.json", "ben", **{"01_3": {"tries": 2}, "01_4": {"tries": 1}})
    old(folder, "3.json", "ben", **{"01_5": {"tries": 9}})  # another Ben
    found = read_handed_in([folder])
    assert [learner.name for learner in found.learners] == ["anna", "ben", "ben"]
    assert found.remarks[handed_in.AGAIN] == ["1.json"]


def test_a_file_of_format_1_and_a_later_one_of_format_2_are_one_learner(folder):
    old(folder, "old.json", "anna", **{"01_3": {"tries": 1, "mistakes": {"2": 1}}})
    found = read_handed_in([folder])
    assert [learner.name for learner in found.learners] == ["anna"]
    assert found.remarks == {handed_in.OLD: ["old.json"], handed_in.AGAIN: ["old.json"]}


def test_a_byte_order_mark_in_front_is_no_harm(folder):
    (folder / "ben.json").write_bytes(b"\xef\xbb\xbf" + content("ben").encode())
    assert [learner.name for learner in read_handed_in([folder]).learners] == ["anna", "ben"]


def test_names_are_ordered_by_their_letters(folder):
    for place, name in enumerate(("Zoe", "özgür", "Peter", "ánna2", "דנה")):
        write(folder, f"{place}.json", name=name)
    assert [learner.name for learner in read_handed_in([folder]).learners] == [
        *("anna", "ánna2", "özgür", "Peter", "Zoe", "דנה")
    ]


def test_ten_thousand_files_are_counted_and_too_many_are_not(folder, tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        for place in range(10_000):
            archive.writestr(f"{place}.json", content(f"n{place % 5000}", f"{place:012x}"))
    found = class_progress([tmp_path / "many.zip"])
    assert (len(found.rows), found.files) == (10_000, 10_000)
    assert next(each.solved for each in found.asked if each.name == EXERCISE) == 10_000
    assert "10,000 learners, from 10,000 files" in as_text(found)
    assert len(as_text(found)) < 5000
    monkeypatch.setattr(handed_in, "MOST_FILES", 9_999)
    with pytest.raises(ValueError, match=r"more than 9,999 \.json files"):
        class_progress([tmp_path / "many.zip"])
