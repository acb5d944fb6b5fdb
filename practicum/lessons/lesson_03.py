"""Exercises of notebook 03: data."""

import numpy as np

from practicum.answers import Array, Number
from practicum.exercises import Choice, Exercise, Mistake, Question, progress_of

_MOST, _FEWEST, _ALL = 450, 180, 2530  # training images of the most common class, of the rarest, of all
exercise_1 = Exercise(
    name="03.exercise_1",
    asks="How many times must a rare image be shown for each time that a common one is, so that both classes are seen "
    "as often?",
    kind=Number(example="1.8"),
    answer=_MOST / _FEWEST,
    also=[np.float32(_MOST / _FEWEST), [_MOST / _FEWEST], np.int64(_MOST) / np.int64(_FEWEST)],
    mistakes=[
        Mistake(_FEWEST / _MOST, "the other way round: the rare ones are to be shown more often, not less"),
        Mistake(_MOST - _FEWEST, "that is how many more there are; the question is how many times as many"),
        Mistake(
            (_MOST - _FEWEST) / _FEWEST, "that is how many times more often, not counting the once it is shown anyway"
        ),
        Mistake(_MOST, "that is how many images the common class has; the rare class has some, too"),
        Mistake(
            _ALL / _FEWEST, "that compares the rarest class with all images; compare it with the most common class"
        ),
        Mistake(_ALL / 8 / _FEWEST, "that brings it to the average of the classes, not to the most common one"),
        Mistake(130 / 34, "these are the test images; a network is shown those of the training split"),
        Mistake(130 / 42, "these are the test images; a network is shown those of the training split"),
        Mistake(120 / 40, "these are the validation images; a network is shown those of the training split"),
        Mistake(_MOST / 182, "close, but `faces` is not the rarest class: another one has two images fewer"),
        Mistake(1, "then the rare class would be seen less often, because it has fewer images"),
    ],
    otherwise="`per_class` has the number of training images of each class; take the largest and the smallest",
    hints=[
        "If the rarest class had half as many images as the most common one, how often would each be shown?",
        "How many times does the smallest number in `per_class` fit into the largest?",
    ],
    code="per_class = np.array([182, 450, 282, 180, 204, 420, 424, 388])\nanswer_1 = per_class.max() / per_class.min()",
    why="Each of the few images would be shown many times over. That is one way to deal with rare classes. Another is "
    "to let mistakes on them count for more. Neither makes new images: what the rare class lacks is variety, and that "
    "only comes with more photos.",
    tolerance=5e-3,
)

exercise_2 = Exercise(
    name="03.exercise_2",
    asks="How many of 800 photos does the network learn from, with 15 % set aside for test and 10 % for validation?",
    kind=Number(example="450", whole=True),
    answer=600,
    also=[600.0, np.int64(600), [600]],
    mistakes=[
        Mistake(300, "that is one class; the network learns from both"),
        Mistake(612, "10 % of all photos are set aside for validation, not 10 % of those that the test has left"),
        Mistake(200, "that is how many are set aside"),
        Mistake(
            680, "the test photos are taken away, but not those for validation; nothing is learned from them either"
        ),
        Mistake(720, "the validation photos are taken away, but not those for the test"),
        Mistake(775, "15 and 10 are percent, not numbers of photos"),
        Mistake(800, "nothing is learned from photos that are set aside"),
        Mistake(788, "15 % and 10 % are added, not multiplied: they are two different heaps"),
        Mistake(700, "only a part is taken away: 15 % and 10 % are set aside of both classes"),
    ],
    otherwise="begin with the number of all photos, and take away what is set aside",
    hints=[
        "How many photos are there in all? How many of them are 15 %, how many are 10 %?",
        "Both shares are taken of all photos. What is left are 100 % less 15 % less 10 %.",
    ],
    code="photos = 400 + 400\nanswer_2 = photos - photos * 15 // 100 - photos * 10 // 100",
    why="800 photos, less 120 (15 %) and 80 (10 %).",
)

_SPLIT = {
    "length": "one value for each drawing is expected, in their order: True where it is to be in the test",
    "none": "no drawing is chosen. If the groups are the classes, a class cannot be cut; which thing must stay whole?",
    "leak": "some emoji stand on both sides. Names and codes differ between twins of another skin or time; what do all "
    "drawings of one emoji have in common?",
    "artist": "every emoji stands on both sides: one artist's drawing here, the other's there",
    "swapped": "no emoji is on both sides, but more than half of the drawings are in the test: have True and False "
    "changed places, or is the share too large?",
    "share": "no emoji is on both sides, but the test does not hold about 15 % of the drawings",
    "class": "no emoji is on both sides, and the share is right, but a class is missing from the test",
}


def _bases(rows: list[dict[str, str]]) -> np.ndarray:
    return np.array([row["base"] for row in rows])


def _judge_split(chosen: np.ndarray, rows: list[dict[str, str]]) -> str | None:
    base, classes = _bases(rows), np.array([row["class"] for row in rows])
    if len(chosen) != len(rows):
        return _SPLIT["length"]
    if not chosen.any():
        return _SPLIT["none"]
    here, there = set(base[chosen].tolist()), set(base[~chosen].tolist())
    if here == there:
        return _SPLIT["artist"]
    if here & there:
        return _SPLIT["leak"]
    share = chosen.mean()
    if share > 0.5:
        return _SPLIT["swapped"]
    if not 0.13 < share < 0.17:
        return _SPLIT["share"]
    return None if set(classes[chosen].tolist()) == set(classes.tolist()) else _SPLIT["class"]


def _by_hand(rows: list[dict[str, str]]) -> np.ndarray:
    """Each class for itself: the first emoji of it, until 15 % of its drawings are chosen."""
    base, classes = _bases(rows), np.array([row["class"] for row in rows])
    chosen = np.zeros(len(rows), bool)
    for each in np.unique(classes):
        for emoji in np.unique(base[classes == each]):
            if chosen[classes == each].mean() < 0.14:
                chosen |= base == emoji
    return chosen


exercise_3 = Exercise(
    name="03.exercise_3",
    asks="About 15 % of the drawings for a test, so that no emoji stands on both sides.",
    kind=Array((None,), example="split_images(labels, range(len(labels)), 0.15, seed=0)", yes_no=True),
    needs=("rows",),
    answer=_by_hand,
    judge=_judge_split,
    also=[lambda rows: _by_hand(rows).tolist()],
    mistakes=[
        Mistake(lambda rows: np.arange(len(rows)) % 7 == 0, _SPLIT["leak"]),
        Mistake(lambda rows: np.array([row["artist"] == "google" for row in rows]), _SPLIT["artist"]),
        Mistake(lambda rows: np.zeros(len(rows), bool), _SPLIT["none"]),
        Mistake(lambda rows: ~_by_hand(rows), _SPLIT["swapped"]),
        Mistake(lambda rows: _bases(rows) == rows[0]["base"], _SPLIT["share"]),
        Mistake(lambda rows: np.array([row["class"] == rows[0]["class"] for row in rows]), _SPLIT["class"]),
        Mistake(lambda rows: _by_hand(rows)[1:], _SPLIT["length"]),
    ],
    otherwise="",
    hints=[
        "What is it that must not stand on both sides? Which array tells for each drawing which one it is?",
        "Call `split_images` as above, with `labels` and 0.15, and as groups the array that says which emoji is drawn.",
    ],
    code="from practicum.dataset import split_images\n\n"
    'classes = np.array([row["class"] for row in rows])\n'
    'base = np.array([row["base"] for row in rows])\n'
    "answer_3 = split_images(classes, base, 0.15, seed=0)",
    why="The groups are the emoji: with the arrays of this section, `split_images(labels, base, 0.15, seed=0)`. For "
    "photos of animals they would be the animals, for X-rays the patients.",
)

exercise_4 = Exercise(
    name="03.exercise_4",
    asks="How many of the 29 files can be used as images?",
    kind=Number(example="10", whole=True),
    answer=23,
    also=[23.0, np.int64(23), [23]],
    mistakes=[
        Mistake(20, "these are the good ones. Do none of the accidents leave a picture that can be read?"),
        Mistake(21, "one accident leaves a picture, you say; there are more: look at `13.png`, `14.jpg` and `15.jpg`"),
        Mistake(
            22, "one is missing. A wrong ending, a smaller size, or lying on its side: is that a reason not to use it?"
        ),
        Mistake(24, "one too many. Is the file that broke off a picture? It opens, but its lower part is not there"),
        Mistake(25, "two too many. A name that ends in .jpg does not make a picture: what is in the file?"),
        Mistake(
            26, "a name that ends in .jpg does not make a picture: `10.jpg`, `11.jpg` and `12.jpg` hold something else"
        ),
        Mistake(27, "you have sorted out by the names only; look at what was written into the files"),
        Mistake(29, "these are all files; several of them hold no picture"),
        Mistake(6, "that is how many have to be left out"),
        Mistake(9, "these are only the accidents; the photos that went well count, too"),
        Mistake(3, "these are only the accidents that can be used; the photos that went well count, too"),
    ],
    otherwise="there are twenty good photos and nine accidents: go through the accidents one by one",
    hints=[
        "Twenty files are good. For each of the nine others ask: does it hold a whole picture, whatever its name?",
        "No picture: what is empty, cut short, text, or notes of a computer. A copy, a smaller picture and one on its "
        "side are pictures.",
    ],
    code="good, copy, smaller, on_its_side = 20, 1, 1, 1\nanswer_4 = good + copy + smaller + on_its_side",
    why="The empty file, the one that was cut short, the web page, the notes of Windows and macOS and the text are no "
    "images. The JPEG that is called .png is one, and so are the smaller copy and the photo on its side.",
)

_BYTES = 10_000 * 96 * 96 * 3
exercise_5 = Exercise(
    name="03.exercise_5",
    asks="Megabytes for 10,000 colour photos of 96×96, one byte for each number.",
    kind=Number(example="50"),
    answer=_BYTES / 1e6,
    also=[276, 276.5, np.float32(_BYTES / 1e6)],
    mistakes=[
        Mistake(_BYTES / 3e6, "how many numbers has a pixel in colour?"),
        Mistake(_BYTES / 1e6 * 4, "one byte for each number is enough for 0 to 255, not four"),
        Mistake(_BYTES / 1e6 * 8, "that is in bits; a byte has eight of them"),
        Mistake(_BYTES, "that is in bytes; a megabyte is a million of them"),
        Mistake(_BYTES / 1e3, "that is in thousands of bytes; a megabyte is a million"),
        Mistake(_BYTES / 1e9, "that is in gigabytes; a megabyte is a million bytes"),
        Mistake(96 * 96 * 3 / 1e6, "that is one photo; there are 10,000"),
        Mistake(_BYTES / 2**20, "that counts 1,024 × 1,024 bytes as a megabyte; here it is a million"),
        Mistake(10_000 * 96 * 3 / 1e6, "that is a single row of pixels of each photo"),
    ],
    otherwise="height × width × channels × photos, in millions",
    hints=[
        "How many numbers is one photo made of? You have counted such a thing in notebook 00.",
        "Multiply by 10,000 photos, and divide by a million.",
    ],
    code="answer_5 = 10_000 * 96 * 96 * 3 / 1e6",
    why="96 × 96 × 3 numbers are 27,648 bytes a photo. JPEG files are several times smaller, but have to be "
    "unpacked each time.",
    tolerance=4e-3,
)

question_1 = Question(
    name="03.question_1",
    asks="A colleague reports 99 % on test photos of skin. Each patient has about ten photos in the dataset, and the "
    "photos were split at random. What is to be done?",
    choices=[
        Choice(
            "Nothing: a random split is the fair one, and no photo stands in both splits.",
            "No photo does, but nearly every patient does. The network may have learned to recognise patients.",
        ),
        Choice(
            "Split by patient, train again, and measure again.",
            "Then the test asks what the network says of "
            "people it has never seen, and that is what it will be used for.",
            right=True,
        ),
        Choice(
            "Take a larger test split, so that the number becomes more certain.",
            "It would be a more certain answer to the wrong question: the same patients would still be on both sides.",
        ),
        Choice(
            "Train for fewer epochs, because 99 % shows that it has learned too long.",
            "The number is not too high because of the training but because of the split.",
        ),
    ],
)
question_2 = Question(
    name="03.question_2",
    asks="You train with five learning rates, measure each network on the test split, and report the best of the five "
    "numbers. What is wrong with it?",
    choices=[
        Choice(
            "Nothing, as long as the network has not been trained on the test images.",
            "It has not learned from them, but you have: they had a say in what was chosen.",
        ),
        Choice(
            "Five are too few; with fifty the best would be closer to the truth.",
            "The more you try, the more luck there is in the best of them.",
        ),
        Choice(
            "It is a little too good: the test split was used as a validation split.",
            "The network is the one that suited these images best, and partly by luck. There is no honest number left. "
            "Choose by the validation split.",
            right=True,
        ),
        Choice(
            "The mean of the five should be reported.",
            "Nobody will use the mean of five networks. What is missing are images that had no say in the choice.",
        ),
    ],
)
question_3 = Question(
    name="03.question_3",
    asks="95 % of the photos in a dataset show no defect. A network is right for 95 % of the test photos. Is it good?",
    choices=[
        Choice(
            "That cannot be said: it may have found no defect at all.",
            'Always saying "no defect" is right as often. Look at the accuracy of each class.',
            right=True,
        ),
        Choice(
            "Yes: only 5 % of its answers are wrong.",
            "These 5 % may be all of the defects, and they are what the network is for.",
        ),
        Choice(
            "No: it is right for 95 of 100 photos of each class, so it misses five defects of 100.",
            "The number is over all photos together. It says nothing about each class.",
        ),
    ],
)
question_4 = Question(
    name="03.question_4",
    asks="A photo opens in your picture viewer, and the audit says that it is cut short and leaves it out. What is "
    "right?",
    choices=[
        Choice(
            "The audit is mistaken: what can be looked at can be used.",
            "Viewers show what there is of a picture, and fill the rest with grey.",
        ),
        Choice(
            "The viewer has repaired the file, so it should be saved there and used.",
            "What never arrived cannot be brought back. The saved file would hold the grey part for good.",
        ),
        Choice(
            "The ending of its name is wrong; give it the right one.",
            "The ending does not matter to the audit: it looks at what is in the file.",
        ),
        Choice(
            "Both: its upper part can be seen, and the rest is missing.",
            "A network would learn that a grey lower half belongs to the class.",
            right=True,
        ),
    ],
)
progress = progress_of(__name__)
