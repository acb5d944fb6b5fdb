"""What of a text is shown to a room: its blocks, its sentences, and the few of them that go on a slide.

Everything that is left out here stands in the speaker's notes, so nothing is lost.
"""

import re
from dataclasses import dataclass
from itertools import pairwise

LABEL = re.compile(r"^\*\*(?P<label>[^*]{2,40}?)[.:?,]?\*\*(?P<after>[.:]?)\s+(?=\S)")
ALONE = re.compile(r"^\*\*[^*]{2,40}[.:]\*\*\s*$")  # a label without text leads to the list below it
PREDICT = re.compile(r"\*\*(Predict|Guess|Find|Find out)\b", re.I)
BEFORE = re.compile(r",? before you run (the|this|that) (next )?cells?\b", re.I)
# What is said to somebody at a keyboard means nothing to somebody who looks at a wall.
AT_THE_KEYBOARD = re.compile(
    r"\brun (the|this|these|all|every|it|them|both)\b|\bcells?\b|\bin place of `|\binstead of `None`|your answer in"
    r"|lesson\.exercise|need not (read|understand)|\bnotebook's\b|shift and enter|\bstart both\b|\bset-up\b"
    r"|\bprinted (above|below)\b|\bfrom there\b|\bYou may also write\b|\bPut (their|the|your) letter"
    r"|\bsame with all exercises|\bif you are stuck|\bmay differ\b|\bcompare with what you\b|leads? to its place",
    re.I,
)
LEANS = re.compile(  # a sentence that says little without the one before it
    r"^\W*(so|this|that|it|its|they|their|these|those|such|but|and|then|here|there|both|or|he|she|her|his|one|the other"
    r"|only|also|each of them|in return|instead|therefore|thus|not)\b",
    re.I,
)
END = re.compile(r"[.?!](?:[\"”’)]|\*\*|\*)*\s+(?=[\"“(*`$]*[A-Z0-9])")
SILENT = {"time", "before this", "short of time", "next", "how to use this page", "do this"}
SEEN = {"what we saw", "what we see", "what you see", "rule of thumb"}
ENOUGH = 30  # words of one thought


@dataclass(frozen=True)
class Block:
    """A part of a text: heading, text, list, code, table, picture or credit."""

    kind: str
    text: str


@dataclass(frozen=True)
class Point:
    """One line for the room: something to say, to ask, or a claim that follows from what was seen."""

    kind: str
    text: str


def blocks(text: str) -> list[Block]:
    """The parts of a text in Markdown, in order.

    >>> [block.kind for block in blocks("## A title\\n\\nWords.\\n\\n- one\\n- two\\n\\n*Picture:* a cat.")]
    ['heading', 'text', 'list', 'picture']
    """
    found: list[Block] = []
    for chunk in _chunks(text):
        first, _, rest = chunk.partition("\n")
        if re.match(r"#{1,6} ", first):
            found.append(Block("heading", first))
            found += blocks(rest)
        else:
            found.append(Block(_kind(chunk), chunk))
    return found


def sentences(text: str) -> list[str]:
    """The sentences of a paragraph; none ends inside brackets, quotation marks or marked words.

    >>> sentences("A **tile** is small (about 3.5 px. Or so). What is it? No.")
    ['A **tile** is small (about 3.5 px. Or so).', 'What is it?', 'No.']
    """
    text = " ".join(text.split())
    cuts = [0, *(found.end() for found in END.finditer(text)), len(text)]
    done: list[str] = []
    open_part = ""
    for begin, end in pairwise(cuts):
        open_part += text[begin:end]
        if _is_closed(open_part):
            done.append(open_part.strip())
            open_part = ""
    return [*done, open_part.strip()] if open_part.strip() else [one for one in done if one]


def words(text: str) -> int:
    return len(text.split())


def for_the_room(text: str) -> str:
    """A text without the sentences for somebody who sits at the keyboard, and without asides.

    >>> for_the_room("How many? Write your answer in place of `None`. (The shape is printed above.)")
    'How many?'
    """
    return " ".join(
        one for one in sentences(text) if not AT_THE_KEYBOARD.search(one) and not (one[0] == "(" and one[-1] == ")")
    )


def points(paragraph: str, *, is_first: bool = False) -> list[Point]:
    """The few lines of a paragraph that go on a slide.

    Args:
        paragraph: in Markdown.
        is_first: whether it stands first below a heading; its first sentence says what it is about.

    >>> points("Pixels are numbers. A part of the image is a **tile**. It is small.")
    [Point(kind='say', text='A part of the image is a **tile**.')]
    >>> points("**Predict**: is it larger? Write it down.")
    [Point(kind='ask', text='**Predict**: is it larger? Write it down.')]
    """
    label = LABEL.match(paragraph)
    name = label["label"].lower() if label else ""
    if name in SILENT or ALONE.match(paragraph):
        return []
    if name in SEEN and label:
        return _claims(sentences(paragraph[label.end() :]))
    parts = sentences(paragraph)
    asks = next((place for place, one in enumerate(parts) if PREDICT.search(one)), None)
    if asks is not None:
        question = " ".join(one for one in parts[asks:] if PREDICT.search(one) or for_the_room(one))
        question = BEFORE.sub("", question)
        return [*_said(parts[:asks], is_first=is_first), Point("ask", question)]
    if label and not label["label"][0].islower() and words(name) < 5:
        return [Point("say", _up_to(parts, ENOUGH))] if for_the_room(parts[0]) else []
    return _said(parts, is_first=is_first)


def leads(paragraph: str) -> list[Point]:
    """The sentence that leads to the list, table or drawing below it, if there is one.

    >>> leads("There are three. Here they are:")
    [Point(kind='say', text='Here they are:')]
    """
    last = sentences(paragraph)[-1]
    return [Point("say", last)] if last.endswith(":") and words(last) > 2 and for_the_room(last) else []


def items(text: str) -> list[str]:
    """The points of a list, each in one line.

    >>> items("1. one\\n   goes on\\n2. two")
    ['one goes on', 'two']
    """
    found = re.split(r"^(?:[-*]|\d+\.) ", text, flags=re.M)[1:]
    return [" ".join(one.split()) for one in found]


def shortened(item: str, most: int) -> str:
    """A point of a list that fits: whole, or its bold beginning, or its first sentence."""
    if words(item) <= most:
        return item
    bold = re.match(r"\*\*[^*]+\*\*[.:]?", item)
    return bold[0] if bold and words(bold[0]) > 1 else _up_to(sentences(item), most)


def _said(parts: list[str], *, is_first: bool) -> list[Point]:
    found: list[Point] = []
    kept = [one for one in parts if for_the_room(one)]
    for place, one in enumerate(kept):
        is_question = one.rstrip(')"”').endswith("?")
        if not ("**" in one or is_question or (is_first and not found)):
            continue
        text = one
        before = kept[place - 1] if place else ""
        if before and LEANS.match(one) and not any(before in point.text for point in found):
            text = f"{before} {one}"
        elif not place and words(one) < 7 and len(kept) > 1 and not is_question:
            text = f"{one} {kept[1]}"
        if not any(text in point.text for point in found) and words(text) <= 1.5 * ENOUGH:
            found.append(Point("ask" if is_question else "say", text))
    return found[:3]


def _claims(parts: list[str]) -> list[Point]:
    """What was seen: its bold sentences, or as many of the first ones as fit."""
    parts = [one for one in parts if not one.endswith("?")]
    bold = [one for one in parts if "**" in one and not LEANS.match(one)]
    chosen = " ".join(bold[:2]) if bold and words(bold[0]) > 3 else _up_to(parts, ENOUGH)
    return [Point("claim", chosen)] if chosen else []


def _up_to(parts: list[str], most: int) -> str:
    """The first sentences, as many as have no more words than that; one at least."""
    text = parts[0] if parts else ""
    for one in parts[1:]:
        if words(text) + words(one) > most:
            break
        text = f"{text} {one}"
    return text


def _chunks(text: str) -> list[str]:
    found: list[list[str]] = [[]]
    is_code = False
    for line in text.splitlines():
        fence = line.startswith("```")
        if fence and not is_code:
            found.append([])
        is_code ^= fence
        if line.strip() or is_code:
            found[-1].append(line)
        else:
            found.append([])
        if fence and not is_code:
            found.append([])
    return ["\n".join(lines) for lines in found if lines]


def _kind(chunk: str) -> str:
    beginnings = {"```": "code", "|": "table", "*Picture": "picture", "*(": "credit"}
    if all(line.startswith("    ") for line in chunk.splitlines()):
        return "code"
    for start, kind in beginnings.items():
        if chunk.startswith(start):
            return kind
    return "list" if re.match(r"(?:[-*]|\d+\.) ", chunk) else "text"


def _is_closed(text: str) -> bool:
    pairs = text.count("(") == text.count(")")
    return pairs and all(text.count(mark) % 2 == 0 for mark in ("**", "`", '"'))
