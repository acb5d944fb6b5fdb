"""Write data/sweeps/transfer.csv: what the bundled CIFAR-10 network is worth on other data, and with how few labels.

    python data/make_transfer.py [--seeds 3] [--out data/sweeps/transfer.csv]

A row is a training. Its method: "frozen", a head of one fully connected layer on the features of a layer of the
network, which itself stays as it is; "scratch", a network of three modules that begins with random weights.
per_class: labelled images of each class to learn from, and as many to decide by; 0 stands for all there are. Needs
cats-vs-dogs.tar in PRACTICUM_DATA; emoji and fashion are bundled. Rows that are in the file already are not computed
again.
"""

import argparse
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from measured_rows import MeasuredRows

from practicum.backend import keras
from practicum.data import load
from practicum.dataset import Dataset, Split
from practicum.model import build_cnn, load_pretrained
from practicum.training import evaluate, train
from practicum.transfer import features, few_labels

COLUMNS = ("data", "method", "layer", "per_class", "seed", "train_images", "test_accuracy")
LAYERS = [f"module{number}_relu" for number in range(1, 7)]
CURVES = {"cats_vs_dogs": ("module6_relu", (5, 20, 80, 0)), "emoji": ("module4_relu", (5, 20, 80, 0))}
BATCH = 32


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "sweeps" / "transfer.csv")
    options = parser.parse_args()
    table = MeasuredRows(options.out, COLUMNS, keys=5)
    images = {"emoji": load("emoji"), "cats_vs_dogs": load("cats_vs_dogs", image_size=(32, 32))}
    images["fashion"] = in_colour_and_32(load("fashion"))
    read = {name: features(load_pretrained("cifar10"), dataset, LAYERS) for name, dataset in images.items()}
    for seed in range(options.seeds):
        for name in images:
            for layer in LAYERS:
                table.fill((name, "frozen", layer, 0, seed), partial(frozen, read[name][layer], 0, seed))
        for name, (layer, counts) in CURVES.items():
            for count in counts:
                table.fill((name, "frozen", layer, count, seed), partial(frozen, read[name][layer], count, seed))
                table.fill((name, "scratch", "", count, seed), partial(scratch, images[name], count, seed))


def in_colour_and_32(dataset: Dataset) -> Dataset:
    """Grey images of 28×28 with a border of two dark pixels, and the grey value three times."""

    def changed(split: Split) -> Split:
        bordered = np.pad(split.images, ((0, 0), (2, 2), (2, 2), (0, 0)))
        return Split(np.repeat(bordered, 3, axis=3), split.labels)

    train_split, validation, test = map(changed, (dataset.train, dataset.validation, dataset.test))
    return replace(dataset, train=train_split, validation=validation, test=test)


def frozen(dataset: Dataset, per_class: int, seed: int) -> tuple[int, str]:
    some = few_labels(dataset, per_class, seed=seed) if per_class else dataset
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    last = [layers.Dense(len(dataset.class_names), name="scores"), layers.Softmax(name="softmax")]
    head = keras.Sequential([keras.Input(dataset.image_shape), layers.Flatten(name="flatten"), *last])
    epochs = _epochs(len(some.train))
    train(head, some, epochs=epochs, batch_size=BATCH, learning_rate=0.03, seed=seed, show_progress=False)
    return len(some.train), f"{evaluate(head, dataset.test).accuracy:.4f}"


def scratch(images: Dataset, per_class: int, seed: int) -> tuple[int, str]:
    some = few_labels(images, per_class, seed=seed) if per_class else images
    model = build_cnn(images.image_shape, len(images.class_names), batch_norm=True, seed=seed)
    epochs = _epochs(len(some.train))
    train(model, some, epochs=epochs, batch_size=BATCH, augment="auto", seed=seed, show_progress=False)
    return len(some.train), f"{evaluate(model, images.test).accuracy:.4f}"


def _epochs(images: int, steps: int = 300) -> int:
    """So many that there are about as many steps, but ten to sixty."""
    return min(60, max(10, -(-steps // -(-images // BATCH))))


if __name__ == "__main__":
    main()
