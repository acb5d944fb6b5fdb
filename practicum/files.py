"""The files of a folder, a .zip or a .tar alike: where they are, what is in them, and which are none to look into."""

import io
import os
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from practicum.archives import DAMAGE
from practicum.cache import entries_of
from practicum.decoding import MOST_BYTES, Piece, Source
from practicum.kinds import ENDINGS, HEAD, ending_of
from practicum.layout import path_parts
from practicum.reasons import Note
from practicum.tar_list import Member, member_of, quick_list

HOW_TO_ARRANGE = "Make one folder for each class and put its images into it."
WINDOWS_NOTES = ("thumbs.db", "ehthumbs.db", "desktop.ini")


class Files:
    """What a folder or an archive holds.

    paths: of the files that may be images, sorted; with / between names, from the folder or the archive's root on.
    folders: of all folders, sorted.
    notes: why any other file is not among paths.
    heads: the first bytes of each of paths whose name does not say image.
    """

    def __init__(self, origin: Path) -> None:
        self.origin = origin
        self.paths: list[str] = []
        self.folders: list[str] = []
        self.notes: dict[str, Note] = {}
        self.heads: dict[str, bytes] = {}

    def read(self, wanted: set[str]) -> Iterator[tuple[str, Source]]:
        """(path, source) of each wanted file, in the order in which they are quickest to read.

        The source is the content of a file in a packed archive; else where it lies, for whoever decodes it to read.
        """
        raise NotImplementedError

    def bytes_of(self, path: str) -> int:
        """How large the file is, as far as can be told without opening it; 0 where it cannot be read."""
        raise NotImplementedError

    def _sort(self) -> None:
        self.paths.sort()
        self.folders.sort()


def open_files(origin: Path) -> Files:
    """The files of a folder, a .zip or a .tar (also a packed one).

    Raises:
        ValueError: origin is none of them, or cannot be read.
    """
    try:
        if origin.is_dir():
            return InFolder(origin)
        if zipfile.is_zipfile(origin):
            return InZip(origin)
        if tarfile.is_tarfile(origin):
            return InTar(origin)
    except DAMAGE as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise ValueError(
            f"load: {origin} cannot be read to its end ({reason}). Copy or download it again, or pass another folder."
        ) from None
    raise ValueError(
        f"load: {origin} is neither a folder nor a .zip or .tar archive that can be read. {HOW_TO_ARRANGE} "
        "Pass that folder, or an archive of it."
    )


def system_note(path: str) -> Note | None:
    """Why a file is none of the learner's own, told by its path; None for the others."""
    name = path[path.rfind("/") + 1 :]
    if name.lower() in WINDOWS_NOTES:
        return Note("windows_notes")
    if path[0] not in "._" and "/." not in path and "/__MACOSX/" not in path:
        return None
    folders = path_parts(path)[:-1]
    if "__MACOSX" in folders:
        return Note("mac_folder")
    if ".ipynb_checkpoints" in folders:
        return Note("checkpoints")
    if name.startswith("._"):
        return Note("mac_side_file")
    if name == ".DS_Store":
        return Note("mac_notes")
    return Note("hidden") if any(part.startswith(".") for part in (*folders, name)) else None


class InFolder(Files):
    """The files of a folder and of those in it."""

    def __init__(self, origin: Path) -> None:
        super().__init__(origin)
        start = len(os.fspath(origin / "x")) - 1
        root = os.path.realpath(origin)
        closed: list[str] = []
        for entry in entries_of(origin, closed):
            path = entry.path[start:].replace(os.sep, "/")
            if entry.is_symlink():
                note = _note_on_link(entry, root)
            elif entry.is_dir():
                self.folders.append(path)
                continue
            else:
                note = None if entry.is_file() else Note("special")
            self._add(path, entry.path, system_note(path) or note)
        for folder in closed:
            if len(folder) < start:
                raise ValueError(f"load: the folder {origin} cannot be opened. Give yourself the right to open it.")
            self.notes[folder[start:].replace(os.sep, "/") + "/"] = Note("unreadable_folder")
        self._sort()

    def _add(self, path: str, place: str, note: Note | None) -> None:
        if note is None and ending_of(path) not in ENDINGS:
            try:
                with open(place, "rb", buffering=0) as file:  # noqa: PTH123 (as in decoding)
                    self.heads[path] = file.read(HEAD)
            except OSError as error:
                note = Note("unreadable", error.strerror or str(error))
        if note is None:
            self.paths.append(path)
        else:
            self.notes[path] = note

    def read(self, wanted: set[str]) -> Iterator[tuple[str, Source]]:
        return ((path, f"{self.origin}{os.sep}{path}") for path in self.paths if path in wanted)

    def bytes_of(self, path: str) -> int:
        with suppress(OSError):
            return (self.origin / path).stat().st_size
        return 0


def _note_on_link(entry: "os.DirEntry[str]", root: str) -> Note | None:
    """Why a link does not count; None for one to a file in the same folder."""
    target = os.path.realpath(entry.path)
    if target != root and not target.startswith(root + os.sep):
        return Note("link_out", f"to {target}")
    try:
        mode = os.stat(target).st_mode  # noqa: PTH116 (a str)
    except OSError:
        return Note("link_broken")
    if stat.S_ISDIR(mode):
        return Note("link_folder")
    return None if stat.S_ISREG(mode) else Note("special")


class _InArchive(Files):
    """What .zip and .tar have in common. Nothing is unpacked."""

    def _add(self, path: str, size: int, note: Note | None, head: Callable[..., bytes], *arguments: Any) -> None:
        """Take a file in, which counts in place of an earlier one of its path.

        head, with arguments: gives the file's first bytes.
        """
        self.notes.pop(path, None)
        self.heads.pop(path, None)
        note = Note("path_out") if ".." in path and ".." in path_parts(path) else system_note(path) or note
        if note is None and size > MOST_BYTES:
            note = Note("too_large", f"{size / 1e6:,.0f} MB")
        if note is None and ending_of(path) not in ENDINGS:
            self.heads[path] = head(*arguments)
        if note is not None:
            self.notes[path] = note


def _tidy(name: str) -> str:
    """A name in an archive, without . and what else says nothing."""
    if name.startswith(("./", "/")) or "//" in name or "/./" in name or name.endswith(("/", "/.")) or name == ".":
        return "/".join(path_parts(name))
    return name


class InZip(_InArchive):
    """The files of a .zip."""

    def __init__(self, origin: Path) -> None:
        super().__init__(origin)
        self._entries: dict[str, zipfile.ZipInfo] = {}
        with zipfile.ZipFile(origin) as archive:
            entries = archive.infolist()
            # Old programs for Windows write \ between the names.
            windows = any("\\" in entry.filename for entry in entries) and not any(
                "/" in entry.filename for entry in entries
            )
            for entry in entries:
                name = entry.filename.replace("\\", "/") if windows else entry.filename
                path = _tidy(name)
                if name.endswith("/"):
                    self.folders.append(path)
                elif path:
                    self._entries[path] = entry
                    self._add(path, entry.file_size, _note_on_entry(entry), _start, archive, entry)
        self.paths = [path for path in self._entries if path not in self.notes]
        self._sort()

    def read(self, wanted: set[str]) -> Iterator[tuple[str, Source]]:
        with zipfile.ZipFile(self.origin) as archive:
            for path in self.paths:
                if path in wanted:
                    yield path, _content(archive, self._entries[path])

    def bytes_of(self, path: str) -> int:
        return self._entries[path].file_size


def _note_on_entry(entry: zipfile.ZipInfo) -> Note | None:
    if stat.S_ISLNK(entry.external_attr >> 16):
        return Note("link_in_archive")
    return Note("encrypted") if entry.flag_bits & 1 else None


def _start(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    try:
        with archive.open(entry) as file:
            return file.read(HEAD)
    except DAMAGE:
        return b"?"  # whatever it is, no image that could be read


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Source:
    try:
        return archive.read(entry)
    except DAMAGE as error:
        return Note("damaged", f"in the archive: {error}")


class InTar(_InArchive):
    """The files of a .tar, which may be packed as a whole (.tar.gz)."""

    def __init__(self, origin: Path) -> None:
        super().__init__(origin)
        self._places: dict[str, tuple[int, int]] = {}  # where the content of each file begins, and how long it is
        members = quick_list(origin)
        if members is None:
            with tarfile.open(origin) as archive:
                self._packed = not isinstance(archive.fileobj, io.BufferedReader)
                self._take(map(member_of, archive), archive.fileobj)
        else:
            self._packed = False
            with origin.open("rb") as stream:
                self._take(members, stream)
        self.paths = [path for path in self._places if path not in self.notes]
        self.folders = list(dict.fromkeys(self.folders))
        self._in_order = sorted(self.paths, key=self._places.__getitem__)  # nearly as they stand
        self._sort()

    def _take(self, members: Iterable[Member], stream: Any) -> None:
        for name, kind, offset, size, target in members:
            path = _tidy(name)
            if kind == tarfile.DIRTYPE:
                self.folders.append(path)
            elif path:
                note = None
                place = (offset, size)
                # A second name of a file is as good as the first.
                if kind == tarfile.LNKTYPE and (first := _tidy(target)) in self._places:
                    place = self._places[first]
                elif kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
                    note = Note("link_in_archive")
                elif kind not in (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE):
                    note = Note("special")
                # Of a path that stands in it twice, the last one counts, as when it is unpacked.
                self._places[path] = place
                self._add(path, place[1], note, _read_at, stream, place[0], min(HEAD, place[1]))

    def read(self, wanted: set[str]) -> Iterator[tuple[str, Source]]:
        found = (path for path in self._in_order if path in wanted)
        if not self._packed:
            origin = os.fspath(self.origin)
            yield from ((path, Piece(origin, *self._places[path])) for path in found)
            return
        with tarfile.open(self.origin) as archive:
            last, content = (-1, 0), b""
            for path in found:
                place = self._places[path]
                if place != last:  # else one file under two names: going back would mean to unpack from the start
                    last, content = place, _read_at(archive.fileobj, *place)
                yield path, content

    def bytes_of(self, path: str) -> int:
        return self._places[path][1]


def _read_at(stream: Any, offset: int, size: int) -> bytes:
    stream.seek(offset)
    return stream.read(size)
