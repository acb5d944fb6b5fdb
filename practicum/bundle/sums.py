"""SHA256SUMS: the hash of every file of a bundle, in the format that `sha256sum -c` reads."""

import contextlib
import errno
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from practicum import progress
from practicum.cache import entries_of
from practicum.checked_files import NO_ROOM, FetchError, sha256

SUMS_FILE, UNFINISHED, PARTIAL, FACTS_FILE = "SHA256SUMS", "UNFINISHED.txt", ".partial", "bundle.json"
# What systems put onto a stick by themselves, and what a fetch leaves that is to go on later.
NOT_OURS = re.compile(
    r"(.*/)?(\._[^/]*|\.DS_Store|Thumbs\.db|desktop\.ini)"
    r"|(System Volume Information|\$RECYCLE\.BIN|\.Trashes|\.Trash-\d+|\.fseventsd|\.Spotlight-V100|lost\+found)(/.*)?"
    r"|\.partial(/.*)?|datasets/.*\.(part|part\.json|failed|lock)"
)


class BundleError(FetchError):
    """The bundle could not be finished. What is there is kept, and the same command goes on from there."""


@dataclass(frozen=True)
class Comparison:
    """What a bundle has beside what its SHA256SUMS says; names are relative, sorted."""

    files: int
    bytes: int
    missing: tuple[str, ...]
    changed: tuple[str, ...]
    extra: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Whether everything that belongs to it is there and as it was."""
        return not self.missing and not self.changed


def write(folder: Path, name: str, content: bytes, *, executable: bool = False) -> bool:
    """Put a file into the bundle, so that under its name there is the whole file or what was there before.

    Returns:
        Whether it had to be written.

    Raises:
        BundleError: there is no room, or the folder cannot be written.
    """
    path = folder / name
    try:
        if path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        part = folder / PARTIAL / "file"
        part.parent.mkdir(exist_ok=True)
        with part.open("wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())  # a stick that is pulled out leaves names without content otherwise
        with contextlib.suppress(OSError):  # FAT knows no programs
            part.chmod(0o755 if executable else 0o644)
        os.replace(part, path)
    except OSError as error:
        raise in_words(folder, error) from None
    return True


def in_words(folder: Path, error: OSError) -> BundleError:
    """What a full, unwritable or vanished disk means here."""
    if error.errno in NO_ROOM:
        free = "has no room left"
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        free = f"cannot be written ({error.strerror})"
    else:
        free = f"cannot be used ({error.strerror or error})"
    return BundleError(
        f"workshop bundle: the folder {folder} {free}. What is there is kept; make room or name another folder with "
        "--to, then give the same command again."
    )


def write_sums(folder: Path, hashes: dict[str, str]) -> bool:
    """Write SHA256SUMS: for each name the hash. Gives whether it had to be written."""
    lines = [f"{hashes[name]}  {name}\n" for name in sorted(hashes)]
    return write(folder, SUMS_FILE, "".join(lines).encode())


def read_sums(folder: Path) -> dict[str, str]:
    """The hash of each name.

    Raises:
        ValueError: folder is no finished bundle, or a line cannot be read.
    """
    try:
        lines = (folder / SUMS_FILE).read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, NotADirectoryError):
        raise ValueError(f"workshop bundle: {folder} is no bundle: it has no file {SUMS_FILE}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(
            f"workshop bundle: {folder / SUMS_FILE} cannot be read ({error}). Make the bundle again."
        ) from None
    hashes = {}
    for line in lines:
        found = re.fullmatch(r"([0-9a-f]{64}) [ *](.+)", line)
        if not found:
            raise ValueError(
                f"workshop bundle: {folder / SUMS_FILE} is damaged ({line[:60]!r}). Make the bundle again."
            )
        hashes[found[2]] = found[1]
    return hashes


def compare(folder: Path) -> Comparison:
    """Read every file of a bundle, and say which are missing, changed, or not of it.

    Raises:
        ValueError: folder is no finished bundle.
    """
    if (folder / UNFINISHED).exists():
        raise BundleError(f"workshop bundle: {folder} is not finished. Give the command that makes it once more.")
    hashes = read_sums(folder)
    there = set(names_in(folder))
    sizes = {name: (folder / name).stat().st_size for name in hashes if name in there}
    changed = []
    with progress.transfer("reading the bundle", sum(sizes.values())) as show:
        done = 0
        for name, size in sizes.items():
            if _hash(folder / name) != hashes[name]:
                changed.append(name)
            show(done := done + size)
    missing = tuple(sorted(set(hashes) - there))
    extra = tuple(sorted(there - set(hashes) - {SUMS_FILE}))
    return Comparison(len(hashes), sum(sizes.values()), missing, tuple(sorted(changed)), extra)


def _hash(path: Path) -> str:
    """ "" where it cannot be read, as on a stick that wears out."""
    try:
        return sha256(path)
    except OSError:
        return ""


def names_in(folder: Path) -> Iterator[str]:
    """All files below folder, relative, with / between names; without what systems put there by themselves."""
    for entry in entries_of(folder):
        name = Path(entry.path).relative_to(folder).as_posix()
        if not entry.is_dir(follow_symlinks=False) and not NOT_OURS.fullmatch(name):
            yield name


def see_portable(names: Iterable[str]) -> None:
    """See that these files can lie on any stick (FAT32, exFAT) and be opened by any system.

    Raises:
        ValueError: some cannot, by name.

    Example:
        >>> see_portable(["notebooks/aux.txt"])
        Traceback (most recent call last):
        ValueError: workshop bundle: these names cannot be on a USB stick or on Windows: notebooks/aux.txt. Rename them.
    """
    seen: dict[str, str] = {}
    bad = []
    for name in names:
        parts = name.split("/")
        reserved = any(re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?", part) for part in parts)
        if reserved or any(re.search(r'[<>:"\\|?*\x00-\x1f]|[. ]$', part) for part in parts):
            bad.append(name)
        elif seen.setdefault(name.lower(), name) != name:
            bad.append(f"{name} beside {seen[name.lower()]}")
    if bad:
        raise ValueError(
            f"workshop bundle: these names cannot be on a USB stick or on Windows: {', '.join(bad)}. Rename them."
        )
