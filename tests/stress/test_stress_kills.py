"""Trainings that are killed, at a step or while they save: nothing of what was saved is lost, and nothing changes."""

import json
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from children import HERE, PROJECT, TIMEOUT, killed, same_arrays, trained

from practicum.backend import keras
from practicum.checkpoints import newest_checkpoint

# Ten steps an epoch, six epochs: the first and last step of all, first and last ones of epochs, and some between.
KILLED_AT = (1, 5, 10, 11, 17, 20, 21, 34, 40, 47, 51, 60)
KILLS_WHILE_SAVING = 50


def test_killed_at_12_steps_a_run_ends_with_the_same_weights(tmp_path, tell):
    """SIGKILL after each of 12 steps, then the same call in a new process: history, best epoch and final weights are
    those of a run that nobody cut off, bit for bit, with shuffling, dropout, augmentation, the schedule, batch
    normalisation, early stopping and the keeping of the best epoch on.
    """
    expected = trained(weights=tmp_path / "unbroken.npz")
    assert len(expected["history"]["loss"]) == 6, "or some kills would come after the end"
    equal = []
    for step in KILLED_AT:
        folder, weights = tmp_path / f"killed-{step}", tmp_path / f"weights-{step}.npz"
        killed(run_dir=folder, kill_at=step)
        epochs_done = (step - 1) // 10  # the kill comes before what follows the last step of an epoch
        found, remarks = newest_checkpoint(folder)
        assert (found.epoch if found else 0, remarks) == (epochs_done, [])
        resumed = trained(run_dir=folder, weights=weights)
        if resumed == {**expected, "resident": resumed["resident"]} and same_arrays(weights, tmp_path / "unbroken.npz"):
            equal.append(step)
    tell(f"killed by SIGKILL after a step, then resumed: {len(equal)} of {len(KILLED_AT)} equal bit for bit")
    assert equal == list(KILLED_AT)


def test_killed_three_times_a_run_ends_with_the_same_weights(tmp_path, tell):
    """One run that is killed, resumed, killed again, three times, equals the unbroken one too."""
    expected = trained(weights=tmp_path / "unbroken.npz")
    for step in (13, 12, 25):  # counted from where it goes on: in epochs 2, 3 and 5
        killed(run_dir=tmp_path / "run", kill_at=step)
    resumed = trained(run_dir=tmp_path / "run", weights=tmp_path / "resumed.npz")
    assert resumed == {**expected, "resident": resumed["resident"]}
    assert same_arrays(tmp_path / "resumed.npz", tmp_path / "unbroken.npz")
    tell("killed three times in one run: equal bit for bit")


def test_killed_50_times_while_saving_there_is_always_a_whole_checkpoint(tmp_path, tell):
    """A child does nothing but save: checkpoint, model, history, each filled with its number. SIGKILL comes after a
    random time, 50 times in the same folder. Each time the newest checkpoint is whole and no older than the last one
    that was reported as saved, the model loads and holds one number only, and so does the history.
    """
    seed = random.randrange(2**32)
    delays = random.Random(seed)
    good = inside = 0
    for number in range(KILLS_WHILE_SAVING):
        command = [sys.executable, str(HERE / "saver.py"), str(tmp_path)]
        with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as child:
            try:
                assert child.stdout.readline().startswith("saved"), "it could not save even once"
                time.sleep(delays.uniform(0, 0.4))
            finally:
                child.send_signal(signal.SIGKILL)
            # What the pipe still holds was written before the kill.
            told = [line for line in child.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
            assert child.wait(TIMEOUT) == -signal.SIGKILL
        last_told = int(told[-1].split()[1]) if told else 0
        inside += any(tmp_path.glob(".partial-*"))

        checkpoint, remarks = newest_checkpoint(tmp_path)
        assert remarks == [], f"kill {number}, seed {seed}"
        filled = {float(value) for array in (*checkpoint.variables, *checkpoint.best) for value in np.unique(array)}
        assert filled == {float(checkpoint.epoch)}, f"kill {number}, seed {seed}"
        assert checkpoint.facts["table"] == {"loss": [checkpoint.epoch]}
        assert checkpoint.epoch >= last_told

        model = keras.saving.load_model(tmp_path / "model.keras")
        (in_model,) = {float(value) for array in model.get_weights() for value in np.unique(array)}
        assert checkpoint.epoch >= in_model >= checkpoint.epoch - 1, f"kill {number}, seed {seed}"
        (in_history,) = json.loads((tmp_path / "history.json").read_text(encoding="utf-8"))["loss"]
        assert checkpoint.epoch >= in_history >= checkpoint.epoch - 1
        good += 1
    tell(
        f"killed while saving: {good} of {KILLS_WHILE_SAVING} left a whole checkpoint, model and history; "
        f"{inside} kills came in the middle of a write ({checkpoint.epoch} saves in all, seed {seed})"
    )
    assert good == KILLS_WHILE_SAVING
    if inside == 0:
        pytest.fail("no kill came in the middle of a write, so this shows nothing")
