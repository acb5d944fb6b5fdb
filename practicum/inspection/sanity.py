"""Does a heat map depend on what the network has learned? Two checks that a method can fail.

A map may look right because it traces the edges of the image, which it would do for any network. So the network's
weights are drawn anew, or it is trained on labels that mean nothing. A map that stays the same was not about them.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from practicum.backend import keras
from practicum.dataset import Dataset, Split
from practicum.inspection.heat import scores
from practicum.inspection.likeness import WINDOW, rank_correlation, structural_similarity
from practicum.inspection.walk import all_layers

ALIKE = 0.5  # a median rank correlation above this is called alike
LARGEST_SEED = 2**31 - 1

Method = Callable[..., np.ndarray]


class SanityRow(NamedTuple):
    """How alike the maps are to those of the trained network: medians over the images.

    changed: what was done to the network last. rank_correlation: Spearman's, -1 to 1. ssim: structural similarity,
    at most 1; NaN for images below 7×7.
    """

    changed: str
    rank_correlation: float
    ssim: float


@dataclass(frozen=True)
class SanityCheck:
    """What became of a method's maps when the network lost what it had learned; prints as a table with its warning.

    name: of the method. rows: step by step; after the last one nothing that was learned is left. unrelated: how alike
    the trained network's maps of different images are, in the same two numbers; no map can be expected to differ more.
    empty: share of the maps of the last row that are zero everywhere.
    """

    name: str
    rows: tuple[SanityRow, ...]
    unrelated: SanityRow
    empty: float

    @property
    def warning(self) -> str:
        """One sentence on what speaks against the method, or against this check of it; empty if nothing does."""
        last, floor = self.rows[-1].rank_correlation, self.unrelated.rank_correlation
        if last > ALIKE:
            return (
                f"{self.name} fails: with nothing left of what the network had learned, its maps are still alike (rank "
                f"correlation {last:.2f}; maps of different images: {floor:.2f}). They do not show what was learned."
            )
        if floor > ALIKE:
            return (
                f"{self.name}: maps of different images are alike already (rank correlation {floor:.2f}), whatever "
                "they show. This check can say little about it."
            )
        if self.empty > ALIKE:
            return (
                f"{self.name}: {self.empty:.0%} of the maps of the network that knows nothing are zero everywhere, "
                "and so differ from any other. This check can say little about it."
            )
        return ""

    def __str__(self) -> str:
        lines = [(row.changed, f"{row.rank_correlation:+.2f}", f"{row.ssim:+.2f}") for row in self.rows]
        lines = [(self.name, "rank correlation", "SSIM"), *lines]
        lines.append(
            ("maps of different images", f"{self.unrelated.rank_correlation:+.2f}", f"{self.unrelated.ssim:+.2f}")
        )
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        text = [f"{a.ljust(widths[0])}  {b.rjust(widths[1])}  {c.rjust(widths[2])}" for a, b, c in lines]
        rule = "-" * len(text[0])
        table = [text[0], rule, *text[1:-1], rule, text[-1]]
        return "\n".join([*table, self.warning] if self.warning else table)


def randomised(model: "keras.Model", *, from_top: int | None = None, seed: int = 0) -> "keras.Model":
    """A copy of model whose last layers know nothing: their weights are drawn anew, by their own initialisers.

    Args:
        model: a built Sequential or functional model, also with models inside; it stays as it is.
        from_top: how many layers with weights, counted from the last one; None for all. Batch normalisation counts as
            one, and also forgets its averages. A Normalization layer knows the data, not the task, and is left alone.
        seed: the same seed draws the same weights. They are others than those the network began with.

    Returns:
        A model of its own, of the same layers, names and precision.

    Raises:
        ValueError: fewer layers than from_top, or a model whose layers cannot be found.

    Example:
        >>> twin = randomised(model, from_top=1)  # doctest: +SKIP

    Source: Adebayo et al. 2018, "Sanity checks for saliency maps", section 4, arXiv:1810.03292.
    """
    names = learned_layers(model)
    if from_top is None:
        from_top = len(names)
    if not isinstance(from_top, int | np.integer) or isinstance(from_top, bool) or not 0 <= from_top <= len(names):
        raise ValueError(
            f"randomised: from_top is a whole number of layers with weights, from 0 to {len(names)}. Received "
            f"{from_top!r}."
        )
    fresh = _drawn_anew(model, seed)
    forgotten = names[len(names) - from_top :]
    _copy_weights(model, fresh, [name for name in _leaves(model) if name not in forgotten])
    return fresh


def model_randomisation(
    model: "keras.Model",
    images: np.ndarray,
    method: Method,
    *,
    class_index: int | np.ndarray | list | None = None,
    name: str | None = None,
    seed: int = 0,
) -> SanityCheck:
    """Layer after layer, from the last to the first, the network forgets. Do the method's maps follow?

    Args:
        model: a trained classifier; it stays as it is.
        images: (N, height, width, channels), two or more different ones, as the model expects them.
        method: function(model, images, class_index=) that gives maps (N, height, width), such as saliency.
        class_index: which class to ask about, one or N; None for the trained network's own answers, at every step.
        name: what to call the method; None for the function's name.
        seed: for the weights that are drawn.

    Returns:
        SanityCheck, a row for each layer with weights. Its warning says whether the method fails.

    Raises:
        ValueError: fewer than two images, or what the method raises.

    Source: Adebayo et al. 2018, section 4 (cascading randomisation), arXiv:1810.03292.
    """
    classes = _asked_classes(model, images, class_index, "model_randomisation")
    before = method(model, images, class_index=classes)
    empty_one = _drawn_anew(model, seed)
    forgetful = randomised(model, from_top=0, seed=seed)  # one network that forgets more and more: compiled once
    rows = []
    for layer in reversed(learned_layers(model)):
        _copy_weights(empty_one, forgetful, [layer])
        after = method(forgetful, images, class_index=classes)
        rows.append(_compared(layer, before, after))
    return _check(method, name, rows, before, after)


def random_labels(dataset: Dataset, seed: int = 0) -> Dataset:
    """The same images, with training labels that mean nothing: each class has as many images as before, but any.

    Args:
        dataset: stays as it is.
        seed: of the shuffling.

    Returns:
        A Dataset to train on. Its validation images are training images with the same wrong labels (as many as there
        were validation images, if there are as many): train keeps the network that does best on them, which is the one
        that has learned most by heart. The test images keep their true labels.

    Source: Adebayo et al. 2018, section 5, arXiv:1810.03292.
    """
    labels = np.random.default_rng(seed).permutation(dataset.train.labels)
    count = min(len(dataset.validation), len(labels))
    return dataclasses.replace(
        dataset,
        train=Split(dataset.train.images, labels),
        validation=Split(dataset.train.images[:count], labels[:count]),
        source=f"{dataset.source}; training labels shuffled with seed {seed}",
    )


def label_randomisation(
    model: "keras.Model",
    twin: "keras.Model",
    images: np.ndarray,
    method: Method,
    *,
    class_index: int | np.ndarray | list | None = None,
    name: str | None = None,
) -> SanityCheck:
    """Compare the maps of a trained network with those of a twin that was trained on random_labels.

    Args:
        model, images, method, class_index, name: as for model_randomisation.
        twin: of the same classes. It should know its training images by heart, or it has learned nothing at all.

    Returns:
        SanityCheck, with a single row. Its warning says whether the method fails.

    Source: Adebayo et al. 2018, section 5, arXiv:1810.03292.
    """
    classes = _asked_classes(model, images, class_index, "label_randomisation")
    before, after = (method(network, images, class_index=classes) for network in (model, twin))
    return _check(method, name, [_compared("trained on shuffled labels", before, after)], before, after)


def learned_layers(model: "keras.Model") -> list[str]:
    """The names of the layers that training changes, first to last; "backbone/conv1" for one of a model inside."""
    return [
        name
        for name, layer in _leaves(model).items()
        if _numbers(layer) and not isinstance(layer, keras.layers.Normalization)
    ]


def _leaves(model: "keras.Model") -> dict[str, "keras.layers.Layer"]:
    """all_layers without the models inside, whose own layers are all there."""
    layers = all_layers(model)
    return {name: layer for name, layer in layers.items() if not any(other.startswith(f"{name}/") for other in layers)}


def _numbers(layer: "keras.layers.Layer") -> list[Any]:
    """Its weights, without the state of random numbers, which dropout has."""
    return [weight for weight in layer.weights if "float" in str(weight.dtype)]


def _drawn_anew(model: "keras.Model", seed: int) -> "keras.Model":
    """model built once more. Seeds that its initialisers were given are changed: they would draw what was there."""
    random = np.random.default_rng(seed)

    def changed(config: Any) -> Any:
        if isinstance(config, dict):
            new = {key: changed(value) for key, value in config.items()}
            return new | {"seed": int(random.integers(LARGEST_SEED))} if "seed" in config else new
        if isinstance(config, list | tuple):
            return type(config)(map(changed, config))
        return config

    def again(layer: "keras.layers.Layer") -> "keras.layers.Layer":
        if isinstance(layer, keras.Model):
            return keras.models.clone_model(layer, clone_function=again)
        return type(layer).from_config(changed(layer.get_config()))

    all_layers(model)  # raises where there is no graph of layers
    return keras.models.clone_model(model, clone_function=again)


def _copy_weights(source: "keras.Model", target: "keras.Model", names: list[str]) -> None:
    sources, targets = all_layers(source), all_layers(target)
    for name in names:
        for new, old in zip(_numbers(targets[name]), _numbers(sources[name]), strict=True):
            new.assign(old)
        if isinstance(targets[name], keras.layers.Normalization):
            targets[name].finalize_state()


def _asked_classes(model: "keras.Model", images: np.ndarray, class_index: Any, caller: str) -> np.ndarray:
    if np.ndim(images) != 4 or len(images) < 2:
        raise ValueError(
            f"{caller}: pass two or more images, (N, height, width, channels): maps of different images are compared "
            f"as well. Received shape {np.shape(images)}."
        )
    asked = scores(model, images).argmax(axis=1) if class_index is None else class_index
    return np.broadcast_to(asked, len(images))


def _compared(changed: str, before: np.ndarray, after: np.ndarray) -> SanityRow:
    large = min(np.shape(before)[1:]) >= WINDOW
    return SanityRow(
        changed,
        float(np.median(rank_correlation(before, after))),
        float(np.median(structural_similarity(before, after))) if large else float("nan"),
    )


def _check(
    method: Method, name: str | None, rows: list[SanityRow], before: np.ndarray, after: np.ndarray
) -> SanityCheck:
    called = name or str(getattr(method, "__name__", "the method"))
    unrelated = _compared("maps of different images", before, np.roll(before, 1, axis=0))
    return SanityCheck(called, tuple(rows), unrelated, float(np.mean(~np.any(after, axis=(1, 2)))))
