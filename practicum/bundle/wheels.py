"""The wheelhouse: for each kind of machine a wheel of each package that the lock names, fetched by pip."""

import contextlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from practicum import places, progress
from practicum.bundle.lock import Pin
from practicum.bundle.sums import PARTIAL, BundleError, in_words
from practicum.bundle.targets import LAST_MICRO, Target
from practicum.checked_files import sha256

WHEELS = "wheels"
AT_A_TIME = 4  # calls of pip: most of one is starting Python and waiting for the index
NO_CONNECTION = re.compile(
    r"Could not fetch URL .*connection error"
    r"|NewConnectionError|ConnectTimeout|ReadTimeout|name resolution|getaddrinfo|ProxyError|SSLError|Max retries"
    r"|Connection(Reset|Aborted|Refused)?Error|RemoteDisconnected|IncompleteRead|ProtocolError|problem confirming"
    r"|HTTP error 5\d\d|\b50[234] Server Error",
    re.I,
)


@dataclass(frozen=True)
class Need:
    """That one kind of machine needs one package."""

    pin: Pin
    target: Target

    def __str__(self) -> str:
        return f"{self.pin} for {self.target}"


class Wheelhouse:
    """The wheels of a bundle.

    hashes: SHA-256 of each wheel that the lock knows, by file name.
    fetched: names of those that this process has fetched.
    """

    def __init__(self, bundle: Path, pins: list[Pin]) -> None:
        self.bundle, self.folder = bundle, bundle / WHEELS
        self.known = frozenset().union(*(pin.hashes for pin in pins))
        self.hashes: dict[str, str] = {}
        self.fetched: list[str] = []
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopped = False
        self._take_what_is_left_over()
        present = sorted(self.folder.glob("*.whl"))
        for path in progress.track(present, "checking the wheels that are there", len(present)) if present else ():
            self._add(path)

    def fill(self, needs: list[Need]) -> dict[Target, list[str]]:
        """Have a wheel for each need; names of each target's.

        Raises:
            BundleError: a wheel is not to be had. Those that have come are kept.
        """
        missing: dict[Pin, list[Need]] = {}
        for need in needs:
            if self._wheel_for(need) is None:
                missing.setdefault(need.pin, []).append(need)
        if missing:
            with ThreadPoolExecutor(AT_A_TIME) as several, self._ending_pip():
                fetching = several.map(self._fetch_for, missing.values())
                for _ in progress.track(fetching, "fetching packages", len(missing)):
                    pass
        wheels: dict[Target, list[str]] = {}
        for need in needs:
            wheel = self._wheel_for(need)
            if wheel is None:
                raise BundleError(f"workshop bundle: pip gave no wheel of {need} that the lock names.")
            wheels.setdefault(need.target, []).append(wheel)
        return wheels

    def add_pip(self) -> str | None:
        """This Python's own wheel of pip, for machines whose Python has none (Debian's); None if it has none, too."""
        spec = importlib.util.find_spec("ensurepip")
        origin = Path(spec.origin).parent if spec and spec.origin else Path()
        found = sorted(origin.glob("_bundled/pip-*.whl")) if spec else []
        if not found:
            return None
        path = found[-1]
        if not (self.folder / path.name).is_file() or sha256(self.folder / path.name) != sha256(path):
            part = self._part()
            (part / path.name).write_bytes(path.read_bytes())
            self._keep(part / path.name)
        self.hashes[path.name] = sha256(self.folder / path.name)
        return path.name

    def _wheel_for(self, need: Need) -> str | None:
        from packaging.utils import InvalidWheelFilename, parse_wheel_filename

        tags = _tags(need.target)
        for name, hash_ in list(self.hashes.items()):  # other threads add to it
            if hash_ in need.pin.hashes:
                with contextlib.suppress(InvalidWheelFilename):
                    if parse_wheel_filename(name)[3] & tags:
                        return name
        return None

    def _fetch_for(self, needs: list[Need]) -> None:
        """All wheels of one package that are missing, one after the other: what suits one machine may suit the next."""
        for need in needs:
            if not self._stopped and self._wheel_for(need) is None:
                self._fetch(need)

    def _fetch(self, need: Need) -> None:
        part = self._part()
        (part / "requirement.txt").write_text(need.pin.line, encoding="utf-8")
        words = [word for each in need.target.platforms for word in ("--platform", each)]
        command = [
            *(sys.executable, "-m", "pip", "download", "-vv", "--disable-pip-version-check", "--no-input"),
            *("--progress-bar", "off", "--no-deps", "--require-hashes", "--only-binary", ":all:", "--dest", str(part)),
            *("--python-version", f"{need.target.python}.{LAST_MICRO}", *words),
            *(("--no-index",) if places.offline() else ()),
            *("--requirement", str(part / "requirement.txt")),
        ]
        # Its temporary files stand in the bundle: one disk only needs room, and a kill leaves nothing elsewhere.
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(part))},
        )
        self._running.add(process)
        said = process.communicate()[0].decode("utf-8", "replace")
        self._running.discard(process)
        if process.returncode:
            raise BundleError(_in_words(need, said, self.bundle))
        for path in part.glob("*.whl"):
            self._keep(path)
            self.fetched.append(path.name)

    def _part(self) -> Path:
        """A folder of its own for what is not whole yet."""
        try:
            (self.bundle / PARTIAL).mkdir(exist_ok=True)
            return Path(tempfile.mkdtemp(prefix="wheel-", dir=self.bundle / PARTIAL))
        except OSError as error:
            raise in_words(self.bundle, error) from None

    def _keep(self, path: Path) -> None:
        """Give a whole wheel its name."""
        try:
            self.folder.mkdir(exist_ok=True)
            with path.open("rb+") as written:
                os.fsync(written.fileno())
            os.replace(path, self.folder / path.name)
        except OSError as error:
            raise in_words(self.bundle, error) from None
        self._add(self.folder / path.name)

    def _add(self, path: Path) -> None:
        try:
            hash_ = sha256(path)
        except OSError:
            return  # it is fetched anew
        if hash_ in self.known:
            self.hashes[path.name] = hash_

    def _take_what_is_left_over(self) -> None:
        """Keep the whole wheels of a process that was killed before it could give them their names."""
        for path in sorted((self.bundle / PARTIAL).glob("wheel-*/*.whl")):
            if sha256(path) in self.known:
                self._keep(path)
        for folder in (self.bundle / PARTIAL).glob("wheel-*"):
            shutil.rmtree(folder, ignore_errors=True)

    @contextlib.contextmanager
    def _ending_pip(self) -> Iterator[None]:
        """End every pip that is at work when one has failed, or when somebody presses Ctrl-C."""
        try:
            yield
        finally:
            self._stopped = True
            for process in list(self._running):
                process.terminate()


@cache
def _tags(target: Target) -> frozenset[object]:
    """What may stand at the end of the names of wheels for a kind of machine."""
    from packaging.tags import compatible_tags, cpython_tags

    major, minor = map(int, target.python.split("."))
    platforms = _mac_platforms(target.platform) or target.platforms
    short = f"cp{major}{minor}"
    return frozenset(
        [
            *cpython_tags((major, minor), abis=[short], platforms=platforms),
            *compatible_tags((major, minor), short, platforms),
        ]
    )


def _mac_platforms(platform: str) -> list[str]:
    from packaging.tags import mac_platforms

    found = re.fullmatch(r"macosx_(\d+)_(\d+)_arm64", platform)
    return list(mac_platforms((int(found[1]), int(found[2])), "arm64")) if found else []


def _in_words(need: Need, said: str, folder: Path) -> str:
    """Why pip gave no wheel, in one line."""
    kept = "What has come is kept; give the same command again."
    errors = re.findall(r"^ERROR: (?!Exception:)(.*)$", said, re.M)
    errors = errors or [line for line in said.splitlines() if line.startswith(("OSError", "PermissionError"))]
    errors = errors or said.strip().splitlines() or ["nothing was said"]
    last = errors[-1].strip()[:300]
    if "No module named pip" in said:
        return (
            f"workshop bundle: this Python has no pip. Next: {sys.executable} -m ensurepip, then the same command "
            "again."
        )
    if "No space left on device" in said or "Errno 28" in said:
        return f"workshop bundle: the folder {folder} has no room for {need}. Make room. {kept}"
    if "DO NOT MATCH THE HASHES" in said:
        return (
            f"workshop bundle: the package index gave another file of {need} than requirements.lock names, so "
            "it was not "
            "taken. Is an index of your own set up for pip (pip config list)?"
        )
    if places.offline() and "No matching distribution" in said:
        return (
            f"workshop bundle: {need} is not here, and PRACTICUM_OFFLINE is set, so it is not fetched. Unset "
            "it, or name a "
            f"folder of wheels in PIP_FIND_LINKS. {kept}"
        )
    if NO_CONNECTION.search(said):
        return f"workshop bundle: pip could not reach the package index for {need} ({last}). {kept}"
    if "No matching distribution" in said:
        return (
            f"workshop bundle: the package index has no wheel of {need}. Choose another --python or --platform. {kept}"
        )
    return f"workshop bundle: pip could not fetch {need}: {last}. {kept}"


def installed_size(folder: Path, names: list[str]) -> tuple[int, int]:
    """Bytes that these wheels take once unpacked, and the length of the longest path in them."""
    total = longest = 0
    for name in names:
        with zipfile.ZipFile(folder / name) as wheel:
            for member in wheel.infolist():
                total += member.file_size
                longest = max(longest, len(member.filename))
    return total, longest
