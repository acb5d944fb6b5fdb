"""What each ingredient of the fast recipe is worth: left out in turn, three seeds.

    python bench/recipe_ablation.py                                        # emoji, about 12 minutes on 2 cores
    python bench/recipe_ablation.py --data cifar10 --time-budget 60        # within a time, so that speed counts too

A table (median, lowest and highest test accuracy, median seconds), and one JSON object as last line. Each run is a
process of its own.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
RUN = """
import json, sys
from practicum import data, pace
from practicum.model import build_cnn
from practicum.recipes import RECIPES
from practicum.training import evaluate, train
options = json.loads(sys.argv[1])
changes = options["changes"]
if changes.pop("constant_rate", False):
    pace.one_cycle = lambda share_done: 0.5
dataset = data.load(options["data"])
recipe = {**vars(RECIPES["fast"]), **changes}
epochs = 100_000 if options["time_budget"] else RECIPES["fast"].epochs_for(len(dataset.train))
shape = {name: recipe[name] for name in ("filters", "batch_norm", "global_pooling", "dropout")}
model = build_cnn(dataset.image_shape, len(dataset.class_names), seed=options["seed"], **shape)
ways = {name: recipe[name] for name in ("augment", "batch_size", "learning_rate", "weight_decay", "label_smoothing")}
result = train(model, dataset, epochs=epochs, time_budget=options["time_budget"], seed=options["seed"],
               precision=recipe.get("precision", "auto"), show_progress=False, **ways)
print(json.dumps({"accuracy": evaluate(model, dataset.test).accuracy, "seconds": result.seconds}))
"""
CHANGES = {
    "the fast recipe": {},
    "without batch normalisation": {"batch_norm": False, "learning_rate": 0.002},  # at 0.01 it does not learn at all
    "flattened, not averaged": {"global_pooling": False},
    "without dropout": {"dropout": 0.0},
    "without augmentation": {"augment": False},
    "with augmentation in any case": {"augment": True},
    "without weight decay": {"weight_decay": 0.0},
    "without label smoothing": {"label_smoothing": 0.0},
    "a constant learning rate": {"constant_rate": True},
    "three wider modules": {"filters": (32, 64, 128)},
    "batches of 32": {"batch_size": 32, "learning_rate": 0.005},
    "steps in float32": {"precision": "float32"},
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="emoji")
    parser.add_argument("--time-budget", type=float)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    found = {name: [] for name in CHANGES}
    for seed in range(options.seeds):
        for name, changes in CHANGES.items():
            found[name].append(measure(options, seed, changes))
    print(f"{'':32}{'test accuracy':>14} {'lowest to highest':>19} {'seconds':>8}")
    for name, runs in found.items():
        accuracies = [run["accuracy"] for run in runs]
        seconds = statistics.median(run["seconds"] for run in runs)
        spread = f"{min(accuracies):.1%} to {max(accuracies):.1%}"
        print(f"{name:32}{statistics.median(accuracies):14.1%} {spread:>19} {seconds:8.1f}")
    print(json.dumps({"data": options.data, "time_budget": options.time_budget, "runs": found}))


def measure(options, seed, changes):
    words = {"data": options.data, "time_budget": options.time_budget, "seed": seed, "changes": changes}
    done = subprocess.run(
        [sys.executable, "-c", RUN, json.dumps(words)],
        capture_output=True,
        text=True,
        cwd=PROJECT,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1"},
    )
    if done.returncode:
        sys.exit(f"{changes} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout)


if __name__ == "__main__":
    main()
