"""build_cnn and layer_table, against figures worked out by hand."""

import numpy as np
import pytest

from practicum.backend import keras
from practicum.model import build_cnn, layer_table


def names(model):
    return [layer.name for layer in model.layers]


def test_lesson_figure_has_the_named_layers():
    model = build_cnn((32, 32, 3), 10, filters=(32, 64))
    assert isinstance(model, keras.Sequential)
    assert names(model) == [
        "rescale",
        *("module1_conv", "module1_relu", "module1_pool"),
        *("module2_conv", "module2_relu", "module2_pool"),
        *("flatten", "dense1", "scores", "softmax"),
    ]


def test_every_option_adds_its_layers_in_place():
    model = build_cnn(
        (16, 16, 1), 3, filters=(2, 3), batch_norm=True, dropout=0.2, dense_units=(5, 4), global_pooling=True
    )
    assert names(model) == [
        "rescale",
        *("module1_conv", "module1_norm", "module1_relu", "module1_pool"),
        *("module2_conv", "module2_norm", "module2_relu", "module2_pool"),
        *("global_pool", "dense1", "dropout1", "dense2", "dropout2", "scores", "softmax"),
    ]
    assert not model.get_layer("module1_conv").use_bias, "batch normalisation brings its own offset"
    assert model.get_layer("dropout1").rate == 0.2


def test_dropout_without_dense_layers_is_not_forgotten():
    assert names(build_cnn((8, 8, 1), 2, filters=(2,), dense_units=(), dropout=0.5))[-4:] == [
        "flatten",
        "dropout1",
        "scores",
        "softmax",
    ]


def test_pool_size_one_leaves_pooling_out():
    model = build_cnn((8, 8, 1), 2, filters=(2, 2), pool_size=[1, 2])
    assert "module1_pool" not in names(model)
    assert "module2_pool" in names(model)


def test_raw_pixels_go_in_and_probabilities_come_out():
    model = build_cnn((8, 8, 3), 4, filters=(5,), seed=1)
    images = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3)).astype(np.uint8)
    out = model.predict_on_batch(images)
    assert out.shape == (3, 4)
    np.testing.assert_allclose(out.sum(axis=1), 1, atol=1e-6)
    first = keras.Model(model.inputs[0], model.get_layer("rescale").output)(images.astype("float32"))
    np.testing.assert_allclose(keras.ops.convert_to_numpy(first), images / 255, atol=1e-6)


def test_seed_decides_the_weights_and_leaves_the_global_random_state_alone():
    np.random.seed(3)
    expected = np.random.random()
    np.random.seed(3)
    one, same = (build_cnn((8, 8, 1), 2, filters=(3, 3), seed=5).get_weights() for _ in range(2))
    other = build_cnn((8, 8, 1), 2, filters=(3, 3), seed=6).get_weights()
    assert np.random.random() == expected
    assert all(np.array_equal(a, b) for a, b in zip(one, same, strict=True))
    assert not np.array_equal(one[0], other[0])
    assert not np.array_equal(one[2][:, :, 0, :], one[0][:, :, 0, :]), "two layers must not share their numbers"


# The table, worked out by hand ------------------------------------------------------------------------------------

# 32×32×3 -> conv 3×3 to 32, same: 32·32·32 values of 3·3·3 products = 884,736; parameters 3·3·3·32+32 = 896; sees 3.
# pool: sees 4, step 2. conv 3×3 to 64 on 16×16×32: 16·16·64·288 = 4,718,592; 288·64+64 = 18,496; sees 4+2·2 = 8.
# pool: sees 8+2 = 10. flatten 8·8·64 = 4,096. dense 4096·64 = 262,144 (+64). scores 64·10 = 640 (+10).
BY_HAND = [
    ("rescale", (32, 32, 3), 0, 0, (1, 1)),
    ("module1_conv", (32, 32, 32), 896, 884_736, (3, 3)),
    ("module1_relu", (32, 32, 32), 0, 0, (3, 3)),
    ("module1_pool", (16, 16, 32), 0, 0, (4, 4)),
    ("module2_conv", (16, 16, 64), 18_496, 4_718_592, (8, 8)),
    ("module2_relu", (16, 16, 64), 0, 0, (8, 8)),
    ("module2_pool", (8, 8, 64), 0, 0, (10, 10)),
    ("flatten", (4096,), 0, 0, (10, 10)),
    ("dense1", (64,), 262_208, 262_144, (32, 32)),
    ("scores", (10,), 650, 640, (32, 32)),
    ("softmax", (10,), 0, 0, (32, 32)),
]


def test_table_of_the_lesson_figure_by_hand():
    assert list(layer_table(build_cnn((32, 32, 3), 10, filters=(32, 64)))) == BY_HAND


def test_table_with_uneven_filters_valid_padding_and_batch_norm_by_hand():
    model = build_cnn(
        (20, 14, 1), 2, filters=(4, 6), kernel_size=[(5, 3), 3], padding="valid", dense_units=(), batch_norm=True
    )
    rows = {row.name: row for row in layer_table(model)}
    # conv 5×3 on 20×14, valid: 16×12; no bias: 15·4 = 60 parameters; 16·12·4·15 = 11,520 products.
    assert rows["module1_conv"][1:] == ((16, 12, 4), 60, 11_520, (5, 3))
    # normalisation: offset, mean, variance for 4 maps = 12; one product a value = 768.
    assert rows["module1_norm"][1:] == ((16, 12, 4), 12, 768, (5, 3))
    assert rows["module1_pool"][1:] == ((8, 6, 4), 0, 0, (6, 4))
    # conv 3×3 on 8×6: 6×4; sees 6+2·2 by 4+2·2.
    assert rows["module2_conv"][1:] == ((6, 4, 6), 216, 6 * 4 * 6 * 36, (10, 8))
    assert rows["module2_pool"].output_shape == (3, 2, 6)
    assert rows["scores"][2:] == (36 * 2 + 2, 72, (20, 14))


def test_overlapping_pooling_sees_further_by_a_smaller_step():
    model = build_cnn((9, 9, 1), 2, filters=(1, 1), pool_size=3, pool_strides=1, padding="valid", kernel_size=2)
    rows = {row.name: row for row in layer_table(model)}
    assert rows["module1_pool"][1:] == ((6, 6, 1), 0, 0, (4, 4))  # 2 + (3-1)·1
    assert rows["module2_conv"].receptive_field == (5, 5)  # the step is still one pixel


@pytest.mark.parametrize("filters", [(3,), (3, 5), (2, 3, 4, 5), (1, 1, 1, 1, 1)])
@pytest.mark.parametrize(
    "options",
    [{}, {"batch_norm": True, "dropout": 0.1}, {"global_pooling": True, "dense_units": (7, 6, 5)}, {"kernel_size": 5}],
)
def test_parameters_add_up(filters, options):
    model = build_cnn((32, 32, 3), 4, filters=filters, **options)
    # Keras counts the state of dropout's random numbers among the weights, but not among the parameters.
    assert sum(row.parameters for row in layer_table(model)) == model.count_params()


@pytest.mark.parametrize("row", ["module1_conv", "module1_pool", "module2_conv", "module2_pool"])
def test_receptive_field_is_what_really_changes_a_value(row):
    """Change one pixel at a time; those that reach the middle value of the layer span its receptive field."""
    model = build_cnn((21, 21, 1), 2, filters=(2, 2), seed=0)
    for name in ("module1_conv", "module2_conv"):  # all weights positive: nothing cancels, nothing is cut off
        layer = model.get_layer(name)
        layer.set_weights([np.abs(weight) + 0.1 for weight in layer.get_weights()])
    probe = keras.Model(model.inputs[0], model.get_layer(row).output)
    image = np.full((1, 21, 21, 1), 100, np.float32)
    changed = np.repeat(image, 21, axis=0)
    changed[np.arange(21), 10, np.arange(21)] = 50_000  # each copy has one pixel of the middle row lit
    out = keras.ops.convert_to_numpy(probe(changed))
    plain = keras.ops.convert_to_numpy(probe(image))[0]
    reached = (np.abs(out - plain).sum(axis=-1) > 1e-3).any(axis=1)  # (pixel, column of the map)
    middle = out.shape[2] // 2
    expected = next(entry for entry in layer_table(model) if entry.name == row).receptive_field[1]
    assert reached[:, middle].sum() == expected


def test_table_prints_with_totals():
    text = str(layer_table(build_cnn((32, 32, 3), 10, filters=(32, 64))))
    assert text.splitlines()[0].split() == ["layer", "output", "parameters", "multiply-adds", "sees"]
    assert text.splitlines()[-1].split() == ["total", "282,250", "5,866,112"]


def test_table_says_what_it_does_not_know():
    model = keras.Sequential(
        [keras.Input((8, 8, 2)), keras.layers.DepthwiseConv2D(3, name="odd"), keras.layers.Flatten(name="flat")]
    )
    odd, flat = layer_table(model)
    assert (odd.multiply_adds, odd.receptive_field, flat.receptive_field) == (None, None, None)
    assert "?" in str(layer_table(model))


def test_table_refuses_what_is_no_chain():
    with pytest.raises(ValueError, match=r"not built yet.*keras\.Input"):
        layer_table(keras.Sequential([keras.layers.Dense(2)]))
    entrance = keras.Input((4, 4, 1))
    joined = keras.layers.Add(name="both")([keras.layers.ReLU()(entrance), entrance])
    with pytest.raises(ValueError, match="'both' has several inputs"):
        layer_table(keras.Model(entrance, joined))


# Wrong use --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"input_shape": (32, 32)}, r"\(height, width, channels\).*Received input_shape=\(32, 32\)"),
        ({"input_shape": (32, 0, 3)}, "three positive integers"),
        ({"num_classes": 1}, "num_classes must be an integer of 2 or more"),
        ({"num_classes": True}, "num_classes"),
        ({"filters": ()}, r"1 to 6 of them\. Received 0"),
        ({"filters": (1,) * 7}, "Received 7"),
        ({"filters": (8, 0)}, r"positive integer\. Received \(8, 0\)"),
        ({"filters": (8, 2.5)}, r"positive integer\. Received \(8, 2.5\)"),
        ({"filters": "32,64"}, "must be a sequence of integers"),
        ({"kernel_size": [3, 3]}, r"one value or one per module\. Received 2 values for 3"),
        ({"kernel_size": 0}, "kernel_size must be a positive integer"),
        ({"pool_size": (2, 2, 2, 2)}, "Received 4 values for 3 modules"),
        ({"pool_strides": -1}, "pool_strides must be a positive integer"),
        ({"padding": "full"}, '"same" or "valid"'),
        ({"dense_units": (1, 2, 3, 4)}, "0 to 3 of them"),
        ({"dropout": 1.0}, r"up to, but not including, 1\. Received dropout=1\.0"),
        ({"dropout": "half"}, "Received dropout='half'"),
    ],
)
def test_wrong_values_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        build_cnn(**{"input_shape": (32, 32, 3), "num_classes": 10, **arguments})


def test_pooling_the_image_away_names_the_module_and_a_way_out():
    with pytest.raises(ValueError, match=r"2×2 max pooling of module 4 leaves nothing of its 1×1.*Use 3 modules"):
        build_cnn((8, 8, 1), 2, filters=(4, 4, 4, 4))
    with pytest.raises(ValueError, match=r"module 1 leaves nothing of its 3×3.*Use a smaller pool_size for module 1"):
        build_cnn((3, 3, 1), 2, filters=(4,), pool_size=4)
    with pytest.raises(ValueError, match=r"3×3 filters of module 2 are larger than its 2×2.*padding='same'"):
        build_cnn((6, 6, 1), 2, filters=(4, 4), padding="valid")


def test_the_largest_network_that_fits_is_built():
    assert build_cnn((64, 64, 1), 2, filters=(1,) * 6).get_layer("module6_pool").output.shape == (None, 1, 1, 1)
    assert build_cnn((10, 10, 1), 2, filters=(1, 1), padding="valid").get_layer("module2_pool").output.shape[1] == 1
