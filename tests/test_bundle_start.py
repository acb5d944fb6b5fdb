"""The start script of a bundle, on machines that are ready, and on those that are not."""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys

import pytest
import small_course
from small_course import HERE, THIS, files_of, git, make_wheel, needs_sh, start

index, course, made = small_course.index, small_course.course, small_course.made


@needs_sh
def test_start_sets_everything_up_and_starts_twice(made, tmp_path, course):
    """From a read-only stick, a path with a blank and an umlaut; the second time nothing of the learner is lost."""
    bundle = made()
    (bundle / "datasets").mkdir()
    (bundle / "datasets/x.tar").write_bytes(b"x")
    with (bundle / "SHA256SUMS").open("a") as sums_file:
        sums_file.write(f"{hashlib.sha256(b'x').hexdigest()}  datasets/x.tar\n")
    before = files_of(bundle)
    for path in [*bundle.rglob("*"), bundle]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    mine = tmp_path / "Übungen hier" / "mein Kurs"
    mine.parent.mkdir()
    foreign = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PYTHONPATH": "/nowhere", "PIP_REQUIRE_VIRTUALENV": "1"}
    status, said = start(bundle, mine, **foreign)
    assert status == 0, said
    given = {"PRACTICUM_DATA": f"{mine}/datasets", "PRACTICUM_OFFLINE": "1", "PIP_INDEX_URL": None, "PYTHONPATH": None}
    assert f"doctor: {json.dumps(given)} 1.0 2.0" in said
    assert "lab: ['notebooks/00_start_here.ipynb'] mein Kurs 1" in said
    assert files_of(bundle) == before  # nothing is written to the stick
    assert not list((tmp_path / "Übungen hier" / "home").rglob("*.ipynb"))
    settings = json.loads((mine / ".venv/etc/jupyter/labconfig/page_config.json").read_text())
    assert settings["disabledExtensions"] == {"@jupyterlab/apputils-extension:announcements": True}

    (mine / "notebooks/00_start_here.ipynb").write_text("my answers")
    (mine / "notebooks/mine.txt").write_text("notes")
    (mine / "README.md").unlink()
    status, said = start(bundle, mine, "--no-lab")
    assert status == 0, said
    assert "You have changed notebooks/00_start_here.ipynb: kept as you left them." in said
    assert "The packages are installed already." in said
    assert "lab:" not in said
    assert (mine / "notebooks/00_start_here.ipynb").read_text() == "my answers"
    assert (mine / "notebooks/mine.txt").read_text() == "notes"
    assert (mine / "README.md").read_text() == "A course.\n"

    # Later, without the stick.
    bundle.rename(tmp_path / "away")
    done = subprocess.run(["/bin/sh", "open.sh"], cwd=mine, capture_output=True, text=True, check=True)
    assert "lab: ['notebooks'] mein Kurs 1" in done.stdout


@needs_sh
def test_a_newer_bundle_brings_what_the_learner_has_not_changed(made, course, tmp_path):
    bundle, mine = made(), tmp_path / "mine"
    assert start(bundle, mine, "--no-lab")[0] == 0
    (mine / "notebooks/00_start_here.ipynb").write_text("my answers")
    for name in ("README.md", "notebooks/00_start_here.ipynb"):
        (course / name).write_text("newer\n")
    git(course, "commit", "--quiet", "-am", "newer")
    made()
    assert start(bundle, mine, "--no-lab")[0] == 0
    assert (mine / "README.md").read_text() == "newer\n"
    assert (mine / "notebooks/00_start_here.ipynb").read_text() == "my answers"


@needs_sh
@pytest.mark.parametrize(
    ("name", "harm", "message"),
    [
        ("course/README.md", "damage", "README.md is damaged"),
        ("course/README.md", "remove", "README.md is missing from the bundle"),
        ("wheels/alpha-1.0-py3-none-any.whl", "damage", "The packages could not be installed"),
        ("wheels/alpha-1.0-py3-none-any.whl", "remove", "The packages could not be installed"),
    ],
)
def test_start_does_not_use_what_is_damaged(made, tmp_path, name, harm, message):
    bundle, mine = made(), tmp_path / "mine"
    whole = (bundle / name).read_bytes()
    if harm == "remove":
        (bundle / name).unlink()
    else:
        make_wheel(bundle / "wheels", "alpha", "1.0", files={"alpha.py": "VALUE = 'bad'\n"})
        (bundle / name).write_bytes(b"damaged" if name.startswith("course") else (bundle / name).read_bytes())
    status, said = start(bundle, mine, "--no-lab")
    assert (status, message in said) == (1, True), said
    assert "Traceback" not in said
    assert not (mine / "README.md").exists() or (mine / "README.md").read_text() == "A course.\n"
    (bundle / name).write_bytes(whole)
    if name.startswith("wheels"):  # once: the other two cases end before anything is installed
        assert start(bundle, mine, "--no-lab")[0] == 0


@needs_sh
def test_start_says_what_is_wrong_with_the_machine(made, tmp_path):
    bundle, mine = made(), tmp_path / "mine"
    facts = json.loads((bundle / "bundle.json").read_text())

    def with_target(**changes):
        (bundle / "bundle.json").write_text(json.dumps({**facts, "targets": [{**facts["targets"][0], **changes}]}))
        return start(bundle, mine, "--no-lab")

    status, said = with_target(python="3.99")
    assert status == 1
    assert re.search(rf"it is Python {HERE}; the bundle has packages for {THIS.name} with Python 3\.99", said)
    other = "win_amd64" if THIS.name != "windows" else "manylinux_2_28_x86_64"
    assert "; the bundle has packages for windows" in with_target(platform=other, name="windows")[1]
    if THIS.name.startswith("linux"):
        machine = THIS.platform.partition("_")[2].partition("_")[2].partition("_")[2]
        status, said = with_target(platform=f"manylinux_2_999_{machine}")
        assert (status, "this system is too old" in said) == (1, True)
    status, said = with_target(installed_bytes=10**15)
    assert (status, "1000000.2 GB are needed" in said) == (1, True)
    assert not (mine / "README.md").exists()


@needs_sh
def test_start_without_any_python_says_so(made, tmp_path):
    bundle = made()
    (tmp_path / "empty").mkdir()
    status, said = start(bundle, tmp_path / "mine", path=str(tmp_path / "empty"), PYTHON="")
    assert (status, "There is no Python on this machine" in said) == (1, True), said
    old = tmp_path / "empty" / "python3"  # one that cannot even read start.py
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.5.3 && exit 0\nexit 1\n')
    old.chmod(0o755)
    status, said = start(bundle, tmp_path / "mine", path=str(tmp_path / "empty"), PYTHON="")
    assert (status, "python3 (Python 3.5.3): it is too old" in said) == (1, True), said


@needs_sh
def test_start_leaves_folders_of_others_alone(made, tmp_path):
    bundle, mine = made(), tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("mine")
    status, said = start(bundle, mine, "--no-lab")
    assert (status, "holds something else; nothing of it was touched" in said) == (1, True)
    assert list(files_of(mine)) == ["thesis.txt"]
    status, said = start(bundle, bundle / "mine", "--no-lab")
    assert (status, "is inside the bundle" in said) == (1, True)


@needs_sh
def test_a_second_start_at_the_same_time_waits_for_nobody(made, tmp_path):
    import fcntl

    bundle, mine = made(), tmp_path / "mine"
    mine.mkdir()
    (mine / ".from-bundle").touch()
    with (mine / ".starting").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        status, said = start(bundle, mine, "--no-lab")
    assert (status, "is being set up by another start" in said) == (1, True)


@needs_sh
def test_a_doctor_that_finds_something_stops_the_start(made, tmp_path):
    bundle, mine = made(), tmp_path / "mine"
    mine.mkdir()
    (mine / ".from-bundle").touch()
    (mine / "ill").touch()
    status, said = start(bundle, mine)
    assert (status, "the lines above name what is wrong" in said) == (1, True)
    assert "lab:" not in said


@needs_sh
def test_a_python_that_has_no_pip_uses_the_bundles(made, tmp_path):
    """As Debian's without python3-venv: a file that Python takes for ensurepip fails."""
    bundle, mine = made(), tmp_path / "mine"
    mine.mkdir()
    (mine / ".from-bundle").touch()
    (mine / "ensurepip.py").write_text("raise SystemExit(1)\n")
    status, said = start(bundle, mine, "--no-lab")
    assert status == 0, said
    assert "1.0 2.0" in said
    have_pip = subprocess.run([mine / ".venv/bin/python", "-m", "pip", "--version"], capture_output=True, check=False)
    assert have_pip.returncode != 0  # so it was the bundle's


@needs_sh
def test_an_interrupted_start_goes_on(made, tmp_path):
    """Killed as soon as its environment stands, before a package is installed."""
    bundle, mine = made(), tmp_path / "mine"
    child = subprocess.Popen(
        [sys.executable, str(bundle / "start.py"), "--to", str(mine), "--no-lab"],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    for line in child.stdout:
        if "Installing the packages" in line:
            break
    os.killpg(child.pid, signal.SIGKILL)
    child.communicate()
    assert not (mine / ".venv/bundle.json").exists()
    status, said = start(bundle, mine, "--no-lab")
    assert status == 0, said
    assert "1.0 2.0" in said
