"""Notebook 11: how sure an accuracy is, which network to hand out, and a claim with its proof."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from practicum.answers import Array, Function, Number
from practicum.exercises import Choice, Exercise, Mistake, Question, progress_of
from practicum.significance import as_uneven, standard_error

Evaluation = Any  # what practicum.training.evaluate gives; importing it here would load TensorFlow
SHARE, WIDTH = 0.9, 0.01  # exercise 1: the share that is expected to be right, and the standard error wanted


def _to_add(have: int, share: float = SHARE, width: float = WIDTH) -> float:
    return max(0.0, share * (1 - share) / width**2 - have)


exercise_1 = Exercise(
    name="11.exercise_1",
    asks="How many test pictures are to be added for a standard error of one point, if nine in ten are right?",
    kind=Number(),
    answer=_to_add,
    also=[lambda have: np.float32(_to_add(have)), lambda have: [round(_to_add(have))]],
    needs=("have",),
    tolerance=0.003,
    mistakes=[
        Mistake(lambda have: _to_add(0), "that is how many are needed in all; some are in your test split already"),
        Mistake(lambda have: _to_add(0) + have, "what is there already is taken off, not added"),
        Mistake(lambda have: _to_add(have, 0.8), "that is for a network that is right eight times in ten"),
        Mistake(lambda have: _to_add(0, 0.8), "that is for eight times in ten, and it is how many there are in all"),
        Mistake(lambda have: _to_add(have, width=WIDTH / 2), "then two standard errors are one point, not one"),
        Mistake(
            lambda have: SHARE * (1 - SHARE) / WIDTH,
            "when the formula is turned round, the root becomes a square: the width has to be squared as well",
        ),
        Mistake(
            lambda have: standard_error(SHARE, have) / WIDTH * have - have,
            "an error half as wide takes four times as many pictures, not twice as many",
        ),
    ],
    otherwise="put 0.9 for the share and 0.01 for the standard error into the formula, and solve it for the number",
    hints=[
        "The formula says what the standard error is for n pictures. You know the error that you want; look for n.",
        "n is p(1 − p), divided by the square of the standard error. How many of those do you have already?",
    ],
    code="answer_1 = max(0, 0.9 * (1 - 0.9) / 0.01**2 - have)",
    why="0.9 × 0.1 / 0.01² gives the pictures that are needed in all; what is there already is taken off. "
    "A tenth of a point would take a hundred times as many.",
)


def _near(
    accuracies: Sequence[float], costs: Sequence[float], pictures: float, error: Callable = standard_error
) -> list[int]:
    """The places of the networks whose accuracy is at most one error below the best."""
    best = max(accuracies)
    return [place for place, own in enumerate(accuracies) if own >= best - error(best, pictures) - 1e-12]


def _choose(
    accuracies: Sequence[float], costs: Sequence[float], pictures: float, error: Callable = standard_error
) -> int:
    """The place of the cheapest network whose accuracy is at most one error below the best."""
    return min(_near(accuracies, costs, pictures, error), key=lambda place: costs[place])


exercise_2 = Exercise(
    name="11.exercise_2",
    asks="A function choose(accuracies, costs, pictures): the cheapest network that is as good as the best.",
    kind=Function(
        calls=[
            ([0.82, 0.90, 0.79], [89, 28, 1130], 176),
            ([0.86, 0.88, 0.80], [10, 90, 5], 150),
            ([0.86, 0.88, 0.80], [10, 90, 5], 15_000),
            ([0.70, 0.74, 0.73], [3, 9, 4], 400),
            ([0.95, 0.95], [5, 3], 50),
            ([0.97, 0.96, 0.55, 0.94], [40, 20, 1, 2], 60),
            ([0.90, 0.88, 0.86], [30, 20, 10], 90),
            ([0.61, 0.60, 0.50], [40, 20, 1], 30),
        ],
        returns=Number(example="1", whole=True),
        signature="the function choose(accuracies, costs, pictures)",
    ),
    answer=_choose,
    also=[lambda *given: np.float32(_choose(*given)), lambda *given: [_choose(*given)]],
    mistakes=[
        Mistake(
            lambda shares, costs, pictures: int(np.argmax(shares)),
            "that is always the best one; how much of its lead is luck, and what does the lead cost?",
        ),
        Mistake(lambda shares, costs, pictures: int(np.argmin(costs)), "that is the cheapest, however bad it is"),
        Mistake(
            lambda shares, costs, pictures: _choose(shares, costs, pictures, lambda p, n: p * (1 - p) / n),
            "the root of the standard error is missing, so the margin is far too narrow",
        ),
        Mistake(
            lambda shares, costs, pictures: _choose(shares, costs, pictures, lambda p, n: math.sqrt(p * (1 - p))),
            "the standard error must get smaller with more pictures: divide by their number, under the root",
        ),
        Mistake(
            lambda shares, costs, pictures: _choose(shares, costs, pictures, lambda p, n: 2 * standard_error(p, n)),
            "you allow two standard errors; the rule says one",
        ),
        Mistake(
            lambda shares, costs, pictures: int(np.argsort(shares)[-2]),
            "that is always the second best; whether it is near enough to the best depends on the number of pictures",
        ),
        Mistake(lambda *given: given[1][_choose(*given)], "that is what it costs; give its place in the list"),
        Mistake(
            lambda *given: _near(*given).index(_choose(*given)),
            "that counts the places among the near ones only; give the place in the whole list",
        ),
        Mistake(
            lambda shares, costs, pictures: min(
                (place for place, own in enumerate(shares) if own + standard_error(own, pictures) >= max(shares)),
                key=lambda place: costs[place],
            ),
            "the standard error is that of the best accuracy, not of each network's own",
        ),
    ],
    otherwise="first the margin (the best accuracy minus its standard error), then the cheapest of those above it",
    hints=[
        "Three steps: the best accuracy; the lowest accuracy that still counts as equally good; the cheapest of those.",
        "`[place for place, own in enumerate(accuracies) if own >= lowest]` are the places. "
        "`min(places, key=lambda place: costs[place])` is the cheapest of them.",
    ],
    code="def choose(accuracies, costs, pictures):\n"
    "    best = max(accuracies)\n"
    "    lowest = best - (best * (1 - best) / pictures) ** 0.5\n"
    "    places = [place for place, own in enumerate(accuracies) if own >= lowest]\n"
    "    return min(places, key=lambda place: costs[place])",
    why="A lead of less than a standard error may be luck. What the network costs is not luck: it is paid on every "
    "picture. With many pictures the margin is narrow, and the best one wins, whatever it costs.",
)


def _recognised(evaluation: Evaluation) -> np.ndarray:
    counts = evaluation.confusion.sum(axis=1)
    return np.asarray(evaluation.confusion.diagonal()[counts > 0] / counts[counts > 0])


def _of_the_answers(evaluation: Evaluation) -> float:
    """Of the answers that name the class that is recognised worst, the share that is right."""
    worst = int(np.argmin(_recognised(evaluation)))
    return float(evaluation.confusion[worst, worst] / max(evaluation.confusion[:, worst].sum(), 1))


exercise_3 = Exercise(
    name="11.exercise_3",
    asks="Of the test pictures of the class that is recognised worst, the share that is recognised.",
    kind=Number(example="0.5"),
    answer=lambda evaluation: float(_recognised(evaluation).min()),
    also=[lambda evaluation: np.array([min(evaluation.class_accuracy().values())])],
    needs=("evaluation",),
    tolerance=0.008,
    mistakes=[
        Mistake(lambda evaluation: float(_recognised(evaluation).max()), "that is the class that is recognised best"),
        Mistake(lambda evaluation: evaluation.accuracy, "that is the accuracy over all classes together"),
        Mistake(_of_the_answers, "that is a column: how often this answer is right. A class stands in a row"),
        Mistake(lambda evaluation: 1 - float(_recognised(evaluation).min()), "that is the share that it gets wrong"),
        Mistake(lambda evaluation: 100 * float(_recognised(evaluation).min()), "as a share, from 0 to 1"),
    ],
    otherwise="in each row, divide the number on the diagonal by the sum of the row; give the smallest",
    hints=[
        "A row of the confusion matrix holds all pictures of one class. Which of its numbers are right answers?",
        "`evaluation.confusion` is the matrix; `evaluation.class_accuracy()` divides it for you.",
    ],
    code="answer_3 = min(evaluation.class_accuracy().values())",
    why="One number for all classes hides the weakest. It is often the class with the fewest pictures: naming another "
    "one pays more often.",
)


def _only(first_right: np.ndarray, second_right: np.ndarray) -> tuple[int, int]:
    first, second = np.asarray(first_right, bool), np.asarray(second_right, bool)
    return int((first & ~second).sum()), int((second & ~first).sum())


def _as_if_other_pictures(first_right: np.ndarray, second_right: np.ndarray) -> float:
    """What comes out when the two networks are taken to have seen different pictures."""
    one, other = float(np.mean(first_right)), float(np.mean(second_right))
    error = math.hypot(standard_error(one, len(first_right)), standard_error(other, len(second_right)))
    return math.erfc(abs(one - other) / max(error, 1e-12) / math.sqrt(2))


exercise_4 = Exercise(
    name="11.exercise_4",
    asks="How likely is a split at least as uneven as that of your two networks, if they are equally good?",
    kind=Number(example="0.5"),
    answer=lambda first_right, second_right: as_uneven(*_only(first_right, second_right)),
    also=[lambda first_right, second_right: np.float64(as_uneven(*_only(second_right, first_right)))],
    needs=("first_right", "second_right"),
    tolerance=0.01,
    mistakes=[
        Mistake(
            lambda first_right, second_right: as_uneven(*_only(first_right, second_right)) / 2,
            "that counts the uneven splits in favour of one network only; the other might have been the lucky one",
        ),
        Mistake(
            lambda first_right, second_right: as_uneven(int(np.sum(first_right)), int(np.sum(second_right))),
            "you put in all right answers; pictures that both get right say nothing about which is better",
        ),
        Mistake(
            lambda first_right, second_right: as_uneven(
                len(first_right) - int(np.sum(first_right)), len(second_right) - int(np.sum(second_right))
            ),
            "you put in all wrong answers; pictures that both get wrong say nothing about which is better",
        ),
        Mistake(
            lambda first_right, second_right: (
                max(_only(first_right, second_right)) / max(sum(_only(first_right, second_right)), 1)
            ),
            "that is the share of one network among the pictures that decide; ask how likely such a split is",
        ),
        Mistake(lambda **facts: 100 * as_uneven(*_only(**facts)), "as a share, from 0 to 1, not in per cent"),
        Mistake(_as_if_other_pictures, "that is for networks that saw different pictures; these saw the same ones"),
    ],
    otherwise="count the pictures that only the first got right and those that only the second got right; "
    "then ask `as_uneven`",
    hints=[
        "`first_right & ~second_right` is True where only the first one was right. `.sum()` counts.",
        "`as_uneven` takes two counts: only the first right, only the second right.",
    ],
    code="from practicum.significance import as_uneven\n"
    "answer_4 = as_uneven((first_right & ~second_right).sum(), (second_right & ~first_right).sum())",
    why="Only the pictures that one gets right and the other wrong decide. If the networks are equally good, each of "
    "these is a toss of a coin. This is called McNemar's test.",
)

_SAYS = {
    "pictures": "the first number is how many pictures the claim rests on: test pictures, and no others",
    "percent": "give the accuracy as a share, from 0 to 1",
    "validation": "that is the accuracy on the validation pictures. They chose epoch and network: it flatters",
    "accuracy": "the second number is the accuracy on the test pictures: evaluation.accuracy",
    "root": "the standard error needs a root: p(1 − p) / n is its square",
    "two": "the third number is one standard error, not two",
    "error points": "give the standard error as a share, like the accuracy: divide by 100",
    "error": "the third number is the standard error of this accuracy with this many pictures, to three places",
    "nothing": "the fourth number is the lead over always naming the most common class, not over nothing",
    "coin": "the most common class has more than its equal share of the pictures; a coin is too easy to beat",
    "points": "the fourth number counts standard errors: divide the lead by the third number",
    "other error": "divide by the third number, the standard error of your accuracy, not by that of the lazy answer",
    "lead": "the fourth number: the accuracy minus that of the lazy answer, in standard errors",
}


def _claim(evaluation: Evaluation, validation_accuracy: float, **other: float) -> list[float]:
    """The four numbers; other ones put in by name."""
    share, pictures = evaluation.accuracy, len(evaluation.labels)
    error = other.get("error", standard_error(share, pictures))
    unit = other.get("unit", standard_error(share, pictures))
    lead = (share - other.get("lazy", evaluation.most_common_share)) / unit
    return [other.get("pictures", pictures), other.get("share", share), error, lead]


def _lazy_error(evaluation: Evaluation) -> float:
    return standard_error(evaluation.most_common_share, len(evaluation.labels))


def _judge_claim(given: np.ndarray, evaluation: Evaluation, validation_accuracy: float) -> str | None:
    validation_accuracy = float(validation_accuracy)
    pictures, share, error, lead = _claim(evaluation, validation_accuracy)
    says: str | None = None
    if given[0] != pictures:
        says = "pictures"
    elif abs(given[1] - share) > 0.006:
        near = {"percent": 100 * share, "validation": validation_accuracy}
        says = next((name for name, value in near.items() if math.isclose(given[1], value, rel_tol=0.006)), "accuracy")
    elif abs(given[2] - error) > max(0.0006, 0.03 * error):
        near = {"root": error**2, "two": 2 * error, "error points": 100 * error}
        says = next((name for name, value in near.items() if math.isclose(given[2], value, rel_tol=0.03)), "error")
    elif abs(given[3] - lead) > max(0.1, 0.05 * abs(lead)):
        coin = 1 / len(evaluation.class_names)
        near = {"nothing": share / error, "coin": (share - coin) / error, "points": lead * error}
        near["other error"] = lead * error / _lazy_error(evaluation)
        says = next((name for name, value in near.items() if math.isclose(given[3], value, rel_tol=0.05)), "lead")
    return says and _SAYS[says]


exercise_5 = Exercise(
    name="11.exercise_5",
    asks="A claim: number of test pictures, accuracy, standard error, lead over the lazy answer in standard errors.",
    kind=Array((4,), example="[100, 0.5, 0.05, 3.2]"),
    answer=_claim,
    judge=_judge_claim,
    needs=("evaluation", "validation_accuracy"),
    also=[
        lambda **facts: tuple(_claim(**facts)),
        lambda **facts: np.array(_claim(**facts), dtype="float32"),
        lambda **facts: [round(value, places) for value, places in zip(_claim(**facts), (0, 2, 4, 2), strict=True)],
    ],
    mistakes=[
        Mistake(lambda **facts: _claim(**facts, pictures=2 * len(facts["evaluation"].labels)), _SAYS["pictures"]),
        Mistake(lambda **facts: _claim(**facts, share=100 * facts["evaluation"].accuracy), _SAYS["percent"]),
        Mistake(lambda **facts: _claim(**facts, share=facts["validation_accuracy"]), _SAYS["validation"]),
        Mistake(lambda **facts: _claim(**facts, share=facts["evaluation"].most_common_share), _SAYS["accuracy"]),
        Mistake(lambda **facts: _claim(**facts, error=_claim(**facts)[2] ** 2), _SAYS["root"]),
        Mistake(lambda **facts: _claim(**facts, error=2 * _claim(**facts)[2]), _SAYS["two"]),
        Mistake(lambda **facts: _claim(**facts, error=100 * _claim(**facts)[2]), _SAYS["error points"]),
        Mistake(lambda **facts: _claim(**facts, error=0.5), _SAYS["error"]),
        Mistake(lambda **facts: _claim(**facts, lazy=0.0), _SAYS["nothing"]),
        Mistake(lambda **facts: _claim(**facts, lazy=1 / len(facts["evaluation"].class_names)), _SAYS["coin"]),
        Mistake(lambda **facts: _claim(**facts, unit=1.0), _SAYS["points"]),
        Mistake(lambda **facts: _claim(**facts, unit=_lazy_error(facts["evaluation"])), _SAYS["other error"]),
        Mistake(lambda **facts: _claim(**facts, lazy=facts["evaluation"].accuracy + 0.2), _SAYS["lead"]),
    ],
    otherwise="",
    hints=[
        "From `evaluation`: `len(evaluation.labels)`, `evaluation.accuracy`, `evaluation.most_common_share`.",
        "The third: see section 3. The fourth: how many of the third fit between the accuracy and the lazy answer?",
    ],
    code="n, p = len(evaluation.labels), evaluation.accuracy\n"
    "error = (p * (1 - p) / n) ** 0.5\n"
    "answer_5 = [n, p, error, (p - evaluation.most_common_share) / error]",
    why="An accuracy says little without the number of pictures, what chance does to it, and something to compare it "
    "with. A lead of more than two standard errors is hardly luck.",
)

question_1 = Question(
    name="11.question_1",
    asks="You tried 20 settings, evaluated each on the test pictures, and report the best: 91 %. What is wrong?",
    choices=[
        Choice("Nothing: no network was trained on the test pictures.", "They were used all the same: to choose."),
        Choice(
            "The best of 20 was lucky as well as good; on other pictures it will be right less often.",
            "Choosing by the test pictures makes them validation pictures. Choose by validation, and test once.",
            right=True,
        ),
        Choice(
            "It should have been the mean of the 20.",
            "That describes 20 networks, of which one will be used. That one needs pictures that had no part in it.",
        ),
    ],
)
question_2 = Question(
    name="11.question_2",
    asks="All cats were photographed on a sofa, all dogs on a lawn. 98 % ± 1 of the test photos are right. Your claim?",
    choices=[
        Choice(
            "It tells cats from dogs; the error bar says how surely.",
            "The error bar covers the luck of the draw from these photos. That lawn means dog is no luck: it is in all "
            "of them.",
        ),
        Choice(
            "With more photos of the same kind, one would see whether it looks at the animal.",
            "More of the same makes the bar narrower around the same doubtful number.",
        ),
        Choice(
            "It tells apart what these photos show; for cats on a lawn, I would have to test with such photos.",
            "A claim holds for pictures like the test pictures. A heat map may show the lawn, other photos decide.",
            right=True,
        ),
    ],
)
question_3 = Question(
    name="11.question_3",
    asks="Two networks on the same 100 test photos: 84 % and 88 %. Is the second one better?",
    choices=[
        Choice(
            "It depends: if only 4 photos part them, all in its favour, chance does that one time in eight.",
            "2 × (1/2)⁴ is one in eight. If 14 photos spoke for it and 10 against, it would say even less.",
            right=True,
        ),
        Choice(
            "Yes: both saw the same photos, so luck plays no part.",
            "Which photos these are is luck, too: on others, the four might have fallen the other way.",
        ),
        Choice(
            "No: each has a standard error of more than 3 points, so 4 points can never mean anything.",
            "On the same photos, what is hard is hard for both, and drops out. Four hundred photos might well decide.",
        ),
    ],
)
question_4 = Question(
    name="11.question_4",
    asks="You have 60 photos of two kinds of mushroom, and no more can be had. How do you begin?",
    choices=[
        Choice(
            "With a large network from scratch, trained until all 60 are right.",
            "It will learn them by heart: 720 photos of cats and dogs were too few for that, see section 9.",
        ),
        Choice(
            "With 60 training photos; with so few, none can be spared for a test.",
            "Then you will know nothing about new mushrooms, however good the number on the screen is.",
        ),
        Choice(
            "With augmentation, which makes 6,000 photos out of 60.",
            "It makes 6,000 views of 60 mushrooms. It helps, and it adds no mushroom.",
        ),
        Choice(
            "With features of a network that has seen many other photos, and a test part, however small.",
            "A last layer has few numbers to learn. The test part gives wide error bars, and honest ones.",
            right=True,
        ),
    ],
)
progress = progress_of(__name__)
