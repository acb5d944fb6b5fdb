"""What inspection reads out of a network, against arithmetic done here."""

import numpy as np
import pytest

from practicum import inspection
from practicum.backend import keras
from practicum.model import build_cnn


@pytest.fixture(scope="module")
def model():
    return build_cnn((12, 12, 1), 2, filters=(4, 6), dense_units=(8,), seed=0)


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(0).integers(0, 256, (12, 12, 1)).astype(np.uint8)


def convolve(maps, kernel, bias):
    """The definition, with zeros around: for each place, filter and channel multiply and add."""
    padded = np.pad(maps, ((1, 1), (1, 1), (0, 0)))
    out = np.zeros((*maps.shape[:2], kernel.shape[3]))
    for row, column, number in np.ndindex(out.shape):
        out[row, column, number] = (padded[row : row + 3, column : column + 3] * kernel[..., number]).sum() + bias[
            number
        ]
    return out


def test_filters_are_the_weights(model):
    kernel = inspection.filters(model, "module2_conv")
    assert kernel.shape == (3, 3, 4, 6)
    assert np.array_equal(kernel, model.get_layer("module2_conv").get_weights()[0])


def test_feature_maps_follow_the_arithmetic_of_every_layer(model, image):
    maps = inspection.feature_maps(model, image)
    assert list(maps) == [layer.name for layer in model.layers]
    np.testing.assert_allclose(maps["rescale"], image / 255, atol=1e-6)
    before = maps["rescale"].astype(float)
    for number in (1, 2):
        kernel, bias = model.get_layer(f"module{number}_conv").get_weights()
        convolved = convolve(before, kernel, bias)
        np.testing.assert_allclose(maps[f"module{number}_conv"], convolved, atol=1e-4)
        np.testing.assert_allclose(maps[f"module{number}_relu"], np.maximum(convolved, 0), atol=1e-4)
        pooled = np.maximum(convolved, 0)
        pooled = pooled.reshape(pooled.shape[0] // 2, 2, pooled.shape[1] // 2, 2, -1).max((1, 3))
        np.testing.assert_allclose(maps[f"module{number}_pool"], pooled, atol=1e-4)
        before = pooled
    assert maps["flatten"].shape == (54,)
    scores = maps["scores"].astype(float)
    np.testing.assert_allclose(maps["softmax"], np.exp(scores) / np.exp(scores).sum(), atol=1e-5)


def test_dropout_is_off_and_normalisation_uses_its_averages(image):
    model = build_cnn((12, 12, 1), 2, filters=(4,), dropout=0.5, batch_norm=True, seed=0)
    maps = inspection.feature_maps(model, image)
    assert np.array_equal(maps["dropout1"], maps["dense1"])
    np.testing.assert_allclose(maps["module1_norm"], maps["module1_conv"] / np.sqrt(1 + 1e-3), atol=1e-5)


def test_a_reloaded_and_a_functional_model_give_the_same(model, image, tmp_path):
    model.save(tmp_path / "m.keras")
    reloaded = keras.saving.load_model(tmp_path / "m.keras")
    functional = keras.Model(model.inputs, model.outputs)
    expected = inspection.feature_maps(model, image)
    for other in (reloaded, functional):
        found = inspection.feature_maps(other, image)
        assert list(found) == list(expected)
        for name, maps in expected.items():
            np.testing.assert_allclose(found[name], maps, atol=1e-6)
        assert np.array_equal(inspection.filters(other, "module1_conv"), inspection.filters(model, "module1_conv"))


def test_silent_filters_are_found(image):
    model = build_cnn((12, 12, 1), 2, filters=(4,), seed=0)
    layer = model.get_layer("module1_conv")
    kernel, bias = layer.get_weights()
    kernel[..., 1], bias[1] = 0, 0  # a dead filter
    kernel[..., 3], bias[3] = -1, 0  # never positive on pixels, which are not negative
    kernel[..., 0], kernel[..., 2] = 1, 1
    layer.set_weights([kernel, bias])
    images = np.random.default_rng(1).integers(0, 256, (300, 12, 12, 1)).astype(np.uint8)
    assert inspection.silent_filters(model, "module1_relu", images).tolist() == [1, 3]


def test_a_filter_that_fires_on_one_image_of_many_is_not_silent():
    model = build_cnn((12, 12, 1), 2, filters=(1,), seed=0)
    layer = model.get_layer("module1_conv")
    layer.set_weights([np.ones((3, 3, 1, 1)), np.array([-8.9])])
    images = np.zeros((300, 12, 12, 1), np.uint8)
    assert inspection.silent_filters(model, "module1_relu", images).tolist() == [0]
    for place in (0, 299):  # in the first batch and in the last
        images[:] = 0
        images[place, 3:6, 3:6] = 255
        assert inspection.silent_filters(model, "module1_relu", images).tolist() == []


def test_wrong_use_is_explained(model, image):
    with pytest.raises(ValueError, match=r"no layer is called 'module1_con'\. Did you mean 'module1_conv'\?"):
        inspection.filters(model, "module1_con")
    with pytest.raises(ValueError, match=r"flatten is a Flatten layer.*module1_conv, module2_conv"):
        inspection.filters(model, "flatten")
    with pytest.raises(ValueError, match=r"shape \(12, 12, 1\)\. Received \(1, 12, 12, 1\)\. Pass one image"):
        inspection.feature_maps(model, image[None])
    with pytest.raises(ValueError, match=r"Received shape \(8, 8, 1\)\. Resize it"):
        inspection.feature_maps(model, image[:8, :8])
    with pytest.raises(ValueError, match="no images"):
        inspection.silent_filters(model, "module1_relu", np.zeros((0, 12, 12, 1)))
