"""The commands for instructors: workshop build, …"""

import argparse
from typing import Any

from practicum import command_options
from practicum.cli.saying import DONE, add_command, print_json


def add_workshop(commands: Any) -> None:
    """Add them to the parser."""
    workshop = commands.add_parser("workshop", help="for instructors: the learner's copies of the notebooks")
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


def _workshop_build(options: argparse.Namespace, given: list[str]) -> int:
    from practicum.learner_copies import build

    changed = build(options.notebooks, options.repository)
    names = [str(path) for path in changed]
    print_json({"changed": names}) if options.json else print("\n".join(names) or "nothing to change")
    return DONE
