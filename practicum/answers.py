"""What kinds of answers exercises ask for, and how any object a learner may give is read as one of them.

A learner may give anything: None, a word, a ragged list, a tensor, an array of 10 GB. Reading it never raises
anything but AnswerError, whose text tells the learner what was expected, and never copies anything large.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

MOST_VALUES = 100_000  # in one answer: no exercise asks for more


class AnswerError(Exception):
    """The object is no answer of the kind that was asked for; the text says what was received and what to give."""


@dataclass(frozen=True)
class Number:
    """One number.

    whole: only a whole one.
    """

    example: str = "12"
    whole: bool = False

    def read(self, given: Any) -> float:
        wanted = f"one {'whole ' if self.whole else ''}number, such as {self.example}"
        _refuse_text(given, wanted)
        if isinstance(given, bool | np.bool_):
            raise AnswerError(f"expected {wanted}; received {given}")
        shape = _shape(given, wanted, deepest=3)
        if math.prod(shape) != 1:
            raise AnswerError(f"expected {wanted}; received {_many(shape)}")
        number = float(_array(given, wanted).reshape(())[()])
        if not np.isfinite(number):
            raise AnswerError(f"expected {wanted}; received {number}, which is no number")
        if self.whole and number != round(number):
            raise AnswerError(f"expected {wanted}; received {number:g}")
        return number


@dataclass(frozen=True)
class Array:
    """Numbers in rows: lists in lists, a NumPy array, a tensor.

    shape: of the array; None where any length will do. whole: whole numbers only. yes_no: True and False only.
    """

    shape: tuple[int | None, ...]
    example: str
    whole: bool = False
    yes_no: bool = False

    def read(self, given: Any) -> np.ndarray:
        what = "True or False values" if self.yes_no else f"{'whole ' if self.whole else ''}numbers"
        wanted = f"{what} of shape {shape_in_words(self.shape)}, such as {self.example}"
        _refuse_text(given, wanted)
        shape = _shape(given, wanted, deepest=len(self.shape) + 1)
        if len(shape) != len(self.shape) or any(
            want is not None and want != have for want, have in zip(self.shape, shape, strict=True)
        ):
            received = f"shape {shape_in_words(shape)}" if shape else "a single one"
            raise AnswerError(f"expected {wanted}; received {received}")
        values = _array(given, wanted, yes_no=self.yes_no)
        if not self.yes_no and not np.isfinite(values).all():
            raise AnswerError(f"expected {wanted}; one of the values is no number (nan or infinite)")
        if self.whole and (values != np.round(values)).any():
            raise AnswerError(f"expected {wanted}; one of the numbers is not whole")
        return values


@dataclass(frozen=True)
class Letters:
    """Some of the given letters, as a string such as "ac", or a list of letters. Order matters only if ordered."""

    letters: str
    example: str = '"ac"'
    ordered: bool = False

    def read(self, given: Any) -> str:
        wanted = f"letters from {self.letters[0]} to {self.letters[-1]}, such as {self.example}"
        if isinstance(given, list | tuple | set | frozenset) and len(given) <= len(self.letters):
            given = (
                "".join(sorted(given) if isinstance(given, set | frozenset) else given) if _all_text(given) else given
            )
        if not isinstance(given, str) or len(given) > 10 * len(self.letters):
            raise AnswerError(f"expected {wanted}; received {described(given)}")
        found = [letter for letter in given.lower() if letter not in " ,;.-→<>"]
        if not found or not set(found) <= set(self.letters):
            raise AnswerError(f"expected {wanted}; received {described(given)}")
        if self.ordered:
            if len(set(found)) < len(found):
                raise AnswerError(f"expected {wanted}; a letter stands there twice")
            return "".join(found)
        return "".join(sorted(set(found)))


@dataclass(frozen=True)
class Word:
    """One of some words; small and capital letters, spaces, hyphens and underscores make no difference."""

    words: tuple[str, ...]

    def read(self, given: Any) -> str:
        names = [f'"{word}"' for word in self.words]
        wanted = f"{', '.join(names[:-1])} or {names[-1]}"
        same = [word for word in self.words if isinstance(given, str) and _plain(word) == _plain(given[:200])]
        if not same:
            raise AnswerError(f"expected {wanted}; received {described(given)}")
        return same[0]


@dataclass(frozen=True)
class Truth:
    """True or False."""

    def read(self, given: Any) -> bool:
        if isinstance(given, bool | np.bool_):
            return bool(given)
        raise AnswerError(f"expected True or False, without quotes; received {described(given)}")


@dataclass(frozen=True)
class Function:
    """A function that the learner writes. An answer is compared by what it returns for each of the calls.

    calls: the arguments of each call. returns: the kind of what it returns. A function that returns None in its
    first call has not been written yet.
    """

    calls: Sequence[tuple[Any, ...]]
    returns: Any
    signature: str = "a function"

    def read(self, given: Any) -> list[Any]:
        if not callable(given):
            raise AnswerError(f"expected {self.signature}, without calling it; received {described(given)}")
        return [self._result(given, arguments) for arguments in self.calls]

    def _result(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        call = ", ".join(_short(argument) for argument in arguments)
        try:
            result = function(*_copies(arguments))
        except (Exception, SystemExit) as error:
            raise AnswerError(
                f"for the arguments {call} your function stops with {type(error).__name__}: {str(error)[:200]}"
            ) from error
        if result is None:
            raise AnswerError(f"for the arguments {call} your function returns nothing; is there a return?")
        try:
            return self.returns.read(result)
        except AnswerError as problem:
            raise AnswerError(f"for the arguments {call} your function returns something else: {problem}") from None


Kind = Number | Array | Letters | Word | Truth | Function


def not_tried(kind: Kind, given: Any) -> bool:
    """Whether the stub has been left as it was: None, ..., or a function that returns None."""
    if given is None or given is ...:
        return True
    if not isinstance(kind, Function) or not callable(given):
        return False
    try:
        result = given(*_copies(kind.calls[0]))
    except (Exception, SystemExit):
        return False
    return result is None or result is ...


def same(one: Any, other: Any, tolerance: float) -> bool:
    """Whether two answers that were read are equal: shapes first, then values, within a share of the value."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(a, b, tolerance) for a, b in zip(one, other, strict=True))
    if isinstance(one, str | bool) or isinstance(other, str | bool):
        return type(one) is type(other) and one == other
    left, right = np.asarray(one), np.asarray(other)
    return left.shape == right.shape and bool(np.allclose(left, right, rtol=tolerance, atol=1e-9))


def shape_in_words(shape: Sequence[int | None]) -> str:
    """A shape as code writes it, with "any" for what is left open.

    Example:
        >>> shape_in_words((3, None)), shape_in_words((4,))
        ('(3, any)', '(4,)')
    """
    sizes = ["any" if size is None else str(size) for size in shape]
    return f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"


def described(given: Any) -> str:
    """What an object is, briefly and safely, whatever its own ways of showing itself do."""
    if given is None or isinstance(given, bool | int | float):
        return _short(given)
    if isinstance(given, str):
        return f"the text {given[:40]!r}" + ("…" if len(given) > 40 else "")
    return f"an object of type {type(given).__name__}"


def _copies(arguments: Sequence[Any]) -> list[Any]:
    """The arguments of a call as a learner's function may spoil them."""
    return [argument.copy() if isinstance(argument, np.ndarray) else argument for argument in arguments]


def _refuse_text(given: Any, wanted: str) -> None:
    if isinstance(given, str | bytes):
        raise AnswerError(f"expected {wanted}; received {described(given)}. Leave out the quotes")
    if callable(given) and not hasattr(given, "shape"):
        raise AnswerError(f"expected {wanted}; received a function. Call it: put brackets behind its name")


def _shape(given: Any, wanted: str, deepest: int) -> tuple[int, ...]:
    """The shape of an object, found without copying it.

    Raises:
        AnswerError: it has none (a ragged list, a generator, an object of some other kind), or is far too large.
    """
    shape = _own_shape(given)
    if shape is None:
        shape = _shape_of_lists(given, wanted, deepest)
    if math.prod(shape) > MOST_VALUES:
        raise AnswerError(f"expected {wanted}; received shape {shape_in_words(shape)}")
    return shape


def _own_shape(given: Any) -> tuple[int, ...] | None:
    """The shape that an array or tensor says it has."""
    try:
        return tuple(int(size) for size in given.shape)
    except Exception:  # it has none, or not a known one
        return None


def _shape_of_lists(given: Any, wanted: str, deepest: int) -> tuple[int, ...]:
    if not isinstance(given, list | tuple | range):
        return ()
    if len(given) > MOST_VALUES or deepest == 0:
        raise AnswerError(f"expected {wanted}; received far more")
    first: tuple[int, ...] | None = None
    for each in given:
        shape = _own_shape(each)
        if shape is None:
            shape = _shape_of_lists(each, wanted, deepest - 1)
        if first is not None and shape != first:
            raise AnswerError(f"expected {wanted}; the rows are not equally long")
        if len(given) * math.prod(shape) > MOST_VALUES:  # before the other rows are looked at
            raise AnswerError(f"expected {wanted}; received far more")
        first = shape
    return (len(given), *(first or ()))


def _array(given: Any, wanted: str, *, yes_no: bool = False) -> np.ndarray:
    """The object as an array of floats, or of True and False."""
    try:
        values = np.asarray(given)
        if values.dtype == object:
            values = values.astype(float)  # fractions and decimals become numbers; None and words do not
        if yes_no:
            if values.dtype != bool:
                raise AnswerError(f"expected {wanted}; received values that are not True or False")
            return values
        if values.dtype.kind not in "iuf":
            raise AnswerError(f"expected {wanted}; received values of type {values.dtype}")
        return values.astype(float)
    except AnswerError:
        raise
    except Exception as error:
        raise AnswerError(f"expected {wanted}; received {described(given)}") from error


def _many(shape: tuple[int, ...]) -> str:
    return "an empty list" if 0 in shape else f"{math.prod(shape)} values"


def _all_text(given: Any) -> bool:
    return all(isinstance(each, str) for each in given)


def _plain(word: str) -> str:
    return "".join(letter for letter in word.lower() if letter not in " -_")


def _short(argument: Any) -> str:
    if isinstance(argument, np.ndarray):
        return f"an array of shape {shape_in_words(argument.shape)}"
    if isinstance(argument, int) and abs(argument) > 10**15:
        return "a huge whole number"
    return repr(argument)[:60]
