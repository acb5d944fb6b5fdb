"""A sweep while it runs: a table that grows in a notebook or a terminal, lines in a log."""

import html
import math
import sys
from typing import Any, Protocol

from practicum.experiments.table import Results
from practicum.progress import in_notebook, note


class Display(Protocol):
    """What a sweep tells."""

    def update(self, results: Results, seconds_left: float) -> None:
        """A run is done."""

    def close(self, outcome: str) -> None:
        """It is over, and why."""


def display(total: int, before: int, *, show: bool) -> Display:
    """For where this process writes to.

    Args:
        total: runs of the sweep.
        before: how many of them were done before.
        show: False for nothing at all.
    """
    if not show:
        return Silent()
    kind = InNotebook if in_notebook() else InTerminal if sys.stderr.isatty() else PlainLines
    return kind(total, before)


def duration(seconds: float) -> str:
    """Seconds in words: "" while they are not known."""
    if math.isnan(seconds):
        return ""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


class Silent:
    def update(self, results: Results, seconds_left: float) -> None:
        """Nothing."""

    def close(self, outcome: str) -> None:
        """Nothing."""


class PlainLines:
    """A line a run."""

    def __init__(self, total: int, before: int) -> None:
        self.total = total
        self.results = Results(())
        self.line = f"sweep: {total} runs" + (f", of which {before} are done" if before else "")
        note(self.line)

    def update(self, results: Results, seconds_left: float) -> None:
        self.results = results
        left = duration(seconds_left)
        self.line = f"{len(results)} of {self.total} runs" + (f", about {left} left" if left and seconds_left else "")
        self.show()

    def show(self) -> None:
        run = self.results.runs[-1]
        note(f"{self.line}: {run}")

    def close(self, outcome: str) -> None:
        self.line = f"{len(self.results)} of {self.total} runs: {outcome}" if len(self.results) else outcome
        note(f"sweep: {outcome}")


class InTerminal(PlainLines):
    """The table, drawn anew after each run; it goes when the sweep is over, since who called prints the results."""

    def __init__(self, total: int, before: int) -> None:
        from rich.console import Console
        from rich.live import Live

        self._live: Any = Live(console=Console(stderr=True), auto_refresh=False, transient=True)
        super().__init__(total, before)
        self._live.start()

    def show(self) -> None:
        from rich.text import Text

        self._live.update(Text(f"{self.results}\n{self.line}", no_wrap=True), refresh=True)

    def close(self, outcome: str) -> None:
        self._live.stop()
        super().close(outcome)


class InNotebook(PlainLines):
    """The table, in the cell's output."""

    def __init__(self, total: int, before: int) -> None:
        from IPython.display import HTML, display

        self._handle: Any = display(HTML(f"sweep: {total} runs …"), display_id=True)
        self.total, self.results, self.line = total, Results(()), ""

    def show(self) -> None:
        from IPython.display import HTML

        done = len(self.results)
        bar = f'<progress max="{self.total}" value="{done}"></progress> ' if done < self.total else ""
        table = self.results._repr_html_() if done else ""
        self._handle.update(HTML(f"{bar}{html.escape(self.line)}{table}"))

    def close(self, outcome: str) -> None:
        self.line = f"{len(self.results)} of {self.total} runs: {outcome}"
        self.show()
