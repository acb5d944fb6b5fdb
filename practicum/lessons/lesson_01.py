"""Exercises of notebook 01: images and convolution."""

import numpy as np

from practicum.answers import Array, Function, Letters, Number
from practicum.exercises import Choice, Exercise, Mistake, Question, progress_of
from practicum.reference import conv2d

EXAMPLE = np.array([[3, 5, 2, 8, 1], [9, 7, 5, 4, 3], [2, 0, 6, 1, 6], [6, 3, 7, 9, 2], [1, 4, 9, 5, 1]])
FILTER = Array((3, 3), example="[[0, 0, 0], [0, 1, 0], [0, 0, 0]]")


def only(row: int, column: int) -> list[list[int]]:
    """A 3×3 filter with a single 1 in it."""
    return [[int((row, column) == (i, j)) for j in range(3)] for i in range(3)]


exercise_1 = Exercise(
    name="01.exercise_1",
    asks="A 3×3 filter whose output is, at each place, the pixel one to the right of the tile's middle.",
    kind=FILTER,
    answer=only(1, 2),
    also=[np.array(only(1, 2)), np.array(only(1, 2), dtype="float32"), ((0, 0, 0), (0, 0, 1.0), (0, 0, 0))],
    view=lambda kernel: conv2d(EXAMPLE, kernel),
    mistakes=[
        Mistake(only(1, 0), "this one looks to the left; the filter is laid on the tile as it is, not flipped"),
        Mistake(only(2, 1), "rows and columns are mixed up: this one looks down; the first index is the row"),
        Mistake(only(0, 1), "rows and columns are mixed up: this one looks up; the first index is the row"),
        Mistake(only(1, 1), "this one copies the pixel in the middle"),
        Mistake([[0, 0, 1]] * 3, "this one adds up three pixels of the right column; only one of them is asked for"),
        Mistake([[0, 0, 0], [0, 1, 1], [0, 0, 0]], "the middle pixel is still added to the one beside it"),
    ],
    otherwise="only one of the nine pixels should count, and it should count once",
    hints=[
        "A filter says which pixels of the tile count, and how much. How many of the nine should count here?",
        "All weights but one are 0. Lay the filter on a tile in your mind: over which pixel does the 1 have to lie?",
    ],
    code="answer_1 = [[0, 0, 0], [0, 0, 1], [0, 0, 0]]",
    why="The 1 lies on the pixel to the right of the middle; all others are multiplied by 0.",
)

_FIVE = {
    "a": np.ones((3, 3)),
    "b": np.array([[1, 0, 0], [1, 1, 0], [0, 0, 1]]),
    "c": np.array([[1, 2, 1], [0, 0, 0], [-1, -2, -1]]),
    "d": np.eye(3),
    "e": np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
}
exercise_2 = Exercise(
    name="01.exercise_2",
    asks="Which of the five filters give the same with and without flipping, on every image?",
    kind=Letters("abcde"),
    answer="".join(letter for letter, grid in _FIVE.items() if np.array_equal(grid, grid[::-1, ::-1])),
    also=["E, D, A", ["a", "d", "e"], {"a", "d", "e"}],
    mistakes=[
        Mistake("acde", "C is the same if you swap left and right only; half a turn also swaps top and bottom"),
        Mistake("ace", "C is mirrored left to right, and D is left out: turn each by half a turn, do not mirror it"),
        Mistake("ae", "turn D, do not mirror it: where does its top left corner go?"),
        Mistake("abde", "turn B: where does its middle row, 1 1 0, go, and in which order?"),
        Mistake("bde", "A is nine equal numbers: can a turn change it? And turn B: where does its middle row go?"),
        Mistake("de", "A is nine equal numbers: can a turn change it?"),
        Mistake("ad", "look at E again: is any corner or side different from the one opposite?"),
        Mistake("ac", "C is mirrored left to right; half a turn also swaps top and bottom. And look at D and E again"),
        Mistake("bc", "these are those that do change; the question is which stay"),
        Mistake("abcde", "not all of them: turn B as if you turned the page upside down"),
    ],
    otherwise="turn each by half a turn, as if you turned the page upside down, and compare",
    hints=[
        "Flipping a filter is half a turn: the top left weight goes to the bottom right.",
        "Try it: `grid[::-1, ::-1]` turns an array by half a turn. Which of the five are equal to their turned form?",
    ],
    code='answer_2 = "ade"',
    why="A, D and E look the same upside down. B does not. C turned by half a turn is −C: each value changes sign.",
)

exercise_3 = Exercise(
    name="01.exercise_3",
    asks="The padding with which a 4×4 filter keeps the size, as Keras does it: ((top, bottom), (left, right)).",
    kind=Array((2, 2), example="((1, 1), (1, 1))", whole=True),
    answer=((1, 2), (1, 2)),
    also=[[[1, 2], [1, 2]], np.array([[1, 2], [1, 2]])],
    mistakes=[
        Mistake(((2, 1), (2, 1)), "the size is right, but the odd one of the zeros is on the wrong side"),
        Mistake(((0, 3), (0, 3)), "the size is right, but all padding is on one side; spread it over both"),
        Mistake(((3, 0), (3, 0)), "the size is right, but all padding is on one side; spread it over both"),
        Mistake(((1, 1), (1, 1)), "that is right for a 3×3 filter; a 4×4 one would make 4×4 of a 5×5 image"),
        Mistake(((2, 2), (2, 2)), "half of the filter on each side is one too many: the output becomes 6×6"),
        Mistake(((3, 3), (3, 3)), "three more are needed in all, not three on each side"),
        Mistake(((1, 2), (2, 1)), "rows and columns are padded differently; Keras treats them alike"),
        Mistake(((2, 1), (1, 2)), "rows and columns are padded differently; Keras treats them alike"),
    ],
    otherwise="count first: how many rows must be added in all, so that a 4×4 filter has as many places as before?",
    hints=[
        "A filter 4 wide takes off 3 columns. How many are to be added in all?",
        "That is an odd number, so one side gets one more. Where did the odd one go with the 2×2 filter?",
    ],
    code="answer_3 = ((1, 2), (1, 2))",
    why="A filter 4 wide needs 3 more columns: one at the left, and the odd one at the right. The same for the rows.",
)


def _right_size(width: int, size: int, stride: int) -> int:
    return (width - size) // stride + 1


exercise_4 = Exercise(
    name="01.exercise_4",
    asks="A function output_size(width, size, stride): the number of places without padding.",
    kind=Function(
        calls=[(w, k, s) for w in range(8, 20) for k in range(1, 6) for s in range(1, 5)],
        returns=Number(),
        signature="the function output_size(width, size, stride)",
    ),
    answer=_right_size,
    also=[lambda w, k, s: len(range(0, w - k + 1, s)), lambda w, k, s: np.floor((w - k) / s) + 1],
    mistakes=[
        Mistake(lambda w, k, s: (w - k) // s, "off by one: the very first place needs no step"),
        Mistake(lambda w, k, s: w - k + 1, "this is right for stride 1 only"),
        Mistake(
            lambda w, k, s: (w - k + 1) // s, "divide first, then add 1 for the first place; here the 1 is divided, too"
        ),
        Mistake(lambda w, k, s: (w - k) / s + 1, "where the steps do not come out even, this gives a part of a place"),
        Mistake(lambda w, k, s: -((k - w) // s) + 1, "what is left over at the end does not make another place"),
        Mistake(lambda w, k, s: -(-w // s), "that is the size with padding 'same'; here there is none"),
        Mistake(lambda w, k, s: w // s, "the filter's size plays a part, too: its left column cannot go to the end"),
    ],
    otherwise="try it on the table above: image 5 to 12 wide, filter 3, strides 1, 2 and 3",
    hints=[
        "Where is the left column of the filter at the last place with stride 1?",
        "How many whole steps of length `stride` fit into that? And the very first place needs no step.",
    ],
    code="def output_size(width, size, stride):\n    return (width - size) // stride + 1",
    why="`width - size` is where the filter begins at the last place with stride 1. `//` divides and rounds down: what "
    "is left over does not make another place. With padding `same` it is the width divided by the stride, rounded up.",
)

_TILE = np.stack([[[1, 2, 0], [0, 3, 1], [4, 0, 2]], [[5, 0, 1], [2, 2, 0], [0, 1, 3]]], axis=2)
_DEEP = np.stack([np.diag([1, 2, 1]), [[0, 0, 2], [0, 1, 0], [-1, 0, 0]]], axis=2)
_FIRST, _SECOND = (_TILE * _DEEP).sum(axis=(0, 1)).tolist()
exercise_5 = Exercise(
    name="01.exercise_5",
    asks="The value of a filter with two slices and bias 10 on a tile of two channels.",
    kind=Number(),
    answer=_FIRST + _SECOND + 10,
    also=[np.array(_FIRST + _SECOND + 10), [_FIRST + _SECOND + 10], np.float32(_FIRST + _SECOND + 10)],
    mistakes=[
        Mistake(_FIRST + _SECOND, "the bias is missing"),
        Mistake(_FIRST + _SECOND + 20, "the bias is added once, not once for each channel"),
        Mistake(_FIRST, "that is channel 0 only; the channels are added up to one number"),
        Mistake(_SECOND, "that is channel 1 only; the channels are added up to one number"),
        Mistake(_FIRST + 10, "that is channel 0 only, with the bias; the channels are added up to one number"),
        Mistake(_SECOND + 10, "that is channel 1 only, with the bias; the channels are added up to one number"),
        Mistake(_FIRST * _SECOND + 10, "the sums of the channels are added, not multiplied"),
        Mistake((_TILE * _DEEP[::-1, ::-1]).sum() + 10, "the filter is laid on the tile as it is, not flipped"),
    ],
    otherwise="multiply number by number in both channels, add everything up, then the bias once",
    hints=[
        "Most weights are 0. Write down the products of the three others in each slice, channel by channel.",
        "One number comes out, however many channels go in: add up both channels, then the bias.",
    ],
    code="answer_5 = (1*1 + 3*2 + 2*1) + (1*2 + 2*1 + 0*-1) + 10",
    why="Channel 0 gives 1×1 + 3×2 + 2×1, channel 1 gives 1×2 + 2×1 + 0×(−1). All products of all channels are added "
    "up to one number, and the bias is added once.",
)

_FLAT, _EDGE, _LINE = np.full((3, 3), 50), np.array([[0, 0, 90]] * 3), np.diag([0, 90, 0]) @ np.ones((3, 3))
_WHISKERS = [[-1, -1, -1], [2, 2, 2], [-1, -1, -1]]
_SAYS = {
    "flat": "it answers on a flat area: its weights do not add up to 0",
    "swapped": "it finds vertical lines: rows and columns are swapped",
    "edge": "it answers on a vertical edge: each column of its weights should add up to the same number, 0",
    "sign": "the sign is the wrong way round: this one likes dark lines",
    "line": "a bright line in the middle row gives nothing; which weights lie on it?",
}


def _judge_whiskers(kernel: np.ndarray) -> str | None:
    def on(pixels: np.ndarray) -> float:
        return float(conv2d(pixels, kernel).item())

    least = 1e-6 * max(float(np.abs(kernel).max()), 1e-12) * 90  # what rounding can leave
    if abs(on(_FLAT)) > least:
        return _SAYS["flat"]
    if abs(on(_LINE.T)) > least and abs(on(_LINE)) <= least:
        return _SAYS["swapped"]
    if max(abs(on(_EDGE)), abs(on(_EDGE[:, ::-1]))) > least:
        return _SAYS["edge"]
    if on(_LINE) < -least:
        return _SAYS["sign"]
    return None if on(_LINE) > least else _SAYS["line"]


exercise_6 = Exercise(
    name="01.exercise_6",
    asks="A 3×3 filter for thin, bright, horizontal lines: 0 on flat areas and on vertical edges.",
    kind=FILTER,
    answer=_WHISKERS,
    judge=_judge_whiskers,
    also=[[[-1, -2, -1], [2, 4, 2], [-1, -2, -1]], np.array(_WHISKERS) / 7, [[0, -1, 0], [0, 2, 0], [0, -1, 0]]],
    mistakes=[
        Mistake([[0, 0, 0], [1, 1, 1], [0, 0, 0]], _SAYS["flat"]),
        Mistake(np.array(_WHISKERS).T, _SAYS["swapped"]),
        Mistake([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]], _SAYS["edge"]),
        Mistake(-np.array(_WHISKERS), _SAYS["sign"]),
        Mistake([[-1, -1, -1], [0, 0, 0], [1, 1, 1]], _SAYS["line"]),
    ],
    otherwise="",
    hints=[
        "On a flat area all nine pixels are alike, so the weights have to add up to 0.",
        "What lies on the line should count for it; what lies above and below it, against it. Treat columns alike.",
    ],
    code="answer_6 = [[-1, -1, -1], [2, 2, 2], [-1, -1, -1]]",
    why="The row on the line counts twice, the rows above and below it count against. Many other filters do as well. "
    "The map of this one shows the whiskers clearly, and a lot of fur: hairs are thin lines, too.",
)

question_1 = Question(
    name="01.question_1",
    asks="A 7×7 filter slides over a 32×32 image without padding, with stride 2. How large is the output?",
    choices=[
        Choice("16×16", "That is half of 32, as with padding. Without it, the filter cannot go to the rim."),
        Choice("26×26", "That is the number of places with stride 1."),
        Choice("13×13", "The first place is at 0 and the last at 24, in steps of 2.", right=True),
        Choice("12×12", "The steps are counted, not the places: the first place needs no step."),
    ],
)
question_2 = Question(
    name="01.question_2",
    asks="A layer has 16 filters of 5×5. Its input is a colour photo. How many numbers does it learn, with biases?",
    choices=[
        Choice("400", "16 × 5 × 5: a filter is as deep as its input, and a colour photo has three channels."),
        Choice("1,216", "Each filter has 5 × 5 × 3 weights and one bias.", right=True),
        Choice("1,248", "That is one bias for each channel of each filter; a filter has one bias in all."),
        Choice("1,200", "The weights are right, and the biases are missing."),
    ],
)
question_3 = Question(
    name="01.question_3",
    asks="The cat moves ten pixels to the right. What happens to a feature map of her photo?",
    choices=[
        Choice(
            "Its values move ten places to the right, too, except near the rim.",
            "The same filter is used at every place. So a CNN needs far fewer weights than a network with weights of "
            "its own for every pixel.",
            right=True,
        ),
        Choice(
            "It stays as it is, because the filter still finds the cat wherever she may be in the photo.",
            "It finds her, and the map says where: that has changed.",
        ),
        Choice(
            "It changes in ways that cannot be foreseen, and the filter has to be learned again.",
            "The filter has no place of its own: it goes everywhere, and answers the same to the same tile.",
        ),
    ],
)
question_4 = Question(
    name="01.question_4",
    asks='A friend says: "The feature map of a colour photo has three channels too, one for each colour." Is that so?',
    choices=[
        Choice(
            "Yes: each slice of the filter makes a map.",
            "The sums of the slices are added up; no map is left for each.",
        ),
        Choice("Only if the filter has three slices.", "It always has as many slices as its input has channels."),
        Choice(
            "No: each filter gives one map, however deep its input is.",
            "Depth comes from the number of filters.",
            right=True,
        ),
    ],
)
question_5 = Question(
    name="01.question_5",
    asks="At one place the filter for vertical edges gives 0. Is the image flat there?",
    choices=[
        Choice(
            "Yes: 0 means that nothing changes.", "Try a horizontal edge: left and right are alike, and the sum is 0."
        ),
        Choice(
            "Not necessarily.",
            "It may be flat, or hold a horizontal edge. One filter answers one question; that is why layers have many.",
            right=True,
        ),
        Choice(
            "No: on a flat area the answer would be the brightness.", "Its weights add up to 0, so flat areas give 0."
        ),
    ],
)
progress = progress_of(__name__)
