"""Blocks of text on slides: as many as there is room for, and no more words than a room reads."""

from typing import Any

from bs4 import BeautifulSoup
from gist import Block, items, leads, points, shortened, words
from parts import Parts

WORDS = 100  # of text on a slide
ROOM = 570  # pixels below a small heading
OPENING = 100  # pixels that the heading of a section takes more


def compose(parts: Parts, pending: list[Block], *, is_first: bool, opens: bool, recap: bool = False) -> list[list[str]]:
    """Pieces of text, divided so that each slide has room for its own.

    Args:
        parts: makes the pieces.
        pending: the blocks, in order.
        is_first: whether they stand below a heading: their first sentence says what it is about.
        opens: whether the first slide has the large heading of a section.
        recap: whether a table is one of terms to be said aloud.
    """
    slides: list[list[str]] = []
    room = left = 0
    for at, one in enumerate(pending):
        after = pending[at + 1] if at + 1 < len(pending) else None
        begins = is_first and not any(block.kind == "text" for block in pending[:at])
        for html in _pieces(parts, one, after, is_first=begins, recap=recap):
            tall, count = height(html), words(BeautifulSoup(html, "html.parser").get_text())
            if not slides or tall > room or count > left:
                before = slides[-1] if slides else []
                lead = [before.pop()] if len(before) > 1 and before[-1].endswith(":</p>") else []
                room = ROOM - (OPENING if opens and not slides else 0) - sum(map(height, lead))
                slides.append(lead)
                left = WORDS
            slides[-1].append(html)
            room, left = room - tall, left - count
    return slides


def begun(pieces: list[str]) -> list[str]:
    """The pieces of a slide, with something below its heading before the first press.

    Where all of it was to appear later, the first of it is there at once: the press that led here has shown it.

    >>> begun(["<p class='claim fragment'>One.</p>", "<p class='claim fragment'>Two.</p>"])
    ['<p class="claim">One.</p>', "<p class='claim fragment'>Two.</p>"]
    """
    later = None
    for place, piece in enumerate(pieces):
        node = BeautifulSoup(piece, "html.parser").find(True)
        names = node.get("class", []) if node else []
        if node is None or {"fold", "credit"} & set(names):
            continue  # a button or who drew it: nothing to talk about
        if "fragment" not in names:
            return pieces
        later = place if later is None else later
    if later is None:
        return pieces
    soup = BeautifulSoup(pieces[later], "html.parser")
    first = soup.find(True)
    first["class"] = [name for name in first["class"] if name != "fragment"]
    return [*pieces[:later], str(soup), *pieces[later + 1 :]]


def height(html: str) -> int:
    """About how many pixels of a slide a piece takes, at the full size of its text.

    >>> height("<p class='say'>A line.</p>")
    69
    """
    soup = BeautifulSoup(html, "html.parser")

    def lines(node: Any, characters: int) -> int:
        return max(1, -(-len(" ".join(node.get_text().split())) // characters))

    if soup.find("table"):
        return 22 + sum(57 if len(row.get_text()) < 85 else 94 for row in soup.find_all("tr"))
    if soup.find("pre"):
        return 54 + 36 * len(soup.get_text().splitlines())
    if soup.find(class_="terms"):
        return 22 + 76 * lines(soup, 45)
    rows = soup.find_all("li")
    if rows:
        return 22 + sum(47 * lines(row, 56) + 14 for row in rows)
    return 22 + 47 * lines(soup, 56) + (34 if soup.find(class_="ask") else 0)


def _pieces(parts: Parts, block: Block, after: Block | None, *, is_first: bool, recap: bool) -> list[str]:
    """The pieces of a block, as HTML."""
    if block.kind == "table":
        if not recap:
            return parts.table(block.text)
        return [parts.say("say", "Say each of them in one sentence.") + parts.terms(block.text)]
    if block.kind == "text":
        if recap and after and after.kind == "table":
            return []
        said = points(block.text, is_first=is_first)
        if after and after.kind in ("list", "table", "code"):
            said += [one for one in leads(block.text) if not any(one.text in other.text for other in said)]
        return [parts.say(one.kind, one.text) for one in said]
    if block.kind == "code":
        return [parts.drawing(block.text)]
    return _listed(parts, block.text) if block.kind == "list" else []


def _listed(parts: Parts, text: str) -> list[str]:
    """A list, cut where it is too long for one slide."""
    rows = items(text)
    most = 40 if words(text) <= 95 else 20
    texts = [shortened(row, most) for row in rows]
    found, at = [], 0
    while at < len(texts):
        part = texts[at : at + 1]
        while at + len(part) < len(texts) and len(part) < 6:
            more = [*part, texts[at + len(part)]]
            if words(" ".join(more)) > WORDS or height("".join(f"<li>{row}</li>" for row in more)) > ROOM - 40:
                break
            part = more
        found.append(parts.bullets(part, ordered=text[0].isdigit(), start=at + 1))
        at += len(part)
    return found
