"""The doctor finds what is wrong, says what to do, and never fails itself."""

import json
import shutil
import subprocess
import sys

import pytest
from conftest import PROJECT

from practicum import doctor


def finding(what):
    return next(entry for entry in doctor.examine() if entry.what == what)


def test_a_good_machine_has_no_problem():
    findings = doctor.examine()
    assert [entry.what for entry in findings] == [
        *("Python", "packages", "notebooks", "data", "device", "memory", "disk", "cache")
    ]
    assert not [entry for entry in findings if entry.state == "problem"]


def test_everything_but_ok_comes_with_advice(monkeypatch):
    monkeypatch.setattr(doctor, "LEAST_DISK_GB", 10**9)
    monkeypatch.setattr(doctor, "LEAST_MEMORY_GB", 10**9)
    monkeypatch.setenv("PRACTICUM_DATA", "/nowhere/at/all")
    states = {entry.what: entry for entry in doctor.examine()}
    for what in ("disk", "memory", "data"):
        assert states[what].state == "warning"
        assert states[what].advice
    assert "/nowhere/at/all" in states["data"].advice


@pytest.mark.parametrize(
    ("version", "state"), [((3, 10), "problem"), ((3, 11), "ok"), ((3, 13), "ok"), ((3, 14), "problem")]
)
def test_python_version(monkeypatch, version, state):
    monkeypatch.setattr(doctor.sys, "version_info", (*version, 0))
    assert finding("Python").state == state


def test_missing_packages_are_named(monkeypatch):
    find = doctor.importlib.util.find_spec
    monkeypatch.setattr(
        doctor.importlib.util, "find_spec", lambda name: None if name in ("PIL", "jupyterlab") else find(name)
    )
    assert (finding("packages").state, finding("packages").found) == ("problem", "missing: pillow")
    assert finding("notebooks").state == "warning"


def test_a_check_that_breaks_is_a_problem_not_a_crash(monkeypatch):
    def broken(name):
        raise OSError("the disk is on fire")

    monkeypatch.setattr(doctor.shutil, "disk_usage", broken)
    assert finding("disk").state == "problem"
    assert "the disk is on fire" in finding("disk").found


def test_missing_data_is_a_problem(monkeypatch, tmp_path):
    from practicum import data

    monkeypatch.setattr(data, "bundled_folder", lambda: tmp_path)
    assert finding("data").state == "problem"


def test_a_cache_that_cannot_be_written(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PRACTICUM_CACHE", str(tmp_path / "file" / "below"))
    assert finding("cache").state == "warning"
    assert "PRACTICUM_CACHE" in finding("cache").advice


def test_with_a_broken_tensorflow_the_rest_is_still_examined(tmp_path):
    """A real process in which importing TensorFlow fails."""
    (tmp_path / "tensorflow").mkdir()
    (tmp_path / "tensorflow" / "__init__.py").write_text("raise ImportError('libcuda is missing')")
    shutil.copytree(PROJECT / "practicum", tmp_path / "practicum")
    shutil.copytree(PROJECT / "data", tmp_path / "data")
    done = subprocess.run(
        [sys.executable, "-m", "practicum", "doctor", "--json"], capture_output=True, text=True, cwd=tmp_path
    )
    report = json.loads(done.stdout)
    assert done.returncode == 1
    assert report["ready"] is False
    states = {entry["what"]: entry for entry in report["findings"]}
    assert states["device"]["state"] == "problem"
    assert "libcuda is missing" in states["device"]["found"]
    assert states["data"]["state"] == "ok"
    assert "Traceback" not in done.stderr
