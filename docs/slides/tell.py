"""Slides told from the cells of a notebook.

teller = Teller(parts, hints)
notebook = teller.notebook()      # its cells are slides, with the slide types that nbconvert's exporter reads

Each numbered section is a stack of slides: section 3 is #/3. A line of text, a figure, a result, an exercise and a
question stand on slides of their own or together with what belongs to them; everything written stands in the notes.
"""

import re
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

import nbformat
from chapters import DESCRIPTION, UNASKED
from compose import OPENING, ROOM, begun, compose, height
from gist import PREDICT, Block, Point, blocks, for_the_room, items, points, sentences, words
from guide import Hints
from parts import Parts, answers, essential, printed_for_a_room, tells_something

HOUSEKEEPING = ("How exercises work", "Your progress", "How to use")  # about notebooks, not about networks
NEXT = re.compile(r"^(And )?(now|next|last|then|first|second)\b", re.I)
LINES_OF_IDEA = 14  # code that is shown for its own sake
PAGES = ("data-practicum-explorer", "practicum-audit")


@dataclass
class Slide:
    """What stands on one slide, as HTML."""

    kind: str
    title: str
    section: str
    kicker: str = ""
    body: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    opens: bool = False  # the first one of its section


class Teller:
    """Tells the slides of one notebook.

    Args:
        parts: makes the pieces.
        hints: what the instructor guide says about this notebook.
    """

    def __init__(self, parts: Parts, hints: Hints) -> None:
        self.parts, self.hints = parts, hints
        self.slides: list[Slide] = []
        self._number, self._section, self._sub = "0", "", ""
        self._pending: list[Block] = []  # text that is not yet on a slide
        self._notes: list[str] = []  # and what goes into the notes of the next one
        self._opens = self._begins = True

    def notebook(self) -> nbformat.NotebookNode:
        """A notebook whose cells are the slides."""
        told = list(self._items())
        start = list(takewhile(lambda one: not (isinstance(one, Block) and _level(one) == 2), told))
        self._title(start)
        self._tell(told[len(start) :])
        self._flush()
        if self._notes:
            self.slides[-1].notes += self._notes
        cells, before = [], None
        for slide in self.slides:
            slide.body = begun(slide.body)
            kind = "subslide" if slide.section == before else "slide"
            before = slide.section
            metadata = {"slideshow": {"slide_type": kind}, "slide": vars(slide)}
            cells.append(nbformat.v4.new_markdown_cell(metadata=metadata))
        return nbformat.v4.new_notebook(cells=cells)

    def _items(self) -> Any:
        """Blocks of text and cells of code in order; an author's own slide types are kept to."""
        for cell in self.parts.chapter.notebook.cells:
            kind = cell.metadata.get("slideshow", {}).get("slide_type", "-")
            if kind == "skip" or "bootstrap" in cell.metadata.get("tags", []):
                continue
            if kind == "notes":
                yield Block("notes", cell.source)
            elif cell.cell_type == "markdown":
                yield from blocks(cell.source)
            elif cell.cell_type == "code":
                yield cell

    # The first slides ---------------------------------------------------------------------------------------------

    def _title(self, start: list[Any]) -> None:
        """The title with the question, and what one can do afterwards."""
        texts = [one for one in start if isinstance(one, Block)]
        chapter = self.parts.chapter
        question = next((one.text for one in texts if one.text.startswith("**The question.**")), "")
        asked = for_the_room(question.partition("**The question.**")[2])
        slide = self._add("title", self.parts.line(chapter.title), opens=False)
        slide.kicker = f"Notebook {chapter.number}"
        if asked:
            slide.body.append(f'<p class="question">{self.parts.line(asked)}</p>')
        slide.notes = [self.parts.block(one) for one in self.hints.start]
        listed = next((one for one in texts if one.kind == "list" and one is not texts[0]), None)
        promises = [place for place, one in enumerate(texts) if one.text.startswith("**After this notebook")]
        if promises and promises[0] + 1 < len(texts):
            listed = texts[promises[0] + 1]
        if listed and listed.kind == "list":
            able = self._add("idea", "After this notebook you can", opens=False)
            able.body.append(self.parts.bullets([one.rstrip(",.") for one in items(listed.text)], ordered=False))
        self.slides[0].notes += [self._note(one) for one in start]
        self._number, self._section = "0", self.parts.line(chapter.title)

    # Sections -----------------------------------------------------------------------------------------------------

    def _tell(self, told: list[Any]) -> None:
        place = 0
        while place < len(told):
            one = told[place]
            if not isinstance(one, Block):
                place += self._cell(one, told[place + 1 :])
            elif one.kind == "heading":
                place += self._heading(one, told[place + 1 :])
            else:
                self._pending.append(one)
                self._notes.append(self._note(one))
            place += 1

    def _heading(self, heading: Block, rest: list[Any]) -> int:
        """Begin a section, a part of it or an exercise; give how many of the rest were used."""
        self._flush()
        text = heading.text.lstrip("# ")
        exercise = re.match(r"Exercise (\d+)", text)
        if exercise:
            return self._exercise(exercise[1], text, rest)
        if text.startswith(HOUSEKEEPING):
            inside = list(takewhile(lambda one: not (isinstance(one, Block) and one.kind == "heading"), rest))
            self._notes += [self._note(heading), *map(self._note, inside)]
            return len(inside)
        if _level(heading) > 2:
            self._sub = self.parts.line(text)
        else:
            numbered = re.match(r"(\d+)\. (.+)", text)
            if numbered:
                self._number = numbered[1]
                self._notes += [self.parts.block(one) for one in self.hints.sections.get(numbered[1], [])]
            self._section, self._sub = self.parts.line(numbered[2] if numbered else text), ""
            self._opens = True
        self._begins = True
        return 0

    def _add(self, kind: str, title: str = "", *, opens: bool | None = None) -> Slide:
        """A new slide. Without a title of its own it has that of its part or section."""
        opens = self._opens if opens is None else opens
        slide = Slide(kind, title or self._sub or self._section, self._number, opens=opens)
        if opens:
            slide.title = self._section
            self._opens = False
            if title and title != self._section:
                slide.body.append(f'<p class="ask">{title}</p>')
        elif slide.title != self._section:
            slide.kicker = self._section
        else:
            slide.kind += " again"
        slide.notes, self._notes = self._notes, []
        self._begins = False
        self.slides.append(slide)
        return slide

    def _flush(self) -> None:
        """Put what is pending on slides of its own; what it says in full is in the notes of each."""
        pending, self._pending = self._pending, []
        recap = self._section.startswith("Recap")
        bodies = compose(self.parts, pending, is_first=self._begins, opens=self._opens, recap=recap)
        for number, body in enumerate(bodies):
            self._notes = self.slides[-1].notes if number else self._notes
            self._add("idea").body += body

    def _room(self) -> int:
        """How many pixels there are below the heading of the next slide."""
        return ROOM - (OPENING if self._opens else 0)

    # Cells of code ------------------------------------------------------------------------------------------------

    def _cell(self, cell: Any, rest: list[Any]) -> int:
        """Show a cell; give how many of the blocks after it were used."""
        outputs = [
            one
            for one in cell.outputs
            if not any(said in one.get("data", {}).get("text/html", "") for said in UNASKED)
            and one.output_type != "error"
        ]
        self._notes.append(self.parts.whole_code(cell.source))
        data = [one.get("data", {}) for one in outputs]
        pages = [one["text/html"] for one in data if any(mark in one.get("text/html", "") for mark in PAGES)]
        tables = [one["text/html"] for one in data if "<table" in one.get("text/html", "") and not pages]
        figures = [one["image/png"] for one in data if "image/png" in one]
        if cell.source.startswith("lesson.question"):
            return self._question(cell, data)
        if re.search(r"\banswer_\d+\b|^lesson\.progress", cell.source, re.M):
            return 0  # what a learner's own answer gives; here nobody has answered
        if pages:
            return self._page(pages[0], rest)
        if figures:
            return self._figure(cell, figures, rest)
        printed = printed_for_a_room(outputs)
        if tables or tells_something(printed):
            return self._result(cell, tables, printed, rest)
        if not outputs and _is_an_idea(cell.source):
            lead = self._lead()
            slide = self._add("code", lead.pop().text if _is_title(lead) else "")
            slide.body += [self.parts.say(one.kind, one.text) for one in lead]
            slide.body.append(self.parts.coloured(essential(cell.source)))
        return 0

    def _lead(self, most: int = 45, *, gives_away: bool = False) -> list[Point]:
        """The lines before a figure or a result that fit on its slide; longer ones get slides of their own.

        gives_away: what comes shows at once what was to be predicted, so the question needs a slide of its own.
        """
        found: list[Point] = []
        first = self._begins
        for one in self._pending:
            if one.kind == "text":
                found += points(one.text, is_first=first or one is self._pending[-1])
                first = False
        shown = {"code", "table", "list"} & {one.kind for one in self._pending}
        early = gives_away and any(PREDICT.search(one.text) for one in found)
        if shown or early or len(found) > 2 or sum(words(one.text) for one in found) > most:
            self._flush()
            return []
        self._pending = []
        return found

    def _claim(self, rest: list[Any], most: int) -> list[str]:
        """What the block after a figure or a result concludes, if it is short."""
        one = rest[0] if rest else None
        if not isinstance(one, Block) or one.kind != "text":
            return []
        found = points(one.text, is_first=not NEXT.match(one.text))
        said = found[0].text if found else ""
        if len(found) != 1 or found[0].kind == "ask" or words(said) > most or said.endswith((":", "?")):
            return []
        return [self.parts.say("claim", said)]

    def _figure(self, cell: Any, figures: list[str], rest: list[Any]) -> int:
        lead = self._lead(24, gives_away=True)
        about = list(takewhile(lambda one: isinstance(one, Block) and one.kind in ("picture", "credit"), rest))
        self._notes += map(self._note, about)
        description = next((_described(one.text) for one in about if one.kind == "picture"), "")
        credits = [one.text.strip("*()") for one in about if one.kind == "credit"]
        title = self.parts.line(lead.pop().text) if _is_title(lead) else ""
        claim = self._claim(rest[len(about) :], 26)
        self._notes += map(self._note, rest[len(about) : len(about) + len(claim)])
        for number, png in enumerate(figures):
            flat = self.parts.is_flat(png)
            slide = self._add(f"figure {'flat' if flat else 'tall'}", title)
            text = [self.parts.say(one.kind, one.text) for one in lead] if number == 0 else []
            after = [*claim, *(f'<p class="credit">{self.parts.line(one)}</p>' for one in credits)]
            after = after if number == len(figures) - 1 else []
            picture = self.parts.figure(png, description)
            if flat:
                slide.body += [*text, picture, *after]
            else:
                beside = "".join([*text, *after])
                slide.body += [picture, f'<div class="beside">{beside}</div>' if beside else ""]
            kept = essential(cell.source)
            if kept:
                slide.body.append(self.parts.folded(kept))
        return len(about) + len(claim)

    def _result(self, cell: Any, tables: list[str], printed: str, rest: list[Any]) -> int:
        kept = essential(cell.source)
        long = len(printed.splitlines()) > 8 or bool(tables)
        code = (self.parts.folded(kept) if kept else "") if long else self.parts.code(cell.source)
        shown = [code, *map(self.parts.rows, tables[-1:])]
        if tells_something(printed) and not tables:
            shown.append(self.parts.printed(printed))
        tall = sum(height(one) for one in shown if one and "<details" not in one)
        lead = self._lead(45 if tall < self._room() - 90 else 0)
        seen = bool(tables) or not code.startswith("<details")  # below a question as heading something has to stand
        title = self.parts.line(lead.pop().text) if seen and _is_title(lead) else ""
        said = [self.parts.say(one.kind, one.text) for one in lead]
        claim = self._claim(rest, 32)
        if tall + sum(map(height, [*said, *claim])) > 1.1 * self._room():
            claim = []
        if (
            "<details" in code
            and len(printed.splitlines()) == 1
            and not tables
            and not said
            and not claim
            and not title
        ):
            return 0  # a line of numbers without what they are
        self._notes += map(self._note, rest[: len(claim)])
        self._add("result", title).body += [*said, *shown, *claim]
        return len(claim)

    def _page(self, html: str, rest: list[Any]) -> int:
        """A page to click; what to click in it is in the notes."""
        self._pending = [one for one in self._pending if one.kind == "text"]
        lead = self._lead(60)
        if any(one.kind == "ask" for one in lead) or sum(words(one.text) for one in lead) > 25:
            self._add("idea").body += [self.parts.say(one.kind, one.text) for one in lead]
        about = list(takewhile(lambda one: isinstance(one, Block) and one.kind == "picture", rest))
        self._notes += map(self._note, about)
        slide = self._add("page")
        slide.body.append(self.parts.frame(html, _described(about[0].text) if about else ""))
        seen = list(takewhile(lambda one: isinstance(one, Block) and one.kind in ("text", "list"), rest[len(about) :]))
        if not any(one.kind == "list" for one in seen):
            return len(about)
        slide.notes += map(self._note, seen)  # what the clicks have shown, for those who have clicked
        return len(about) + len(seen)

    def _exercise(self, number: str, text: str, rest: list[Any]) -> int:
        """An exercise is asked, and nothing else."""
        inside: list[Any] = []
        kind = ""
        for one in rest:
            if isinstance(one, Block) and one.kind == "heading":
                break
            inside.append(one)
            if not isinstance(one, Block) and f"lesson.exercise_{number}" in one.source:
                kind = answers(one.source)
                break
        name = re.sub(r"^Exercise \d+[:,]?\s*", "", text)
        self._notes += [self.parts.block(one) for one in self.hints.asked.get(f"exercise {number}", [])]
        self._notes += map(self._note, inside)
        slide = self._add("exercise", self.parts.line(name[:1].upper() + name[1:]) if name else "", opens=False)
        slide.title, slide.kicker = slide.title or f"Exercise {number}", f"Exercise {number}"
        for one in inside:
            if not isinstance(one, Block):
                continue
            if one.kind == "text" and for_the_room(one.text):
                slide.body.append(f"<p>{self.parts.line(for_the_room(one.text))}</p>")
            elif one.kind == "list":
                slide.body.append(self.parts.bullets(items(one.text), ordered=one.text[0].isdigit()))
            elif one.kind == "code":
                slide.body.append(self.parts.drawing(one.text))
            elif one.kind == "table":
                slide.body += self.parts.table(one.text)
        if kind:
            slide.body.append(f'<p class="answer">Answer: {self.parts.line(kind)}</p>')
        return len(inside)

    def _question(self, cell: Any, data: list[Any]) -> int:
        """A question of the quiz with its choices."""
        html = next((one["text/html"] for one in data if "<details" in one.get("text/html", "")), None)
        number = re.search(r"question_(\d+)", cell.source)
        if html is None or number is None:
            return 0
        self._pending = []
        asked, choices, said = self.parts.choices(html)
        self._notes += [self.parts.block(one) for one in self.hints.asked.get(f"question {number[1]}", [])]
        self._notes.append(said)
        slide = self._add("quiz", asked, opens=False)
        self._opens = False
        slide.title, slide.kicker = asked, f"Question {number[1]}"
        slide.body = [choices]
        return 0

    def _note(self, one: Any) -> str:
        if not isinstance(one, Block):
            return self.parts.whole_code(one.source)
        if one.kind == "heading":
            return f"<p><b>{self.parts.line(one.text.lstrip('# '))}</b></p>"
        return self.parts.block(one.text)


def _level(block: Block) -> int:
    return len(block.text) - len(block.text.lstrip("#")) if block.kind == "heading" else 0


def _described(text: str) -> str:
    found = DESCRIPTION.match(text)
    return found["text"] if found else ""


def _is_title(lead: list[Point]) -> bool:
    """Whether a single short question stands before something: it is the best title."""
    return len(lead) == 1 and lead[0].kind == "ask" and len(lead[0].text) < 85 and len(sentences(lead[0].text)) == 1


def _is_an_idea(source: str) -> bool:
    """Whether code is there to be read: a loop or a function of a few lines that draws nothing."""
    lines = essential(source).splitlines()
    is_long = len(lines) > LINES_OF_IDEA or max(map(len, lines), default=0) > 100
    draws = re.search(r"\bplt\.|axes|panels|subprocess", source)
    return not is_long and not draws and bool(re.search(r"^\s*(for|def) ", source, re.M))
