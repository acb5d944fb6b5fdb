"""Everything for a room without internet in one folder: the course, its data, its packages, a script that starts it."""

import contextlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from practicum import __version__, download, progress
from practicum.bundle.course import Course, open_course
from practicum.bundle.datasets import DATASETS, bring
from practicum.bundle.lock import LOCK_FILE, read_lock
from practicum.bundle.sums import (
    FACTS_FILE,
    PARTIAL,
    UNFINISHED,
    BundleError,
    Comparison,
    compare,
    in_words,
    names_in,
    read_sums,
    see_portable,
    write,
    write_sums,
)
from practicum.bundle.targets import NAMES, PYTHONS, Target, targets_of
from practicum.bundle.wheels import WHEELS, Need, Wheelhouse, installed_size
from practicum.bundle.words import readme, unfinished
from practicum.checked_files import sha256
from practicum.locks import hold

__all__ = ["NAMES", "PYTHONS", "Bundle", "BundleError", "Comparison", "compare", "make_bundle"]

COURSE = "course"
STATIC = Path(__file__).resolve().parent.parent / "static" / "bundle"


@dataclass(frozen=True)
class Bundle:
    """A finished bundle.

    commit: of the course; None if its folder is no git checkout.
    changed: files that differ from the commit, or are not in it, and so are not in the bundle either.
    targets: the machines that it has packages for, with those of an earlier call.
    datasets: name -> where it lies in the bundle.
    absent: name -> why it is not in the bundle. Empty if data was not asked for.
    sizes: bytes of each part.
    files: how many there are in all.
    fetched: wheels that this call has fetched.
    written: other files that this call has written.
    """

    folder: Path
    commit: str | None
    changed: tuple[str, ...]
    targets: tuple[Target, ...]
    datasets: dict[str, str]
    absent: dict[str, str]
    sizes: dict[str, int]
    files: int
    fetched: tuple[str, ...]
    written: int

    def to_dict(self) -> dict[str, Any]:
        """All of it, for JSON."""
        return {
            **vars(self),
            "folder": str(self.folder),
            "targets": [target.facts() for target in self.targets],
        }


def make_bundle(
    to: Path, *, course: Path | None = None, platforms: list[str], pythons: list[str], data: bool = True
) -> Bundle:
    """Put everything that a room without internet needs into a folder.

    A call that was interrupted, or failed, has lost nothing: the next one keeps what is there whole. What an earlier
    call for other platforms, or with data, has put there stays.

    Args:
        to: the folder; it is made if it is not there.
        course: the folder of the whole course; by default the one that this package lies in.
        platforms, pythons: which machines are to find packages; by default those like this one.
        data: whether to add the datasets that are not in the repository.

    Raises:
        ValueError: something cannot be meant: an unknown platform, a folder that holds something else.
        BundleError: it could not be finished, for lack of room, rights or connection.
    """
    targets = targets_of(platforms, pythons)
    source = open_course((course or Path(__file__).resolve().parents[2]).expanduser().resolve())
    folder = to.expanduser().resolve()
    _see_place(folder, source.folder)
    try:
        (folder / PARTIAL).mkdir(parents=True, exist_ok=True)
        with hold(folder / PARTIAL / "lock", f"filling {folder}"):
            bundle = _Filling(folder, source, targets, data).run()
        shutil.rmtree(folder / PARTIAL, ignore_errors=True)
    except OSError as error:
        raise in_words(folder, error) from None
    return bundle


def _see_place(folder: Path, course: Path) -> None:
    if folder == course or course in folder.parents:
        raise ValueError(
            f"workshop bundle: {folder} is inside the course's folder, and would be a part of itself. Name another one."
        )
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"workshop bundle: {folder} is a file. Name a folder.")
    with contextlib.suppress(FileNotFoundError):
        ours = (folder / FACTS_FILE).is_file() or (folder / UNFINISHED).is_file() or (folder / PARTIAL).is_dir()
        try:
            other = None if ours else next(names_in(folder), None)
        except OSError as error:
            raise in_words(folder, error) from None
        if other is not None:
            raise ValueError(
                f"workshop bundle: {folder} holds something else ({other}). Nothing of it was touched. Name an empty "
                f"or a new folder, such as {folder / 'cnn-practicum'}."
            )


class _Filling:
    """A bundle on its way."""

    def __init__(self, folder: Path, source: Course, targets: list[Target], data: bool) -> None:
        self.folder, self.source, self.data = folder, source, data
        self.before: dict[str, Any] = {}
        self.sums_before: dict[str, str] = {}
        with contextlib.suppress(OSError, ValueError):  # there is none yet
            self.before = json.loads((folder / FACTS_FILE).read_text(encoding="utf-8"))
            self.sums_before = read_sums(folder)
        earlier = [Target(each["platform"], each["python"]) for each in self.before.get("targets", [])]
        self.targets = tuple(sorted({*earlier, *targets}))
        self.hashes: dict[str, str] = {}
        self.written = 0

    def run(self) -> Bundle:
        write(self.folder, UNFINISHED, unfinished().encode())
        self._add_course()
        there, absent = self._add_data()
        wheelhouse = self._add_wheels()
        sizes = self._sizes()
        facts = {
            "format": 1,
            "version": __version__,
            "commit": self.source.commit,
            "files_changed_since": len(self.source.changed),
            "targets": self.facts_of_targets,
            "datasets": there,
            "absent": [name for name in download.DATASETS if name not in there],
            "pip": self.pip and f"{WHEELS}/{self.pip}",
            "sizes": sizes,
        }
        self._put(FACTS_FILE, (json.dumps(facts, indent=1) + "\n").encode())
        self._put("README.txt", readme(facts, list(self.targets)).encode())
        for name in ("start.sh", "start.py"):
            self._put(name, (STATIC / name).read_bytes(), executable=name == "start.sh")
        self._put("start.bat", (STATIC / "start.bat").read_text(encoding="ascii").replace("\n", "\r\n").encode())
        self._remove_what_is_old()
        self.written += write_sums(self.folder, self.hashes)
        (self.folder / UNFINISHED).unlink()
        fetched = tuple(sorted(wheelhouse.fetched))
        changed = self.source.changed
        return Bundle(
            *(self.folder, self.source.commit, changed, self.targets, there, absent, sizes, len(self.hashes) + 1),
            *(fetched, self.written),
        )

    def _put(self, name: str, content: bytes, *, executable: bool = False) -> None:
        self.written += write(self.folder, name, content, executable=executable)
        self.hashes[name] = sha256(self.folder / name)

    def _add_course(self) -> None:
        files = list(self.source.files())
        see_portable(name for name, _, _ in files)
        for name, content, executable in progress.track(files, "copying the course", len(files)):
            self._put(f"{COURSE}/{name}", content, executable=executable)

    def _add_data(self) -> tuple[dict[str, str], dict[str, str]]:
        there = {
            name: place for name, place in self.before.get("datasets", {}).items() if (self.folder / place).exists()
        }
        absent: dict[str, str] = {}
        if self.data:
            there, absent = bring(self.folder)
        for name in names_in(self.folder):
            if name.startswith(f"{DATASETS}/"):
                self.hashes[name] = sha256(self.folder / name)
        return there, absent

    def _add_wheels(self) -> Wheelhouse:
        pins = read_lock(self.folder / COURSE / LOCK_FILE)
        wheelhouse = Wheelhouse(self.folder, pins)
        needs = [Need(pin, target) for target in self.targets for pin in pins if pin.is_for(target)]
        wheels = wheelhouse.fill(needs)
        self.facts_of_targets = []
        for target in self.targets:
            size, longest = installed_size(wheelhouse.folder, wheels.get(target, []))
            self.facts_of_targets.append({**target.facts(), "installed_bytes": size, "longest_path": longest})
        self.pip = wheelhouse.add_pip()
        self.hashes |= {f"{WHEELS}/{name}": hash_ for name, hash_ in wheelhouse.hashes.items()}
        return wheelhouse

    def _sizes(self) -> dict[str, int]:
        sizes = dict.fromkeys((COURSE, DATASETS, WHEELS), 0)
        for name in self.hashes:
            part = name.partition("/")[0]
            if part in sizes:
                sizes[part] += (self.folder / name).stat().st_size
        return sizes

    def _remove_what_is_old(self) -> None:
        """What an earlier call has put there and does not belong to it any more. Nothing else is removed."""
        for name in set(self.sums_before) - set(self.hashes):
            path = self.folder / name
            if path.is_file() and sha256(path) == self.sums_before[name]:
                path.unlink()
