"""What a learner's notebook takes: processor seconds, the most memory of its kernel, bytes stored and sent.

The kernel's memory is that of it and the processes it starts, such as those of a sweep, shared pages counted once
(the sum of their PSS, read four times a second; Linux only).

    python bench/classroom.py             # all notebooks; about 10 minutes
    python bench/classroom.py "05*"

The figures behind docs/capacity.md. Each notebook runs in a process of its own, in a copy of the course, so that
nothing is cached that a learner would not have. The last line is one JSON object.
"""

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
RUN = """
import json, resource, sys
from pathlib import Path
import nbclient, nbformat
path = Path(sys.argv[1])
notebook = nbformat.read(path, as_version=4)
nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(path.parent)}}).execute()
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({"cpu": used.ru_utime + used.ru_stime}))
"""


def memory_mb(parent: int) -> float:
    """What the descendants of a process take now: the sum of their proportional set sizes."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError):
            children.setdefault(int(stat.read_text().rsplit(")", 1)[1].split()[1]), []).append(int(stat.parent.name))
    total, waiting = 0.0, list(children.get(parent, []))
    while waiting:
        process = waiting.pop()
        waiting += children.get(process, [])
        with contextlib.suppress(OSError, StopIteration):
            lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
            total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1000
    return total


def run(path: Path, cache: Path) -> dict[str, float]:
    """Run one notebook to its end; what it took."""
    started, most = time.monotonic(), 0.0
    command = [sys.executable, "-c", RUN, str(path)]
    with subprocess.Popen(command, env=os.environ | {"PRACTICUM_CACHE": str(cache)}, stdout=subprocess.PIPE) as process:
        while process.poll() is None:
            most = max(most, memory_mb(process.pid))
            time.sleep(0.25)
        if process.returncode:
            raise SystemExit(f"{path.name} has failed")
        return json.loads(process.stdout.read()) | {"peak_mb": most, "seconds": time.monotonic() - started}


def size_mb(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pattern", nargs="?", default="*")
    pattern = parser.parse_args().pattern
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        course = Path(folder, "course")
        archive = Path(folder, "course.tar.gz")
        with archive.open("wb") as file:
            subprocess.run(["git", "archive", "--format=tar.gz", "HEAD"], cwd=PROJECT, stdout=file, check=True)
        shutil.unpack_archive(archive, course)
        sent, stored = archive.stat().st_size / 1e6, size_mb(course)
        for path in sorted((course / "notebooks").glob(f"{pattern}.ipynb")):
            one = run(path, Path(folder, "cache"))
            found[path.stem] = one
            print(f"{path.stem:28} {one['cpu']:6.0f} s of processor, {one['peak_mb']:6.0f} MB", flush=True)
    installed = size_mb(Path(sys.prefix))
    print(f"the course: {sent:.0f} MB to send, {stored:.0f} MB stored; its environment: {installed:.0f} MB")
    print(json.dumps({"notebooks": found, "sent_mb": sent, "stored_mb": stored, "environment_mb": installed}))


if __name__ == "__main__":
    main()
