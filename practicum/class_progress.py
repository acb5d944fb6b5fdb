"""How a class gets on: what many learners' progress files say together, and what to talk about first.

An exercise gives reason to talk for each learner who was stuck or misled: two points for who has tried and not solved
it, one for who has solved it, but met a mistake that the course knows by name, or looked at the solution.
"""

import importlib
import pkgutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from practicum import lessons
from practicum.audit import shown
from practicum.exercises import Exercise, Question
from practicum.feedback import as_sentence
from practicum.handed_in import HandedIn, read_handed_in
from practicum.tallies import Progress, Tally, mistake_key

GONE = "A mistake that is not in this version of the course, or has another text in it."
SEVERAL = "Names that several learners have, or one on several machines; each is counted"
NAMES_NAMED = 3
MOST_LETTERS = 300  # shown of a file's name, or of a reason


@dataclass(frozen=True)
class Misconception:
    """A mistake that came up. text: what a learner is told of it; choice: of a question, the wrong answer chosen."""

    text: str
    choice: str
    learners: int
    times: int


@dataclass(frozen=True)
class Asked:
    """An exercise or question, and how many learners did what with it.

    name: "01.exercise_3". asks: the task in a line. tried, solved: learners who did. hints: who took one or more.
    solution: who looked at it. stuck: who tried and has not solved it. misled: who solved it, but met a known mistake
    or looked at the solution. misconceptions: what most learners met first.
    """

    name: str
    asks: str
    tried: int
    solved: int
    hints: int
    solution: int
    stuck: int
    misled: int
    misconceptions: tuple[Misconception, ...]

    @property
    def notebook(self) -> str:
        return self.name[:2]

    @property
    def title(self) -> str:
        kind, _, number = self.name[3:].partition("_")
        return f"{kind.capitalize()} {number}"

    @property
    def points(self) -> int:
        """How much reason there is to talk about it."""
        return 2 * self.stuck + self.misled


@dataclass(frozen=True)
class ClassProgress:
    """What a class has done; practicum.class_page shows it.

    asked: all exercises and questions of the course, in its order. notebooks: number -> title. begun: number -> how
    many learners tried something in it, of those notebooks where somebody did.
    rows: (name, how many are solved) of each learner, in the order of names; a name that several learners have is
    numbered. files: how many were read. refused: (file, why). remarks: what is to be known -> files or names
    concerned. All of it is text that a terminal can show.
    """

    asked: tuple[Asked, ...]
    notebooks: dict[str, str]
    begun: dict[str, int]
    rows: tuple[tuple[str, int], ...]
    files: int
    refused: tuple[tuple[str, str], ...] = ()
    remarks: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def to_talk_about(self) -> list[Asked]:
        """Where learners were stuck or misled, most reason to talk first."""
        return sorted((each for each in self.asked if each.points), key=lambda each: -each.points)

    def of_notebook(self, number: str) -> list[Asked]:
        return [each for each in self.asked if each.notebook == number]

    @property
    def notebooks_not_begun(self) -> list[str]:
        return [number for number in self.notebooks if number not in self.begun]

    def to_dict(self) -> dict[str, Any]:
        """All of it in JSON's own types; what to talk about stands first."""
        order = [*self.to_talk_about, *(each for each in self.asked if not each.points)]
        return {
            "learners": len(self.rows),
            "asked": [{**asdict(each), "notebook": each.notebook, "points": each.points} for each in order],
            "solved": [{"name": name, "solved": solved, "of": len(self.asked)} for name, solved in self.rows],
            "files": self.files,
            "refused": [{"file": file, "why": why} for file, why in self.refused],
            "remarks": [{"remark": remark, "concerns": concerned} for remark, concerned in self.remarks.items()],
        }


def class_progress(paths: Sequence[str | Path]) -> ClassProgress:
    """What the learners whose progress files these are have done together.

    Args:
        paths: of progress files, folders of them, zips of them.

    Returns:
        The class; what could not be read stands in its refused.

    Raises:
        ValueError: no file could be read, or there are too many.
    """
    handed_in = read_handed_in(paths)
    refused = tuple((_shown(file), _shown(why)) for file, why in handed_in.refused)
    if not handed_in.learners:
        named = [f"{file}: {why}" for file, why in refused[:NAMES_NAMED]]
        more = len(refused) - len(named)
        raise ValueError(
            "progress: expected progress files, such as learners get from export_progress(), or folders or zips of "
            f"them. Received none that can be used: {'; '.join(named) or 'there is no file that ends in .json'}"
            + (f"; and {more:,} more." if more else ".")
        )
    course = list(_course())
    names = {each.name for each in course}
    _remark_on_what_is_unknown(handed_in, names)
    tallies = [learner.exercises for learner in handed_in.learners]
    nothing = Tally()
    notebooks = _notebooks()
    begun = {number: sum(_has_begun(own, number, names) for own in tallies) for number in notebooks}
    return ClassProgress(
        asked=tuple(_asked(each, [own.get(each.name, nothing) for own in tallies]) for each in course),
        notebooks=notebooks,
        begun={number: count for number, count in begun.items() if count},
        rows=tuple(_rows(handed_in.learners, names)),
        files=handed_in.files,
        refused=refused,
        remarks={text: tuple(map(_shown, files)) for text, files in handed_in.remarks.items()},
    )


def _has_begun(tallies: dict[str, Tally], notebook: str, course: set[str]) -> bool:
    return any(tally.tries for name, tally in tallies.items() if name in course and name.startswith(notebook))


def _asked(each: Exercise | Question, tallies: list[Tally]) -> Asked:
    stuck = [tally for tally in tallies if tally.tries and not tally.right]
    misled = [tally for tally in tallies if tally.right and (tally.mistakes or tally.solution)]
    return Asked(
        name=each.name,
        asks=each.asks,
        tried=sum(tally.tries > 0 for tally in tallies),
        solved=sum(tally.right for tally in tallies),
        hints=sum(tally.hints > 0 for tally in tallies),
        solution=sum(tally.solution for tally in tallies),
        stuck=len(stuck),
        misled=len(misled),
        misconceptions=tuple(_misconceptions(_known_mistakes(each), tallies)),
    )


def _misconceptions(known: dict[str, tuple[str, str]], tallies: list[Tally]) -> list[Misconception]:
    learners: Counter[tuple[str, str]] = Counter()
    times: Counter[tuple[str, str]] = Counter()
    for tally in tallies:
        met = {key: count for key, count in tally.mistakes.items() if count}
        learners.update({known.get(key, (GONE, "")) for key in met})
        for key, count in met.items():
            times[known.get(key, (GONE, ""))] += count
    found = [Misconception(*mistake, learners[mistake], times[mistake]) for mistake in learners]
    return sorted(found, key=lambda each: (each.text == GONE, -each.learners, -each.times, each.text))


def _known_mistakes(each: Exercise | Question) -> dict[str, tuple[str, str]]:
    """Key of a mistake -> what is said of it, and of a question the wrong choice."""
    if isinstance(each, Exercise):
        return {mistake_key(each.name, mistake.says): (as_sentence(mistake.says), "") for mistake in each.mistakes}
    wrong = [choice for choice in each.choices if not choice.right]
    return {mistake_key(each.name, choice.text): (choice.says, choice.text) for choice in wrong}


def _rows(learners: list[Progress], course: set[str]) -> Iterator[tuple[str, int]]:
    """Name and how many are solved; learners of one name are told apart by numbers."""
    several = Counter(learner.name for learner in learners)
    seen: Counter[str] = Counter()
    for learner in learners:
        seen[learner.name] += 1
        name = learner.name
        if several[name] > 1:
            name += f" ({seen[name]} of {several[name]} of this name)"
        yield name, sum(tally.right for key, tally in learner.exercises.items() if key in course)


def _remark_on_what_is_unknown(handed_in: HandedIn, course: set[str]) -> None:
    unknown = Counter(name for learner in handed_in.learners for name in learner.exercises if name not in course)
    if unknown:
        learners = sum(any(name in unknown for name in learner.exercises) for learner in handed_in.learners)
        handed_in.remarks[
            f"Not in this version of the course, and not counted: {_first(sorted(unknown))}, in the files of "
            f"{learners:,} learner{'s' if learners > 1 else ''}"
        ] = []
    count = Counter(learner.name for learner in handed_in.learners)
    if several := [name for name in count if count[name] > 1]:
        handed_in.remarks[SEVERAL] = several


def _first(names: list[str]) -> str:
    more = f" and {len(names) - NAMES_NAMED:,} more" if len(names) > NAMES_NAMED else ""
    return ", ".join(_shown(name) for name in names[:NAMES_NAMED]) + more


def _course() -> Iterator[Exercise | Question]:
    """All exercises and questions, notebook by notebook."""
    for number in _notebooks():
        module = importlib.import_module(f"practicum.lessons.lesson_{number}")
        yield from (each for each in vars(module).values() if isinstance(each, Exercise | Question))


def _notebooks() -> dict[str, str]:
    """Number -> what it is about, from the first line of each lesson."""
    found = {}
    for name in sorted(module.name for module in pkgutil.iter_modules(lessons.__path__)):
        module = importlib.import_module(f"practicum.lessons.{name}")
        about = (module.__doc__ or name).split("\n")[0].partition(": ")[2].rstrip(".")
        found[name[-2:]] = about[:1].upper() + about[1:]
    return found


def _shown(text: str) -> str:
    """As a terminal can show it, and no longer than a person reads."""
    safe = shown(text)
    return safe if len(safe) <= MOST_LETTERS else safe[: MOST_LETTERS - 20] + " … " + safe[-17:]
