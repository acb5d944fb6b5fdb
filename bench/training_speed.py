"""`python -m practicum train` beside what people would follow or use instead, in one run.

    python bench/training_speed.py                         # everything; about an hour on 2 cores
    python bench/training_speed.py tutorial practicum      # some of it: tutorial, hands_on_ml, practicum, pytorch, gpu
    python bench/training_speed.py tutorial --seeds 1

Needs Fashion-MNIST, CIFAR-10 (or cifar10-jpeg.tar) and cats_vs_dogs in PRACTICUM_DATA; what is not there is left out,
and said. For PyTorch, name a Python that has it in TORCH_PYTHON. Ours is what `train` does without further flags, but
for a time budget or a number of epochs; each run of it follows the peer's with the same seed, and its budget is a share
of the time which that took. All on the CPU, but for the part gpu. Accuracies are on test images that neither training
nor the choice of the best epoch saw; medians over the seeds. The last line is one JSON object.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

HERE = Path(__file__).resolve().parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(HERE.parent), "TF_CPP_MIN_LOG_LEVEL": "3"}
CIFAR10 = ("cifar-10-binary.tar.gz", "cifar-10-batches-bin", "cifar10-jpeg.tar")
TORCH_EPOCHS, TORCH_BATCH = 3, 128
EXPORT = """
import sys, numpy as np
from practicum.data import load
dataset = load(sys.argv[1])
train, validation = dataset.train, dataset.validation
np.savez(sys.argv[2], images=train.images, labels=train.labels, validation_images=validation.images)
"""
PLAIN = ("--recipe", "plain", "--batch-size", TORCH_BATCH, "--epochs", TORCH_EPOCHS + 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", help=f"which of {', '.join(PARTS)} (default: all)")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    unknown = set(options.parts) - set(PARTS)
    if unknown:
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    found = {}
    for name in options.parts or PARTS:
        figures = PARTS[name](range(options.seeds))
        print(figures.pop("summary"), flush=True)
        found[name] = figures
    print(json.dumps(found))


def tutorial(seeds):
    """The time to the tutorial's accuracy: an eighth of its time as budget. And the accuracy in all of its time."""
    data = in_data_folders(*CIFAR10)
    if data is None:
        return left_out("TensorFlow's CNN tutorial", "CIFAR-10 is in no folder of PRACTICUM_DATA")
    found = in_turn("tensorflow_tutorial.py", data, seeds, (1 / 8, 1))
    (_, accuracy), (_, eighth), (_, whole) = (medians(found[name]) for name in ("theirs", "1/8", "1/1"))
    return {
        "summary": f"TensorFlow's CNN tutorial on {Path(data).name}\n{lines(found)}\n"
        f"  {bar(eighth >= accuracy)}: its accuracy in 1/8 of its time\n"
        f"  {bar(whole >= accuracy + 0.12)}: 12 points more in its time ({100 * (whole - accuracy):+.1f})",
        **found,
    }


def hands_on_ml(seeds):
    """The time to the accuracy of the book's network: a fifteenth of its time as budget. The peer runs once only."""
    if in_data_folders("fashion-mnist", "fashion_mnist") is None:
        return left_out("Hands-On ML, chapter 14", "Fashion-MNIST is in no folder of PRACTICUM_DATA")
    found = in_turn("hands_on_ml.py", "fashion_mnist", seeds, (1 / 15,), peer_once=True)
    (_, accuracy), (_, fifteenth) = (medians(found[name]) for name in ("theirs", "1/15"))
    return {
        "summary": f"Hands-On ML, chapter 14, Fashion-MNIST\n{lines(found)}\n"
        f"  {bar(fifteenth >= accuracy)}: its accuracy in 1/15 of its time ({100 * (fifteenth - accuracy):+.1f})",
        **found,
    }


def practicum(seeds):
    """As much time as exercise 1 of Google's practicum takes; parameters count too. Each seed cuts its own splits."""
    data = in_data_folders("cats_and_dogs_filtered.zip", "cats_and_dogs_filtered", "cats-vs-dogs.tar")
    if data is None:
        return left_out("Google's practicum, exercise 1", "cats_vs_dogs is in no folder of PRACTICUM_DATA")
    found = in_turn("google_practicum.py", data, seeds, (1,))
    (_, accuracy), (_, same) = (medians(found[name]) for name in ("theirs", "1/1"))
    share = found["theirs"][0]["parameters"] / found["1/1"][0]["parameters"]
    return {
        "summary": f"Google's practicum, exercise 1, {Path(data).name}\n{lines(found)}\n"
        f"  {bar(same >= accuracy + 0.1)}: 10 points more in its time ({100 * (same - accuracy):+.1f})\n"
        f"  {bar(share >= 40)}: 1/40 of its parameters (1/{share:.0f} of {found['theirs'][0]['parameters']:,})",
        **found,
    }


def pytorch(seeds):
    """Seconds an epoch of the plain network, validation included; the two in turn, once for each seed."""
    data = in_data_folders(*CIFAR10)
    python = os.environ.get("TORCH_PYTHON")
    if data is None or python is None:
        return left_out("PyTorch", "TORCH_PYTHON names no Python that has it, or CIFAR-10 is missing")
    theirs = {"float32": [], "bfloat16": []}
    mine = []
    with tempfile.TemporaryDirectory() as folder:
        images = Path(folder) / "images.npz"
        run([sys.executable, "-c", EXPORT, data, str(images)])
        for seed in seeds:
            for precision, seconds in theirs.items():
                command = [python, HERE / "peers" / "pytorch.py", images, TORCH_BATCH, TORCH_EPOCHS, precision]
                answer = json.loads(run([str(word) for word in command]))
                seconds.append(answer["seconds_an_epoch"])
            out = Path(folder) / str(seed)
            precision = ours(data, seed, *PLAIN, out=out)["precision"]
            ends = json.loads((out / "history.json").read_text())["seconds"]
            mine.append(statistics.median(after - before for before, after in pairwise(ends)))
    each = {name: statistics.median(seconds) for name, seconds in theirs.items()}
    ratio = statistics.median(mine) / min(each.values())
    return {
        "summary": f"PyTorch {answer['version']}, the plain network: {min(each.values()):.1f} s an epoch "
        f"(float32 {each['float32']:.1f}, bfloat16 {each['bfloat16']:.1f})\n"
        f"  ours:       {statistics.median(mine):.1f} s, × {ratio:.2f} ({precision})\n"
        f"  {bar(ratio <= 1)}: no slower",
        "theirs": theirs,
        "ours_seconds_an_epoch": mine,
    }


def gpu(seeds):
    """The tutorial's task once more, on the GPU that the backend finds."""
    data = in_data_folders(*CIFAR10)
    name = run([sys.executable, "-c", "from practicum.backend import gpu_names; print(*gpu_names())"], gpu=True)
    if data is None or not name:
        return left_out("GPU", "no GPU that the backend can use was at hand" if data else "CIFAR-10 is missing")
    runs = [ours(data, seed, "--epochs", 10, gpu=True) for seed in seeds]
    return {"summary": f"GPU: {name} ({runs[0]['precision']}), ten epochs\n{lines({'ours': runs})}", "ours": runs}


PARTS = {"tutorial": tutorial, "hands_on_ml": hands_on_ml, "practicum": practicum, "pytorch": pytorch, "gpu": gpu}


def in_turn(script, data, seeds, shares, *, peer_once=False):
    """For each seed the peer, and then ours with these shares of the time it took as budgets."""
    names = [f"1/{1 / share:.0f}" for share in shares]
    found = {name: [] for name in ("theirs", *names)}
    for seed in seeds:
        if not found["theirs"] or not peer_once:
            answer = run([sys.executable, str(HERE / "peers" / script), data, str(seed)])
            theirs = json.loads(answer.splitlines()[-1])
            found["theirs"].append(theirs)
        for name, share in zip(names, shares, strict=True):
            budget = theirs["seconds"] * share
            found[name].append({**ours(data, seed, "--time-budget", budget), "budget": budget})
    return found


def in_data_folders(*names):
    """The path of the first of these names that a folder of PRACTICUM_DATA holds, or None."""
    folders = [Path(entry) for entry in os.environ.get("PRACTICUM_DATA", "").split(os.pathsep) if entry]
    return next((str(folder / name) for name in names for folder in folders if (folder / name).exists()), None)


def left_out(peer_name, reason):
    return {"summary": f"{peer_name}: not measured, {reason}", "not_measured": reason}


def ours(data, seed, *flags, out=None, gpu=False):
    with tempfile.TemporaryDirectory() as folder:
        target = out or Path(folder) / "run"
        words = ["train", "--data", data, "--seed", seed, *flags, "--out", target, "--no-report", "--json"]
        return json.loads(run([sys.executable, "-m", "practicum", *map(str, words)], gpu=gpu))


def run(command, *, gpu=False):
    hidden = {} if gpu else {"CUDA_VISIBLE_DEVICES": "-1"}
    done = subprocess.run(command, capture_output=True, text=True, env={**ENVIRONMENT, **hidden}, cwd=HERE.parent)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return done.stdout.strip()


def medians(runs):
    return tuple(statistics.median(entry[name] for entry in runs) for name in ("seconds", "test_accuracy"))


def lines(found):
    """A line for each kind of run: median seconds, median accuracy and its range, how late the latest was."""
    text = []
    for name, runs in found.items():
        seconds, accuracy = medians(runs)
        spread = " to ".join(f"{value(entry['test_accuracy'] for entry in runs):.1%}" for value in (min, max))
        late = max(entry["seconds"] / entry.get("budget", entry["seconds"]) - 1 for entry in runs)
        title = {"theirs": "theirs", "ours": "ours"}.get(name, f"ours, {name} of its time")
        kept = f"; at most {late:+.1%} beside its budget" if "budget" in runs[0] else ""
        text.append(f"  {title:23} {seconds:6.1f} s, {accuracy:.1%} ({spread}){kept}")
    return "\n".join(text)


def bar(met):
    return "met" if met else "MISSED"


if __name__ == "__main__":
    main()
