"""Each rule of tools/lint.py lets a good notebook pass, and finds what it is there to find."""

import re
import subprocess
import sys

import lint
import nbformat
import pytest
from conftest import PROJECT

PATH = PROJECT / "tools" / "lint.py"

TOP = """# A title

**The question.** What is it?

**After this notebook you can**

- say so.

**Time:** about 10 minutes.

**Before this:** nothing.

**Short of time?** Skip it."""


def markdown(text):
    return nbformat.v4.new_markdown_cell(text)


def code(text, *outputs, tags=()):
    metadata = {"tags": list(tags)} if tags else {}
    return nbformat.v4.new_code_cell(text, outputs=list(outputs), metadata=metadata)


def printed(text, name="stdout"):
    return nbformat.v4.new_output("stream", text=text, name=name)


def shown(text="<Figure>", **data):
    return nbformat.v4.new_output("display_data", data={"text/plain": text, **data})


def checks(says="not tried yet"):
    exercises = [code(f"lesson.exercise_{n}.check(None)", shown(f"Exercise {n}: {says}")) for n in (1, 2)]
    answer = "b: right: so it is" if says == "right" else "not answered yet"
    return [*exercises, *(code(f"lesson.question_{n}.check(None)", shown(answer)) for n in (1, 2))]


def good(*more, says="not tried yet"):
    """A notebook that keeps all rules, with more cells before its exercises."""
    cells = [markdown(TOP), code("x = 1"), *more, markdown("## Exercises"), *checks(says), code("lesson.progress()")]
    return finished(nbformat.v4.new_notebook(cells=cells))


def finished(notebook):
    """As tools/execute.py leaves it."""
    count = 0
    for place, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{place:02d}"
        if cell.cell_type == "code":
            count += 1
            cell["execution_count"] = count
    return notebook


def problems(notebook, tmp_path, name="01_topic.ipynb"):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return lint.problems(path)


def test_a_good_notebook_has_no_problems(tmp_path):
    assert problems(good(), tmp_path) == []
    assert problems(good(says="right"), tmp_path, "solutions/01_topic.ipynb") == []


def without_a_question():
    notebook = good()
    notebook.cells = [cell for cell in notebook.cells if "question_2" not in cell.source]
    return finished(notebook)


def not_run():
    notebook = good()
    notebook.cells[1].execution_count = None
    return notebook


def odd_id():
    notebook = good()
    notebook.cells[1]["id"] = "a1b2c3"
    return notebook


def with_widgets():
    notebook = good()
    notebook.metadata["widgets"] = {}
    return notebook


def with_metadata():
    notebook = good()
    notebook.cells[1].metadata["collapsed"] = True
    return notebook


def without(part):
    notebook = good()
    notebook.cells[0].source = TOP.replace(part, "")
    return notebook


def begins_with_code():
    notebook = good()
    notebook.cells.insert(0, code("import this"))
    return finished(notebook)


def saying(minutes):
    notebook = good()
    notebook.cells[0].source = TOP.replace("10 minutes", minutes)
    return notebook


ERROR = nbformat.v4.new_output("error", ename="ValueError", evalue="no", traceback=[])
PICTURE = {"image/png": "iVBORw0KGgo="}
BAD = {  # what is wrong -> the rule that must find it, and the notebook
    "not run": ("was_run_from_top_to_bottom", not_run()),
    "an id by chance": ("is_valid_and_named_in_order", odd_id()),
    "widgets": ("holds_nothing_of_a_machine", with_widgets()),
    "metadata": ("holds_nothing_of_a_machine", with_metadata()),
    "unknown tag": ("holds_nothing_of_a_machine", good(code("y = 1", tags=["hide"]))),
    "path in an output": ("holds_nothing_of_a_machine", good(code("y", printed("/home/anna/a.png\n")))),
    "path in code": ("holds_nothing_of_a_machine", good(code('open("/content/a.png")'))),
    "path in HTML": ("holds_nothing_of_a_machine", good(code("y", shown(**{"text/html": "<p>/tmp/x</p>"})))),
    "error": ("prints_no_errors", good(code("y", ERROR))),
    "warning": ("prints_no_errors", good(code("y", printed("deprecated\n", "stderr")))),
    "address": ("compared_outputs_are_the_same_everywhere", good(code("y", shown("<object at 0x7f00aa11bb22>")))),
    "long fraction": ("compared_outputs_are_the_same_everywhere", good(code("y", printed("0.123456789\n")))),
    "time": ("compared_outputs_are_the_same_everywhere", good(code("y", printed("took 3.4 s\n")))),
    "time in ms": ("compared_outputs_are_the_same_everywhere", good(code("y", printed("12 ms\n")))),
    "too much ignored": (
        "few_outputs_are_left_uncompared",
        good(code("y", printed("3.4 s"), tags=["nbval-ignore-output"]), code("z", tags=["nbval-ignore-output"])),
    ),
    "long cell": ("cells_are_short_and_hide_nothing", good(code("y = 1\n" * 21))),
    "install": ("cells_are_short_and_hide_nothing", good(code("!pip install x"))),
    "magic": ("cells_are_short_and_hide_nothing", good(code("%matplotlib inline"))),
    "import *": ("cells_are_short_and_hide_nothing", good(code("from numpy import *"))),
    "input": ("cells_are_short_and_hide_nothing", good(code("y = input()"))),
    "no Python": ("cells_are_short_and_hide_nothing", good(code("y = ("))),
    "no title": ("says_at_the_top_what_it_is", begins_with_code()),
    "no minutes": ("says_at_the_top_what_it_is", without("10 minutes")),
    "far more to read than said": ("says_at_the_top_what_it_is", good(markdown("word " * 1500))),
    "far less to do than said": ("says_at_the_top_what_it_is", saying("20 minutes")),
    "no prerequisites": ("says_at_the_top_what_it_is", without("**Before this:**")),
    "no short way": ("says_at_the_top_what_it_is", without("**Short of time?**")),
    "five cells in a row": ("prose_comes_before_code", good(*(code("y = 1") for _ in range(4)))),
    "level left out": ("headings_go_down_one_by_one", good(markdown("## A\n\n#### B"))),
    "two titles": ("headings_go_down_one_by_one", good(markdown("# Another title"))),
    "picture without words": ("figures_have_words_beside_them", good(code("y", shown(**PICTURE)))),
    "words too far": (
        "figures_have_words_beside_them",
        good(code("y", shown(**PICTURE)), markdown("## A"), markdown("*Picture:* a cat.")),
    ),
    "one question": ("asks_the_learner_something", without_a_question()),
    "answered in the copy": ("exercises_are_open_in_the_copy_and_solved_in_the_source", good(says="right")),
    "marks in the copy": (
        "exercises_are_open_in_the_copy_and_solved_in_the_source",
        good(code("# solution\ny = 1\n# stub: y = None")),
    ),
    "accuracy without tag": ("assertions_of_accuracy_are_marked", good(code("assert evaluation.accuracy > 0.5"))),
    "dead link": ("links_lead_somewhere", good(markdown("[there](99_nowhere.ipynb)"))),
    "dead anchor": ("links_lead_somewhere", good(markdown("[there](notes.md#nothing)"))),
    "dead link after code": (
        "links_lead_somewhere",
        good(markdown("A list:\n\n    x = 1\n\nSee [there](99_no.ipynb).")),
    ),
    "American": ("is_spelt_right", good(markdown("The color of the neighbor."))),
    "misspelt": ("is_spelt_right", good(markdown("We recieve a number."))),
}


@pytest.mark.parametrize("what", BAD)
def test_each_fault_is_found_by_its_rule_and_by_no_other(what, tmp_path):
    rule, notebook = BAD[what]
    (tmp_path / "notes.md").write_text("# Notes\n", encoding="utf-8")
    found = problems(notebook, tmp_path)
    assert found, what
    assert {each.partition(":")[0] for each in found} == {rule}


def test_every_rule_has_a_fault_that_it_finds():
    assert {rule for rule, _ in BAD.values()} == {rule.__name__ for rule in lint.RULES}


def test_a_solved_notebook_with_an_open_exercise_is_found(tmp_path):
    (problem, *_) = problems(good(), tmp_path, "solutions/01_topic.ipynb")
    assert problem.startswith("exercises_are_open_in_the_copy_and_solved_in_the_source: cell-03")


@pytest.mark.parametrize("name", ["topic.ipynb", "1_topic.ipynb", "01-Topic.ipynb"])
def test_names_out_of_order_are_found(name, tmp_path):
    assert "NN_topic" in problems(good(), tmp_path, name)[0]


GOOD = {
    "an ignored time": code("y", printed("3.4 s\n"), tags=["nbval-ignore-output"]),
    "a picture with words": code("y", shown(**PICTURE)),
    "a link with an anchor": markdown("[there](notes.md#a-term-of-two-words)"),
    "an American word in code": markdown("The argument `color` of a figure:\n\n```python\nplot(color=1)\n```"),
    "a shape with an s": code("y", printed("32 samples, 12 shapes\n")),
    "headings that go up again": markdown("## A\n\n### B\n\n## C"),
    "twenty lines": code("y = 1\n" * 19 + "y = 1"),
}


@pytest.mark.parametrize("what", GOOD)
def test_what_is_allowed_passes(what, tmp_path):
    (tmp_path / "notes.md").write_text("# Notes\n\n### A term, of `two` words\n", encoding="utf-8")
    more = [code("y = 1") for _ in range(2)]
    words = markdown("*Picture:* a cat. In words, so that it can be heard.")
    assert problems(good(*more, GOOD[what], words), tmp_path) == []


def test_the_command_counts_and_fails(tmp_path):
    def run(*given):
        return subprocess.run([sys.executable, str(PATH), *given], capture_output=True, text=True, check=False)

    first = str(PROJECT / "notebooks" / "solutions" / "01_images_and_convolution.ipynb")
    done = run(first)
    assert re.search(r"1 notebooks?, \d+ problems?", done.stdout)
    assert done.returncode == (0 if "1 notebooks, 0 problems" in done.stdout else 1)
