"""How an exercise checks, what is counted, and what is shown; the lessons themselves are in test_lessons.py."""

import numpy as np
import pytest

from practicum import learner
from practicum.answers import AnswerError, Array, Function, Letters, Number, Truth, Word, same
from practicum.exercises import Choice, Exercise, Mistake, Question
from practicum.tallies import mistake_key


@pytest.fixture(autouse=True)
def _own_tallies(monkeypatch):
    monkeypatch.setattr(learner, "_in_memory", {})


def exercise(**changes):
    default = {
        "name": "99.exercise_1",
        "asks": "Twice two?",
        "kind": Number(),
        "answer": 4,
        "mistakes": [Mistake(0, "that is a difference"), Mistake(22, "written side by side: `2` and `2`")],
        "otherwise": "count on your fingers",
        "hints": ["Two pairs.", "Two and two."],
        "code": "answer = 2 * 2",
        "why": "Two pairs are four.",
    }
    return Exercise(**default | changes)


QUESTION = Question(
    name="99.question_1",
    asks="Is <b> a tag?",
    choices=[
        Choice("<script>alert(1)</script>", "no & no"),
        Choice("yes", "so it is", right=True),
        Choice("?", "?" * 20),
    ],
)


def test_what_is_said_of_each_answer():
    assert repr(exercise().check(None)) == "Exercise 1: not tried yet"
    assert repr(exercise().check(4)) == "Exercise 1: right"
    assert repr(exercise().check(0)) == "Exercise 1: not yet: that is a difference"
    assert repr(exercise().check(5)) == "Exercise 1: not yet: count on your fingers"
    assert exercise().check(4).is_right
    assert not exercise().check(5).is_right


def test_what_is_counted():
    one = exercise()
    for answer in (None, 22, 22, 5, "4", 4):
        one.check(answer)
    one.hint()
    one.solution()
    tally = learner._in_memory["99.exercise_1"]
    named = {mistake_key("99.exercise_1", one.mistakes[1].says): 2}
    assert (tally.tries, tally.right, tally.hints, tally.solution, tally.mistakes) == (5, True, 1, True, named)
    for letter in (None, "a", "x", "b"):
        QUESTION.check(letter)
    tally = learner._in_memory["99.question_1"]
    assert (tally.tries, tally.right, tally.mistakes) == (
        2,
        True,
        {mistake_key("99.question_1", "<script>alert(1)</script>"): 1},
    )


def test_a_mistake_keeps_its_key_when_another_is_added_before_it():
    exercise().check(22)
    added = exercise(mistakes=[Mistake(7, "new in this version"), *exercise().mistakes])
    added.check(22)
    assert list(learner._in_memory["99.exercise_1"].mistakes.values()) == [2]


def test_facts_reach_answer_and_mistakes():
    one = exercise(needs=("n",), answer=lambda n: 2 * n, mistakes=[Mistake(lambda n: n, "not doubled")])
    assert one.check(6, n=3).is_right
    assert one.check(3, n=3).message == "not doubled"
    assert one.check(8, n=4).is_right
    assert "`n` cannot be used as it is now (TypeError)" in one.check(6, n=None).message
    with pytest.raises(TypeError, match=r"99\.exercise_1\.check: expected n by keyword\. Received none"):
        one.check(6)


def test_a_judge_decides_and_its_mistakes_are_counted():
    one = exercise(judge=lambda answer: None if answer % 2 == 0 else "that is a difference")
    assert one.check(10).is_right
    assert one.check(3).message == "that is a difference"
    assert learner._in_memory["99.exercise_1"].mistakes == {mistake_key("99.exercise_1", "that is a difference"): 1}


def test_a_view_that_fails_on_an_answer_is_a_wrong_answer():
    one = exercise(view=lambda answer: np.zeros(int(answer)))
    assert one.check(4).is_right
    assert one.check(-3).message == "count on your fingers"


def test_a_learners_function_gets_copies():
    numbers = np.array([1.0, 2.0])

    def spoils(values):
        values += 1
        return values.sum()

    one = exercise(kind=Function(calls=[(numbers,)], returns=Number()), answer=lambda v: v.sum(), mistakes=[])
    assert not one.check(spoils).is_right
    assert numbers.tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("kind", "given", "says"),
    [
        (Number(), True, "expected one number, such as 12; received True"),
        (Number(), [1, 2], "received 2 values"),
        (Number(), [], "received an empty list"),
        (Number(), "12", "Leave out the quotes"),
        (Number(), print, "Call it: put brackets behind its name"),
        (Number(whole=True), 1.5, "expected one whole number, such as 12; received 1.5"),
        (Array((2, None), example="x"), [[1, 2]], "of shape (2, any), such as x; received shape (1, 2)"),
        (Array((2,), example="x"), [[1], [2, 3]], "the rows are not equally long"),
        (Array((2,), example="x"), [1, np.nan], "no number (nan or infinite)"),
        (Array((2,), example="x", whole=True), [1, 1.5], "not whole"),
        (Array((2,), example="x", yes_no=True), [1, 0], "not True or False"),
        (Array((2,), example="x"), np.zeros(10**6), "received shape (1000000,)"),
        (Letters("abc"), "ad", "letters from a to c"),
        (Letters("abc", ordered=True), "aab", "twice"),
        (Word(("wide", "deep")), "tall", 'expected "wide" or "deep"; received the text \'tall\''),
        (Truth(), "True", "without quotes"),
        (Function([(1,)], Number()), 3, "without calling it"),
        (Function([(1,)], Number()), lambda n: 1 / 0, "for the arguments 1 your function stops with ZeroDivisionError"),
        (Function([(1,)], Number()), lambda n: "x", "returns something else: expected one number"),
        (Function([(1,)], Number()), lambda: 1, "stops with TypeError"),
    ],
)
def test_what_a_learner_is_told_who_gives_something_else(kind, given, says):
    with pytest.raises(AnswerError) as told:
        kind.read(given)
    assert says in str(told.value)


def test_letters_and_words_are_read_freely():
    assert Letters("abc").read(" C, a") == "ac"
    assert Letters("abc").read({"b", "a"}) == "ab"
    assert Letters("abc", ordered=True).read("c → a") == "ca"
    assert Word(("early stopping",)).read("Early-Stopping") == "early stopping"


def test_answers_are_the_same_within_their_tolerance_and_shape():
    assert same(1.0, 1.0 + 1e-9, 1e-6)
    assert not same(1.0, 1.001, 1e-6)
    assert same(100.0, 101.0, 0.02)
    assert not same(np.zeros(2), np.zeros(3), 1e-6)
    assert not same(np.zeros((1, 2)), np.zeros(2), 1e-6), "shapes are not stretched to fit"
    assert not same(True, 1.0, 1e-6)
    assert not same([1.0], [1.0, 2.0], 1e-6)


def test_pages_escape_what_they_show():
    for html in (QUESTION.check(None)._repr_html_(), QUESTION.check("a")._repr_html_()):
        assert "<script" not in html
        assert "no &amp; no" in html
        assert "Is &lt;b&gt; a tag?" in html
    html = exercise(otherwise="not <i> here").check(5)._repr_html_()
    assert "Not &lt;i&gt; here." in html


def test_pages_say_it_in_words_and_without_scripts():
    html = exercise().check(22)._repr_html_()
    assert "<strong>✗ Exercise 1: not yet.</strong> Written side by side: <code>2</code> and <code>2</code>." in html
    assert "<code>lesson.exercise_1.hint()</code> helps" in html
    assert "Two pairs are four." not in html
    assert "Two pairs are four." in exercise().check(4)._repr_html_()
    shown = QUESTION.check("b")._repr_html_()
    assert shown.count("<details") == 3
    assert shown.count("<details open") == 1
    assert "<em>(your answer)</em>" in shown
    assert "onclick" not in html + shown
    assert "<script" not in html + shown


def test_a_question_without_an_answer_says_what_to_give():
    assert 'give one letter in quotes: "a", "b" or "c"' in repr(QUESTION.check("d"))
    assert "Give one letter in quotes: &#34;a&#34;, &#34;b&#34; or &#34;c&#34;." in QUESTION.check("d")._repr_html_()
