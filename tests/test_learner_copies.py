"""Learner's copies come from the solved notebooks, and from nothing else."""

import json
import shutil
import subprocess
import sys
from urllib.parse import unquote, urlsplit

import pytest
from conftest import PROJECT

from practicum import badges
from practicum.cli import main
from practicum.learner_copies import (
    BOOTSTRAP,
    NO_REPOSITORY,
    branch_of,
    build,
    learner_copy,
    repository_of,
    source_of,
    with_bootstrap,
)

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
    committed, whole = source_of(first), {"cells": cells}
    with_bootstrap(whole, repository_of(whole), branch_of(whole))  # a fork has an address of its own
    assert source_of(first) == committed


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


# Links that open a notebook elsewhere.

GITHUB = "https://github.com/anna/cnn-practicum"
COLAB = "https://colab.research.google.com/github/anna/cnn-practicum/blob"
BINDER = "https://mybinder.org/v2"
TITLE = "# A title\n\n**The question.** What is it? [stride](../../docs/glossary.md#stride)\n"
HOSTILE = [
    *("javascript:alert(1)", "file:///etc/passwd", "data:text/html,x", "ssh://git@a.org/b", "git@a.org:b", "-u", ""),
    *("http://a.org/b", "HTTPS:/a.org/b", "https://", "https://a.org", "https://a.org/", "https:///b"),
    *("https://u:p@a.org/b", "https://u@a.org/b", "https://-o.org/b", "https://a.org:x/b", "https://\u0430.org/b"),
    *("https://a.org/b c", " https://a.org/b", "https://a.org/b\n", "https://a.org/b\nx", "https://a.org/b\tx"),
    *("https://a.org/b'c", 'https://a.org/b"c', "https://a.org/b`c", "https://a.org/b\\c", "https://a.org/b$c"),
    *("https://a.org/b)c", "https://a.org/[b]", "https://a.org/<b>", "https://a.org/{b}", "https://a.org/b;c"),
    *("https://a.org/../b", "https://a.org/b/..", "https://a.org/./b", "https://a.org//b", "https://a.org/%2e%2e/b"),
    *("https://a.org/b?c", "https://a.org/b#c", "https://a.org/b|c", "https://a.org/b&c", "https://a.org/\u00e9"),
    *("https://github.com/anna", "https://github.com/a/b/tree", "https://gitlab.com/anna"),
]
NO_BRANCHES = [
    *("", " ", "-x", "a b", "a..b", "a//b", "a/", "/a", ".a", "a/.b", "a.", "a.lock", "a.lock/b", "a\nb", "a\n"),
    *("a~1", "a^", "a:b", "a?", "a*", "a[b", "a\\b", "@{u}", 'a"b', "a'b", "a`b", "a--> b", "a<b", "a)b", "\u00e9"),
]


@pytest.fixture
def titled(tmp_path):
    """A course with two solved notebooks that have a title, a README, and the copies that were run once."""
    folder = tmp_path / "notebooks"
    (folder / "solutions").mkdir(parents=True)
    for name in ("00_a.ipynb", "01_b.ipynb"):
        cells = (
            {"cell_type": "markdown", "metadata": {}, "source": TITLE},
            code("", ["bootstrap"]),
            code("# solution\nx = 4\n# stub: x = None\nprint(x)"),
        )
        (folder / "solutions" / name).write_text(json.dumps(notebook(*cells)), encoding="utf-8")
    (tmp_path / "README.md").write_text(
        f"# A course\n\nIts lead.\n\n{badges.MARK}\n{badges.END}\n\nMore \u2026\n\n"
        f"{badges.CLONE}\n{badges.CLONE_END}\n\n    make run\n",
        encoding="utf-8",
    )
    build(folder)
    for path in folder.glob("*.ipynb"):
        made = json.loads(path.read_text("utf-8"))
        made["cells"][2].update(outputs=[{"name": "stdout", "output_type": "stream", "text": "None\n"}])
        path.write_text(json.dumps(made), encoding="utf-8")
    build(folder)
    return folder


def bytes_of(folder):
    return {path: path.read_bytes() for path in sorted(folder.parent.rglob("*")) if path.is_file()}


def first_cell(path):
    return source_of(json.loads(path.read_text("utf-8"))["cells"][0])


def test_links_stand_below_the_title_and_in_the_readme(titled):
    changed = build(titled, GITHUB)
    assert [path.name for path in changed] == ["00_a.ipynb", "00_a.ipynb", "01_b.ipynb", "01_b.ipynb", "README.md"]
    for name, labpath in (("solutions/01_b.ipynb", "notebooks%2Fsolutions%2F01_b"), ("01_b.ipynb", "notebooks%2F01_b")):
        text = first_cell(titled / name)
        assert text.startswith(
            f"# A title\n\n[Open in Colab]({COLAB}/main/notebooks/{name}) · "
            f"[Open in Binder]({BINDER}/gh/anna/cnn-practicum/main?labpath={labpath}.ipynb) <!-- badges -->\n\n**The q"
        )
        assert text.count("Open in") == 2
    readme = (titled.parent / "README.md").read_text("utf-8")
    assert readme == (
        "# A course\n\nIts lead.\n\n<!-- badges -->\nWithout installing anything: "
        f"[Open in Colab]({COLAB}/main/notebooks/00_a.ipynb) · "
        f"[Open in Binder]({BINDER}/gh/anna/cnn-practicum/main?labpath=notebooks%2F00_a.ipynb)\n"
        "<!-- /badges -->\n\nMore \u2026\n\n<!-- clone -->\n"
        f"    git clone {GITHUB} cnn-practicum\n    cd cnn-practicum\n\n"
        f"Without git: [its page]({GITHUB}) has a zip (*Code*, *Download ZIP*); unpack it, and go into the folder that "
        "comes out.\n<!-- /clone -->\n\n    make run\n"
    )


def test_the_readme_asks_for_an_address_where_the_course_has_none(titled):
    readme = (titled.parent / "README.md").read_text("utf-8")
    assert "\n    git clone ADDRESS cnn-practicum      # ADDRESS: of the page on which you found the course\n" in readme
    assert "example.org" not in readme
    assert "Without git: that page has a zip" in readme


@pytest.mark.parametrize(
    ("address", "branch", "command", "page"),
    [
        (f"{GITHUB}.git", "main", f"git clone {GITHUB}.git cnn-practicum", GITHUB),
        (GITHUB, "class/2026.1", f"git clone --branch class/2026.1 {GITHUB} cnn-practicum", GITHUB),
        ("https://git.uni.edu:8443/a/b", "main", "git clone https://git.uni.edu:8443/a/b cnn-practicum", None),
    ],
)
def test_the_readme_says_how_to_clone_what_is_published(titled, address, branch, command, page):
    build(titled, address, branch)
    readme = (titled.parent / "README.md").read_text("utf-8")
    assert f"\n    {command}\n    cd cnn-practicum\n" in readme
    assert f"[its page]({page or address}) has a zip" in readme


def test_the_readme_of_the_course_is_what_its_own_address_gives():
    readme = (PROJECT / "README.md").read_text("utf-8")
    home = badges.Home(repository_of(json.loads(SOLVED[0].read_text("utf-8"))))
    assert badges.CLONE in readme
    assert badges.in_readme(readme, home, f"notebooks/{SOLVED[0].name}") == readme


def test_the_readme_of_a_fork_has_its_address_and_goes_back(fork, tmp_path):
    ours, theirs = ((place / "README.md").read_text("utf-8") for place in (PROJECT, fork))
    assert f"    git clone {GITHUB} cnn-practicum\n" in theirs
    assert "ADDRESS" not in theirs
    own = badges.Home(repository_of(json.loads(SOLVED[0].read_text("utf-8"))))
    assert badges.in_readme(theirs, own, f"notebooks/{SOLVED[0].name}") == ours


def test_building_again_changes_nothing_and_the_placeholder_brings_everything_back(titled):
    before = bytes_of(titled)
    build(titled, GITHUB)
    with_links = bytes_of(titled)
    assert build(titled) == []
    assert build(titled, GITHUB) == []
    build(titled, "https://gitlab.com/group/sub/cnn.git", "dev/x")
    assert build(titled) == []
    build(titled, GITHUB)
    assert bytes_of(titled) == with_links
    build(titled, NO_REPOSITORY)
    assert bytes_of(titled) == before
    assert not any(b"Open in" in content for content in before.values())


def test_links_keep_the_outputs(titled):
    build(titled, GITHUB, "dev")
    for name in ("00_a.ipynb", "01_b.ipynb"):
        assert json.loads((titled / name).read_text("utf-8"))["cells"][2]["outputs"][0]["text"] == "None\n"


@pytest.mark.parametrize(
    ("address", "colab", "binder"),
    [
        (f"{GITHUB}.git", f"{COLAB}/main/n/1.ipynb", "gh/anna/cnn-practicum/main"),
        ("https://GitHub.com/anna/cnn-practicum/", f"{COLAB}/main/n/1.ipynb", "gh/anna/cnn-practicum/main"),
        ("https://gitlab.com/anna/cnn.git", None, "gl/anna%2Fcnn/main"),
        ("https://gitlab.com/group/sub/cnn", None, "gl/group%2Fsub%2Fcnn/main"),
        ("https://codeberg.org/~anna/cnn.git", None, "git/https%3A%2F%2Fcodeberg.org%2F~anna%2Fcnn.git/main"),
        ("https://git.uni.edu:8443/cnn", None, "git/https%3A%2F%2Fgit.uni.edu%3A8443%2Fcnn/main"),
        ("https://github.com.evil.net/a/b", None, "git/https%3A%2F%2Fgithub.com.evil.net%2Fa%2Fb/main"),
        ("https://notexample.org/a", None, "git/https%3A%2F%2Fnotexample.org%2Fa/main"),
    ],
)
def test_each_host_has_its_form(address, colab, binder):
    links = dict(badges.Home(address).links("n/1.ipynb"))
    assert links.get("Open in Colab") == colab
    assert links["Open in Binder"] == f"{BINDER}/{binder}?labpath=n%2F1.ipynb"


@pytest.mark.parametrize("address", [NO_REPOSITORY, "https://www.example.com/a/b", "https://example.net:8443/a"])
def test_an_address_that_leads_nowhere_gets_no_links(titled, address):
    build(titled, address)
    assert first_cell(titled / "00_a.ipynb") == TITLE.replace("](../../", "](../")
    assert "Open in" not in (titled.parent / "README.md").read_text("utf-8")


@pytest.mark.parametrize("address", HOSTILE)
def test_a_hostile_address_is_refused_and_nothing_is_written(titled, address, capsys):
    before = bytes_of(titled)
    assert main(["workshop", "build", "--notebooks", str(titled), f"--repository={address}"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "--repository expects the address that git clones" in captured.err
    assert captured.err.count("\n") == 1
    assert bytes_of(titled) == before


@pytest.mark.parametrize("branch", NO_BRANCHES)
def test_what_is_no_branch_is_refused(titled, branch, capsys):
    before = bytes_of(titled)
    assert main(["workshop", "build", "--notebooks", str(titled), "--repository", GITHUB, f"--branch={branch}"]) == 2
    assert "--branch expects the name of a branch" in capsys.readouterr().err
    assert bytes_of(titled) == before


def test_another_branch_is_opened_and_cloned_and_stays(titled):
    build(titled, GITHUB, "class/2026.1")
    text = first_cell(titled / "00_a.ipynb")
    assert f"({COLAB}/class/2026.1/notebooks/00_a.ipynb)" in text
    assert "/gh/anna/cnn-practicum/class%2F2026.1?labpath=" in text
    cells = json.loads((titled / "00_a.ipynb").read_text("utf-8"))["cells"]
    assert 'branch = ["--branch", "class/2026.1"]\nif "google' in source_of(cells[1])
    assert '"--depth", "1", *branch, repository,' in source_of(cells[1])
    assert max(map(len, source_of(cells[1]).splitlines())) <= 120, "or ruff complains in the fork"
    assert build(titled) == [], "the branch stays"
    build(titled, branch="main")
    assert "*branch" not in source_of(json.loads((titled / "00_a.ipynb").read_text("utf-8"))["cells"][1])
    assert repository_of(json.loads((titled / "00_a.ipynb").read_text("utf-8"))) == GITHUB, "the address stays"


def test_a_branch_without_an_address_is_told(titled, capsys):
    before = bytes_of(titled)
    assert main(["workshop", "build", "--notebooks", str(titled), "--branch", "main"]) == 2
    assert "--branch needs the address of a published course; give --repository" in capsys.readouterr().err
    assert bytes_of(titled) == before


@pytest.mark.parametrize(
    "text",
    [
        f"{badges.MARK}\n",
        f"{badges.END}\n",
        f"{badges.END}\n{badges.MARK}\n",
        f"{badges.MARK}\n{badges.END}\n" * 2,
        f"{badges.MARK} {badges.END}\n",
        f"{badges.CLONE}\n",
        f"{badges.CLONE_END}\n{badges.CLONE}\n",
    ],
)
def test_marks_of_the_readme_that_are_no_pair_are_told_and_nothing_is_written(titled, text, capsys):
    (titled.parent / "README.md").write_text(text, encoding="utf-8")
    before = bytes_of(titled)
    assert main(["workshop", "build", "--notebooks", str(titled), "--repository", GITHUB]) == 2
    mark = badges.MARK if "badges" in text else badges.CLONE
    assert f"README.md needs one line {mark}" in capsys.readouterr().err
    assert bytes_of(titled) == before


def test_a_readme_without_marks_stays(titled):
    (titled.parent / "README.md").write_text("# Mine\n", encoding="utf-8")
    build(titled, GITHUB)
    assert (titled.parent / "README.md").read_text("utf-8") == "# Mine\n"


def test_what_stands_between_the_marks_goes_and_nothing_beside_them(titled):
    readme = titled.parent / "README.md"
    readme.write_text(f"a\\1\n{badges.MARK}\nold\n\nolder\n{badges.END}\nz\n", encoding="utf-8")
    build(titled, GITHUB)
    assert readme.read_text("utf-8").startswith(f"a\\1\n{badges.MARK}\nWithout")
    assert readme.read_text("utf-8").endswith(f".ipynb)\n{badges.END}\nz\n")
    assert "old" not in readme.read_text("utf-8")


def test_a_repository_called_solutions_is_linked_to_all_the_same(titled):
    build(titled, "https://github.com/solutions/solutions")
    assert "github/solutions/solutions/blob/main/notebooks/00_a.ipynb)" in first_cell(titled / "00_a.ipynb")
    assert "/gh/solutions/solutions/main?labpath=notebooks%2F00_a.ipynb)" in first_cell(titled / "00_a.ipynb")


def test_notebooks_without_a_title_get_no_links(course):
    build(course, GITHUB)
    assert "Open in" not in (course / "01_a.ipynb").read_text("utf-8")


@pytest.fixture(scope="module")
def fork(tmp_path_factory):
    """The whole course, published by somebody."""
    folder = tmp_path_factory.mktemp("fork") / "course"
    ignored = shutil.ignore_patterns("__pycache__", ".*", "runs", "build", "datasets")
    shutil.copytree(PROJECT, folder, ignore=ignored)
    assert main(["workshop", "build", "--notebooks", str(folder / "notebooks"), "--repository", GITHUB]) == 0
    return folder


def run_in(folder, *command):
    environment = {"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin", "PRACTICUM_PROGRESS": "off"}
    return subprocess.run([sys.executable, *command], cwd=folder, capture_output=True, text=True, env=environment)


def test_each_notebook_of_a_fork_has_links_to_itself(fork):
    paths = [*(fork / "notebooks").glob("*.ipynb"), *(fork / "notebooks" / "solutions").glob("*.ipynb")]
    assert len(paths) == 2 * len(SOLVED)
    for path in paths:
        line = first_cell(path).split("\n")[2]
        own = path.relative_to(fork).as_posix()
        targets = [each.split(")")[0] for each in line.split("](")[1:]]
        assert urlsplit(targets[0]).path.endswith(f"/blob/main/{own}")
        assert unquote(urlsplit(targets[1]).query) == f"labpath={own}"


def test_the_rules_of_notebooks_hold_in_a_fork(fork):
    done = run_in(fork, "tools/lint.py")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def test_links_take_no_minutes_of_reading(fork):
    assert run_in(fork, "tools/minutes.py", "--guide").stdout == run_in(PROJECT, "tools/minutes.py", "--guide").stdout


def test_a_fork_keeps_its_outputs_and_goes_back(fork, tmp_path):
    copy = shutil.copytree(fork / "notebooks", tmp_path / "notebooks")
    for path in (*copy.glob("*.ipynb"), *copy.glob("solutions/*.ipynb")):
        ours = json.loads((NOTEBOOKS / path.relative_to(copy)).read_text("utf-8"))["cells"]
        theirs = json.loads(path.read_text("utf-8"))["cells"]
        for one, other in zip(ours, theirs, strict=True):
            assert (one.get("outputs"), one.get("id"), one["metadata"]) == (
                other.get("outputs"),
                other.get("id"),
                other["metadata"],
            )
    build(copy, repository_of(json.loads(SOLVED[0].read_text("utf-8"))))
    for path in (*copy.glob("*.ipynb"), *copy.glob("solutions/*.ipynb")):
        assert path.read_bytes() == (NOTEBOOKS / path.relative_to(copy)).read_bytes(), path.name
