"""The commands doctor, audit and fetch."""

import argparse
import contextlib
import json
import os
import shutil
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from practicum.cli.saying import DONE, FAILED, add_command, complain, print_json
from practicum.progress import note

if TYPE_CHECKING:
    from practicum.doctor import Finding


def add_checking(commands: Any) -> None:
    """Add them to the parser."""
    doctor = commands.add_parser(
        "doctor",
        help="is this machine ready?",
        description="Is this machine ready? Says of each thing that is needed whether it is ok, and else what to do. "
        "Exit status: 0 ready (perhaps with warnings), 1 not.",
    )
    doctor.add_argument(
        "--wait",
        type=_seconds,
        default=60.0,
        metavar="SECONDS",
        help="how long TensorFlow may take to load (default: 60)",
    )
    doctor.add_argument("--json", action="store_true", help="print one JSON object on one line")
    doctor.set_defaults(run=_doctor)

    audit = add_command(
        commands,
        "audit",
        help="what becomes of each file of a folder of images",
        description="List every file of a folder or archive of class folders: used, or left out and why. Nothing in it "
        "is changed.",
        example="audit photos/ --out audit.html",
    )
    audit.add_argument("folder", type=Path, metavar="FOLDER", help="a folder, .zip or .tar of class folders")
    audit.add_argument("--image-size", type=int, metavar="PIXELS", help="height and width that train will be told")
    audit.add_argument("--seed", type=int, default=0, help="the seed that train will be told (default: 0)")
    audit.add_argument("--out", type=Path, metavar="PAGE", help="write it as an HTML page, too")
    audit.add_argument("--json", action="store_true", help="print one JSON object on one line, with every file by name")
    audit.set_defaults(run=_audit)

    fetch = add_command(
        commands,
        "fetch",
        help="fetch datasets for later, or for a folder that is handed round",
        description="Fetch datasets, check them, and keep them in the cache or in a folder. What was interrupted "
        "goes on where it was when the same command is given again.",
        example="fetch cifar10 fashion_mnist --to /media/usb",
    )
    fetch.add_argument("names", nargs="*", metavar="NAME", help="cifar10, fashion_mnist, cats_vs_dogs")
    fetch.add_argument("--all", action="store_true", help="all of them (270 MB)")
    fetch.add_argument(
        "--to",
        type=Path,
        metavar="DIR",
        help="put the files there, for PRACTICUM_DATA=DIR to make them found (default: the cache)",
    )
    fetch.add_argument("--json", action="store_true", help="print one JSON object on one line")
    fetch.set_defaults(run=_fetch)


def _seconds(text: str) -> float:
    with contextlib.suppress(ValueError):
        if 1 <= float(text) <= 3600:
            return float(text)
    raise argparse.ArgumentTypeError(f"expected seconds, from 1 to 3600; got {text!r}")


def _doctor(options: argparse.Namespace, given: list[str]) -> int:
    from practicum.doctor import examine

    if not options.json and sys.stderr is not None and sys.stderr.isatty():
        note("Looking; TensorFlow takes some seconds to load …")
    findings = examine(options.wait)
    ready = all(finding.state != "problem" for finding in findings)
    if options.json:
        text = json.dumps({"ready": ready, "findings": [vars(finding) for finding in findings]})
    else:
        text = "\n".join(report(findings, **_how_to_write()))
    try:
        print(text, flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        # Closing it again at exit would fail once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return complain(f"what the doctor found cannot be written ({error.strerror})", FAILED)
    return DONE if ready else FAILED


def _how_to_write() -> dict[str, Any]:
    """What standard output can show; what its encoding lacks, such as a letter of a file's name, becomes a "?"."""
    out = sys.stdout
    if out is None:
        return {}
    if hasattr(out, "reconfigure"):
        out.reconfigure(errors="replace")
    screen = out.isatty()
    colours = screen and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb" and os.name == "posix"
    try:
        "→".encode(out.encoding or "ascii")
        arrow = "→"
    except (UnicodeEncodeError, LookupError):
        arrow = "->"
    return {"width": shutil.get_terminal_size().columns if screen else None, "colours": colours, "arrow": arrow}


SIGNS = {"ok": "ok", "warning": "warning", "problem": "PROBLEM"}
COLOURS = {"ok": "\x1b[32m", "warning": "\x1b[33m", "problem": "\x1b[1;31m"}
NARROWEST, WIDEST, LEAST_COLUMNS = 20, 110, 56  # with fewer columns, what was found stands below the name


def report(
    findings: "list[Finding]", *, width: int | None = None, colours: bool = False, arrow: str = "→"
) -> list[str]:
    """The lines that tell a person what the doctor found, by groups, with what to do next at the end.

    Args:
        findings: one for each name in GROUPS.
        width: columns of the terminal; None for lines as long as they are, as for a file.
        colours: whether the terminal shows them; nothing is told by them alone.
        arrow: what stands before advice.
    """
    from practicum.doctor import GROUPS

    by_name = {finding.what: finding for finding in findings}
    columns = max(map(len, by_name)) + 2
    lines: list[str] = []
    for heading, names in GROUPS.items():
        lines.append(f"\x1b[1m{heading}\x1b[0m" if colours else heading)
        for name in names:
            lines += _entry(by_name[name], columns, width, colours, arrow)
    return [*lines, "", *_wrapped(_what_next(findings), "", "", width)]


def _entry(finding: "Finding", columns: int, width: int | None, colours: bool, arrow: str) -> list[str]:
    sign = SIGNS[finding.state].ljust(8)
    shown = f"{COLOURS[finding.state]}{sign}\x1b[0m" if colours else sign
    advice = f"{arrow} {finding.advice}" if finding.advice else ""
    if width is not None and width < LEAST_COLUMNS:
        indent = " " * 4
        lines = [f"  {shown} {finding.what}", *_wrapped(finding.found, indent, indent, width)]
    else:
        indent = " " * (11 + columns)
        first, *rest = _wrapped(finding.found, indent, indent, width)
        lines = [f"  {shown} {finding.what.ljust(columns)}{first[len(indent) :]}", *rest]
    return lines + (_wrapped(advice, indent, indent + " " * (len(arrow) + 1), width) if advice else [])


def _wrapped(text: str, first: str, further: str, width: int | None) -> list[str]:
    text = " ".join(text.split())
    if width is None:
        return [first + text]
    # Commands and paths stay whole, so that they can be copied.
    return textwrap.wrap(
        text,
        min(max(width - 1, NARROWEST), WIDEST),
        initial_indent=first,
        subsequent_indent=further,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _what_next(findings: "list[Finding]") -> str:
    counts = {state: sum(finding.state == state for finding in findings) for state in SIGNS}
    if counts["problem"]:
        many = f"the {counts['problem']} problems, from the top" if counts["problem"] > 1 else "the problem above"
        return f"This machine is not ready yet. Next: mend {many}, then run python -m practicum doctor again."
    warned = f", with {counts['warning']} warning{'s' * (counts['warning'] > 1)}" if counts["warning"] else ""
    return f"This machine is ready{warned}. Next: jupyter lab notebooks/00_start_here.ipynb"


def _audit(options: argparse.Namespace, given: list[str]) -> int:
    from practicum.audit import audit

    found = audit(options.folder, image_size=options.image_size, seed=options.seed)
    if options.out:
        found.save(options.out)
    if options.json:
        print_json(found.to_dict())
    else:
        print(f"{found}\n\npage: {options.out}" if options.out else found)
    return FAILED if found.problem else DONE


def _fetch(options: argparse.Namespace, given: list[str]) -> int:
    from practicum import download

    if bool(options.names) == options.all:
        raise ValueError("fetch: name datasets, or give --all: " + ", ".join(download.DATASETS))
    names = list(download.DATASETS) if options.all else list(dict.fromkeys(options.names))
    for name in names:
        download.published(name)  # a slip is answered before anything is fetched
    paths: dict[str, str] = {}
    failed: dict[str, str] = {}
    for name in names:
        try:
            paths[name] = str(download.fetch(name, options.to))
        except download.FetchError as error:
            failed[name] = str(error)
        except KeyboardInterrupt:
            return complain("interrupted; what has come is kept, and the same command goes on from there", FAILED)
    if options.json:
        print_json({"fetched": paths, "failed": failed})
    else:
        for name, path in paths.items():
            print(f"{name}: {path}")
        if options.to and paths:
            print(f"To use it, set the environment variable PRACTICUM_DATA={options.to.expanduser().resolve()}")
    return complain(" | ".join(failed.values()), FAILED) if failed else DONE
