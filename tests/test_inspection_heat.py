"""Heat maps against arithmetic done here in float64: finite differences, and bilinear resizing by its formula."""

import numpy as np
import pytest

from practicum import inspection, reference
from practicum.backend import keras
from practicum.inspection.compiled import _kept
from practicum.inspection.heat import METHODS, last_convolution, occlusion, saliency, scores
from practicum.inspection.walk import all_layers, find_layer
from practicum.model import build_cnn

L = keras.layers


@pytest.fixture(scope="module")
def model():
    return build_cnn((12, 12, 3), 3, filters=(4, 6), dense_units=(8,), seed=0)


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(0).integers(0, 256, (12, 12, 3)).astype(np.uint8)


@pytest.fixture(autouse=True)
def _the_same_networks_each_time():
    keras.utils.set_random_seed(0)


# The same, independently -------------------------------------------------------------------------------------------


def layer_by_hand(layer, x):
    """What a layer makes of x, one image's values without N, in float64."""
    weights = [array.astype(np.float64) for array in layer.get_weights()]
    kind = type(layer).__name__
    if kind == "Conv2D":
        bias = weights[1] if len(weights) > 1 else None
        x = reference.conv2d(x, weights[0], bias, strides=layer.strides, padding=layer.padding)
    elif kind == "Dense":
        x = x @ weights[0] + (weights[1] if len(weights) > 1 else 0)
    elif kind == "BatchNormalization":
        factor = weights.pop(0) if layer.scale else 1.0
        offset = weights.pop(0) if layer.center else 0.0
        x = (x - weights[0]) / np.sqrt(weights[1] + layer.epsilon) * factor + offset
    elif kind == "MaxPooling2D":
        x = reference.max_pool2d(x, layer.pool_size, strides=layer.strides, padding=layer.padding)
    elif kind == "GlobalAveragePooling2D":
        x = x.mean((0, 1))
    elif kind == "Flatten":
        x = x.reshape(-1)
    elif kind == "Rescaling":
        x = x * layer.scale + layer.offset
    elif kind == "ReLU":
        x = np.maximum(x, 0)
    elif kind not in ("Dropout", "Softmax", "Activation"):
        raise NotImplementedError(kind)
    activation = getattr(getattr(layer, "activation", None), "__name__", "linear")
    return {"relu": lambda v: np.maximum(v, 0), "tanh": np.tanh}.get(activation, lambda v: v)(x)


def in_two_parts(model, name, image):
    """The maps of the layer called name, and the function from such maps to the scores."""
    layers = model.layers
    cut = [layer.name for layer in layers].index(name) + 1

    def through(values, part):
        for layer in part:
            values = layer_by_hand(layer, values)
        return values

    return through(image.astype(np.float64), layers[:cut]), lambda maps: through(maps, layers[cut:])


def differences(function, at, step=1e-9):
    """The gradients of the scores with respect to the array at: (classes, *its shape).

    Where ReLU left several zeros in one window of a pooling, there is none: any of them may count as the largest. So
    they are set apart by less than anybody sees, which leaves one of them, as the backends do.
    """
    gradient = np.zeros((len(function(at)), *at.shape))
    at = at + 1e-7 * np.random.default_rng(0).random(at.shape)
    for place in np.ndindex(at.shape):
        change = np.zeros(at.shape)
        change[place] = step
        gradient[:, *place] = (function(at + change) - function(at - change)) / (2 * step)
    return gradient


def resized(maps, size):
    """Bilinear, the middles of the corner pixels being half a pixel from the border."""

    def weights(old, new):
        table = np.zeros((new, old))
        for place in range(new):
            middle = np.clip((place + 0.5) * old / new - 0.5, 0, old - 1)
            low = int(np.floor(middle))
            high = min(low + 1, old - 1)
            table[place, low] += 1 - (middle - low)
            table[place, high] += middle - low
        return table

    return weights(maps.shape[0], size[0]) @ maps @ weights(maps.shape[1], size[1]).T


def to_one(heat):
    return heat / heat.max() if heat.any() else heat


def grad_cam_by_hand(model, image, name):
    """A map for each class."""
    maps, rest = in_two_parts(model, name, image)
    weights = differences(rest, maps).mean((1, 2))
    return [to_one(resized(np.maximum((maps * own).sum(-1), 0), image.shape[:2])) for own in weights]


def random_network(seed):
    """Networks that differ in everything: modules, kernels, strides, padding, activations, normalisation, ending."""
    draw = np.random.default_rng(seed)
    keras.utils.set_random_seed(seed)
    side, channels = int(draw.integers(9, 14)), int(draw.choice([1, 3]))
    network = keras.Sequential([keras.Input((side, side + int(draw.integers(0, 3)), channels)), L.Rescaling(1 / 255)])
    for module in range(int(draw.integers(1, 3))):
        activation = str(draw.choice(["relu", "linear", "tanh"]))
        normalised = bool(draw.integers(2))
        network.add(
            L.Conv2D(
                int(draw.integers(2, 5)),
                int(draw.choice([1, 3])),
                padding=str(draw.choice(["same", "valid"])),
                strides=int(draw.choice([1, 1, 2])),
                activation=activation,
                use_bias=module > 0 or not normalised,  # without, what is 0 stays 0, where ReLU has no gradient
                name=f"conv{module}",
            )
        )
        if normalised:
            network.add(L.BatchNormalization())
        if activation == "linear":
            network.add(L.ReLU())
        if module == 0 and draw.integers(2):
            network.add(L.MaxPooling2D(2, padding=str(draw.choice(["same", "valid"]))))
    network.add(L.GlobalAveragePooling2D() if draw.integers(2) else L.Flatten())
    if draw.integers(2):
        network.add(L.Dense(5, activation="tanh"))
    if draw.integers(2):
        network.add(L.Dense(4, activation="softmax", name="scores"))
    else:
        network.add(L.Dense(4, name="scores"))
        network.add(L.Softmax())
    network.set_weights([_moved(array, draw) for array in network.get_weights()])
    return network, draw.integers(0, 256, network.input_shape[1:]).astype(np.uint8)


def _moved(array, draw):
    """Biases and averages that are not 0 and 1, as after a training; variances stay positive."""
    return array * draw.uniform(0.7, 1.3, array.shape) + (array.ndim == 1) * draw.uniform(0, 0.2, array.shape)


@pytest.mark.parametrize("seed", range(20))
def test_grad_cam_is_what_a_direct_computation_gives(seed):
    network, picture = random_network(seed)
    convolutions = [layer.name for layer in network.layers if layer.name.startswith("conv")]
    compared = 0
    for _ in range(2):
        for name in convolutions:
            for class_index, expected in enumerate(grad_cam_by_hand(network, picture, name)):
                found = inspection.grad_cam(network, picture, class_index=class_index, layer=name)
                assert found.dtype == np.float32
                assert found.shape == picture.shape[:2]
                np.testing.assert_allclose(found, expected, atol=1e-4)
                compared += expected.any()
        if compared:
            break
        last = network.get_layer("scores")  # nothing spoke for any class: turn all around
        last.set_weights([-array for array in last.get_weights()])
    assert compared, "all maps were zero: nothing was compared"


@pytest.mark.parametrize("seed", range(4))
def test_saliency_is_the_largest_gradient_over_the_channels(seed):
    network, picture = random_network(100 + seed)
    _, rest = in_two_parts(network, network.layers[0].name, picture)
    gradients = differences(lambda pixels: rest(pixels / 255), picture.astype(float), 1e-7)
    for class_index, gradient in enumerate(gradients):
        found = saliency(network, picture, class_index=class_index)
        np.testing.assert_allclose(found, to_one(np.abs(gradient).max(-1)), atol=1e-3)


def test_saliency_at_a_layer_is_resized_to_the_image(model, image):
    maps, rest = in_two_parts(model, "module1_pool", image)
    expected = resized(np.abs(differences(rest, maps)[1]).max(-1), (12, 12))
    found = saliency(model, image, class_index=1, layer="module1_pool")
    np.testing.assert_allclose(found, to_one(expected), atol=1e-4)


def occlusion_by_hand(model, image, class_index, patch, step):
    """Every square in turn, one image at a time."""
    _, rest = in_two_parts(model, model.layers[0].name, image)
    total, times = np.zeros(image.shape[:2]), np.zeros(image.shape[:2])
    whole = rest(image / 255.0)[class_index]
    height, width = image.shape[:2]
    for top in [*range(0, height - patch, step), height - patch]:
        for left in [*range(0, width - patch, step), width - patch]:
            covered = image.astype(float)
            covered[top : top + patch, left : left + patch] = image.mean((0, 1))
            fall = whole - rest(covered / 255)[class_index]
            for row in range(top, top + patch):
                for column in range(left, left + patch):
                    total[row, column] += fall
                    times[row, column] += 1
    return to_one(np.maximum(total / times, 0))


@pytest.mark.parametrize(("patch", "step"), [(4, 3), (5, 5), (12, 1)])
def test_occlusion_is_the_mean_fall_over_the_squares_that_cover_a_pixel(model, image, patch, step):
    for class_index in (0, 2):
        expected = occlusion_by_hand(model, image, class_index, patch, step)
        found = occlusion(model, image, class_index=class_index, patch=patch, step=step)
        np.testing.assert_allclose(found, expected, atol=1e-3)


def test_scores_are_what_goes_into_the_softmax(model, image):
    _, rest = in_two_parts(model, "rescale", image)
    np.testing.assert_allclose(scores(model, image)[0], rest(image / 255.0), atol=1e-5)


# Which class, which layer ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS.values())
def test_without_a_class_the_one_named_by_the_network_counts(model, image, method):
    named = int(scores(model, image).argmax())
    assert np.array_equal(method(model, image), method(model, image, class_index=named))


@pytest.mark.parametrize("method", METHODS.values())
def test_the_map_of_another_class_differs(image, method):
    model = build_cnn((12, 12, 3), 3, filters=(8, 16), dense_units=(), seed=0)
    first, second, third = (method(model, image, class_index=number) for number in range(3))
    for one, other in ((first, second), (second, third), (first, third)):
        assert np.abs(one - other).max() > 0.1


@pytest.mark.parametrize("method", METHODS.values())
def test_several_images_are_asked_about_one_by_one(model, method):
    images = np.random.default_rng(3).integers(0, 256, (35, 12, 12, 3)).astype(np.uint8)  # more than go together
    classes = np.arange(35) % 3
    together = method(model, images, class_index=classes)
    assert together.shape == (35, 12, 12)
    for place in (0, 1, 31, 32, 34):
        alone = method(model, images[place], class_index=int(classes[place]))
        np.testing.assert_allclose(together[place], alone, atol=2e-4)
    assert np.array_equal(method(model, images[:1], class_index=1), method(model, images[0], class_index=1)[None])


def test_the_default_layer_is_the_last_convolution_with_what_belongs_to_it(image):
    plain = build_cnn((12, 12, 3), 3, filters=(4, 6), batch_norm=True, seed=0)
    assert last_convolution(plain) == "module2_relu"
    fused = keras.Sequential([keras.Input((12, 12, 3)), L.Conv2D(3, 3, activation="relu", name="a"), L.Flatten(),
                              L.Dense(2, activation="softmax")])  # fmt: skip
    assert last_convolution(fused) == "a"
    assert np.array_equal(inspection.grad_cam(fused, image), inspection.grad_cam(fused, image, layer="a"))


def test_what_activates_another_convolution_beside_it_does_not_belong_to_it():
    layers, pixels = keras.layers, keras.Input((12, 12, 3))
    one, other = layers.Conv2D(4, 3, name="one")(pixels), layers.Conv2D(4, 3, name="other")(pixels)
    normed = layers.BatchNormalization(name="normed")(one)
    last = layers.ReLU(name="last")(normed)
    other = layers.Activation("tanh", name="own")(other)
    network = keras.Model(pixels, layers.Dense(2)(layers.GlobalAveragePooling2D()(layers.Add()([last, other]))))
    names = list(all_layers(network))
    assert names.index("other") < names.index("last"), "else this proves nothing"
    convolution = max(("one", "other"), key=names.index)
    assert last_convolution(network) == {"one": "last", "other": "own"}[convolution]


# Kinds of network --------------------------------------------------------------------------------------------------


def nested():
    inside = keras.Sequential(
        [keras.Input((12, 12, 3)), L.Conv2D(4, 3, padding="same", activation="relu", name="conv")]
    )
    inputs = keras.Input((12, 12, 3))
    x = inside(L.Rescaling(1 / 255)(inputs))
    head = keras.Sequential([keras.Input((4,)), L.Dense(3, activation="softmax", name="out")], name="head")
    return keras.Model(inputs, head(L.GlobalAveragePooling2D()(x)))


def test_a_network_within_a_network(image):
    outer = nested()
    inner = next(layer for layer in outer.layers if isinstance(layer, keras.Sequential) and layer.name != "head")
    flat = keras.Sequential([keras.Input((12, 12, 3)), L.Rescaling(1 / 255),
                             L.Conv2D(4, 3, padding="same", activation="relu", name="conv"), L.GlobalAveragePooling2D(),
                             L.Dense(3), L.Softmax()])  # fmt: skip
    flat.set_weights(outer.get_weights())
    for method in METHODS.values():
        np.testing.assert_allclose(method(outer, image, class_index=1), method(flat, image, class_index=1), atol=1e-4)
    by_path = [inspection.grad_cam(outer, image, class_index=own, layer=f"{inner.name}/conv") for own in range(3)]
    assert np.array_equal(inspection.grad_cam(outer, image, class_index=2, layer="conv"), by_path[2])
    assert any(heat.any() for heat in by_path)
    maps = inspection.feature_maps(outer, image)
    np.testing.assert_allclose(maps[f"{inner.name}/conv"], inspection.feature_maps(flat, image)["conv"], atol=1e-6)
    np.testing.assert_allclose(maps["head/out"], outer.predict(image[None].astype("float32"), verbose=0)[0], atol=1e-6)
    assert inspection.filters(outer, "conv").shape == (3, 3, 3, 4)


def test_branches_and_operations_that_are_no_layers(image):
    inputs = keras.Input((12, 12, 3))
    one = L.Conv2D(4, 3, padding="same", name="one")(inputs / 255.0)
    two = L.Conv2D(4, 1, name="two")(one)
    joined = keras.ops.relu(one + two)
    network = keras.Model(inputs, L.Dense(2, activation="softmax")(L.GlobalAveragePooling2D()(joined)))
    # The score is linear in the joined maps: its gradient with respect to those of "two" is the dense weight where
    # they are above 0.
    weights = np.abs(network.layers[-1].get_weights()[0])
    network.layers[-1].set_weights([weights, np.zeros(2)])
    maps = {name: value.astype(np.float64) for name, value in inspection.feature_maps(network, image).items()}
    open_at = (maps["one"] + maps["two"] > 0) / 144
    expected = np.maximum((maps["two"] * (open_at * weights[:, 1]).mean((0, 1))).sum(-1), 0)
    assert expected.any()
    found = inspection.grad_cam(network, image, class_index=1, layer="two")
    np.testing.assert_allclose(found, to_one(expected), atol=1e-4)


def test_a_reloaded_network(model, image, tmp_path):
    model.save(tmp_path / "m.keras")
    reloaded = keras.saving.load_model(tmp_path / "m.keras")
    for method in METHODS.values():
        np.testing.assert_allclose(method(reloaded, image), method(model, image), atol=1e-5)


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision(model, image, precision):
    keras.config.set_dtype_policy(precision)
    try:
        mixed = build_cnn((12, 12, 3), 3, filters=(4, 6), dense_units=(8,), seed=0)
    finally:
        keras.config.set_dtype_policy("float32")
    assert mixed.get_layer("module1_conv").compute_dtype == precision.removeprefix("mixed_")
    for name, method in METHODS.items():
        found, expected = method(mixed, image, class_index=1), method(model, image, class_index=1)
        assert found.dtype == np.float32
        assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.95, name


def test_one_sigmoid_is_two_classes(image):
    network = keras.Sequential([keras.Input((12, 12, 3)), L.Rescaling(1 / 255)])
    for layer in (L.Conv2D(4, 3, activation="relu", name="c"), L.GlobalAveragePooling2D(), L.Dense(1, "sigmoid")):
        network.add(layer)
    probability = float(network.predict(image[None].astype("float32"), verbose=0)[0, 0])
    minus, plus = scores(network, image)[0]
    assert minus == -plus
    assert 1 / (1 + np.exp(-plus)) == pytest.approx(probability, abs=1e-5)
    weights = network.layers[-1].get_weights()[0][:, 0]
    maps = inspection.feature_maps(network, image)["c"]
    for class_index, sign in ((0, -1), (1, 1)):
        expected = resized(np.maximum((maps * sign * weights).sum(-1), 0), (12, 12))
        found = inspection.grad_cam(network, image, class_index=class_index)
        np.testing.assert_allclose(found, to_one(expected), atol=1e-4)


def test_probabilities_in_the_middle_of_a_network_stay_as_they_are(image):
    """Channels weighted by a sigmoid, and places by a softmax: only what stands at the end is left out."""
    inputs = keras.Input((12, 12, 3))
    maps = L.Conv2D(4, 3, activation="sigmoid", name="maps")(L.Rescaling(1 / 255)(inputs))
    gate = L.Activation("sigmoid")(L.GlobalAveragePooling2D()(maps))
    mixed = L.Dense(3, activation="softmax")(gate)
    network = keras.Model(inputs, L.Dense(2, activation="softmax")(mixed))
    probabilities = network.predict(image[None].astype("float32"), verbose=0)[0]
    found = scores(network, image)[0]
    np.testing.assert_allclose(np.exp(found) / np.exp(found).sum(), probabilities, atol=1e-6)
    assert inspection.feature_maps(network, image)["maps"].max() <= 1


def test_a_layer_from_which_no_way_leads_to_the_score(image):
    inputs = keras.Input((12, 12, 3))
    aside = L.Conv2D(2, 3, padding="same", name="aside")(inputs)
    joined = L.Conv2D(2, 3, padding="same", name="used")(inputs) + 0 * keras.ops.stop_gradient(aside)
    network = keras.Model(inputs, L.Dense(2)(L.GlobalAveragePooling2D()(joined)))
    for method in (saliency, inspection.grad_cam):
        assert not method(network, image, class_index=0, layer="aside").any()
        assert method(network, image, class_index=0, layer="used").any() or method is inspection.grad_cam


def test_a_network_that_got_other_layers_is_another_network(image):
    network = keras.Sequential([keras.Input((12, 12, 3)), L.Rescaling(1 / 255), L.Conv2D(3, 3, name="c"), L.Flatten()])
    network.add(L.Dense(2))
    before = scores(network, image)
    network.pop()
    network.add(L.Dense(4))
    after = scores(network, image)
    assert (before.shape, after.shape) == ((1, 2), (1, 4))
    np.testing.assert_allclose(after, network.predict(image[None].astype("float32"), verbose=0), atol=1e-5)


def test_the_network_is_left_as_it_was(image):
    network = keras.Sequential([keras.Input((12, 12, 3)), L.Conv2D(4, 3, name="c"), L.Dropout(0.5)])
    for layer in (L.BatchNormalization(), L.Flatten(), L.Dense(3, activation="softmax", name="out")):
        network.add(layer)
    before = [array.copy() for array in network.get_weights()]
    for method in METHODS.values():
        assert np.array_equal(method(network, image), method(network, image)), "dropout must be off"
    assert network.get_layer("out").activation is keras.activations.softmax
    assert network.get_layer("c").output.shape == (None, 10, 10, 4)  # it was not called on other tensors
    for old, new in zip(before, network.get_weights(), strict=True):
        assert np.array_equal(old, new)


def test_weights_that_were_changed_count_at_once(image):
    network = build_cnn((12, 12, 3), 3, filters=(4,), seed=0)
    first = inspection.grad_cam(network, image, class_index=0)
    network.set_weights(build_cnn((12, 12, 3), 3, filters=(4,), seed=1).get_weights())
    fresh = build_cnn((12, 12, 3), 3, filters=(4,), seed=1)
    second = inspection.grad_cam(network, image, class_index=0)
    assert np.abs(first - second).max() > 0.01
    np.testing.assert_allclose(second, inspection.grad_cam(fresh, image, class_index=0), atol=1e-5)


# No NaN, no second compilation -------------------------------------------------------------------------------------


def with_weights(model, name, change):
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    layer = copy.get_layer(name)
    layer.set_weights([change(array) for array in layer.get_weights()])
    return copy


@pytest.mark.parametrize("method", METHODS.values())
def test_dead_filters_and_constant_images_give_zeros_not_nan(model, image, method):
    dead = with_weights(model, "module2_conv", np.zeros_like)
    for network in (model, dead):
        for picture in (image, np.zeros_like(image), np.full_like(image, 255)):
            heat = method(network, picture)
            assert np.isfinite(heat).all()
            assert heat.min() >= 0
            assert heat.max() in (0, 1)
    assert not method(dead, image).any()


def test_covering_an_image_of_one_colour_changes_nothing(model):
    for colour in (90, 91, 200):
        assert not occlusion(model, np.full((12, 12, 3), colour, np.uint8), patch=4, step=1).any()
    network = build_cnn((32, 32, 3), 4, filters=(16, 32), seed=0)
    assert not occlusion(network, np.full((32, 32, 3), 77, np.uint8), step=1).any()


def test_a_class_that_nothing_speaks_for_has_an_empty_map(image):
    network = build_cnn((12, 12, 3), 2, filters=(4,), dense_units=(), global_pooling=True, seed=0)
    network.get_layer("scores").set_weights([np.tile([1.0, -1.0], (4, 1)), np.zeros(2)])
    assert inspection.grad_cam(network, image, class_index=0).max() == 1
    assert not inspection.grad_cam(network, image, class_index=1).any()


def test_tiny_and_huge_gradients(model, image):
    expected = inspection.grad_cam(model, image, class_index=1)
    for factor in (1e-20, 1e20):
        scaled = with_weights(model, "scores", lambda array, by=factor: array * by)
        np.testing.assert_allclose(inspection.grad_cam(scaled, image, class_index=1), expected, atol=1e-4)


def compilations(network):
    return sum(function.graph.experimental_get_tracing_count() for function in _kept[network].values())


def test_nothing_is_compiled_a_second_time(image):
    network = build_cnn((12, 12, 3), 3, filters=(4,), seed=0)
    images = np.repeat(image[None], 40, axis=0)

    def all_of_it(number):
        for method in METHODS.values():
            method(network, image, class_index=number)
            method(network, images[:33], class_index=number)
        inspection.feature_maps(network, image)
        inspection.silent_filters(network, "module1_relu", images[:33])

    all_of_it(0)
    count = compilations(network)
    assert count >= 5
    for number in (1, 2):
        all_of_it(number)
        network.set_weights([array * 1.5 for array in network.get_weights()])
    saliency(network, images)  # another number of images
    assert compilations(network) == count


# Wrong use ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS.values())
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"class_index": 3}, r"class_index must be from 0 to 2. Received 3"),
        ({"class_index": -1}, r"class_index must be from 0 to 2. Received -1"),
        ({"class_index": "cat"}, r"class_index is a class's number.*Received 'cat' for 1 image\."),
        ({"class_index": 1.0}, r"class_index is a class's number"),
        ({"class_index": [0, 1]}, r"class_index is a class's number.*\[0, 1\] for 1 image\."),
    ],
)
def test_classes_that_do_not_exist(model, image, method, options, message):
    with pytest.raises(ValueError, match=message):
        method(model, image, **options)


@pytest.mark.parametrize("method", METHODS.values())
def test_images_that_do_not_fit(model, image, method):
    name = method.__name__
    with pytest.raises(ValueError, match=rf"{name}: the model expects one image of shape \(12, 12, 3\).*\(8, 8, 3\)"):
        method(model, image[:8, :8])
    with pytest.raises(ValueError, match=r"Received shape \(0, 12, 12, 3\)\. Pass at least one"):
        method(model, image[None][:0])
    with pytest.raises(ValueError, match="no finite numbers"):
        method(model, np.full((12, 12, 3), np.nan))
    with pytest.raises(ValueError, match="must hold numbers"):
        method(model, np.full((12, 12, 3), "x"))


def test_layers_that_have_no_meaning(model, image):
    for method in (saliency, inspection.grad_cam):
        with pytest.raises(ValueError, match=r"flatten gives \(54,\) for each image, which are no.*module2"):
            method(model, image, layer="flatten")
        with pytest.raises(ValueError, match=r"no layer is called 'module2_cov'. Did you mean 'module2_conv'"):
            method(model, image, layer="module2_cov")
    with pytest.raises(ValueError, match=r"asks no layer.*'module1_conv'.*Leave layer out"):
        occlusion(model, image, layer="module1_conv")
    dense = keras.Sequential([keras.Input((12, 12, 3)), L.Flatten(), L.Dense(2, activation="softmax")])
    with pytest.raises(ValueError, match=r"has no convolution. Pass layer="):
        inspection.grad_cam(dense, image)


def test_networks_that_cannot_be_looked_into(image):
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = L.Dense(2)

        def call(self, x):
            return self.dense(x)

    with pytest.raises(ValueError, match="is a Own with a call of its own"):
        saliency(Own(), image)
    with pytest.raises(ValueError, match="is not built yet"):
        saliency(keras.Sequential([L.Flatten(), L.Dense(2)]), image)
    with pytest.raises(ValueError, match=r"expected a Keras model. Received str"):
        saliency("model.keras", image)
    inputs = keras.Input((12, 12, 3))
    with pytest.raises(ValueError, match=r"\(N, classes\). This one gives \(None, 12, 12, 3\)"):
        saliency(keras.Model(inputs, L.ReLU()(inputs)), image)
    two = keras.Model([inputs, keras.Input((12, 12, 3))], L.Dense(2)(L.Flatten()(inputs)))
    with pytest.raises(ValueError, match="has 2 inputs; only models with one"):
        saliency(two, image)


def test_a_layer_that_is_used_twice_has_two_gradients(image):
    inputs = keras.Input((12, 12, 3))
    twice = L.Conv2D(3, 3, padding="same", name="twice")
    network = keras.Model(inputs, L.Dense(2)(L.Flatten()(twice(twice(inputs)))))
    with pytest.raises(ValueError, match="'twice' is used several times"):
        inspection.grad_cam(network, image, layer="twice")


def test_a_name_that_several_layers_have():
    first, second = (keras.Sequential([keras.Input((4, 4, 1)), L.Conv2D(1, 1, name="c")], name=name) for name in "ab")
    network = keras.Sequential([keras.Input((4, 4, 1)), first, second, L.Flatten(), L.Dense(2)])
    with pytest.raises(ValueError, match=r"several layers are called 'c': a/c, b/c. Pass one of these"):
        find_layer(network, "c")
    assert find_layer(network, "b/c")[1] is second.layers[0]


@pytest.mark.parametrize("options", [{"patch": 0}, {"patch": 13}, {"patch": 2.5}, {"step": 0}, {"patch": 4, "step": 5}])
def test_squares_that_do_not_fit(model, image, options):
    name = list(options)[-1]
    with pytest.raises(ValueError, match=f"occlusion: {name} must be a whole number of pixels from 1 to"):
        occlusion(model, image, **options)
