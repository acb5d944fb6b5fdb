"""Another machine rounds otherwise, and training makes that grow: what the notebooks say must hold there as well."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

PROJECT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((PROJECT / "notebooks").glob("*.ipynb"))
MACHINES = 3
# Every weight is off by a few units in its last place when a training begins. After it, the networks differ as much as
# those of two machines do.
OTHER_ROUNDING = """
import functools as _functools
import numpy as _np
from practicum import training as _training
_train, _random = _training.train, _np.random.default_rng({machine})
@_functools.wraps(_train)
def _train_elsewhere(model, *arguments, **options):
    for weight in model.trainable_variables:  # frozen ones stand still on any machine
        off = 1 + 3e-7 * _random.standard_normal(weight.shape)
        weight.assign((_np.asarray(weight) * off).astype(weight.dtype))
    return _train(model, *arguments, **options)
_train_elsewhere.__kwdefaults__ = _train.__kwdefaults__  # notebooks read them
_training.train = _train_elsewhere
"""


@pytest.mark.parametrize("machine", range(1, MACHINES + 1))
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_says_the_same_on_another_machine(path, machine, tmp_path):
    folder = tmp_path / "notebooks"
    folder.mkdir()
    for other in PROJECT.iterdir():
        if other.name not in ("notebooks", "runs"):
            (tmp_path / other.name).symlink_to(other)
    for other in path.parent.iterdir():
        if other.suffix != ".ipynb" and other.is_file():
            shutil.copy(other, folder)
    notebook = nbformat.read(path, as_version=4)
    first = next(place for place, cell in enumerate(notebook.cells) if cell.cell_type == "code")
    notebook.cells.insert(first + 1, nbformat.v4.new_code_cell(OTHER_ROUNDING.format(machine=machine)))
    nbformat.write(notebook, folder / path.name)
    command = [sys.executable, "-m", "pytest", "-q", "--nbval", "--nbval-current-env", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "--doctest-glob=", "-c", str(PROJECT / "pyproject.toml"), str(folder / path.name)],
        cwd=tmp_path,
        env=os.environ | {"NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
