"""A dataset with fewer training images: which ones, and that nothing else changes."""

import numpy as np
import pytest

from practicum.data import load
from practicum.experiments import fewer_images


@pytest.fixture(scope="module")
def emoji():
    return load("emoji")


def keys(dataset):
    return {image.tobytes() for image in dataset.train.images}


def test_each_class_keeps_its_share_and_the_images_their_labels(emoji):
    few = fewer_images(emoji, 253)  # one in ten
    counts = np.bincount(few.train.labels)
    assert counts.sum() == len(few.train) == 253
    np.testing.assert_allclose(counts, np.bincount(emoji.train.labels) / 10, atol=1)
    label_of = dict(zip((image.tobytes() for image in emoji.train.images), emoji.train.labels, strict=True))
    assert all(
        label_of[image.tobytes()] == label for image, label in zip(few.train.images, few.train.labels, strict=True)
    )
    assert few.validation is emoji.validation
    assert few.test is emoji.test
    assert (few.name, few.class_names) == (emoji.name, emoji.class_names)


def test_more_are_the_same_and_others_besides(emoji):
    some, more = keys(fewer_images(emoji, 100)), keys(fewer_images(emoji, 101))
    assert some < more
    assert len(more - some) == 1
    assert keys(fewer_images(emoji, 100)) == some
    assert fewer_images(emoji, len(emoji.train)).train.labels.tolist() == emoji.train.labels.tolist()


def test_no_class_is_left_out(emoji):
    assert sorted(fewer_images(emoji, 8).train.labels.tolist()) == list(range(8))


@pytest.mark.parametrize("count", [0, 7, 2531, -1, 2.5, "10", None])
def test_a_count_that_cannot_be(emoji, count):
    with pytest.raises(ValueError, match=r"from 8 \(one for each class\) to 2,530 \(all of emoji\)\. Received"):
        fewer_images(emoji, count)
