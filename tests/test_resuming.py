"""A training that is cut off goes on as if nothing had been: kills, damaged files, full disks, interrupts, memory.

The slow counterparts, with real kills at many moments, are in tests/stress.
"""

import errno
import json
import signal
import subprocess
import sys
import threading
from dataclasses import replace

import numpy as np
import pytest

from practicum import checkpoints, coach, compiling, distribution, pace, runs, training
from practicum.backend import is_out_of_memory, keras
from practicum.batches import Batches
from practicum.checkpoints import Checkpoint, TrainingError, newest_checkpoint, save_checkpoint
from practicum.coach import Coach
from practicum.dataset import Split
from practicum.evaluation import evaluate
from practicum.model import build_cnn
from practicum.training import train

EPOCHS, STEPS = 4, 8  # tiny_dataset has 128 images; batches of 16


class Killed(BaseException):
    """Stands for SIGKILL: nothing in the project may catch it and tidy up."""


@pytest.fixture(autouse=True)
def _checkpoint_every_epoch(monkeypatch):
    monkeypatch.setattr(coach, "CHECKPOINT_SECONDS", 0)


def network(seed=0, **options):
    settings = {"filters": (4, 6), "dense_units": (8,), "dropout": 0.3, "batch_norm": True, **options}
    return build_cnn((12, 12, 1), 2, seed=seed, **settings)


def quick(model, dataset, **options):
    settings = {"epochs": EPOCHS, "batch_size": 16, "augment": True, "label_smoothing": 0.1, "show_progress": False}
    return train(model, dataset, **{**settings, **options})


def at_step(monkeypatch, number, action):
    """Let action happen after so many steps, counted from now."""
    count = iter(range(1, 1_000_000))
    original = Coach.on_train_batch_end

    def step(self, batch, logs=None):
        original(self, batch, logs)
        if next(count) == number:
            action(self)

    monkeypatch.setattr(Coach, "on_train_batch_end", step)


def kill(_):
    raise Killed


def cut_off(dataset, folder, number, **options):
    """A run in folder that is killed after so many steps."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        at_step(monkeypatch, number, kill)
        with pytest.raises(Killed):
            quick(network(), dataset, run_dir=folder, **options)


def assert_same_history(one, other):
    assert {**one.history, "seconds": None} == {**other.history, "seconds": None}


def assert_same_weights(one, other):
    for array, other_array in zip(one.get_weights(), other.get_weights(), strict=True):
        assert np.array_equal(array, other_array)


@pytest.fixture(scope="module")
def unbroken(tiny_dataset):
    model = network()
    return model, quick(model, tiny_dataset)


# Killed -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [1, STEPS, STEPS + 1, 2 * STEPS + 5, EPOCHS * STEPS])
def test_a_killed_run_ends_with_the_same_weights_bit_for_bit(tiny_dataset, unbroken, tmp_path, number):
    cut_off(tiny_dataset, tmp_path, number)
    expected_model, expected = unbroken
    model = network(seed=5)  # whatever it begins with, the checkpoint replaces; before the first, the seed decides
    resumed = quick(model if number > STEPS else network(), tiny_dataset, run_dir=tmp_path)
    assert resumed.epochs == EPOCHS
    assert resumed.best_epoch == expected.best_epoch
    assert_same_history(resumed, expected)
    if number > STEPS:
        assert_same_weights(model, expected_model)
    assert not list(tmp_path.glob("checkpoint-*")), "a finished run needs none"
    assert runs.read_result(tmp_path) == resumed


def test_a_run_killed_three_times_is_the_same_too(tiny_dataset, unbroken, tmp_path):
    for number in (STEPS + 2, STEPS + 1, STEPS + 7):
        cut_off(tiny_dataset, tmp_path, number)
    model = network()
    assert_same_history(quick(model, tiny_dataset, run_dir=tmp_path), unbroken[1])
    assert_same_weights(model, unbroken[0])


def test_seconds_go_on_counting(tiny_dataset, tmp_path):
    cut_off(tiny_dataset, tmp_path, 3 * STEPS + 1)
    before = newest_checkpoint(tmp_path)[0].facts["seconds"]
    result = quick(network(), tiny_dataset, run_dir=tmp_path)
    assert result.seconds > before
    assert result.history["seconds"] == sorted(result.history["seconds"])


def test_what_auto_chose_is_kept(tiny_dataset, tmp_path, monkeypatch):
    from practicum import training

    monkeypatch.setattr(training, "fastest_precision", lambda: "mixed_bfloat16")
    cut_off(tiny_dataset, tmp_path, STEPS + 1)
    monkeypatch.setattr(training, "fastest_precision", lambda: "float32")
    assert quick(network(), tiny_dataset, run_dir=tmp_path).precision == "mixed_bfloat16"


@pytest.mark.parametrize("chosen", [True, False])
def test_whether_auto_augments_is_kept(tiny_dataset, tmp_path, monkeypatch, chosen):
    """Under a time budget the speed of the first steps decides; after a kill there is less time, and it must not."""
    monkeypatch.setattr(pace, "TIMES_TO_TAKE", 3)
    monkeypatch.setattr(pace, "AUGMENT_FROM", 2 if chosen else 1_000_000)
    cut_off(tiny_dataset, tmp_path, 2 * STEPS + 1, augment="auto", time_budget=600)
    facts = newest_checkpoint(tmp_path)[0].facts
    assert (facts["augment"], facts["augment_is_decided"]) == (chosen, True)
    monkeypatch.setattr(pace, "AUGMENT_FROM", 1_000_000 if chosen else 1)
    resumed = quick(network(), tiny_dataset, run_dir=tmp_path, augment="auto", time_budget=600)
    assert resumed.augmented is chosen


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"epochs": 5}, "epochs was 4 and is now 5"),
        ({"augment": False}, "augment was True and is now False"),
        ({"seed": 1}, "seed was 0 and is now 1"),
        ({"learning_rate": 0.01}, "learning_rate was 0.002 and is now 0.01"),
        ({"precision": "mixed_bfloat16"}, "precision was 'auto'"),
    ],
)
def test_an_unfinished_run_of_other_settings_is_refused(tiny_dataset, tmp_path, changed, message):
    cut_off(tiny_dataset, tmp_path, STEPS + 1)
    with pytest.raises(ValueError, match=message):
        quick(network(), tiny_dataset, run_dir=tmp_path, **changed)
    assert newest_checkpoint(tmp_path)[0].epoch == 1, "nothing is lost by asking"


def test_another_network_of_as_many_parameters_is_refused(tiny_dataset, tmp_path):
    cut_off(tiny_dataset, tmp_path, STEPS + 1)
    with pytest.raises(ValueError, match=r"network was \['\d+: Dropout rate=0.3 .* and is now .*rate=0.1"):
        quick(network(dropout=0.1), tiny_dataset, run_dir=tmp_path)


def test_other_data_of_the_same_name_is_refused(tiny_dataset, tmp_path):
    cut_off(tiny_dataset, tmp_path, STEPS + 1)
    turned_round = Split(tiny_dataset.train.images, 1 - tiny_dataset.train.labels)
    with pytest.raises(ValueError, match="training_labels was"):
        quick(network(), replace(tiny_dataset, train=turned_round), run_dir=tmp_path)


FORGETFUL = {"epochs": 6, "learning_rate": 0.01, "augment": False, "label_smoothing": 0.0}


@pytest.fixture
def forgetful(monkeypatch):
    """In the second half of a training the rate is so high that the network forgets what it knew."""
    monkeypatch.setattr(pace, "one_cycle", lambda share_done: 1.0 if share_done < 0.5 else 500.0)
    return lambda: network(batch_norm=False, dropout=0.0)


def test_the_best_epoch_before_the_kill_is_not_forgotten(tiny_dataset, tmp_path, forgetful):
    whole_model = forgetful()
    whole = quick(whole_model, tiny_dataset, **FORGETFUL)
    assert whole.best_epoch <= 4, "the later epochs must be worse for this test to tell anything"
    assert whole.validation_accuracy > 0.8
    with pytest.MonkeyPatch.context() as monkeypatch:
        at_step(monkeypatch, 5 * STEPS + 1, kill)
        with pytest.raises(Killed):
            quick(forgetful(), tiny_dataset, run_dir=tmp_path, **FORGETFUL)
    model = forgetful()
    resumed = quick(model, tiny_dataset, run_dir=tmp_path, **FORGETFUL)
    assert (resumed.best_epoch, resumed.validation_accuracy) == (whole.best_epoch, whole.validation_accuracy)
    assert_same_weights(model, whole_model)
    assert evaluate(model, tiny_dataset.validation).accuracy == whole.validation_accuracy


@pytest.mark.parametrize("number", [1, STEPS + 1])
def test_a_restarted_run_that_is_killed_goes_on_with_the_restarted_one(tiny_dataset, tmp_path, number):
    """Checkpoints of the run before have higher numbers; they may neither win nor push out the new ones."""
    cut_off(tiny_dataset, tmp_path, 3 * STEPS + 1)
    cut_off(tiny_dataset, tmp_path, number, restart=True, learning_rate=0.004)
    fresh_model, model = network(), network()
    fresh = quick(fresh_model, tiny_dataset, learning_rate=0.004)
    assert_same_history(quick(model, tiny_dataset, run_dir=tmp_path, learning_rate=0.004), fresh)
    assert_same_weights(model, fresh_model)


def test_a_damaged_checkpoint_does_not_take_the_place_of_a_whole_one(tiny_dataset, tmp_path):
    cut_off(tiny_dataset, tmp_path, 2 * STEPS + 1)
    (tmp_path / "checkpoint-000009.npz").write_bytes(b"damaged")
    cut_off(tiny_dataset, tmp_path, STEPS + 1)
    assert sorted(path.name[-7:-4] for path in tmp_path.glob("checkpoint-*")) == ["002", "003"]


def test_files_that_no_training_left_are_not_replaced(tiny_dataset, tmp_path):
    (tmp_path / "model.keras").write_bytes(b"a learner's own")
    with pytest.raises(ValueError, match=r"no settings\.json that can be read.*restart=True to replace"):
        quick(network(), tiny_dataset, run_dir=tmp_path)
    assert (tmp_path / "model.keras").read_bytes() == b"a learner's own"


def test_a_model_is_kept_until_there_is_a_better_one(tiny_dataset, tmp_path):
    cut_off(tiny_dataset, tmp_path, 3 * STEPS + 1)
    for path in tmp_path.glob("checkpoint-*"):
        path.write_bytes(b"")
    before = (tmp_path / "model.keras").read_bytes()
    cut_off(tiny_dataset, tmp_path, 2)
    assert (tmp_path / "model.keras").read_bytes() == before
    with pytest.raises(ValueError, match="other settings: epochs was 4 and is now 5"):
        quick(network(), tiny_dataset, run_dir=tmp_path, epochs=5)


def test_layers_without_names_are_the_same_network_when_built_again(tiny_dataset, tmp_path):
    def mine():
        parts = [keras.layers.Conv2D(4, 3), keras.layers.Flatten(), keras.layers.Dense(2, "softmax")]
        return keras.Sequential([keras.Input((12, 12, 1)), keras.layers.Rescaling(1 / 255), *parts])

    with pytest.MonkeyPatch.context() as monkeypatch:
        at_step(monkeypatch, STEPS + 1, kill)
        with pytest.raises(Killed):
            quick(mine(), tiny_dataset, run_dir=tmp_path)
    again = quick(mine(), tiny_dataset, run_dir=tmp_path)
    assert again.epochs == EPOCHS
    assert quick(mine(), tiny_dataset, run_dir=tmp_path) == again


def test_other_pixels_with_the_same_labels_are_refused(tiny_dataset, tmp_path):
    cut_off(tiny_dataset, tmp_path, STEPS + 1)
    turned = Split(tiny_dataset.train.images[:, ::-1], tiny_dataset.train.labels)
    with pytest.raises(ValueError, match=r"pixels was .* and is now"):
        quick(network(), replace(tiny_dataset, train=turned), run_dir=tmp_path)
    fewer = Split(tiny_dataset.validation.images[:-1], tiny_dataset.validation.labels[:-1])
    with pytest.raises(ValueError, match=r"validation_labels was .* and is now"):
        quick(network(), replace(tiny_dataset, validation=fewer), run_dir=tmp_path)


def test_restart_leaves_nothing_of_an_unfinished_run(tiny_dataset, unbroken, tmp_path):
    cut_off(tiny_dataset, tmp_path, 2 * STEPS + 1)
    model = network()
    assert_same_history(quick(model, tiny_dataset, run_dir=tmp_path, restart=True), unbroken[1])
    assert_same_weights(model, unbroken[0])


# Damaged files ----------------------------------------------------------------------------------------------------


def flip_a_bit(content):
    changed = bytearray(content)
    changed[len(changed) // 2] ^= 1
    return bytes(changed)


DAMAGES = {
    "cut short": lambda content: content[: len(content) // 2],
    "without its end": lambda content: content[:-30],
    "empty": lambda content: b"",
    "one bit": flip_a_bit,
    "something else": lambda content: b"<html>not found</html>",
    "zeros": lambda content: bytes(len(content)),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_falls_back_to_the_one_before(tiny_dataset, unbroken, tmp_path, damage, capsys):
    cut_off(tiny_dataset, tmp_path, 3 * STEPS + 1)
    newest = tmp_path / "checkpoint-000003.npz"
    newest.write_bytes(DAMAGES[damage](newest.read_bytes()))
    model = network()
    resumed = quick(model, tiny_dataset, run_dir=tmp_path, show_progress=True)
    assert "checkpoint-000003.npz is damaged" in (said := capsys.readouterr().err)
    assert "going on after epoch 2" in said
    assert_same_history(resumed, unbroken[1])
    assert_same_weights(model, unbroken[0])


def test_with_both_checkpoints_damaged_it_begins_anew_and_says_so(tiny_dataset, unbroken, tmp_path, capsys):
    cut_off(tiny_dataset, tmp_path, 3 * STEPS + 1)
    for path in tmp_path.glob("checkpoint-*"):
        path.write_bytes(b"")
    assert_same_history(quick(network(), tiny_dataset, run_dir=tmp_path, show_progress=True), unbroken[1])
    said = capsys.readouterr().err
    assert said.count("is damaged") == 2
    assert "training begins anew" in said


def test_a_pickle_in_a_checkpoint_is_not_run(tiny_dataset, tmp_path):
    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("a pickle was loaded",))

    cut_off(tiny_dataset, tmp_path, 3 * STEPS + 1)
    np.savez(tmp_path / "checkpoint-000003.npz", facts=np.array([Trap()], dtype=object))
    found, remarks = newest_checkpoint(tmp_path)
    assert found.epoch == 2
    assert "checkpoint-000003.npz is damaged" in remarks[0]


def test_checkpoints_without_their_settings_are_not_guessed_at(tiny_dataset, tmp_path):
    cut_off(tiny_dataset, tmp_path, STEPS + 1)
    (tmp_path / "settings.json").write_text("{")
    with pytest.raises(ValueError, match=r"no settings\.json that can be read.*restart=True"):
        quick(network(), tiny_dataset, run_dir=tmp_path)


def test_a_checkpoint_of_another_network_is_named(tiny_dataset, tmp_path):
    cut_off(tiny_dataset, tmp_path, STEPS + 1)
    newest = newest_checkpoint(tmp_path)[0]
    save_checkpoint(tmp_path, Checkpoint(1, newest.variables[:-1], newest.best, newest.facts))
    with pytest.raises(ValueError, match="is of another network"):
        quick(network(), tiny_dataset, run_dir=tmp_path)


def test_a_damaged_model_of_a_finished_run_is_named(tiny_dataset, tmp_path):
    quick(network(), tiny_dataset, run_dir=tmp_path, epochs=1)
    path = tmp_path / "model.keras"
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(ValueError, match=r"model\.keras cannot be read.*restart=True"):
        quick(network(), tiny_dataset, run_dir=tmp_path, epochs=1)


# The disk ---------------------------------------------------------------------------------------------------------


def test_only_two_checkpoints_are_kept_and_each_is_whole(tmp_path):
    for epoch in range(1, 6):
        save_checkpoint(tmp_path, Checkpoint(epoch, [np.arange(epoch)], [np.float32(1)], {"table": {}}))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint-000004.npz", "checkpoint-000005.npz"]
    found, remarks = newest_checkpoint(tmp_path)
    assert (found.epoch, found.variables[0].tolist(), found.facts, remarks) == (5, [0, 1, 2, 3, 4], {"table": {}}, [])


@pytest.mark.parametrize("failing", ["savez", "fsync", "replace", "model"])
def test_a_full_disk_is_named_and_what_was_saved_stays(tiny_dataset, unbroken, tmp_path, monkeypatch, failing):
    cut_off(tiny_dataset, tmp_path, 2 * STEPS + 1)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full(*arguments, **options):
        raise OSError(errno.ENOSPC, "No space left on device")

    def h5py_full(self, path):
        path.write_bytes(b"half")
        raise RuntimeError("unable to write: errno = 28, error message = 'No space left on device'")

    model = network()
    with pytest.MonkeyPatch.context() as fault:
        if failing == "savez":
            fault.setattr(checkpoints.np, "savez", full)
        elif failing == "fsync":
            fault.setattr(checkpoints.os, "fsync", lambda number: full() if number > 2 else None)
            fault.setattr(runs, "write_json", lambda path, content: None)
        elif failing == "replace":
            fault.setattr(checkpoints.Path, "replace", full)
            fault.setattr(runs, "write_json", lambda path, content: None)
        else:
            fault.setattr(keras.Sequential, "save", h5py_full)
            fault.setattr(Coach, "on_epoch_end", ruin_nothing_but_claim_a_new_best(Coach.on_epoch_end))
        with pytest.raises(TrainingError, match=r"No space left on device.*Make room, then call train again"):
            quick(model, tiny_dataset, run_dir=tmp_path)
    for name, content in before.items():
        if name.startswith(("checkpoint", "model")) and (tmp_path / name).exists():
            assert (tmp_path / name).read_bytes() == content
    assert not list(tmp_path.glob(".partial*"))
    assert newest_checkpoint(tmp_path)[0] is not None
    resumed = network()
    assert_same_history(quick(resumed, tiny_dataset, run_dir=tmp_path), unbroken[1])
    assert_same_weights(resumed, unbroken[0])


def test_a_disk_that_is_full_at_the_very_end_leaves_the_best_weights(
    tiny_dataset, tmp_path, monkeypatch, forgetful, capsys
):
    """The last epochs are the worst; then neither history nor model can be written."""
    monkeypatch.setattr(coach, "CHECKPOINT_SECONDS", 1000)
    expected = forgetful()
    assert quick(expected, tiny_dataset, **FORGETFUL).best_epoch <= 4

    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    model = forgetful()
    with pytest.MonkeyPatch.context() as fault:
        fault.setattr(Coach, "finish", full_disk_during(Coach.finish, fault, full))
        with pytest.raises(TrainingError, match="the model in memory holds its best weights so far"):
            quick(model, tiny_dataset, run_dir=tmp_path, show_progress=True, **FORGETFUL)
    assert_same_weights(model, expected)
    assert capsys.readouterr().err.rstrip().endswith("stopped by an error"), "the display is closed"


def full_disk_during(original, fault, full):
    def finish(self):
        fault.setattr(checkpoints.Path, "replace", full)
        return original(self)

    return finish


def ruin_nothing_but_claim_a_new_best(original):
    def on_epoch_end(self, epoch, logs=None):
        self.model_is_saved = False
        original(self, epoch, logs)

    return on_epoch_end


# Interrupted ------------------------------------------------------------------------------------------------------


def press_stop(_=None):
    signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("number", [1, STEPS - 1, STEPS, STEPS + 3, EPOCHS * STEPS])
def test_an_interrupted_run_stops_cleanly_and_goes_on(tiny_dataset, unbroken, tmp_path, monkeypatch, number):
    model = network()
    with pytest.MonkeyPatch.context() as fault:
        at_step(fault, number, press_stop)
        result = quick(model, tiny_dataset, run_dir=tmp_path)
    done = (number + 1) // STEPS  # the button is pressed after a step, and seen after the next one
    if number == EPOCHS * STEPS:
        assert result.stopped_by == "epochs", "it came too late"
    else:
        assert result.stopped_by == "interrupt"
        assert runs.read_result(tmp_path) is None
    assert result.epochs == done
    assert {len(values) for values in result.history.values()} == {done}
    if done:
        assert evaluate(model, tiny_dataset.validation).accuracy == pytest.approx(result.validation_accuracy)
        assert json.loads((tmp_path / "history.json").read_text()) == result.history
        saved = keras.saving.load_model(tmp_path / "model.keras")
        assert evaluate(saved, tiny_dataset.validation).accuracy == pytest.approx(result.validation_accuracy)
    else:
        assert result.best_epoch == 0
        assert np.isnan(result.validation_accuracy)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    again = network()
    assert_same_history(quick(again, tiny_dataset, run_dir=tmp_path), unbroken[1])
    assert_same_weights(again, unbroken[0])


@pytest.mark.parametrize(
    ("module", "place"), [(distribution, "predict"), (coach, "save_checkpoint"), (coach, "save_model")]
)
def test_an_interrupt_beside_the_steps_is_not_lost(tiny_dataset, unbroken, tmp_path, module, place):
    original, pressed = getattr(module, place), []

    def interrupted(*arguments, **options):
        if not pressed:
            pressed.append(True)
            press_stop()
        return original(*arguments, **options)

    with pytest.MonkeyPatch.context() as fault:
        fault.setattr(module, place, interrupted)
        result = quick(network(), tiny_dataset, run_dir=tmp_path)
    assert result.stopped_by == "interrupt"
    assert result.epochs == 1
    again = network()
    assert_same_history(quick(again, tiny_dataset, run_dir=tmp_path), unbroken[1])
    assert_same_weights(again, unbroken[0])


def test_an_interrupt_while_it_saves_at_the_end_changes_nothing(tiny_dataset, unbroken, tmp_path):
    model = network()
    with pytest.MonkeyPatch.context() as fault:
        original = runs.save_model
        fault.setattr(coach, "save_model", lambda *arguments: (press_stop(), original(*arguments)))
        fault.setattr(coach, "CHECKPOINT_SECONDS", 1000)
        result = quick(model, tiny_dataset, run_dir=tmp_path)
    assert result.stopped_by == "epochs"
    assert runs.read_result(tmp_path) == result
    assert_same_weights(model, unbroken[0])


def test_a_second_interrupt_stops_at_once(tiny_dataset, unbroken, tmp_path):
    def twice(_):
        press_stop()
        press_stop()

    model = network()
    with pytest.MonkeyPatch.context() as fault:
        at_step(fault, STEPS + 2, twice)
        result = quick(model, tiny_dataset, run_dir=tmp_path)
    assert (result.stopped_by, result.epochs) == ("interrupt", 1)
    again = network()
    assert_same_history(quick(again, tiny_dataset, run_dir=tmp_path), unbroken[1])
    assert_same_weights(again, unbroken[0])


def test_in_a_thread_and_under_another_handler_signals_are_left_alone(tiny_dataset):
    seen = []
    at_work = threading.Thread(target=lambda: seen.append(quick(network(), tiny_dataset, epochs=1).stopped_by))
    at_work.start()
    at_work.join()

    def mine(number, frame):
        seen.append("mine")

    signal.signal(signal.SIGINT, mine)
    try:
        with pytest.MonkeyPatch.context() as fault:
            at_step(fault, 2, press_stop)
            seen.append(quick(network(), tiny_dataset, epochs=1).stopped_by)
        assert signal.getsignal(signal.SIGINT) is mine
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    assert seen == ["epochs", "mine", "epochs"]


# Memory and numbers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error",
    [
        MemoryError("Unable to allocate 9.3 GiB"),
        RuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate"),
        type("ResourceExhaustedError", (Exception,), {})("OOM when allocating tensor with shape[4096,32]"),
    ],
)
def test_out_of_memory_names_what_to_try_and_goes_on_with_it(tiny_dataset, tmp_path, error):
    def exhaust(_):
        raise error

    model = network()
    with pytest.MonkeyPatch.context() as fault:
        at_step(fault, 2 * STEPS + 1, exhaust)
        with pytest.raises(TrainingError, match=r"batch_size=16 with images of 12×12.*batch_size=4, or images of 8×8"):
            quick(model, tiny_dataset, run_dir=tmp_path)
    smaller = quick(network(), tiny_dataset, run_dir=tmp_path, batch_size=4, show_progress=True)
    assert smaller.epochs == EPOCHS
    assert smaller.history["seconds"] == sorted(smaller.history["seconds"])
    assert evaluate(model, tiny_dataset.validation).accuracy > 0.4, "the model holds its best weights so far"


def test_a_batch_that_cannot_fit_is_refused_before_a_step_is_tried(tiny_dataset, tmp_path, monkeypatch):
    """A failing allocation often ends the whole process, so nothing may be tried that needs more than there can be."""
    cut_off(tiny_dataset, tmp_path, 2 * STEPS + 1)
    monkeypatch.setattr(training, "gpu_names", list)
    monkeypatch.setattr(Coach, "on_train_batch_begin", lambda *_: pytest.fail("a step was tried"))
    monkeypatch.setattr(training, "memory_limit", lambda: 10_000)
    with pytest.raises(TrainingError, match=r"batch_size=16 .* Try batch_size=4.* goes on from the last checkpoint"):
        quick(network(), tiny_dataset, run_dir=tmp_path)
    assert newest_checkpoint(tmp_path)[0].epoch == 2
    monkeypatch.undo()
    monkeypatch.setattr(coach, "CHECKPOINT_SECONDS", 0)
    assert quick(network(), tiny_dataset, run_dir=tmp_path, batch_size=4).epochs == EPOCHS


def test_the_least_memory_of_a_step_by_hand():
    """Two modules on 12×12: convolutions give 12×12×4 and 6×6×6 numbers, dense layers 8 and 2, of four bytes each.
    All of them are kept; the gradient of the largest comes beside what is kept at that moment.
    """
    model = build_cnn((12, 12, 1), 2, filters=(4, 6), dense_units=(8,))
    convolutions, dense = (12 * 12 * 4, 6 * 6 * 6), (8, 2)
    kept = sum(convolutions) + sum(dense)
    expected = max(2 * convolutions[0], sum(convolutions) + convolutions[1], kept + dense[1])
    assert compiling.least_step_memory(model, 16) == 16 * 4 * expected
    ways = {"learning_rate": 0.001, "weight_decay": 0.0, "label_smoothing": 0.0}
    half = compiling.compile_for_training(model, precision="mixed_bfloat16", **ways)
    assert compiling.least_step_memory(half, 16) == 16 * 2 * expected


def test_memory_is_limited_by_the_machine_and_by_what_a_process_may_have():
    limit = "import resource; resource.setrlimit(resource.RLIMIT_AS, (8_000_000_000, 8_000_000_000));"
    ask = "from practicum.machine import memory_limit; print(memory_limit())"
    free, bound = (
        int(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
        for code in (ask, limit + ask)
    )
    assert free > 500_000_000
    assert bound == min(free, 8_000_000_000)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), True),
        (RuntimeError("CUDA error: out of memory"), True),
        (RuntimeError("could not create a memory object"), True),
        (RuntimeError("could not execute a primitive"), False),
        (ValueError("memory"), False),
        (OSError(errno.ENOSPC, "No space left on device"), False),
    ],
)
def test_what_counts_as_out_of_memory(error, expected):
    assert is_out_of_memory(error) is expected


# Steps that are taken several at once -----------------------------------------------------------------------------

MANY_STEPS = {"batch_size": 4, "epochs": 3}  # 32 steps an epoch, four at once


@pytest.mark.parametrize("number", [3, 8, 9, 21])
def test_a_run_killed_between_steps_taken_at_once_ends_the_same(tiny_dataset, tmp_path, number):
    expected = network()
    unbroken = quick(expected, tiny_dataset, **MANY_STEPS)
    cut_off(tiny_dataset, tmp_path, number, **MANY_STEPS)
    model = network()
    assert_same_history(quick(model, tiny_dataset, run_dir=tmp_path, **MANY_STEPS), unbroken)
    assert_same_weights(model, expected)


def test_several_steps_at_once_go_through_every_image_once(tiny_dataset, monkeypatch):
    """34 steps an epoch: the last time there are two. Each image counts once, and the callbacks are asked 9 times."""
    images, labels = (np.concatenate([a, a[:6]]) for a in (tiny_dataset.train.images, tiny_dataset.train.labels))
    dataset = replace(tiny_dataset, train=Split(images, labels))
    seen, asked = [], []
    original = Batches._batch

    def noted(self, epoch, order, index):
        batch = original(self, epoch, order, index)
        seen.append(len(batch[1]))
        return batch

    monkeypatch.setattr(Batches, "_batch", noted)
    at = Coach.on_train_batch_begin
    monkeypatch.setattr(
        Coach, "on_train_batch_begin", lambda self, batch, logs=None: asked.append(batch) or at(self, batch)
    )
    quick(network(), dataset, batch_size=4, epochs=2)
    assert seen == [*[4] * 33, 2] * 2
    assert asked == list(range(0, 34, 4)) * 2


@pytest.mark.parametrize(
    ("size", "batch_size", "images", "expected"),
    [
        (32, 128, 45_000, 4),
        (32, 128, 16 * 128, 4),
        (32, 128, 15 * 128, 1),  # an epoch of a few steps: the rate would change too seldom
        (224, 128, 45_000, 1),  # a step of seconds: an interrupt would be seen late
    ],
)
def test_steps_are_taken_at_once_where_they_are_small_and_many(size, batch_size, images, expected):
    model = build_cnn((size, size, 3), 10, filters=(16, 32, 64), global_pooling=True)
    assert compiling.steps_at_once(model, batch_size, images) == expected


def test_a_change_of_batch_size_is_said(tiny_dataset, tmp_path, capsys):
    cut_off(tiny_dataset, tmp_path, STEPS + 1)
    quick(network(), tiny_dataset, run_dir=tmp_path, batch_size=8, show_progress=True)
    assert "going on after epoch 1; batch_size is now 8 (was 16)" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["train", "validation"])
def test_pixels_that_are_no_numbers_are_named_before_anything_is_learned(tiny_dataset, name):
    """Max pooling can hide a NaN from the loss, so that a training would go on and learn nothing."""
    images = getattr(tiny_dataset, name).images.astype(np.float32)
    images[7, 3, 3], images[20, 0, 0] = np.nan, np.inf
    spoilt = replace(tiny_dataset, **{name: Split(images, getattr(tiny_dataset, name).labels)})
    model = network()
    before = model.get_weights()
    with pytest.raises(ValueError, match=rf"2 of the {name} images have pixels that are no numbers.*images\[7\]"):
        quick(model, spoilt)
    assert all(np.array_equal(one, other) for one, other in zip(before, model.get_weights(), strict=True))


def test_a_learning_rate_of_a_million_stops_with_advice(tiny_dataset, tmp_path, capsys):
    model = network()
    before = model.get_weights()
    result = quick(model, tiny_dataset, learning_rate=1e6, epochs=50, run_dir=tmp_path, show_progress=True)
    assert result.stopped_by == "loss is not a number"
    assert "try a smaller learning_rate, such as 100000" in capsys.readouterr().err
    assert result.epochs < 10
    assert all(np.isfinite(weight).all() for weight in model.get_weights())
    if not result.best_epoch:
        assert all(np.array_equal(one, other) for one, other in zip(before, model.get_weights(), strict=True))
