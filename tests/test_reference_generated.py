"""The reference arithmetic against Keras and SciPy, on generated cases; the same ones in every run."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import correlate2d

from practicum.backend import keras
from practicum.reference import conv2d, dense, max_pool2d, relu, softmax, trace_conv2d, trace_max_pool2d

REPEATABLE = settings(deadline=None, derandomize=True, database=None)
CASES = 500


# Convolution, generated -------------------------------------------------------------------------------------------


def same_padding(size, tile, stride):
    """(before, after) along one direction, by the two-case rule that TensorFlow documents."""
    missing = max(tile - stride, 0) if size % stride == 0 else max(tile - size % stride, 0)
    return missing // 2, missing - missing // 2


def padded_by_hand(image, tile, strides, padding):
    if padding == "valid":
        return image
    around = [same_padding(*direction) for direction in zip(image.shape[:2], tile, strides, strict=True)]
    return np.pad(image, [*around, (0, 0)])


def scipy_conv2d(image, kernel, bias, strides, padding):
    """Every position by SciPy, channel by channel; then those that the strides leave."""
    padded = padded_by_hand(image, kernel.shape[:2], strides, padding)
    maps = []
    for number in range(kernel.shape[3]):
        channels = [
            correlate2d(padded[:, :, channel], kernel[:, :, channel, number], "valid")
            for channel in range(kernel.shape[2])
        ]
        maps.append(sum(channels) + bias[number])
    return np.stack(maps, axis=-1)[:: strides[0], :: strides[1]]


def keras_conv2d(image, kernel, bias, strides, padding):
    """What keras.layers.Conv2D calls; a layer made for each case would take ten times as long."""
    output = keras.ops.conv(image[np.newaxis], kernel, strides=strides, padding=padding) + bias
    return keras.ops.convert_to_numpy(output)[0]


@st.composite
def convolutions(draw, kinds=("integers", "float32", "float64"), most_channels=8, largest_kernel=7):
    """(image, kernel, bias, strides, padding); sizes from the kernel's own, with "same" from one pixel."""
    kernel_size = draw(st.tuples(*[st.integers(1, largest_kernel)] * 2))
    channels, filters = draw(st.tuples(*[st.integers(1, most_channels)] * 2))
    strides = draw(st.tuples(*[st.integers(1, 4)] * 2))
    padding = draw(st.sampled_from(["valid", "same"]))
    smallest = kernel_size if padding == "valid" else (1, 1)
    size = draw(st.tuples(*(st.integers(least, least + 11) for least in smallest)))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shapes = (*size, channels), (*kernel_size, channels, filters), (filters,)
    kind = draw(st.sampled_from(kinds))
    if kind == "integers":  # pixels, and weights of either sign
        ranges = (0, 256, np.uint8), (-128, 128, np.int8), (-1000, 1000, np.int16)
        arrays = [random.integers(low, high, s, dtype) for (low, high, dtype), s in zip(ranges, shapes, strict=True)]
    else:
        arrays = [random.standard_normal(shape).astype(kind) for shape in shapes]
    return *arrays, strides, padding


def widened(case, dtype):
    """case with its integers as int64 or float64, which both hold every sum exactly; floats as they are."""
    *arrays, strides, padding = case
    return *(array.astype(dtype) if array.dtype.kind in "iu" else array for array in arrays), strides, padding


def assert_sums_agree(output, expected, case):
    """Integers exactly. Floats within 8 roundings of the terms' absolute sum: a term more or less is far outside."""
    image, kernel, bias, strides, padding = case
    if output.dtype.kind == "i":
        np.testing.assert_array_equal(output, expected)
        return
    assert (output.dtype, output.shape) == (expected.dtype, expected.shape)
    terms = scipy_conv2d(np.abs(image), np.abs(kernel), np.abs(bias), strides, padding)
    assert (np.abs(output - expected) <= 8 * np.finfo(output.dtype).eps * terms).all()


@settings(REPEATABLE, max_examples=CASES)
@given(convolutions())
def test_convolution_equals_scipy(case):
    image, kernel, bias, strides, padding = case
    output = conv2d(image, kernel, bias, strides=strides, padding=padding)
    expected = scipy_conv2d(*widened(case, np.int64))
    assert output.dtype == expected.dtype
    assert_sums_agree(output, expected, case)


@settings(REPEATABLE, max_examples=CASES)
@given(convolutions())
def test_convolution_equals_keras(case):
    image, kernel, bias, strides, padding = case
    output = conv2d(image, kernel, bias, strides=strides, padding=padding)
    assert_sums_agree(output, keras_conv2d(*widened(case, np.float64)), case)


@settings(REPEATABLE, max_examples=60)
@given(convolutions(kinds=("float32", "float64")))
def test_convolution_equals_the_keras_layer(case):
    image, kernel, bias, strides, padding = case
    layer = keras.layers.Conv2D(kernel.shape[3], kernel.shape[:2], strides, padding, dtype=str(image.dtype))
    layer.build((None, *image.shape))
    layer.set_weights([kernel, bias])
    output = conv2d(image, kernel, bias, strides=strides, padding=padding)
    assert_sums_agree(output, keras.ops.convert_to_numpy(layer(image[np.newaxis]))[0], case)


# Max pooling, generated -------------------------------------------------------------------------------------------


@st.composite
def poolings(draw):
    """(image, pool_size, strides, padding); half of the images are negative throughout."""
    pool_size = draw(st.tuples(*[st.integers(1, 5)] * 2))
    strides = draw(st.none() | st.tuples(*[st.integers(1, 4)] * 2))
    padding = draw(st.sampled_from(["valid", "same"]))
    smallest = pool_size if padding == "valid" else (1, 1)
    size = draw(st.tuples(*(st.integers(least, least + 11) for least in smallest)))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    image = random.integers(-99, 100, (*size, draw(st.integers(1, 5))))
    if draw(st.booleans()):
        image = image - 200
    return image.astype(draw(st.sampled_from(["int16", "float32", "float64"]))), pool_size, strides, padding


def assert_same_maxima(output, image, expected):
    assert output.dtype == image.dtype
    np.testing.assert_array_equal(output, keras.ops.convert_to_numpy(expected)[0])


@settings(REPEATABLE, max_examples=CASES)
@given(poolings())
def test_pooling_equals_keras(case):
    image, pool_size, strides, padding = case
    expected = keras.ops.max_pool(image[np.newaxis].astype(np.float64), pool_size, strides=strides, padding=padding)
    assert_same_maxima(max_pool2d(image, pool_size, strides=strides, padding=padding), image, expected)


@settings(REPEATABLE, max_examples=60)
@given(poolings())
def test_pooling_equals_the_keras_layer(case):
    image, pool_size, strides, padding = case
    layer = keras.layers.MaxPooling2D(pool_size, strides, padding, dtype="float64")
    expected = layer(image[np.newaxis].astype(np.float64))
    assert_same_maxima(max_pool2d(image, pool_size, strides=strides, padding=padding), image, expected)


# Traces ---------------------------------------------------------------------------------------------------------------


@settings(REPEATABLE, max_examples=80)
@given(convolutions(most_channels=3, largest_kernel=4))
def test_trace_of_a_convolution_gives_its_values_in_order(case):
    image, kernel, bias, strides, padding = case
    output = conv2d(image, kernel, bias, strides=strides, padding=padding)
    steps = list(trace_conv2d(image, kernel, bias, strides=strides, padding=padding))
    assert [(step.row, step.column, step.filter) for step in steps] == list(np.ndindex(output.shape))
    padded, (kh, kw) = padded_by_hand(image, kernel.shape[:2], strides, padding), kernel.shape[:2]
    for step in steps:
        top, left = step.row * strides[0], step.column * strides[1]
        np.testing.assert_array_equal(step.tile, padded[top : top + kh, left : left + kw])
        np.testing.assert_array_equal(step.weights, kernel[:, :, :, step.filter])
        np.testing.assert_array_equal(step.products, step.tile * step.weights)
        assert step.bias == bias[step.filter]
        assert step.value == step.products.sum() + step.bias
    assert_sums_agree(np.array([step.value for step in steps]).reshape(output.shape), output, case)


@settings(REPEATABLE, max_examples=80)
@given(poolings())
def test_trace_of_a_pooling_gives_its_values_in_order(case):
    image, pool_size, strides, padding = case
    output = max_pool2d(image, pool_size, strides=strides, padding=padding)
    steps = list(trace_max_pool2d(image, pool_size, strides=strides, padding=padding))
    assert [(step.row, step.column, step.channel) for step in steps] == list(np.ndindex(output.shape))
    marked = np.ma.masked_array(image, mask=np.zeros(image.shape, bool))
    if padding == "same":  # padding is masked, so that what is left of a tile is what lies inside
        pad = padded_by_hand(np.ones(image.shape), pool_size, strides or pool_size, padding) == 0
        marked = np.ma.masked_array(padded_by_hand(image, pool_size, strides or pool_size, padding), mask=pad)
    for step in steps:
        top, left = (n * s for n, s in zip((step.row, step.column), strides or pool_size, strict=True))
        whole = marked[top : top + pool_size[0], left : left + pool_size[1], step.channel]
        assert step.tile.ndim == 2
        assert step.tile.ravel().tolist() == whole.compressed().tolist()
        assert step.value == step.tile.max() == output[step.row, step.column, step.channel]


# ReLU, dense, softmax -------------------------------------------------------------------------------------------------


@settings(REPEATABLE, max_examples=100)
@given(st.lists(st.floats(width=32, allow_nan=False, allow_subnormal=False), min_size=1))
def test_relu_equals_keras(numbers):
    """Without numbers below 1e-38: TensorFlow takes them for 0."""
    numbers = np.array(numbers, np.float32)
    np.testing.assert_array_equal(relu(numbers), keras.ops.convert_to_numpy(keras.ops.relu(numbers)))


@settings(REPEATABLE, max_examples=60)
@given(st.integers(0, 6), st.integers(1, 8), st.integers(1, 8), st.sampled_from(["float32", "float64"]))
def test_dense_equals_keras(count, inputs, units, dtype):
    random = np.random.default_rng(count + 10 * inputs + 100 * units)
    x, weights, bias = (random.standard_normal(s).astype(dtype) for s in ((count, inputs), (inputs, units), units))
    layer = keras.layers.Dense(units, dtype=dtype)
    layer.build((None, inputs))
    layer.set_weights([weights, bias])
    output = dense(x, weights, bias)
    assert output.dtype == dtype
    limit = 8 * np.finfo(dtype).eps * (np.abs(x) @ np.abs(weights) + np.abs(bias))
    assert (np.abs(output - keras.ops.convert_to_numpy(layer(x))) <= limit).all()
    for row, expected in zip(x, output, strict=True):
        np.testing.assert_allclose(dense(row, weights, bias), expected, atol=limit.max())


@settings(REPEATABLE, max_examples=100)
@given(st.integers(1, 5), st.integers(2, 9), st.sampled_from([1.0, 30.0, 1000.0]), st.integers(0, 999))
def test_softmax_equals_keras(count, classes, scale, seed):
    logits = np.random.default_rng(seed).standard_normal((count, classes)) * scale
    output = softmax(logits)
    np.testing.assert_allclose(output, keras.ops.convert_to_numpy(keras.ops.softmax(logits)), rtol=1e-12, atol=1e-300)
    np.testing.assert_allclose(output.sum(axis=1), 1, rtol=1e-14)
    np.testing.assert_array_equal(output[0], softmax(logits[0]))
