"""Run what makes the site and the slides, as `make site` and `make slides` do."""

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def run_build(kind, project, out):
    """kind: "site" or "slides"."""
    command = [sys.executable, PROJECT / "docs" / kind / "build.py", "--project", project, "--out", out]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def built(kind, folder):
    """The folder of the site or the slides of this course, made in folder."""
    out = folder / kind
    done = run_build(kind, PROJECT, out)
    assert done.returncode == 0, done.stderr
    return out
