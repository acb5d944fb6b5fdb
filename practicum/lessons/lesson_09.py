"""Exercises of notebook 09: how many filters?"""

import itertools
from typing import Any

import numpy as np

from practicum.answers import Array, Number
from practicum.exercises import Choice, Exercise, Mistake, Question, progress_of

_SECOND = {filters: 14 * 14 * 3 * 3 * filters * filters for filters in (16, 32)}  # multiply-adds of module 2
exercise_1 = Exercise(
    name="09.exercise_1",
    asks="Both modules go from 16 to 32 filters: how many times as many multiply-adds has the second convolution?",
    kind=Number(example="1.5"),
    answer=_SECOND[32] / _SECOND[16],
    also=[np.float32(_SECOND[32] / _SECOND[16]), [_SECOND[32] // _SECOND[16]]],
    mistakes=[
        Mistake(
            2, "there are twice as many filters, that is so; but each of them has changed, too: what does it look at?"
        ),
        Mistake(1, "the image and the size of a tile stay, but there are more filters, and each of them is deeper"),
        Mistake(8, "one factor too many: the number of places and the tile's height and width stay as they are"),
        Mistake(16, "height and width of the tile stay 3×3; only depth and number of the filters are doubled"),
        Mistake(_SECOND[16] / _SECOND[32], "turned round: that is the old work as a share of the new one"),
        Mistake(_SECOND[32], "that is how many there are; the question is how many times as many as before"),
        Mistake(_SECOND[32] - _SECOND[16], "that is how many more there are; divide, do not subtract"),
    ],
    otherwise="write the work as places × height × width × depth × filters; which of the five factors change?",
    hints=[
        "How many maps come into the second module before, and how many afterwards? How deep is each filter?",
        "Multiply-adds of a convolution: places × 3 × 3 × depth of the input × number of filters. Two factors double.",
    ],
    code="answer_1 = 2 * 2",
    why="There are twice as many filters, and each has twice as many weights, because twice as many maps come in. "
    "Count it: `layer_table(build_cnn((28, 28, 1), 10, filters=(32, 32)))`.",
)

Accuracies = dict[tuple[int, ...], dict[int, float]]


def _gains(accuracies: Accuracies, one: int = 32, other: int = 16) -> np.ndarray:
    return np.array([accuracies[(one,)][seed] - accuracies[(other,)][seed] for seed in range(5)])


def _all_pairs(accuracies: Accuracies) -> int:
    ours, theirs = accuracies[(32,)].values(), accuracies[(16,)].values()
    return sum(one > other for one, other in itertools.product(ours, theirs))


exercise_2 = Exercise(
    name="09.exercise_2",
    asks="In how many of the five seeds did 32 filters do better than 16 with the same seed?",
    kind=Number(whole=True, example="1"),
    needs=("accuracies",),
    answer=lambda accuracies: (_gains(accuracies) > 0).sum(),
    also=[
        lambda accuracies: float((_gains(accuracies) > 0).sum()),
        lambda accuracies: [(_gains(accuracies) > 0).sum()],
    ],
    mistakes=[
        Mistake(
            lambda accuracies: (_gains(accuracies) < 0).sum(),
            "that is the number of seeds in which 16 filters did better",
        ),
        Mistake(lambda accuracies: 5, "the mean of 32 is higher, but not each seed is; compare them one by one"),
        Mistake(
            _all_pairs,
            "you compared each seed with each, which makes 25 pairs; compare a seed only with the same seed",
        ),
        Mistake(
            lambda accuracies: (_gains(accuracies, 64, 16) > 0).sum(),
            "that is 64 filters against 16; the question is about 32",
        ),
    ],
    otherwise="compare seed 0 with seed 0, seed 1 with seed 1, and so on; there are five comparisons",
    hints=[
        "`accuracies[(32,)][0] > accuracies[(16,)][0]` is True or False. There are five such questions.",
        "In Python True counts as 1: `sum(… for seed in range(5))` counts how often it is so.",
    ],
    code="answer_2 = sum(accuracies[(32,)][seed] > accuracies[(16,)][seed] for seed in range(5))",
    why="It is hardly more than half of the seeds. A coin could have done that.",
)


def _interval(gains: np.ndarray, low: float = 0.025, high: float = 0.975) -> np.ndarray:
    """The ends of the bootstrap interval, in points."""
    drawn = [np.mean(draw) for draw in itertools.product(gains, repeat=len(gains))]
    return 100 * np.quantile(drawn, [low, high])


def _to_one_decimal(numbers: Any) -> np.ndarray:
    """So that 0.87 and 0.9 are the same; what is below a twentieth keeps more decimals, as it may be a share of 1."""
    return np.where(np.abs(numbers) < 0.05, np.round(numbers, 3), np.round(numbers, 1))


exercise_3 = Exercise(
    name="09.exercise_3",
    asks="The 95 % interval of what 32 filters bring over 16, in points: the lower end, then the upper one.",
    kind=Array((2,), example="(1.9, 2.2)"),
    needs=("accuracies",),
    answer=lambda accuracies: _interval(_gains(accuracies)),
    also=[
        lambda accuracies: tuple(_interval(_gains(accuracies)).round(2)),
        lambda accuracies: _interval(_gains(accuracies)).round(1).tolist(),
    ],
    view=_to_one_decimal,
    mistakes=[
        Mistake(
            lambda accuracies: _interval(_gains(accuracies)) / 100,
            "these are shares of 1; in points they are a hundred times as large",
        ),
        Mistake(
            lambda accuracies: -_interval(_gains(accuracies))[::-1],
            "the other way round: you subtracted 32 from 16; what do the 32 bring over 16?",
        ),
        Mistake(lambda accuracies: _interval(_gains(accuracies))[::-1], "the lower end comes first"),
        Mistake(
            lambda accuracies: 100 * np.quantile(_gains(accuracies), [0.025, 0.975]),
            "these are single seeds; draw five of them, again and again, and take the mean each time",
        ),
        Mistake(
            lambda accuracies: _interval(_gains(accuracies), 0.05, 0.95),
            "that cuts off 5 % at each end, and leaves 90; for 95 % it is half of that",
        ),
        Mistake(
            lambda accuracies: _interval(_gains(accuracies, 64, 32)),
            "that is what 64 filters bring over 32; take the two keys `(32,)` and `(16,)`",
        ),
    ],
    otherwise="the same lines as above, with the keys `(32,)` and `(16,)` in place of `(64, 64)` and `(8,)`; times 100",
    hints=[
        "The cell above has all that is needed. Which two keys have to be changed?",
        "The five differences; the means of all ways to draw five of them; `np.quantile(…, [0.025, 0.975])`.",
    ],
    code="import itertools\n\n"
    "gains = np.array([accuracies[(32,)][seed] - accuracies[(16,)][seed] for seed in range(5)])\n"
    "drawn = [np.mean(draw) for draw in itertools.product(gains, repeat=5)]\n"
    "answer_3 = 100 * np.quantile(drawn, [0.025, 0.975])",
    why="The interval has zero in it: with other luck, 16 could have come out ahead. It does not say that both are "
    "equally good, only that five seeds are too few to tell. And if there is a gain, it is likely below one point.",
)


def _candidates(fashion: Any) -> list[dict[str, Any]]:
    """Filters, mean accuracy and costs of each configuration."""
    found = []
    for configuration, runs in fashion.by_configuration():
        one = next(iter(runs.values()))
        mean = np.mean([run.validation_accuracy for run in runs.values()])
        costs = {"parameters": one.parameters, "multiply_adds": one.multiply_adds}
        found.append({"filters": configuration["filters"], "mean": mean} | costs)
    return found


def _most_accurate(fashion: Any) -> dict[str, Any]:
    return max(_candidates(fashion), key=lambda each: float(each["mean"]))


def _saving(fashion: Any, tolerance: float, searched: str = "parameters", counted: str = "parameters") -> float:
    """How many times fewer the cheapest within the tolerance has than the best."""
    best = _most_accurate(fashion)
    near = [each for each in _candidates(fashion) if best["mean"] - each["mean"] <= tolerance + 1e-9]
    return float(best[counted] / min(near, key=lambda each: each[searched])[counted])


exercise_4 = Exercise(
    name="09.exercise_4",
    asks="Tolerance 2 points, cost parameters: how many times fewer of them than the best has the chosen network?",
    kind=Number(example="12.5"),
    needs=("fashion",),
    answer=lambda fashion: _saving(fashion, 0.02),
    also=[lambda fashion: round(_saving(fashion, 0.02), 1), lambda fashion: np.float32(_saving(fashion, 0.02))],
    view=_to_one_decimal,
    mistakes=[
        Mistake(lambda fashion: 1 / _saving(fashion, 0.02), "that is the share that is left; turn it round"),
        Mistake(lambda fashion: 100 / _saving(fashion, 0.02), "that is the percentage left; how many times fewer?"),
        Mistake(
            lambda fashion: _saving(fashion, 0.02, "multiply_adds", "multiply_adds"),
            'that is for multiply-adds, and for another network: `cost="parameters"` is missing',
        ),
        Mistake(
            lambda fashion: _saving(fashion, 0.02, searched="multiply_adds"),
            "these are parameters, but of the network that is cheapest by multiply-adds; search by parameters, too",
        ),
        Mistake(
            lambda fashion: _saving(fashion, 0.02, counted="multiply_adds"),
            "the right network, but you compared its multiply-adds; compare parameters",
        ),
        Mistake(
            lambda fashion: (1 - 1 / _saving(fashion, 0.02)) * _most_accurate(fashion)["parameters"],
            "that is how many fewer they are; how many *times* fewer?",
        ),
        Mistake(lambda fashion: _saving(fashion, 0.03), "that is for a tolerance of 3 points; a point is 0.01"),
        Mistake(lambda fashion: _saving(fashion, 0.2), "0.2 is a tolerance of twenty points; a point is 0.01"),
    ],
    otherwise="divide `.best_cost` by `.cost` of what `smallest_within` gives for this tolerance and this cost",
    hints=[
        "A tolerance of one point is 0.01. Which two arguments of `smallest_within` differ from those used above?",
        '`smallest_within(fashion, …, cost="parameters")`: how often does its `.cost` fit into its `.best_cost`?',
    ],
    code="from practicum.experiments import smallest_within\n\n"
    'saved = smallest_within(fashion, 0.02, cost="parameters")\n'
    "answer_4 = saved.best_cost / saved.cost",
    why="Another cost, another network: two modules of 16 and 32 filters. By multiply-adds it was one module of 16.",
)


def _best(
    mean_of: dict, cost_of: dict, size_of: dict, work: float = 3e5, parameters: float = 12e3, modules: int = 9
) -> tuple[int, ...]:
    """The filters of the most accurate configuration within limits."""
    fitting = [each for each in mean_of if cost_of[each] <= work and size_of[each] <= parameters]
    return max((each for each in fitting if len(each) <= modules), key=mean_of.__getitem__)


exercise_5 = Exercise(
    name="09.exercise_5",
    asks="The most accurate of the 27 with at most 300,000 multiply-adds and at most 12,000 parameters: its filters.",
    kind=Array((None,), example="(16, 32)", whole=True),
    needs=("mean_of", "cost_of", "size_of"),
    answer=_best,
    also=[lambda **facts: list(_best(**facts)), lambda **facts: np.array(_best(**facts))],
    mistakes=[
        Mistake(
            lambda **facts: _best(**facts, work=np.inf, parameters=np.inf),
            "that is the best of all, and it keeps to neither limit",
        ),
        Mistake(
            lambda **facts: _best(**facts, parameters=np.inf),
            "the battery lasts, but the memory does not hold it: look at its parameters",
        ),
        Mistake(
            lambda **facts: _best(**facts, work=np.inf),
            "it fits into the memory, but the battery does not last: look at its multiply-adds",
        ),
        Mistake(lambda **facts: (8,), "that was the choice for three points; here it has too many parameters"),
        Mistake(
            lambda **facts: _best(**facts, modules=1),
            "this one keeps to both limits and is the best with one module; a better one has more modules than that",
        ),
        Mistake(lambda **facts: (1, 1, 1), "the smallest of all; the limits allow more, so use what they allow"),
    ],
    otherwise="first strike out all that break one of the two limits, then take the highest mean accuracy of the rest",
    hints=[
        "Two limits, so two conditions: which keys of `mean_of` keep to both?",
        "`[filters for filters in mean_of if cost_of[filters] <= … and size_of[filters] <= …]`, "
        "and of these the one with the highest `mean_of`.",
    ],
    code="""fitting = [each for each in mean_of if cost_of[each] <= 300_000 and size_of[each] <= 12_000]
answer_5 = max(fitting, key=mean_of.get)""",
    why="The memory rules out the wide networks with one module, the battery the larger ones with two. What is left in "
    "the middle has two narrow modules. It is not on the stair of the first picture: one limit alone would not choose "
    "it.",
)

_OF_FILTERS, _OF_SCORES = 64 * (3 * 3 + 1), 14 * 14 * 64 * 10 + 10
_WORK, _WORK_OF_SCORES = 28 * 28 * 9 * 64, 14 * 14 * 64 * 10
_SHARE = 100 * _OF_FILTERS / (_OF_FILTERS + _OF_SCORES)
_OF_BOTH = _OF_FILTERS + 64 * (3 * 3 * 64 + 1)  # filters of two modules
exercise_6 = Exercise(
    name="09.exercise_6",
    asks="Of the parameters of the network with one module of 64 filters: how many percent belong to the filters?",
    kind=Number(example="12.5"),
    answer=_SHARE,
    also=[round(_SHARE, 2), np.float32(_SHARE), [_SHARE]],
    view=lambda share: np.round(share, 2),
    mistakes=[
        Mistake(_SHARE / 100, "that is the share of 1; give it in percent"),
        Mistake(100 * _WORK / (_WORK + _WORK_OF_SCORES), "that is their share of the work; ask for the parameters"),
        Mistake(5.9, "a share of the work, and of two modules; the question is about parameters, with one module"),
        Mistake(100 * 576 / (_OF_FILTERS + _OF_SCORES), "each filter has a bias, too"),
        Mistake(100 - _SHARE, "that is the share of the fully connected layer; what is left for the filters?"),
        Mistake(_OF_FILTERS, "that is how many parameters they have; divide by all parameters of the network"),
        Mistake(
            100 * _OF_BOTH / (_OF_BOTH + 7 * 7 * 64 * 10 + 10),
            "that is for two modules of 64 filters; the question is about one module",
        ),
    ],
    otherwise="parameters of `module1_conv`, divided by all parameters of the network, times 100",
    hints=[
        "How many parameters has a 3×3 filter on a grey image? How many such filters are there?",
        "`shares((64,))` gives two numbers for each layer: its share of the parameters, then of the work.",
    ],
    code="filters = 64 * (3 * 3 + 1)\nscores = 14 * 14 * 64 * 10 + 10\nanswer_6 = 100 * filters / (filters + scores)",
    why="Hardly anything. All the rest are weights of the fully connected layer: 14 × 14 places × 64 maps × 10 "
    "classes. The filters do most of the work and hold next to none of the memory.",
)

question_1 = Question(
    name="09.question_1",
    asks="A friend trains a network with 20 filters and one with 24, once each. The second gets 0.4 points more. "
    "What follows?",
    choices=[
        Choice(
            "24 filters are better, by a little.",
            "One run each: the same network with another seed often differs by more than 0.4 points.",
        ),
        Choice(
            "Nothing yet.", "The same network with another seed can differ by more. Ask for more seeds.", right=True
        ),
        Choice(
            "20 and 24 filters are equally good.",
            "That does not follow either: not to have seen a difference is not to have seen that there is none.",
        ),
        Choice(
            "24 are better if the training loss is lower as well.",
            "Loss and accuracy of one run share the same luck. That is no second witness; another seed would be.",
        ),
    ],
)
question_2 = Question(
    name="09.question_2",
    asks="Why are two networks compared seed by seed, and not just by their two means?",
    choices=[
        Choice(
            "Because the mean of the differences is another number than the difference of the means.",
            "It is the same number. What changes is how sure we can be of it.",
        ),
        Choice(
            "Because with pairs, one or two seeds are enough to decide.",
            "A single difference says nothing about how much differences vary. Pairs help, but need several seeds.",
        ),
        Choice(
            "So that both networks are judged by the same images.",
            "All runs are judged by the same validation images anyway, paired or not.",
        ),
        Choice(
            "So that luck which both share falls away.",
            "A seed with a lucky order of the images may help both. In the difference this cancels, and the interval "
            "gets narrower.",
            right=True,
        ),
    ],
)
question_3 = Question(
    name="09.question_3",
    asks="A sweep is stopped halfway, and what it has shows a fair picture all the same. In which order did it run?",
    choices=[
        Choice(
            "All seeds of the smallest network, then all of the next one, and so on",
            "Then nothing would be known of the large networks.",
        ),
        Choice(
            "The most promising configurations first",
            "Which are promising is what the sweep is to find out; it would only confirm a prejudice.",
        ),
        Choice(
            "Each configuration with the first seed, then each with the second",
            "So every configuration has been seen once before any is seen twice.",
            right=True,
        ),
    ],
)
question_4 = Question(
    name="09.question_4",
    asks="Of the 135 runs, the best single one reached 91.6 %. Which accuracy do you report for its configuration?",
    choices=[
        Choice("91.6 %: it was really reached.", "The best of 135 is best partly by luck, which will not come again."),
        Choice(
            "The mean of all 135 runs, because then luck is averaged away.",
            "Luck is averaged away. But 26 other configurations are mixed in, which have nothing to do with it.",
        ),
        Choice(
            "The mean of its five seeds on the validation images.",
            "Much better. But the configuration was chosen by these same images, so it still looks a little too good.",
        ),
        Choice(
            "What it reaches on the test images, trained as in the sweep.",
            "The test images took no part in the choice, so nothing in this number has been selected.",
            right=True,
        ),
    ],
)
question_5 = Question(
    name="09.question_5",
    asks="A phone has plenty of memory and a small battery. By which cost do you choose, and what comes out for the "
    "clothing of this notebook?",
    choices=[
        Choice(
            "By multiply-adds: one module, as wide as needed",
            "Each multiplication costs energy, and by that cost the networks with one module are on the front here.",
            right=True,
        ),
        Choice(
            "By parameters: two or three narrow modules",
            "Parameters take memory, and there is plenty of it. It is the battery that is small.",
        ),
        Choice(
            "By multiply-adds: three modules, since deep networks are cheaper",
            "They have fewer parameters. By multiplications, all with three modules lie below the stair.",
        ),
        Choice(
            "By seconds of training: whichever is done first",
            "The phone does not train; it only uses the network, again and again.",
        ),
    ],
)
progress = progress_of(__name__)
