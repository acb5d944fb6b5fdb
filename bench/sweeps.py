"""A sweep two at a time beside the same one after the other, and how good its estimate of the time left is.

    python bench/sweeps.py                # eight networks with three seeds on fashion, three rounds; 15 minutes
    python bench/sweeps.py --rounds 1

The two take turns, each time in a process of its own, from a cold start: processes that have to load TensorFlow are
part of what two at a time cost. Of the rounds the medians count. The estimate is what the sweep tells people after each
run; compared with the time that was really left, from the fourth run on. The last line is one JSON object.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
SWEEP = """
import json, sys, time
from practicum.experiments import live, sweep, sweeping
told = []
class Told(live.Silent):
    def update(self, results, seconds_left):
        told.append((time.monotonic(), seconds_left))
sweeping.display = lambda total, before, show: Told()
widths = (2, 4, 8, 16)
configurations = [{"filters": filters} for width in widths for filters in ((width,), (width, 2 * width))]
started = time.monotonic()
sweep("fashion", configurations, seeds=3, epochs=3, dense_units=(), workers=int(sys.argv[1]), out=sys.argv[2])
ended = time.monotonic()
print(json.dumps({"seconds": ended - started, "told": [(left, told[-1][0] - when) for when, left in told]}))
"""
FROM_RUN = 4
LEAST = 5  # seconds: of less, a share says nothing


def measured(workers: int) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-c", SWEEP, str(workers), str(Path(folder, "sweep.csv"))],
            env=os.environ | {"PYTHONPATH": str(PROJECT)},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    return json.loads(done.stdout.splitlines()[-1])


def errors(told: list[tuple[float, float]]) -> list[float]:
    """By how much of the time that was left the estimate was wrong, from the fourth run on."""
    return [estimate / left - 1 for estimate, left in told[FROM_RUN - 1 :] if left >= LEAST]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    seconds: dict[int, list[float]] = {1: [], 2: []}
    off: dict[int, list[float]] = {1: [], 2: []}
    for number in range(options.rounds):
        for workers in (1, 2) if number % 2 == 0 else (2, 1):
            one = measured(workers)
            seconds[workers].append(one["seconds"])
            off[workers] += errors(one["told"])
            worst = max(errors(one["told"]), key=abs)
            print(f"round {number + 1}, {workers} at a time: {one['seconds']:.0f} s; worst estimate {worst:+.0%}")
    gains = [one / two for one, two in zip(seconds[1], seconds[2], strict=True)]
    rounds = ", ".join(f"{gain:.2f}" for gain in gains)
    print(f"two at a time are {statistics.median(gains):.2f} times as fast (rounds: {rounds})")
    for workers, each in off.items():
        within, worst = sum(abs(one) <= 0.3 for one in each) / len(each), max(each, key=abs)
        print(f"{workers} at a time: {within:.0%} of {len(each)} estimates within 30 %, worst {worst:+.0%}")
    print(
        json.dumps(
            {
                "gain": statistics.median(gains),
                "gains": gains,
                "seconds": seconds,
                "worst_estimate": {workers: max(all_off, key=abs) for workers, all_off in off.items()},
            }
        )
    )


if __name__ == "__main__":
    main()
