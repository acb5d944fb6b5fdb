"""How long looking inside takes, beside what people write by hand.

    python bench/inspection_speed.py          # some minutes

On the network for CIFAR-10 that comes with the course, of 26 layers. The peers: a keras.Model whose outputs are all
layers, as in Keras's own guide, called and called by predict; and for ablation a network in which a filter's weights
are set to zero, evaluated by Keras, once a filter. Medians of several rounds in which they take turns, after a first
call that counts for nothing. The last line is one JSON object.
"""

import argparse
import json
import statistics
import time

import numpy as np

from practicum import inspection
from practicum.backend import keras
from practicum.dataset import Split
from practicum.inspection.walk import all_layers
from practicum.model import load_pretrained

ROUNDS = 15


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=1000, help="for ablation (default: 1000)")
    options = parser.parse_args()
    model = load_pretrained("cifar10")
    image = np.random.default_rng(0).integers(0, 256, (32, 32, 3)).astype(np.uint8)
    found = {
        "feature maps": maps(model, image),
        "heat maps": heat(model, image),
        "ablation": ablation(model, options.images),
    }
    print(json.dumps(found))


def maps(model, image):
    """Of all layers, for one image."""
    every = keras.Model(model.inputs, [layer.output for layer in all_layers(model).values()])
    batch = image[np.newaxis].astype(np.float32)
    seconds = in_turns(
        {
            "ours": lambda: inspection.feature_maps(model, image),
            "called": lambda: [keras.ops.convert_to_numpy(output) for output in every(batch, training=False)],
            "predict": lambda: every.predict(batch, verbose=0),
        }
    )
    print(f"feature maps of {len(every.outputs)} layers, one image, ms: {in_ms(seconds)}", flush=True)
    return seconds


def heat(model, image):
    methods = (inspection.saliency, inspection.grad_cam, inspection.occlusion)
    seconds = in_turns({method.__name__: lambda ask=method: ask(model, image) for method in methods})
    print(f"heat maps, one image, ms: {in_ms(seconds)}", flush=True)
    return seconds


def ablation(model, count):
    """Each of the 64 filters of module 2, on so many images."""
    random = np.random.default_rng(0)
    split = Split(
        random.integers(0, 256, (count, 32, 32, 3)).astype(np.uint8), (np.arange(count) % 10).astype(np.int32)
    )
    model.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])

    def by_hand():
        layer = model.get_layer("module2_conv")
        kernel = layer.get_weights()[0]
        lost = []
        for number in range(kernel.shape[-1]):
            without = kernel.copy()
            without[..., number] = 0
            layer.set_weights([without, *layer.get_weights()[1:]])
            lost.append(model.evaluate(split.images, split.labels, batch_size=256, verbose=0)[1])
        layer.set_weights([kernel, *layer.get_weights()[1:]])
        return lost

    methods = {
        "ours": lambda: inspection.ablate(model, split, "module2_relu", show_progress=False),
        "by hand": by_hand,
    }
    seconds = in_turns(methods, rounds=2)
    print(f"ablation of 64 filters on {count} images, s: {seconds['ours']:.1f}, by hand {seconds['by hand']:.1f}")
    return seconds


def in_turns(methods, rounds=ROUNDS):
    """The median seconds of each."""
    for run in methods.values():
        run()
    seconds = {name: [] for name in methods}
    for _ in range(rounds):
        for name, run in methods.items():
            started = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - started)
    return {name: statistics.median(times) for name, times in seconds.items()}


def in_ms(seconds):
    return ", ".join(f"{name} {1000 * value:.1f}" for name, value in seconds.items())


if __name__ == "__main__":
    main()
