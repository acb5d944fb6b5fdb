"""Exercises and quiz questions: what is asked, how an answer is checked, and what a learner is told.

A lesson (practicum/lessons) says what is right and which misconceptions give which wrong answer. The rest is here:
an answer is read (answers.py), compared, and spoken about (feedback.py); what was tried is counted (learner.py).
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from practicum import learner
from practicum.answers import AnswerError, Kind, not_tried, same
from practicum.feedback import Feedback, Help, QuestionShown

MORE_HELP = "`lesson.exercise_{number}.hint()` helps, `lesson.exercise_{number}.solution()` shows one way."


@dataclass(frozen=True)
class Mistake:
    """A wrong answer, and what somebody who gives it is told: the name of the misconception, not the right answer."""

    answer: Any
    says: str


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """One exercise: check(answer), hint(), solution().

    Args:
        name: "01.exercise_3": the notebook and the exercise's name in the lesson.
        asks: the task in one line.
        kind: what sort of answer (answers.py).
        answer: a right answer; with needs, a function of the facts that gives it.
        mistakes: wrong answers with names; their answers like answer, also functions with needs.
        otherwise: what is said of any other wrong answer.
        hints: from weak to strong.
        code: one solution, as a learner could have written it; a test runs it. why: the reason.
        also: other right answers. They take no part in a check; a test holds that they are accepted.
        view: answers are compared by view(answer); for a filter, say, what it makes of an image.
        tolerance: the share of a value by which an answer may be off.
        needs: names of facts that check is to be given by keyword, such as the learner's own model.
        judge: in place of answer, where many answers are right: judge(answer, **facts) gives None for a right
            one, otherwise what to say.
    """

    name: str
    asks: str
    kind: Kind
    answer: Any
    mistakes: Sequence[Mistake]
    otherwise: str
    hints: Sequence[str]
    code: str
    why: str
    also: Sequence[Any] = ()
    view: Callable[[Any], Any] | None = None
    tolerance: float = 1e-6
    needs: tuple[str, ...] = ()
    judge: Callable[..., str | None] | None = None

    @property
    def number(self) -> str:
        return self.name.rpartition("_")[2]

    @property
    def title(self) -> str:
        return f"Exercise {self.number}"

    def check(self, answer: Any = None, **facts: Any) -> Feedback:
        """What is to be said about an answer. Whatever the answer is, nothing is raised.

        Args:
            answer: what the learner gives; None means not tried yet.
            facts: what the exercise needs from the notebook, by name.

        Raises:
            TypeError: a fact is missing or unknown; the notebook's cell is wrong, not the learner.
        """
        if set(facts) != set(self.needs):
            raise TypeError(
                f"{self.name}.check: expected {', '.join(self.needs) or 'no facts'} by keyword. "
                f"Received {', '.join(facts) or 'none'}."
            )
        with np.errstate(all="ignore"):
            state, message, named = self._judged(answer, facts)
        if state != "not tried yet":
            learner.record(self.name, right=state == "right", mistake=message if named else None)
        return Feedback(
            title=self.title,
            state=state,
            message=message,
            more=MORE_HELP.format(number=self.number) if state == "not yet" else "",
            why=self.why if state == "right" else "",
        )

    def hint(self) -> Help:
        """The next hint; after the last one, the last one again."""
        given = min(learner.record(self.name, hint=True).hints, len(self.hints))
        return Help(f"{self.title}, hint {given} of {len(self.hints)}", self.hints[given - 1])

    def solution(self) -> Help:
        """One way to solve it, and why."""
        learner.record(self.name, solution=True)
        return Help(f"{self.title}, one solution", self.why, code=self.code)

    def _judged(self, answer: Any, facts: dict[str, Any]) -> tuple[str, str, bool]:
        """State, message, and whether that is the text of a mistake that was recognised."""
        try:
            if not_tried(self.kind, answer):
                return "not tried yet", "", False
            given = self.kind.read(answer)
        except AnswerError as problem:
            return "not yet", str(problem), False
        except Exception as error:  # an object that breaks whatever looks at it
            return "not yet", f"this object cannot be read as an answer ({type(error).__name__})", False
        try:
            return self._judged_by_judge(given, facts) if self.judge else self._compared(given, facts)
        except Exception as error:  # the learner has put something else in place of a fact
            names = " and ".join(f"`{name}`" for name in self.needs)
            return (
                "not yet",
                f"{names} cannot be used as it is now ({type(error).__name__}); run the cells above again",
                False,
            )

    def _judged_by_judge(self, given: Any, facts: dict[str, Any]) -> tuple[str, str, bool]:
        message = self.judge(given, **facts) if self.judge else None
        if message is None:
            return "right", "", False
        return "not yet", message, any(mistake.says == message for mistake in self.mistakes)

    def _compared(self, given: Any, facts: dict[str, Any]) -> tuple[str, str, bool]:
        view = self.view or _unchanged

        def matches(known: Any) -> bool:
            return same(seen, view(self.kind.read(known(**facts) if self.needs else known)), self.tolerance)

        try:
            seen = view(given)
        except Exception:  # such as a padding of less than nothing
            return "not yet", self.otherwise, False
        if matches(self.answer):
            return "right", "", False
        for mistake in self.mistakes:
            if matches(mistake.answer):
                return "not yet", mistake.says, True
        return "not yet", self.otherwise, False


def _unchanged(answer: Any) -> Any:
    return answer


@dataclass(frozen=True)
class Choice:
    """One answer to choose in a quiz, and what is said when it is chosen."""

    text: str
    says: str
    right: bool = False


@dataclass(frozen=True, kw_only=True)
class Question:
    """One quiz question with answers to choose from: check("b").

    Args:
        name: "01.question_2": the notebook and the question's name in the lesson.
        asks: the question.
        choices: the answers, in the order of their letters, exactly one of them right.
    """

    name: str
    asks: str
    choices: Sequence[Choice]

    @property
    def letters(self) -> str:
        return "abcdefgh"[: len(self.choices)]

    @property
    def right(self) -> str:
        """The letter of the right choice."""
        return next(letter for letter, choice in self._lettered() if choice.right)

    def check(self, letter: Any = None) -> QuestionShown:
        """The question with its answers; with a letter, also what is to be said about that one. Nothing is raised."""
        try:
            chosen, problem = self._read(letter)
        except Exception:  # an object that breaks whatever looks at it
            chosen, problem = self._read("no letter")
        if chosen is not None:
            choice = self.choices[self.letters.index(chosen)]
            learner.record(self.name, right=choice.right, mistake=None if choice.right else choice.text)
        return QuestionShown(
            title=f"Question {self.name.rpartition('_')[2]}",
            asks=self.asks,
            choices=[(mark, choice.text, choice.says, choice.right) for mark, choice in self._lettered()],
            chosen=chosen,
            problem=problem,
        )

    def _lettered(self) -> list[tuple[str, Choice]]:
        return list(zip(self.letters, self.choices, strict=True))

    def _read(self, letter: Any) -> tuple[str | None, str]:
        if letter is None or letter is ...:
            return None, ""
        plain = letter.strip(" .)(").lower() if isinstance(letter, str) else ""
        if len(plain) == 1 and plain in self.letters:
            return plain, ""
        marks = [f'"{mark}"' for mark in self.letters]
        return None, f"give one letter in quotes: {', '.join(marks[:-1])} or {marks[-1]}"


def progress_of(lesson: str) -> Callable[[], Help]:
    """A function for the lesson module of that name: how far the learner is in it, as one line."""

    def progress() -> Help:
        """How many of this notebook's exercises and questions are solved."""
        own = vars(sys.modules[lesson]).values()
        exercises = [each.name for each in own if isinstance(each, Exercise)]
        questions = [each.name for each in own if isinstance(each, Question)]
        return Help(
            f"Notebook {lesson[-2:]}",
            f"{learner.solved(exercises)} of {len(exercises)} exercises solved, "
            f"{learner.solved(questions)} of {len(questions)} questions answered. {learner.where()}",
        )

    return progress
