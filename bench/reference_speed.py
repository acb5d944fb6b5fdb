"""What readable arithmetic costs: practicum.reference.conv2d beside Keras and beside nested loops, on the CPU.

    python bench/reference_speed.py        # a table, and one JSON object as last line

A 128×128×3 image, 32 filters of 3×3, float32. The loops run once, which takes long enough. The fast two take turns in
blocks: in turns of single calls, the threads that NumPy leaves waiting slow TensorFlow down to half its speed. On a
machine with other work NumPy's threads wait for each other; the fastest call shows what is possible.
"""

import json
import os
import time
from statistics import median

os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # the CPU, also where there is a GPU

import numpy as np

from practicum.backend import keras
from practicum.reference import conv2d

BLOCKS = 20
CALLS = 20
WARM_UP = 5  # calls at the beginning of each block that do not count


def nested_loops(image, kernel, bias):
    """The convolution as a first lesson writes it."""
    height, width, channels = image.shape
    kh, kw, _, filters = kernel.shape
    output = np.zeros((height - kh + 1, width - kw + 1, filters), image.dtype)
    for row in range(height - kh + 1):
        for column in range(width - kw + 1):
            for number in range(filters):
                total = bias[number]
                for down in range(kh):
                    for across in range(kw):
                        for channel in range(channels):
                            weight = kernel[down, across, channel, number]
                            total += image[row + down, column + across, channel] * weight
                output[row, column, number] = total
    return output


def milliseconds(function):
    started = time.perf_counter()
    function()
    return 1000 * (time.perf_counter() - started)


def main():
    random = np.random.default_rng(0)
    image, kernel, bias = (random.standard_normal(s).astype(np.float32) for s in ((128, 128, 3), (3, 3, 3, 32), 32))
    layer = keras.layers.Conv2D(32, 3)
    layer.build((None, *image.shape))
    layer.set_weights([kernel, bias])
    functions = {
        "reference.conv2d": lambda: conv2d(image, kernel, bias),
        "keras.layers.Conv2D": lambda: keras.ops.convert_to_numpy(layer(image[np.newaxis]))[0],
    }
    times = {name: [] for name in functions}
    for _ in range(BLOCKS):
        for name, function in functions.items():
            times[name] += [milliseconds(function) for _ in range(WARM_UP + CALLS)][WARM_UP:]
    started = time.perf_counter()
    looped = nested_loops(image, kernel, bias)
    loops = 1000 * (time.perf_counter() - started)
    for function in functions.values():
        np.testing.assert_allclose(function(), looped, atol=1e-4)

    (reference, best), (of_keras, best_of_keras) = ((median(found), min(found)) for found in times.values())
    print("                          median   fastest")
    print(f"reference.conv2d     {reference:8.1f} ms {best:6.1f} ms")
    print(f"keras.layers.Conv2D  {of_keras:8.1f} ms {best_of_keras:6.1f} ms")
    print(f"nested loops         {loops:8.0f} ms (once)")
    print(
        f"medians: reference / Keras × {reference / of_keras:.1f}, nested loops / reference × {loops / reference:.0f}"
    )
    figures = {"reference_ms": reference, "keras_ms": of_keras, "loops_ms": loops}
    print(json.dumps({name: round(figure, 2) for name, figure in figures.items()}))


if __name__ == "__main__":
    main()
