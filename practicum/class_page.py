"""The progress of a class, shown: as text for a terminal, as a page that any browser opens."""

import shutil
import textwrap
from collections.abc import Iterable
from pathlib import Path

from practicum.class_progress import Asked, ClassProgress, Misconception
from practicum.feedback import with_code
from practicum.pages import template
from practicum.tallies import HOLDS, SENT

WIDTH = 100  # letters of a line, or as many as the terminal has
TALKS, MISTAKES, FILES = 8, 3, 20  # shown at once; of the first two the page has the rest folded away
FILES_ON_PAGE = 1000
ORDER = (
    "An exercise stands high up if many learners tried it and have not solved it (they count double), or solved it "
    "only after one of the mistakes that the course knows by name, or with a look at the solution."
)


def as_page(progress: ClassProgress) -> str:
    """The page: one document that needs no internet and no scripts."""
    talk = progress.to_talk_about
    return template("class_progress.html.jinja").render(
        progress=progress,
        talk=talk[:TALKS],
        more_talk=talk[TALKS:],
        mistakes_open=MISTAKES,
        tried=sum(each.tried for each in progress.asked),
        solved=sum(each.solved for each in progress.asked),
        with_code=with_code,
        summary=summary,
        nothing=nothing_to_talk_about(progress),
        files_shown=FILES_ON_PAGE,
        holds=HOLDS,
        sent=SENT,
        order=ORDER,
    )


def save_page(progress: ClassProgress, path: str | Path) -> Path:
    """Write the page to a file; give its path."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(as_page(progress), encoding="utf-8")
    return path


def summary(asked: Asked) -> str:
    """In a sentence, how many got where.

    >>> summary(Asked("01.exercise_3", "", 9, 5, hints=2, solution=1, stuck=4, misled=3, misconceptions=()))
    '5 of 9 learners who tried have solved it; 2 took hints; 1 looked at the solution'
    """
    words = [_solved(asked)]
    words += [f"{asked.hints:,} took hints"] if asked.hints else []
    words += [f"{asked.solution:,} looked at the solution"] if asked.solution else []
    return "; ".join(words)


def _solved(asked: Asked) -> str:
    if not asked.tried:
        return "nobody has tried it"
    if asked.tried == 1:
        return f"the one learner who tried has {'' if asked.solved else 'not '}solved it"
    return f"{asked.solved:,} of {asked.tried:,} learners who tried {'has' if asked.solved == 1 else 'have'} solved it"


def nothing_to_talk_about(progress: ClassProgress) -> str:
    """Why there is nothing to talk about: because all went well, or because nobody has begun."""
    return "Nobody was stuck, and no known mistake came up." if progress.begun else "Nobody has tried anything yet."


def as_text(progress: ClassProgress) -> str:
    """The class for a terminal: what to talk about, then every exercise; of learners no names."""
    lines = [f"{_many(len(progress.rows), 'learner')}, from {_many(progress.files, 'file')}"]
    lines += ["", "To talk about first", *_talk(progress)]
    lines += ["", "Every exercise and question: how many learners …", *_table(progress)]
    if progress.notebooks_not_begun:
        notebooks = progress.notebooks_not_begun
        several = "s" if len(notebooks) > 1 else ""
        lines += ["", *_wrapped("", f"Not begun by anybody: notebook{several} {', '.join(notebooks)}.")]
    if progress.refused:
        lines += ["", f"Not used ({len(progress.refused):,})"]
        lines += [line for file, why in progress.refused[:FILES] for line in _wrapped("  ", f"{file}: {why}", "      ")]
        lines += _rest(len(progress.refused) - FILES, "file")
    if progress.remarks:
        lines += ["", "What to know"]
        lines += [line for remark, concerned in progress.remarks.items() for line in _remark(remark, concerned)]
    return "\n".join([*lines, "", *_wrapped("", f"{HOLDS} {SENT}")])


def _talk(progress: ClassProgress) -> Iterable[str]:
    talk = progress.to_talk_about
    if not talk:
        return [f"  {nothing_to_talk_about(progress)}"]
    lines = []
    for place, asked in enumerate(talk[:TALKS], 1):
        lines += _wrapped(f"{place:3}. ", f"Notebook {asked.notebook}, {asked.title}: {summary(asked)}")
        lines += _wrapped("     ", asked.asks)
        for mistake in asked.misconceptions[:MISTAKES]:
            lines += _wrapped("     • ", f"{_how_often(mistake)}: {_in_words(mistake)}")
        lines += _rest(len(asked.misconceptions) - MISTAKES, "mistake", "     ")
    return lines + _rest(len(talk) - TALKS, "exercise or question", plural="exercises and questions")


def _table(progress: ClassProgress) -> list[str]:
    headings = ("tried", "solved", "stuck", "took hints", "saw solution")
    lines = []
    for number in progress.begun:
        title = textwrap.shorten(f"{number} {progress.notebooks[number]}", 34, placeholder=" …")
        lines.append(f"  {title:<34}" + "".join(f"{heading:>{len(heading) + 2}}" for heading in headings))
        for each in progress.of_notebook(number):
            counts = (each.tried, each.solved, each.stuck, each.hints, each.solution)
            cells = [f"{count:>{len(heading) + 2},}" for count, heading in zip(counts, headings, strict=True)]
            lines.append(f"    {each.title:<32}" + "".join(cells))
    return lines or ["  Nobody has tried one yet."]


def _remark(remark: str, concerned: tuple[str, ...]) -> list[str]:
    more = f" ({len(concerned):,}, which the page and --json name)" if concerned else ""
    return _wrapped("  • ", f"{remark}{more}.")


def _in_words(mistake: Misconception) -> str:
    return f"“{mistake.choice}” – {mistake.text}" if mistake.choice else mistake.text


def _how_often(mistake: Misconception) -> str:
    return f"{_many(mistake.learners, 'learner')}, {_many(mistake.times, 'time')}"


def _rest(count: int, what: str, indent: str = "  ", plural: str = "") -> list[str]:
    more = f"{count:,} more {plural}" if plural and count != 1 else _many(count, f"more {what}")
    return [f"{indent}… and {more}, which the page and --json have"] if count > 0 else []


def _wrapped(start: str, text: str, indent: str | None = None) -> list[str]:
    return textwrap.wrap(
        text,
        max(40, min(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns)),
        initial_indent=start,
        subsequent_indent=" " * len(start) if indent is None else indent,
        break_on_hyphens=False,
    )


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}" + ("" if count == 1 else "s")
