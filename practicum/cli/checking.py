"""The commands doctor, audit and fetch."""

import argparse
from pathlib import Path
from typing import Any

from practicum.cli.saying import DONE, FAILED, add_command, complain, print_json


def add_checking(commands: Any) -> None:
    """Add them to the parser."""
    doctor = commands.add_parser("doctor", help="is this machine ready?", description="Is this machine ready?")
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
    fetch.add_argument("--all", action="store_true", help="all of them (265 MB)")
    fetch.add_argument(
        "--to",
        type=Path,
        metavar="DIR",
        help="put the files there, for PRACTICUM_DATA=DIR to make them found (default: the cache)",
    )
    fetch.add_argument("--json", action="store_true", help="print one JSON object on one line")
    fetch.set_defaults(run=_fetch)


def _doctor(options: argparse.Namespace, given: list[str]) -> int:
    from practicum.doctor import examine

    findings = examine()
    healthy = all(finding.state != "problem" for finding in findings)
    if options.json:
        print_json({"ready": healthy, "findings": [vars(finding) for finding in findings]})
    else:
        signs = {"ok": "ok      ", "warning": "warning ", "problem": "PROBLEM "}
        for finding in findings:
            print(f"{signs[finding.state]} {finding.what:<10} {finding.found}")
            if finding.advice:
                print(f"{'':20}→ {finding.advice}")
        print("This machine is ready." if healthy else "This machine is not ready yet; mend the problems from the top.")
    return DONE if healthy else FAILED


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
