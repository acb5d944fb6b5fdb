"""What the notebook gives to the checks of lesson 09: its stored sweep."""

import numpy as np
from conftest import PROJECT

from practicum.experiments import read


def fashion():
    return read(PROJECT / "data" / "sweeps" / "fashion.csv")


def accuracies():
    return {
        configuration["filters"]: {seed: run.validation_accuracy for seed, run in runs.items()}
        for configuration, runs in fashion().by_configuration()
    }


def means_and_costs():
    rows = {configuration["filters"]: list(runs.values()) for configuration, runs in fashion().by_configuration()}
    return {
        "mean_of": {filters: np.mean([run.validation_accuracy for run in runs]) for filters, runs in rows.items()},
        "cost_of": {filters: runs[0].multiply_adds for filters, runs in rows.items()},
        "size_of": {filters: runs[0].parameters for filters, runs in rows.items()},
    }


FACTS = {
    "09.exercise_2": lambda: {"accuracies": accuracies()},
    "09.exercise_3": lambda: {"accuracies": accuracies()},
    "09.exercise_4": lambda: {"fashion": fashion()},
    "09.exercise_5": means_and_costs,
}
