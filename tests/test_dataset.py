"""Splitting: in proportion, groups together, the same everywhere."""

import numpy as np
import pytest

from practicum.dataset import Dataset, Split, image_keys, split_images


def test_each_class_gives_its_share():
    labels = np.repeat([0, 1, 2], [200, 100, 20])
    chosen = split_images(labels, range(320), 0.15, seed=0)
    assert [int(chosen[labels == label].sum()) for label in (0, 1, 2)] == [30, 15, 3]


def test_groups_stay_together():
    labels = np.zeros(300, int)
    groups = np.arange(300) // 3
    chosen = split_images(labels, groups, 0.2, seed=1)
    assert all(len(set(chosen[groups == group])) == 1 for group in set(groups))
    assert 60 <= chosen.sum() <= 62


def test_a_class_never_loses_its_last_group():
    chosen = split_images(np.array([0, 1, 1]), ["only", "a", "b"], 0.5, seed=0)
    assert not chosen[0]
    assert chosen[1:].sum() == 1


def test_the_choice_is_fixed_by_the_seed():
    labels = np.arange(60) % 4
    first = split_images(labels, range(60), 0.25, seed=7)
    assert np.array_equal(first, split_images(labels, range(60), 0.25, seed=7))
    assert not np.array_equal(first, split_images(labels, range(60), 0.25, seed=8))
    # The very images, so that a change of NumPy or of this function that moves them does not go unseen.
    assert np.flatnonzero(split_images(np.zeros(20, int), range(20), 0.2, seed=0)).tolist() == EXPECTED_OF_SEED_0


EXPECTED_OF_SEED_0 = [2, 4, 6, 19]


def test_image_keys_tell_images_apart_and_equal_ones_together():
    images = np.zeros((4, 3, 3, 1), np.uint8)
    images[1, 0, 0] = 1
    images[3] = images[1]
    keys = image_keys(images)
    assert keys[1] == keys[3]
    assert len(set(keys.tolist())) == 2


def test_dataset_says_what_it_holds():
    split = Split(np.zeros((3, 4, 5, 1), np.uint8), np.zeros(3, np.int32))
    dataset = Dataset("x", ("a", "b"), split, split, split, "here", "none")
    assert dataset.image_shape == (4, 5, 1)
    assert repr(dataset) == "Dataset(x: 2 classes, images 4×5×1, train 3, validation 3, test 3)"
    assert repr(split) == "Split(3 images of 4×5×1)"
    with pytest.raises(AttributeError):
        dataset.name = "y"
