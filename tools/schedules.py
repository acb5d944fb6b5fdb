"""The schedules of the instructor guide as data: blocks with their sections, and what is left out by who is late.

    python tools/schedules.py      # each block: its minutes, what is counted, its exercises, what must be run besides

`tests/test_instructor_guide.py` compares it with the notebooks; `tests/stress/test_stress_schedules.py` runs it.
"""

import functools
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import minutes  # tools/minutes.py and tools/needs.py lie beside this file
import needs

PROJECT = Path(__file__).resolve().parent.parent
GUIDE = PROJECT / "docs" / "instructor-guide.md"
NOTEBOOKS = {path.stem[:2]: path for path in sorted((PROJECT / "notebooks").glob("[0-9][0-9]_*.ipynb"))}
HEADING = re.compile(r"^#{2,3} ([^\n]+)\n(.*?)(?=^#{2,3} |\Z)", re.M | re.S)
BLOCK = re.compile(r"^\| (\d\d:\d\d) \| (\d+) \| (.*?) \| (?:(\d+) )?\| (?:(\d[\d, ]*) )?\|(.*)\|$", re.M)
LATE = re.compile(r"^\| (\d\d:\d\d) \| (\d+) minutes? \| (.*?) \| (\d+) \| (.*) \|$", re.M)
TEACHES = re.compile(r"\[(\d\d)\]\(\.\./notebooks/(\S+?)\): (.*?)(?:; run only (.*))?")
LEAVES = re.compile(r"(\d\d): (.*?)(?: \(run (.*)\))?")
WHOLE = "all of it"


@dataclass(frozen=True)
class Block:
    """A row of a schedule. notebook is "" for breaks and the like; said, asks: minutes and exercises as written."""

    begins: str
    lasts: int
    what: str
    said: str
    asks: str
    notebook: str = ""
    file: str = ""
    sections: tuple[str, ...] = ()
    run_only: tuple[str, ...] = ()

    @property
    def counted(self) -> int:
        return minutes_of(self.notebook, self.sections)


@dataclass(frozen=True)
class Late:
    """A row of what to leave out: from when on, if late by how many minutes, and what that saves.

    left_out: notebook -> sections that its block has no longer; run_only: those of them that are run all the same.
    """

    at: str
    minutes: int
    saves: int
    says: str
    left_out: dict[str, tuple[str, ...]]
    run_only: dict[str, tuple[str, ...]]

    def left(self, block: Block) -> tuple[str, ...]:
        """The sections of a block that are still taught."""
        return tuple(each for each in block.sections if each not in self.left_out.get(block.notebook, ()))


@dataclass(frozen=True)
class Schedule:
    title: str
    blocks: tuple[Block, ...]
    late: tuple[Late, ...]
    text: str

    def block(self, notebook: str) -> Block:
        return next(each for each in self.blocks if each.notebook == notebook)


def read(text: str) -> list[Schedule]:
    """All schedules of a guide: parts under one heading that have a table of blocks."""
    found = []
    for title, body in HEADING.findall(text):
        if "| from | minutes |" in body:
            plan, _, late = body.partition("| at | late by |")
            blocks = tuple(_block(*row[:5]) for row in BLOCK.findall(plan))
            found.append(Schedule(title, blocks, tuple(_late(blocks, *row) for row in LATE.findall(late)), body))
    return found


def _block(begins: str, lasts: str, what: str, said: str, asks: str) -> Block:
    teaches = TEACHES.fullmatch(what)
    if not teaches:
        return Block(begins, int(lasts), what, said, asks)
    notebook, file, sections, run_only = teaches.groups()
    return Block(
        begins, int(lasts), what, said, asks, notebook, file, tuple(numbers(sections)), tuple(numbers(run_only or ""))
    )


def _late(blocks: tuple[Block, ...], at: str, by: str, left_out: str, saves: str, says: str) -> Late:
    leave, run_only = {}, {}
    for part in left_out.split("; "):
        notebook, words, ran = LEAVES.fullmatch(part).groups()
        own = next(block for block in blocks if block.notebook == notebook)
        leave[notebook] = own.sections if words == WHOLE else tuple(numbers(words))
        run_only[notebook] = tuple(numbers(ran or ""))
    return Late(at, int(by), int(saves), says, leave, run_only)


def numbers(words: str) -> Iterator[str]:
    """The sections that "start, 1 to 3, 7" names."""
    for part in filter(None, re.split(", | and ", words)):
        first, _, last = part.partition(" to ")
        yield from [part] if not last else map(str, range(int(first), int(last) + 1))


@functools.cache  # a notebook is named by many rows
def sections_of(notebook: str) -> dict[str, minutes.Section]:
    """The sections of a notebook by their numbers."""
    return {each.number: each for each in minutes.sections(NOTEBOOKS[notebook])}


def minutes_of(notebook: str, sections: tuple[str, ...]) -> int:
    """Minutes of these sections, as schedules add them up."""
    return sum(sections_of(notebook)[each].whole_minutes for each in sections)


def exercises(notebook: str, sections: tuple[str, ...]) -> list[str]:
    """Numbers of the exercises in these sections."""
    asks = (ask for number, section in sections_of(notebook).items() if number in sections for ask in section.asks)
    return [ask.split()[1] for ask in asks if ask.startswith("exercise")]


def to_run(notebook: str, sections: tuple[str, ...], run_only: tuple[str, ...]) -> list[str]:
    """Sources of the cells that a class runs, in order: of sections that are taught, and of those that are only run."""
    taken = {*sections, *run_only}
    return [code for number, codes in needs.code_by_section(NOTEBOOKS[notebook]) if number in taken for code in codes]


def main() -> int:
    for schedule in read(GUIDE.read_text(encoding="utf-8")):
        print(f"\n{schedule.title}")
        for block in schedule.blocks:
            line = f"  {block.begins}  {block.lasts:3} min  {block.what if not block.notebook else block.notebook}"
            if block.notebook:
                besides = needs.needed(NOTEBOOKS[block.notebook], block.sections)
                asks = exercises(block.notebook, block.sections)
                line += f": {', '.join(block.sections)}; counted {block.counted}; exercises {', '.join(asks) or 'none'}"
                line += f"; run besides {', '.join(besides)}" if besides else ""
            print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
