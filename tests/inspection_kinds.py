"""One and the same network in every form it may have, and all that one may ask of it.

A file of its own, so that it can run under another of Keras's backends and be compared with answers in a file:

    KERAS_BACKEND=jax python tests/inspection_kinds.py answers.npz
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

from practicum import inspection
from practicum.backend import keras
from practicum.dataset import Split

SHAPE, CLASSES = (16, 14, 3), 3
L = keras.layers


def weights():
    """Of a convolution and of a dense layer."""
    random = np.random.default_rng(0)
    conv = [random.normal(0, 0.3, (3, 3, 3, 6)), random.normal(0, 0.1, 6)]
    conv[0][..., 4], conv[1][4] = 0, -0.5  # never fires
    dense = [random.normal(0, 0.1, (7 * 8 * 6, CLASSES)), random.normal(0, 0.1, CLASSES)]
    return [array.astype(np.float32) for array in conv + dense]


def parts(dtype=None):
    return (
        L.Rescaling(1 / 255, name="rescale", dtype=dtype),
        L.Conv2D(6, 3, padding="same", name="conv", dtype=dtype),
        L.ReLU(name="relu", dtype=dtype),
        L.MaxPooling2D(2, name="pool", dtype=dtype),
        L.Flatten(name="flat", dtype=dtype),
        L.Dense(CLASSES, name="scores", dtype=dtype),
        L.Softmax(name="softmax", dtype="float32"),
    )


def chained(layers, values):
    for layer in layers:
        values = layer(values)
    return values


def sequential(dtype=None):
    return keras.Sequential([keras.Input(SHAPE), *parts(dtype)])


def functional():
    image = keras.Input(SHAPE)
    return keras.Model(image, chained(parts(), image))


def with_a_branch():
    """The other branch is a convolution of zeros."""
    rescale, conv, relu, *rest = parts()
    image = keras.Input(SHAPE)
    pixels = rescale(image)
    side = L.Conv2D(6, 1, name="side", kernel_initializer="zeros")(pixels)
    joined = L.Add(name="sum")([relu(conv(pixels)), side])
    return keras.Model(image, chained(rest, joined))


def functional_inside():
    image, inner = keras.Input(SHAPE), keras.Input(SHAPE)
    layers = parts()
    body = keras.Model(inner, chained(layers[:4], inner), name="body")
    return keras.Model(image, chained(layers[4:], body(image)))


def sequential_inside():
    layers = parts()
    head = keras.Sequential([keras.Input((8, 7, 6)), *layers[4:]], name="head")
    return keras.Sequential([keras.Input(SHAPE), *layers[:4], head])


def reloaded():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        with_weights(with_a_branch()).save(path)
        return keras.models.load_model(path)


KINDS = {
    "sequential": sequential,
    "functional": functional,
    "with a branch": with_a_branch,
    "functional inside": functional_inside,
    "sequential inside": sequential_inside,
    "reloaded": reloaded,
    "mixed_float16": lambda: sequential("mixed_float16"),
    "mixed_bfloat16": lambda: sequential("mixed_bfloat16"),
}
# How far answers may be from those of the first kind, as a share of the largest. (With 16 bits the mean counts: a value
# of a heat map is another one where another value of a tile is the largest.)
TOLERANCE = {"mixed_float16": 0.01, "mixed_bfloat16": 0.05}


def with_weights(model):
    kernel, bias, dense, dense_bias = weights()
    named = {name.rpartition("/")[2]: layer for name, layer in inspection.walk.all_layers(model).items()}
    named["conv"].set_weights([kernel, bias])
    named["scores"].set_weights([dense, dense_bias])
    return model


def build(kind):
    return with_weights(KINDS[kind]())


def examples():
    """Noise, with a plain image and a black one among it."""
    random = np.random.default_rng(1)
    images = random.integers(0, 256, (12, *SHAPE)).astype(np.uint8)
    images[3], images[4] = 128, 0
    return Split(images, (np.arange(12) % CLASSES).astype(np.int32))


def _by_own_name(maps):
    return [maps[name] for own in ("conv", "relu", "pool", "scores", "softmax") for name in maps if name.endswith(own)]


def _snapshots(model, split):
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.optimizer.learning_rate = 0.0
    watcher = inspection.Snapshots(split.images[0], layers=["conv", "relu"])
    model.fit(split.images, split.labels, epochs=2, verbose=0, callbacks=[watcher])
    last = watcher.frames[-1]
    assert [frame.epoch for frame in watcher.frames] == [0, 1, 2]
    return [*last.filters.values(), *last.maps.values()]


def _strongest(model, split):
    found = inspection.strongest(model, split.images, "relu", 2, count=4)
    return [found.values, found.places]


def _ablation(model, split):
    found = inspection.ablate(model, split, "relu", show_progress=False)
    return [np.array(found.accuracy), found.lost, found.class_lost]


def _maximised(model, _):
    made = inspection.maximise(model, layer="conv", filter=[0, 4], steps=16, seed=3)
    assert made.after[0] > made.before[0]
    return [made.before]


QUESTIONS = {
    "filters": lambda model, _: [inspection.filters(model, "conv")],
    "similar_filters": lambda model, _: [np.array(inspection.similar_filters(model, "conv", least=0.0))],
    "feature_maps": lambda model, split: _by_own_name(inspection.feature_maps(model, split.images[0])),
    "maps of a black image": lambda model, split: _by_own_name(inspection.feature_maps(model, split.images[4])),
    "silent_filters": lambda model, split: [inspection.silent_filters(model, "relu", split.images)],
    "strongest": _strongest,
    "embedding": lambda model, split: [inspection.embedding(model, split.images).points],
    "ablate": _ablation,
    "accuracy_without": lambda model, split: [np.array(inspection.accuracy_without(model, split, "relu", [0, 3]))],
    "saliency": lambda model, split: [inspection.saliency(model, split.images[:5], class_index=1)],
    "grad_cam": lambda model, split: [inspection.grad_cam(model, split.images[:5], class_index=1, layer="relu")],
    "occlusion": lambda model, split: [inspection.occlusion(model, split.images[:5], class_index=1)],
    "maximise": _maximised,
    "Snapshots": _snapshots,
}
# Counted in whole images; with 16 bits a tie may turn.
COUNTED = ("ablate", "accuracy_without", "strongest")


def off(kind, question, expected):
    """What is wrong with the answers of this kind of network; empty if nothing."""
    answers = QUESTIONS[question](build(kind), examples())
    if len(answers) != len(expected):
        return f"{len(answers)} arrays, not {len(expected)}"
    for own, other in zip(answers, expected, strict=True):
        own, other = np.asarray(own, np.float64), np.asarray(other, np.float64)
        if own.shape != other.shape:
            return f"shape {own.shape}, not {other.shape}"
        if not np.isfinite(own).all():
            return "no finite numbers"
        allowed = TOLERANCE.get(kind, 1e-4)
        if question in COUNTED and kind in TOLERANCE:
            allowed = 1.0
        far = np.abs(own - other).mean() if kind in TOLERANCE and own.size else np.abs(own - other).max(initial=0)
        if far > allowed * max(np.abs(other).max(initial=0), 1e-6):
            return f"off by {far:.3g} where the largest is {np.abs(other).max():.3g}"
    return ""


def save(path, answers):
    """Write {question: arrays} to a file for main."""
    arrays = {f"{question}|{place}": array for question, own in answers.items() for place, array in enumerate(own)}
    np.savez(path, **arrays)


def main(path):
    failed = 0
    with np.load(path) as answers:
        for question in QUESTIONS:
            expected = [answers[key] for key in answers if key.partition("|")[0] == question]
            for kind in KINDS:
                wrong = off(kind, question, expected)
                failed += bool(wrong)
                sys.stdout.write(f"{keras.backend.backend()}: {question}, {kind}: {wrong or 'right'}\n")
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
