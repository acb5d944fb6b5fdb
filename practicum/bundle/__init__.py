"""Everything for a room without internet in one folder: the course, its data, its packages, a script that starts it."""

import contextlib
import hashlib
import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from practicum import __version__, download, progress
from practicum.bundle.course import MAKE, Course, Pages, built_pages, open_course, other_notebooks
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
from practicum.bundle.words import outdated, readme, unfinished
from practicum.checked_files import sha256
from practicum.locks import hold

__all__ = ["NAMES", "PYTHONS", "Bundle", "BundleError", "Comparison", "compare", "make_bundle"]

COURSE, PAGES = "course", "site"
FIRST_PAGE = f"{PAGES}/index.html"
NOTED = f"{PARTIAL}/put"  # what an interrupted call was about to put there, in the format of SHA256SUMS
STATIC = Path(__file__).resolve().parent.parent / "static" / "bundle"


@dataclass(frozen=True)
class Bundle:
    """A finished bundle.

    commit: of the course; None if its folder is no git checkout.
    changed: files that differ from the commit, or are not in it, and so are not in the bundle either.
    targets: the machines that it has packages for, with those of an earlier call.
    datasets: name -> where it lies in the bundle.
    absent: name -> why it is not in the bundle. Empty if data was not asked for.
    site: the first of the course's pages in the bundle; None if they are not in it.
    site_advice: how to get them into it, or why to build them anew; "" if there is nothing to do.
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
    site: str | None
    site_advice: str
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
    to: Path,
    *,
    course: Path | None = None,
    platforms: list[str],
    pythons: list[str],
    data: bool = True,
    site: bool = True,
) -> Bundle:
    """Put everything that a room without internet needs into a folder.

    A call that was interrupted, or failed, has lost nothing: the next one keeps what is there whole. What an earlier
    call for other platforms, with data or with pages, has put there stays.

    Args:
        to: the folder; it is made if it is not there.
        course: the folder of the whole course; by default the one that this package lies in.
        platforms, pythons: which machines are to find packages; by default those like this one.
        data: whether to add the datasets that are not in the repository.
        site: whether to add the course as pages, if they have been built.

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
            bundle = _Filling(folder, source, targets, data=data, site=site).run()
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

    def __init__(self, folder: Path, source: Course, targets: list[Target], *, data: bool, site: bool) -> None:
        self.folder, self.source, self.data, self.site = folder, source, data, site
        self.before: dict[str, Any] = {}
        self.sums_before: dict[str, str] = {}
        with contextlib.suppress(OSError, ValueError):  # there is none yet
            self.before = json.loads((folder / FACTS_FILE).read_text(encoding="utf-8"))
            self.sums_before = read_sums(folder)
        earlier = [Target(each["platform"], each["python"]) for each in self.before.get("targets", [])]
        self.targets = tuple(sorted({*earlier, *targets}))
        self.ours = {*self.sums_before.items(), *_noted(folder)}
        self.hashes: dict[str, str] = {}
        self.written = 0

    def run(self) -> Bundle:
        write(self.folder, UNFINISHED, unfinished().encode())
        site_advice = self._add_pages(self._add_course())
        there, absent = self._add_data()
        wheelhouse = self._add_wheels()
        sizes = self._sizes()
        site = FIRST_PAGE if FIRST_PAGE in self.hashes else None
        facts = {
            "format": 1,
            "version": __version__,
            "commit": self.source.commit,
            "files_changed_since": len(self.source.changed),
            "targets": self.facts_of_targets,
            "datasets": there,
            "absent": [name for name in download.DATASETS if name not in there],
            "site": site,
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
        return Bundle(
            *(self.folder, self.source.commit, self.source.changed, self.targets, there, absent),
            *(site, site_advice, sizes, len(self.hashes) + 1, fetched, self.written),
        )

    def _put(self, name: str, content: bytes, *, executable: bool = False) -> None:
        self.written += write(self.folder, name, content, executable=executable)
        self.hashes[name] = sha256(self.folder / name)

    def _put_all(self, part: str, files: list[tuple[str, bytes, bool]], what: str) -> None:
        """Put files into a part of the bundle, having written down first that they are to be there.

        So a call that goes on after an interruption knows its own files from a stranger's, and removes what has become
        old since.
        """
        with (self.folder / NOTED).open("a", encoding="utf-8") as noted:
            noted.write("\n")  # an interrupted call may have left half a line
            noted.writelines(f"{hashlib.sha256(content).hexdigest()}  {part}/{name}\n" for name, content, _ in files)
        for name, content, executable in progress.track(files, what, len(files)):
            self._put(f"{part}/{name}", content, executable=executable)

    def _add_course(self) -> dict[str, bytes]:
        files = list(self.source.files())
        see_portable(name for name, _, _ in files)
        self._put_all(COURSE, files, "copying the course")
        return {name: content for name, content, _ in files}

    def _add_pages(self, course: dict[str, bytes]) -> str:
        """Put the course there as pages, or keep those that are there; gives what should be done about them, or ""."""
        found = built_pages(self.source.folder) if self.site else Pages({})
        if found.files:
            see_portable(f"build/site/{name}" for name in found.files)
            self._put_all(PAGES, [(name, content, False) for name, content in found.files.items()], "copying the pages")
            return outdated(other_notebooks(course, found.files), [], self.source.changed)
        kept = {}
        if (self.folder / FIRST_PAGE).is_file():
            kept = {name: hash_ for name, hash_ in self.sums_before.items() if name.startswith(f"{PAGES}/")}
            self.hashes |= kept
        if FIRST_PAGE not in kept:
            return found.advice
        pages = {name.removeprefix(f"{PAGES}/"): self._content(name) for name in kept}
        harmed = [
            name for name, content in pages.items() if hashlib.sha256(content).hexdigest() != kept[f"{PAGES}/{name}"]
        ]
        return outdated(other_notebooks(course, pages), harmed, self.source.changed) or (
            f"they are of an earlier call: {found.advice}" if found.advice not in ("", MAKE) else ""
        )

    def _content(self, name: str) -> bytes:
        """b"" where it is not there, or cannot be read."""
        try:
            return (self.folder / name).read_bytes()
        except OSError:
            return b""

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
        sizes = dict.fromkeys((COURSE, PAGES, DATASETS, WHEELS), 0)
        for name in self.hashes:
            part = name.partition("/")[0]
            if part in sizes and (self.folder / name).is_file():  # pages that were kept may be damaged
                sizes[part] += (self.folder / name).stat().st_size
        return sizes

    def _remove_what_is_old(self) -> None:
        """What an earlier call has put there and does not belong to it any more. Nothing else is removed."""
        named = {name.lower(): name for name in self.hashes}
        for name, hash_ in self.ours:
            path, twin = self.folder / name, named.get(name.lower())
            if name == twin or not path.is_file() or sha256(path) != hash_:
                continue
            if twin and path.samefile(self.folder / twin):
                continue  # a stick does not tell capitals: it is the new one
            path.unlink()
            self._remove_empty(path.parent)

    def _remove_empty(self, place: Path) -> None:
        with contextlib.suppress(OSError):  # it holds something else
            while place != self.folder:
                place.rmdir()
                place = place.parent


def _noted(folder: Path) -> set[tuple[str, str]]:
    """(name, hash) of what an interrupted call was about to put into a bundle."""
    with contextlib.suppress(OSError):
        text = (folder / NOTED).read_text(encoding="utf-8", errors="replace")
        return {(name, hash_) for hash_, name in re.findall(r"^([0-9a-f]{64})  (.+)$", text, re.M)}
    return set()
