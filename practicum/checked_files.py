"""A file that is known by its size and hash: whether it is good, who may write it, when it gets its name."""

import contextlib
import errno
import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from practicum import progress
from practicum.locks import hold

SPARE_BYTES = 1_000_000  # that are to stay free on the disk
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class FetchError(ValueError):
    """A file could not be fetched. The message says what was tried and why it failed."""


@dataclass(frozen=True)
class RemoteFile:
    """A file that one or several addresses serve.

    name: under which it is kept.
    addresses: where it is, in the order in which they are tried.
    size: in bytes.
    sha256: hexadecimal. None where it is not published; then what check finds good decides, and its hash is written
        down beside the file.
    check: raises a ValueError about a file with the wrong content.
    """

    name: str
    addresses: tuple[str, ...]
    size: int
    sha256: str | None = None
    check: Callable[[Path], None] | None = None


def is_good(file: RemoteFile, path: Path) -> bool:
    """True if path holds the file, every byte of it."""
    return has_size(file, path) and fault(file, path, path) is None


def has_size(file: RemoteFile, path: Path) -> bool:
    """True if path is a file of the right size: what comes from fetch_file has been checked before it got its name."""
    return path.is_file() and path.stat().st_size == file.size


def copy_file(file: RemoteFile, source: Path, folder: Path) -> Path:
    """Copy a good file into folder, so that there is the whole file under its name or none.

    Raises:
        FetchError: the folder cannot be written, or it has no room.
    """
    path = folder / file.name
    if is_good(file, path):
        return path
    with alone(path), disk_faults_in_words(folder):
        see_room(folder, file.size)
        part = beside(path, "part")
        beside(path, "part.json").unlink(missing_ok=True)  # what is written now is of another origin
        shutil.copyfile(source, part)
        keep(file, part, path)
    return path


def fault(file: RemoteFile, content: Path, path: Path) -> str | None:
    """What is wrong with content, which is or will be path; None if it is the file."""
    received = sha256(content)
    expected = file.sha256 or recorded_sha256(path)
    if expected and received != expected:
        found = "" if file.sha256 else f" (found when it was first fetched; to accept another: rm {path}.sha256)"
        return f"SHA-256 is {received}, expected {expected}{found}"
    if file.check is None or expected:
        return None
    try:
        file.check(content)
    except ValueError as error:
        return str(error)
    return None


def sha256(path: Path) -> str:
    """The SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def recorded_sha256(path: Path) -> str | None:
    """What was written down when path was first fetched."""
    with contextlib.suppress(OSError, ValueError):
        words = beside(path, "sha256").read_text(encoding="ascii").split()
        return words[0] if words and re.fullmatch("[0-9a-f]{64}", words[0]) else None
    return None


def keep(file: RemoteFile, part: Path, path: Path) -> None:
    """Give a good part its name."""
    if file.sha256 is None:
        beside(path, "sha256").write_text(f"{sha256(part)}  {path.name}\n", encoding="ascii")
    with part.open("rb+") as written:
        os.fsync(written.fileno())  # or a power cut leaves a name without content
    os.replace(part, path)
    beside(path, "part.json").unlink(missing_ok=True)


def beside(path: Path, ending: str) -> Path:
    """The file that says something about path."""
    return path.with_name(f"{path.name}.{ending}")


def see_room(folder: Path, size: int) -> None:
    """Raise a FetchError if so many bytes do not fit, before the first one comes."""
    free = shutil.disk_usage(folder).free
    if free < size + SPARE_BYTES:
        raise FetchError(
            f"{progress.megabytes(size)} are to be fetched into {folder}, where {progress.megabytes(free)} are free. "
            "Make room, or name another folder: in the environment variable PRACTICUM_CACHE, or with fetch --to."
        )


@contextlib.contextmanager
def disk_faults_in_words(folder: Path) -> Iterator[None]:
    """Say what a full or read-only disk means here."""
    try:
        yield
    except OSError as error:
        what = "has no room left" if error.errno in NO_ROOM else f"cannot be written ({error.strerror or error})"
        raise FetchError(
            f"the folder {folder} {what}. Name another one: in the environment variable PRACTICUM_CACHE, or with "
            "fetch --to."
        ) from None


def alone(path: Path) -> contextlib.AbstractContextManager:
    """Let one process at a time fetch path."""
    with disk_faults_in_words(path.parent):
        return hold(path.with_name(f".{path.name}.lock"), f"fetching {path.name}")
