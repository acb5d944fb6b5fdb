"""Guards on the notebooks as they are committed. What they print is compared by nbval (`make test`)."""

import ast
import itertools
import re

import nbformat
import pytest
from conftest import PROJECT

NOTEBOOKS = sorted((PROJECT / "notebooks").glob("*.ipynb"))
MACHINE_PATH = re.compile(r"(?<![\w.:/])/(?:home|root|tmp|usr|opt|var|work|Users|content)/|[A-Z]:\\\\")
MOST_LINES = 20
MOST_IGNORED = 0.15

pytestmark = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path):
    return nbformat.read(path, as_version=4)


def code_cells(path):
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def tags(cell):
    return cell.metadata.get("tags", [])


def test_is_valid_and_named_in_order(path):
    nbformat.validate(read(path))
    assert re.fullmatch(r"\d\d_[a-z_]+", path.stem)


def test_was_run_from_top_to_bottom(path):
    assert [cell.execution_count for cell in code_cells(path)] == list(range(1, len(code_cells(path)) + 1))


def test_holds_nothing_of_a_machine_or_a_session(path):
    notebook = read(path)
    assert "widgets" not in notebook.metadata
    for cell in notebook.cells:
        assert set(cell.metadata) <= {"tags"}
        for output in cell.get("outputs", []):
            text = str(
                {key: value for key, value in output.get("data", output).items() if not key.startswith("image/")}
            )
            assert not MACHINE_PATH.search(text), text[:300]


def test_prints_no_errors_and_no_standard_error(path):
    for cell in code_cells(path):
        for output in cell.outputs:
            assert output.output_type != "error"
            assert output.get("name") != "stderr", output.text[:300]


def test_compared_outputs_hold_no_memory_addresses_or_long_fractions(path):
    for cell in code_cells(path):
        if "nbval-ignore-output" in tags(cell):
            continue
        for output in cell.outputs:
            text = output.get("text", "") + output.get("data", {}).get("text/plain", "")
            assert not re.search(r"0x[0-9a-f]{6,}", text)
            assert not re.search(r"\d\.\d{7,}", text), text[:300]


def test_few_outputs_are_left_uncompared(path):
    cells = code_cells(path)
    ignored = [cell for cell in cells if "nbval-ignore-output" in tags(cell)]
    assert len(ignored) <= MOST_IGNORED * len(cells)
    assert {tag for cell in cells for tag in tags(cell)} <= {"nbval-ignore-output", "accuracy"}


def test_cells_are_short_and_hide_nothing(path):
    for cell in code_cells(path):
        assert len(cell.source.splitlines()) <= MOST_LINES, cell.source
        assert not re.search(r"import \*|^\s*[!%]|\binput\(|pip install", cell.source, re.M), cell.source
        ast.parse(cell.source)


def test_prose_comes_before_code_and_headings_go_down_one_by_one(path):
    cells = read(path).cells
    assert cells[0].cell_type == "markdown"
    assert cells[0].source.startswith("# ")
    levels = [
        len(match)
        for cell in cells
        if cell.cell_type == "markdown"
        for match in re.findall(r"^(#{1,6}) ", re.sub(r"```.*?```", "", cell.source, flags=re.S), re.M)
    ]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_figures_have_words_beside_them(path):
    """A cell that shows a picture has a markdown cell next to it that says what there is to see."""
    cells = read(path).cells
    for place, cell in enumerate(cells):
        shown = any("image/png" in output.get("data", {}) for output in cell.get("outputs", []))
        if shown:
            beside = [other.source for other in cells[max(place - 1, 0) : place + 2] if other.cell_type == "markdown"]
            assert any("*Picture:" in source for source in beside), cell.source


def test_asks_the_learner_something(path):
    text = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    assert "?" in text
    assert "<details>" in text


def test_assertions_of_accuracy_are_marked(path):
    """So that the test with an untrained network finds them all."""
    for cell in code_cells(path):
        if re.search(r"assert .*accuracy\s*>=?\s*0?\.\d", cell.source):
            assert "accuracy" in tags(cell), cell.source
