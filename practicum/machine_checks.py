"""What the doctor says of this computer, and of the folders that the course writes in."""

import contextlib
import os
import shutil
import tempfile
import webbrowser
from collections.abc import Callable
from pathlib import Path

from practicum import machine
from practicum.findings import Finding

LEAST_DISK_GB = 2  # all datasets, decoded, and some runs
LEAST_MEMORY_GB = 3
LEAST_FREE_MEMORY_GB = 1  # TensorFlow and the largest training of the notebooks
PROBE_BYTES = 100_000  # written to see whether a folder takes anything
TEXT_BROWSERS = ("www-browser", "links", "elinks", "lynx", "w3m")


def cores() -> Finding:
    usable, there = machine.usable_cores(), os.cpu_count() or 1
    found = f"{usable}" if usable >= there else f"{usable} of {there} may be used"
    if usable == 1:
        return Finding("cores", "warning", found, "be patient: trainings take longer than the notebooks say")
    return Finding("cores", "ok", found)


def memory() -> Finding:
    most, free = machine.memory_limit() or _physical_memory(), _free_memory()
    if most is None:
        return Finding("memory", "ok", "cannot be read on this system")
    found = f"{most / 1e9:.1f} GB" + (f", {min(free, most) / 1e9:.1f} GB of them free" if free is not None else "")
    if most < LEAST_MEMORY_GB * 1e9:
        advice = f"use a computer, or a limit, of {LEAST_MEMORY_GB} GB or more if a training stops for want of memory"
        return Finding("memory", "warning", found, advice)
    if free is not None and free < LEAST_FREE_MEMORY_GB * 1e9:
        return Finding("memory", "warning", found, "close other programs and notebooks before training")
    return Finding("memory", "ok", found)


def _physical_memory() -> int | None:
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return None
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _free_memory() -> int | None:
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return None


def disk() -> Finding:
    """Where downloads and runs go."""
    from practicum.cache import cache_folder

    free: dict[int, tuple[str, int]] = {}  # by the disk
    here = _here()
    for name, folder in {"the cache": cache_folder(), **({"runs": here / "runs"} if here else {})}.items():
        place = _existing(folder, os.path.exists)
        number = place.stat().st_dev
        names = f"{free[number][0]} and {name}" if number in free else name
        free[number] = (names, shutil.disk_usage(place).free)
    found = ", ".join(f"{size / 1e9:.1f} GB free for {names}" for names, size in free.values())
    if min(size for _, size in free.values()) < LEAST_DISK_GB * 1e9:
        return Finding("disk", "warning", found, f"make room: {LEAST_DISK_GB} GB are enough for everything")
    return Finding("disk", "ok", found)


def browser() -> Finding:
    """Whether a page can be opened from here. Nothing is opened."""
    remedy = "jupyter lab --no-browser here; on your own computer ssh -L 8888:localhost:8888 SERVER, then its address"
    try:
        name = getattr(webbrowser.get(), "name", "")
    except webbrowser.Error:
        return Finding("browser", "warning", "none can be opened from here", f"on a server: {remedy}")
    program = os.fspath(name)
    if Path(program).name in TEXT_BROWSERS:
        return Finding("browser", "warning", f"{program} shows text only", f"pages need scripts: {remedy}")
    if isinstance(webbrowser.get(), webbrowser.GenericBrowser) and shutil.which(program) is None:
        return Finding("browser", "warning", f"{program} is not there", "unset the environment variable BROWSER")
    return Finding("browser", "ok", Path(program).name or "there is one")


def temporary() -> Finding:
    advice = "name a folder that can be written in the environment variable TMPDIR (on Windows: TEMP)"
    try:
        folder = Path(tempfile.gettempdir())
    except FileNotFoundError:
        return Finding("temporary", "problem", "no folder for temporary files can be written", advice)
    return _written("temporary", folder, "problem", advice)


def cache() -> Finding:
    from practicum.cache import cache_folder

    advice = "name a folder that can be written in the environment variable PRACTICUM_CACHE"
    return _written("cache", cache_folder(), "warning", advice)


def runs() -> Finding:
    here = _here()
    if here is None:
        return Finding("runs", "problem", "the folder that you are in is gone", "change into a folder that is there")
    return _written("runs", here / "runs", "warning", "change into a folder of your own, or train with --out")


def _here() -> Path | None:
    """The folder in which this process runs; None if somebody has removed it."""
    with contextlib.suppress(OSError):
        return Path.cwd()
    return None


def progress() -> Finding:
    from practicum import learner

    folder = learner._folder()  # progress_file() knows it only once a name has been chosen
    if folder is None:
        return Finding("progress", "ok", "not kept, because PRACTICUM_PROGRESS is off")
    advice = "name a folder that can be written in the environment variable PRACTICUM_PROGRESS"
    return _written("progress", folder, "warning", advice)


def _written(what: str, folder: Path, state: str, advice: str) -> Finding:
    why = _why_not_writable(folder)
    if why is None:
        return Finding(what, "ok", str(folder))
    return Finding(what, state, f"{folder} cannot be written ({why})", advice)


def _why_not_writable(folder: Path) -> str | None:
    """Write some bytes where folder is, or would be made, and remove them."""
    if folder.parts[:1] and folder.parts[0].startswith("~"):
        return "your home folder is not known"  # so an older platformdirs leaves it
    place = _existing(folder)
    if not place.is_dir():
        return f"{place} is no folder"
    try:
        with tempfile.TemporaryFile(dir=place) as file:
            file.write(b"\0" * PROBE_BYTES)
            file.flush()
    except OSError as error:
        return error.strerror or str(error)
    return None


def _existing(folder: Path, is_there: Callable[[Path], bool] = os.path.lexists) -> Path:
    """folder, or the nearest above it that is there (a link to nothing is)."""
    return next((place for place in (folder, *folder.parents) if is_there(place)), folder)
