"""Images laid out by what the last layer sees of them: those that the network finds alike lie near each other."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from practicum.backend import keras
from practicum.inspection.compiled import compiled, in_chunks
from practicum.inspection.maps import pieces
from practicum.inspection.walk import all_layers, checked_images, fed_by, find_layer, walk


@dataclass(frozen=True)
class Embedding:
    """Places of images on a plane.

    points: float64 (N, 2), with mean 0 in both directions; the first direction is the one in which they differ most.
    explained: float64 (2,), the share of all differences (of their variance) that lies in each direction, 0 to 1.
    layer: the name of the layer whose output was laid out.
    """

    points: np.ndarray
    explained: np.ndarray
    layer: str


def embedding(model: "keras.Model", images: np.ndarray, *, layer: str | None = None) -> Embedding:
    """Lay out images by a layer's output, in the two directions in which they differ most (PCA).

    Args:
        model: a built Sequential or functional model, also with models inside.
        images: (N, height, width, channels), at least two.
        layer: whose output counts, flattened; None for what the last dense layer gets.

    Returns:
        An Embedding. Where all images look the same to the layer, all points are (0, 0).

    Raises:
        ValueError: fewer than two images, or of another shape; no such layer; no dense layer.

    Example:
        >>> layout = embedding(model, dataset.test.images)  # doctest: +SKIP
        >>> plots.embedding(layout, dataset.test.images, dataset.test.labels, dataset.class_names)  # doctest: +SKIP

    Source: Pearson 1901, "On lines and planes of closest fit to systems of points in space".
    """
    if len(images) < 2:
        raise ValueError(f"embedding: expected at least two images. Received {len(images)}.")
    name = _before_last_dense(model) if layer is None else find_layer(model, layer)[0]

    def look(network: "keras.Model", pixels: Any) -> Any:
        seen: list[Any] = []

        def take(own: str, output: Any) -> Any:
            if own == name:
                seen.append(output)
            return output

        walk(network, pixels, take)
        return keras.ops.reshape(seen[-1], (pixels.shape[0], -1))

    ask = compiled(model, ("embedding", name), look)
    parts = [in_chunks(ask, checked_images(model, piece, "embedding")) for piece in pieces(images)]
    points, explained = _two_directions(np.concatenate(parts).astype(np.float64))
    return Embedding(points, explained, name)


def _two_directions(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """float64 (N, features) -> points (N, 2) and the shares (2,) of the variance."""
    centred = values - values.mean(axis=0)
    left, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    if not sizes.any() or sizes[0] < 1e-6 * np.abs(values).max():  # all alike, but for rounding
        return np.zeros((len(values), 2)), np.zeros(2)
    points = np.zeros((len(values), 2))
    points[:, : len(sizes[:2])] = left[:, :2] * sizes[:2]
    # A direction may as well be turned round. The point that lies furthest out is to lie on the positive side.
    for axis in (0, 1):
        furthest = np.argmax(np.abs(points[:, axis]).round(9))
        points[:, axis] *= -1 if points[furthest, axis] < 0 else 1
    shares = np.zeros(2)
    shares[: len(sizes[:2])] = sizes[:2] ** 2 / (sizes**2).sum()
    return points, shares


def _before_last_dense(model: "keras.Model") -> str:
    """The layer whose output the last dense layer gets."""
    dense = [name for name, layer in all_layers(model).items() if isinstance(layer, keras.layers.Dense)]
    before = fed_by(model, dense[-1]) if dense else None
    if before is None:
        raise ValueError(
            "embedding: the model has no dense layer that gets what another layer gives. Pass layer=, a layer's name."
        )
    return before
