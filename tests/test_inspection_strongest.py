"""Which images excite a filter, and which part of them it sees: against looking at everything one by one."""

import numpy as np
import pytest

from practicum.backend import keras
from practicum.inspection import feature_maps, similar_filters, strongest
from practicum.inspection.strongest import seen_by
from practicum.model import build_cnn

L = keras.layers


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 256, (40, 14, 13, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def model():
    return build_cnn((14, 13, 3), 3, filters=(4, 5), dense_units=(), batch_norm=True, seed=0)


@pytest.mark.parametrize(("layer", "number"), [("module1_relu", 2), ("module2_conv", 0), ("module2_pool", 4)])
def test_the_strongest_images_come_first(model, images, layer, number):
    maps = [feature_maps(model, image)[layer][..., number] for image in images]
    order = sorted(range(len(images)), key=lambda place: -maps[place].max())[:7]
    found = strongest(model, images, layer, number, count=7)
    assert found.places.tolist() == order
    for place, value, position, box, patch in zip(
        found.places, found.values, found.positions, found.boxes, found.patches(images), strict=True
    ):
        assert value == pytest.approx(maps[place].max(), abs=1e-5)
        assert maps[place][tuple(position)] == pytest.approx(value, abs=1e-5)
        top, left, bottom, right = box
        assert np.array_equal(patch, images[place][top:bottom, left:right])


def chains():
    yield [L.Conv2D(2, 3, padding="same"), L.ReLU(), L.MaxPooling2D(2)]
    yield [L.Conv2D(2, 5, padding="same", strides=2), L.AveragePooling2D(2, strides=1)]
    yield [L.Conv2D(2, (2, 4), padding="same"), L.Conv2D(2, 3, padding="valid", dilation_rate=2)]
    yield [L.Conv2D(2, 3, strides=(1, 3), padding="same"), L.AveragePooling2D(3, strides=2, padding="same")]
    yield [L.Conv2D(2, 3), L.BatchNormalization(), L.Dropout(0.3), L.Activation("relu"), L.Conv2D(1, 4, padding="same")]
    yield [keras.Sequential([keras.Input((14, 13, 3)), L.Conv2D(2, 3, name="in")], name="box"), L.Conv2D(2, 2)]


@pytest.mark.parametrize("layers", list(chains()))
def test_a_value_depends_on_its_box_and_on_all_of_it(layers):
    network = keras.Sequential([keras.Input((14, 13, 3)), *layers, L.Flatten(), L.Dense(2)])
    # With positive weights and without pooling of the largest, every pixel that counts shows.
    network.set_weights([np.abs(array) + 0.1 for array in network.get_weights()])
    name = layers[-1].name
    image = np.random.default_rng(1).uniform(50, 200, (14, 13, 3))
    before = feature_maps(network, image)[name][..., 0]
    largest_only = any(isinstance(layer, L.MaxPooling2D) for layer in layers)
    changed = np.zeros((14, 13, *before.shape), bool)
    for row, column in np.ndindex(14, 13):
        other = image.copy()
        other[row, column] += 100
        changed[row, column] = np.abs(feature_maps(network, other)[name][..., 0] - before) > 1e-2
    for position in np.ndindex(before.shape):
        top, left, bottom, right = seen_by(network, name, (14, 13), position)
        inside = np.zeros((14, 13), bool)
        inside[top:bottom, left:right] = True
        assert not changed[:, :, *position][~inside].any(), "something outside counts"
        if not largest_only and not any(getattr(layer, "dilation_rate", (1, 1)) != (1, 1) for layer in layers):
            assert changed[:, :, *position][inside].all(), "something inside does not"
        rows, columns = changed[:, :, *position].any(1), changed[:, :, *position].any(0)
        if not largest_only:
            assert (np.flatnonzero(rows)[[0, -1]] == (top, bottom - 1)).all()
            assert (np.flatnonzero(columns)[[0, -1]] == (left, right - 1)).all()


@pytest.mark.parametrize("outer", ["Sequential", "functional"])
def test_a_functional_network_within_another_is_a_chain_too(images, outer):
    pixels = keras.Input((14, 13, 3))
    deeper = L.Conv2D(3, 3, name="deeper")(L.ReLU()(L.Conv2D(4, 3, name="first")(pixels)))
    body = keras.Model(pixels, deeper, name="body")
    head = [L.GlobalAveragePooling2D(), L.Dense(2)]
    if outer == "Sequential":
        network = keras.Sequential([keras.Input((14, 13, 3)), L.Rescaling(1 / 255), body, *head])
    else:
        image = keras.Input((14, 13, 3))
        network = keras.Model(image, head[1](head[0](body(L.Rescaling(1 / 255)(image)))))
    found = strongest(network, images, "body/deeper", 1, count=5)
    rows, columns = found.positions.T
    assert found.boxes.tolist() == np.stack([rows, columns, rows + 5, columns + 5], axis=1).tolist()


def test_an_image_that_a_filter_answers_only_with_negative_numbers_does_not_excite_it(images):
    network = keras.Sequential([keras.Input((14, 13, 3)), L.Conv2D(2, 1, name="conv"), L.Flatten(), L.Dense(2)])
    kernel = np.zeros((1, 1, 3, 2), np.float32)
    kernel[..., 0], kernel[..., 1] = -1, 1
    network.layers[0].set_weights([kernel, np.zeros(2, np.float32)])
    assert len(strongest(network, images, "conv", 0)) == 0
    assert len(strongest(network, images, "conv", 1, count=4)) == 4


def test_a_network_with_branches_sees_the_whole_image(images):
    inputs = keras.Input((14, 13, 3))
    one = L.Conv2D(3, 3, padding="same", name="one")(inputs)
    joined = L.Add(name="sum")([one, L.Conv2D(3, 1)(inputs)])
    network = keras.Model(inputs, L.Dense(2)(L.GlobalAveragePooling2D()(joined)))
    found = strongest(network, images, "sum", 0, count=2)
    assert found.boxes.tolist() == [[0, 0, 14, 13]] * 2


def test_a_filter_that_never_fires_has_no_strongest_image(images):
    network = build_cnn((14, 13, 3), 2, filters=(2,), seed=0)
    kernel, bias = network.get_layer("module1_conv").get_weights()
    kernel[..., 1], bias[1] = -1, 0
    network.get_layer("module1_conv").set_weights([kernel, bias])
    found = strongest(network, images, "module1_relu", 1)
    assert len(found) == 0
    assert (found.boxes.shape, found.positions.shape, found.patches(images)) == ((0, 4), (0, 2), [])
    dark = np.zeros((3, 14, 13, 3), np.uint8)
    dark[1, 4, 4] = 255
    assert strongest(network, np.concatenate([dark, dark]), "module1_relu", 0).places.tolist() in ([1, 4], [])


def test_equal_images_keep_their_order_and_all_are_given_where_there_are_few(model, images):
    same = np.repeat(images[:1], 5, axis=0)
    assert strongest(model, same, "module1_conv", 0, count=50).places.tolist() == [0, 1, 2, 3, 4]


def test_more_images_than_fit_in_one_piece(model, images):
    many = np.concatenate([images] * 8)
    many[307] = images[5]
    many[307, 3:9, 3:9] = 255
    alone = [feature_maps(model, image)["module1_relu"][..., 2].max() for image in (many[307], *images)]
    found = strongest(model, many, "module1_relu", 2, count=1)
    assert found.values[0] == pytest.approx(max(alone), abs=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("module1_relu", 4), "module1_relu has filters 0 to 3. Received 4"),
        (("module1_relu", -1), "filters 0 to 3. Received -1"),
        (("module1_relu", 1.0), "filters 0 to 3. Received 1.0"),
        (("flatten", 0), "which are no feature maps"),
        (("nothing", 0), "no layer is called 'nothing'"),
    ],
)
def test_wrong_use(model, images, arguments, message):
    with pytest.raises(ValueError, match=message):
        strongest(model, images, *arguments)


def test_wrong_images(model, images):
    with pytest.raises(ValueError, match="no images"):
        strongest(model, images[:0], "module1_relu", 0)
    with pytest.raises(ValueError, match=r"count must be a whole number of 1 or more. Received 0"):
        strongest(model, images, "module1_relu", 0, count=0)


def test_filters_that_are_alike():
    network = build_cnn((8, 8, 3), 2, filters=(6,), seed=0)
    draw = np.random.default_rng(0)
    kernel = draw.normal(size=(3, 3, 3, 6))
    kernel[..., 4] = 3 * kernel[..., 1]  # the same, but louder
    kernel[..., 5] = -0.5 * kernel[..., 0] + 0.02 * draw.normal(size=(3, 3, 3))
    kernel[..., 2] = 0
    network.get_layer("module1_conv").set_weights([kernel, np.zeros(6)])
    first, second = similar_filters(network, "module1_conv")
    assert (first.one, first.other, round(first.cosine, 6)) == (1, 4, 1.0)
    assert (second.one, second.other) == (0, 5)
    exact = kernel[..., 0].ravel() @ kernel[..., 5].ravel()
    exact /= np.linalg.norm(kernel[..., 0]) * np.linalg.norm(kernel[..., 5])
    assert second.cosine == pytest.approx(exact, abs=1e-6)
    assert len(similar_filters(network, "module1_conv", least=0.0)) == 10, "all pairs but those with the dead one"
    with pytest.raises(ValueError, match=r"least must be from 0 to 1. Received 2"):
        similar_filters(network, "module1_conv", least=2)
