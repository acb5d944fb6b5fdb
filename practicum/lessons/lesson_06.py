"""Exercises of notebook 06: what the filters learned."""

from collections.abc import Callable
from typing import Any

import numpy as np

from practicum.answers import Number, Word
from practicum.exercises import Choice, Exercise, Mistake, Question, progress_of

Fact = Callable[..., Any]  # of what the notebook gives to a check

exercise_1 = Exercise(
    name="06.exercise_1",
    asks="How many numbers, with the bias, does training adjust in one of the 16 filters of 3×3 of the second module?",
    kind=Number(whole=True, example="148"),
    answer=3 * 3 * 8 + 1,
    also=[float(3 * 3 * 8 + 1), np.int64(73), [73]],
    mistakes=[
        Mistake(3 * 3 * 8, "the bias is missing"),
        Mistake(3 * 3 * 3 + 1, "that is a filter that looks at the three colours; this one does not see the image"),
        Mistake(3 * 3 + 1, "that is a filter on a single map; how many maps come out of the first module?"),
        Mistake(3 * 3, "that is one slice, without bias; a filter has one slice for each map that comes in"),
        Mistake((3 * 3 + 1) * 8, "there is one bias for the whole filter, not one for each map that comes in"),
        Mistake(3 * 3 * 16 + 1, "16 is how many filters there are; the depth of one comes from its input"),
        Mistake((3 * 3 * 8 + 1) * 16, "that is all sixteen filters; the question is about one"),
        Mistake(7 * 7 * 3 + 1, "that is a filter of the first module; height, width and depth are others here"),
        Mistake(7 * 7 * 8 + 1, "the depth is right; but filters of the second module are not as high and wide"),
        Mistake(3 * 3 * 3 * 8 + 1, "each of the maps is already summed over the colours; it has no colours any more"),
    ],
    otherwise="height × width × depth of the input, and the bias; what is the input of the second module?",
    hints=[
        "A filter is as deep as its input. The second module does not see the image: what does it see?",
        "The first module has eight filters, and each gives one map. Count a slice of 3×3 for each, and one bias.",
    ],
    code="answer_1 = 3 * 3 * 8 + 1",
    why="Eight filters in the first module give eight maps, so a filter of the second module has eight slices of 3×3, "
    "and one bias. Check: `inspection.filters(model, 'module2_conv').shape`.",
)


def _corner(row: int = 0, column: int = 31, number: int = 2, biases: int = 1, flip: int = 1) -> Fact:
    """The value of a filter at a place of the map, as the notebook computes it, or as somebody might."""

    def value(padded: Any, kernel: Any, bias: Any) -> float:
        tile = padded[row : row + 7, column : column + 7]
        return float((tile * kernel[::flip, ::flip, :, number]).sum() + biases * bias[number])

    return value


def _from_whole_numbers(padded: Any, kernel: Any, bias: Any) -> float:
    return _corner()(255 * padded, kernel, bias)


def _from_red(padded: Any, kernel: Any, bias: Any) -> float:
    return _corner()(padded * [1, 0, 0], kernel, bias)


exercise_2 = Exercise(
    name="06.exercise_2",
    asks="The value of filter 2 at row 0, column 31 of the map, before ReLU.",
    kind=Number(example="0.75"),
    needs=("padded", "kernel", "bias"),
    tolerance=2e-3,
    answer=_corner(),
    also=[lambda **facts: np.float32(_corner()(**facts)), lambda **facts: [np.round(_corner()(**facts), 4)]],
    mistakes=[
        Mistake(lambda **facts: 0, "that is what ReLU makes of a value below zero; before ReLU it is kept"),
        Mistake(_corner(0, 0), "that is the top left corner"),
        Mistake(_corner(31, 0), "that is the bottom left corner: rows and columns are swapped; the row comes first"),
        Mistake(_corner(31, 31), "that is the bottom right corner"),
        Mistake(_corner(biases=0), "the bias is missing"),
        Mistake(_corner(biases=3), "the bias is added three times; it is added once, not once for each channel"),
        Mistake(_corner(3, 28), "that tile lies wholly inside; at the corner the border of zeros is under it, too"),
        Mistake(_corner(0, 25), "the tile *ends* at column 32 of `padded`; where does the one of column 31 begin?"),
        Mistake(_corner(flip=-1), "the filter is laid on the tile as it is, not flipped"),
        Mistake(_corner(number=1), "that is filter 1; counting begins at 0, and filter 2 has number 2"),
        Mistake(_from_red, "that is the red channel only; all three are summed"),
        Mistake(_from_whole_numbers, "these are pixels up to 255; the network divides them first, as in `padded`"),
    ],
    otherwise="take the tile from `padded`, multiply by `kernel[..., 2]`, sum over everything, add `bias[2]`",
    hints=[
        "In `padded` the tile of row r, column c of the map begins at row r, column c. How large is it?",
        "`row, column = 0, 31`, then the three lines above that gave `tile`, `products` and `value`.",
    ],
    code="answer_2 = (padded[0:7, 31:38] * kernel[..., 2]).sum() + bias[2]",
    why="The tile begins at row 0, column 31 of the padded image. Its first three rows and its last three columns are "
    "zeros of the border, so only 4×4 pixels count.",
)

exercise_3 = Exercise(
    name="06.exercise_3",
    asks="How many pixels wide is the receptive field of one value of module3_relu?",
    kind=Number(whole=True, example="12"),
    answer=22,
    also=[22.0, np.int64(22), [22]],
    mistakes=[
        Mistake(3, "that is 3 fields of the pooled map before it; how many pixels are behind them?"),
        Mistake(7, "that is a value of the first module; through the maps between, a deeper one sees further"),
        Mistake(13, "7 + 3 + 3; but after a pooling, a step on the map is two pixels, after two it is four"),
        Mistake(11, "each step on a map is taken for one pixel; after each pooling it is twice as many"),
        Mistake(12, "three fields of four pixels each: so far the poolings; but the filters before it reach further"),
        Mistake(19, "almost: a pooling looks at two fields side by side, so it sees further, too"),
        Mistake(21, "almost: one of the two poolings is missing; it looks at two fields side by side"),
        Mistake(18, "the filter of the second module is missing: it reaches one field further on each side"),
        Mistake(14, "the filter of the last module is missing: its three fields lie on a map that was halved twice"),
        Mistake(16, "the filter of the first module is missing: it reaches three pixels further on each side"),
        Mistake(25, "a 3×3 filter reaches one further on each side: that adds two fields, not three"),
        Mistake(26, "that is one value after the last pooling; the question is about the one before it"),
        Mistake(32, "that is the whole image; the frames in the picture are smaller"),
    ],
    otherwise="go back from one value, layer by layer: how many fields wide is it before each layer?",
    hints=[
        "One value of module 3 depends on 3 fields of the map before it. Each was pooled from 2 that stand side by "
        "side. How many of the map before the pooling is that?",
        "Going back through a 3×3 filter adds 2, through a 7×7 filter 6, and through a pooling it doubles.",
    ],
    code="fields = 1 + 2\nfields = 2 * fields + 2\nanswer_3 = 2 * fields + 6",
    why="One value depends on 3 fields, pooled from 6. The 3×3 filter of module 2 makes that 8, pooled from 16. The "
    "7×7 filter reaches three further on each side.",
)


def _without(choose: Callable[[Any], list[int]]) -> Fact:
    """What is lost without the filters that choose gives."""
    return lambda lost, whole, without: whole.accuracy - without(choose(lost)).accuracy


_both = _without(lambda lost: np.argsort(-lost)[:2].tolist())
exercise_4 = Exercise(
    name="06.exercise_4",
    asks="How much accuracy is lost, as a share, without the two filters that cost most, taken out together?",
    kind=Number(example="0.25"),
    needs=("lost", "whole", "without"),
    tolerance=0.01,
    answer=_both,
    also=[lambda **facts: np.float32(_both(**facts)), lambda **facts: [round(_both(**facts), 3)]],
    mistakes=[
        Mistake(
            lambda lost, **facts: np.sort(lost)[-2:].sum(),
            "that is the sum of the two single losses; take both out at once and measure",
        ),
        Mistake(lambda **facts: -_both(**facts), "the sign is turned round: how much is lost?"),
        Mistake(
            lambda whole, **facts: whole.accuracy - _both(whole=whole, **facts),
            "that is the accuracy that is left; how much is lost?",
        ),
        Mistake(lambda **facts: 100 * _both(**facts), "these are percentage points; give a share"),
        Mistake(
            _without(lambda lost: np.argsort(lost)[:2].tolist()),
            "these are the two that cost least; `np.argsort` begins with the smallest",
        ),
        Mistake(lambda lost, **facts: lost.max(), "that is the one that costs most, alone; take out two"),
        Mistake(_without(lambda lost: [0, 1]), "these are filters 0 and 1; which two cost most?"),
    ],
    otherwise="`whole.accuracy` minus the accuracy of `without` both",
    hints=[
        "`np.argsort(-lost)` gives the numbers of the filters, those that cost most first.",
        "`without([3, 5]).accuracy` is what is left without filters 3 and 5. Compare it with `whole.accuracy`.",
    ],
    code="first, second = np.argsort(-lost)[:2].tolist()\n"
    "answer_4 = whole.accuracy - without([first, second]).accuracy",
    why="Compare it with `lost[first] + lost[second]`: it need not be the sum. Two filters can stand in for each "
    "other: then both out costs more. Or the same images need both: then it costs less.",
)


def _most(alone: Any, order: Any, left_without: Any, dataset: Any) -> int:
    def loss(count: int) -> float:
        return float(alone.accuracy - left_without(dataset.validation, order[:count]))

    return next(count for count in range(len(order)) if loss(count + 1) > 0.02)


exercise_5 = Exercise(
    name="06.exercise_5",
    asks="How many filters of order can go, from the front, before more than 2 of 100 validation images are lost?",
    kind=Number(whole=True, example="1"),
    needs=("alone", "order", "left_without", "dataset"),
    answer=_most,
    also=[lambda **facts: float(_most(**facts)), lambda **facts: [_most(**facts)]],
    mistakes=[
        Mistake(
            lambda alone, **facts: (alone.lost <= 0.02).sum(),
            "that counts those that cost little alone; switch them off together",
        ),
        Mistake(
            lambda alone, **facts: (alone.lost <= 0).sum(),
            "that counts those that cost nothing alone; switch them off together",
        ),
        Mistake(lambda **facts: _most(**facts) + 1, "with that many the limit is passed; the number before it counts"),
        Mistake(lambda **facts: 32 - _most(**facts), "that is how many stay; how many can go?"),
    ],
    otherwise="compare `alone.accuracy` with `left_without(dataset.validation, …)` for ever more filters; the first "
    "loss above 0.02 counts",
    hints=[
        "`left_without(dataset.validation, order[:5])` is the accuracy that is left without the first five.",
        "Make a list of the losses for 1, 2, 3, … filters. Where is the first that is above 0.02? "
        "How many filters were switched off just before?",
    ],
    code="losses = [alone.accuracy - left_without(dataset.validation, order[:count]) for count in range(1, 33)]\n"
    "answer_5 = int(np.argmax(np.array(losses) > 0.02))",
    why="`np.argmax` finds the first loss above the limit. The list begins with one filter, so the place of the first "
    "that is too many is the number of those that may go. Each of them costs little alone; the sum of that is much.",
)


def _silent(rule: Callable[[np.ndarray], Any]) -> Fact:
    """Of a table that says for each image (row) and filter (column) whether the whole map is zero."""
    return lambda deep_maps: rule(np.asarray(deep_maps).max(axis=(1, 2)) == 0)


_each_time = _silent(lambda silent: silent.sum(axis=1).mean())
exercise_6 = Exercise(
    name="06.exercise_6",
    asks="How many of the 32 filters of module3_relu are silent for one test image, on average?",
    kind=Number(example="2.5"),
    needs=("deep_maps",),
    tolerance=0.01,
    answer=_each_time,
    also=[lambda **facts: np.float32(_each_time(**facts)), lambda **facts: [round(float(_each_time(**facts)), 2)]],
    mistakes=[
        Mistake(_silent(lambda silent: silent.mean()), "that is the share of them; how many of 32 are it?"),
        Mistake(_silent(lambda silent: (~silent).sum(axis=1).mean()), "those fire; how many do not?"),
        Mistake(_silent(lambda silent: silent.sum()), "that is the sum over all images; divide by their number"),
        Mistake(
            _silent(lambda silent: silent.sum(axis=0).mean()),
            "axes exchanged: that is for how many images a filter is silent, on average over the filters",
        ),
        Mistake(
            lambda deep_maps: (np.asarray(deep_maps) == 0).sum(axis=(1, 2, 3)).mean(),
            "that counts single values; a filter is silent if its whole map is zero",
        ),
        Mistake(
            lambda deep_maps: (np.asarray(deep_maps) == 0).any(axis=(1, 2)).sum(axis=1).mean(),
            "those have a zero somewhere; a filter is silent if its whole map is zero",
        ),
        Mistake(lambda deep_maps: (np.asarray(deep_maps) == 0).mean(), "a share of single values; count whole maps"),
        Mistake(_silent(lambda silent: silent[0].sum()), "that is the first image only; average over all"),
        Mistake(
            _silent(lambda silent: silent.all(axis=0).sum()),
            "those are silent for every image; count for each image, then take the mean",
        ),
    ],
    otherwise="for each image, the number of filters whose highest value is 0; then the mean over the images",
    hints=[
        "After ReLU nothing is below 0. So a map is all zero if its highest value is 0: `deep_maps.max(axis=(1, 2))`.",
        "That has a row for each image and a column for each filter. Sum over one, take the mean over the other.",
    ],
    code="silent = deep_maps.max(axis=(1, 2)) == 0\nanswer_6 = silent.sum(axis=1).mean()",
    why="The highest value of a map tells whether the filter fires at all. So it is quite normal that a part of the "
    "filters has nothing to say about an image. Silent for *every* image is another thing.",
)

_CLASSES = "faces people animals_&_nature food_&_drink travel_&_places objects symbols flags"


def _class(rule: Callable[[np.ndarray, np.ndarray], Any]) -> Fact:
    """The name of a class, found from the share of its images beside their own class and its share of all images."""

    def name(own: Any, dataset: Any) -> str:
        of = [dataset.test.labels == label for label in range(len(dataset.class_names))]
        beside, of_all = [own[members].mean() for members in of], [members.mean() for members in of]
        return str(dataset.class_names[int(rule(np.array(beside), np.array(of_all)))])

    return name


_mixed = _class(lambda beside, of_all: np.argmin(beside / of_all))
exercise_7 = Exercise(
    name="06.exercise_7",
    asks="Which class has the lowest quotient of the share beside its own class and the share of all images?",
    kind=Word(tuple(each.replace("_", " ") for each in _CLASSES.split())),
    needs=("own", "dataset"),
    answer=_mixed,
    also=[lambda **facts: _mixed(**facts).upper(), lambda **facts: _mixed(**facts).replace(" ", "_")],
    mistakes=[
        Mistake(
            _class(lambda beside, of_all: np.argmax(beside / of_all)),
            "that one has the highest quotient: its images keep to themselves most",
        ),
        Mistake(
            _class(lambda beside, of_all: np.argmin(beside)),
            "that is the lowest share; now divide by the class's share of all images",
        ),
        Mistake(
            _class(lambda beside, of_all: np.argmax(beside)),
            "that is the highest share; the question is about the lowest quotient",
        ),
    ],
    otherwise="for each class, the mean of `own` over its images, divided by its share of the images",
    hints=[
        "`members = dataset.test.labels == 0` marks the images of class 0; `own[members].mean()` is their share.",
        "Divide that by `members.mean()`, for each of the eight classes. `np.argmin` gives the number of the lowest.",
    ],
    code="of = [dataset.test.labels == label for label in range(8)]\n"
    "quotient = [own[members].mean() / members.mean() for members in of]\n"
    "answer_7 = dataset.class_names[int(np.argmin(quotient))]",
    why="A quotient of 1 is what chance gives. A large class has many neighbours of its own in any case; only the "
    "quotient says whether the network has brought its images together.",
)

question_1 = Question(
    name="06.question_1",
    asks="The picture of a filter after training looks like confetti. Has the filter learned nothing?",
    choices=[
        Choice(
            "So it is: a filter that has learned something shows lines, edges or spots.",
            "It may show them only in what was added to the random start. Subtract the start first.",
        ),
        Choice(
            "One cannot tell from that picture.",
            "The random start still shows. Subtract it, and look at what training added.",
            right=True,
        ),
        Choice(
            "It has learned, since otherwise the network would not be better than chance.",
            "The other filters and the layers behind them may do the work; about this filter that says nothing.",
        ),
    ],
)
question_2 = Question(
    name="06.question_2",
    asks="Why can the filters of the second layer not be drawn in colour, like those of the first?",
    choices=[
        Choice(
            "They have eight slices, not three.",
            "A filter is as deep as its input: one slice for each map of the first layer, and these have no colour.",
            right=True,
        ),
        Choice(
            "They are 3×3, which is too small to see anything in them.",
            "A small picture is still a picture. What is missing is the meaning of the slices.",
        ),
        Choice(
            "Their weights can be negative, and there are no negative colours.",
            "So can those of the first layer; there, grey stood for zero.",
        ),
    ],
)
question_3 = Question(
    name="06.question_3",
    asks="Filter 5 answers strongly to red areas. Does the network need it to recognise tomatoes?",
    choices=[
        Choice(
            "Yes: tomatoes are red, and this is the filter for red.",
            "What excites a filter is one thing, what is lost without it is another. Others may answer to red as well.",
        ),
        Choice(
            "No: the first layer only finds colours and edges, and what matters is decided later.",
            "What is decided later is decided from what the first layer has found. Without it, much can be lost.",
        ),
        Choice(
            "Take it out and measure; excitement alone does not say.",
            "Perhaps another filter answers to red, or no later layer makes use of this one.",
            right=True,
        ),
    ],
)
question_4 = Question(
    name="06.question_4",
    asks="You take out two filters, one at a time. Nothing is lost, either time. What if you take out both?",
    choices=[
        Choice("Nothing is lost: 0 + 0 = 0.", "Losses need not add up: either one may stand in for the other."),
        Choice(
            "Something is lost in any case, for every filter does a part of the work.",
            "Some do none: a silent filter can go, and two of them can go as well.",
        ),
        Choice(
            "It depends, and only a measurement tells.",
            "If each is enough without the other, one of them must stay. If both are silent, both can go.",
            right=True,
        ),
    ],
)
question_5 = Question(
    name="06.question_5",
    asks="Of 32 filters, 20 can each be switched off without loss, one by one. What follows for the task?",
    choices=[
        Choice(
            "That it needs 12 filters.",
            "Together the 20 may well be missed, and a network trained with fewer shares the work out anew.",
        ),
        Choice(
            "Little: train with fewer, and measure.",
            "Switching off tells what this network relies on. What the task needs takes a training for each number.",
            right=True,
        ),
        Choice(
            "That it needs 20 filters at most.",
            "The 20 are those that were not missed one by one; nothing says how many are enough.",
        ),
        Choice(
            "That 32 were too few, since so many have learned nothing useful.",
            "Not missed is not the same as useless: several may do the same work, and stand in for each other.",
        ),
    ],
)
progress = progress_of(__name__)
