"""What a progress file holds, and how it is read: by the course (learner.py), and for who teaches it (handed_in.py).

    {"format": 2, "name": "anna", "number": "5f0c2a91b7d3", "exercises": {"01.exercise_3":
        {"tries": 3, "right": true, "hints": 1, "solution": false, "mistakes": {"8c41d2f7": 2}}}}

A mistake is known by a key that is made of its text, not by its place in the lesson: a lesson gets new mistakes, and
files of different versions of the course still mean the same. The number is random, drawn once for a file, so that two
people of one name stay two, and one person's older and newer file are one.

Format 1 had places in place of keys, and no number. It is read; its places are dropped, for nobody knows of which
version of the lesson they are.
"""

import hashlib
import json
import os
import re
import reprlib
import unicodedata
from dataclasses import asdict, dataclass, field
from typing import Any, NoReturn

FORMAT = 2
MOST_OF_A_NAME = 40  # letters
KEY = re.compile(r"[0-9a-f]{8}")
PLACE = re.compile(r"[0-9]{1,4}")  # of a mistake, in format 1
NUMBER = re.compile(r"[0-9a-f]{12}")
MOST_BYTES = 1_000_000  # a progress file has a few thousand
MOST = 1_000_000  # no count is taken to be higher
MOST_DIGITS = 18
MOST_ENTRIES = 1000  # exercises of a file, mistakes of an exercise; the course has 130 and 10
MOST_LETTERS = 60  # of an exercise's name
HOLDS = (
    "A progress file holds counts: for each exercise and question how often it was tried, whether it is solved, how "
    "many hints were taken, whether the solution was looked at, and which of the known mistakes came up how often; and "
    "the name that the learner chose, with a random number that tells two people of one name apart. It holds no "
    "answers and no times."
)
SENT = "Nothing is ever sent: learners hand in the file themselves, and it is read on this machine only."
KINDS = {dict: "an object {…}", int: "a whole number", bool: "true or false", str: "a text"}


class LaterFormatError(ValueError):
    """A progress file of a later version of the course: nothing is wrong with it."""


@dataclass
class Tally:
    """What was done with one exercise or question."""

    tries: int = 0
    right: bool = False
    hints: int = 0
    solution: bool = False
    mistakes: dict[str, int] = field(default_factory=dict)  # key of the mistake -> how often


@dataclass
class Progress:
    """One learner's progress. format: that of the file; of format 1 there is no number, and no mistakes."""

    name: str
    number: str = field(default_factory=lambda: os.urandom(6).hex())
    exercises: dict[str, Tally] = field(default_factory=dict)
    format: int = FORMAT

    def to_json(self) -> str:
        """The text of a progress file, in the format of today."""
        content = {
            "format": FORMAT,
            "name": self.name,
            "number": self.number,
            "exercises": {name: asdict(tally) for name, tally in self.exercises.items()},
        }
        return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def spelled(name: object) -> str | None:
    """A learner's name in the one spelling that files of it have, or None if it is none.

    A name is 1 to 40 letters of any script with their signs, digits, - or _, as a file may be called everywhere.

    >>> spelled("anna-2"), spelled("../anna"), spelled("e\u0301lodie"), spelled("हिन्दी")
    ('anna-2', None, 'élodie', 'हिन्दी')
    """
    if not isinstance(name, str):
        return None
    name = unicodedata.normalize("NFC", name)  # é may be one character, or e and an accent
    kinds = [unicodedata.category(letter)[0] for letter in name]
    fits = all(kind in "LMN" or letter in "-_" for kind, letter in zip(kinds, name, strict=True))
    fits = fits and "MMMM" not in "".join(kinds)  # a tower of signs would hide the lines above it
    return name if fits and 1 <= len(name) <= MOST_OF_A_NAME and (kinds[0] in "LN" or name[0] == "_") else None


def mistake_key(exercise: str, text: str) -> str:
    """A short name of a mistake that stays the same when others are added to its lesson.

    Args:
        exercise: such as "01.exercise_3".
        text: what is said of the mistake; of a question's wrong choice, the choice.

    Returns:
        8 hexadecimal digits.

    >>> mistake_key("01.exercise_1", "this one copies the pixel in the middle")
    '6afb5a48'
    """
    return hashlib.sha256(f"{exercise}\n{text}".encode()).hexdigest()[:8]


def merged(one: Tally, other: Tally) -> Tally:
    """Of two tallies of one learner, the larger of each count. Counts only grow, so it is the later one.

    >>> merged(Tally(tries=3, mistakes={"8c41d2f7": 2}), Tally(tries=5, right=True, mistakes={"8c41d2f7": 2}))
    Tally(tries=5, right=True, hints=0, solution=False, mistakes={'8c41d2f7': 2})
    """
    keys = one.mistakes.keys() | other.mistakes.keys()
    return Tally(
        max(one.tries, other.tries),
        one.right or other.right,
        max(one.hints, other.hints),
        one.solution or other.solution,
        {key: max(one.mistakes.get(key, 0), other.mistakes.get(key, 0)) for key in sorted(keys)},
    )


def parse(content: bytes) -> Progress:
    """What the bytes of a progress file say.

    Raises:
        ValueError: it is none. The message says why, without the file's name and without a letter that a terminal
            or a page could take for anything but text.
    """
    if len(content) > MOST_BYTES:
        raise ValueError(f"it is larger than {MOST_BYTES:,} bytes, and a progress file has a few thousand")
    if not content.strip():
        raise ValueError("it is empty")
    try:
        found = json.loads(
            content.decode("utf-8-sig"),  # some editors of Windows put a mark in front
            object_pairs_hook=_without_doubles,
            parse_constant=_no_number,
            parse_int=_short_number,
        )
    except UnicodeDecodeError:
        raise ValueError("it is not text in UTF-8") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not JSON, or cut short (line {error.lineno}: {error.msg})") from None
    try:
        return _progress(found)
    except LaterFormatError:
        raise
    except ValueError as problem:
        raise ValueError(f"it is no progress file of this course ({problem})") from None


def _progress(found: Any) -> Progress:
    version = _get(found, "format", int)
    if version > FORMAT:
        raise LaterFormatError(f"it has format {version}, of a later version of the course; get that version")
    if version < 1:
        raise ValueError(f"there is no format {version}")
    given = _get(found, "name", str)
    name = spelled(given)
    if name is None:
        raise ValueError(f"its name should be 1 to 40 letters, digits, - or _, and is {beginning(given)}")
    number = _get(found, "number", str) if version > 1 else ""
    if version > 1 and not NUMBER.fullmatch(number):
        raise ValueError(f"its number should be 12 hexadecimal digits, and is {beginning(number)}")
    exercises = _few(_get(found, "exercises", dict), "exercises")
    return Progress(name, number, {_short(key): _tally(each, version) for key, each in exercises.items()}, version)


def _tally(values: Any, version: int) -> Tally:
    tries, hints = _count(_get(values, "tries", int)), _count(_get(values, "hints", int))
    right, solution = _get(values, "right", bool), _get(values, "solution", bool)
    mistakes = _few(_get(values, "mistakes", dict), "mistakes")
    pattern = PLACE if version == 1 else KEY
    for key, times in mistakes.items():
        if not pattern.fullmatch(key):
            raise ValueError(f"{beginning(key)} is no mistake")
        if type(times) is not int:
            raise ValueError(f"{beginning(times)} is no count")
        _count(times)
    if sum(mistakes.values()) > tries or right > tries:
        raise ValueError("it counts more answers than tries")
    return Tally(tries, right, hints, solution, mistakes if version > 1 else {})


def _get(values: Any, key: str, kind: type) -> Any:
    if type(values) is not dict:
        raise ValueError(f"expected {KINDS[dict]} and found {beginning(values)}")
    if key not in values:
        raise ValueError(f"it has no “{key}”")
    if type(values[key]) is not kind:
        raise ValueError(f"“{key}” should be {KINDS[kind]}, and is {beginning(values[key])}")
    return values[key]


def _few(values: dict[str, Any], what: str) -> dict[str, Any]:
    if len(values) > MOST_ENTRIES:
        raise ValueError(f"it has {len(values):,} {what}, and at most {MOST_ENTRIES:,} are expected")
    return values


def _count(value: int) -> int:
    if not 0 <= value <= MOST:
        raise ValueError(f"{value} is no count from 0 to {MOST:,}")
    return value


def _short(name: str) -> str:
    if len(name) > MOST_LETTERS:
        raise ValueError(f"{beginning(name)} is too long for an exercise's name")
    return name


def beginning(value: Any) -> str:
    """The beginning of what a hostile file may hold, in letters that do nothing."""
    return reprlib.repr(value).encode("ascii", "backslashreplace").decode()


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        double = next(name for place, name in enumerate(names) if name in names[:place])
        raise ValueError(f"it has {beginning(double)} twice")
    return found


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"it has {word} in it, which is no count")


def _short_number(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise ValueError(f"it has a number of {len(digits):,} digits in it")
    return int(digits)
