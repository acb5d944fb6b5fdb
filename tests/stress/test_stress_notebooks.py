"""Notebooks as people really use them: cells run twice, from elsewhere, without internet, on older versions."""

import os
import subprocess
import sys
import venv
from pathlib import Path

import nbclient
import nbformat
import pytest

PROJECT = Path(__file__).resolve().parents[2]
BOTH = sorted([*(PROJECT / "notebooks").glob("*.ipynb"), *(PROJECT / "notebooks" / "solutions").glob("*.ipynb")])
LEARNERS = [path for path in BOTH if path.parent.name == "notebooks"]
SECONDS = 600  # for one cell, on a busy machine
OLDEST = PROJECT / "requirements-oldest.txt"


def each(paths):
    return pytest.mark.parametrize("path", paths, ids=lambda path: f"{path.parent.name}-{path.stem}")


def run(notebook, folder):
    resources = {"metadata": {"path": str(folder)}}
    # Printed lines may arrive in one piece or in several.
    nbclient.NotebookClient(notebook, timeout=SECONDS, coalesce_streams=True, resources=resources).execute()


def outputs(notebook):
    """What is compared: the text of each output, but for cells that are left out of it."""
    return [
        [output.get("text", "") + str(output.get("data", {}).get("text/plain", "")) for output in cell.outputs]
        for cell in notebook.cells
        if cell.cell_type == "code" and "nbval-ignore-output" not in cell.metadata.get("tags", [])
    ]


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    monkeypatch.setenv("PRACTICUM_OFFLINE", "1")
    monkeypatch.setenv("PRACTICUM_PROGRESS", "off")


@each(LEARNERS)
def test_every_cell_can_be_run_twice_in_a_row(path):
    """It happens all the time: a second Shift-Enter. Nothing stops, and the second run says what the first one said."""
    notebook = nbformat.read(path, as_version=4)
    twice = nbformat.v4.new_notebook()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            twice.cells += [nbformat.v4.new_code_cell(cell.source, metadata=cell.metadata) for _ in range(2)]
    run(twice, path.parent)
    said = outputs(twice)
    assert said[::2] == said[1::2]


@each(LEARNERS)
def test_a_notebook_runs_from_a_folder_elsewhere_that_cannot_be_written(path, tmp_path):
    """The package is installed here, so the notebook may lie anywhere. It leaves nothing behind beside itself."""
    elsewhere = tmp_path / "read only"
    elsewhere.mkdir()
    elsewhere.chmod(0o555)
    notebook = nbformat.read(path, as_version=4)
    before = outputs(notebook)
    run(notebook, elsewhere)
    assert list(elsewhere.iterdir()) == []
    assert outputs(notebook) == before


@pytest.fixture(scope="module")
def oldest(tmp_path_factory):
    """A second environment with the oldest supported versions, registered as a kernel; its folder of kernels."""
    folder = tmp_path_factory.mktemp("oldest")
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"

    def call(*arguments):
        subprocess.run([str(python), "-m", *arguments], check=True, cwd=PROJECT)

    call("pip", "install", "--quiet", "-r", str(OLDEST))
    call("pip", "install", "--quiet", "--no-deps", "-e", str(PROJECT))
    call("ipykernel", "install", "--prefix", str(folder / "share"), "--name", "oldest")
    return folder / "share" / "share" / "jupyter"


@each(BOTH)
def test_a_notebook_says_the_same_with_the_oldest_versions(path, oldest):
    command = [sys.executable, "-m", "pytest", "-q", "--nbval", "--nbval-kernel-name=oldest", "--doctest-glob="]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider", str(path)],
        cwd=PROJECT,
        env=os.environ | {"NO_COLOR": "1", "JUPYTER_PATH": str(oldest)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
