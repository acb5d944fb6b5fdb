"""The doctor on broken machines: folders, disks, limits, data, browsers. It names the fault and nothing else."""

import contextlib
import os
import resource
import shutil
import subprocess

import broken_machine
import pytest
from broken_machine import linux_only
from conftest import PROJECT

pytestmark = linux_only
computer, small_disk = broken_machine.computer, broken_machine.small_disk


# --- folders and disks


def test_cache_that_is_a_file(computer, tmp_path):
    (tmp_path / "cache").write_text("")
    assert "is no folder" in computer.only({"cache": "warning"})["cache"]["found"]


def test_cache_that_is_a_link_to_nothing(computer, tmp_path):
    (tmp_path / "cache").symlink_to(tmp_path / "gone" / "away")
    assert "PRACTICUM_CACHE" in computer.only({"cache": "warning"})["cache"]["advice"]


def test_cache_on_a_disk_that_may_only_be_read(computer, small_disk):
    computer.env["PRACTICUM_CACHE"] = str(small_disk(100, "ro") / "below")
    found = computer.only({"cache": "warning", "disk": "warning"})
    assert "Read-only file system" in found["cache"]["found"]


def test_full_disk(computer, small_disk):
    disk = small_disk(200)
    with contextlib.suppress(OSError):
        (disk / "films").write_bytes(b"x" * 1_000_000)
    computer.env["PRACTICUM_CACHE"] = str(disk)
    found = computer.only({"cache": "warning", "disk": "warning"})
    assert "No space left" in found["cache"]["found"]
    assert found["disk"]["found"].startswith("0.0 GB free for the cache, ")


def test_working_in_a_folder_that_may_only_be_read(computer, small_disk):
    computer.cwd = small_disk(100, "ro")
    assert "--out" in computer.only({"runs": "warning", "disk": "warning"})["runs"]["advice"]


def test_working_in_a_folder_that_is_gone(computer, tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    found = computer.findings(before=["sh", "-c", 'cd "$1" && rmdir "$1" && shift && exec "$@"', "sh", str(gone)])
    assert found["runs"]["state"] == "problem"
    assert found["data"]["state"] == "ok"


def test_progress_folder_below_a_file(computer, tmp_path):
    (tmp_path / "file").write_text("")
    computer.env["PRACTICUM_PROGRESS"] = str(tmp_path / "file" / "below")
    assert "PRACTICUM_PROGRESS" in computer.only({"progress": "warning"})["progress"]["advice"]


def test_no_file_may_grow(computer):
    """As with a used-up quota: files can be made, and nothing can be written into them."""
    found = computer.findings(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)))
    assert found["temporary"]["state"] == "problem"
    assert "TMPDIR" in found["temporary"]["advice"]
    assert found["cache"]["state"] == "warning"
    assert found["data"]["state"] == "ok"


def test_no_home(computer):
    del computer.env["HOME"], computer.env["PRACTICUM_CACHE"]
    computer.only({})


def test_nobody_knows_the_home(computer):
    """As in a container that runs under a number without a name."""
    before = ["unshare", "-U", "--map-user=12345"]
    if subprocess.run([*before, "true"], capture_output=True).returncode:
        pytest.skip("this user may not take on another number")
    del computer.env["HOME"], computer.env["PRACTICUM_CACHE"]
    fetched = ("fashion_mnist", "cifar10", "cats_vs_dogs")
    found = computer.only(dict.fromkeys(("disk", "cache", "progress", *fetched), "warning"), before=before)
    assert found["cache"]["found"] == "your home folder is not known"
    assert "set HOME" in found["cache"]["advice"]


def test_home_of_somebody_who_is_not_there(computer):
    computer.env["PRACTICUM_CACHE"] = "~no_such_user/cache"
    found = computer.findings()
    assert found["cache"]["state"] == found["cifar10"]["state"] == "warning"
    assert "without ~" in found["cache"]["advice"]
    assert found["data"]["state"] == "ok"


# --- limits


def test_little_memory(computer):
    limit = 1_500_000_000
    found = computer.only(
        {"memory": "warning"}, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    )
    assert found["memory"]["found"].startswith("1.5 GB")


def test_little_memory_for_tensorflow(computer):
    computer.real_keras()
    limit = 1_200_000_000
    found = computer.findings(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))
    assert found["device"]["state"] == "problem"
    assert found["device"]["advice"] == "see to the memory first, then look again"


@pytest.mark.parametrize("files", [9, 11])
def test_few_open_files(computer, files):
    """So few that no second Python can be started beside the first, or no third."""
    found = computer.findings(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files)))
    assert "cannot be started" in found["Python"]["found"]
    assert "ulimit -n" in found["Python"]["advice"]
    assert found["data"]["found"] == "not looked at, because of Python"
    assert [name for name, entry in found.items() if entry["state"] == "problem"] == ["Python"]


def test_one_core(computer):
    found = computer.only(
        {"cores": "warning"}, preexec_fn=lambda: os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    )
    assert found["cores"]["found"].startswith("1")


# --- data and network


def test_data_folder_that_is_not_there(computer):
    computer.env["PRACTICUM_DATA"] = os.pathsep.join(("/nowhere/at/all", "\x01"))
    assert "/nowhere/at/all" in computer.only({"data folders": "warning"})["data folders"]["found"]


def test_data_folder_that_holds_none(computer, tmp_path):
    computer.env["PRACTICUM_DATA"] = str(tmp_path)
    assert "fetch --all --to" in computer.only({"data folders": "warning"})["data folders"]["advice"]


def test_half_a_download_in_the_data_folder(computer, tmp_path):
    (tmp_path / "cifar-10-binary.tar.gz").write_bytes(b"half")
    computer.env["PRACTICUM_DATA"] = str(tmp_path)
    found = computer.only({"cifar10": "warning"})
    assert found["cifar10"]["advice"] == f"python -m practicum fetch cifar10 --to {tmp_path}"


def test_package_without_its_data(computer, tmp_path):
    """As an installed wheel would be."""
    shutil.copytree(PROJECT / "practicum", tmp_path / "wheel" / "practicum")
    computer.project = tmp_path / "wheel"
    assert "emoji is not at" in computer.only({"data": "problem"})["data"]["found"]


def test_damaged_data(computer, tmp_path):
    shutil.copytree(PROJECT / "practicum", tmp_path / "clone" / "practicum")
    shutil.copytree(PROJECT / "data", tmp_path / "clone" / "data")
    sheet = tmp_path / "clone" / "data" / "fashion" / "images.png"
    sheet.write_bytes(sheet.read_bytes()[:5000])
    computer.project = tmp_path / "clone"
    assert "not whole" in computer.only({"data": "problem"})["data"]["advice"]


WATCH = """
import os, sys
def note(event, arguments):
    if event.startswith("socket.") and event not in ("socket.__new__", "socket.gethostname"):
        with open(os.environ["WATCHED"], "a") as file:
            file.write(event + "\\n")
sys.addaudithook(note)
"""


def test_no_network_and_offline_opens_no_socket(computer, tmp_path):
    """Without a route: a warning. With PRACTICUM_OFFLINE no process so much as asks for a host's name."""
    if subprocess.run(["unshare", "-n", "true"], capture_output=True).returncode:
        pytest.skip("this user may not take the network away from a process")
    (computer.stubs / "sitecustomize.py").write_text(WATCH)
    computer.env["WATCHED"] = str(tmp_path / "watched")
    computer.only({}, before=["unshare", "-n"])
    assert not (tmp_path / "watched").exists()
    del computer.env["PRACTICUM_OFFLINE"]
    found = computer.only({"network": "warning"}, before=["unshare", "-n"])
    assert "no connection" in found["network"]["found"]
    assert "socket.getaddrinfo" in (tmp_path / "watched").read_text()


# --- the browser


@pytest.mark.parametrize(
    ("programs", "browser", "words"),
    [
        ([], None, "none can be opened"),
        (["lynx"], None, "shows text only"),
        ([], "/nowhere/firefox", "/nowhere/firefox is not there"),
    ],
    ids=["none", "text only", "nonsense"],
)
def test_browsers_that_are_none(computer, tmp_path, programs, browser, words):
    (tmp_path / "bin").mkdir()
    for program in programs:
        (tmp_path / "bin" / program).write_text("#!/bin/sh\n")
        (tmp_path / "bin" / program).chmod(0o755)
    computer.env |= {"PATH": str(tmp_path / "bin"), "TERM": "xterm"}
    if browser:
        computer.env["BROWSER"] = browser
    assert words in computer.only({"browser": "warning"})["browser"]["found"]


def test_a_browser(computer, tmp_path):
    (tmp_path / "firefox").write_text("#!/bin/sh\n")
    (tmp_path / "firefox").chmod(0o755)
    computer.env["BROWSER"] = str(tmp_path / "firefox")
    assert computer.findings()["browser"] == {"what": "browser", "state": "ok", "found": "firefox", "advice": ""}
