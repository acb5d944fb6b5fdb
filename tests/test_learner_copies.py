"""Learner's copies come from the solved notebooks, and from nothing else."""

import json
import subprocess
import sys

import pytest
from conftest import PROJECT

from practicum.cli import main
from practicum.learner_copies import BOOTSTRAP, NO_REPOSITORY, build, learner_copy, source_of

NOTEBOOKS = PROJECT / "notebooks"
SOLVED = sorted((NOTEBOOKS / "solutions").glob("*.ipynb"))


def code(text, tags=(), **more):
    metadata = {"tags": list(tags)} if tags else {}
    return {"cell_type": "code", "metadata": metadata, "source": text, "outputs": [], "execution_count": None, **more}


def notebook(*cells):
    return {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def copied(text):
    return source_of(learner_copy(notebook(code(text)))["cells"][0])


@pytest.fixture
def course(tmp_path):
    """A folder of notebooks with a single solved one."""
    (tmp_path / "solutions").mkdir()
    cells = (code("", ["bootstrap"]), code("# solution\nx = 4\n# stub: x = None\nprint(x)"))
    (tmp_path / "solutions" / "01_a.ipynb").write_text(json.dumps(notebook(*cells)), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("path", SOLVED, ids=lambda path: path.stem)
def test_the_committed_copy_is_the_generated_one(path):
    made = learner_copy(json.loads(path.read_text("utf-8")))["cells"]
    committed = json.loads((NOTEBOOKS / path.name).read_text("utf-8"))["cells"]
    assert [(cell["cell_type"], source_of(cell), cell["metadata"]) for cell in committed] == [
        (cell["cell_type"], source_of(cell), cell["metadata"]) for cell in made
    ]


def test_every_notebook_has_a_solved_one():
    assert [path.name for path in SOLVED] == sorted(path.name for path in NOTEBOOKS.glob("*.ipynb"))


@pytest.mark.parametrize("path", SOLVED, ids=lambda path: path.stem)
def test_every_notebook_begins_with_the_same_code(path):
    cells = json.loads(path.read_text("utf-8"))["cells"]
    first = next(cell for cell in cells if cell["cell_type"] == "code")
    assert first["metadata"] == {"tags": ["bootstrap"]}
    assert source_of(first) == BOOTSTRAP.format(repository=NO_REPOSITORY)


def test_a_solution_gives_way_to_its_stub():
    assert copied("a = 1\n# solution\nx = 4\ny = 5\n# stub: x = None  # a number\nprint(x)") == (
        "a = 1\nx = None  # a number\nprint(x)"
    )


def test_a_stub_of_several_lines_keeps_its_indents_and_empty_lines():
    text = "# solution\ndef f(x):\n    return x\n# stub: def f(x):\n# stub:\n# stub:     return None\n\n\nf(1)"
    assert copied(text) == "def f(x):\n\n    return None\n\n\nf(1)"


def test_two_solutions_in_one_cell():
    assert copied("# solution\na = 1\n# stub: a = None\n# solution\nb = 1\n# stub: b = None") == "a = None\nb = None"


def test_other_comments_stay():
    assert copied("# a solution is wanted\nx = 1  # solution") == "# a solution is wanted\nx = 1  # solution"


@pytest.mark.parametrize("text", ["# solution\nx = 4", "x = 4\n# stub: x = None", "# solution\nx = 4\n\ny = 5"])
def test_marks_without_their_partner_are_errors(text):
    with pytest.raises(ValueError, match=r'notebook, cell 0: .*"# s(olution|tub: )'):
        copied(text)


def test_the_solved_notebook_is_left_as_it_was_and_outputs_do_not_come_along():
    solved = notebook(code("# solution\nx = 4\n# stub: x = None", outputs=[{"output_type": "stream"}]))
    before = json.dumps(solved)
    assert learner_copy(solved)["cells"][0]["outputs"] == []
    assert json.dumps(solved) == before


def test_links_are_as_seen_from_the_copy():
    text = "[stride](../../docs/glossary.md#stride), [next](02_b.ipynb)"
    made = learner_copy(notebook({"cell_type": "markdown", "metadata": {}, "source": text}))
    assert source_of(made["cells"][0]) == "[stride](../docs/glossary.md#stride), [next](02_b.ipynb)"


def test_another_address_keeps_the_outputs_and_another_text_does_not(course):
    build(course)
    path = course / "01_a.ipynb"
    made = json.loads(path.read_text("utf-8"))
    made["cells"][1].update(outputs=[{"name": "stdout", "output_type": "stream", "text": "None\n"}], execution_count=2)
    path.write_text(json.dumps(made), encoding="utf-8")
    build(course, "https://github.com/anna/cnn-practicum")
    made = json.loads(path.read_text("utf-8"))
    assert made["cells"][1]["outputs"]
    assert 'repository = "https://github.com/anna/cnn-practicum"' in source_of(made["cells"][0])
    assert build(course) == [], "the address stays, and nothing changes a second time"
    solved = json.loads((course / "solutions" / "01_a.ipynb").read_text("utf-8"))
    assert "anna/cnn-practicum" in source_of(solved["cells"][0])
    solved["cells"].insert(1, {"cell_type": "markdown", "metadata": {}, "source": "A word more."})
    (course / "solutions" / "01_a.ipynb").write_text(json.dumps(solved), encoding="utf-8")
    build(course)
    assert json.loads(path.read_text("utf-8"))["cells"][2]["outputs"], "prose changes no output"
    solved["cells"][2]["source"] = "# solution\nx = 5\n# stub: x = ...\nprint(x)"
    (course / "solutions" / "01_a.ipynb").write_text(json.dumps(solved), encoding="utf-8")
    build(course)
    assert json.loads(path.read_text("utf-8"))["cells"][2]["outputs"] == []


@pytest.mark.parametrize(
    "address",
    [
        "",
        "github.com/a/b",
        "http://github.com/a/b",
        "https://a",
        'https://a.org/b"; import os',
        "https://a.org/b\nx",
        "-u",
    ],
)
def test_an_address_that_is_none_is_refused(course, address, capsys):
    assert main(["workshop", "build", "--notebooks", str(course), f"--repository={address}"]) == 2
    assert "--repository expects" in capsys.readouterr().err
    assert not (course / "01_a.ipynb").exists()


def test_the_command_says_what_it_wrote(course, capsys):
    assert main(["workshop", "build", "--notebooks", str(course), "--json"]) == 0
    assert [name.split("/")[-1] for name in json.loads(capsys.readouterr().out)["changed"]] == ["01_a.ipynb"] * 2
    assert main(["workshop", "build", "--notebooks", str(course)]) == 0
    assert capsys.readouterr().out == "nothing to change\n"


@pytest.mark.parametrize("content", ["", "{}", '{"cells": 3}', "[]"])
def test_a_file_that_is_no_notebook_is_told(course, content, capsys):
    (course / "solutions" / "02_b.ipynb").write_text(content, encoding="utf-8")
    assert main(["workshop", "build", "--notebooks", str(course)]) == 2
    assert "02_b.ipynb is no notebook" in capsys.readouterr().err
    assert not (course / "01_a.ipynb").exists(), "nothing is written unless all can be read"


def test_a_folder_without_notebooks_is_told(tmp_path, capsys):
    assert main(["workshop", "build", "--notebooks", str(tmp_path)]) == 2
    assert "no solved notebooks" in capsys.readouterr().err


FIND = "import practicum.lessons; print(practicum.lessons.__file__)"


@pytest.mark.parametrize("place", [".", "notebooks", "notebooks/solutions", "docs/decisions"])
def test_the_first_cell_finds_the_course_from_any_folder_of_it(place):
    run = [sys.executable, "-I", "-S", "-c", BOOTSTRAP.format(repository=NO_REPOSITORY) + "\n" + FIND]
    done = subprocess.run(run, cwd=PROJECT / place, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout.strip() == str(PROJECT / "practicum" / "lessons" / "__init__.py")


def test_on_colab_the_first_cell_fetches_the_course_once(tmp_path):
    """With a repository in a folder, and a module of the name that only Colab has."""
    origin = tmp_path / "origin"
    (origin / "practicum" / "lessons").mkdir(parents=True)
    for folder in (origin / "practicum", origin / "practicum" / "lessons"):
        (folder / "__init__.py").write_text("", encoding="utf-8")
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-C", str(origin)]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "a course"]):
        subprocess.run([*git, *command], check=True)
    cell = BOOTSTRAP.format(repository=origin.as_uri())
    text = f"import sys\nsys.modules['google.colab'] = sys\n{cell}\n{cell}\n{FIND}"
    content = tmp_path / "content"
    content.mkdir()
    for _ in range(2):  # a second run fetches nothing, and finds the same
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", text], cwd=content, capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == str(content / "cnn-practicum" / "practicum" / "lessons" / "__init__.py")
        (origin / ".git").rename(origin / "gone") if (origin / ".git").exists() else None
