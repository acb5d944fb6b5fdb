"""TensorFlow's "Convolutional Neural Network (CNN)" tutorial, with its own settings, on the images of a dataset.

Source: https://www.tensorflow.org/tutorials/images/cnn (the network, Adam, batches of 32, 10 epochs, the test images
as validation data). Trains on all training images, as the tutorial does: ours are its training and validation split.
"""

import json
import sys
import time

import numpy as np
import tensorflow as tf
from tensorflow.keras import layers, models

from practicum.data import load

EPOCHS = 10


def main(data, seed):
    dataset = load(data)
    train_images = np.concatenate([dataset.train.images, dataset.validation.images]) / 255.0
    train_labels = np.concatenate([dataset.train.labels, dataset.validation.labels])
    test_images = dataset.test.images / 255.0
    tf.keras.utils.set_random_seed(seed)

    started = time.perf_counter()
    model = models.Sequential(
        [
            layers.Input((32, 32, 3)),
            layers.Conv2D(32, (3, 3), activation="relu"),
            layers.MaxPooling2D((2, 2)),
            layers.Conv2D(64, (3, 3), activation="relu"),
            layers.MaxPooling2D((2, 2)),
            layers.Conv2D(64, (3, 3), activation="relu"),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10),
        ]
    )
    loss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer="adam", loss=loss, metrics=["accuracy"])
    history = model.fit(
        train_images, train_labels, epochs=EPOCHS, validation_data=(test_images, dataset.test.labels), verbose=0
    )
    seconds = time.perf_counter() - started
    accuracy = history.history["val_accuracy"][-1]
    print(json.dumps({"seconds": seconds, "test_accuracy": accuracy, "parameters": model.count_params()}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
