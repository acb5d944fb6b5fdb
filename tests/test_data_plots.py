"""What the figures of data hold: the right pictures, bars and words, for any names, and clear errors."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from test_plots import drawn

from practicum import plots
from practicum.data_plots import _in_lines
from practicum.dataset import Dataset, Split


@pytest.fixture(autouse=True)
def _nothing_left_open():
    yield
    assert plt.get_fignums() == [], "a figure was left with pyplot: a notebook would show it twice"


HOSTILE = [
    ["$a_b$", "$\\frac{", "100 %"],
    ["a name that is far too long to stand beside a picture " * 4] * 3,
    ["猫", "犬", "🐭 \u202eesuom"],
    ["", " ", "\n"],
    ["x" * 80, "<b>&amp;", "\udcff"],
]


def pictures(count, shape=(4, 4, 3)):
    return (np.arange(count, dtype=np.uint8)[:, None, None, None] * np.ones((1, *shape))).astype(np.uint8)


def overlapping(figure):
    """Pairs of texts that overlap, and texts that leave the figure."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    boxes = [
        (text.get_text(), text.get_window_extent(renderer))
        for axes in figure.axes
        for text in axes.texts
        if text.get_text()
    ]
    pairs = [
        (one, other)
        for place, (one, box) in enumerate(boxes)
        for other, second in boxes[:place]
        if box.shrunk(0.98, 0.9).overlaps(second.shrunk(0.98, 0.9))
    ]
    width, height = figure.canvas.get_width_height()
    return pairs + [text for text, box in boxes if box.x0 < 0 or box.y0 < 0 or box.x1 > width or box.y1 > height]


# ---- examples


def test_examples_take_each_class_at_even_steps():
    shown, texts = drawn(plots.examples(pictures(20), np.arange(20) % 2, ("even", "odd"), per_class=3))
    assert [int(picture[0, 0, 0]) for picture in shown] == [0, 8, 18, 1, 9, 19]
    assert texts == ["even\n10 images", "odd\n10 images"]


def test_examples_of_a_small_class_leave_places_empty():
    figure = plots.examples(pictures(1), np.array([0]), ("a", "b"), title="Ours")
    shown, texts = drawn(figure)
    assert len(shown) == 1
    assert texts == ["Ours", "a\n1 image", "b\n0 images"]


def test_examples_of_more_classes_than_fit_are_announced():
    names = [f"class {number}" for number in range(200)]
    figure = plots.examples(pictures(200), np.arange(200), names)
    shown, texts = drawn(figure)
    assert [int(picture[0, 0, 0]) for picture in shown] == list(range(24))
    assert texts[0] == "The first 24 of 200 classes"
    assert drawn(plots.examples(pictures(3), np.arange(3), ["abc"] * 3, title="T", most=2))[1][0] == (
        "T (the first 2 of 3 classes)"
    )
    assert figure.get_size_inches()[1] < 25


def test_grey_examples():
    shown, _ = drawn(plots.examples(pictures(2, (4, 4, 1)), np.array([0, 1]), ("a", "b")))
    assert [picture.shape for picture in shown] == [(4, 4), (4, 4)]


# ---- counts


def bars(axes):
    return [patch.get_width() for patch in axes.patches]


def test_counts_are_bars_of_the_counts_with_shares():
    train, test = np.repeat([0, 1, 2], [6, 3, 1]), np.repeat([0, 1], [1, 1])
    figure = plots.class_counts({"train": train, "test": test}, ("a", "b", "c"))
    left, right = figure.axes
    assert bars(left) == [6, 3, 1]
    assert bars(right) == [1, 1, 0]
    assert [text.get_text() for text in left.texts] == ["6 (60.0%)", "3 (30.0%)", "1 (10.0%)"]
    assert [text.get_text() for text in right.texts] == ["1 (50.0%)", "1 (50.0%)", "none"]
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["train: 10 images", "test: 2 images"]
    assert [label.get_text() for label in left.get_yticklabels()] == ["a", "b", "c"]
    assert left.get_ylim()[0] > left.get_ylim()[1], "the first class is on top"
    assert left.get_xlabel() == "images"
    drawn(figure)


def test_equal_shares_are_equally_long_bars_in_every_split():
    figure = plots.class_counts({"train": np.repeat([0, 1], [80, 20]), "test": np.repeat([0, 1], [4, 1])}, ["a", "b"])
    lengths = [[width / axes.get_xlim()[1] for width in bars(axes)] for axes in figure.axes]
    assert lengths[0] == pytest.approx(lengths[1])
    assert [axes.get_lines()[0].get_xdata()[0] for axes in figure.axes] == [50, 2.5], "where equal classes would end"


def test_the_longest_bar_fills_half_of_its_panel_and_leaves_room_for_its_number():
    figure = plots.class_counts(
        {"train": np.repeat([0, 1, 2], [50, 30, 20]), "test": np.repeat([0, 1], [1, 1])}, ["a", "b", "c"]
    )
    longest = max(width / axes.get_xlim()[1] for axes in figure.axes for width in bars(axes))
    assert 0.5 < longest < 0.7


def test_a_class_without_images_is_told_by_word_and_colour():
    there, missing = plots.class_counts({"train": np.zeros(3, int)}, ("a", "b")).axes[0].texts
    assert missing.get_text() == "none"
    assert missing.get_color() != there.get_color()


def test_wide_letters_get_shorter_lines(monkeypatch):
    monkeypatch.setattr("practicum.paper._drawable", lambda character: character)  # as where a font has them
    assert _in_lines("猫" * 40, 15, 2).split("\n") == ["猫" * 7, "…" + "猫" * 6]
    assert [len(line) for line in _in_lines("c" * 40, 15, 2).split("\n")] == [15, 15]


def test_counts_of_a_dataset(tiny_dataset):
    figure = plots.class_counts(tiny_dataset)
    assert [bars(axes) for axes in figure.axes] == [[64, 64], [16, 16], [20, 20]]
    assert [axes.get_title(loc="left").split(":")[0] for axes in figure.axes] == ["train", "validation", "test"]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["left", "right"]


def test_of_many_classes_the_most_and_the_least_frequent_are_drawn():
    labels = np.repeat(np.arange(200), np.arange(1, 201))
    figure = plots.class_counts({"train": labels}, [f"class {number}" for number in range(200)], most=5)
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == ["class 199", "class 198", "class 197", "195 more: 3–197 images", "class 1", "class 0"]
    assert bars(figure.axes[0]) == [200, 199, 198, 2, 1]
    drawn(figure)
    assert plots.class_counts({"train": labels}, [f"{number}" for number in range(200)]).get_size_inches()[1] < 10


def test_a_rare_class_and_an_empty_split():
    figure = plots.class_counts({"train": np.repeat([0, 1], [50_000, 3]), "test": np.array([], int)}, ("dog", "cat"))
    texts = [[text.get_text() for text in axes.texts] for axes in figure.axes]
    assert texts == [["50,000 (100.0%)", "3 (<0.1%)"], ["none", "none"]]
    assert [len(axes.get_lines()) for axes in figure.axes] == [1, 0], "a share of nothing is not marked"
    drawn(figure)


@pytest.mark.parametrize("classes", [1, 2, 40, 200])
def test_numbers_beside_bars_do_not_overlap(classes):
    labels = np.repeat(np.arange(classes), np.arange(classes) % 50 + 1)
    splits = {"train": labels, "validation": labels[::3], "test": labels[::2]}
    assert overlapping(plots.class_counts(splits, [f"class {number}" for number in range(classes)])) == []


# ---- mean images


def test_mean_images_are_the_means_of_all_and_of_each_class():
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (50, 5, 5, 3)).astype(np.uint8)
    labels = random.integers(0, 3, 50)
    shown, texts = drawn(plots.mean_images(images, labels, ("a", "b", "c")))
    for picture, some in zip(shown, (images, *(images[labels == label] for label in range(3))), strict=True):
        assert np.abs(picture - some.mean(axis=0)).max() <= 0.5
    assert texts[0] == "Mean images"
    assert texts[1:3] == ["all classes\nmean of 50", f"a\nmean of {(labels == 0).sum()}"]


def test_the_mean_of_many_large_images_is_taken_in_portions(monkeypatch):
    images = np.zeros((300, 256, 256, 3), np.uint8)  # 59 million numbers, in portions of 34
    images[::2] = 255
    shown, _ = drawn(plots.mean_images(images, np.arange(300) % 2, ("light", "dark")))
    assert [int(picture[0, 0, 0]) for picture in shown] == [128, 255, 0]


def test_a_class_without_images_is_marked():
    shown, texts = drawn(plots.mean_images(pictures(2, (3, 3, 1)), np.array([0, 2]), ("a", "b", "c"), title="T"))
    assert "b\nno images" in texts
    assert shown[2].shape == (1, 1, 4)
    assert [int(shown[place][0, 0]) for place in (0, 1, 3)] == [0, 0, 1]


def test_mean_images_of_more_classes_than_fit():
    images, labels = pictures(200), np.arange(200)
    shown, texts = drawn(plots.mean_images(images, labels, [f"c{number}" for number in range(200)]))
    assert texts[0] == "Mean images (the first 63 of 200 classes)"
    assert [int(picture[0, 0, 0]) for picture in shown] == [100, *range(63)], "all classes are in the first"
    assert texts[1] == "all classes\nmean of 200"


# ---- duplicates


def test_duplicates_stand_side_by_side_with_names_and_splits():
    names = [f"cats/{number}.jpg" for number in range(6)]
    figure = plots.duplicates(
        pictures(6), [(0, 4), (2, 3, 5)], names=names, splits=["train", "train", "train", "test", "train", "validation"]
    )
    shown, texts = drawn(figure)
    assert [int(picture[0, 0, 0]) for picture in shown] == [2, 3, 5, 0, 4], "the group that crosses splits comes first"
    assert texts == [
        "Duplicates",
        "group 2\n3 images\nin train\nand validation\nand test",
        *("cats/2.jpg\nin train", "cats/3.jpg\nin test", "cats/5.jpg\nin validation"),
        "group 1\n2 images",
        *("cats/0.jpg\nin train", "cats/4.jpg\nin train"),
    ]
    crossing, staying = (text for text in figure.axes[0].texts if text.get_text().startswith("group"))
    assert crossing.get_color() != staying.get_color()


def test_duplicates_of_several_sizes_without_names():
    images = [np.full((4, 4, 3), 9, np.uint8), np.full((8, 4, 1), 7, np.uint8)]
    shown, texts = drawn(plots.duplicates(images, [[1, 0]], title="Same"))
    assert texts == ["Same", "group 1\n2 images", "image 1", "image 0"]
    assert [picture.shape for picture in shown] == [(8, 8, 4), (4, 4, 3)]


def test_large_groups_and_many_groups_are_cut():
    shown, texts = drawn(plots.duplicates(pictures(30), [range(9), *((10 + n, 20 + n) for n in range(9))]))
    assert texts[0] == "Duplicates (8 of 10 groups)"
    assert texts[1] == "group 1\n9 images\n6 of them shown"
    assert len(shown) == 6 + 2 * 7


def test_no_duplicates():
    figure = plots.duplicates([], [], title="Twins")
    assert drawn(figure) == ([], ["Twins: none found"])
    assert overlapping(figure) == []


# ---- any names, either paper


@pytest.mark.parametrize("names", HOSTILE, ids=["dollars", "long", "unicode", "empty", "odd"])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dark", [False, True])
def test_hostile_names_are_drawn_and_stay_in_their_places(names, channels, dark):
    images, labels = pictures(12, (4, 6, channels)), np.arange(12) % 3

    def draw_all():
        yield plots.examples(images, labels, names)
        yield plots.class_counts({"train": labels, names[0]: labels}, names)
        yield plots.mean_images(images, labels, names)
        yield plots.duplicates(images, [(0, 1, 2), (3, 4)], names=names * 4, splits=names * 4)

    if dark:
        with plots.dark_paper():
            figures = list(draw_all())
    else:
        figures = list(draw_all())
    for figure in figures:
        drawn(figure)
        assert (sum(figure.get_facecolor()[:3]) < 0.6) == dark
        assert overlapping(figure) == []


# ---- wrong use

IMAGES, LABELS, NAMES = pictures(4), np.array([0, 1, 0, 1]), ("a", "b")


@pytest.mark.parametrize("figure", [plots.examples, plots.mean_images], ids=["examples", "mean_images"])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((IMAGES[0], LABELS, NAMES), r"images.shape=\(4, 4, 3\). Pass images\[..., np.newaxis\] for grey ones"),
        ((IMAGES[0, 0], LABELS, NAMES), r"images.shape=\(4, 3\). Pass images\[np.newaxis"),
        ((IMAGES[:0], LABELS[:0], NAMES), r"at least one image .* Received images.shape=\(0, 4, 4, 3\)"),
        ((pictures(4, (4, 4, 4)), LABELS, NAMES), r"1 or 3 channels. Received images.shape=\(4, 4, 4, 4\)"),
        ((IMAGES / 255, LABELS, NAMES), r"uint8, 0 to 255.* Received float64\. Convert numbers"),
        ((IMAGES * np.nan, LABELS, NAMES), r"Received float64 with NaN or infinity in it"),
        ((IMAGES, LABELS[:3], NAMES), r"4 images but 3 labels"),
        ((IMAGES, LABELS / 1, NAMES), r"labels are whole numbers.* Received float64 of shape \(4,\)"),
        ((IMAGES, np.eye(4, 2, dtype=int), NAMES), r"Received int64 of shape \(4, 2\)"),
        ((IMAGES, LABELS + 1, NAMES), r"with 2 class names, labels go from 0 to 1. Received 1 to 2"),
        ((IMAGES, LABELS - 1, NAMES), r"Received -1 to 0"),
        ((IMAGES, LABELS, ()), r"one name for each class. Received \(\)"),
        ((IMAGES, LABELS, "cat"), r"Received 'cat'"),
    ],
)
def test_wrong_images_and_labels_are_explained(figure, arguments, message):
    with pytest.raises(ValueError, match=rf"plots.{figure.__name__}: .*{message}"):
        figure(*arguments)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plots.examples(IMAGES, LABELS, NAMES, per_class=0), r"per_class is a whole number.* per_class=0"),
        (lambda: plots.examples(IMAGES, LABELS, NAMES, most=True), r"Received most=True"),
        (lambda: plots.mean_images(IMAGES, LABELS, NAMES, most=2.0), r"Received most=2.0"),
        (lambda: plots.class_counts(LABELS, NAMES), r"pass a Dataset, or labels by split.* Received ndarray"),
        (lambda: plots.class_counts({"train": LABELS}), r"and the names of the classes"),
        (lambda: plots.class_counts({}, NAMES), r"pass a Dataset"),
        (lambda: plots.class_counts({"train": LABELS}, "ab"), r"one name for each class. Received 'ab'"),
        (lambda: plots.class_counts({"train": LABELS[:0]}, NAMES), r"no images in any split"),
        (lambda: plots.class_counts({"train": LABELS + 1}, NAMES), r"labels go from 0 to 1. Received 1 to 2"),
        (lambda: plots.class_counts({"train": LABELS * np.nan}, NAMES), r"labels are whole numbers"),
        (lambda: plots.class_counts({"train": LABELS}, NAMES, most=0), r"Received most=0"),
        (lambda: plots.duplicates(IMAGES, [(0,)]), r"two or more different places.* Received groups\[0\]=\(0,\)"),
        (lambda: plots.duplicates(IMAGES, [(0, 1), (2, 2)]), r"Received groups\[1\]=\(2, 2\)"),
        (lambda: plots.duplicates(IMAGES, [(0, 4)]), r"there are 4 images, so places go from 0 to 3.*\(0, 4\)"),
        (lambda: plots.duplicates(IMAGES, [(-1, 0)]), r"places go from 0 to 3"),
        (lambda: plots.duplicates(IMAGES, [(0.0, 1.0)]), r"two or more different places"),
        (lambda: plots.duplicates(IMAGES, [(0, 1)], names=["a"]), r"4 images but 1 names"),
        (lambda: plots.duplicates(IMAGES, [(0, 1)], splits=["a"] * 5), r"4 images but 5 splits"),
        (lambda: plots.duplicates(IMAGES, [(0, 1)], most=-1), r"Received most=-1"),
        (lambda: plots.duplicates(IMAGES[..., 0], [(0, 1)]), r"Received images\[0\].shape=\(4, 4\)"),
        (lambda: plots.duplicates(IMAGES / 1, [(0, 1)]), r"uint8, 0 to 255"),
    ],
)
def test_wrong_use_is_explained(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_dataset_may_get_other_names():
    split = Split(IMAGES, LABELS.astype(np.int32))
    figure = plots.class_counts(Dataset("x", NAMES, split, split, split, "here", "none"), ("one", "two"))
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["one", "two"]


# ---- where a plausible mistake would have passed


def test_a_class_of_few_images_does_not_make_the_rows_of_the_others_short():
    figure = plots.examples(pictures(9), np.array([0, *[1] * 8]), ("few", "many"), per_class=5)
    full = plots.examples(pictures(10), np.repeat([0, 1], 5), ("few", "many"), per_class=5)
    assert figure.get_size_inches().tolist() == full.get_size_inches().tolist()
    assert len(drawn(figure)[0]) == 1 + 5


def test_a_small_split_of_one_class_has_room_for_its_bar():
    """The widest share of any split sets the scale of all, however few images it is of."""
    figure = plots.class_counts({"train": np.repeat([0, 1], [50, 50]), "test": np.zeros(2, int)}, ["a", "b"])
    longest = max(width / axes.get_xlim()[1] for axes in figure.axes for width in bars(axes))
    assert 0.5 < longest < 0.7


def test_the_mean_of_many_white_images_is_white():
    """Their sum does not fit into 16 bits."""
    images = np.full((700, 4, 4, 3), 255, np.uint8)
    shown, _ = drawn(plots.mean_images(images, np.arange(700) % 2, ("a", "b")))
    assert [int(picture.min()) for picture in shown] == [255] * 3


def test_mean_images_fill_their_rows_evenly():
    nine = plots.mean_images(pictures(8), np.arange(8), list("abcdefgh"))
    four = plots.mean_images(pictures(4), np.arange(4), list("abcd"))
    assert nine.get_figwidth() == four.get_figwidth(), "rows of 5 and 4, not of 8 and 1"


def test_the_mean_of_images_larger_than_a_portion():
    images = np.zeros((2, 4096, 4096, 3), np.uint8)
    images[1] = 100
    shown, _ = drawn(plots.mean_images(images, np.array([0, 1]), ("a", "b")))
    assert [int(picture[0, 0, 0]) for picture in shown] == [50, 0, 100]


def test_groups_within_one_split_keep_their_order_whatever_their_size():
    _, texts = drawn(plots.duplicates(pictures(9), [(0, 1), (2, 3, 4), (5, 6)], splits=["train"] * 9))
    assert [text for text in texts if text.startswith("group")] == [
        "group 1\n2 images",
        "group 2\n3 images",
        "group 3\n2 images",
    ]


def test_equally_frequent_classes_keep_their_order():
    labels = np.arange(100)
    figure = plots.class_counts({"train": labels}, [f"c{number}" for number in range(100)], most=4)
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == ["c0", "c1", "96 more: 1–1 images", "c98", "c99"]


def test_of_many_classes_a_single_one_may_be_drawn():
    figure = plots.class_counts({"train": np.array([0, 1, 1, 2])}, ["a", "b", "c"], most=1)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["b", "2 more: 1–1 images"]


def test_as_many_classes_as_may_be_drawn_are_drawn_in_their_order():
    figure = plots.class_counts({"train": np.array([0, 1, 1, 2])}, ["a", "b", "c"], most=3)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["a", "b", "c"]


def test_half_a_percent_is_no_less_than_a_tenth():
    figure = plots.class_counts({"train": np.repeat([0, 1], [199, 1])}, ["a", "b"])
    assert [text.get_text() for text in figure.axes[0].texts] == ["199 (99.5%)", "1 (0.5%)"]


@pytest.mark.parametrize(("names", "told"), [(("a",), False), (("a", "b"), True)])
def test_equal_classes_are_spoken_of_where_there_are_several(names, told):
    figure = plots.class_counts({"train": np.arange(len(names))}, names)
    assert any("dotted line" in text.get_text() for text in figure.texts) == told
    plt.close(figure)


def test_one_wide_letter_makes_the_lines_short(monkeypatch):
    monkeypatch.setattr("practicum.paper._drawable", lambda character: character)
    assert max(map(len, _in_lines("cat 猫 " * 9, 14, 3).split("\n"))) <= 7
    assert max(map(len, _in_lines("ＡＢＣ" * 9, 14, 3).split("\n"))) <= 7, "full width letters are as wide"


def test_words_that_do_not_fill_their_lines_are_broken_rather_than_lost():
    lines = _in_lines("abcdefgh ijklmnop qrstuvwx yz", 15, 2).split("\n")
    assert len(lines) == 2
    assert lines[1].endswith("yz")


def test_a_group_that_just_fits_is_shown_whole():
    shown, texts = drawn(plots.duplicates(pictures(6), [range(6)]))
    assert len(shown) == 6
    assert texts[1] == "group 1\n6 images"


def test_as_many_groups_as_may_be_drawn_are_no_part():
    groups = [(2 * number, 2 * number + 1) for number in range(4)]
    assert drawn(plots.duplicates(pictures(8), groups, most=4))[1][0] == "Duplicates"
    assert drawn(plots.duplicates(pictures(8), groups, most=3))[1][0] == "Duplicates (3 of 4 groups)"


def test_no_names_at_all_are_not_one_for_each_image():
    with pytest.raises(ValueError, match="6 images but 0 names"):
        plots.duplicates(pictures(6), [(0, 1)], names=[])


def test_an_image_that_is_not_shown_is_checked_all_the_same():
    images = [*pictures(7), np.zeros((4, 4))]
    with pytest.raises(ValueError, match=r"images\[7\]"):
        plots.duplicates(images, [range(8)])
