"""What chance does to a share of right answers, against simulation and against counting."""

import itertools

import numpy as np
import pytest

from practicum.significance import as_uneven, standard_error


def test_the_standard_error_shrinks_with_the_root_of_the_number_of_pictures():
    assert standard_error(0.5, 25) == pytest.approx(0.1)
    assert standard_error(0.5, 2500) == pytest.approx(0.01)
    assert standard_error(1, 10) == standard_error(0, 10) == 0


def test_the_standard_error_is_the_spread_of_tests_with_other_pictures():
    shares = np.random.default_rng(0).binomial(204, 0.8, 100_000) / 204
    assert shares.std() == pytest.approx(standard_error(0.8, 204), rel=0.01)


def test_uneven_falls_are_counted_out():
    for one, other in itertools.product(range(6), repeat=2):
        falls = itertools.product((0, 1), repeat=one + other)
        uneven = [abs(2 * sum(fall) - one - other) >= abs(one - other) for fall in falls]
        assert as_uneven(one, other) == as_uneven(other, one) == pytest.approx(np.mean(uneven)), (one, other)


def test_many_coins_are_counted_exactly():
    assert as_uneven(5000, 5000) == 1
    assert 0 < as_uneven(5100, 4900) < 0.05
