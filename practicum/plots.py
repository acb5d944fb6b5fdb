"""Arrays -> matplotlib figures. Each function returns a Figure and shows nothing by itself.

In a notebook, a Figure as the last value of a cell is displayed; anywhere else, call its savefig.
"""

from collections.abc import Mapping, Sequence
from textwrap import wrap

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from practicum.data_plots import class_counts, duplicates, examples, mean_images
from practicum.dot_plots import dots
from practicum.experiment_plots import accuracy_by_cost, accuracy_by_filters
from practicum.factor_plots import heat_map
from practicum.heat_plots import heat, heats, overlay
from practicum.inspection_plots import ablation, embedding, strongest
from practicum.maximised_plots import maximised
from practicum.paper import BLUE, ORANGE, VERMILION, dark_paper, finished, style, written
from practicum.tiles import SIGNED, Board
from practicum.training_film import film, filmstrip

__all__ = [
    "ablation",
    "accuracy_by_cost",
    "accuracy_by_filters",
    "answers",
    "class_counts",
    "confusion",
    "curves",
    "dark_paper",
    "dots",
    "duplicates",
    "embedding",
    "examples",
    "feature_maps",
    "film",
    "filmstrip",
    "filters",
    "gallery",
    "heat",
    "heat_map",
    "heats",
    "maximised",
    "mean_images",
    "overlay",
    "probabilities",
    "road",
    "strongest",
]

MAPS = "viridis"  # from low to high
MOST_TILES = 64


def curves(history: Mapping[str, Sequence[float]]) -> Figure:
    """Loss and accuracy per epoch, of training and of validation.

    Args:
        history: TrainingResult.history: "loss", "accuracy", "validation_loss", "validation_accuracy".
    """
    with style():
        figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2))
        epochs = np.arange(1, len(history["loss"]) + 1)
        for axes, name, title in ((left, "loss", "Loss (cross-entropy, nats)"), (right, "accuracy", "Accuracy")):
            axes.plot(epochs, history[name], color=BLUE, marker="o", markersize=4, label="training")
            axes.plot(epochs, history[f"validation_{name}"], color=ORANGE, marker="s", markersize=4, label="validation")
            axes.set(title=title, xlabel="epoch", xlim=(0.5, max(len(epochs), 1) + 0.5))
            axes.xaxis.get_major_locator().set_params(integer=True)
        right.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
        right.set_ylim(0, 1.02)
        right.legend(loc="lower right")
        return finished(figure)


def confusion(counts: np.ndarray, class_names: Sequence[str]) -> Figure:
    """A confusion matrix: a row for each right class, a column for each answer.

    Colour is the share of the row, so that classes of different size compare; the numbers are images.

    Args:
        counts: int (classes, classes), Evaluation.confusion.
        class_names: one name a class.
    """
    counts = np.asarray(counts)
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)
    with style():
        side = max(2.2 + 0.5 * len(class_names), 4.2)  # the title needs as much
        figure, axes = plt.subplots(figsize=(side + 0.8, side))
        picture = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for row in range(len(class_names)):
            for column in range(len(class_names)):
                if counts[row, column]:
                    ink = "white" if shares[row, column] > 0.5 else "#222"
                    axes.text(column, row, f"{counts[row, column]}", ha="center", va="center", color=ink, fontsize=9)
        places, names = range(len(class_names)), [written(name) for name in class_names]
        axes.set_xticks(places, names, rotation=45, ha="right", rotation_mode="anchor")
        axes.set_yticks(places, names)
        axes.set(xlabel="the network's answer", ylabel="the right class", title="Which classes are mixed up")
        axes.spines[:].set_visible(False)
        bar = figure.colorbar(picture, ax=axes, shrink=0.7, label="share of the right class")
        bar.outline.set_visible(False)
        bar.ax.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
        return finished(figure)


def answers(
    images: np.ndarray, labels: np.ndarray, probabilities: np.ndarray, class_names: Sequence[str], *, title: str = ""
) -> Figure:
    """Images with the network's answer, how sure it was, and the right class.

    Args:
        images: uint8 (N, H, W, C).
        labels: int (N,), the right classes.
        probabilities: (N, classes).
        class_names: one name a class.
    """
    captions = [
        f"{class_names[row.argmax()]} {row.max():.0%}\n"
        + ("right" if row.argmax() == label else f"is: {class_names[label]}")
        for label, row in zip(labels, probabilities, strict=True)
    ]
    return gallery(images, captions, title=title or ("" if len(images) else "none"))


def gallery(
    images: Sequence[np.ndarray] | np.ndarray, captions: Sequence[str], *, title: str = "", columns: int = 8
) -> Figure:
    """Images in rows, each with a caption under it.

    Args:
        images: uint8 (H, W, C) each, C 1 or 3.
        captions: one text an image; long lines are wrapped.
        title: stands above all.
        columns: images a row.
    """
    captions = [
        "\n".join(wrapped for line in caption.split("\n") for wrapped in wrap(written(line, 68) if line else "", 17))
        for caption in captions
    ]
    lines = max((caption.count("\n") + 1 for caption in captions if caption), default=0)
    with style():
        rows = -(-len(images) // columns)
        board = Board(min(columns, max(len(images), 1)), rows, tile=1.15, below=0.16 * lines + 0.05, title=title)
        for place, (image, caption) in enumerate(zip(images, captions, strict=True)):
            board.image(place // columns, place % columns, image)
            board.caption_below(place // columns, place % columns, caption)
        return finished(board.figure)


def filters(
    kernel: np.ndarray,
    *,
    numbers: Sequence[int] | None = None,
    title: str = "Learned filters",
    most: int = MOST_TILES,
) -> Figure:
    """The filters of a layer as pictures.

    Filters on three channels are drawn in colour: grey means zero, and each filter is stretched to its own largest
    value. Filters on another depth are drawn slice by slice, a row a filter, with one colour scale for all: orange
    negative, purple positive. A filter that is zero everywhere is drawn grey and marked.

    Args:
        kernel: (height, width, input depth, number of filters), from inspection.filters.
        numbers: which filters to draw, in this order; None for all.
        title: stands above all.
        most: draw at most so many filters, the first ones.

    Raises:
        ValueError: not four dimensions, or a number that no filter has.
    """
    kernel = np.asarray(kernel, dtype=np.float64)
    if kernel.ndim != 4:
        raise ValueError(
            f"plots.filters: a kernel has four dimensions (height, width, depth, filters). Received {kernel.shape}. "
            "Pass what inspection.filters(model, layer) gives."
        )
    count = kernel.shape[3]
    chosen = list(range(count)) if numbers is None else list(numbers)
    if not chosen or min(chosen) < 0 or max(chosen) >= count:
        raise ValueError(f"plots.filters: the layer has filters 0 to {count - 1}. Received numbers={numbers!r}.")
    depth, shown = kernel.shape[2], chosen[:most]
    with style():
        if depth not in (1, 3):
            return finished(_filter_slices(kernel, shown, title))
        title += f" (the first {len(shown)} of {len(chosen)})" if len(chosen) > most else ""
        return finished(_colour_filters(kernel, shown, title) if depth == 3 else _one_slice(kernel, shown, title))


def _colour_filters(kernel: np.ndarray, numbers: list[int], title: str) -> Figure:
    board = Board.of(len(numbers), tile=0.85, above=0.18, title=title)
    for place, number in enumerate(numbers):
        largest = np.abs(kernel[..., number]).max()
        row, column = divmod(place, board.columns)
        board.put(row, column, 0.5 + kernel[..., number] / (2 * largest or 1.0))
        board.caption_above(row, column, f"{number}" if largest else f"{number} zero")
    return board.figure


def _one_slice(kernel: np.ndarray, numbers: list[int], title: str) -> Figure:
    board = Board.of(len(numbers), tile=0.85, above=0.18, title=title, bar=True)
    scale = _signed_scale(kernel)
    for place, number in enumerate(numbers):
        row, column = divmod(place, board.columns)
        board.put(row, column, kernel[:, :, 0, number], cmap=SIGNED, norm=scale)
        board.caption_above(row, column, f"{number}" if kernel[..., number].any() else f"{number} zero")
    board.colour_bar(SIGNED, scale, "weight")
    return board.figure


def _filter_slices(
    kernel: np.ndarray, numbers: list[int], title: str, most_filters: int = 8, most_slices: int = 16
) -> Figure:
    shown, columns = numbers[:most_filters], min(kernel.shape[2], most_slices)
    in_a_row = shown == list(range(shown[0], shown[-1] + 1))
    which = f"{shown[0]} to {shown[-1]}" if in_a_row and len(shown) > 1 else ", ".join(map(str, shown))
    what = f"{title}: filters {which} of {kernel.shape[3]}, on channels 0 to {columns - 1} of {kernel.shape[2]}"
    board = Board(columns, len(shown), tile=0.5, left=0.9, top=0.2, title=what, bar=True)
    scale = _signed_scale(kernel)
    for row, number in enumerate(shown):
        board.label(row, f"filter {number}" if kernel[..., number].any() else f"filter {number} zero")
        for column in range(columns):
            board.put(row, column, kernel[:, :, column, number], cmap=SIGNED, norm=scale)
            if row == 0:
                board.caption_above(0, column, f"{column}")
    board.colour_bar(SIGNED, scale, "weight")
    return board.figure


def feature_maps(maps: np.ndarray, *, title: str = "Feature maps", most: int = MOST_TILES) -> Figure:
    """The feature maps of one layer for one image, all on one colour scale.

    A map that is zero everywhere is marked: its filter found nothing in this image.

    Args:
        maps: (height, width, number of maps), one value of inspection.feature_maps.
        most: draw at most so many maps, the first ones.
    """
    maps = np.asarray(maps, dtype=np.float64)
    if maps.ndim != 3:
        raise ValueError(
            f"plots.feature_maps: feature maps have three dimensions (height, width, maps). Received {maps.shape}. "
            "Pass one layer's maps: feature_maps(model, image)['module1_relu']."
        )
    count = min(maps.shape[2], most)
    more = f" (the first {count} of {maps.shape[2]})" if maps.shape[2] > count else ""
    scale = _map_scale(maps)
    with style():
        board = Board.of(count, tile=0.95, above=0.18, title=title + more, bar=True)
        for number in range(count):
            row, column = divmod(number, board.columns)
            board.put(row, column, maps[..., number], cmap=MAPS, norm=scale)
            board.caption_above(row, column, f"{number}" if maps[..., number].any() else f"{number} all zero")
        board.colour_bar(MAPS, scale, "activation")
        return finished(board.figure)


def road(image: np.ndarray, maps: Mapping[str, np.ndarray], layers: Sequence[str], *, per_layer: int = 6) -> Figure:
    """One image's way through a network: a row for each of layers, with its strongest feature maps.

    Args:
        image: uint8 (H, W, C).
        maps: inspection.feature_maps of that image.
        layers: names of layers that give feature maps, in order.
        per_layer: how many maps a row shows: those with the highest mean.
    """
    with style():
        board = Board(per_layer, len(layers) + 1, tile=0.95, left=1.9, above=0.18)
        board.label(0, "the image")
        board.image(0, 0, image)
        for row, name in enumerate(layers, start=1):
            layer_maps = np.asarray(maps[name], dtype=np.float64)
            height, width, depth = layer_maps.shape
            board.label(row, f"{name}\n{height}×{width}, {depth} maps")
            strongest = np.argsort(-layer_maps.mean(axis=(0, 1)), kind="stable")[:per_layer]
            for column, number in enumerate(strongest):
                board.put(row, column, layer_maps[..., number], cmap=MAPS, norm=_map_scale(layer_maps))
                board.caption_above(row, column, f"{number}")
        return finished(board.figure)


def probabilities(values: np.ndarray, class_names: Sequence[str]) -> Figure:
    """The softmax for one image: a bar a class, from 0 to 1.

    Args:
        values: (classes,), from 0 to 1.
        class_names: one name a class.
    """
    with style():
        figure, axes = plt.subplots(figsize=(5.5, 0.32 * len(class_names) + 0.8))
        places = np.arange(len(class_names))
        best = int(np.argmax(values))
        axes.barh(places, values, color=[VERMILION if place == best else BLUE for place in places])
        for place, value in zip(places, values, strict=True):
            axes.text(value + 0.01, place, f"{value:.0%}", va="center", fontsize=9)
        axes.set_yticks(places, [written(name) for name in class_names])
        axes.invert_yaxis()
        axes.set(xlim=(0, 1.1), xlabel="probability", title=f"The answer: {written(class_names[best])}")
        return finished(figure)


def _signed_scale(values: np.ndarray) -> Normalize:
    """Zero in the middle of the colours."""
    limit = float(np.abs(values).max()) or 1.0
    return Normalize(-limit, limit)


def _map_scale(maps: np.ndarray) -> Normalize:
    """From zero (or the lowest value, if that is negative) to the highest; also for maps that are all zero."""
    low, high = min(float(maps.min()), 0.0), float(maps.max())
    return Normalize(low, high if high > low else low + 1.0)
