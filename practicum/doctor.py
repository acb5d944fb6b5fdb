"""Is this machine ready? Looks, changes nothing, and never fails itself."""

import importlib.util
import os
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

OLDEST_PYTHON, NEWEST_PYTHON = (3, 11), (3, 13)
NEEDED = ("tensorflow", "keras", "numpy", "matplotlib", "PIL", "jinja2", "rich", "platformdirs")
FOR_NOTEBOOKS = ("jupyterlab",)
LEAST_DISK_GB = 2
LEAST_MEMORY_GB = 3


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. state: "ok", "warning" (works, but) or "problem". advice: what to do, or ""."""

    what: str
    state: str
    found: str
    advice: str = ""


def examine() -> list[Finding]:
    """Look at everything the practicum needs, one Finding each, in the order in which to mend it."""
    checks: list[Callable[[], Finding]] = [_python, _packages, _notebooks, _data, _device, _memory, _disk, _cache]
    return [_guarded(check) for check in checks]


def _guarded(check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except Exception as error:
        # A broken installation fails in ways nobody can list; the doctor names it and goes on.
        name = check.__name__.strip("_")
        return Finding(
            name, "problem", f"{type(error).__name__}: {error}", "reinstall with: pip install -r requirements.txt"
        )


def _python() -> Finding:
    version = sys.version_info[:2]
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    if OLDEST_PYTHON <= version <= NEWEST_PYTHON:
        return Finding("Python", "ok", found)
    wanted = " to ".join(".".join(map(str, bound)) for bound in (OLDEST_PYTHON, NEWEST_PYTHON))
    return Finding("Python", "problem", found, f"install Python {wanted}: TensorFlow has no package for this one")


def _packages() -> Finding:
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        names = ", ".join("pillow" if name == "PIL" else name for name in missing)
        return Finding("packages", "problem", f"missing: {names}", "pip install -r requirements.txt")
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("tensorflow", "keras", "numpy", "matplotlib"))
    return Finding("packages", "ok", versions)


def _notebooks() -> Finding:
    missing = [name for name in FOR_NOTEBOOKS if importlib.util.find_spec(name) is None]
    if missing:
        return Finding("notebooks", "warning", "JupyterLab is not installed", "pip install jupyterlab")
    return Finding("notebooks", "ok", f"JupyterLab {metadata.version('jupyterlab')}")


def _data() -> Finding:
    from practicum.data import BUNDLED, load, search_path

    loaded = "; ".join(f"{name}: {len(load(name).train):,} training images" for name in BUNDLED)
    absent = [str(folder) for folder in search_path() if not folder.is_dir()]
    if absent:
        return Finding(
            "data", "warning", loaded, f"PRACTICUM_DATA names folders that are not there: {', '.join(absent)}"
        )
    return Finding("data", "ok", loaded)


def _device() -> Finding:
    from practicum.backend import device_name, keras, unused_gpu_advice

    found = f"{device_name()}, with {keras.backend.backend()}"
    advice = unused_gpu_advice()
    return Finding("device", "warning" if advice else "ok", found, advice or "")


def _memory() -> Finding:
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return Finding("memory", "ok", "cannot be read on this system")
    gigabytes = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    if gigabytes < LEAST_MEMORY_GB:
        return Finding("memory", "warning", f"{gigabytes:.1f} GB", "close other programs before training")
    return Finding("memory", "ok", f"{gigabytes:.1f} GB")


def _disk() -> Finding:
    free = shutil.disk_usage(Path.cwd()).free / 1e9
    if free < LEAST_DISK_GB:
        return Finding("disk", "warning", f"{free:.1f} GB free", f"make room: {LEAST_DISK_GB} GB are enough")
    return Finding("disk", "ok", f"{free:.0f} GB free")


def _cache() -> Finding:
    from practicum.cache import cache_folder

    folder = cache_folder()
    existing = next((place for place in (folder, *folder.parents) if place.exists()), folder)
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        advice = "name a writable folder in the environment variable PRACTICUM_CACHE"
        return Finding("cache", "warning", f"{folder} cannot be written", advice)
    return Finding("cache", "ok", str(folder))
