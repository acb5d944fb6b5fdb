"""Learner's copies of the notebooks, made from the solved ones; and the cell that finds the course, in both.

A solved notebook marks what a learner is to write:

    # solution
    answer_1 = 42
    # stub: answer_1 = None  # one number

In the learner's copy the text after "# stub: " stands in place of all of it.
"""

import copy
import json
import re
from pathlib import Path
from typing import Any

from practicum import badges

Notebook = dict[str, Any]
SOLUTION, STUB = "# solution", "# stub: "
BOOTSTRAP_TAG = "bootstrap"
REPOSITORY_LINE = re.compile(r'^repository = "(.*)"', re.M)
BRANCH_LINE = re.compile(r'^branch = \["--branch", "(.*)"\]', re.M)
MAIN = "main"
# An address that leads nowhere, by agreement: a fork of the course puts its own in (workshop build --repository URL).
NO_REPOSITORY = "https://example.org/cnn-practicum.git"
BOOTSTRAP = """\
# Finds the course's helper package. On Colab it fetches the course first; elsewhere it fetches nothing.
import subprocess
import sys
from pathlib import Path

repository = "{repository}"
if "google.colab" in sys.modules and not Path("cnn-practicum").is_dir():
    subprocess.run(["git", "clone", "--quiet", "--depth", "1", repository, "cnn-practicum"], check=True)
places = [Path("cnn-practicum").resolve(), Path.cwd(), *Path.cwd().parents]
sys.path[:0] = [str(place) for place in places if (place / "practicum" / "lessons").is_dir()][:1]"""


def build(folder: str | Path, repository: str | None = None, branch: str | None = None) -> list[Path]:
    """Write the learner's copies of the notebooks in folder/solutions to folder, and the bootstrap cell into both.

    With the address of a published course, links that open it on Colab and Binder are written as well: below each
    notebook's title, and in the README beside folder, which says how to clone it, too. With NO_REPOSITORY links are
    taken out, and the README asks for the address.

    A copy keeps its outputs if its code is the same as before but for the bootstrap cell; otherwise it loses
    them, and `make notebooks` makes them anew.

    Args:
        repository: the address that Colab clones; None keeps the one in the notebooks.
        branch: of the repository. None is main, or the one in the notebooks if their address is kept, too.

    Returns:
        The files that were changed.

    Raises:
        ValueError: there are no solved notebooks, one of them is malformed, or the address or the branch is none.
    """
    folder = Path(folder)
    sources = sorted((folder / "solutions").glob("*.ipynb"))
    if not sources:
        raise ValueError(
            f"workshop build: no solved notebooks in {folder / 'solutions'}. Run it in the course's folder."
        )
    texts = {}
    for source in sources:
        solved = _read(source)
        home = _home(solved, repository, branch)
        with_bootstrap(solved, home.address, home.branch)
        with_badges(solved, home, f"{folder.resolve().name}/solutions/{source.name}")
        target = folder / source.name
        before = _read(target) if target.exists() else None
        for path, notebook in (
            (source, solved),
            (target, with_outputs_of(learner_copy(solved, source.name), before)),
        ):
            texts[path] = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
    readme = (folder if folder.name else folder.resolve()).parent / "README.md"
    if readme.is_file():  # its links open the first notebook
        home, first = _home(_read(sources[0]), repository, branch), f"{folder.resolve().name}/{sources[0].name}"
        texts[readme] = badges.in_readme(readme.read_text(encoding="utf-8"), home, first)
    changed = [path for path, text in texts.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in changed:  # only now: a notebook that cannot be read leaves all others as they are
        path.write_text(texts[path], encoding="utf-8")
    return changed


def learner_copy(solved: Notebook, name: str = "notebook") -> Notebook:
    """The notebook with stubs in place of solutions, links as seen from one folder higher, and no outputs.

    Raises:
        ValueError: a solution without a stub, or a stub without a solution.
    """
    made = copy.deepcopy(solved)
    for number, cell in enumerate(made["cells"]):
        text = source_of(cell)
        if cell["cell_type"] == "code":
            text = _with_stubs(text, f"{name}, cell {number}")
            cell["outputs"], cell["execution_count"] = [], None
        elif cell["cell_type"] == "markdown":
            text = text.replace("](../../", "](../")
            text = badges.of_copy(text) if number == 0 else text
        cell["source"] = text.splitlines(keepends=True)
    return made


def with_bootstrap(notebook: Notebook, repository: str, branch: str = MAIN) -> None:
    """Put the present bootstrap cell into the notebook, with this address and branch. Other cells are untouched."""
    text = BOOTSTRAP.format(repository=repository)
    if branch != MAIN:  # main is left to the repository's own choice: what people publish, git clones by default
        text = text.replace("\nif ", f'\nbranch = ["--branch", "{branch}"]\nif ', 1)
        text = text.replace('"1", repository', '"1", *branch, repository')
    for cell in notebook["cells"]:
        if BOOTSTRAP_TAG in cell["metadata"].get("tags", []):
            cell["source"] = text.splitlines(keepends=True)


def with_badges(notebook: Notebook, home: badges.Home, path: str) -> None:
    """Put links that open the notebook elsewhere below its title, or take them out where the course has no home."""
    first = notebook["cells"][0] if notebook["cells"] else {"cell_type": "none"}
    if first["cell_type"] == "markdown":
        first["source"] = badges.in_first_cell(source_of(first), home, path).splitlines(keepends=True)


def with_outputs_of(made: Notebook, before: Notebook | None) -> Notebook:
    """made with the outputs of the notebook that was there before, if its code is the same, bootstrap cell aside."""
    new, old = _code_cells(made), _code_cells(before or {"cells": []})
    if list(map(_but_for_the_bootstrap, new)) == list(map(_but_for_the_bootstrap, old)):
        for cell, earlier in zip(new, old, strict=True):
            cell["outputs"], cell["execution_count"] = earlier["outputs"], earlier["execution_count"]
    return made


def repository_of(notebook: Notebook) -> str:
    """The address in the notebook's bootstrap cell."""
    return _in_bootstrap(REPOSITORY_LINE, notebook, NO_REPOSITORY)


def branch_of(notebook: Notebook) -> str:
    """The branch in the notebook's bootstrap cell; main if none stands there."""
    return _in_bootstrap(BRANCH_LINE, notebook, MAIN)


def source_of(cell: dict[str, Any]) -> str:
    """The cell's text; in files it may be a list of lines."""
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


def _home(solved: Notebook, repository: str | None, branch: str | None) -> badges.Home:
    """Where the course is published: as given, else as the notebook has it."""
    if repository is not None:
        home = badges.Home(repository, MAIN if branch is None else branch)
    else:
        home = badges.Home(repository_of(solved), branch_of(solved) if branch is None else branch)
    if branch is not None and not home.is_published:
        raise ValueError("workshop build: --branch needs the address of a published course; give --repository as well.")
    return home


def _with_stubs(text: str, where: str) -> str:
    kept: list[str] = []
    lines = text.split("\n")
    while lines:
        line = lines.pop(0)
        if line.startswith(STUB.rstrip()):
            raise ValueError(f'{where}: "{line}" has no line "{SOLUTION}" before it.')
        if line != SOLUTION:
            kept.append(line)
            continue
        while lines and not lines[0].startswith(STUB.rstrip()):
            lines.pop(0)
        stubs = []
        while lines and lines[0].startswith(STUB.rstrip()):
            stubs.append(lines.pop(0)[len(STUB) :])
        if not stubs:
            raise ValueError(f'{where}: no line "{STUB}…" follows "{SOLUTION}".')
        kept += stubs
    return "\n".join(kept)


def _code_cells(notebook: Notebook) -> list[dict[str, Any]]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def _but_for_the_bootstrap(cell: dict[str, Any]) -> str:
    return "" if BOOTSTRAP_TAG in cell["metadata"].get("tags", []) else source_of(cell)


def _in_bootstrap(line: re.Pattern[str], notebook: Notebook, otherwise: str) -> str:
    for cell in notebook["cells"]:
        found = line.search(source_of(cell))
        if found and BOOTSTRAP_TAG in cell["metadata"].get("tags", []):
            return found[1]
    return otherwise


def _read(path: Path) -> Notebook:
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(notebook["cells"], list):
            raise TypeError("cells is no list")
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path.name} is no notebook ({type(error).__name__}: {error}).") from None
    return notebook
