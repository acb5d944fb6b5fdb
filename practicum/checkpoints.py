"""What a training needs to go on after it was cut off, kept so that there is always a whole copy on disk."""

import contextlib
import json
import os
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

KEPT = 2  # the newest checkpoint and the one before, in case the newest is damaged
FACTS = "facts"
# What NumPy and zipfile raise for a file that was cut short or changed.
DAMAGE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError)


class TrainingError(RuntimeError):
    """A training could not go on: the disk is full, or memory is. The message says what to do."""


@dataclass(frozen=True)
class Checkpoint:
    """The state of a training at the end of an epoch.

    epoch: how many epochs are done.
    variables: every number that training changes, in the order of the trainer's variables: weights, averages, the
        states of random numbers, the optimizer's memory.
    best: the weights of the best epoch so far.
    facts: what else must be known, of the kinds that JSON has.
    """

    epoch: int
    variables: list[np.ndarray]
    best: list[np.ndarray]
    facts: dict[str, Any]


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Add checkpoint to folder, and remove all but the newest two.

    Raises:
        TrainingError: it cannot be written; the older ones are untouched.
    """
    facts = np.frombuffer(json.dumps({**checkpoint.facts, "epoch": checkpoint.epoch}).encode(), np.uint8)
    arrays = {FACTS: facts}
    for group in ("variables", "best"):
        arrays |= {f"{group}_{place:04d}": array for place, array in enumerate(getattr(checkpoint, group))}
    with whole_file(_path(folder, checkpoint.epoch)) as path:
        np.savez(path, **arrays)  # type: ignore[arg-type]
    for old in _paths(folder)[KEPT:]:
        with contextlib.suppress(OSError):
            old.unlink()


def newest_checkpoint(folder: Path) -> tuple[Checkpoint | None, list[str]]:
    """The newest checkpoint in folder that is whole, or None; and a remark on each that is not."""
    remarks: list[str] = []
    for path in _paths(folder):
        try:
            return _read(path), remarks
        except DAMAGE as error:
            remarks.append(f"{path.name} is damaged ({error or type(error).__name__}) and left out")
    return None, remarks


def remove_checkpoints(folder: Path, *, after: int = 0) -> None:
    """Remove the checkpoints in folder of epochs after that one, and what a write that was cut off left."""
    newer = [path for path in _paths(folder) if path.name > _path(folder, after).name]
    for path in (*newer, *folder.glob(".partial-*")):
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a path to write to; what was written there gets the name path once all of it is on disk.

    So whoever reads path sees the old file or the new one, even if the machine stops in between.

    Raises:
        TrainingError: the file cannot be written; the old one is untouched.
    """
    partial = path.with_name(f".partial-{path.name}")
    try:
        yield partial
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        partial.replace(path)
    except (OSError, RuntimeError) as error:  # h5py makes a RuntimeError of a full disk
        raise TrainingError(
            f"train: {path} cannot be written ({getattr(error, 'strerror', None) or error}). What was saved before is "
            "untouched, and the model in memory holds its best weights so far. Make room, then call train again in "
            "the same way: it goes on from there."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def _read(path: Path) -> Checkpoint:
    # Opened here, since np.load leaves a damaged file open.
    with path.open("rb") as file, np.load(file, allow_pickle=False) as members:
        arrays = {name: members[name] for name in members.files}  # reading one to its end checks its checksum
    facts = json.loads(arrays.pop(FACTS).tobytes())
    groups: dict[str, list[np.ndarray]] = {"variables": [], "best": []}
    for name in sorted(arrays):
        groups[name.rpartition("_")[0]].append(arrays[name])
    return Checkpoint(facts.pop("epoch"), **groups, facts=facts)


def _path(folder: Path, epoch: int) -> Path:
    return folder / f"checkpoint-{epoch:06d}.npz"


def _paths(folder: Path) -> list[Path]:
    """The checkpoints in folder, newest first."""
    return sorted(folder.glob("checkpoint-*.npz"), reverse=True)
