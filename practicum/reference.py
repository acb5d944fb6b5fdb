"""The arithmetic of a CNN in plain NumPy, to be read: convolution, ReLU, max pooling, dense layers, softmax.

Shapes are those of Keras, channels last: an image is (H, W, C), a kernel (kh, kw, C, filters). A 2-D image or kernel
stands for depth 1. What Keras calls convolution does not flip the filter; mathematics calls it cross-correlation.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

PADDINGS = ("valid", "same")


@dataclass(frozen=True, eq=False)
class ConvStep:
    """How one value of a convolution came about: value = products.sum() + bias.

    Attributes:
        row, column: where the value stands in the output.
        filter: which filter gave it.
        tile: the part of the image that the filter lies on, zeros where it overhangs; (kh, kw, C), or (kh, kw) if
            image and kernel were 2-D, like weights and products.
        weights: the filter's numbers.
        products: tile * weights.
        bias: what is added.
        value: the result.
    """

    row: int
    column: int
    filter: int
    tile: np.ndarray
    weights: np.ndarray
    products: np.ndarray
    bias: Any
    value: Any

    def __str__(self) -> str:
        terms = [f"{x}×{w}" for x, w in zip(self.tile.flat, self.weights.flat, strict=True)]
        if self.bias:
            terms.append(f"{self.bias}")
        return f"row {self.row}, column {self.column}: {' + '.join(terms)} = {self.value}"


@dataclass(frozen=True, eq=False)
class PoolStep:
    """How one value of a max pooling came about: value = tile.max().

    Attributes:
        row, column, channel: where the value stands in the output; channel is 0 for a 2-D image.
        tile: 2-D, the part of the channel that was looked at, without the padding.
        value: its largest number.
    """

    row: int
    column: int
    channel: int
    tile: np.ndarray
    value: Any

    def __str__(self) -> str:
        numbers = ", ".join(str(x) for x in self.tile.flat)
        return f"row {self.row}, column {self.column}: the largest of {numbers} is {self.value}"


def conv2d(image: Any, kernel: Any, bias: Any = None, *, strides: Any = 1, padding: str = "valid") -> np.ndarray:
    """Lay every filter on every tile of the image; multiply number by number, add up, add the bias.

    Args:
        image: (H, W, C) or (H, W), integers or floats.
        kernel: (kh, kw, C, filters) or (kh, kw).
        bias: (filters,) or one number; None is 0.
        strides: how far the filter moves each time, one number or (down, across).
        padding: "valid": the filter stays inside the image. "same": zeros around the image, so that stride 1 keeps its
            height and width; where the number of zeros is odd, the odd one is at the bottom or right.

    Returns:
        (H', W', filters), or (H', W') if image and kernel are 2-D. int64 from integers, otherwise float32 or float64.

    Raises:
        ValueError: shapes or settings that do not go together; the message says which.

    Example:
        >>> conv2d([[1, 2, 3], [4, 5, 6], [7, 8, 9]], [[1, 0], [0, 1]])
        array([[ 6,  8],
               [12, 14]])

    Source: https://keras.io/api/layers/convolution_layers/convolution2d/
    """
    image, kernel, bias, flat = _convolution_operands(image, kernel, bias)
    kh, kw, channels, filters = kernel.shape
    tiles = _tiles(image, (kh, kw), strides, padding, fill=0, name="conv2d")
    rows, columns = tiles.shape[:2]
    # Each tile becomes a row of numbers and each filter a column: all the sums of products are one matrix product.
    sums = tiles.reshape(rows * columns, kh * kw * channels) @ kernel.reshape(kh * kw * channels, filters)
    output = sums.reshape(rows, columns, filters) + bias
    return output[:, :, 0] if flat else output


def relu(x: Any) -> np.ndarray:
    """max(0, x) for every number: x where x > 0, and 0 elsewhere.

    Args:
        x: numbers, any shape.

    Returns:
        The same shape and dtype.

    Example:
        >>> relu([-2, 0, 3])
        array([0, 0, 3])
    """
    return np.maximum(_numbers(x, "relu", "x"), 0)


def max_pool2d(image: Any, pool_size: Any = 2, *, strides: Any = None, padding: str = "valid") -> np.ndarray:
    """Keep the largest number of each tile, channel by channel.

    Args:
        image: (H, W, C) or (H, W).
        pool_size: of the tiles, one number or (height, width).
        strides: how far the tile moves each time, one number or (down, across); None: as far as it is large.
        padding: "valid": tiles stay inside the image; rows and columns left over are dropped. "same": tiles may
            overhang; only the numbers inside the image count.

    Returns:
        (H', W', C), or (H', W') for a 2-D image; the image's dtype.

    Raises:
        ValueError: a tile larger than the image, or settings that are none.

    Example:
        >>> max_pool2d([[7, 3, 5, 2], [8, 7, 1, 6], [4, 9, 3, 9], [0, 8, 4, 5]])
        array([[8, 6],
               [9, 9]])

    Source: https://keras.io/api/layers/pooling_layers/max_pooling2d/
    """
    image, flat = _image(image, "max_pool2d")
    strides = pool_size if strides is None else strides
    tiles = _tiles(image, pool_size, strides, padding, fill=_lowest(image.dtype), name="max_pool2d")
    output = tiles.max(axis=(2, 3))
    return output[:, :, 0] if flat else output


def dense(x: Any, weights: Any, bias: Any = None) -> np.ndarray:
    """Weigh every input number for every unit, add up, add the bias.

    Args:
        x: (inputs,), or (N, inputs) for several at once.
        weights: (inputs, units).
        bias: (units,) or one number; None is 0.

    Returns:
        (units,) or (N, units).

    Raises:
        ValueError: shapes that do not go together.

    Example:
        >>> dense([1, 2], [[3, 0, 1], [0, 4, 1]], bias=[10, 20, 30])
        array([13, 28, 33])

    Source: https://keras.io/api/layers/core_layers/dense/
    """
    x, weights = _numbers(x, "dense", "x"), _numbers(weights, "dense", "weights")
    if weights.ndim != 2 or x.ndim not in (1, 2) or x.shape[-1] != weights.shape[0]:
        raise ValueError(
            f"dense: every input number needs a row of weights. Received x.shape={x.shape}, "
            f"weights.shape={weights.shape}. Pass weights of shape ({x.shape[-1] if x.ndim else 1}, units)"
            + (", and flatten the feature maps first: x.reshape(-1)." if x.ndim > 2 else ".")
        )
    bias = _bias(bias, weights.shape[1], "dense")
    dtype = _common_type(x, weights, bias)
    return x.astype(dtype) @ weights.astype(dtype) + bias.astype(dtype)


def softmax(logits: Any) -> np.ndarray:
    """Turn scores into probabilities: e to the power of each, divided by their sum.

    Args:
        logits: scores, (classes,) or (N, classes).

    Returns:
        The same shape, float32 or float64; each row is 0 to 1 and adds up to 1.

    Example:
        >>> softmax([1, 1, 1, 1])
        array([0.25, 0.25, 0.25, 0.25])

    Source: https://keras.io/api/layers/activations/#softmax-function
    """
    logits = _numbers(logits, "softmax", "logits")
    if logits.ndim == 0 or logits.shape[-1] == 0:
        raise ValueError(f"softmax: expected one score a class. Received logits.shape={logits.shape}.")
    logits = logits.astype(np.result_type(np.float32, logits.dtype))
    # Taking the largest away changes nothing in the result and keeps e**1000 from being infinite.
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def trace_conv2d(
    image: Any, kernel: Any, bias: Any = None, *, strides: Any = 1, padding: str = "valid"
) -> Iterator[ConvStep]:
    """The steps of conv2d, one for each value of its output: row by row, then column by column, then filter by filter.

    Args and errors are those of conv2d.

    Returns:
        An iterator of ConvStep.

    Example:
        >>> print(next(trace_conv2d([[1, 2, 3], [4, 5, 6]], [[1, 0], [0, 1]])))
        row 0, column 0: 1×1 + 2×0 + 4×0 + 5×1 = 6
    """
    image, kernel, bias, flat = _convolution_operands(image, kernel, bias)
    tiles = _tiles(image, kernel.shape[:2], strides, padding, fill=0, name="conv2d")

    def steps() -> Iterator[ConvStep]:
        for row, column, number in np.ndindex(*tiles.shape[:2], kernel.shape[3]):
            tile, weights = tiles[row, column], kernel[:, :, :, number]
            if flat:
                tile, weights = tile[:, :, 0], weights[:, :, 0]
            products = tile * weights
            value = products.sum() + bias[number]
            yield ConvStep(row, column, number, tile, weights, products, bias[number], value)

    return steps()


def trace_max_pool2d(
    image: Any, pool_size: Any = 2, *, strides: Any = None, padding: str = "valid"
) -> Iterator[PoolStep]:
    """The steps of max_pool2d, one for each value of its output: row by row, then column by column, then channels.

    Args and errors are those of max_pool2d.

    Returns:
        An iterator of PoolStep.

    Example:
        >>> print(next(trace_max_pool2d([[7, 3, 5, 2], [8, 7, 1, 6]])))
        row 0, column 0: the largest of 7, 3, 8, 7 is 8
    """
    image, _ = _image(image, "max_pool2d")
    tile = _pair(pool_size, "pool_size", "max_pool2d")
    step = tile if strides is None else _pair(strides, "strides", "max_pool2d")
    down, across = (
        _places(size, t, s, padding, "max_pool2d") for size, t, s in zip(image.shape[:2], tile, step, strict=True)
    )

    def steps() -> Iterator[PoolStep]:
        for row, column, channel in np.ndindex(down[0], across[0], image.shape[2]):
            top, left = row * step[0] - down[1], column * step[1] - across[1]
            inside = image[max(top, 0) : top + tile[0], max(left, 0) : left + tile[1], channel]
            yield PoolStep(row, column, channel, inside, inside.max())

    return steps()


# How tiles are cut ------------------------------------------------------------------------------------------------


def _tiles(image: np.ndarray, tile: Any, strides: Any, padding: str, *, fill: Any, name: str) -> np.ndarray:
    """Every tile of image (H, W, C): an array (rows, columns, tile height, tile width, C)."""
    size, step = _pair(tile, "pool_size", name), _pair(strides, "strides", name)
    down, across = (_places(n, t, s, padding, name) for n, t, s in zip(image.shape[:2], size, step, strict=True))
    padded = np.pad(image, (down[1:], across[1:], (0, 0)), constant_values=fill)
    every = sliding_window_view(padded, size, axis=(0, 1))[:: step[0], :: step[1]]
    return every.transpose(0, 1, 3, 4, 2)


def _places(size: int, tile: int, stride: int, padding: str, name: str) -> tuple[int, int, int]:
    """Along one direction: how many places a tile has, and how many cells of padding are before and after."""
    if padding not in PADDINGS:
        raise ValueError(f'{name}: padding must be "valid" or "same". Received padding={padding!r}.')
    if padding == "same":
        places = -(-size // stride)  # rounded up
        zeros = max((places - 1) * stride + tile - size, 0)
        return places, zeros // 2, zeros - zeros // 2
    if tile > size:
        raise ValueError(
            f"{name}: a tile of {tile} does not fit into {size} cells. Received an image smaller than the "
            f'tile. Make the tile smaller or use padding="same".'
        )
    return (size - tile) // stride + 1, 0, 0


# What goes in -----------------------------------------------------------------------------------------------------


def _convolution_operands(image: Any, kernel: Any, bias: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray, bool]:
    """image (H, W, C), kernel (kh, kw, C, filters), bias (filters,), of one dtype; and whether both were 2-D."""
    image, flat_image = _image(image, "conv2d")
    kernel = _numbers(kernel, "conv2d", "kernel")
    flat_kernel = kernel.ndim == 2
    if flat_kernel:
        kernel = kernel[:, :, np.newaxis, np.newaxis]
    if kernel.ndim != 4 or 0 in kernel.shape:
        raise ValueError(
            f"conv2d: expected a kernel (height, width, channels, filters), or (height, width). "
            f"Received kernel.shape={kernel.shape}."
            + (" For one filter, pass kernel[:, :, :, np.newaxis]." if kernel.ndim == 3 else "")
        )
    if image.shape[2] != kernel.shape[2]:
        has, expects = image.shape[2], kernel.shape[2]
        wanted = (*kernel.shape[:2], has, kernel.shape[3])
        raise ValueError(
            f"conv2d: the image has {has} channel{'s' if has != 1 else ''} but the kernel expects {expects}. "
            f"Received image.shape={image.shape}, kernel.shape={kernel.shape}. Pass a kernel of shape {wanted}"
            + (", or one channel of the image." if expects == 1 else ".")
        )
    bias = _bias(bias, kernel.shape[3], "conv2d")
    dtype = _common_type(image, kernel, bias)
    return image.astype(dtype), kernel.astype(dtype), bias.astype(dtype), flat_image and flat_kernel


def _image(image: Any, name: str) -> tuple[np.ndarray, bool]:
    """image as (H, W, C), and whether it was 2-D."""
    image = _numbers(image, name, "image")
    if image.ndim not in (2, 3) or 0 in image.shape:
        raise ValueError(
            f"{name}: expected one image (height, width, channels) or (height, width). Received "
            f"image.shape={image.shape}." + (" Pass one of them: images[0]." if image.ndim == 4 else "")
        )
    return (image[:, :, np.newaxis], True) if image.ndim == 2 else (image, False)


def _numbers(values: Any, name: str, argument: str) -> np.ndarray:
    try:
        array = np.asarray(values)
    except ValueError as error:  # rows of different lengths
        raise ValueError(f"{name}: {argument} is no grid of numbers: its rows differ in length ({error}).") from None
    # Kind "V" are the 16-bit floats of deep-learning libraries, which NumPy does not know by name.
    if array.dtype.kind == "V" and array.dtype.itemsize == 2:
        return array.astype(np.float32)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name}: {argument} must hold real numbers. Received dtype {array.dtype}.")
    return array.astype(np.int64) if array.dtype.kind == "b" else array


def _bias(bias: Any, count: int, name: str) -> np.ndarray:
    bias = np.zeros(count, np.int8) if bias is None else _numbers(bias, name, "bias")
    if bias.shape not in ((), (1,), (count,)):
        raise ValueError(
            f"{name}: expected one bias for each of {count} outputs. Received bias.shape={bias.shape}. "
            f"Pass {count} numbers, or one for all."
        )
    return np.broadcast_to(bias, (count,))


def _common_type(*arrays: np.ndarray) -> np.dtype:
    """int64 for integers, so that pixels (uint8) times weights cannot overflow; otherwise float32 or float64."""
    if all(array.dtype.kind in "iu" for array in arrays):
        return np.dtype(np.int64)
    return np.result_type(np.float32, *(array.dtype for array in arrays))


def _lowest(dtype: np.dtype) -> Any:
    return np.iinfo(dtype).min if dtype.kind in "iu" else -np.inf


def _pair(value: Any, argument: str, name: str) -> tuple[int, int]:
    """One number for both directions, or (down, across)."""
    pair = (value, value) if np.ndim(value) == 0 else tuple(value)
    if len(pair) != 2 or any(isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1 for n in pair):
        raise ValueError(
            f"{name}: {argument} must be a whole number from 1, or two of them. Received {argument}={value!r}."
        )
    return int(pair[0]), int(pair[1])
