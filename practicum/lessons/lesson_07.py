"""Exercises of notebook 07: why did it say that?"""

from typing import Any

import numpy as np

from practicum.answers import Letters, Number
from practicum.exercises import Choice, Exercise, Mistake, Question, progress_of


def _parts(last: Any, weights: Any) -> np.ndarray:
    """What each map adds to the score."""
    parts: np.ndarray = np.asarray(last).mean(axis=(0, 1)) * weights
    return parts


exercise_1 = Exercise(
    name="07.exercise_1",
    asks="The number of the map that adds most to the score of the class cat.",
    kind=Number(whole=True, example="17"),
    needs=("last", "weights"),
    answer=lambda last, weights: np.argmax(_parts(last, weights)),
    also=[
        lambda last, weights: float(np.argmax(_parts(last, weights))),
        lambda last, weights: [np.argmax((last * weights).sum(axis=(0, 1)))],
    ],
    mistakes=[
        Mistake(
            lambda last, weights: np.argmax(weights),
            "that map has the largest weight; but where a map is dark, a large weight adds little",
        ),
        Mistake(
            lambda last, weights: np.argmax(last.mean(axis=(0, 1))),
            "that map is brightest on average; but it may speak for another class: its weight counts, too",
        ),
        Mistake(
            lambda last, weights: np.argmax((last * weights).max(axis=(0, 1))),
            "that map adds most at a single place; the score takes the mean over all places",
        ),
        Mistake(
            lambda last, weights: np.argmax(last.max(axis=(0, 1))),
            "that map has the highest single value; the score takes the mean of a map, times its weight",
        ),
        Mistake(
            lambda last, weights: np.argmin(_parts(last, weights)),
            "that map takes away most: its weight is below zero, it speaks against the class",
        ),
        Mistake(
            lambda last, weights: np.argmax(np.abs(weights)),
            "that weight is far from zero, but for or against? and how bright is its map?",
        ),
    ],
    otherwise="for each map, its mean over rows and columns times its weight; where is that largest?",
    hints=[
        "`last` has the axes row, column, map. `last.mean(axis=(0, 1))` gives one number for each map.",
        "Multiply these by `weights`, one by one. `np.argmax` gives the number of the largest.",
    ],
    code="answer_1 = int(np.argmax(last.mean(axis=(0, 1)) * weights))",
    why="Two things must come together: the map is bright in this image, and the class cat puts weight on it. "
    "Grad-CAM uses the same products, but does not take the mean over the places: so it can say where.",
)

exercise_2 = Exercise(
    name="07.exercise_2",
    asks="Images of 96×96, six modules: how many poolings of 2×2, if a value may lie over 6 pixels at most?",
    kind=Number(whole=True, example="5"),
    answer=2,
    also=[2.0, np.int64(2), [2]],
    mistakes=[
        Mistake(3, "a value then lies over a square that is 8 pixels wide; how wide may it be?"),
        Mistake(1, "that is fine enough, but more is allowed: how wide is the square after one more pooling?"),
        Mistake(0, "a value then lies over a single pixel; that is finer than it has to be"),
        Mistake(4, "the map is then 6 values wide; but it is the square under a value that may be 6 pixels wide"),
        Mistake(6, "with a pooling in each module, a value lies over 64 pixels; each of them doubles the side"),
        Mistake(5, "a value then lies over 32 pixels; each pooling doubles the side of the square"),
        Mistake(16, "so many values fit side by side if each lies over 6 pixels; with how many poolings?"),
    ],
    otherwise="without pooling a value lies over one pixel; how wide is the square after one pooling, after the next?",
    hints=[
        "In the network above, three poolings made 4 of 32. How wide was the square under a value, and why?",
        "Write down the side of the square for no pooling, one pooling, and so on: it doubles. Where does it pass 6?",
    ],
    code="answer_2 = 2",
    why="The side of the square is 1, 2, 4, 8 pixels after no, one, two, three poolings. Two give maps of 24×24. It is "
    "a compromise: fewer poolings make a finer map, but also more work, and smaller receptive fields.",
)

exercise_3 = Exercise(
    name="07.exercise_3",
    asks="The largest share of the test pictures in which one and the same pixel lies on the shape.",
    kind=Number(example="0.5"),
    needs=("truth",),
    tolerance=0.005,
    answer=lambda truth: truth.masks.mean(axis=0).max(),
    also=[
        lambda truth: float(truth.masks.sum(axis=0).max() / len(truth.masks)),
        lambda truth: [round(float(truth.masks.mean(axis=0).max()), 3)],
    ],
    mistakes=[
        Mistake(
            lambda truth: truth.masks.mean(),
            "that is a point drawn by chance: the mean over all pixels; which one pixel is best?",
        ),
        Mistake(
            lambda truth: truth.masks[:, 24, 24].mean(),
            "that is a pixel in the middle; another one may lie on more shapes",
        ),
        Mistake(
            lambda truth: truth.masks.sum(axis=0).max(),
            "that is the number of pictures; give it as a share of all",
        ),
        Mistake(
            lambda truth: truth.masks.mean(axis=(1, 2)).max(),
            "that is the largest shape: its share of its picture; take the mean over the pictures, not the pixels",
        ),
        Mistake(
            lambda truth: truth.masks.mean(axis=0).argmax(),
            "that is which pixel it is; in what share of the pictures does it lie on the shape?",
        ),
        Mistake(
            lambda truth: 100 * truth.masks.mean(axis=0).max(),
            "that is a percentage; give a share, from 0 to 1",
        ),
        Mistake(
            lambda truth: 1,
            "some pixel lies on the shape in each picture, but it is not always the same one",
        ),
    ],
    otherwise="for each pixel, the share of the pictures in which it lies on the shape; then the largest of these",
    hints=[
        "For one pixel, `truth.masks[:, row, column].mean()` is the share of the pictures in which it hits.",
        "`truth.masks.mean(axis=0)` is that for all pixels at once. You need its largest value.",
    ],
    code="answer_3 = truth.masks.mean(axis=0).max()",
    why="The best pixel was chosen after looking at the answers, so the number flatters it. All the same it is a bar: "
    "a method that does not clear it has not shown that it looks at the picture.",
)

exercise_4 = Exercise(
    name="07.exercise_4",
    asks="Which of the four methods pass the check?",
    kind=Letters("abcd"),
    answer="bcd",
    also=["D, C, B", ["b", "c", "d"], {"b", "c", "d"}],
    mistakes=[
        Mistake("a", "that is the one that fails: its maps stay, though nothing is left of what was learned"),
        Mistake("abcd", "one method gives nearly the same maps for a network that knows nothing"),
        Mistake("bc", "one more passes: a number in the second line is high only beside its third line"),
        Mistake("cd", "one more passes: the check looks at what remains when *all* layers are drawn anew"),
        Mistake("c", "C does; but B is judged by its second line, and D by comparing its last two lines"),
        Mistake("b", "B does; which others lose what they had, when all layers are drawn anew?"),
        Mistake("d", "D does; which others lose what they had, when all layers are drawn anew?"),
        Mistake("ab", "these two stay alike when the last layer is drawn anew; the question is about all layers"),
        Mistake("ad", "these have high numbers in the second line; a high number there needs the third line beside it"),
        Mistake("acd", "B passes in the second line; and what does A do there?"),
        Mistake("abc", "A keeps its maps to the end; and D is to be compared with its own third line"),
        Mistake("bd", "one more passes: whose maps are still alike when *all* layers are drawn anew?"),
    ],
    otherwise="compare, for each method, the second line with the third",
    hints=[
        "What would a method give that passes perfectly: which two lines of its column would be alike?",
        "Look at D. Its maps of *any* two images are rather alike. What follows for the line above?",
    ],
    code='answer_4 = "bcd"',
    why="A fails: its maps stay. B, C and D come down to what different images have in common, which is much for D. "
    "But D starts there as well: with the last layer gone it is as different as it can be. And B hardly changes with "
    "the last layer, like saliency: it passes, and still says little about the class.",
)

exercise_5 = Exercise(
    name="07.exercise_5",
    asks="Which of the five would make the network look at the shape?",
    kind=Letters("abcde"),
    answer="ce",
    also=["E, C", ["c", "e"], {"c", "e"}],
    mistakes=[
        Mistake("c", "that helps; one of the others also takes from the mark what it tells"),
        Mistake("e", "that helps; one of the others also takes from the mark what it tells"),
        Mistake("a", "training longer: the mark stays the easiest thing to learn from"),
        Mistake("b", "more pictures from the same shops come with the same marks"),
        Mistake("d", "a wider network can read the mark just as well"),
        Mistake("bc", "one of these two helps; more pictures from the same shops come with the same marks"),
        Mistake("be", "one of these two helps; more pictures from the same shops come with the same marks"),
        Mistake("ac", "one of these two helps; with longer training, the mark stays the easiest thing to learn from"),
        Mistake("cd", "one of these two helps; a wider network can read the mark just as well"),
        Mistake("bce", "two of these help; more pictures from the same shops come with the same marks"),
        Mistake("ace", "two of these help; with longer training, the mark stays the easiest thing to learn from"),
        Mistake("cde", "two of these help; a wider network can read the mark just as well"),
        Mistake("abd", "more of the same: each of these keeps the mark that gives the class away"),
        Mistake("abcde", "some of these keep the mark that gives the class away"),
    ],
    otherwise="ask of each: does the mark still tell the class, in the pictures that the network learns from?",
    hints=[
        "Why should the network look at the shape, as long as the mark is always right, and easier to read?",
        "Three of the five leave the training pictures as they are, or bring more of the same kind.",
    ],
    code='answer_5 = "ce"',
    why="Take away what gives the answer away, or see to it that it says nothing. The others were measured, too (three "
    "networks each, see docs/measurements.md): with the mark of another class, they are right in 8 to 21 % of the "
    "pictures.",
)

question_1 = Question(
    name="07.question_1",
    asks="A company shows heat maps on ten photos, all with the glow on the product. What do you ask for first?",
    choices=[
        Choice(
            "The accuracy of the network.",
            "It says how often the answer is right. Whether the maps show why, it does not say.",
        ),
        Choice(
            "Ten more photos with the glow on the product.",
            "They can choose those as well. And if photographers aim, any map that points to the middle looks good.",
        ),
        Choice(
            "A count on many photos, beside a baseline.",
            "How often does it point at the product, and how often does the middle? Then draw the weights anew, and "
            "see whether the maps change.",
            right=True,
        ),
        Choice(
            "The same maps with a finer grid, so that one sees which part of the product it was.",
            "A finer picture is not a truer one: the edges were the finest of all.",
        ),
    ],
)
question_2 = Question(
    name="07.question_2",
    asks="A method gives the same map for the class cat and for the class dog. What follows?",
    choices=[
        Choice(
            "The network cannot tell cats from dogs.",
            "Ask the network for that, not the map: its scores can differ while the map is the same.",
        ),
        Choice(
            "It does not say why cat and not dog.",
            "It may still be right about where something is that matters for both.",
            right=True,
        ),
        Choice(
            "The method does not depend on what the network has learned, so it is worth nothing.",
            "That is another test: draw the weights anew. A map can depend on them and yet not on the class.",
        ),
        Choice(
            "Cat and dog are at the same place in the photo.",
            "There may be no dog at all. A map can be made for any class, whatever the photo shows.",
        ),
    ],
)
question_3 = Question(
    name="07.question_3",
    asks="In photos of skin from a hospital, the heat lies on a ruler at the rim. Accuracy on the test photos is 95 %. "
    "What do you do?",
    choices=[
        Choice(
            "Trust it: the test photos were never seen in training.",
            "They come from the same hospital, with the same rulers. A shortcut works in both.",
        ),
        Choice(
            "Reject it: the heat map proves that it reads the ruler.",
            "A map gives a suspicion. Whether the answer hangs on the ruler, a change of the ruler shows.",
        ),
        Choice(
            "Cut the ruler out of the heat map, so that the skin becomes visible in it.",
            "That mends the picture, not the network.",
        ),
        Choice(
            "Paint rulers over, add some to harmless photos, and measure again.",
            "Doctors lay a ruler beside what worries them, so it can give the answer away. An experiment decides.",
            right=True,
        ),
    ],
)
question_4 = Question(
    name="07.question_4",
    asks="The heat map for photo 1 glows more strongly than that for photo 2. Is the network surer of photo 1?",
    choices=[
        Choice(
            "The maps do not say.",
            "Each map is divided by its own highest value. Look at the probabilities, not at the colours.",
            right=True,
        ),
        Choice(
            "Yes: more heat means a higher score.",
            "Each map is divided by its own highest value; the unsure answer about the cup had a fine map, too.",
        ),
        Choice(
            "Yes, but only with Grad-CAM, because it weighs the maps by what they add to the score.",
            "It does, and then it divides by the highest value, like the others. What was high or low is gone.",
        ),
        Choice(
            "No: the more pixels glow, the less sure it is.",
            "How large the glow is depends on the thing, the grid and the method, not on how sure the network is.",
        ),
    ],
)
question_5 = Question(
    name="07.question_5",
    asks="A photo shows two cats. You cover one of them, and the score for cat hardly falls. What follows?",
    choices=[
        Choice(
            "The covered cat plays no part in the answer.",
            "Cover the other one instead, and the score may stay as well. Then neither would play a part.",
        ),
        Choice(
            "The network looks at the ground behind the cats, as a shortcut.",
            "It may, but this does not show it: the other cat is still in view.",
        ),
        Choice(
            "Little: one cat may be enough for it. Cover both.",
            "What stands in two places is not missed when one of them is covered.",
            right=True,
        ),
        Choice(
            "Occlusion does not work here, so saliency has to be asked in its place.",
            "It has answered the question that was asked, about one square. Ask another one: cover more.",
        ),
    ],
)
progress = progress_of(__name__)
