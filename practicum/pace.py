"""How far a training is, in steps and in time: the learning rate, when time is up, whether augmenting will pay."""

import math
import statistics
import time
from dataclasses import dataclass

WARM_UP = 0.25  # the share of a training in which the learning rate rises to its peak
LAST_RATE = 0.01  # the learning rate at the end, as a share of its peak
# In fewer epochs a network does not come to know images by heart, and changed ones only make the task harder.
AUGMENT_FROM = 8
TIMES_TO_TAKE = 20  # from so many, the speed of a step is known well enough to foresee the number of epochs


@dataclass(frozen=True)
class Plan:
    """How far a training is to go, and the peak of its learning rate."""

    epochs: int
    target_accuracy: float | None
    time_budget: float | None
    peak_rate: float
    augment: bool | str  # True, False or "auto"

    def augments_from_the_start(self) -> bool:
        """Whether to augment, as far as that can be said before the speed of a step is known."""
        if self.augment != "auto":
            return bool(self.augment)
        return self.time_budget is None and self.epochs >= AUGMENT_FROM


class Pace:
    """The clock of a training.

    Args:
        plan: how far to go.
        started: time.monotonic() at the beginning.
        steps_at_once: how many steps lie between begin_steps and end_steps.
        steps_of_a_rate: for how many steps the learning rate stays; on several devices as on one, where so many are
            taken at once.
    """

    def __init__(self, plan: Plan, started: float, steps_at_once: int, steps_of_a_rate: int | None = None) -> None:
        self.steps_of_a_rate = steps_of_a_rate or steps_at_once
        self.plan = plan
        self.started = started
        self.steps_at_once = steps_at_once
        self.prepared = False  # the first steps of a process take longer: the computation is made ready then
        self.learning_since: float | None = None  # seconds() when they were through
        self.timed: list[float] = []
        self.steps = 0.0  # how long the latest steps, validation and saving took, in seconds
        self.validation = 0.0
        self.saving = 0.0
        self.augment_is_decided = plan.augment != "auto" or plan.time_budget is None

    def seconds(self) -> float:
        """Since the beginning; of a training that was resumed, without the time it lay still."""
        return time.monotonic() - self.started

    def begin_steps(self) -> None:
        self.began = time.monotonic()

    def end_steps(self) -> None:
        took = time.monotonic() - self.began
        if self.prepared:
            self.steps = took
            if len(self.timed) < TIMES_TO_TAKE:
                self.timed.append(took)
        elif self.learning_since is None:
            self.learning_since = self.seconds()
        self.prepared = True

    def time_is_up(self) -> bool:
        """Whether the next steps, one more validation and saving would end after the time budget."""
        budget = self.plan.time_budget
        return budget is not None and self.seconds() + self.steps + self.validation + self.saving > budget

    def rate(self, epochs_done: float) -> float:
        """The learning rate of the steps that begin now.

        Args:
            epochs_done: with fractions.
        """
        return self.plan.peak_rate * one_cycle(self.share_done(epochs_done))

    def share_done(self, epochs_done: float) -> float:
        """How much of the learning is done, 0 to 1: by the epochs, or by the time there is to learn in."""
        share = epochs_done / self.plan.epochs
        if self.plan.time_budget is not None and self.learning_since is not None:
            # Neither the preparation nor the last validation and saving are time to learn in.
            whole = self.plan.time_budget - self.validation - self.saving - self.learning_since
            share = max(share, (self.seconds() - self.learning_since) / whole if whole > 0 else 1.0)
        return min(share, 1.0)

    def augmenting_pays(self, steps_an_epoch: int) -> bool | None:
        """Whether the time will do for enough epochs; None as long as that cannot be said, or is decided."""
        budget = self.plan.time_budget
        if self.augment_is_decided or budget is None or len(self.timed) < TIMES_TO_TAKE:
            return None
        self.augment_is_decided = True
        epoch = statistics.median(self.timed) / self.steps_at_once * steps_an_epoch + self.validation
        foreseen = (budget - self.seconds() - self.saving) / epoch
        return min(foreseen, self.plan.epochs) >= AUGMENT_FROM


def one_cycle(share_done: float) -> float:
    """The learning rate as a share of its peak: up in a straight line, then down along a cosine.

    Example:
        >>> [round(one_cycle(share), 2) for share in (0, 0.125, 0.25, 0.625, 1)]
        [0.01, 0.51, 1.0, 0.51, 0.01]
    """
    if share_done < WARM_UP:
        return LAST_RATE + (1 - LAST_RATE) * share_done / WARM_UP
    fall = (share_done - WARM_UP) / (1 - WARM_UP)
    return LAST_RATE + (1 - LAST_RATE) * (1 + math.cos(math.pi * fall)) / 2
