"""The commands for instructors: workshop build, workshop progress, …"""

import argparse
import textwrap
from pathlib import Path
from typing import Any

from practicum import command_options
from practicum.cli.bundling import add_bundle
from practicum.cli.saying import DONE, add_command, print_json
from practicum.tallies import HOLDS, SENT


def add_workshop(commands: Any) -> None:
    """Add them to the parser."""
    workshop = commands.add_parser("workshop", help="for instructors: the learner's copies, progress of the class")
    parts = workshop.add_subparsers(title="workshop commands", metavar="COMMAND", required=True)
    build = add_command(
        parts,
        "build",
        help="write the learner's copies of the notebooks",
        description="Write the learner's copies of the solved notebooks, with stubs in place of solutions.",
        example="workshop build --repository https://github.com/NAME/cnn-practicum",
    )
    command_options.add_to_workshop_build(build)
    build.set_defaults(run=_workshop_build)
    _add_progress(parts)
    add_bundle(parts)


def _workshop_build(options: argparse.Namespace, given: list[str]) -> int:
    from practicum.learner_copies import build

    changed = build(options.notebooks, options.repository, options.branch)
    names = [str(path) for path in changed]
    print_json({"changed": names}) if options.json else print("\n".join(names) or "nothing to change")
    return DONE


def _add_progress(parts: Any) -> None:
    about = (
        "Merge the progress files that learners handed in (export_progress() writes them): for each exercise how many "
        "tried and solved it, took hints, looked at the solution, and which mistakes came up, by name. What the class "
        "should talk about stands first. A learner who handed in twice counts once. Files that cannot be used are "
        "named, and the others counted."
    )
    progress = add_command(
        parts,
        "progress",
        help="how the class gets on, and what to talk about",
        description="\n\n".join(textwrap.fill(text, 78) for text in (about, HOLDS, SENT)),
        example="workshop progress handed-in/ more.zip --out class.html",
    )
    add = progress.add_argument
    add(
        "files", nargs="+", type=Path, metavar="FILES", help="progress files, folders (every .json in them), .zip files"
    )
    add("--out", type=Path, metavar="PAGE", help="also write a page, one .html file")
    add("--json", action="store_true", help="print one JSON object on one line")
    progress.set_defaults(run=_workshop_progress)


def _workshop_progress(options: argparse.Namespace, given: list[str]) -> int:
    from practicum.class_page import as_text, save_page
    from practicum.class_progress import class_progress

    progress = class_progress(options.files)
    page = save_page(progress, options.out) if options.out else None
    if options.json:
        print_json({**progress.to_dict(), "page": page and str(page)})
    else:
        print(as_text(progress))
        if page:
            print(f"\npage: {page}")
    return DONE
