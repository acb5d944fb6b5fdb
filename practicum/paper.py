"""The paper figures are drawn on: colours, sizes, light and dark, and names that any font can write."""

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib import font_manager
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

# Okabe and Ito's colours, told apart with every kind of colour vision.
BLUE, ORANGE, GREEN, VERMILION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
PURPLE, SKY = "#CC79A7", "#56B4E9"

STYLE = {
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "figure.constrained_layout.use": True,
    "figure.dpi": 96,
    "legend.frameon": False,
    "text.parse_math": False,  # a class may be called $5_a$
}
INK, PAPER = "#000000", "#ffffff"
DARK_INK, DARK_PAPER = "#d7dae0", "#1b1e24"
WARNING, DARK_WARNING = "#b04a00", "#f08a3c"  # vermilion, as dark or light as small text needs
DARK_STYLE = {
    "figure.facecolor": DARK_PAPER,
    "axes.facecolor": DARK_PAPER,
    "text.color": DARK_INK,
    "axes.labelcolor": DARK_INK,
    "axes.edgecolor": DARK_INK,
    "xtick.color": DARK_INK,
    "ytick.color": DARK_INK,
    "lines.color": DARK_INK,
}
# matplotlib brings DejaVu Sans, which lacks Chinese, Japanese, Korean and Indian scripts. Systems bring one of these.
MAIN_FONT = "DejaVu Sans"
OTHER_FONTS = (
    "Noto Sans CJK JP", "Noto Sans CJK SC", "Hiragino Sans", "PingFang SC", "Yu Gothic", "Microsoft YaHei",
    "Malgun Gothic", "Apple SD Gothic Neo", "WenQuanYi Zen Hei", "Noto Sans Devanagari", "Nirmala UI",
    "Arial Unicode MS", "Segoe UI Symbol",
)  # fmt: skip
_dark = False


@contextmanager
def dark_paper() -> Iterator[None]:
    """Draw the figures made inside this block for a dark page."""
    global _dark
    before, _dark = _dark, True
    try:
        yield
    finally:
        _dark = before


@contextmanager
def style() -> Iterator[None]:
    """Draw what is made inside this block in the course's style."""
    with plt.rc_context({**STYLE, "font.family": list(_fonts()), **(DARK_STYLE if _dark else {})}):
        yield


def inks() -> tuple[str, str, str]:
    """The present colours of paper, of text, and of text that warns."""
    return (DARK_PAPER, DARK_INK, DARK_WARNING) if _dark else (PAPER, INK, WARNING)


def ink_on(colour: Any) -> str:
    """Black or white, whichever is the easier to read on a colour.

    Source: WCAG 2.2, contrast ratio and relative luminance.
    """
    channels = np.array(to_rgb(colour))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    luminance = float(linear @ [0.2126, 0.7152, 0.0722])
    return "#000000" if (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05) else "#ffffff"


def percent(share: float, _: float = 0) -> str:
    """A share as the number at an axis: "87.5%", "90%"."""
    return f"{round(100 * share, 4):g}%"


def finished(figure: Figure) -> Figure:
    """Take figure out of pyplot's hands, or a notebook would display it a second time."""
    plt.close(figure)
    return figure


def written(name: object, most: int = 24) -> str:
    """A name from someone's data as one line that can be drawn.

    Args:
        name: a class, a file; whatever was found.
        most: characters; a longer name loses its middle, as the end of a file's name tells most.

    Returns:
        The name, with a character that no font here can draw as its number, U+1F600.

    Example:
        >>> written("a class with a name that takes\\ttoo much room", 20)
        'a class wi…much room'
        >>> written("")
        '(no name)'
    """
    line = " ".join(str(name).split())
    shown = "".join(_drawable(character) for character in line) or "(no name)"
    return shown if len(shown) <= most else f"{shown[: most // 2]}…{shown[-((most - 1) // 2) :]}"


def _drawable(character: str) -> str:
    if character.isascii() and character.isprintable():
        return character
    if unicodedata.category(character) in ("Cc", "Cf"):  # would turn the writing round, or ring a bell
        return ""
    if any(font.get_char_index(ord(character)) for font in _fonts().values()):
        return character
    return "" if unicodedata.category(character) == "Mn" else f"U+{ord(character):04X}"


@cache
def _fonts() -> dict[str, Any]:
    """The fonts to draw with, by name, each where the ones before it lack a character."""
    fonts = {}
    for name in (MAIN_FONT, *OTHER_FONTS):
        with suppress(ValueError):  # not installed
            # Unlike its list of fonts, findfont sees that one has been uninstalled since the list was made.
            fonts[name] = font_manager.get_font(font_manager.findfont(name, fallback_to_default=False))
    return fonts
