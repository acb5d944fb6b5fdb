"""Names that can be drawn, whatever they are; colours that can be read."""

import json
import os
import subprocess
import sys

import matplotlib.pyplot as plt
import pytest

from practicum import paper


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("cat", "cat"),
        ("  two\n\tlines ", "two lines"),
        ("$5_a$", "$5_a$"),
        ("Käfer – ∑ Ж α", "Käfer – ∑ Ж α"),
        ("", "(no name)"),
        (" \n", "(no name)"),
        ("\u202egnp.tac\u200b\x07", "gnp.tac"),
        ("\u200b\x07", "(no name)"),
        (7, "7"),
        ("\udcff", "U+DCFF"),
        ("\U000f0000", "U+F0000"),
    ],
)
def test_names_are_written_as_far_as_they_can_be(name, shown):
    assert paper.written(name) == shown


def test_a_long_name_keeps_its_beginning_and_its_end():
    assert paper.written("photos/holidays/IMG_0001.jpg", 20) == "photos/hol…_0001.jpg"
    assert [len(paper.written("x" * 50, most)) for most in (10, 11, 24)] == [10, 11, 24]
    assert paper.written("x" * 24) == "x" * 24


def test_a_character_that_no_font_has_becomes_its_number(monkeypatch):
    monkeypatch.setattr(paper, "OTHER_FONTS", ())
    paper._fonts.cache_clear()
    try:
        assert paper.written("猫 cat") == "U+732B cat"
        assert paper.written("न\u0941 a") == "U+0928 a", "a mark on a letter goes with it"
    finally:
        paper._fonts.cache_clear()


def test_fonts_that_are_not_installed_are_not_asked_for():
    with paper.style():
        assert plt.rcParams["font.family"][0] == "DejaVu Sans"
        assert list(paper._fonts()) == plt.rcParams["font.family"]
        assert plt.rcParams["text.parse_math"] is False
    assert plt.rcParams["text.parse_math"] is True


def test_fonts_uninstalled_since_matplotlib_listed_them_keep_nobody_from_drawing(tmp_path):
    """A home folder that several machines share has the list of one of them."""

    def python(code):
        environment = {**os.environ, "MPLCONFIGDIR": str(tmp_path), "MPLBACKEND": "agg"}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    python("from matplotlib import font_manager")
    (listed,) = tmp_path.glob("fontlist-*.json")
    fonts = json.loads(listed.read_text())
    there = next(font for font in fonts["ttflist"] if font["name"] == "DejaVu Sans")
    gone = [("DejaVu Sans", "condensed"), ("Noto Sans CJK JP", "normal")]
    fonts["ttflist"] += [{**there, "fname": f"/gone/{name}.ttf", "name": name, "stretch": kind} for name, kind in gone]
    listed.write_text(json.dumps(fonts))
    drawn = python("from practicum import paper\nwith paper.style(): print(paper.written('Käfer'), *paper._fonts())")
    assert drawn.startswith("Käfer DejaVu Sans")


def contrast(one, other):
    def light(colour):
        channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


def test_text_can_be_read_and_bars_be_seen_on_both_papers():
    ground, ink, warning = paper.inks()
    assert min(contrast(ground, ink), contrast(ground, warning)) > 4.5
    with paper.dark_paper():
        dark_ground, dark_ink, dark_warning = paper.inks()
    assert dark_ground != ground
    assert min(contrast(dark_ground, dark_ink), contrast(dark_ground, dark_warning)) > 4.5
    assert min(contrast(dark_ground, colour) for colour in (paper.BLUE, paper.ORANGE, paper.GREEN)) > 3


def test_a_dark_paper_inside_another_is_dark_to_the_end_of_the_outer_one():
    light = paper.inks()
    with paper.dark_paper():
        dark = paper.inks()
        with paper.dark_paper():
            assert paper.inks() == dark
        assert paper.inks() == dark
    assert paper.inks() == light != dark


def test_after_a_figure_that_fails_the_paper_is_light_again():
    light = paper.inks()
    with pytest.raises(ZeroDivisionError), paper.dark_paper():
        1 / 0  # noqa: B018
    assert paper.inks() == light
