"""What the seeds of a configuration say together: the mean of their accuracies, and how sure it is."""

from dataclasses import dataclass

import numpy as np

from practicum.experiments.configurations import Configuration
from practicum.experiments.table import Results, Run

LEAST_SEEDS = 3  # below which an interval says nothing
# Student's t, 97.5 %, for 2 to 12 degrees of freedom.
STUDENT = (4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179)


@dataclass(frozen=True)
class Tried:
    """A configuration and its runs by seed."""

    configuration: Configuration
    runs: dict[int, Run]

    @property
    def accuracies(self) -> np.ndarray:
        return np.array([run.validation_accuracy for run in self.runs.values()])

    @property
    def mean(self) -> float:
        return float(self.accuracies.mean())

    @property
    def filters(self) -> int:
        """In all modules together."""
        return sum(self.configuration["filters"])

    def cost(self, name: str) -> float:
        return float(np.mean([getattr(run, name) for run in self.runs.values()]))


def tried(results: Results) -> list[Tried]:
    """Each configuration with its runs."""
    return [Tried(configuration, runs) for configuration, runs in results.by_configuration()]


def usable(results: Results, caller: str) -> Results:
    """The runs that did not fail and gave a number.

    Raises:
        ValueError: none, or of several datasets.
    """
    runs = tuple(run for run in results.runs if not run.error and np.isfinite(run.validation_accuracy))
    if not runs:
        raise ValueError(
            f"{caller}: there are no runs to draw, or all of them failed. Received {len(results)} runs. Run a sweep "
            "and read its table with experiments.read, or ask results.where for values that were tried."
        )
    names = sorted({run.data for run in runs})
    if len(names) > 1:
        raise ValueError(
            f"{caller}: expected runs on one dataset. Received {', '.join(names)}. "
            f"Select one: results.where(data={names[0]!r})."
        )
    return Results(runs)


def half_width(values: np.ndarray) -> float:
    """Half of the 95 % interval of the mean of values, (N,); NaN of fewer than three.

    Example:
        >>> round(half_width(np.array([1.0, 2.0, 3.0])), 2)
        2.48

    Source: Student 1908, "The probable error of a mean".
    """
    if len(values) < LEAST_SEEDS:
        return float("nan")
    freedom = len(values) - 1
    # Of many, t is the normal distribution's 1.96 and a correction: Abramowitz and Stegun 1964, 26.7.5.
    t = STUDENT[freedom - 2] if freedom - 2 < len(STUDENT) else 1.96 + 2.372 / freedom + 2.823 / freedom**2
    return float(t * values.std(ddof=1) / np.sqrt(len(values)))


def gain_per_filter(some: list[Tried], more: list[Tried]) -> tuple[float, bool | None]:
    """Points of accuracy (percentage points) that one added filter brings.

    Args:
        some: configurations with the same number of filters in all.
        more: such with more filters.

    Returns:
        The gain of mean accuracy; and whether the seeds that all have in common tell it from none, None where these
        are fewer than three. The seeds are paired: luck that a seed brings to both does not count.
    """
    added = more[0].filters - some[0].filters
    gain = 100 * (np.mean([each.mean for each in more]) - np.mean([each.mean for each in some])) / added
    shared = sorted(set.intersection(*(set(each.runs) for each in (*some, *more))))
    if len(shared) < LEAST_SEEDS:
        return float(gain), None
    of_seed = [
        np.mean([[each.runs[seed].validation_accuracy for seed in shared] for each in side], axis=0)
        for side in (some, more)
    ]
    differences = of_seed[1] - of_seed[0]
    return float(gain), bool(abs(differences.mean()) > half_width(differences))
