"""Paint a thing of given outline on a cluttered ground, many pictures at once.

Every picture is the same on every machine. Sines come from a table of whole numbers, random numbers from chance.py; the
rest is + - × ÷, square roots and comparisons, element by element, which IEEE 754 fixes to the last bit. Sums and matrix
products, whose rounding depends on the order that a processor or a library prefers, are only taken of whole numbers
below 2**24: float32 holds those exactly, in whatever order they are added. (A whole number above 65,535 beside a
float32 array is written as a float: NumPy 1 would go on in float64, NumPy 2 does not.)
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from practicum.chance import Chance

Window = tuple[slice, slice]  # rows and columns
WHOLE: Window = (slice(None), slice(None))
TURN = 1024  # steps of a full turn
SINES = np.array([round(16384 * math.sin(2 * math.pi * step / TURN)) for step in range(TURN)], np.float32) / 16384
WEIGHTS = 128  # steps between one random value and the next

# Things and clutter take the same colours, so that no colour says "here".
COLOURS = np.array(
    [
        (226, 61, 52), (240, 128, 36), (247, 197, 46), (150, 196, 60), (38, 154, 92), (32, 170, 170),
        (58, 134, 222), (60, 72, 176), (132, 82, 190), (214, 84, 156), (244, 240, 228), (42, 42, 52),
    ],
    np.float32,
)  # fmt: skip
GROUNDS = np.array(
    [
        (92, 104, 92), (142, 130, 108), (110, 120, 138), (168, 152, 128), (120, 100, 88), (84, 98, 118),
        (150, 158, 140), (134, 112, 124), (104, 126, 122), (172, 168, 158),
    ],
    np.float32,
)  # fmt: skip
# The clutter, one in each ninth of the picture; in each picture about a third of them is left out.
PIECES = ("stick", "leaf", "wriggle", "wriggle", "stick", "leaf", "leaf", "wriggle", "stick")
MOST_TURNED = 45  # of TURN: things lean up to 16 degrees to either side
TEXTURES = np.array([0, 0, 0, 1, 2, 3])  # plain half of the time, striped, wavy, speckled
CLUTTER = np.float32(0.45)  # how much a piece of clutter hides of the ground
MOST_ASKEW = 72  # of TURN: no two pieces of a picture lie more than 51 degrees apart
GRAIN = 22  # grey levels, from the darkest grain to the lightest
REACH = 0.96  # no outline of area 1 goes further than this from its centre


def _circle(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return np.sqrt(u * u + v * v) - 0.56419


def _square(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return np.maximum(np.abs(u), np.abs(v)) - 0.5


def _triangle(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return np.maximum(v, np.abs(u) * 0.866025 - v * 0.5) - 0.438691


def _star(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    # Five lines bound the pentagon in the middle of a star. The tips lie outside of one of them, nothing of it of two.
    most, second = v, np.full_like(v, -np.inf)
    for across, down in ((0.951057, 0.309017), (0.587785, -0.809017)):
        for line in (u * across + v * down, v * down - u * across):
            second = np.maximum(second, np.minimum(most, line))
            most = np.maximum(most, line)
    return second - 0.291659


def _cross(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    u, v = np.abs(u), np.abs(v)
    return np.maximum(np.maximum(u, v) - 0.67082, np.minimum(u, v) - 0.223607)


def _moon(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    u = u - 0.247030  # so that the centre of its area is at 0, 0
    bite = u - 0.378153
    v = v * v
    return np.maximum(np.sqrt(u * u + v) - 0.756306, 0.544540 - np.sqrt(bite * bite + v))


# Distance from the outline, negative inside, of a thing whose area is 1 and whose centre of area lies at (0, 0).
OUTLINES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "circle": _circle,
    "square": _square,
    "triangle": _triangle,
    "star": _star,
    "cross": _cross,
    "moon": _moon,
}


@dataclass(frozen=True)
class Things:
    """Where the thing of each picture is and what outline it has.

    outlines: N names of OUTLINES.
    centres: float32 (N, 2), row and column of the centre of its area, in pixels from the upper left corner.
    areas: float32 (N,), in pixels.
    """

    outlines: np.ndarray
    centres: np.ndarray
    areas: np.ndarray


def paint(chance: Chance, things: Things, size: int, tint: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The pictures, and which pixels the thing covers.

    Args:
        chance: of N pictures.
        things: of as many.
        size: height and width in pixels.
        tint: float32 (N, 3), the colour to give the ground a cast of; None for none.

    Returns:
        uint8 (N, size, size, 3), and bool (N, size, size): True where the middle of the pixel lies inside the outline.
    """
    canvas, ground = _ground(chance, size, tint)
    for (rows, columns), colour, cover in _clutter(chance, size):
        _blend(canvas[:, :, rows, columns], colour, cover)
    distance = _add_thing(canvas, chance, things, ground, size)
    canvas += _grain(chance, size)[:, np.newaxis]
    np.clip(canvas, 0, 255, out=canvas)
    return np.rint(canvas, out=canvas).astype(np.uint8).transpose(0, 2, 3, 1), distance <= 0


def _ground(chance: Chance, size: int, tint: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Two quiet colours in soft patches: float32 (N, 3, size, size); and the colours, float32 (N, 2, 3)."""
    colours = GROUNDS[chance.whole("ground", 0, len(GROUNDS), 2)] + chance.whole("ground shade", -18, 19, 2, 1)
    colours = colours.astype(np.float32)
    patches = 0.65 * _soft_noise(chance, "patches", 3, size) + 0.35 * _soft_noise(chance, "spots", 10, size)
    patches = np.clip(2 * patches - 0.5, 0, 1)[:, np.newaxis]
    painted = colours if tint is None else colours * 0.6 + tint[:, np.newaxis] * 0.4
    one, other = painted[:, 0, :, np.newaxis, np.newaxis], painted[:, 1, :, np.newaxis, np.newaxis]
    return one + patches * (other - one), colours


def _clutter(chance: Chance, size: int) -> Iterator[tuple[Window, np.ndarray, np.ndarray]]:
    """Pieces of clutter, one a picture at a time: where, colours (N, 3, 1, 1) and covers (N, height, width), float32.

    They are sticks, leaves and wriggles, each several times as long as wide. No outline of a thing is long and narrow,
    so no piece can be taken for one. All pieces of a picture lie roughly in one direction, as if blown there: two that
    lie across each other do not make a cross either.
    """
    count = len(PIECES)
    length = (0.10 + 0.14 * chance.share("length", count)) * size  # from the middle to an end
    width = np.maximum(length * (0.09 + 0.05 * chance.share("width", count)), 0.5)
    there = chance.whole("there", 0, 3, count) > 0
    angles = (chance.whole("wind", 0, TURN, 1) + chance.whole("piece angle", -MOST_ASKEW, MOST_ASKEW + 1, count)) % TURN
    colours = COLOURS[chance.whole("piece colour", 0, len(COLOURS), count)]
    colours = colours * (0.75 + 0.25 * chance.share("piece shade", count, 1))
    places = chance.share("piece place", count, 2)
    for piece, kind in enumerate(PIECES):
        # The middle lies anywhere in one ninth of the picture; painting where the piece can reach halves the time.
        ninth = np.array(divmod(piece, 3), np.float32)
        window = (_reach(ninth[0], size), _reach(ninth[1], size))
        along, across = _turned((places[:, piece] + ninth) * (size / 3), angles[:, piece], size, window)
        half, thick = _wide(length[:, piece]), _wide(width[:, piece])
        if kind == "wriggle":
            across += (_zigzag(along / (half * 0.8)) - 0.5) * (half * 0.24)
        if kind == "leaf":
            narrowing = along / half
            thick = 2 * thick * (1 - narrowing * narrowing)
        distance = np.maximum(np.abs(across) - thick, np.abs(along) - half)
        yield window, colours[:, piece, :, np.newaxis, np.newaxis], _cover(distance) * _wide(there[:, piece] * CLUTTER)


def _reach(third: float, size: int) -> slice:
    """The pixels that a piece whose middle lies in this third of them can reach: a quarter of the size further."""
    return slice(max(0, int(third * size / 3 - size / 4) - 2), min(size, int((third + 1) * size / 3 + size / 4) + 3))


def _add_thing(canvas: np.ndarray, chance: Chance, things: Things, ground: np.ndarray, size: int) -> np.ndarray:
    """Lay the thing on each picture; the distance from its outline in pixels, float32 (N, size, size)."""
    unit = np.sqrt(things.areas)
    lean = chance.whole("lean", -MOST_TURNED, MOST_TURNED + 1) % TURN
    along, across = _turned(things.centres, lean, size, unit=unit)
    distance = np.empty_like(along)
    for name in np.unique(things.outlines):
        these = things.outlines == name
        distance[these] = OUTLINES[name](along[these], across[these])
    distance *= _wide(unit)
    colour, second = _thing_colours(chance, ground)
    tone = _texture(chance, things, size)[:, np.newaxis]
    light = (things.centres[:, :1] - _pixels(size)) / unit[:, np.newaxis] * 22  # from above
    painted = colour + tone * (second - colour) + light[:, np.newaxis, :, np.newaxis]
    _blend(canvas, painted, _cover(distance))
    return distance


def _thing_colours(chance: Chance, ground: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each thing the one of three colours that stands out most, and a shade of it: two float32 (N, 3, 1, 1)."""
    three = COLOURS[chance.whole("colour", 0, len(COLOURS), 3)]
    difference = three[:, :, np.newaxis] - ground[:, np.newaxis]  # (N, 3 candidates, 2 grounds, 3 channels)
    red, green, blue = (difference[..., channel] ** 2 for channel in range(3))
    contrast = (2 * red + 4 * green + 3 * blue).min(axis=2)
    colour = three[np.arange(len(three)), contrast.argmax(axis=1)]
    # The shade is on the far side of the colour, seen from the ground, so that the whole outline can be seen.
    lighter = colour[:, 1] > ground[:, :, 1].min(axis=1)
    second = np.clip(colour + np.where(lighter, 80, -80)[:, np.newaxis], 0, 255).astype(np.float32)
    return colour[:, :, np.newaxis, np.newaxis], second[:, :, np.newaxis, np.newaxis]


def _texture(chance: Chance, things: Things, size: int) -> np.ndarray:
    """How much of the second colour each pixel has, float32 (N, size, size): plain, striped, wavy or speckled."""
    kind = TEXTURES[chance.whole("texture", 0, len(TEXTURES))]
    wave = np.maximum((0.08 + 0.07 * chance.share("wavelength")) * size, 3)
    along, across = _turned(things.centres, chance.whole("texture angle", 0, TURN), size, unit=wave)
    bend = _wide((kind == 2) * np.float32(0.8))
    stripes = _zigzag(along + bend * _zigzag(across * 0.4))
    speckles = _soft_noise(chance, "speckles", 16, size)
    stripes = (stripes - 0.5) * _wide(wave / 2)  # an edge of one pixel
    tone = np.where(_wide(kind == 3), (speckles - 0.5) * 5, stripes) + 0.5
    return np.clip(tone, 0, 1) * _wide((kind > 0).astype(np.float32))


def _grain(chance: Chance, size: int) -> np.ndarray:
    """What a camera adds in the dark: float32 (N, size, size), from -GRAIN / 2 to GRAIN / 2."""
    grains = chance.small("grain", size * size).reshape(-1, size, size)
    return (grains.astype(np.float32) - 127.5) * (GRAIN / 255)


def _soft_noise(chance: Chance, purpose: str, cells: int, size: int) -> np.ndarray:
    """Random values at the corners of cells × cells, smoothly joined: float32 (N, size, size), 0 to 1."""
    corners = chance.small(purpose, (cells + 1) ** 2).reshape(-1, cells + 1, cells + 1).astype(np.float32)
    steps = (2 * np.arange(size) + 1) * cells * WEIGHTS // (2 * size)
    cell, step = steps // WEIGHTS, steps % WEIGHTS
    weight = step * step * (3 * WEIGHTS - 2 * step) // WEIGHTS**2  # 3 x² - 2 x³: no corner shows
    spread = np.zeros((size, cells + 1), np.float32)
    spread[np.arange(size), cell] = WEIGHTS - weight
    spread[np.arange(size), cell + 1] = weight
    # Whole numbers up to 255 × 128 × 128, below 2**24: exact in any order.
    return spread @ corners @ spread.T / float(255 * WEIGHTS**2)


def _turned(
    centres: np.ndarray, angles: np.ndarray, size: int, window: Window = WHOLE, unit: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Each pixel's place seen from a centre and turned, in pixels or in units: two float32 (N, height, width)."""
    sine, cosine = SINES[angles], SINES[(angles + TURN // 4) % TURN]
    if unit is not None:
        sine, cosine = sine / unit, cosine / unit
    down = (_pixels(size)[window[0]] - centres[:, :1])[:, :, np.newaxis]
    right = (_pixels(size)[window[1]] - centres[:, 1:])[:, np.newaxis]
    sine, cosine = _wide(sine), _wide(cosine)
    return cosine * right + sine * down, cosine * down - sine * right


def _pixels(size: int) -> np.ndarray:
    return np.arange(size, dtype=np.float32) + np.float32(0.5)


def _zigzag(values: np.ndarray) -> np.ndarray:
    """1 at whole numbers, 0 halfway between, straight lines from one to the other."""
    part = values - np.floor(values)
    part *= 2
    part -= 1
    return np.abs(part, out=part)


def _cover(distance: np.ndarray) -> np.ndarray:
    """How much of a pixel is covered, 0 to 1, where its middle lies so many pixels outside the outline."""
    cover = 0.5 - distance
    return np.clip(cover, 0, 1, out=cover)


def _blend(canvas: np.ndarray, colour: np.ndarray, cover: np.ndarray) -> None:
    towards = colour - canvas  # in place from here: making new arrays would take longer than the arithmetic
    towards *= cover[:, np.newaxis]
    canvas += towards


def _wide(values: np.ndarray) -> np.ndarray:
    """(N,) as (N, 1, 1), to go with pictures."""
    return np.asarray(values)[..., np.newaxis, np.newaxis]
