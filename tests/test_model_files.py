"""Model files from elsewhere: each hostile file gets the right answer, and nothing in it runs.

All are opened in one child process with little memory, so that a crash, a hang or code that runs would be seen.
"""

import io
import json
import pickle
import subprocess
import sys
import zipfile

import h5py
import numpy as np
import pytest
from conftest import PROJECT

from practicum import model_files
from practicum.backend import keras
from practicum.model import build_cnn, load_pretrained, pretrained_facts
from practicum.model_files import load_network

CHILD = """
import json, resource, sys, time
resource.setrlimit(resource.RLIMIT_DATA, (6 * 2**30, 6 * 2**30))
from practicum.model import load_pretrained, pretrained_facts
from practicum.model_files import load_network
answers = {}
for path in sys.argv[1:]:
    started = time.monotonic()
    try:
        load_network(path)
        answers[path] = "LOADED"
    except ValueError as error:
        answers[path] = str(error)
    except BaseException as error:
        answers[path] = "RAISED " + repr(error)
    if time.monotonic() - started > 20:
        answers[path] = "TOOK TOO LONG"
print(json.dumps(answers))
"""


class Forge:
    """Makes model files out of a good one."""

    def __init__(self, folder):
        self.folder = folder
        self.canary = folder / "code-ran"
        model = build_cnn((12, 12, 3), 2, filters=(4,), dense_units=(5,), batch_norm=True, dropout=0.2, seed=0)
        model.compile("sgd", "sparse_categorical_crossentropy")
        self.good = folder / "good.keras"
        model.save(self.good)
        with zipfile.ZipFile(self.good) as archive:
            self.members = {name: archive.read(name) for name in archive.namelist()}

    def pack(self, name, members, compression=zipfile.ZIP_STORED):
        path = self.folder / f"{name}.keras"
        with zipfile.ZipFile(path, "w", compression) as archive:
            for member, content in members if isinstance(members, list) else members.items():
                archive.writestr(member, content)
        return path

    def config(self, name, change):
        """A file whose description went through change(config, {layer name: its part})."""
        config = json.loads(self.members["config.json"])
        layers = {layer["config"]["name"]: layer for layer in config["config"]["layers"]}
        config = change(config, layers) or config
        return self.pack(name, {**self.members, "config.json": json.dumps(config)})

    def weights(self, name, change):
        """A file whose weights went through change(open HDF5 file)."""
        buffer = io.BytesIO(self.members["model.weights.h5"])
        with h5py.File(buffer, "r+") as file:
            change(file)
        return self.pack(name, {**self.members, "model.weights.h5": buffer.getvalue()})

    def raw(self, name, content):
        path = self.folder / name
        path.write_bytes(content)
        return path


def set_in(layer, **values):
    return lambda config, layers: layers[layer]["config"].update(values)


def replace_part(layer, **values):
    return lambda config, layers: layers[layer].update(values)


def first_array(file):
    found = []
    file.visititems(lambda name, member: found.append(name) if isinstance(member, h5py.Dataset) else None)
    return found[0]


def swap_array(make):
    """Put what make(file, name) creates in the place of an array of weights."""

    def change(file):
        name = first_array(file)
        del file[name]
        make(file, name)

    return change


def nan_weights(file):
    array = file[first_array(file)]
    array[...] = np.full(array.shape, np.nan, array.dtype)


def virtual_array(file, name):
    layout = h5py.VirtualLayout(shape=(4,), dtype="f4")
    layout[:] = h5py.VirtualSource("/etc/hostname", "x", shape=(4,))
    file.create_virtual_dataset(name, layout)


def lambda_model(forge):
    canary = str(forge.canary)
    trap = keras.layers.Lambda(lambda x: (open(canary, "w").close(), x)[1], output_shape=(4,))  # noqa: PTH123
    model = keras.Sequential([keras.Input((4,)), trap, keras.layers.Dense(2)])
    path = forge.folder / "lambda.keras"
    model.save(path)
    forge.canary.unlink(missing_ok=True)
    return path


def functional_model(forge):
    there = keras.Input((4,))
    path = forge.folder / "functional.keras"
    keras.Model(there, keras.layers.Dense(2)(there)).save(path)
    return path


class Trap:
    def __init__(self, canary):
        self.canary = canary

    def __reduce__(self):
        return (open, (str(self.canary), "w"))


CODE = {"class_name": "__lambda__", "config": {"value": "4wEAAAA="}}
CALL = {"class_name": "function", "module": "os", "config": "system", "registered_name": "function"}
HOSTILE = {
    # name: (how it is made, what the answer must say)
    "a Lambda layer": (lambda f: lambda_model(f), "'Lambda', which build_cnn does not build and which may run code"),
    "a functional model": (lambda f: functional_model(f), "holds a 'Functional', not a Sequential"),
    "a layer of another module": (
        lambda f: f.config("module", replace_part("dense1", module="subprocess")),
        "'Dense' from 'subprocess', not Keras's own",
    ),
    "a registered custom class": (
        lambda f: f.config("custom", replace_part("dense1", registered_name="evil>Dense")),
        "not Keras's own",
    ),
    "a layer that wraps a saved program": (
        lambda f: f.config("wrapped", replace_part("dense1", class_name="TFSMLayer")),
        "'TFSMLayer', which",
    ),
    "a function as activation": (
        lambda f: f.config("function", set_in("dense1", activation=CALL)),
        "contains the activation",
    ),
    "code as initializer": (lambda f: f.config("code", set_in("dense1", bias_initializer=CODE)), "'__lambda__', which"),
    "an activation nobody knows": (lambda f: f.config("unknown", set_in("dense1", activation="evil")), "'evil'"),
    "a network inside the network": (
        lambda f: f.config("nested", replace_part("dense1", class_name="Sequential", module="keras")),
        "'Sequential' in the place of a layer",
    ),
    "an optimizer in the place of a layer": (
        lambda f: f.config("optimizer", replace_part("dense1", class_name="SGD", module="keras.optimizers")),
        "'SGD' in the place of a layer",
    ),
    "no layers": (lambda f: f.config("none", lambda c, _: c["config"].update(layers=[])), "describes no layers"),
    "a list as description": (lambda f: f.config("list", lambda c, _: [c]), "holds a 'list', not a Sequential"),
    "a billion units": (lambda f: f.config("units", set_in("dense1", units=10**9)), "more than 50,000,000 weights"),
    "a huge image": (
        lambda f: f.config("image", set_in("image", batch_shape=[None, 10**5, 10**5, 3])),
        "more than 50,000,000 weights or 100,000,000 values in a layer: 'image'",
    ),
    "a pool of no size": (
        lambda f: f.config("pool", set_in("module1_pool", pool_size=[0, 0], strides=[0, 0])),
        "describes a MaxPooling2D that cannot be",
    ),
    "filters that are no number": (
        lambda f: f.config("filters", set_in("module1_conv", filters="many")),
        "describes a Conv2D that cannot be",
    ),
    "weights that do not fit": (
        lambda f: f.config("unfit", set_in("module1_conv", filters=3)),
        "cannot be read by Keras",
    ),
    "a description nested too deep": (
        lambda f: f.pack("deep", {**f.members, "config.json": "[" * 200_000}),
        "is damaged or no .keras file",
    ),
    "a description that is no JSON": (
        lambda f: f.pack("nojson", {**f.members, "config.json": "{'class_name': 1}"}),
        "has a description that is no JSON",
    ),
    "a description that is no text": (
        lambda f: f.pack("binary", {**f.members, "config.json": b"\xff\xfe\x00\xd8" * 9}),
        "has a description that is no JSON",
    ),
    "a description that unpacks to 50 MB": (
        lambda f: f.pack("bomb", {**f.members, "config.json": bytes(50_000_000)}, zipfile.ZIP_DEFLATED),
        "unpacks to 50,000,000 bytes of config.json",
    ),
    "weights that unpack to 300 MB": (
        lambda f: f.pack("wbomb", {**f.members, "model.weights.h5": bytes(300_000_000)}, zipfile.ZIP_DEFLATED),
        "unpacks to 300,000,000 bytes of model.weights.h5",
    ),
    "a member outside the folder": (
        lambda f: f.pack("outside", {**f.members, "../outside.txt": "x"}),
        "has '../outside.txt' in it",
    ),
    "assets": (lambda f: f.pack("assets", {**f.members, "assets/run.py": "x"}), "has 'assets/run.py' in it"),
    "no weights": (
        lambda f: f.pack("weightless", {name: f.members[name] for name in ("config.json", "metadata.json")}),
        "lacks model.weights.h5",
    ),
    "the same member twice": (
        lambda f: f.pack("twice", [*f.members.items(), ("config.json", "{}")]),
        "holds the same member twice",
    ),
    "weights that are no HDF5": (
        lambda f: f.pack("nohdf", {**f.members, "model.weights.h5": b"x" * 999}),
        "has weights that are no HDF5",
    ),
    "weights cut short": (
        lambda f: f.pack("short", {**f.members, "model.weights.h5": f.members["model.weights.h5"][:3000]}),
        "has weights that are no HDF5",
    ),
    "a link to another file": (
        lambda f: f.weights("link", swap_array(lambda h, n: h.__setitem__(n, h5py.ExternalLink("/etc/hostname", "/")))),
        "a link to elsewhere",
    ),
    "a soft link": (
        lambda f: f.weights("soft", swap_array(lambda h, n: h.__setitem__(n, h5py.SoftLink("/layers")))),
        "a link to elsewhere",
    ),
    "a group that contains itself": (
        lambda f: f.weights("circle", lambda h: h["layers"].__setitem__("again", h["layers"])),
        "is damaged or no .keras file",
    ),
    "numbers from another file": (
        lambda f: f.weights(
            "external",
            swap_array(lambda h, n: h.create_dataset(n, (4,), "f4", external=[("/etc/hostname", 0, 16)])),
        ),
        "lie in another file",
    ),
    "numbers gathered from elsewhere": (lambda f: f.weights("virtual", swap_array(virtual_array)), "another file"),
    "a terabyte of nothing": (
        lambda f: f.weights("sparse", swap_array(lambda h, n: h.create_dataset(n, (10**12,), "f4", chunks=(1024,)))),
        "larger than their file",
    ),
    "text as weights": (
        lambda f: f.weights(
            "text", swap_array(lambda h, n: h.create_dataset(n, data="x" * 9, dtype=h5py.string_dtype()))
        ),
        "has weights of the type object",
    ),
    "weights that are no numbers": (lambda f: f.weights("nan", nan_weights), "are no numbers (NaN or infinite)"),
    "a file cut short": (lambda f: f.raw("cut.keras", f.good.read_bytes()[:-500]), "is damaged or no .keras file"),
    "a web page": (lambda f: f.raw("page.keras", b"<html>404</html>"), "is damaged or no .keras file"),
    "an empty file": (lambda f: f.raw("empty.keras", b""), "is damaged or no .keras file"),
    "a pickle": (lambda f: f.raw("pickle.keras", pickle.dumps(Trap(f.canary))), "is damaged or no .keras file"),
    "an old format": (lambda f: f.raw("old.h5", f.members["model.weights.h5"]), "is no .keras file. Older formats"),
    "a folder": (lambda f: f.folder, "there is no file"),
    "nothing": (lambda f: f.folder / "nothing.keras", "there is no file"),
}


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    forge = Forge(tmp_path_factory.mktemp("models"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.warn", lambda *arguments, **options: None)  # zipfile remarks on the double member
        paths = {name: str(make(forge)) for name, (make, _) in HOSTILE.items()}
    before = sorted(forge.folder.parent.rglob("*"))
    child = [sys.executable, "-c", CHILD, str(forge.good), *paths.values()]
    done = subprocess.run(child, capture_output=True, text=True, timeout=300, cwd=PROJECT)
    assert done.returncode == 0, done.stderr
    assert sorted(forge.folder.parent.rglob("*")) == before, "no file was written, so no code ran"
    found = json.loads(done.stdout)
    assert found[str(forge.good)] == "LOADED"
    return {name: found[path] for name, path in paths.items()}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_gets_the_right_answer(answers, name):
    answer = answers[name]
    assert answer.startswith("load_network: ")
    assert HOSTILE[name][1] in answer
    assert "\n" not in answer


def test_the_lambda_would_have_run_in_a_careless_loader(tmp_path):
    """The trap of the test above is a real one."""
    forge = Forge(tmp_path)
    keras.saving.load_model(lambda_model(forge), safe_mode=False)(np.zeros((1, 4)))
    assert forge.canary.exists()


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"batch_norm": True, "dropout": 0.3, "global_pooling": True},
        {"dense_units": (), "dropout": 0.2, "padding": "valid", "kernel_size": (3, 2), "pool_strides": 1},
        {"filters": (2,) * 6, "pool_size": [2, 1, 2, 1, 2, 1], "dense_units": (3, 3, 3)},
    ],
)
def test_every_network_of_build_cnn_comes_back(tmp_path, settings):
    model = build_cnn((32, 24, 3), 4, seed=0, **{"filters": (4, 5), "dense_units": (6,), **settings})
    for layer in model.layers[:-2]:
        layer.dtype_policy = "mixed_bfloat16"
    model.compile(keras.optimizers.SGD(), keras.losses.SparseCategoricalCrossentropy(), metrics=["accuracy"])
    model.save(tmp_path / "model.keras")
    again = load_network(tmp_path / "model.keras")
    assert [type(layer) for layer in again.layers] == [type(layer) for layer in model.layers]
    for array, other in zip(again.get_weights(), model.get_weights(), strict=True):
        assert np.array_equal(array, other)


# The network that comes with the course -----------------------------------------------------------------------------


def test_the_pretrained_network_is_what_its_facts_say():
    model, facts = load_pretrained("cifar10"), pretrained_facts("cifar10")
    assert model.count_params() == facts["parameters"]
    assert model.output_shape == (None, len(facts["class_names"])) == (None, 10)
    confusion = np.array(facts["confusion"])
    assert confusion.sum() == facts["data"]["test_images"]
    assert np.trace(confusion) / confusion.sum() == pytest.approx(facts["test_accuracy"])
    assert facts["test_accuracy"] > 0.88


def test_the_pretrained_network_knows_its_test_images(shared_data):
    from practicum.data import load
    from practicum.evaluation import evaluate

    dataset = load(shared_data("cifar10-jpeg.tar"))
    facts = pretrained_facts("cifar10")
    assert list(dataset.class_names) == facts["class_names"]
    found = evaluate(load_pretrained("cifar10"), dataset.test, dataset.class_names)
    assert found.accuracy == pytest.approx(facts["test_accuracy"], abs=0.002)


def test_a_pretrained_network_that_is_not_there_is_named():
    with pytest.raises(ValueError, match=r"no network is called 'imagenet'.*cifar10"):
        load_pretrained("imagenet")


def test_what_an_older_keras_would_refuse_is_left_out_where_it_says_nothing(monkeypatch):
    """Keras 3.13 stops at settings that it does not know. The notebooks are run with it by make stress."""
    path = model_files._models_folder() / "cifar10.keras"
    config = json.loads(zipfile.ZipFile(path).read("config.json"))
    renormalised = [part for part in model_files._parts(config) if "renorm" in part]
    renormalised[0]["renorm"] = True  # this one says something, and stays
    left = model_files._for_older_keras(config)
    kept = [name for part in model_files._parts(left) for name in model_files.LATER_SETTINGS if name in part]
    assert renormalised
    assert kept == ["renorm"]

    opened = []

    def open_it(copy, **options):
        with zipfile.ZipFile(copy) as archive, zipfile.ZipFile(path) as original:
            assert archive.read("model.weights.h5") == original.read("model.weights.h5")
            opened.append(json.loads(archive.read("config.json")))

    monkeypatch.setattr(keras.saving, "load_model", open_it)
    load_network(path)
    assert not [name for part in model_files._parts(opened[0]) for name in model_files.LATER_SETTINGS if name in part]
