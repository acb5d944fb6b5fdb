"""report.html of a training, a page for people who were not there, and beside it the page inside the network."""

import base64
import io
import platform
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from practicum import explorer, inspection, plots
from practicum.backend import keras
from practicum.dataset import Dataset
from practicum.evaluation import Evaluation
from practicum.model import LayerTable, layer_table
from practicum.pages import template
from practicum.runs import TrainingResult
from practicum.significance import standard_error

IMAGES_FOLLOWED = 3
IMAGES_FOR_SILENCE = 500  # enough that a filter silent on all of them can be called silent


@dataclass(frozen=True)
class Picture:
    """A figure for a light and for a dark page, as PNG, and what it shows in words."""

    light: bytes
    dark: bytes
    alt: str

    @property
    def light_url(self) -> str:
        return "data:image/png;base64," + base64.b64encode(self.light).decode()

    @property
    def dark_url(self) -> str:
        return "data:image/png;base64," + base64.b64encode(self.dark).decode()


def write_report(
    run_dir: str | Path,
    model: "keras.Model",
    dataset: Dataset,
    result: TrainingResult,
    evaluation: Evaluation,
    *,
    command: str = "",
    claim: str = "",
) -> Path:
    """Write run_dir/report.html, explorer.html and pictures/*.png about a training; give the report's path.

    Args:
        run_dir: the run's folder.
        model: the trained network.
        dataset: what it was trained on.
        result: what training.train gave.
        evaluation: what training.evaluate gave for dataset.test.
        command: how the run can be repeated, shown as it is.
        claim: what is said about the network, in a sentence or two; shown at the top.
    """
    folder = Path(run_dir)
    names = dataset.class_names
    test = dataset.test
    table = layer_table(model)
    pictures = {
        "examples": _draw(
            lambda: plots.examples(dataset.train.images, dataset.train.labels, names),
            f"Eight training images of each class: {', '.join(names)}.",
        ),
        "curves": _draw(
            lambda: plots.curves(result.history),
            f"Loss and accuracy over {result.epochs} epochs, training and validation.",
        ),
        "confusion": _draw(
            lambda: plots.confusion(evaluation.confusion, names), f"Confusion matrix. {largest_mix_up(evaluation)}"
        ),
    }
    wrong = evaluation.most_wrong(16)
    if len(wrong):
        pictures["most_wrong"] = _draw(
            lambda: plots.answers(test.images[wrong], test.labels[wrong], evaluation.probabilities[wrong], names),
            "The test images it got wrong most confidently, with its answer and the right one.",
        )
    filters, silent = _filters_of(model, test.images[:IMAGES_FOR_SILENCE])
    places = _one_of_each(evaluation)
    followed = [_follow(model, test, place, evaluation) for place in places]
    explorer_page = _write_explorer(folder / "explorer.html", model, test.images[places], names)
    pictures |= {f"filters_{layer}": picture for layer, picture in filters.items()}
    pictures |= {f"feature_maps_{number}": entry["picture"] for number, entry in enumerate(followed, start=1)}

    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    for name, picture in pictures.items():
        (folder / "pictures" / f"{name}.png").write_bytes(picture.light)
    page = template("report.html.jinja").render(
        dataset=dataset,
        result=result,
        evaluation=evaluation,
        class_accuracy=evaluation.class_accuracy(),
        table=table,
        boxes=boxes(table),
        pictures=pictures,
        filters=filters,
        silent=silent,
        silent_images=min(IMAGES_FOR_SILENCE, len(test)),
        followed=followed,
        explorer_page=explorer_page,
        settings=_settings(result),
        gap=result.history["accuracy"][result.best_epoch - 1] - result.validation_accuracy,
        mix_up=largest_mix_up(evaluation),
        command=command,
        claim=claim,
        error=standard_error(evaluation.accuracy, len(evaluation.labels)),
        versions=versions(),
    )
    path = folder / "report.html"
    path.write_text(page, encoding="utf-8")
    return path


def _settings(result: TrainingResult) -> dict[str, Any]:
    """The settings a person would want to know, with what was chosen where they say "auto"."""
    told_elsewhere = {"network", "training_labels", "image_shape"}
    settings = {name: value for name, value in result.settings.items() if name not in told_elsewhere}
    for name, chosen in (("precision", result.precision), ("augment", "on" if result.augmented else "off")):
        if settings.get(name) == "auto":
            settings[name] = f"auto: {chosen}"
    return settings


def _write_explorer(path: Path, model: "keras.Model", images: np.ndarray, names: tuple[str, ...]) -> str | None:
    """The interactive page on the images that the report follows; None if the network is too large for one."""
    try:
        page = explorer.network(model, images, class_names=names)
    except ValueError:
        return None
    return page.save(path).name


def boxes(table: LayerTable) -> list[tuple[str, list[str], str]]:
    """The network as a row of boxes: (title, what happens in it, shape of what comes out)."""
    found: list[tuple[str, list[str], str]] = []
    for row in table:
        module, _, operation = row.name.partition("_")
        belongs = module.startswith("module") and operation
        title, step = (module.replace("module", "module "), operation) if belongs else (row.name, "")
        shape = "×".join(map(str, row.output_shape))
        if belongs and found and found[-1][0] == title:
            found[-1] = (title, [*found[-1][1], step], shape)
        else:
            found.append((title, [step] if step else [], shape))
    return found


def largest_mix_up(evaluation: Evaluation) -> str:
    """The most frequent kind of wrong answer, as a sentence."""
    wrong = evaluation.confusion - np.diag(evaluation.confusion.diagonal())
    if not wrong.any():
        return "No image was taken for another class."
    right, answer = np.unravel_index(wrong.argmax(), wrong.shape)
    names = evaluation.class_names
    return (
        f"The most frequent mistake: {wrong[right, answer]} of {evaluation.confusion[right].sum()} images of "
        f"“{names[right]}” were taken for “{names[answer]}”."
    )


def versions() -> dict[str, str]:
    """The versions that matter for repeating a run."""
    found = {"Python": platform.python_version()}
    for package in ("tensorflow", "keras", "numpy"):
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


def _filters_of(model: "keras.Model", images: np.ndarray) -> tuple[dict[str, Picture], dict[str, list[int]]]:
    """Pictures of the filters of every convolution, and which of them never fire on images."""
    filters: dict[str, Picture] = {}
    silent: dict[str, list[int]] = {}
    layers = model.layers
    for place, layer in enumerate(layers):
        if not isinstance(layer, keras.layers.Conv2D):
            continue
        kernel = inspection.filters(model, layer.name)
        kind = "in colour" if kernel.shape[2] == 3 else "slice by slice"
        alt = f"The {kernel.shape[3]} filters of {layer.name}, {kernel.shape[0]}×{kernel.shape[1]}, {kind}."
        filters[layer.name] = _draw(lambda k=kernel, n=layer.name: plots.filters(k, title=n), alt)  # type: ignore[misc]
        after = next((other.name for other in layers[place:] if isinstance(other, keras.layers.ReLU)), None)
        if after is not None:
            silent[layer.name] = inspection.silent_filters(model, after, images).tolist()
    return filters, silent


def _one_of_each(evaluation: Evaluation) -> list[int]:
    """Places of a few images to follow: from different classes, and a wrong answer among them if there is one."""
    right = np.flatnonzero(evaluation.predictions == evaluation.labels)
    chosen: list[int] = []
    for place in right:
        if evaluation.labels[place] not in evaluation.labels[chosen]:
            chosen.append(int(place))
        if len(chosen) == IMAGES_FOLLOWED - 1:
            break
    return chosen + evaluation.most_wrong(1).tolist()


def _follow(model: "keras.Model", split: Any, place: int, evaluation: Evaluation) -> dict[str, Any]:
    image = np.asarray(split.images[place])
    maps = inspection.feature_maps(model, image)
    layers = [name for name, values in maps.items() if values.ndim == 3 and name.endswith(("relu", "pool"))]
    names = evaluation.class_names
    answer, label = names[evaluation.predictions[place]], names[evaluation.labels[place]]
    return {
        "number": place,
        "label": label,
        "answer": answer,
        "certainty": float(evaluation.probabilities[place].max()),
        "picture": _draw(
            lambda: plots.road(image, maps, layers or [name for name, values in maps.items() if values.ndim == 3]),
            f"Test image {place}, {label}, and the strongest feature maps of each layer.",
        ),
    }


def _draw(make: Callable[[], Figure], alt: str) -> Picture:
    light = _png(make())
    with plots.dark_paper():
        return Picture(light, _png(make()), alt)


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return buffer.getvalue()
