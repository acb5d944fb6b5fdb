"""Features of a trained network on other images, and datasets of few labels."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from practicum.dataset import Dataset, Split
from practicum.inspection import feature_maps
from practicum.model import build_cnn
from practicum.training import evaluate, train
from practicum.transfer import BATCH, features, few_labels

LAYERS = ["module1_relu", "module2_pool"]


def dataset(train_images=30, size=8, classes=3):
    """Noise whose first channel tells the class."""

    def split(count, seed):
        random = np.random.default_rng(seed)
        labels = np.arange(count, dtype=np.int32) % classes
        images = random.integers(0, 60, (count, size, size, 3), np.uint8)
        images[..., 0] += (60 * labels)[:, None, None].astype(np.uint8)
        return Split(images, labels)

    names = tuple("abc"[:classes])
    return Dataset("noise", names, split(train_images, 0), split(12, 1), split(9, 2), "drawn", "none")


@pytest.fixture(scope="module")
def base():
    return build_cnn((8, 8, 3), 5, filters=(4, 6), batch_norm=True, seed=0)


def test_a_feature_is_the_mean_of_its_map(base):
    data = dataset()
    read = features(base, data, LAYERS)
    assert list(read) == LAYERS
    for place in (0, 29):
        maps = feature_maps(base, data.train.images[place])
        for layer in LAYERS:
            expected = maps[layer].mean(axis=(0, 1))
            assert np.allclose(read[layer].train.images[place, 0, 0], expected, atol=1e-5)


def test_features_are_a_dataset_of_images_of_one_pixel(base):
    data = dataset()
    read = features(base, data, LAYERS)["module2_pool"]
    assert read.image_shape == (1, 1, 6)
    assert read.train.images.dtype == np.float32
    assert (read.name, read.class_names) == ("noise, module2_pool", data.class_names)
    for name in ("train", "validation", "test"):
        assert np.array_equal(getattr(read, name).labels, getattr(data, name).labels)
        assert len(getattr(read, name).images) == len(getattr(data, name).images)


def test_more_images_than_a_batch_keep_their_order(base):
    data = dataset(train_images=BATCH + 3)
    all_at_once = features(base, data, ["module1_relu"])["module1_relu"].train.images
    last = replace(data, train=Split(data.train.images[-3:], data.train.labels[-3:]))
    assert len(all_at_once) == BATCH + 3
    assert np.allclose(all_at_once[-3:], features(base, last, ["module1_relu"])["module1_relu"].train.images, atol=1e-5)


def test_reading_changes_nothing_in_the_base(base):
    before = [array.copy() for array in base.get_weights()]
    names = [layer.name for layer in base.layers]
    features(base, dataset(), LAYERS)
    assert [layer.name for layer in base.layers] == names
    assert all(np.array_equal(old, new) for old, new in zip(before, base.get_weights(), strict=True))


def test_train_and_evaluate_take_features_like_images(base):
    read = features(base, dataset(train_images=90), ["module1_relu"])["module1_relu"]
    layers = [keras.layers.Flatten(), keras.layers.Dense(3), keras.layers.Softmax()]
    head = keras.Sequential([keras.Input(read.image_shape), *layers])
    train(head, read, epochs=60, batch_size=16, learning_rate=0.05, show_progress=False)
    assert evaluate(head, read.test).accuracy > 0.9


@pytest.mark.parametrize(
    ("layers", "says"),
    [
        (["module9_relu"], "no layer 'module9_relu'. Its layers: .*module1_conv"),
        (["flatten"], "gives \\(24,\\) an image and no feature maps"),
        ("module1_relu", "layers is a list of names"),
        ([], "layers is a list of names"),
    ],
)
def test_features_says_what_is_wrong_with_the_layers(base, layers, says):
    with pytest.raises(ValueError, match=says):
        features(base, dataset(), layers)


def test_features_says_what_is_wrong_with_the_images(base):
    with pytest.raises(ValueError, match=r"takes images \(8, 8, 3\) but those of noise are \(16, 16, 3\)"):
        features(base, dataset(size=16), LAYERS)


def test_few_labels_takes_so_many_of_each_class_and_leaves_the_test_split():
    data = dataset()
    few = few_labels(data, 3)
    assert np.bincount(few.train.labels).tolist() == [3, 3, 3]
    assert np.bincount(few.validation.labels).tolist() == [3, 3, 3]
    assert few.test is data.test
    for image, label in zip(few.train.images, few.train.labels, strict=True):
        (place,) = np.flatnonzero((data.train.images == image).all(axis=(1, 2, 3)))
        assert data.train.labels[place] == label


def test_few_labels_takes_all_of_a_small_class():
    few = few_labels(dataset(), 8)
    assert np.bincount(few.train.labels).tolist() == [8, 8, 8]
    assert np.bincount(few.validation.labels).tolist() == [4, 4, 4]


def test_the_seed_decides_which_labels():
    data = dataset()
    same, other = few_labels(data, 3, seed=4), few_labels(data, 3, seed=5)
    assert np.array_equal(few_labels(data, 3, seed=4).train.images, same.train.images)
    assert not np.array_equal(other.train.images, same.train.images)


def test_pixels_and_features_of_one_seed_are_of_the_same_images(base):
    data = dataset()
    read = features(base, data, ["module1_relu"])["module1_relu"]
    few, few_read = few_labels(data, 2, seed=1), few_labels(read, 2, seed=1)
    again = features(base, few, ["module1_relu"])["module1_relu"]
    assert np.allclose(again.train.images, few_read.train.images, atol=1e-5)
    assert np.allclose(again.validation.images, few_read.validation.images, atol=1e-5)


@pytest.mark.parametrize("per_class", [0, -1, True, 2.5, "3"])
def test_few_labels_refuses_what_is_no_count(per_class):
    with pytest.raises(ValueError, match="per_class is a whole number, 1 or more"):
        few_labels(dataset(), per_class)
