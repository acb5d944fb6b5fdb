"""The reference arithmetic against the cases that the ONNX project publishes for its operators Conv and MaxPool."""

import warnings

import numpy as np
import pytest
from onnx import helper
from onnx.backend.test.case.node import _NodeTestCases as collected
from onnx.backend.test.case.node import conv, maxpool  # noqa: F401  (these two make their cases when imported)
from onnx.backend.test.loader import load_model_tests

from practicum.reference import conv2d, max_pool2d

# Each case that asks for what the reference does not do, and what that is.
LEFT_OUT = {
    "test_maxpool_1d_default": "1-D",
    "test_maxpool_2d_ceil": "ceil_mode",
    "test_maxpool_2d_ceil_output_size_reduce_by_one": "ceil_mode",
    "test_maxpool_2d_dilations": "dilations",
    "test_maxpool_2d_same_lower": "the odd cell of padding at the top and left",
    "test_maxpool_3d_default": "3-D",
    "test_maxpool_3d_dilations": "3-D",
    "test_maxpool_3d_dilations_use_ref_impl": "3-D",
    "test_maxpool_3d_dilations_use_ref_impl_large": "3-D",
    "test_maxpool_with_argmax_2d_precomputed_pads": "two outputs",
    "test_maxpool_with_argmax_2d_precomputed_strides": "two outputs",
}
APPLYING = {
    "Conv": [
        "test_basic_conv_with_padding",
        "test_basic_conv_without_padding",
        "test_conv_with_autopad_same",
        "test_conv_with_strides_and_asymmetric_padding",
        "test_conv_with_strides_no_padding",
        "test_conv_with_strides_padding",
    ],
    "MaxPool": [
        "test_maxpool_2d_default",
        "test_maxpool_2d_pads",
        "test_maxpool_2d_precomputed_pads",
        "test_maxpool_2d_precomputed_same_upper",
        "test_maxpool_2d_precomputed_strides",
        "test_maxpool_2d_same_upper",
        "test_maxpool_2d_strides",
        "test_maxpool_2d_uint8",
    ],
}


def single_nodes(cases):
    """Name -> case, of those whose model is one Conv or MaxPool node and nothing else."""
    return {
        case.name: case
        for case in cases
        if len(case.model.graph.node) == 1 and case.model.graph.node[0].op_type in APPLYING
    }


CASES = single_nodes(collected)


def node_and_settings(case):
    """The node, and its attributes with ONNX's defaults; note that strides are 1 by default, in pooling too."""
    node = case.model.graph.node[0]
    given = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    defaults = {
        "strides": [1, 1],
        "pads": [0, 0, 0, 0],
        "dilations": [1, 1],
        "group": 1,
        "ceil_mode": 0,
        "auto_pad": b"NOTSET",
    }
    return node, defaults | given


def same_padding(size, tile, stride):
    missing = max((-(-size // stride) - 1) * stride + tile - size, 0)
    return missing // 2, missing - missing // 2


def same_pads(image, settings):
    """ONNX's order: top, left, bottom, right."""
    directions = zip(image.shape[2:], settings["kernel_shape"], settings["strides"], strict=True)
    (top, bottom), (left, right) = (same_padding(*direction) for direction in directions)
    return [top, left, bottom, right]


def why_left_out(case):
    node, settings = node_and_settings(case)
    image = case.data_sets[0][0][0]
    if image.ndim != 4:
        return f"{image.ndim - 2}-D"
    if len(node.output) != 1:
        return "two outputs"
    if settings["ceil_mode"]:
        return "ceil_mode"
    if settings["dilations"] != [1, 1]:
        return "dilations"
    if settings["group"] != 1:
        return "groups"
    if settings["auto_pad"] == b"SAME_LOWER":
        top, left, bottom, right = same_pads(image, settings)
        if (top, left) != (bottom, right):
            return "the odd cell of padding at the top and left"
    return None


def test_every_published_case_applies_or_is_left_out_for_a_reason():
    assert {name: why_left_out(case) for name, case in CASES.items() if why_left_out(case)} == LEFT_OUT
    for operator, names in APPLYING.items():
        kept = [
            name for name in CASES if node_and_settings(CASES[name])[0].op_type == operator and name not in LEFT_OUT
        ]
        assert sorted(kept) == names


def test_no_other_module_of_onnx_has_such_cases():
    with warnings.catch_warnings():  # other operators' cases divide by zero and overflow, as they should
        warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"onnx\.backend\.test\.case\.node\.")
        everything = load_model_tests(kind="node")
    assert len(everything) > 1000
    assert set(single_nodes(everything)) == set(CASES)


@pytest.mark.parametrize("name", sorted(CASES.keys() - LEFT_OUT))
def test_published_case(name):
    node, settings = node_and_settings(CASES[name])
    for (image, *weights), (expected,) in CASES[name].data_sets:
        strides, pads = settings["strides"], settings["pads"]
        tidy = image[0].transpose(1, 2, 0)  # from (N, C, H, W)
        padding = "same" if settings["auto_pad"].startswith(b"SAME") or pads == same_pads(image, settings) else "valid"
        if padding == "valid":
            nothing = 0
            if node.op_type == "MaxPool":
                nothing = -np.inf if image.dtype.kind == "f" else np.iinfo(image.dtype).min
            top, left, bottom, right = pads
            tidy = np.pad(tidy, [(top, bottom), (left, right), (0, 0)], constant_values=nothing)
        if node.op_type == "Conv":
            kernel, *bias = weights
            output = conv2d(tidy, kernel.transpose(2, 3, 1, 0), *bias, strides=strides, padding=padding)
        else:
            output = max_pool2d(tidy, settings["kernel_shape"], strides=strides, padding=padding)
        assert output.dtype == expected.dtype
        assert image.shape[0] == 1
        np.testing.assert_array_equal(output, expected[0].transpose(1, 2, 0))  # all sums are of whole numbers
