"""The pieces of a slide as HTML: lines, figures, code and what it printed, tables, questions, pages to click."""

import ast
import base64
import re
import textwrap
from html import escape
from typing import Any

import nbformat
from bs4 import BeautifulSoup
from chapters import Chapter, Files, share_assets
from jinja2 import Environment
from nbconvert.filters import Highlight2HTML, ansi2html
from prose import Place, Prose, plain

LINES_OF_CODE = 7  # more is folded
WIDTH = 92  # characters of code that stand on a line of 20 pixels
LINES_PRINTED = 15
ROWS = 8
SHARPEST = 1.9  # how many times a figure may be enlarged before it looks soft
AS_IT_IS = {"drop_whitespace": False, "replace_whitespace": False}
GUESS = re.compile(r"\bmy_\w+")
NOT_FOR_A_ROOM = re.compile(
    r"\bNone\b|no guess|your (own )?(first |second |third |fourth )?(guess|prediction)|^decoding images|^checked", re.I
)


class Parts:
    """Makes pieces of the slides of one notebook.

    Args:
        chapter: the notebook, as the web site knows it; its page is the deck.
        prose: renders Markdown.
        files: where pictures, styles and scripts are put.
        templates: with frame.html.jinja, the page around what is clicked.
        decks: the pages of all decks; links to anything else are left out, their words stay.
    """

    def __init__(self, chapter: Chapter, prose: Prose, files: Files, templates: Environment, decks: set[str]) -> None:
        self.chapter, self._prose, self._files, self._templates, self._decks = chapter, prose, files, templates, decks
        self._highlight = Highlight2HTML(pygments_lexer="python")
        self._frames = 0

    def block(self, text: str) -> str:
        """A text in Markdown, of any kind."""
        soup = BeautifulSoup(self._prose.html(text, Place(self.chapter.source, "", self.chapter.page)), "html.parser")
        for link in soup.find_all("a"):
            if link.get("href", "") not in self._decks:
                link.unwrap()
        for node in soup.find_all(["script", "style", "iframe", "object", "embed", "link", "form", "img"]):
            node.decompose()
        for node in soup.find_all(True):
            for name in [name for name in node.attrs if name.startswith("on") or name in ("id", "style", "src")]:
                del node[name]
        return str(soup).strip()

    def line(self, text: str) -> str:
        """A text of one paragraph, without the paragraph around it."""
        html = self.block(text)
        return re.sub(r"\A<p>(.*)</p>\Z", r"\1", html, flags=re.S) if html.count("<p>") == 1 else html

    def say(self, kind: str, text: str) -> str:
        """One line: kind is say, ask or claim; a claim appears when the room has looked."""
        later = " fragment" if kind == "claim" else ""
        return f'<p class="{kind}{later}">{self.line(text)}</p>'

    def bullets(self, texts: list[str], *, ordered: bool, start: int = 1) -> str:
        name = f'ol start="{start}"' if ordered else "ul"
        rows = "".join(f"<li>{self.line(text)}</li>" for text in texts)
        return f'<{name} class="points">{rows}</{name[:2]}>'

    def drawing(self, text: str) -> str:
        """What stands between fences, or indented: a drawing made of characters, or code."""
        fence = re.match(r"```(\w*)\n", text)
        inner = textwrap.dedent(text[fence.end() : text.rindex("```")] if fence else text).strip("\n")
        if fence and fence[1] == "python":
            return self.coloured(inner)
        return f'<pre class="drawing">{escape(wrapped(narrowed(inner)))}</pre>'

    def table(self, text: str) -> list[str]:
        """A table in Markdown, cut where it is too long for one slide."""
        head, rows = text.splitlines()[:2], text.splitlines()[2:]
        size = ROWS if len(rows) <= ROWS else -(-len(rows) // -(-len(rows) // ROWS))
        return [self.block("\n".join([*head, *rows[at : at + size]])) for at in range(0, len(rows), size)]

    def terms(self, text: str) -> str:
        """The terms of a recap, to be explained aloud; what they mean is in the notes."""
        names = [row.split("|")[1].strip() for row in text.splitlines()[2:]]
        return f'<ul class="terms">{"".join(f"<li>{self.line(name)}</li>" for name in names)}</ul>'

    def figure(self, png: str, description: str) -> str:
        """A picture as large as there is room for; the description is for those who do not see it."""
        path = self._files.picture(base64.b64decode(png))
        width, height = self._files.sizes[path]
        words = plain(description) or "Picture"
        style = f"--ratio: {width / height:.4f}; --w: {round(SHARPEST * width)}px"
        return (
            f'<div class="picture" style="{style}"><img src="{path}" width="{width}" height="{height}" '
            f'alt="{escape(words[:1].upper() + words[1:])}"></div>'
        )

    def is_flat(self, png: str) -> bool:
        """Whether a picture is wide, so that text stands below it rather than beside it."""
        width, height = self._files.sizes[self._files.picture(base64.b64decode(png))]
        return width > 1.45 * height

    def code(self, source: str) -> str:
        """What matters of a cell's code; folded if that is more than a few lines."""
        kept = essential(source)
        if not kept:
            return ""
        rows = [-(-max(len(line), 1) // WIDTH) for line in kept.splitlines()]
        if sum(rows) <= LINES_OF_CODE and sum(row > 1 for row in rows) < 3:
            return f'<div class="code">{self._highlight(kept)}</div>'
        return self.folded(kept)

    def folded(self, source: str) -> str:
        count = len(source.splitlines())
        return (
            f'<details class="fold"><summary>Code, {count} {"line" if count == 1 else "lines"}</summary>'
            f'<div class="code">{self._highlight(source)}</div></details>'
        )

    def coloured(self, source: str) -> str:
        return f'<div class="code">{self._highlight(source)}</div>'

    def whole_code(self, source: str) -> str:
        """All code of a cell, for the notes."""
        return f"<pre><code>{escape(source)}</code></pre>"

    def printed(self, text: str) -> str:
        """What a cell printed; it appears when the room has guessed."""
        shown = text.splitlines()
        if len(shown) > LINES_PRINTED:
            shown = shown[: LINES_PRINTED - 1]
            whole = "".join("x" if line.strip() else " " for line in shown).rfind(" ")  # up to an empty line
            shown = [*(shown[:whole] if whole > LINES_PRINTED // 2 else shown), "…"]
        wide = "  " in text.strip() or text.lstrip().startswith("[[")
        several = not wide and len(shown) > 9 and max(map(len, shown)) < 40
        if wide:
            shown = wrapped(narrowed("\n".join(shown))).splitlines()
        look = " columns" if wide else " beside-each-other" if several else ""
        return f'<pre class="printed fragment{look}">{ansi2html(chr(10).join(shown))}</pre>'

    def rows(self, html: str) -> str:
        """A table that a cell has shown: its beginning and its end, if it is long."""
        soup = BeautifulSoup(html, "html.parser")
        table = soup.find("table")
        if table is None:
            return ""
        body = table.find_all("tr")[1:]
        if len(body) > ROWS:
            for row in body[3 : len(body) - 4]:
                row.decompose()
            gap = BeautifulSoup(f'<tr><td colspan="{len(body[0].find_all("td"))}">…</td></tr>', "html.parser")
            body[2].insert_after(gap)
        for node in table.find_all(True):
            node.attrs = {name: value for name, value in node.attrs.items() if name in ("scope", "colspan")}
        return f'<table class="numbers">{table.decode_contents()}</table>'

    def choices(self, html: str) -> tuple[str, str, str]:
        """A question of the quiz: its words, its choices, and for the notes what is said to each choice."""
        soup = BeautifulSoup(html, "html.parser")
        asked = soup.find("p")
        asked.strong.extract()
        rows, notes = [], []
        for choice in soup.find_all("details"):
            letter, text = choice.summary.strong.extract().get_text(), choice.summary.decode_contents().strip()
            rows.append(f'<li><span class="letter">{escape(letter.rstrip(")"))}</span> <span>{text}</span></li>')
            said = choice.p.decode_contents().strip() if choice.p else ""
            notes.append(f"<p><b>{escape(letter)}</b> {text} <i>{said}</i></p>")
        return asked.decode_contents().strip(), f'<ol class="choices">{"".join(rows)}</ol>', "".join(notes)

    def frame(self, html: str, description: str) -> str:
        """A page to click, as a page of its own in the slide: its keys and ours do not mix."""
        self._frames += 1
        page = f"frames/{self.chapter.number}-{self._frames}.html"
        holder = Chapter(self.chapter.source, page, nbformat.v4.new_notebook())
        inner = share_assets(html, holder, self._files)
        title = plain(description).split(".")[0][:120] or "A page to click"
        made = self._templates.get_template("frame.html.jinja").render(
            title=title, styles=holder.styles, page=page, html=inner
        )
        self._files.contents[page] = made.encode()
        return f'<iframe class="explorer" data-src="{page}" title="{escape(title)}"></iframe>'


def narrowed(text: str) -> str:
    """A drawing of characters that is too wide, with its empty columns made narrow.

    >>> narrowed("a" + 100 * " " + "b\\nc" + 100 * " " + "d")
    'a  b\\nc  d'
    """
    lines = text.splitlines()
    width = max(map(len, lines), default=0)
    padded = [line.ljust(width) for line in lines]
    empty = [all(line[at] == " " for line in padded) for at in range(width)]
    for gap in (2, 1):  # empty columns that stay beside each other
        if max(map(len, lines), default=0) > WIDTH:
            kept = [at for at in range(width) if not all(empty[max(at - gap, 0) : at + 1])]
            lines = ["".join(line[at] for at in kept).rstrip() for line in padded]
    return "\n".join(lines)


def wrapped(text: str) -> str:
    """A text whose lines are not longer than fits, what goes on moved in.

    >>> max(map(len, wrapped("word " * 50).splitlines())) <= WIDTH
    True
    """
    rows = [textwrap.wrap(line, WIDTH, subsequent_indent="  ", **AS_IT_IS) or [""] for line in text.splitlines()]
    return "\n".join(line for row in rows for line in row)


def essential(source: str) -> str:
    """Code without imports, assertions and what compares a learner's guess.

    >>> essential("import numpy as np\\n\\nx = 1\\nassert x\\nprint(x)")
    'x = 1\\nprint(x)'
    """
    try:
        statements = ast.parse(source).body
    except SyntaxError:
        return source
    lines = source.splitlines()
    for one in statements:
        text = "\n".join(lines[one.lineno - 1 : one.end_lineno])
        if isinstance(one, ast.Import | ast.ImportFrom | ast.Assert) or GUESS.search(text):
            lines[one.lineno - 1 : one.end_lineno] = [""] * (one.end_lineno - one.lineno + 1)
    return re.sub(r"\n{2,}", "\n", "\n".join(line for line in lines)).strip("\n")


def printed_for_a_room(outputs: list[Any]) -> str:
    """What a cell printed, without what it says to the one learner who ran it."""
    texts = [
        output.text if output.output_type == "stream" else output.get("data", {}).get("text/plain", "")
        for output in outputs
        if output.output_type == "stream" or set(output.get("data", {})) == {"text/plain"}
    ]
    lines = "".join(texts).strip("\n").splitlines()
    return "\n".join(line for line in lines if not NOT_FOR_A_ROOM.search(line))


def tells_something(text: str) -> bool:
    """Whether an output is worth a slide: a number, or more than one line.

    >>> tells_something("the same number: True"), tells_something("9 steps")
    (False, True)
    """
    return len(text.splitlines()) > 1 or bool(re.search(r"\d", text))


def answers(source: str) -> str:
    """What sort of answer a cell asks for, as its comment says.

    >>> answers("answer_1 = None  # one number\\nlesson.exercise_1.check(answer_1)")
    'one number'
    """
    found = re.search(r"^\s*(?:answer_\d+|\w+) = None\s+# (.+)$", source, re.M)
    return found[1].strip() if found else ""
