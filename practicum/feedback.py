"""What a learner sees of an exercise or question: as text, and in a notebook as a small page without scripts.

The page says everything in words, so that it is whole without colours, with a screen reader, and where styles are
taken out; answers of a quiz fold out with a click or a key.
"""

import re
from dataclasses import dataclass

from markupsafe import Markup, escape

from practicum.pages import template

SIGNS = {"right": "✓", "not yet": "✗", "not tried yet": "○"}


@dataclass(frozen=True)
class Feedback:
    """What was found about an answer. state: "right", "not yet" or "not tried yet"."""

    title: str
    state: str
    message: str = ""
    more: str = ""  # where there is help
    why: str = ""  # why a right answer is right

    @property
    def is_right(self) -> bool:
        return self.state == "right"

    def __repr__(self) -> str:
        return f"{self.title}: {self.state}" + (f": {self.message}" if self.message else "")

    def _repr_html_(self) -> str:
        return template("feedback.html.jinja").render(
            kind="feedback",
            sign=SIGNS[self.state],
            it=self,
            message=with_code(as_sentence(self.message)),
            more=with_code(self.more),
            why=with_code(self.why),
        )


@dataclass(frozen=True)
class Help:
    """A hint, a solution, or a line about progress."""

    title: str
    text: str
    code: str = ""

    def __repr__(self) -> str:
        return "\n".join(filter(None, (f"{self.title}: {self.text}", self.code)))

    def _repr_html_(self) -> str:
        return template("feedback.html.jinja").render(kind="help", it=self, message=with_code(self.text))


@dataclass(frozen=True)
class QuestionShown:
    """A quiz question with its answers, and what is said about the chosen one.

    choices: letter, text, what is said of it, whether it is right. chosen: a letter, or None.
    """

    title: str
    asks: str
    choices: list[tuple[str, str, str, bool]]
    chosen: str | None = None
    problem: str = ""

    @property
    def is_right(self) -> bool:
        return any(right for letter, _, _, right in self.choices if letter == self.chosen)

    def __repr__(self) -> str:
        lines = [f"{self.title}: {self.asks}", *(f"  {letter}) {text}" for letter, text, _, _ in self.choices)]
        if self.chosen is None:
            return "\n".join([*lines, self.problem or "not answered yet"])
        says = next(says for letter, _, says, _ in self.choices if letter == self.chosen)
        return "\n".join([*lines, f"{self.chosen}: {'right' if self.is_right else 'not so'}: {says}"])

    def _repr_html_(self) -> str:
        return template("feedback.html.jinja").render(
            kind="question",
            it=self,
            asks=with_code(self.asks),
            choices=[(letter, with_code(text), with_code(says), right) for letter, text, says, right in self.choices],
        )


def as_sentence(text: str) -> str:
    """The text with a capital letter at its beginning, unless that is code, and a full stop at its end."""
    return text and text[0].upper() + text[1:] + ("" if text[-1] in ".?!" else ".")


def with_code(text: str) -> Markup:
    """The text as HTML, what stands between `backticks` as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))
