"""Recipes: what the command line chooses by itself."""

import inspect

from practicum.model import build_cnn
from practicum.recipes import RECIPES
from practicum.training import train


def test_a_small_dataset_is_gone_through_more_often_within_bounds():
    epochs = [RECIPES["fast"].epochs_for(images) for images in (10, 1000, 5000, 50_000, 10**7)]
    assert epochs == sorted(epochs, reverse=True)
    assert (epochs[0], epochs[-1]) == (50, 3)


def test_the_plain_recipe_is_the_bare_network():
    plain = RECIPES["plain"]
    assert (plain.batch_norm, plain.dropout, plain.label_smoothing) == (False, 0.0, 0.0)
    assert plain.filters == inspect.signature(build_cnn).parameters["filters"].default


def test_every_choice_is_an_argument_of_build_cnn_or_train():
    arguments = {*inspect.signature(build_cnn).parameters, *inspect.signature(train).parameters}
    assert set(vars(RECIPES["fast"])) - {"steps"} <= arguments
