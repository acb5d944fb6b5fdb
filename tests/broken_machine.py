"""A machine for the doctor to look at, with real faults in real processes: what the tests of broken ones share.

Most faults show without TensorFlow; there a keras that cannot be imported stands in the way, which saves the seconds of
loading it and is a second fault at the same time.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import PROJECT

from practicum.doctor import GROUPS

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="limits, mounts and links are Linux's")
NAMES = [name for names in GROUPS.values() for name in names]
# What these find is this machine's own affair, and no test here is about it unless it says so.
OF_THE_MACHINE = {"cores", "memory", "disk", "browser"}
SITE = Path(pytest.__file__).resolve().parent.parent
BASE_PYTHON = os.path.realpath(sys.executable)  # with -S it sees no packages but those it is told of


class Machine:
    """A folder to work in, packages that stand in front of the real ones, and an environment."""

    def __init__(self, folder):
        self.stubs, self.cwd = folder / "stubs", folder / "work"
        self.stubs.mkdir()
        self.cwd.mkdir()
        self.python, self.project, self.site = [sys.executable], PROJECT, []
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PRACTICUM_CACHE": str(folder / "cache"),
            "PRACTICUM_OFFLINE": "1",
        }
        self.stub("keras", "raise ImportError('this one is not loaded')")

    def stub(self, name, code, version=None):
        (self.stubs / name).mkdir(exist_ok=True)
        (self.stubs / name / "__init__.py").write_text(code)
        if version:
            self.version(name, version)

    def version(self, name, version):
        (self.stubs / f"{name}-{version}.dist-info").mkdir()
        text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        (self.stubs / f"{name}-{version}.dist-info" / "METADATA").write_text(text)

    def real_keras(self):
        shutil.rmtree(self.stubs / "keras")

    def without(self, *packages):
        """The packages of this environment but these, and no others."""
        self.python = [BASE_PYTHON, "-S"]
        links = self.stubs / "site"
        links.mkdir()
        for path in SITE.iterdir():
            if not path.name.lower().startswith((*packages, "_", "distutils")) and path.suffix != ".pth":
                (links / path.name).symlink_to(path)
        self.site = [links]

    def course(self, folder):
        """From now on the course stands in another folder, which has no .venv beside it."""
        folder.mkdir()
        for name in ("practicum", "data"):
            (folder / name).symlink_to(PROJECT / name)
        self.project = folder
        return folder

    def run(self, *arguments, before=(), **more):
        path = os.pathsep.join(map(str, (self.stubs, self.project, *self.site)))
        command = [*before, *self.python, "-m", "practicum", "doctor", *arguments]
        more = {"capture_output": True, "timeout": 180, "cwd": self.cwd} | more
        done = subprocess.run(command, env=self.env | {"PYTHONPATH": path}, **more)
        for text in (done.stdout, done.stderr):
            assert b"Traceback" not in (text or b""), text
        return done

    def findings(self, *arguments, **more):
        """By name; each test sees that all are there, in order, and that what is not ok comes with advice."""
        done = self.run("--json", *arguments, **more)
        assert done.stdout.count(b"\n") == 1, done.stderr
        report = json.loads(done.stdout)
        assert list(report) == ["ready", "findings"]
        found = report["findings"]
        assert [entry["what"] for entry in found] == NAMES
        assert all(set(entry) == {"what", "state", "found", "advice"} for entry in found)
        assert all(entry["found"] and bool(entry["advice"]) == (entry["state"] != "ok") for entry in found)
        assert report["ready"] == all(entry["state"] != "problem" for entry in found)
        assert done.returncode == (0 if report["ready"] else 1)
        return {entry["what"]: entry for entry in found}

    def only(self, expected, *arguments, **more):
        """The findings, after seeing that nothing but what is expected is other than ok. expected: name -> state."""
        found = self.findings(*arguments, **more)
        others = {} if "device" in expected or "packages" in expected else {"device": "problem"}  # the keras above
        states = {name: entry["state"] for name, entry in found.items() if entry["state"] != "ok"}
        ours = {name: state for name, state in states.items() if name not in OF_THE_MACHINE - set(expected)}
        assert ours == expected | others, found
        return found


@pytest.fixture
def computer(tmp_path):
    return Machine(tmp_path)


@pytest.fixture
def small_disk(tmp_path):
    """A function that mounts a tmpfs of so many kilobytes; skipped where only another user may."""
    mounted = []

    def mount(kilobytes, *options):
        folder = tmp_path / f"disk{len(mounted)}"
        folder.mkdir()
        size = ",".join((f"size={kilobytes}k", *options))
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", folder], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"this user may not mount a tmpfs: {done.stderr.strip()}")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", folder], check=True)
