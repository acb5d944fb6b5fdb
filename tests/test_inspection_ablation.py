"""Switching filters off, against networks whose weights were set to zero."""

import numpy as np
import pytest
from tensorflow.compat.v1.graph_util import extract_sub_graph

from practicum.backend import keras
from practicum.dataset import Split
from practicum.evaluation import evaluate
from practicum.inspection import ablate, accuracy_without, feature_maps
from practicum.inspection.ablation import Ablation
from practicum.inspection.compiled import _kept
from practicum.model import build_cnn
from practicum.training import train

L = keras.layers


@pytest.fixture(scope="module")
def split():
    """Pictures of three kinds: bright at the top, bright at the bottom, red."""
    draw = np.random.default_rng(0)
    labels = (np.arange(300) % 3).astype(np.int32)
    images = draw.integers(0, 90, (300, 12, 12, 3)).astype(np.uint8)
    images[labels == 0, :6] += 110
    images[labels == 1, 6:] += 110
    images[labels == 2, ..., 0] += 120
    return Split(images, labels)


@pytest.fixture(scope="module")
def model(split):
    from practicum.dataset import Dataset

    network = build_cnn((12, 12, 3), 3, filters=(5, 6), dense_units=(8,), seed=0)
    dataset = Dataset("three", ("top", "bottom", "red"), split, split, split, "", "")
    train(network, dataset, epochs=6, batch_size=16, learning_rate=0.01, show_progress=False)
    assert evaluate(network, split).accuracy > 0.9
    return network


def without(model, convolution, numbers):
    """A copy whose filters of these numbers are zero."""
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    kernel, bias = copy.get_layer(convolution).get_weights()
    kernel[..., numbers], bias[numbers] = 0, 0
    copy.get_layer(convolution).set_weights([kernel, bias])
    return copy


@pytest.mark.parametrize("module", [1, 2])
def test_each_filter_is_missed_as_much_as_where_its_weights_are_zero(model, split, module):
    found = ablate(model, split, f"module{module}_relu", show_progress=False)
    whole = evaluate(model, split, ("top", "bottom", "red"))
    assert found.accuracy == pytest.approx(whole.accuracy)
    assert found.class_accuracy.tolist() == pytest.approx(list(whole.class_accuracy().values()))
    assert found.filters.tolist() == list(range((5, 6)[module - 1]))
    lost = []
    for number in found.filters:
        zeroed = evaluate(without(model, f"module{module}_conv", [number]), split, ("top", "bottom", "red"))
        lost.append(whole.accuracy - zeroed.accuracy)
        classes = np.array(list(whole.class_accuracy().values())) - list(zeroed.class_accuracy().values())
        np.testing.assert_allclose(found.class_lost[number], classes, atol=1e-9)
    np.testing.assert_allclose(found.lost, lost, atol=1e-9)
    assert max(lost) > 0.05, "no filter matters: nothing was compared"


@pytest.mark.parametrize("place", ["conv", "relu", "pool"])
def test_where_a_filter_is_switched_off_makes_no_difference_here(model, split, place):
    # ReLU and pooling make zero of zero. (Before ReLU, a map of zeros is as good as one below zero.)
    expected = ablate(model, split, "module1_relu", show_progress=False)
    assert np.array_equal(ablate(model, split, f"module1_{place}", show_progress=False).lost, expected.lost)


def test_several_filters_together(model, split):
    for numbers in ([0, 2], [1, 3, 4], range(5)):
        expected = evaluate(without(model, "module1_conv", list(numbers)), split).accuracy
        assert accuracy_without(model, split, "module1_relu", numbers) == pytest.approx(expected)
    assert accuracy_without(model, split, "module1_relu", 3) == pytest.approx(
        evaluate(without(model, "module1_conv", [3]), split).accuracy
    )


def test_a_normalisation_after_the_convolution_makes_something_of_nothing(split):
    """So a filter is off when its map is zero after ReLU; one of which only the convolution is off still speaks."""
    network = build_cnn((12, 12, 3), 3, filters=(3,), batch_norm=True, seed=0)
    norm = network.get_layer("module1_norm")
    norm.set_weights([np.full(3, 5.0), *norm.get_weights()[1:]])  # an offset that ReLU lets through
    chosen = 1
    at_relu = ablate(network, split, "module1_relu", filters=chosen, show_progress=False)
    at_convolution = ablate(network, split, "module1_conv", filters=chosen, show_progress=False)

    def directly(name):
        values = np.stack([feature_maps(network, image)[name] for image in split.images[:60]])
        values[..., chosen] = 0
        for layer in network.layers[network.layers.index(network.get_layer(name)) + 1 :]:
            values = layer(values)
        return (np.asarray(values).argmax(1) == split.labels[:60]).mean()

    part = Split(split.images[:60], split.labels[:60])
    for name, found in (("module1_relu", at_relu), ("module1_conv", at_convolution)):
        assert accuracy_without(network, part, name, chosen) == pytest.approx(directly(name))
        assert found.filters.tolist() == [chosen]


def test_units_of_a_dense_layer(model, split):
    found = ablate(model, split, "dense1", show_progress=False)
    assert len(found.lost) == 8
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    kernel, bias = copy.get_layer("scores").get_weights()
    worst = int(found.most_missed(count=1)[0])
    kernel[worst] = 0
    copy.get_layer("scores").set_weights([kernel, bias])
    assert found.lost[worst] == pytest.approx(found.accuracy - evaluate(copy, split).accuracy)


def test_a_network_within_a_network_and_one_of_16_bits(model, split):
    inner = keras.models.clone_model(model)
    inner.set_weights(model.get_weights())
    outer = keras.Sequential([keras.Input((12, 12, 3)), inner])
    expected = ablate(model, split, "module2_relu", show_progress=False)
    found = ablate(outer, split, f"{inner.name}/module2_relu", show_progress=False)
    assert np.array_equal(found.lost, expected.lost)
    inputs = keras.Input((12, 12, 3))
    functional = keras.Model(inputs, inner(inputs))
    assert np.array_equal(ablate(functional, split, "module2_relu", show_progress=False).lost, expected.lost)
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        mixed = build_cnn((12, 12, 3), 3, filters=(5, 6), dense_units=(8,), seed=0)
    finally:
        keras.config.set_dtype_policy("float32")
    mixed.set_weights(model.get_weights())
    found = ablate(mixed, split, "module2_relu", show_progress=False)
    np.testing.assert_allclose(found.lost, expected.lost, atol=0.05)


def test_nothing_is_compiled_for_each_filter_and_what_comes_before_is_left_out(model, split):
    ablate(model, split, "module2_relu", filters=[0], show_progress=False)
    count = sum(function.graph.experimental_get_tracing_count() for function in _kept[model].values())
    ablate(model, split, "module2_relu", show_progress=False)
    accuracy_without(model, split, "module2_relu", [1, 2])
    assert count == sum(function.graph.experimental_get_tracing_count() for function in _kept[model].values())
    rest = next(function for key, function in _kept[model].items() if key[:2] == ("rest after", "module2_pool"))
    (graph,) = (concrete.graph for concrete in rest.graph._list_all_concrete_functions())
    # TensorFlow runs what the result depends on, which is this part of the graph.
    outputs = [tensor.op.name for tensor in graph.outputs]
    needed = [node.op for node in extract_sub_graph(graph.as_graph_def(), outputs).node]
    assert needed.count("MatMul") == 2
    assert needed.count("Conv2D") == 0


def test_which_are_useless_and_which_are_missed():
    lost = np.array([0.02, 0.0, -0.01, 0.3])
    class_lost = np.array([[0.0, 0.04], [0.1, -0.1], [0.0, -0.02], [0.0, 0.6]])
    found = Ablation("layer", np.array([4, 5, 6, 7]), 0.9, lost, np.array([0.9, 0.9]), class_lost, 100)
    assert found.useless().tolist() == [6, 5]
    assert found.useless(0.02).tolist() == [6, 5, 4]
    assert found.most_missed(count=2).tolist() == [7, 4]
    assert found.most_missed(0, count=1).tolist() == [5]


def test_a_class_without_images(model, split):
    part = Split(split.images[split.labels != 1], split.labels[split.labels != 1])
    found = ablate(model, part, "module1_relu", filters=[0, 1], show_progress=False)
    assert np.isnan(found.class_accuracy).tolist() == [False, True, False]
    assert np.isnan(found.class_lost[:, 1]).all()
    assert np.isfinite(found.lost).all()


def test_progress_is_shown_on_standard_error(model, split, capsys):
    ablate(model, split, "module1_relu")
    assert "switching off filters of module1_relu" in capsys.readouterr().err


def test_wrong_use(model, split):
    with pytest.raises(ValueError, match="no images"):
        ablate(model, Split(split.images[:0], split.labels[:0]), "module1_relu")
    with pytest.raises(ValueError, match=r"module1_relu has filters 0 to 4. Received 5"):
        ablate(model, split, "module1_relu", filters=5)
    with pytest.raises(ValueError, match=r"filters 0 to 4. Received \[-1\]"):
        accuracy_without(model, split, "module1_relu", [-1])
    with pytest.raises(ValueError, match="filters is a filter's number"):
        ablate(model, split, "module1_relu", filters=[0.5])
    with pytest.raises(ValueError, match="filters is a filter's number"):
        accuracy_without(model, split, "module1_relu", [])
    with pytest.raises(ValueError, match="softmax is the answer itself"):
        ablate(model, split, "softmax")
    nested = keras.Sequential([keras.Input((12, 12, 3)), keras.Sequential(model.layers, name="all")])
    with pytest.raises(ValueError, match="all is the answer itself"):
        ablate(nested, split, "all")
    inputs = keras.Input((12, 12, 3))
    twice = L.Conv2D(3, 3, padding="same", name="twice")
    network = keras.Model(inputs, L.Dense(3)(L.Flatten()(twice(twice(inputs)))))
    with pytest.raises(ValueError, match="'twice' is used several times"):
        ablate(network, split, "twice", show_progress=False)
    with pytest.raises(ValueError, match=r"from 0 to 2 for each of 300 images. Received \(300,\) labels from 0 to 3"):
        ablate(model, Split(split.images, np.arange(300) % 4), "module1_relu")
    with pytest.raises(ValueError, match="no layer is called 'module9_relu'"):
        ablate(model, split, "module9_relu")


COLOURS = np.repeat([0, 1, 2], [5, 3, 2])  # so many images of each


def colours(labels=COLOURS):
    """Images whose upper half is red, green or blue; all else is black."""
    images = np.zeros((len(labels), 4, 4, 3), np.uint8)
    images[np.arange(len(labels)), :2, :, labels] = 255
    return Split(images, np.asarray(labels, np.int32))


def of_colours(*between, sign=1, last=None):
    """A filter for each colour, of which the class is told; green where there is nothing."""
    last = last or L.Dense(3, name="scores")
    conv = L.Conv2D(3, 1, name="conv")
    network = keras.Sequential([keras.Input((4, 4, 3)), conv, *between, L.GlobalAveragePooling2D(), last])
    conv.set_weights([sign * np.eye(3).reshape(1, 1, 3, 3), np.zeros(3)])
    bias = np.array([0, 0.1, 0]) if last.units == 3 else np.array([-1.0])
    last.set_weights([sign * np.eye(3)[:, : last.units], bias])
    return network


@pytest.mark.parametrize("sign", [1, -1])
def test_what_is_lost_where_it_can_be_told_by_hand(sign):
    network = of_colours(sign=sign)
    found = ablate(network, colours(), "conv", show_progress=False)
    assert (found.accuracy, found.images) == (1, 10)
    assert found.lost.tolist() == pytest.approx([0.5, 0, 0.2])
    assert found.class_lost.tolist() == [[1, 0, 0], [0, 0, 0], [0, 0, 1]]
    some = ablate(network, colours(), "conv", filters=np.array([2, 0], np.uint8), show_progress=False)
    assert some.lost.tolist() == pytest.approx([0.2, 0.5])
    assert some.filters.dtype == np.int64
    without_red = colours(COLOURS[5:])
    assert ablate(network, without_red, "conv", filters=2, show_progress=False).lost.tolist() == pytest.approx([0.4])
    without_blue = ablate(network, colours(COLOURS[:8]), "conv", show_progress=False)
    np.testing.assert_array_equal(without_blue.class_accuracy, [1, 1, np.nan])


@pytest.mark.parametrize("layer", [L.BatchNormalization, L.Rescaling])
def test_what_a_layer_makes_of_nothing_still_counts(layer):
    if layer is L.Rescaling:
        offset = L.Rescaling(1, offset=[200, 0, 0], name="offset")
        network = of_colours(offset)
    else:
        offset = L.BatchNormalization(name="offset")
        network = of_colours(offset)
        offset.set_weights([np.ones(3), np.array([200, 0, 0]), np.zeros(3), np.ones(3)])
    assert accuracy_without(network, colours(), "conv", range(3)) == pytest.approx(0.5), "all are called red"
    assert accuracy_without(network, colours(), "offset", range(3)) == pytest.approx(0.3), "all are called green"


def test_a_network_that_gives_one_probability():
    network = of_colours(last=L.Dense(1, activation="sigmoid"))
    split = colours()
    found = ablate(network, Split(split.images, (COLOURS == 0).astype(np.int32)), "conv", show_progress=False)
    assert found.accuracy == 1
    assert found.class_lost.tolist() == [[0, 1], [0, 0], [0, 0]]


def test_filters_that_are_missed_alike_keep_their_order_and_rounding_does_not_count():
    lost = np.array([0.0, 0.8 - 0.7, 0.0, 0.8 - 0.7])
    found = Ablation("layer", np.arange(4), 0.8, lost, np.array([0.8]), lost[:, np.newaxis], 10)
    assert found.useless(0.1).tolist() == [0, 2, 1, 3]
    assert found.most_missed().tolist() == [1, 3, 0, 2]


def test_no_progress_is_shown_if_not_wanted(capsys):
    ablate(of_colours(), colours(), "conv", show_progress=False)
    assert capsys.readouterr().err == ""


def test_a_layer_whose_name_begins_like_that_of_the_answer():
    network = of_colours(L.ReLU(name="score"))
    assert ablate(network, colours(), "score", filters=0, show_progress=False).lost.tolist() == pytest.approx([0.5])


@pytest.mark.parametrize("filters", [[True, False], [[0], [1]], np.zeros(0, int)])
def test_filters_that_are_no_list_of_numbers(filters):
    with pytest.raises(ValueError, match="filters is a filter's number"):
        accuracy_without(of_colours(), colours(), "conv", filters)


def test_labels_that_are_none_of_the_classes():
    with pytest.raises(ValueError, match="labels from -1 to 1"):
        ablate(of_colours(), Split(colours().images, (COLOURS - 1).astype(np.int32)), "conv")
