"""The reference arithmetic against figures worked out by hand, its kinds of numbers and its messages.

Other programs are asked in test_reference_generated.py, test_reference_onnx.py and test_reference_gradients.py.
"""

import numpy as np
import pytest
from ml_dtypes import bfloat16

from practicum.reference import conv2d, dense, max_pool2d, relu, softmax, trace_conv2d, trace_max_pool2d

IMAGE = [[3, 5, 2, 8, 1], [9, 7, 5, 4, 3], [2, 0, 6, 1, 6], [6, 3, 7, 9, 2], [1, 4, 9, 5, 1]]
FILTER = [[1, 0, 0], [1, 1, 0], [0, 0, 1]]


# By hand ----------------------------------------------------------------------------------------------------------


def test_worked_example():
    output = conv2d(IMAGE, FILTER)
    assert output.tolist() == [[25, 18, 17], [18, 22, 14], [20, 15, 23]]
    assert output.dtype == np.int64
    assert conv2d(IMAGE, FILTER, bias=-20).tolist() == [[5, -2, -3], [-2, 2, -6], [0, -5, 3]]


def test_worked_example_step_by_step():
    step = next(trace_conv2d(IMAGE, FILTER))
    assert (step.row, step.column, step.filter, step.value, step.bias) == (0, 0, 0, 25, 0)
    assert step.products.tolist() == [[3, 0, 0], [9, 7, 0], [0, 0, 6]]
    assert str(step) == "row 0, column 0: 3×1 + 5×0 + 2×0 + 9×1 + 7×1 + 5×0 + 2×0 + 0×0 + 6×1 = 25"
    biased = next(trace_conv2d([[2, 3]], [[4]], bias=5))
    assert str(biased) == "row 0, column 0: 2×4 + 5 = 13"


def test_worked_example_with_same_padding():
    output = conv2d(IMAGE, FILTER, padding="same")
    assert output.shape == (5, 5)
    assert output[1:-1, 1:-1].tolist() == conv2d(IMAGE, FILTER).tolist()
    assert output[0, 0] == 3 + 7  # 0 0 0 / 0 3 5 / 0 9 7 under the filter
    assert output[4, 4] == 9 + 5 + 1  # 9 2 0 / 5 1 0 / 0 0 0


def test_the_odd_cell_of_same_padding_is_at_the_bottom_and_right():
    assert conv2d([[1, 2], [3, 4]], [[1, 10], [100, 1000]], padding="same").tolist() == [[4321, 402], [43, 4]]
    assert max_pool2d([[-1, -2], [-3, -4]], strides=1, padding="same").tolist() == [[-1, -2], [-3, -4]]


def test_kernel_as_large_as_the_image_is_one_sum():
    image, kernel = np.arange(12).reshape(3, 4), np.arange(12, 24).reshape(3, 4)
    assert conv2d(image, kernel).tolist() == [[(image * kernel).sum()]]


def test_two_dimensions_stand_for_depth_one():
    image, kernel = np.array(IMAGE), np.array(FILTER)
    deep_image, deep_kernel = image[:, :, np.newaxis], kernel[:, :, np.newaxis, np.newaxis]
    flat = conv2d(image, kernel)
    for output in (conv2d(deep_image, kernel), conv2d(image, deep_kernel), conv2d(deep_image, deep_kernel)):
        np.testing.assert_array_equal(output, flat[:, :, np.newaxis])


def test_one_bias_serves_all_filters_and_none_is_zero():
    kernel = np.ones((2, 2, 1, 3))
    plain = conv2d(IMAGE, kernel)
    np.testing.assert_array_equal(conv2d(IMAGE, kernel, 7), plain + 7)
    np.testing.assert_array_equal(conv2d(IMAGE, kernel, [7]), plain + 7)
    np.testing.assert_array_equal(conv2d(IMAGE, kernel, [1, 2, 3]), plain + np.array([1, 2, 3]))


def test_pooling_by_hand():
    image = np.arange(25).reshape(5, 5)
    assert max_pool2d(image).tolist() == [[6, 8], [16, 18]], "the row and the column left over are dropped"
    assert max_pool2d(image, padding="same").tolist() == [[6, 8, 9], [16, 18, 19], [21, 23, 24]]
    assert max_pool2d(image, 3, strides=(1, 2)).tolist() == [[12, 14], [17, 19], [22, 24]]
    assert max_pool2d(image, (1, 4)).tolist() == [[3], [8], [13], [18], [23]]


# Traces -----------------------------------------------------------------------------------------------------------


def test_trace_of_two_dimensions_has_two():
    for step, value in zip(trace_conv2d(IMAGE, FILTER), [25, 18, 17, 18, 22, 14, 20, 15, 23], strict=True):
        assert step.tile.shape == step.weights.shape == step.products.shape == (3, 3)
        assert step.value == value
    deep = next(trace_conv2d(np.array(IMAGE)[:, :, np.newaxis], FILTER))
    assert deep.tile.shape == deep.weights.shape == deep.products.shape == (3, 3, 1)


def test_trace_shows_zeros_where_the_filter_overhangs():
    first, *_, last = trace_conv2d(IMAGE, FILTER, padding="same")
    assert first.tile.tolist() == [[0, 0, 0], [0, 3, 5], [0, 9, 7]]
    assert last.tile.tolist() == [[9, 2, 0], [5, 1, 0], [0, 0, 0]]


def test_trace_of_a_pooling_clips_tiles_that_overhang():
    image = [[-1, -2, -3], [-4, -5, -6], [-7, -8, -9]]
    tiles = [step.tile.tolist() for step in trace_max_pool2d(image, padding="same")]
    assert tiles == [[[-1, -2], [-4, -5]], [[-3], [-6]], [[-7, -8]], [[-9]]]
    first = next(trace_max_pool2d(image, 3, strides=1, padding="same"))
    assert str(first) == "row 0, column 0: the largest of -1, -2, -4, -5 is -1"


# ReLU, dense, softmax ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int64", "float16", "float32", "float64"])
def test_relu_keeps_shape_and_dtype(dtype):
    output = relu(np.array([[0, 3], [100, 7]], dtype))
    assert (output.dtype, output.tolist()) == (dtype, [[0, 3], [100, 7]])


def test_relu_of_special_numbers():
    output = relu([-0.0, -np.inf, np.inf, np.nan])
    assert output[:3].tolist() == [0, 0, np.inf]
    assert np.isnan(output[3]), "what is no number does not become one"


def test_dense_without_bias_and_with_one_for_all():
    assert dense([1, 2], [[3, 0, 1], [0, 4, 1]]).tolist() == [3, 8, 3]
    assert dense([[1, 2], [0, 1]], [[3, 0, 1], [0, 4, 1]], 10).tolist() == [[13, 18, 13], [10, 14, 11]]


def test_softmax_by_hand():
    np.testing.assert_allclose(softmax(np.log([1, 2, 5])), [1 / 8, 2 / 8, 5 / 8], rtol=1e-15)


@pytest.mark.parametrize("huge", [[1000, 0], [1e38, -1e38], [-1000, -2000], [0, -np.inf]])
def test_huge_scores_do_not_overflow(huge):
    assert softmax(huge).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("dtype", "expected"), [("int64", "float64"), ("float16", "float32"), ("float32", "float32"), ("float64",) * 2]
)
def test_softmax_gives_floats_that_keras_knows(dtype, expected):
    assert softmax(np.array([1, 2, 3], dtype)).dtype == expected


# Kinds of numbers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("image_type", "kernel_type", "expected"),
    [
        ("uint8", "int8", "int64"),
        ("bool", "int8", "int64"),
        ("bool", "float32", "float64"),
        ("uint8", "float32", "float32"),
        ("float16", "float16", "float32"),
        (bfloat16, "float32", "float32"),
        (bfloat16, bfloat16, "float32"),
        ("float32", "float64", "float64"),
        ("float64", "int8", "float64"),
    ],
)
def test_sums_have_room(image_type, kernel_type, expected):
    """The largest values of each type, 9 × 255 × 127 among them, far beyond uint8 and int8."""
    large = {"uint8": 255, "int8": 127, "bool": 1}
    pixel, weight = large.get(image_type, 2), large.get(kernel_type, 3)
    image, kernel = np.full((4, 4), pixel).astype(image_type), np.full((3, 3), weight).astype(kernel_type)
    total = 9 * pixel * weight
    for output in (conv2d(image, kernel), dense(image[0, :3], kernel)):
        assert output.dtype == expected
    assert conv2d(image, kernel).tolist() == [[total] * 2] * 2
    assert dense(image[0, :3], kernel).tolist() == [total / 3] * 3
    step = next(trace_conv2d(image, kernel))
    assert (step.value, step.products.dtype) == (total, expected)


def test_lists_are_numbers_too():
    assert conv2d([[1.5, 2], [3, 4]], [[2]]).tolist() == [[3, 4], [6, 8]]
    assert conv2d([[True, False], [True, True]], [[1, 2], [4, 8]]).tolist() == [[13]]
    assert max_pool2d([[True, False], [False, False]]).tolist() == [[1]]


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int64", "float16", "float32", "float64"])
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_pooling_keeps_the_dtype_and_padding_never_wins(dtype, padding):
    lowest = np.iinfo(dtype).min if np.dtype(dtype).kind in "iu" else -np.inf
    for number in (lowest, 0 if dtype == "uint8" else -5):
        output = max_pool2d(np.full((3, 3, 2), number, dtype), 2, padding=padding)
        assert output.dtype == dtype
        assert (output == number).all()


def test_pooling_takes_sixteen_bit_floats_of_other_libraries():
    assert max_pool2d(np.arange(4).reshape(2, 2).astype(bfloat16)).tolist() == [[3]]


def test_arguments_are_left_as_they_were():
    image, kernel = np.array(IMAGE, np.float32) - 5, np.array(FILTER, np.float32)
    before = image.copy(), kernel.copy()
    for function in (relu, softmax, max_pool2d, lambda x: conv2d(x, kernel), lambda x: dense(x, kernel[:1].T[[0] * 5])):
        function(image)
    np.testing.assert_array_equal(image, before[0])
    np.testing.assert_array_equal(kernel, before[1])


# Wrong use --------------------------------------------------------------------------------------------------------

GRID, DEEP = np.zeros((4, 4)), np.zeros((4, 4, 3))
WRONG_CONVOLUTIONS = [
    ((np.zeros(4), FILTER), {}, r"conv2d: expected one image .*Received image.shape=\(4,\)\.$"),
    ((np.zeros((1, 4, 4, 3)), FILTER), {}, r"image.shape=\(1, 4, 4, 3\)\. Pass one of them: images\[0\]"),
    ((np.zeros((4, 0)), FILTER), {}, r"expected one image .*\(4, 0\)"),
    (([[1, 2], [3]], FILTER), {}, "conv2d: image is no grid of numbers: its rows differ in length"),
    (([["a"]], FILTER), {}, "conv2d: image must hold real numbers. Received dtype <U1"),
    ((GRID, [[1j]]), {}, "conv2d: kernel must hold real numbers. Received dtype complex128"),
    ((GRID, [[1], [2, 3]]), {}, "conv2d: kernel is no grid of numbers"),
    ((GRID, np.zeros(3)), {}, r"expected a kernel \(height, width, channels, filters\).*kernel.shape=\(3,\)\.$"),
    ((DEEP, np.zeros((3, 3, 3))), {}, r"For one filter, pass kernel\[:, :, :, np.newaxis\]"),
    ((GRID, np.zeros((3, 3, 1, 0))), {}, r"expected a kernel .*\(3, 3, 1, 0\)"),
    ((DEEP, FILTER), {}, r"has 3 channels but the kernel expects 1\..*shape \(3, 3, 3, 1\), or one channel of the"),
    ((GRID, np.zeros((2, 3, 3, 8))), {}, r"has 1 channel but the kernel expects 3\..*of shape \(2, 3, 1, 8\)\.$"),
    ((GRID, FILTER, [1, 2]), {}, r"conv2d: expected one bias for each of 1 outputs. Received bias.shape=\(2,\)"),
    ((GRID, FILTER, "one"), {}, "conv2d: bias must hold real numbers"),
    ((GRID, np.zeros((5, 1))), {}, 'conv2d: a tile of 5 does not fit into 4 cells.*or use padding="same"'),
    ((GRID, np.zeros((1, 5))), {}, "conv2d: a tile of 5 does not fit into 4 cells"),
    ((GRID, FILTER), {"padding": "full"}, 'conv2d: padding must be "valid" or "same". Received padding=\'full\''),
    ((GRID, FILTER), {"padding": None}, "Received padding=None"),
]
NO_PAIRS = [0, -1, 1.5, True, "2", (2, 0), (1, 2, 3), (2, True), (), np.array([1.0, 2.0])]
WRONG_CONVOLUTIONS += [
    ((GRID, FILTER), {"strides": strides}, r"conv2d: strides must be a whole number from 1.*Received strides=")
    for strides in [*NO_PAIRS, None]
]
WRONG_POOLINGS = [
    ((np.zeros((2, 4, 4, 3)),), {}, r"max_pool2d: expected one image .*Pass one of them: images\[0\]"),
    ((np.zeros((0, 4)),), {}, r"max_pool2d: expected one image .*Received image.shape=\(0, 4\)\.$"),
    (([[1, 2], [3]],), {}, "max_pool2d: image is no grid of numbers"),
    ((GRID, 5), {}, "max_pool2d: a tile of 5 does not fit into 4 cells"),
    ((GRID, (1, 5)), {}, "max_pool2d: a tile of 5 does not fit into 4 cells"),
    ((GRID,), {"padding": "SAME"}, "max_pool2d: padding must be .*Received padding='SAME'"),
]
for wrong in NO_PAIRS:
    WRONG_POOLINGS.append(((GRID, wrong), {}, "max_pool2d: pool_size must be a whole number from 1"))
    WRONG_POOLINGS.append(((GRID,), {"strides": wrong}, "max_pool2d: strides must be a whole number from 1"))


@pytest.mark.parametrize("function", [conv2d, trace_conv2d])
@pytest.mark.parametrize(("arguments", "options", "message"), WRONG_CONVOLUTIONS)
def test_wrong_convolutions_are_named_at_the_call(function, arguments, options, message):
    with pytest.raises(ValueError, match=message):
        function(*arguments, **options)  # a trace is not stepped through: the call itself raises


@pytest.mark.parametrize("function", [max_pool2d, trace_max_pool2d])
@pytest.mark.parametrize(("arguments", "options", "message"), WRONG_POOLINGS)
def test_wrong_poolings_are_named_at_the_call(function, arguments, options, message):
    with pytest.raises(ValueError, match=message):
        function(*arguments, **options)


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        (dense, ([1, 2], [[1], [2], [3]]), r"x.shape=\(2,\), weights.shape=\(3, 1\)\. .*shape \(2, units\)\.$"),
        (dense, ([1, 2], [1, 2]), r"every input number needs a row of weights.*weights.shape=\(2,\)"),
        (dense, (1, [[1]]), r"x.shape=\(\), .*shape \(1, units\)\.$"),
        (dense, (np.zeros((2, 2, 3)), np.zeros((3, 1))), r"flatten the feature maps first: x\.reshape\(-1\)\."),
        (dense, ([1], [[1, 2]], [1, 2, 3]), r"dense: expected one bias for each of 2 .*Pass 2 numbers, or one for all"),
        (dense, (["a"], [[1]]), "dense: x must hold real numbers"),
        (dense, ([1], [[None]]), "dense: weights must hold real numbers. Received dtype object"),
        (softmax, (1.0,), r"softmax: expected one score a class. Received logits.shape=\(\)"),
        (softmax, ([[]],), r"Received logits.shape=\(1, 0\)"),
        (softmax, ([1j],), "softmax: logits must hold real numbers"),
        (relu, ([[1], [2, 3]],), "relu: x is no grid of numbers"),
        (relu, ("a",), "relu: x must hold real numbers"),
    ],
)
def test_other_wrong_use_is_named(function, arguments, message):
    with pytest.raises(ValueError, match=message):
        function(*arguments)
