"""A shared server: many learners load the same dataset at the same time. What it takes, and what it would take alone.

    python bench/shared_data.py cats_vs_dogs                    # 30 processes, as on a server for a class
    python bench/shared_data.py photos.zip --learners 8

Each learner is a process; started as root, each has a user of its own, so that what is closed to learners is closed.
Three ways: a cache each; one cache for all, who are one user then, as in containers; and a data folder with the decoded
images in it, which nobody may write. Megabytes are those of Linux: RSS counts what is shared once for everybody who has
it, PSS in equal parts.
"""

import argparse
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from practicum.places import FINDABLE, find

PROJECT = Path(__file__).resolve().parent.parent
LEARNERS = 30
FIRST_USER = 41_000  # numbers of users that no machine is likely to have
# What a learner's process does. It tells how often it decoded; with "stop", it stops in the middle and waits.
LEARNER = """
import hashlib, json, os, sys, tempfile
from pathlib import Path
import numpy as np
from PIL import Image
from practicum import cache, data
user, name, stop = int(sys.argv[1]), sys.argv[2], sys.argv[3] == "stop"
own = os.environ["PRACTICUM_CACHE"]
with tempfile.TemporaryDirectory() as first:  # whatever is imported late is imported now, as the one who started this
    os.environ["PRACTICUM_CACHE"] = first
    for number in range(40):
        path = Path(first, "images", f"class {number % 2}", f"{number}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.random.default_rng(number).integers(0, 256, (16, 16, 3), np.uint8)).save(path)
    data.load(path.parent.parent)
import encodings.ascii, encodings.cp437  # looked for as late as that
os.environ["PRACTICUM_CACHE"] = own
if user:  # only now: Python itself may lie where other users cannot read
    os.setgroups([]), os.setgid(user), os.setuid(user)
decoded = []
def counted(folder, build, seed, store=cache._store):
    def watched(writer):
        decoded.append(str(folder))
        finish = writer.finish
        def stopping(*given, **more):
            if stop:
                print("in the middle", flush=True), sys.stdin.readline()
            return finish(*given, **more)
        writer.finish = stopping
        build(writer)
    store(folder, watched, seed)
cache._store = counted
print("ready", flush=True), sys.stdin.readline()
try:
    dataset = data.load(name)
except ValueError as error:
    print(json.dumps({"error": str(error)}), flush=True)
    sys.exit(1)
digest = hashlib.sha256()
for split in (dataset.train, dataset.validation, dataset.test):
    digest.update(split.labels)
    for start in range(0, len(split.images), 1000):
        digest.update(split.images[start : start + 1000])
where = getattr(dataset.train.images, "filename", None)
print(json.dumps({"digest": digest.hexdigest(), "decoded": decoded, "where": where and str(where)}), flush=True)
sys.stdin.readline()  # so that all can be measured while all are there
"""


class Learner:
    """A process of a user of its own (where this one is root) that loads a dataset."""

    def __init__(self, number: int | None, name: str | Path, *, data: Path, cache: Path, stop: bool = False) -> None:
        """number: of the user; None: the one who started this. stop: in the middle of decoding."""
        user = FIRST_USER + number if number is not None and os.geteuid() == 0 else 0
        environment = os.environ | {
            "PYTHONPATH": str(PROJECT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PRACTICUM_DATA": str(data),
            "PRACTICUM_CACHE": str(cache),
            "PRACTICUM_OFFLINE": "1",
            "PRACTICUM_PROGRESS": "off",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-c", LEARNER, str(user), str(name), "stop" if stop else "go"],
            env=environment,
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def hears(self) -> str:
        """The next line that the process says; an empty one if it has ended."""
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def go_on(self) -> None:
        assert self.process.stdin
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def memory(self, what: str = "Pss") -> float:
        """Megabytes: "Rss", or "Pss", in which what is shared counts in parts."""
        text = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith(f"{what}:")) * 1024 / 1e6

    def leave(self) -> str:
        """End the process; what it said on standard error."""
        return self.process.communicate("\n\n\n" if self.process.poll() is None else None)[1]


@contextmanager
def closed(folder: Path) -> Iterator[Path]:
    """The folder and all in it, open for reading only: 555 for folders and 444 for files. Afterwards as it was."""
    paths = [folder, *folder.rglob("*")]
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in paths}
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        yield folder
    finally:
        for path, mode in modes.items():
            path.chmod(mode)


def all_at_once(learners: list[Learner]) -> list[dict]:
    """Let all load at the same time; what each found. They wait afterwards, so that their memory can be measured."""
    for learner in learners:
        assert learner.hears() == "ready", learner.leave()
    for learner in learners:
        learner.go_on()
    said = [learner.hears() for learner in learners]
    assert all(said), "\n".join(learner.leave() for learner, line in zip(learners, said, strict=True) if not line)
    return [json.loads(line) for line in said]


def fill(data: Path, name: str | Path) -> None:
    """Decode a dataset into the data folder, as a teacher does once: with the data folder as the cache."""
    teacher = Learner(None, name, data=data, cache=data)
    all_at_once([teacher])
    teacher.leave()


def for_all(folder: Path) -> Path:
    """A new folder in which everybody may write, as /tmp is."""
    folder.mkdir()
    folder.chmod(0o1777)
    return folder


def shared_cache(folder: Path) -> Path:
    """A cache in which everybody may write."""
    for_all(folder)
    for_all(folder / "decoded")
    return folder


def row(way: str, learners: list[Learner]) -> str:
    """A line of the table: how often was decoded, seconds, one's RSS, the sum of PSS, and of RSS."""
    started = time.monotonic()
    found = all_at_once(learners)
    seconds = time.monotonic() - started
    rss, pss = ([learner.memory(what) for learner in learners] for what in ("Rss", "Pss"))
    for learner in learners:
        learner.leave()
    if len({one["digest"] for one in found}) != 1:
        raise SystemExit("the learners do not have the same images")
    times = sum(len(one["decoded"]) for one in found)
    return f"| {way} | {times} | {seconds:.0f} | {max(rss):.0f} | {sum(rss):,.0f} | {sum(pss):,.0f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="a dataset in PRACTICUM_DATA, or an archive")
    parser.add_argument("--learners", type=int, default=LEARNERS)
    given = parser.parse_args()
    print("| | decoded | seconds | MB of one | sum of RSS | sum of PSS |\n|---|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as name:
        room = Path(name)
        room.chmod(0o755)
        data = room / "data"
        data.mkdir()
        found = find(given.data) if given.data in FINDABLE else Path(given.data)
        if found is None or not found.exists():
            raise SystemExit(f"{given.data} is not here")
        (shutil.copytree if found.is_dir() else shutil.copy)(found, data / found.name)
        dataset = given.data if given.data in FINDABLE else data / found.name
        own, together = for_all(room / "own"), shared_cache(room / "together")
        numbers = range(given.learners)
        with closed(data):
            learners = [Learner(n, dataset, data=data, cache=own / str(n)) for n in numbers]
            print(row("a cache each", learners), flush=True)
            learners = [Learner(0, dataset, data=data, cache=together) for n in numbers]
            print(row("one cache, all the same user", learners), flush=True)
        for path in data.rglob("*"):  # before decoding: who may read a file is a part of what the images are known by
            path.chmod(0o555 if path.is_dir() else 0o444)
        fill(data, dataset)
        with closed(data):
            learners = [Learner(n, dataset, data=data, cache=for_all(own / f"again {n}")) for n in numbers]
            print(row("decoded in the data folder", learners), flush=True)


if __name__ == "__main__":
    main()
