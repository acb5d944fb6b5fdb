"""What the doctor says of Python, the packages and what they compute on."""

import contextlib
import importlib
import importlib.util
import json
import os
import platform
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

from practicum.findings import (
    JUPYTERLAB,
    MISSING,
    PACKAGES,
    BrokenError,
    Finding,
    Package,
    in_words,
    judge_python,
    judge_version,
)

doing: Callable[[str], None] = lambda words: None  # noqa: E731 (the child process puts one here that tells its parent)


def python() -> Finding:
    state, advice = judge_python(sys.version_info[:2])
    return Finding(
        "Python", state, f"{platform.python_version()} on {platform.system()} {platform.machine()}".strip(), advice
    )


def packages() -> Finding:
    """Whether each is there, of a version that will do, and can be imported (TensorFlow and Keras: see device)."""
    missing = [package for package in PACKAGES if importlib.util.find_spec(package.module) is None]
    present = [package for package in PACKAGES if package not in missing]
    hidden = [place for package in present if (place := _hiding(package))]
    judged = {package: judge_version(package, _version(package)) for package in present}
    unfit = [package for package in present if judged[package][0] == "problem"]
    if hidden:
        advice = f"rename {hidden[0]}: Python takes it for the package of that name"
        return Finding("packages", "problem", f"{hidden[0]} hides a package", advice)
    if missing or unfit:
        faults = [MISSING + ", ".join(package.name for package in missing)] if missing else []
        faults += [judged[package][1] for package in unfit]
        wanted = " ".join(f'"{package.name}>={package.oldest}"' for package in (*missing, *unfit))
        return Finding("packages", "problem", "; ".join(faults), f"python -m pip install {wanted}")
    for package in present:
        if package.module not in ("tensorflow", "keras"):
            doing(f"importing {package.name}")
            try:
                importlib.import_module(package.module)
            except (Exception, SystemExit) as error:
                return Finding(
                    "packages", "problem", f"importing {package.name}: {in_words(error)}", reinstall(package)
                )
    strange = [package for package in present if judged[package][0] == "warning"]
    if strange:
        wanted = " ".join(f"{package.name}=={package.tested}" for package in strange)
        advice = f"if anything behaves oddly: python -m pip install {wanted}"
        return Finding("packages", "warning", "; ".join(judged[package][1] for package in strange), advice)
    return Finding("packages", "ok", ", ".join(judged[package][1] for package in present if package.parts))


def reinstall(package: Package) -> str:
    """What to do about a package that is there but cannot be used."""
    return f"python -m pip install --force-reinstall {package.name}=={package.tested}"


def _version(package: Package) -> str:
    for name in (package.name, *package.other_names):
        with contextlib.suppress(metadata.PackageNotFoundError):
            return metadata.version(name) or "unknown"
    return "unknown"


def _hiding(package: Package) -> str:
    """A file of the learner's in this folder that Python imports instead of the package, such as "numpy.py"."""
    origin = getattr(importlib.util.find_spec(package.module), "origin", None)
    if not origin:
        return ""
    try:
        here, path = Path.cwd(), Path(origin).resolve()
    except OSError:  # somebody has removed this folder
        return ""
    if path.parent == here:
        return path.name
    return f"{path.parent.name}/" if path.parent.parent == here and path.name == "__init__.py" else ""


def notebooks() -> Finding:
    if importlib.util.find_spec(JUPYTERLAB.module) is None:
        advice = f'python -m pip install "jupyterlab>={JUPYTERLAB.oldest}"'
        return Finding("notebooks", "warning", "JupyterLab is not installed", advice)
    state, found = judge_version(JUPYTERLAB, _version(JUPYTERLAB))
    if state == "ok":
        return Finding("notebooks", "ok", found)
    return Finding("notebooks", "warning", found, f"python -m pip install jupyterlab=={JUPYTERLAB.tested}")


def device() -> Finding:
    """Loads TensorFlow, which takes most of the doctor's time."""
    try:
        from practicum.backend import device_name, keras, unused_gpu_advice
        from practicum.compiling import fastest_precision

        backend = keras.backend.backend()
        found = f"{device_name()}, with {backend}; training computes in {fastest_precision()}"
    except (Exception, SystemExit) as error:
        raise BrokenError(in_words(error), _device_advice(error)) from error
    if advice := unused_gpu_advice():
        return Finding("device", "warning", found, advice)
    if backend != "tensorflow":
        return Finding("device", "warning", found, f"the course is tested with TensorFlow: {_other_backend()[1]}")
    return Finding("device", "ok", found)


def _device_advice(error: BaseException) -> str:
    backend, advice = _other_backend()
    if backend:
        return advice
    if isinstance(error, OSError) and not isinstance(error, FileNotFoundError):
        return "mend what that says, then look again"
    for package in PACKAGES[:2]:
        if isinstance(error, ModuleNotFoundError) and error.name == package.module:
            return f'python -m pip install "{package.name}>={package.oldest}"'
    return reinstall(PACKAGES[0])


def _other_backend() -> tuple[str, str]:
    """The backend that was chosen for Keras and is not TensorFlow, and how to choose TensorFlow; "", "" if none was."""
    chosen = os.environ.get("KERAS_BACKEND")
    if chosen:
        return ("", "") if chosen == "tensorflow" else (chosen, "unset the environment variable KERAS_BACKEND")
    home = os.environ.get("KERAS_HOME") or os.path.expanduser("~/.keras")  # noqa: PTH111 (Path's may raise)
    settings = Path(home) / "keras.json"
    with contextlib.suppress(OSError, ValueError, AttributeError):
        chosen = json.loads(settings.read_text(encoding="utf-8")).get("backend", "tensorflow")
        if chosen != "tensorflow":
            return str(chosen), f'in the file {settings}, make it "backend": "tensorflow"'
    return "", ""
