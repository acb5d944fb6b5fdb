"""explorer.network without a browser: networks taken apart, what is refused, what stands in the page."""

import base64
import io
import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from conftest import PROJECT
from PIL import Image

from practicum import explorer, network_page, reference, sheets
from practicum.anatomy import take_apart
from practicum.backend import keras
from practicum.inspection import feature_maps
from practicum.model import build_cnn

layers = keras.layers


def randomised(model, seed=0):
    """The model with weights like those after a training: biases and statistics that are not 0 and 1."""
    random = np.random.default_rng(seed)
    for layer in model.layers:
        if hasattr(layer, "layers"):
            randomised(layer, seed + 1)
            continue
        for variable in layer.weights:
            if variable.name in ("gamma", "moving_variance"):
                values = random.uniform(0.3, 1.7, variable.shape)
            else:
                values = random.standard_normal(variable.shape) / np.sqrt(np.prod(variable.shape[:-1]) or 1)
            variable.assign(values.astype(np.float32))
    return model


def random_images(model, count=1, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, *model.input_shape[1:])).astype(np.uint8)


def sequential(shape, *chain):
    return randomised(keras.Sequential([keras.Input(shape), *chain]))


def plain_network():
    """A network that is not build_cnn's: activations inside layers, average pooling, odd strides and sizes."""
    return sequential(
        (13, 17, 3),
        layers.Rescaling(1 / 127.5, offset=-1, name="rescale"),
        layers.Conv2D(5, 3, strides=(2, 1), padding="same", activation="relu", name="strided"),
        layers.AveragePooling2D((2, 3), strides=(1, 2), padding="same", name="averages"),
        layers.BatchNormalization(scale=False, center=False, name="norm"),
        layers.Conv2D(4, (2, 3), activation="tanh", use_bias=False, name="tanh"),
        layers.Activation("sigmoid", name="sigmoid"),
        layers.Conv2D(6, 1, activation="sigmoid", name="points"),
        layers.MaxPooling2D(2, strides=1, padding="same", name="overlapping"),
        layers.SpatialDropout2D(0.2, name="dropout"),
        layers.GlobalMaxPooling2D(name="highest"),
        layers.Dense(7, activation="tanh", name="dense1"),
        layers.BatchNormalization(epsilon=0.1, name="norm2"),
        layers.ReLU(name="relu"),
        layers.Dense(6, use_bias=False, name="dense2"),
        layers.Activation("linear", name="linear"),
        layers.Dense(3, activation="softmax", name="answer"),
    )


PLAIN_KINDS = [
    *("rescaling", "convolution", "average", "normalisation", "convolution", "activation", "convolution", "pooling"),
    *("same", "whole maximum", "dense", "normalisation", "activation", "dense", "activation", "dense"),
]


def numpy_maps(model, image):
    """{layer: its output}, calculated with practicum.reference from the weights; None from an unknown layer on."""
    values, found = image.astype(np.float32), {}
    for layer in model.layers:
        values = None if values is None else numpy_layer(layer, values)
        found[layer.name] = values
    return found


def numpy_layer(layer, values):
    kind = type(layer).__name__
    weights = [np.asarray(array, np.float32) for array in layer.get_weights()]
    if kind == "Rescaling":
        return (values * layer.scale + layer.offset).astype(np.float32)
    if kind == "Conv2D":
        summed = reference.conv2d(values, *weights, strides=layer.strides, padding=layer.padding)
        return activated(layer.activation.__name__, summed)
    if kind == "Dense":
        return activated(layer.activation.__name__, reference.dense(values, *weights))
    if kind == "BatchNormalization":
        gamma = weights.pop(0) if layer.scale else 1
        beta = weights.pop(0) if layer.center else 0
        return (values - weights[0]) / np.sqrt(weights[1] + layer.epsilon) * gamma + beta
    if kind == "MaxPooling2D":
        return reference.max_pool2d(values, layer.pool_size, strides=layer.strides, padding=layer.padding)
    if kind == "AveragePooling2D":
        ones = np.ones(layer.pool_size, np.float32)

        def totals(plane):
            return reference.conv2d(plane, ones, strides=layer.strides, padding=layer.padding)

        counts = totals(np.ones(values.shape[:2], np.float32))
        return np.stack([totals(values[:, :, c]) / counts for c in range(values.shape[2])], axis=2)
    if kind in ("Activation", "ReLU", "Softmax"):
        return activated(layer.activation.__name__ if kind == "Activation" else kind.lower(), values)
    whole = {
        "GlobalAveragePooling2D": lambda: values.mean(axis=(0, 1)),
        "GlobalMaxPooling2D": lambda: values.max(axis=(0, 1)),
        "Flatten": lambda: values.ravel(),
        "Dropout": lambda: values,
        "SpatialDropout2D": lambda: values,
    }
    return whole[kind]() if kind in whole else None


def activated(name, values):
    return {
        "linear": lambda x: x,
        "relu": reference.relu,
        "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
        "tanh": np.tanh,
        "softmax": reference.softmax,
    }[name](values)


def kinds(anatomy):
    return [layer.kind for layer in anatomy.layers]


# Taking apart -----------------------------------------------------------------------------------------------------

NETWORKS = {
    "one module": lambda: build_cnn((8, 8, 1), 2, filters=(2,), dense_units=()),
    "three modules": lambda: build_cnn((16, 20, 3), 4, filters=(3, 4, 5), dense_units=(6, 7)),
    "batch norm": lambda: build_cnn((8, 10, 3), 3, filters=(3, 4), batch_norm=True, dropout=0.3, global_pooling=True),
    "valid": lambda: build_cnn((19, 17, 1), 2, filters=(3, 4), kernel_size=5, padding="valid", pool_size=[1, 3]),
    "overlapping": lambda: build_cnn((11, 12, 3), 2, filters=(3, 2), kernel_size=(2, 4), pool_size=3, pool_strides=2),
    "plain": plain_network,
}


@pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS)
def test_what_every_layer_gives_is_what_keras_and_numpy_calculate(make):
    model = randomised(make())
    images = random_images(model, 2)
    anatomy = take_apart(model, images)
    assert (anatomy.precision, anatomy.images.shape) == ("float32", images.shape)
    assert "unknown" not in kinds(anatomy)
    assert sum(layer.parameters for layer in anatomy.layers) == model.count_params()
    for number, image in enumerate(images):
        of_keras, by_numpy = feature_maps(model, image), numpy_maps(model, image)
        assert [layer.name for layer in anatomy.layers] == list(of_keras)
        for layer in anatomy.layers:
            assert layer.outputs.dtype == np.float32
            np.testing.assert_allclose(layer.outputs[number], of_keras[layer.name], rtol=1e-5, atol=1e-6)
            np.testing.assert_allclose(layer.outputs[number], by_numpy[layer.name], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(anatomy.own[number], list(of_keras.values())[-1], rtol=1e-5, atol=1e-6)


def test_kinds_and_settings_of_build_cnn():
    model = build_cnn((19, 17, 1), 2, filters=(3, 4), kernel_size=5, padding="valid", pool_size=[1, 3], dropout=0.1)
    anatomy = take_apart(model, random_images(model))
    assert kinds(anatomy) == [
        *("rescaling", "convolution", "activation", "convolution", "activation", "pooling"),
        *("flatten", "dense", "same", "dense", "softmax"),
    ]
    by_name = {layer.name: layer for layer in anatomy.layers}
    assert by_name["module2_conv"].settings == {"strides": [1, 1], "padding": "valid", "activation": "linear"}
    assert by_name["module2_conv"].weights["kernel"].shape == (5, 5, 3, 4)
    assert by_name["module2_pool"].settings == {"pool": [3, 3], "strides": [3, 3], "padding": "valid"}
    assert by_name["dense1"].settings == {"activation": "relu"}
    model = build_cnn((8, 8, 1), 2, filters=(3,), batch_norm=True, global_pooling=True)
    anatomy = take_apart(model, random_images(model))
    assert kinds(anatomy)[1:5] == ["convolution", "normalisation", "activation", "pooling"]
    assert anatomy.layers[5].kind == "whole average"
    assert anatomy.layers[1].weights["bias"].tolist() == [0, 0, 0]
    assert anatomy.layers[2].settings == {"epsilon": 0.001}
    assert set(anatomy.layers[2].weights) == {"gamma", "beta", "mean", "variance"}


def test_kinds_and_settings_of_a_plain_network(tmp_path):
    model = plain_network()
    model.save(tmp_path / "plain.keras")
    images = random_images(model, 2)
    for one in (model, keras.saving.load_model(tmp_path / "plain.keras")):
        anatomy = take_apart(one, images)
        assert kinds(anatomy) == PLAIN_KINDS
        by_name = {layer.name: layer for layer in anatomy.layers}
        assert by_name["strided"].settings == {"strides": [2, 1], "padding": "same", "activation": "relu"}
        assert by_name["averages"].settings == {"pool": [2, 3], "strides": [1, 2], "padding": "same"}
        assert by_name["norm"].weights["gamma"].tolist() == [1] * 5
        assert by_name["norm"].weights["beta"].tolist() == [0] * 5
        assert by_name["dense2"].weights["bias"].tolist() == [0] * 6
        assert by_name["answer"].settings == {"activation": "softmax"}


def test_networks_inside_networks_are_opened():
    inner = keras.Sequential([layers.Conv2D(2, 3, name="conv"), keras.Sequential([layers.ReLU(name="relu")], name="b")])
    model = sequential((6, 6, 1), keras.Sequential([inner], name="a"), layers.Flatten(name="flat"))
    images = random_images(model)
    anatomy = take_apart(model, images)
    inner_name = inner.name
    assert [layer.name for layer in anatomy.layers] == [f"a/{inner_name}/conv", f"a/{inner_name}/b/relu", "flat"]
    np.testing.assert_allclose(anatomy.layers[-1].outputs, model(images.astype(np.float32)), rtol=1e-5)


def functional(shape, chain):
    image = keras.Input(shape)
    return keras.Model(image, chain(image))


def test_a_functional_model_that_is_one_chain_is_taken_apart():
    inner = keras.Sequential([layers.Conv2D(3, 3, name="conv"), layers.ReLU(name="relu")], name="inner")
    model = randomised(functional((8, 7, 1), lambda x: layers.Dense(2, name="two")(layers.Flatten(name="f")(inner(x)))))
    images = random_images(model, 2)
    anatomy = take_apart(model, images)
    assert [layer.name for layer in anatomy.layers] == ["inner/conv", "inner/relu", "f", "two"]
    np.testing.assert_allclose(anatomy.layers[-1].outputs, model(images.astype(np.float32)), rtol=1e-4, atol=1e-4)


def test_functional_models_inside_are_opened_if_they_are_chains():
    body = functional((8, 7, 1), lambda x: layers.ReLU(name="relu")(layers.Conv2D(3, 3, name="conv")(x)))
    body.name = "body"
    head = keras.Sequential(
        [keras.Input((6, 5, 3)), layers.Flatten(name="f"), layers.Dense(2, name="two")], name="head"
    )
    model = randomised(functional((8, 7, 1), lambda x: head(body(x))))
    images = random_images(model, 2)
    anatomy = take_apart(model, images)
    assert [layer.name for layer in anatomy.layers] == ["body/conv", "body/relu", "head/f", "head/two"]
    np.testing.assert_allclose(anatomy.layers[-1].outputs, model(images.astype(np.float32)), rtol=1e-4, atol=1e-4)

    functional((8, 7, 1), body)  # a second use elsewhere
    assert len(take_apart(model, images).layers) == 4

    with_branch = functional((8, 7, 1), with_branches)
    around = randomised(functional((8, 7, 1), lambda x: layers.Flatten(name="f")(with_branch(x))))
    names = [layer.name for layer in take_apart(around, random_images(around)).layers]
    assert names == [with_branch.name, "f"], "one step, as it has branches"


@pytest.mark.parametrize("scale", [[0.1, 0.2, 0.3], np.array([0.1, 0.2, 0.3]), np.float32(0.5)])
def test_a_scale_for_each_channel(scale):
    model = sequential((4, 4, 3), layers.Rescaling(scale, offset=[1, 2, 3]), layers.Flatten())
    images = random_images(model)
    layer = take_apart(model, images).layers[0]
    assert layer.kind == "rescaling"
    np.testing.assert_allclose(layer.weights["scale"], np.broadcast_to(scale, 3).astype(np.float32))
    np.testing.assert_allclose(layer.outputs[0], images[0] * np.asarray(scale) + [1, 2, 3], rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32, np.float64, bool])
def test_one_image_or_several_of_any_type(dtype):
    model = sequential((4, 5, 1), layers.Flatten(), layers.Dense(2))
    image = np.random.default_rng(0).integers(0, 2, (4, 5, 1)).astype(dtype)
    one, two = take_apart(model, image), take_apart(model, [image, image])
    assert (one.images.shape, two.images.shape) == ((1, 4, 5, 1), (2, 4, 5, 1))
    np.testing.assert_allclose(two.own, np.repeat(one.own, 2, axis=0), rtol=1e-6)
    data = page_data(explorer.network(model, image))
    kind = np.uint8 if dtype == np.uint8 else np.float32
    assert np.array_equal(decoded(data["layers"][0]["outputs"][0], kind), image.ravel().astype(kind))


# What is refused --------------------------------------------------------------------------------------------------


def small():
    return sequential((6, 6, 3), layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(4))


def with_branches(x):
    return layers.Add()([layers.Conv2D(2, 1, name="left")(x), layers.Conv2D(2, 1, name="right")(x)])


def with_a_shared_layer(x):
    shared = layers.Conv2D(3, 3, padding="same", name="shared")
    return shared(shared(x))


def with_two_answers():
    image = keras.Input((6, 6, 3))
    return keras.Model(image, [layers.Conv2D(2, 1, name="a")(image), layers.Conv2D(2, 1, name="b")(image)])


def spoiled():
    model = small()
    model.layers[0].set_weights([model.layers[0].get_weights()[0] * np.nan, np.zeros(2)])
    return model


IMAGES = np.zeros((1, 6, 6, 3), np.uint8)


@pytest.mark.parametrize(
    ("make", "images", "settings", "message"),
    [
        (lambda: functional((6, 6, 3), with_branches), IMAGES, {}, r"must form one chain.*\b(right|add)\w* is not\."),
        (lambda: functional((6, 6, 3), with_a_shared_layer), IMAGES, {}, "must form one chain.*; shared is not"),
        (with_two_answers, IMAGES, {}, "must form one chain.*Pass a keras.Sequential"),
        (lambda: keras.Sequential([layers.Conv2D(2, 3)]), IMAGES, {}, r"a model of images .*, not of \(\)"),
        (lambda: sequential((9,), layers.Dense(2)), np.zeros((1, 9)), {}, r"not of \(9,\)"),
        (small, np.zeros((6, 7, 3)), {}, r"images of shape \(6, 6, 3\)\. Received shape \(1, 6, 7, 3\)\. Pass one"),
        (small, np.zeros((6, 6)), {}, r"Received shape \(6, 6\)"),
        (small, np.zeros((1, 1, 6, 6, 3)), {}, r"Received shape \(1, 1, 6, 6, 3\)"),
        (small, IMAGES[:0], {}, r"Received shape \(0, 6, 6, 3\)"),
        (small, np.full((6, 6, 3), np.nan), {}, "finite numbers. Received dtype float64"),
        (small, np.full((6, 6, 3), -np.inf), {}, "finite numbers"),
        (small, np.full((6, 6, 3), "a"), {}, "finite numbers. Received dtype <U1"),
        (spoiled, IMAGES, {}, "answers are no finite numbers .* smaller learning_rate"),
        (small, np.zeros((9, 6, 6, 3)), {}, r"up to 8 images\. Received 9\. Pass some of them: images\[:8\]"),
        (small, IMAGES, {"class_names": ["a", "b"]}, r"gives \(4,\) numbers but there are 2 class_names"),
        (lambda: sequential((6, 6, 3), layers.Conv2D(2, 3)), IMAGES, {"class_names": "ab"}, r"gives \(4, 4, 2\) num"),
    ],
)
def test_what_cannot_be_shown_is_refused(make, images, settings, message):
    with pytest.raises(ValueError, match=r"^explorer\.network: .*" + message):
        explorer.network(make(), images, **settings)


def test_a_page_too_large_for_a_browser_is_refused(monkeypatch):
    model = small()
    carried = (
        3 * 3 * 3 * 2 + 2 + 32 * 4 + 4 + 4 * 4 * 2 + 4
    )  # weights, and the maps that are not calculated in the page
    monkeypatch.setattr(network_page, "MOST_BYTES", carried * 16 / 3)
    explorer.network(model, IMAGES)
    monkeypatch.setattr(network_page, "MOST_BYTES", carried * 16 / 3 - 1)
    with pytest.raises(ValueError, match=f"would hold {carried} weights and map values.*Pass fewer images"):
        explorer.network(model, IMAGES)


# Layers that are not explained ------------------------------------------------------------------------------------


@keras.saving.register_keras_serializable(package="tests")
class Doubled(keras.layers.Conv2D):
    """A layer of one's own: what it does cannot be known from its class."""

    def call(self, inputs):
        return 2 * super().call(inputs)


@pytest.mark.parametrize(
    ("layer", "why"),
    [
        (lambda: layers.SeparableConv2D(2, 3), "layers of type SeparableConv2D are not explained yet"),
        (lambda: layers.DepthwiseConv2D(3), "type DepthwiseConv2D"),
        (lambda: layers.LeakyReLU(), "type LeakyReLU"),
        (lambda: layers.Conv2D(2, 3, dilation_rate=2), r"groups or gaps \(dilation\)"),
        (lambda: layers.Conv2D(4, 3, groups=2), r"groups or gaps"),
        (lambda: layers.Conv2D(2, 3, activation="gelu"), "its activation gelu is"),
        (lambda: layers.Conv2D(2, 3, activation="softmax"), "its activation softmax is"),
        (lambda: layers.Conv2D(2, 3, activation=layers.LeakyReLU()), "its activation LeakyReLU is"),
        (lambda: layers.Activation("silu"), "its activation silu is"),
        (lambda: layers.Activation("softmax"), "over maps, not over classes"),
        (lambda: layers.Softmax(), "over maps, not over classes"),
        (lambda: Doubled(2, 3), "Doubled is a layer of your own"),
        (lambda: layers.ReLU(max_value=6), "not the plain ReLU"),
        (lambda: layers.ReLU(negative_slope=0.1), "not the plain ReLU"),
        (lambda: layers.ReLU(threshold=0.1), "not the plain ReLU"),
        (lambda: layers.Dense(3), "on each place of the maps; a Flatten layer before it is missing"),
        (lambda: layers.BatchNormalization(axis=1), "another direction than the channels"),
        (lambda: layers.GlobalAveragePooling2D(keepdims=True), "keeps the dimensions"),
        (lambda: layers.Rescaling(np.full((6, 1), 2.0)), "neither one number nor one a channel"),
        (lambda: layers.Reshape((3, 12, 4)), "type Reshape"),
    ],
)
def test_unknown_layers_are_shown_with_the_reason(layer, why):
    model = sequential(
        (8, 8, 3),
        layers.Conv2D(4, 3, name="before"),
        layer(),
        layers.Flatten(name="flat"),
        layers.Dense(2, activation="softmax", name="after"),
    )
    images = random_images(model, 2)
    anatomy = take_apart(model, images)
    assert kinds(anatomy) == ["convolution", "unknown", "flatten", "dense"]
    unknown = anatomy.layers[1]
    assert re.search(why, unknown.why)
    np.testing.assert_allclose(unknown.outputs, model.layers[1](anatomy.layers[0].outputs), rtol=1e-5, atol=1e-6)
    page = explorer.network(model, images)
    data = page_data(page)
    assert data["layers"][2]["why"] == unknown.why
    assert np.array_equal(decoded(data["layers"][2]["outputs"][1]), unknown.outputs[1].ravel())
    assert "(shown, but not explained: " in page.html()


def test_an_activation_without_a_name_is_unknown_too():
    model = sequential((4, 4, 1), layers.Flatten(), layers.Dense(2, activation=lambda x: x * 2))
    with pytest.warns(UserWarning, match="lambda"):  # Keras's, about saving such a layer
        assert "<lambda>" in take_apart(model, random_images(model)).layers[1].why


# 16 bits ----------------------------------------------------------------------------------------------------------


def policies(model):
    return [(layer.name, layer.dtype_policy.name, layer.compute_dtype) for layer in model.layers]


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_in_mixed_precision_the_maps_are_float32_and_the_models_own_answers_are_kept(precision):
    settings = {"filters": (4, 5), "batch_norm": True, "dropout": 0.2}
    model = randomised(build_cnn((12, 12, 3), 3, **settings))
    images = random_images(model, 2)
    exact = [feature_maps(model, image) for image in images]
    own_in_float32 = model(images.astype(np.float32)).numpy()
    set_precision(model, precision)
    before = policies(model)
    assert ("module1_conv", precision, precision.removeprefix("mixed_")) in before
    own = keras.ops.convert_to_numpy(model(images.astype(np.float32), training=False))
    anatomy = take_apart(model, images)
    assert policies(model) == before
    assert anatomy.precision == precision
    for layer in anatomy.layers:
        for number in range(2):
            np.testing.assert_allclose(layer.outputs[number], exact[number][layer.name], rtol=1e-5, atol=1e-6)
    assert np.array_equal(anatomy.own, own)
    assert np.abs(anatomy.own - own_in_float32).max() > 1e-5, "otherwise this test would show nothing"
    data = page_data(explorer.network(model, images))
    assert data["own"]["precision"] == precision
    np.testing.assert_allclose(data["own"]["answers"], own, rtol=1e-6)
    assert policies(model) == before


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float64"])
def test_weights_of_other_dtypes_are_converted(dtype):
    model = randomised(
        keras.Sequential(
            [
                keras.Input((6, 6, 1)),
                layers.Conv2D(3, 3, activation="relu", dtype=dtype),
                layers.BatchNormalization(dtype=dtype),
                layers.Flatten(dtype=dtype),
                layers.Dense(2, activation="softmax", dtype=dtype),
            ]
        )
    )
    before = policies(model)
    image = random_images(model)
    anatomy = take_apart(model, image)
    assert (anatomy.precision, policies(model)) == (dtype, before)
    for layer, expected in zip(anatomy.layers, numpy_maps(model, image[0]).values(), strict=True):
        np.testing.assert_allclose(layer.outputs[0], expected, rtol=1e-4, atol=1e-4)


class Fragile(keras.layers.Layer):
    def call(self, inputs):
        if self.compute_dtype == "float32":
            raise RuntimeError("fragile")
        return inputs


def test_the_precision_is_restored_when_a_layer_fails():
    model = sequential((4, 4, 1), layers.Conv2D(2, 3), Fragile(dtype="mixed_bfloat16"), layers.Flatten())
    set_precision(model, "mixed_bfloat16")
    before = policies(model)
    with pytest.raises(RuntimeError, match="fragile"):
        take_apart(model, random_images(model))
    assert policies(model) == before


# Silent filters ---------------------------------------------------------------------------------------------------


def set_precision(model, precision):
    """As training does it: all but the scores and probabilities is computed in this precision."""
    for layer in model.layers:
        if layer.name not in ("scores", "softmax"):
            layer.dtype_policy = precision


def silence(layer, numbers):
    kernel, bias = layer.get_weights()
    kernel[..., numbers], bias[numbers] = -np.abs(kernel[..., numbers]), -0.5
    layer.set_weights([kernel, bias])


def marked(model, images):
    found = page_data(explorer.network(model, images))["layers"]
    return {layer["name"]: layer["silent"] for layer in found if layer["silent"]}


def test_silent_filters_are_marked_where_they_are_and_nowhere_else():
    model = randomised(build_cnn((12, 12, 1), 2, filters=(4, 5), batch_norm=True, dense_units=(6,), dropout=0.5))
    images = random_images(model, 3)
    for name, numbers in (("module1_norm", [2]), ("module2_norm", [0, 4])):
        beta, mean, variance = model.get_layer(name).get_weights()
        beta[:], beta[numbers] = 3, -1000
        model.get_layer(name).set_weights([beta, mean, variance])
    kernel, bias = model.get_layer("dense1").get_weights()
    bias[:], bias[3] = 1000, -1000
    model.get_layer("dense1").set_weights([kernel, bias])
    found = marked(model, images)
    module1 = {f"module1_{name}": [2] for name in ("conv", "norm", "relu", "pool")}
    module2 = {f"module2_{name}": [0, 4] for name in ("conv", "norm", "relu", "pool")}
    assert found == {**module1, **module2, "dense1": [3], "dropout1": [3]}


def test_a_filter_that_fires_on_any_of_the_images_is_not_silent():
    model = sequential((6, 6, 1), layers.Conv2D(3, 3, activation="relu", name="conv"), layers.Flatten())
    layer = model.get_layer("conv")
    layer.set_weights([np.ones((3, 3, 1, 3)) * [1, -1, 1], np.array([-100, -100, 1])])
    dark, bright = np.zeros((6, 6, 1)), np.full((6, 6, 1), 200)
    assert marked(model, [dark]) == {"conv": [0, 1]}
    assert marked(model, [dark, bright]) == {"conv": [1]}
    assert marked(model, [bright, dark]) == {"conv": [1]}


def test_without_relu_nothing_is_silent():
    model = sequential((6, 6, 1), layers.Conv2D(3, 3, activation="tanh"), layers.Conv2D(2, 3), layers.MaxPooling2D())
    for layer in model.layers[:2]:
        silence(layer, [0])
    assert marked(model, random_images(model)) == {}


def test_of_two_relus_each_marks_its_own_filters():
    model = sequential(
        (6, 6, 1),
        layers.Conv2D(3, 3, activation="relu", name="conv"),
        layers.BatchNormalization(name="norm"),
        layers.ReLU(name="relu"),
    )
    model.get_layer("conv").set_weights([np.ones((3, 3, 1, 3)), np.array([1, 1, -1e6])])
    model.get_layer("norm").set_weights([np.ones(3), np.array([1.0, -1e6, 1.0]), np.zeros(3), np.ones(3)])
    assert marked(model, random_images(model)) == {"conv": [2], "norm": [1], "relu": [1]}


# The small pictures -----------------------------------------------------------------------------------------------


def decoded(text, dtype=np.float32):
    return np.frombuffer(base64.b64decode(text), np.dtype(dtype).newbyteorder("<"))


def page_data(page):
    (text,) = re.findall(r'<script type="application/json">(.*?)</script>', page.html(), re.S)
    return json.loads(text)


def pixels_of(url, mode="RGBA"):
    return np.asarray(
        Image.open(io.BytesIO(base64.b64decode(url.removeprefix("data:image/png;base64,")))).convert(mode)
    )


def expected_colour(palette, plane, value):
    if palette == "signed":
        share = value / np.abs(plane).max() / 2 + 0.5
    else:
        low = min(plane.min(), 0)
        share = (value - low) / (plane.max() - low)
    return sheets.colours(palette)[round(float(share) * 254)]


@pytest.mark.parametrize("palette", ["maps", "signed", "grey"])
@pytest.mark.parametrize("shape", [(3, 5, 20), (30, 20, 3), (1, 7, 1), (26, 26, 17)])
def test_every_value_has_its_colour_at_the_announced_place(palette, shape):
    maps = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    maps = maps if palette == "signed" else np.abs(maps)
    sheet = sheets.sheet(maps, palette)
    board = pixels_of(sheet.url)
    times = sheet.side // max(shape[:2])
    assert sheet.side == times * max(shape[:2])
    assert sheet.side >= sheets.LEAST_SIDE
    assert sheet.width == board.shape[1] == sheet.columns * sheet.across
    assert sheet.columns == min(16, shape[2])
    assert board.shape[0] == -(-shape[2] // sheet.columns) * sheet.down
    assert (sheet.across, sheet.down) == (times * shape[1] + sheets.GAP, times * shape[0] + sheets.GAP)
    for row, column, channel in np.ndindex(*shape):
        top = channel // sheet.columns * sheet.down + row * times
        left = channel % sheet.columns * sheet.across + column * times
        wanted = [*expected_colour(palette, maps[:, :, channel], maps[row, column, channel]), 255]
        assert (board[top : top + times, left : left + times] == wanted).all(), (row, column, channel)
    drawn = board[:, :, 3].sum() / 255
    assert drawn == maps.size * times**2, "between the maps it is transparent"


def test_a_map_of_zeros_is_drawn_as_zeros():
    zeros = np.zeros((4, 4, 1))
    assert (pixels_of(sheets.sheet(zeros, "maps").url)[0, 0, :3] == sheets.colours("maps")[0]).all()
    assert (pixels_of(sheets.sheet(zeros, "signed").url)[0, 0, :3] == sheets.colours("signed")[127]).all()


def test_in_the_signed_palette_zero_is_the_lightest_colour():
    lightness = sheets.colours("signed").astype(int).sum(axis=1)
    assert lightness.argmax() == 127
    assert (np.diff(sheets.colours("grey")[:, 0].astype(int)) >= 0).all()
    assert sheets.colours("maps").shape == (sheets.LEVELS, 3)


@pytest.mark.parametrize("channels", [1, 3])
def test_an_image_is_shown_as_it_is(channels):
    image = np.random.default_rng(0).integers(3, 250, (5, 4, channels)).astype(np.uint8)
    shown = pixels_of(sheets.picture(image), "RGB")
    assert np.array_equal(shown, np.broadcast_to(image, (5, 4, 3)))
    assert np.array_equal(pixels_of(sheets.picture(image.astype(np.float32)), "RGB"), shown)
    stretched = pixels_of(sheets.picture(image / 246 - 0.5), "RGB").astype(int)
    low, high = int(image.min()), int(image.max())
    assert np.abs(stretched - (image.astype(float) - low) / (high - low) * 255).max() <= 0.51


# The page ---------------------------------------------------------------------------------------------------------


def test_weights_and_carried_maps_are_in_the_page_in_full():
    model = randomised(build_cnn((8, 10, 3), 3, filters=(3, 4), batch_norm=True))
    images = random_images(model, 2)
    anatomy = take_apart(model, images)
    data = page_data(explorer.network(model, images, class_names=["a", "b", "c"]))
    assert [layer["name"] for layer in data["layers"]] == ["image", *(layer.name for layer in anatomy.layers)]
    assert [layer["place"] for layer in data["layers"]] == list(range(len(data["layers"])))
    assert data["class_names"] == ["a", "b", "c"]
    for found, layer in zip(data["layers"][1:], anatomy.layers, strict=True):
        assert set(found["weights"]) == set(layer.weights)
        for name, array in layer.weights.items():
            carried = found["weights"][name]
            assert np.array_equal(decoded(carried["data"]).reshape(carried["shape"]), array)
        if layer.kind in network_page.CARRIED:
            for number in range(2):
                assert np.array_equal(decoded(found["outputs"][number]), layer.outputs[number].ravel())
        else:
            assert found["outputs"] is None, "the page calculates it"
    assert [layer["name"] for layer in data["layers"] if layer["classes"]] == ["scores", "softmax"]


def test_palettes_follow_the_values():
    model = randomised(build_cnn((8, 8, 1), 2, filters=(4,)))
    palettes = {layer["name"]: layer["palette"] for layer in page_data(explorer.network(model, IMAGE_8))["layers"]}
    assert (palettes["image"], palettes["rescale"]) == ("grey", "grey")
    assert (palettes["module1_relu"], palettes["module1_pool"]) == ("maps", "maps")
    assert palettes["module1_conv"] == "signed"


IMAGE_8 = np.random.default_rng(0).integers(0, 256, (8, 8, 1)).astype(np.uint8)


def test_the_unit_shown_first_is_the_largest_of_the_first_convolution():
    model = randomised(build_cnn((8, 8, 1), 2, filters=(4,)))
    start = page_data(explorer.network(model, IMAGE_8))["start"]
    maps = feature_maps(model, IMAGE_8)["module1_conv"]
    assert start["layer"] == 2
    assert maps[start["row"], start["column"], start["channel"]] == maps.max()
    without = sequential((4, 4, 1), layers.Flatten(), layers.Dense(2))
    assert page_data(explorer.network(without, random_images(without)))["start"]["layer"] == 1


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize(("size", "strides"), [(3, 1), ((2, 5), (2, 1)), (4, (3, 2))])
def test_the_worked_unit_is_right(padding, size, strides):
    conv = layers.Conv2D(3, size, strides=strides, padding=padding, activation="tanh", name="conv")
    model = sequential((9, 11, 4), layers.Rescaling(1 / 255), conv)
    image = random_images(model)[0]
    maps = feature_maps(model, image)
    html = explorer.network(model, image).html()
    text = html_text(html)
    number, row, column = map(int, re.search(r"conv, map (\d+), row (\d+), column (\d+)", text).groups())
    kernel, bias = conv.get_weights()
    step = next(
        step
        for step in reference.trace_conv2d(
            maps[model.layers[0].name], kernel, bias, strides=conv.strides, padding=padding
        )
        if (step.row, step.column, step.filter) == (row, column, number)
    )
    for channel in range(3):
        terms = re.search(rf"On map {channel} of the layer before: (.*?) = (\S+)", text)
        pairs = [tuple(map(as_number, term.split(" × "))) for term in terms[1].split(" + ")]
        wanted = np.stack([step.tile[:, :, channel].ravel(), step.weights[:, :, channel].ravel()], axis=1)
        np.testing.assert_allclose(pairs, wanted, rtol=6e-4, atol=1e-6)
        np.testing.assert_allclose(as_number(terms[2]), step.products[:, :, channel].sum(), rtol=2e-3, atol=1e-5)
    last = re.search(r"over all maps \(1 more in the same way\), and the bias (\S+): (\S+) ; tanh makes it (\S+)", text)
    wanted = [bias[number], step.value, maps["conv"][row, column, number]]
    np.testing.assert_allclose(list(map(as_number, last.groups())), wanted, rtol=2e-3)


def html_text(html):
    return " ".join(re.sub(r"<[^>]+>", " ", re.sub(r"(?s)<(script|style).*?</\1>", "", html)).split())


def as_number(text):
    return float(text.rstrip(".;,").replace("−", "-"))


def test_the_three_module_network_of_a_cifar_image_takes_two_megabytes():
    model = build_cnn((32, 32, 3), 10, filters=(32, 64, 128), dense_units=(64,), seed=0)
    html = explorer.network(model, random_images(model)[0], class_names=list("abcdefghij")).html()
    assert len(html.encode()) <= 2e6


def test_names_and_title_cannot_become_html():
    names = ["<script>alert(1)</script>", "a & b", "</script>"]
    model = sequential((4, 4, 1), layers.Flatten(), layers.Dense(3, activation="softmax", name="x<b>"))
    page = explorer.network(model, random_images(model), class_names=names, title="<i>T</i>")
    html = page.html()
    assert html.count("<script") == html.count("</script>") == 2
    assert "<i>" not in html
    assert "<b>" not in html.split("<table>")[1].split("</table>")[0]
    assert page_data(page)["class_names"] == names


def test_the_same_network_gives_the_same_page_for_a_notebook_and_a_file():
    model = randomised(build_cnn((8, 8, 1), 2, filters=(4,)))
    assert explorer.network(model, IMAGE_8).html() == explorer.network(model, IMAGE_8).html()
    fragment = explorer.network(model, IMAGE_8)._repr_html_()
    assert not re.search(r"<(html|body|main|h1)\b", fragment)
    assert not re.findall(r'(?:src|href)="(?!data:)', fragment)
    assert not re.search(r"<[a-z]+ [^>]*\bid=", fragment), "two may stand in one notebook"


def test_it_works_on_the_other_backend():
    pytest.importorskip("jax", reason="jax is not installed; it is optional")
    code = (
        "import numpy as np\nfrom practicum.model import build_cnn\nfrom practicum import explorer\n"
        "m = build_cnn((8, 8, 1), 2, filters=(4,), batch_norm=True, seed=0); x = np.zeros((2, 8, 8, 1), 'uint8')\n"
        "explorer.network(m, x).html(); m.get_layer('module1_conv').dtype_policy = 'mixed_bfloat16'\n"
        "print(len(explorer.network(m, x).html()))"
    )
    environment = {**os.environ, "KERAS_BACKEND": "jax", "PYTHONPATH": str(PROJECT)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert int(done.stdout) > 10_000, done.stderr
