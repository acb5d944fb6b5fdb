"""How alike two heat maps are: by the order of their values, and by their structure."""

import numpy as np

WINDOW = 7  # side of the squares that structural_similarity compares, in pixels
SMALL = (0.01**2, 0.03**2)  # keep it finite where maps are flat; for values from 0 to 1


def ranks(values: np.ndarray) -> np.ndarray:
    """The place of each value when all are put in order, from 1; equal values share the mean of their places.

    Args:
        values: any shape, finite.

    Returns:
        float64 of the same shape.

    Example:
        >>> ranks(np.array([10, 30, 10, 20])).tolist()
        [1.5, 4.0, 1.5, 3.0]
    """
    values = np.asarray(values)
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    places: np.ndarray = (last - (counts - 1) / 2)[which.reshape(values.shape)]
    return places


def rank_correlation(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Spearman's rank correlation of the sizes of two maps' values, for each pair of maps.

    1: where one map is hotter, so is the other. 0: the one tells nothing about the other. -1: hot and cold exchanged.

    Args:
        first, second: (N, H, W), finite. Signs do not count: a strong no is as much of an answer as a strong yes.

    Returns:
        float64 (N,), -1 to 1. A map whose values are all equal has no order: with another such map it counts as 1,
        with any other as 0.

    Example:
        >>> first = np.array([[[0.0, 0.1], [0.5, 1.0]]])
        >>> rank_correlation(first, first**2).tolist()
        [1.0]
        >>> rank_correlation(first, 1 - first).tolist()
        [-1.0]

    Source: Spearman 1904; absolute values as in Adebayo et al. 2018, section 3, arXiv:1810.03292.
    """
    first, second = checked_pairs(first, second, "rank_correlation")
    return np.array([_correlation(ranks(one), ranks(other)) for one, other in zip(first, second, strict=True)])


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    first, second = first - first.mean(), second - second.mean()
    if not first.any() or not second.any():
        return float(first.any() == second.any())
    return float(np.clip((first * second).sum() / np.sqrt((first**2).sum() * (second**2).sum()), -1, 1))


def structural_similarity(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The structural similarity (SSIM) of the sizes of two maps' values, for each pair of maps.

    Squares of 7×7 pixels are compared by mean, spread and correlation; the result is the mean over all of them.

    Args:
        first, second: (N, H, W), from -1 to 1, H and W of 7 or more.

    Returns:
        float64 (N,), at most 1, which only equal maps reach.

    Example:
        >>> heat = np.arange(64).reshape(1, 8, 8) / 63
        >>> structural_similarity(heat, heat).tolist()
        [1.0]

    Source: Wang, Bovik, Sheikh and Simoncelli 2004, "Image quality assessment: from error visibility to structural
        similarity", section III B, with even weights.
    """
    first, second = checked_pairs(first, second, "structural_similarity")
    if min(first.shape[1:]) < WINDOW:
        raise ValueError(
            f"structural_similarity: maps must be at least {WINDOW}×{WINDOW} pixels. Received {first.shape[1:]}."
        )
    mean_a, mean_b = _means(first), _means(second)
    spread_a = np.maximum(_means(first * first) - mean_a**2, 0)
    spread_b = np.maximum(_means(second * second) - mean_b**2, 0)
    together = _means(first * second) - mean_a * mean_b
    likeness = (2 * mean_a * mean_b + SMALL[0]) * (2 * together + SMALL[1])
    most = (mean_a**2 + mean_b**2 + SMALL[0]) * (spread_a + spread_b + SMALL[1])
    result: np.ndarray = (likeness / most).mean(axis=(1, 2))
    return result


def _means(maps: np.ndarray) -> np.ndarray:
    """The mean of each 7×7 square that lies inside."""
    squares = np.lib.stride_tricks.sliding_window_view(maps, (WINDOW, WINDOW), axis=(1, 2))
    means: np.ndarray = squares.mean(axis=(-2, -1))
    return means


def checked_pairs(first: np.ndarray, second: np.ndarray, caller: str) -> tuple[np.ndarray, np.ndarray]:
    """The sizes of the values of both, float64 (N, H, W), if there are as many of the same size."""
    first, second = np.abs(np.asarray(first, np.float64)), np.abs(np.asarray(second, np.float64))
    if first.ndim != 3 or first.shape != second.shape or not first.size:
        raise ValueError(
            f"{caller}: expected two arrays of maps of one shape, (N, height, width). Received {first.shape} and "
            f"{second.shape}."
        )
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise ValueError(f"{caller}: a map holds values that are no finite numbers (NaN or infinite).")
    return first, second
