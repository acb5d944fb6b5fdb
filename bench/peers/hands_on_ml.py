"""The network of "Hands-On Machine Learning" (Géron, 3rd edition, chapter 14) on the whole of Fashion-MNIST.

Source: https://github.com/ageron/handson-ml3, notebook 14 (the network, Nadam, 10 epochs, batches of 32; 55,000 images
to learn from, 5,000 for validation). The test accuracy is that of the weights it ends with.
"""

import json
import sys
import time
from functools import partial

import numpy as np
import tensorflow as tf

from practicum.data import load

EPOCHS = 10


def main(data, seed):
    dataset = load(data)
    images = np.concatenate([dataset.train.images, dataset.validation.images]).astype(np.float32) / 255
    labels = np.concatenate([dataset.train.labels, dataset.validation.labels])
    tf.keras.utils.set_random_seed(seed)

    started = time.perf_counter()
    convolution = partial(
        tf.keras.layers.Conv2D, kernel_size=3, padding="same", activation="relu", kernel_initializer="he_normal"
    )
    dense = partial(tf.keras.layers.Dense, activation="relu", kernel_initializer="he_normal")
    model = tf.keras.Sequential(
        [
            tf.keras.layers.Input((28, 28, 1)),
            convolution(filters=64, kernel_size=7),
            tf.keras.layers.MaxPool2D(),
            convolution(filters=128),
            convolution(filters=128),
            tf.keras.layers.MaxPool2D(),
            convolution(filters=256),
            convolution(filters=256),
            tf.keras.layers.MaxPool2D(),
            tf.keras.layers.Flatten(),
            dense(units=128),
            tf.keras.layers.Dropout(0.5),
            dense(units=64),
            tf.keras.layers.Dropout(0.5),
            tf.keras.layers.Dense(units=10, activation="softmax"),
        ]
    )
    model.compile(loss="sparse_categorical_crossentropy", optimizer="nadam", metrics=["accuracy"])
    model.fit(
        images[:55_000],
        labels[:55_000],
        epochs=EPOCHS,
        validation_data=(images[55_000:], labels[55_000:]),
        verbose=0,
    )
    seconds = time.perf_counter() - started
    _, accuracy = model.evaluate(dataset.test.images.astype(np.float32) / 255, dataset.test.labels, verbose=0)
    print(json.dumps({"seconds": seconds, "test_accuracy": accuracy, "parameters": model.count_params()}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
