"""Exercises of notebook 00: start here."""

import numpy as np

from practicum.answers import Number
from practicum.exercises import Choice, Exercise, Mistake, Question, progress_of

exercise_1 = Exercise(
    name="00.exercise_1",
    asks="How many numbers is a colour picture of 32×32 pixels made of?",
    kind=Number(example="500"),
    answer=32 * 32 * 3,
    also=[np.zeros((32, 32, 3)).size, np.float32(32 * 32 * 3), [32 * 32 * 3]],
    mistakes=[
        Mistake(32 * 32, "you counted the pixels; each pixel of a colour picture has more than one number"),
        Mistake(32 + 32 + 3, "rows and columns form a grid: their numbers are multiplied, not added"),
        Mistake(32 * 3, "that is a single row of pixels; the picture has more rows than one"),
        Mistake(32 * 32 * 256, "256 is how many values a number can have; the question is how many numbers there are"),
        Mistake(32 * 32 * 255, "255 is the largest value of a number; the question is how many numbers there are"),
        Mistake(32 * 32 * 4, "the picture and its three channels are shown side by side; there are only the channels"),
    ],
    otherwise="the shape that is printed above holds all that you need",
    hints=[
        "How many pixels has one row? How many rows are there? How many numbers has each pixel?",
        "Multiply the three numbers of the shape.",
    ],
    code="answer_1 = 32 * 32 * 3",
    why="32 rows of 32 pixels are 1,024 pixels, and each has three numbers: red, green, blue. So does `horse.size`.",
)

_WEIGHTS = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 1]])
_TILE = np.array([[3, 5, 2], [9, 7, 5], [2, 0, 6]])
_COLUMN = np.array([[8], [4], [1]])
_NEXT = np.hstack([_TILE[:, 1:], _COLUMN])
_NEXT_VALUE = int((_NEXT * _WEIGHTS).sum())


def _sum(tile: np.ndarray, weights: np.ndarray = _WEIGHTS) -> int:
    return int((tile * weights).sum())


exercise_2 = Exercise(
    name="00.exercise_2",
    asks="The window moves one pixel to the right; the new column is 8, 4, 1. What does the filter give there?",
    kind=Number(example="25"),
    answer=_NEXT_VALUE,
    also=[np.array(_NEXT_VALUE), [_NEXT_VALUE], float(_NEXT_VALUE)],
    mistakes=[
        Mistake(_sum(_TILE), "that is the value of the first tile; the numbers under the filter have changed"),
        Mistake(
            _sum(np.hstack([_TILE[:, :2], _COLUMN])),
            "only the last column of the tile has changed; when the window moves, all three columns do",
        ),
        Mistake(
            _sum(np.hstack([_COLUMN, _TILE[:, :2]])),
            "the new column stands at the left; the window moves to the right, so it comes in at the right",
        ),
        Mistake(_sum(_NEXT, _WEIGHTS[::-1, ::-1]), "the filter is turned by half a turn; leave it as it is printed"),
        Mistake(_sum(_NEXT, _WEIGHTS.T), "rows and columns of the filter are swapped"),
        Mistake(
            _sum(np.vstack([_TILE[1:], _COLUMN.T])),
            "the new column has become the bottom row; the window moves to the right, so it comes in at the right",
        ),
        Mistake(_NEXT.sum(), "only the numbers under a 1 of the filter count; those under a 0 do not"),
        Mistake(5 * 7 * 5 * 1, "the products are added up, not multiplied with each other"),
    ],
    otherwise="write down the new tile first, then multiply number by number, then add up the nine products",
    hints=[
        "Write down the tile: the old one without its left column, and 8, 4, 1 as its right column.",
        "The filter has four 1s. Which four numbers of the new tile lie under them?",
    ],
    code="tile = np.array([[5, 2, 8], [7, 5, 4], [0, 6, 1]])\n"
    "weights = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 1]])\n"
    "answer_2 = (tile * weights).sum()",
    why="The new tile is 5 2 8, then 7 5 4, then 0 6 1. Under the four 1s of the filter lie 5, 7, 5 and 1.",
)

exercise_3 = Exercise(
    name="00.exercise_3",
    asks="A photo of 96×96 goes through modules of 16, 32 and 64 filters. How many numbers come out of the third?",
    kind=Number(example="500"),
    answer=12 * 12 * 64,
    also=[np.zeros((12, 12, 64)).size, 12.0 * 12 * 64, [12 * 12 * 64]],
    mistakes=[
        Mistake(96 * 96 * 64, "there is no pooling in this: each module halves height and width"),
        Mistake(48 * 48 * 64, "height and width are halved once; each of the three modules does it"),
        Mistake(24 * 24 * 64, "height and width are halved twice; there are three modules"),
        Mistake(6 * 6 * 64, "height and width are halved once too often; there are three modules"),
        Mistake(32 * 32 * 64, "three modules do not divide by three: each of them halves what it gets"),
        Mistake(16 * 16 * 64, "three halvings do not divide by six: the second halves what the first has left"),
        Mistake(4 * 4 * 64, "that is right for a picture of 32×32; this photo is larger"),
        Mistake(3 * 4 * 4 * 64, "three times as wide and three times as high is more than three times as many numbers"),
        Mistake(12 * 12, "that is a single feature map; the third module gives one for each of its filters"),
        Mistake(12 * 12 * 3, "the three colours are gone after the first module; count the feature maps"),
        Mistake(12 * 12 * (16 + 32 + 64), "only the third module's maps come out of it; the others went into it"),
        Mistake(12 * 12 * 64 * 3, "each filter looks at all channels together and gives a single map, not three"),
        Mistake(12, "that is the height; the question is how many numbers there are in all maps together"),
    ],
    otherwise="first height and width after each of the three modules, then the number of maps, then multiply",
    hints=[
        "Draw the line of arrows above for a picture of 96×96: what stands in place of 16×16×16?",
        "Halve 96 three times. That is the height and the width. How many maps does the third module give?",
    ],
    code="side = 96 // 2 // 2 // 2\nanswer_3 = side * side * 64",
    why="96, 48, 24, 12: each module halves height and width. The third has 64 filters, so 64 maps of 12×12 come out. "
    "That is nine times as many as for a picture of 32×32, and the fully connected layer gets all of them.",
)

question_1 = Question(
    name="00.question_1",
    asks='A friend has trained for 100 epochs: "It is right for 99 % of the training pictures." '
    "What do you ask for before you use this network?",
    choices=[
        Choice(
            "How low the loss on the training pictures is",
            "That, too, is measured on pictures that it has learned from. It may know them by heart.",
        ),
        Choice(
            "What it reaches after 100 more epochs",
            "There is hardly anything left to learn from these pictures. It says nothing about others.",
        ),
        Choice(
            "How many test pictures it gets right",
            "It has not learned from them. A network can know its training pictures by heart and be poor on new ones. "
            "This is called overfitting, and notebook 08 is about it.",
            right=True,
        ),
        Choice(
            "How many parameters it has, since only a large network can be trusted",
            "The more parameters, the more can be learned by heart. Their number does not say what was learned.",
        ),
    ],
)
question_2 = Question(
    name="00.question_2",
    asks="Another network is right for 25 % of our test pictures. Has it learned much?",
    choices=[
        Choice(
            "Yes: there are eight classes, so blind guessing is right for one picture in eight.",
            "Blind guessing is not the best of the lazy answers: always naming the most common class needs no network.",
        ),
        Choice(
            'Hardly: always saying "people" is right for almost as many.',
            "That lazy answer is what a network has to beat, and here it is right for 24 % of the test pictures.",
            right=True,
        ),
        Choice(
            "No: anything below 50 % is worse than tossing a coin.",
            "A coin has two sides and decides between two classes. Here there are eight.",
        ),
    ],
)
progress = progress_of(__name__)
