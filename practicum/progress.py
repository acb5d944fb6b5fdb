"""Show that work goes on: in a terminal, in a notebook, or as plain lines in a log.

Everything goes to standard error (in a notebook, to the cell), so that standard output stays free for results.
"""

import contextlib
import html
import sys
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any, Protocol, TypeVar

Item = TypeVar("Item")
REDRAW_SECONDS = 0.25
LOG_SECONDS = 10.0  # between two lines about the same transfer
RATE_SECONDS = 5.0  # over which the rate of a transfer is taken


def in_notebook() -> bool:
    """True in a Jupyter kernel (JupyterLab, Colab, VS Code), False in a terminal or a script."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and hasattr(shell, "kernel")


def note(line: str) -> None:
    """Say why nothing seems to happen."""
    print(line, file=sys.stderr, flush=True)


def track(items: Iterable[Item], what: str, total: int) -> Iterator[Item]:
    """Hand on items one by one, showing what is done and how much of it."""
    if in_notebook():
        yield from _track_in_notebook(items, what, total)
    elif sys.stderr.isatty():
        from rich.console import Console
        from rich.markup import escape
        from rich.progress import track as rich_track

        # A layer may be called "[/b]", which is no markup.
        yield from rich_track(items, escape(what), total, console=Console(stderr=True), transient=True)
    else:
        note(f"{what}: {total:,} …")
        yield from items


def _track_in_notebook(items: Iterable[Item], what: str, total: int) -> Iterator[Item]:
    from IPython.display import HTML, display

    handle = display(HTML(""), display_id=True)
    drawn, state = 0.0, ""
    try:
        for done, item in enumerate(items):
            if time.monotonic() - drawn > REDRAW_SECONDS:
                drawn = time.monotonic()
                handle.update(
                    HTML(f'{html.escape(what)} <progress max="{total}" value="{done}"></progress> {done:,}/{total:,}')
                )
            yield item
        state = f"{html.escape(what)}: {total:,}, done"
    finally:
        handle.update(HTML(state))  # no bar stays where the items were not asked for to the end


@contextlib.contextmanager
def transfer(what: str, total: int) -> Generator[Callable[[int], None]]:
    """Show how many of total bytes are there, how fast they come, and how long the rest will take.

    Gives a function to be told the number of bytes that are there: all of them, with those of an earlier call.
    """
    if in_notebook():
        yield from _transfer_in_notebook(what, total)
    elif sys.stderr.isatty():
        yield from _transfer_in_terminal(what, total)
    else:
        yield from _transfer_in_log(what, total)


def _transfer_in_terminal(what: str, total: int) -> Generator[Callable[[int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.fields[words]}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(what, total=total, words="")
        rate = Rate(total)

        def show(done: int) -> None:
            bars.update(task, completed=done, words=rate.words(done))

        yield show


def _transfer_in_notebook(what: str, total: int) -> Generator[Callable[[int], None]]:
    from IPython.display import HTML, display

    handle = display(HTML(html.escape(what)), display_id=True)
    rate, latest, drawn = Rate(total), 0, 0.0

    def show(done: int) -> None:
        nonlocal latest, drawn
        latest = done
        words = rate.words(done)
        if time.monotonic() - drawn > REDRAW_SECONDS:
            drawn = time.monotonic()
            handle.update(
                HTML(f'{html.escape(what)} <progress max="{total}" value="{done}"></progress> {html.escape(words)}')
            )

    try:
        yield show
    finally:
        state = "done" if latest == total else "not complete"
        handle.update(HTML(f"{html.escape(what)}: {megabytes(latest)} of {megabytes(total)}, {state}"))


def _transfer_in_log(what: str, total: int) -> Generator[Callable[[int], None]]:
    note(f"{what}: {megabytes(total)} …")
    rate, written = Rate(total), time.monotonic()

    def show(done: int) -> None:
        nonlocal written
        words = rate.words(done)
        if time.monotonic() - written > LOG_SECONDS:
            written = time.monotonic()
            note(f"{what}: {words}")

    yield show


class Rate:
    """How fast bytes have come in the last seconds."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.seen: deque[tuple[float, int]] = deque()

    def words(self, done: int) -> str:
        """Such as "31 MB of 170 MB, 2.1 MB/s, 1:06 left"."""
        now = time.monotonic()
        if self.seen and done < self.seen[-1][1]:
            self.seen.clear()  # it began anew
        self.seen.append((now, done))
        while self.seen[0][0] < now - RATE_SECONDS and len(self.seen) > 2:
            self.seen.popleft()
        text = f"{megabytes(done)} of {megabytes(self.total)}"
        start, before = self.seen[0]
        if now <= start or done <= before:
            return text
        rate = (done - before) / (now - start)
        minutes, seconds = divmod(round((self.total - done) / rate), 60)
        return f"{text}, {megabytes(rate)}/s, {minutes}:{seconds:02} left"


def megabytes(count: float) -> str:
    """A number of bytes, for people."""
    if count < 1e6:
        return f"{count / 1e3:.{0 if count >= 10e3 else 1}f} kB"
    return f"{count / 1e6:.{0 if count >= 10e6 else 1}f} MB"


class TrainingDisplay(Protocol):
    """What a training tells its display."""

    def start(self, title: str, epochs: int) -> None: ...
    def step(self, epoch: int, share_of_epoch: float) -> None: ...
    def end_epoch(self, row: dict[str, float]) -> None: ...
    def close(self, closing: str) -> None: ...


def training_display(shown: bool) -> TrainingDisplay:
    """The display that suits where the training runs."""
    if not shown:
        return Silent()
    if in_notebook():
        return InNotebook()
    return InTerminal() if sys.stderr.isatty() else PlainLines()


HEADINGS = ("epoch", "seconds", "train loss", "train accuracy", "validation loss", "validation accuracy")


def cells(row: dict[str, float]) -> tuple[str, ...]:
    """One epoch's figures as text, in the order of HEADINGS."""
    return (
        f"{row['epoch']:.0f}",
        f"{row['seconds']:.1f}",
        f"{row['loss']:.3f}",
        f"{row['accuracy']:.1%}",
        f"{row['validation_loss']:.3f}",
        f"{row['validation_accuracy']:.1%}",
    )


class Silent:
    def start(self, title: str, epochs: int) -> None:
        pass

    def step(self, epoch: int, share_of_epoch: float) -> None:
        pass

    def end_epoch(self, row: dict[str, float]) -> None:
        pass

    def close(self, closing: str) -> None:
        pass


class PlainLines(Silent):
    """A line an epoch, for logs."""

    def start(self, title: str, epochs: int) -> None:
        self._print(title)
        self._print("  ".join(HEADINGS))

    def end_epoch(self, row: dict[str, float]) -> None:
        self._print("  ".join(cell.rjust(len(heading)) for cell, heading in zip(cells(row), HEADINGS, strict=True)))

    def close(self, closing: str) -> None:
        self._print(closing)

    def _print(self, line: str) -> None:
        note(line)


class InTerminal(PlainLines):
    """A line an epoch, and under the last one a bar for the epoch under way."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        self.bars = Progress(*columns, console=Console(stderr=True, highlight=False), transient=True)
        self.task: Any = None

    def start(self, title: str, epochs: int) -> None:
        super().start(title, epochs)
        self.epochs = epochs
        self.bars.start()
        self.task = self.bars.add_task(f"epoch 1 of at most {epochs}", total=1.0)

    def step(self, epoch: int, share_of_epoch: float) -> None:
        description = f"epoch {epoch} of at most {self.epochs}"
        self.bars.update(self.task, completed=share_of_epoch, description=description)

    def close(self, closing: str) -> None:
        self.bars.stop()
        super().close(closing)

    def _print(self, line: str) -> None:
        self.bars.console.print(line, markup=False, soft_wrap=True)


class InNotebook:
    """A table that grows by a row an epoch, with a bar below it while an epoch is under way."""

    def start(self, title: str, epochs: int) -> None:
        from IPython.display import HTML, display

        self.make_html = HTML
        self.title, self.epochs = title, epochs
        self.rows: list[tuple[str, ...]] = []
        self.drawn = 0.0
        self.handle = display(HTML(self._page("")), display_id=True)

    def step(self, epoch: int, share_of_epoch: float) -> None:
        if time.monotonic() - self.drawn > REDRAW_SECONDS:
            self.drawn = time.monotonic()
            bar = f'epoch {epoch} of at most {self.epochs} <progress max="1" value="{share_of_epoch:.3f}"></progress>'
            self._show(bar)

    def end_epoch(self, row: dict[str, float]) -> None:
        self.rows.append(cells(row))
        self._show("")

    def close(self, closing: str) -> None:
        self._show(html.escape(closing))

    def _show(self, below: str) -> None:
        self.handle.update(self.make_html(self._page(below)))

    def _page(self, below: str) -> str:
        head = "".join(f"<th scope='col'>{heading}</th>" for heading in HEADINGS)
        body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in self.rows)
        return (
            f"<div>{html.escape(self.title)}</div><table><thead><tr>{head}</tr></thead>"
            f"<tbody>{body}</tbody></table><div>{below}</div>"
        )
