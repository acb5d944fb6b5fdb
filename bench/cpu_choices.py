"""What two choices of practicum.backend and practicum.batches are worth on this machine's CPU.

    python bench/cpu_choices.py            # a table, and one JSON object as last line

1. oneDNN: milliseconds a training step with TF_ENABLE_ONEDNN_OPTS=0 and =1, in turn, each in a process of its own.
2. Workers: seconds that `fit` takes beyond its steps with one worker and with two. With one, TensorFlow's
   tuning of the input pipeline may hold `fit` back at its end, depending on how long the training took.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

ROUNDS = 3
STEP = """
import time, numpy as np
from practicum.backend import keras
from practicum.model import build_cnn
model = build_cnn((32, 32, 3), 8, batch_norm=True, seed=0)
model.compile("adamw", "sparse_categorical_crossentropy", jit_compile=False)
random = np.random.default_rng(0)
images, labels = random.integers(0, 256, (128, 32, 32, 3)).astype("uint8"), random.integers(0, 8, 128)
times = []
for _ in range(15):
    started = time.perf_counter(); model.train_on_batch(images, labels); times.append(time.perf_counter() - started)
print(1000 * sorted(times[3:])[6])
"""
FIT = """
import sys, time, numpy as np
from practicum import batches
from practicum.backend import keras
from practicum.dataset import Split
from practicum.model import build_cnn
batches.WORKERS = int(sys.argv[1])
random = np.random.default_rng(0)
split = Split(random.integers(0, 256, (2560, 32, 32, 3)).astype("uint8"), random.integers(0, 8, 2560))
model = build_cnn((32, 32, 3), 8, seed=0)
model.compile("adamw", "sparse_categorical_crossentropy", jit_compile=False)
class Last(keras.callbacks.Callback):
    def on_train_end(self, logs=None): self.at = time.perf_counter()
waits = []
for _ in range(3):
    last = Last(); data = batches.Batches(split, batch_size=64, augment=False, seed=0)
    model.fit(data, epochs=1, shuffle=False, verbose=0, callbacks=[last]); waits.append(time.perf_counter() - last.at)
print(max(waits))
"""


def measure(code, *arguments, **environment):
    project = Path(__file__).resolve().parent.parent
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=True,
        cwd=project,
        env={**os.environ, **environment},
    )
    return float(done.stdout)


def main():
    steps = {"0": [], "1": []}
    waits = {"1": [], "2": []}
    for _ in range(ROUNDS):
        for setting, found in steps.items():
            found.append(measure(STEP, TF_ENABLE_ONEDNN_OPTS=setting))
        for workers, found in waits.items():
            found.append(measure(FIT, workers))
    ratio = median(off / on for off, on in zip(steps["0"], steps["1"], strict=True))
    without, with_it = median(steps["0"]), median(steps["1"])
    one, two = median(waits["1"]), median(waits["2"])
    print(f"a training step without oneDNN {without:.0f} ms, with it {with_it:.0f} ms: × {ratio:.2f}")
    print(f"fit waits at its end: one worker {one:.1f} s, two workers {two:.1f} s")
    print(json.dumps({"step_ms": steps, "wait_s": waits, "onednn_ratio": round(ratio, 2)}))


if __name__ == "__main__":
    main()
