"""The command line: `python -m practicum`. The only modules that print results and decide exit statuses."""

import argparse
import os
import sys
from collections.abc import Sequence

from practicum import __version__
from practicum.cli.checking import add_checking
from practicum.cli.learning import add_learning
from practicum.cli.saying import DONE, FAILED, WRONG_USE, OneLineParser, complain
from practicum.cli.workshop import add_workshop

__all__ = ["DONE", "FAILED", "WRONG_USE", "command_line", "main"]

EXAMPLES = """\
examples:
  python -m practicum doctor
  python -m practicum train --data emoji --epochs 10 --out runs/a
  python -m practicum train --data photos.zip --target-accuracy 0.7 --time-budget 120 --json --out runs/b
  python -m practicum inspect runs/a --image cat.jpg --out cat.html
  python -m practicum sweep --data emoji --filters 4,8 --filters 8,16 --seeds 3 --epochs 5 --out sweep.csv
  python -m practicum fetch cifar10 --to /media/usb

exit status: 0 done, 1 failed, 2 wrong use or unusable input
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; give its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = command_line().parse_args(given)
    try:
        return options.run(options, given)
    except (ValueError, FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        if os.environ.get("PRACTICUM_DEBUG"):
            raise
        from practicum.checked_files import FetchError

        return complain(str(error), FAILED if isinstance(error, FetchError) else WRONG_USE)
    except KeyboardInterrupt:
        return complain("interrupted", FAILED)
    except BrokenPipeError:
        # Whoever read our output has had enough; closing it again at exit would fail once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return FAILED
    except Exception as error:
        if os.environ.get("PRACTICUM_DEBUG"):
            raise
        from practicum.checkpoints import TrainingError

        if isinstance(error, TrainingError):
            return complain(str(error), FAILED)
        return complain(f"{type(error).__name__}: {error} (PRACTICUM_DEBUG=1 shows where)", FAILED)


def command_line() -> argparse.ArgumentParser:
    """All commands with their options."""
    parser = OneLineParser(
        prog="python -m practicum",
        description="Train a convolutional neural network, and look inside it.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"practicum {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for add in (add_checking, add_learning, add_workshop):
        add(commands)
    return parser
