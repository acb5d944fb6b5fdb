"""The table of a sweep: a CSV file with a row a run, written as each run ends."""

import csv
import io
import math
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from practicum.experiments.configurations import (
    DEFAULTS,
    Configuration,
    as_text,
    checked,
    factor,
    from_text,
    key,
    named,
)

# What a run gives, and as what.
MEASURED: dict[str, type] = {
    "validation_accuracy": float,
    "validation_loss": float,
    "best_epoch": int,
    "parameters": int,
    "multiply_adds": int,
    "seconds": float,
    "peak_memory_mb": int,
    "device": str,
    "error": str,
    "last_training_accuracy": float,
    "last_validation_accuracy": float,
    "last_validation_loss": float,
}
# What the first tables did not have: their runs have the default, or what was not written down is not a number.
ADDED = ("training_images", "last_training_accuracy", "last_validation_accuracy", "last_validation_loss")
COLUMNS = ("data", *DEFAULTS, "seed", *MEASURED)
EARLIER = tuple(name for name in COLUMNS if name not in ADDED)


@dataclass(frozen=True)
class Run:
    """One training of a sweep.

    data: name of the dataset.
    configuration: all arguments that can be varied, with their values.
    seed: of the network's first weights and the order of the images.
    validation_accuracy: of the best epoch, 0 to 1; NaN where the run failed.
    validation_loss: of the same epoch.
    best_epoch: which one that was, from 1.
    parameters: numbers that training adjusts, and those that normalisation keeps.
    multiply_adds: for one image.
    seconds: of the run: building the network, and its training with tracing and compiling.
    peak_memory_mb: the most memory that its process had in use, in megabytes.
    device: what it ran on.
    error: why it failed; "" if it did not.
    last_training_accuracy, last_validation_accuracy, last_validation_loss: of the last epoch, whether or not it was the
        best one; the first is the mean over the epoch, with whatever is done to images and network in training.
    """

    data: str
    configuration: Configuration
    seed: int
    validation_accuracy: float
    validation_loss: float
    best_epoch: int
    parameters: int
    multiply_adds: int
    seconds: float
    peak_memory_mb: int
    device: str
    error: str = ""
    last_training_accuracy: float = math.nan
    last_validation_accuracy: float = math.nan
    last_validation_loss: float = math.nan

    def __str__(self) -> str:
        """Its filters, what else is not as by default, and what came of it."""
        own = [name for name, value in self.configuration.items() if name == "filters" or value != DEFAULTS[name]]
        what = f"{named(self.configuration, own)} seed={self.seed}"
        return f"{what}: " + (f"failed ({self.error})" if self.error else f"{self.validation_accuracy:.1%}")

    def key(self) -> tuple[str, ...]:
        """Equal for runs of the same: data, configuration, seed."""
        return (self.data, *key(self.configuration), str(self.seed))


@dataclass(frozen=True)
class Results:
    """The runs of a sweep, in the order in which they ended."""

    runs: tuple[Run, ...]

    def __len__(self) -> int:
        return len(self.runs)

    def varied(self) -> list[str]:
        """The names of the arguments that are not the same in all runs."""
        return [name for name in DEFAULTS if len({as_text(name, run.configuration[name]) for run in self.runs}) > 1]

    def where(self, **values: Any) -> "Results":
        """Only the runs whose configurations have these values; maybe none.

        Args:
            values: for each argument its value, or a function that says of a value whether it is wanted. Instead of
                filters also "modules" (how many), "first_filters" (of the first module) or "shape" ("even", "growing"
                or "mixed"); and "data", the dataset's name.

        Raises:
            ValueError: a name or a value that configurations cannot have.

        Example:
            results.where(dropout=0.0, modules=2, first_filters=lambda count: count >= 8)
        """
        wanted = {name: _wanted(name, value) for name, value in values.items()}

        def fits(run: Run) -> bool:
            own = {name: run.data if name == "data" else factor(run.configuration, name) for name in wanted}
            return all(value(own[name]) if callable(value) else own[name] == value for name, value in wanted.items())

        return Results(tuple(run for run in self.runs if fits(run)))

    def by_configuration(self) -> list[tuple[Configuration, dict[int, Run]]]:
        """Each configuration with its runs by seed, those that failed left out; in the order of their first runs."""
        found: dict[tuple[str, ...], tuple[Configuration, dict[int, Run]]] = {}
        for run in self.runs:
            if not run.error:
                found.setdefault(key(run.configuration), (run.configuration, {}))[1][run.seed] = run
        return list(found.values())

    def __str__(self) -> str:
        return "\n".join("  ".join(line) for line in _aligned(self._lines()))

    def _repr_html_(self) -> str:
        from html import escape

        head, *lines = self._lines()
        cells = "".join(f"<th scope='col'>{escape(cell)}</th>" for cell in head)
        body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in line) + "</tr>" for line in lines)
        return f"<table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>"

    def _lines(self) -> list[tuple[str, ...]]:
        """A line a configuration, the best first: what is varied, mean accuracy, its spread, cost."""
        names = self.varied() or ["filters"]
        lines = []
        for configuration, runs in self.by_configuration():
            accuracies = np.array([run.validation_accuracy for run in runs.values()])
            one = next(iter(runs.values()))
            spread = f"{accuracies.std(ddof=1):.1%}" if len(accuracies) > 1 else ""
            lines.append(
                (
                    accuracies.mean(),
                    (
                        *(as_text(name, configuration[name]) for name in names),
                        f"{accuracies.mean():.1%}",
                        spread,
                        str(len(accuracies)),
                        f"{one.parameters:,}",
                        f"{one.multiply_adds:,}",
                        f"{np.mean([run.seconds for run in runs.values()]):.1f}",
                    ),
                )
            )
        lines.sort(key=lambda line: -line[0])
        heads = (*names, "validation accuracy", "deviation", "seeds", "parameters", "multiply-adds", "seconds")
        return [heads, *(cells for _, cells in lines)]


def _wanted(name: str, value: Any) -> Any:
    """A value as configurations hold it: (8,) for filters=8."""
    if name != "data":
        factor({}, name)  # refuses a name that is none
    return checked([{name: value}])[0][name] if name in DEFAULTS and not callable(value) else value


def _aligned(lines: list[tuple[str, ...]]) -> Iterable[list[str]]:
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return ([cell.rjust(width) for cell, width in zip(line, widths, strict=True)] for line in lines)


def read(path: str | Path) -> Results:
    """The runs in a sweep's file.

    Raises:
        FileNotFoundError: there is none.
        ValueError: it is no sweep's file; the message names the line.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"sweep: there is no file {path}. A sweep writes one: sweep(..., out={str(path)!r}).")
    return Results(tuple(_read(path.read_bytes(), path)[0]))


def _read(content: bytes, path: Path) -> tuple[list[Run], int]:
    """The runs, and after how many bytes the last whole line ends: a process that was killed may leave half of one."""
    whole = content.rfind(b"\n") + 1
    try:
        lines = list(csv.reader(io.StringIO(content[:whole].decode("utf-8"), newline="")))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"sweep: {path} is no table of a sweep ({error}). Choose another file.") from None
    if not lines:
        if COLUMNS[0].encode().startswith(content[:4]):
            return [], 0  # nothing, or half of the first line
        raise ValueError(f"sweep: {path} is no table of a sweep. Choose another file.")
    columns = tuple(lines[0])
    if columns not in (COLUMNS, EARLIER):
        raise ValueError(
            f"sweep: {path} has other columns than a sweep's table: {', '.join(lines[0])[:80]} … Choose another file."
        )
    runs: dict[tuple[str, ...], Run] = {}
    for number, line in enumerate(lines[1:], start=2):
        try:
            run = _from_line(dict(zip(columns, line, strict=True)))
        except ValueError as error:
            raise ValueError(f"sweep: line {number} of {path} is damaged ({error}). Mend it or remove it.") from None
        runs[run.key()] = run
    return list(runs.values()), whole


def _from_line(cells: dict[str, str]) -> Run:
    configuration = {name: from_text(name, cells[name]) if name in cells else DEFAULTS[name] for name in DEFAULTS}
    measured = {name: kind(cells[name]) for name, kind in MEASURED.items() if name in cells}
    return Run(cells["data"], configuration, int(cells["seed"]), **measured)


def _line(cells: Iterable[Any]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerow(list(cells))
    return text.getvalue().encode("utf-8")


def as_line(run: Run) -> bytes:
    """A run as a line of the file."""
    configuration = {name: as_text(name, value) for name, value in run.configuration.items()}
    measured = {name: getattr(run, name) for name in MEASURED}
    cells = {"data": run.data, **configuration, "seed": run.seed, **measured}
    return _line(str(cells[name]).replace("\n", " ").replace("\r", " ") for name in COLUMNS)


def _rewritten(path: Path, runs: list[Run]) -> int:
    """Write a table of earlier columns anew with all of them, as a whole or not at all; give its length in bytes."""
    content = b"".join([_line(COLUMNS), *map(as_line, runs)])
    beside = path.with_name(path.name + ".new")
    beside.write_bytes(content)
    os.replace(beside, path)
    return len(content)


class Table:
    """The file of a sweep, open to be added to; one process at a time may have it open."""

    def __init__(self, path: Path) -> None:
        import filelock

        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = filelock.FileLock(path.with_name(path.name + ".lock"))
        try:
            self._lock.acquire(timeout=0.2)
        except filelock.Timeout:
            raise ValueError(
                f"sweep: another sweep is writing to {path}. Wait for it, or choose another file."
            ) from None
        try:
            content = path.read_bytes() if path.exists() else b""
            self.runs, whole = _read(content, path)
            if content[:whole].startswith(_line(EARLIER)):
                whole = _rewritten(path, self.runs)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
            os.ftruncate(self._file, whole)
            if not whole:
                self._write(_line(COLUMNS))
        except BaseException:
            self._lock.release()
            raise

    def add(self, run: Run) -> None:
        """Write a run down.

        Raises:
            OSError: the disk is full, say; the file is as before.
        """
        self._write(as_line(run))
        self.runs.append(run)

    def _write(self, line: bytes) -> None:
        end = os.lseek(self._file, 0, os.SEEK_END)
        try:
            left = line
            while left:
                left = left[os.write(self._file, left) :]
            os.fsync(self._file)
        except OSError:
            os.ftruncate(self._file, end)
            raise

    def close(self) -> None:
        """Let others write to it."""
        os.close(self._file)
        self._lock.release()

    def __enter__(self) -> "Table":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
