"""The image that excites a filter, or a class's score, most: not found among photos, but made.

    found = maximise(model, class_index=[3, 5])                       # what makes the network say "cat", and "dog"
    found = maximise(model, layer="module3_relu", filter=[0, 1, 2])   # what three filters look for

Gradient ascent: ask how the value would change with each pixel, move all pixels a little that way, ask again. Left to
itself it ends in fine noise that excites the network and tells nobody anything. Three things hold it back: waves are
changed instead of pixels, the long ones faster than the short; the network sees the image a little elsewhere each
time; and it sees it through some noise, new each time. An image whose filter is silent, so that no direction leads
up, is stirred until something moves the filter.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from practicum.backend import keras
from practicum.inspection.compiled import compiled, in_chunks
from practicum.inspection.tracing import tapped_gradient
from practicum.inspection.walk import all_layers, checked_images, classes_of, find_maps, walk

STEPS = 128
RATE = 0.05  # how far a wave goes at a step, times its length
FALL = 1.5  # a wave half as long goes 2 ** -FALL as far
MEMORY = (0.9, 0.99)  # of Adam: of the gradient, and of its square
NOISE = 0.1  # what is laid over the image, its standard deviation as a share of 255
SHIFT = 8  # the image is shifted by up to its shorter side divided by this
STIR = 0.5  # how much further than others the waves of an image go that excites nothing yet, the short ones too
FADE = 0.9  # what is left of such an image at each step: grey is where all directions are open
START_NOISE = 0.02  # how far the noise that it may start from departs from grey, as a share of 255
EDGE = 0.02  # pixels nearer to 0 or 255 than this share start from here: at the very end they could not move
AT_ONCE = 32  # images that go through the network together, at most
# How red, green and blue go together in photos (of ImageNet), from Olah et al.: light and dark first, then the colours.
COLOURS = np.array([[0.26, 0.09, 0.02], [0.27, 0.00, -0.05], [0.27, -0.09, 0.03]]) / np.linalg.norm([0.26, 0.27, 0.27])


@dataclass(frozen=True)
class Maximised:
    """Images made to excite filters, or classes' scores.

    layer: the filters' layer, its full name; None where classes were asked for.
    numbers: int64 (N,), the filters or the classes.
    start: uint8 (H, W, C), the image that all of them started from.
    images: uint8 (N, H, W, C), what came of it.
    before: float32 (N,), the value of each for the start: the mean of the filter's map, or the class's score.
    after: float32 (N,), the same for its image.
    moved: bool (N,), whether anything was found that excites it more than the start. If not, as for a filter that never
        fires, its image is the start.
    """

    layer: str | None
    numbers: np.ndarray
    start: np.ndarray
    images: np.ndarray
    before: np.ndarray
    after: np.ndarray
    moved: np.ndarray

    def __len__(self) -> int:
        return len(self.numbers)


def maximise(
    model: "keras.Model",
    *,
    class_index: int | Sequence[int] | None = None,
    layer: str | None = None,
    filter: int | Sequence[int] | None = None,
    start: str | np.ndarray = "noise",
    steps: int = STEPS,
    seed: int = 0,
) -> Maximised:
    """Make an image that excites a filter, or a class's score, as much as can be.

    Args:
        model: a built Sequential or functional model, also with models inside, that takes pixels from 0 to 255; of any
            precision.
        class_index: a class, or several: whose score before softmax counts. Or else:
        layer: name of a layer that gives feature maps, such as "module2_relu", with
        filter: a filter of it, or several, by number: the mean of whose map counts.
        start: "noise", "grey", or an image (height, width, channels), 0 to 255, rounded to whole numbers.
        steps: how often the image is changed.
        seed: of the noise and the shifts. The same seed gives the same image.

    Returns:
        A Maximised. Several filters or classes start from one image, and see the same noise and shifts.

    Raises:
        ValueError: no such layer, filter or class; both or neither of class and filter; a start of another shape.

    Example:
        >>> found = maximise(model, class_index=[3, 5])  # doctest: +SKIP
        >>> found.images.shape  # doctest: +SKIP
        (2, 32, 32, 3)

    Source: Olah, Mordvintsev and Schubert 2017, "Feature visualization", Distill, doi:10.23915/distill.00007, "The
        enemy of feature visualization" and "Preconditioning and parameterization". Changing an image by gradient
        ascent: Erhan et al. 2009, "Visualizing higher-layer features of a deep network".
    """
    name, numbers = _checked(model, class_index, layer, filter)
    if not isinstance(steps, int | np.integer) or isinstance(steps, bool) or steps < 1:
        raise ValueError(f"maximise: steps must be a whole number of 1 or more. Received {steps!r}.")
    draw = np.random.default_rng(seed)
    first = _start(model, start, draw)

    def look(network: "keras.Model", pixels: Any, chosen: Any) -> Any:
        _, gradient, values = tapped_gradient(lambda tap: _excitement(network, tap(pixels), chosen, name))
        return values, keras.ops.cast(gradient, "float32")

    ask = compiled(model, ("maximise", name), look)
    size = min(AT_ONCE, 1 << (len(numbers) - 1).bit_length())  # few sizes, or each would be compiled

    def values_and_gradient(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values, gradient = in_chunks(ask, images.astype(np.float32), numbers.astype(np.int32), size=size)
        return values, np.nan_to_num(gradient, nan=0.0, posinf=0.0, neginf=0.0)

    before, _ = values_and_gradient(np.repeat(first[np.newaxis], len(numbers), axis=0))
    if not np.isfinite(before).all():
        raise ValueError("maximise: the network gives no finite numbers for the start. Are its weights finite?")
    images = _ascend(values_and_gradient, first, len(numbers), steps, draw)
    after, _ = values_and_gradient(images)
    moved = after > before
    images[~moved] = first
    return Maximised(name, numbers, first, images, before, np.where(moved, after, before), moved)


def _excitement(model: "keras.Model", pixels: Any, chosen: Any, layer: str | None) -> tuple[Any, Any]:
    """A number whose gradient says where to go, and the value for each image."""
    maps: list[Any] = []

    def take(name: str, output: Any) -> Any:
        if name == layer:
            maps.append(output)
        return output

    found = walk(model, pixels, take, before_softmax=layer is None)
    if layer is not None:
        if len(maps) > 1:
            raise ValueError(f"the layer {layer!r} is used several times, and has maps for each. Pass another.")
        found = keras.ops.cast(maps[0], "float32")
    own = keras.ops.one_hot(chosen, found.shape[-1], dtype="float32")
    if layer is None:
        values = keras.ops.sum(found * own, axis=-1)
        return keras.ops.sum(values) * 256, values  # times so much that gradients of half precision are not lost
    sums = keras.ops.sum(found * own[:, None, None, :], axis=(1, 2, 3))
    return keras.ops.sum(sums), sums / (found.shape[1] * found.shape[2])


def _ascend(ask: Any, first: np.ndarray, count: int, steps: int, draw: np.random.Generator) -> np.ndarray:
    """Images, uint8 (count, H, W, C), that started from first and excite what ask asks."""
    height, width, channels = first.shape
    margin = min(height, width) // SHIFT
    shape = (height + 2 * margin, width + 2 * margin)
    canvas = _Canvas(np.pad(first, ((margin, margin), (margin, margin), (0, 0)), mode="edge"), count)
    for step in range(steps):
        pixels = canvas.pixels()
        top, left = draw.integers(0, 2 * margin + 1, 2)
        seen = (slice(None), slice(top, top + height), slice(left, left + width))
        noise = draw.normal(0, 255 * NOISE * (1 - step / steps), first.shape)
        _, inside = ask(pixels[seen] + noise)
        gradient = np.zeros((count, *shape, channels))
        gradient[seen] = inside
        canvas.move(gradient, draw.normal(size=(*canvas.size, channels)))
    middle = canvas.pixels()[:, margin : margin + height, margin : margin + width]
    return np.round(middle).astype(np.uint8)


class _Canvas:
    """Images as the waves that they consist of (Fourier), and of colours that vary by themselves in photos.

    Pixels are 255 times the sigmoid of a sum of waves: they never leave 0 to 255, whatever is added.
    """

    def __init__(self, first: np.ndarray, count: int) -> None:
        self.size = first.shape[:2]
        self.colours = COLOURS if first.shape[-1] == 3 else np.eye(first.shape[-1])
        rows, columns = np.fft.fftfreq(self.size[0]), np.fft.rfftfreq(self.size[1])
        frequencies = np.maximum(np.hypot(rows[:, None], columns), 1 / max(self.size))
        self.reach = (frequencies * max(self.size)) ** -FALL * np.sqrt(self.size[0] * self.size[1]) * RATE
        self.reach = self.reach[..., None]
        share = np.clip(first / 255, EDGE, 1 - EDGE)
        levels = np.log(share / (1 - share)) @ np.linalg.inv(self.colours).T
        self.waves = np.repeat(np.fft.rfft2(levels, axes=(0, 1), norm="ortho")[np.newaxis], count, axis=0)
        self.mean = np.zeros_like(self.waves)
        self.square = np.zeros(self.waves.shape)
        self.steps = 0

    def pixels(self) -> np.ndarray:
        levels = np.fft.irfft2(self.waves, s=self.size, axes=(1, 2), norm="ortho") @ self.colours.T
        self.share = 1 / (1 + np.exp(-levels))
        return 255 * self.share

    def move(self, gradient: np.ndarray, anywhere: np.ndarray) -> None:
        """Go up the gradient, of the pixels that were given last, with Adam (Kingma and Ba 2015, algorithm 1).

        Where it is zero everywhere, go anywhere: that way for all such images.
        """
        levels = gradient * self.share * (1 - self.share) @ self.colours
        waves = np.fft.rfft2(levels, axes=(1, 2), norm="ortho")
        largest = np.abs(waves).max(axis=(1, 2, 3), keepdims=True)
        waves = np.divide(waves, largest, out=np.zeros_like(waves), where=largest > 0)
        self.steps += 1
        self.mean += (1 - MEMORY[0]) * (waves - self.mean)
        self.square += (1 - MEMORY[1]) * (np.abs(waves) ** 2 - self.square)
        mean, square = (
            moment / (1 - memory**self.steps) for moment, memory in zip((self.mean, self.square), MEMORY, strict=True)
        )
        self.waves += self.reach * mean / (np.sqrt(square) + 1e-8)
        stirred = (self.reach + STIR) * np.fft.rfft2(anywhere, axes=(0, 1), norm="ortho")
        silent = largest[:, 0, 0, 0] == 0
        self.waves[silent] = FADE * self.waves[silent] + stirred


def _start(model: "keras.Model", start: Any, draw: np.random.Generator) -> np.ndarray:
    """The image to start from, uint8."""
    expected = tuple(model.inputs[0].shape[1:])
    if len(expected) != 3:
        raise ValueError(f"maximise: expected a model of images (height, width, channels). This one takes {expected}.")
    if isinstance(start, str):
        if start not in ("noise", "grey"):
            raise ValueError(f'maximise: start is "noise", "grey", or an image. Received {start!r}.')
        if None in expected:
            raise ValueError(
                f"maximise: the model takes images of shape {expected}. Pass start=, an image of some size."
            )
        noise = draw.normal(0, START_NOISE, expected) if start == "noise" else np.zeros(expected)
        return np.round(np.clip(255 * (0.5 + noise), 0, 255)).astype(np.uint8)
    images = checked_images(model, start, "maximise")
    if np.ndim(start) == images.ndim or len(images) != 1:
        raise ValueError(f"maximise: start is one image (height, width, channels). Received shape {np.shape(start)}.")
    if images.min() < 0 or images.max() > 255:
        raise ValueError(
            f"maximise: start must have pixels from 0 to 255. Received {images.min():g} to {images.max():g}."
        )
    return np.round(images[0]).astype(np.uint8)


def _checked(model: "keras.Model", class_index: Any, layer: str | None, filter: Any) -> tuple[str | None, np.ndarray]:
    """The layer's full name, None for classes; and the numbers of the filters or classes."""
    all_layers(model)  # raises where there is no graph of layers
    if (class_index is None) == (filter is None) or (layer is None) != (filter is None):
        raise ValueError(
            "maximise: pass either class_index, or layer and filter. Received "
            f"class_index={class_index!r}, layer={layer!r}, filter={filter!r}."
        )
    if filter is None:
        return None, _numbers("class_index", class_index, classes_of(model, "maximise"), "the model has classes")
    name, found = find_maps(model, str(layer), "maximise")
    return name, _numbers("filter", filter, found.output.shape[-1], f"{layer} has filters")


def _numbers(what: str, given: Any, count: int, having: str) -> np.ndarray:
    numbers = np.atleast_1d(np.asarray(given))
    if numbers.ndim != 1 or numbers.dtype.kind not in "iu" or not numbers.size:
        raise ValueError(f"maximise: {what} is a whole number, or a list of them. Received {given!r}.")
    if numbers.min() < 0 or numbers.max() >= count:
        raise ValueError(f"maximise: {having} 0 to {count - 1}. Received {what}={given!r}.")
    return numbers.astype(np.int64)
