"""Numbers that depend on seed, picture and purpose, and on nothing else."""

import numpy as np
import pytest

from practicum.chance import _STEP, Chance, _mixed


def test_the_mixing_is_that_of_splitmix64():
    # The first numbers that the published generator gives from the seed 1234567.
    states = np.uint64(1234567) + np.arange(1, 6, dtype=np.uint64) * _STEP
    assert _mixed(states).tolist() == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


def test_a_picture_keeps_its_numbers_however_many_there_are():
    some, more = Chance(3, "x", np.arange(5, 9)), Chance(3, "x", np.arange(20))
    assert np.array_equal(some.bits("angle", 2, 3), more.bits("angle", 2, 3)[5:9])
    assert np.array_equal(more.bits("angle", 6).reshape(20, 2, 3), more.bits("angle", 2, 3))


def test_seed_stream_picture_and_purpose_all_count():
    base = Chance(0, "a", np.arange(3)).bits("p", 4)
    others = [
        Chance(1, "a", np.arange(3)).bits("p", 4),
        Chance(0, "b", np.arange(3)).bits("p", 4),
        Chance(0, "a", np.arange(3, 6)).bits("p", 4),
        Chance(0, "a", np.arange(3)).bits("q", 4),
    ]
    numbers = np.concatenate([base.ravel(), *(other.ravel() for other in others)])
    assert len(set(numbers.tolist())) == len(numbers) == 60


@pytest.mark.parametrize(("low", "high"), [(0, 6), (-72, 73), (5, 6)])
def test_whole_numbers_are_equally_likely(low, high):
    numbers = Chance(0, "x", np.arange(4000)).whole("n", low, high)
    assert numbers.dtype == np.int64
    counts = np.bincount(numbers - low, minlength=high - low)
    expected = 4000 / (high - low)
    assert len(counts) == high - low
    assert (np.abs(counts - expected) <= 5 * np.sqrt(expected)).all()


def test_shares_fill_0_to_1():
    shares = Chance(0, "x", np.arange(5000)).share("s", 2)
    assert (shares.dtype, shares.shape) == (np.float32, (5000, 2))
    assert 0 <= shares.min() < 0.001
    assert 0.999 < shares.max() < 1
    assert abs(shares.mean() - 0.5) < 0.02
    assert abs(np.corrcoef(shares.T)[0, 1]) < 0.05
    assert abs(np.corrcoef(shares[:-1, 0], shares[1:, 0])[0, 1]) < 0.05


def test_every_bit_of_a_seed_counts():
    bits = [Chance(seed, "a", np.arange(1)).bits("p")[0] for seed in (0, 1, 2**31, 2**32, 2**53, 2**63, 2**64 - 1)]
    assert len(set(map(int, bits))) == len(bits)


def test_purposes_have_nothing_to_do_with_each_other():
    chance = Chance(0, "x", np.arange(5000))
    assert abs(np.corrcoef(chance.share("length"), chance.share("width"))[0, 1]) < 0.05


@pytest.mark.parametrize("count", [1, 8, 13])
def test_small_numbers_are_the_bytes_of_the_bits(count):
    chance = Chance(0, "x", np.arange(3))
    small = chance.small("g", count)
    assert (small.dtype, small.shape) == (np.uint8, (3, count))
    bits = [int(number) for number in chance.bits("g", -(-count // 8))[1]]
    assert small[1].tolist() == [(bits[place // 8] >> (8 * (place % 8))) & 255 for place in range(count)]
