"""All that one may ask a network, asked of one and the same network in every form it may have."""

import importlib.util
import os
import subprocess
import sys

import numpy as np
import pytest
from conftest import PROJECT
from inspection_kinds import KINDS, QUESTIONS, build, examples, off, save


@pytest.fixture(scope="module")
def expected():
    """The answers of a plain network."""
    model, split = build("sequential"), examples()
    return {question: ask(model, split) for question, ask in QUESTIONS.items()}


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("kind", list(KINDS)[1:])
def test_every_form_of_a_network_gives_the_same_answers(kind, question, expected):
    assert off(kind, question, expected[question]) == ""


def test_no_answer_is_trivial(expected):
    assert expected["silent_filters"][0].tolist() == [4]
    for question, answers in expected.items():
        assert any(np.ptp(np.asarray(answer, float)) > 0 for answer in answers if np.size(answer) > 1) or question in (
            "silent_filters",
            "accuracy_without",
        ), question


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed: pip install jax")
def test_jax_gives_the_same_answers(expected, tmp_path):
    save(tmp_path / "answers.npz", expected)
    done = subprocess.run(
        [sys.executable, str(PROJECT / "tests" / "inspection_kinds.py"), str(tmp_path / "answers.npz")],
        env=os.environ | {"KERAS_BACKEND": "jax", "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("jax: ") == len(KINDS) * len(QUESTIONS)
