"""What the doctor finds, and which versions of other packages the course knows. Needs nothing but Python itself."""

import contextlib
import os
import re
import sys
from dataclasses import dataclass

OLDEST_PYTHON, NEWEST_PYTHON = (3, 11), (3, 13)
MISSING = "missing: "  # so begins what is found where packages are not there
GROUPS = {
    # heading: what is looked at under it, in the order in which to mend it; the same on every machine
    "Software": ("Python", "packages", "notebooks", "device"),
    "This computer": ("cores", "memory", "disk", "browser"),
    "Folders to write in": ("temporary", "cache", "runs", "progress"),
    "Data": ("data", "data folders", "fashion_mnist", "cifar10", "cats_vs_dogs", "network"),
}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. state: "ok", "warning" (works, but) or "problem". advice: what to do, or ""."""

    what: str
    state: str
    found: str
    advice: str = ""


class BrokenError(Exception):
    """Something could not be looked at, and what to do about it is known."""

    def __init__(self, found: str, advice: str) -> None:
        super().__init__(found)
        self.advice = advice


def hiding_python() -> str:
    """A file of the learner's in this folder that Python takes for a module of its own, such as "random.py"; or ""."""
    with contextlib.suppress(OSError):  # somebody has removed this folder
        for name in sorted(os.listdir()):  # noqa: PTH208 (pathlib imports more that may be hidden)
            module = name.removesuffix(".py")
            if module in sys.stdlib_module_names and (module != name or os.path.exists(f"{name}/__init__.py")):  # noqa: PTH110
                return name if module != name else f"{name}/"
    return ""


def in_words(error: BaseException) -> str:
    """An exception in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}".rstrip(": ")


@dataclass(frozen=True)
class Package:
    """A package that the course needs.

    name, module: what pip and what Python calls it.
    oldest: the oldest version that pyproject.toml takes.
    tested: the version that the tests ran with. constraints.txt is not there in an installed wheel, so it stands here,
        and a test holds the two together.
    parts: how many of the version's numbers must not be above the tested ones; 0: newer ones are taken as they come.
    other_names: packages that bring the same module.
    """

    name: str
    module: str
    oldest: str
    tested: str
    parts: int = 0
    other_names: tuple[str, ...] = ()


PACKAGES = (
    Package(
        *("tensorflow", "tensorflow", "2.20", "2.21.0"),
        parts=2,
        other_names=("tensorflow-cpu", "tensorflow-macos", "tensorflow-intel", "tf-nightly"),
    ),
    Package("keras", "keras", "3.13", "3.15.1", parts=2),
    Package("numpy", "numpy", "1.26", "2.4.6", parts=1),
    Package("matplotlib", "matplotlib", "3.8", "3.11.2", parts=1),
    Package("pillow", "PIL", "10", "13.0.0"),
    Package("jinja2", "jinja2", "3.1", "3.1.6"),
    Package("platformdirs", "platformdirs", "4", "4.14.7"),
    Package("httpx", "httpx", "0.27", "0.28.1"),
    Package("filelock", "filelock", "3.12", "4.3.1"),
    Package("joblib", "joblib", "1.4", "1.6.0"),
    Package("rich", "rich", "13", "15.0.0"),
)
JUPYTERLAB = Package("jupyterlab", "jupyterlab", "4.4", "4.6.6")


def judge_python(version: tuple[int, int]) -> tuple[str, str]:
    """The state of a Python version, and what to do.

    Example:
        >>> judge_python((3, 12))
        ('ok', '')
        >>> judge_python((3, 9))[1]
        'install Python 3.11, 3.12 or 3.13: TensorFlow has no package for this one'
    """
    if OLDEST_PYTHON <= version <= NEWEST_PYTHON:
        return "ok", ""
    numbers = [f"3.{minor}" for minor in range(OLDEST_PYTHON[1], NEWEST_PYTHON[1] + 1)]
    wanted = f"{', '.join(numbers[:-1])} or {numbers[-1]}"
    return "problem", f"install Python {wanted}: TensorFlow has no package for this one"


def judge_version(package: Package, version: str) -> tuple[str, str]:
    """The state of an installed version, and what it is, in words.

    Example:
        >>> keras = Package("keras", "keras", "3.13", "3.15.1", parts=2)
        >>> judge_version(keras, "2.15.0")
        ('problem', 'keras 2.15.0 is too old, 3.13 is the oldest that will do')
        >>> judge_version(keras, "3.15.9")
        ('ok', 'keras 3.15.9')
        >>> judge_version(keras, "3.16.0")
        ('warning', 'keras 3.16.0 is newer than the tested 3.15.1')
    """
    numbers = _numbers(version)
    if not numbers:
        return "warning", f"{package.name} is of a version that cannot be read ({version!r})"
    if numbers < _numbers(package.oldest):
        return "problem", f"{package.name} {version} is too old, {package.oldest} is the oldest that will do"
    if numbers[: package.parts] > _numbers(package.tested)[: package.parts]:
        return "warning", f"{package.name} {version} is newer than the tested {package.tested}"
    return "ok", f"{package.name} {version}"


def _numbers(version: str) -> tuple[int, ...]:
    """The numbers that a version begins with: "2.21.0rc1" -> (2, 21, 0)."""
    found = re.match(r"\d+(\.\d+)*", version)
    return tuple(map(int, found[0].split("."))) if found else ()
