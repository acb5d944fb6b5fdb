"""Exercises of notebook 12: beyond one machine."""

import numpy as np

from practicum.answers import Number
from practicum.exercises import Choice, Exercise, Mistake, Question, progress_of

_X, _Y = np.array([1.0, 2.0, 3.0, 4.0, 5.0]), np.array([2.0, 3.0, 7.0, 8.0, 9.0])
_GRADIENTS = 2 * _X * (_X - _Y)  # at weight 1
_WHOLE = _GRADIENTS.mean()


def _mean_of_means(first: int) -> float:
    """The mean of two devices' means, the first of which takes so many examples."""
    return float((_GRADIENTS[:first].mean() + _GRADIENTS[first:].mean()) / 2)


exercise_1 = Exercise(
    name="12.exercise_1",
    asks="Three examples on one device, two on the other: the mean of their mean gradients, minus that of all five.",
    kind=Number(example="1.5"),
    answer=_mean_of_means(3) - _WHOLE,
    also=[round(_mean_of_means(3) - _WHOLE, 2), np.float32(_mean_of_means(3) - _WHOLE)],
    tolerance=1e-3,
    mistakes=[
        Mistake(_WHOLE - _mean_of_means(3), "the other way round: the mean of the two means, minus the whole"),
        Mistake(0, "they would be equal if both parts were equally large; compute both"),
        Mistake(
            _WHOLE, "that is the gradient of the whole batch; it is to be subtracted from the mean of the two means"
        ),
        Mistake(_mean_of_means(3), "that is the mean of the two means; subtract the gradient of the whole batch"),
        Mistake(_mean_of_means(2) - _WHOLE, "the first device takes three examples, the second one two"),
        Mistake(
            _GRADIENTS[:3].mean() + _GRADIENTS[3:].mean() - _WHOLE,
            "you added the two means; their mean is half of that",
        ),
        Mistake(
            (_GRADIENTS[:3].sum() + _GRADIENTS[3:].sum()) / 2 - _WHOLE,
            "each device finds the mean over its examples, not the sum",
        ),
    ],
    otherwise="append 5 to x and 9 to y; then take the gradients of the first three, of the last two, and of all",
    hints=[
        "`gradients(np.append(x, 5.0), np.append(y, 9.0))` gives five numbers, one for each example.",
        "Three means are needed: of `[:3]`, of `[3:]`, and of all. The first two are averaged once more.",
    ],
    code="""x, y = np.array([1.0, 2.0, 3.0, 4.0, 5.0]), np.array([2.0, 3.0, 7.0, 8.0, 9.0])
all_five = 2 * x * (1.0 * x - y)
answer_1 = (all_five[:3].mean() + all_five[3:].mean()) / 2 - all_five.mean()""",
    why="In the mean of the means, each of the two examples of the second device counts for 1/4, and each of the first "
    "three for 1/6. In the batch each counts for 1/5.",
)

_IMAGES, _DEVICES, _EACH = 9, 4, 3
exercise_2 = Exercise(
    name="12.exercise_2",
    asks="Nine images are dealt to four devices, all with equally many places: what does each real image count?",
    kind=Number(example="1.5"),
    answer=_DEVICES * _EACH / _IMAGES,
    also=[round(_DEVICES * _EACH / _IMAGES, 2), [_DEVICES * _EACH / _IMAGES], np.float32(_DEVICES * _EACH / _IMAGES)],
    view=lambda number: np.round(number, 2),
    mistakes=[
        Mistake(
            _IMAGES / (_DEVICES * _EACH),
            "turned round: the real ones must count more, to make up for the places that count nothing",
        ),
        Mistake(6 / 5, "that is right for five images and two devices; here there are other places and other images"),
        Mistake(_IMAGES / _DEVICES, "that is how many images there are for each device; what does one of them count?"),
        Mistake(_EACH, "that is how many places each device has; what does an image in one of them count?"),
        Mistake(_DEVICES * 2 / _IMAGES, "two places on each device are not enough for nine images; round up"),
        Mistake(1, "then the mean over all places, with the empty ones, would come out too small"),
        Mistake(1.3, "the right idea, but give it with two decimals"),
        Mistake(_DEVICES / _IMAGES, "count places, not devices: each device has several"),
        Mistake(_DEVICES * _EACH, "that is how many places are dealt in all; what does an image in one of them count?"),
    ],
    otherwise="how many places are dealt in all, if all four have equally many? share them out among the real images",
    hints=[
        "Each device has the same number of places, and together they must have room for nine. How many has each?",
        "All places together, divided by the images that count. For five images on two devices it was 6/5.",
    ],
    code="answer_2 = 12 / 9",
    why="Each device gets 3 places, so 12 are dealt. Nine of them hold images that count, so each counts 12/9.",
)

_PARAMETERS = 8 * (3 * 3 * 3 + 1) + (16 * 16 * 8 + 1) * 8
_STEPS = 2 * -(-2530 // 64)
_SENT = _PARAMETERS * 4 * _STEPS / 1e6
exercise_3 = Exercise(
    name="12.exercise_3",
    asks="4 bytes for each of 16,616 parameters, in each of 80 steps: how many megabytes does one process send?",
    kind=Number(example="1.5"),
    answer=_SENT,
    also=[round(_SENT, 1), round(_SENT, 2), np.float32(_SENT)],
    view=lambda number: np.round(number, 1) if abs(number) < 1000 else np.round(number),
    mistakes=[
        Mistake(_SENT / 4, "each number has four bytes"),
        Mistake(_SENT / _STEPS, "that is one step; gradients are sent after each"),
        Mistake(_SENT / 2, "that is one epoch, 40 steps; the training has two"),
        Mistake(_SENT * 1e6, "those are bytes; a megabyte is a million of them"),
        Mistake(_SENT * 1e3, "those are kilobytes; a megabyte is a thousand of them"),
        Mistake(_SENT * 8, "those are megabits; a byte has eight bits"),
        Mistake(_SENT * 2, "that is what both processes send; the question is about one"),
        Mistake(_SENT * 1e6 / 2**20, "you divided by 1,048,576; here a megabyte is a million bytes"),
    ],
    otherwise="parameters times bytes times steps, divided by a million",
    hints=[
        "How many bytes are sent after one step?",
        "Bytes of one step, times the number of steps; then from bytes to millions of bytes.",
    ],
    code="answer_3 = 16_616 * 4 * 80 / 1e6",
    why="In each step every parameter has a gradient, so the traffic grows with the network and with the number of "
    "steps. How large the images are plays no part.",
)

_TOGETHER, _SIDE_BY_SIDE = 100 * 10 / 4, 100 / 10 * 10
exercise_4 = Exercise(
    name="12.exercise_4",
    asks="100 trainings of 10 minutes, 10 machines, together 4 times as fast: what does side by side save, in minutes?",
    kind=Number(example="30"),
    answer=_TOGETHER - _SIDE_BY_SIDE,
    also=[int(_TOGETHER - _SIDE_BY_SIDE), np.array([_TOGETHER - _SIDE_BY_SIDE])],
    mistakes=[
        Mistake(_TOGETHER, "that is how long it takes with all machines on one training at a time; and side by side?"),
        Mistake(_SIDE_BY_SIDE, "that is how long it takes side by side; how much earlier is that?"),
        Mistake(
            _SIDE_BY_SIDE - _TOGETHER,
            "the sign says *later*; side by side is the faster way. How many minutes earlier?",
        ),
        Mistake(0, "it would be the same if ten machines were ten times as fast together; they are four times as fast"),
        Mistake(
            1000 - _SIDE_BY_SIDE, "that is compared with a single machine; compare the two ways to use all ten machines"
        ),
        Mistake(
            _TOGETHER - 10, "with ten machines and a hundred trainings, each machine has ten of them to do, not one"
        ),
        Mistake(
            400 - _SIDE_BY_SIDE,
            "four times as fast: a training of ten minutes is divided by four, not multiplied by 0.4",
        ),
    ],
    otherwise="find two times: a hundred times a quarter of ten minutes; and ten machines with ten trainings each",
    hints=[
        "Side by side: how many trainings has each machine to do, and how long does that take?",
        "Together: a training takes a quarter of ten minutes, and there are a hundred, one after the other.",
    ],
    code="together = 100 * 10 / 4\nside_by_side = 100 / 10 * 10\nanswer_4 = together - side_by_side",
    why="Side by side nobody waits for anybody: ten machines are ten times as fast. Together they are only four times "
    "as fast here, because after each step they wait for the slowest and for the exchange.",
)

_MEMORY, _SYSTEM, _NOTEBOOK = 16, 2, 0.9
exercise_5 = Exercise(
    name="12.exercise_5",
    asks="16 GB of memory, 2 of them for the system, 0.9 for each notebook: how many learners at the same time?",
    kind=Number(),
    answer=(_MEMORY - _SYSTEM) // _NOTEBOOK,
    also=[int((_MEMORY - _SYSTEM) // _NOTEBOOK), [np.floor((_MEMORY - _SYSTEM) / _NOTEBOOK)]],
    mistakes=[
        Mistake(_MEMORY // _NOTEBOOK, "the system takes its 2 GB first"),
        Mistake(np.ceil(_MEMORY / _NOTEBOOK), "the system takes its 2 GB first"),
        Mistake(
            np.ceil((_MEMORY - _SYSTEM) / _NOTEBOOK),
            "the last one of these has no room: part of a notebook does not run; round down",
        ),
        *(
            Mistake(quotient, "a part of a learner cannot sit down: how many whole ones?")
            for quotient in ((_MEMORY - _SYSTEM) / _NOTEBOOK, 15.5, 15.55, 15.56, 15.6)
        ),
        Mistake(_MEMORY / _NOTEBOOK, "the system takes its 2 GB first, and only whole learners can sit down"),
        Mistake(_MEMORY - _SYSTEM, "that would be with a whole GB for each; a notebook needs a little less"),
        Mistake(30, "that is the class; the question is how many of them have room"),
        Mistake((_MEMORY - _SYSTEM) * _NOTEBOOK // 1, "divide by what one notebook needs; you multiplied"),
    ],
    otherwise="how often does 0.9 GB fit into what the system leaves?",
    hints=[
        "How much memory is left for notebooks?",
        "Divide it by what one notebook needs, and round down: `//` does both.",
    ],
    code="answer_5 = (16 - 2) // 0.9",
    why="Half of the class has to wait, or the server needs twice as much memory. More cores would not help.",
)

question_1 = Question(
    name="12.question_1",
    asks="Four GPUs share batches of 64. Somebody takes eight GPUs and keeps the batch size. What becomes of the "
    "weights, and of the time for a step?",
    choices=[
        Choice(
            "The weights get better, because each step uses more gradients; the time stays.",
            "There are more devices, but still 64 images in a step, and so the same mean gradient.",
        ),
        Choice(
            "The weights stay the same, but for rounding; a step takes half as long.",
            "The weights, yes. But to start a step and to exchange gradients takes its time, however few images.",
        ),
        Choice(
            "The weights stay the same, but for rounding; a step is hardly shorter.",
            "It is still the mean over 64 images. Each GPU has 8 of them now, so little that the exchange counts most.",
            right=True,
        ),
        Choice(
            "The weights become others, because a mean of eight means is another number.",
            "With equally large parts, the mean of the means is the mean of the whole, for four parts and for eight.",
        ),
    ],
)
question_2 = Question(
    name="12.question_2",
    asks="Why must all processes begin with the same weights?",
    choices=[
        Choice(
            "They only exchange gradients.",
            "Each adds the same step to its own weights. What differs at the beginning would differ for ever, and a "
            "mean of gradients of different networks belongs to none of them.",
            right=True,
        ),
        Choice(
            "The first exchange makes them equal anyway, but it would take longer.",
            "The exchange makes gradients equal, never weights: a difference would stay to the end.",
        ),
        Choice(
            "Otherwise the training could not be repeated with the same result.",
            "It could: with the same seeds, different beginnings are repeated just as well.",
        ),
        Choice(
            "Otherwise they would all learn the same features.",
            "It is the other way round: they are to learn the same, since together they are one network.",
        ),
    ],
)
question_3 = Question(
    name="12.question_3",
    asks='Two machines train one network together. Each is told to stop "after ten minutes", by its own clock. '
    "What goes wrong?",
    choices=[
        Choice(
            "One has trained a little longer than the other, so one takes its weights.",
            "It cannot train longer on its own: each step needs the other's gradients.",
        ),
        Choice(
            "One stops a step before the other, which waits for gradients that never come.",
            "So `train` refuses a `time_budget` with several processes. A number of epochs is the same for both.",
            right=True,
        ),
        Choice(
            "Nothing, as long as the two clocks differ by less than the time of a step.",
            "However small the difference is, the end of the ten minutes can fall into it.",
        ),
        Choice(
            "The last step is taken with half of the batch, so its gradient is less exact.",
            "There is no step with half of a batch: the exchange waits until all have sent.",
        ),
    ],
)
question_4 = Question(
    name="12.question_4",
    asks="A network was trained with batches of 64 on one GPU. Now there are eight GPUs, and each of them is given 64 "
    "images in a step. What is different?",
    choices=[
        Choice(
            "Nothing: each GPU does what the one did before.",
            "Each does, but they take one step together where one GPU would have taken eight.",
        ),
        Choice(
            "An epoch has an eighth of the steps, each from 512 images.",
            "The global batch is 512. That is another training: fewer steps, with steadier gradients, and often with a "
            "larger learning rate to make up for it.",
            right=True,
        ),
        Choice(
            "The gradients are eight times as large, so the learning rate must be divided by eight.",
            "Gradients are averaged, not added up: their mean is about as large as before.",
        ),
        Choice(
            "Each image is used eight times in an epoch.",
            "The GPUs get different images: together they go through all of them once.",
        ),
    ],
)
progress = progress_of(__name__)
