"""Keras's gradients, in float64, against central differences of the reference arithmetic.

A difference (f(x + h) - f(x - h)) / 2h errs by about h²/6 times the third derivative, which only softmax has, and by
1e-16 · |f| / h from rounding: with h = 1e-4 both are below 1e-8 of the largest gradient. The limit is 1e-6 of it. Small
entries are sums of large terms that cancel, so a limit relative to each entry would test the rounding.
"""

import numpy as np
import pytest
import tensorflow

from practicum.backend import keras
from practicum.reference import conv2d, dense, max_pool2d, relu, softmax

H = 1e-4
LIMIT = 1e-6


def central_differences(function, arrays):
    """The gradient of function(*arrays), one number, for each array."""
    gradients = []
    for array in arrays:
        gradient = np.empty_like(array)
        for place in np.ndindex(array.shape):
            kept = array[place]
            array[place] = kept + H
            above = function(*arrays)
            array[place] = kept - H
            below = function(*arrays)
            array[place] = kept
            gradient[place] = (above - below) / (2 * H)
        gradients.append(gradient)
    return gradients


def assert_gradients_agree(layer, reference, x):
    """layer takes a batch; reference(x, *weights) takes one of it. Both outputs are weighed by the same numbers."""
    random = np.random.default_rng(1)
    layer.build((None, *x.shape))
    layer.set_weights([random.standard_normal(weight.shape) for weight in layer.get_weights()])
    weights = layer.get_weights()
    factors = random.standard_normal(reference(x, *weights).shape)
    batch = tensorflow.constant(x[np.newaxis])
    with tensorflow.GradientTape() as tape:
        tape.watch(batch)
        output = layer(batch)
        assert output.dtype == "float64"
        weighed = tensorflow.reduce_sum(output[0] * factors)
    variables = [variable.value for variable in layer.trainable_variables]
    of_keras = [gradient.numpy() for gradient in tape.gradient(weighed, [batch, *variables])]
    of_keras[0] = of_keras[0][0]
    ours = central_differences(lambda *arrays: (reference(*arrays) * factors).sum(), [x.copy(), *weights])
    for keras_gradient, gradient in zip(of_keras, ours, strict=True):
        assert np.abs(gradient).max() > 0.01, "nothing would be compared"
        np.testing.assert_allclose(keras_gradient, gradient, rtol=0, atol=LIMIT * np.abs(gradient).max())


def apart(shape):
    """Numbers of either sign, no two nearer than 0.1 and none nearer to 0: h crosses no tie and no kink."""
    count = int(np.prod(shape))
    return (np.random.default_rng(0).permutation(count) - count // 2 + 0.5).reshape(shape) / 5


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("strides", [(1, 1), (2, 2), (2, 3)])
def test_gradients_of_convolution(strides, padding):
    layer = keras.layers.Conv2D(3, (3, 2), strides, padding, dtype="float64")
    assert_gradients_agree(
        layer, lambda x, kernel, bias: conv2d(x, kernel, bias, strides=strides, padding=padding), apart((6, 5, 2))
    )


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("pool_size", "strides"), [((2, 2), None), ((3, 2), (1, 1)), ((2, 3), (3, 2))])
def test_gradients_of_max_pooling(pool_size, strides, padding):
    layer = keras.layers.MaxPooling2D(pool_size, strides, padding, dtype="float64")
    assert_gradients_agree(
        layer, lambda x: max_pool2d(x, pool_size, strides=strides, padding=padding), apart((7, 5, 2))
    )


@pytest.mark.parametrize(("activation", "reference"), [(None, lambda x: x), ("relu", relu), ("softmax", softmax)])
def test_gradients_of_dense_layers(activation, reference):
    layer = keras.layers.Dense(12, activation=activation, dtype="float64")
    assert_gradients_agree(layer, lambda x, weights, bias: reference(dense(x, weights, bias)), apart(6))


@pytest.mark.parametrize(("activation", "reference"), [("relu", relu), ("softmax", softmax)])
def test_gradients_of_activations(activation, reference):
    assert_gradients_agree(keras.layers.Activation(activation, dtype="float64"), reference, apart(9))


def test_gradients_of_a_small_network():
    """Convolution, ReLU, pooling, dense, softmax; a kink nearer than h would fail the test, and none is."""
    model = keras.Sequential(
        [
            keras.layers.Conv2D(2, 3, padding="same", activation="relu", dtype="float64"),
            keras.layers.MaxPooling2D(dtype="float64"),
            keras.layers.Flatten(dtype="float64"),
            keras.layers.Dense(3, activation="softmax", dtype="float64"),
        ]
    )

    def reference(x, kernel, bias, weights, offsets):
        maps = max_pool2d(relu(conv2d(x, kernel, bias, padding="same")))
        return softmax(dense(maps.reshape(-1), weights, offsets))

    assert_gradients_agree(model, reference, apart((6, 6, 1)) / 10)
