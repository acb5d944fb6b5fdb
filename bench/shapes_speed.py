"""How many shapes a second are drawn, with masks and boxes, on one core.

    python bench/shapes_speed.py        # a table, and one JSON object as last line

The fastest and the middle one of several rounds: on a machine with other work, the fastest shows what is possible.
"""

import json
import os
import time
from statistics import median

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

from practicum import shapes

ROUNDS = 7
SIZES = {16: 2_000, 32: 2_000, 64: 1_000, 96: 400, 128: 200, 256: 50, 512: 12}  # pixels: pictures a round


def seconds_for(count, size):
    started = time.perf_counter()
    shapes.draw(count, size=size)
    return time.perf_counter() - started


def main():
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    results = {}
    print("size      images a second: fastest round, middle round")
    for size, count in SIZES.items():
        seconds_for(8, size)  # the first call loads what it needs
        rounds = [seconds_for(count, size) for _ in range(ROUNDS)]
        results[size] = {"fastest": round(count / min(rounds)), "middle": round(count / median(rounds))}
        print(f"{size:3} × {size:<3} {results[size]['fastest']:15,} {results[size]['middle']:15,}")
    print(json.dumps({"images_per_second": results}))


if __name__ == "__main__":
    main()
