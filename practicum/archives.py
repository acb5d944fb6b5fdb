"""See that an archive holds nothing but plain files of a bearable size, before anything of it is read.

Nothing is ever unpacked to disk: files are decoded from the archive. Still, a member that points out of the archive, or
that unpacks to a thousand times its size, says that the archive is not what it should be.
"""

import gzip
import io
import re
import stat
import tarfile
import zipfile
import zlib
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

# What the standard library raises for an archive that was cut short or changed.
BROKEN = (OSError, EOFError, zlib.error, tarfile.TarError, zipfile.BadZipFile)
DAMAGE = (*BROKEN, NotImplementedError)  # the last for what is packed in a way that it does not know
MOST_BYTES = 4_000_000_000  # that an archive may unpack to where nothing better is known
MOST_HEADERS = 20_000_000  # bytes around the members
MOST_AT_ONCE = 64_000_000  # bytes taken into memory in one go
DRAINED = 1_000_000
TAR_KINDS = {
    tarfile.SYMTYPE: "a symbolic link",
    tarfile.LNKTYPE: "a hard link",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.FIFOTYPE: "a named pipe",
    tarfile.GNUTYPE_SPARSE: "a sparse file",
}


class ArchiveError(ValueError):
    """An archive holds a member that no dataset has. The message names it."""


@contextmanager
def open_tar(path: Path, *, most_bytes: int = MOST_BYTES) -> Iterator[tarfile.TarFile]:
    """A .tar or .tar.gz, of which no more than most_bytes are ever unpacked, and not many at once.

    Raises:
        ArchiveError: there are more.
        OSError, EOFError, zlib.error, tarfile.TarError: no whole archive.
    """
    with path.open("rb") as raw:
        gzipped = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        unpacked = cast(IO[bytes], gzip.GzipFile(fileobj=raw)) if gzipped else raw
        bounded = _Bounded(unpacked, most_bytes + MOST_HEADERS, path)
        with tarfile.open(fileobj=bounded, mode="r:") as archive:
            yield archive
        while bounded.read(DRAINED):  # the checksum of a gzip file stands at its very end
            pass


class _Bounded(io.RawIOBase):
    """Reads file, but not beyond its first so many bytes. (tarfile reads an extended header whole, however large.)"""

    def __init__(self, file: IO[bytes], most_bytes: int, path: Path) -> None:
        self.file, self.most_bytes, self.path = file, most_bytes, path

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.file.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        target = offset if whence == io.SEEK_SET else self.file.tell() + offset
        self._see(target)
        return self.file.seek(target)

    def read(self, size: int = -1) -> bytes:
        if size > MOST_AT_ONCE:
            raise ArchiveError(f"{self.path} has a piece of {size:,} bytes; at most {MOST_AT_ONCE:,} are expected.")
        room = self.most_bytes - self.file.tell() + 1
        content = self.file.read(room if size < 0 else min(size, room))
        self._see(self.file.tell())
        return content

    def _see(self, position: int) -> None:
        if position > self.most_bytes:
            raise ArchiveError(f"{self.path} unpacks to more than {self.most_bytes:,} bytes. Do not use it.")


def check_tar(archive: tarfile.TarFile, path: Path, *, most_bytes: int = MOST_BYTES) -> Iterator[tarfile.TarInfo]:
    """The plain files among the members, one after the other, each only after it was found harmless.

    Raises:
        ArchiveError: a member is a link, a device or has a path out of the archive; or all are too large together.
    """
    total = 0
    for member in archive:
        kind = "a sparse file" if member.issparse() else TAR_KINDS.get(member.type)
        if kind is None and not (member.isfile() or member.isdir()):
            kind = "of an unknown kind"
        total += member.size
        _refuse_bad(path, member.name, kind, member.size, total, most_bytes)
        if member.isfile():
            yield member


def check_zip(archive: zipfile.ZipFile, path: Path, *, most_bytes: int = MOST_BYTES) -> list[zipfile.ZipInfo]:
    """The plain files among the members. Raises as check_tar does."""
    total = 0
    for member in archive.infolist():
        mode = member.external_attr >> 16 if member.create_system == 3 else 0  # 3: made on Unix
        kind = None
        if stat.S_ISLNK(mode):
            kind = "a symbolic link"
        elif stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
            kind = "a device"
        elif member.flag_bits & 1:
            kind = "encrypted"
        total += member.file_size
        _refuse_bad(path, member.orig_filename, kind, member.file_size, total, most_bytes)
    return [member for member in archive.infolist() if not member.is_dir()]


def check(path: Path) -> None:
    """See that a .zip, .tar or .tar.gz holds plain files of a bearable size; a folder may hold what it likes.

    Raises:
        ArchiveError: it does not.
        ValueError: it is damaged.
    """
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                check_zip(archive, path)
        elif path.is_file():
            with open_tar(path) as tar:
                deque(check_tar(tar, path), maxlen=0)
    except DAMAGE as error:
        raise ValueError(f"load: {path} is no whole archive ({error}). Fetch it again.") from None


def _refuse_bad(path: Path, name: str, kind: str | None, size: int, total: int, most_bytes: int) -> None:
    why = None
    if kind is not None:
        why = f"is {kind}, where only plain files are expected"
    elif _leads_out(name):
        why = "has a path that leads out of the archive"
    elif total > most_bytes:
        why = f"unpacks to {size:,} bytes, {total:,} with those before it, where at most {most_bytes:,} are expected"
    if why:
        raise ArchiveError(f"{path}: its member {name!r} {why}. Nothing of it is used. Fetch the archive again.")


def _leads_out(name: str) -> bool:
    """True for /x, \\x, C:x, ../x and a/../../x, as any system understands them; also for a name with a zero byte."""
    return (
        name.startswith(("/", "\\"))
        or bool(re.match(r"[A-Za-z]:", name))
        or "\0" in name
        or (".." in re.split(r"[/\\]", name))
    )


def gunzip(path: Path, most_bytes: int) -> bytes:
    """What a gzip file holds.

    Raises:
        ArchiveError: more than most_bytes.
        OSError, EOFError, zlib.error: no whole gzip file.
    """
    with gzip.open(path) as file:
        content = file.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise ArchiveError(f"{path} unpacks to more than {most_bytes:,} bytes. Do not use it.")
    return content
