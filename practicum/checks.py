"""All the things that the doctor looks at. Each check loads what it needs when it is called.

They run in a child process (see doctor.py), which may hang or crash in any of them: a broken installation of a
compiled package takes its whole process down.
"""

import json
from collections.abc import Callable
from typing import Any

from practicum import data_checks, machine_checks, package_checks
from practicum.findings import BrokenError, Finding, in_words

CHECKS: dict[str, Callable[[], Finding]] = {
    "Python": package_checks.python,
    "packages": package_checks.packages,
    "notebooks": package_checks.notebooks,
    "device": package_checks.device,
    "cores": machine_checks.cores,
    "memory": machine_checks.memory,
    "disk": machine_checks.disk,
    "browser": machine_checks.browser,
    "temporary": machine_checks.temporary,
    "cache": machine_checks.cache,
    "runs": machine_checks.runs,
    "progress": machine_checks.progress,
    "data": data_checks.data,
    "data folders": data_checks.data_folders,
    "fashion_mnist": lambda: data_checks.dataset("fashion_mnist"),
    "cifar10": lambda: data_checks.dataset("cifar10"),
    "cats_vs_dogs": lambda: data_checks.dataset("cats_vs_dogs"),
    "network": data_checks.network,
}


def make(name: str) -> tuple[Finding, bool]:
    """What one check finds, and whether it could be made at all."""
    try:
        return CHECKS[name](), True
    except (Exception, SystemExit) as error:
        # A broken installation fails in ways nobody can list; the doctor names it and goes on.
        if isinstance(error, BrokenError):
            return Finding(name, "problem", str(error), error.advice), False
        if isinstance(error, RuntimeError) and "home directory" in str(error):  # as pathlib and platformdirs say it
            advice = "set HOME, or write a whole path, without ~, into PRACTICUM_CACHE and PRACTICUM_PROGRESS"
            return Finding(name, "warning", "your home folder is not known", advice), False
        return Finding(name, "problem", in_words(error), "mend what that says, then look again"), False


def tell(names: list[str], out: Any) -> None:
    """Make these checks in this process, and write what happens to the text file out, a line of JSON each."""

    def say(**content: Any) -> None:
        out.write(json.dumps(content) + "\n")
        out.flush()

    package_checks.doing = lambda words: say(doing=words)
    for name in names:
        say(check=name)
        finding, made = make(name)
        say(finding=vars(finding), made=made)
