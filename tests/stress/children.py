"""Start the programs that the stress tests put under stress, and look at what they leave."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
TIMEOUT = 600  # seconds; a child takes about ten, and ten times that on a machine that is busy otherwise


def start(program: str = "driver.py", **options: Any) -> subprocess.Popen:
    """A child that trains with the options of driver.call."""
    command = [sys.executable, str(HERE / program), json.dumps(options, default=str)]
    return subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def end(child: subprocess.Popen) -> tuple[int, dict[str, Any], str]:
    """Wait for a child: its exit status (negative: the signal that ended it), what it found, its standard error."""
    try:
        out, err = child.communicate(timeout=TIMEOUT)
    finally:
        child.kill()
    return child.returncode, json.loads(out.splitlines()[-1]) if out.strip() else {}, err


def trained(**options: Any) -> dict[str, Any]:
    """What a training in a child came to; it must not fail."""
    status, found, err = end(start(**options))
    assert status == 0, err
    assert "error" not in found, found
    return found


def killed(**options: Any) -> None:
    """A training in a child that kills itself on the way."""
    status, found, err = end(start(**options))
    assert status == -signal.SIGKILL, (status, found, err)


def same_arrays(one: Path, other: Path) -> bool:
    """Whether two .npz files hold the same numbers, bit for bit."""
    with np.load(one) as ours, np.load(other) as theirs:
        return ours.files == theirs.files and all(
            ours[name].dtype == theirs[name].dtype and ours[name].tobytes() == theirs[name].tobytes()
            for name in ours.files
        )


def environment(**extra: str) -> dict[str, str]:
    return {**os.environ, **extra}
