"""What a learner has tried and solved: counted in memory, and kept in one small file if the learner chooses a name.

Nothing is sent anywhere. The file (tallies.py says what it looks like) holds, for each exercise and question, how often
it was tried, whether it was solved, how many hints were taken, whether the solution was looked at, and which of the
named mistakes came up; the name, and a random number: no answers, no times, nothing of the machine. Its folder is
PRACTICUM_PROGRESS, by default the platform's folder for a user's data; with PRACTICUM_PROGRESS=off nothing is read or
written.
"""

import contextlib
import errno
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from practicum.locks import hold
from practicum.tallies import MOST_BYTES, LaterFormatError, Progress, Tally, mistake_key, parse, spelled

NAME_FILE = "name.txt"  # holds the name that was chosen last
EXPORTED = "practicum-{name}.json"

_in_memory: dict[str, Tally] = {}  # of this Python process, for who has chosen no name
_trouble = ""


def record(
    name: str, *, right: bool | None = None, mistake: str | None = None, hint: bool = False, solution: bool = False
) -> Tally:
    """Count one try (right is given), hint or solution; give the exercise's new tally.

    Args:
        name: of the exercise or question, such as "01.exercise_3".
        right: whether the answer was.
        mistake: the text of the mistake that was recognised.
        hint: one was taken.
        solution: it was looked at.
    """
    with _tallies() as tallies:
        tally = tallies.setdefault(name, Tally())
        if right is not None:
            tally.tries += 1
            tally.right |= right
        if mistake is not None:
            key = mistake_key(name, mistake)
            tally.mistakes[key] = tally.mistakes.get(key, 0) + 1
        tally.hints += hint
        tally.solution |= solution
        return tally


def solved(names: Sequence[str]) -> int:
    """How many of these exercises or questions are solved."""
    with _tallies(write=False) as tallies:
        return sum(name in tallies and tallies[name].right for name in names)


def where() -> str:
    """Where progress is kept, and how it is handed in."""
    if _trouble:
        return _trouble
    path = progress_file()
    if path is None:
        return "Progress is kept until this notebook is closed."
    return (
        f"Progress is kept under the name {path.stem}. To hand it in: `from practicum.learner import export_progress`, "
        f"then `export_progress()` writes {EXPORTED.format(name=path.stem)} beside this notebook."
    )


def keep_progress(name: str | None) -> str:
    """From now on, in all notebooks, keep progress in a file of this name; None changes nothing.

    Args:
        name: 1 to 40 letters of any script, digits, - or _. A name used before goes on where it was.

    Returns:
        Where progress is kept now.

    Raises:
        ValueError: not such a name.
        OSError: the folder cannot be written.
    """
    global _trouble
    if name is None:
        return where()
    chosen = spelled(name)
    if chosen is None:
        raise ValueError(f"keep_progress: expected a name of 1 to 40 letters, digits, - or _. Received {name!r}.")
    folder = _folder()
    if folder is None:
        return "Progress is not kept, because PRACTICUM_PROGRESS is off."
    folder.mkdir(parents=True, exist_ok=True)
    _replace(folder / NAME_FILE, chosen + "\n")
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
        name = spelled((folder / NAME_FILE).read_text(encoding="utf-8")[:100].strip())
    except (OSError, UnicodeDecodeError):
        return None
    return folder / f"{name}.json" if name else None


def export_progress(to: str | Path = ".") -> str:
    """Write a copy of the progress file to where it is easily found, to be handed in. Nothing is sent.

    Args:
        to: the folder; by default the one that the notebook lies in. An older copy in it is replaced.

    Returns:
        The name of the copy, and what is in it.

    Raises:
        ValueError: no name has been chosen, or there is no such folder.
        OSError: the file cannot be read, or the copy not be written.
    """
    path = progress_file()
    if path is None:
        raise ValueError(
            "export_progress: no progress is kept, so there is nothing to hand in. Choose a name first: "
            'keep_progress("anna"). With PRACTICUM_PROGRESS=off none is ever kept.'
        )
    folder = Path(to).expanduser()
    if not folder.is_dir():
        raise ValueError(f"export_progress: expected a folder that is there. Received {str(to)!r}.")
    with _tallies():  # writes the file, which may not be there yet, or be of an older format
        pass
    progress = read_progress(path)
    copy = folder / EXPORTED.format(name=path.stem)
    _replace(copy, progress.to_json())
    said = f"{copy.name} is written: counts and the name {path.stem}, no answers, no times. Hand in this file."
    return f"{said} {_trouble}".strip()


def read_progress(path: Path) -> Progress:
    """What a progress file says.

    Raises:
        ValueError: it is no progress file; the message says why.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    try:
        return parse(content)
    except ValueError as problem:
        raise type(problem)(f"{path.name} cannot be used: {problem}.") from None


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
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(hold(path.with_suffix(".lock"), "noting progress"))
            kept = _read_or_set_aside(path)
        except OSError as error:  # what is in the file stays there: nothing is written over what could not be read
            _note(f"Progress cannot be kept ({error.strerror}).")
            yield _in_memory
            return
        tallies = _in_memory | kept.exercises
        yield tallies
        if write:
            try:
                _replace(path, Progress(path.stem, kept.number or Progress("").number, tallies).to_json())
            except OSError as error:
                _in_memory.update(tallies)
                _note(f"Progress cannot be kept ({error.strerror}).")


def _read_or_set_aside(path: Path) -> Progress:
    """What the file holds. A damaged one is renamed, not lost, and a new one begun."""
    try:
        return read_progress(path)
    except FileNotFoundError:
        return Progress(path.stem)
    except LaterFormatError:
        raise OSError(errno.EINVAL, "the file is of a later version of the course") from None
    except ValueError:
        path.replace(path.with_suffix(".damaged"))
        _note(f"The progress file was damaged; it is now called {path.stem}.damaged, and a new one has been begun.")
        return Progress(path.stem)


def _replace(path: Path, text: str) -> None:
    """Give path this text; who reads it meanwhile, or after a crash, sees the old text or the new one."""
    partial = path.with_name(f".partial-{path.name}")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)


def _note(trouble: str) -> None:
    global _trouble
    _trouble = trouble
