"""Filters and feature maps kept while a network learns, against networks that are asked directly."""

import numpy as np
import pytest

from practicum import coach, inspection
from practicum.backend import keras
from practicum.dataset import Dataset, Split
from practicum.inspection import Snapshots
from practicum.model import build_cnn
from practicum.training import train


@pytest.fixture(scope="module")
def dataset():
    draw = np.random.default_rng(0)
    labels = (np.arange(96) % 2).astype(np.int32)
    images = (draw.integers(0, 90, (96, 8, 8, 1)) + 120 * labels[:, None, None, None]).astype(np.uint8)
    split = Split(images, labels)
    return Dataset("two", ("dark", "bright"), split, split, split, "", "")


@pytest.fixture
def model():
    return build_cnn((8, 8, 1), 2, filters=(3, 4), dense_units=(), seed=0)


class Copies(keras.callbacks.Callback):
    """What Snapshots should have seen: all weights, after each epoch."""

    def __init__(self):
        super().__init__()
        self.weights, self.logs = [], []

    def on_epoch_end(self, epoch, logs=None):
        self.weights.append(self.model.get_weights())
        self.logs.append(dict(logs))


def same_as(frame, weights, image, layers):
    """Whether a frame shows a network of these weights."""
    network = build_cnn((8, 8, 1), 2, filters=(3, 4), dense_units=(), seed=5)
    network.set_weights(weights)
    maps = inspection.feature_maps(network, image)
    for layer in layers:
        np.testing.assert_allclose(frame.maps[layer], maps[layer], atol=1e-5)
    assert np.array_equal(frame.filters["module1_conv"], inspection.filters(network, "module1_conv"))


def test_a_frame_before_the_first_epoch_and_one_after_each(model, dataset):
    image = dataset.test.images[1]
    snapshots, copies = Snapshots(image), Copies()
    first = model.get_weights()
    result = train(model, dataset, epochs=4, batch_size=16, callbacks=[snapshots, copies], show_progress=False)
    assert [frame.epoch for frame in snapshots.frames] == [0, 1, 2, 3, 4]
    layers = ["module1_conv", "module1_relu", "module2_relu"]
    assert list(snapshots.frames[0].maps) == layers
    assert list(snapshots.frames[0].filters) == ["module1_conv"]
    for frame, weights in zip(snapshots.frames, [first, *copies.weights], strict=True):
        same_as(frame, weights, image, layers)
    assert not np.array_equal(snapshots.frames[0].filters["module1_conv"], snapshots.frames[4].filters["module1_conv"])
    for logs, accuracy in zip(copies.logs, result.history["validation_accuracy"], strict=True):
        assert logs["val_accuracy"] == accuracy
        assert set(logs) == {"loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds"}


def test_training_is_the_same_with_and_without(dataset):
    def trained(**options):
        network = build_cnn((8, 8, 1), 2, filters=(3,), dropout=0.2, seed=0)
        train(network, dataset, epochs=3, batch_size=16, precision="float32", show_progress=False, **options)
        return network.get_weights()

    for one, other in zip(trained(), trained(callbacks=[Snapshots(dataset.test.images[0])]), strict=True):
        assert np.array_equal(one, other)


def test_keras_own_fit(model, dataset):
    snapshots = Snapshots(dataset.test.images[0], ["module2_pool"], most_maps=2)
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(dataset.train.images, dataset.train.labels, epochs=2, verbose=0, callbacks=[snapshots])
    assert [frame.epoch for frame in snapshots.frames] == [0, 1, 2]
    maps = inspection.feature_maps(model, dataset.test.images[0])
    np.testing.assert_allclose(snapshots.frames[2].maps["module2_pool"], maps["module2_pool"][..., :2], atol=1e-5)
    assert list(snapshots.frames[0].maps) == ["module2_pool"]
    model.fit(dataset.train.images, dataset.train.labels, epochs=4, initial_epoch=2, verbose=0, callbacks=[snapshots])
    assert [frame.epoch for frame in snapshots.frames] == [0, 1, 2, 3, 4], "it went on"
    model.fit(dataset.train.images, dataset.train.labels, epochs=1, verbose=0, callbacks=[snapshots])
    assert [frame.epoch for frame in snapshots.frames] == [0, 1], "it began anew"


@pytest.mark.parametrize(
    ("epochs", "most", "expected"),
    [
        (5, 6, [0, 1, 2, 3, 4, 5]),
        (6, 6, [0, 2, 4, 6]),
        (7, 6, [0, 2, 4, 6, 7]),
        (20, 4, [0, 8, 16, 20]),
        (9, 3, [0, 8, 9]),
    ],
)
def test_long_trainings_are_thinned(model, dataset, epochs, most, expected):
    snapshots = Snapshots(dataset.test.images[0], most_frames=most)
    snapshots.set_model(model)
    snapshots.on_train_begin()
    for epoch in range(epochs):
        snapshots.on_epoch_begin(epoch)
        snapshots.on_epoch_end(epoch)
        assert len(snapshots.frames) <= most
        assert (snapshots.frames[0].epoch, snapshots.frames[-1].epoch) == (0, epoch + 1)
    assert [frame.epoch for frame in snapshots.frames] == expected


def test_what_is_kept_stays_within_so_many_bytes(model, dataset):
    image = dataset.test.images[0]
    one = 4 * (3 * 3 * 3 + 2 * 8 * 8 * 3 + 4 * 4 * 4)  # the first kernel, two layers of 3 maps, one of 4 after pooling
    snapshots = Snapshots(image, most_bytes=5 * one)
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(dataset.train.images, dataset.train.labels, epochs=11, verbose=0, callbacks=[snapshots])
    assert [frame.epoch for frame in snapshots.frames] == [0, 4, 8, 11]
    assert snapshots.bytes() == 4 * one
    model.fit(dataset.train.images, dataset.train.labels, epochs=3, verbose=0, callbacks=[snapshots])
    assert [frame.epoch for frame in snapshots.frames] == [0, 1, 2, 3], "anew, every epoch again"
    least = Snapshots(image, most_bytes=1)
    model.fit(dataset.train.images, dataset.train.labels, epochs=4, verbose=0, callbacks=[least])
    assert [frame.epoch for frame in least.frames] == [0, 4]


def test_callbacks_see_the_weights_of_each_epoch_also_when_the_best_model_was_saved(dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(coach, "CHECKPOINT_SECONDS", 0)  # save after every epoch

    def seen(**options):
        copies = Copies()
        network = build_cnn((8, 8, 1), 2, filters=(3,), seed=0)
        options = {"learning_rate": 0.3, "precision": "float32", "show_progress": False, **options}  # ups and downs
        result = train(network, dataset, epochs=6, batch_size=8, callbacks=[copies], **options)
        return copies.weights, result

    (saved, result), (unsaved, _) = seen(run_dir=tmp_path / "run"), seen()
    assert result.best_epoch < 6, "later epochs are worse, so the saved model is another one"
    for one, other in zip(saved, unsaved, strict=True):
        assert all(np.array_equal(*pair) for pair in zip(one, other, strict=True))
    assert len({weights[0].tobytes() for weights in saved}) == 6


@pytest.mark.parametrize("when", ["on_train_begin", "on_epoch_begin", "on_epoch_end", "on_train_end"])
def test_a_mistake_in_a_callback_loses_nothing(dataset, tmp_path, when):
    def network():
        return build_cnn((8, 8, 1), 2, filters=(3,), seed=0)

    def fail(*_):
        if when in ("on_train_begin", "on_train_end") or _[0] == 2:
            raise RuntimeError("a mistake")

    options = {"epochs": 4, "batch_size": 16, "precision": "float32", "show_progress": False}
    whole, broken, again = network(), network(), network()
    expected = train(whole, dataset, **options)
    mistaken = keras.callbacks.Callback()
    setattr(mistaken, when, fail)
    with pytest.raises(RuntimeError, match="a mistake"):
        train(broken, dataset, **options, run_dir=tmp_path / "run", callbacks=[mistaken])
    epochs = {"on_train_begin": 0, "on_epoch_begin": 2, "on_epoch_end": 3, "on_train_end": 4}[when]
    copies = Copies()
    result = train(again, dataset, **options, run_dir=tmp_path / "run", callbacks=[copies])
    assert len(copies.weights) == 4 - epochs, "it goes on from the last epoch that was learned"
    assert result.history["validation_loss"] == expected.history["validation_loss"]
    for one, other in zip(again.get_weights(), whole.get_weights(), strict=True):
        assert np.array_equal(one, other)


def test_a_training_that_goes_on_shows_the_epochs_that_are_left(dataset, tmp_path):
    def network():
        return build_cnn((8, 8, 1), 2, filters=(3, 4), dense_units=(), seed=0)

    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                raise RuntimeError("a mistake of a learner's own")

    options = {"epochs": 4, "batch_size": 16, "precision": "float32", "show_progress": False}
    whole, copies = network(), Copies()
    train(whole, dataset, **options, callbacks=[copies])
    begun = network()
    with pytest.raises(RuntimeError, match="a mistake of a learner's own"):
        train(begun, dataset, **options, run_dir=tmp_path / "run", callbacks=[Stop()])
    snapshots = Snapshots(dataset.test.images[0])
    again = network()
    train(again, dataset, **options, run_dir=tmp_path / "run", callbacks=[snapshots])
    assert [frame.epoch for frame in snapshots.frames] == [2, 3, 4], "two epochs were saved before the mistake"
    for frame, weights in zip(snapshots.frames, copies.weights[1:], strict=True):
        same_as(frame, weights, dataset.test.images[0], ["module2_relu"])
    for one, other in zip(again.get_weights(), whole.get_weights(), strict=True):
        assert np.array_equal(one, other)
    nothing = Snapshots(dataset.test.images[0])
    train(network(), dataset, **options, run_dir=tmp_path / "run", callbacks=[nothing])
    assert nothing.frames == [], "a finished run has no epochs left"


def test_keras_early_stopping(model, dataset):
    patience = keras.callbacks.EarlyStopping("val_loss", min_delta=10, patience=1)
    result = train(model, dataset, epochs=9, batch_size=16, callbacks=[patience], show_progress=False)
    assert result.stopped_by == "callback"
    assert len(result.history["loss"]) == 2


def begun(network, image, **options):
    """What is kept of a network before its first epoch."""
    snapshots = Snapshots(image, **options)
    snapshots.set_model(network)
    snapshots.on_train_begin()
    snapshots.on_epoch_begin(0)
    return snapshots.frames[0]


def test_of_many_filters_the_first_are_kept(model, dataset):
    frame = begun(model, dataset.test.images[0], most_maps=2, layers=["module2_conv"])
    assert frame.filters["module2_conv"].shape == (3, 3, 3, 2)
    assert frame.maps["module2_conv"].shape == (4, 4, 2)
    wide = build_cnn((8, 8, 1), 2, filters=(20,), seed=0)
    assert begun(wide, dataset.test.images[0]).filters["module1_conv"].shape[-1] == 16


def test_a_layer_may_be_named_by_its_own_name_and_alone(dataset):
    layers = keras.layers
    body = keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(3, 3, name="conv")], name="body")
    network = keras.Sequential([keras.Input((8, 8, 1)), body, layers.Flatten(), layers.Dense(2)])
    frame = begun(network, dataset.test.images[0], layers="conv")
    assert list(frame.filters) == list(frame.maps) == ["body/conv"]


@pytest.mark.parametrize(
    ("after", "kept"),
    [
        (["BatchNormalization", "ReLU"], "relu"),
        (["BatchNormalization"], "batch_normalization"),
        (["ReLU", "BatchNormalization", "MaxPooling2D"], "batch_normalization"),
        (["Dropout", "ReLU"], "conv"),
        (["tanh"], "tanh"),
        (["MaxPooling2D", "ReLU"], "conv"),
    ],
)
def test_what_follows_a_convolution_is_kept_as_far_as_it_belongs_to_it(dataset, after, kept):
    layers = keras.layers
    makes = {"Dropout": lambda: layers.Dropout(0.1), "tanh": lambda: layers.Activation("tanh", name="tanh")}
    own = [
        makes[kind]() if kind in makes else getattr(layers, kind)(name=kind.replace("N", "_n").lower())
        for kind in after
    ]
    first = layers.Conv2D(3, 3, name="conv")
    network = keras.Sequential([keras.Input((8, 8, 1)), first, *own, layers.Flatten(), layers.Dense(2)])
    assert list(begun(network, dataset.test.images[0]).maps) == list(dict.fromkeys(["conv", kept]))


def test_a_network_without_convolutions_keeps_nothing(dataset):
    network = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(2)])
    frame = begun(network, dataset.test.images[0])
    assert (frame.filters, frame.maps) == ({}, {})


def test_the_first_moment_stays_also_where_a_training_goes_on_from_an_odd_epoch(model, dataset):
    snapshots = Snapshots(dataset.test.images[0], most_frames=3)
    snapshots.set_model(model)
    snapshots.on_train_begin()
    for epoch in range(5, 12):
        snapshots.on_epoch_begin(epoch)
        snapshots.on_epoch_end(epoch)
    assert snapshots.frames[0].epoch == 5
    assert snapshots.frames[-1].epoch == 12
    every = [frame.epoch for frame in snapshots.frames]
    snapshots.on_train_begin()  # and goes on: what was thinned stays thinned
    snapshots.on_epoch_begin(12)
    snapshots.on_epoch_end(12)
    assert [frame.epoch for frame in snapshots.frames][: len(every) - 1] == every[:-1]
    assert snapshots.frames[-1].epoch == 13


@pytest.mark.parametrize("bound", [{"most_maps": True}, {"most_frames": True}, {"most_bytes": 0}, {"most_maps": 0}])
def test_bounds_are_whole_numbers(dataset, bound):
    with pytest.raises(ValueError, match=f"{next(iter(bound))} must be a whole number"):
        Snapshots(dataset.test.images[0], **bound)


def test_wrong_use(model, dataset):
    image = dataset.test.images[0]
    with pytest.raises(ValueError, match=r"callbacks is a list of Keras callbacks. Received 'x'"):
        train(model, dataset, callbacks="x")
    with pytest.raises(ValueError, match=r"callbacks is a list of Keras callbacks. 3 is none"):
        train(model, dataset, callbacks=[3])
    with pytest.raises(ValueError, match=r"most_frames must be a whole number of 3 or more. Received 2"):
        Snapshots(image, most_frames=2)
    with pytest.raises(ValueError, match=r"most_maps must be a whole number of 1 or more. Received 0.5"):
        Snapshots(image, most_maps=0.5)
    with pytest.raises(ValueError, match="no layer is called 'x'"):
        train(model, dataset, epochs=1, callbacks=[Snapshots(image, ["x"])], show_progress=False)
    with pytest.raises(ValueError, match=r"Snapshots: flatten gives \(16,\) for each image, which are no feature maps"):
        train(model, dataset, epochs=1, callbacks=[Snapshots(image, ["flatten"])], show_progress=False)
    with pytest.raises(ValueError, match=r"one image of shape \(8, 8, 1\)"):
        train(model, dataset, epochs=1, callbacks=[Snapshots(image[:4])], show_progress=False)
