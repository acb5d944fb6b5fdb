"""Measure how well networks tell cats from dogs, and write data/sweeps/cats-vs-dogs.csv, which notebook 11 reads.

    python data/make_cats_vs_dogs_figures.py       # needs cats_vs_dogs (found or fetched); about an hour on 2 cores

The photos are cut into five folds. Each network is trained five times, each time with another fold as its test
photos, so that every photo is a test photo once. A row is a training. Cut off, the same command goes on where it was.
No photo gets into what is written.
"""

import argparse
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from measured_rows import MeasuredRows

from practicum.backend import keras
from practicum.data import load
from practicum.dataset import VALIDATION_SHARE, Dataset, Split, image_keys, split_images
from practicum.model import build_cnn, load_pretrained
from practicum.recipes import RECIPES
from practicum.training import evaluate, train

TABLE = Path(__file__).resolve().parent / "sweeps" / "cats-vs-dogs.csv"
FOLDS = 5
CLASSIC: dict[str, Any] = {"filters": (16, 32, 64), "dense_units": (512,)}
HEAD = ("global_pool", "dropout1", "scores", "softmax")  # what is cut off the network that was trained on CIFAR-10


def classic(dataset: Dataset, seed: int) -> tuple[keras.Model, Any]:
    """The exercise of Google's practicum: three modules of 16, 32 and 64 filters, 512 units, 15 epochs."""
    model = build_cnn(dataset.image_shape, 2, **CLASSIC, seed=seed)
    return model, train(model, dataset, epochs=15, seed=seed, show_progress=False)


def regularised(dataset: Dataset, seed: int) -> tuple[keras.Model, Any]:
    """The same network with augmentation and dropout, and twice the epochs, which these two need."""
    model = build_cnn(dataset.image_shape, 2, **CLASSIC, dropout=0.5, seed=seed)
    return model, train(model, dataset, epochs=30, augment=True, seed=seed, show_progress=False)


def fast(dataset: Dataset, seed: int) -> tuple[keras.Model, Any]:
    """What `python -m practicum train` does unless it is told otherwise."""
    recipe = RECIPES["fast"]
    model = build_cnn(
        dataset.image_shape,
        2,
        filters=recipe.filters,
        batch_norm=recipe.batch_norm,
        global_pooling=recipe.global_pooling,
        dropout=recipe.dropout,
        seed=seed,
    )
    options: dict[str, Any] = {
        name: getattr(recipe, name)
        for name in ("augment", "batch_size", "learning_rate", "weight_decay", "label_smoothing")
    }
    epochs = recipe.epochs_for(len(dataset.train))
    return model, train(model, dataset, epochs=epochs, seed=seed, show_progress=False, **options)


def transferred(dataset: Dataset, seed: int) -> tuple[keras.Model, Any]:
    """The bundled CIFAR-10 network with all its features frozen; only a new last layer is trained."""
    keras.utils.set_random_seed(seed)
    features = keras.Sequential([keras.Input(dataset.image_shape)])
    for layer in load_pretrained("cifar10").layers:
        if layer.name not in HEAD:
            features.add(layer)
    features.add(keras.layers.GlobalAveragePooling2D())
    features.trainable = False
    splits = [
        Split(features.predict(np.asarray(split.images), batch_size=50, verbose=0), split.labels)
        for split in (dataset.train, dataset.validation, dataset.test)
    ]
    last = keras.Sequential([keras.Input((splits[0].images.shape[1],)), keras.layers.Dense(2), keras.layers.Softmax()])
    last.compile(keras.optimizers.AdamW(0.01, weight_decay=0.02), loss="sparse_categorical_crossentropy")
    last.fit(splits[0].images, splits[0].labels, epochs=30, batch_size=64, verbose=0)
    whole = keras.Sequential([keras.Input(dataset.image_shape), *features.layers, *last.layers])
    return whole, None


NETWORKS = {
    # name: (image size, share of the training photos that is used, what trains it)
    "classic, half of the photos": (96, 0.5, classic),
    "classic": (96, 1.0, classic),
    "classic, augmentation and dropout": (96, 1.0, regularised),
    "fast recipe": (96, 1.0, fast),
    "transfer from CIFAR-10": (64, 1.0, transferred),
}
COLUMNS = [
    *("network", "image_size", "fold", "seed", "training_photos", "parameters_trained"),
    *("training_accuracy", "validation_accuracy", "test_photos", "right", "test_accuracy", "seconds"),
]


def fold(dataset: Dataset, number: int, share: float) -> Dataset:
    """The photos with fold number as test photos; of the rest a part for validation, and share of what is left."""
    splits = (dataset.train, dataset.validation, dataset.test)
    images = np.concatenate([np.asarray(split.images) for split in splits])
    labels = np.concatenate([split.labels for split in splits])
    keys = image_keys(images)
    order = np.lexsort((keys, labels))  # the same order whichever split a photo stood in
    images, labels, keys = images[order], labels[order], keys[order]
    if len(set(keys.tolist())) < len(keys):
        raise SystemExit("two photos are the same; folds would share them")
    is_test = np.arange(len(labels)) % FOLDS == number
    rest = np.flatnonzero(~is_test)
    cut = split_images(labels[rest], keys[rest].tolist(), VALIDATION_SHARE, seed=0)
    kept = rest[~cut]
    if share < 1:
        kept = kept[split_images(labels[kept], keys[kept].tolist(), share, seed=1)]
    train_split, validation, test = (Split(images[at], labels[at]) for at in (kept, rest[cut], is_test))
    return Dataset(
        dataset.name, dataset.class_names, train_split, validation, test, source=dataset.source, licence=dataset.licence
    )


def measure(name: str, number: int) -> list[Any]:
    """Train the network of that name with one fold as test photos: its row, from the column seed on."""
    size, share, make = NETWORKS[name]
    dataset = fold(load("cats_vs_dogs", image_size=size), number, share)
    started = time.monotonic()
    model, _ = make(dataset, number)
    seconds = time.monotonic() - started
    found = evaluate(model, dataset.test)
    trained = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    known = [round(evaluate(model, split).accuracy, 4) for split in (dataset.train, dataset.validation)]
    right = int(found.confusion.trace())
    tested = [len(dataset.test), right, round(found.accuracy, 4), round(seconds, 1)]
    return [number, len(dataset.train), trained, *known, *tested]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=NETWORKS, action="append", help="this network; may be given again")
    parser.add_argument("--out", type=Path, default=TABLE)
    options = parser.parse_args()
    names = list(NETWORKS)
    table = MeasuredRows(options.out, COLUMNS, keys=3, order=lambda key: (names.index(key[0]), int(key[2])))
    for name in options.only or names:
        for number in range(FOLDS):
            table.fill((name, NETWORKS[name][0], number), partial(measure, name, number))


if __name__ == "__main__":
    main()
