"""A sweep that is killed twenty times, at any moment, ends with the same table."""

import csv
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
KILLS = 20
WHOLE = """
import sys
from practicum.experiments import grid, sweep
from sweep_child import FIXED, small_dataset
configurations = grid(filters=[(2,), (3,), (4,), (5,), (6,), (2, 4)], dense_units=[()])
sweep(small_dataset(), configurations, seeds=20, out=sys.argv[1], workers=int(sys.argv[2]), **FIXED)
"""


def begin(path, workers):
    environment = {**os.environ, "PYTHONPATH": f"{TESTS.parent}{os.pathsep}{TESTS}"}
    command = [sys.executable, "-c", WHOLE, str(path), str(workers)]
    return subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, start_new_session=True)


def rows(path):
    return {(row["filters"], row["seed"]): row for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines())}


@pytest.mark.parametrize("workers", [1, 2])
def test_twenty_kills_cost_no_row_and_repeat_none(workers, tmp_path):
    undisturbed, path = tmp_path / "undisturbed.csv", tmp_path / "killed.csv"
    assert begin(undisturbed, workers).wait(600) == 0
    expected = rows(undisturbed)
    assert len(expected) == 120

    moments = random.Random(workers)
    kept = b""
    for kill in range(KILLS):
        child = begin(path, workers)
        # At each second kill after a row, at the others while everything starts; and then some.
        end = time.monotonic() + 120
        while kill % 2 and child.poll() is None and time.monotonic() < end:
            content = path.read_bytes() if path.exists() else b""
            if content.count(b"\n") > max(kept.count(b"\n"), 1):
                break
            time.sleep(0.002)
        time.sleep(moments.uniform(0, 0.3 if kill % 2 else 6))
        assert child.poll() is None, "it was to be killed before it was done"
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        content = path.read_bytes() if path.exists() else b""
        assert content.startswith(kept)
        kept = content[: content.rfind(b"\n") + 1]
    assert kept.count(b"\n") > KILLS // 2, "a row at least between the kills that waited for one"
    assert begin(path, workers).wait(600) == 0
    assert path.read_bytes().startswith(kept)
    assert path.read_bytes().count(b"\n") == 1 + 120, "no row twice"
    found = rows(path)
    assert set(found) == set(expected)
    for key, row in found.items():
        assert float(row["validation_accuracy"]) == pytest.approx(float(expected[key]["validation_accuracy"]), abs=0.04)
