"""Images made to excite a network: against filters whose best image is known, and the network's own word."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from practicum import inspection, plots
from practicum.backend import keras
from practicum.inspection import maximisation
from practicum.inspection.compiled import _kept
from practicum.inspection.maximisation import Maximised, _Canvas, maximise
from practicum.model import build_cnn, load_pretrained

L = keras.layers


@pytest.fixture(scope="module")
def model():
    return build_cnn((16, 16, 3), 3, filters=(4, 6), dense_units=(8,), batch_norm=True, seed=0)


@pytest.fixture(scope="module")
def cifar():
    return load_pretrained("cifar10")


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 256, (16, 16, 3)).astype(np.uint8)


def one_filter(kernel, bias=0.0, activation="relu", shape=(16, 16)):
    """A network whose layer "c" has filters of known weights, (kh, kw, C, F)."""
    kernel = np.asarray(kernel, np.float32)
    network = keras.Sequential([keras.Input((*shape, kernel.shape[2])), L.Rescaling(1 / 255)])
    network.add(L.Conv2D(kernel.shape[3], kernel.shape[:2], activation=activation, name="c"))
    network.add(L.GlobalAveragePooling2D())
    network.add(L.Dense(2, activation="softmax"))
    network.get_layer("c").set_weights([kernel, np.full(kernel.shape[3], bias)])
    return network


# Against what is known ---------------------------------------------------------------------------------------------


def test_a_filter_that_looks_for_a_colour_gets_that_colour():
    network = one_filter(np.reshape([[1, -1, 0], [-1, 0, 1]], (1, 1, 2, 3)).transpose(0, 1, 3, 2))
    found = maximise(network, layer="c", filter=[0, 1])
    (red, green, _), (other_red, _, blue) = found.images.mean((1, 2))
    assert min(red, blue) > 190
    assert max(green, other_red) < 40
    assert found.after.min() > 0.75, "1 is the most there is"
    middle = found.images[:, 4:-4, 4:-4].mean((1, 2))
    assert min(middle[0, 0], middle[1, 2]) > 230
    assert found.before.max() < 0.05


def test_a_filter_that_looks_for_stripes_gets_stripes_its_way():
    kernel = np.zeros((3, 3, 1, 2), np.float32)
    kernel[1, :, 0, 0] = kernel[:, 1, 0, 1] = (-1, 2, -1)
    network = one_filter(kernel, shape=(24, 20))
    found = maximise(network, layer="c", filter=[0, 1])
    columns, rows = found.images[..., 0].astype(float)
    for picture in (columns, rows.T):
        assert np.abs(np.diff(picture, axis=1)).mean() > 1.5 * np.abs(np.diff(picture, axis=0)).mean()
    # Sharp stripes, every other column white: 2 at each white one and 0 at each black one.
    assert found.after.min() > 0.5
    assert found.after.max() <= 1.01


def test_the_values_are_those_of_the_images_in_it(model, image):
    found = maximise(model, layer="module2_relu", filter=[5, 0, 3], start=image, steps=20)
    for place, number in enumerate((5, 0, 3)):
        for picture, value in ((image, found.before[place]), (found.images[place], found.after[place])):
            maps = inspection.feature_maps(model, picture)["module2_relu"]
            assert value == pytest.approx(maps[..., number].mean(), abs=1e-5)
    found = maximise(model, class_index=[2, 1], start=image, steps=20)
    np.testing.assert_allclose(found.before, inspection.scores(model, image)[0, [2, 1]], atol=1e-4)
    np.testing.assert_allclose(found.after, np.diag(inspection.scores(model, found.images)[:, [2, 1]]), atol=1e-4)
    assert (found.after > found.before + 0.05).all()
    assert found.moved.all()


def test_waves_give_back_the_image_that_they_are_made_from(image):
    tame = np.clip(image, 10, 245)
    np.testing.assert_allclose(_Canvas(tame, 2).pixels(), [tame, tame], atol=1e-6)
    np.testing.assert_allclose(_Canvas(tame[:15, :11, :1], 1).pixels()[0][:, :10], tame[:15, :10, :1], atol=200)
    assert np.isfinite(_Canvas(np.zeros((5, 6, 4), np.uint8), 1).pixels()).all()


@pytest.mark.parametrize("shape", [(9, 8, 3), (8, 12, 1), (7, 10, 2)])
def test_the_first_step_takes_each_wave_up_its_gradient(shape):
    draw = np.random.default_rng(1)
    first = draw.integers(40, 200, shape).astype(np.uint8)
    towards = draw.normal(size=(1, *shape))

    def value(canvas):
        return (canvas.pixels() * towards).sum()

    moved = _Canvas(first, 1)
    moved.pixels()
    before = moved.waves.copy()
    moved.move(towards, np.zeros(shape))
    change = moved.waves - before
    canvas = _Canvas(first, 1)
    for row, column, colour in ((1, 1, 0), (0, 2, shape[-1] - 1), (shape[0] - 1, 3, 0)):
        parts = []
        for way in (1, 1j):
            canvas.waves[0, row, column, colour] += 1e-4 * way
            more = value(canvas)
            canvas.waves[0, row, column, colour] -= 2e-4 * way
            parts.append(more - value(canvas))
            canvas.waves[0, row, column, colour] += 1e-4 * way
        own = change[0, row, column, colour]
        assert np.angle(own) == pytest.approx(np.angle(parts[0] + 1j * parts[1]), abs=1e-3)
    long, short = np.abs(change[0, 0, 1, 0]), np.abs(change[0, 0, 2, 0])
    assert long == pytest.approx(short * 2**maximisation.FALL, rel=1e-4), "long waves go further"


# What one recognises -----------------------------------------------------------------------------------------------


def test_the_network_names_the_class_for_what_was_made_for_it_also_when_shifted(cifar):
    found = maximise(cifar, class_index=range(10), steps=64)
    assert (found.after > found.before + 5).all()
    padded = np.pad(found.images, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="edge")
    for top in (0, 2, 4):
        for left in (0, 2, 4):
            shifted = padded[:, top : top + 32, left : left + 32]
            assert np.array_equal(inspection.scores(cifar, shifted).argmax(1), np.arange(10)), (top, left)


def test_what_was_made_is_as_smooth_as_a_photo_not_noise(cifar):
    def roughness(images):
        """How much neighbours differ, as a share of how much any pixels differ: about 1.4 for noise."""
        grey = images.astype(float).mean(-1)
        return (np.diff(grey, axis=2) ** 2).mean() ** 0.5 / grey.std()

    noise = np.random.default_rng(0).integers(0, 256, (10, 32, 32, 3))
    assert roughness(noise) > 1.3
    assert roughness(maximise(cifar, class_index=range(10), steps=64).images) < 0.75


def test_a_filter_is_excited_more_than_by_noise(cifar):
    noise = np.random.default_rng(0).integers(0, 256, (32, 32, 3)).astype(np.uint8)
    for layer in ("module1_relu", "module6_relu"):
        found = maximise(cifar, layer=layer, filter=[0, 1])
        by_noise = inspection.feature_maps(cifar, noise)[layer][..., :2].mean((0, 1))
        assert (found.after > 2 * by_noise).all()


# The start, and chance ---------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_image(model):
    one, same, other = (maximise(model, class_index=1, steps=10, seed=seed) for seed in (4, 4, 5))
    assert np.array_equal(one.images, same.images)
    assert np.array_equal(one.start, same.start)
    assert not np.array_equal(one.images, other.images)
    assert not np.array_equal(one.start, other.start)


def test_what_it_starts_from_is_kept(model, image):
    grey = maximise(model, class_index=[0, 1], start="grey", steps=5)
    assert (grey.start == 128).all()
    noise = maximise(model, class_index=[0, 1], steps=5)
    assert 2 < noise.start.std() < 30
    own = maximise(model, class_index=[0, 1], start=np.clip(image + 0.2, 0, 255), steps=5)
    assert np.array_equal(own.start, image)
    for found in (grey, noise, own):
        assert found.start.dtype == found.images.dtype == np.uint8
        assert found.start.shape == (16, 16, 3)
        assert found.images.shape == (2, 16, 16, 3)
        assert len(found) == 2
        assert not np.array_equal(found.images[0], found.images[1])
    near = np.abs(own.images.astype(int) - image).mean()
    assert near < np.abs(noise.images.astype(int) - image).mean() / 2, "five steps do not lead far from the image"


def test_several_are_each_what_it_is_alone(model):
    together = maximise(model, layer="module1_relu", filter=[3, 1, 0], steps=8)
    assert together.layer == "module1_relu"
    assert together.numbers.tolist() == [3, 1, 0]
    for place, number in enumerate((3, 1, 0)):
        alone = maximise(model, layer="module1_relu", filter=number, steps=8)
        assert alone.images.shape == (1, 16, 16, 3)
        np.testing.assert_allclose(alone.after[0], together.after[place], rtol=0.02)
        assert np.abs(alone.images[0].astype(int) - together.images[place]).mean() < 2


def test_more_than_go_together():
    network = build_cnn((8, 8, 3), 2, filters=(40,), seed=0)
    found = maximise(network, layer="module1_conv", filter=range(40), steps=3)
    assert found.images.shape == (40, 8, 8, 3)
    for number in (0, 33, 39):
        maps = inspection.feature_maps(network, found.images[number])["module1_conv"]
        assert found.after[number] == pytest.approx(maps[..., number].mean(), abs=1e-5)


# Kinds of network --------------------------------------------------------------------------------------------------


def test_networks_of_all_kinds(image, tmp_path):
    inside = keras.Sequential([keras.Input((16, 16, 3)), L.Conv2D(4, 3, activation="relu", name="conv")], name="inner")
    inputs = keras.Input((16, 16, 3))
    outer = keras.Model(inputs, L.Dense(3, "softmax")(L.GlobalAveragePooling2D()(inside(L.Rescaling(1 / 255)(inputs)))))
    flat = keras.Sequential([keras.Input((16, 16, 3)), L.Rescaling(1 / 255),
                             L.Conv2D(4, 3, activation="relu", name="conv"),
                             L.GlobalAveragePooling2D(), L.Dense(3), L.Softmax()])  # fmt: skip
    flat.set_weights(outer.get_weights())
    outer.save(tmp_path / "m.keras")
    reloaded = keras.saving.load_model(tmp_path / "m.keras")
    for asked in ({"class_index": [0, 2]}, {"layer": "conv", "filter": [0, 2]}):
        results = [maximise(network, start=image, steps=6, **asked) for network in (outer, flat, reloaded)]
        for other in results[1:]:
            np.testing.assert_allclose(other.after, results[0].after, rtol=1e-2)
            np.testing.assert_allclose(other.before, results[0].before, atol=1e-5)
    assert results[0].layer == "inner/conv"


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision(precision):
    def build():
        return build_cnn((16, 16, 3), 3, filters=(8, 16), dense_units=(8,), seed=0)

    plain = build()
    keras.config.set_dtype_policy(precision)
    try:
        mixed = build()
    finally:
        keras.config.set_dtype_policy("float32")
    for asked in ({"class_index": [0, 1, 2]}, {"layer": "module2_relu", "filter": [0, 1, 2]}):
        found, expected = maximise(mixed, steps=30, **asked), maximise(plain, steps=30, **asked)
        assert found.after.dtype == np.float32
        assert np.array_equal(found.moved, expected.moved)
        np.testing.assert_allclose(found.after, expected.after, rtol=0.15)


def test_one_channel_small_oblong_and_one_sigmoid():
    network = keras.Sequential([keras.Input((5, 9, 1)), L.Conv2D(3, 3, activation="relu", name="c"), L.Flatten()])
    network.add(L.Dense(1, activation="sigmoid"))
    found = maximise(network, class_index=[0, 1], steps=20)
    assert found.images.shape == (2, 5, 9, 1)
    assert found.before[0] == -found.before[1]
    assert found.moved.all()


def test_a_network_that_takes_any_size(image):
    network = keras.Sequential([keras.Input((None, None, 3)), L.Conv2D(2, 3, activation="relu", name="c")])
    assert maximise(network, layer="c", filter=0, start=image, steps=3).images.shape == (1, 16, 16, 3)
    with pytest.raises(ValueError, match=r"takes images of shape \(None, None, 3\)\. Pass start=, an image"):
        maximise(network, layer="c", filter=0)


def test_the_network_is_left_as_it_was(model):
    before = [array.copy() for array in model.get_weights()]
    maximise(model, class_index=0, steps=3)
    for old, new in zip(before, model.get_weights(), strict=True):
        assert np.array_equal(old, new)


# No NaN, no second compilation -------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", ["noise", "grey", "black", "white"])
def test_dead_filters_give_the_start_back_and_say_so(start):
    network = build_cnn((16, 16, 3), 3, filters=(3,), seed=0)
    kernel, bias = network.get_layer("module1_conv").get_weights()
    kernel[..., 1], bias[1] = 0, -1
    network.get_layer("module1_conv").set_weights([kernel, bias])
    start = {"black": np.zeros((16, 16, 3)), "white": np.full((16, 16, 3), 255)}.get(start, start)
    found = maximise(network, layer="module1_relu", filter=[0, 1, 2], start=start)
    assert found.moved.tolist() == [True, False, True]
    assert np.array_equal(found.images[1], found.start)
    assert found.before[1] == found.after[1] == 0
    assert np.isfinite(found.after).all()
    assert (found.after >= found.before).all()
    network.get_layer("module1_conv").set_weights([kernel * 0, bias])
    found = maximise(network, class_index=[0, 1], start=start, steps=10)
    assert not found.moved.any()
    assert np.array_equal(found.images, [found.start, found.start])
    assert np.array_equal(found.before, found.after)


@pytest.mark.parametrize("start", ["noise", "grey"])
def test_a_filter_that_is_silent_at_the_start_is_found_by_stirring(start):
    network = one_filter(np.reshape([1, 0, -1], (1, 1, 3, 1)), bias=-0.25)  # only strong red excites it
    found = maximise(network, layer="c", filter=0, start=start)
    assert found.before[0] == 0
    assert found.after[0] > 0.5, "0.75 is the most there is"


def test_the_best_image_there_is_stays():
    network = one_filter(np.ones((1, 1, 3, 1)))
    white = np.full((16, 16, 3), 255, np.uint8)
    found = maximise(network, layer="c", filter=0, start=white, steps=5)
    assert not found.moved[0]
    assert np.array_equal(found.images[0], white)
    assert found.after[0] == found.before[0]


def test_a_network_that_answers_nan_is_refused(model, image):
    broken = keras.models.clone_model(model)
    broken.set_weights([np.full_like(array, np.nan) for array in model.get_weights()])
    with pytest.raises(ValueError, match="gives no finite numbers"):
        maximise(broken, class_index=0, start=image)


def test_nothing_is_compiled_a_second_time():
    network = build_cnn((12, 12, 3), 3, filters=(4,), seed=0)

    def all_of_it(number):
        maximise(network, class_index=number, steps=3, seed=number)
        maximise(network, class_index=[0, number], steps=3)
        maximise(network, layer="module1_relu", filter=number, steps=4, start="grey")

    all_of_it(0)
    count = sum(function.graph.experimental_get_tracing_count() for function in _kept[network].values())
    assert count == 3
    all_of_it(2)
    network.set_weights([array * 1.5 for array in network.get_weights()])
    all_of_it(1)
    maximise(network, class_index=[0, 1, 2], steps=3)
    count += 1
    maximise(network, class_index=[0, 1, 2, 0], steps=3)  # goes with what was compiled for three
    assert sum(function.graph.experimental_get_tracing_count() for function in _kept[network].values()) == count


# Wrong use ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "pass either class_index, or layer and filter. Received class_index=None"),
        ({"class_index": 0, "layer": "module1_relu", "filter": 0}, "pass either"),
        ({"class_index": 0, "layer": "module1_relu"}, "pass either"),
        ({"filter": 0}, "pass either"),
        ({"layer": "module1_relu"}, "pass either"),
        ({"class_index": 3}, "the model has classes 0 to 2. Received class_index=3"),
        ({"class_index": [0, -1]}, r"classes 0 to 2\. Received class_index=\[0, -1\]"),
        ({"class_index": []}, r"class_index is a whole number, or a list of them. Received \[\]"),
        ({"class_index": 1.0}, "class_index is a whole number"),
        ({"layer": "module1_relu", "filter": 4}, "module1_relu has filters 0 to 3. Received filter=4"),
        ({"layer": "module1_relu", "filter": True}, "filter is a whole number"),
        ({"layer": "module1_rel", "filter": 0}, "Did you mean 'module1_relu'"),
        ({"layer": "flatten", "filter": 0}, r"flatten gives \(96,\) for each image, which are no feature maps"),
        ({"class_index": 0, "steps": 0}, "steps must be a whole number of 1 or more. Received 0"),
        ({"class_index": 0, "start": "white"}, '"noise", "grey", or an image. Received \'white\''),
        ({"class_index": 0, "start": np.zeros((8, 8, 3))}, r"one image of shape \(16, 16, 3\)"),
        ({"class_index": 0, "start": np.zeros((2, 16, 16, 3))}, r"start is one image.*\(2, 16, 16, 3\)"),
        ({"class_index": 0, "start": np.full((16, 16, 3), 256)}, "pixels from 0 to 255. Received 256 to 256"),
        ({"class_index": 0, "start": np.full((16, 16, 3), np.nan)}, "no finite numbers"),
    ],
)
def test_what_cannot_be_asked(model, options, message):
    with pytest.raises(ValueError, match=message):
        maximise(model, **options)


def test_networks_that_cannot_be_asked():
    table = keras.Sequential([keras.Input((4,)), L.Dense(2, activation="softmax")])
    with pytest.raises(ValueError, match=r"a model of images \(height, width, channels\)\. This one takes \(4,\)"):
        maximise(table, class_index=0)
    with pytest.raises(ValueError, match="not built yet"):
        maximise(keras.Sequential([L.Dense(2)]), class_index=0)
    inputs = keras.Input((8, 8, 3))
    twice = L.Conv2D(3, 3, padding="same", name="twice")
    shared = keras.Model(inputs, L.Dense(2)(L.GlobalAveragePooling2D()(twice(twice(inputs)))))
    with pytest.raises(ValueError, match="'twice' is used several times"):
        maximise(shared, layer="twice", filter=0)
    assert maximise(shared, class_index=0, steps=3).moved.all()


# The figure --------------------------------------------------------------------------------------------------------


def found_by_hand(count, layer=None):
    moved = np.arange(count) != 1
    return Maximised(
        layer=layer,
        numbers=np.arange(count) + 3,
        start=np.full((8, 8, 3), 128, np.uint8),
        images=np.zeros((count, 8, 8, 3), np.uint8) + np.arange(count, dtype=np.uint8).reshape(-1, 1, 1, 1),
        before=np.linspace(-1.234, 0, count, dtype=np.float32),
        after=np.where(moved, 12.34, np.linspace(-1.234, 0, count)).astype(np.float32),
        moved=moved,
    )


def test_the_figure_shows_the_start_each_result_and_its_values():
    figure = plots.maximised(found_by_hand(8), [f"name {number}" for number in range(8)], title="on top")
    (axes,) = figure.axes
    texts = [text.get_text() for text in axes.texts]
    assert {"on top", "the start", "name 0", "name 7", "−1.23 → 12.3", "−1.06, and stays so"} <= set(texts)
    shown = [picture.get_array() for picture in axes.images]
    assert len(shown) == 9
    assert (shown[0] == 128).all()
    assert [int(picture[0, 0, 0]) for picture in shown[1:]] == list(range(8))
    left = [picture.get_extent()[0] for picture in axes.images]
    assert left[0] < min(left[1:]), "the start stands left of all"
    assert plt.get_fignums() == []


def test_without_titles_the_figure_names_numbers():
    assert {"class 3", "class 4", "What excites each class"} <= {
        text.get_text() for text in plots.maximised(found_by_hand(2)).axes[0].texts
    }
    assert {"filter 3", "What excites filters of c"} <= {
        text.get_text() for text in plots.maximised(found_by_hand(2, "c")).axes[0].texts
    }
    with pytest.raises(ValueError, match=r"plots.maximised: 2 images but 3 titles\. Pass one an image, or none"):
        plots.maximised(found_by_hand(2), ["a", "b", "c"])


def test_each_result_stands_between_its_name_and_its_values_six_in_a_row():
    (axes,) = plots.maximised(found_by_hand(8), [f"name {number}" for number in range(8)]).axes
    boxes = [picture.get_extent() for picture in axes.images][1:]
    names = {text.get_text(): text.get_position() for text in axes.texts}
    values = [text.get_position() for text in axes.texts if "→" in text.get_text() or "stays" in text.get_text()]
    for number, (left, right, bottom, top) in enumerate(boxes):
        across, down = names[f"name {number}"]
        assert left < across < right
        assert top - 0.3 < down < top
        assert left < values[number][0] < right
        assert bottom < values[number][1] < bottom + 0.3
        assert bottom < axes.get_ylim()[0], "inside the figure"
    assert [box[3] for box in boxes] == [boxes[0][3]] * 6 + [boxes[6][3]] * 2
    assert boxes[6][0] == boxes[0][0]
    assert boxes[6][3] > boxes[0][2]
    assert plots.maximised(found_by_hand(2)).get_figwidth() < plots.maximised(found_by_hand(6)).get_figwidth() / 2


def test_long_names_large_negative_values_and_a_title_too_few():
    found = found_by_hand(2)
    found.before[0] = -12.34
    long = "a class with a name that takes too much room"
    texts = {text.get_text() for text in plots.maximised(found, [long, "b"]).axes[0].texts}
    assert "−12.3 → 12.3" in texts
    assert long not in texts
    with pytest.raises(ValueError, match="2 images but 1 titles"):
        plots.maximised(found, ["a"])


# How it is seen at each step ---------------------------------------------------------------------------------------


def seen_while_still(monkeypatch, first, steps):
    """What the network is shown while the image does not change, and what comes of it."""
    monkeypatch.setattr(maximisation, "RATE", 0)
    shown = []

    def ask(images):
        shown.append(images)
        return None, np.ones_like(images)

    return shown, maximisation._ascend(ask, first, 1, steps, np.random.default_rng(0))


def test_the_network_sees_the_image_everywhere_within_the_margin(monkeypatch):
    monkeypatch.setattr(maximisation, "NOISE", 0)
    first = np.random.default_rng(0).integers(20, 230, (16, 24, 3)).astype(np.uint8)
    shown, result = seen_while_still(monkeypatch, first, 300)
    assert np.array_equal(result[0], first)
    assert len(shown) == 300
    padded = np.pad(first, ((2, 2), (2, 2), (0, 0)), mode="edge")
    places = {(top, left): padded[top : top + 16, left : left + 24] for top in range(5) for left in range(5)}
    found = {place for images in shown for place, part in places.items() if np.abs(images[0] - part).max() < 1e-6}
    assert found == set(places)


def test_the_noise_laid_over_the_image_fades_to_nothing(monkeypatch):
    shown, _ = seen_while_still(monkeypatch, np.full((16, 16, 3), 128, np.uint8), 10)
    np.testing.assert_allclose([images.std() for images in shown], 25.5 * (1 - np.arange(10) / 10), rtol=0.1)


def test_waves_of_a_silent_image_fade_and_those_of_others_do_not():
    first = np.random.default_rng(0).integers(20, 230, (6, 8, 3)).astype(np.uint8)
    canvas, alone = _Canvas(first, 2), _Canvas(first, 1)
    before = canvas.waves.copy()
    gradient = np.zeros_like(canvas.pixels())
    gradient[1] = 1
    canvas.move(gradient, np.zeros(first.shape))
    alone.pixels()
    alone.move(gradient[1:], np.zeros(first.shape))
    np.testing.assert_allclose(canvas.waves[0], maximisation.FADE * before[0])
    np.testing.assert_allclose(canvas.waves[1], alone.waves[0])


def test_the_start_is_rounded_noise_around_grey_and_never_negative(model, image):
    noise = maximise(model, class_index=0, steps=1).start.astype(float)
    assert noise.mean() == pytest.approx(127.5, abs=0.4)
    assert noise.std() == pytest.approx(0.02 * 255, rel=0.15)
    low = np.minimum(image, 250)
    assert np.array_equal(maximise(model, class_index=0, start=low + 0.7, steps=1).start, low + 1)
    with pytest.raises(ValueError, match=r"pixels from 0 to 255\. Received -1 to -1"):
        maximise(model, class_index=0, start=np.full((16, 16, 3), -1))
