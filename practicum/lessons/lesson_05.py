"""Exercises of notebook 05: train and evaluate."""

from typing import Any

import numpy as np

from practicum.answers import Array, Number
from practicum.exercises import Choice, Exercise, Mistake, Question, progress_of

_A, _B = np.array([0.99, 0.99, 0.01]), np.array([0.55, 0.55, 0.45])


def _both(function: Any) -> list[float]:
    return [float(function(_A)), float(function(_B))]


_LOSSES = _both(lambda p: -np.log(p).mean())
exercise_1 = Exercise(
    name="05.exercise_1",
    asks="The loss of network A and of network B, to two places.",
    kind=Array((2,), example="[0.35, 0.72]"),
    answer=_LOSSES,
    tolerance=1e-2,
    also=[np.round(_LOSSES, 2), tuple(_LOSSES), np.array(_LOSSES, "float32")],
    mistakes=[
        Mistake(_LOSSES[::-1], "the numbers are right; A comes first"),
        Mistake(_both(lambda p: -np.log(p).sum()), "those are the sums; the loss is the mean over the images"),
        Mistake(_both(lambda p: np.log(p).mean()), "a loss is not negative: turn the sign around"),
        Mistake(_both(lambda p: -np.log10(p).mean()), "that is the logarithm to base 10; take `np.log`"),
        Mistake(_both(lambda p: -np.log2(p).mean()), "that is the logarithm to base 2; take `np.log`"),
        Mistake(_both(lambda p: -np.log(p.mean())), "the mean is taken too early: first the logarithm of each"),
        Mistake(_both(lambda p: 1 - p.mean()), "that is what is missing to 1, on average; where is the logarithm?"),
        Mistake(_both(lambda p: p.mean()), "those are the mean probabilities; take the logarithm of each first"),
        Mistake([2 / 3, 2 / 3], "that is the accuracy of both; it only counts which side of 0.5 they are on"),
        Mistake([1 / 3, 1 / 3], "that is the share of wrong answers of both; the loss asks how sure they were"),
        Mistake(_both(lambda p: -np.log(1 - p).mean()), "the table has what the right class got, not the wrong one"),
    ],
    otherwise="for each network: the logarithm of the three probabilities, the sign turned around, then the mean",
    hints=[
        "What is −log(0.99), roughly? And −log(0.01)? The curve above shows both ends.",
        "`-np.log(np.array([0.99, 0.99, 0.01]))` gives the three losses of A. What is done with them?",
    ],
    code="answer_1 = [-np.log([0.99, 0.99, 0.01]).mean(), -np.log([0.55, 0.55, 0.45]).mean()]",
    why="B has the lower loss, by far. Of A, two images cost almost nothing, but the third costs more than all three "
    "of B together. One wrong answer that a network was very sure of outweighs many unsure ones. Accuracy does not see "
    "the difference.",
)

_SCORES = np.array([1.0, 0.5, 0.0])
_SOFTMAX = np.exp(_SCORES) / np.exp(_SCORES).sum()
_FIRST, _LAST = np.array([1, 0, 0]), np.array([0, 0, 1])
_STEPPED = _SCORES - 0.5 * (_SOFTMAX - _FIRST)
exercise_2 = Exercise(
    name="05.exercise_2",
    asks="The three scores after one step with learning rate 0.5, if class 0 is the right one.",
    kind=Array((3,), example="[1.1, 0.4, 0.2]"),
    answer=_STEPPED,
    tolerance=1e-2,
    also=[_STEPPED.round(3), _STEPPED.tolist(), tuple(_STEPPED)],
    mistakes=[
        Mistake(_SCORES - 0.5 * (_SOFTMAX - _LAST), "that is the step of the text, where class 2 is right"),
        Mistake(_SCORES + 0.5 * (_SOFTMAX - _FIRST), "the right score went down: step against the gradient"),
        Mistake(_SCORES - (_SOFTMAX - _FIRST), "the learning rate is missing: that is the whole gradient"),
        Mistake(_SCORES, "those are the old scores. The answer was right, but did class 0 have probability 1?"),
        Mistake(_SOFTMAX - _FIRST, "that is the gradient; the step is still to be taken"),
        Mistake(0.5 * (_SOFTMAX - _FIRST), "that is how far to go; it is subtracted from the old scores"),
        Mistake(-0.5 * (_SOFTMAX - _FIRST), "that is the change alone; what are the scores after it?"),
        Mistake(_SCORES - 0.5 * _SOFTMAX, "all went down: at the right class the gradient has a 1 taken off"),
        Mistake(_SCORES - 0.5 * (_SOFTMAX - [0, 1, 0]), "that is for class 1; classes are counted from 0"),
        Mistake(_SCORES - 0.5 * (_SCORES - _FIRST), "the gradient is made of probabilities, not of scores"),
        Mistake(_SOFTMAX - 0.5 * (_SOFTMAX - _FIRST), "the step begins at the scores, not at their softmax"),
    ],
    otherwise="first the gradient for class 0, by the formula; then old scores less rate times gradient",
    hints=[
        "The softmax of the scores is as before. At which place is the 1 taken off now?",
        "The gradient is `softmax - np.array([1, 0, 0])`. How does the rule for the new weight go on?",
    ],
    code="scores = np.array([1.0, 0.5, 0.0])\nsoftmax = np.exp(scores) / np.exp(scores).sum()\nanswer_2 = scores - 0.5 "
    "* (softmax - np.array([1, 0, 0]))",
    why="Only the place of the 1 has changed. The right score goes up, the others down. The image was answered rightly "
    "already (score 0 was the highest), and training still moves on: the loss rewards being surer.",
)

exercise_3 = Exercise(
    name="05.exercise_3",
    asks="The learning rate with which the first step from w = 0 lands exactly on the best weight, 3.",
    kind=Number(example="0.2"),
    answer=0.5,
    also=[np.float32(0.5), [0.5], 3 / 6],
    mistakes=[
        Mistake(1, "that jumps to 6, as far beyond the goal as the start was before it, and back again, for ever"),
        Mistake(3, "that is the goal; the step is the rate times the gradient, and the gradient is not 1"),
        Mistake(6, "that is the size of the gradient at w = 0; which share of it is the way to go?"),
        Mistake(-0.5, "the rule subtracts already, and the gradient at w = 0 is negative: no further minus"),
        Mistake(1 / 6, "that goes to 1; the way to the goal is three times as long"),
        Mistake(1.5, "that jumps to 9; is the factor 2 in the gradient forgotten?"),
        Mistake(0.9, "that jumps too far, to 5.4"),
        Mistake(0.1, "that goes to 0.6 only"),
        Mistake(2, "that jumps to 12; multiplied by the gradient it should give the way to go"),
        Mistake(0, "then nothing moves"),
    ],
    otherwise="where does the first step lead with your rate? `walk(rate, steps=1)` tells",
    hints=[
        "What is the gradient 2 × (w − 3) at w = 0? How far is it from 0 to 3?",
        "Rate times 6 must be the way to go.",
    ],
    code="gradient = 2 * (0 - 3)\nanswer_3 = (0 - 3) / gradient",
    why="At w = 0 the gradient is −6, and the way is 3: half of it. Less, and the weight creeps up from one side. "
    "More, and it jumps to and fro. From twice this rate on it no longer comes nearer. In a real network each weight "
    "would have a best rate of its own, and nobody knows it.",
)

exercise_4 = Exercise(
    name="05.exercise_4",
    asks="The number of steps of a training on 9,000 images, with batches of 128 and 5 epochs.",
    kind=Number(example="640"),
    answer=355,
    also=[355.0, np.int64(355), 5 * np.ceil(9000 / 128)],
    mistakes=[
        Mistake(71, "that is one epoch; there are five"),
        Mistake(350, "the images left over at the end of an epoch form a batch, too"),
        Mistake(5 * 9000 / 128, "there is no part of a step: what is left over is one more batch"),
        Mistake(352, "what is left over does not wait for the next epoch: each epoch ends with a smaller batch"),
        Mistake(351, "each epoch has a smaller batch at its end; round in each epoch, and up"),
        Mistake(5 * 141, "that is with batches of 64"),
        Mistake(70, "that is one epoch, without its last, smaller batch"),
        Mistake(5 * 9000, "that is a step for each image; a step takes a batch"),
        Mistake(5, "that is a step for each epoch; a step takes one batch only"),
        Mistake(5 * 128, "that is how many images five steps take"),
        Mistake(356, "the last, smaller batch comes once in each epoch, not once more at the end"),
    ],
    otherwise="first find the number of batches of one epoch",
    hints=[
        "How many full batches of 128 can be cut from 9,000 images, and are some left over?",
        "The number of batches of an epoch, rounded up, times the number of epochs.",
    ],
    code="answer_4 = 5 * np.ceil(9000 / 128)",
    why="9,000 / 128 is 70.3: 70 full batches and a smaller one. So 71 in each of the five epochs.",
)

_MOST, _TEST = 130, 552
exercise_5 = Exercise(
    name="05.exercise_5",
    asks="The baseline of the test split of `emoji`, as a share between 0 and 1, to two places.",
    kind=Number(example="0.31"),
    answer=_MOST / _TEST,
    tolerance=2e-2,
    also=[0.24, 0.2355, np.float32(_MOST / _TEST), [_MOST / _TEST]],
    mistakes=[
        Mistake(1 / 8, "that would hold if all eight classes had equally many images; count them"),
        Mistake(1 / 10, "that is the baseline of `fashion`, with ten classes of equal size"),
        Mistake(_MOST, "that is how many images the most common class has; which share is it?"),
        Mistake(100 * _MOST / _TEST, "that is in percent; give a share between 0 and 1"),
        Mistake(450 / 2530, "those are the training images; the question is about the test split"),
        Mistake(120 / 560, "those are the validation images; the question is about the test split"),
        Mistake(34 / _TEST, "that is the first class, which is one of the rare ones"),
        Mistake(1 - _MOST / _TEST, "that is the share of wrong answers; the baseline is the share of right ones"),
        Mistake(_MOST / (_TEST - _MOST), "divide by all images, those of the class itself among them"),
    ],
    otherwise="the share of the most common class among all images of the test split",
    hints=[
        "The cell that counted the images of `fashion` does it: what is to be changed in it?",
        '`np.bincount(load("emoji").test.labels)` has the number of images of each class.',
    ],
    code='from practicum.data import load\n\ncounts = np.bincount(load("emoji").test.labels)\n'
    "answer_5 = counts.max() / counts.sum()",
    why="The most common class is `people`. Guessing at random among eight classes would be right in one of eight "
    "cases. Always saying `people` is right more often, so this is what a network must beat.",
)


def _precision(confusion: np.ndarray) -> float:
    return float(confusion[6, 6] / confusion[:, 6].sum())


def _of(view: Any) -> Any:
    return lambda confusion: view(confusion)


exercise_6 = Exercise(
    name="05.exercise_6",
    asks="Of the photos that your network called a shirt, which share were shirts?",
    kind=Number(example="0.58"),
    needs=("confusion",),
    answer=_precision,
    tolerance=2e-3,
    also=[_of(lambda c: np.float32(_precision(c))), _of(lambda c: round(_precision(c), 3))],
    mistakes=[
        Mistake(_of(lambda c: c[6, 6] / c[6].sum()), "that is the row: of the real shirts, the share found"),
        Mistake(_of(lambda c: 100 * _precision(c)), "that is in percent; give a share between 0 and 1"),
        Mistake(_of(lambda c: c[:, 6].sum()), "that is how many were called a shirt; asked is a share of them"),
        Mistake(_of(lambda c: c[6, 6]), "that is how many shirts were found; divide by how many were called a shirt"),
        Mistake(_of(lambda c: 1 - _precision(c)), "that is the share that was called a shirt wrongly"),
        Mistake(_of(lambda c: c[6, 6] / c.sum()), "divide by the photos called a shirt, not by all photos"),
        Mistake(_of(lambda c: c[:, 6].sum() / c.sum()), "that is how large a part of all photos was called a shirt"),
        Mistake(_of(lambda c: c[0, 0] / c[:, 0].sum()), "that is the T-shirt/top; the shirt is another class"),
        Mistake(_of(lambda c: np.trace(c) / c.sum()), "that is the accuracy over all classes"),
        Mistake(
            _of(lambda c: c[6, 6] / (c[:, 6].sum() - c[6, 6])),
            "the shirts themselves belong to the sum of the column",
        ),
    ],
    otherwise="the number on the diagonal, divided by the sum of its column",
    hints=[
        "The photos called a shirt stand in the column of the shirt. In Python a column is `confusion[:, shirt]`.",
        "Which of the numbers in that column counts the right answers? Divide it by the sum of the column.",
    ],
    code="shirt = 6\ncolumn = confusion[:, shirt]\nanswer_6 = column[shirt] / column.sum()",
    why="On top stands the same number as for the row. Below stands another: everything that was called a shirt, "
    "T-shirts and coats among it.",
)


def _sure(probabilities: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    sure = probabilities.max(axis=1) > 0.9
    right = probabilities.argmax(axis=1) == labels[: len(probabilities)]
    of_right = probabilities[np.arange(len(labels)), labels]
    return {
        "answered": float(sure.mean()),
        "right": float(right[sure].mean()),
        "all right": float(right.mean()),
        "both": float((sure & right).mean()),
        "truth": float((of_right > 0.9).mean()),
        "unsure right": float(right[~sure].mean()),
        "sure of right": float(sure[right].mean()),
    }


def _pair(first: str, second: str) -> Any:
    def pair(probabilities: np.ndarray, labels: np.ndarray) -> list[float]:
        shares = _sure(probabilities, labels)
        return [shares[first], shares[second]]

    return pair


def _changed(change: Any) -> Any:
    return lambda **facts: change(np.array(_pair("answered", "right")(**facts)), len(facts["labels"]))


exercise_7 = Exercise(
    name="05.exercise_7",
    asks="If only answers above 90 % are given: the share of the test images that is answered, and the share of right "
    "ones among these answers.",
    kind=Array((2,), example="[0.5, 0.8]"),
    needs=("probabilities", "labels"),
    answer=_pair("answered", "right"),
    tolerance=5e-3,
    also=[_changed(lambda pair, n: pair.round(3)), _changed(lambda pair, n: tuple(pair.tolist()))],
    mistakes=[
        Mistake(_pair("right", "answered"), "both shares are right, in the wrong order"),
        Mistake(_pair("answered", "all right"), "the second is the accuracy on all images; count sure answers only"),
        Mistake(_pair("answered", "both"), "the second is a share of all images, not of the sure answers"),
        Mistake(_pair("answered", "sure of right"), "the second is the share of right answers that were sure"),
        Mistake(_pair("answered", "unsure right"), "the second is the accuracy of the answers that are left to people"),
        Mistake(_pair("both", "right"), "sure answers that are wrong are given, too: the network does not know it"),
        Mistake(_changed(lambda pair, n: [1 - pair[0], pair[1]]), "the first is the share that is left to people"),
        Mistake(_changed(lambda pair, n: [pair[0], 1 - pair[1]]), "the second is the share of wrong answers"),
        Mistake(_changed(lambda pair, n: 100 * pair), "those are percentages; give shares between 0 and 1"),
        Mistake(_changed(lambda p, n: [p[0] * n, p[0] * p[1] * n]), "those are how many images; give two shares"),
        Mistake(_changed(lambda pair, n: [pair[0] * n, pair[1]]), "the first is how many images; which share is it?"),
        Mistake(_changed(lambda p, n: [p[0], p[0] * p[1] * n]), "the second is how many images; which share is it?"),
        Mistake(
            lambda **facts: [_pair("truth", "right")(**facts)[0], 1.0],
            "nobody knows the right class beforehand; take the largest probability",
        ),
    ],
    otherwise="`probabilities.max(axis=1)` says how sure each answer was; which of them are above 0.9?",
    hints=[
        "`sure = evaluation.probabilities.max(axis=1) > 0.9` is True for the answers that are given. What is its mean?",
        "`right = evaluation.predictions == evaluation.labels` is True for the right ones. `right[sure]` picks those "
        "of the sure answers.",
    ],
    code="sure = probabilities.max(axis=1) > 0.9\nright = probabilities.argmax(axis=1) == labels\nanswer_7 = "
    "[sure.mean(), right[sure].mean()]",
    why="Sure answers are right more often, so a network can be made more reliable by letting it say nothing where it "
    "is unsure. But not all are right: the gallery above shows some of them.",
)

question_1 = Question(
    name="05.question_1",
    asks="After an epoch the training loss is 2.31, on ten classes. What has the network learned so far?",
    choices=[
        Choice(
            "A little: random weights have a loss of 10.",
            "A loss has no such start. What has no idea gives each of ten classes 0.1: how much loss is that?",
        ),
        Choice(
            "Nothing: giving each class 0.1 would do as well.",
            "That gives 2.30. Perhaps the learning rate is far too small, or far too large.",
            right=True,
        ),
        Choice("It gets 23 % of the images right.", "A loss is no share of images; it can be above 1."),
        Choice(
            "Nothing can be said without the accuracy.",
            "The loss alone says enough here: compare it with that of having no idea.",
        ),
    ],
)
question_2 = Question(
    name="05.question_2",
    asks="Somebody cuts the training images into batches first, class by class as they lie in the file, and then "
    "shuffles the batches. What goes wrong?",
    choices=[
        Choice(
            "Nothing: each image still comes once in an epoch.",
            "So it does, but look at what stands together in one batch.",
        ),
        Choice("Some images come twice and others never.", "Each stands in one batch, and each batch comes once."),
        Choice(
            "Nearly every batch holds one class only.",
            "Each step then pulls the network to a single class. Shuffle first, then cut.",
            right=True,
        ),
    ],
)
question_3 = Question(
    name="05.question_3",
    asks="A friend trains thirty networks, evaluates each on the test split, and reports the best of the thirty "
    "accuracies. What is wrong?",
    choices=[
        Choice(
            "The figure is too high.",
            "The best of thirty is best partly by luck. The test split took part in a decision: it has become a second "
            "validation split. Choose by validation, then look at test once.",
            right=True,
        ),
        Choice(
            "The figure is too low, because the mean of the thirty would be fairer.",
            "The mean is lower than the best. The trouble is that the best was picked with the images it is then "
            "judged by.",
        ),
        Choice(
            "The networks have learned from the test images, because they have seen them so often.",
            "Evaluating changes no weights. It is the friend who learned from them, by choosing.",
        ),
        Choice("Nothing: nobody trained on them.", "Not the networks, but the choice was fitted to them."),
    ],
)
question_4 = Question(
    name="05.question_4",
    asks="A test for a rare illness has an accuracy of 99 %, and it never finds anybody ill. Which number would have "
    "shown that it is useless?",
    choices=[
        Choice(
            "The accuracy, measured on more people.",
            "It would be 99 % again, if one in a hundred is ill: that is the baseline.",
        ),
        Choice("The share of the diagonal in all counts of the confusion matrix.", "That is the accuracy once more."),
        Choice(
            'The accuracy of the class "healthy", its row in the confusion matrix.',
            "All the healthy are called healthy: it is perfect.",
        ),
        Choice(
            'The recall of the class "ill".', "Its row in the confusion matrix: of the ill, none was found.", right=True
        ),
    ],
)
question_5 = Question(
    name="05.question_5",
    asks="Mail that a network calls spam is deleted unread. Which number must be high, so that hardly any good mail is "
    "lost?",
    choices=[
        Choice(
            "The recall of spam: of all spam, the share that is found.",
            "That is about spam that stays in the mailbox: a nuisance, but nothing is lost.",
        ),
        Choice(
            "The precision of spam: of what is called spam, the share that is spam.",
            "The rest of that column is good mail that was deleted.",
            right=True,
        ),
        Choice("The accuracy.", "It counts both mistakes alike, and here one of them is worse."),
    ],
)
question_6 = Question(
    name="05.question_6",
    asks="From one epoch to the next the validation accuracy stays the same, and the validation loss falls. What has "
    "happened?",
    choices=[
        Choice(
            "That cannot be: a lower loss means more right answers.",
            "The loss also falls when right answers get surer, or wrong ones less sure.",
        ),
        Choice(
            "The network has learned the validation images by heart.",
            "It never learns from them; its weights are changed for training images only.",
        ),
        Choice(
            "The right classes got more probability, and no more answers are right than before.",
            "Accuracy only sees which class is ahead; the loss sees by how much.",
            right=True,
        ),
        Choice(
            "The learning rate has fallen, and the loss with it.",
            "The loss is computed from probabilities alone; the rate does not stand in it.",
        ),
    ],
)
progress = progress_of(__name__)
