"""Which networks and trainings a sweep tries: configurations, as a grid, a list, or random draws.

A configuration is a dict of arguments of build_cnn and train, and of how many training_images are used; what it leaves
out has its default.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Configuration = dict[str, Any]
# What may be varied, with the defaults of build_cnn and train. (A test compares them with the functions'.)
NETWORK: Configuration = {
    "filters": (32, 64, 128),
    "kernel_size": 3,
    "padding": "same",
    "pool_size": 2,
    "dense_units": (64,),
    "dropout": 0.0,
    "batch_norm": False,
    "global_pooling": False,
}
TRAINING: Configuration = {
    "epochs": 10,
    "batch_size": 64,
    "learning_rate": 0.002,
    "weight_decay": 0.02,
    "label_smoothing": 0.0,
    "augment": False,
}
DATA: Configuration = {
    "training_images": 0,  # 0 for all; see fewer_images
}
DEFAULTS = NETWORK | TRAINING | DATA
LISTS = ("filters", "dense_units")  # a number for each layer, however many
PER_MODULE = ("kernel_size", "pool_size")  # one number, or one for each module
MOST_TRIES = 50  # for a draw that is unlike those before
FACTORS = (*DEFAULTS, "modules", "first_filters", "shape")  # what configurations may be told apart by


@dataclass(frozen=True)
class Between:
    """A range to draw numbers from: whole ones where both ends are whole.

    log: draw as many below the middle of the range in powers of ten as above it, as suits a learning rate.
    """

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        if not self.low < self.high or (self.log and self.low <= 0):
            least = "above 0, " if self.log else ""
            raise ValueError(f"Between: expected two numbers, {least}the lower one first. Received {self}.")

    def draw(self, random: np.random.Generator) -> float | int:
        """One number; rounded to three digits, so that a table can hold it as it is."""
        if self.log:
            value = float(np.exp(random.uniform(np.log(self.low), np.log(self.high))))
        elif isinstance(self.low, int) and isinstance(self.high, int):
            return int(random.integers(self.low, self.high + 1))
        else:
            value = float(random.uniform(self.low, self.high))
        return float(f"{value:.3g}")


def grid(**values: Sequence[Any]) -> list[Configuration]:
    """All combinations.

    Args:
        values: for each argument a list of what to try, such as filters=[(4,), (8,), (8, 16)], dropout=[0, 0.3].

    Raises:
        ValueError: an argument that is none of build_cnn's or train's, or nothing to try.

    Example:
        >>> grid(filters=[(4,), (8,)], dropout=[0.0, 0.5])[1]
        {'filters': (4,), 'dropout': 0.5}
    """
    _check_lists(values, "grid")
    combinations = itertools.product(*values.values())
    return checked([dict(zip(values, combination, strict=True)) for combination in combinations])


def draws(count: int, *, seed: int = 0, **values: Sequence[Any] | Between) -> list[Configuration]:
    """Random configurations, no two alike.

    Args:
        count: how many.
        seed: the same seed draws the same ones.
        values: for each argument a list to choose from, or a Between.

    Raises:
        ValueError: as for grid; or there are not so many different ones.

    Example:
        >>> draws(2, filters=[(4,), (8,)], learning_rate=Between(0.001, 0.01, log=True))[0]
        {'filters': (8,), 'learning_rate': 0.00186}
    """
    if not isinstance(count, int) or count < 1:
        raise ValueError(f"draws: count must be a whole number of 1 or more. Received {count!r}.")
    _check_lists({name: given for name, given in values.items() if not isinstance(given, Between)}, "draws")
    random = np.random.default_rng(seed)
    found: dict[tuple[str, ...], Configuration] = {}
    for _ in range(count * MOST_TRIES):
        drawn = {
            name: given.draw(random) if isinstance(given, Between) else given[int(random.integers(len(given)))]
            for name, given in values.items()
        }
        (drawn,) = checked([drawn])
        found.setdefault(key(drawn), drawn)
        if len(found) == count:
            return list(found.values())
    raise ValueError(
        f"draws: only {len(found)} different ones were found of {count}. Allow more values, or ask for fewer."
    )


def checked(configurations: Iterable[Any], fixed: Mapping[str, Any] | None = None) -> list[Configuration]:
    """The same configurations with lists as tuples and numbers of one kind, each of them once.

    fixed: what those that do not say otherwise have in common.

    Raises:
        ValueError: none, a name that is no argument, or a value of another kind than the argument's.
    """
    found: dict[tuple[str, ...], Configuration] = {}
    for given in configurations:
        if not isinstance(given, Mapping):
            raise ValueError(f"sweep: a configuration is a dict such as {{'filters': (8, 16)}}. Received {given!r}.")
        given = {**(fixed or {}), **given}
        unknown = [name for name in given if name not in DEFAULTS]
        if unknown:
            raise ValueError(f"sweep: {unknown[0]!r} cannot be varied. What can be: {', '.join(DEFAULTS)}.")
        own = {name: _checked(name, value) for name, value in given.items()}
        found.setdefault(key(own), own)
    if not found:
        raise ValueError("sweep: no configurations. Pass at least one, such as {'filters': (8, 16)}.")
    return list(found.values())


def key(configuration: Configuration) -> tuple[str, ...]:
    """Equal for configurations that mean the same: all arguments, also those that are left out, as text."""
    return tuple(as_text(name, configuration.get(name, default)) for name, default in DEFAULTS.items())


def factor(configuration: Configuration, name: str) -> Any:
    """An argument's value, or what follows from filters: "modules", "first_filters" or "shape".

    The shape is "even" where all modules have as many filters, "growing" where none has fewer than the one before, or
    "mixed".

    Raises:
        ValueError: a name that is none of FACTORS.

    Example:
        >>> [factor({"filters": (8, 16)}, name) for name in ("filters", "modules", "first_filters", "shape", "dropout")]
        [(8, 16), 2, 8, 'growing', 0.0]
    """
    if name not in FACTORS:
        raise ValueError(f"experiments: {name!r} is nothing that configurations have. They have: {', '.join(FACTORS)}.")
    own = DEFAULTS | configuration
    filters = own["filters"]
    if name == "modules":
        return len(filters)
    if name == "first_filters":
        return filters[0] if filters else 0
    if name == "shape":
        return "even" if len(set(filters)) < 2 else "growing" if list(filters) == sorted(filters) else "mixed"
    return own[name]


def named(configuration: Configuration, varied: Iterable[str]) -> str:
    """A configuration by what is varied: "filters=8,16 dropout=0.3"."""
    return " ".join(f"{name}={as_text(name, configuration[name])}" for name in tuple(varied) or ("filters",))


def as_text(name: str, value: Any) -> str:
    """A value as a table holds it: "8,16" for (8, 16), "none" for no layers."""
    if isinstance(value, tuple):
        return ",".join(map(str, value)) or "none"
    return str(value)


def from_text(name: str, text: str) -> Any:
    """The value that as_text wrote.

    Raises:
        ValueError: the text is none.
    """
    default = DEFAULTS[name]
    value: Any = text
    if name in LISTS or (name in PER_MODULE and "," in text):
        value = () if text == "none" else tuple(int(part) for part in text.split(","))
    elif isinstance(default, bool):
        value = {"True": True, "False": False}.get(text, text)
    elif isinstance(default, int | float):
        value = type(default)(text)
    return _checked(name, value)


def _checked(name: str, value: Any) -> Any:
    default = DEFAULTS[name]
    if isinstance(value, np.generic):
        value = value.item()
    if name in LISTS and _is_whole(value):
        return (value,)
    if isinstance(value, list | tuple) and name in (*LISTS, *PER_MODULE) and all(map(_is_whole, value)):
        return tuple(value)
    if name == "augment" and value == "auto":
        return value
    if isinstance(default, bool) and isinstance(value, bool):
        return value
    if isinstance(default, str) and isinstance(value, str):
        return value
    if isinstance(default, float) and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if type(default) is int and _is_whole(value):
        return value
    kinds = {bool: "True or False", str: "a text", float: "a number", int: "a whole number"}
    expected = "whole numbers such as (8, 16)" if name in LISTS else kinds[type(default)]
    raise ValueError(f"sweep: {name} must be {expected}. Received {name}={value!r}.")


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _check_lists(values: Mapping[str, Any], caller: str) -> None:
    for name, given in values.items():
        if isinstance(given, str) or not isinstance(given, Sequence) or not len(given):
            raise ValueError(f"{caller}: {name} needs a list of values to try, such as [1, 2]. Received {given!r}.")
