"""Which heat maps point at the thing, which depend on what was learned, and what a shortcut looks like in them.

    python bench/heat_maps.py                 # all three parts, seeds 0 to 2, ten minutes on 2 cores
    python bench/heat_maps.py pointing        # or "sanity", or "shortcut"

Networks are trained on drawn shapes, whose place is known. The tables of docs/measurements.md are this script's output.
"""

import argparse
import dataclasses
import time
from functools import partial

import numpy as np

from practicum import inspection, marks, shapes
from practicum.dataset import Split
from practicum.inspection.heat import METHODS
from practicum.model import build_cnn
from practicum.training import evaluate, train

SIZE, AREA, TRAIN, TEST = 48, (0.05, 0.08), 2_000, 200
EPOCHS, BY_HEART = 8, 40
RATE = 0.01
LAYERS = ("module2_relu", "module2_pool", "module3_conv", "module3_norm", "module3_relu")


def network(dataset, *, epochs=EPOCHS, filters=(16, 32, 64), seed=0):
    """A small network with a last map of a quarter of the image's side, trained; and the seconds that took."""
    model = build_cnn(
        dataset.image_shape,
        len(dataset.class_names),
        filters=filters,
        pool_size=[2, 2, 1],
        dense_units=(),
        batch_norm=True,
        global_pooling=True,
        seed=seed,
    )
    started = time.perf_counter()
    train(model, dataset, epochs=epochs, learning_rate=RATE, seed=seed, show_progress=False)
    return model, time.perf_counter() - started


def drawn(seed, *, count=TRAIN, **options):
    return shapes.dataset(count, validation=200, test=TEST, size=SIZE, area=AREA, seed=seed, **options)


def pointing(seed):
    dataset = drawn(seed)
    model, seconds = network(dataset, seed=seed)
    accuracy = evaluate(model, dataset.test).accuracy
    print(f"\npointing, seed {seed}: accuracy {accuracy:.3f}, trained in {seconds:.0f} s", flush=True)
    methods = METHODS | {f"Grad-CAM, {name}": partial(inspection.grad_cam, layer=name) for name in LAYERS}
    table = inspection.compare_methods(model, dataset.test_shapes, methods=methods)
    print(table, table.times(), sep="\n\n", flush=True)
    return model, dataset


def sanity(seed, model, dataset):
    images, labels = dataset.test.images[:32], dataset.test.labels[:32]
    some = dataclasses.replace(dataset, train=Split(dataset.train.images[:500], dataset.train.labels[:500]))
    lies = inspection.random_labels(some, seed)
    twin, seconds = network(lies, epochs=BY_HEART, seed=seed)
    by_heart = evaluate(twin, lies.train).accuracy
    print(f"\nsanity, seed {seed}: twin knows {by_heart:.3f} of its labels by heart, {seconds:.0f} s", flush=True)
    for name, method in (METHODS | {"edges": edges}).items():
        options = {"class_index": labels, "name": name}
        print(inspection.model_randomisation(model, images, method, seed=seed, **options))
        print(inspection.label_randomisation(model, twin, images, method, **options), flush=True)


def edges(model, images, *, class_index=None):
    """No heat map at all: how much each pixel differs from its neighbours, whatever the network."""
    grey = np.asarray(images, np.float64).mean(axis=-1)
    return np.hypot(*np.gradient(grey, axis=(1, 2))).astype(np.float32)


def shortcut(seed):
    """A network that was taken in, what may help, and two repairs."""
    marked = drawn(seed, shortcut="mark", reliability=1.0)
    train_images, validation_images = (marks.without_marks(part.images) for part in (marked.train, marked.validation))
    painted = dataclasses.replace(
        marked,
        train=Split(train_images, marked.train.labels),
        validation=Split(validation_images, marked.validation.labels),
    )
    trainings = {
        "marked": (marked, {}),
        "marked, 20 epochs": (marked, {"epochs": 20}),
        "four times as many, marked": (drawn(seed, count=4 * TRAIN, shortcut="mark", reliability=1.0), {}),
        "marked, twice as wide": (marked, {"filters": (32, 64, 128)}),
        "mark by chance": (drawn(seed, shortcut="mark", reliability=1 / 6), {}),
        "mark painted over": (painted, {}),
    }
    for name, (dataset, options) in trainings.items():
        model, _ = network(dataset, seed=seed, **options)
        print(f"shortcut, seed {seed}, trained on {name}: {exposed(model, marked)}", flush=True)


def exposed(model, marked):
    """What a network does with pictures that differ in nothing but the mark, and where its heat lies."""
    images, labels = marked.test.images, marked.test.labels
    others = (labels + 1) % 6
    lying = marks.with_marks(images, others)
    tests = {
        "as collected": images,
        "painted over": marks.without_marks(images),
        "moved": marks.move_marks(images),
        "of another class": lying,
    }
    found = {name: evaluate(model, Split(pictures, labels)).accuracy for name, pictures in tests.items()}
    found["follows the lie"] = evaluate(model, Split(lying, others)).accuracy
    on_mark = np.repeat(marks.mark_mask(SIZE)[np.newaxis], len(images), axis=0)
    near = np.repeat(marks.mark_mask(SIZE, margin=SIZE // 16)[np.newaxis], len(images), axis=0)
    right = marks.with_marks(images, labels)
    for name, method in METHODS.items():
        heats = method(model, right, class_index=labels)
        found[f"{name} in mark"] = inspection.heat_inside(heats, on_mark)
        found[f"{name} near mark"] = inspection.heat_inside(heats, near)
        found[f"{name} points at mark"] = inspection.pointing_game(heats, on_mark)
        found[f"{name} points near mark"] = inspection.pointing_game(heats, near)
        found[f"{name} points at shape"] = inspection.pointing_game(heats, marked.test_shapes.masks)
    return ", ".join(f"{name} {value:.3f}" for name, value in found.items())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", default=["pointing", "sanity", "shortcut"])
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    for seed in range(options.seeds):
        if {"pointing", "sanity"} & set(options.parts):
            model, dataset = pointing(seed)
            if "sanity" in options.parts:
                sanity(seed, model, dataset)
        if "shortcut" in options.parts:
            shortcut(seed)


if __name__ == "__main__":
    main()
