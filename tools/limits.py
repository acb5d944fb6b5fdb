"""How far trained results vary from seed to seed: what the limits in the notebooks' accuracy assertions rest on.

    python tools/limits.py 02 05 --seeds 16   # run the solved notebooks 02 and 05 with 16 other seeds each
    python tools/limits.py --table            # write docs/limits.md anew from what was measured

A notebook is run without its pages and figures being kept; every seed that it gives is raised by 1000, 2000, …; for
each comparison in the assertions of its cells tagged "accuracy" the margin is noted, by how much it holds (below 0 it
would fail), and the ratio of its sides, where both are above 0. docs/limits.csv keeps them all; what was measured with
an older text of an assertion is dropped. A limit is neither tight nor loose if it lies between 3 and 4 standard
deviations from the mean, of the margins or of the logarithms of the ratios: these suit what cannot fall below 0 and
lies, say, between 6 and 46 in 100.
"""

import argparse
import ast
import csv
import functools
import inspect
import json
import math
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import mean, stdev
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
NOTEBOOKS = PROJECT / "notebooks"
TABLE = PROJECT / "docs" / "limits.csv"
PAGE = PROJECT / "docs" / "limits.md"
COLUMNS = ("notebook", "assertion", "seed", "margin", "ratio")
SEED_STEP = 1000
TIGHTEST, LOOSEST = 3.0, 4.0  # standard deviations between the mean and a limit
TIGHTEST_OF_TWO_RESULTS = 1.5  # nobody can move this limit: "fewer from the start beat what is left of many"
LOOSEST_ALWAYS_ALIKE = 0.03  # as far as a limit may be from a value that hardly varies
FEWEST_SEEDS = 12
Margin = tuple[float, float | None]  # larger side minus smaller, and larger divided by smaller if both are above 0
Comparison = tuple[str, ast.expr, ast.expr]  # its text, and the sides: the first is to be the larger one


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebooks", nargs="*", metavar="NN", help="numbers of notebooks, such as 05")
    parser.add_argument("--seeds", type=int, default=16, help="how many (default: 16)")
    parser.add_argument("--table", action="store_true", help="write docs/limits.md from docs/limits.csv")
    parser.add_argument("--one", type=int, metavar="N", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one is not None:
        print(json.dumps(margins_of(solved(options.notebooks[0]), options.one)))
        return 0
    for number in options.notebooks:
        measure(solved(number), options.seeds)
    if options.table or options.notebooks:
        PAGE.write_text(page(read()), encoding="utf-8")
    return 0


def measure(path: Path, seeds: int) -> None:
    """Add the margins of the notebook at path for the seeds that are not in the table yet, each in its own process."""
    wanted = {text for text, _, _ in comparisons(path)}
    done = {int(row["seed"]) for row in read() if row["notebook"] == path.stem and row["assertion"] in wanted}
    for seed in range(1, seeds + 1):
        if seed in done:
            continue
        started = time.monotonic()
        run = subprocess.run(
            [sys.executable, __file__, path.stem[:2], "--one", str(seed)], capture_output=True, text=True, check=False
        )
        if run.returncode:
            print(f"{path.stem}, seed {seed}: failed\n{run.stderr[-2000:]}", file=sys.stderr)
            continue
        found = json.loads(run.stdout.splitlines()[-1])
        rows = [row for row in read() if row["notebook"] != path.stem or row["assertion"] in wanted]
        for assertion, margin, ratio in found:
            numbers = {"margin": f"{margin:.5f}", "ratio": "" if ratio is None else f"{ratio:.5f}"}
            rows.append({"notebook": path.stem, "assertion": assertion, "seed": str(seed)} | numbers)
        write(rows)
        print(f"{path.stem}, seed {seed}: {time.monotonic() - started:.0f} s", flush=True)


def margins_of(path: Path, seed: int) -> list[tuple[str, float, float | None]]:
    """Run the notebook with all its seeds raised; give each comparison, its margin and its ratio."""
    os.environ.update(PRACTICUM_OFFLINE="1", PRACTICUM_PROGRESS="off", MPLBACKEND="agg")
    os.chdir(path.parent)
    sys.path.insert(0, str(PROJECT))
    raise_seeds(SEED_STEP * seed)
    found: list[tuple[str, float, float | None]] = []

    def note(text: str, larger: Any, smaller: Any) -> None:
        ratio = float(larger / smaller) if larger > 0 and smaller > 0 else None
        found.append((text, float(larger - smaller), ratio))

    names: dict[str, Any] = {"__name__": "__main__", "_note": note}
    names["display"] = lambda *shown: None
    silent = open(os.devnull, "w")  # noqa: PTH123, SIM115 - what the notebook prints is of no interest here
    printed, sys.stdout = sys.stdout, silent
    try:
        for source, is_accuracy in code_cells(path):
            exec(compile(noting(source, is_accuracy), path.stem, "exec"), names)
    finally:
        sys.stdout = printed
        silent.close()
    return found


def raise_seeds(step: int) -> None:
    """Let whatever takes a seed to train or to begin with take another one."""
    from practicum import experiments, model, training
    from practicum.backend import keras

    def raised(function: Callable[..., Any]) -> Callable[..., Any]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def with_another_seed(*arguments: Any, **options: Any) -> Any:
            given = signature.bind(*arguments, **options)
            given.apply_defaults()
            seed = given.arguments["seed"]
            given.arguments["seed"] = step + (seed or 0)
            return function(*given.args, **given.kwargs)

        with_another_seed.__kwdefaults__ = function.__kwdefaults__  # notebook 05 reads them
        return with_another_seed

    training.train = raised(training.train)
    model.build_cnn = raised(model.build_cnn)
    keras.utils.set_random_seed = raised(keras.utils.set_random_seed)
    sweep = experiments.sweep

    @functools.wraps(sweep)
    def sweep_of_other_seeds(*arguments: Any, **options: Any) -> Any:
        seeds = options.get("seeds", 3)
        options["seeds"] = [step + seed for seed in (range(seeds) if isinstance(seeds, int) else seeds)]
        return sweep(*arguments, **options)

    experiments.sweep = sweep_of_other_seeds


def noting(source: str, is_accuracy: bool) -> ast.Module:
    """The cell with its assertions taken out; those of an accuracy cell note their margins instead."""

    class Notes(ast.NodeTransformer):
        def visit_Assert(self, node: ast.Assert) -> Any:
            notes = []
            for text, larger, smaller in compared(node) if is_accuracy else ():
                call = ast.Call(ast.Name("_note", ast.Load()), [ast.Constant(text), larger, smaller], [])
                notes.append(ast.Expr(call))
            return notes or ast.Pass()

    return ast.fix_missing_locations(Notes().visit(ast.parse(source)))


def comparisons(path: Path) -> list[Comparison]:
    """All comparisons in the accuracy assertions of a notebook."""
    trees = [ast.parse(source) for source, is_accuracy in code_cells(path) if is_accuracy]
    asserts = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Assert)]
    return [each for node in asserts for each in compared(node)]


def compared(node: ast.Assert) -> Iterator[Comparison]:
    """Each "larger than" or "smaller than" of an assertion; 0.3 < x < 0.7 is two."""
    parts = node.test.values if isinstance(node.test, ast.BoolOp) else [node.test]
    for compare in (part for part in parts if isinstance(part, ast.Compare)):
        sides = [compare.left, *compare.comparators]
        for left, operator, right in zip(sides, compare.ops, sides[1:], strict=False):
            signs = {ast.Gt: ">", ast.GtE: ">=", ast.Lt: "<", ast.LtE: "<="}
            if type(operator) in signs:
                text = f"{ast.unparse(left)} {signs[type(operator)]} {ast.unparse(right)}"
                yield (text, left, right) if isinstance(operator, ast.Gt | ast.GtE) else (text, right, left)


def has_a_limit(assertion: str) -> bool:
    """Whether a comparison is with a number that somebody chose, such as 0.56, and not between two results."""
    return any(
        isinstance(node, ast.Constant) and isinstance(node.value, float) and not isinstance(parent, ast.Mult)
        for side in (ast.parse(assertion).body[0].value.left, *ast.parse(assertion).body[0].value.comparators)
        for node, parent in with_operators(side)
    )


def with_operators(side: ast.expr, operator: Any = None) -> Iterator[tuple[ast.expr, Any]]:
    """The parts of a sum, with the operator that joins them; other expressions are left whole."""
    if isinstance(side, ast.BinOp):
        yield from with_operators(side.left, side.op)
        yield from with_operators(side.right, side.op)
    else:
        yield side, operator


def judged(margins: list[Margin], assertion: str) -> str:
    """ "" if a limit suits the margins that were measured, otherwise what is wrong with it."""
    if len(margins) < FEWEST_SEEDS:
        return f"only {len(margins)} seeds"
    differences = [difference for difference, _ in margins]
    if min(differences) <= 0:
        return f"fails with {sum(each <= 0 for each in differences)} of {len(differences)} seeds"
    if mean(differences) <= LOOSEST_ALWAYS_ALIKE and tightness(differences) >= TIGHTEST:
        return ""
    scales = [tightness(each) for each in on_both_scales(margins)]
    tightest, loosest = (TIGHTEST, LOOSEST) if has_a_limit(assertion) else (TIGHTEST_OF_TWO_RESULTS, math.inf)
    if any(tightest <= scale <= loosest for scale in scales):
        return ""
    said = " or ".join(f"{scale:.1f}" for scale in scales)
    return f"too {'tight' if max(scales) < tightest else 'loose'}: {said} standard deviations from the mean"


def on_both_scales(margins: list[Margin]) -> list[list[float]]:
    """The differences, and the logarithms of the ratios where there are any."""
    logarithms = [math.log(ratio) for _, ratio in margins if ratio]
    return [[difference for difference, _ in margins], *([logarithms] if len(logarithms) == len(margins) else [])]


def tightness(differences: list[float]) -> float:
    """How many standard deviations lie between the mean and 0."""
    spread = stdev(differences)
    return mean(differences) / spread if spread else math.inf


def page(rows: list[dict[str, str]]) -> str:
    """docs/limits.md."""
    lines = [
        "# How far results vary",
        "",
        "What the notebooks assert of trained networks, and by how much it holds with other seeds: the *margin* is the",
        "larger side minus the smaller one. Made by `python tools/limits.py`, which says how it is measured;",
        "all of it is in [limits.csv](limits.csv). A limit that somebody chose lies between 3 and 4 standard",
        "deviations from the mean, of the margins or of the logarithms of the ratios of the two sides (for what cannot",
        f"fall below 0), or within {LOOSEST_ALWAYS_ALIKE} of a value that hardly varies: `tests/test_limits.py`.",
        f"Of two results, one is larger with every seed, and by {TIGHTEST_OF_TWO_RESULTS} standard deviations or more.",
        "",
        "| notebook | assertion | seeds | mean margin | smallest | standard deviations from the mean |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for (notebook, assertion), margins in by_assertion(rows).items():
        scales = on_both_scales(margins)
        text = assertion.replace("|", "\\|")
        lines.append(
            f"| {notebook[:2]} | `{text}` | {len(margins)} | {mean(scales[0]):.4f} | {min(scales[0]):.4f} | "
            f"{'; by ratios '.join(map(in_deviations, scales))} |"
        )
    return "\n".join(lines) + "\n"


def in_deviations(differences: list[float]) -> str:
    return f"{tightness(differences):.1f}" if len(differences) > 1 and stdev(differences) else "does not vary"


def by_assertion(rows: list[dict[str, str]]) -> dict[tuple[str, str], list[Margin]]:
    found: dict[tuple[str, str], list[Margin]] = {}
    for row in sorted(rows, key=lambda row: row["notebook"]):
        margin = float(row["margin"]), float(row["ratio"]) if row["ratio"] else None
        found.setdefault((row["notebook"], row["assertion"]), []).append(margin)
    return found


def read() -> list[dict[str, str]]:
    if not TABLE.exists():
        return []
    with TABLE.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write(rows: list[dict[str, str]]) -> None:
    partial = TABLE.with_suffix(".partial")
    with partial.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    partial.replace(TABLE)


def solved(number: str) -> Path:
    """The solved notebook of this number."""
    found = sorted((NOTEBOOKS / "solutions").glob(f"{number}_*.ipynb")) if re.fullmatch(r"\d\d", number) else []
    if len(found) != 1:
        raise SystemExit(f"limits.py: expected the number of a notebook, such as 05. Received {number!r}.")
    return found[0]


def code_cells(path: Path) -> list[tuple[str, bool]]:
    """The notebook's code, cell by cell, and whether the cell is tagged accuracy."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [
        ("".join(cell["source"]), "accuracy" in cell["metadata"].get("tags", []))
        for cell in cells
        if cell["cell_type"] == "code"
    ]


if __name__ == "__main__":
    raise SystemExit(main())
