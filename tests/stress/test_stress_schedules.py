"""What a class runs: each block of the instructor guide's schedules, and what is left of it when the class is late."""

import nbclient
import nbformat
import pytest
import schedules

SECONDS = 600  # for one cell, on a busy machine


def plans():
    """Each choice of sections once, with the first place in the guide that makes it."""
    found = {}
    for schedule in schedules.read(schedules.GUIDE.read_text(encoding="utf-8")):
        for block in filter(lambda block: block.notebook, schedule.blocks):
            found.setdefault((block.notebook, block.sections, block.run_only), f"{schedule.title}, {block.begins}")
        for late in schedule.late:
            for notebook in late.left_out:
                block = schedule.block(notebook)
                run_only = (*block.run_only, *late.run_only[notebook])
                found.setdefault((notebook, late.left(block), run_only), f"{schedule.title}, late at {late.at}")
    return [pytest.param(*plan, id=f"{plan[0]} ({where})") for plan, where in found.items() if plan[1]]


@pytest.mark.parametrize(("notebook", "sections", "run_only"), plans())
def test_the_cells_of_a_block_run_without_those_that_are_left_out(notebook, sections, run_only, tmp_path, monkeypatch):
    monkeypatch.setenv("PRACTICUM_OFFLINE", "1")
    monkeypatch.setenv("PRACTICUM_PROGRESS", "off")
    cells = [nbformat.v4.new_code_cell(code) for code in schedules.to_run(notebook, sections, run_only)]
    assert len(cells) > 3
    resources = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(nbformat.v4.new_notebook(cells=cells), timeout=SECONDS, resources=resources).execute()
