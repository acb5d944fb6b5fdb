"""Exercises of notebook 08: overfitting."""

from collections.abc import Mapping, Sequence

import numpy as np

from practicum.answers import Array, Letters, Number
from practicum.exercises import Choice, Exercise, Mistake, Question, progress_of

History = Mapping[str, Sequence[float]]


def _turn(history: History) -> int:
    return int(np.argmin(history["validation_loss"])) + 1


exercise_1 = Exercise(
    name="08.exercise_1",
    asks="The epoch, counted from 1, with the lowest validation loss.",
    kind=Number(whole=True),
    needs=("history",),
    answer=lambda history: _turn(history),
    also=[lambda history: float(_turn(history)), lambda history: np.array([_turn(history)])],
    mistakes=[
        Mistake(lambda history: _turn(history) - 1, "off by one: Python counts from 0, epochs count from 1"),
        Mistake(
            lambda history: len(history["loss"]), "that is the last epoch; has the validation loss been lower before?"
        ),
        Mistake(
            lambda history: int(np.argmin(history["loss"])) + 1,
            "that is the lowest training loss; it tells how well the pictures are known by heart",
        ),
        Mistake(
            lambda history: int(np.argmax(history["validation_accuracy"])) + 1,
            "that is the highest validation accuracy; the question is about the loss",
        ),
        Mistake(
            lambda history: int(np.argmax(history["validation_loss"])) + 1,
            "that is where the validation loss is highest",
        ),
    ],
    otherwise="look for the smallest number in history['validation_loss'], and count its place from 1",
    hints=[
        '`history["validation_loss"]` is a list with one number for each epoch.',
        "`np.argmin` gives the place of the smallest number, counted from 0.",
    ],
    code='answer_1 = np.argmin(history["validation_loss"]) + 1',
    why="After it the validation loss is never as low again, although the training loss goes on falling: what is "
    "learned now helps with the training pictures only.",
)

exercise_2 = Exercise(
    name="08.exercise_2",
    asks="With patience 2: after which epoch does the training stop, and of which epoch are the weights kept?",
    kind=Array((2,), example="(8, 8)", whole=True),
    answer=(6, 4),
    also=[[6, 4], np.array([6.0, 4.0])],
    mistakes=[
        Mistake((8, 7), "that is the best of all eight; but epochs 7 and 8 are not trained any more"),
        Mistake((7, 7), "epoch 7 would be better; but who stops earlier does not get to know that"),
        Mistake((5, 3), "off by one: epochs are counted from 1"),
        Mistake((6, 6), "the end is right; kept are the weights of the best epoch, not of the last one"),
        Mistake((4, 6), "these are the right two numbers the wrong way round"),
        Mistake((5, 4), "the counting begins anew with each improvement: only epochs in a row count"),
        Mistake((3, 2), "that is patience 1: it gives up at the first epoch that is no better"),
        Mistake(
            (7, 4), "that is patience 3, or one epoch too late: two epochs in a row without improvement are enough"
        ),
    ],
    otherwise="go through the losses one by one: is it the lowest so far, and if not, how many in a row have not been?",
    hints=[
        "Write under each loss whether it is the lowest so far. Where do two in a row fail to be?",
        "After epoch 2 only one is worse before a new best comes. What follows after that one?",
    ],
    code="answer_2 = (6, 4)",
    why="Epoch 4 is the best so far; epochs 5 and 6 are not better, so it stops. Epoch 7 would have been better still: "
    "early stopping saves time, and it may miss something. That is what a larger patience is for.",
)

exercise_3 = Exercise(
    name="08.exercise_3",
    asks="Which of the five changes can make the label of a picture wrong?",
    kind=Letters("abcde"),
    answer="bde",
    also=["E, D, B", ["b", "d", "e"], {"b", "d", "e"}],
    mistakes=[
        Mistake("ac", "these two are harmless; the question is which can make a label wrong"),
        Mistake("bd", "and the tomatoes? what tells you whether one is ripe?"),
        Mistake("be", "turn a 6 by half a turn: what do you read?"),
        Mistake("de", "mirror the letter b: what do you read?"),
        Mistake("b", "mirroring is not the only change that can make another class of something"),
        Mistake("abde", "a mirrored cat is still a cat, so its label stays right"),
        Mistake("bcde", "a shirt that lies two pixels further left is still a shirt"),
        Mistake("abcde", "some are harmless: would you still give the same name to the changed picture?"),
    ],
    otherwise="for each: make the change in your mind, and say what you see; is it still the class on the label?",
    hints=[
        "The test is always the same: would a person still give the changed picture the same label?",
        "Look for classes that differ in just what is changed: left and right, top and bottom, or colour.",
    ],
    code='answer_3 = "bde"',
    why="A mirrored b is a d, a 6 turned by half a turn is a 9, and colour is what makes a tomato look ripe. "
    "Mirrored cats and shifted clothes keep their class. Which changes are allowed depends on the classes.",
)

_VALUES = [4, 2, 6, 8]
exercise_4 = Exercise(
    name="08.exercise_4",
    asks="What does a dropout layer with share 0.5 make of the values 4, 2, 6, 8 when the test pictures are judged?",
    kind=Array((4,), example="[0, 0, 0, 1]"),
    answer=_VALUES,
    also=[(4, 2, 6, 8), np.array([4.0, 2.0, 6.0, 8.0], dtype="float32")],
    mistakes=[
        Mistake([2, 1, 3, 4], "nothing has to be halved: in training Keras has already made up for what it dropped"),
        Mistake([8, 4, 12, 16], "doubling makes up for dropped values in training; here none is dropped"),
        Mistake([8, 0, 12, 0], "that can come out in training; dropout is not at work when a network is judged"),
        Mistake([0, 4, 0, 16], "that can come out in training; dropout is not at work when a network is judged"),
        Mistake([4, 0, 6, 0], "dropout is not at work when a network is judged"),
        Mistake([0, 0, 0, 0], "then the network would have nothing to answer with"),
    ],
    otherwise="think of what the layer does, and whether it does it now",
    hints=[
        "Should the answer to one and the same test picture change from one time to the next?",
        "The layer is called with `training=True` above. In an examination it is called with `training=False`: try it.",
    ],
    code="answer_4 = [4, 2, 6, 8]",
    why="Dropout is at work in training only. Afterwards the layer lets everything through as it is. Because the "
    "values that were kept in training were doubled, the sums have the same size on average.",
)

question_1 = Question(
    name="08.question_1",
    asks='After training a friend says: "100 % of the training pictures are right, so the network is perfect." '
    "What do you answer?",
    choices=[
        Choice(
            "It is very good; on new pictures it will lose a few per cent at most.",
            "How much it loses cannot be seen in training. Ours lost half of it.",
        ),
        Choice(
            "It says that the training pictures are known. How good it is, new pictures must show.",
            "A table of all the training pictures and their labels would also get 100 %.",
            right=True,
        ),
        Choice(
            "It must be a bad network: one that gets everything right in training has always overfitted.",
            "With enough pictures a network can be right in training and right on new ones as well. The gap is the "
            "sign, not the 100 %.",
        ),
    ],
)
question_2 = Question(
    name="08.question_2",
    asks="For twenty epochs the validation accuracy has stayed the same, and the validation loss has grown. "
    "How can both be true?",
    choices=[
        Choice(
            "It cannot be: a larger loss means more wrong answers, so there is a mistake in the program.",
            "Accuracy counts wrong answers. The loss asks how much probability the right class got.",
        ),
        Choice(
            "The network is in the middle of learning something; with more epochs the loss comes down again.",
            "More epochs are what made it grow. The training loss is almost 0: there is nothing left to learn from.",
        ),
        Choice(
            "The learning rate is too large, so the weights jump about.",
            "Then the training loss would jump as well. It falls smoothly.",
        ),
        Choice(
            "As many answers are wrong as before, but the network is surer of them.",
            "The loss of a wrong answer has no upper end: the surer it is, the more it costs.",
            right=True,
        ),
    ],
)
question_3 = Question(
    name="08.question_3",
    asks="A network was trained with augmentation. What is to be done with the test pictures?",
    choices=[
        Choice(
            "Nothing: they are shown as they are.",
            "Augmentation is an exercise for learning. The examination shall be like real use.",
            right=True,
        ),
        Choice(
            "They are changed in the same way, since the network has seen changed pictures only.",
            "It has learned to do without those changes. A test that is drawn by lot is not the same for everybody.",
        ),
        Choice(
            "Each is changed many times, so that there are more test pictures and the figure is more certain.",
            "Changed copies are not new pictures: they hold nothing that the first one does not. They do not make the "
            "figure more certain, just as they bring no new information in training.",
        ),
    ],
)
question_4 = Question(
    name="08.question_4",
    asks="Somebody looks at the test accuracy after each epoch, stops where it is highest, and reports that figure.",
    choices=[
        Choice(
            "Good: the best epoch is the one that is best on new pictures.",
            "They are no new pictures any more: one of forty epochs was chosen because it suits just these.",
        ),
        Choice(
            "Good, as long as no weights are changed by the test pictures.",
            "Weights are not the only thing that can be fitted. Choosing an epoch is a decision, and the test split "
            "took part in it.",
        ),
        Choice(
            "The figure is too high: the test pictures took part in a decision. Validation is there to stop by.",
            "The highest of forty is partly luck. Stop by validation, then test once.",
            right=True,
        ),
        Choice(
            "The figure is too low: training for longer would always have brought more.",
            "More epochs do not always help: in this notebook they made the network surer of its mistakes.",
        ),
    ],
)
progress = progress_of(__name__)
