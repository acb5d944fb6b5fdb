"""train and evaluate, on a small network and images made for the purpose."""

import json
import subprocess
import sys
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest

from practicum import coach, compiling, distribution, evaluation, pace, training
from practicum.backend import keras
from practicum.batches import Batches
from practicum.coach import Coach
from practicum.dataset import Split
from practicum.evaluation import Evaluation, cross_entropy, evaluate, predict
from practicum.model import build_cnn
from practicum.pace import one_cycle
from practicum.runs import read_result
from practicum.training import train


def network(seed=0, **options):
    return build_cnn((12, 12, 1), 2, seed=seed, **{"filters": (4, 6), "dense_units": (8,), **options})


def quick(model, dataset, **options):
    return train(model, dataset, **{"epochs": 3, "batch_size": 16, "show_progress": False, **options})


def test_training_learns_what_an_untrained_network_does_not_know(tiny_dataset, tiny_run):
    model, result, _ = tiny_run
    before = evaluate(network(), tiny_dataset.test).accuracy
    after = evaluate(model, tiny_dataset.test).accuracy
    assert before < 0.8 < 0.95 < after
    assert result.validation_accuracy > 0.95
    assert result.epochs == 3


def test_history_is_whole(tiny_run):
    _, result, _ = tiny_run
    assert set(result.history) == {
        *("loss", "accuracy", "validation_loss", "validation_accuracy", "learning_rate", "seconds")
    }
    assert {len(values) for values in result.history.values()} == {3}
    assert result.history["seconds"] == sorted(result.history["seconds"])
    assert result.seconds >= result.history["seconds"][-1]
    assert result.validation_accuracy == max(result.history["validation_accuracy"])
    assert result.stopped_by == "epochs"


def test_run_folder_holds_model_history_and_result(tiny_dataset, tiny_run):
    model, result, folder = tiny_run
    assert json.loads((folder / "history.json").read_text()) == result.history
    assert read_result(folder) == result
    assert not list(folder.glob("*partial*"))
    again = keras.saving.load_model(folder / "model.keras")
    np.testing.assert_allclose(
        predict(again, tiny_dataset.test.images), predict(model, tiny_dataset.test.images), atol=1e-6
    )


def test_plain_keras_gives_the_reported_accuracy_again(tiny_dataset, tiny_run, tmp_path):
    model, _, folder = tiny_run
    np.savez(tmp_path / "test.npz", images=tiny_dataset.test.images, labels=tiny_dataset.test.labels)
    code = (
        "import keras, numpy, sys; d = numpy.load(sys.argv[2]); m = keras.models.load_model(sys.argv[1]);"
        "print((m.predict(d['images'], verbose=0).argmax(1) == d['labels']).mean(), 'practicum' in sys.modules)"
    )
    arguments = [sys.executable, "-c", code, str(folder / "model.keras"), str(tmp_path / "test.npz")]
    printed = subprocess.run(arguments, capture_output=True, text=True, check=True, cwd=tmp_path).stdout.split()
    assert float(printed[0]) == pytest.approx(evaluate(model, tiny_dataset.test).accuracy)
    assert printed[1] == "False"


def test_the_same_seed_gives_the_same_training(tiny_dataset):
    histories = []
    for seed in (3, 3, 4):
        result = quick(network(dropout=0.2), tiny_dataset, augment=True, seed=seed, epochs=2)
        histories.append({name: values for name, values in result.history.items() if name != "seconds"})
    for name, values in histories[0].items():
        np.testing.assert_allclose(values, histories[1][name], rtol=1e-4)
    assert histories[0]["loss"] != histories[2]["loss"]


def test_the_model_ends_with_the_weights_of_its_best_epoch(tiny_dataset, tmp_path, monkeypatch):
    """Ruin the network after its best epoch: what is kept must be from before."""
    model = network()
    original = Coach.on_epoch_end

    def ruin_later_epochs(self, epoch, logs=None):
        original(self, epoch, logs)
        if epoch == 1:
            self.model.set_weights([np.zeros_like(weight) for weight in self.model.get_weights()])

    monkeypatch.setattr(Coach, "on_epoch_end", ruin_later_epochs)
    result = quick(model, tiny_dataset, epochs=3, run_dir=tmp_path)
    assert result.best_epoch <= 2
    assert evaluate(model, tiny_dataset.validation).accuracy == pytest.approx(result.validation_accuracy)
    saved = keras.saving.load_model(tmp_path / "model.keras")
    assert evaluate(saved, tiny_dataset.validation).accuracy == pytest.approx(result.validation_accuracy)


def test_label_smoothing_keeps_the_network_from_being_too_sure(tiny_dataset):
    sureness = []
    for smoothing in (0.0, 0.4):
        model = network()
        result = quick(model, tiny_dataset, epochs=25, label_smoothing=smoothing)
        sureness.append(predict(model, tiny_dataset.test.images).max(axis=1).mean())
        assert evaluate(model, tiny_dataset.test).accuracy > 0.95
    # The best that a network can do against 0.4 spread over two classes is 0.8 for the right one.
    assert sureness[1] < 0.85 < 0.9 < sureness[0]
    # The history is against the real labels, like that of validation, not against the softened ones.
    assert result.history["loss"][-1] == pytest.approx(result.history["validation_loss"][-1], abs=0.08)


def test_target_accuracy_stops_and_is_timed(tiny_dataset):
    result = quick(network(), tiny_dataset, epochs=30, target_accuracy=0.9)
    assert result.stopped_by == "target_accuracy"
    assert result.epochs < 30
    assert result.history["validation_accuracy"][-1] >= 0.9
    assert all(accuracy < 0.9 for accuracy in result.history["validation_accuracy"][:-1])
    assert result.seconds_to_target == result.history["seconds"][-1]
    missed = quick(network(), tiny_dataset, epochs=1, target_accuracy=1.0, learning_rate=1e-9)
    assert missed.seconds_to_target is None
    assert missed.stopped_by == "epochs"


@pytest.mark.parametrize(
    ("preparation", "step", "validation", "saving"),
    [(0, 0.05, 0.05, 0), (3, 0.05, 0.05, 0.2), (0.5, 0.02, 1.5, 0), (0.5, 0.3, 0.3, 0), (1, 0.01, 0.02, 0.4)],
    ids=["all quick", "slow to begin", "slow validation", "slow steps", "slow disk"],
)
def test_a_time_budget_is_kept_and_the_schedule_fits_it(
    tiny_dataset, tmp_path, monkeypatch, preparation, step, validation, saving
):
    """On a clock that only these four costs move: 15 seconds, at most 5 % more, and a rate that went up and down."""
    now = [0.0]
    clock = SimpleNamespace(monotonic=lambda: now[0])
    for module in (coach, training, pace):
        monkeypatch.setattr(module, "time", clock)

    def costs(module, name, seconds, first=0.0):
        original = getattr(module, name)
        due = iter([first])

        def costly(*arguments, **options):
            now[0] += seconds + next(due, 0.0)
            return original(*arguments, **options)

        monkeypatch.setattr(module, name, costly)

    costs(pace.Pace, "end_steps", step, first=preparation)
    costs(distribution, "predict", validation)
    costs(coach, "save_checkpoint", saving)
    folder = tmp_path if saving else None
    result = quick(network(), tiny_dataset, epochs=100_000, time_budget=15, learning_rate=0.002, run_dir=folder)
    assert result.stopped_by == "time_budget"
    assert 14 < result.seconds < 15.75
    rates = result.history["learning_rate"]
    assert max(rates) > 0.0015, "the rate must have been up at its peak"
    assert rates[0] < 0.0005 or result.epochs < 10, "have begun low, however long the preparation took"
    assert rates[-1] < 0.0001, "and have come down when time is up"


def test_the_optimizer_and_the_batches_are_what_was_asked_for(tiny_dataset, monkeypatch):
    made, fed = [], []
    compile_for_training, pipeline = training.compile_for_training, Batches.pipeline
    monkeypatch.setattr(
        training,
        "compile_for_training",
        lambda *args, **options: made.append(compile_for_training(*args, **options)) or made[-1],
    )
    monkeypatch.setattr(Batches, "pipeline", lambda self: fed.append(self) or pipeline(self))
    result = quick(network(), tiny_dataset, augment=True, weight_decay=0.03, learning_rate=0.004, epochs=1, seed=3)
    assert made[0].optimizer.weight_decay == 0.03
    assert (fed[0].augment, fed[0].seed, fed[0].batch_size) == (True, 3, 16)
    assert result.augmented is True
    assert quick(network(), tiny_dataset, epochs=1).augmented is False
    assert fed[1].augment is False


@pytest.mark.parametrize(("epochs", "expected"), [(7, False), (8, True)])
def test_auto_augments_where_images_are_seen_often(tiny_dataset, epochs, expected):
    assert quick(network(), tiny_dataset, augment="auto", epochs=epochs).augmented is expected


def test_the_schedule_rises_and_falls_over_the_epochs(tiny_dataset):
    rates = quick(network(), tiny_dataset, epochs=8, learning_rate=0.001).history["learning_rate"]
    assert max(rates) <= 0.001
    assert int(np.argmax(rates)) in (1, 2)
    assert rates[-1] < 0.0001
    assert one_cycle(0) == pytest.approx(0.01)
    assert one_cycle(0.25) == pytest.approx(1)
    assert one_cycle(1) == pytest.approx(0.01)


def test_a_loss_that_is_no_number_stops_and_keeps_the_best(tiny_dataset, monkeypatch):
    monkeypatch.setattr(pace, "one_cycle", lambda share_done: 1.0 if share_done < 0.5 else 1e36)
    model = network()
    result = quick(model, tiny_dataset, epochs=20, learning_rate=0.002)
    assert result.stopped_by == "loss is not a number"
    assert result.epochs < 15
    assert result.best_epoch <= 10
    assert evaluate(model, tiny_dataset.validation).accuracy == pytest.approx(result.validation_accuracy)
    assert result.validation_accuracy > 0.9


def test_interrupt_keeps_what_was_reached(tiny_dataset, tmp_path, monkeypatch):
    original = Coach.on_train_batch_end

    def interrupt(self, batch, logs=None):
        original(self, batch, logs)
        if self.epoch == 2 and batch == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(Coach, "on_train_batch_end", interrupt)
    model = network()
    result = quick(model, tiny_dataset, epochs=5, run_dir=tmp_path)
    assert result.stopped_by == "interrupt"
    assert result.epochs == 1
    assert evaluate(model, tiny_dataset.validation).accuracy == pytest.approx(result.validation_accuracy)


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_is_for_the_steps_and_leaves_a_float32_network(tiny_dataset, precision, tmp_path, monkeypatch):
    seen = {}
    original = Coach.on_epoch_end

    def look(self, epoch, logs=None):
        seen.update({layer.name: layer.compute_dtype for layer in self.model.layers})
        original(self, epoch, logs)

    monkeypatch.setattr(Coach, "on_epoch_end", look)
    model = network()
    result = quick(model, tiny_dataset, precision=precision, run_dir=tmp_path)
    assert result.precision == precision
    assert seen["module1_conv"] == seen["dense1"] == precision.removeprefix("mixed_")
    assert seen["scores"] == seen["softmax"] == "float32"
    assert {layer.compute_dtype for layer in model.layers} == {"float32"}
    assert evaluate(model, tiny_dataset.test).accuracy > 0.9
    saved = keras.saving.load_model(tmp_path / "model.keras")
    assert {layer.compute_dtype for layer in saved.layers} == {"float32"}


@pytest.mark.parametrize(
    ("gpus", "capability", "features", "expected"),
    [
        (["NVIDIA H100"], (9, 0), set(), "mixed_bfloat16"),
        (["Tesla T4"], (7, 5), {"amx_bf16"}, "mixed_float16"),
        (["Tesla P100"], (6, 0), {"amx_bf16"}, "float32"),
        ([], (0, 0), {"avx2", "amx_bf16"}, "mixed_bfloat16"),
        ([], (0, 0), {"avx512_bf16"}, "mixed_bfloat16"),
        ([], (0, 0), {"avx2", "avx512f"}, "float32"),
    ],
)
def test_auto_precision_goes_by_what_the_machine_has(monkeypatch, gpus, capability, features, expected):
    monkeypatch.setattr(compiling, "gpu_names", lambda: gpus)
    monkeypatch.setattr(compiling, "compute_capability", lambda: capability)
    monkeypatch.setattr(compiling, "processor_features", lambda: frozenset(features))
    assert compiling.fastest_precision() == expected


@pytest.mark.parametrize(
    "settings",
    [
        {"batch_norm": True},
        {"pool_size": 3, "pool_strides": 2, "filters": (3, 4)},
        {"padding": "valid", "batch_norm": True, "dropout": 0.5, "kernel_size": [(3, 2), 3]},
        {"pool_size": [1, 2], "global_pooling": True, "dense_units": ()},
    ],
)
def test_pooling_first_is_the_same_network(settings):
    model = network(**settings)
    random = np.random.default_rng(1)
    model.set_weights([random.uniform(0.1, 1, weight.shape) for weight in model.get_weights()])
    trainer = compiling.compile_for_training(
        model, precision="float32", learning_rate=0.1, weight_decay=0, label_smoothing=0
    )
    order = [layer.name for layer in trainer.layers]
    assert order.index("module2_pool") < order.index("module2_relu"), "otherwise this test would show nothing"
    images = random.integers(0, 256, (5, 12, 12, 1))
    assert np.array_equal(trainer.predict_on_batch(images), model.predict_on_batch(images))


def test_pooling_stays_behind_what_does_not_keep_the_order():
    layers = keras.layers
    stack = [
        layers.Conv2D(2, 3),
        layers.BatchNormalization(),  # its scale may become negative
        layers.MaxPooling2D(2, name="first"),
        layers.Activation("gelu"),  # falls, then rises
        layers.MaxPooling2D(2, strides=1, name="second"),
        layers.ReLU(),
        layers.MaxPooling2D(2, strides=1, name="third"),
        layers.MaxPooling2D((1, 2), name="fourth"),
        layers.Flatten(),
        layers.Dense(2, activation="softmax"),
    ]
    model = keras.Sequential([keras.Input((12, 12, 1)), *stack])
    random = np.random.default_rng(0)
    model.set_weights([random.normal(0, 1, w.shape) ** (2 if "variance" in v.name else 1)
                       for w, v in zip(model.get_weights(), model.weights, strict=True)])  # fmt: skip
    trainer = compiling.compile_for_training(
        model, precision="float32", learning_rate=0.1, weight_decay=0, label_smoothing=0
    )
    kinds = [layer.name if "pool" in type(layer).__name__.lower() else type(layer).__name__ for layer in trainer.layers]
    assert kinds[1:9] == [
        *("Conv2D", "BatchNormalization", "first", "Activation", "second", "third", "fourth", "ReLU"),
    ]
    images = random.normal(0, 1, (5, 12, 12, 1))
    assert np.array_equal(trainer.predict_on_batch(images), model.predict_on_batch(images))


def test_a_layer_that_cannot_be_copied_is_named(tiny_dataset):
    wave = keras.layers.Activation(lambda x: keras.ops.cos(x), name="wave")
    flat = [keras.layers.Flatten(), keras.layers.Dense(2, activation="softmax")]
    with pytest.raises(ValueError, match=r"layer 'wave' cannot be copied.*register_keras_serializable"):
        quick(keras.Sequential([keras.Input((12, 12, 1)), wave, *flat]), tiny_dataset)


def test_a_functional_model_is_trained_as_it_is(tiny_dataset):
    keras.utils.set_random_seed(0)
    there = keras.Input((12, 12, 1))
    one, other = (keras.layers.Conv2D(3, size, strides=size, padding="same")(there / 255) for size in (4, 6))
    flat = [keras.layers.Flatten()(branch) for branch in (one, other)]
    model = keras.Model(there, keras.layers.Dense(2, activation="softmax")(keras.layers.Concatenate()(flat)))
    quick(model, tiny_dataset, precision="mixed_bfloat16")
    assert evaluate(model, tiny_dataset.test).accuracy > 0.9


# The run folder ---------------------------------------------------------------------------------------------------


def test_a_finished_run_is_returned_not_repeated(tiny_dataset, tmp_path):
    first = quick(network(), tiny_dataset, run_dir=tmp_path)
    written = (tmp_path / "model.keras").stat().st_mtime_ns
    model = network(seed=9)
    assert quick(model, tiny_dataset, run_dir=tmp_path) == first
    assert (tmp_path / "model.keras").stat().st_mtime_ns == written
    assert evaluate(model, tiny_dataset.validation).accuracy == pytest.approx(first.validation_accuracy)
    _, by_keras = model.evaluate(tiny_dataset.validation.images, tiny_dataset.validation.labels, verbose=0)
    assert by_keras == pytest.approx(first.validation_accuracy)


def test_restart_trains_anew(tiny_dataset, tmp_path):
    first = quick(network(), tiny_dataset, run_dir=tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    second = quick(network(), tiny_dataset, run_dir=tmp_path, restart=True, epochs=1)
    assert second.epochs == 1 != first.epochs
    assert (tmp_path / "notes.txt").read_text() == "mine", "files of others are left alone"


def test_a_run_of_other_settings_is_refused_with_the_difference(tiny_dataset, tmp_path):
    quick(network(), tiny_dataset, run_dir=tmp_path, epochs=1)
    with pytest.raises(ValueError, match=r"other settings: epochs was 1 and is now 2.*restart=True"):
        quick(network(), tiny_dataset, run_dir=tmp_path, epochs=2)


def test_unusable_run_folders_are_named(tiny_dataset, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(ValueError, match="is a file"):
        quick(network(), tiny_dataset, run_dir=tmp_path / "file")
    with pytest.raises(ValueError, match="cannot be written"):
        quick(network(), tiny_dataset, run_dir=tmp_path / "file" / "below")
    (tmp_path / "model.keras").write_text("x")
    (tmp_path / "result.json").write_text('{"half": ')
    with pytest.raises(ValueError, match="no result of a training"):
        quick(network(), tiny_dataset, run_dir=tmp_path)


# Wrong use --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 0}, r"epochs must be a whole number, 1 or more\. Received epochs=0"),
        ({"epochs": 2.5}, "epochs"),
        ({"target_accuracy": 70}, "above 0, at most 1"),
        ({"time_budget": 0}, "seconds, more than 0"),
        ({"batch_size": 0}, "batch_size"),
        ({"learning_rate": -1}, "learning_rate"),
        ({"weight_decay": -1}, "weight_decay must be 0 or more"),
        ({"label_smoothing": 1}, "up to, but not including, 1"),
        ({"precision": "float8"}, "auto, float32, mixed_bfloat16, mixed_float16"),
    ],
)
def test_wrong_settings_are_named(tiny_dataset, options, message):
    with pytest.raises(ValueError, match=message):
        quick(network(), tiny_dataset, **options)


def test_a_dataset_that_does_not_fit_is_refused(tiny_dataset):
    with pytest.raises(ValueError, match=r"expects images \(8, 8, 1\) but those of halves are \(12, 12, 1\)"):
        quick(build_cnn((8, 8, 1), 2, filters=(2,)), tiny_dataset)
    with pytest.raises(ValueError, match=r"tells 5 classes apart but halves has 2.*num_classes=2"):
        quick(build_cnn((12, 12, 1), 5, filters=(2,)), tiny_dataset)


# Evaluation -------------------------------------------------------------------------------------------------------


class Fixed:
    """Answers with given probabilities, whatever the images."""

    def __init__(self, probabilities):
        self.probabilities = np.asarray(probabilities, np.float32)

    def predict_on_batch(self, images):
        return self.probabilities[images[:, 0, 0, 0].astype(int)]


@pytest.fixture
def by_hand():
    """Five images of three classes: answers 0, 0, 1, 2, 1 where 0, 1, 1, 2, 2 is right."""
    probabilities = [[0.8, 0.1, 0.1], [0.9, 0.1, 0.0], [0.2, 0.5, 0.3], [0.0, 0.0, 1.0], [0.1, 0.6, 0.3]]
    images = np.arange(5).reshape(5, 1, 1, 1)
    return evaluate(Fixed(probabilities), Split(images, np.array([0, 1, 1, 2, 2])), ("a", "b", "c"))


def test_evaluation_by_hand(by_hand):
    assert by_hand.accuracy == pytest.approx(3 / 5)
    assert by_hand.confusion.tolist() == [[1, 0, 0], [1, 1, 0], [0, 1, 1]]
    assert by_hand.loss == pytest.approx(-np.log([0.8, 0.1, 0.5, 1.0, 0.3]).mean(), rel=1e-6)
    assert by_hand.predictions.tolist() == [0, 0, 1, 2, 1]
    assert by_hand.most_wrong().tolist() == [1, 4]
    assert by_hand.most_wrong(1).tolist() == [1]
    assert by_hand.class_accuracy() == {"a": 1.0, "b": 0.5, "c": 0.5}
    assert by_hand.most_common_share == pytest.approx(2 / 5)


def test_a_class_without_images_has_no_accuracy():
    split = Split(np.zeros((1, 1, 1, 1)), np.array([0]))
    accuracies = evaluate(Fixed([[1.0, 0.0]]), split, ("a", "b")).class_accuracy()
    assert accuracies["a"] == 1.0
    assert np.isnan(accuracies["b"])


def test_evaluate_agrees_with_keras(tiny_dataset, tiny_run):
    model, _, _ = tiny_run
    loss, accuracy = model.evaluate(tiny_dataset.test.images, tiny_dataset.test.labels, verbose=0)
    ours = evaluate(model, tiny_dataset.test, tiny_dataset.class_names)
    assert isinstance(ours, Evaluation)
    assert ours.accuracy == pytest.approx(accuracy)
    assert ours.loss == pytest.approx(loss, rel=1e-4)


def test_cross_entropy_of_a_certain_mistake_is_large_but_finite():
    assert cross_entropy(np.array([[1.0, 0.0]]), np.array([1])) == pytest.approx(-np.log(1e-7))


def test_evaluate_refuses_what_has_no_answer(tiny_dataset):
    with pytest.raises(ValueError, match="no images"):
        evaluate(network(), Split(np.zeros((0, 12, 12, 1)), np.zeros(0, int)))
    with pytest.raises(ValueError, match="2 classes apart but class_names has 3"):
        evaluate(network(), tiny_dataset.test, ("a", "b", "c"))


def test_predict_goes_through_batches_in_order(monkeypatch):
    monkeypatch.setattr(evaluation, "BATCH", 4)
    monkeypatch.setattr(evaluation, "SMALL_BATCH", 2)
    probabilities = np.random.default_rng(0).random((11, 3))
    for count in (1, 2, 3, 4, 5, 11):
        got = predict(Fixed(probabilities), np.arange(count).reshape(count, 1, 1, 1))
        np.testing.assert_allclose(got, probabilities[:count], rtol=1e-6)
        assert got.dtype == np.float32


def test_predict_prepares_for_two_sizes_only():
    class Sizes(Fixed):
        seen: ClassVar[set] = set()

        def predict_on_batch(self, images):
            self.seen.add(len(images))
            return super().predict_on_batch(images)

    for count in (1, 7, 16, 17, 200, 256, 300, 700):
        predict(Sizes([[1.0, 0.0]]), np.zeros((count, 1, 1, 1)))
    assert Sizes.seen == {16, 256}
