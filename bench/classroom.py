"""What a learner's notebook takes: processor seconds, memory, bytes stored and sent.

    python bench/classroom.py > classroom.log           # all notebooks; about 15 minutes
    python bench/classroom.py "05*"
    python bench/classroom.py --table classroom.log     # runs nothing: puts these figures into docs/shared-server.md

The figures behind docs/capacity.md. Each notebook runs in a process of its own, in a copy of the course, so that
nothing is cached that a learner would not have. The last line is one JSON object.

Memory is given twice: the most that one process ever had, which is nearly always the kernel; and, looked at four times
a second, the most that the kernel had together with all processes that it had started, where they share something
counted once. A server's limit for a user has to hold the latter.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
PAGE = PROJECT / "docs" / "shared-server.md"
TABLE = re.compile(r"(<!-- memory of each notebook -->\n).*?(<!-- /memory of each notebook -->)", re.S)
RUN = """
import json, resource, sys, threading, time
from pathlib import Path
import nbclient, nbformat, psutil
most = {"together_mb": 0.0, "processes": 0}
def look():
    while True:
        sizes = []
        for process in psutil.Process().children(recursive=True):
            try:
                found = process.memory_full_info()
                sizes.append(getattr(found, "pss", found.uss))
            except psutil.Error:  # it has just ended
                pass
        most["together_mb"] = max(most["together_mb"], sum(sizes) / 1e6)
        most["processes"] = max(most["processes"], len(sizes))
        time.sleep(0.25)
threading.Thread(target=look, daemon=True).start()
path = Path(sys.argv[1])
notebook = nbformat.read(path, as_version=4)
nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(path.parent)}}).execute()
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({"cpu": used.ru_utime + used.ru_stime, "peak_mb": used.ru_maxrss / 1000, **most}))
"""


def size_mb(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


def table(found: dict[str, dict[str, float]]) -> str:
    """The rows of docs/shared-server.md, of what a run found: notebook -> figures. An older run lacks some of them."""
    rows = ["| notebook | one process, MB | all together, MB | processes |", "|---|---:|---:|---:|"]
    for name, one in sorted(found.items()):
        together, processes = (f"{one[key]:,.0f}" if key in one else "" for key in ("together_mb", "processes"))
        rows.append(f"| {name[:2]} | {one['peak_mb']:,.0f} | {together} | {processes} |")
    return "\n".join(rows) + "\n"


def write_table(logs: list[Path], page: Path = PAGE) -> str:
    """Put the figures of earlier runs, whose outputs are in logs, into the page. Of a notebook the last one counts.

    Raises:
        SystemExit: there are none in a log, or no place for them in the page.
    """
    found = {}
    for log in logs:
        lines = log.read_text(encoding="utf-8").splitlines()
        try:
            found.update(json.loads(lines[-1])["notebooks"])
        except (IndexError, KeyError, TypeError, ValueError):
            raise SystemExit(f"{log} is not the output of a run: python bench/classroom.py > {log}") from None
    text = page.read_text(encoding="utf-8")
    if not TABLE.search(text):
        raise SystemExit(f"{page} lacks the two marks between which the table stands")
    rows = table(found)
    page.write_text(TABLE.sub(lambda marks: marks[1] + rows + marks[2], text), encoding="utf-8")
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pattern", nargs="?", default="*")
    parser.add_argument("--table", type=Path, nargs="+", metavar="FILE", help="outputs of earlier runs; none is made")
    given = parser.parse_args()
    if given.table:
        print(write_table(given.table), end="")
    else:
        run(given.pattern)


def run(pattern: str) -> None:
    """Run the notebooks, and print what they take."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        course = Path(folder, "course")
        archive = Path(folder, "course.tar.gz")
        with archive.open("wb") as file:
            subprocess.run(["git", "archive", "--format=tar.gz", "HEAD"], cwd=PROJECT, stdout=file, check=True)
        shutil.unpack_archive(archive, course)
        sent, stored = archive.stat().st_size / 1e6, size_mb(course)
        for path in sorted((course / "notebooks").glob(f"{pattern}.ipynb")):
            started = time.monotonic()
            done = subprocess.run(
                [sys.executable, "-c", RUN, str(path)],
                env=os.environ | {"PRACTICUM_CACHE": str(Path(folder, "cache"))},
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
            one = json.loads(done.stdout) | {"seconds": time.monotonic() - started}
            found[path.stem] = one
            print(
                f"{path.stem:28} {one['cpu']:6.0f} s of processor, {one['peak_mb']:6.0f} MB in one process, "
                f"{one['together_mb']:6.0f} MB in {one['processes']}",
                flush=True,
            )
    installed = size_mb(Path(sys.prefix))
    print(f"the course: {sent:.0f} MB to send, {stored:.0f} MB stored; its environment: {installed:.0f} MB")
    print(json.dumps({"notebooks": found, "sent_mb": sent, "stored_mb": stored, "environment_mb": installed}))


if __name__ == "__main__":
    main()
