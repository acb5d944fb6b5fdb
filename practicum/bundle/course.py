"""The course's own files, as they go into a bundle: what the commit has, or what lies in an unpacked folder.

And the same course as pages, if `make site` has built them.
"""

import io
import os
import re
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from practicum.bundle.lock import LOCK_FILE

LEFT_OUT = {
    *(".git", ".venv", "venv", "__pycache__", ".ipynb_checkpoints", ".pytest_cache", ".mypy_cache", ".ruff_cache"),
    *("node_modules", ".hypothesis", ".DS_Store", ".coverage"),
}
LEFT_OUT_AT_TOP = {"runs", "dist", "build", "datasets", "open.sh", "open.bat", ".from-bundle", ".starting"}
MARK = ".built"  # what docs/site/build.py puts into a site that is whole
COPY = re.compile(r"notebooks/(solutions/)?[^/]+\.ipynb")  # what a site has a page of, and a copy to be downloaded
MAKE = "make site first, and give the command again, to put the course in as pages too"
NEEDED = (LOCK_FILE, "pyproject.toml", "practicum/__init__.py", "notebooks")


@dataclass(frozen=True)
class Course:
    """Where the course's files are from.

    commit: of a git checkout; None for a folder that is none, such as an unpacked download.
    changed: files that differ from the commit or are not in it; what the commit has is bundled.
    """

    folder: Path
    commit: str | None = None
    changed: tuple[str, ...] = ()

    def files(self) -> Iterator[tuple[str, bytes, bool]]:
        """(name, content, whether it is a program) of each file."""
        yield from self._in_commit() if self.commit else self._in_folder()

    def _in_commit(self) -> Iterator[tuple[str, bytes, bool]]:
        # Line ends as they are in the commit, on any system.
        packed = _ask_git(self.folder, "-c", "core.autocrlf=false", "archive", "--format=tar", str(self.commit))
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            for member in archive:
                content = archive.extractfile(member) if member.isfile() else None
                if content is not None:
                    yield member.name, content.read(), bool(member.mode & 0o100)
                elif not member.isdir():
                    raise ValueError(f"workshop bundle: {member.name} is a link, which many USB sticks cannot hold.")

    def _in_folder(self) -> Iterator[tuple[str, bytes, bool]]:
        for place, folders, names in os.walk(self.folder):
            here = Path(place)
            top = here == self.folder
            folders[:] = sorted(name for name in folders if not _is_left_out(name, top=top))
            for name in sorted(names):
                path = here / name
                if not _is_left_out(name, top=top) and path.is_file():
                    yield path.relative_to(self.folder).as_posix(), path.read_bytes(), os.access(path, os.X_OK)


def _is_left_out(name: str, *, top: bool) -> bool:
    return name in LEFT_OUT or name.endswith((".egg-info", ".pyc")) or (top and name in LEFT_OUT_AT_TOP)


def open_course(folder: Path) -> Course:
    """The course in folder.

    Raises:
        ValueError: it is not there, or git is needed and cannot be used.
    """
    missing = [name for name in NEEDED if not (folder / name).exists()]
    if missing:
        raise ValueError(
            f"workshop bundle: {folder} is not the folder of the whole course: it has no {', '.join(missing)}. Give "
            "that folder as --course."
        )
    if not (folder / ".git").exists():
        return Course(folder)
    commit = _ask_git(folder, "rev-parse", "--verify", "HEAD").decode().strip()
    status = _ask_git(folder, "status", "--porcelain=v1", "-z", "--untracked-files=normal", "--no-renames")
    lines = status.decode("utf-8", "surrogateescape").split("\0")
    return Course(folder, commit, tuple(sorted(line[3:] for line in lines if line)))


@dataclass(frozen=True)
class Pages:
    """The course as pages.

    files: name -> content; empty if there are none to be had.
    advice: then how to get them.
    """

    files: dict[str, bytes]
    advice: str = ""


def built_pages(course: Path) -> Pages:
    """What `make site` has built in a course's folder, all of one building."""
    folder = course / "build" / "site"
    if not folder.is_dir():
        return Pages({}, MAKE)
    lacking = " and ".join(name for name in ("index.html", MARK) if not (folder / name).is_file())
    if lacking:
        return Pages({}, f"build/site is not whole, it has no {lacking}: {MAKE}")
    try:
        before = (folder / MARK).stat()
        files = {name: content for name, content, _ in Course(folder).files() if name != MARK}
        after = (folder / MARK).stat()
    except FileNotFoundError:
        after = None
    except OSError as error:
        return Pages({}, f"build/site cannot be read ({error.strerror}): {MAKE}")
    if after is None or (after.st_ino, after.st_mtime_ns) != (before.st_ino, before.st_mtime_ns):
        return Pages({}, "build/site was built anew while it was read: give the command again once that is through")
    return Pages(files)


def other_notebooks(course: dict[str, bytes], pages: dict[str, bytes]) -> list[str]:
    """The notebooks by which a course and the pages made of one differ: changed, added or gone since.

    Times do not tell: a checkout gives files new ones. But pages hold a copy of each notebook that they were made of.

    Example:
        >>> other_notebooks({"notebooks/00.ipynb": b"{}\\n"}, {"notebooks/00.ipynb": b"{}\\r\\n", "index.html": b""})
        []
        >>> other_notebooks({"notebooks/00.ipynb": b"new", "notebooks/01.ipynb": b""}, {"notebooks/00.ipynb": b"old"})
        ['notebooks/00.ipynb', 'notebooks/01.ipynb']
    """
    # Git may have given the files of a checkout other line ends than the commit has.
    one, other = (
        {name: content.replace(b"\r\n", b"\n") for name, content in files.items() if COPY.fullmatch(name)}
        for files in (course, pages)
    )
    return sorted(name for name in {*one, *other} if one.get(name) != other.get(name))


def _environment() -> dict[str, str]:
    """Without what says that another repository is meant, as it does in a git hook; and a status changes nothing."""
    kept = {
        name: value for name, value in os.environ.items() if name not in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")
    }
    return {**kept, "GIT_OPTIONAL_LOCKS": "0"}


def _ask_git(folder: Path, *words: str) -> bytes:
    way_out = "Or bundle an unpacked download of the course: a folder without .git, given as --course."
    try:
        done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, env=_environment(), check=False)
    except OSError:
        raise ValueError(
            f"workshop bundle: {folder} is a git checkout, but git is not installed (or not in PATH). {way_out}"
        ) from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise ValueError(f"workshop bundle: git cannot read {folder} ({said}). {way_out}")
    return done.stdout
