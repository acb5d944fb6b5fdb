"""Every exercise and question of every lesson, with right answers, wrong ones, and objects that are no answers."""

import ast
import importlib
import itertools
import re
import warnings
from fractions import Fraction

import numpy as np
import pytest
from conftest import PROJECT

from practicum import lessons
from practicum.answers import Array, Function, Letters, Number, Truth, Word
from practicum.exercises import Exercise, Question

NAMES = sorted(path.stem for path in (PROJECT / "practicum" / "lessons").glob("lesson_*.py"))
MODULES = {name: importlib.import_module(f"practicum.lessons.{name}") for name in NAMES}


def of_kind(kind):
    return [each for module in MODULES.values() for each in vars(module).values() if isinstance(each, kind)]


EXERCISES, QUESTIONS = of_kind(Exercise), of_kind(Question)
_facts = {}


def facts_of(exercise):
    """The facts that the notebook would give: see lesson_facts/."""
    if not exercise.needs:
        return {}
    if exercise.name not in _facts:
        module = importlib.import_module(f"lesson_facts.lesson_{exercise.name[:2]}")
        _facts[exercise.name] = module.FACTS[exercise.name]()
    return _facts[exercise.name]


def given(exercise, known):
    return known(**facts_of(exercise)) if exercise.needs else known


def check(exercise, answer):
    return exercise.check(answer, **facts_of(exercise))


each_exercise = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda each: each.name)
each_question = pytest.mark.parametrize("question", QUESTIONS, ids=lambda each: each.name)


def test_there_are_lessons():
    assert lessons.__doc__
    notebooks = {f"lesson_{path.name[:2]}" for path in (PROJECT / "notebooks" / "solutions").glob("*.ipynb")}
    assert {name.rpartition(".")[2] for name in NAMES} == notebooks, "a lesson for each notebook, and none without"


@pytest.mark.parametrize("name", NAMES)
def test_a_lesson_has_exercises_and_questions_in_order(name):
    module = MODULES[name]
    number = name[-2:]
    for kind, word in ((Exercise, "exercise"), (Question, "question")):
        own = [(key, each.name) for key, each in vars(module).items() if isinstance(each, kind)]
        assert own == [(f"{word}_{place}", f"{number}.{word}_{place}") for place in range(1, len(own) + 1)]
        assert len(own) >= 2
    assert repr(module.progress()).startswith(f"Notebook {number}: ")


@each_exercise
def test_the_solution_and_other_right_answers_pass(exercise):
    assert check(exercise, given(exercise, exercise.answer)).state == "right"
    assert exercise.also, "name at least one other form of the right answer"
    for other in exercise.also:
        other = given(exercise, other)
        assert check(exercise, other).state == "right", other


@each_exercise
def test_the_code_of_the_solution_passes(exercise):
    names = {"np": np, **facts_of(exercise)}
    last = ast.parse(exercise.code).body[-1]
    name = last.name if isinstance(last, ast.FunctionDef) else last.targets[0].id
    exec(exercise.code, names)
    assert check(exercise, names[name]).state == "right"


@each_exercise
def test_a_stub_is_not_tried_yet(exercise):
    for stub in (None, ...):
        assert check(exercise, stub).state == "not tried yet"
    if isinstance(exercise.kind, Function):
        assert check(exercise, lambda *arguments: None).state == "not tried yet"


@each_exercise
def test_each_mistake_is_named(exercise):
    assert exercise.mistakes
    told = []
    for mistake in exercise.mistakes:
        feedback = check(exercise, given(exercise, mistake.answer))
        assert (feedback.state, feedback.message) == ("not yet", mistake.says)
        told.append(mistake.says)
    # A message may serve for two forms of one misconception, but not for all.
    assert len(set(told)) >= min(2, len(told))


def zeros_for(exercise):
    """Zero, as an answer of the exercise's kind; a list of these, for there is none of letters and words."""
    kind = exercise.kind
    if isinstance(kind, Number):
        return [0]
    if isinstance(kind, Array):
        return [np.zeros(np.shape(given(exercise, exercise.answer)), bool if kind.yes_no else float)]
    if isinstance(kind, Function):
        nothing = np.zeros_like(exercise.answer(*kind.calls[0]), dtype=float)
        return [lambda *arguments: nothing]
    assert isinstance(kind, Letters | Word | Truth)
    return []


@each_exercise
def test_zeros_do_not_pass(exercise):
    for zeros in zeros_for(exercise):
        assert check(exercise, zeros).state == "not yet"


class Breaks:
    """An object that raises whatever is done with it."""

    def __getattribute__(self, name):
        raise RuntimeError("do not touch")

    def __repr__(self):
        raise RuntimeError("do not show")

    def __bool__(self):
        raise RuntimeError("do not ask")

    def __eq__(self, other):
        raise RuntimeError("do not compare")

    __hash__ = None


def no_answers():
    """Objects of many kinds, none of which answers anything."""
    loop = []
    loop.append(loop)

    def stops(*arguments):
        raise ValueError("not like this")

    def leaves(*arguments):
        raise SystemExit(3)

    return {
        "text": "a cat",
        "number in quotes": "12",
        "empty text": "",
        "long text": "ab" * 10**6,
        "bytes": b"12",
        "ragged": [[1, 2], [3]],
        "nan": float("nan"),
        "nan inside": [[np.nan] * 3] * 3,
        "infinite": np.inf,
        "10 GB": np.broadcast_to(np.float32(0), (50_000, 50_000)),
        "long rows": [[0] * 10**5] * 10**5,
        "a range": range(10**12),
        "dictionary": {"a": 1},
        "set": {1, 2},
        "class": int,
        "itself": loop,
        "none inside": [None, None, None],
        "words inside": [["a", "b"], ["c", "d"]],
        "objects inside": [object()],
        "complex": 3 + 4j,
        "huge": 10**400,
        "date": np.datetime64("2026-01-01"),
        "generator": (number for number in range(3)),
        "object": object(),
        "breaks": Breaks(),
        "a module": np,
        "an error": ValueError("x"),
        "empty list": [],
        "empty array": np.zeros((0, 3)),
        "negative": -123456.75,
        "many axes": np.zeros((1,) * 8 + (3,)),
        "function that stops": stops,
        "function that leaves": leaves,
        "function that returns text": lambda *arguments: "seven",
        "function of nothing": lambda: 1,
        "function that returns itself": lambda *arguments: stops,
    }


@each_exercise
@pytest.mark.parametrize("what", no_answers())
def test_nothing_raises_or_passes_that_is_no_answer(exercise, what):
    answer = no_answers()[what]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        feedback = check(exercise, answer)
        assert feedback.state in ("not yet", "not tried yet")
        assert len(feedback.message) < 500
        assert repr(feedback)
        assert feedback._repr_html_()


@each_exercise
def test_a_fact_that_was_overwritten_is_told(exercise):
    for name in exercise.needs:
        feedback = exercise.check(given(exercise, exercise.answer), **facts_of(exercise) | {name: None})
        assert feedback.state == "not yet"
        assert "run the cells above again" in feedback.message
    with pytest.raises(TypeError, match=re.escape(exercise.name)):
        exercise.check(1, unheard_of=2)


@each_exercise
def test_a_wrong_shape_is_told_by_its_shape(exercise):
    if isinstance(exercise.kind, Array):
        answer = np.asarray(given(exercise, exercise.answer))
        feedback = check(exercise, answer[np.newaxis])
        assert feedback.state == "not yet"
        assert "shape" in feedback.message
    elif isinstance(exercise.kind, Number):
        assert "values" in check(exercise, [given(exercise, exercise.answer)] * 2).message
    else:
        wrong = {Letters: "z", Word: "no such word", Truth: 1, Function: 3}[type(exercise.kind)]
        assert "expected" in check(exercise, wrong).message


def written(answer):
    """How the right answer could stand in a message."""
    if isinstance(answer, np.ndarray | list | tuple):
        return {str(np.asarray(answer).tolist()), str(answer), str(np.asarray(answer))}
    if isinstance(answer, str):
        return {f'"{answer}"'} if len(answer) < 3 else {answer}
    if isinstance(answer, bool) or callable(answer):
        return set()
    number = float(answer)
    forms = {f"{number:g}", f"{number:,.0f}", f"{number:.0f}", str(answer), f"{number:.2f}"}
    return {form for form in forms if float(form.replace(",", "")) == number}


@each_exercise
def test_no_message_or_hint_gives_the_answer_away(exercise):
    answer = given(exercise, exercise.answer)
    told = [*(mistake.says for mistake in exercise.mistakes), exercise.otherwise, exercise.asks, *exercise.hints]
    if not isinstance(exercise.kind, Word):
        for text, form in itertools.product(told, written(answer)):
            assert not re.search(rf"(?<![\w.,×]){re.escape(form)}(?![\w×]|[.,]\d)", text), (text, form)


@each_exercise
def test_hints_get_stronger_and_the_last_one_stays(exercise):
    assert 1 <= len(exercise.hints) <= 4
    assert len(set(exercise.hints)) == len(exercise.hints)
    assert exercise.why
    assert exercise.code in repr(exercise.solution())
    assert exercise.hints[-1] in [exercise.hint() for _ in range(5)][-1].text


@each_question
def test_exactly_one_choice_is_right_and_each_says_why(question):
    assert 3 <= len(question.choices) <= 4
    assert sum(choice.right for choice in question.choices) == 1
    for letter, choice in zip(question.letters, question.choices, strict=True):
        shown = question.check(letter)
        assert shown.is_right == choice.right
        assert choice.says in repr(shown)
        assert len(choice.says) >= 20
    assert len({choice.says for choice in question.choices}) == len(question.choices)
    assert len({choice.text for choice in question.choices}) == len(question.choices)


@each_question
def test_an_open_question_does_not_tell(question):
    text = repr(question.check(None))
    assert all(choice.text in text and choice.says not in text for choice in question.choices)
    assert "not answered yet" in text


@each_question
@pytest.mark.parametrize("what", no_answers())
def test_a_question_takes_any_object(question, what):
    shown = question.check(no_answers()[what])
    assert not shown.is_right
    assert "in quotes" in repr(shown)
    assert shown._repr_html_()


def test_answers_of_a_question_may_be_written_freely():
    question = QUESTIONS[0]
    for form in (question.right.upper(), f" {question.right})", f"({question.right})"):
        assert question.check(form).is_right


def test_right_choices_are_not_betrayed_by_letter_or_length():
    for name, module in MODULES.items():
        own = [each for each in vars(module).values() if isinstance(each, Question)]
        assert len({question.right for question in own}) > 1, name
    longest = [
        max(question.choices, key=lambda choice: len(choice.text)).right
        for question in QUESTIONS
        if max(len(choice.text) for choice in question.choices) > 20
    ]
    assert sum(longest) <= 0.6 * len(longest)


def test_other_forms_of_a_number_are_read():
    kind = Number()
    for form in (3, 3.0, np.int64(3), np.float32(3), np.array(3), np.array([3]), [3], Fraction(3), (3,)):
        assert kind.read(form) == 3.0


def test_a_tensor_is_read():
    from practicum.backend import keras

    tensor = keras.ops.convert_to_tensor([[1.0, 2.0]])
    assert Array((1, 2), example="").read(tensor).tolist() == [[1.0, 2.0]]
    assert Number().read(keras.ops.convert_to_tensor(5)) == 5
