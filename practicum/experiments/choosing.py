"""Which configuration of a sweep to take: the cheapest that is good enough, and how sure that is."""

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from practicum.experiments.configurations import Configuration, key, named
from practicum.experiments.means import LEAST_SEEDS, Tried, tried
from practicum.experiments.table import Results

COSTS = ("multiply_adds", "parameters", "seconds")
EXACT_UP_TO = 6  # seeds: all their resamples are few enough to be looked at, 6 to the power of 6
RESAMPLES = 20_000  # of more
CONFIDENCE = 0.95


def in_points(share: float) -> str:
    """A share of accuracy in points (percentage points): "1 point", "2.5 points"."""
    return f"{100 * share:g} point{'s' * (share != 0.01)}"


@dataclass(frozen=True)
class Choice:
    """The cheapest configuration that is nearly as good as the best.

    configuration: the one chosen.
    best: the one with the highest mean validation accuracy.
    accuracy: mean validation accuracy of the chosen one.
    loss_of_accuracy: by how much the best one's mean is higher, 0 to 1.
    interval: within which that lies, by the seeds that both have in common (bootstrap, 95 %).
    tolerance: what was allowed.
    cost, best_cost: of both, in units of cost_name.
    cost_name: what was to be small.
    seeds: how many both have in common.
    verdict: what the seeds allow to say: "yes", it is within tolerance; "too few seeds"; or "open", they leave both
        possible.
    """

    configuration: Configuration
    best: Configuration
    accuracy: float
    loss_of_accuracy: float
    interval: tuple[float, float]
    tolerance: float
    cost: float
    best_cost: float
    cost_name: str
    seeds: int
    verdict: str
    varied: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "best": self.best,
            "chosen": self.configuration,
            "validation_accuracy": self.accuracy,
            "loss_of_accuracy": self.loss_of_accuracy,
            "interval": self.interval,
            self.cost_name: self.cost,
            "verdict": self.verdict,
        }

    def __str__(self) -> str:
        chosen, best = (named(each, self.varied) for each in (self.configuration, self.best))
        what = self.cost_name.replace("_", "-")
        if key(self.configuration) == key(self.best):
            return f"{chosen}: {self.accuracy:.1%}, {self.cost:,.0f} {what}. The best, and none cheaper comes near it."
        low, high = (100 * value for value in self.interval)
        share = self.cost / self.best_cost
        part = f"{share:.0%}" if share >= 0.01 else "less than 1 %"
        certain = {
            "yes": "within the tolerance also when the seeds are drawn again",
            "open": "these seeds do not tell whether it is within the tolerance: try more",
            "too few seeds": f"{self.seeds} seed{'s are' if self.seeds != 1 else ' is'} too few to tell: try at least "
            f"{LEAST_SEEDS}",
        }[self.verdict]
        interval = "" if self.verdict == "too few seeds" else f" (95 %: {low:+.1f} to {high:+.1f})"
        return (
            f"{chosen}: {self.accuracy:.1%}, {self.cost:,.0f} {what}, {part} of what the best takes.\n"
            f"The best, {best}, is {100 * self.loss_of_accuracy:.1f} points better{interval}; {certain}."
        )


def smallest_within(results: Results, tolerance: float = 0.01, *, cost: str = "multiply_adds") -> Choice:
    """The cheapest configuration whose mean validation accuracy is within tolerance of the best one's.

    The seeds are paired: luck that a seed brings to both (the order of the images) counts for neither. The bootstrap
    draws the seeds again and again, with repetition; of up to six it looks at all ways to draw.

    Args:
        results: of a sweep, with several seeds for each configuration.
        tolerance: 0 to 1; 0.01 allows one point of accuracy less.
        cost: what is to be small: "multiply_adds" for an image, "parameters", or "seconds" of training.

    Raises:
        ValueError: no runs that did not fail, or a value out of range.

    Example:
        print(smallest_within(read("sweep.csv"), 0.01))

    Source: paired bootstrap: Efron and Tibshirani 1993, "An Introduction to the Bootstrap", chapters 6 and 13.
    """
    if not 0 <= tolerance < 1:
        raise ValueError(
            f"smallest_within: tolerance must be from 0 up to 1 (0.01 is one point). Received {tolerance!r}."
        )
    candidates = _candidates(results, cost, "smallest_within")
    best = max(candidates, key=lambda each: (each.mean, -each.cost(cost)))
    near = [each for each in candidates if best.mean - each.mean <= tolerance + 1e-9]
    chosen = min(near, key=lambda each: (each.cost(cost), -each.mean))
    seeds = sorted(chosen.runs.keys() & best.runs.keys())
    differences = np.array(
        [best.runs[seed].validation_accuracy - chosen.runs[seed].validation_accuracy for seed in seeds]
    )
    interval = _interval(differences)
    if chosen is not best and len(seeds) < LEAST_SEEDS:
        verdict = "too few seeds"
    else:
        verdict = "yes" if chosen is best or interval[1] <= tolerance + 1e-9 else "open"
    return Choice(
        configuration=chosen.configuration,
        best=best.configuration,
        accuracy=chosen.mean,
        loss_of_accuracy=best.mean - chosen.mean,
        interval=interval,
        tolerance=tolerance,
        cost=chosen.cost(cost),
        best_cost=best.cost(cost),
        cost_name=cost,
        seeds=len(seeds),
        verdict=verdict,
        varied=tuple(results.varied()),
    )


def pareto_front(results: Results, *, cost: str = "multiply_adds") -> list[Configuration]:
    """The configurations that none beats in both accuracy and cost, the cheapest first.

    Raises:
        ValueError: no runs that did not fail, or a cost of another name.
    """
    front: list[Tried] = []
    for each in sorted(_candidates(results, cost, "pareto_front"), key=lambda each: (each.cost(cost), -each.mean)):
        if not front or each.mean > front[-1].mean:
            front.append(each)
    return [each.configuration for each in front]


def compared(results: Results) -> Results:
    """The runs by which configurations can be compared: of the same seeds for each.

    Seeds differ in luck. But a sweep that was stopped early has a last seed that only some configurations had, and who
    failed with a seed has fewer than the others. So some seeds are left out, or some configurations; rather seeds.
    """
    by_configuration = results.by_configuration()
    counts = Counter(seed for _, runs in by_configuration for seed in runs)
    ordered = [seed for seed, _ in sorted(counts.items(), key=lambda each: (-each[1], each[0]))]
    shared: set[int] = set()
    most = 0
    for number in range(1, len(ordered) + 1):
        seeds = set(ordered[:number])
        worth = number * sum(seeds <= runs.keys() for _, runs in by_configuration) ** 3
        if worth >= most:
            most, shared = worth, seeds
    whole = {key(configuration) for configuration, runs in by_configuration if shared <= runs.keys()}
    return Results(
        tuple(run for run in results.runs if run.seed in shared and not run.error and key(run.configuration) in whole)
    )


def _candidates(results: Results, cost: str, caller: str) -> list[Tried]:
    if cost not in COSTS:
        raise ValueError(f"{caller}: cost must be one of {', '.join(COSTS)}. Received cost={cost!r}.")
    found = tried(compared(results))
    if not found:
        raise ValueError(
            f"{caller}: there are no runs to choose from, or all of them failed. Received {len(results)} runs."
        )
    return found


def _interval(differences: np.ndarray) -> tuple[float, float]:
    """Within which the mean of differences lies in 95 % of all resamples."""
    if len(differences) == 0:
        return float("nan"), float("nan")
    means = np.fromiter(_means(differences), float)
    low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


def _means(differences: np.ndarray) -> Iterator[float]:
    count = len(differences)
    if count <= EXACT_UP_TO:
        yield from (sum(drawn) / count for drawn in itertools.product(differences.tolist(), repeat=count))
        return
    random = np.random.default_rng(0)
    yield from differences[random.integers(0, count, (RESAMPLES, count))].mean(1).tolist()
