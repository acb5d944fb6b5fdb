"""Which sections of a notebook have cells that other sections need: what to run although a schedule leaves it out.

    python tools/needs.py notebooks/06* start 1 2 7 8    # sections to run, besides, for these
    python tools/needs.py notebooks/06*                  # each section that later ones need, and for which names

Found by reading the code, not by running it: a name that a cell uses must have been given its value by a cell before.
What a section changes in a value of an earlier one (a network that is trained later) cannot be seen like this.
"""

import argparse
import ast
import builtins
import symtable
import sys
from collections.abc import Iterable
from pathlib import Path

import minutes  # tools/minutes.py, which lies beside this file
import nbformat


def needed(path: Path, chosen: Iterable[str]) -> list[str]:
    """The sections besides those chosen whose cells must be run before, in order; named as minutes.sections does."""
    cells = code_by_section(path)
    taken = set(chosen)
    while missing := {number for number, _, _ in _missing(cells, taken)}:
        taken |= missing
    return [number for number, _ in cells if number in taken - set(chosen)]


def _missing(cells: list[tuple[str, list[str]]], taken: set[str]) -> list[tuple[str, str, str]]:
    """Who gave a name its value (last before), which name, who needs it; of values from sections that are not taken."""
    found = []
    given: dict[str, str] = {}  # name -> the section that gave its value, taken or not
    for number, codes in cells:
        for code in codes:
            uses, gives = names(code)
            if number in taken:
                found += [
                    (given[name], name, number) for name in sorted(uses & given.keys()) if given[name] not in taken
                ]
            # Also where a taken section gave the name a value before: that may be another thing of the same name.
            given |= dict.fromkeys(gives, number)
    return found


def code_by_section(path: Path) -> list[tuple[str, list[str]]]:
    """Numbers of the sections with the sources of their code cells."""
    found: list[tuple[str, list[str]]] = [(minutes.START, [])]
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            found[-1][1].append(cell.source)
        elif cell.cell_type == "markdown":
            headings = [heading for heading, _ in minutes.cut(cell.source) if heading]
            found += [(heading.partition(".")[0], []) for heading in headings]
    return found


def names(code: str) -> tuple[set[str], set[str]]:
    """Names that a cell needs from before, and names that it gives a value.

    >>> uses, gives = names("x = x + 1\\nfor i in range(n):\\n    print(i, (lambda k: k * m)(i))")
    >>> sorted(uses), sorted(gives)
    (['m', 'n', 'x'], ['i', 'x'])
    """
    uses: set[str] = set()
    gives: set[str] = set()
    for statement in ast.parse(code).body:
        table = symtable.symtable(ast.unparse(statement), "cell", "exec")
        bound = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
        read = _read(table) - bound  # not what a loop or an import binds itself
        match statement:
            case ast.AugAssign():
                read |= bound
            case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value):  # x = f(x) needs the x before it
                read |= _read(symtable.symtable(ast.unparse(value), "cell", "exec"))
        uses |= read - gives
        gives |= bound
    return uses - set(dir(builtins)), gives


def _read(table: symtable.SymbolTable) -> set[str]:
    """Names of the module that are read, also in the functions in it."""
    top = table.get_type() == "module"
    here = {each.get_name() for each in table.get_symbols() if each.is_referenced() and (top or each.is_global())}
    return here.union(*map(_read, table.get_children()))


def main(given: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebook", type=Path)
    parser.add_argument("sections", nargs="*", help="such as: start 1 2 8")
    options = parser.parse_args(given)
    cells = code_by_section(options.notebook)
    numbers = [number for number, _ in cells]
    if unknown := set(options.sections) - set(numbers):
        parser.error(f"no section {', '.join(sorted(unknown))}. There are: {', '.join(numbers)}.")
    if options.sections:
        print("to run besides:", ", ".join(needed(options.notebook, options.sections)) or "none")
        return 0
    for left_out in numbers:
        by_user: dict[str, dict[str, None]] = {}  # names in order, each once
        for _, name, user in _missing(cells, set(numbers) - {left_out}):
            by_user.setdefault(user, {})[name] = None
        for user, wanted in by_user.items():
            print(f"{left_out} before {user}: {', '.join(wanted)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
