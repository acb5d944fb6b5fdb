"""Compiled functions of a network, made once and kept as long as it lives."""

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from practicum.backend import keras
from practicum.inspection.tracing import traced
from practicum.inspection.walk import all_layers

CHUNK = 32  # images that go through a network together

_kept: "WeakKeyDictionary[keras.Model, dict[Any, Callable]]" = WeakKeyDictionary()


def compiled(model: "keras.Model", key: tuple, function: Callable[..., Any]) -> Callable[..., Any]:
    """function, whose arguments and results are arrays, compiled; the same one for the same key.

    Args:
        model: what function runs. Its weights may change; function sees the present ones.
        key: tells the functions of a model apart.
        function: must hold model by nothing but its argument: gets it, then tensors.
    """
    own = _kept.setdefault(model, {})
    key = (*key, *map(id, all_layers(model).values()))  # a model that was changed is another one
    if key not in own:
        own[key] = traced(function)
    ready = own[key]
    return lambda *arrays: _to_arrays(ready(model, *arrays))


def _to_arrays(result: Any) -> Any:
    if isinstance(result, tuple | list):
        return tuple(map(_to_arrays, result))
    return np.asarray(keras.ops.convert_to_numpy(keras.ops.cast(result, "float32")))


def in_chunks(function: Callable[..., Any], *arrays: np.ndarray, size: int = CHUNK) -> Any:
    """Call a compiled function with the rows of arrays, at most size at a time, and put its results together.

    Every call has 1 or size rows, the last ones filled up: each other number would be compiled anew.
    """
    count = len(arrays[0])
    if count == 1:
        return function(*arrays)
    parts = []
    for start in range(0, count, size):
        pieces = [array[start : start + size] for array in arrays]
        rows = len(pieces[0])
        filled = [np.concatenate([piece, np.repeat(piece[-1:], size - rows, axis=0)]) for piece in pieces]
        parts.append(_first_rows(function(*filled), rows))
    return _joined(parts)


def _first_rows(result: Any, rows: int) -> Any:
    return tuple(each[:rows] for each in result) if isinstance(result, tuple) else result[:rows]


def _joined(parts: list[Any]) -> Any:
    if isinstance(parts[0], tuple):
        return tuple(map(np.concatenate, zip(*parts, strict=True)))
    return np.concatenate(parts)
