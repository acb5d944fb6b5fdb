"""Where the doctor's findings are written: terminals, files, pipes; none of them makes it fail."""

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import broken_machine
import pytest
from broken_machine import linux_only
from conftest import PROJECT

pytestmark = linux_only
computer = broken_machine.computer


def test_text_without_unicode(computer, tmp_path):
    """Locale C, as on a bare server; a name that it cannot show."""
    computer.env |= {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    computer.env["PRACTICUM_CACHE"] = str(tmp_path / "Müll")
    done = computer.run()
    text = done.stdout.decode("ascii")
    assert "-> python -m pip" in text
    assert "M?" in text
    assert text.splitlines()[-1].startswith("This machine is not ready yet. Next: mend the problem above")
    assert json.loads(computer.run("--json").stdout)["ready"] is False


def test_a_name_that_is_no_text(computer, tmp_path):
    computer.env["PRACTICUM_CACHE"] = os.fsencode(tmp_path) + b"/\xff"
    computer.env = {os.fsencode(name): os.fsencode(value) for name, value in computer.env.items()}
    done = subprocess.run(
        [sys.executable, "-m", "practicum", "doctor"],
        env=computer.env | {b"PYTHONPATH": os.fsencode(os.pathsep.join(map(str, (computer.stubs, PROJECT))))},
        capture_output=True,
        cwd=computer.cwd,
    )
    assert (done.returncode, done.stderr) == (1, b"")
    assert b"/?\n" in done.stdout


def screen(computer, columns, **env):
    """What a terminal of that width shows."""
    leader, follower = pty.openpty()
    import fcntl
    import struct
    import termios

    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
    computer.env |= {"TERM": "xterm", **env}
    done = computer.run(capture_output=False, stdin=subprocess.DEVNULL, stdout=follower, stderr=subprocess.PIPE)
    os.close(follower)
    shown = b""
    with contextlib.suppress(OSError):  # the end of a terminal
        while piece := os.read(leader, 65536):
            shown += piece
    os.close(leader)
    assert done.returncode == 1
    return shown.decode()


@pytest.mark.parametrize("columns", [30, 60, 100])
def test_terminal(computer, columns):
    plain = screen(computer, columns, NO_COLOR="1")
    assert "\x1b" not in plain
    assert "PROBLEM" in plain
    whole = [line for line in plain.splitlines() if "/" not in line]  # paths are not broken
    assert max(map(len, whole)) < max(columns, 32)
    coloured = screen(computer, columns) if "NO_COLOR" not in computer.env else ""
    assert coloured == ""


def test_colours(computer):
    assert "\x1b[1;31mPROBLEM" in screen(computer, 100)
    assert "\x1b" not in screen(computer, 100, TERM="dumb")


def test_output_that_nobody_takes(computer):
    reader, writer = os.pipe()
    os.close(reader)
    done = computer.run(capture_output=False, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")


def test_output_to_a_full_disk(computer):
    with Path("/dev/full").open("wb") as full:
        done = computer.run(capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert done.stderr == b"practicum: what the doctor found cannot be written (No space left on device)\n"


@pytest.mark.parametrize("closed", [">&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_output(computer, closed):
    done = computer.run(before=["sh", "-c", f'exec "$@" {closed}', "sh"])
    assert (done.returncode, done.stdout, done.stderr) == (1, b"", b"")


def test_interrupt(computer):
    """One line, and no process is left behind."""
    mark = f"practicum-doctor-test-{os.getpid()}"
    computer.stub(
        "keras", "import subprocess, os; subprocess.run(['sh', '-c', 'sleep 1000; true', os.environ['MARK']])"
    )
    path = os.pathsep.join(map(str, (computer.stubs, PROJECT)))
    process = subprocess.Popen(
        [sys.executable, "-m", "practicum", "doctor"],
        env=computer.env | {"PYTHONPATH": path, "MARK": mark},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    limit = time.monotonic() + 60
    while not _running(mark) and time.monotonic() < limit:
        time.sleep(0.1)
    assert _running(mark)
    process.send_signal(signal.SIGINT)
    out, complaints = process.communicate(timeout=60)
    assert (process.returncode, out, complaints) == (1, "", "practicum: interrupted\n")
    while _running(mark) and time.monotonic() < limit:
        time.sleep(0.1)
    assert not _running(mark)


def _running(mark):
    found = False
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found |= mark.encode() in path.read_bytes().split(b"\0")
    return found
