"""Words of a command line as the numbers that they stand for."""

import argparse


def count(text: str) -> int:
    """A whole number above 0, checked here so that a slip is answered before anything is loaded."""
    if not text.strip().isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"expected a whole number above 0; got {text!r}")
    return int(text)


def numbers(text: str) -> tuple[int, ...]:
    """Whole numbers above 0 with commas between."""
    try:
        return tuple(count(part) for part in text.split(","))
    except (ValueError, argparse.ArgumentTypeError):
        raise argparse.ArgumentTypeError(
            f"expected whole numbers above 0 with commas between, such as 32,64; got {text!r}"
        ) from None


def numbers_or_none(text: str) -> tuple[int, ...]:
    """The same, or none of them."""
    return () if text.lower() in ("none", "0", "") else numbers(text)


def one_or_list(values: tuple[int, ...]) -> int | list[int]:
    """A single number for itself, several as build_cnn takes them."""
    return values[0] if len(values) == 1 else list(values)
