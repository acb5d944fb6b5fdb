"""What chance alone does to a share of right answers."""

import math


def standard_error(share: float, pictures: float) -> float:
    """By how much a share of right answers would typically differ with other pictures of the same kind.

    Args:
        share: of the answers that are right, 0 to 1.
        pictures: how many were asked about, more than 0.

    Returns:
        0 to 0.5.

    Example:
        >>> round(standard_error(0.9, 100), 3)
        0.03

    Source: the standard deviation of a share, the root of p(1 − p) / n.
    """
    return math.sqrt(share * (1 - share) / pictures)


def as_uneven(one: int, other: int) -> float:
    """How likely so many fair coins fall at least as unevenly as one to other.

    Args:
        one, other: how many pictures only the first of two networks got right, and only the second; 0 or more.

    Returns:
        0 to 1: small if two equally good networks would hardly differ so much.

    Example:
        >>> round(as_uneven(12, 4), 3)
        0.077

    Source: McNemar 1947, "Note on the sampling error of the difference between correlated proportions or
    percentages", Psychometrika 12; here exact, by counting.
    """
    coins, most = int(one + other), int(max(one, other))
    ways = sum(math.comb(coins, heads) for heads in range(most, coins + 1))
    return min(1.0, 2 * ways / 2**coins)
