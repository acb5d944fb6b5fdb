"""Run notebooks from top to bottom and store their outputs: `python tools/execute.py "04*" "solutions/04*"`.

`make notebooks` runs the solved ones, writes the learner's copies, and runs those. The outputs are what nbval
compares against. A notebook that raises is left as it was.
"""

import argparse
import os
import sys
import time
from pathlib import Path

import nbclient
import nbformat

PROJECT = Path(__file__).resolve().parent.parent
NOTEBOOKS = PROJECT / "notebooks"
SECONDS_A_CELL = 300
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("patterns", nargs="*", default=["*.ipynb"], help="which ones (default: learner's copies)")
    os.environ["PRACTICUM_PROGRESS"] = "off"  # the outputs shall not tell how far somebody is
    paths = sorted({path for pattern in parser.parse_args().patterns for path in NOTEBOOKS.glob(pattern)})
    paths = [path for path in paths if path.suffix == ".ipynb"]
    if not paths:
        print("no notebook matches; give a pattern such as 04*", file=sys.stderr)
        return 2
    failed = 0
    for path in paths:
        started = time.monotonic()
        try:
            execute(path)
        except nbclient.exceptions.CellExecutionError as error:
            failed += 1
            print(f"{path.name}: {error}", file=sys.stderr)
        else:
            print(f"{path.name}: {time.monotonic() - started:.0f} s", flush=True)
    return 1 if failed else 0


def execute(path: Path) -> None:
    """Run the notebook at path and write it back with its outputs, without anything that changes from run to run."""
    notebook = nbformat.read(path, as_version=4)
    client = nbclient.NotebookClient(
        notebook,
        timeout=SECONDS_A_CELL,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(path.parent)}},
    )
    client.execute()
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL, "language_info": {"name": "python"}})
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:02d}"
        cell.metadata = nbformat.from_dict({"tags": cell.metadata["tags"]} if cell.metadata.get("tags") else {})
    nbformat.validate(notebook)
    nbformat.write(notebook, path)


if __name__ == "__main__":
    raise SystemExit(main())
