"""Set the course up from a bundle, without internet, and open it. Started by start.sh or start.bat; needs only Python.

It must be readable by Python 3.7, to say that it is too old; what runs before that is said uses nothing newer.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, NoReturn

BUNDLE = Path(__file__).resolve().parent
RECORD = ".from-bundle"  # in the learner's folder: the hashes of the files as they came
READY = "bundle.json"  # in .venv: what was installed
SPARE_BYTES = 200_000_000
PATH_LIMIT = 259  # letters of a path on Windows, unless long ones are allowed
WINDOWS = os.name == "nt"


def main() -> int:
    """Do what the options say; give the exit status."""
    options = parser().parse_args()
    facts = json.loads((BUNDLE / "bundle.json").read_text(encoding="utf-8"))
    why_not = unfit(facts["targets"])
    if options.fits:
        sys.stdout.write(why_not)
        return 1 if why_not else 0
    if (BUNDLE / "UNFINISHED.txt").exists():
        stop("This bundle is not finished. Ask for a finished one.")
    if why_not:
        give_up(f"This Python cannot be used: {why_not}.")
    folder = Path(options.to).expanduser().absolute()
    see_place(folder)
    lock = alone(folder)
    target = next(each for each in facts["targets"] if not reason(each))
    see_room(folder, target, facts)
    say(f"The course is set up in {folder}")
    copy(folder)
    python = environment(folder)
    install(folder, python, facts)
    write_openers(folder)
    lock.close()
    say("Looking whether this machine is ready; TensorFlow takes some seconds to load …")
    if subprocess.call([str(python), "-m", "practicum", "doctor"], cwd=folder, env=surroundings(folder)):
        give_up(
            f"The course is set up, but the lines above name what is wrong. To open it all the same: {opener(folder)}"
        )
    say(f"To open it again, without this bundle: {opener(folder)}")
    if options.no_lab:
        return 0
    command = [str(python), "-m", "jupyterlab", "notebooks/00_start_here.ipynb"]
    with suppress(KeyboardInterrupt):  # that is how JupyterLab is ended
        return subprocess.call(command, cwd=folder, env=surroundings(folder))
    return 0


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(prog="start", description="Set the course up from this bundle, and open it.")
    made.add_argument(
        "--to", default="~/cnn-practicum", metavar="DIR", help="your folder for the course (default: ~/cnn-practicum)"
    )
    made.add_argument("--no-lab", action="store_true", help="only set it up")
    made.add_argument("--fits", action="store_true", help=argparse.SUPPRESS)
    return made


def say(line: str) -> None:
    """Tell the learner."""
    encoding = sys.stdout.encoding or "ascii"
    sys.stdout.write(line.encode(encoding, "replace").decode(encoding) + "\n")
    sys.stdout.flush()


def stop(line: str) -> NoReturn:
    """Tell the learner why it does not go on."""
    say(line)
    sys.exit(1)


def give_up(line: str) -> NoReturn:
    """Tell the learner why this machine does not do, and that the course can be read all the same."""
    page = BUNDLE / "site" / "index.html"
    if page.exists():
        line += f"\nTo read the course meanwhile, without Python, open {page}"
    stop(line)


# Does this Python fit? ---------------------------------------------------------------------------------------------


def unfit(targets: list[dict[str, Any]]) -> str:
    """Why this Python finds no packages in the bundle; "" if it does."""
    if not all(reason(target) for target in targets):
        return ""
    here = [reason(target) for target in targets if system_of(target) == system()]
    kinds = ", ".join(f"{target['name']} with Python {target['python']}" for target in targets)
    return f"{here[0] if here else f'it is for {system()}'}; the bundle has packages for {kinds}"


def reason(target: dict[str, Any]) -> str:
    """Why this Python cannot use the packages of one kind of machine; "" if it can."""
    version = "{}.{}".format(*sys.version_info[:2])
    if platform.python_implementation() != "CPython" or sysconfig.get_config_var("Py_GIL_DISABLED"):
        return "it is none of the usual kind (CPython)"
    if sys.maxsize < 2**32:
        return "it is a 32-bit one"
    if system_of(target) != system():
        return f"it is for {system()}"
    if version != target["python"]:
        return f"it is Python {version}"
    needed = re.match(r"(?:manylinux|macosx)_(\d+)_(\d+)_", target["platform"])
    have = libc() if sys.platform.startswith("linux") else macos()
    if needed and have < (int(needed.group(1)), int(needed.group(2))):
        return "this system is too old (it has {}, {}.{} is needed)".format(
            ".".join(map(str, have)) or "another C library", needed.group(1), needed.group(2)
        )
    return ""


def system() -> str:
    """Such as "win-amd64", "linux-x86_64", "macosx-arm64"."""
    if WINDOWS:
        return sysconfig.get_platform()
    name = "macosx" if sys.platform == "darwin" else "linux" if sys.platform.startswith("linux") else sys.platform
    return f"{name}-{platform.machine()}"


def system_of(target: dict[str, Any]) -> str:
    """The same of one of the bundle's."""
    found = re.match(r"(win|macosx|manylinux).*?_(amd64|arm64|x86_64|aarch64)$", target["platform"])
    return "{}-{}".format({"manylinux": "linux"}.get(found.group(1), found.group(1)), found.group(2)) if found else ""


def libc() -> tuple[int, ...]:
    """The version of the GNU C library; () if there is another one."""
    name, version = platform.libc_ver()
    return tuple(map(int, re.findall(r"\d+", version)[:2])) if name == "glibc" else ()


def macos() -> tuple[int, ...]:
    """The version of macOS."""
    return tuple(map(int, re.findall(r"\d+", platform.mac_ver()[0])[:2])) if sys.platform == "darwin" else ()


# The learner's folder ----------------------------------------------------------------------------------------------


def see_place(folder: Path) -> None:
    """See that the folder is none of somebody else's, and can be written."""
    if folder == BUNDLE or BUNDLE in folder.resolve().parents:
        stop(f"{folder} is inside the bundle. Name a folder of your own with --to.")
    try:
        if folder.is_dir() and any(folder.iterdir()) and not (folder / RECORD).exists():
            stop(f"{folder} holds something else; nothing of it was touched. Name another folder with --to.")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / RECORD).touch()
    except OSError as error:
        stop(f"{folder} cannot be used ({error.strerror}). Name another folder with --to.")


def alone(folder: Path) -> IO[str]:
    """Hold the folder, so that a second double click does not do the same at the same time; close it to let go."""
    held = (folder / ".starting").open("a", encoding="utf-8")
    try:
        if WINDOWS:
            import msvcrt

            held.seek(0)
            msvcrt.locking(held.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        stop(f"{folder} is being set up by another start. Wait until that one is through.")
    except OSError as error:
        if WINDOWS:
            stop(f"{folder} is being set up by another start ({error}). Wait until that one is through.")
    return held


def see_room(folder: Path, target: dict[str, Any], facts: dict[str, Any]) -> None:
    """See that it will fit, and on Windows that no path becomes too long."""
    wanted = target["installed_bytes"] + facts["sizes"]["course"] + facts["sizes"]["datasets"] + SPARE_BYTES
    free = shutil.disk_usage(folder).free
    if free < wanted and not (folder / ".venv" / READY).exists():
        give_up(
            f"{folder}: {wanted / 1e9:.1f} GB are needed, {free / 1e9:.1f} GB are free. Make room, or name "
            "another folder with --to."
        )
    longest = len(str(folder / ".venv" / "Lib" / "site-packages")) + 1 + target["longest_path"]
    if WINDOWS and longest > PATH_LIMIT and not long_paths():
        most = PATH_LIMIT - (longest - len(str(folder)))
        stop(
            f"{folder}: its path is too long for Windows; {most} letters are possible. Name a shorter one "
            "with --to, such as C:\\cnn."
        )


def long_paths() -> bool:
    """Whether this Windows allows them."""
    with suppress(ImportError, OSError):
        import winreg

        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"SYSTEM\CurrentControlSet\Control\FileSystem") as key:  # type: ignore[attr-defined,unused-ignore]
            return winreg.QueryValueEx(key, "LongPathsEnabled")[0] == 1  # type: ignore[attr-defined,unused-ignore]
    return False


def copy(folder: Path) -> None:
    """Copy the course and its data, comparing each file's hash on the way. What the learner has changed is kept."""
    wanted = {own(name): (name, hash_) for name, hash_ in sums(BUNDLE / "SHA256SUMS").items() if own(name)}
    as_it_came = sums(folder / RECORD)
    kept = []
    for here, (name, hash_) in wanted.items():
        path = folder / here
        now = hash_of(path) if path.is_file() else None
        if now in (None, as_it_came.get(here)) and now != hash_:
            put(path, BUNDLE / name, hash_)
        elif now != hash_:
            kept.append(here)
    lines = "".join(f"{hash_}  {here}\n" for here, (_, hash_) in wanted.items() if here not in kept)
    lines += "".join(f"{as_it_came[here]}  {here}\n" for here in kept if here in as_it_came)
    write(folder / f"{RECORD}.new", lines.encode())
    os.replace(folder / f"{RECORD}.new", folder / RECORD)
    if kept:
        more = f" and {len(kept) - 3} more" if len(kept) > 3 else ""
        say(f"You have changed {', '.join(kept[:3])}{more}: kept as you left them.")


def own(name: str) -> str:
    """Where a file of the bundle stands in the learner's folder; "" if it is not copied."""
    part, _, rest = name.partition("/")
    return rest if part == "course" else name if part == "datasets" else ""


def sums(path: Path) -> dict[str, str]:
    """What a file in the format of SHA256SUMS says."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return {line[66:]: line[:64] for line in lines}


def hash_of(path: Path) -> str:
    """SHA-256, hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for piece in iter(lambda: file.read(2**20), b""):
            digest.update(piece)
    return digest.hexdigest()


def put(path: Path, source: Path, expected: str) -> None:
    """Copy one file, so that there is the whole, right file under its name or what was there before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.new")
    try:
        shutil.copyfile(source, part)
    except FileNotFoundError:
        stop(f"{source} is missing from the bundle. Copy the bundle once more, or ask for another stick.")
    except OSError as error:
        stop(f"{source} cannot be copied to {path.parent} ({error.strerror}). Is the stick sound, and is there room?")
    if hash_of(part) != expected:
        part.unlink()
        stop(f"{source} is damaged (its SHA-256 is another). Copy the bundle once more, or ask for another stick.")
    os.replace(part, path)


def write(path: Path, content: bytes) -> None:
    """Write a small file."""
    path.write_bytes(content)


# The packages ------------------------------------------------------------------------------------------------------


def surroundings(folder: Path) -> dict[str, str]:
    """The environment variables of what is started: offline, with the bundle's data, and nobody else's settings."""
    foreign = ("PIP_", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    kept.update(PRACTICUM_OFFLINE="1", PIP_CONFIG_FILE=os.devnull, PYTHONNOUSERSITE="1", PYTHONUTF8="1")
    if (folder / "datasets").is_dir():
        kept["PRACTICUM_DATA"] = str(folder / "datasets")
    return kept


def environment(folder: Path) -> Path:
    """The Python of .venv, which is made where it is missing or broken."""
    venv = folder / ".venv"
    python = venv / ("Scripts/python.exe" if WINDOWS else "bin/python")
    with suppress(OSError):
        if subprocess.call([str(python), "-c", "pass"], stderr=subprocess.DEVNULL) == 0:
            return python
    say("Making an environment for Python …")
    # Pip comes later: Debian's Python cannot bring one along unless python3-venv is installed, and that needs internet.
    command = [sys.executable, "-m", "venv", "--clear", "--without-pip", str(venv)]
    if subprocess.call(command, cwd=folder, env=surroundings(folder)):
        give_up(f"{sys.executable} could not make an environment in {venv}; its own words stand above.")
    return python


def install(folder: Path, python: Path, facts: dict[str, Any]) -> None:
    """Install the packages of the lock from the bundle, unless that is done; then the course itself."""
    lock = folder / "requirements.lock"
    mark = folder / ".venv" / READY
    done = json.dumps({"lock": hash_of(lock), "python": sys.version, "folder": str(folder)})
    if mark.exists() and mark.read_text(encoding="utf-8") == done:
        say("The packages are installed already.")
        return
    say("Installing the packages; that takes some minutes …")
    offline = ["install", "--isolated", "--no-index", "--disable-pip-version-check", "--no-input"]
    links = ["--find-links", str(BUNDLE / "wheels"), "--only-binary", ":all:"]
    words = [*pip(python, facts, folder), *offline]
    steps = (
        [*words, *links, "--require-hashes", "--requirement", str(lock)],
        [*words, "--no-deps", "--no-build-isolation", "--editable", str(folder)],
    )
    for step in steps:
        if run_pip([str(python), *step], folder):
            give_up(
                "The packages could not be installed; pip's own words stand above. If it speaks of hashes, or misses a "
                "package, the bundle is damaged: copy it once more, or ask for another stick. Else make room "
                "and start again."
            )
    ask_for_no_news(folder)
    write(mark, done.encode())


def ask_for_no_news(folder: Path) -> None:
    """JupyterLab begins by asking each learner whether it may fetch its news: not in a room without internet."""
    place = folder / ".venv" / "etc" / "jupyter" / "labconfig" / "page_config.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(folder / "practicum" / "static" / "jupyterlab" / "page_config.json", place)


def run_pip(command: list[str], folder: Path) -> int:
    """Run it, and tell how far it is; give its exit status."""
    environment = surroundings(folder)
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE) as process:
        seen = 0
        for line in process.stdout or ():
            seen += line.startswith(b"Processing ")
            if line.startswith(b"Processing ") and seen % 25 == 0:
                say(f"  {seen} packages are checked …")
            if line.startswith(b"Installing collected packages") and seen > 1:
                say(f"  all {seen} packages are checked and being unpacked; that takes longest …")
    return process.returncode


def pip(python: Path, facts: dict[str, Any], folder: Path) -> list[str]:
    """How pip is called: the one that Python brings, else the bundle's."""
    call = ["-m", "pip"]
    for attempt in ([*call, "--version"], ["-m", "ensurepip", "--default-pip"]):
        done = subprocess.run([str(python), *attempt], cwd=folder, env=surroundings(folder), capture_output=True)
        if done.returncode == 0:
            return call
    wheel = facts["pip"]
    if not wheel:
        give_up("This Python has no pip. On Debian or Ubuntu: sudo apt install python3-venv (that needs internet).")
    expected = sums(BUNDLE / "SHA256SUMS")[wheel]
    if hash_of(BUNDLE / wheel) != expected:
        stop(f"{BUNDLE / wheel} is damaged. Copy the bundle once more, or ask for another stick.")
    return [str(BUNDLE / wheel / "pip")]


# Opening it again --------------------------------------------------------------------------------------------------


def opener(folder: Path) -> str:
    """The command that opens the course from now on."""
    return f'"{folder / "open.bat"}"' if WINDOWS else f"sh '{folder / 'open.sh'}'"


def write_openers(folder: Path) -> None:
    """A script that opens the course without the bundle."""
    data = (folder / "datasets").is_dir()
    if WINDOWS:
        lines = ["@echo off", 'cd /d "%~dp0"', "set PRACTICUM_OFFLINE=1", "set PYTHONUTF8=1"]
        lines += ['set "PRACTICUM_DATA=%~dp0datasets"'] if data else []
        lines += [".venv\\Scripts\\python -m jupyterlab notebooks"]
        write(folder / "open.bat", ("\r\n".join(lines) + "\r\n").encode())
        return
    lines = ["#!/bin/sh", 'cd "$(dirname "$0")" || exit', "export PRACTICUM_OFFLINE=1"]
    lines += ['export PRACTICUM_DATA="$PWD/datasets"'] if data else []
    lines += ["exec .venv/bin/python -m jupyterlab notebooks"]
    write(folder / "open.sh", ("\n".join(lines) + "\n").encode())


if __name__ == "__main__":
    sys.exit(main())
