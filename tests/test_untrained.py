"""An untrained network put in place of the trained one must fail every assertion of an accuracy in the notebooks."""

import nbclient
import nbformat
import pytest
from conftest import PROJECT

# Trains as asked, but with steps so small that nothing is learned; the weights it ends with are those it began with.
HINDRANCE = """
from practicum import training as _training
_train = _training.train
def _train_nothing(model, dataset, **options):
    begun = model.get_weights()
    options |= {"epochs": 1, "learning_rate": 1e-12, "target_accuracy": None, "show_progress": False}
    result = _train(model, dataset, **options)
    model.set_weights(begun)
    return result
_training.train = _train_nothing
"""


def with_accuracy(path):
    cells = nbformat.read(path, as_version=4).cells
    return any("accuracy" in cell.metadata.get("tags", []) for cell in cells)


@pytest.mark.parametrize(
    "path",
    [path for path in sorted((PROJECT / "notebooks" / "solutions").glob("*.ipynb")) if with_accuracy(path)],
    ids=lambda path: path.stem,
)
def test_every_accuracy_assertion_fails_without_training(path):
    notebook = nbformat.read(path, as_version=4)
    first = next(place for place, cell in enumerate(notebook.cells) if cell.cell_type == "code")
    notebook.cells.insert(first + 1, nbformat.v4.new_code_cell(HINDRANCE))
    client = nbclient.NotebookClient(
        notebook, timeout=300, allow_errors=True, resources={"metadata": {"path": str(path.parent)}}
    )
    client.execute()
    marked = [cell for cell in notebook.cells if "accuracy" in cell.metadata.get("tags", [])]
    assert marked
    for cell in marked:
        errors = [output.ename for output in cell.outputs if output.output_type == "error"]
        assert errors == ["AssertionError"], cell.source
