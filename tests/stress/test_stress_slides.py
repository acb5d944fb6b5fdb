"""Every slide of every deck, on a projector, an older one in the dark, and a telephone: nothing cut off or small."""

import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
sys.path.append(str(PROJECT / "tests"))

from browser import Pages, running_browser  # noqa: E402
from builds import built  # noqa: E402
from slide_checks import NAMES, opened, problems  # noqa: E402

SCREENS = {
    "projector": (1280, 720, "light", 20),
    "older": (1024, 768, "dark", 20),
    "telephone": (390, 844, "light", 16),
}


@pytest.fixture(scope="module")
def slides(tmp_path_factory):
    return built("slides", tmp_path_factory.mktemp("slides"))


@pytest.fixture(scope="module")
def browser():
    with running_browser() as running:
        yield running


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("name", NAMES)
def test_every_slide_fits(browser, slides, name, screen):
    width, height, scheme, smallest = SCREENS[screen]
    pages = Pages(browser)
    page = opened(pages, slides, name, width=width, height=height, color_scheme=scheme)
    found = problems(page, smallest)
    pages.close()
    assert found == []
    assert pages.complaints == []
