"""The images of a folder as batches: this project's way beside `keras.utils.image_dataset_from_directory`.

    python bench/input_pipeline.py                     # 60,000 photos of 128×96, made for the purpose; about 10 minutes
    python bench/input_pipeline.py --photos 5000

Images a second, in the first epoch (ours decodes into its cache then) and in later ones, without a network behind them;
and the most memory that the process held, each way in a process of its own. The last line is one JSON object.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

PROJECT = Path(__file__).resolve().parent.parent
LATER_EPOCHS = 3
SIZE, CLASSES, BATCH = 96, 10, 128
OURS = """
import json, resource, sys, time
folder, size, batch, later = sys.argv[1], *map(int, sys.argv[2:])
from practicum.batches import Batches
from practicum.data import load
times = []
started = time.perf_counter()
dataset = load(folder, image_size=size)
batches = Batches(dataset.train, batch_size=batch, augment=False, seed=0)
pipeline = batches.pipeline()
for _ in range(1 + later):
    count = sum(len(labels) for _, labels in pipeline)
    times.append(time.perf_counter() - started); started = time.perf_counter()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
print(json.dumps({"images": count, "seconds": times, "peak_mb": peak}))
"""
KERAS = """
import json, resource, sys, time
folder, size, batch, later = sys.argv[1], *map(int, sys.argv[2:])
import keras
times = []
started = time.perf_counter()
dataset = keras.utils.image_dataset_from_directory(folder, image_size=(size, size), batch_size=batch, verbose=False)
dataset = dataset.prefetch(2)
for _ in range(1 + later):
    count = sum(len(labels) for _, labels in dataset)
    times.append(time.perf_counter() - started); started = time.perf_counter()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
print(json.dumps({"images": count, "seconds": times, "peak_mb": peak}))
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=60_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        folder = make_photos(Path(work) / "photos", options.photos)
        found = {name: measure(code, folder, Path(work)) for name, code in (("keras", KERAS), ("practicum", OURS))}
    rates = {}
    for name, figures in found.items():
        first, *later = figures["seconds"]
        # Ours sets a quarter of the images aside for validation and test, having decoded them too.
        decoded = options.photos if name == "practicum" else figures["images"]
        rates[name] = (decoded / first, figures["images"] * len(later) / sum(later))
        print(
            f"{name:10} first epoch {rates[name][0]:9,.0f} images a second, later {rates[name][1]:9,.0f}, "
            f"at most {figures['peak_mb']:,.0f} MB"
        )
    ratios = [ours / theirs for ours, theirs in zip(rates["practicum"], rates["keras"], strict=True)]
    print(f"practicum / keras: first epoch × {ratios[0]:.1f}, later × {ratios[1]:.1f}")
    print(json.dumps({"photos": options.photos, **found, "ratios": ratios}))


def make_photos(folder, count):
    """JPEG files of smooth random patterns: as large as photos of their size, and no two alike."""
    random = np.random.default_rng(0)
    for number in range(count):
        target = folder / f"class{number % CLASSES}" / f"{number}.jpg"
        target.parent.mkdir(parents=True, exist_ok=True)
        coarse = Image.fromarray(random.integers(0, 256, (12, 16, 3)).astype(np.uint8))
        coarse.resize((128, 96), Image.Resampling.BICUBIC).save(target, quality=90)
    return folder


def measure(code, folder, work):
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "PRACTICUM_CACHE": str(work / "cache")}
    arguments = [str(folder), str(SIZE), str(BATCH), str(LATER_EPOCHS)]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, cwd=PROJECT, env=environment
    )
    if done.returncode:
        sys.exit(done.stderr[-2000:])
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
