"""Pages on which every value can be clicked to see how it was calculated.

Each function returns a Page: the last value of a notebook's cell shows it, .save("page.html") writes a file.
"""

from typing import Any

import numpy as np

from practicum import reference
from practicum.network_page import network
from practicum.pages import Page

__all__ = ["convolution", "max_pooling", "network"]

MOST_CELLS = 32  # the height and width to which single numbers can be read on a screen


def convolution(image: Any, kernel: Any, bias: Any = None, *, strides: Any = 1, padding: str = "valid") -> Page:
    """A page on which a filter slides over an image; click a value of the output to see its products and their sum.

    On the page one can change the filter, the stride, the padding and how many channels take part.

    Args:
        image: (H, W) or (H, W, C), up to 32×32.
        kernel: (kh, kw), or (kh, kw, C, filters).
        bias: (filters,) or one number; None is 0.
        strides: how far the filter moves each time, one number or (down, across).
        padding: "valid" or "same".

    Raises:
        ValueError: what reference.conv2d refuses, or an image too large for single numbers.

    Example:
        >>> page = convolution([[1, 2, 3], [4, 5, 6], [7, 8, 9]], [[1, 0], [0, 1]])
        >>> page.title
        'Convolution: a 2×2 filter on a 3×3 input'
    """
    output = reference.conv2d(image, kernel, bias, strides=strides, padding=padding)
    step = next(reference.trace_conv2d(image, kernel, bias, strides=strides, padding=padding))
    image, kernel = _with_depth(image, 3), _with_depth(kernel, 4)
    bias = np.broadcast_to(0 if bias is None else np.asarray(bias), kernel.shape[3])
    _check_readable("convolution", image)
    _check_finite("convolution", image=image, kernel=kernel, bias=bias)
    return Page(
        "convolution",
        title=f"Convolution: a {kernel.shape[0]}×{kernel.shape[1]} filter on a {image.shape[0]}×{image.shape[1]} input",
        lead="Choose a value of the output: the tile it came from lights up, and you see how it was calculated.",
        data={
            "image": _plain(image),
            "kernel": _plain(kernel),
            "bias": _plain(bias)["values"],
            "strides": list(np.broadcast_to(strides, 2).tolist()),
            "padding": padding,
        },
        grids=[
            *_slices("Input, channel", image),
            *_slices("Filter, slice", kernel[:, :, :, 0]),
            ("Output", _with_depth(output, 3)[:, :, 0]),
        ],
        step=str(step),
    )


def max_pooling(
    image: Any, pool_size: Any = 2, *, strides: Any = None, padding: str = "valid", relu: bool = False
) -> Page:
    """A page on which max pooling shows which value it keeps of each tile; size, stride and ReLU can be changed.

    Args:
        image: (H, W) or (H, W, C), up to 32×32.
        pool_size: of the tiles, one number or (height, width).
        strides: how far the tile moves each time; None: as far as it is large.
        padding: "valid" or "same".
        relu: put ReLU in front to begin with.

    Raises:
        ValueError: what reference.max_pool2d refuses, or an image too large for single numbers.

    Example:
        >>> max_pooling([[7, 3, 5, 2], [8, 7, 1, 6]]).title
        'Max pooling: 2×2 tiles on a 2×4 input'
    """
    strides = pool_size if strides is None else strides
    numbers = reference.relu(image) if relu else image
    output = reference.max_pool2d(numbers, pool_size, strides=strides, padding=padding)
    step = next(reference.trace_max_pool2d(numbers, pool_size, strides=strides, padding=padding))
    image = _with_depth(image, 3)
    _check_readable("max_pooling", image)
    _check_finite("max_pooling", image=image)
    pool = np.broadcast_to(pool_size, 2).tolist()
    return Page(
        "pooling",
        title=f"Max pooling: {pool[0]}×{pool[1]} tiles on a {image.shape[0]}×{image.shape[1]} input",
        lead="Choose a value of the output: its tile lights up, and the value that was kept is framed.",
        data={
            "image": _plain(image),
            "pool": pool,
            "strides": np.broadcast_to(strides, 2).tolist(),
            "padding": padding,
            "relu": bool(relu),
        },
        grids=[("Input", image[:, :, 0]), ("Output", _with_depth(output, 3)[:, :, 0])],
        step=str(step),
    )


def _with_depth(array: Any, dimensions: int) -> np.ndarray:
    array = np.asarray(array)
    return array.reshape(array.shape + (1,) * (dimensions - array.ndim))


def _slices(caption: str, array: np.ndarray) -> list[tuple[str, np.ndarray]]:
    return [(f"{caption} {channel}", array[:, :, channel]) for channel in range(array.shape[2])]


def _plain(array: np.ndarray) -> dict[str, Any]:
    numbers = array.astype(int) if array.dtype.kind == "b" else array
    return {"shape": list(array.shape), "values": numbers.ravel().tolist()}


def _check_readable(name: str, image: np.ndarray) -> None:
    height, width, channels = image.shape
    if max(height, width) > MOST_CELLS or channels > MOST_CELLS:
        raise ValueError(
            f"explorer.{name}: every number is shown, which can be read up to {MOST_CELLS}×{MOST_CELLS}×{MOST_CELLS}. "
            f"Received image.shape={image.shape}. Pass a part of it, such as image[:16, :16]; "
            f"explorer.network shows whole photos."
        )


def _check_finite(name: str, **arrays: np.ndarray) -> None:
    for argument, array in arrays.items():
        if not np.isfinite(array.astype(float)).all():
            raise ValueError(
                f"explorer.{name}: the {argument} holds values that are no finite numbers (NaN or infinite)."
            )
