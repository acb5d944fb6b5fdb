"""What five choices of practicum.backend, compiling and batches are worth on this machine's CPU.

    python bench/cpu_choices.py            # a table, and one JSON object as last line

Milliseconds a training step (128 images of 32×32×3, the network of the fast recipe), each measured in a process of its
own, in turn:

1. oneDNN on and off (TF_ENABLE_ONEDNN_OPTS).
2. Steps in bfloat16 and in float32. Which of them `train` takes is decided by the processor's features.
3. Max pooling before normalisation and ReLU, and behind them.
4. Four steps before `fit` asks its callbacks again, as `train` does where steps are small, and one: milliseconds a step
   of a `fit` with a callback that looks at the loss, the input pipeline included.

And milliseconds an epoch beside its steps, for the input pipeline of `train` and for Keras's own two: with one worker
(whose tuning thread may hold `fit` back at its end), with two (whose pool of threads is made anew each epoch).
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

ROUNDS = 3
STEP = """
import sys, time, numpy as np
from practicum import compiling
from practicum.model import build_cnn
precision, pooled_first = sys.argv[1], sys.argv[2] == "first"
if not pooled_first:
    compiling._keeps_order = lambda layer: False
model = build_cnn((32, 32, 3), 10, filters=(16, 32, 64, 128), batch_norm=True, global_pooling=True, seed=0)
trainer = compiling.compile_for_training(model, precision=precision, learning_rate=0.01, weight_decay=0.1,
                                         label_smoothing=0.1)
random = np.random.default_rng(0)
images, labels = random.integers(0, 256, (128, 32, 32, 3)).astype("uint8"), random.integers(0, 10, 128)
times = []
for _ in range(33):
    started = time.perf_counter(); trainer.train_on_batch(images, labels); times.append(time.perf_counter() - started)
print(1000 * sorted(times[3:])[15])
"""
FIT = """
import sys, time, numpy as np
from practicum.backend import keras
from practicum.batches import Batches
from practicum.dataset import Split
random = np.random.default_rng(0)
split = Split(random.integers(0, 256, (640, 8, 8, 1)).astype("uint8"), random.integers(0, 2, 640).astype("int32"))
model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(2, "softmax")])
model.compile("sgd", "sparse_categorical_crossentropy", jit_compile=False)
batches = Batches(split, batch_size=128, augment=False, seed=0)
if sys.argv[1].isdigit():
    batches.workers, data = int(sys.argv[1]), batches
    batches._workers = int(sys.argv[1])
else:
    data = batches.pipeline()
model.fit(data, epochs=1, shuffle=False, verbose=0)
started = time.perf_counter()
model.fit(data, epochs=20, shuffle=False, verbose=0)
print(1000 * (time.perf_counter() - started) / 20)
"""
WITHIN_FIT = """
import sys, time, numpy as np
from practicum import compiling
from practicum.backend import keras
from practicum.batches import Batches
from practicum.dataset import Split
from practicum.model import build_cnn
model = build_cnn((32, 32, 3), 10, filters=(16, 32, 64, 128), batch_norm=True, global_pooling=True, seed=0)
trainer = compiling.compile_for_training(model, precision="mixed_bfloat16", learning_rate=0.01, weight_decay=0.1,
                                         label_smoothing=0.1)
trainer.steps_per_execution = int(sys.argv[1])
random = np.random.default_rng(0)
split = Split(random.integers(0, 256, (128 * 80, 32, 32, 3)).astype("uint8"), random.integers(0, 10, 128 * 80))
pipeline = Batches(split, batch_size=128, augment=False, seed=0).pipeline()
looking = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: float(logs["loss"]))
times = []
for _ in range(6):
    started = time.perf_counter()
    trainer.fit(pipeline, epochs=1, shuffle=False, verbose=0, callbacks=[looking])
    times.append(time.perf_counter() - started)
print(1000 * sorted(times[1:])[2] / 80)
"""
CASES = {
    "step": (STEP, ["mixed_bfloat16", "first"], {}),
    "step, float32": (STEP, ["float32", "first"], {}),
    "step, pooling last": (STEP, ["mixed_bfloat16", "last"], {}),
    "step, float32, pooling last": (STEP, ["float32", "last"], {}),
    "step, float32, without oneDNN": (STEP, ["float32", "first"], {"TF_ENABLE_ONEDNN_OPTS": "0"}),
    "step within fit, four at once": (WITHIN_FIT, ["4"], {}),
    "step within fit, one by one": (WITHIN_FIT, ["1"], {}),
    "epoch of 5 small steps": (FIT, ["ours"], {}),
    "epoch, Keras with one worker": (FIT, ["1"], {}),
    "epoch, Keras with two workers": (FIT, ["2"], {}),
}


def measure(code, arguments, environment):
    project = Path(__file__).resolve().parent.parent
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=True,
        cwd=project,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1", **environment},
    )
    return float(done.stdout)


def main():
    times = {name: [] for name in CASES}
    for _ in range(ROUNDS):
        for name, case in CASES.items():
            times[name].append(measure(*case))
    for name, found in times.items():
        print(f"{name:30} {median(found):7.1f} ms   ({min(found):.1f} to {max(found):.1f})")
    print(json.dumps({name: [round(value, 2) for value in found] for name, found in times.items()}))


if __name__ == "__main__":
    main()
