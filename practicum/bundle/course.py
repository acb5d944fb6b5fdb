"""The course's own files, as they go into a bundle: what the commit has, or what lies in an unpacked folder."""

import io
import os
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
