"""The network page in a real browser: what it shows of every layer is what Keras and NumPy calculate."""

import base64
import io
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import accessibility_problems, cut_off, number_on_screen, readout, rounded, scrolls_sideways, value_of
from PIL import Image
from test_network_page import numpy_maps, plain_network, random_images, randomised, sequential, set_precision, silence

from practicum import explorer, reference, sheets
from practicum.backend import keras
from practicum.inspection import feature_maps
from practicum.model import build_cnn, layer_table

layers = keras.layers


@dataclass(frozen=True)
class Case:
    """A page, the network and images it was made from, and what Keras (in float32) and NumPy make of each image."""

    path: Path
    model: Any
    images: np.ndarray
    names: list[str] | None
    of_keras: list[dict[str, np.ndarray]]
    by_numpy: list[dict[str, np.ndarray]]

    def maps(self, layer, image=0):
        """What a layer gives, (H, W, C) or (units,); "image" are the pixels."""
        return self.images[image] if layer == "image" else self.of_keras[image][layer]

    def before(self, layer):
        names = ["image", *self.of_keras[0]]
        return names[names.index(layer) - 1]

    def unit(self, layer, channel, row, column, image=0):
        maps = self.maps(layer, image)
        return maps[column] if maps.ndim == 1 else maps[row, column, channel]


def plain_cnn():
    """Three modules; filter 1 of the first and filters 0 and 3 of the second never fire."""
    model = randomised(build_cnn((16, 20, 3), 4, filters=(4, 11, 5), dense_units=(12,)), seed=1)
    silence(model.get_layer("module1_conv"), [1])
    for name in ("module2_conv", "module3_conv"):  # let the others fire
        kernel, bias = model.get_layer(name).get_weights()
        model.get_layer(name).set_weights([kernel, np.abs(bias) + 0.1])
    silence(model.get_layer("module2_conv"), [0, 3])
    return model


def normalised_cnn():
    settings = {"filters": (3, 18), "batch_norm": True, "dropout": 0.3, "global_pooling": True, "dense_units": (6,)}
    return randomised(build_cnn((14, 12, 3), 3, **settings), seed=4)


def grey_cnn():
    settings = {"filters": (3, 4), "kernel_size": 5, "padding": "valid", "pool_size": 3, "pool_strides": 2}
    return randomised(build_cnn((24, 20, 1), 2, dense_units=(), **settings), seed=3)


def large_cnn():
    return randomised(build_cnn((40, 44, 1), 2, filters=(2, 3), dense_units=(), global_pooling=True), seed=4)


def mixed_cnn():
    return randomised(build_cnn((12, 10, 3), 3, filters=(4,), batch_norm=True), seed=4)


def partly_unknown():
    return sequential(
        (12, 12, 3),
        layers.Rescaling(1 / 255, name="scale"),
        layers.Conv2D(4, 3, name="before"),
        layers.LeakyReLU(name="leaky"),
        layers.SeparableConv2D(3, 3, name="separable"),
        layers.Conv2D(4, 3, activation="relu", name="after"),
        layers.MaxPooling2D(name="pool"),
        layers.Flatten(name="flat"),
        layers.Dense(3, activation="softmax", name="answer"),
    )


CASES = {  # name -> network, number of images, class names
    "plain": (plain_cnn, 3, ["cat", "dog & fox", "<img src=x onerror=alert(1)>", "été"]),
    "normalised": (normalised_cnn, 2, ["a", "b", "c"]),
    "grey": (grey_cnn, 1, None),
    "user": (plain_network, 2, ["x", "y", "z"]),
    "large": (large_cnn, 1, ["yes", "no"]),
    "mixed": (mixed_cnn, 1, ["a", "b", "c"]),
    "unknown": (partly_unknown, 1, None),
}


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """A function: the Case of that name, made once."""
    made, folder = {}, tmp_path_factory.mktemp("network pages")

    def make(name):
        if name not in made:
            build, count, names = CASES[name]
            model = build()
            images = random_images(model, count, seed=7)
            of_keras = [feature_maps(model, image) for image in images]
            assert min((maps != 0).mean() for maps in of_keras[0].values()) > 0.1, "numbers are compared, not zeros"
            by_numpy = [numpy_maps(model, image) for image in images]
            if name == "mixed":
                set_precision(model, "mixed_bfloat16")
            path = explorer.network(model, images, class_names=names).save(folder / f"{name}.html")
            made[name] = Case(path, model, images, names, of_keras, by_numpy)
        return made[name]

    return make


# Choosing by clicks -----------------------------------------------------------------------------------------------


def section(page, layer):
    return page.locator(f'section.layer[data-layer="{layer}"]')


def map_cell(page, row, column):
    return page.locator(f'.grid.map button[data-row="{row}"][data-column="{column}"]')


def open_layer(page, layer, channel=0, column=0):
    """Click a layer's small map, its bar, or the button that shows its units."""
    opens = f'.thumb[data-channel="{channel}"], .bar[data-channel="{column}"], .command'
    section(page, layer).locator(f"button:is({opens})").click()


def choose(page, layer, channel, row, column):
    """Select a unit by clicks only: its map, the window if there is one, its value."""
    open_layer(page, layer, channel, column)
    for label, needed in (
        ("↑ up", lambda first, last: row < first[0]),
        ("↓ down", lambda first, last: row > last[0]),
        ("← left", lambda first, last: column < first[1]),
        ("→ right", lambda first, last: column > last[1]),
    ):
        while not map_cell(page, row, column).count() and needed(*window(page)):
            page.get_by_role("button", name=label).click()
    map_cell(page, row, column).click()


def window(page):
    """(row, column) of the first and of the last value that the grid holds."""
    cells = page.locator(".grid.map .cell")
    return [cell.evaluate("({dataset: d}) => [Number(d.row), Number(d.column)]") for cell in (cells.first, cells.last)]


def select_by_address(page, fragment):
    """Change what stands after # in the address, and wait until the page was told."""
    page.evaluate(
        """(hash) => new Promise((done) => {
            if (location.hash === `#${hash}`) done();
            window.addEventListener("hashchange", () => setTimeout(done), { once: true });
            location.hash = hash;
        })""",
        fragment,
    )


def said(page):
    return readout(page).inner_text()


def explanation(page):
    return page.locator(".explanation")


def name_of(case, layer, channel, row, column):
    """How the page calls a unit."""
    maps = case.maps(layer)
    if maps.ndim == 1:
        classes = case.names if case.names and len(maps) == len(case.names) else None
        return layer, classes[column] if classes else re.compile(rf"(unit|class) {column}")
    rgb = maps.shape[2] == 3 and (layer == "image" or isinstance(case.model.get_layer(layer), layers.Rescaling))
    which = ("red", "green", "blue")[channel] if rgb else f"map {channel}"
    return layer, f"{which}, row {row}, column {column}"


def check_unit(page, case, layer, channel, row, column, image=0):
    """The readout: which unit it is, its value exactly and on the screen, by Keras and by NumPy."""
    expected = float(case.unit(layer, channel, row, column, image))
    found, text, label, pressed = page.evaluate(
        """([row, column]) => {
            const readout = document.querySelector("[data-role=readout]");
            const cell = document.querySelector(`.grid.map button[data-row="${row}"][data-column="${column}"]`);
            return [Number(readout.dataset.value), readout.innerText, cell?.ariaLabel, cell?.ariaPressed];
        }""",
        [int(row), int(column)],
    )
    where = f"{layer} {channel} {row} {column} of image {image}: {text}"
    assert abs(found - expected) <= 1e-4 * abs(expected) + 1e-5, f"{where}, Keras {expected}"
    by_numpy = case.by_numpy[image].get(layer) if layer != "image" else None
    if by_numpy is not None:
        ours = float(by_numpy[column] if by_numpy.ndim == 1 else by_numpy[row, column, channel])
        assert abs(found - ours) <= 1e-4 * abs(ours) + 1e-5, f"{where}, NumPy {ours}"
    name, shown = re.match(r"(.*) is (\S+?)[:.]?(?= |$)", text.split(": ")[0]).groups()
    wanted_layer, wanted = name_of(case, layer, channel, row, column)
    assert name.startswith(f"{wanted_layer}, "), where
    assert wanted.fullmatch(name[len(layer) + 2 :]) if isinstance(wanted, re.Pattern) else name.endswith(f", {wanted}")
    assert rounded(number_on_screen(shown), expected), where
    assert "are not those it used" not in text
    assert rounded(number_on_screen(label.rsplit(": ", 1)[1]), expected), f"{where}, cell {label}"
    assert pressed == "true"


def some_units(case, layer, count, seed):
    """(channel, row, column) of units: the last one, at the edge of the maps, and some anywhere."""
    shape = case.maps(layer).shape
    height, width, channels = (1, shape[0], 1) if len(shape) == 1 else shape
    random = np.random.default_rng(seed)
    anywhere = [(random.integers(channels), random.integers(height), random.integers(width)) for _ in range(count - 1)]
    return [(channels - 1, height - 1, width - 1), *(tuple(map(int, unit)) for unit in anywhere)]


@pytest.mark.parametrize("name", CASES)
def test_every_layer_shows_what_keras_and_numpy_calculate(case, open_page, name):
    this = case(name)
    page = open_page(this.path, reduced_motion="reduce")
    image = 0
    for place, layer in enumerate(["image", *this.of_keras[0]]):
        if len(this.images) > 1:
            image = (place + 1) % len(this.images)
            page.locator(f'.choices button[data-image="{image}"]').click()
        for channel, row, column in some_units(this, layer, 2, seed=place):
            choose(page, layer, channel, row, column)
            check_unit(page, this, layer, channel, row, column, image)
        compared = type(this.model.get_layer(layer)).__name__ in ("Conv2D", "Dense") if layer != "image" else False
        assert ("Keras computed the same." in said(page)) == compared


def as_percentage(shown, share):
    """Whether shown is a share as a percentage with one decimal."""
    return share < 0.0005 if shown.startswith("under 0.1") else abs(float(shown) - share * 100) <= 0.051


def test_the_answer_is_the_models_own(case, open_page):
    this = case("plain")
    page = open_page(this.path)
    for image, maps in enumerate(this.of_keras):
        page.locator(f'.choices button[data-image="{image}"]').click()
        best = maps["softmax"].argmax()
        text = page.locator(".answer").inner_text()
        shown = re.fullmatch(rf"Its answer: {re.escape(this.names[best])} \((\S+) %\)\. ", f"{text.strip()} ")
        assert as_percentage(shown[1], maps["softmax"][best])
        bars = section(page, "softmax").locator(".bar")
        assert bars.locator(".name").all_inner_texts() == this.names
        amounts = bars.locator(".amount").all_inner_texts()
        assert all(as_percentage(a.removesuffix(" %"), p) for a, p in zip(amounts, maps["softmax"], strict=True))
    assert not page.locator("img[onerror]").count()


# Small maps and the map in view -----------------------------------------------------------------------------------


def picture_of(locator):
    return np.asarray(Image.open(io.BytesIO(locator.screenshot())).convert("RGB")).astype(int)


def colour_of(case, layer, channel, image, row, column):
    maps = case.maps(layer, image).astype(float)
    plane, signed = maps[:, :, channel], any((m[layer] < 0).any() for m in case.of_keras if layer != "image")
    if signed:
        share = plane[row, column] / np.abs(plane).max() / 2 + 0.5
    else:
        low = min(plane.min(), 0)
        share = (plane[row, column] - low) / (plane.max() - low)
    palette = "grey" if layer == "image" else "signed" if signed else "maps"
    return sheets.colours(palette)[round(share * 254)].astype(int)


@pytest.mark.parametrize(
    ("name", "layer"),
    [("plain", "image"), ("plain", "module3_pool"), ("user", "strided"), ("normalised", "module2_norm")],
)
def test_small_maps_are_pictures_of_the_maps(case, open_page, name, layer):
    """Each thumbnail is looked at: the pixels in the middle of some cells have the colours of their values."""
    this = case(name)
    page = open_page(this.path, reduced_motion="reduce")
    image = len(this.images) - 1
    if image:
        page.locator(f'.choices button[data-image="{image}"]').click()
    height, width, channels = this.maps(layer).shape
    silent = section(page, layer).locator(".silent").evaluate_all("(all) => all.map((n) => Number(n.dataset.channel))")
    assert len(silent) <= channels / 2
    for channel in set(range(channels)) - set(silent):
        thumb = section(page, layer).locator(f'button.thumb[data-channel="{channel}"]')
        thumb.evaluate("(node) => { node.style.outline = 'none'; node.style.borderRadius = 0; }")
        seen = picture_of(thumb)
        assert abs(seen.shape[0] * width - seen.shape[1] * height) <= max(width, height), "it has the map's proportions"
        for row, column in [
            (0, 0),
            (0, width - 1),
            (height - 1, 0),
            (height - 1, width - 1),
            (height // 2, width // 3),
        ]:
            y, x = (
                int((p + 0.5) * s / n) for p, s, n in ((row, seen.shape[0], height), (column, seen.shape[1], width))
            )
            wanted = colour_of(this, layer, channel, image, row, column)
            assert np.abs(seen[y, x] - wanted).max() <= 2, (channel, row, column, seen[y, x], wanted)


def test_cells_of_the_map_in_view_are_coloured_by_their_values(case, open_page):
    this = case("plain")
    for layer in ("module2_conv", "module1_relu", "image"):
        page = open_page(this.path, fragment=f"image=2&layer={layer}&channel=2")
        height, width, _ = this.maps(layer).shape
        for row, column in ((0, 1), (height - 1, 2), (3, width - 1)):
            shown = map_cell(page, row, column).evaluate("(node) => getComputedStyle(node).backgroundColor")
            wanted = colour_of(this, layer, 2, 2, row, column)  # in the page, palettes have 64 colours
            assert np.abs(np.array(re.findall(r"\d+", shown), int) - wanted).max() <= 8, (layer, row, column)
        ends = page.locator(".legend span").all_inner_texts()
        plane = this.maps(layer, 2)[:, :, 2].astype(float)
        low = -np.abs(plane).max() if layer == "module2_conv" else 0
        assert rounded(number_on_screen(ends[0]), low)
        assert rounded(number_on_screen(ends[-1]), np.abs(plane).max())


# Walking back -----------------------------------------------------------------------------------------------------


def tile_links(page):
    """What can be walked to: [(layer, channel, row, column, text)], and how many cells are padding."""
    found = (
        explanation(page)
        .locator(".walk")
        .evaluate_all(
            """(nodes) => nodes.map((node) => {
            const {layer, channel, row, column} = node.dataset;
            return [layer, Number(channel), Number(row), Number(column), node.textContent,
                    node.closest(".future") !== null, node.classList.contains("kept")];
        })"""
        )
    )
    return [link[:5] for link in found if not link[5]], [tuple(link[2:4]) for link in found if link[6]]


def tile_of(case, layer, row, column):
    """The cells of the layer before that a unit was calculated from, by the layer's own settings."""
    keras_layer, shape = case.model.get_layer(layer), case.maps(case.before(layer)).shape
    if isinstance(keras_layer, layers.Conv2D | layers.MaxPooling2D | layers.AveragePooling2D):
        size = keras_layer.kernel_size if isinstance(keras_layer, layers.Conv2D) else keras_layer.pool_size
        strides, same = keras_layer.strides, keras_layer.padding == "same"
        corner = []
        for position, length, side, stride in zip((row, column), shape, size, strides, strict=False):
            zeros = max((-(-length // stride) - 1) * stride + side - length, 0) if same else 0
            corner.append(position * stride - zeros // 2)
        cells = [(corner[0] + i, corner[1] + j) for i in range(size[0]) for j in range(size[1])]
        return [(r, c) for r, c in cells if 0 <= r < shape[0] and 0 <= c < shape[1]]
    return [(row, column)]


def walk(page, case, unit, image, choose_link):
    """From a unit to a pixel by clicks on values of tiles; gives the units passed, the pixel last."""
    passed = [unit]
    while unit[0] != "image":
        layer, channel, row, column = unit
        links, kept = tile_links(page)
        cells = [(r, c) for _, _, r, c, _ in links]
        assert cells == tile_of(case, layer, row, column), unit
        assert {name for name, *_ in links} == {case.before(layer)}
        for link in links:
            value = float(case.unit(*link[:4], image))
            assert abs(number_on_screen(link[4]) - value) <= 0.006 * max(1, abs(value)), (unit, link, value)
        if kept:
            assert len(kept) == 1
            plane = case.maps(case.before(layer), image)[:, :, channel]
            assert plane[kept[0]] == max(plane[cell] for cell in cells)
        if not isinstance(case.model.get_layer(layer), layers.Conv2D):
            assert {c for _, c, *_ in links} == {channel}, "one channel only"
        number = choose_link(len(links), kept, cells)
        explanation(page).locator(".walk:not(.future *)").nth(number).click()
        unit = tuple(links[number][:4])
        check_unit(page, case, *unit, image)
        passed.append(unit)
    return passed


def middle_of_the_tile(count, kept, cells):
    return cells.index(kept[0]) if kept else count // 2


def last_of_the_tile(count, kept, cells):
    return count - 1


@pytest.mark.parametrize(
    ("name", "unit", "choose_link"),
    [
        ("plain", ("module3_pool", 2, 1, 1), middle_of_the_tile),
        ("plain", ("module3_pool", 4, 0, 0), last_of_the_tile),
        ("grey", ("module2_pool", 3, 0, 0), last_of_the_tile),
        ("user", ("dropout", 5, 5, 6), last_of_the_tile),
        ("user", ("dropout", 2, 3, 1), middle_of_the_tile),
        ("user", ("overlapping", 1, 0, 3), middle_of_the_tile),
        ("normalised", ("module2_pool", 3, 2, 2), middle_of_the_tile),
    ],
)
def test_one_can_walk_from_any_value_to_the_pixels_and_back(case, open_page, name, unit, choose_link):
    this = case(name)
    image = len(this.images) - 1
    page = open_page(this.path, reduced_motion="reduce")
    if image:
        page.locator(f'.choices button[data-image="{image}"]').click()
    choose(page, *unit)
    check_unit(page, this, *unit, image)
    passed = walk(page, this, unit, image, choose_link)
    _, channel, row, column = passed[-1]
    assert value_of(page) == this.images[image][row, column, channel]
    assert "A pixel of the image" in explanation(page).inner_text()
    back = page.get_by_role("button", name="← Back")
    for earlier in reversed(passed[:-1]):
        back.click()
        check_unit(page, this, *earlier, image)
        assert map_cell(page, *earlier[2:]).evaluate("(node) => node === document.activeElement")


def test_back_is_possible_exactly_when_one_has_come_from_somewhere(case, open_page):
    this = case("plain")
    page = open_page(this.path)
    back = page.get_by_role("button", name="← Back")
    assert back.is_disabled()
    first = said(page)
    pressed = page.locator('.thumb[aria-pressed="true"]')
    pressed.click()  # the map that is open already
    assert back.is_enabled()
    back.click()
    assert said(page) == first
    assert back.is_disabled()
    open_layer(page, "softmax", column=2)
    page.locator('.choices button[data-image="1"]').click()
    back.click()
    assert said(page) == first
    assert page.locator('.choices [aria-pressed="true"]').get_attribute("data-image") == "0"


def test_a_flattened_value_leads_to_its_place_in_the_maps(case, open_page):
    this = case("plain")
    page = open_page(this.path)
    pool = this.maps("module3_pool")
    for column in (0, 7, pool.size - 1):
        choose(page, "flatten", 0, 0, column)
        check_unit(page, this, "flatten", 0, 0, column)
        row, place, channel = (int(n) for n in np.unravel_index(column, pool.shape))
        assert f"the value of module3_pool, map {channel}, row {row}, column {place}" in said(page)
        explanation(page).locator(".walk").first.click()
        check_unit(page, this, "module3_pool", channel, row, place)


@pytest.mark.parametrize(
    ("name", "layer"), [("plain", "module1_conv"), ("grey", "module1_conv"), ("plain", "module2_relu")]
)
def test_what_becomes_of_a_value(case, open_page, name, layer):
    """After it: normalised, cut at 0, kept by the pooling or dropped, with the values that Keras has there."""
    this = case(name)
    page = open_page(this.path, reduced_motion="reduce")
    following = list(this.of_keras[0])
    following = following[following.index(layer) + 1 :]
    pool = next(after for after in following if after.endswith("_pool"))
    fates = {}
    for row, column in np.ndindex(*this.maps(layer).shape[:2]):
        fate, targets = fate_of(this, pool, row, column, 2)
        fates.setdefault(fate, []).append((row, column, targets))
    expected = {"kept", "larger", "tied"} if name == "plain" else {"kept", "kept later", "larger", "tied", "uncovered"}
    assert set(fates) == expected
    words = {
        "larger": "dropped: the tile has a larger value",
        "tied": "dropped: the same value stands earlier in its tile",
        "uncovered": "no tile covers it",
    }
    for fate, (*_, (row, column, targets)) in [*fates.items(), *((fate, few[:1]) for fate, few in fates.items())]:
        select_by_address(page, f"layer={layer}&channel=2&row={row}&column={column}")
        check_unit(page, this, layer, 2, row, column)
        steps = explanation(page).locator(".future li").all()
        for step, after in zip(steps, following, strict=False):
            assert step.inner_text().startswith(f"{after}: ")
            if step.locator(".walk").count():
                link = step.locator(".walk")
                target = link.evaluate("({dataset: d}) => [d.layer, ...[d.channel, d.row, d.column].map(Number)]")
                assert target[:2] == [after, 2]
                assert rounded(number_on_screen(link.inner_text()), float(this.unit(*target)))
                if after == pool:
                    assert tuple(target[2:]) in targets, (fate, row, column)
                else:
                    assert target[2:] == [row, column]
        last = steps[following.index(pool)].inner_text()
        assert words.get(fate, "the largest of its tile: it goes on as") in last, (fate, row, column)


def fate_of(case, pool, row, column, channel):
    """What the pooling makes of a value, and at which places of its output the page may point for it."""
    settings, before = case.model.get_layer(pool), case.maps(case.before(pool))[:, :, channel]
    (height, width), (down, across) = settings.pool_size, settings.strides
    tiles = {
        (r, c): before[r * down : r * down + height, c * across : c * across + width]
        for r, c in np.ndindex(*case.maps(pool).shape[:2])
        if 0 <= row - r * down < height and 0 <= column - c * across < width
    }
    if not tiles:
        return "uncovered", []
    keeping = [
        (r, c)
        for (r, c), tile in tiles.items()
        if np.unravel_index(tile.argmax(), tile.shape) == (row - r * down, column - c * across)
    ]
    if keeping:
        return "kept" if keeping[0] == min(tiles) else "kept later", keeping
    first = min(tiles)
    return "tied" if tiles[first].max() == before[row, column] else "larger", [first]


# Addresses --------------------------------------------------------------------------------------------------------


def shown(page):
    return [page.locator(part).inner_text() for part in (".readout", ".explanation", ".chosen-map", ".answer")]


def test_an_address_opens_the_unit_that_clicks_open(case, open_page):
    this = case("plain")
    fragment = "image=1&layer=module2_conv&channel=3&row=2&column=1"
    addressed = open_page(this.path, fragment=fragment, reduced_motion="reduce")
    check_unit(addressed, this, "module2_conv", 3, 2, 1, image=1)
    clicked = open_page(this.path, reduced_motion="reduce")
    clicked.locator('.choices button[data-image="1"]').click()
    choose(clicked, "module2_conv", 3, 2, 1)
    assert shown(clicked) == shown(addressed)
    assert clicked.evaluate("location.hash") == f"#{fragment}"
    assert clicked.locator(".thumb[aria-pressed=true]").evaluate_all("(all) => all.map((n) => n.ariaLabel)") == [
        "module2_conv, map 3, silent"
    ]
    assert clicked.locator(".layer.chosen").evaluate_all("(all) => all.map((n) => n.dataset.layer)") == ["module2_conv"]


@pytest.mark.parametrize("width", [390, 1360])
def test_an_address_shows_the_explanation_where_one_looks(case, open_page, width):
    """On a narrow screen it stands below all the layers."""
    page = open_page(case("plain").path, fragment="layer=module2_conv&channel=1&row=2&column=3", width=width)
    page.wait_for_function(
        """() => {
            const { top, bottom } = document.querySelector("[data-role=readout]").getBoundingClientRect();
            return top >= 0 && bottom <= window.innerHeight;
        }"""
    )
    plain = open_page(case("plain").path, width=width)
    plain.wait_for_timeout(300)
    assert plain.evaluate("window.scrollY") == 0, "without one, the page begins at its beginning"


THREE_FRAMES = """() => new Promise((done) => {
    const after = (frames) => (frames ? requestAnimationFrame(() => after(frames - 1)) : done());
    after(3); // the layout, what is observed of it, and the look that follows
})"""
SIDES = """(part) => ["left", "right", "up", "down"].filter((side) => part.classList.contains(`more-${side}`))"""


def ends(page, part, x=0, y=0):
    """On which sides a part fades, once it has been scrolled so far."""
    page.evaluate("([part, x, y]) => part.scrollTo(x, y)", [part.element_handle(), x, y])
    page.evaluate(THREE_FRAMES)
    return part.evaluate(SIDES)


def test_what_goes_on_behind_an_edge_fades_there(case, open_page):
    """On a narrow screen the maps stand in one row, on a wide one under each other."""
    fragment = "layer=module2_conv&channel=1&row=2&column=3"
    page = open_page(case("plain").path, fragment=fragment, width=390)
    maps = page.locator('[data-layer="module2_conv"] .thumbs')
    assert [ends(page, maps), ends(page, maps, x=60), ends(page, maps, x=10_000)] == [
        ["right"],
        ["left", "right"],
        ["left"],
    ]
    assert "rgba(0, 0, 0, 0)" in maps.evaluate("(part) => getComputedStyle(part).maskImage")
    few = page.locator('[data-layer="image"] .thumbs')
    assert few.evaluate(SIDES) == []
    assert few.evaluate("(part) => getComputedStyle(part).maskImage") == "none"

    page.set_viewport_size({"width": 1360, "height": 500})
    page.evaluate(THREE_FRAMES)
    assert maps.evaluate(SIDES) == [], "the window has room for all eleven now"
    detail = page.locator(".detail")
    assert [ends(page, detail), ends(page, detail, y=10_000)] == [["down"], ["up"]]
    select_by_address(page, "layer=softmax&channel=0&row=0&column=0")
    page.set_viewport_size({"width": 1360, "height": 3000})
    page.evaluate(THREE_FRAMES)
    assert detail.evaluate(SIDES) == []


def test_another_address_shows_another_unit(case, open_page):
    this = case("plain")
    page = open_page(this.path)
    for image, layer, channel, row, column in [
        (2, "module1_relu", 3, 15, 19),
        (2, "module1_relu", 2, 15, 19),
        (1, "image", 2, 0, 3),
        (0, "dense1", 0, 0, 11),
    ]:
        select_by_address(page, f"image={image}&layer={layer}&channel={channel}&row={row}&column={column}")
        check_unit(page, this, layer, channel, row, column, image)


@pytest.mark.parametrize(
    "fragment",
    [
        "nonsense",
        "layer=nowhere&row=3",
        "image=99&layer=module1_conv&channel=99&row=-1&column=1e1",
        "layer=module1_conv&row=NaN&column=0x2&channel=%00",
        "layer=%3Cimg%20src=x%20onerror=alert(1)%3E",
        "layer=constructor&image=__proto__",
        "%",
        "image=1&image=2&layer=module1_conv&row=1.5",
    ],
)
def test_addresses_without_meaning_do_no_harm(case, open_page, fragment):
    this = case("plain")
    page = open_page(this.path, fragment=fragment)
    wanted = re.search(r"layer=(module1_conv)", fragment)
    image = 2 if "image=2" in fragment else 0
    if wanted:
        check_unit(page, this, "module1_conv", 0, 0, 0, image)
    else:
        assert said(page).startswith("module1_conv, map ")
    select_by_address(page, "layer=module1_relu&channel=1000000&row=2&column=3")
    check_unit(page, this, "module1_relu", 0, 2, 3)


def test_the_page_works_where_the_address_cannot_be_written(case, open_page):
    this = case("plain")
    page = open_page(this.path, fragment="layer=module2_conv&channel=4&row=2&column=3")
    page.evaluate("() => { history.replaceState = () => { throw new DOMException('too often', 'SecurityError'); }; }")
    map_cell(page, 2, 3).focus()
    page.keyboard.press("ArrowDown")
    check_unit(page, this, "module2_conv", 4, 3, 3)


# The page calculates ----------------------------------------------------------------------------------------------


def test_a_weight_changed_in_the_file_changes_the_equation(case, open_page, tmp_path):
    this = case("plain")
    html = this.path.read_text(encoding="utf-8")
    text = re.search(r'<script type="application/json">(.*?)</script>', html, re.S)[1]
    data = json.loads(text)
    layer = next(layer for layer in data["layers"] if layer["name"] == "module2_conv")
    carried = layer["weights"]["kernel"]
    kernel = np.frombuffer(base64.b64decode(carried["data"]), "<f4").reshape(carried["shape"]).copy()
    kernel[1, 1, 2, 5] += 3
    changed = base64.b64encode(kernel.tobytes()).decode()
    assert html.count(carried["data"]) == 1
    path = tmp_path / "changed.html"
    path.write_text(html.replace(carried["data"], changed), encoding="utf-8")

    before = this.maps("module1_pool")
    bias = this.model.get_layer("module2_conv").get_weights()[1]
    wanted = reference.conv2d(before, kernel, bias, padding="same")
    row, column = (int(n) for n in np.unravel_index(before[:, :, 2].argmax(), before.shape[:2]))
    old = float(this.unit("module2_conv", 5, row, column))
    assert abs(wanted[row, column, 5] - old) > 0.1
    page = open_page(path, reduced_motion="reduce")
    choose(page, "module2_conv", 5, row, column)
    assert abs(value_of(page) - wanted[row, column, 5]) <= 1e-4 * abs(wanted[row, column, 5]) + 1e-5
    complaint = re.search(r"Keras computed (\S+): the weights or maps in this page are not those it used\.", said(page))
    assert rounded(number_on_screen(complaint[1]), old)
    equation = explanation(page).locator("p.sum").first.inner_text()
    assert rounded(number_on_screen(equation.split(" = ")[-1]), wanted[row, column, 5])
    explanation(page).locator('[data-slice="2"]').click()
    weights = explanation(page).locator("figure").nth(1).locator(".cell")
    assert abs(number_on_screen(weights.nth(4).get_attribute("title")) - kernel[1, 1, 2, 5]) < 1e-3
    choose(page, "module2_conv", 4, row, column)
    check_unit(page, this, "module2_conv", 4, row, column)
    choose(page, "module2_relu", 5, row, column)
    assert value_of(page) == max(0, np.float32(old)), "the maps that follow are those that Keras computed"


def test_a_convolution_is_shown_slice_by_slice(case, open_page):
    this = case("plain")
    page = open_page(this.path, fragment="image=2&layer=module3_conv&channel=4&row=0&column=4")
    maps, layer = this.maps("module2_pool", 2), this.model.get_layer("module3_conv")
    kernel, bias = layer.get_weights()
    step = next(
        s
        for s in reference.trace_conv2d(maps, kernel, bias, padding="same")
        if (s.row, s.column, s.filter) == (0, 4, 4)
    )
    sums = step.products.sum(axis=(0, 1))
    order = (-np.abs(sums)).argsort(kind="stable")
    choices = explanation(page).locator(".slice-choice")
    assert choices.count() == 8
    assert [int(c) for c in choices.evaluate_all("(all) => all.map((n) => n.dataset.slice)")] == order[:8].tolist()
    parts = explanation(page).locator("p.sum").first.inner_text()
    shown_parts = [
        number_on_screen(n) for n in re.findall(r"(\(?−?[\d.e−]+\)?) \((?:map \d+|\d+ other maps?|bias)\)", parts)
    ]
    wanted = [*sums[order[:3]], sums[order[3:]].sum(), bias[4]]
    assert all(rounded(s, w) for s, w in zip(shown_parts, wanted, strict=True)), (parts, wanted)
    assert abs(sum(shown_parts) - step.value) < 5e-3
    rest = re.search(r"the others add (\S+)", explanation(page).inner_text())[1]
    assert rounded(number_on_screen(rest), sums[order[8:]].sum())
    assert number_on_screen(rest) != 0
    explanation(page).get_by_role("button", name="All 11 slices").click()
    assert choices.evaluate_all("(all) => all.map((n) => Number(n.dataset.slice))") == list(range(11))
    assert page.evaluate("document.activeElement.textContent") == "Only the strongest"
    for channel in (10, 0):
        explanation(page).locator(f'[data-slice="{channel}"]').click()
        assert page.evaluate("document.activeElement.dataset.slice") == str(channel)
        assert number_on_screen(choices.nth(channel).locator("b").inner_text()) == pytest.approx(
            sums[channel], abs=6e-4
        )
        figures = explanation(page).locator("figure")
        for number, numbers in enumerate((step.tile, step.weights, step.products)):
            texts = figures.nth(number).locator(".cell").all_inner_texts()
            np.testing.assert_allclose([number_on_screen(t) for t in texts], numbers[:, :, channel].ravel(), atol=6e-3)
        assert figures.nth(0).locator(".padding").count() == 5, "the corner"
        assert f"On map {channel} of module2_pool" in explanation(page).inner_text()


# What a value depends on --------------------------------------------------------------------------------------------


def part_of_the_image(page):
    """First and last row, first and last column that the page says a value depends on; also where the frame is."""
    text = page.locator(".seen figcaption").inner_text()
    frame = page.locator(".seen-frame").evaluate("({style: s}) => [s.top, s.height, s.left, s.width].map(parseFloat)")
    found = re.fullmatch(r"It depends on rows? (\d+)(?: to (\d+))?, columns? (\d+)(?: to (\d+))? of the image\.", text)
    if not found:
        assert text == "It depends on the whole image."
        return None, frame
    first, last, left, right = found.groups()
    return (int(first), int(last or first), int(left), int(right or left)), frame


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        *[("plain", layer) for layer in ("module1_conv", "module1_pool", "module2_conv", "module2_pool", "flatten")],
        ("plain", "dense1"),
        ("grey", "module2_conv"),
        ("normalised", "module1_norm"),
        ("normalised", "global_pool"),
        ("user", "strided"),
        ("user", "averages"),
    ],
)
def test_the_pixels_a_value_depends_on_are_framed(case, open_page, name, layer):
    """Other pixels everywhere else leave the value as it is; the last row and column inside do not, in some unit."""
    this = case(name)
    page = open_page(this.path)
    image = this.images[0].astype(np.float32)
    height, width = image.shape[:2]
    shape, random = this.maps(layer).shape, np.random.default_rng(0)
    last = (0, 0, shape[0] - 1) if len(shape) == 1 else (0, shape[0] - 1, shape[1] - 1)
    for channel, row, column in (last, *some_units(this, layer, 3, seed=5)):
        select_by_address(page, f"layer={layer}&channel={channel}&row={row}&column={column}")
        found, frame = part_of_the_image(page)
        first, end, left, right = found or (0, height - 1, 0, width - 1)
        shares = [first / height, (end - first + 1) / height, left / width, (right - left + 1) / width]
        assert frame == pytest.approx([100 * share for share in shares], abs=0.01)
        others = random.integers(0, 256, image.shape).astype(np.float32)
        others[first : end + 1, left : right + 1] = image[first : end + 1, left : right + 1]
        unit = column if len(shape) == 1 else (row, column, channel)
        assert feature_maps(this.model, others)[layer][unit] == pytest.approx(
            this.maps(layer)[unit], rel=1e-4, abs=1e-5
        )


def test_the_framed_part_is_as_large_as_the_receptive_field(case, open_page):
    this = case("plain")
    page = open_page(this.path)
    sizes = {row.name: row.receptive_field for row in layer_table(this.model)}
    for layer in ("module1_conv", "module1_pool", "module2_conv", "module2_pool"):
        middle = [size // 2 for size in this.maps(layer).shape[:2]]
        select_by_address(page, f"layer={layer}&channel=1&row={middle[0]}&column={middle[1]}")
        (first, end, left, right), _ = part_of_the_image(page)
        seen = np.broadcast_to(sizes[layer], 2)
        assert (end - first + 1, right - left + 1) == tuple(np.minimum(seen, this.images.shape[1:3])), layer


def test_behind_a_layer_that_is_not_explained_nobody_knows_which_pixels_count(case, open_page):
    page = open_page(case("unknown").path, fragment="layer=before&row=1&column=2")
    assert part_of_the_image(page)[0] == (1, 3, 2, 4)
    for layer in ("leaky", "after", "answer", "image"):
        select_by_address(page, f"layer={layer}")
        assert page.locator(".seen").inner_text() == ""


# Dense layers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("layer", "unit"), [("dense1", 5), ("scores", 1)])
def test_a_dense_unit_shows_its_largest_contributions(case, open_page, layer, unit):
    this = case("plain")
    page = open_page(this.path, fragment=f"image=1&layer={layer}&column={unit}")
    check_unit(page, this, layer, 0, 0, unit, image=1)
    before = this.maps(this.before(layer), 1)
    kernel, bias = this.model.get_layer(layer).get_weights()
    products = before * kernel[:, unit]
    order = (-np.abs(products)).argsort(kind="stable")[:10]
    rows = explanation(page).locator("tbody tr")
    assert rows.count() == 10
    pool = this.maps("module3_pool").shape
    for number, source in enumerate(order):
        name, x, weight, adds = rows.nth(number).locator("td").all_inner_texts()[:4]
        assert rounded(number_on_screen(adds.removeprefix("= ")), products[source])
        assert rounded(number_on_screen(x), before[source])
        assert rounded(number_on_screen(weight.removeprefix("× ")), kernel[source, unit])
        row, column, channel = np.unravel_index(source, pool) if layer == "dense1" else (0, 0, 0)
        wanted = f"module3_pool, map {channel}, row {row}, column {column}"
        assert name == (wanted if layer == "dense1" else f"dense1, unit {source}")
    text = explanation(page).locator("p.sum").first.inner_text()
    these, others, added, total = map(
        number_on_screen,
        re.match(r"(\S+) \(these\) \+ (\S+) \(the other \d+\) \+ (\S+) \(bias\) = (\S+?)(?:,|$)", text).groups(),
    )
    assert rounded(these, products[order].sum())
    assert added == pytest.approx(bias[unit], abs=6e-4)
    assert these + others + added == pytest.approx(total, abs=3e-3)
    assert rounded(total, products.sum() + bias[unit])
    rows.first.locator(".walk").click()
    assert value_of(page) == pytest.approx(before[order[0]], rel=1e-4)


@pytest.mark.parametrize(("name", "layer"), [("plain", "softmax"), ("user", "answer")])
def test_softmax_gives_shares_of_one(case, open_page, name, layer):
    this = case(name)
    page = open_page(this.path, fragment=f"layer={layer}&column=1")
    check_unit(page, this, layer, 0, 0, 1)
    answers = this.maps(layer)
    table = explanation(page).get_by_role("region", name="Scores and probabilities")
    rows = [row.locator("td").all_inner_texts() for row in table.locator("tbody tr").all()]
    order = answers.argsort()[::-1]
    assert [row[0] for row in rows] == [this.names[unit] for unit in order]
    for row, unit in zip(rows, order, strict=True):
        assert rounded(number_on_screen(row[3]), answers[unit])
    assert sum(number_on_screen(row[3]) for row in rows) == pytest.approx(1, abs=3e-4)
    powers = [number_on_screen(row[2]) for row in rows]
    scores = np.array([number_on_screen(row[1]) for row in rows])
    np.testing.assert_allclose(powers, np.exp(scores - scores.max()), atol=2e-3)
    assert table.locator("tr.chosen td").first.inner_text() == this.names[1]
    equation = explanation(page).locator("p.sum").last.inner_text()
    assert rounded(number_on_screen(equation.split(" = ")[-1]), answers[1])
    assert rounded(number_on_screen(re.search(r"/ (\S+) =", equation)[1]), sum(np.exp(scores - scores.max())))
    if layer == "softmax":
        table.locator(".walk").first.click()
        check_unit(page, this, "scores", 0, 0, int(order[0]))


@pytest.mark.parametrize("inside", [True, False], ids=["in the dense layer", "a layer of its own"])
def test_softmax_of_huge_scores_is_still_a_number(open_page, tmp_path, inside):
    ends = (
        [layers.Dense(3, activation="softmax", name="end")] if inside else [layers.Dense(3), layers.Softmax(name="end")]
    )
    model = sequential((2, 2, 1), layers.Flatten(), *ends)
    kernel = model.layers[1].get_weights()[0]
    model.layers[1].set_weights([kernel, np.array([5000, 4999, -5000], np.float32)])
    image = np.zeros((2, 2, 1), np.float32)
    page = open_page(explorer.network(model, image).save(tmp_path / "huge.html"))
    for unit, share in enumerate([1 / (1 + np.exp(-1)), 1 / (1 + np.exp(1)), 0]):
        select_by_address(page, f"layer=end&column={unit}")
        assert value_of(page) == pytest.approx(share, abs=1e-6)
        assert "not a number" not in page.locator(".detail").inner_text()


@pytest.mark.parametrize("unit", [0, 3])
def test_batch_normalisation_shows_its_numbers(case, open_page, unit):
    this = case("normalised")
    page = open_page(this.path, fragment=f"layer=module2_norm&channel={unit}&row=2&column=4")
    beta, mean, variance = (w[unit] for w in this.model.get_layer("module2_norm").get_weights())
    text = explanation(page).locator("p.sum").first.inner_text()
    found = re.fullmatch(r"\((.*) − (.*)\) / √\((.*) \+ (.*)\) × (.*) \+ (.*) = (.*)", " ".join(text.split()))
    before = this.unit("module2_conv", unit, 2, 4)
    wanted = [before, mean, variance, 0.001, 1, beta, this.unit("module2_norm", unit, 2, 4)]
    assert all(rounded(number_on_screen(t), w) for t, w in zip(found.groups(), wanted, strict=True)), (text, wanted)


@pytest.mark.parametrize(
    ("layer", "what"), [("averages", "mean of"), ("overlapping", "largest of"), ("highest", "lar")]
)
def test_pooling_shows_its_tile(case, open_page, layer, what):
    this = case("user")
    before = this.maps(this.before(layer), 1)
    vector = this.maps(layer).ndim == 1
    row, column, channel = (0, 3, 0) if vector else (this.maps(layer).shape[0] - 1, 0, 4)
    page = open_page(this.path, fragment=f"image=1&layer={layer}&channel={channel}&row={row}&column={column}")
    links, kept = tile_links(page)
    cells = list(np.ndindex(*before.shape[:2])) if vector else tile_of(this, layer, row, column)
    assert [tuple(link[1:4]) for link in links] == [(3 if vector else channel, r, c) for r, c in cells]
    values = [before[r, c, 3 if vector else channel] for r, c in cells]
    assert [number_on_screen(link[4]) for link in links] == pytest.approx(values, abs=6e-3)
    assert f"the {what}" in said(page)
    assert f"{len(cells)} values" in said(page)
    assert kept == ([] if layer == "averages" else [cells[int(np.argmax(values))]])


# What is marked ---------------------------------------------------------------------------------------------------


def test_silent_filters_are_marked_and_said(case, open_page):
    this = case("plain")
    page = open_page(this.path, reduced_motion="reduce")
    wanted = {"module1": [1], "module2": [0, 3]}
    for layer in ["image", *list(this.of_keras[0])[:-4]]:
        thumbs = section(page, layer).locator(".thumb.silent")
        numbers = [int(n) for n in thumbs.evaluate_all("(all) => all.map((n) => n.dataset.channel)")]
        expected = wanted.get(layer.split("_")[0], []) if "_" in layer else []
        fires = [m[f"{layer.split('_')[0]}_relu"].max(axis=(0, 1)) > 0 for m in this.of_keras] if "_" in layer else []
        assert not fires or sorted(np.flatnonzero(~np.any(fires, axis=0))) == expected or layer.startswith("module3")
        if layer.startswith("module3"):
            expected = np.flatnonzero(~np.any(fires, axis=0)).tolist()
        assert numbers == expected
        texts = section(page, layer).locator("p.note").all_inner_texts()
        count = this.maps(layer).shape[2]
        line = f"Silent on all 3 images (no value above 0): {len(expected)} of {count}."
        assert texts == ([line] if expected else [])
        for thumb in thumbs.all():
            assert thumb.get_attribute("aria-label").endswith(", silent")
            assert "silent" in thumb.get_attribute("title")
    for layer, channel, silent in (("module2_conv", 3, True), ("module2_conv", 4, False), ("module1_pool", 1, True)):
        choose(page, layer, channel, 1, 1)
        text = "This filter is silent: after ReLU it gives no value above 0 on any of these images."
        assert (text in explanation(page).inner_text()) == silent
    fires = np.any([maps["dense1"] > 0 for maps in this.of_keras], axis=0)
    text = f"Silent on all 3 images (no value above 0): {(~fires).sum()} of 12."
    assert section(page, "dense1").locator("p.note").all_inner_texts() == [text]
    for silent in (True, False):
        choose(page, "dense1", 0, 0, int(np.flatnonzero(fires != silent)[-1]))
        assert ("This unit is silent" in explanation(page).inner_text()) == silent


def test_a_layer_that_is_not_explained_says_so_and_those_after_it_are(case, open_page):
    this = case("unknown")
    page = open_page(this.path, reduced_motion="reduce")
    for layer in this.of_keras[0]:
        problems = section(page, layer).locator(".problem").all_inner_texts()
        if layer in ("leaky", "separable"):
            kind = {"leaky": "LeakyReLU", "separable": "SeparableConv2D"}[layer]
            why = f"layers of type {kind} are not explained yet"
            assert problems == [f"Shown, but not explained: {why}."]
            choose(page, layer, 1, 3, 4)
            check_unit(page, this, layer, 1, 3, 4)
            assert explanation(page).inner_text() == f"How it was calculated cannot be shown: {why}."
        else:
            assert problems == []
    choose(page, "after", 2, 3, 3)
    assert "add up to" in said(page)
    explanation(page).locator(".step .walk").nth(4).click()
    check_unit(
        page, this, "separable", int(page.evaluate("new URLSearchParams(location.hash.slice(1)).get('channel')")), 4, 4
    )


def test_in_mixed_precision_the_difference_to_its_own_output_is_said(case, open_page):
    this = case("mixed")
    page = open_page(this.path)
    text = page.locator(".answer").inner_text()
    found = re.search(
        r"The model computes in mixed_bfloat16; this page in float32. Its own output differs by up to (\S+)\.$", text
    )
    own = keras.ops.convert_to_numpy(this.model(this.images.astype(np.float32), training=False))[0]
    difference = np.abs(own - this.maps("softmax")).max()
    assert difference > 1e-4
    assert abs(number_on_screen(found[1]) - difference) < 2e-5 + 0.05 * difference
    assert as_percentage(re.search(r"\((\S+) %\)", text)[1], own.max())
    assert "this page in float32" not in open_page(case("plain").path).locator(".answer").inner_text()


# Keyboard ---------------------------------------------------------------------------------------------------------

STOP = """() => {
    const node = document.activeElement;
    const layer = node.closest("section.layer")?.dataset.layer;
    if (node === document.body) return "nothing";
    if (node.closest(".choices")) return "image " + node.dataset.image;
    if (node.matches(".thumb")) return "maps of " + layer;
    if (layer) return (node.matches(".bar") ? "bar of " : "units of ") + layer;
    if (node.matches(".grid.map .cell")) return "map";
    if (node.matches(".step .walk")) return "tile";
    if (node.matches(".slice-choice")) return "slice";
    return node.textContent;
}"""


def tab_stops(page, most=120):
    stops = []
    for _ in range(most):
        page.keyboard.press("Tab")
        stop = page.evaluate(STOP)
        if stop == "nothing" or (stop == "image 0" and stops):
            break
        stops.append(stop)
    return stops


def test_everything_can_be_reached_with_the_tab_key(case, open_page):
    this = case("plain")
    page = open_page(this.path, fragment="layer=module2_conv&channel=4&row=2&column=3")
    stops = tab_stops(page)
    maps = [f"maps of {layer}" for layer in ["image", *list(this.of_keras[0])[:-4]]]
    units = ["units of flatten", "units of dense1", *["bar of scores"] * 4, *["bar of softmax"] * 4]
    detail = ["‹ previous map", "next map ›", "map", *["tile"] * 9, *["slice"] * 4]
    overview = ["image 0", "image 1", "image 2", *maps, *units]
    assert stops[: len(overview)] == overview
    assert [stop for stop in stops[len(overview) :] if not re.search(r"\d", stop)] == detail
    future = len(stops) - len(overview) - len(detail)
    assert future == 2, "ReLU and pooling"


def focused(page, selector):
    return page.evaluate("(selector) => document.activeElement.matches(selector)", selector)


def test_arrow_keys_move_in_maps_and_among_maps(case, open_page):
    this = case("plain")
    page = open_page(this.path, fragment="layer=module2_conv&channel=4&row=2&column=3")
    map_cell(page, 2, 3).focus()
    for key, row, column in (
        ("ArrowDown", 3, 3),
        ("ArrowRight", 3, 4),
        ("ArrowUp", 2, 4),
        ("ArrowLeft", 2, 3),
        ("Home", 2, 0),
        ("ArrowLeft", 2, 0),
        ("End", 2, 9),
        ("ArrowRight", 2, 9),
    ):
        page.keyboard.press(key)
        check_unit(page, this, "module2_conv", 4, row, column)
        assert focused(page, f'.map [data-row="{row}"][data-column="{column}"]')
    thumbs = section(page, "module2_relu").locator(".thumb")
    thumbs.first.focus()
    for key, channel in (("ArrowRight", 1), ("ArrowDown", 2), ("ArrowLeft", 1)):
        page.keyboard.press(key)
        assert said(page).startswith(f"module2_relu, map {channel}, ")
        assert focused(page, f'[data-layer="module2_relu"] [data-channel="{channel}"]')
        assert page.locator(".thumb[aria-pressed=true]").count() == 1
        assert thumbs.evaluate_all("(all) => all.filter((n) => n.tabIndex === 0).length") == 1
    plane = this.maps("module2_relu")[:, :, 1]
    assert value_of(page) == pytest.approx(plane.max(), rel=1e-4), "a map opens at its largest value"


def test_walking_with_the_keyboard_keeps_its_place(case, open_page):
    this = case("plain")
    page = open_page(this.path, fragment="layer=module2_conv&channel=4&row=2&column=3")
    link = explanation(page).locator(".step .walk").nth(4)
    channel = int(link.get_attribute("data-channel"))
    link.focus()
    page.keyboard.press("Enter")
    check_unit(page, this, "module1_pool", channel, 2, 3)
    assert focused(page, '.map [data-row="2"][data-column="3"]')
    page.get_by_role("button", name="← Back").focus()
    page.keyboard.press("Enter")
    check_unit(page, this, "module2_conv", 4, 2, 3)
    assert focused(page, '.map [data-row="2"][data-column="3"]')
    following = page.get_by_role("button", name="next map ›")
    following.focus()
    for number in range(5, 11):
        page.keyboard.press("Space")
        check_unit(page, this, "module2_conv", number, 2, 3)
    assert following.is_disabled()
    assert focused(page, '.map [data-row="2"][data-column="3"]'), "not lost with the button"
    page.get_by_role("button", name="‹ previous map").focus()
    page.keyboard.press("Enter")
    assert focused(page, ".command"), "it stays on the button"


def test_a_map_larger_than_the_window_can_be_crossed(case, open_page):
    this = case("large")
    page = open_page(this.path, fragment="layer=module1_conv&channel=1&row=0&column=0")
    assert map_cell(page, 31, 31).count() == 1
    assert page.locator(".grid.map .cell").count() == 32 * 32
    assert "Rows 0 to 31 of 40, columns 0 to 31 of 44; arrow keys go on." in page.locator(".detail").inner_text()
    map_cell(page, 0, 0).focus()
    page.keyboard.press("End")
    check_unit(page, this, "module1_conv", 1, 0, 31)
    for column in range(32, 44):
        page.keyboard.press("ArrowRight")
        assert focused(page, f'.map [data-row="0"][data-column="{column}"]')
    check_unit(page, this, "module1_conv", 1, 0, 43)
    page.keyboard.press("ArrowRight")
    check_unit(page, this, "module1_conv", 1, 0, 43)
    for _ in range(39):
        page.keyboard.press("ArrowDown")
    check_unit(page, this, "module1_conv", 1, 39, 43)
    assert "Rows 8 to 39 of 40, columns 12 to 43 of 44" in page.locator(".detail").inner_text()
    page.get_by_role("button", name="↑ up").click()
    check_unit(page, this, "module1_conv", 1, 7, 43)
    assert focused(page, ".command")
    page.get_by_role("button", name="← left").click()
    check_unit(page, this, "module1_conv", 1, 7, 11)
    page.keyboard.press("Enter")
    check_unit(page, this, "module1_conv", 1, 7, 0)


def test_a_long_row_of_units_is_shown_in_parts(open_page, tmp_path):
    model = sequential((30, 40, 1), layers.Flatten(name="row"), layers.Dense(2, name="two"))
    image = random_images(model)[0]
    page = open_page(explorer.network(model, image).save(tmp_path / "row.html"), fragment="layer=row&column=1023")
    assert "Units 0 to 1023 of 1200" in page.locator(".detail").inner_text()
    assert value_of(page) == image.ravel()[1023]
    map_cell(page, 0, 1023).focus()
    page.keyboard.press("ArrowRight")
    assert value_of(page) == image.ravel()[1024]
    assert focused(page, '.map [data-column="1024"]')
    assert "Units 1024 to 1199 of 1200" in page.locator(".detail").inner_text()
    assert page.get_by_role("button", name="later units ›").is_disabled()
    page.get_by_role("button", name="‹ earlier units").click()
    assert value_of(page) == image.ravel()[0]


# For everybody ----------------------------------------------------------------------------------------------------

SELECTED = [  # layers of several kinds
    ("plain", "light", ["module2_conv&channel=3", "dense1"]),
    ("plain", "dark", ["module2_conv&channel=4&row=2&column=3", "module1_pool", "softmax"]),
    ("normalised", "light", ["module1_norm", "global_pool"]),
    ("user", "dark", ["averages&row=2", "answer"]),
    ("unknown", "light", ["leaky"]),
    ("large", "light", ["image&row=38&column=2"]),
]
SMALL_CELLS = re.compile(r'^target-size: .*<button type="button" class="cell" data-row')  # on purpose, for a mouse
OUT_OF_VIEW = re.compile("contrast not measured: <t[hd]")  # on a phone, columns of a table that one can scroll to
ARROW = 'contrast not measured: <span class="sign">→</span>'  # a symbol; the × beside other tiles is like it


@pytest.mark.parametrize(("name", "color_scheme", "layers"), SELECTED[:-1])
def test_accessible_on_a_wide_screen(case, open_page, name, color_scheme, layers):
    page = open_page(case(name).path, width=1440, color_scheme=color_scheme, reduced_motion="reduce")
    for selected in layers:
        select_by_address(page, f"layer={selected}")
        problems = [text for text in accessibility_problems(page) if not SMALL_CELLS.match(text) and text != ARROW]
        assert problems == [], selected
        assert not scrolls_sideways(page)


@pytest.mark.parametrize("width", [1360, 1000, 390])
def test_no_digit_is_cut_off(case, open_page, width):
    for name, layer in (("plain", "module3_conv"), ("normalised", "module2_conv"), ("user", "averages")):
        page = open_page(case(name).path, width=width)
        for row in range(3):
            select_by_address(page, f"layer={layer}&channel=1&row={row}&column=1")
            assert explanation(page).locator(".cell").count() > 3
            assert cut_off(page) == [], (layer, row)


@pytest.fixture
def phone(browser):
    """A function: the page on an emulated phone, which has a finger instead of a mouse."""
    contexts = []

    def open_on_phone(path, fragment="", color_scheme="light"):
        context = browser.new_context(
            viewport={"width": 390, "height": 780},
            device_scale_factor=2,
            has_touch=True,
            is_mobile=True,
            color_scheme=color_scheme,
            reduced_motion="reduce",
            offline=True,
        )
        contexts.append(context)
        page = context.new_page()
        page.goto(f"{path.resolve().as_uri()}#{fragment}")
        assert page.evaluate("matchMedia('(pointer: coarse)').matches")
        return page

    yield open_on_phone
    for context in contexts:
        context.close()


@pytest.mark.parametrize(("name", "color_scheme", "layers"), SELECTED)
def test_accessible_on_a_phone(case, phone, name, color_scheme, layers):
    page = phone(case(name).path, color_scheme=color_scheme)
    for selected in layers:
        select_by_address(page, f"layer={selected}")
        problems = [text for text in accessibility_problems(page) if text != ARROW and not OUT_OF_VIEW.match(text)]
        assert problems == [], selected
        assert not scrolls_sideways(page)


def test_on_a_phone_a_button_leads_back_to_the_layers(case, phone):
    page = phone(case("plain").path)
    section(page, "module3_pool").locator('.thumb[data-channel="4"]').tap()
    page.get_by_role("button", name="↑ All layers").tap()
    assert focused(page, '[data-layer="module3_pool"] [data-channel="4"]')
    box = page.locator(":focus").bounding_box()
    assert 0 <= box["y"] <= 780 - box["height"], "in view"


def test_a_finger_gets_the_same_values(case, phone):
    this = case("plain")
    page = phone(this.path)
    for layer, channel, row, column in (("module1_conv", 2, 3, 19), ("module3_pool", 4, 1, 1)):
        section(page, layer).locator(f'.thumb[data-channel="{channel}"]').tap()
        map_cell(page, row, column).tap()
        check_unit(page, this, layer, channel, row, column)
        box = map_cell(page, row, column).bounding_box()
        assert min(box["width"], box["height"]) >= 24
        assert page.locator(".readout").evaluate("(node) => node.getBoundingClientRect().top >= 0")
    assert not scrolls_sideways(page)


def test_headings_and_the_announcement(case, open_page):
    page = open_page(case("plain").path)
    levels = page.locator("main :is(h1, h2, h3, h4, h5, h6)").evaluate_all("(all) => all.map((n) => n.tagName)")
    assert levels[0] == "H1"
    assert set(levels[1:]) == {"H2"}
    assert page.locator("[aria-live]").count() == 1
    assert readout(page).get_attribute("aria-live") == "polite"


# Without scripts, and in a notebook -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["plain", "grey", "unknown"])
def test_without_scripts_the_layers_their_maps_and_one_unit_are_there(case, open_page, name):
    this = case(name)
    page = open_page(this.path, scripts=False, width=390)
    rows = [row.locator("td").all_inner_texts() for row in page.locator("tbody tr").all()]
    assert [row[0] for row in rows] == ["image", *this.of_keras[0]]
    for (layer, _, shape, parameters), maps in zip(rows[1:], this.of_keras[0].values(), strict=True):
        assert shape == "×".join(map(str, maps.shape))
        assert int(parameters.replace(",", "")) == this.model.get_layer(layer).count_params()
    for image in range(len(this.images)):
        for layer in ["image", *this.of_keras[0]]:
            maps = this.maps(layer, image)
            found = page.locator(f'img[alt="The {maps.shape[-1]} maps of {layer} for image {image}"]')
            assert found.count() == (maps.ndim == 3)
            if maps.ndim == 3:
                assert found.is_visible()
                assert found.evaluate("(node) => node.complete && node.naturalWidth > 0")
    assert page.locator("img:not([alt])").count() == 0
    text = " ".join(page.locator("main").inner_text().split())
    layer, number, row, column = re.search(
        r"One value in full: (\w+), map (\d+), row (\d+), column (\d+)\.", text
    ).groups()
    value = float(this.unit(layer, int(number), int(row), int(column)))
    bias, total = re.search(r"and the bias (\S+): (\S+?)\.? ", text).groups()
    terms = [re.findall(r"(\S+) × (\S+)", channel) for channel in re.findall(r"of the layer before: (.*?) = ", text)]
    added = sum(number_on_screen(x) * number_on_screen(w) for channel in terms for x, w in channel)
    assert added + number_on_screen(bias) == pytest.approx(value, rel=3e-3)
    assert number_on_screen(total) == pytest.approx(value, rel=1e-3)
    assert "clicking needs scripts" in text
    assert not scrolls_sideways(page)
    for image, maps in enumerate(this.of_keras):
        answer = list(maps.values())[-1]
        best = this.names[answer.argmax()] if this.names else f"class {answer.argmax()}"
        assert f"Image {image}. Answer: {best} " in text


def test_two_pages_in_one_notebook_do_not_disturb_each_other(case, open_page, tmp_path):
    first, second = case("plain"), case("grey")
    parts = [
        explorer.network(this.model, this.images, class_names=this.names)._repr_html_() for this in (first, second)
    ]
    path = tmp_path / "notebook.html"
    head = '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>n</title><link rel="icon" href="data:,">'
    path.write_text(f"{head}</head><body>{''.join(parts)}</body></html>", encoding="utf-8")
    page = open_page(path, fragment="layer=module1_relu&row=3", reduced_motion="reduce")
    roots = page.locator("[data-practicum-explorer]")
    assert roots.count() == 2
    before = [readout(roots.nth(n)).inner_text() for n in range(2)]
    assert all(text.startswith("module1_conv") for text in before), "the address is the notebook's"
    section(roots.nth(1), "module1_pool").locator('[data-channel="2"]').click()
    map_cell(roots.nth(1), 2, 3).click()
    value = float(readout(roots.nth(1)).get_attribute("data-value"))
    assert value == pytest.approx(float(second.unit("module1_pool", 2, 2, 3)), rel=1e-4)
    assert readout(roots.nth(0)).inner_text() == before[0]
    assert page.evaluate("location.hash") == "#layer=module1_relu&row=3"
    assert set(page.locator(":is(h1, h2, h3, h4)").evaluate_all("(all) => all.map((n) => n.tagName)")) == {"H3", "H4"}
