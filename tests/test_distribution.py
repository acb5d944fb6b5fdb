"""One training on several devices or in several processes learns what one device learns, and survives their loss.

The trainings run in processes of their own, on loopback: see distribution_child.py.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import nullcontext

import numpy as np
import pytest
from conftest import PROJECT

from practicum import cli, distribution, training
from practicum.batches import Batches, Share
from practicum.checkpoints import TrainingError, newest_checkpoint
from practicum.dataset import Split
from practicum.distribution import Alone, devices_for, initialize
from practicum.model import build_cnn

EPOCHS, IMAGES = 6, 101
CHILD = PROJECT / "tests" / "distribution_child.py"
LOST = "another process of this training is not there any more"


class Child:
    """A process, and what it wrote."""

    def __init__(self, folder, name, command, environment):
        self.out = folder / f"{name}.npz"
        self.said = [folder / f"{name}.{stream}" for stream in ("stdout", "stderr")]
        with self.said[0].open("w") as stdout, self.said[1].open("w") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, *command], env=environment, cwd=folder, stdout=stdout, stderr=stderr
            )

    stdout = property(lambda self: self.said[0].read_text())
    stderr = property(lambda self: self.said[1].read_text())

    def end(self, seconds=150):
        """The exit code."""
        return self.process.wait(seconds)

    def learned(self):
        assert self.end() == 0, self.stderr
        with np.load(self.out, allow_pickle=True) as members:
            return {name: members[name] for name in members.files}

    def kill_when_waiting(self):
        until = time.monotonic() + 150
        while "waiting" not in self.stderr:
            assert self.process.poll() is None, self.stderr
            assert time.monotonic() < until
            time.sleep(0.1)
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    """A function that starts Python in a process of its own; none outlives the tests."""
    folder, children = tmp_path_factory.mktemp("children"), []

    def begin(*command, backend="jax", **variables):
        if backend == "jax":
            pytest.importorskip("jax", reason="jax is not installed; it is optional")
        environment = {**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": str(PROJECT), **variables}
        command = [folder / f"{len(children)}.npz" if word == "OUT" else word for word in map(str, command)]
        children.append(Child(folder, str(len(children)), command, environment))
        return children[-1]

    yield begin
    for child in children:
        child.process.kill()
        child.process.wait()


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def pair(start, folder, *, of_each=((), ()), options=()):
    """Two JAX processes that train together, each with a run_dir of its own."""
    port = free_port()
    children = []
    for place in (0, 1):
        arguments = json.dumps({"epochs": EPOCHS, "run_dir": str(folder / f"run-{place}")})
        where = ("--process", place, 2, port, "--train", arguments)
        children.append(start(CHILD, "OUT", *where, *options, *of_each[place]))
    return children


def assert_same(one, other):
    for name in ("loss", "validation_loss", *(name for name in one if name.startswith("arr_"))):
        assert np.allclose(one[name], other[name], rtol=0, atol=1e-3), name


# One process, several devices -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        pytest.param((), id="the last batch cannot be divided"),
        pytest.param(("--norm", "--images", 96), id="batch normalisation"),
    ],
)
def test_two_devices_of_tensorflow_learn_what_one_does(start, options):
    children = [start(CHILD, "OUT", "--devices", count, *options, backend="tensorflow") for count in (1, 2)]
    one, two = (child.learned() for child in children)
    assert str(two["device"]).startswith("2 devices, here CPU")
    assert one["loss"][-1] < 0.9 * one["loss"][0], "it must learn for this test to tell anything"
    assert_same(one, two)


@pytest.fixture(scope="module")
def one_device(start):
    """What JAX learns on one device; and on three, at the same time."""
    learned = ("--train", json.dumps({"epochs": EPOCHS}))
    children = [start(CHILD, "OUT", "--devices", count, *learned) for count in (1, 3)]
    return [child.learned() for child in children]


def test_three_devices_of_jax_learn_what_one_does(one_device):
    one, three = one_device
    assert str(three["device"]).startswith("3 devices, here CPU")
    assert one["loss"][-1] < 0.9 * one["loss"][0]
    assert_same(one, three)
    assert three["fed"].tolist() == [list(range(IMAGES))] * EPOCHS


# Several processes ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def two_processes(start, tmp_path_factory):
    """Two processes after a training; first they were told what cannot be. Process 0 needs longer afterwards."""
    folder = tmp_path_factory.mktemp("two")
    (folder / "a-file").write_text("of a learner")
    tries = (
        ({"batch_size": 16}, {"run_dir": str(folder / "a-file")}, {"time_budget": 60}),
        ({"batch_size": 32}, {"run_dir": str(folder / "another")}, {"time_budget": 60}),
    )
    of_each = [[word for wrong in own for word in ("--refused", json.dumps(wrong))] for own in tries]
    children = pair(start, folder, of_each=of_each, options=("--linger",))
    return folder, children, [child.learned() for child in children]


def test_two_processes_learn_what_one_device_does(one_device, two_processes):
    _, _, (first, second) = two_processes
    assert str(first["device"]).startswith("2 devices in 2 processes, here CPU")
    assert_same(first, one_device[0])
    assert first["stopped_by"] == second["stopped_by"] == "epochs"


def test_both_processes_hold_the_same_in_the_end(two_processes):
    """Although each began with other weights."""
    _, _, (first, second) = two_processes
    for name in ("loss", "accuracy", "validation_loss", *(name for name in first if name.startswith("arr_"))):
        assert np.array_equal(first[name], second[name]), name


def test_each_image_is_fed_by_one_process_in_each_epoch(two_processes):
    _, _, (first, second) = two_processes
    assert len(first["fed"]) == EPOCHS
    for one, other in zip(first["fed"], second["fed"], strict=True):
        assert sorted([*one, *other]) == list(range(IMAGES))
        assert abs(len(one) - len(other)) <= 1
    assert list(first["fed"][0]) != list(first["fed"][1]), "each epoch divides them anew"


def test_only_process_0_writes_and_shows_progress(two_processes):
    folder, (first, second), _ = two_processes
    assert {path.name for path in folder.iterdir()} == {"a-file", "run-0"}
    names = {path.name for path in (folder / "run-0").iterdir()}
    assert names == {"model.keras", "history.json", "settings.json", "result.json"}
    assert "validation accuracy" in first.stderr
    assert "2 devices in 2 processes" in first.stderr
    assert "validation" not in second.stderr
    assert first.stdout == second.stdout == ""


def test_a_process_that_is_through_does_not_end_the_other(two_processes):
    """JAX ends all processes when one waits at its end for longer than LAST_SECONDS."""
    _, children, _ = two_processes
    for child in children:
        assert child.end() == 0
        assert LOST not in child.stderr


def test_all_processes_say_what_was_not_the_same(two_processes):
    _, _, (first, second) = two_processes
    said = [str(learned["refusals"][0]) for learned in (first, second)]
    assert all("in process 1: batch_size. " in one for one in said), said
    assert "In this process, 0: batch_size=16." in said[0]
    assert "In this process, 1: batch_size=32." in said[1]


def test_an_error_of_process_0_reaches_all(two_processes):
    folder, _, learned = two_processes
    for of_one in learned:
        assert of_one["refusals"][1] == f"train: run_dir {folder / 'a-file'} is a file. Name a folder."


def test_several_processes_refuse_a_time_budget(two_processes):
    for learned in two_processes[2]:
        assert "cannot keep to a time_budget together" in str(learned["refusals"][2])


# Losses -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def broken(start, tmp_path_factory):
    """A training that loses process 1 in epoch 3, process 0 in epoch 4, and meets Ctrl-C in process 1 in epoch 5.

    Gives, after each of them, what is in the run_dir of process 0, and what became of the processes.
    """
    folder, found = tmp_path_factory.mktemp("broken"), {}

    def go_on(what, lost=None, of_each=((), ())):
        children = pair(start, folder, of_each=of_each, options=("--checkpoint-seconds", 0))
        if lost is not None:
            children[lost].kill_when_waiting()
        before = time.monotonic()
        codes = [child.end() for child in children]
        checkpoint = newest_checkpoint(folder / "run-0")[0]
        history = json.loads((folder / "run-0" / "history.json").read_text())
        found[what] = (children, codes, time.monotonic() - before, checkpoint, history)

    go_on("lost 1", 1, ((), ("--wait-in", 3)))
    go_on("lost 0", 0, (("--wait-in", 4), ()))
    go_on("Ctrl-C", None, ((), ("--interrupt-in", 5)))
    go_on("end")
    found["folder"] = folder
    return found


@pytest.mark.parametrize(("lost", "epochs"), [(1, 2), (0, 3)])
def test_when_a_process_is_lost_the_other_ends_and_says_so(broken, lost, epochs):
    children, codes, seconds, checkpoint, history = broken[f"lost {lost}"]
    left = children[1 - lost]
    assert codes[lost] == -signal.SIGKILL
    assert codes[1 - lost] not in (0, None)
    assert seconds < 60
    assert LOST in left.stderr or "processes is not there any more" in left.stderr, left.stderr
    assert checkpoint.epoch == epochs, "no epoch is lost that was at its end"
    assert len(history["loss"]) == epochs


def test_a_process_that_is_killed_leaves_a_message(broken):
    assert "train: process 1 was ended" in broken["lost 1"][0][1].stderr
    assert "train: process 0 was ended" in broken["lost 0"][0][0].stderr


def test_ctrl_c_in_one_process_stops_all_after_the_same_epoch(broken):
    children, codes, _, checkpoint, _ = broken["Ctrl-C"]
    assert codes == [0, 0], children[0].stderr
    for child in children:
        learned = child.learned()
        assert learned["stopped_by"] == "interrupt"
        assert len(learned["loss"]) == 5
    assert checkpoint.epoch == 5


def test_started_again_they_end_as_if_nothing_had_been(broken, one_device):
    children, codes, _, checkpoint, history = broken["end"]
    assert codes == [0, 0], children[0].stderr
    for child in children:
        assert child.learned()["stopped_by"] == "epochs"
        assert_same(child.learned(), one_device[0])
    assert np.allclose(history["loss"], one_device[0]["loss"], rtol=0, atol=1e-3)
    assert checkpoint is None, "a finished run needs none"


def test_they_go_on_where_the_checkpoint_was_and_do_not_begin_anew(broken):
    for before, what in ((2, "lost 0"), (3, "Ctrl-C"), (5, "end")):
        assert f"going on after epoch {before}" in broken[what][0][0].stderr
    fed = broken["end"][0][1].learned()["fed"]
    assert [len(of_epoch) > 0 for of_epoch in fed] == [False] * 5 + [True]


def test_only_process_0_writes_when_some_are_lost_too(broken):
    assert [path.name for path in broken["folder"].iterdir()] == ["run-0"]


# Asking for it ----------------------------------------------------------------------------------------------------


@pytest.fixture
def _no_processes(monkeypatch):
    for name in (distribution.ADDRESSES, distribution.NUMBER, distribution.PLACE, "TF_CONFIG"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("_no_processes")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("10.0.0.1:4321", None, 0), "num_processes, or KERAS_DISTRIBUTION_NUM_PROCESSES, must be .*1 or more.*None"),
        (("10.0.0.1:4321", 0, 0), "num_processes.*Received 0"),
        (("10.0.0.1:4321", "two", 0), "num_processes.*Received 'two'"),
        (("10.0.0.1:4321", 2, None), "process_id, or KERAS_DISTRIBUTION_PROCESS_ID, must be .*0 or more.*None"),
        (("10.0.0.1:4321", 2, -1), "process_id.*Received -1"),
        (("10.0.0.1:4321", 2, 2), "of 2 processes the last one is process 1. Received 2"),
        ((None, 2, 0), "job_addresses, or KERAS_DISTRIBUTION_JOB_ADDRESSES.*Received None"),
        (("10.0.0.1", 2, 0), "host:port.*Received '10.0.0.1'"),
        ((":4321", 2, 0), "host:port"),
        (("10.0.0.1:http", 2, 0), "host:port"),
        (("10.0.0.1:4321,10.0.0.2:4321", 2, 1), "with JAX only, and this one runs Keras on tensorflow.*KERAS_BACKEND"),
    ],
)
def test_what_initialize_is_told_must_be_right(arguments, message):
    with pytest.raises(ValueError, match=message):
        initialize(*arguments)


@pytest.mark.usefixtures("_no_processes")
def test_initialize_reads_the_environment(monkeypatch):
    monkeypatch.setenv("KERAS_DISTRIBUTION_JOB_ADDRESSES", "10.0.0.1:4321")
    monkeypatch.setenv("KERAS_DISTRIBUTION_NUM_PROCESSES", "2")
    monkeypatch.setenv("KERAS_DISTRIBUTION_PROCESS_ID", "5")
    with pytest.raises(ValueError, match=r"the last one is process 1\. Received 5"):
        initialize()
    with pytest.raises(ValueError, match="with JAX only"):
        initialize(process_id=0)


@pytest.mark.usefixtures("_no_processes")
def test_distribute_is_none_or_auto():
    with pytest.raises(ValueError, match=r'None for one device, or "auto".*Received \'all\''):
        devices_for("all")
    assert type(devices_for(None)) is Alone


@pytest.mark.usefixtures("_no_processes")
def test_one_device_needs_no_sharing(monkeypatch):
    import tensorflow

    cpu = tensorflow.config.list_logical_devices("CPU")
    monkeypatch.setattr(tensorflow.config, "list_logical_devices", lambda kind: cpu if kind == "CPU" else [])
    assert type(devices_for("auto")) is Alone


@pytest.mark.usefixtures("_no_processes")
@pytest.mark.parametrize(("name", "value"), [("TF_CONFIG", "{}"), ("KERAS_DISTRIBUTION_NUM_PROCESSES", "2")])
def test_several_processes_of_tensorflow_are_refused(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match=r"Set KERAS_BACKEND=jax before Python starts"):
        devices_for("auto")
    assert type(devices_for(None)) is Alone


def test_train_asks_for_devices_by_its_argument(tiny_dataset):
    with pytest.raises(ValueError, match="distribute must be"):
        training.train(build_cnn((12, 12, 1), 2, filters=(2,), seed=0), tiny_dataset, distribute="all")


# Shares -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 16, 17])
@pytest.mark.parametrize("ends", [(1, 2), (3, 4), (1, 2, 3), (4,)])
def test_the_shares_of_a_batch_together_are_the_batch(count, ends):
    """Processes with the devices up to these ends: (3, 4) is a process with three devices and one with one."""
    devices = ends[-1]
    each = -(-count // devices)
    parts = [Share(devices, first, last).of(count) for first, last in zip((0, *ends), ends, strict=False)]
    assert [len(places) for places, _ in parts] == [
        (last - first) * each for first, last in zip((0, *ends), ends, strict=False)
    ]
    places = np.concatenate([part for part, _ in parts])
    weights = np.concatenate([part for _, part in parts])
    assert places[weights > 0].tolist() == list(range(count))
    assert places.max() < count
    assert weights.sum() == pytest.approx(devices * each)
    values = np.random.default_rng(0).random(count)
    assert (weights * values[places]).mean() == pytest.approx(values.mean(), rel=1e-6)


@pytest.fixture
def noisy():
    random = np.random.default_rng(0)
    images = random.integers(0, 255, (21, 8, 8, 1)).astype(np.uint8)
    return Split(images, np.arange(21, dtype=np.int32))


@pytest.mark.parametrize("augment", [False, True])
def test_the_batches_of_all_processes_together_are_those_of_one(noisy, augment):
    def batches(*share):
        return Batches(noisy, batch_size=8, augment=augment, seed=3, share=Share(*share))

    whole, parts = batches(), (batches(4, 0, 3), batches(4, 3, 4))
    for _ in range(2):
        for index in range(len(whole)):
            images, labels = whole[index]
            found = [part[index] for part in parts]
            for own_images, own_labels, weights in found:
                assert len(own_images) == len(own_labels) == len(weights)
                assert weights.dtype == np.float32
            counts = np.concatenate([weights for _, _, weights in found]) > 0
            assert np.array_equal(np.concatenate([own for own, _, _ in found])[counts], images)
            assert np.array_equal(np.concatenate([own for _, own, _ in found])[counts], labels)
        for one in (whole, *parts):
            one.on_epoch_end()


def test_an_epoch_is_the_one_that_was_begun_however_often_batches_were_asked_for(noisy):
    expected = Batches(noisy, batch_size=8, augment=True, seed=3)
    looked_at = Batches(noisy, batch_size=8, augment=True, seed=3)
    for _ in range(3):
        looked_at.on_epoch_end()
    for epoch in range(2):
        looked_at.begin(epoch)
        for index in range(3):
            assert np.array_equal(looked_at[index][0], expected[index][0])
        expected.on_epoch_end()
    looked_at.augment = False  # decided on the way
    looked_at.begin(5)
    assert (looked_at.epoch, looked_at.augment) == (5, False)


# The command line -------------------------------------------------------------------------------------------------

COMMAND = ("train", "--data", "emoji", "--filters", "4", "--dense", "none", "--epochs", "1", "--no-report")


def test_the_command_line_trains_in_two_processes(start, tmp_path):
    names = {"KERAS_DISTRIBUTION_JOB_ADDRESSES": f"127.0.0.1:{free_port()}", "KERAS_DISTRIBUTION_NUM_PROCESSES": "2"}
    children = [
        start(
            *("-m", "practicum", *COMMAND, "--json", "--distribute", "--out", tmp_path / f"run-{place}"),
            KERAS_DISTRIBUTION_PROCESS_ID=str(place),
            **names,
        )
        for place in (0, 1)
    ]
    assert [child.end() for child in children] == [0, 0], children[0].stderr
    summary = json.loads(children[0].stdout)
    assert summary["device"].startswith("2 devices in 2 processes")
    assert summary["epochs"] == 1
    assert children[1].stdout == ""
    assert [path.name for path in tmp_path.iterdir()] == ["run-0"]
    assert {path.name for path in (tmp_path / "run-0").iterdir()} >= {"model.keras", "summary.json", "dataset.json"}


@pytest.fixture
def asked(monkeypatch):
    """What the command line does, in its order, instead of doing it."""
    calls = []

    def train(model, dataset, **options):
        calls.append(("train", options["distribute"]))
        raise TrainingError("train: another process is lost")

    monkeypatch.setattr(training, "train", train)
    monkeypatch.setattr(distribution, "initialize", lambda: calls.append("initialize"))
    monkeypatch.setattr(distribution, "leave", lambda status: calls.append(("leave", status)) or exit(status))
    from practicum import data

    load = data.load
    monkeypatch.setattr(data, "load", lambda *names, **options: calls.append("load") or load(*names, **options))
    return calls


@pytest.mark.usefixtures("_no_processes")
@pytest.mark.parametrize(
    ("flags", "number", "expected"),
    [
        ((), "2", ["load", ("train", None)]),
        (("--distribute",), None, ["load", ("train", "auto")]),
        (("--distribute",), "1", ["load", ("train", "auto")]),
        (("--distribute",), "2", ["initialize", "load", ("train", "auto"), ("leave", 1)]),
    ],
)
def test_the_command_line_brings_processes_together_first_and_leaves_at_once(
    asked, monkeypatch, capsys, tmp_path, flags, number, expected
):
    if number:
        monkeypatch.setenv("KERAS_DISTRIBUTION_NUM_PROCESSES", number)
    with pytest.raises(SystemExit) if ("leave", 1) in expected else nullcontext():
        assert cli.main([*COMMAND, *flags, "--out", str(tmp_path / "run")]) == 1
    assert asked == expected
    assert capsys.readouterr().err == "practicum: train: another process is lost\n"


def test_leaving_says_all_that_was_to_be_said_and_nothing_more():
    code = (
        "from practicum import distribution\ndistribution._leave_a_message(1)\n"
        "import atexit, sys\natexit.register(print, 'JAX would wait here')\nprint('said')\ndistribution.leave(7)"
    )
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stdout, done.stderr) == (7, "said\n", "")
