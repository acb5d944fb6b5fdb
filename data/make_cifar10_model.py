"""Train the network in data/models on CIFAR-10, and write it there with all that is known about it.

    python data/make_cifar10_model.py cifar10-jpeg.tar --run runs/cifar10        # about an hour on 2 cores

Cut off, the same command goes on where it was. No image of CIFAR-10 gets into what is written.
"""

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

MODELS = Path(__file__).resolve().parent / "models"
FLAGS = [
    *("--filters", "32,64,128,128,256,256", "--kernel-size", "5,3,3,3,3,3", "--pool-size", "2,1,2,1,2,1"),
    *("--dense", "none", "--epochs", "60", "--seed", "0"),
]
PACKAGES = ("tensorflow", "keras", "numpy", "practicum")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path, help="CIFAR-10: its binary version, or an archive of class folders")
    parser.add_argument("--run", type=Path, required=True, help="folder of the training; an unfinished one goes on")
    options = parser.parse_args()
    train(options.archive, options.run)
    MODELS.mkdir(exist_ok=True)
    shutil.copyfile(options.run / "model.keras", MODELS / "cifar10.keras")
    shutil.copyfile(options.run / "log.txt", MODELS / "cifar10.log")
    facts = describe(options.archive, options.run)
    (MODELS / "cifar10.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    print(f"test accuracy {facts['test_accuracy']:.1%}, {(MODELS / 'cifar10.keras').stat().st_size / 1e6:.1f} MB")
    return 0


def train(archive: Path, run: Path) -> None:
    """Train, or go on; keep what is said meanwhile in log.txt of the run."""
    run.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "practicum", "train", "--data", str(archive), *FLAGS, "--out", str(run)]
    with subprocess.Popen([*command, "--no-report", "--json"], stderr=subprocess.PIPE, text=True) as process:
        with (run / "log.txt").open("a", encoding="utf-8") as log:
            for line in process.stderr or ():
                print(line, end="", file=sys.stderr)
                log.write(line)
        if process.wait():
            sys.exit("the training did not end well; the same command goes on with it")


def describe(archive: Path, run: Path) -> dict[str, object]:
    summary = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    dataset = json.loads((run / "dataset.json").read_text(encoding="utf-8"))
    result = json.loads((run / "result.json").read_text(encoding="utf-8"))
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    images = sum(map(sum, summary["confusion"]))
    return {
        "class_names": dataset["class_names"],
        "command": " ".join(["python -m practicum train --data", archive.name, *FLAGS]),
        "seed": summary["seed"],
        "data": {"file": archive.name, "sha256": digest, "test_images": images},
        "parameters": summary["parameters"],
        "test_accuracy": summary["test_accuracy"],
        "validation_accuracy": summary["validation_accuracy"],
        "confusion": summary["confusion"],
        "best_epoch": result["best_epoch"],
        "seconds": summary["seconds"],
        "device": summary["device"],
        "precision": summary["precision"],
        "versions": {package: metadata.version(package) for package in PACKAGES},
    }


if __name__ == "__main__":
    raise SystemExit(main())
