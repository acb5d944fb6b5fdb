"""Is this machine ready? Looks, changes nothing, and never fails itself.

What is looked at is in checks.py and what that imports. It is looked at in child processes, because importing a broken
package may end a process without a word, or never come back. Here is only what needs nothing but Python itself.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

from practicum.findings import GROUPS, MISSING, PACKAGES, Finding, hiding_python
from practicum.progress import in_notebook

__all__ = ["GROUPS", "PATIENCE", "Finding", "examine"]

PATIENCE = 60.0  # seconds: a first import of TensorFlow from a slow disk has been seen to take half of that
NAMES = tuple(name for names in GROUPS.values() for name in names)
# The paths are handed over so that the child finds the same packages. What the packages print goes nowhere.
CHILD = """\
import sys
sys.path[:] = sys.argv[2].split("\\n")
import os
out = os.fdopen(os.dup(1), "w", encoding="ascii")
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
from practicum.checks import tell
tell(sys.argv[1].split(","), out)
"""
VENV_PATIENCE = 10.0  # seconds for the course's own Python to say what it has
LACKS = "import sys, importlib.util as found; sys.exit(any(found.find_spec(name) is None for name in sys.argv[1:]))"


def examine(patience: float = PATIENCE) -> list[Finding]:
    """Look at everything the practicum needs: always the same things, in the order in which to mend them.

    Args:
        patience: seconds after which what has not come to an end, such as an import of TensorFlow, counts as broken.

    Returns:
        One Finding for each name in GROUPS.
    """
    results: dict[str, _Result] = {}
    deadline = time.monotonic() + patience
    if in_notebook():
        results["notebooks"] = _Result(Finding("notebooks", "ok", "this is one"))
        results["browser"] = _Result(Finding("browser", "ok", "pages are shown in the notebook"))
    loaded = "practicum.backend" in sys.modules  # then it works, and need not be loaded a second time
    with contextlib.ExitStack() as children:
        heavy = None if loaded else children.enter_context(_Child(["device"]))
        results |= _look_at([name for name in NAMES if name not in results and name != "device"], deadline)
        results |= _here("device") if heavy is None else heavy.results(deadline)
    if results["packages"].finding.found.startswith(MISSING) and (advice := _another_python()):
        results |= _sent_to_it(results, advice)
    return _without_consequences(results)


@dataclass(frozen=True)
class _Result:
    """A finding, and whether the check could be made at all."""

    finding: Finding
    made: bool = True


def _here(name: str) -> dict[str, _Result]:
    from practicum import checks

    return {name: _Result(*checks.make(name))}


def _look_at(names: list[str], deadline: float) -> dict[str, _Result]:
    """Make the checks in a child, and, where one takes it down, the rest in another."""
    results: dict[str, _Result] = {}
    while left := [name for name in names if name not in results]:
        with _Child(left) as child:
            results |= child.results(deadline)
    return results


def _another_python() -> str:
    """How to be started with the Python of the course's own .venv, if that has the packages; or ""."""
    course = Path(__file__).parent.parent
    python = course / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    here = False
    with contextlib.suppress(OSError):  # somebody has removed this folder
        here = course.samefile(Path.cwd())
    # From another folder that Python must find the course itself, too.
    names = [package.module for package in PACKAGES] + ([] if here else ["practicum"])
    nothing = subprocess.DEVNULL
    try:
        done = subprocess.run(
            [python, "-I", "-c", LACKS, *names], stdin=nothing, stdout=nothing, stderr=nothing, timeout=VENV_PATIENCE
        )
    except (OSError, ValueError, subprocess.TimeoutExpired):  # there is none, or it is broken
        return ""
    if done.returncode:
        return ""
    if here:
        return f"there is a .venv here: start me with {python.relative_to(course)} -m practicum doctor"
    quoted = f'"{python}"' if " " in str(python) else str(python)
    return f"the course has a .venv: start me with {quoted} -m practicum doctor"


def _sent_to_it(results: dict[str, _Result], advice: str) -> dict[str, _Result]:
    """The findings that are other there: no package is to be installed into the Python in use."""
    packages, notebooks = results["packages"], results["notebooks"]
    changed = {"packages": replace(packages, finding=replace(packages.finding, advice=advice))}
    if notebooks.finding.state == "warning":
        changed["notebooks"] = replace(notebooks, finding=replace(notebooks.finding, advice="mend packages first"))
    return changed


def _without_consequences(results: dict[str, _Result]) -> list[Finding]:
    """What could not be looked at because of something else is no problem of its own."""
    roots = [name for name in ("Python", "packages") if results[name].finding.state == "problem"]
    if not results["Python"].made:
        roots = ["Python"]
    findings = []
    for name in NAMES:
        finding = results[name].finding
        if roots and not results[name].made and name not in roots:
            found = finding.found if finding.found.startswith("not looked at") else f"not looked at ({finding.found})"
            finding = replace(finding, state="warning", found=found, advice=f"mend {roots[0]} first")
        elif name == "device" and not results[name].made and results["memory"].finding.state == "warning":
            finding = replace(finding, advice="see to the memory first, then look again")
        findings.append(finding)
    return findings


class _Child:
    """A process that makes some checks; it is gone when the with statement ends, however it ends."""

    def __init__(self, names: list[str]) -> None:
        self.names = names
        self.fault = ""
        self.process: subprocess.Popen[bytes] | None = None
        command = [sys.executable or "python", "-c", CHILD, ",".join(names), "\n".join(map(os.fspath, sys.path))]
        try:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=os.name == "posix",  # so that its own children can be ended with it
            )
        except (OSError, ValueError) as error:
            self.fault = f"Python cannot be started a second time ({error})"

    def __enter__(self) -> "_Child":
        return self

    def __exit__(self, *exception: object) -> None:
        if self.process is not None:
            self._end(self.process)
            for pipe in (self.process.stdout, self.process.stderr):
                if pipe is not None:
                    pipe.close()

    def results(self, deadline: float) -> dict[str, _Result]:
        """What it found, at least about its first check; that one is a problem if the child did not live to tell."""
        if self.process is None:
            advice = "close other programs, or raise the limits (ulimit -n, ulimit -u)"
            return self._rest(self.names[0]) | {self.names[0]: _lost(self.names[0], self.fault, advice)}
        out, complaints, late = self._wait(self.process, deadline)
        told, at, doing = self._read(out)
        if len(told) == len(self.names):
            return told
        status = self.process.returncode
        where = f"{doing}: " if doing else ""
        if late:
            told[at] = _lost(at, f"{where}did not come to an end", _advice(at, None))
            return self._rest(at) | told
        told[at] = _lost(at, f"{where}{_how_it_ended(status, complaints)}", _advice(at, status))
        return told

    def _rest(self, name: str) -> dict[str, _Result]:
        """What is not looked at because that check kept everything else from it."""
        reason, advice = f"not looked at, because of {name}", f"mend {name} first"
        return {other: _Result(Finding(other, "warning", reason, advice), made=False) for other in self.names}

    def _wait(self, process: "subprocess.Popen[bytes]", deadline: float) -> tuple[bytes, bytes, bool]:
        try:
            return *process.communicate(timeout=max(deadline - time.monotonic(), 0.1)), False
        except subprocess.TimeoutExpired:
            self._end(process)
        try:
            return *process.communicate(timeout=2), True
        except subprocess.TimeoutExpired as still:  # it waits for a disk that does not answer, and cannot be ended
            return still.stdout or b"", b"", True

    def _read(self, out: bytes) -> tuple[dict[str, _Result], str, str]:
        """The results, the check it was at, and what it was doing in it."""
        told: dict[str, _Result] = {}
        at, doing = self.names[0], ""
        for line in out.decode("ascii", "replace").splitlines():
            with contextlib.suppress(ValueError, KeyError, TypeError):
                content = json.loads(line)
                if "check" in content:
                    at, doing = content["check"], ""
                elif "doing" in content:
                    doing = content["doing"]
                else:
                    told[at] = _Result(Finding(**content["finding"]), content["made"])
        if at in told and len(told) < len(self.names):
            at, doing = next(name for name in self.names if name not in told), ""
        return told, at, doing

    def _end(self, process: "subprocess.Popen[bytes]") -> None:
        if process.poll() is not None:
            return
        with contextlib.suppress(OSError):
            if os.name == "posix":
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=2)


def _lost(name: str, found: str, advice: str) -> _Result:
    return _Result(Finding(name, "problem", found, advice), made=False)


def _how_it_ended(status: int, complaints: bytes) -> str:
    lines = complaints.decode("utf-8", "replace").split("\n")
    last = next((" ".join(line.split())[:200] for line in reversed(lines) if line.strip()), "")
    said = f"; its last words: {last}" if last else ""
    if status < 0:
        with contextlib.suppress(ValueError):
            return f"Python was ended by {signal.Signals(-status).name}{said}"
    return f"Python ended with status {status}{said}"


def _advice(name: str, status: int | None) -> str:
    """What to do about a check that took its process down. status: None if it had to be ended."""
    if status == 1 and (hiding := hiding_python()):
        return f"rename {hiding}: Python takes it for a module of its own"
    if status in (-getattr(signal, "SIGILL", 4), 0xC000001D - 2**32, 0xC000001D):
        return "this processor lacks instructions that the package needs: use another computer, or Colab"
    if status == -getattr(signal, "SIGKILL", 9):
        return "close other programs: the system ends processes when memory runs out"
    if name in ("device", "packages"):
        start = "look again, the first time takes long; else" if status is None else "install once more:"
        return f"{start} python -m pip install --force-reinstall -r requirements.txt"
    return "mend what that says, then look again"
