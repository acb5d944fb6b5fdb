"""tools/needs.py finds which left-out sections have cells that must be run all the same."""

import nbformat
import needs
import pytest


@pytest.fixture
def notebook(tmp_path):
    """Writes a notebook whose sections have these codes, one cell each; the first is its start."""

    def write(*codes):
        cells = []
        for number, code in enumerate(codes):
            cells += [nbformat.v4.new_markdown_cell(f"## {number}. Title")] if number else []
            cells.append(nbformat.v4.new_code_cell(code))
        path = tmp_path / "01_topic.ipynb"
        nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
        return path

    return write


@pytest.mark.parametrize(
    ("codes", "chosen", "expected"),
    [
        (["import numpy", "x = 1", "print(x)"], ["start", "2"], ["1"]),
        (["a = 1", "x = a", "y = x", "print(y)"], ["3"], ["start", "1", "2"]),  # what is needed needs something, too
        (["", "x = 1", "def f():\n    return x", "f()"], ["start", "2", "3"], ["1"]),  # read in a function
        (["", "x = 1", "x += 1"], ["2"], ["1"]),
        (["", "x = 1", "x = x + 1"], ["2"], ["1"]),
        (["", "x = [0]", "x[0] = 1"], ["2"], ["1"]),
        (["", "x = 1", "print([x for x in range(3)])"], ["start", "2"], []),  # its own x
        (["", "x = 1", "for x in range(3):\n    print(x)"], ["start", "2"], []),
        (["", "x = 1", "print((lambda x: x)(2))"], ["start", "2"], []),
        (["", "x = 1", "x = 2\nprint(x)"], ["start", "2"], []),
        (["", "print(1)", "print(2)"], ["start", "2"], []),  # a builtin name
        # A number in 1, a list in 2, of one name: 3 means the list.
        (["", "x = 1", "x = [2]", "print(x[0])"], ["start", "1", "3"], ["2"]),
        (["", "import math as m", "print(m.pi)"], ["start", "2"], ["1"]),
        (["", "with open('f') as f:\n    pass", "f.name"], ["2"], ["1"]),
    ],
)
def test_sections_that_must_be_run_besides(notebook, codes, chosen, expected):
    assert needs.needed(notebook(*codes), chosen) == expected


def test_the_command_says_who_needs_what(notebook, capsys):
    path = notebook("import math", "x = math.pi", "y = 2", "print(x, y)")
    assert needs.main([str(path)]) == 0
    said = capsys.readouterr().out
    assert said.splitlines() == ["start before 1: math", "1 before 3: x", "2 before 3: y"]
    assert needs.main([str(path), "3"]) == 0
    assert capsys.readouterr().out == "to run besides: start, 1, 2\n"


def test_an_unknown_section_is_named(notebook, capsys):
    with pytest.raises(SystemExit):
        needs.main([str(notebook("", "x = 1")), "7"])
    assert "no section 7. There are: start, 1." in capsys.readouterr().err
