"""Exercises of notebook 02: ReLU and pooling."""

from collections.abc import Callable

import numpy as np

from practicum.answers import Array, Letters, Number
from practicum.exercises import Choice, Exercise, Mistake, Question, progress_of

exercise_1 = Exercise(
    name="02.exercise_1",
    asks="The single filter that does the same as [[1, 2]] followed by [[1], [3]].",
    kind=Array((None, None), example="[[1, 0, 2]]"),
    answer=[[1, 2], [3, 6]],
    also=[np.array([[1, 2], [3, 6]]), ((1, 2), (3, 6.0))],
    mistakes=[
        Mistake(
            [[6, 3], [2, 1]], "the filter is turned by half a turn; the first weight belongs to the top left pixel"
        ),
        Mistake([[1, 3], [2, 6]], "rows and columns are swapped: [[1, 2]] lies in a row"),
        Mistake([[3, 6], [1, 2]], "upside down: the upper weight of the second filter takes the row above"),
        Mistake([[2, 1], [6, 3]], "left and right are swapped; no filter is flipped here"),
        Mistake([[2, 3], [4, 5]], "these are sums; a weight of the second filter multiplies those of the first"),
        Mistake([[1, 2], [1, 3]], "the two filters are stacked; but the second works on what the first has given"),
        Mistake([[1, 2, 1, 3]], "the two filters stand side by side; but the second works on what the first has given"),
        Mistake([[1, 5, 6]], "the second filter is taken for a row; it is a column and looks at two rows"),
        Mistake([[1, 2], [0, 3]], "the lower weight of the second filter takes all of the first, not a single pixel"),
        Mistake([[1, 0], [2, 3]], "the lower weight of the second filter takes all of the first one, in the row below"),
        Mistake([[4, 8]], "the second filter adds up two different rows, so both stay apart in the single filter"),
        Mistake([[1, 2], [3, 5]], "one of the weights is a sum: which weight is it multiplied with?"),
        Mistake([[1, 2]], "that is the first filter; the second one is missing"),
        Mistake([[1], [3]], "that is the second filter; the first one is missing"),
        Mistake([[7]], "a product of sums is left over; each weight of the single filter belongs to one pixel"),
        *(
            Mistake(
                np.pad([[1, 2], [3, 6]], ((above, 1 - above), (left, 1 - left))),
                "the weights are right, but the zeros around them make the tile larger than what both filters see",
            )
            for above in (0, 1)
            for left in (0, 1)
        ),
    ],
    otherwise="how many rows and columns of pixels does one value of the second step depend on? "
    "Then lay the first filter on each place of the second, as above",
    hints=[
        "One value of the second step takes two values of the first, one below the other. Which pixels do these take?",
        "Lay `[[1, 2]]` on row 0, times the upper weight of the second filter, and on row 1, times the lower one.",
    ],
    code="answer_1 = np.array([[1], [3]]) * np.array([[1, 2]])",
    why="The upper weight of the second filter takes the first filter once, the lower one takes it three times. So "
    "four weights have come from two and two. To check: `conv2d(conv2d(grey, [[1, 2]]), [[1], [3]])` equals "
    "`conv2d(grey, answer_1)`.",
)

exercise_2 = Exercise(
    name="02.exercise_2",
    asks="A map of 13×13, tiles of 4×4, stride 2, padding valid: rows of the output, and rows of the map left over.",
    kind=Array((2,), example="(6, 0)", whole=True),
    answer=(5, 1),
    also=[[5, 1], np.array([5, 1])],
    mistakes=[
        Mistake((5, 0), "the rows of the output are right. The last tile ends before the map does"),
        Mistake((5, 3), "the rows of the output are right. Which is the last row that the last tile covers?"),
        Mistake((5, 2), "the rows of the output are right. Which is the last row that the last tile covers?"),
        Mistake((4, 1), "the rows left over are right. Count places, not steps: the first place needs no step"),
        Mistake((4, 3), "one place is missing: the steps are counted, but the first place needs no step"),
        Mistake((4, 0), "one place is missing: the steps are counted, but the first place needs no step"),
        Mistake((6, 1), "the rows left over are right. Height divided by stride is right for tiles of 2×2 only"),
        Mistake((6, 0), "the sixth tile would hang over the border; with padding valid none may"),
        Mistake((7, 0), "that is padding same; with padding valid no tile may hang over the border"),
        Mistake((3, 1), "these tiles do not overlap; with stride 2 a tile begins on every second row"),
        Mistake((10, 0), "that is stride 1; with stride 2 a tile begins on every second row only"),
        Mistake((1, 5), "the two numbers are exchanged"),
    ],
    otherwise="on which rows can the upper edge of a tile lie, if its lower edge must not hang over the border?",
    hints=[
        "Write down the rows on which the upper edge of a tile can lie: 0, 2, … The tile covers four rows from there.",
        "How many such rows are there? And which row does the last tile end on: is it the last row of the map?",
    ],
    code="rows = (13 - 4) // 2 + 1\nleft_over = 13 - ((rows - 1) * 2 + 4)\nanswer_2 = (rows, left_over)",
    why="The upper edge can lie on rows 0, 2, 4, 6 and 8. The last tile covers rows 8 to 11. Row 12 is in no tile: "
    "nothing in it can have any influence.",
)

_PLACE = 3 * 3 * 8 * 16
exercise_3 = Exercise(
    name="02.exercise_3",
    asks="The multiply-adds of the second convolution, if the first module pools with tiles of 3×3.",
    kind=Number(example="56448", whole=True),
    answer=9 * 9 * _PLACE,
    also=[np.int64(9 * 9 * _PLACE), float(9 * 9 * _PLACE), [9 * 9 * _PLACE]],
    mistakes=[
        Mistake(10 * 10 * _PLACE, "with padding valid, the row and column that are left over are dropped"),
        Mistake(9 * 9 * 3 * 3 * 16, "each filter covers all maps of its input, and there are eight of them"),
        Mistake(9 * 9 * 3 * 3 * 8, "that is one of the filters; the second convolution has sixteen"),
        Mistake(9 * 9 * 3 * 3 * 8 * 8, "eight is the number of filters of the first module; the second has sixteen"),
        Mistake(9 * 9 * 3 * 3, "that is one filter on one map; how many filters are there, and how deep is each?"),
        Mistake(9 * 9 * (3 * 3 * 8 + 1) * 16, "a bias is added only; it is no multiplication"),
        Mistake(9 * 9 * _PLACE + 16, "the biases are added only; they are no multiplications"),
        Mistake(_PLACE, "that is the work at a single place; the filters go to many places"),
        Mistake(_PLACE + 16, "these are the numbers to learn; each of the weights is used at every place"),
        Mistake(14 * 14 * _PLACE, "that is for tiles of 2×2, as in the table; here the tiles are larger"),
        Mistake(28 * 28 * _PLACE, "that is without pooling"),
        Mistake(26 * 26 * _PLACE, "that is pooling with stride 1; here the tiles do not overlap"),
        Mistake(13 * 13 * _PLACE, "that is stride 2; here the tiles do not overlap"),
        Mistake(7 * 7 * _PLACE, "the filters keep height and width: padding same; they take off no rim"),
        Mistake(4 * 4 * _PLACE, "that is after the second pooling; the second convolution comes before it"),
        Mistake(14 * 14 * _PLACE * 4 // 9, "a tile of 3×3 holds nine numbers, but 28 is not a multiple of 3"),
    ],
    otherwise="places × weights of one filter (with its depth) × number of filters",
    hints=[
        "How often does a tile of 3×3 fit into 28 rows, one below the other?",
        "At each place, each of the 16 filters multiplies 3 × 3 numbers in each of the 8 maps.",
    ],
    code="side = 28 // 3\nanswer_3 = side * side * (3 * 3 * 8) * 16",
    why="Tiles of 3×3 fit nine times into 28 (one row and one column are left over), so there are 9×9 places. At each "
    "of them 16 filters multiply 3×3×8 numbers. That is less than half of what it is with tiles of 2×2.",
)

exercise_4 = Exercise(
    name="02.exercise_4",
    asks="Which of the five steps give the same before and after max pooling, on every map?",
    kind=Letters("abcde"),
    answer="abd",
    also=["B, A, D", ["a", "b", "d"], {"a", "b", "d"}],
    mistakes=[
        Mistake("abcd", "look at C with the tile 1, −9: after the change of sign, which number is the largest?"),
        Mistake("abde", "look at E with the tile 1, −9: which number is the largest before the step, which after?"),
        Mistake("abcde", "not all of them: try each with the tile 1, −9"),
        Mistake("bcd", "C changes which number is the largest; and is A really different? Try the tile 1, −9"),
        Mistake("bd", "try A with a tile of negative numbers, and with one of both signs: is there any difference?"),
        Mistake("ab", "D makes each number twice as large; does the largest stay the largest?"),
        Mistake("ad", "B makes each number larger by the same; does the largest stay the largest?"),
        Mistake("a", "there is more than one: which other steps leave the order of the numbers as it is?"),
        Mistake("b", "there is more than one: does doubling change which number is the largest?"),
        Mistake("d", "there is more than one: does adding the same to all change which number is the largest?"),
        Mistake("ade", "B leaves the largest the largest; does E, with the tile 1, −9?"),
        Mistake("ae", "E can make a small number the largest; B and D deserve another look"),
        Mistake("ce", "these are those that do change the result; the question is which do not"),
        Mistake("e", "E can make a small number the largest: try the tile 1, −9"),
        Mistake("c", "C turns the order around, so that the smallest becomes the largest"),
    ],
    otherwise="try each step with the tile 1, −9, before and after the largest number is taken",
    hints=[
        "Take the tile 1, −9. Do the step first and then take the largest; then the other way round.",
        "A step may change all numbers. What matters is whether it can put a smaller number before a larger one.",
    ],
    code='answer_4 = "abd"',
    why="Where a larger number never becomes the smaller one, the largest stays the largest, before or after. That "
    "holds for ReLU, adding and doubling. A change of sign puts the smallest first, and |x| may do so.",
)

_ONE_SIGN = {
    "positive": "there is no negative number in this tile, so ReLU changes nothing, first or last",
    "negative": "there is no positive number in this tile: ReLU makes 0 of it all, first or last",
}


def _judge_average(tile: np.ndarray) -> str | None:
    if not (tile < 0).any():
        return _ONE_SIGN["positive"]
    return None if (tile > 0).any() else _ONE_SIGN["negative"]


exercise_5 = Exercise(
    name="02.exercise_5",
    asks="A 2×2 tile for which ReLU before average pooling gives something else than ReLU after it.",
    kind=Array((2, 2), example="[[1, 2], [3, 4]]"),
    answer=[[-1, 1], [0, 0]],
    judge=_judge_average,
    also=[[[-9, 9], [9, 9]], np.array([[1.0, 1], [1, -1]]), ((-5, -5), (-5, 1))],
    mistakes=[
        Mistake([[1, 2], [3, 4]], _ONE_SIGN["positive"]),
        Mistake([[0, 0], [0, 0]], _ONE_SIGN["positive"]),
        Mistake([[-1, -2], [-3, -4]], _ONE_SIGN["negative"]),
        Mistake([[-1, 0], [0, 0]], _ONE_SIGN["negative"]),
    ],
    otherwise="",
    hints=[
        "What does a negative number do to the mean if ReLU comes later? And if ReLU came first?",
        "Try a tile in which one number is positive and one is negative. Compute the mean in both orders.",
    ],
    code="answer_5 = [[-1, 1], [0, 0]]",
    why="ReLU first: the mean of 0, 1, 0, 0 is a quarter. Mean first: 0. Any tile with both signs will do, because a "
    "negative number pulls the mean down unless ReLU has removed it before.",
)


def _unchanged(x: np.ndarray) -> np.ndarray:
    return x


_NETWORK = {
    "relu": "that is the network with ReLU; give `bend` another function",
    "share": "that is the share; the question is how many photos",
    "wrong": "that is how many it gets wrong; the question is how many it gets right",
    "fewer": "that is how many fewer; the question is how many it gets right",
    "abs": "this function turns negative numbers into positive ones; leaving out ReLU means that nothing is changed",
    "other": "call `count_right` with a function as `bend` that gives back what it gets",
}


def _judge_without_relu(given: float, count_right: Callable[..., int]) -> str | None:
    without = count_right(bend=_unchanged)  # the slow part: about half a second a call
    if np.isclose(given, without):
        return None
    with_relu = count_right()
    known = {"relu": with_relu, "share": without / 200, "wrong": 200 - without, "fewer": with_relu - without}
    for name, value in known.items():
        if np.isclose(given, value):
            return _NETWORK[name]
    return _NETWORK["abs" if np.isclose(given, count_right(bend=np.abs)) else "other"]


exercise_6 = Exercise(
    name="02.exercise_6",
    asks="For how many of the 200 photos is the NumPy network right without any ReLU?",
    kind=Number(example="150"),
    needs=("count_right",),
    answer=lambda count_right: count_right(bend=_unchanged),
    judge=_judge_without_relu,
    also=[lambda count_right: np.array(count_right(bend=lambda x: 1 * x))],
    mistakes=[
        Mistake(lambda count_right: count_right(), _NETWORK["relu"]),
        Mistake(lambda count_right: count_right(bend=_unchanged) / 200, _NETWORK["share"]),
        Mistake(lambda count_right: 200 - count_right(bend=_unchanged), _NETWORK["wrong"]),
        Mistake(lambda count_right: count_right() - count_right(bend=_unchanged), _NETWORK["fewer"]),
        Mistake(lambda count_right: count_right(bend=np.abs), _NETWORK["abs"]),
        Mistake(lambda count_right: 201, _NETWORK["other"]),
    ],
    otherwise="",
    hints=[
        "`numpy_network` puts `bend` where ReLU belongs, and `count_right` hands it on. What changes nothing?",
        "`lambda x: x` is a function that gives back what it gets. Pass it by name, with `bend=`.",
    ],
    code="answer_6 = count_right(bend=lambda x: x)",
    why="Fewer than with ReLU. The weights were learned with ReLU in place, and the layers after it have never seen "
    "negative numbers. This does not show that no network without ReLU could learn the task. It shows that this one "
    "relies on it.",
)

_SILENT = np.array([[1, -2, 1], [0, 3, 0], [-2, 0, 1]])
_MOST = int(_SILENT[_SILENT > 0].sum())  # what the sum of products can reach at most
_SILENT_MISTAKES = [
    Mistake(_MOST, "the sign: this bias makes the sum larger"),
    Mistake(-_MOST - 1, "silent it is, but so it would be with a larger bias: ReLU makes 0 of 0, too"),
    Mistake(-_MOST - 0.1, "silent it is, but so it would be with a slightly larger one: what does ReLU make of 0?"),
    Mistake(-100, "silent it is, but so it would be with a much larger bias"),
    Mistake(-_SILENT.sum(), "an input may be 0 where a weight is negative; then that weight does not count"),
    Mistake(_SILENT.sum(), "an input may be 0 where a weight is negative; and this sign makes sums larger"),
    Mistake(-_SILENT.max(), "all pixels with a positive weight can be light at once, not only one"),
    Mistake(-np.abs(_SILENT).sum(), "no input is negative, so a negative weight cannot add anything to the sum"),
    Mistake(_SILENT[_SILENT < 0].sum(), "the negative weights: the sum is largest where they do not count"),
    Mistake(-_MOST * 255, "the inputs go from 0 to 1, not to 255"),
    Mistake(0, "without a bias, a light pixel in the middle alone gives more than 0"),
    Mistake(-9, "the bias is added once, not once for each of the nine weights; and the weights differ"),
]


def _judge_silent(given: float) -> str | None:
    if np.isclose(given, -_MOST):
        return None
    known = (mistake.says for mistake in _SILENT_MISTAKES if np.isclose(given, mistake.answer))
    if given < -_MOST:
        return next(known, "silent it is, but so it would be with a larger bias: ReLU makes 0 of 0, too")
    return next(known, "which input makes the sum of products as large as possible? How large is it?")


exercise_7 = Exercise(
    name="02.exercise_7",
    asks="The largest bias with which the filter is silent on every input from 0 to 1.",
    kind=Number(example="2.5"),
    answer=-_MOST,
    judge=_judge_silent,
    also=[float(-_MOST), np.array([-_MOST]), [-_MOST]],
    mistakes=_SILENT_MISTAKES,
    otherwise="",
    hints=[
        "You choose the nine inputs, each from 0 to 1, to make the sum as large as possible. What do you choose?",
        "Put 1 under each positive weight and 0 under each negative one. The bias has to bring that sum down to 0.",
    ],
    code="weights = np.array([[1, -2, 1], [0, 3, 0], [-2, 0, 1]])\nanswer_7 = -weights[weights > 0].sum()",
    why="The sum is largest when the input is 1 where the weight is positive and 0 where it is negative: "
    "1 + 1 + 3 + 1. With a bias of minus that, the best input gives 0, and ReLU of 0 is 0.",
)

question_1 = Question(
    name="02.question_1",
    asks='A colleague leaves out ReLU and pooling "because they destroy information", and puts four convolutions in a '
    "row instead. What has she built?",
    choices=[
        Choice(
            "A network that finds more complicated patterns, because it is deeper",
            "Depth alone brings nothing: weighted sums of weighted sums are weighted sums.",
        ),
        Choice(
            "One convolution with a larger filter",
            "It is true that ReLU destroys information. What it gives in return is worth more.",
            right=True,
        ),
        Choice(
            "Four filters that work side by side, each on the photo",
            "They work one after the other: each gets what the one before has given.",
        ),
        Choice(
            "The same as before, only slower to train",
            "Before, there were bends between the convolutions. No choice of weights makes up for them.",
        ),
    ],
)
question_2 = Question(
    name="02.question_2",
    asks="A module has 16 filters of 3×3 on an input of depth 8, then ReLU, then pooling 2×2. How many numbers does "
    "it learn?",
    choices=[
        Choice("1,152", "The weights are right; each filter also has a bias."),
        Choice("1,172", "Four of these would be weights of the pooling tile. It has none: it takes a maximum."),
        Choice("1,184", "Sixteen of these would belong to ReLU. Its bend is always at 0; what is learned is the bias."),
        Choice("1,168", "16 × (3 × 3 × 8 + 1): the convolution is the only step that learns.", right=True),
    ],
)
question_3 = Question(
    name="02.question_3",
    asks="Max pooling with tiles of 2×2 and stride 1 on a map of 28×28: how much work does it save for the next layer?",
    choices=[
        Choice(
            "Three quarters, because one number of four is kept",
            "Each tile keeps one of its four numbers, but with stride 1 there are almost as many tiles as numbers.",
        ),
        Choice(
            "Half, because the stride is half of the tile",
            "Count the places: 28 − 2 + 1 in each direction.",
        ),
        Choice(
            "Next to nothing",
            "27×27 numbers are left. What makes the map smaller is the stride, not the size of the tile. A "
            "convolution with stride 2 saves as much as pooling does, but it keeps no maximum.",
            right=True,
        ),
    ],
)
question_4 = Question(
    name="02.question_4",
    asks="A network is to say where in an X-ray a fracture is, to the pixel. It pools three times, 2×2 each. Is that a "
    "problem?",
    choices=[
        Choice(
            "Yes: one value stands for 8×8 pixels in the end.",
            "Whether there is a fracture can still be said; where, only roughly. Networks for such tasks keep the "
            "early, fine maps too, and bring them in again at the end.",
            right=True,
        ),
        Choice(
            "Yes: one value stands for 6×6 pixels in the end.",
            "The poolings multiply: each doubles what the one before has done.",
        ),
        Choice(
            "No: the maximum is kept each time, and so is the place where it was found.",
            "The number is kept, but not where in its tile it was.",
        ),
        Choice(
            "No: the second and third pooling can only remove what the first one has left anyway.",
            "Each pooling makes the place four times as vague once more: it works on what is left.",
        ),
    ],
)
question_5 = Question(
    name="02.question_5",
    asks="In a feature map after ReLU, half of the numbers are 0. Is half of the work wasted?",
    choices=[
        Choice(
            "Yes: a filter with so many zeros is dead and should be taken out.",
            "So many zeros are no sign of that: a dead filter gives 0 at every place of every photo.",
        ),
        Choice(
            "Yes: without ReLU the numbers there would tell something.",
            "They would tell how little the pattern fits. Another filter can report the opposite pattern.",
        ),
        Choice(
            'No: "my pattern is not here" is an answer, too.',
            "The next layer can use it. Only a filter that gives 0 for every place of every photo is of no use.",
            right=True,
        ),
        Choice(
            "No: training goes on until all of them are positive.",
            "Training has no such aim. A filter that answers everywhere would tell nothing about places.",
        ),
    ],
)
progress = progress_of(__name__)
