"""Images laid out on a plane, against the definition of principal components."""

import numpy as np
import pytest

from practicum.backend import keras
from practicum.inspection import embedding, feature_maps
from practicum.model import build_cnn


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 256, (50, 10, 10, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def model():
    return build_cnn((10, 10, 3), 3, filters=(4,), dense_units=(9,), dropout=0.2, seed=0)


def principal(values):
    """By the eigenvectors of the covariance, one direction after the other."""
    centred = values - values.mean(0)
    sizes, directions = np.linalg.eigh(centred.T @ centred / len(values))
    order = np.argsort(-sizes)[:2]
    return centred @ directions[:, order], sizes[order] / sizes.sum()


@pytest.mark.parametrize("layer", [None, "module1_pool", "softmax"])
def test_points_are_the_principal_components(model, images, layer):
    found = embedding(model, images, layer=layer)
    assert found.layer == (layer or "dropout1")
    values = np.stack([feature_maps(model, image)[found.layer].ravel() for image in images]).astype(np.float64)
    points, explained = principal(values)
    for axis in (0, 1):
        own, other = found.points[:, axis], points[:, axis]
        np.testing.assert_allclose(own, other * np.sign(own @ other), atol=1e-4 * np.abs(points).max())
        assert own[np.abs(own).argmax()] > 0, "the point that lies furthest out lies on the positive side"
    np.testing.assert_allclose(found.explained, explained, atol=1e-6)
    np.testing.assert_allclose(found.points.mean(0), 0, atol=1e-5)


def test_the_default_is_what_the_last_dense_layer_gets(images):
    layers = keras.layers
    inside = [layers.Conv2D(3, 3), layers.GlobalAveragePooling2D(name="pooled")]
    flat = keras.Sequential([keras.Input((10, 10, 3)), *inside, layers.Dense(2, activation="softmax")])
    assert embedding(flat, images).layer == "pooled"
    nested = keras.Sequential([keras.Input((10, 10, 3)), keras.Sequential(inside, name="in"), layers.Dense(2)])
    assert embedding(nested, images).layer == "in/pooled"
    pixels = keras.Input((10, 10, 3))
    pooled = layers.GlobalAveragePooling2D()(layers.Conv2D(3, 3)(pixels))
    head = keras.Sequential([keras.Input((3,)), layers.Dense(2)], name="head")
    whole = keras.Model(pixels, head(pooled))
    assert embedding(whole, images).layer == whole.layers[2].name, "in a head of its own, what the head gets"


def test_of_two_dense_layers_side_by_side_the_last_one_counts(images):
    layers = keras.layers
    pixels = keras.Input((10, 10, 3))
    pooled = layers.GlobalAveragePooling2D(name="pooled")(layers.Conv2D(3, 3, name="conv")(pixels))
    sides = [layers.Dense(2, name="one")(pooled), layers.Dense(2, name="other")(pooled)]
    network = keras.Model(pixels, layers.Softmax()(layers.Add()(sides)))
    assert embedding(network, images).layer == "pooled"
    added = keras.Model(pixels, layers.Dense(2)(pooled + 1.0))
    with pytest.raises(ValueError, match="gets what another layer gives"):
        embedding(added, images)
    assert embedding(added, images, layer="pooled").points.shape == (50, 2)


def test_images_that_look_the_same_lie_on_one_point(model, images):
    found = embedding(model, np.repeat(images[:1], 40, axis=0))
    assert not found.points.any()
    assert found.explained.tolist() == [0, 0]
    dead = build_cnn((10, 10, 3), 3, filters=(4,), seed=0)
    dead.set_weights([np.zeros_like(array) for array in dead.get_weights()])
    assert not embedding(dead, images).points.any()


def test_two_images_lie_on_a_line(model, images):
    found = embedding(model, images[:2])
    assert found.explained[0] == pytest.approx(1)
    assert found.points[0, 0] == pytest.approx(-found.points[1, 0])
    assert np.abs(found.points[:, 1]).max() < 1e-5


def test_the_same_each_time(model, images):
    assert np.array_equal(embedding(model, images).points, embedding(model, images).points)


def test_wrong_use(model, images):
    with pytest.raises(ValueError, match=r"at least two images. Received 1"):
        embedding(model, images[:1])
    with pytest.raises(ValueError, match="no layer is called 'x'"):
        embedding(model, images, layer="x")
    network = keras.Sequential([keras.Input((10, 10, 3)), keras.layers.Flatten(), keras.layers.Softmax()])
    with pytest.raises(ValueError, match=r"no dense layer that gets what another layer gives. Pass layer="):
        embedding(network, images)
