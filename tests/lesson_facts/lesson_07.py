"""What the notebook gives to the checks of lesson 07."""

from types import SimpleNamespace

import numpy as np


def _maps_and_weights():
    """Map 1 is brightest, 2 has the largest weight, 3 adds most, 4 most at one place, 5 has the highest value."""
    last, weights = np.full((4, 4, 8), 0.1), np.full(8, 0.1)
    last[..., 1], weights[1] = 3, 0.2
    last[..., 2], weights[2] = 0.2, 2
    last[..., 3], weights[3] = 2, 1
    last[0, 0, 4], weights[4] = 9, 0.9
    last[0, 0, 5], weights[5] = 12, 0.1
    last[..., 6], weights[6] = 0.3, -3
    last[..., 7], weights[7] = 2, -0.9
    return {"last": last, "weights": weights}


def _masks():
    masks = np.zeros((20, 48, 48), bool)
    for place in range(20):
        row, column = 10 + 2 * (place % 7), 8 + 3 * (place % 9)
        masks[place, row : row + 12, column : column + 12] = True
    masks[19, :26, :26] = True
    return {"truth": SimpleNamespace(masks=masks)}


FACTS = {"07.exercise_1": _maps_and_weights, "07.exercise_3": _masks}
