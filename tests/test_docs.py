"""What the documents say is so: files they name exist, commands they show are understood, doctests run (pytest)."""

import json
import re
import shlex

import pytest
from conftest import PROJECT

from practicum.cli import command_line
from practicum.places import BUNDLED

DOCUMENTS = sorted([*PROJECT.glob("*.md"), *(PROJECT / "docs").rglob("*.md"), *(PROJECT / "data").rglob("*.md")])


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_links_inside_the_repository_lead_somewhere(path):
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        if not target.startswith(("http://", "https://", "mailto:")):
            assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_commands_shown_are_understood(path):
    text = path.read_text("utf-8").replace("\\\n", " ")  # a command may go on in the next line
    for line in re.findall(r"^ {4}(python -m practicum .*)$|^(python -m practicum .*)$", text, re.M):
        words = shlex.split((line[0] or line[1]).split("#")[0])[3:]
        if "--help" not in words:
            assert callable(command_line().parse_args(words).run), line


def test_make_targets_named_in_the_readme_exist():
    targets = set(re.findall(r"^([a-z]+):", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.M))
    named = set(re.findall(r"\bmake ([a-z]+)\b", (PROJECT / "README.md").read_text(encoding="utf-8")))
    assert {"run", "test", "lab"} <= named <= targets


def test_readme_lists_every_notebook():
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    for path in (PROJECT / "notebooks").glob("*.ipynb"):
        assert f"(notebooks/{path.name})" in readme, f"add a row for {path.name} to the table of notebooks"


def test_readme_says_the_same_minutes_as_the_notebooks():
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    for path in sorted((PROJECT / "notebooks").glob("*.ipynb")):
        first = "".join(json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"])
        minutes = re.search(r"\*\*Time:\*\* about (\d+) minutes", first)[1]
        assert re.search(rf"\(notebooks/{path.name}\).*\| {minutes} \|$", readme, re.M), (path.name, minutes)


def test_requirements_and_package_metadata_agree():
    import tomllib

    declared = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    required = (PROJECT / "requirements.txt").read_text(encoding="utf-8").split()
    assert set(declared) <= set(required)


def test_the_wheel_carries_every_bundled_dataset():
    import tomllib

    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    carried = set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"])
    folders = {path.relative_to(PROJECT).as_posix() for path in (PROJECT / "data").iterdir() if path.is_dir()}
    assert (
        {f"data/{name}" for name in BUNDLED}
        <= folders - {"data/__pycache__"}
        == carried - {"practicum", "data/README.md"}
    )


def test_constraints_pin_what_is_required():
    def names(file):
        lines = (PROJECT / file).read_text(encoding="utf-8").splitlines()
        return {
            re.match(r"[A-Za-z0-9_.-]+", line)[0].lower().replace("_", "-") for line in lines if re.match(r"\w", line)
        }

    pinned = (PROJECT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==[^ ]+( ;.*)?|#.*", line) for line in pinned)
    assert names("requirements.txt") | names("requirements-dev.txt") <= names("constraints.txt")
