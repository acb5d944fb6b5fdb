"""The progress files that learners handed in: found in folders and zips, and read one by one, whatever they hold.

One file that cannot be used is named with the reason, and the others are read all the same. Nothing is unpacked to
disk, no link to a folder is followed, and nothing larger than a progress file can be is taken into memory.
"""

import os
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from practicum.archives import ArchiveError, check_zip
from practicum.tallies import MOST_BYTES, Progress, Tally, merged, parse

MOST_FILES = 20_000
MOST_ZIP_BYTES = 100_000_000  # of a zip itself
MOST_UNPACKED = 500_000_000  # of all that is in a zip, read or not
ZIP_DAMAGE = (zipfile.BadZipFile, NotImplementedError, EOFError, zlib.error, RuntimeError)
OLD = "Written by an earlier version of the course, which named mistakes differently: those in it are not counted"
AGAIN = "Handed in again by the same learner, who is counted once, with the larger of each count"
INNER_ZIP = "a zip inside a folder or zip is not opened; name it by itself"
MARKS_OF_ZIP = (b"PK\x03\x04", b"PK\x05\x06")


@dataclass
class HandedIn:
    """What was handed in.

    learners: one for each learner, in the order of their names.
    files: how many files were read.
    refused: (file, why) of each that was not.
    remarks: what is to be known about files that were read -> their names.
    """

    learners: list[Progress] = field(default_factory=list)
    files: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)
    remarks: dict[str, list[str]] = field(default_factory=dict)

    def remark(self, text: str, file: str) -> None:
        self.remarks.setdefault(text, []).append(file)


def read_handed_in(paths: Sequence[str | Path]) -> HandedIn:
    """The progress of all learners whose files are among these; in folders and zips, those that end in .json.

    A learner who handed in more than once counts once, with the larger of each count: counts only grow, so that is the
    latest file. Who is who is told by the name and the random number in a file. Files of format 1 have no number: if
    one of two with the same name holds everything that the other holds, it is a later one of the same learner.

    Args:
        paths: of files, folders, zips. Folders and zips are read at any depth, but not a zip inside of one.

    Returns:
        The learners, and what was not used and why.

    Raises:
        ValueError: there are more than 20,000 files.
    """
    found = HandedIn()
    learners: dict[tuple[str, str], Progress] = {}
    of_old_format: list[tuple[str, Progress]] = []
    for file, content, why in _contents([Path(path).expanduser() for path in paths]):
        if found.files + len(found.refused) >= MOST_FILES:
            raise ValueError(
                f"progress: there are more than {MOST_FILES:,} .json files. Name the folder that holds the learners' "
                "files and nothing else."
            )
        try:
            progress = parse(content) if not why else None
        except ValueError as problem:
            progress, why = None, str(problem)
        if progress is None:
            found.refused.append((file, why))
            continue
        found.files += 1
        if progress.format == 1:
            found.remark(OLD, file)
            of_old_format.append((file, progress))
        elif (key := (progress.name, progress.number)) in learners:
            found.remark(AGAIN, file)
            learners[key].exercises = _together(learners[key], progress)
        else:
            learners[key] = progress
    # The largest first: of one person's files it is the latest, and the others are found to be earlier ones.
    for file, progress in sorted(of_old_format, key=lambda each: -_size(each[1])):
        own_name = [other for (name, _), other in learners.items() if name == progress.name]
        if any(_together(other, progress) == other.exercises for other in own_name):
            found.remark(AGAIN, file)
        else:
            learners[progress.name, f"old {len(own_name)}"] = progress
    found.learners = [learners[key] for key in sorted(learners, key=lambda key: (_by_letters(key[0]), key))]
    return found


def _by_letters(name: str) -> str:
    """What names are ordered by: Özgür stands with O."""
    plain = unicodedata.normalize("NFD", name.casefold())
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def _together(one: Progress, other: Progress) -> dict[str, Tally]:
    """What two files of one learner say."""
    names = one.exercises | other.exercises
    return {name: merged(one.exercises.get(name, Tally()), other.exercises.get(name, Tally())) for name in names}


def _size(progress: Progress) -> int:
    return sum(each.tries + each.hints + each.right + each.solution for each in progress.exercises.values())


def _contents(paths: Sequence[Path]) -> Iterator[tuple[str, bytes, str]]:
    """Each file that is meant: what it is called, and what it holds or, instead, why it cannot be read."""
    for path in paths:
        if stat.S_ISDIR(_mode(path)):
            yield from _of_folder(path)
        elif _is_zip(path):
            yield from _of_zip(path)
        else:
            yield path.name, *_of_file(path)


def _of_folder(folder: Path) -> Iterator[tuple[str, bytes, str]]:
    unopened: list[OSError] = []
    for here, below, names in os.walk(folder, onerror=unopened.append):
        below[:] = sorted(name for name in below if not _left_by_system(name))
        for name in sorted(names + below):  # a folder with the name of a file is refused as such, and looked into
            path = Path(here, name)
            shown = path.relative_to(folder).as_posix()
            if _is_meant(name):
                yield shown, *_of_file(path)
            elif _is_zip_name(name):
                yield shown, b"", INNER_ZIP
    for error in unopened:
        name = Path(os.fsdecode(error.filename or folder)).name
        yield name, b"", f"this folder cannot be opened ({error.strerror})"


def _of_file(path: Path) -> tuple[bytes, str]:
    try:
        kind = path.stat().st_mode
        if stat.S_ISDIR(kind):
            return b"", "it is a folder"
        if not stat.S_ISREG(kind):  # to open a pipe would wait for ever
            return b"", "it is neither a file nor a folder"
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1), ""
    except FileNotFoundError:
        return b"", "there is no such file or folder"
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        return b"", f"it cannot be opened ({getattr(error, 'strerror', None) or error})"


def _is_zip(path: Path) -> bool:
    """Whether to read it as a zip: by its first letters, so that a damaged one is called a damaged zip."""
    if _is_zip_name(path.name):
        return stat.S_ISREG(_mode(path))
    content, _ = _of_file(path)
    return content.startswith(MARKS_OF_ZIP)


def _mode(path: Path) -> int:
    """What kind of file it is; 0 if that cannot be known."""
    try:
        return path.stat().st_mode
    except (OSError, ValueError):
        return 0


def _of_zip(path: Path) -> Iterator[tuple[str, bytes, str]]:
    try:
        if path.stat().st_size > MOST_ZIP_BYTES:
            raise ArchiveError(f"it is larger than {MOST_ZIP_BYTES:,} bytes")
        with zipfile.ZipFile(path) as archive:
            for member in check_zip(archive, Path(path.name), most_bytes=MOST_UNPACKED):
                *folders, name = member.filename.split("/")
                shown = f"{path.name}/{member.filename}"
                if any(map(_left_by_system, folders)):
                    continue
                if _is_meant(name):
                    yield shown, *_of_member(archive, member)
                elif _is_zip_name(name):
                    yield shown, b"", INNER_ZIP
    except ArchiveError as error:
        yield path.name, b"", str(error).removeprefix(f"{path.name}: ").split(" Fetch the archive")[0].rstrip(".")
    except (*ZIP_DAMAGE, OSError) as error:
        yield path.name, b"", f"it is no whole zip ({error})"


def _of_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> tuple[bytes, str]:
    try:
        with archive.open(member) as file:
            return file.read(MOST_BYTES + 1), ""
    except (*ZIP_DAMAGE, OSError) as error:
        return b"", f"it cannot be unpacked ({error})"


def _is_meant(name: str) -> bool:
    return name.lower().endswith(".json") and not _left_by_system(name)


def _is_zip_name(name: str) -> bool:
    return name.lower().endswith(".zip") and not _left_by_system(name)


def _left_by_system(name: str) -> bool:
    """A hidden file or folder, or what macOS adds to a zip."""
    return name.startswith(".") or name == "__MACOSX"
