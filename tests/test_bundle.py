"""The bundle for a room without internet: real git, real pip with a small index on this disk, real start scripts.

The course in these tests is a small one of a few files, whose packages are made here; tests/stress has the real one.
"""

import hashlib
import http.server
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.parse
import zipfile
from pathlib import Path

import pytest
from conftest import PROJECT

from practicum.bundle import compare, make_bundle, sums
from practicum.bundle.course import open_course
from practicum.bundle.lock import read_lock
from practicum.bundle.targets import NAMES, Target, targets_of, this_platform
from practicum.bundle.wheels import Wheelhouse, installed_size
from practicum.cli import main

HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"
CP = f"cp{sys.version_info[0]}{sys.version_info[1]}"
try:
    THIS = targets_of([], [])[0]
except ValueError:  # a machine for which there is no TensorFlow, or another Python
    pytest.skip(f"there are no packages for {this_platform()}, Python {HERE}", allow_module_level=True)
needs_sh = pytest.mark.skipif(os.name != "posix", reason="start.sh is for Linux and macOS")

# What stands in place of the course: its doctor says what it was given, and fails if told to.
PACKAGE = """\
import json, os, sys
import alpha, beta
if sys.argv[1:] == ["doctor"]:
    names = ("PRACTICUM_DATA", "PRACTICUM_OFFLINE", "PIP_INDEX_URL", "PYTHONPATH")
    print("doctor:", json.dumps({name: os.environ.get(name) for name in names}), alpha.VALUE, beta.VALUE, flush=True)
    sys.exit(1 if os.path.exists("ill") else 0)
"""
LAB = """\
import os, sys
print("lab:", sys.argv[1:], os.path.basename(os.getcwd()), os.environ["PRACTICUM_OFFLINE"], flush=True)
"""
# Installs a folder by naming it in a .pth file, as hatchling does, without needing anything.
BACKEND = """\
import os, zipfile
def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    name = "practicum-0.1-py3-none-any.whl"
    files = {"_practicum.pth": os.getcwd() + "\\n",
             "practicum-0.1.dist-info/METADATA": "Metadata-Version: 2.1\\nName: practicum\\nVersion: 0.1\\n",
             "practicum-0.1.dist-info/WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"}
    files["practicum-0.1.dist-info/RECORD"] = "".join(f"{each},,\\n" for each in files)
    with zipfile.ZipFile(os.path.join(wheel_directory, name), "w") as wheel:
        for each, text in files.items():
            wheel.writestr(each, text)
    return name
"""
PYPROJECT = """\
[project]
name = "practicum"
version = "0.1"
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""


def make_wheel(folder, name, version, tag="py3-none-any", files=None):
    """A wheel with one module; gives its path."""
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name}-{version}.dist-info"
    content = {
        **(files or {f"{name}.py": f"VALUE = {version!r}\n"}),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    content[f"{info}/RECORD"] = "".join(f"{each},,\n" for each in [*content, f"{info}/RECORD"])
    path = folder / f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for each, text in content.items():
            wheel.writestr(each, text)
    return path


def hash_of(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def lock_line(name, version, wheels, marker=""):
    hashes = " ".join(f"--hash=sha256:{hash_of(path)}" for path in wheels)
    return f"{name}=={version}{f' ; {marker}' if marker else ''} \\\n    {hashes}\n"


def git(folder, *words):
    who = ("-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, "-C", str(folder), *words], check=True, capture_output=True)


def files_of(folder):
    """name -> (content, time of the last change) of every file."""
    found = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns) for path in found}


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A folder of wheels that is all that pip knows of."""
    folder = tmp_path / "index"
    make_wheel(folder, "alpha", "1.0")
    make_wheel(folder, "beta", "2.0", f"{CP}-{CP}-{THIS.platforms[-3 if len(THIS.platforms) > 3 else 0]}")
    for python in {"cp312", CP}:
        make_wheel(folder, "beta", "2.0", f"{python}-{python}-win_amd64")
    make_wheel(folder, "gamma", "3.0")
    make_wheel(folder, "jupyterlab", "4.0", files={"jupyterlab/__init__.py": "", "jupyterlab/__main__.py": LAB})
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def course(tmp_path, index):
    """A git checkout of a small course."""
    folder = tmp_path / "course"
    texts = {
        "pyproject.toml": PYPROJECT,
        "backend.py": BACKEND,
        "README.md": "A course.\n",
        "LICENSE": "MIT\n",
        "practicum/__init__.py": "",
        "practicum/__main__.py": PACKAGE,
        "notebooks/00_start_here.ipynb": "{}\n",
        "notebooks/größe.txt": "ä\n",
        "requirements.lock": "# made by a test\n"
        + lock_line("alpha", "1.0", index.glob("alpha-*"))
        + lock_line("beta", "2.0", index.glob("beta-*"))
        + lock_line("gamma", "3.0", index.glob("gamma-*"), "sys_platform == 'win32'")
        + lock_line("jupyterlab", "4.0", index.glob("jupyterlab-*")),
    }
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "a course")
    return folder


@pytest.fixture
def made(course, tmp_path):
    """A function that makes a bundle of that course at a path with a blank and an umlaut; gives its folder."""

    def make(**options):
        options = {"platforms": [], "pythons": [], "data": False, **options}
        return make_bundle(tmp_path / "Stick für uns" / "practicum", course=course, **options).folder

    return make


def start(bundle, to, *words, path=None, script="start.sh", **environment):
    """Run the start script of a bundle, with an empty home; gives its exit status and what it said."""
    home = to.parent / "home"
    home.mkdir(exist_ok=True)
    clean = {
        "PATH": path or f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(home),
        "LANG": "C.UTF-8",
    }
    done = subprocess.run(
        ["/bin/sh", str(bundle / script), "--to", str(to), *words],
        env={**clean, "PYTHON": sys.executable, **environment},
        cwd=to.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    return done.returncode, done.stdout


def command(*words, **environment):
    """python -m practicum workshop bundle …, in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "practicum", "workshop", "bundle", *map(str, words)],
        cwd=PROJECT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


# What is in it -----------------------------------------------------------------------------------------------------


def test_a_bundle_has_the_course_its_packages_and_a_way_to_start(made, course, index):
    folder = made()
    files = set(files_of(folder))
    in_commit = subprocess.run(
        ["git", "-C", str(course), "ls-files", "-z"], capture_output=True, text=True, encoding="utf-8", check=True
    )
    assert {name for name in files if name.startswith("course/")} == {
        f"course/{n}" for n in in_commit.stdout.split("\0") if n
    }
    wheels = {name.removeprefix("wheels/") for name in files if name.startswith("wheels/")}
    (pip,) = (name for name in wheels if name.startswith("pip-"))
    assert wheels - {pip} == {
        p.name for p in index.glob("*.whl") if not p.name.startswith("gamma") and "win" not in p.name
    }
    others = {name for name in files if "/" not in name}
    assert others == {"README.txt", "SHA256SUMS", "bundle.json", "start.bat", "start.py", "start.sh"}
    facts = json.loads((folder / "bundle.json").read_text())
    assert facts["targets"][0]["platform"] == THIS.platform
    assert facts["targets"][0]["installed_bytes"] > 100
    assert facts["commit"] == open_course(course).commit
    assert b"\r\n" in (folder / "start.bat").read_bytes()
    assert b"\r\n" not in (folder / "start.sh").read_bytes()
    assert os.access(folder / "start.sh", os.X_OK)


def test_what_is_made_again_is_not_touched(made, course, capsys):
    folder = made()
    before = files_of(folder)
    capsys.readouterr()
    assert main(["workshop", "bundle", "--to", str(folder), "--course", str(course), "--no-data", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["fetched"], said["written"]) == ([], 0)
    assert said["targets"] == [THIS.facts()]
    assert files_of(folder) == before


def test_what_has_changed_is_brought_and_what_is_gone_is_removed(made, course):
    folder = made()
    (folder / "my notes.txt").write_text("mine")
    (course / "README.md").write_text("Another.\n")
    git(course, "rm", "--quiet", "LICENSE")
    git(course, "commit", "--quiet", "-am", "changed")
    made()
    assert (folder / "course/README.md").read_text() == "Another.\n"
    assert not (folder / "course/LICENSE").exists()
    assert (folder / "my notes.txt").read_text() == "mine"
    assert compare(folder).extra == ("my notes.txt",)


def test_changes_since_the_commit_are_named_and_not_in_it(course, tmp_path, capsys):
    (course / "README.md").write_text("Not yet.\n")
    (course / "notebooks/new one.txt").write_text("x")
    words = ["workshop", "bundle", "--to", str(tmp_path / "b"), "--course", str(course), "--no-data"]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "changes since the commit in 2 of the files here (README.md, notebooks/new one.txt)" in said
    assert (tmp_path / "b/course/README.md").read_text() == "A course.\n"
    assert not (tmp_path / "b/course/notebooks/new one.txt").exists()
    assert "later changes in 2 file(s)" in " ".join((tmp_path / "b/README.txt").read_text().split())


def test_a_folder_that_is_no_checkout_is_taken_as_it_is(made, course):
    shutil.rmtree(course / ".git")
    for name in (
        "runs/a/x",
        ".venv/y",
        "practicum/__pycache__/z.pyc",
        "x.egg-info/w",
        "notebooks/.ipynb_checkpoints/v",
    ):
        (course / name).parent.mkdir(parents=True)
        (course / name).write_text("x")
    (course / "notebooks" / "runs").mkdir()
    (course / "notebooks" / "runs" / "kept.txt").write_text("x")
    folder = made()
    names = {name.removeprefix("course/") for name in files_of(folder) if name.startswith("course/")}
    assert "notebooks/runs/kept.txt" in names
    assert names - {"notebooks/runs/kept.txt"} == {
        *("pyproject.toml", "backend.py", "README.md", "LICENSE", "practicum/__init__.py", "practicum/__main__.py"),
        *("notebooks/00_start_here.ipynb", "notebooks/größe.txt", "requirements.lock"),
    }
    assert json.loads((folder / "bundle.json").read_text())["commit"] is None


def test_data_is_copied_from_where_it_is_and_what_is_absent_is_named(course, tmp_path, monkeypatch, capsys):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/cats-vs-dogs.tar").write_bytes(b"photos")
    monkeypatch.setenv("PRACTICUM_DATA", str(tmp_path / "data"))
    words = ["workshop", "bundle", "--to", str(tmp_path / "b"), "--course", str(course)]
    assert main([*words, "--json"]) == 1
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert found["datasets"] == {"cats_vs_dogs": "datasets/cats-vs-dogs.tar"}
    assert set(found["absent"]) == {"cifar10", "fashion_mnist"}
    assert "PRACTICUM_OFFLINE is set" in found["absent"]["cifar10"]
    assert len(said.err.strip().splitlines()[-1:]) == 1
    assert "lacks data; the same command tries again" in said.err.splitlines()[-1]
    assert (tmp_path / "b/datasets/cats-vs-dogs.tar").read_bytes() == b"photos"
    assert "CIFAR-10" in (tmp_path / "b/README.txt").read_text()
    assert compare(tmp_path / "b").good
    monkeypatch.delenv("PRACTICUM_DATA")
    assert main([*words, "--no-data"]) == 0  # what an earlier call has brought stays
    assert "No notebook needs them" in capsys.readouterr().out
    assert (tmp_path / "b/datasets/cats-vs-dogs.tar").exists()


def test_published_files_are_copied_whole(course, tmp_path, shared_data, monkeypatch):
    monkeypatch.setenv("PRACTICUM_DATA", str(shared_data("fashion-mnist").parent))
    made = make_bundle(tmp_path / "b", course=course, platforms=[], pythons=[])
    assert made.datasets["fashion_mnist"] == "datasets/fashion-mnist"
    names = {path.name for path in (tmp_path / "b/datasets/fashion-mnist").iterdir()}
    assert names == {f"{a}-{b}-ubyte.gz" for a in ("train", "t10k") for b in ("images-idx3", "labels-idx1")}
    assert compare(tmp_path / "b").extra == ()


# For which machines ------------------------------------------------------------------------------------------------


def test_further_platforms_are_added_and_share_what_they_can(made, course, tmp_path, capsys):
    folder = made()
    before = files_of(folder / "wheels")
    words = ["workshop", "bundle", "--to", str(folder), "--course", str(course), "--no-data", "--json"]
    assert main([*words, "--platform", "windows", "--python", "3.12"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["fetched"] == ["beta-2.0-cp312-cp312-win_amd64.whl", "gamma-3.0-py3-none-any.whl"]
    assert {(each["name"], each["python"]) for each in said["targets"]} == {(THIS.name, HERE), ("windows", "3.12")}
    assert before.items() <= files_of(folder / "wheels").items()
    assert compare(folder) == sums.Comparison(compare(folder).files, compare(folder).bytes, (), (), ())


def test_what_two_platforms_share_is_fetched_once(course, tmp_path):
    made = make_bundle(tmp_path / "b", course=course, platforms=["this", "windows"], pythons=[HERE], data=False)
    assert sorted(made.fetched) == sorted(set(made.fetched))
    assert len([name for name in made.fetched if name.startswith("alpha")]) == 1


def test_each_platform_gets_the_lines_of_the_lock_that_are_for_it():
    pins = read_lock(PROJECT / "requirements.lock")

    def names(platform, python):
        return {f"{pin.name} {pin.version}" for pin in pins if pin.is_for(Target(NAMES[platform], python))}

    alike = set.intersection(*(names(platform, "3.12") for platform in NAMES))
    assert len(alike) > 90
    only = {platform: {each.split()[0] for each in names(platform, "3.12") - alike} for platform in NAMES}
    assert only == {
        "linux": {"pexpect", "ptyprocess"},
        "linux-arm": {"pexpect", "ptyprocess"},
        "macos-arm": {"pexpect", "ptyprocess", "appnope"},
        "windows": {"colorama", "pywinpty"},
    }
    two = [each for each in names("linux", "3.11") if each.startswith("soupsieve")]
    one = [each for each in names("linux", "3.12") if each.startswith("soupsieve")]
    assert (len(two), len(one)) == (2, 1)  # 3.11.0 to 3.11.4 need another than 3.11.5


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--platform", "windws"], "--platform windws is not known. Did you mean windows?"),
        (["--platform", "macos-intel"], "there is no TensorFlow for macos-intel"),
        (["--platform", "macosx_11_0_x86_64"], "there is no TensorFlow for macosx_11_0_x86_64"),
        (["--python", "3.14"], "--python 3.14 is none of those that the course runs on: 3.11, 3.12, 3.13"),
    ],
)
def test_a_machine_that_cannot_run_the_course_is_refused(course, tmp_path, capsys, words, message):
    assert main(["workshop", "bundle", "--to", str(tmp_path / "b"), "--course", str(course), *words]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "b").exists()


def test_words_of_pip_are_taken():
    assert [each.name for each in targets_of(["win_amd64", "this"], [HERE])] == ["windows", THIS.name]
    assert targets_of(["manylinux2014_x86_64"], ["3.12"]) == [Target("manylinux_2_17_x86_64", "3.12")]
    assert "manylinux_2_18_x86_64" not in targets_of(["manylinux2014_x86_64"], ["3.12"])[0].platforms


# What goes wrong ---------------------------------------------------------------------------------------------------


def failing(course, to, capsys, *words):
    status = main(["workshop", "bundle", "--to", str(to), "--course", str(course), "--no-data", *words])
    said = capsys.readouterr().err.strip().splitlines()[-1]
    return status, said.removeprefix("practicum: ")


def test_a_folder_that_holds_something_else_is_left_alone(course, tmp_path, capsys):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/cat.jpg").write_bytes(b"cat")
    status, said = failing(course, tmp_path / "photos", capsys)
    assert (status, "holds something else (cat.jpg). Nothing of it was touched" in said) == (2, True)
    assert list(files_of(tmp_path / "photos")) == ["cat.jpg"]


def test_a_fresh_stick_with_what_systems_put_there_is_empty(course, tmp_path, capsys):
    for name in ("System Volume Information/IndexerVolumeGuid", ".Trashes/._x", ".DS_Store"):
        (tmp_path / "usb" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "usb" / name).write_bytes(b"x")
    assert main(["workshop", "bundle", "--to", str(tmp_path / "usb"), "--course", str(course), "--no-data"]) == 0
    assert compare(tmp_path / "usb").extra == ()


@pytest.mark.parametrize("inside", [".", "build/bundle"])
def test_a_bundle_does_not_go_into_the_course(course, capsys, inside):
    before = files_of(course)
    status, said = failing(course, course / inside, capsys)
    assert (status, "is inside the course's folder" in said) == (2, True)
    assert files_of(course) == before


def test_a_file_in_place_of_the_folder_is_said(course, tmp_path, capsys):
    (tmp_path / "file").write_bytes(b"x")
    assert "is a file. Name a folder" in failing(course, tmp_path / "file", capsys)[1]
    status, said = failing(course, tmp_path / "file" / "b", capsys)
    assert (status, "cannot be used (Not a directory)" in said) == (1, True)


def test_without_git_a_checkout_is_an_error_of_one_line(course, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    status, said = failing(course, tmp_path / "b", capsys)
    assert (status, "is a git checkout, but git is not installed" in said) == (2, True)


def test_the_folder_of_something_else_is_not_the_course(tmp_path, capsys):
    status, said = failing(tmp_path, tmp_path.with_name("b"), capsys)
    assert (status, "it has no requirements.lock, pyproject.toml" in said) == (2, True)


def test_an_index_that_cannot_be_reached_is_said_and_what_is_there_stays(course, tmp_path, index, capsys, monkeypatch):
    for wheel in index.glob("beta-*"):
        wheel.rename(tmp_path / wheel.name)
    monkeypatch.setenv("PRACTICUM_OFFLINE", "0")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "http://127.0.0.1:9/more")
    monkeypatch.setenv("PIP_RETRIES", "0")
    status, said = failing(course, tmp_path / "b", capsys)
    assert status == 1
    assert f"pip could not reach the package index for beta 2.0 for {THIS}" in said
    assert "What has come is kept" in said
    assert (tmp_path / "b/UNFINISHED.txt").exists()
    with pytest.raises(sums.BundleError, match="is not finished"):
        compare(tmp_path / "b")
    # With the index back, the same command goes on.
    kept = files_of(tmp_path / "b/wheels") if (tmp_path / "b/wheels").exists() else {}
    for wheel in tmp_path.glob("beta-*"):
        wheel.rename(index / wheel.name)
    monkeypatch.setenv("PRACTICUM_OFFLINE", "1")
    assert main(["workshop", "bundle", "--to", str(tmp_path / "b"), "--course", str(course), "--no-data"]) == 0
    assert kept.items() <= files_of(tmp_path / "b/wheels").items()
    assert not (tmp_path / "b/UNFINISHED.txt").exists()
    assert not (tmp_path / "b/.partial").exists()


def test_offline_means_that_nothing_is_asked(course, tmp_path, index, slow_index, capsys, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", slow_index.address)
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", slow_index.address)
    (index / "alpha-1.0-py3-none-any.whl").unlink()
    assert "alpha 1.0 for" in (said := failing(course, tmp_path / "b", capsys)[1])
    assert "PRACTICUM_OFFLINE is set" in said
    assert slow_index.requests == []


def test_another_file_than_the_lock_names_is_not_taken(course, tmp_path, index, capsys):
    make_wheel(index, "alpha", "1.0", files={"alpha.py": "VALUE = 'bad'\n"})
    status, said = failing(course, tmp_path / "b", capsys)
    assert (status, "gave another file of alpha 1.0" in said) == (1, True)
    assert not list((tmp_path / "b").rglob("alpha*.whl"))


def test_a_python_without_wheels_is_named(course, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("PRACTICUM_OFFLINE", "0")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    other = "3.11" if HERE == "3.13" else "3.13"
    status, said = failing(course, tmp_path / "b", capsys, "--platform", "windows", "--python", other)
    assert (status, f"has no wheel of beta 2.0 for windows, Python {other}" in said) == (1, True)


def test_no_room_is_said_and_the_same_command_goes_on(course, tmp_path):
    """Files may have 100 kB at most here, as on a full disk; the course has a larger one."""
    (course / "notebooks/large.bin").write_bytes(bytes(300_000))
    git(course, "add", ".")
    git(course, "commit", "--quiet", "-m", "large")
    resource = pytest.importorskip("resource")
    words = [
        sys.executable,
        "-m",
        "practicum",
        "workshop",
        "bundle",
        "--to",
        tmp_path / "b",
        "--course",
        course,
        "--no-data",
    ]
    done = subprocess.run(
        words,
        cwd=PROJECT,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
        check=False,
    )
    assert done.returncode == 1
    assert f"the folder {tmp_path / 'b'} has no room left. What is there is kept" in done.stderr.splitlines()[-1]
    before = files_of(tmp_path / "b/course")
    assert "notebooks/00_start_here.ipynb" in before
    assert "notebooks/large.bin" not in before
    assert subprocess.run(words, cwd=PROJECT, capture_output=True, check=False).returncode == 0
    assert before.items() <= files_of(tmp_path / "b/course").items()


def test_names_that_a_stick_cannot_have_are_refused(course, tmp_path, capsys):
    for name in ("a:b.txt", "aux.txt", "Readme.md", "README.MD"):
        (course / name).write_text("x")
    git(course, "add", ".")
    git(course, "commit", "--quiet", "-m", "names")
    status, said = failing(course, tmp_path / "b", capsys)
    assert status == 2
    assert "a:b.txt, aux.txt" in said
    assert "Readme.md beside" in said


def test_the_names_of_the_course_can_be_on_any_stick():
    sums.see_portable(name for name, _, _ in open_course(PROJECT).files())


# Interrupted -------------------------------------------------------------------------------------------------------


class SlowIndex:
    """A package index on loopback that holds the last half of one wheel back until it is told to go on."""

    def __init__(self, folder, held):
        self.requests, self.asked = [], []  # everything; wheels
        self.release, self.at_it = threading.Event(), threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.requests.append(self.path)
                name = urllib.parse.unquote(self.path.strip("/"))
                wheels = sorted(path.name for path in folder.glob("*.whl"))
                page = "".join(f'<a href="/{each}">{each}</a>' for each in wheels).encode()
                content = (folder / name).read_bytes() if name in wheels else page
                kind = "application/zip" if name in wheels else "text/html"
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if name in wheels:
                    outer.asked.append(name)
                half = len(content) // 2 if name.startswith(held) and not outer.release.is_set() else 0
                try:
                    self.wfile.write(content[:half])
                    if half:
                        outer.at_it.set()
                        outer.release.wait(60)
                    self.wfile.write(content[half:])
                except OSError:
                    pass

            def log_message(self, *words):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}/"

    def close(self):
        self.release.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def slow_index(index):
    one = SlowIndex(index, "beta")
    yield one
    one.close()


@needs_sh
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=["killed", "Ctrl-C"])
def test_an_interrupted_bundling_goes_on_and_fetches_nothing_twice(course, tmp_path, slow_index, how):
    environment = {
        "PRACTICUM_OFFLINE": "0",
        "PIP_FIND_LINKS": slow_index.address,
        "PIP_NO_INDEX": "1",
        "PIP_NO_CACHE_DIR": "1",
    }
    words = ("--to", tmp_path / "b", "--course", course, "--no-data", "--json")
    child = command(*words, **environment)
    assert slow_index.at_it.wait(120)
    deadline = time.monotonic() + 60
    while len(list((tmp_path / "b/wheels").glob("*.whl"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    if how == signal.SIGKILL:
        os.killpg(child.pid, how)
    else:
        child.send_signal(how)
    out, err = child.communicate(timeout=60)
    if how == signal.SIGINT:
        assert child.returncode == 1
        assert "interrupted; what has come is kept, and the same command goes on from there" in err.splitlines()[-1]
    slow_index.release.set()
    before = files_of(tmp_path / "b")
    assert {"wheels/alpha-1.0-py3-none-any.whl", "wheels/jupyterlab-4.0-py3-none-any.whl", "UNFINISHED.txt"} <= set(
        before
    )
    assert not [name for name in before if name.startswith("wheels/beta")]
    assert (out, Path(f"{tmp_path}/b/SHA256SUMS").exists()) == ("", False)
    status, said = start(tmp_path / "b", tmp_path / "mine") if (tmp_path / "b/start.sh").exists() else (1, "")
    assert status == 1, said

    asked_before = len(slow_index.asked)
    out, err = (child := command(*words, **environment)).communicate(timeout=120)
    assert child.returncode == 0, err
    (beta,) = json.loads(out)["fetched"]
    assert beta.startswith("beta-2.0")
    assert slow_index.asked[asked_before:] == [beta]
    after = files_of(tmp_path / "b")
    kept = {name: file for name, file in before.items() if name.startswith(("course/", "wheels/"))}
    assert kept.items() <= after.items()  # not written again: the times are the same
    assert compare(tmp_path / "b").extra == ()
    assert not [name for name in after if name.startswith((".partial", "UNFINISHED"))]


@needs_sh
def test_killed_while_it_copies_it_goes_on_with_the_rest(course, tmp_path):
    for number in range(600):
        (course / "notebooks" / f"{number}.txt").write_text("x" * number)
    git(course, "add", ".")
    git(course, "commit", "--quiet", "-m", "many")
    words = ("--to", tmp_path / "b", "--course", course, "--no-data", "--json")
    child = command(*words)
    there = tmp_path / "b" / "course" / "notebooks"
    deadline = time.monotonic() + 60
    while (not there.exists() or len(list(there.iterdir())) < 100) and time.monotonic() < deadline:
        time.sleep(0.005)
    os.killpg(child.pid, signal.SIGKILL)
    child.communicate()
    before = files_of(tmp_path / "b" / "course")
    assert 100 <= len(before) < 609
    contents = {name: content for name, content, _ in open_course(course).files()}
    assert all(content == contents[name] for name, (content, _) in before.items())  # whole files only
    out, err = (child := command(*words)).communicate(timeout=120)
    assert child.returncode == 0, err
    after = files_of(tmp_path / "b" / "course")
    assert before.items() <= after.items()
    assert json.loads(out)["written"] == 609 - len(before) + 6  # and the six files beside the course
    assert compare(tmp_path / "b").good


# Whole? ------------------------------------------------------------------------------------------------------------


def test_missing_changed_and_extra_files_are_named(made, capsys):
    folder = made()
    assert main(["workshop", "bundle", "--check", str(folder)]) == 0
    assert "all there and unchanged" in capsys.readouterr().out
    (folder / "course/notebooks/größe.txt").write_text("ö\n")
    (folder / "wheels/alpha-1.0-py3-none-any.whl").unlink()
    (folder / "game.exe").write_bytes(b"x")
    assert main(["workshop", "bundle", "--check", str(folder)]) == 1
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "missing: wheels/alpha-1.0-py3-none-any.whl",
        "changed: course/notebooks/größe.txt",
        "extra: game.exe",
    ]
    assert "2 of" in said.err
    assert main(["workshop", "bundle", "--check", str(folder), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["missing"], found["extra"], found["good"]) == (
        ["wheels/alpha-1.0-py3-none-any.whl"],
        ["game.exe"],
        False,
    )


def test_making_it_again_mends_it(made, course):
    folder = made()
    (folder / "course/README.md").write_text("A source.\n")  # as long as before
    wheel = folder / "wheels/alpha-1.0-py3-none-any.whl"
    wheel.write_bytes(bytes(wheel.stat().st_size))
    assert compare(folder).changed == ("course/README.md", "wheels/alpha-1.0-py3-none-any.whl")
    made()
    assert compare(folder) == sums.Comparison(compare(folder).files, compare(folder).bytes, (), (), ())


@pytest.mark.skipif(not shutil.which("sha256sum"), reason="there is no sha256sum here")
def test_sha256sum_reads_the_checksums(made):
    folder = made()
    check = ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"]
    assert subprocess.run(check, cwd=folder, capture_output=True, text=True, check=True).stdout == ""
    (folder / "course/README.md").write_text("damaged")
    done = subprocess.run(check, cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, "course/README.md: FAILED" in done.stdout) == (1, True)


def test_what_is_no_bundle_is_said(tmp_path, capsys):
    assert main(["workshop", "bundle", "--check", str(tmp_path)]) == 2
    assert "is no bundle: it has no file SHA256SUMS" in capsys.readouterr().err
    (tmp_path / "SHA256SUMS").write_text("nonsense\n")
    assert main(["workshop", "bundle", "--check", str(tmp_path)]) == 2
    assert "is damaged ('nonsense')" in capsys.readouterr().err


# The start script --------------------------------------------------------------------------------------------------


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


# Small parts -------------------------------------------------------------------------------------------------------


def test_whole_wheels_that_a_killed_process_left_are_kept(made, course):
    folder = made()
    pins = read_lock(course / "requirements.lock")
    (wheel,) = (folder / "wheels").glob("alpha-*")
    left = folder / ".partial" / "wheel-x"
    left.mkdir(parents=True)
    wheel.rename(left / wheel.name)
    (left / "half.whl").write_bytes(b"half")
    house = Wheelhouse(folder, pins)
    assert wheel.name in house.hashes
    assert wheel.exists()
    assert not (folder / "wheels" / "half.whl").exists()
    assert not left.exists()


def test_what_wheels_take_once_unpacked(tmp_path):
    path = make_wheel(tmp_path, "alpha", "1.0", files={"a/very/long/path/indeed/that/is/longer.py": "x" * 1000})
    size, longest = installed_size(tmp_path, [path.name])
    assert (size > 1000, longest) == (True, len("a/very/long/path/indeed/that/is/longer.py"))


def test_a_lock_without_hashes_is_refused(tmp_path):
    (tmp_path / "requirements.lock").write_text("alpha==1.0\n")
    with pytest.raises(ValueError, match=r"a line that is no version with hashes: alpha==1\.0"):
        read_lock(tmp_path / "requirements.lock")


def test_the_start_script_can_be_read_by_old_pythons():
    """So that an old Python can say that it is too old."""
    import ast

    ast.parse((PROJECT / "practicum/static/bundle/start.py").read_text(encoding="utf-8"), feature_version=(3, 7))
