"""The last step of a sweep: the chosen configuration on the test images."""

import numpy as np
import pytest
from sweep_child import FIXED, small_dataset

from practicum.dataset import Dataset
from practicum.experiments import final_test
from practicum.experiments.configurations import DEFAULTS
from practicum.model import build_cnn
from practicum.training import evaluate, train

CHOSEN = DEFAULTS | FIXED | {"filters": (4,), "dense_units": ()}


def test_it_is_the_training_of_the_sweep_judged_by_the_test_images():
    data = small_dataset()
    model = build_cnn(data.image_shape, 2, filters=(4,), dense_units=(), seed=1)
    train(model, data, **FIXED, precision="float32", seed=1, show_progress=False)
    expected = evaluate(model, data.test)
    found = final_test(data, CHOSEN, seed=1, show_progress=False)
    assert np.allclose(found.probabilities, expected.probabilities, atol=1e-6)
    assert (found.labels == data.test.labels).all()
    assert found.class_names == data.class_names
    other = final_test(data, CHOSEN, seed=2, show_progress=False)
    assert not np.allclose(found.probabilities, other.probabilities, atol=1e-3)


def test_neither_training_nor_the_choice_of_the_epoch_sees_the_test_images():
    data = small_dataset()
    blank = Dataset(
        data.name,
        data.class_names,
        data.train,
        data.validation,
        type(data.test)(255 - data.test.images, 1 - data.test.labels),
        source=data.source,
        licence=data.licence,
    )
    one, other = (final_test(each, CHOSEN, show_progress=False) for each in (data, blank))
    model = build_cnn(data.image_shape, 2, filters=(4,), dense_units=(), seed=0)
    train(model, data, **FIXED, precision="float32", seed=0, show_progress=False)
    assert np.allclose(other.probabilities, evaluate(model, blank.test).probabilities, atol=1e-6)
    assert (one.labels != other.labels).all()


def test_what_is_no_argument_is_refused():
    with pytest.raises(ValueError, match="filterz"):
        final_test(small_dataset(), {"filterz": (4,)})
