"""What is handed out: the wheel, installed alone in a clean environment, and the archive that it is made from."""

import json
import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from practicum import __version__
from practicum.places import BUNDLED

PROJECT = Path(__file__).resolve().parents[2]
DATA = {*BUNDLED, "models", "photos", "sweeps"}


@pytest.fixture(scope="module")
def dist(tmp_path_factory):
    """The folder with both: the one that `make release` filled, or a new one."""
    if given := os.environ.get("PRACTICUM_DIST"):
        return Path(given).resolve()
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "uv", "build", "--quiet", "--out-dir", str(folder)], cwd=PROJECT, check=True)
    return folder


@pytest.fixture(scope="module")
def wheel(dist):
    return dist / f"practicum-{__version__}-py3-none-any.whl"


@pytest.fixture(scope="module")
def clean(wheel, tmp_path_factory):
    """Runs a command in an environment that holds the wheel and what it asks for, in a folder that holds nothing."""
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv/bin/python"
    constraints = ["-c", str(PROJECT / "constraints.txt")]
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", str(wheel), *constraints], check=True)
    (folder / "work").mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PRACTICUM"))}
    env = kept | {"HOME": str(folder), "PRACTICUM_OFFLINE": "1", "XDG_CACHE_HOME": str(folder / "cache")}

    def run(*arguments):
        done = subprocess.run([str(python), *arguments], cwd=folder / "work", env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run.folder = folder / "work"
    return run


def test_the_wheel_holds_the_package_its_data_and_licences_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {"practicum", f"practicum-{__version__}.dist-info"}
    held = {name.split("/")[2] for name in names if name.startswith("practicum/bundled/")}
    assert held == DATA | {"README.md"}
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert {name for name in names if "bundled" in name and "LICENSE" in name}
    assert not [name for name in names if "__pycache__" in name or name.startswith("practicum/bundled/make")]
    package = {path.relative_to(PROJECT).as_posix() for path in (PROJECT / "practicum").rglob("*.py")}
    assert package <= set(names)


def test_the_archive_holds_all_that_is_needed_to_go_on(dist):
    with tarfile.open(dist / f"practicum-{__version__}.tar.gz") as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, text=True, check=True
    ).stdout.split("\0")[:-1]
    assert set(tracked) <= held


def test_it_is_ready(clean):
    said = json.loads(clean("-m", "practicum", "doctor", "--json"))
    state = {finding["what"]: finding["state"] for finding in said["findings"]}
    assert said["ready"]
    assert state["data"] == "ok"
    assert state["notebooks"] == "warning"  # JupyterLab comes with the course's requirements, not with the package


def test_it_trains_and_its_pages_stand_alone(clean):
    options = ["--data", "emoji", "--epochs", "1", "--out", "runs/a", "--json"]
    said = json.loads(clean("-m", "practicum", "train", *options))
    assert said["test_accuracy"] > 0.35  # six seeds: 0.43 to 0.53; always naming the most common class gives 0.236
    page = (clean.folder / "runs/a/explorer.html").read_text(encoding="utf-8")
    assert "module1_conv" in page
    assert (clean.folder / "runs/a/report.html").stat().st_size > 10_000


def test_an_explorer_page_of_the_network_that_comes_with_it(clean):
    clean(
        "-c",
        "from practicum import explorer; from practicum.data import photo; from practicum.model import load_pretrained;"
        "explorer.convolution(photo('cat')[100:105, 100:105, 0], [[1, 0], [0, -1]]).save('page.html');"
        "assert load_pretrained('cifar10').count_params() > 1000",
    )
    assert "<script" in (clean.folder / "page.html").read_text(encoding="utf-8")
