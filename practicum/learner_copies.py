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

Notebook = dict[str, Any]
SOLUTION, STUB = "# solution", "# stub: "
BOOTSTRAP_TAG = "bootstrap"
REPOSITORY_LINE = re.compile(r'^repository = "(.*)"', re.M)
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


def build(folder: str | Path, repository: str | None = None) -> list[Path]:
    """Write the learner's copies of the notebooks in folder/solutions to folder, and the bootstrap cell into both.

    A copy keeps its outputs if its code is the same as before but for the repository's address; otherwise it loses
    them, and `make notebooks` makes them anew.

    Args:
        repository: the address that Colab clones; None keeps the one in the notebooks.

    Returns:
        The files that were changed.

    Raises:
        ValueError: there are no solved notebooks, one of them is malformed, or the address is none.
    """
    folder = Path(folder)
    sources = sorted((folder / "solutions").glob("*.ipynb"))
    if not sources:
        raise ValueError(
            f"workshop build: no solved notebooks in {folder / 'solutions'}. Run it in the course's folder."
        )
    if repository is not None:
        _check_address(repository)
    texts = {}
    for source in sources:
        solved = _read(source)
        with_bootstrap(solved, repository or repository_of(solved))
        target = folder / source.name
        before = _read(target) if target.exists() else None
        for path, notebook in (
            (source, solved),
            (target, with_outputs_of(learner_copy(solved, source.name), before)),
        ):
            texts[path] = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
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
        cell["source"] = text.splitlines(keepends=True)
    return made


def with_bootstrap(notebook: Notebook, repository: str) -> None:
    """Put the present bootstrap cell into the notebook, with this repository's address. Other cells are untouched."""
    for cell in notebook["cells"]:
        if BOOTSTRAP_TAG in cell["metadata"].get("tags", []):
            cell["source"] = BOOTSTRAP.format(repository=repository).splitlines(keepends=True)


def with_outputs_of(made: Notebook, before: Notebook | None) -> Notebook:
    """made with the outputs of the notebook that was there before, if its code is the same but for the address."""
    new, old = _code_cells(made), _code_cells(before or {"cells": []})
    if list(map(_but_for_the_address, new)) == list(map(_but_for_the_address, old)):
        for cell, earlier in zip(new, old, strict=True):
            cell["outputs"], cell["execution_count"] = earlier["outputs"], earlier["execution_count"]
    return made


def repository_of(notebook: Notebook) -> str:
    """The address in the notebook's bootstrap cell."""
    for cell in notebook["cells"]:
        found = REPOSITORY_LINE.search(source_of(cell))
        if found and BOOTSTRAP_TAG in cell["metadata"].get("tags", []):
            return found[1]
    return NO_REPOSITORY


def source_of(cell: dict[str, Any]) -> str:
    """The cell's text; in files it may be a list of lines."""
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


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


def _but_for_the_address(cell: dict[str, Any]) -> str:
    return REPOSITORY_LINE.sub("", source_of(cell))


def _check_address(repository: str) -> None:
    if not re.fullmatch(r"https://[\w.-]+(:\d+)?(/[\w.~-]+)+/?", repository):
        raise ValueError(
            "workshop build: --repository expects the address that git clones, such as "
            f"https://github.com/NAME/cnn-practicum. Received {repository[:200]!r}."
        )


def _read(path: Path) -> Notebook:
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(notebook["cells"], list):
            raise TypeError("cells is no list")
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path.name} is no notebook ({type(error).__name__}: {error}).") from None
    return notebook
