"""Minutes of reading and doing, notebook by notebook and section by section: what a schedule is made of.

    python tools/minutes.py                 # the learner's copies
    python tools/minutes.py notebooks/04*   # some
    python tools/minutes.py --guide         # the lines of docs/instructor-guide.md

The count is that of lint.py (words, lines of code, figures, exercises, questions), applied to each section. Computing
is not in it: what the notebook itself says of that is printed beside its name.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import lint  # tools/lint.py, which lies beside this file
import nbformat

PROJECT = Path(__file__).resolve().parent.parent
NOTEBOOKS = PROJECT / "notebooks"
START = "start"  # all that stands before the first numbered section


@dataclass(frozen=True)
class Section:
    """A section of a notebook. number: "1", "2", …, or "start"; asks: "exercise 1", "question 2", …"""

    number: str
    heading: str
    minutes: float
    asks: tuple[str, ...]

    @property
    def whole_minutes(self) -> int:
        """What a schedule adds up: never 0, since nothing takes no time."""
        return max(1, round(self.minutes))


def sections(path: Path) -> list[Section]:
    """The numbered sections of a notebook, after its start; together as long as lint.minutes finds all of it."""
    parts: list[tuple[str, list[nbformat.NotebookNode]]] = [(START, [])]
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type != "markdown":
            parts[-1][1].append(cell)
            continue
        for heading, text in cut(cell.source):
            if heading:
                parts.append((heading, []))
            parts[-1][1].append(nbformat.v4.new_markdown_cell(text))
    return [_section(path, heading, cells) for heading, cells in parts]


def cut(text: str) -> Iterator[tuple[str, str]]:
    """Pairs of a numbered heading and the text that it begins; first "" and what stands before them."""
    places = [match.start() for match in re.finditer(r"^## \d+\. ", _without_fences(text), re.M)]
    for begin, end in zip([0, *places], [*places, len(text)], strict=True):
        if piece := text[begin:end]:
            yield (piece.splitlines()[0].removeprefix("## ") if begin in places else ""), piece


def _without_fences(text: str) -> str:
    """The text with blanks in place of code, so that places in it stay what they are."""
    return re.sub(r"^```.*?^```", lambda code: " " * len(code[0]), text, flags=re.S | re.M)


def _section(path: Path, heading: str, cells: list[nbformat.NotebookNode]) -> Section:
    part = lint.Notebook(path, nbformat.v4.new_notebook(cells=cells))
    asks = re.findall(r"\blesson\.(exercise|question)_(\d+)\.check\(", "\n".join(cell.source for cell in part.code))
    number = START if heading == START else heading.partition(".")[0]
    return Section(number, heading, lint.minutes(part), tuple(f"{what} {n}" for what, n in dict.fromkeys(asks)))


def in_a_line(found: list[Section]) -> str:
    """All sections with whole minutes, in short: "start 3, 1: 5, 2: 3"."""
    return ", ".join(f"{each.number}{'' if each.number == START else ':'} {each.whole_minutes}" for each in found)


def computing(path: Path) -> str:
    """What the notebook's first cell says of the time, after the minutes."""
    first = nbformat.read(path, as_version=4).cells[0].source
    said = re.search(r"\*\*Time:\*\* about \d+ minutes[,.]?\s*([^\n]*)", first)
    return said[1].strip() if said else ""


def main(given: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: all learner's copies")
    parser.add_argument("--guide", action="store_true", help="a line a notebook, as in the instructor guide")
    options = parser.parse_args(given)
    total = 0.0
    for path in sorted(options.notebooks or NOTEBOOKS.glob("[0-9][0-9]_*.ipynb")):
        found = sections(path)
        minutes = sum(each.minutes for each in found)
        total += minutes
        if options.guide:
            print(f"{path.stem[:2]}: {minutes:.0f} minutes: {in_a_line(found)}.")
            continue
        print(f"\n{path.stem}: {minutes:.0f} minutes. ({computing(path)})")
        for each in found:
            print(f"  {each.minutes:5.1f}  {each.heading}{'  [' + ', '.join(each.asks) + ']' if each.asks else ''}")
    print(f"\nall together: {total / 60:.1f} hours")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
