"""The last step of a sweep: the configuration that was chosen, on images that took no part in any decision."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from practicum.dataset import Dataset
from practicum.experiments.configurations import DEFAULTS, checked
from practicum.experiments.one_run import trained

if TYPE_CHECKING:  # it loads Keras, and the processes of a sweep shall first be told how many threads they may have
    from practicum.evaluation import Evaluation


def final_test(
    data: Dataset | str | Path, configuration: Mapping[str, Any], *, seed: int = 0, show_progress: bool = True
) -> "Evaluation":
    """Train the chosen configuration as in the sweep, once more, and evaluate it on the test images.

    To be called once, when everything is decided: whoever looks at the test images of several configurations and takes
    the best has made them part of the decision.

    Args:
        data: a dataset, or what data.load takes; the same as in the sweep.
        configuration: Choice.configuration.
        seed: of the network's first weights and the order of the images; the first one of the sweep will do.
        show_progress: a line an epoch, and a bar.

    Returns:
        An Evaluation on data.test. (With a backend and a machine that repeat their sums in the same order, the
        validation accuracy of this training is that of the sweep's run.)

    Raises:
        ValueError: an argument that build_cnn and train do not have.
    """
    from practicum.data import load
    from practicum.training import evaluate

    dataset = data if isinstance(data, Dataset) else load(data)
    model, _ = trained(dataset, DEFAULTS | checked([configuration])[0], seed, show_progress=show_progress)
    return evaluate(model, dataset.test, dataset.class_names)
