"""Exercise 1 of Google's image classification practicum: cats and dogs from scratch, at 150×150.

Source: https://developers.google.com/machine-learning/practica/image-classification/exercise-1 (modules of 16, 32 and
64 filters, 512 dense units, one sigmoid, RMSprop at 0.001, 15 epochs of 100 batches of 20, which is once through its
2,000 photos; where there are fewer, they are gone through more often). It draws its batches from the files again in
each epoch; here the photos are decoded before the clock starts, in its favour.
"""

import json
import sys
import time

import numpy as np
import tensorflow as tf
from tensorflow.keras import layers

from practicum.data import load

EPOCHS, STEPS, BATCH = 15, 100, 20


def main(data, seed):
    dataset = load(data, image_size=150, seed=seed)
    images = np.concatenate([dataset.train.images, dataset.validation.images]) / np.float32(255)
    labels = np.concatenate([dataset.train.labels, dataset.validation.labels])
    tf.keras.utils.set_random_seed(seed)

    started = time.perf_counter()
    stack = [layers.Input((150, 150, 3))]
    for filters in (16, 32, 64):
        stack += [layers.Conv2D(filters, 3, activation="relu"), layers.MaxPooling2D(2)]
    stack += [layers.Flatten(), layers.Dense(512, activation="relu"), layers.Dense(1, activation="sigmoid")]
    model = tf.keras.Sequential(stack)
    model.compile(loss="binary_crossentropy", optimizer=tf.keras.optimizers.RMSprop(0.001), metrics=["accuracy"])
    photos = tf.data.Dataset.from_tensor_slices((images, labels)).shuffle(len(labels), seed=seed).repeat().batch(BATCH)
    model.fit(photos.prefetch(2), steps_per_epoch=STEPS, epochs=EPOCHS, verbose=0)
    seconds = time.perf_counter() - started
    _, accuracy = model.evaluate(dataset.test.images / np.float32(255), dataset.test.labels, verbose=0)
    print(json.dumps({"seconds": seconds, "test_accuracy": accuracy, "parameters": model.count_params()}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
