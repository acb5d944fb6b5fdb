"""Random numbers for drawn pictures: the same on every machine, and each picture's its own.

A generator gives one number after another, so that a number depends on how many were asked for before it. Here a
number is computed from what it is for: the seed, the picture, the purpose ("angle", say). So picture 17 is the same
however many are drawn, and a new purpose moves none of the others.
"""

import math
import zlib

import numpy as np

# The finishing steps of SplitMix64, a bijection of 64 bits after which neighbouring numbers have nothing in common.
_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_SHIFTS = tuple(map(np.uint64, (30, 27, 31)))


class Chance:
    """The random numbers of some pictures.

    Args:
        seed: 0 or more.
        stream: tells apart what shares a seed: "train", "test".
        pictures: int (N,), the number of each picture, 0 or more.

    Example:
        >>> two, five = Chance(0, "train", np.arange(2)), Chance(0, "train", np.arange(5))
        >>> bool((two.whole("angle", 0, 360) == five.whole("angle", 0, 360)[:2]).all())
        True

    Source: Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators", with the constants of
        Stafford's variant 13.
    """

    def __init__(self, seed: int, stream: str, pictures: np.ndarray) -> None:
        self._stream = _mixed(np.array([seed % 2**64], np.uint64) ^ _named(stream))
        self._pictures = _mixed(self._stream + (pictures.astype(np.uint64) + np.uint64(1)) * _STEP)

    def bits(self, purpose: str, *shape: int) -> np.ndarray:
        """Random bits: uint64 (N, *shape)."""
        places = (np.arange(math.prod(shape), dtype=np.uint64) + np.uint64(1)) * _STEP
        starts = _mixed(self._pictures ^ _named(purpose))
        return _mixed(starts[:, np.newaxis] + places).reshape(len(starts), *shape)

    def whole(self, purpose: str, low: int, high: int, *shape: int) -> np.ndarray:
        """Whole numbers from low to high - 1, each equally likely: int64 (N, *shape)."""
        # The upper half of the bits, as a fraction of 2**32, times the span. The error is below span / 2**32.
        upper = self.bits(purpose, *shape) >> np.uint64(32)
        return low + ((upper * np.uint64(high - low)) >> np.uint64(32)).astype(np.int64)

    def share(self, purpose: str, *shape: int) -> np.ndarray:
        """Numbers from 0 up to, not including, 1: float32 (N, *shape)."""
        # Multiples of 2**-24, which float32 holds exactly.
        return (self.bits(purpose, *shape) >> np.uint64(40)).astype(np.float32) * np.float32(2**-24)

    def small(self, purpose: str, count: int) -> np.ndarray:
        """Whole numbers from 0 to 255: uint8 (N, count). Eight times as fast as whole."""
        bits = self.bits(purpose, -(-count // 8)).astype("<u8")  # the same order of bytes on every processor
        return bits.view(np.uint8)[:, :count]


def _named(purpose: str) -> np.ndarray:
    return _mixed(np.array([zlib.crc32(purpose.encode())], np.uint64))


def _mixed(numbers: np.ndarray) -> np.ndarray:
    first, second, third = _SHIFTS
    numbers = (numbers ^ (numbers >> first)) * _FIRST
    numbers = (numbers ^ (numbers >> second)) * _SECOND
    return numbers ^ (numbers >> third)
