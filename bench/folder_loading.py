"""Auditing, decoding and caching a folder's images, beside what Pillow alone needs to decode them.

    python bench/folder_loading.py                        # CIFAR-10 as JPEG and 1,000 photos; 1 minute
    python bench/folder_loading.py --archive photos.zip

Pillow's share: the files' contents lie in memory; as many processes as there are cores, already running, decode them to
RGB pixels, the photos to 96×96 (or as many threads, whichever is quicker). Ours: a process starts, lists the archive,
decodes, looks for copies, cuts splits, writes the cache and the audit; then a second process loads it. Of several
rounds, in which they take turns, the smallest time of each counts. The last line is one JSON object.
"""

import argparse
import io
import json
import multiprocessing
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from practicum.machine import usable_cores
from practicum.places import search_path

PROJECT = Path(__file__).resolve().parent.parent
ARCHIVES = ("cifar10-jpeg.tar", "cats-vs-dogs.tar")
CORES = usable_cores()
OURS = """
import sys, time
started = time.perf_counter()
from practicum import data
imported = time.perf_counter()
dataset = data.load(sys.argv[1])
print(imported - started, time.perf_counter() - imported)
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--archive", type=Path, action="append", help="a .tar of class folders; may be given several times"
    )
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    archives = options.archive or [path for name in ARCHIVES for path in found(name)]
    if not archives:
        sys.exit(f"folder_loading: none of {', '.join(ARCHIVES)} is in PRACTICUM_DATA; name one with --archive")
    print(json.dumps({path.name: compare(path, options.rounds) for path in archives}))


def found(name):
    return [place / name for place in search_path() if (place / name).is_file()]


def compare(path, rounds):
    contents = read(path)
    size = wanted_size(contents)
    best = {}
    with (
        ProcessPoolExecutor(CORES, mp_context=multiprocessing.get_context("fork")) as processes,
        ThreadPoolExecutor(CORES) as threads,
    ):
        for _ in range(rounds):
            for name, seconds in measure(path, contents, size, processes, threads).items():
                best[name] = min(seconds, best.get(name, seconds))
    pillow = min(best["pillow_processes"], best["pillow_threads"])
    ratio = best["ours"] / pillow
    print(f"{path.name}: {len(contents):,} files")
    print(
        f"  Pillow {pillow:.2f} s, ours {best['ours']:.2f} s: × {ratio:.2f}; second load {best['second']:.2f} s",
        flush=True,
    )
    return {"files": len(contents), "cores": CORES, **best, "ratio": ratio}


def read(path):
    with tarfile.open(path) as archive:
        return [archive.extractfile(member).read() for member in archive if member.isfile()]


def wanted_size(contents):
    """None where the images share one size, as far as the first hundred tell."""
    sizes = {Image.open(io.BytesIO(content)).size for content in contents[:100]}
    return None if len(sizes) == 1 else (96, 96)


def measure(path, contents, size, processes, threads):
    pieces = [contents[start : start + 64] for start in range(0, len(contents), 64)]
    seconds = {}
    for name, workers in (("pillow_processes", processes), ("pillow_threads", threads)):
        list(workers.map(decode, [contents[:1]] * 4 * CORES, [size] * 4 * CORES))  # they are running
        started = time.perf_counter()
        list(workers.map(decode, pieces, [size] * len(pieces)))
        seconds[name] = time.perf_counter() - started
    with tempfile.TemporaryDirectory() as work:
        environment = {**os.environ, "PRACTICUM_CACHE": work, "PYTHONPATH": str(PROJECT)}
        for name in ("ours", "second"):
            done = subprocess.run(
                [sys.executable, "-c", OURS, str(path)], capture_output=True, text=True, cwd=PROJECT, env=environment
            )
            if done.returncode:
                sys.exit(done.stderr[-2000:])
            seconds[name] = float(done.stdout.split()[1])
    return seconds


def decode(contents, size):
    """Pillow's own way, and nothing else."""
    for content in contents:
        with Image.open(io.BytesIO(content)) as picture:
            if size:
                picture.draft("RGB", size)
            colour = picture.convert("RGB")
            np.asarray(colour.resize(size, Image.Resampling.BOX) if size else colour)


if __name__ == "__main__":
    main()
