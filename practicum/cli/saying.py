"""What commands say, and their exit statuses."""

import argparse
import json
import sys
from typing import Any, NoReturn

DONE, FAILED, WRONG_USE = 0, 1, 2


def complain(message: str, status: int) -> int:
    """Say on standard error, in one line, what is wrong; give status back."""
    print(f"practicum: {' '.join(message.split())}", file=sys.stderr)
    return status


def print_json(content: dict[str, Any]) -> None:
    """One JSON object on one line, on standard output."""
    print(json.dumps(content, ensure_ascii=False))


class OneLineParser(argparse.ArgumentParser):
    """Answers wrong use in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(complain(f"{message}. {self.prog} --help lists what there is.", WRONG_USE))


def add_command(commands: Any, name: str, *, help: str, description: str, example: str) -> argparse.ArgumentParser:
    """A parser for one command, with an example below its options."""
    return commands.add_parser(
        name,
        help=help,
        description=description,
        epilog=f"example:\n  python -m practicum {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
