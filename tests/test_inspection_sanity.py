"""Networks that forget: which weights change, which stay, and which heat maps are caught."""

import numpy as np
import pytest

from practicum import inspection, shapes
from practicum.backend import keras
from practicum.inspection.likeness import rank_correlation, structural_similarity
from practicum.inspection.sanity import SanityCheck, SanityRow, learned_layers
from practicum.model import build_cnn
from practicum.training import train

L = keras.layers


def nested(policy="float32"):
    inside = keras.Sequential(
        [
            keras.Input((12, 12, 3)),
            L.Conv2D(4, 3, name="conv1", dtype=policy, kernel_initializer=keras.initializers.HeNormal(seed=5)),
            L.BatchNormalization(name="norm", dtype=policy),
            L.Conv2D(5, 3, name="conv2", activation="relu", dtype=policy),
        ],
        name="backbone",
    )
    image = keras.Input((12, 12, 3))
    x = L.Dropout(0.5, seed=1)(inside(L.Rescaling(1 / 255)(image)))
    x = L.GlobalAveragePooling2D()(x)
    return keras.Model(image, L.Dense(3, activation="softmax", name="scores", dtype="float32")(x))


def learned(model):
    """As after a training: every weight is something else than at the start."""
    random = np.random.default_rng(0)
    for weight in model.weights:
        weight.assign(random.uniform(0.5, 1.5, weight.shape))
    return model


def differing(first, second):
    """The names of the weights, without the model's name, that differ."""
    return [
        a.path.split("/", 1)[-1]
        for a, b in zip(first.weights, second.weights, strict=True)
        if not np.array_equal(np.asarray(a.numpy(), np.float32), np.asarray(b.numpy(), np.float32))
    ]


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize(("from_top", "changed"), [(0, 0), (1, 2), (2, 4), (3, 8), (4, 10), (None, 10)])
def test_just_the_top_layers_forget(policy, from_top, changed):
    model = learned(nested(policy))
    before = [weight.numpy() for weight in model.weights]
    copy = inspection.randomised(model, from_top=from_top)
    different = differing(model, copy)
    assert len(different) == changed
    assert all(np.array_equal(a, b.numpy()) for a, b in zip(before, model.weights, strict=True))
    assert copy.get_layer("backbone").get_layer("conv1").compute_dtype == ("bfloat16" if "16" in policy else "float32")
    images = np.random.default_rng(0).integers(0, 256, (2, 12, 12, 3)).astype(np.float32)
    assert np.array_equal(np.asarray(copy(images)), np.asarray(model(images))) == (from_top == 0)


def test_batch_norm_forgets_what_it_has_averaged():
    copy = inspection.randomised(learned(nested()), from_top=3)
    norm = copy.get_layer("backbone").get_layer("norm")
    assert np.array_equal(norm.moving_mean, np.zeros(4))
    assert np.array_equal(norm.moving_variance, np.ones(4))


def test_weights_are_drawn_by_the_layers_own_initialisers_and_are_not_those_of_the_start():
    start = build_cnn((32, 32, 3), 4, filters=(32, 64), seed=0)  # gives each initialiser a seed
    copy = inspection.randomised(start)
    for name in ("module1_conv", "module2_conv", "dense1"):
        old, new = (np.asarray(network.get_layer(name).kernel) for network in (start, copy))
        assert abs(np.corrcoef(old.ravel(), new.ravel())[0, 1]) < 0.15
        assert new.std() == pytest.approx(np.sqrt(2 / np.prod(new.shape[:-1])), rel=0.15)  # He et al. 2015
        assert not np.asarray(copy.get_layer(name).bias).any()
    again, other = inspection.randomised(start), inspection.randomised(start, seed=1)
    assert not differing(copy, again)
    assert len(differing(copy, other)) == 4  # the kernels


def test_global_random_numbers_and_training_go_on_as_before():
    model = nested()
    keras.utils.set_random_seed(0)
    expected = np.asarray(keras.random.normal((3,)))
    keras.utils.set_random_seed(0)
    inspection.randomised(model, seed=3)
    assert np.array_equal(np.asarray(keras.random.normal((3,))), expected)


def test_a_normalization_layer_still_knows_the_data():
    norm = L.Normalization(name="data")
    norm.adapt(np.random.default_rng(0).normal(40, 9, (50, 8, 8, 3)))
    model = keras.Sequential([keras.Input((8, 8, 3)), norm, L.Flatten(), L.Dense(2, name="scores")])
    copy = inspection.randomised(model)
    assert learned_layers(model) == ["scores"]
    images = np.full((1, 8, 8, 3), 50, np.float32)
    assert np.allclose(copy.get_layer("data")(images), norm(images), atol=1e-5)


def test_layers_of_one_shape_and_of_names_that_begin_alike():
    model = keras.Sequential([keras.Input((4,)), L.Dense(4, name="dense1"), L.Dense(4, name="dense10")])
    assert learned_layers(model) == ["dense1", "dense10"]
    first, second = (np.asarray(layer.kernel) for layer in inspection.randomised(model).layers)
    assert not np.allclose(first, second)
    assert differing(learned(model), inspection.randomised(model, from_top=np.int64(1))) == [
        "dense10/kernel",
        "dense10/bias",
    ]


@pytest.mark.parametrize("from_top", [-1, 5, 1.5, True, "all"])
def test_more_layers_than_there_are(from_top):
    with pytest.raises(ValueError, match="from 0 to 4"):
        inspection.randomised(nested(), from_top=from_top)


# Methods that are caught, and that are not -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def dataset():
    return shapes.dataset(240, validation=40, test=24, size=24, classes=("circle", "cross"))


@pytest.fixture(scope="module")
def trained(dataset):
    model = build_cnn((24, 24, 3), 2, filters=(8, 16), batch_norm=True, global_pooling=True, dense_units=(), seed=0)
    train(model, dataset, epochs=6, learning_rate=0.01, precision="float32", show_progress=False)
    return model


def edges(model, images, *, class_index=None):
    grey = np.asarray(images, np.float64).mean(axis=-1)
    return np.hypot(*np.gradient(grey, axis=(1, 2)))


def test_a_method_that_ignores_the_network_is_caught(trained, dataset):
    check = inspection.model_randomisation(trained, dataset.test.images, edges)
    assert [row.changed for row in check.rows] == [
        "scores",
        "module2_norm",
        "module2_conv",
        "module1_norm",
        "module1_conv",
    ]
    assert all(row.rank_correlation == pytest.approx(1) for row in check.rows)
    assert all(row.ssim == pytest.approx(1) for row in check.rows)
    assert "edges fails" in check.warning
    assert str(check).endswith(check.warning)


def test_grad_cam_passes_and_its_rows_are_what_networks_of_so_many_forgotten_layers_give(trained, dataset):
    images = dataset.test.images
    before = [weight.numpy() for weight in trained.weights]
    check = inspection.model_randomisation(trained, images, inspection.grad_cam, name="Grad-CAM", seed=4)
    assert check.warning == ""
    answers = inspection.scores(trained, images).argmax(axis=1)
    own = inspection.grad_cam(trained, images, class_index=answers)
    for number, row in enumerate(check.rows, start=1):
        other = inspection.randomised(trained, from_top=number, seed=4)
        maps = inspection.grad_cam(other, images, class_index=answers)
        assert row.rank_correlation == pytest.approx(np.median(rank_correlation(own, maps)), abs=1e-3)
    unrelated = [rank_correlation(own[[i]], own[[i - 1]])[0] for i in range(len(own))]
    assert check.unrelated.rank_correlation == pytest.approx(np.median(unrelated), abs=1e-6)
    assert all(np.array_equal(a, b.numpy()) for a, b in zip(before, trained.weights, strict=True))


def test_a_twin_that_learned_nonsense_tells_edges_from_grad_cam(trained, dataset):
    nonsense = inspection.random_labels(dataset, seed=1)
    twin = inspection.randomised(trained, seed=9)
    train(twin, nonsense, epochs=2, learning_rate=0.01, precision="float32", show_progress=False)
    check = inspection.label_randomisation(trained, twin, dataset.test.images, edges, name="edges")
    assert "edges fails" in check.warning
    assert len(check.rows) == 1
    check = inspection.label_randomisation(trained, twin, dataset.test.images, inspection.grad_cam)
    assert check.name == "grad_cam"
    assert check.rows[0].rank_correlation < 0.5


def test_shuffled_labels(dataset):
    nonsense = inspection.random_labels(dataset, seed=1)
    assert np.array_equal(np.bincount(nonsense.train.labels), np.bincount(dataset.train.labels))
    assert 0.35 < (nonsense.train.labels == dataset.train.labels).mean() < 0.65
    assert nonsense.train.images is dataset.train.images
    assert nonsense.test is dataset.test
    assert np.array_equal(nonsense.validation.images, dataset.train.images[:40])
    assert np.array_equal(nonsense.validation.labels, nonsense.train.labels[:40])
    assert "shuffled with seed 1" in nonsense.source
    assert np.array_equal(inspection.random_labels(dataset, 1).train.labels, nonsense.train.labels)
    assert not np.array_equal(inspection.random_labels(dataset, 2).train.labels, nonsense.train.labels)


def always(answer):
    model = keras.Sequential([keras.Input((2, 2, 3)), L.Flatten(), L.Dense(3, "softmax", kernel_initializer="zeros")])
    model.layers[-1].bias.assign(np.eye(3)[answer])
    return model


@pytest.mark.parametrize(("height", "width"), [(7, 7), (6, 9)])
def test_both_networks_are_asked_about_one_class_and_the_middle_map_counts(height, width):
    model, twin, images = always(2), always(0), np.zeros((3, 2, 2, 3), np.float32)
    before, after = np.random.default_rng(0).random((2, 3, height, width))
    after[0], after[1] = 0, before[1]
    asked = []

    def method(network, images, *, class_index):
        asked.append(np.asarray(class_index).tolist())
        return before if network is model else after

    check = inspection.label_randomisation(model, twin, images, method, name="by hand")
    inspection.label_randomisation(model, twin, images, method, class_index=[0, 1, 1])
    assert asked == [[2, 2, 2]] * 2 + [[0, 1, 1]] * 2
    assert check.name == "by hand"
    assert check.empty == pytest.approx(1 / 3)
    if height < 7:
        assert np.isnan([check.rows[0].ssim, check.unrelated.ssim]).all()
    else:
        assert check.rows[0].ssim == pytest.approx(np.median(structural_similarity(before, after)))


def test_a_check_as_it_is_printed():
    rows = (SanityRow("scores", 0.91, 0.82), SanityRow("conv1", 0.73, -0.64))
    assert str(SanityCheck("edges", rows, SanityRow("maps", 0.25, 0.16), 0)).splitlines() == [
        "edges                     rank correlation   SSIM",
        "-------------------------------------------------",
        "scores                               +0.91  +0.82",
        "conv1                                +0.73  -0.64",
        "-------------------------------------------------",
        "maps of different images             +0.25  +0.16",
        "edges fails: with nothing left of what the network had learned, its maps are still alike (rank correlation "
        "0.73; maps of different images: 0.25). They do not show what was learned.",
    ]


def row(value):
    return SanityRow("x", value, 0.0)


@pytest.mark.parametrize(
    ("last", "floor", "empty", "text"),
    [
        (0.51, 0.1, 0, "fails"),
        (0.9, 0.9, 0, "fails"),
        (0.5, 0.5, 0.5, ""),
        (0.1, 0.6, 0, "alike already"),
        (0, 0, 0.75, "75% of the maps"),
    ],
)
def test_when_there_is_a_warning(last, floor, empty, text):
    check = SanityCheck("m", (row(0.9), row(last)), row(floor), empty)
    assert text in check.warning
    assert bool(check.warning) == bool(text)
    assert check.warning in str(check)
    assert str(check).splitlines()[-1].strip()


@pytest.mark.parametrize("images", [np.zeros((24, 24, 3)), np.zeros((1, 24, 24, 3))])
def test_one_image_is_too_few(trained, images):
    with pytest.raises(ValueError, match="two or more images"):
        inspection.model_randomisation(trained, images, edges)
