"""Exercises of notebook 10: transfer learning."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from practicum.answers import Letters, Number
from practicum.exercises import Choice, Exercise, Mistake, Question, progress_of

FEATURES, CLASSES = 256, 8
Means = Mapping[Any, float]  # (data, method, layer, images of each class): mean accuracy

exercise_1 = Exercise(
    name="10.exercise_1",
    asks="How many numbers does training adjust when a new head of 8 classes is put on 256 features?",
    kind=Number(example="500", whole=True),
    answer=FEATURES * CLASSES + CLASSES,
    also=[np.int64(FEATURES * CLASSES + CLASSES), float((FEATURES + 1) * CLASSES), [(FEATURES + 1) * CLASSES]],
    mistakes=[
        Mistake(FEATURES * CLASSES, "those are the weights; each class has one more number, which is added at the end"),
        Mistake(FEATURES * CLASSES + 1, "there is not one bias for the whole layer, but one for each class"),
        Mistake(FEATURES * CLASSES + FEATURES, "a bias belongs to a score, not to a feature"),
        Mistake(FEATURES + CLASSES, "each of the scores looks at all features: the numbers are multiplied, not added"),
        Mistake((FEATURES + 1) * 10, "that is the old head, with ten classes"),
        Mistake(1_131_400, "that is the whole network with its new head; its modules took no part in this training"),
        Mistake(1_131_914, "that is the whole pretrained network; its modules took no part in this training"),
        Mistake(
            2530 * FEATURES, "those are features of images: they go into the training, they are not adjusted by it"
        ),
        Mistake(CLASSES, "that is how many scores come out; count the weights that lead to them"),
        Mistake(FEATURES, "that is how many features go in; each class weighs all of them in its own way"),
    ],
    otherwise="a fully connected layer has a weight for each pair of feature and class, and something for each class",
    hints=[
        "Only the new head learns. What does a fully connected layer consist of (notebook 04)?",
        "One class: a weight for each of its features, and one bias. How many classes are there?",
    ],
    code="answer_1 = 256 * 8 + 8",
    why="Each of the 8 classes has 256 weights and a bias. The base has more "
    "than a million weights, and none is touched.",
)


def _by_module(mean_of: Means, data: str) -> np.ndarray:
    """Accuracies, in points, of a head on each of the six modules, with all labelled images."""
    return np.array([100 * mean_of[data, "frozen", f"module{number}_relu", 0] for number in range(1, 7)])


def _lost(mean_of: Means, data: str = "fashion") -> float:
    points = _by_module(mean_of, data)
    return float(points.max() - points[5])


def _judged_loss(answer: float, mean_of: Means) -> str | None:
    points = _by_module(mean_of, "fashion")
    lost = points.max() - points[5]
    if abs(answer - lost) < 0.06:
        return None
    if abs(answer + lost) < 0.06:
        return TURNED_ROUND
    if abs(answer - lost / 100) < 0.001:
        return SHARE
    if abs(answer - _lost(mean_of, "emoji")) < 0.06:
        return OTHER_TASK
    if abs(answer - (points.max() - points.min())) < 0.06:
        return FIRST_MODULE
    if min(abs(answer - points.max()), abs(answer - points[5])) < 0.06:
        return ONE_ACCURACY
    return "the highest of the six accuracies for fashion, minus that of module 6, times 100"


TURNED_ROUND = "the last module is the worse of the two here: ask how much is lost, and leave out the minus"
SHARE = "that is a share between 0 and 1; percentage points are asked for"
OTHER_TASK = "those are the points for emoji; the question is about fashion"
FIRST_MODULE = "that compares with the worst of all modules; the question is about the last one"
ONE_ACCURACY = "that is one of the two accuracies; how far are they apart?"

exercise_2 = Exercise(
    name="10.exercise_2",
    asks="How many points does the last module lose for fashion, compared with the best module?",
    kind=Number(example="7.5"),
    answer=_lost,
    also=[lambda mean_of: round(_lost(mean_of), 1), lambda mean_of: np.float32(_lost(mean_of))],
    mistakes=[
        Mistake(lambda mean_of: -_lost(mean_of), TURNED_ROUND),
        Mistake(lambda mean_of: _lost(mean_of) / 100, SHARE),
        Mistake(lambda mean_of: _lost(mean_of, "emoji"), OTHER_TASK),
        Mistake(lambda mean_of: float(np.ptp(_by_module(mean_of, "fashion"))), FIRST_MODULE),
        Mistake(lambda mean_of: float(_by_module(mean_of, "fashion").max()), ONE_ACCURACY),
    ],
    otherwise="the highest of the six accuracies for fashion, minus that of module 6, times 100",
    hints=[
        'Make a list of `mean_of["fashion", "frozen", module, 0]` for all modules. Which is the largest?',
        "Subtract the last of the list from the largest. A share of 0.01 is one point.",
    ],
    code='fashion = [100 * mean_of["fashion", "frozen", f"module{number}_relu", 0] for number in range(1, 7)]\n'
    "answer_2 = max(fashion) - fashion[5]",
    why="For grey photos of clothing, what module 6 knows (faces and wheels, "
    "perhaps) is too special. Modules in the middle "
    "give more, and they are cheaper: the modules behind need not be computed.",
    needs=("mean_of",),
    judge=_judged_loss,
)

exercise_3 = Exercise(
    name="10.exercise_3",
    asks="Only the convolutions are frozen. How many arrays of weights of the base did training change?",
    kind=Number(example="7", whole=True),
    answer=4 * 3,
    also=[np.int32(12), 12.0, [12]],
    mistakes=[
        Mistake(4 * 2, "the moving averages changed, yes; but a normalisation also has a number that it learns"),
        Mistake(4, "that is how many layers changed; each has more than one array"),
        Mistake(0, "the filters stood still, but is a normalisation frozen because its convolution is?"),
        Mistake(
            4 * 4, "16 is every array of the base, but the filters were frozen; and these normalisations have no scale"
        ),
        Mistake(4 * 3 + 2, "the scores are no part of the base"),
        Mistake(4 * 4 + 2, "the scores are no part of the base, and these normalisations have no scale (gamma)"),
        Mistake(3, "that is one normalisation; the base has more of them"),
    ],
    otherwise="print `[w.name for w in model.get_layer('module1_norm').weights]`, "
    "and ask of each array whether it was frozen",
    hints=[
        "Which layers of the base were not frozen? How many arrays has each?",
        "Each normalisation has a shift that is learned (beta), a moving mean and a moving variance. How many layers?",
    ],
    code="answer_3 = len(['beta', 'moving_mean', 'moving_variance']) * 4",
    why="Four normalisations have three arrays each. Beta was changed by "
    "gradients, the two moving averages by themselves. "
    "So the base is another one, although not a single filter has moved.",
)

exercise_4 = Exercise(
    name="10.exercise_4",
    asks="The steps of transfer learning in plain Keras, in the right order.",
    kind=Letters("abcdef", example='"abcdef"', ordered=True),
    answer="cfdeab",
    also=["C F D E A B", ["c", "f", "d", "e", "a", "b"], "c-f-d-e-a-b"],
    mistakes=[
        Mistake("cfdaeb", "compiled while the base was still frozen: unfreezing afterwards changes nothing, silently"),
        Mistake("cfdeba", "the base is trained before Keras was told so, and before the rate was lowered"),
        Mistake("cfeabd", "the base learns while the head is still random, and is damaged by it"),
        Mistake("ceabfd", "the base learns first, under a random head; begin with the base frozen"),
        Mistake("fcdeab", "training is prepared before the new head is there"),
        Mistake("cdfeab", "the first fit is for the head alone, but the base is not frozen yet"),
        Mistake("ecabfd", "the base learns first, under a random head; begin with the base frozen"),
    ],
    otherwise="first the network must be whole; then the head learns alone; and each change of trainable needs a "
    "compile (six letters, each once)",
    hints=[
        "There are two trainings. What has to be set before each of them?",
        "Put the two fits down first. Before each: is the base frozen, and was "
        "the network compiled after that was set?",
    ],
    code='answer_4 = "cfdeab"',
    why="New head; freeze and compile; train the head; unfreeze; compile "
    "again, with a low rate; train everything. Without the "
    "second compile, nothing of the base would move.",
)

question_1 = Question(
    name="10.question_1",
    asks="A colleague has frozen all six modules. How can the training of the head now be so much faster?",
    choices=[
        Choice(
            "Frozen layers are skipped, so the head gets the pixels themselves.",
            "Frozen does not mean switched off: the head would be lost without the features. Only changing is off.",
        ),
        Choice(
            "The modules are used, but no gradient is needed for them, and their features can even be kept.",
            "Every image still goes through all six. What falls away is the way back, and with stored features all but "
            "the first pass.",
            right=True,
        ),
        Choice(
            "Frozen layers take part in validation only; in training they are left out.",
            "In both, each image goes through them in the same way. Otherwise the head would learn from other features "
            "than it is judged on.",
        ),
    ],
)
question_2 = Question(
    name="10.question_2",
    asks="A base with batch normalisation is frozen with trainable = False, and a head learns on batches of emoji. "
    "With which mean and variance do the frozen layers normalise?",
    choices=[
        Choice(
            "With those of the present batch of emoji, as always during training",
            "That is the learning mode. In Keras a frozen batch normalisation is not in it, whatever the rest does.",
        ),
        Choice(
            "With none: a frozen normalisation hands on what it gets",
            "Frozen does not mean switched off. The layers behind were trained on normalised values and need them.",
        ),
        Choice(
            "With the averages that were stored while the base was trained on photos",
            "So the features of an image do not depend on which other images are in the batch, and they stay the same.",
            right=True,
        ),
        Choice(
            "With averages over all emoji seen so far",
            "This happens if the normalisations are forgotten when freezing: their moving averages then drift away.",
        ),
    ],
)
question_3 = Question(
    name="10.question_3",
    asks="The head is trained, the base is unfrozen and compiled. In the first "
    "epoch the validation accuracy falls from 55 % "
    "to 15 %, and so does that on the training images. What is most likely?",
    choices=[
        Choice(
            "The steps are too large: they overwrite what the base knew.",
            "What took the base an hour to learn is lost in a few steps. Lower the rate, to a tenth or less.",
            right=True,
        ),
        Choice(
            "The base was not really unfrozen.",
            "Then only the head would go on learning, from the same features as before, and nothing would collapse.",
        ),
        Choice(
            "The network is overfitting: it learns the few training images by heart.",
            "Then it would become better on the training images. Here it has become worse on both.",
        ),
        Choice(
            "The base had been unused while it was frozen, and now it disturbs the head.",
            "Frozen layers are used all the time. The head has learned from nothing else.",
        ),
    ],
)
question_4 = Question(
    name="10.question_4",
    asks="You have 30,000 labelled grey images of cells, seen through a "
    "microscope. Someone offers you a network trained on "
    "photos of animals and vehicles. What do you do?",
    choices=[
        Choice(
            "Take its last module, frozen: pretrained is always better than random.",
            "Not always: here a network from scratch beat the frozen last module, and you have many labels.",
        ),
        Choice(
            "Refuse it: photos of animals have nothing in common with cells.",
            "Early modules find edges and textures, and cells have those. Whether "
            "that is worth something is to be measured.",
        ),
        Choice(
            "Take its first module: that is the most general one, so it is the best.",
            "Most general does not mean most useful: in this notebook the first "
            "module gave the poorest features of all six.",
        ),
        Choice(
            "Try earlier modules, fine-tuning, and also a network from scratch; decide on validation images.",
            "How near the old task is, and how many labels there are, only suggests what to expect. Measuring decides.",
            right=True,
        ),
    ],
)
progress = progress_of(__name__)
