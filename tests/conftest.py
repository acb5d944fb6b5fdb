"""What several tests share: small images, a small trained network, the datasets that may or may not be here."""

import random
import signal
import sys
from pathlib import Path

import matplotlib

matplotlib.use("agg")

import numpy as np
import pytest
from browser import Pages, running_browser
from PIL import Image

from practicum.places import search_path

PROJECT = Path(__file__).resolve().parent.parent


def same_draws():
    """Weights that a test gives no seed are the same each time it runs, whichever tests ran before it.

    Keras draws a missing seed from Python's random; it is not imported for the tests that do without it.
    """
    if "keras" in sys.modules:
        sys.modules["keras"].utils.set_random_seed(0)
    else:
        random.seed(0)


@pytest.hookimpl(tryfirst=True)
def pytest_fixture_setup():
    same_draws()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call():
    same_draws()


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    """Each test session has its own cache; nothing of the user's is read or written, and nothing is fetched."""
    monkeypatch.setenv("PRACTICUM_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
    monkeypatch.setenv("PRACTICUM_OFFLINE", "1")
    monkeypatch.setenv("PRACTICUM_PROGRESS", "off")


@pytest.fixture(autouse=True)
def _interrupts_arrive():
    """A shell that starts a job in the background lets it and its children ignore Ctrl-C; tests need it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="module")
def browser():
    """Chromium for the tests of a module; skipped where there is none, except in continuous integration."""
    with running_browser() as running:
        yield running


@pytest.fixture
def open_page(browser):
    """A function that opens a saved page without any network: see browser.py, also for what is checked at the end."""
    pages = Pages(browser)
    yield pages
    pages.close()
    assert pages.complaints == []


@pytest.fixture
def shared_data():
    """A function: the path of a dataset in PRACTICUM_DATA, or a skip that says what is missing."""

    def find(name: str) -> Path:
        for folder in search_path():
            if (folder / name).exists():
                return folder / name
        pytest.skip(f"{name} is in no folder of PRACTICUM_DATA")

    return find


@pytest.fixture
def photo_folder(tmp_path):
    """A folder of two classes with 12 images each, told apart by their colour."""
    random = np.random.default_rng(0)
    for class_name, colour in (("red", (200, 30, 30)), ("blue", (30, 30, 200))):
        (tmp_path / "photos" / class_name).mkdir(parents=True)
        for number in range(12):
            noise = random.integers(-25, 25, (16, 16, 3))
            pixels = np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "photos" / class_name / f"{number}.png")
    return tmp_path / "photos"


@pytest.fixture(scope="session")
def tiny_dataset():
    """Two classes of 12×12 grey images that a small network learns in a second: a bright left or right half."""
    from practicum.dataset import Dataset, Split

    random = np.random.default_rng(0)

    def split(count: int) -> Split:
        labels = (np.arange(count) % 2).astype(np.int32)
        images = random.integers(0, 60, (count, 12, 12, 1)).astype(np.uint8)
        for image, label in zip(images, labels, strict=True):
            image[:, 6 * label : 6 * label + 6] += 150
        return Split(images, labels)

    return Dataset("halves", ("left", "right"), split(128), split(32), split(40), source="made here", licence="none")


@pytest.fixture(scope="session")
def tiny_run(tiny_dataset, tmp_path_factory):
    """A network trained on tiny_dataset: (model, result, run folder)."""
    from practicum.model import build_cnn
    from practicum.training import train

    folder = tmp_path_factory.mktemp("run")
    model = build_cnn((12, 12, 1), 2, filters=(4, 6), dense_units=(8,), seed=0)
    result = train(model, tiny_dataset, epochs=3, batch_size=16, run_dir=folder, show_progress=False)
    return model, result, folder
