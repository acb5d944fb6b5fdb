"""The images of a folder as batches: this project's way beside `keras.utils.image_dataset_from_directory`.

    python bench/input_pipeline.py                        # 60,000 photos of 500×375 and 60,000 of 128×96; 20 minutes
    python bench/input_pipeline.py --photos 12000 --pixels 500x375 --rounds 5

Images a second, in the first epoch (ours reads the folder, decodes into its cache, and looks for equal images then) and
in later ones, without a network behind them; and the most memory that the processes held, all of ours added up, for an
epoch of training as well. The two take turns, each time in a process of its own; of several rounds the medians count.
Both resize to 96×96. The photos are pieces of those of cats_vs_dogs in PRACTICUM_DATA, or of the two bundled ones. They
need 4 GB in the temporary folder, and are deleted again. The last line is one JSON object.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import joblib
import numpy as np
from PIL import Image

PROJECT = Path(__file__).resolve().parent.parent
LATER_EPOCHS = 2
SIZE, CLASSES, BATCH = 96, 10, 128
PEAK = """
import json, sys, time
from pathlib import Path
folder, size, batch, later = sys.argv[1], *map(int, sys.argv[2:])
def peak_mb():
    children = [pid for file in Path("/proc/self/task").glob("*/children") for pid in file.read_text().split()]
    status = [Path("/proc", pid, "status").read_text() for pid in ("self", *children)]
    return sum(int(text.split("VmHWM:")[1].split()[0]) for text in status if "VmHWM:" in text) / 1e3
times = []
"""
OURS = """
started = time.perf_counter()
from practicum.data import load
dataset = load(folder, image_size=size)
while_decoding = peak_mb()
from practicum.batches import Batches
batches = Batches(dataset.train, batch_size=batch, augment=False, seed=0)
pipeline = batches.pipeline()
for _ in range(1 + later):
    count = sum(len(labels) for _, labels in pipeline)
    times.append(time.perf_counter() - started); started = time.perf_counter()
plain_peak = max(while_decoding, peak_mb())
batches.augment, started = True, time.perf_counter()
count = sum(len(labels) for _, labels in pipeline)
augmented = count / (time.perf_counter() - started)
print(json.dumps({"images": count, "seconds": times, "peak_mb": plain_peak, "augmented_rate": augmented}))
"""
KERAS = """
started = time.perf_counter()
import keras
dataset = keras.utils.image_dataset_from_directory(folder, image_size=(size, size), batch_size=batch, verbose=False)
dataset = dataset.prefetch(2)
for _ in range(1 + later):
    count = sum(len(labels) for _, labels in dataset)
    times.append(time.perf_counter() - started); started = time.perf_counter()
print(json.dumps({"images": count, "seconds": times, "peak_mb": peak_mb()}))
"""
TRAINING = """
from practicum.data import load
from practicum.model import build_cnn
from practicum.recipes import RECIPES
from practicum.training import train
dataset, recipe = load(folder, image_size=size), RECIPES["fast"]
model = build_cnn(dataset.image_shape, len(dataset.class_names), filters=recipe.filters, batch_norm=True,
                  global_pooling=True, dropout=recipe.dropout, seed=0)
result = train(model, dataset, epochs=1, batch_size=recipe.batch_size, augment=True, show_progress=False)
print(json.dumps({"seconds": result.seconds, "images": len(dataset.train), "peak_mb": peak_mb()}))
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=60_000)
    parser.add_argument("--pixels", action="append", help="width and height, as 500x375; may be given several times")
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    found = {
        pixels: compare(options.photos, pixels, options.rounds) for pixels in options.pixels or ("500x375", "128x96")
    }
    print(json.dumps({"photos": options.photos, **found}))


def compare(photos, pixels, rounds):
    """Both ways on so many photos of that size, one after the other, so many times."""
    with tempfile.TemporaryDirectory() as work:
        folder = make_photos(Path(work) / "photos", photos, tuple(map(int, pixels.split("x"))))
        megabytes = sum(path.stat().st_size for path in folder.rglob("*.jpg")) / 1e6
        print(f"{photos:,} photos of {pixels}, {megabytes:,.0f} MB", flush=True)
        turns = []
        for _ in range(rounds):
            shutil.rmtree(Path(work) / "cache", ignore_errors=True)
            turns.append({"practicum": measure(OURS, folder, work), "keras": measure(KERAS, folder, work)})
        found = {name: median(turn[name] for turn in turns) for name in turns[0]}
        found["training"] = measure(TRAINING, folder, work)
    rates = {}
    for name in ("keras", "practicum"):
        first, *later = found[name]["seconds"]
        # Ours sets a quarter of the images aside for validation and test, having decoded them too.
        rates[name] = (photos / first, found[name]["images"] * len(later) / sum(later))
        print(
            f"  {name:10} first epoch {rates[name][0]:9,.0f} images a second, later {rates[name][1]:9,.0f}, "
            f"at most {found[name]['peak_mb']:,.0f} MB"
        )
    ratios = [ours / theirs for ours, theirs in zip(rates["practicum"], rates["keras"], strict=True)]
    print(f"  practicum / keras: first epoch × {ratios[0]:.2f}, later × {ratios[1]:.1f}")
    print(f"  practicum, with augmentation, later epochs {found['practicum']['augmented_rate']:,.0f} images a second")
    trained = found["training"]
    print(
        f"  an epoch of training with augmentation: {trained['images'] / trained['seconds']:,.0f} images a second, "
        f"at most {trained['peak_mb']:,.0f} MB",
        flush=True,
    )
    return {**found, "ratios": ratios}


def median(runs):
    """The run of median figures, each on its own."""
    runs = list(runs)
    whole = {key: statistics.median(run[key] for run in runs) for key in runs[0] if key != "seconds"}
    return {
        **whole,
        "seconds": [statistics.median(times) for times in zip(*(run["seconds"] for run in runs), strict=True)],
    }


def make_photos(folder, count, size):
    """JPEG files of that (width, height): pieces of real photos, no two alike."""
    sources = real_photos()
    for number in range(CLASSES):
        (folder / f"class{number}").mkdir(parents=True, exist_ok=True)
    chunks = [range(start, min(start + 500, count)) for start in range(0, count, 500)]
    joblib.Parallel(n_jobs=-1)(joblib.delayed(_make_some)(folder, chunk, size, sources) for chunk in chunks)
    return folder


def real_photos():
    """Photos to cut pieces from: uint8 (H, W, 3) each."""
    from practicum import data

    try:
        images = data.load("cats_vs_dogs", image_size=(375, 500)).train.images
        return list(images[:: max(1, len(images) // 200)])
    except ValueError:
        return [data.photo(name) for name in data.PHOTOS]


def _make_some(folder, numbers, size, sources):
    random = np.random.default_rng(numbers.start)
    for number in numbers:
        photo = Image.fromarray(sources[number % len(sources)])
        left, top = random.uniform(0, 0.2, 2) * photo.size
        box = (left, top, left + 0.8 * photo.width, top + 0.8 * photo.height)
        piece = photo.resize(size, Image.Resampling.BICUBIC, box=box)
        piece.save(folder / f"class{number % CLASSES}" / f"{number}.jpg", quality=90)


def measure(code, folder, work):
    # Each way finds the photos in the system's memory, and nothing of the ways before waiting to be written.
    for path in folder.rglob("*.jpg"):
        path.read_bytes()
    os.sync()
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "PRACTICUM_CACHE": str(Path(work) / "cache")}
    environment |= {"PYTHONPATH": str(PROJECT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    arguments = [str(folder), str(SIZE), str(BATCH), str(LATER_EPOCHS)]
    done = subprocess.run(
        [sys.executable, "-c", PEAK + code, *arguments], capture_output=True, text=True, cwd=PROJECT, env=environment
    )
    if done.returncode:
        sys.exit(done.stderr[-2000:])
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
