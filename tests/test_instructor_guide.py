"""The instructor guide says what is so: minutes, sums, sections, cells, calls and quotes, held against the course."""

import importlib
import json
import re
from datetime import datetime, timedelta

import lint
import minutes
import nbformat
import needs
import pytest
import schedules
from conftest import PROJECT

from practicum.exercises import Exercise, Question

GUIDE = PROJECT / "docs" / "instructor-guide.md"
TEXT = GUIDE.read_text(encoding="utf-8")
NOTEBOOKS = schedules.NOTEBOOKS
COUNTED = {number: minutes.sections(path) for number, path in NOTEBOOKS.items()}
PAGES = {page[:2]: page for page in re.split(r"^### ", TEXT.partition("## Notebook by notebook")[2], flags=re.M)[1:]}
SCHEDULES = {schedule.title: schedule for schedule in schedules.read(TEXT)}
CALLS = dict(re.findall(r"^\*\*([A-Z])\. .*?\n```python\n(.*?)^```$", TEXT, re.M | re.S))


def row(page, name):
    """What the table of a notebook's page has beside a word."""
    return re.search(rf"^\| {name} \| (.*) \|$", PAGES[page], re.M)[1]


def source(number, folder="notebooks"):
    cells = nbformat.read(PROJECT / folder / NOTEBOOKS[number].name, as_version=4).cells
    return "\n".join(cell.source for cell in cells)


def test_there_are_a_half_day_a_day_and_four_evenings():
    assert list(SCHEDULES) == ["Half a day", "One day", *(title for title in SCHEDULES if title.startswith("Evening"))]
    assert len(SCHEDULES) == 6


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
def test_every_row_of_a_schedule_was_read(schedule):
    rows = len(schedule.blocks) + len(schedule.late)
    assert rows == schedule.text.count("\n| ") - 2  # but the heads of its two tables
    assert len(schedule.late) >= 2
    for block in schedule.blocks:
        assert bool(block.notebook) == ("](../notebooks/" in block.what), block.what
        assert not block.notebook or NOTEBOOKS[block.notebook].name == block.file


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
def test_schedule_has_no_holes_and_time_for_what_it_counts(schedule):
    now = datetime.strptime(schedule.blocks[0].begins, "%H:%M")
    for block in schedule.blocks:
        assert block.begins == now.strftime("%H:%M"), block.what
        now += timedelta(minutes=block.lasts)
        assert block.said == (str(block.counted) if block.notebook else ""), block.what
        assert block.lasts >= int(block.counted * 4 / 3), block.what  # "and a third more", as the guide says


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
def test_blocks_name_each_section_once_and_the_exercises_in_them(schedule):
    for block in schedule.blocks:
        named = [*block.sections, *block.run_only]
        assert len(set(named)) == len(named), block.what
        asked = schedules.exercises(block.notebook, block.sections) if block.notebook else []
        assert block.asks == ", ".join(asked), block.what


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
def test_blocks_have_the_cells_of_left_out_sections_run_that_others_need(schedule):
    for block in filter(lambda block: block.notebook, schedule.blocks):
        assert needs.needed(NOTEBOOKS[block.notebook], block.sections) == list(block.run_only), block.what


def late_rows():
    return [
        pytest.param(schedule, late, id=f"{schedule.title}, {late.at}, {late.minutes}")
        for schedule in SCHEDULES.values()
        for late in schedule.late
    ]


@pytest.mark.parametrize(("schedule", "late"), late_rows())
def test_who_is_late_leaves_out_what_comes_later_and_enough_of_it(schedule, late):
    saves = 0.0
    for notebook, left_out in late.left_out.items():
        block = schedule.block(notebook)
        assert block.begins >= late.at, notebook
        assert set(left_out) <= set(block.sections), notebook  # it is in the plan, or leaving it out saves nothing
        saves += block.lasts if not late.left(block) else schedules.minutes_of(notebook, left_out) * 4 / 3
    assert late.saves == round(saves)
    assert late.saves >= late.minutes
    assert "“" in late.says  # the sentence that stands for it


@pytest.mark.parametrize(("schedule", "late"), late_rows())
def test_who_is_late_still_runs_the_cells_that_are_needed(schedule, late):
    for notebook in late.left_out:
        block = schedule.block(notebook)
        left = late.left(block)
        besides = set(needs.needed(NOTEBOOKS[notebook], left)) if left else set()
        assert besides - set(block.run_only) == set(late.run_only[notebook]), notebook


@pytest.mark.parametrize("title", ["Half a day", "One day"])
def test_sums_of_a_day_are_said(title):
    schedule = SCHEDULES[title]
    said = re.search(r"\*\*(\d+) minutes, of which (\d+) are counted and (\d+) are breaks", schedule.text)
    breaks = sum(block.lasts for block in schedule.blocks if block.what in ("Break", "Lunch"))
    counts = sum(block.counted for block in schedule.blocks if block.notebook)
    assert list(map(int, said.groups())) == [sum(block.lasts for block in schedule.blocks), counts, breaks]


def test_sums_of_the_evenings_are_said():
    whole, pause = map(int, re.search(r"\*\*(\d+) minutes, of which (\d+) are a break\*\*", TEXT).groups())
    evenings = [schedule.blocks for title, schedule in SCHEDULES.items() if title.startswith("Evening")]
    assert [sum(block.lasts for block in blocks) for blocks in evenings] == [whole] * 4
    assert [[block.lasts for block in blocks if block.what == "Break"] for blocks in evenings] == [[pause]] * 4


def test_every_notebook_has_a_page_in_order():
    assert list(PAGES) == list(NOTEBOOKS)


@pytest.mark.parametrize("number", NOTEBOOKS)
def test_page_says_the_minutes_that_are_counted(number):
    whole = sum(section.minutes for section in COUNTED[number])
    assert row(number, "Minutes") == f"{whole:.0f} minutes: {minutes.in_a_line(COUNTED[number])}"


@pytest.mark.parametrize("number", NOTEBOOKS)
def test_page_is_a_page_with_a_few_questions_and_misconceptions(number):
    page = PAGES[number]
    assert len(page.split()) < 540
    assert 3 <= len(re.findall(r"^- \*.*?\?\* ", page, re.M) + re.findall(r"^- \*[^*]*\.\* ", page, re.M)) <= 5
    assert 2 <= len(re.findall(r"^\| “", page, re.M)) <= 3


@pytest.mark.parametrize("number", NOTEBOOKS)
def test_each_exercise_is_done_alone_in_pairs_or_together(number):
    grouped = re.findall(r"(\d+) \(§ (\d+)\)", row(number, "Exercises"))
    assert len(grouped) == len(re.findall(r"\d+", row(number, "Exercises"))) / 2
    asked = [
        (exercise, section.number)
        for section in COUNTED[number]
        for exercise in schedules.exercises(number, (section.number,))
    ]
    assert sorted(grouped) == sorted(asked)


@pytest.mark.parametrize("number", NOTEBOOKS)
def test_cells_to_show_and_to_leave_out_are_in_the_notebook(number):
    known = source(number)
    in_calls = "\n".join(CALLS.values())
    for name in ("Show", "Rescue"):
        for code in re.findall(r"`([^`]+)`", row(number, name)):
            elsewhere = name == "Rescue" and (code in in_calls or code.endswith(".csv"))
            assert elsewhere or code in known or re.fullmatch(r"time_budget=\d+|train\(\.\.\.\)", code), (name, code)


@pytest.mark.parametrize("number", NOTEBOOKS)
def test_words_of_the_pages_to_click_are_on_them(number):
    pages = [*(PROJECT / "practicum" / "static").rglob("*.js"), *(PROJECT / "practicum" / "static").rglob("*.jinja")]
    known = "\n".join(path.read_text(encoding="utf-8") for path in pages)
    for word in re.findall(r"\*([^*]+)\*", row(number, "Show")):
        assert word in known, word


@pytest.mark.parametrize("number", NOTEBOOKS)
def test_sections_to_skip_and_to_speak_of_exist(number):
    there = {section.number for section in COUNTED[number]}
    for name in ("Skip", "Rescue", "Show"):
        for words in re.findall(r"\b[Ss]ections? (\d[\d, ]*(?:(?:and|to) \d+)?)", row(number, name)):
            assert set(re.findall(r"\d+", words)) <= there, words
    assert "Say: “" in row(number, "Skip")


@pytest.mark.parametrize("number", [number for number in NOTEBOOKS if number != "12"])  # an appendix, in no schedule
def test_what_is_shown_is_taught_or_marked(number):
    for section, mark in re.findall(r"\[[Ss]ection (\d+)\]\([^)]*\)(?: \(([^)]*)\))?", row(number, "Show")):
        where = {
            title
            for title, schedule in SCHEDULES.items()
            for block in schedule.blocks
            if block.notebook == number and section in block.sections
        }
        days = {"Half a day", "One day"} & where
        of_a_day = any(block.notebook == number for block in SCHEDULES["One day"].blocks)
        expected = "" if days or (where and not of_a_day) else "evenings" if where else "if there is time"
        assert mark == expected, section


def test_the_mail_to_learners_has_commands_that_the_readme_has():
    mail = TEXT.partition("### A mail to learners")[2].partition("\n## ")[0]
    readme = (PROJECT / "README.md").read_text("utf-8")
    for command in ("make lab", "-m pip install -r requirements.txt -c constraints.txt", "-m practicum doctor"):
        assert command in mail
        assert command in readme
    assert "git clone <ADDRESS> cnn-practicum" in mail


def test_handing_in_is_said_as_it_works(tmp_path, monkeypatch):
    from practicum.learner import keep_progress

    code = re.search(r"```python\n(.*?)```", TEXT.partition("## After the day")[2].partition("\n## ")[0], re.S)[1]
    monkeypatch.setenv("PRACTICUM_PROGRESS", str(tmp_path / "kept"))
    monkeypatch.chdir(tmp_path)
    keep_progress("anna")
    exec(code, {})
    assert [path.name for path in tmp_path.glob("*.json")] == ["practicum-anna.json"]


@pytest.mark.parametrize("number", NOTEBOOKS)
def test_misconceptions_are_what_the_course_says_to_a_wrong_answer(number):
    lesson = importlib.import_module(f"practicum.lessons.lesson_{number}")
    for quote, what, asked in re.findall(r"^\| “(.*?)” \((exercise|question) (\d+)\) \|", PAGES[number], re.M):
        one = getattr(lesson, f"{what}_{asked}")
        match one:
            case Exercise():
                said = [mistake.says for mistake in one.mistakes]
            case Question():
                said = [choice.text for choice in one.choices if not choice.right]
        assert any(quote in each for each in said), quote


def test_every_misconception_was_read():
    assert len(re.findall(r"^\| “.*?” \((?:exercise|question) \d+\) \|", TEXT, re.M)) == TEXT.count("\n| “")


def test_links_lead_to_headings():
    own = lint.anchors(GUIDE)
    targets = re.findall(r"\]\(([^)\s]+#[^)\s]+|#[^)\s]+)\)", TEXT)
    assert len(targets) > 40
    for file, _, anchor in (target.partition("#") for target in targets):
        path = (GUIDE.parent / file) if file else GUIDE
        if path.suffix == ".ipynb":  # Jupyter's anchors are the headings with hyphens for blanks
            prose = lint.Notebook(path, nbformat.read(path, as_version=4)).prose
            assert anchor in {heading.replace(" ", "-") for _, heading in lint.headings(prose)}, anchor
        else:
            assert anchor in (own if path == GUIDE else lint.anchors(path)), anchor


def test_contents_name_every_heading_of_the_second_level():
    contents = TEXT.partition("## Contents")[2].partition("\n## ")[0]
    wanted = lint.anchors(GUIDE) - {
        "instructor-guide",
        "contents",
        "notebook-by-notebook",
    }
    listed = set(re.findall(r"\(#([^)]+)\)", contents))
    assert listed == {anchor for anchor in wanted if not anchor.startswith("evening-")}


@pytest.mark.parametrize("letter", CALLS)
def test_rescue_calls_run(letter, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(CALLS[letter], f"call {letter}", "exec"), {})
    if letter == "F":
        assert {path.name for path in tmp_path.glob("*.html")} == {"convolution.html", "pooling.html", "network.html"}


def test_rescue_calls_that_pages_name_exist():
    named = {each for words in re.findall(r"\bcalls? ([A-Z](?: and [A-Z])?)\b", TEXT) for each in words.split(" and ")}
    assert named == set(CALLS) == set("ABCDEF")


def test_table_of_minutes_is_the_count_and_what_notebooks_and_measurements_say():
    part = TEXT.partition("## Minutes of each notebook")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (\d\d) \| (\d+) \| (.*?) \| (?:(\d+) )?\|$", part, re.M)
    assert [number for number, *_ in rows] == list(NOTEBOOKS)
    measurements = (PROJECT / "docs" / "measurements.md").read_text("utf-8").partition("## A learner's notebook")[2]
    for number, whole, works, seconds in rows:
        assert int(whole) == round(sum(section.minutes for section in COUNTED[number]))
        # "of which the computer works about one": minute
        assert re.search(rf"\b{works.removesuffix(' minute')}\b", minutes.computing(NOTEBOOKS[number])), number
        assert re.search(rf"^\| {number} \| \d+ \| {seconds} \| ", measurements, re.M), (number, seconds)
    hours = sum(section.minutes for sections in COUNTED.values() for section in sections) / 60
    assert "Fourteen hours in all." in part
    assert round(hours) == 14


# What the guide says in figures -> the notebook whose text or stored output has it. The texts there are checked
# themselves, by assertions and by docs/limits.md.
FIGURES = {
    "62 % right": ("00", "test accuracy: 62%"),
    "57 to 66 %": ("00", "12 other seeds: 0.57 to 0.66"),
    "5 to 40 seconds": ("00", "5 to 40 seconds on most machines"),
    "82 % changed, with max pooling 47 %": ("02", "== [79, 82, 47, 23]"),
    "75 of 100 at random": ("03", "at random: 75 of 100"),
    "63 of 100 on new emoji": ("03", "new: 63 of 100"),
    "78 with a twin, 64 without": ("03", "78 of 100 are right; without: 64"),
    "twins (77 %)": ("03", "training: 77%"),
    "8 to 14 points apart": ("03", "12 other seeds: 0.08 to 0.14"),
    "`dense1` (58 %)": ("04", "[0, 8, 33, 58, 0]"),
    "3, 8 and 18 pixels": ("04", "fields == [3, 4, 8, 10, 18, 22]"),
    "The stored run: 88.8 % right": ("05", "test accuracy 88.8%"),
    "0.33 of its length": ("06", "moved by 0.33 of its length"),
    "0.18 points": ("06", "/ len(dataset.test), 2) == 0.18"),
    "more than 92 %": ("07", "right(repaired, lying) > 0.925"),
    "fewer than 30 %": ("07", 'found["of another class"] < 0.3'),
    "600 brought about 4 points, 1,200 about 7": ("08", "== [4, 7, 2]"),
    "its stored result is 88.8 %": ("09", "accuracy on the test images: 88.8%"),
    "less than 1 % of the multiply-adds": ("09", "less than 1 % of what the best takes"),
    "57 % from scratch, 54 % frozen and 63 % tuned": ("10", "{'scratch': '57%', 'frozen': '54%', 'tuned': '63%'}"),
    "64.1 % for the classic network, 84.8 % for transfer": ("11", "[63.3, 64.1, 71.6, 76.4, 84.8]"),
    "200 give ± 2.8 points": ("11", "200 pictures: ± 2.8 points"),
    "3.2 s in place of 1.0": ("12", "one device: 1.0 s; two devices that are one processor: 3.2 s"),
}


@pytest.mark.parametrize("said", FIGURES)
def test_figures_are_those_of_the_notebooks(said):
    number, there = FIGURES[said]
    assert said in PAGES[number]
    cells = nbformat.read(PROJECT / "notebooks" / "solutions" / NOTEBOOKS[number].name, as_version=4).cells
    printed = (text for cell in cells for output in cell.get("outputs", []) for text in lint.texts_of(output))
    assert there in "\n".join([*(cell.source for cell in cells), *printed])


def test_figures_of_other_documents_stand_in_them():
    capacity, measurements = (
        (PROJECT / "docs" / name).read_text("utf-8") for name in ("capacity.md", "measurements.md")
    )
    assert "**22**, because all begin at once" in capacity
    assert "one server with 64 GB and 24 cores" in capacity
    assert "packages are 2.3 GB stored" in capacity
    assert "| **79 %** | **80 %** | **68 %** |" in measurements
    assert "| saliency | 40 % | 48 % | 50 % |" in measurements
    assert "| the picture's centre | 33 % | 33 % | 29 % |" in measurements
    assert json.loads((PROJECT / "data" / "models" / "cifar10.json").read_text())["test_accuracy"] == 0.8872


# The script that counts.


@pytest.mark.parametrize("number", NOTEBOOKS)
def test_sections_are_together_as_long_as_the_notebook(number):
    whole = lint.Notebook(NOTEBOOKS[number], nbformat.read(NOTEBOOKS[number], as_version=4))
    assert sum(section.minutes for section in COUNTED[number]) == pytest.approx(lint.minutes(whole))
    assert [section.number for section in COUNTED[number]] == ["start", *map(str, range(1, len(COUNTED[number])))]


def test_a_cell_is_cut_at_its_numbered_headings_only():
    text = (
        "Before.\n\n## 1. One\n\n### Exercise 1\n\n```\n## 2. No heading\n```\n\n## 2. Two\n\n## Without a number\nEnd."
    )
    pieces = list(minutes.cut(text))
    assert [heading for heading, _ in pieces] == ["", "1. One", "2. Two"]
    assert "".join(piece for _, piece in pieces) == text
    assert [heading for heading, _ in minutes.cut("## 1. One\ntext")] == ["1. One"]
    assert list(minutes.cut("text")) == [("", "text")]


def test_a_section_has_its_words_code_and_exercises(tmp_path):
    def cells(*texts):
        return [nbformat.v4.new_markdown_cell(text) for text in texts]

    checks = [nbformat.v4.new_code_cell(f"lesson.{each}.check(None)") for each in ("exercise_3", "question_1")]
    texts = cells("word " * 150, "## 1. One\n" + "word " * 298), cells("## 2. Two\nIt is short.")
    notebook = nbformat.v4.new_notebook(cells=[*texts[0], *checks, *texts[1]])
    nbformat.write(notebook, tmp_path / "01_topic.ipynb")
    start, one, two = minutes.sections(tmp_path / "01_topic.ipynb")
    assert (start.minutes, start.asks) == (1, ())
    assert one.minutes == pytest.approx(300 / 150 + 2 * 5 / 60 + 3 + 1)
    assert one.asks == ("exercise 3", "question 1")
    assert two.minutes == pytest.approx(5 / 150)
    assert minutes.in_a_line([start, one, two]) == "start 1, 1: 6, 2: 1"  # nothing takes no time


def test_the_command_prints_sections_and_lines(capsys):
    path = NOTEBOOKS["04"]
    assert minutes.main([str(path)]) == 0
    printed = capsys.readouterr().out
    assert "7. Where the cost sits  [exercise 5, exercise 6]" in printed
    assert "Nothing is trained here." in printed
    assert minutes.main(["--guide", str(path)]) == 0
    assert capsys.readouterr().out.startswith(f"04: {row('04', 'Minutes')}.")
