"""What a class's progress files say together, in a terminal, as JSON and as a page."""

import importlib
import json
import re
from collections import defaultdict

import pytest
from browser import accessibility_problems, scrolls_sideways
from handed_in_files import content, tally
from test_lessons import EXERCISES, MODULES, QUESTIONS

from practicum import cli, learner
from practicum.class_page import as_page, as_text, save_page, summary
from practicum.class_progress import GONE, Asked, class_progress
from practicum.learner import export_progress, keep_progress
from practicum.lessons import lesson_01, lesson_02
from practicum.tallies import HOLDS, mistake_key

PADDING = lesson_01.exercise_3
ODD_SIDE, ONE_SIDE, ROWS = (PADDING.mistakes[place].says for place in (0, 1, 6))


def key(text, name=PADDING.name):
    return mistake_key(name, text)


@pytest.fixture
def hand_in(tmp_path):
    """A function that writes one learner's file, of exercises and what was done with them; and the folder."""
    folder = tmp_path / "in"
    folder.mkdir()

    def write(name, exercises):
        number = f"{len(list(folder.iterdir())):012x}"
        path = folder / f"{name}-{number}.json"
        path.write_text(content(name, number, {key: tally(**each) for key, each in exercises.items()}), "utf-8")
        return path

    write.folder = folder
    return write


@pytest.fixture
def a_class(hand_in):
    """Four learners, of whom two are stuck with the padding, and one was misled by it."""
    question = lesson_01.question_1
    hand_in("ana", {PADDING.name: {"tries": 5, "right": False, "hints": 2, "mistakes": {key(ODD_SIDE): 4}}})
    hand_in("ben", {PADDING.name: {"tries": 3, "mistakes": {key(ODD_SIDE): 1, key(ONE_SIDE): 1}}})
    hand_in(
        "cem",
        {
            PADDING.name: {"tries": 2, "right": False, "solution": True, "mistakes": {key(ONE_SIDE): 1, "00000000": 1}},
            question.name: {"tries": 2, "mistakes": {key("26×26", question.name): 1}},
            "00.exercise_1": {},
        },
    )
    hand_in("dua", {question.name: {}, "02.exercise_1": {"tries": 0, "right": False, "hints": 1}})
    return hand_in.folder


def run(*arguments, capsys):
    try:
        status = cli.main([str(each) for each in arguments])
    except SystemExit as leaving:
        status = leaving.code
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def asked(found, name):
    return next(each for each in found.asked if each.name == name)


# Counting --------------------------------------------------------------------------------------------------------


def test_how_many_did_what(a_class):
    found = asked(class_progress([a_class]), PADDING.name)
    assert (found.tried, found.solved, found.stuck, found.misled) == (3, 1, 2, 1)
    assert (found.hints, found.solution) == (1, 1)
    assert found.asks == PADDING.asks
    hinted = asked(class_progress([a_class]), "02.exercise_1")
    assert (hinted.tried, hinted.hints, hinted.stuck) == (0, 1, 0)


def test_mistakes_are_named_and_counted_by_learners_and_times(a_class):
    found = asked(class_progress([a_class]), PADDING.name).misconceptions
    assert [(each.learners, each.times) for each in found] == [(2, 5), (2, 2), (1, 1)]
    assert [each.text.lower().rstrip(".") for each in found[:2]] == [ODD_SIDE.lower(), ONE_SIDE.lower()]
    assert found[0].text[0].isupper()
    assert found[2].text == GONE
    (chosen,) = asked(class_progress([a_class]), lesson_01.question_1.name).misconceptions
    assert (chosen.choice, chosen.text) == ("26×26", "That is the number of places with stride 1.")


def test_what_most_learners_met_stands_before_what_one_met_often(hand_in):
    hand_in("ana", {PADDING.name: {"tries": 50, "mistakes": {key(ROWS): 40}}})
    for name in ("ben", "cem"):
        hand_in(name, {PADDING.name: {"mistakes": {key(ODD_SIDE): 1}}})
    found = asked(class_progress([hand_in.folder]), PADDING.name).misconceptions
    assert [(each.learners, each.times) for each in found] == [(2, 2), (1, 40)]


def test_what_to_talk_about_stands_first(hand_in):
    def two(name, **each):
        for place in range(2):
            hand_in(f"{name[:2]}{name[-1]}{place}", {name: each})

    two("02.exercise_2")  # solved at once: nothing to talk about
    two("00.exercise_2", solution=True)  # misled: one point for each
    two("05.exercise_1", tries=3, right=False)  # stuck: two points for each
    two("01.exercise_1", tries=2, mistakes={key(lesson_01.exercise_1.mistakes[3].says, "01.exercise_1"): 1})
    hand_in("x", {"01.exercise_1": {"tries": 1, "right": False}})
    found = class_progress([hand_in.folder])
    order = ["01.exercise_1", "05.exercise_1", "00.exercise_2"]
    assert [(each.name, each.points) for each in found.to_talk_about] == list(zip(order, (4, 4, 2), strict=True))
    assert [each["name"] for each in found.to_dict()["asked"]][:3] == order
    assert re.findall(r"^ +\d\. Notebook (\d\d), Exercise (\d):", as_text(found), re.MULTILINE) == [
        *(("01", "1"), ("05", "1"), ("00", "2"))
    ]
    assert re.findall(r"<h3>\d\. Exercise (\d) of notebook (\d\d)", as_page(found)) == [
        *(("1", "01"), ("1", "05"), ("2", "00"))
    ]


def test_the_course_is_whole_and_in_order(a_class):
    found = class_progress([a_class])
    assert [each.name for each in found.asked] == [each.name for each in in_course_order()]
    assert list(found.notebooks) == [name[-2:] for name in MODULES]
    assert found.notebooks["02"] == "ReLU and pooling"
    assert all(title[0].isupper() for title in found.notebooks.values())
    assert (found.begun, found.notebooks_not_begun[0]) == ({"00": 1, "01": 4}, "02")
    assert found.rows == (("ana", 0), ("ben", 1), ("cem", 2), ("dua", 1))


def in_course_order():
    by_notebook = defaultdict(list)
    for each in [*EXERCISES, *QUESTIONS]:
        by_notebook[each.name[:2]].append(each)
    return [each for number in sorted(by_notebook) for each in by_notebook[number]]


def test_no_two_mistakes_of_an_exercise_share_a_key_unless_they_share_their_text():
    for each in EXERCISES:
        texts = {mistake.says for mistake in each.mistakes}
        assert len({mistake_key(each.name, text) for text in texts}) == len(texts)
    for each in QUESTIONS:
        assert len({mistake_key(each.name, choice.text) for choice in each.choices}) == len(each.choices)


def test_exercises_of_another_version_are_left_out_and_it_is_said(hand_in):
    names = ["13.exercise_1", "01.exercise_99", "<script>", "\x1b[2J"]
    hand_in("ana", {"00.exercise_1": {}} | {name: {} for name in names})
    found = class_progress([hand_in.folder])
    (remark,) = found.remarks
    assert remark.startswith(
        "Not in this version of the course, and not counted: \\x1b[2J, 01.exercise_99, 13.exercise_1 and"
    )
    assert found.rows == (("ana", 1),)
    assert found.begun == {"00": 1}
    assert "\x1b" not in as_text(found) + as_page(found)


def test_from_a_check_in_a_notebook_to_the_class(tmp_path, monkeypatch):
    """What a learner answers wrongly is what the teacher reads."""
    monkeypatch.setenv("PRACTICUM_PROGRESS", str(tmp_path / "kept"))
    monkeypatch.setattr(learner, "_in_memory", {})
    monkeypatch.setattr(learner, "_trouble", "")
    for name, answer in (("anna", ((2, 1), (2, 1))), ("ben", ((1, 2), (1, 2))), ("Özgür", ((2, 1), (2, 1)))):
        keep_progress(name)
        lesson_01.exercise_3.check(answer)
        lesson_02.question_1.check("a" if lesson_02.question_1.right != "a" else "b")
        lesson_01.exercise_3.hint()
        export_progress(tmp_path)
    found = class_progress(sorted(tmp_path.glob("practicum-*.json")))
    (met,) = asked(found, PADDING.name).misconceptions
    assert (met.learners, met.text.lower().rstrip(".")) == (2, ODD_SIDE)
    assert summary(asked(found, PADDING.name)) == "1 of 3 learners who tried has solved it; 3 took hints"
    assert asked(found, "02.question_1").misconceptions[0].learners == 3
    assert not found.refused
    assert not found.remarks


# Showing ---------------------------------------------------------------------------------------------------------


def test_the_terminal_shows_what_to_talk_about_and_no_names(a_class, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    text = as_text(class_progress([a_class]))
    assert text.startswith(
        "4 learners, from 4 files\n\nTo talk about first\n  1. Notebook 01, Exercise 3: 1 of 3 learners"
    )
    assert f"     • 2 learners, 5 times: {ODD_SIDE[0].upper()}{ODD_SIDE[1:]}." in text
    assert "     • 1 learner, 1 time: “26×26” – That is the number of places with stride 1." in text
    assert re.search(r"^    Exercise 3 +3 +1 +2 +1 +1$", text, re.MULTILINE)
    assert "Not begun by anybody: notebooks 02, 03, 04" in text
    twice = next(a_class.glob("ana*"))
    (a_class / "ana-again.json").write_bytes(twice.read_bytes())
    (a_class / "dua-again.json").write_text(content("dua", "f" * 12))
    text = as_text(class_progress([a_class]))
    assert "with the larger of each count (1, which the page and --json name)." in " ".join(text.split())
    assert not re.search("ana|ben|cem|dua", text), "a terminal is shown to the room"
    assert max(map(len, text.splitlines())) <= 100
    monkeypatch.setenv("COLUMNS", "50")
    assert max(len(line) for line in as_text(class_progress([a_class])).split("Every exercise")[0].splitlines()) <= 50


def test_a_class_without_trouble_is_said_so(hand_in):
    hand_in("ana", {"00.exercise_1": {}})
    found = class_progress([hand_in.folder])
    assert "Nobody was stuck, and no known mistake came up." in as_text(found)
    assert "Nobody was stuck, and no known mistake came up." in as_page(found)
    hand_in.folder.joinpath("ana-000000000000.json").unlink()
    hand_in("ben", {})
    found = class_progress([hand_in.folder])
    assert "Nobody has tried one yet." in as_text(found)
    assert "Not begun by anybody: notebooks 00, 01," in as_text(found)
    for shown in (as_text(found), as_page(found)):
        assert "Nobody has tried anything yet." in shown
        assert "Nobody was stuck" not in shown, "nobody could be"
    assert "of what was tried" not in as_page(found)
    assert "held somebody up" not in as_page(found)


@pytest.mark.parametrize(
    ("tried", "solved", "words"),
    [
        (0, 0, "nobody has tried it"),
        (1, 0, "the one learner who tried has not solved it"),
        (1, 1, "the one learner who tried has solved it"),
        (2, 0, "0 of 2 learners who tried have solved it"),
        (2, 1, "1 of 2 learners who tried has solved it"),
        (2, 2, "2 of 2 learners who tried have solved it"),
        (2000, 1999, "1,999 of 2,000 learners who tried have solved it"),
    ],
)
def test_what_is_said_agrees_with_its_number(tried, solved, words):
    given = {"hints": 0, "solution": 0, "stuck": tried - solved, "misled": 0, "misconceptions": ()}
    assert summary(Asked("01.exercise_3", "", tried, solved, **given)) == words


def test_one_of_everything_is_said_in_the_singular(hand_in):
    """One learner, one mistake more than are shown, one exercise more than are shown, one notebook not begun."""
    texts = list(dict.fromkeys(mistake.says for mistake in PADDING.mistakes))[:4]
    names = [each.name for each in in_course_order() if each.name < "12"]
    stuck = [name for name in names if name != PADDING.name][:8]
    exercises = {name: {"right": name not in stuck} for name in names}
    exercises[PADDING.name] = {"tries": 4, "right": False, "hints": 1, "mistakes": {key(text): 1 for text in texts}}
    hand_in("ana", exercises)
    found = class_progress([hand_in.folder])
    assert len(found.to_talk_about) == 9
    for shown in (" ".join(as_text(found).split()), " ".join(as_page(found).split())):
        assert "1 more mistake" in shown
        assert "1 more exercise or question" in shown
        assert "Not begun by anybody: notebook 12." in shown
        assert "the one learner who tried has not solved it; 1 took hints" in shown
        assert not re.search(r"(?<![\d.,])1 (learners|mistakes|exercises|notebooks|files|times|hints)\b", shown)
    assert "Put together from the progress files that 1 learner handed in." in as_page(found)
    assert "1 file was read." in as_page(found)


def test_the_command_prints_writes_a_page_and_answers_in_json(a_class, tmp_path, capsys):
    (a_class / "bad.json").write_text("{")
    status, out, err = run("workshop", "progress", a_class, "--out", tmp_path / "new" / "class.html", capsys=capsys)
    assert (status, err) == (0, "")
    assert "Not used (1)\n  bad.json: it is not JSON" in out
    assert out.endswith(f"page: {tmp_path / 'new' / 'class.html'}\n")
    page = (tmp_path / "new" / "class.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    status, out, err = run("workshop", "progress", a_class, "--json", capsys=capsys)
    assert (status, err, out.count("\n")) == (0, "", 1)
    answer = json.loads(out)
    assert (answer["learners"], answer["files"], answer["page"]) == (4, 4, None)
    assert answer["asked"][0]["name"] == PADDING.name
    assert answer["asked"][0]["misconceptions"][0]["learners"] == 2
    assert answer["solved"][2] == {"name": "cem", "solved": 2, "of": len(answer["asked"])}
    assert [each["file"] for each in answer["refused"]] == ["bad.json"]


def test_the_command_says_in_one_line_that_nothing_can_be_used(tmp_path, capsys):
    for name in "abcde":
        (tmp_path / f"{name}.json").write_text("")
    status, out, err = run("workshop", "progress", tmp_path, "no.json", capsys=capsys)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "a.json: it is empty; b.json: it is empty; c.json: it is empty; and 3 more." in err
    assert run("workshop", "progress", capsys=capsys)[0] == 2


def test_help_says_what_a_file_holds_and_that_nothing_is_sent(capsys):
    status, out, _ = run("workshop", "progress", "--help", capsys=capsys)
    words = " ".join(out.split())
    assert status == 0
    assert HOLDS in words
    assert "no answers and no times" in words
    assert "Nothing is ever sent" in words


def test_the_page_is_one_file_without_scripts_that_asks_for_nothing(a_class):
    page = as_page(class_progress([a_class]))
    assert "<script" not in page
    assert not re.search(r"https?:|src=|url\(|@import|\son\w+=", page)
    assert HOLDS in page
    assert "Nothing is ever sent" in page
    assert str(a_class.parent) not in page, "a page is handed on, and does not tell where files lie"
    assert as_page(class_progress([a_class])) == page


def test_every_lessons_module_can_be_told_by_its_first_line():
    for name in MODULES:
        assert ": " in importlib.import_module(f"practicum.lessons.{name}").__doc__.split("\n")[0]


# In a browser ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def large_class_page(tmp_path_factory):
    """Nine learners who have met every mistake of three notebooks, among them one with the longest name."""
    folder = tmp_path_factory.mktemp("large")
    for place in range(9):
        exercises = {}
        for each in (each for each in in_course_order() if each.name[:2] in ("00", "02", "11")):
            texts = [mistake.says for mistake in getattr(each, "mistakes", [])]
            texts += [choice.text for choice in getattr(each, "choices", []) if not choice.right]
            mistakes = {mistake_key(each.name, text): 1 for text in texts}
            exercises[each.name] = tally(tries=40, right=place > 5, mistakes=mistakes, solution=place > 7)
        name = ("w" * 40, "דנה", "Ana")[min(place, 2)]
        (folder / f"{place}.json").write_text(content(name, f"{place:012x}", exercises), "utf-8")
    for place in range(3):
        (folder / f"{'long-name-' * 20}{place}.json").write_text("{")
    return save_page(class_progress([folder]), folder / "class.html")


OPEN_ALL = "document.querySelectorAll('details').forEach((each) => { each.open = true; })"


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 360])
def test_the_page_can_be_read_by_everybody(large_class_page, open_page, color_scheme, width):
    page = open_page(large_class_page, width=width, color_scheme=color_scheme)
    assert accessibility_problems(page) == []
    page.evaluate(OPEN_ALL)
    assert not scrolls_sideways(page)
    assert accessibility_problems(page) == []


def test_the_page_unfolds_without_scripts_and_keeps_names_folded(a_class, tmp_path, open_page):
    page = open_page(save_page(class_progress([a_class]), tmp_path / "class.html"), scripts=False)
    names = page.get_by_text("cem", exact=True)
    assert not names.is_visible()
    page.locator("summary", has_text="4 learners").last.click()
    assert names.is_visible()
    assert page.locator("ol.talk h3").first.inner_text() == "1. Exercise 3 of notebook 01, Images and convolution"
    row = page.locator("[aria-label='Notebook 01'] tr", has_text="Exercise 3")
    assert not row.is_visible()
    page.get_by_text("01 Images and convolution").click()
    assert row.is_visible()
    assert row.locator("td").all_inner_texts() == ["3", "1", "2", "1", "1"]
