"""What a learner has tried and solved: counted in memory, and kept in one small file if the learner chooses a name.

Nothing is sent anywhere. The file holds, for each exercise and question, how often it was tried, whether it was
solved, how many hints were taken, whether the solution was looked at, and which of the named mistakes came up: no
answers, no times, nothing of the machine. Its folder is PRACTICUM_PROGRESS, by default the platform's folder for a
user's data; with PRACTICUM_PROGRESS=off nothing is read or written.
"""

import contextlib
import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from practicum.locks import hold

FORMAT = 1
NAME = re.compile(r"\w[\w-]{0,39}")
NAME_FILE = "name.txt"  # holds the name that was chosen last
MOST_BYTES = 1_000_000  # a progress file has a few thousand
MOST = 1_000_000  # no count is taken to be higher


@dataclass
class Tally:
    """What was done with one exercise or question."""

    tries: int = 0
    right: bool = False
    hints: int = 0
    solution: bool = False
    mistakes: dict[str, int] = field(default_factory=dict)  # number of the mistake, from 0 -> how often


_in_memory: dict[str, Tally] = {}  # of this Python process, for who has chosen no name
_trouble = ""


def record(
    name: str, *, right: bool | None = None, mistake: int | None = None, hint: bool = False, solution: bool = False
) -> Tally:
    """Count one try (right is given), hint or solution; give the exercise's new tally."""
    with _tallies() as tallies:
        tally = tallies.setdefault(name, Tally())
        if right is not None:
            tally.tries += 1
            tally.right |= right
        if mistake is not None:
            tally.mistakes[str(mistake)] = tally.mistakes.get(str(mistake), 0) + 1
        tally.hints += hint
        tally.solution |= solution
        return tally


def solved(names: Sequence[str]) -> int:
    """How many of these exercises or questions are solved."""
    with _tallies(write=False) as tallies:
        return sum(name in tallies and tallies[name].right for name in names)


def where() -> str:
    """Where progress is kept, in one sentence."""
    if _trouble:
        return _trouble
    path = progress_file()
    if path is None:
        return "Progress is kept until this notebook is closed."
    return f"Progress is kept under the name {path.stem}."


def keep_progress(name: str | None) -> str:
    """From now on, in all notebooks, keep progress in a file of this name; None changes nothing.

    Args:
        name: 1 to 40 letters, digits, - or _. A name used before goes on where it was.

    Returns:
        Where progress is kept now.

    Raises:
        ValueError: not such a name.
        OSError: the folder cannot be written.
    """
    global _trouble
    if name is None:
        return where()
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ValueError(f"keep_progress: expected a name of 1 to 40 letters, digits, - or _. Received {name!r}.")
    folder = _folder()
    if folder is None:
        return "Progress is not kept, because PRACTICUM_PROGRESS is off."
    folder.mkdir(parents=True, exist_ok=True)
    _replace(folder / NAME_FILE, name + "\n")
    _trouble = ""
    so_far = dict(_in_memory)
    _in_memory.clear()
    with _tallies() as tallies:
        for key, tally in so_far.items():
            tallies.setdefault(key, tally)
    return where()


def progress_file() -> Path | None:
    """The file that progress is kept in, whether or not it is there yet; None if no name has been chosen."""
    folder = _folder()
    if folder is None:
        return None
    try:
        name = (folder / NAME_FILE).read_text(encoding="utf-8")[:100].strip()
    except (OSError, UnicodeDecodeError):
        return None
    return folder / f"{name}.json" if NAME.fullmatch(name) else None


def read_progress(path: Path) -> dict[str, Tally]:
    """The tallies in a progress file.

    Raises:
        ValueError: it is no progress file; the message says why.
        OSError: it cannot be read.
    """
    if path.stat().st_size > MOST_BYTES:
        raise ValueError(f"{path.name} has {path.stat().st_size:,} bytes; a progress file has at most {MOST_BYTES:,}.")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise ValueError(f"format {content['format']!r}")
        return {str(name)[:60]: _tally(values) for name, values in content["exercises"].items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError(f"{path.name} is no progress file of this course ({type(error).__name__}: {error}).") from None


def _tally(values: dict[str, Any]) -> Tally:
    mistakes = {str(int(place)): _count(times) for place, times in values["mistakes"].items()}
    return Tally(
        _count(values["tries"]), values["right"] is True, _count(values["hints"]), values["solution"] is True, mistakes
    )


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST:
        raise ValueError(f"{value!r} is no count")
    return value


def _folder() -> Path | None:
    chosen = os.environ.get("PRACTICUM_PROGRESS")
    if chosen:
        return None if chosen == "off" else Path(chosen).expanduser()
    import platformdirs

    return Path(platformdirs.user_data_dir("practicum", appauthor=False)) / "progress"


@contextlib.contextmanager
def _tallies(*, write: bool = True) -> Iterator[dict[str, Tally]]:
    """The tallies of the chosen name, read now and written back; where that fails, those in memory, and it is said."""
    path = progress_file()
    if path is None:
        yield _in_memory
        return
    tallies = dict(_in_memory)
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(hold(path.with_suffix(".lock"), "noting progress"))
            tallies |= _read_or_set_aside(path)
        except OSError as error:
            _note(f"Progress cannot be kept ({error.strerror}).")
        yield tallies
        if write:
            try:
                _write(path, tallies)
            except OSError as error:
                _in_memory.update(tallies)
                _note(f"Progress cannot be kept ({error.strerror}).")


def _read_or_set_aside(path: Path) -> dict[str, Tally]:
    """What the file holds. A damaged one is renamed, not lost, and a new one begun."""
    try:
        return read_progress(path)
    except FileNotFoundError:
        return {}
    except ValueError:
        path.replace(path.with_suffix(".damaged"))
        _note(f"The progress file was damaged; it is now called {path.stem}.damaged, and a new one has been begun.")
        return {}


def _write(path: Path, tallies: dict[str, Tally]) -> None:
    content = {"format": FORMAT, "name": path.stem, "exercises": {key: asdict(each) for key, each in tallies.items()}}
    _replace(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def _replace(path: Path, text: str) -> None:
    """Give path this text; who reads it meanwhile, or after a crash, sees the old text or the new one."""
    partial = path.with_name(f".partial-{path.name}")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)


def _note(trouble: str) -> None:
    global _trouble
    _trouble = trouble
