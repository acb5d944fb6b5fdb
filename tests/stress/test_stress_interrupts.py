"""Ctrl-C in a real terminal and the stop button of a real notebook kernel, at several places of a training."""

import contextlib
import json
import os
import pty
import subprocess
import sys
import time

import pytest
from children import HERE, PROJECT, TIMEOUT, environment
from jupyter_client.manager import KernelManager

TRAIN = ["train", "--data", "emoji", "--filters", "8,8", "--dense", "8", "--epochs", "4", "--batch-size", "64"]
# The terminal of a session belongs to the first process of it that opens it; then Ctrl-C reaches that process.
IN_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
STEP, EPOCH_END = "function:tensorflow/trainer.py", "on_epoch_end:coach.py"
IN_SECOND_EPOCH = f"{EPOCH_END},{STEP},on_train_batch_begin:coach.py,{STEP}"
PLACES = {
    # what is under way: the functions that must have begun, one after the other
    "import": "<module>:keras/src/",
    "first step": "one_step_on_data",
    "in an epoch": IN_SECOND_EPOCH,
    "validation": f"{IN_SECOND_EPOCH},predict:evaluation.py",
    "report": "write_report",
}


def watching(file, places):
    path = os.pathsep.join(filter(None, [str(HERE / "watching"), os.environ.get("PYTHONPATH")]))
    return environment(PYTHONPATH=path, WATCH_FOR=places, WATCH_FILE=str(file))


def wait_for(file, is_alive):
    end = time.monotonic() + TIMEOUT
    while not file.exists():
        assert is_alive(), "it ended before it came to that place"
        assert time.monotonic() < end, "it never came to that place"
        time.sleep(0.002)


def in_terminal(arguments, env=None, press_at=None):
    """Run python -m practicum in a terminal of its own, and press Ctrl-C once press_at exists.

    Returns:
        Exit status, and what stood on the terminal.
    """
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", IN_TERMINAL, "-m", "practicum", *arguments]
    child = subprocess.Popen(
        command, cwd=PROJECT, env=env, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    os.close(theirs)
    os.set_blocking(ours, False)
    shown = b""
    pressed = press_at is None
    end = time.monotonic() + TIMEOUT
    try:
        while child.poll() is None:
            assert time.monotonic() < end, shown.decode(errors="replace")
            with contextlib.suppress(BlockingIOError, OSError):  # nothing new, or the other end is closed
                shown += os.read(ours, 65536)
            if not pressed and press_at.exists():
                os.write(ours, b"\x03")
                pressed = True
            time.sleep(0.002)
        with contextlib.suppress(BlockingIOError, OSError):
            while part := os.read(ours, 65536):
                shown += part
    finally:
        child.kill()
        child.wait()
        os.close(ours)
    assert pressed, "it ended before it came to that place:\n" + shown.decode(errors="replace")
    return child.returncode, shown.decode()


def same_but_for_time(one, other):
    one, other = (json.loads((folder / "result.json").read_text(encoding="utf-8")) for folder in (one, other))
    return {**one["history"], "seconds": None} == {**other["history"], "seconds": None}


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    folder = tmp_path_factory.mktemp("unbroken") / "run"
    status, shown = in_terminal([*TRAIN, "--out", str(folder), "--no-report"])
    assert status == 0, shown
    return folder


@pytest.mark.parametrize("place", PLACES)
def test_ctrl_c_in_a_terminal_ends_with_one_line_and_the_same_command_goes_on(unbroken, tmp_path, tell, place):
    """Ctrl-C, typed at a real terminal, at five places: exit status 1, one last line from practicum, no traceback. The
    same command again ends well, with the history of a run that nobody interrupted.
    """
    command = [*TRAIN, "--out", str(tmp_path / "run")]
    status, shown = in_terminal(command, watching(tmp_path / "there", PLACES[place]), press_at=tmp_path / "there")
    lines = shown.replace("\r", "").replace("^C", "").strip().splitlines()  # the terminal shows the key as well
    assert status == 1, shown
    assert "Traceback" not in shown
    assert [line for line in lines if line.startswith("practicum: ")] == lines[-1:], shown
    assert "interrupted" in lines[-1]
    trained = (tmp_path / "run" / "result.json").exists()
    assert trained == (place == "report")
    if place in ("first step", "in an epoch", "validation"):
        assert "to go on: python -m practicum train" in lines[-1]

    status, shown = in_terminal(command)
    assert status == 0, shown
    assert (tmp_path / "run" / "report.html").is_file()
    assert same_but_for_time(tmp_path / "run", unbroken)
    tell(f"Ctrl-C in a terminal, {place}: one line, status 1; the same command goes on and ends well")


SETUP = """
from practicum import coach
from practicum.data import load
from practicum.model import build_cnn
from practicum.training import train
coach.CHECKPOINT_SECONDS = 0
dataset = load("emoji")
"""
CELL = """
model = build_cnn(dataset.image_shape, 8, filters=(8, 8), dense_units=(8,), batch_norm=True, dropout=0.2, seed=0)
result = train(model, dataset, epochs=4, batch_size=64, augment=True, run_dir={folder!r})
print(result.stopped_by, result.epochs, result.best_epoch, [len(values) for values in result.history.values()])
print({{**result.history, "seconds": None}})
print(model.predict(dataset.test.images[:4], verbose=0).shape)
"""
NOTEBOOK_PLACES = {
    "first step": "one_step_on_data",
    "in an epoch": IN_SECOND_EPOCH,
    "validation": f"{IN_SECOND_EPOCH},predict:evaluation.py",
    "while a checkpoint is saved": f"{IN_SECOND_EPOCH},save_checkpoint",
    "while the model is saved": "save_model:runs.py",
}


class Notebook:
    """A kernel, and a client that runs cells in it."""

    def __init__(self, env):
        self.manager = KernelManager()
        self.manager.start_kernel(cwd=str(PROJECT), env=env)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=TIMEOUT)

    def run(self, code, press_at=None):
        """Run a cell, pressing stop once press_at exists: the text that it printed, or fail if it raised an error."""
        asked = self.client.execute(code)
        if press_at is not None:
            wait_for(press_at, self.manager.is_alive)
            self.manager.interrupt_kernel()
        printed = ""
        while True:
            message = self.client.get_iopub_msg(timeout=TIMEOUT)
            if message["parent_header"].get("msg_id") != asked:
                continue
            content = message["content"]
            assert message["msg_type"] != "error", "\n".join(content["traceback"])
            if message["msg_type"] == "stream" and content["name"] == "stdout":
                printed += content["text"]
            if message["msg_type"] == "status" and content["execution_state"] == "idle":
                return printed

    def close(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.mark.parametrize("place", NOTEBOOK_PLACES)
def test_the_stop_button_of_a_notebook_ends_the_training_and_the_cell_run_again_goes_on(tmp_path, tell, place):
    """A real kernel is interrupted as Jupyter does it, at five places: the cell ends without an error, the result says
    "interrupt", history and model can be used at once. The same cell again finishes, with the history of a run that
    nobody interrupted, and a new run in the same kernel is as good as any.
    """
    notebook = Notebook(watching(tmp_path / "there", NOTEBOOK_PLACES[place]))
    try:
        notebook.run(SETUP)
        cell = CELL.format(folder=str(tmp_path / "run"))
        stopped, _, shape = notebook.run(cell, press_at=tmp_path / "there").splitlines()
        how, epochs, *_ = stopped.split()
        assert how == "interrupt"
        assert 0 <= int(epochs) < 4
        assert shape == "(4, 8)"
        finished, history, _ = notebook.run(cell).splitlines()
        assert finished.startswith("epochs 4 ")
        unbroken, expected, _ = notebook.run(CELL.format(folder=str(tmp_path / "other"))).splitlines()
        assert (finished, history) == (unbroken, expected)
    finally:
        notebook.close()
    tell(f"stop button of a notebook, {place}: after {epochs} of 4 epochs; the same cell goes on and ends well")
