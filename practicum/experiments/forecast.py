"""How long the runs of a sweep will take, from those that are done."""

from collections.abc import Sequence

import numpy as np


def seconds_for(work: Sequence[float], done_work: Sequence[float], done_seconds: Sequence[float]) -> np.ndarray:
    """Seconds for each run with so much work, float64; NaN where nothing is known yet.

    A run takes its time to start, and then some for its work: a line through the runs that are done. Each counts by its
    own length, so that a long one does not decide alone.

    Args:
        work: multiply-adds times images times epochs, of the runs that are to come.
        done_work: the same, of those that are done.
        done_seconds: how long those took.
    """
    done, seconds = np.asarray(done_work, float), np.maximum(np.asarray(done_seconds, float), 1e-3)
    coming = np.asarray(work, float)
    if not len(done):
        return np.full(len(coming), np.nan)
    # (np.polyfit's weights are of the residuals.)
    start, rate = float(np.mean(seconds)), 0.0
    if len(set(done.tolist())) > 1:
        largest = done.max()
        rate, start = np.polyfit(done / largest, seconds, 1, w=1 / seconds)
        rate /= largest
        if rate < 0:
            start, rate = float(np.mean(seconds)), 0.0
        elif start < 0:  # none starts before it is asked to
            start, rate = 0.0, float(np.mean(seconds / done))
    return start + rate * coming
