"""What the doctor judges, and how it says so; tests/test_doctor_broken_*.py have it look at broken machines."""

import argparse
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from conftest import PROJECT
from loopback import Answer, Loopback

from practicum import checks, data_checks, doctor, machine_checks, package_checks
from practicum.cli import checking, main
from practicum.findings import JUPYTERLAB, PACKAGES, Finding, judge_python, judge_version

NAMES = [name for names in doctor.GROUPS.values() for name in names]


@pytest.fixture(scope="module")
def examined():
    """This machine in a process of its own, as a person would see it."""
    env = os.environ | {"PRACTICUM_OFFLINE": "1"}
    command = [sys.executable, "-m", "practicum", "doctor", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    return {entry["what"]: entry for entry in json.loads(done.stdout)["findings"]}


# --- the whole


def test_a_good_machine_has_no_problem(examined):
    assert list(examined) == NAMES
    assert examined["Python"]["state"] == examined["packages"]["state"] == examined["data"]["state"] == "ok"
    assert "with tensorflow; training computes in" in examined["device"]["found"]


def test_notebook_00_prints_a_number_that_is_the_same_everywhere():
    """It prints how many things were looked at, and its stored output is compared."""
    findings = doctor.examine()
    assert [finding.what for finding in findings] == NAMES
    assert len(set(NAMES)) == len(NAMES) == len(checks.CHECKS) == 18
    assert set(NAMES) == set(checks.CHECKS)


def test_what_this_process_has_loaded_is_not_loaded_again(monkeypatch):
    import practicum.backend

    monkeypatch.setattr(practicum.backend, "device_name", lambda: "the abacus")
    device = next(finding for finding in doctor.examine() if finding.what == "device")
    assert device.found.startswith("the abacus, with ")


def test_in_a_notebook_nobody_asks_for_jupyterlab_or_a_browser(monkeypatch):
    monkeypatch.setattr(doctor, "in_notebook", lambda: True)
    monkeypatch.setenv("BROWSER", "/nowhere/firefox")
    findings = {finding.what: finding for finding in doctor.examine()}
    assert list(findings) == NAMES
    assert (findings["notebooks"].found, findings["browser"].state) == ("this is one", "ok")


def test_child_finds_packages_where_this_process_does(tmp_path, monkeypatch):
    """As on Colab, where a cell adds the course's folder to sys.path."""
    (tmp_path / "practicum").symlink_to(PROJECT / "practicum")
    code = f"import sys; sys.path.insert(0, {os.fspath(tmp_path)!r}); from pathlib import Path\n"
    code += "sys.path.append(Path('a path')); sys.modules['practicum.backend'] = None\n"
    code += "from practicum import doctor; print([f.state for f in doctor.examine() if f.what in ('Python', 'data')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout == "['ok', 'ok']\n", done.stderr


# --- versions


def test_tested_versions_are_those_of_the_constraints():
    lines = (PROJECT / "constraints.txt").read_text().splitlines()
    pinned = {name.lower(): version for name, _, version in (line.partition("==") for line in lines)}
    assert {package.name: package.tested for package in (*PACKAGES, JUPYTERLAB)} == {
        package.name: pinned[package.name] for package in (*PACKAGES, JUPYTERLAB)
    }


def test_packages_are_those_that_pyproject_asks_for():
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    assert [f"{package.name}>={package.oldest}" for package in PACKAGES] == project["dependencies"]
    assert f"jupyterlab>={JUPYTERLAB.oldest}" in (PROJECT / "requirements.txt").read_text().split()
    oldest, too_new = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", project["requires-python"]).groups()
    states = {minor: judge_python((3, minor))[0] for minor in range(8, 20)}
    assert [minor for minor, state in states.items() if state == "ok"] == list(range(int(oldest), int(too_new)))


@pytest.mark.parametrize("version", [(2, 7), (3, 10), (3, 14), (4, 0)])
def test_python_that_will_not_do(version):
    state, advice = judge_python(version)
    assert state == "problem"
    assert advice.startswith("install Python 3.11, 3.12 or 3.13:")


def test_python_in_use(monkeypatch):
    monkeypatch.setattr(package_checks.sys, "version_info", (3, 10, 2))
    assert package_checks.python().state == "problem"


@pytest.mark.parametrize(
    ("version", "state"),
    [
        *(("2.19.1", "problem"), ("1.15", "problem"), ("2.20.0", "ok"), ("2.21.0", "ok"), ("2.21.9", "ok")),
        *(("2.22.0", "warning"), ("2.22.0rc1", "warning"), ("3.0", "warning"), ("", "warning"), ("dev", "warning")),
    ],
)
def test_versions(version, state):
    assert judge_version(PACKAGES[0], version)[0] == state


def test_packages_that_keep_their_promises_may_be_newer():
    assert judge_version(PACKAGES[-1], "99.0")[0] == "ok"
    assert judge_version(PACKAGES[2], "2.99")[0] == "ok"
    assert judge_version(PACKAGES[2], "3.0")[0] == "warning"


# --- single checks


def test_limits_make_warnings(monkeypatch):
    for name in ("LEAST_DISK_GB", "LEAST_MEMORY_GB"):
        monkeypatch.setattr(machine_checks, name, 10**9)
    assert (machine_checks.disk().state, machine_checks.memory().state) == ("warning", "warning")
    monkeypatch.setattr(machine_checks, "LEAST_MEMORY_GB", 0)
    monkeypatch.setattr(machine_checks, "LEAST_FREE_MEMORY_GB", 10**9)
    assert machine_checks.memory().advice == "close other programs and notebooks before training"


def test_memory_that_cannot_be_read(monkeypatch):
    monkeypatch.setattr(machine_checks.machine, "memory_limit", lambda: None)
    assert machine_checks.memory().found.endswith("free")
    monkeypatch.setattr(machine_checks, "_physical_memory", lambda: None)
    assert machine_checks.memory() == Finding("memory", "ok", "cannot be read on this system")


def test_a_home_that_an_older_platformdirs_does_not_find():
    assert machine_checks._why_not_writable(Path("~/.cache/practicum")) == "your home folder is not known"


def test_looking_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setenv("PRACTICUM_CACHE", str(tmp_path / "a" / "cache"))
    monkeypatch.setenv("PRACTICUM_PROGRESS", str(tmp_path / "progress"))
    monkeypatch.chdir(tmp_path)
    assert {
        machine_checks.cache().state,
        machine_checks.runs().state,
        machine_checks.progress().state,
        machine_checks.disk().state,
    } == {"ok"}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", [OSError, SystemExit])
def test_a_check_that_breaks_is_a_problem_not_a_crash(monkeypatch, kind):
    def broken(name):
        raise kind("the disk is\non fire")

    monkeypatch.setattr(machine_checks.shutil, "disk_usage", broken)
    finding, made = checks.make("disk")
    assert (finding.state, finding.found, made) == ("problem", f"{kind.__name__}: the disk is on fire", False)


def test_datasets_that_are_here(tmp_path, monkeypatch):
    from practicum import download

    monkeypatch.setenv("PRACTICUM_DATA", str(tmp_path))
    assert data_checks.dataset("cifar10").found.startswith("not here, and not fetched while PRACTICUM_OFFLINE")
    monkeypatch.delenv("PRACTICUM_OFFLINE")
    assert data_checks.dataset("fashion_mnist").found == "not here; the 31 MB are fetched when they are asked for"

    folder = tmp_path / "fashion-mnist"
    folder.mkdir()
    for file in download.DATASETS["fashion_mnist"].files:
        with (folder / file.name).open("wb") as out:
            out.truncate(file.size)
    assert data_checks.dataset("fashion_mnist") == Finding("fashion_mnist", "ok", str(folder))
    assert data_checks.data_folders() == Finding("data folders", "ok", str(tmp_path))
    (folder / file.name).write_bytes(b"")
    assert data_checks.dataset("fashion_mnist").state == "warning"
    assert file.name in data_checks.dataset("fashion_mnist").found

    monkeypatch.delenv("PRACTICUM_DATA")
    monkeypatch.setenv("PRACTICUM_CACHE", str(tmp_path / "cache"))
    kept = tmp_path / "cache" / "downloads" / "cats_and_dogs_filtered.zip"
    kept.parent.mkdir(parents=True)
    with kept.open("wb") as out:
        out.truncate(download.DATASETS["cats_vs_dogs"].files[0].size)
    assert data_checks.dataset("cats_vs_dogs") == Finding("cats_vs_dogs", "ok", f"in the cache, {kept}")


# --- the network


@pytest.fixture
def server():
    running = Loopback()
    yield running
    running.close()


def test_network_speed(server):
    finding = data_checks.reach([server.serve("/a", Answer(b"x" * 3_000_000))])
    assert (finding.state, finding.advice) == ("ok", "")
    assert re.fullmatch(r"the datasets can be fetched, at about [\d.]+ MB/s", finding.found)
    assert [request.headers["range"] for request in server.requests] == ["bytes=0-999999"]


def test_slow_network(server):
    finding = data_checks.reach([server.serve("/a", Answer(b"x" * 1_000_000, speed=20_000))])
    assert finding.state == "warning"
    assert re.fullmatch(r"slow: \d+ kB/s", finding.found)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(status=404), "HTTP 404"),
        (Answer(b"<html>log in</html>", headers={"Content-Type": "text/html"}), "ask to log in"),
        (Answer(raw=b"HTTP/1.1 200", ending="stall"), "no answer within 1.4 s"),
        (Answer(b"x" * 1000, stop_after=0, ending="stall"), "too slow"),
        (Answer(raw=b"good day\r\n\r\n"), "broke off"),
    ],
    ids=["not found", "log in", "silence", "stalls", "no HTTP"],
)
def test_network_that_does_not_give_it(server, answer, words):
    finding = data_checks.reach([server.serve("/a", answer)])
    assert finding.state == "warning"
    assert f"127.0.0.1:{server.port}: " in finding.found
    assert words in finding.found


def test_one_place_of_two(server):
    good, bad = server.serve("/a", Answer(b"x" * 1_000_000)), server.serve("/b", Answer(status=503))
    finding = data_checks.reach([good, bad])
    assert finding.state == "warning"
    assert re.search(r"at about [\d.]+ MB/s; but 127.0.0.1:\d+: HTTP 503", finding.found)


def test_network_asks_where_datasets_are_published(monkeypatch):
    asked = []
    monkeypatch.setattr(
        data_checks, "reach", lambda addresses: asked.extend(addresses) or Finding("network", "ok", "-")
    )
    assert "PRACTICUM_OFFLINE" in data_checks.network().found
    assert asked == []
    monkeypatch.delenv("PRACTICUM_OFFLINE")
    data_checks.network()
    assert [address.split("/")[2] for address in asked] == ["www.cs.toronto.edu", "storage.googleapis.com"]


# --- how it reads


def sample(**other):
    long = "/home/anna/a/rather/long/path/to/the/cache/practicum cannot be written (Read-only file system)"
    changed = {
        "cache": Finding("cache", "warning", long, "name a folder that can be written in PRACTICUM_CACHE"),
        **other,
    }
    return [changed.get(name, Finding(name, "ok", "as it should be")) for name in NAMES]


def test_report_for_a_file_has_a_line_for_each_thing():
    lines = checking.report(sample())
    assert len(lines) == len(doctor.GROUPS) + len(NAMES) + 1 + 2
    assert "  ok       cores          as it should be" in lines
    assert sum(line.startswith("  warning  cache ") for line in lines) == 1
    assert "                          → name a folder that can be written in PRACTICUM_CACHE" in lines
    assert lines[-1] == "This machine is ready, with 1 warning. Next: jupyter lab notebooks/00_start_here.ipynb"


@pytest.mark.parametrize("width", [25, 40, 55, 56, 60, 80, 300])
def test_report_fits(width):
    lines = checking.report(sample(), width=width)
    for line in lines:
        assert len(line) < width or "/" in line, line  # a path stays whole
        assert len(line) <= 110
    assert any("/home/anna/a/rather/long/path/to/the/cache/practicum" in line for line in lines)
    together = " ".join(" ".join(lines).split())
    assert (
        "cannot be written (Read-only file system) → name a folder that can be written in PRACTICUM_CACHE" in together
    )


def test_report_in_colours_says_the_same():
    coloured = checking.report(sample(), width=80, colours=True)
    assert any("\x1b[33mwarning \x1b[0m" in line for line in coloured)
    assert [re.sub(r"\x1b\[[\d;]*m", "", line) for line in coloured] == checking.report(sample(), width=80)


def test_last_line_says_what_to_do():
    bad = Finding("packages", "problem", "missing: rich", "python -m pip install rich")
    assert checking.report(sample(packages=bad))[-1] == (
        "This machine is not ready yet. Next: mend the problem above, then run python -m practicum doctor again."
    )
    worse = {"data": Finding("data", "problem", "gone", "fetch it"), "packages": bad}
    assert "mend the 2 problems, from the top" in checking.report(sample(**worse))[-1]
    good = {"cache": Finding("cache", "ok", "/tmp")}
    assert checking.report(sample(**good))[-1].startswith("This machine is ready. Next: ")
    assert (PROJECT / checking.report(sample(**good))[-1].split()[-1]).is_file()


def test_wait_is_handed_on(monkeypatch, capsys):
    given = []
    monkeypatch.setattr(doctor, "examine", lambda patience: given.append(patience) or sample())
    assert checking._doctor(argparse.Namespace(json=True, wait=7.0), []) == 0
    assert given == [7.0]
    assert json.loads(capsys.readouterr().out)["ready"] is True


@pytest.mark.parametrize("given", ["0", "-1", "nan", "inf", "long"])
def test_wait_that_is_no_time(given, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["doctor", "--wait", given])
    assert stop.value.code == 2
    assert f"--wait: expected seconds, from 1 to 3600; got '{given}'" in capsys.readouterr().err
