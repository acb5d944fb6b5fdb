"""What the notebook gives to the checks of lesson 05: the answers of some network on 400 images of ten classes."""

import numpy as np

random = np.random.default_rng(0)
labels = random.integers(0, 10, 400)
scores = random.normal(0, 2.2, (400, 10)) + 4 * np.eye(10)[labels]
probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
confusion = np.zeros((10, 10), int)
np.add.at(confusion, (labels, probabilities.argmax(axis=1)), 1)

FACTS = {
    "05.exercise_6": lambda: {"confusion": confusion},
    "05.exercise_7": lambda: {"probabilities": probabilities, "labels": labels},
}
