"""What the notebook gives to the checks of lesson 02."""

import numpy as np

from practicum.reference import relu


def count_right(bend=relu):
    """Stands for a trained network: another number for each function in place of ReLU."""
    return 111 + 7 * int(np.sum(bend(np.array([-3, -1, 2]))))


FACTS = {"02.exercise_6": lambda: {"count_right": count_right}}
