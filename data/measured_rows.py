"""A CSV of measurements that is filled row by row: what stands in it already is not measured again."""

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Key = tuple[str, ...]


class MeasuredRows:
    """The rows of the file at path. The first columns, as many as keys, say what was measured: no two rows share them.

    order: where a row stands in the file, by its key; without it, rows stand in the order in which they were added.
    """

    def __init__(
        self, path: Path, columns: Sequence[str], keys: int, order: Callable[[Key], Any] = lambda key: 0
    ) -> None:
        self.path, self.columns, self.keys, self.order = path, columns, keys, order
        self.rows: dict[Key, dict[str, str]] = {}
        if path.exists():
            with path.open(encoding="utf-8", newline="") as file:
                self.rows = {tuple(row[name] for name in columns[:keys]): row for row in csv.DictReader(file)}

    def fill(self, key: Sequence[Any], measure: Callable[[], Sequence[Any]]) -> None:
        """Measure what key stands for, unless that was done, and write the file anew: cut off, one row is lost."""
        name = tuple(map(str, key))
        if name in self.rows:
            return
        self.rows[name] = dict(zip(self.columns, map(str, (*name, *measure())), strict=True))
        print(",".join(self.rows[name].values()), flush=True)
        partial = self.path.with_suffix(".partial")
        with partial.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, self.columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(self.rows[each] for each in sorted(self.rows, key=self.order))
        partial.replace(self.path)
