"""Exercises of notebook 04: build a CNN."""

import numpy as np

from practicum.answers import Array, Letters, Number
from practicum.exercises import Choice, Exercise, Mistake, Question, progress_of

exercise_1 = Exercise(
    name="04.exercise_1",
    asks="A convolution of 16 filters of 5×5 has 12,816 parameters. How many feature maps does its input have?",
    kind=Number(example="3"),
    answer=32,
    also=[32.0, np.int64(32), [32], (12_816 / 16 - 1) / 25],
    mistakes=[
        Mistake(12_816 / 16 / 25, "not a whole number: each filter also has a bias, which belongs to no map"),
        Mistake(12_816 / 16 / 26, "one bias for each map is one too many: a filter has a single bias in all"),
        Mistake((12_816 - 1) / 16 / 25, "one bias is taken off; but how many biases do 16 filters have?"),
        Mistake(12_816 / 25, "that leaves out that there are 16 filters"),
        Mistake((12_816 - 16) / 25, "the biases are right; what is left is shared among 16 filters"),
        Mistake(12_816 / 16, "those are the parameters of one filter, with its bias; over how many maps is it spread?"),
        Mistake(800, "those are the weights of one filter; how many of them does it have for each map?"),
        Mistake(800 / 5, "a filter of 5×5 has more than five weights for each map"),
        Mistake(16, "that is the number of filters: how many maps come out, not how many go in"),
        Mistake(3, "three channels would give far fewer parameters; this input is no colour picture"),
    ],
    otherwise="go backwards: from all parameters to one filter, then without its bias, then to one map",
    hints=[
        "How many parameters has one of the 16 filters? One of them is its bias.",
        "What is left are 5×5 weights for each map of the input. How many times do 25 weights fit in?",
    ],
    code="one_filter = 12_816 / 16\nanswer_1 = (one_filter - 1) / (5 * 5)",
    why="One filter has 12,816 / 16 = 801 parameters. One of them is its bias. The other 800 are 25 for each map.",
)

exercise_2 = Exercise(
    name="04.exercise_2",
    asks="Two modules, each with 5×5 filters and 2×2 pooling: how many pixels wide is the receptive field of a value "
    "of the second convolution?",
    kind=Number(example="7", whole=True),
    answer=14,
    also=[14.0, np.int32(14), [14], 1 + 4 + 1 + 4 * 2],
    mistakes=[
        Mistake(16, "that is after the second pooling; the question is about the convolution before it"),
        Mistake(10, "after the pooling, neighbours are two pixels apart, so the tile reaches twice as far"),
        Mistake(13, "the pooling doubles the step, and it also sees a little further itself"),
        Mistake(9, "those are two convolutions without the pooling between them"),
        Mistake(8, "that is for 3×3 filters"),
        Mistake(6, "that is after the first module; one convolution is missing"),
        Mistake(5, "that is the first convolution"),
        Mistake(25, "5×5 are the weights of a filter; the question is how many pixels wide the field is"),
        Mistake(22, "the step is doubled once too often: it doubles with a pooling only"),
        Mistake(17, "each layer adds its size less one: a tile of 5 reaches 4 neighbours further"),
        Mistake(18, "the field begins with 1 pixel, and a tile of 5 reaches 4 neighbours further, not 5"),
    ],
    otherwise="begin with field 1 and step 1, and go from layer to layer: convolution, pooling, convolution",
    hints=[
        "Each layer adds (size − 1) × step. What is the field after the first convolution, with 5×5 filters?",
        "The pooling adds 1 and then doubles the step. How much does a tile 5 wide add at that step?",
    ],
    code="field, step = 1, 1\nfield += 4 * step\nfield += 1 * step\nstep = 2\nfield += 4 * step\nanswer_2 = field",
    why="1, then 5 (convolution), then 6 (pooling; the step is 2 from now on), then 4 × 2 more. Two modules of 5×5 see "
    "further than two of 3×3, and have more than twice as many weights.",
)

exercise_3 = Exercise(
    name="04.exercise_3",
    asks="Pictures of 64×64, three modules of 32, 64 and 128 filters of 3×3, padding `valid`, then `dense1` with 64 "
    "outputs. How many parameters has `dense1`?",
    kind=Number(example="65600", whole=True),
    answer=6 * 6 * 128 * 64 + 64,
    also=[np.int64(294_976), [294_976.0], (6 * 6 * 128 + 1) * 64],
    mistakes=[
        Mistake(
            8 * 8 * 128 * 64 + 64, "that is with padding `same`; with `valid` each convolution takes off two pixels"
        ),
        Mistake(6 * 6 * 128 * 64, "each of the 64 outputs also has a bias"),
        Mistake(6 * 6 * 128, "that is what `flatten` hands over: the inputs of `dense1`, not its parameters"),
        Mistake(7 * 7 * 128 * 64 + 64, "the odd row and column are left over when pooling; they make no further tile"),
        Mistake(131_136, "that is for pictures of 32×32"),
        Mistake(2 * 2 * 128 * 64 + 64, "that is for pictures of 32×32 with `valid`"),
        Mistake(
            6 * 6 * 64 + 64, "after module 3 there are as many maps as it has filters, and all of them are flattened"
        ),
        Mistake(6 * 128 * 64 + 64, "a map has rows and columns: it is as high as it is wide"),
        Mistake(6 * 6 * 128 * 64 + 6 * 6 * 128, "there is one bias for each output, not for each input"),
        Mistake(6 * 6 * 128 + 64, "each of the 64 outputs has weights of its own for all inputs: that is a product"),
        Mistake(6 * 6 * 128 * 128 + 128, "`dense1` has 64 outputs; 128 is the number of maps"),
        Mistake(12 * 12 * 128 * 64 + 64, "the last pooling comes before `flatten`"),
    ],
    otherwise="find the height of the last maps first: 64, less 2, halved, less 2, halved, …",
    hints=[
        "Which sizes does a picture go through? Three times: two pixels off, then half, without what is left over.",
        "`flatten` hands over height × width × number of maps. Each output has one weight for each of them, and a "
        "bias.",
    ],
    code="n = 64\nfor _ in range(3):\n    n = (n - 2) // 2\nanswer_3 = n * n * 128 * 64 + 64",
    why="64, 62, 31, 29, 14, 12, 6: so `flatten` hands over 6 × 6 × 128 = 4,608 numbers. Each of the 64 outputs has a "
    "weight for each of them, and one bias.",
)

exercise_4 = Exercise(
    name="04.exercise_4",
    asks="Of two classes, the first is to get the probability 0.9 and the second 0.1. By how much must its score be "
    "higher?",
    kind=Number(example="1.5"),
    answer=float(np.log(9)),
    tolerance=5e-3,
    also=[2.2, 2.197, np.float32(np.log(9)), [np.log(0.9) - np.log(0.1)]],
    mistakes=[
        Mistake(
            9, "that is how many times as large the probability is; scores are powers of e before they are divided"
        ),
        Mistake(0.8, "that is the difference of the probabilities; softmax takes e to the power of the scores"),
        Mistake(np.log10(9), "that is the logarithm to base 10; softmax takes powers of e"),
        Mistake(np.log2(9), "that is the logarithm to base 2; softmax takes powers of e"),
        Mistake(
            np.log(10),
            "that makes one power ten times the other, so ten of eleven parts; how many times is 0.9 of 0.1?",
        ),
        Mistake(-np.log(9), "the right distance, but the first score is to be higher, not lower"),
        Mistake(
            np.log(0.9),
            "that is a score for 0.9 alone; the other class has a score, too, and only the difference counts",
        ),
        Mistake(np.exp(0.8), "probabilities are what comes out of the powers; they do not go in"),
        Mistake(np.exp(9), "the other way round: the difference of the scores is the power, and 9 is what comes out"),
    ],
    otherwise="try it: `softmax(np.array([x, 0.0]))` for some x, until the first probability is 0.9",
    hints=[
        "Let the second score be 0, so its power is 1. How large must the other power be, so that it is nine times "
        "that?",
        "e to the power of which number is 9? `np.log` answers that.",
    ],
    code="answer_4 = np.log(0.9 / 0.1)",
    why="The powers must be as 9 to 1, and the logarithm of 9 is 2.197. Whether the scores are 2.197 and 0, or 102.197 "
    "and 100, makes no difference.",
)

exercise_5 = Exercise(
    name="04.exercise_5",
    asks="Which layer's output holds the most numbers? How many are these for a batch of 64 pictures?",
    kind=Number(example="9216", whole=True),
    answer=32 * 32 * 32 * 64,
    also=[np.int64(2_097_152), 2_097_152.0, [2_097_152]],
    mistakes=[
        Mistake(32 * 32 * 32, "that is one picture; a batch has 64"),
        Mistake(
            16 * 16 * 64 * 64, "another layer's output holds twice as many: multiply the three numbers of each shape"
        ),
        Mistake(8 * 8 * 128 * 64, "the most maps, but small ones: multiply the three numbers of each shape"),
        Mistake(32 * 32 * 3 * 64, "that is the picture itself, with three channels; the maps of a layer are deeper"),
        Mistake(131_136 * 64, "those are parameters; and there is one set of them, however many pictures there are"),
        Mistake(131_136, "those are the parameters of the largest layer; the question is how many numbers come out"),
        Mistake(2048 * 64, "that is `flatten`; the maps before it are larger"),
        Mistake(896 * 64, "those are parameters; they are shared by all pictures of the batch"),
        Mistake(32 * 32 * 32 * 64 * 4, "numbers are asked for, not bytes"),
    ],
    otherwise="multiply the three numbers of each shape in the table, take the largest product, then times 64",
    hints=[
        "The column `output` has the shapes. Where are the maps still large?",
        "Height × width × depth of that shape, times the number of pictures.",
    ],
    code="answer_5 = 32 * 32 * 32 * 64",
    why="The output of `module1_conv` (and of its ReLU) holds 32,768 numbers for one picture. This is a third kind of "
    "cost: training keeps the outputs of all layers in memory, for every picture of the batch. So of the three "
    "convolutions the one with the fewest parameters needs the most memory for its output.",
)

exercise_6 = Exercise(
    name="04.exercise_6",
    asks="Which one change saves the most parameters: a, b, c or d?",
    kind=Letters("abcd", example='"a"'),
    answer="d",
    also=["D", ["d"], " d."],
    mistakes=[
        Mistake("a", "module 1 holds few parameters, and module 2 only loses the weights for 16 of its input maps"),
        Mistake("b", "that halves the largest layer and no other; does one of the changes save in two large layers?"),
        Mistake(
            "c", "that leaves a quarter of what `flatten` hands over, and no filter loses a weight; compare in numbers"
        ),
        Mistake("bc", "one change only: compute what each of the two saves, and look at the others, too"),
        Mistake("abcd", "one change only: how many parameters are left after each of the four?"),
    ],
    otherwise="one letter: the change after which the fewest parameters are left",
    hints=[
        "Which layers become smaller with each change? A layer is also smaller when fewer maps come in.",
        "Count with the rules of sections 2 and 5, or let `build_cnn(…).count_params()` count the four networks.",
    ],
    code='answer_6 = "d"',
    why="Half the filters in module 3 saves half of its own 73,856 parameters and, because `flatten` then hands over "
    "1,024 numbers, half of the weights of `dense1`: 102,464 in all. (c) saves 98,304, (b) 65,824, (a) 9,664. Whether "
    "a smaller network still does the job is another question; notebook 09 is about it.",
)

_SMALL = {
    "none": "each module needs at least one filter",
    "built": "that network cannot be built: after so many halvings nothing is left of 64 pixels",
    "last": "the last module is to have 128 filters or more",
    "dense": "too many parameters, and thinner modules do not help: what `flatten` hands over makes `dense1` too large",
    "filters": "too many parameters, and now they sit in the filters: look at the modules before the last one",
}


def _judge_small(filters: np.ndarray) -> str | None:
    if len(filters) == 0 or filters.min() < 1:
        return _SMALL["none"]
    if len(filters) > 6:
        return _SMALL["built"]
    if filters[-1] < 128:
        return _SMALL["last"]
    side = 64 // 2 ** len(filters)
    dense = (side * side * filters[-1] + 1) * 64 + 65 * 8
    depths = [3, *filters[:-1]]
    convolutions = sum((9 * depth + 1) * number for depth, number in zip(depths, filters, strict=True))
    if dense >= 100_000:
        return _SMALL["dense"]
    return None if dense + convolutions < 100_000 else _SMALL["filters"]


exercise_7 = Exercise(
    name="04.exercise_7",
    asks="Numbers of filters for pictures of 64×64: fewer than 100,000 parameters, at least 128 filters in the last "
    "module.",
    kind=Array((None,), example="(16, 32, 64)", whole=True),
    answer=(16, 16, 32, 32, 128),
    judge=_judge_small,
    also=[[8, 8, 8, 8, 8, 128], np.array([8, 16, 16, 32, 128]), (1, 1, 1, 1, 130.0)],
    mistakes=[
        Mistake((32, 64, 128), _SMALL["dense"]),
        Mistake((1, 1, 1, 128), _SMALL["dense"]),
        Mistake((8, 16, 32, 64, 128), _SMALL["filters"]),
        Mistake((8, 8, 16, 16, 16, 16, 128), _SMALL["built"]),
        Mistake((8, 16, 32), _SMALL["last"]),
        Mistake((0, 16, 128), _SMALL["none"]),
    ],
    otherwise="",
    hints=[
        "How many inputs has `dense1` if the last of three modules has 128 filters? How could there be fewer?",
        "Each further module halves height and width once more. Then see that the filters before the last are few.",
    ],
    code="answer_7 = (16, 16, 32, 32, 128)",
    why="A deeper network can be a smaller one: each further module quarters what `flatten` hands over. With five "
    "modules the last maps are 2×2, with six 1×1.",
)

question_1 = Question(
    name="04.question_1",
    asks="ReLU has no parameters. What is lost if you leave out all ReLU layers of a stack of convolutions?",
    choices=[
        Choice(
            "Nothing but a little time: what holds no parameters cannot have been learned.",
            "What is not learned can still matter. Without a bend, two convolutions in a row are no more than one.",
        ),
        Choice(
            "The stack can do no more than one convolution with a larger filter.",
            "Multiplying and adding, twice in a row, can be replaced by doing it once. ReLU is the bend (nonlinearity) "
            "that makes more layers worth having. (Max pooling bends a little, too, but that is not its task.)",
            right=True,
        ),
        Choice(
            "The maps no longer get smaller.", "That is the work of pooling; ReLU leaves height and width as they are."
        ),
        Choice("The scores are no longer probabilities.", "They become so in the softmax, at the very end."),
    ],
)
question_2 = Question(
    name="04.question_2",
    asks="The same network, for pictures twice as high and twice as wide. Which layers get more parameters?",
    choices=[
        Choice(
            "All: there are four times as many pixels.",
            "A filter is used at every place; its weights do not get more when there are more places.",
        ),
        Choice(
            "The convolutions, because their maps grow.",
            "The maps grow, and so does the work. The weights of a filter stay as they are.",
        ),
        Choice(
            "None: only the work grows.", "So it would be with global pooling. Here `flatten` hands over more numbers."
        ),
        Choice(
            "Only `dense1`.",
            "It has a weight for each number that `flatten` hands over, and these are four times as many. The "
            "convolutions have more work, but no more weights.",
            right=True,
        ),
    ],
)
question_3 = Question(
    name="04.question_3",
    asks="All scores of a picture are doubled: 1, 2, 3 become 2, 4, 6. What happens to the probabilities?",
    choices=[
        Choice(
            "The largest gets larger, and the smallest gets smaller.",
            "The differences have doubled, and differences are what counts. The order stays.",
            right=True,
        ),
        Choice(
            "They stay as they are, because the scores keep their proportions.",
            "Adding the same number to all scores changes nothing; multiplying changes the differences.",
        ),
        Choice("They double, too.", "Then they would add up to 2. Probabilities always add up to 1."),
    ],
)
question_4 = Question(
    name="04.question_4",
    asks="Somebody leaves out the pooling of module 1, and keeps everything else. What becomes of the cost?",
    choices=[
        Choice(
            "It falls by what the pooling has cost.",
            "The pooling costs hardly anything. What comes after it gets larger maps.",
        ),
        Choice(
            "It stays, because pooling has no parameters.",
            "Its effect is on the layers behind it: they get four times as many places.",
        ),
        Choice(
            "Modules 2 and 3 do four times the work, and `dense1` gets about four times the parameters.",
            "Their maps are twice as high and wide. That is what pooling saves.",
            right=True,
        ),
        Choice(
            "Modules 2 and 3 get four times the parameters, and the work stays.",
            "It is the other way round: filters keep their weights, and are used at more places.",
        ),
    ],
)
question_5 = Question(
    name="04.question_5",
    asks="A value of `module3_conv` sees 18×18 pixels of a 32×32 picture. A dog fills the whole picture. Can the "
    "network know it as a whole?",
    choices=[
        Choice("No: no value sees more than 18×18.", "That holds for `module3_conv`. The layers after it go on."),
        Choice(
            "Yes: `dense1` has weights for all places of the last maps.",
            "The maps report parts of the dog, each from its place; a fully connected layer sees them all together.",
            right=True,
        ),
        Choice(
            "Yes: softmax puts the parts together, because its probabilities add up to 1.",
            "Softmax only turns scores into probabilities. The parts are put together before it.",
        ),
    ],
)
progress = progress_of(__name__)
