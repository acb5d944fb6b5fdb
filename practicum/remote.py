"""One file over HTTP: resumed where it was cut off, by one process at a time, checked, and only then given its name."""

import contextlib
import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from practicum import progress
from practicum.checked_files import (
    FetchError,
    RemoteFile,
    alone,
    beside,
    disk_faults_in_words,
    fault,
    is_good,
    keep,
    see_room,
)
from practicum.connection import CutOff, Failure, Limits, get, refusal

if TYPE_CHECKING:
    import httpx

Show = Callable[[int], None]


class _NoRestError(Exception):
    """What is missing cannot be had alone; the same address may be asked for the whole file."""


def fetch_file(file: RemoteFile, folder: Path, *, limits: Limits | None = None) -> Path:
    """The file in folder; fetched unless a good one is there.

    At no time is anything but the whole, checked file under its name. What has come before an interruption stays beside
    it as NAME.part, and the next call goes on from there. Of several processes one fetches, and the others wait for it.

    Args:
        file: what to fetch.
        folder: where to; it is made if it is not there.
        limits: how long to wait for what.

    Raises:
        FetchError: no address gave it, the folder cannot be written, or it has no room.
    """
    path = folder / file.name
    if is_good(file, path):
        return path
    since = time.time()
    with alone(path):
        if is_good(file, path):  # another process was fetching it
            return path
        failed = beside(path, "failed")
        if failed.is_file() and failed.stat().st_mtime >= since:
            raise FetchError(failed.read_text(encoding="utf-8"))  # of thirty processes, one finds out for all
        with disk_faults_in_words(folder):
            failed.unlink(missing_ok=True)
            path.unlink(missing_ok=True)  # it is damaged, or it is not there
            _Fetching(file, path, limits or Limits()).run()
    return path


class _Fetching:
    """One file on its way: from any of its addresses into its part, and from there to its name."""

    def __init__(self, file: RemoteFile, path: Path, limits: Limits) -> None:
        self.file, self.path, self.limits = file, path, limits
        self.part, self.origin = beside(path, "part"), beside(path, "part.json")

    def run(self) -> None:
        have = self._size()
        if have > self.file.size or (have == self.file.size and fault(self.file, self.part, self.path)):
            self.part.unlink()
            have = 0
        if have < self.file.size:  # else it was killed just before the end
            see_room(self.path.parent, self.file.size - have)
            self._from_any_address()
        keep(self.file, self.part, self.path)

    def _from_any_address(self) -> None:
        why: dict[str, str] = {}
        left = list(self.file.addresses)
        waits: list[float] = []
        with progress.transfer(f"fetching {self.file.name}", self.file.size) as show:
            for _ in range(self.limits.rounds):
                time.sleep(max(waits, default=0.0))
                asked, left, waits = left, [], [self.limits.pause]
                for address in asked:
                    try:
                        return self._from_address(address, show)
                    except Failure as failure:
                        why[address] = str(failure)
                        progress.note(f"{address}: {failure}")
                        if failure.temporary:
                            left.append(address)
                            waits.append(failure.wait)
                if not left:
                    break
        raise self._error(why)

    def _error(self, why: dict[str, str]) -> FetchError:
        have = progress.megabytes(self._size()) if self._size() else ""
        kept = f" {have} are kept; the next call goes on from there." if have else ""
        tried = "; ".join(f"{address} ({reason})" for address, reason in why.items())
        error = FetchError(f"{self.file.name} could not be fetched. Tried {tried}.{kept}")
        with contextlib.suppress(OSError):
            beside(self.path, "failed").write_text(str(error), encoding="utf-8")
        return error

    def _from_address(self, address: str, show: Show) -> None:
        """Fill the part with what the file should be.

        Raises:
            Failure: the address does not give it.
        """
        cut_off, whole = None, False
        for _ in range(self.limits.drops + 1):
            before, start = self._size(), time.monotonic()
            try:
                first = self._receive(address, show, whole=whole)
            except _NoRestError:
                whole = True
                continue
            except CutOff as cut:
                cut_off = cut
                if self._size() - before <= self.limits.slowest * (time.monotonic() - start):
                    raise  # it gives less and less
                continue
            wrong = fault(self.file, self.part, self.path)
            if wrong is None:
                return
            self.part.unlink()
            if first == 0:
                raise Failure(wrong)
            # What had come before may be to blame: once more, from the start.
        raise cut_off or Failure("the file changes while it is fetched")

    def _receive(self, address: str, show: Show, *, whole: bool) -> int:
        """Ask for what is missing, or for the whole, and write it. Give the place of the first byte that came."""
        have = self._size()
        validator = self._validator(address)
        if whole or (self.file.sha256 is None and validator is None):
            have = 0  # nobody could tell whether the two halves belong together
        headers = {}
        if have:
            headers = {"Range": f"bytes={have}-", **({"If-Range": validator} if validator else {})}
        with get(address, headers, self.limits) as (response, pieces):
            first = self._first_byte(response, have, validator)
            self._remember(address, response)
            with self.part.open("r+b" if first else "wb", buffering=0) as out:
                out.truncate(first)
                out.seek(first)
                self._write(out, pieces, first, show)
        return first

    def _first_byte(self, response: "httpx.Response", have: int, validator: str | None) -> int:
        """Where what the server sends belongs: 0, or where the part ends. The part is only given up for the whole file.

        Raises:
            Failure: it sends something else.
        """
        size = self.file.size
        if response.status_code == 416 and have:
            raise _NoRestError
        if response.status_code == 206 and have:
            given = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", response.headers.get("content-range", ""))
            if given is None or int(given[1]) != have or given[3] not in (str(size), "*"):
                raise Failure(f"sends {response.headers.get('content-range')!r}, not bytes {have}-{size - 1}/{size}")
            if validator and _version(response, like=validator) not in (validator, ""):
                raise _NoRestError
            return have
        if response.status_code != 200:
            raise refusal(response)
        kind, length = response.headers.get("content-type", ""), response.headers.get("content-length", "")
        page = ", a web page; does the network ask to log in?" if kind.startswith("text/html") else ""
        if length.isdecimal() and int(length) != size:
            packed = response.headers.get("content-encoding")
            raise Failure(
                f"sends {int(length):,} bytes{f' (content-encoding {packed})' if packed else ''} where {size:,} are "
                f"expected{page}"
            )
        if page and not length:
            raise Failure(f"sends {kind.split(';')[0]}{page}")
        return 0

    def _write(self, out: BinaryIO, pieces: Iterator[bytes], done: int, show: Show) -> None:
        """Write what comes, at once: after a kill everything that has come is in the part."""
        show(done)
        for piece in pieces:
            if done + len(piece) > self.file.size:
                self.part.unlink()
                raise Failure(f"sends more than the {self.file.size:,} bytes expected")
            left = memoryview(piece)
            while left:
                left = left[out.write(left) :]
            done += len(piece)
            show(done)
        if done < self.file.size:
            raise CutOff(f"ended after {done:,} of {self.file.size:,} bytes")

    def _size(self) -> int:
        return self.part.stat().st_size if self.part.is_file() else 0

    def _remember(self, address: str, response: "httpx.Response") -> None:
        """Write down which version of the file the part is of: an ETag if it stands for every byte, else a date."""
        tag = response.headers.get("etag", "")
        validator = tag if tag.startswith('"') else response.headers.get("last-modified")
        self.origin.write_text(json.dumps({"address": address, "validator": validator}), encoding="utf-8")

    def _validator(self, address: str) -> str | None:
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            origin = json.loads(self.origin.read_text(encoding="utf-8"))
            if origin["address"] == address:
                return origin["validator"]
        return None


def _version(response: "httpx.Response", *, like: str) -> str:
    """The response's ETag or date, whichever like is; "" where it does not say, as a part need not."""
    return response.headers.get("etag" if like.startswith('"') else "last-modified", "")
