"""Rules that every notebook keeps, learner's copy and solved: part of `make check`.

    python tools/lint.py                # all of them
    python tools/lint.py notebooks/04*  # some

Each rule is a function that takes a notebook and yields what is wrong. What the cells print is compared by nbval.
"""

import ast
import contextlib
import io
import itertools
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
from codespell_lib import main as codespell

from practicum import badges
from practicum.learner_copies import SOLUTION, STUB

PROJECT = Path(__file__).resolve().parent.parent
NOTEBOOKS = PROJECT / "notebooks"
MOST_LINES = 20  # in a cell of code
MOST_IGNORED = 0.15  # share of code cells whose output is not compared
MOST_IN_A_ROW = 4  # code cells without prose between them
# Minutes of reading and doing are counted, because nobody's pace is everybody's: so many words a minute (a text with
# formulae, in what is for many a foreign language), seconds for a line of code and a figure, minutes for what is asked.
WORDS_A_MINUTE, SECONDS_A_LINE, SECONDS_A_FIGURE, MINUTES_AN_EXERCISE, MINUTES_A_QUESTION = 150, 5, 20, 3, 1
MINUTES_OFF = 5  # by which the number at the top may differ from the count
TAGS = {"nbval-ignore-output", "accuracy", "bootstrap"}
AT_THE_TOP = (
    "**The question.**",
    "**After this notebook you can**",
    "**Time:**",
    "**Before this:**",
    "**Short of time?**",
)
FORBIDDEN = re.compile(r"import \*|^\s*[!%]|\binput\(|pip install|files\.upload", re.M)
MACHINE_PATH = re.compile(r"(?<![\w.:/])/(?:home|root|tmp|usr|opt|var|work|Users|content)/|[A-Z]:\\\\")
TIMING = re.compile(r"(?<![\w.])\d+(?:[.,]\d+)? ?(?:ns|µs|ms|s|sec|seconds?|minutes?)\b(?! of (?:reading|doing))")
AMERICAN = re.compile(
    r"\b(colors?|colored|gray(?:scale)?|centers?|centered|behaviors?|favorite|neighbors?|neighboring|"
    r"visualiz\w+|normaliz\w+|generaliz\w+|optimiz(?!ers?\b)\w+|recogniz\w+|memoriz\w+|labeled|labeling|modeled|traveled)\b",
    re.I,
)


@dataclass(frozen=True)
class Notebook:
    """A notebook and where it is."""

    path: Path
    content: nbformat.NotebookNode

    @property
    def cells(self) -> list[nbformat.NotebookNode]:
        return self.content.cells

    @property
    def code(self) -> list[nbformat.NotebookNode]:
        return [cell for cell in self.cells if cell.cell_type == "code"]

    @property
    def is_solved(self) -> bool:
        return self.path.parent.name == "solutions"

    @property
    def prose(self) -> str:
        return "\n\n".join(cell.source for cell in self.cells if cell.cell_type == "markdown")


Rule = Callable[[Notebook], Iterator[str]]


def is_valid_and_named_in_order(notebook: Notebook) -> Iterator[str]:
    if not re.fullmatch(r"\d\d_[a-z_]+", notebook.path.stem):
        yield "is to be called NN_topic.ipynb"
    try:
        nbformat.validate(notebook.content)
    except nbformat.ValidationError as error:
        yield f"is no valid notebook: {str(error).splitlines()[0]}"
    if [cell.get("id") for cell in notebook.cells] != [f"cell-{place:02d}" for place in range(len(notebook.cells))]:
        yield "has cell ids that are not in order; run tools/execute.py"


def was_run_from_top_to_bottom(notebook: Notebook) -> Iterator[str]:
    if [cell.execution_count for cell in notebook.code] != list(range(1, len(notebook.code) + 1)):
        empty = " (one is empty: run workshop build first)" if any(not cell.source for cell in notebook.code) else ""
        yield f"was not run once from top to bottom{empty}; run tools/execute.py"


def holds_nothing_of_a_machine(notebook: Notebook) -> Iterator[str]:
    if set(notebook.content.metadata) - {"kernelspec", "language_info"}:
        yield "holds metadata of a program; run tools/execute.py"
    for cell in notebook.cells:
        if set(cell.metadata) - {"tags"} or set(tags(cell)) - TAGS:
            yield f"{start(cell)}: unknown tags or metadata: {dict(cell.metadata)}"
        texts = [cell.source, *(text for output in cell.get("outputs", []) for text in texts_of(output))]
        for found in filter(None, map(MACHINE_PATH.search, texts)):
            yield f"{start(cell)}: a path of one machine: {found[0]}"


def prints_no_errors(notebook: Notebook) -> Iterator[str]:
    for cell in notebook.code:
        for output in cell.outputs:
            if output.output_type == "error" or output.get("name") == "stderr":
                yield f"{start(cell)}: an error or a warning: {str(output.get('text', output.get('evalue')))[:200]}"


def compared_outputs_are_the_same_everywhere(notebook: Notebook) -> Iterator[str]:
    for cell in notebook.code:
        if "nbval-ignore-output" in tags(cell):
            continue
        for text in (text for output in cell.outputs for text in texts_of(output, plain_only=True)):
            for what, pattern in (
                ("an address in memory", r"0x[0-9a-f]{6,}"),
                ("a number that is not rounded", r"\d\.\d{7,}"),
                ("a time", TIMING.pattern),
            ):
                if found := re.search(pattern, text):
                    yield f"{start(cell)}: {what} in a compared output: {found[0]}"


def few_outputs_are_left_uncompared(notebook: Notebook) -> Iterator[str]:
    ignored = sum("nbval-ignore-output" in tags(cell) for cell in notebook.code)
    if ignored > MOST_IGNORED * len(notebook.code):
        yield f"{ignored} of {len(notebook.code)} outputs are not compared; at most {MOST_IGNORED:.0%}"


def cells_are_short_and_hide_nothing(notebook: Notebook) -> Iterator[str]:
    for cell in notebook.code:
        lines = len(cell.source.splitlines())
        if lines > MOST_LINES:
            yield f"{start(cell)}: {lines} lines; at most {MOST_LINES}"
        if found := FORBIDDEN.search(cell.source):
            yield f"{start(cell)}: {found[0].strip()}"
        try:
            ast.parse(cell.source)
        except SyntaxError as error:
            yield f"{start(cell)}: {error}"


def says_at_the_top_what_it_is(notebook: Notebook) -> Iterator[str]:
    first = notebook.cells[0]
    if first.cell_type != "markdown" or not first.source.startswith("# "):
        yield "does not begin with a title"
    for missing in (part for part in AT_THE_TOP if part not in first.source):
        yield f"the first cell lacks {missing}"
    if not (said := re.search(r"\*\*Time:\*\*[^\n]*?(\d+) minutes", first.source)):
        yield "the first cell does not say how many minutes it takes"
    elif abs(int(said[1]) - (counted := minutes(notebook))) > MINUTES_OFF:
        yield f"the first cell says {said[1]} minutes; counted are {counted:.0f}"


def minutes(notebook: Notebook) -> float:
    """How long it takes to read and do everything, computing aside."""
    lines = sum(len(cell.source.splitlines()) for cell in notebook.code)
    figures = sum("image/png" in output.get("data", {}) for cell in notebook.code for output in cell.outputs)
    exercises, questions = (
        sum(f"lesson.{what}_" in cell.source for cell in notebook.code) for what in ("exercise", "question")
    )
    reading = len(re.findall(r"\w+", badges.LINE.sub("", notebook.prose))) / WORDS_A_MINUTE  # a fork's links aside
    looking = (lines * SECONDS_A_LINE + figures * SECONDS_A_FIGURE) / 60
    return reading + looking + exercises * MINUTES_AN_EXERCISE + questions * MINUTES_A_QUESTION


def prose_comes_before_code(notebook: Notebook) -> Iterator[str]:
    in_a_row = 0
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            in_a_row = 0
        elif "lesson." not in cell.source:
            in_a_row += 1
            if in_a_row == MOST_IN_A_ROW + 1:
                yield f"{start(cell)}: the {in_a_row}th cell of code in a row"


def headings_go_down_one_by_one(notebook: Notebook) -> Iterator[str]:
    levels = [len(marks) for marks, _ in headings(notebook.prose)]
    if levels.count(1) != 1:
        yield f"{levels.count(1)} titles; one is right"
    if any(after > before + 1 for before, after in itertools.pairwise(levels)):
        yield "a level of headings is left out"


def figures_have_words_beside_them(notebook: Notebook) -> Iterator[str]:
    """A cell that shows a picture has a markdown cell next to it that says what there is to see."""
    for place, cell in enumerate(notebook.cells):
        if any("image/png" in output.get("data", {}) for output in cell.get("outputs", [])):
            beside = [
                near.source for near in notebook.cells[max(place - 1, 0) : place + 2] if near.cell_type == "markdown"
            ]
            if not any("*Picture:" in source for source in beside):
                yield f"{start(cell)}: a picture without *Picture: …* beside it"


def asks_the_learner_something(notebook: Notebook) -> Iterator[str]:
    code = "\n".join(cell.source for cell in notebook.code)
    for what in ("exercise", "question"):
        if len(set(re.findall(rf"\blesson\.{what}_(\d+)\.check\(", code))) < 2:
            yield f"fewer than two {what}s"
    if "lesson.progress()" not in code:
        yield "no lesson.progress() at the end"


def exercises_are_open_in_the_copy_and_solved_in_the_source(notebook: Notebook) -> Iterator[str]:
    for cell in notebook.code:
        if not re.search(r"\blesson\.(exercise|question)_\d+\.check\(", cell.source):
            continue
        text = "\n".join(itertools.chain.from_iterable(texts_of(output, plain_only=True) for output in cell.outputs))
        wanted = ": right" if notebook.is_solved else "not tried yet|not answered yet"
        if not re.search(wanted, text):
            yield f"{start(cell)}: expected {wanted!r}, and it says: {text[:100]}"
    if not notebook.is_solved:
        for cell in notebook.code:
            if re.search(rf"^({SOLUTION}|{STUB.strip()})", cell.source, re.M):
                yield f"{start(cell)}: marks of the solved notebook"


def assertions_of_accuracy_are_marked(notebook: Notebook) -> Iterator[str]:
    """So that the test with an untrained network finds them all."""
    for cell in notebook.code:
        if re.search(r"assert .*accuracy\s*>=?\s*0?\.\d", cell.source) and "accuracy" not in tags(cell):
            yield f"{start(cell)}: asserts an accuracy without the tag"


def links_lead_somewhere(notebook: Notebook) -> Iterator[str]:
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(notebook.prose)):
        if re.match(r"https?://|mailto:", target):
            continue
        file, _, anchor = target.partition("#")
        path = notebook.path.parent / file if file else notebook.path
        if not path.exists():
            yield f"link to nowhere: {target}"
        elif anchor and path.suffix == ".md" and anchor not in anchors(path):
            yield f"no heading there: {target}"


def is_spelt_right(notebook: Notebook) -> Iterator[str]:
    text = re.sub(r"`[^`]*`|https?://\S+|\]\([^)]*\)", " ", without_code(notebook.prose))
    for found in AMERICAN.finditer(text):
        yield f"American spelling: {found[0]}"
    yield from misspelt(text)


RULES: tuple[Rule, ...] = (
    is_valid_and_named_in_order,
    was_run_from_top_to_bottom,
    holds_nothing_of_a_machine,
    prints_no_errors,
    compared_outputs_are_the_same_everywhere,
    few_outputs_are_left_uncompared,
    cells_are_short_and_hide_nothing,
    says_at_the_top_what_it_is,
    prose_comes_before_code,
    headings_go_down_one_by_one,
    figures_have_words_beside_them,
    asks_the_learner_something,
    exercises_are_open_in_the_copy_and_solved_in_the_source,
    assertions_of_accuracy_are_marked,
    links_lead_somewhere,
    is_spelt_right,
)


def problems(path: Path) -> list[str]:
    """What is wrong with the notebook at path, rule by rule."""
    notebook = Notebook(path, nbformat.read(path, as_version=4))
    return [f"{rule.__name__}: {problem}" for rule in RULES for problem in rule(notebook)]


def tags(cell: nbformat.NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])


def start(cell: nbformat.NotebookNode) -> str:
    """How to find a cell: its id and its first line."""
    return f"{cell.get('id')} {(cell.source.splitlines() or ['(empty)'])[0][:60]!r}"


def texts_of(output: nbformat.NotebookNode, *, plain_only: bool = False) -> Iterator[str]:
    """The texts in an output: what was printed, and each way in which a value is shown, pictures aside."""
    if "text" in output:
        yield output.text
    for kind, value in output.get("data", {}).items():
        if kind == "text/plain" or (not plain_only and not kind.startswith("image/")):
            yield str(value)


def without_code(prose: str) -> str:
    return re.sub(r"```.*?```|^ {4}[^\n]*$", "", prose, flags=re.S | re.M)


def headings(prose: str) -> list[tuple[str, str]]:
    return re.findall(r"^(#{1,6}) (.*)$", without_code(prose), re.M)


def anchors(path: Path) -> set[str]:
    """What links may name after a # in a Markdown file, as GitHub does it."""
    found = set()
    for _, heading in headings(path.read_text(encoding="utf-8")):
        plain = re.sub(r"[`*]", "", heading).strip().lower()
        found.add(re.sub(r"[^\w\- ]", "", plain).replace(" ", "-"))
    return found


def misspelt(text: str) -> Iterator[str]:
    """Words that codespell knows to be wrong."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "prose.md"
        file.write_text(text, encoding="utf-8")
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(io.StringIO()):
            codespell("--toml", str(PROJECT / "pyproject.toml"), str(file))
    for line in said.getvalue().splitlines():
        yield f"spelling: {line.rpartition('prose.md:')[2]}"


def main(given: list[str]) -> int:
    everything = sorted([*NOTEBOOKS.glob("*.ipynb"), *NOTEBOOKS.glob("solutions/*.ipynb")])
    paths = [Path(each).resolve() for each in given] or everything
    found = {path: problems(path) for path in paths}
    for path, each in found.items():
        for problem in each:
            print(f"{path.relative_to(NOTEBOOKS)}: {problem}")
    print(f"{len(paths)} notebooks, {sum(map(len, found.values()))} problems")
    return 1 if any(found.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
