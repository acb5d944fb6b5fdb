"""The convolution and pooling pages in a real browser: what they show is what NumPy and Keras calculate."""

import itertools
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import pytest
from browser import (
    Pages,
    accessibility_problems,
    cell,
    choose,
    cut_off,
    number_on_screen,
    readout,
    rounded,
    scrolls_sideways,
    value_of,
)

from practicum import explorer
from practicum.backend import keras
from practicum.reference import conv2d, max_pool2d, relu, trace_conv2d, trace_max_pool2d

IMAGE = [[3, 5, 2, 8, 1], [9, 7, 5, 4, 3], [2, 0, 6, 1, 6], [6, 3, 7, 9, 2], [1, 4, 9, 5, 1]]
FILTER = [[1, 0, 0], [1, 1, 0], [0, 0, 1]]
TIES = [[7, 3, 5, 2], [8, 7, 1, 6], [4, 9, 3, 9], [0, 8, 9, 9]]


def numbers(seed, *shape, kind=np.float32):
    return np.random.default_rng(seed).standard_normal(shape).astype(kind)


def digits(seed, *shape):
    return np.random.default_rng(seed).integers(-9, 10, shape)


def set_controls(page, chosen):
    """Use the controls above the grids: {label: the value of an option, or whether a box is ticked}."""
    for label, value in chosen.items():
        if isinstance(value, bool):
            page.get_by_role("checkbox", name=label, exact=True).set_checked(value)
        else:
            page.get_by_role("combobox", name=label, exact=True).select_option(value)


def check_lit(titles, wanted, image):
    """The titles of cells of the input, "row 1, column 2: 5", against where they should be and what is there."""
    found = [re.fullmatch(r"row (\d+), column (\d+): (.*)", title).groups() for title in titles]
    assert [(int(row), int(column)) for row, column, _ in found] == wanted
    assert all(rounded(number_on_screen(text), image[int(row), int(column)]) for row, column, text in found)


@dataclass(frozen=True)
class Convolution:
    """A page, what is then chosen on it, and what NumPy and Keras calculate with those settings."""

    image: Any
    kernel: Any
    bias: Any = None
    strides: Any = 1
    padding: str = "valid"
    chosen: dict[str, Any] = field(default_factory=dict)

    def page(self):
        return explorer.convolution(self.image, self.kernel, self.bias, strides=self.strides, padding=self.padding)

    def operands(self):
        """(image, kernel, bias, strides, padding, filter) as they are once the choices were made."""
        image, kernel = np.asarray(self.image), np.asarray(self.kernel)
        image, kernel = (image[:, :, None], kernel[:, :, None, None]) if image.ndim == 2 else (image, kernel)
        bias = np.broadcast_to(0 if self.bias is None else self.bias, kernel.shape[3])
        depth = int(self.chosen.get("Input depth", image.shape[2]))
        strides = tuple(map(int, self.chosen["Stride"].split(","))) if "Stride" in self.chosen else self.strides
        strides = (strides, strides) if isinstance(strides, int) else strides
        padding = self.chosen.get("Padding", self.padding)
        return image[:, :, :depth], kernel[:, :, :depth], bias, strides, padding, int(self.chosen.get("Filter", 0))

    def outputs(self):
        """The output by NumPy, by NumPy with all numbers as float64, and by Keras in float32."""
        image, kernel, bias, strides, padding, number = self.operands()
        output = conv2d(image, kernel, bias, strides=strides, padding=padding)
        exact = conv2d(image.astype(float), kernel.astype(float), bias.astype(float), strides=strides, padding=padding)
        other = keras.ops.conv(image[np.newaxis].astype("float32"), kernel.astype("float32"), strides, padding)
        other = keras.ops.convert_to_numpy(other)[0] + bias.astype("float32")
        return output[:, :, number], exact[:, :, number], other[:, :, number]

    def check_explanation(self, shown, row, column):
        """The tile, the filter and the products in figures; the equation; the cells lit up in the input."""
        image, kernel, bias, strides, padding, number = self.operands()
        steps = trace_conv2d(image, kernel, bias, strides=strides, padding=padding)
        step = next(s for s in steps if (s.row, s.column, s.filter) == (row, column, number))
        depth = image.shape[2]
        assert len(shown["figures"]) == 3 * depth
        for channel in range(depth):
            wanted = [part[:, :, channel].ravel() for part in (step.tile, step.weights, step.products)]
            for texts, values in zip(shown["figures"][3 * channel : 3 * channel + 3], wanted, strict=True):
                assert all(rounded(number_on_screen(t), v) for t, v in zip(texts, values, strict=True)), (texts, values)
        terms = [number_on_screen(t) for t in shown["equation"].split(" = ")[0].replace(" (bias)", "").split(" + ")]
        wanted = step.products.ravel() if depth == 1 else step.products.sum(axis=(0, 1))
        wanted = [*wanted, bias[number]] if bias[number] else wanted
        assert all(rounded(t, v) for t, v in zip(terms, wanted, strict=True)), (terms, wanted)
        assert shown["equation"].count("(bias)") == bool(bias[number])
        top, left = self._corner(row, column)
        for channel, lit in enumerate(shown["lit"]):
            seen = [title for title in lit if title != "padding"]
            rows, columns = range(top, top + kernel.shape[0]), range(left, left + kernel.shape[1])
            inside = [(r, c) for r in rows for c in columns if 0 <= r < image.shape[0] and 0 <= c < image.shape[1]]
            check_lit(seen, inside, image[:, :, channel])
        assert all(len(lit) == kernel.shape[0] * kernel.shape[1] for lit in shown["lit"])
        assert len(shown["lit"]) == depth
        overhangs = len(inside) < kernel.shape[0] * kernel.shape[1]
        assert ("and beyond its edge on zeros (padding)" in shown["said"]) == overhangs
        (first, left), (last, right) = inside[0], inside[-1]
        spans = [
            f"{noun} {start}" if start == end else f"{noun}s {start} to {end}"
            for noun, start, end in (("row", first, last), ("column", left, right))
        ]
        assert f"The filter lies on {', '.join(spans)} of the input" in shown["said"]

    def _corner(self, row, column):
        image, kernel, _, strides, padding, _ = self.operands()
        before = (0, 0)
        if padding == "same":
            places = [-(-n // s) for n, s in zip(image.shape, strides, strict=False)]
            missing = [
                (p - 1) * s + k - n for p, s, k, n in zip(places, strides, kernel.shape, image.shape, strict=False)
            ]
            before = [max(m, 0) // 2 for m in missing]
        return row * strides[0] - before[0], column * strides[1] - before[1]


@dataclass(frozen=True)
class Pooling:
    image: Any
    pool_size: Any = 2
    strides: Any = None
    padding: str = "valid"
    relu: bool = False
    chosen: dict[str, Any] = field(default_factory=dict)

    def page(self):
        return explorer.max_pooling(
            self.image, self.pool_size, strides=self.strides, padding=self.padding, relu=self.relu
        )

    def operands(self):
        """(one channel of the image, before and after ReLU; tile size, strides, padding)."""

        def pair(label, given):
            given = (given, given) if isinstance(given, int) else given
            return tuple(map(int, self.chosen[label].split(","))) if label in self.chosen else given

        image = np.asarray(self.image)
        image = image[:, :, int(self.chosen.get("Channel", 0))] if image.ndim == 3 else image
        after = relu(image) if self.chosen.get("ReLU first", self.relu) else image
        strides = pair("Stride", self.pool_size if self.strides is None else self.strides)
        return image, after, pair("Tile size", self.pool_size), strides, self.chosen.get("Padding", self.padding)

    def outputs(self):
        _, image, size, strides, padding = self.operands()
        output = max_pool2d(image, size, strides=strides, padding=padding)
        other = keras.ops.max_pool(image[np.newaxis, :, :, np.newaxis].astype("float32"), size, strides, padding)
        return output, output.astype(float), keras.ops.convert_to_numpy(other)[0, :, :, 0]

    def check_explanation(self, shown, row, column):
        before, image, size, strides, padding = self.operands()
        steps = trace_max_pool2d(image, size, strides=strides, padding=padding)
        step = next(s for s in steps if (s.row, s.column) == (row, column))
        values = [number_on_screen(text) for text in re.search(r"max\((.*)\) =", shown["equation"])[1].split(", ")]
        assert all(rounded(t, v) for t, v in zip(values, step.tile.ravel(), strict=True))
        (pictured,) = shown["figures"]
        assert all(rounded(number_on_screen(t), v) for t, v in zip(pictured, step.tile.ravel(), strict=True))
        starts = self._start(row, 0), self._start(column, 1)
        rows, columns = (
            range(max(start, 0), min(start + s, n)) for start, s, n in zip(starts, size, image.shape, strict=True)
        )
        lit = [(r, c) for r in rows for c in columns]
        seen = [title for title in shown["lit"][0] if title != "outside the input: does not count"]
        check_lit(seen, lit, image)
        assert len(shown["lit"][0]) == size[0] * size[1]
        kept = lit[int(np.argmax(step.tile))]  # the first of the largest
        check_lit(shown["kept"], [kept], image)
        assert shown["kept in picture"] == [int(np.argmax(step.tile))]
        equal = int((step.tile == step.value).sum())
        more = f", the first of {equal} that are equal" if equal > 1 else ""
        assert f"It stood at row {kept[0]}, column {kept[1]} of the input{more}." in shown["said"]
        assert ("the only value in its tile" in shown["said"]) == (step.tile.size == 1)
        assert ("outside the input does not count" in shown["said"]) == (step.tile.size < size[0] * size[1])
        if image is not before:
            negative = [before[place] for place in lit if before[place] < 0]
            listed = re.search(r"ReLU had set (.*) to 0 before", shown["said"])
            assert (
                [*map(number_on_screen, listed[1].split(", "))] == pytest.approx(negative, 6e-4, 5.1e-5)
                if negative
                else not listed
            )
        else:
            assert "ReLU" not in shown["said"]

    def _start(self, place, axis):
        _, image, size, strides, padding = self.operands()
        size, stride, length = size[axis], strides[axis], image.shape[axis]
        missing = (-(-length // stride) - 1) * stride + size - length
        return place * stride - (max(missing, 0) // 2 if padding == "same" else 0)


CASES = {
    "worked example": Convolution(IMAGE, FILTER),
    "same padding, 3 channels, 4 filters, bias": Convolution(
        digits(1, 6, 7, 3), digits(2, 3, 3, 3, 4), [5, -3, 0, 2], padding="same", chosen={"Filter": "1"}
    ),
    "float32, 2×3 filter, stride 2": Convolution(numbers(3, 9, 8), numbers(4, 2, 3), 0.5, 2),
    "even filter, same padding, strides 2 and 1": Convolution(
        numbers(5, 6, 7, 2), numbers(6, 2, 2, 2, 2), [0.25, -1.5], (2, 1), "same"
    ),
    "stride, padding, depth and filter chosen on the page": Convolution(
        numbers(7, 8, 9, 3),
        numbers(8, 3, 3, 3, 3),
        [1, 2, -3],
        chosen={"Stride": "3,3", "Padding": "same", "Input depth": "2", "Filter": "2"},
    ),
    "stride 2 and padding chosen for an even filter": Convolution(
        digits(9, 7, 8), numbers(10, 4, 2), -2, (1, 3), chosen={"Padding": "same", "Stride": "2,2"}
    ),
    "padding and depth taken away on the page": Convolution(
        numbers(11, 5, 6, 4) * 300,
        numbers(12, 3, 1, 4, 1),
        padding="same",
        chosen={"Padding": "valid", "Input depth": "1"},
    ),
    "pooling": Pooling(TIES),
    "pooling after ReLU, same padding, channel 1": Pooling(
        numbers(13, 7, 9, 3), 3, 2, "same", relu=True, chosen={"Channel": "1"}
    ),
    "pooling of negative numbers at the edge": Pooling(-np.abs(digits(14, 5, 5)) - 1, 2, 1, "same"),
    "pooling, 2×3 tiles, strides 1 and 2": Pooling(numbers(15, 6, 8), (2, 3), (1, 2)),
    "pooling, all chosen on the page": Pooling(
        numbers(16, 7, 8, 2),
        chosen={"Tile size": "3,3", "Stride": "1,1", "Padding": "same", "ReLU first": True, "Channel": "1"},
    ),
    "pooling, ReLU and padding taken away on the page": Pooling(
        digits(17, 6, 7), 4, 2, "same", relu=True, chosen={"ReLU first": False, "Padding": "valid", "Tile size": "2,2"}
    ),
}
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
CELLS = 8  # clicked in each case, spread over the output, corners included

SHOWN = """() => {
    const texts = (selector, read) => [...document.querySelectorAll(selector)].map(read);
    const text = (node) => node.textContent;
    const titles = (selector) => (grid) => [...grid.querySelectorAll(selector)].map((node) => node.title);
    const place = (node) => [Number(node.dataset.row), Number(node.dataset.column)];
    const said = document.querySelector("[data-role=readout]");
    return {
        value: said.dataset.value,
        said: said.textContent,
        strong: texts("[data-role=readout] strong", text),
        equation: document.querySelector(".equation .sum").textContent,
        result: document.querySelector(".equation .sum strong").textContent,
        below: texts(".equation > p:not(.sum)", text).join(" "),
        figures: texts(".equation .grid", titles(".cell")),
        lit: texts(".givens .grid:not(.filter)", titles(".in-tile")),
        kept: texts(".givens .kept", (node) => node.title),
        "kept in picture": texts(".equation .kept", (node) => [...node.parentNode.children].indexOf(node)),
        pressed: texts("[aria-pressed=true]", place),
        cells: texts("button.cell", (node) => [...place(node), node.textContent, node.getAttribute("aria-label")]),
        hash: location.hash,
        controls: texts(".controls :is(select, input)", (node) => node.type === "checkbox" ? node.checked : node.value),
    };
}"""


def shown_on(page):
    return page.evaluate(SHOWN)


def explanation(page):
    """What an address brings back: everything but the controls' focus."""
    shown = shown_on(page)
    return {key: shown[key] for key in ("value", "said", "equation", "figures", "lit", "kept", "pressed", "controls")}


def places(shape):
    every = list(np.ndindex(*shape))
    corners = {(0, 0), (0, shape[1] - 1), (shape[0] - 1, 0), (shape[0] - 1, shape[1] - 1)}
    spread = [every[n] for n in np.linspace(0, len(every) - 1, CELLS).astype(int)]
    rest = [place for place in spread if place not in corners]
    return sorted(corners) + rest[: CELLS - len(corners)]


# What is calculated -----------------------------------------------------------------------------------------------


@every_case
def test_every_value_is_that_of_numpy_and_keras(case, open_page, tmp_path):
    page = open_page(case.page().save(tmp_path / "page.html"))
    set_controls(page, case.chosen)
    output, exact, other = case.outputs()
    shown = shown_on(page)
    assert [(row, column) for row, column, _, _ in shown["cells"]] == list(np.ndindex(*output.shape))
    for row, column, text, label in shown["cells"]:
        assert label.startswith(f"row {row}, column {column}: ")
        assert rounded(number_on_screen(label.split(": ")[1]), exact[row, column])
        assert number_on_screen(text) == pytest.approx(exact[row, column], rel=0.06, abs=0.0051)
    for row, column in places(output.shape):
        choose(page, row, column)
        shown = shown_on(page)
        value = float(shown["value"])
        assert value == pytest.approx(exact[row, column], rel=1e-12, abs=1e-12)
        for expected in (output[row, column], other[row, column]):
            assert abs(value - expected) <= 1e-4 * abs(expected) + 1e-5
        assert [number_on_screen(text) for text in shown["strong"]] == [number_on_screen(shown["result"])]
        assert rounded(number_on_screen(shown["result"]), value)
        assert f"The output at row {row}, column {column} is {shown['result']}" in shown["said"]
        assert shown["pressed"] == [[row, column]]
        case.check_explanation(shown, row, column)


def test_enough_is_clicked():
    """At least 30 values of each page, over at least four configurations."""
    for kind in (Convolution, Pooling):
        clicked = [len(places(case.outputs()[0].shape)) for case in CASES.values() if isinstance(case, kind)]
        assert sum(clicked) >= 30
        assert len(clicked) >= 4


def test_a_number_changed_in_the_file_changes_the_equation(open_page, tmp_path):
    path = explorer.convolution(IMAGE, FILTER).save(tmp_path / "page.html")
    text = path.read_text(encoding="utf-8")
    changed = text.replace('"values":[1,0,0,1,1,0,0,0,1]', '"values":[1,0,0,1,7,0,0,0,1]')
    assert changed != text
    path.write_text(changed, encoding="utf-8")
    page = open_page(path, fragment="row=1&column=2")
    assert value_of(page) == 14 + 6 * 1
    assert "1×7" in readout(page).inner_text()


def test_a_page_whose_data_are_damaged_still_shows_what_needs_no_scripts(open_page, tmp_path):
    path = explorer.max_pooling(TIES).save(tmp_path / "page.html")
    path.write_text(path.read_text(encoding="utf-8").replace('"shape":[4,4,1]', '"shape":null'), encoding="utf-8")
    page = open_page(path)
    assert page.get_by_text("the largest of 7, 3, 8, 7 is 8").is_visible()
    assert page.locator("[data-role=live] > *").count() == 0
    assert [text[:7] for text in open_page.complaints] == ["script:"]
    open_page.complaints.clear()


# The address ------------------------------------------------------------------------------------------------------


@every_case
def test_the_address_brings_back_what_was_chosen(case, open_page, tmp_path):
    path = case.page().save(tmp_path / "page.html")
    page = open_page(path)
    set_controls(page, case.chosen)
    rows, columns = case.outputs()[0].shape
    choose(page, rows - 1, columns // 2)
    fragment = page.url.split("#")[1]
    assert re.match(rf"channel=\d&row={rows - 1}&column={columns // 2}(&|$)", fragment)
    again = open_page(path, fragment=fragment)
    assert explanation(again) == explanation(page)
    assert again.url == page.url


@pytest.mark.parametrize(
    ("fragment", "value"),
    [
        ("channel=0&row=1&column=2", 14),
        ("row=1&column=2", 14),
        ("channel=0&row=1&column=2&stride=2", 23),  # only two columns: the last of them
        ("channel=0&row=2&column=1&stride=2&padding=same", 9 + 3 + 4 + 7),
    ],
)
def test_an_address_names_one_value(fragment, value, open_page, tmp_path):
    path = explorer.convolution(IMAGE, FILTER).save(tmp_path / "page.html")
    settings = dict(pair.split("=") for pair in fragment.split("&"))
    strides, padding = int(settings.get("stride", 1)), settings.get("padding", "valid")
    output = conv2d(IMAGE, FILTER, strides=strides, padding=padding)
    row, column = (
        min(int(settings[name]), size - 1) for name, size in zip(("row", "column"), output.shape, strict=True)
    )
    page = open_page(path, fragment=fragment)
    assert value_of(page) == output[row, column]
    assert shown_on(page)["pressed"] == [[row, column]]


def test_a_changed_address_changes_an_open_page(open_page, tmp_path):
    image, kernel = digits(1, 6, 7, 3), digits(2, 3, 3, 3, 4)
    page = open_page(explorer.convolution(image, kernel).save(tmp_path / "page.html"))
    follow = lambda fragment: page.evaluate("fragment => { location.hash = fragment }", fragment)  # noqa: E731
    follow("channel=3&row=1&column=2")
    assert value_of(page) == conv2d(image, kernel)[1, 2, 3]
    follow("channel=1&row=2&column=1&stride=2&padding=same&depth=2")
    assert value_of(page) == conv2d(image[:, :, :2], kernel[:, :, :2], strides=2, padding="same")[2, 1, 1]
    # What an address does not name is as given, whatever was chosen before: a link means the same to everybody.
    follow("channel=3&row=1&column=2")
    assert value_of(page) == conv2d(image, kernel)[1, 2, 3]
    assert shown_on(page)["controls"] == ["3", "1,1", "valid", "3"]
    set_controls(page, {"Stride": "2,2"})
    choose(page, 0, 1)
    page.go_back()
    assert value_of(page) == conv2d(image[:, :, :2], kernel[:, :, :2], strides=2, padding="same")[2, 1, 1]

    page = open_page(explorer.max_pooling(image, 2, strides=1, relu=True).save(tmp_path / "pooling.html"))
    page.evaluate("location.hash = 'channel=2&row=1&column=2&size=3&stride=2&padding=same&relu=0'")
    assert value_of(page) == max_pool2d(image, 3, strides=2, padding="same")[1, 2, 2]
    page.evaluate("location.hash = 'channel=1&row=3&column=0'")
    assert value_of(page) == relu(max_pool2d(image, 2, strides=1))[3, 0, 1]
    assert shown_on(page)["controls"] == ["1", "2,2", "1,1", "valid", True]


def test_settings_that_only_fit_together_are_read_together(open_page, tmp_path):
    image = digits(3, 4, 4)
    path = explorer.max_pooling(image, 5, padding="same").save(tmp_path / "page.html")
    page = open_page(path, fragment="row=2&column=1&size=2&stride=1&padding=valid")
    assert value_of(page) == max_pool2d(image, 2, strides=1)[2, 1]


NONSENSE = [
    "channel=0&row=99&column=99",
    "row=-1&column=-1",
    "row=abc&column=1e0&stride=two&padding=none&size=x&relu=maybe&depth=all",
    "channel=1e9",
    "channel=99999999999999999999",
    "stride=0&depth=0&size=0",
    "stride=8&size=9&depth=9",
    "row=&column=&channel=",
    "row=1.5&column=0x1",
    "&&==&=1&row",
    "%",
    "__proto__=1&constructor=2&toString=3",
    "row=<script>alert(1)</script>&channel=<img src=x onerror=alert(1)>",
    "padding=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E",
]


@pytest.mark.parametrize("kind", ["convolution", "pooling"])
def test_a_nonsense_address_does_no_harm(kind, open_page, tmp_path):
    case = Convolution(IMAGE, FILTER) if kind == "convolution" else Pooling(IMAGE, 2, 1)
    output = case.outputs()[0]
    path = case.page().save(tmp_path / "page.html")
    page = open_page(path)
    given = shown_on(page)["controls"]
    for fragment in NONSENSE:
        page.goto("about:blank")
        page.goto(f"{path.as_uri()}#{fragment}")
        shown = shown_on(page)
        assert shown["pressed"] == [[0, 0]], fragment
        assert float(shown["value"]) == output[0, 0]
        assert shown["controls"] == given
        assert shown["hash"] == "#channel=0&row=0&column=0"
    for fragment in NONSENSE:  # and on a page that is open
        choose(page, 1, 2)
        page.evaluate("fragment => { location.hash = fragment }", fragment)
        shown = shown_on(page)
        ((row, column),) = shown["pressed"]
        assert float(shown["value"]) == output[row, column]
        assert shown["controls"] == given
    assert page.locator(".practicum script").count() == 2
    assert page.locator(".practicum img").count() == 0


# The filter is changed --------------------------------------------------------------------------------------------


def field_of(page, row, column, channel=None):
    label = f"filter row {row}, column {column}" + ("" if channel is None else f", channel {channel}")
    return page.get_by_label(label, exact=True)


def output_of(page):
    return np.array([number_on_screen(label.split(": ")[1]) for _, _, _, label in shown_on(page)["cells"]])


def test_the_output_follows_each_change_of_the_filter_and_undo_takes_it_back(open_page, tmp_path):
    page = open_page(explorer.convolution(IMAGE, FILTER).save(tmp_path / "page.html"), fragment="row=2&column=2")
    undo, reset = page.get_by_role("button", name="Undo"), page.get_by_role("button", name="Filter as given")
    assert undo.is_disabled()
    assert reset.is_disabled()
    kernel, bias = np.array(FILTER, float), 0
    states = [(kernel.copy(), bias)]
    for row, column, value in [(0, 0, 5), (1, 2, -2.5), (2, 2, 0), (0, 0, 12), (None, None, -20), (2, 1, 1e-3)]:
        if row is None:
            bias = value
            page.get_by_label("bias", exact=True).fill(str(value))
        else:
            kernel[row, column] = value
            field_of(page, row, column).fill(str(value))
        states.append((kernel.copy(), bias))
        expected = conv2d(IMAGE, kernel, bias)
        assert output_of(page) == pytest.approx(expected.ravel(), 6e-4)
        assert value_of(page) == pytest.approx(expected[2, 2])
    for kernel, bias in reversed(states[:-1]):
        undo.click()
        assert value_of(page) == pytest.approx(conv2d(IMAGE, kernel, bias)[2, 2])
        fields = [float(field_of(page, row, column).input_value()) for row, column in np.ndindex(3, 3)]
        assert fields == kernel.ravel().tolist()
        assert float(page.get_by_label("bias", exact=True).input_value()) == bias
    assert undo.is_disabled()
    assert reset.is_disabled()


def test_the_filter_as_given_comes_back(open_page, tmp_path):
    image, kernel = digits(1, 6, 7, 3), digits(2, 2, 3, 3, 2)
    path = explorer.convolution(image, kernel, [4, 5]).save(tmp_path / "page.html")
    page = open_page(path, fragment="channel=1&row=3&column=2")
    field_of(page, 1, 2, channel=2).fill("100")
    page.get_by_label("bias", exact=True).fill("7")
    changed = kernel.copy()
    changed[1, 2, 2, 1] = 100
    set_controls(page, {"Stride": "2,2"})  # what was typed stays
    assert output_of(page).tolist() == conv2d(image, changed, [4, 7], strides=2)[:, :, 1].ravel().tolist()
    set_controls(page, {"Filter": "0"})  # and does not reach the other filter
    assert output_of(page).tolist() == conv2d(image, kernel, [4, 5], strides=2)[:, :, 0].ravel().tolist()
    set_controls(page, {"Filter": "1"})
    assert float(field_of(page, 1, 2, channel=2).input_value()) == 100
    page.get_by_role("button", name="Filter as given").click()
    assert float(field_of(page, 1, 2, channel=2).input_value()) == kernel[1, 2, 2, 1]
    assert output_of(page).tolist() == conv2d(image, kernel, [4, 5], strides=2)[:, :, 1].ravel().tolist()
    assert page.get_by_role("button", name="Undo").is_disabled()


def test_what_is_typed_in_one_go_is_undone_in_one_go(open_page, tmp_path):
    page = open_page(explorer.convolution(IMAGE, FILTER).save(tmp_path / "page.html"))
    field_of(page, 0, 0).press("Control+A")
    field_of(page, 0, 0).press_sequentially("-12.5")
    assert value_of(page) == 25 - 3 - 12.5 * 3
    field_of(page, 0, 1).fill("4")
    field_of(page, 0, 0).fill("2")
    undo = page.get_by_role("button", name="Undo")
    undo.click()
    assert value_of(page) == 25 - 3 - 12.5 * 3 + 4 * 5
    undo.click()
    undo.click()
    assert value_of(page) == 25
    assert undo.is_disabled()


def test_what_is_no_number_leaves_the_value_and_says_so(open_page, tmp_path):
    page = open_page(explorer.convolution(IMAGE, FILTER).save(tmp_path / "page.html"))
    field, problem = field_of(page, 0, 0), page.get_by_role("alert")
    assert not problem.is_visible()
    field.fill("8")
    for nonsense in ("", "-", "1e", "--5"):
        field.press("Control+A")
        field.press("Delete")
        field.press_sequentially(nonsense or " ")
        if nonsense == "1e":  # 1 was a number on the way there
            assert value_of(page) == 25 - 3 + 3
            continue
        assert (
            problem.inner_text()
            == f"filter row 0, column 0: a number is needed; {8 if nonsense != '--5' else 1} still counts."
        )
        assert field.get_attribute("aria-invalid") == "true"
    page.get_by_label("bias", exact=True).focus()
    assert field.input_value() == "1"
    assert field.get_attribute("aria-invalid") is None
    assert not problem.is_visible()
    assert value_of(page) == 25
    field.fill("1e400")
    assert value_of(page) == 25
    assert field.get_attribute("aria-invalid") == "true"
    field.fill("3")
    assert not problem.is_visible()
    assert field.get_attribute("aria-invalid") == "false"
    assert value_of(page) == 31


def test_a_setting_that_does_not_fit_is_refused_in_words(open_page, tmp_path):
    page = open_page(
        explorer.convolution(digits(1, 3, 4), digits(2, 4, 4), padding="same").save(tmp_path / "page.html")
    )
    before = explanation(page)
    set_controls(page, {"Padding": "valid"})
    assert page.get_by_role("alert").inner_text() == "A 4×4 filter does not fit into 3×4 without padding."
    assert explanation(page) == before
    set_controls(page, {"Stride": "2,2"})
    assert not page.get_by_role("alert").is_visible()
    page = open_page(explorer.max_pooling(digits(1, 3, 5)).save(tmp_path / "pooling.html"))
    before = explanation(page)
    set_controls(page, {"Tile size": "4,4"})
    assert page.get_by_role("alert").inner_text() == "A 4×4 tile does not fit into 3×5 without padding."
    assert explanation(page) == before
    set_controls(page, {"Padding": "same", "Tile size": "4,4"})
    assert not page.get_by_role("alert").is_visible()
    assert value_of(page) == max_pool2d(digits(1, 3, 5), 4, strides=2, padding="same")[0, 0]


# Play, Step, Start over -------------------------------------------------------------------------------------------


def freeze(page):
    """From now on time passes for the page only by page.clock.run_for(milliseconds)."""
    page.clock.install(time=datetime(2026, 1, 1))
    page.clock.pause_at(datetime(2026, 1, 2))


@pytest.fixture(params=["convolution", "pooling"])
def sliding_page(request, tmp_path):
    """A page with nine values, and these values in order."""
    case = Convolution(IMAGE, FILTER) if request.param == "convolution" else Pooling(digits(1, 6, 6))
    return case.page().save(tmp_path / "page.html"), case.outputs()[0].ravel().tolist()


def pressed(page):
    ((row, column),) = shown_on(page)["pressed"]
    return row, column


def test_play_slides_and_can_be_paused(open_page, sliding_page):
    path, values = sliding_page
    page = open_page(path)
    freeze(page)
    button = page.locator(".commands button").first
    assert button.inner_text() == "▶ Play"
    assert readout(page).get_attribute("aria-live") == "polite"
    button.click()
    assert button.inner_text() == "❚❚ Pause"
    assert readout(page).get_attribute("aria-live") == "off", "no reader keeps up with it"
    seen = [value_of(page)]
    for _ in range(4):
        page.clock.run_for(1000)
        seen.append(value_of(page))
    assert seen == values[:5]
    button.click()
    assert readout(page).get_attribute("aria-live") == "polite"
    page.clock.run_for(5000)
    assert value_of(page) == values[4]
    assert pressed(page) == (1, 1)
    button.click()
    page.clock.run_for(60_000)
    assert pressed(page) == (2, 2), "it stops at the end"
    assert button.inner_text() == "▶ Play"
    button.click()
    assert pressed(page) == (0, 0)
    page.clock.run_for(2000)
    choose(page, 2, 0)
    page.clock.run_for(60_000)
    assert pressed(page) == (2, 0), "a choice ends the playing"
    assert f"row {2}, column {0}" in readout(page).inner_text()


def test_step_and_start_over(open_page, sliding_page):
    path, values = sliding_page
    page = open_page(path)
    step = page.get_by_role("button", name="Step")
    for value in [*values[1:], *values[:4]]:
        step.click()
        assert value_of(page) == value
    page.get_by_role("button", name="Start over").click()
    assert pressed(page) == (0, 0)


def test_where_less_motion_is_wanted_nothing_moves_by_itself(open_page, sliding_page):
    path, values = sliding_page
    page = open_page(path, reduced_motion="reduce")
    freeze(page)
    assert not page.get_by_role("button", name="Play").is_visible()
    assert page.get_by_text("Your system asks for less motion").is_visible()
    page.clock.run_for(60_000)
    assert pressed(page) == (0, 0)
    page.get_by_role("button", name="Step").click()
    assert value_of(page) == values[1]
    page.clock.run_for(60_000)
    assert pressed(page) == (0, 1)


def test_motion_ends_when_less_is_wanted_meanwhile(open_page, sliding_page):
    page = open_page(sliding_page[0])
    freeze(page)
    page.get_by_role("button", name="Play").click()
    page.clock.run_for(1000)
    page.emulate_media(reduced_motion="reduce")
    page.locator("button", has_text="Pause").or_(page.locator("button", has_text="Play")).wait_for(state="hidden")
    page.clock.run_for(60_000)
    assert pressed(page) == (0, 1)
    assert page.get_by_text("Your system asks for less motion").is_visible()


def test_nothing_is_animated_by_styles():
    html = explorer.convolution(IMAGE, FILTER).html()
    assert not re.search(r"@keyframes|animation:|transition:|scroll-behavior:\s*smooth", html)


# Keyboard ---------------------------------------------------------------------------------------------------------

FOCUSED = """() => {
    const node = document.activeElement;
    if (!node || node === document.body) return null;
    const label = node.labels?.[0]?.querySelector("span")?.textContent;
    return [node.tagName.toLowerCase(), (node.getAttribute("aria-label") ?? label ?? node.textContent).trim()];
}"""


def reached_by_tab(page):
    """[tag, name] of everything that Tab reaches, from the top of the page to its end."""
    page.locator("h1").evaluate("node => { node.tabIndex = -1; node.focus(); }")
    reached = []
    for _ in range(60):
        page.keyboard.press("Tab")
        here = page.evaluate(FOCUSED)
        if here is None:
            return reached
        assert here not in reached
        reached.append(here)
    raise AssertionError(f"no end: {reached}")


def test_tab_reaches_every_control_and_the_grid_once(open_page, tmp_path):
    case = Convolution(digits(1, 4, 5, 2), digits(2, 2, 2, 2, 2))
    page = open_page(case.page().save(tmp_path / "page.html"))
    cells = [
        ["input", f"filter row {row}, column {column}, channel {channel}"]
        for channel, row, column in np.ndindex(2, 2, 2)
    ]
    value = case.outputs()[0][0, 0]
    wanted = [
        *(["select", name] for name in ("Filter", "Stride", "Padding", "Input depth")),
        *(["button", name] for name in ("▶ Play", "Step", "Start over")),
        *cells,
        ["input", "bias"],
        ["button", f"row 0, column 0: {value}".replace("-", "−")],
    ]
    assert reached_by_tab(page) == wanted
    field_of(page, 0, 0, channel=0).fill("3")  # now there is something to undo
    names = [name for _, name in reached_by_tab(page)]
    assert [name for name in names if not name.startswith(("row", "filter"))] == [
        *(
            "Filter",
            "Stride",
            "Padding",
            "Input depth",
            "▶ Play",
            "Step",
            "Start over",
            "bias",
            "Undo",
            "Filter as given",
        )
    ]
    page = open_page(Pooling(TIES).page().save(tmp_path / "pooling.html"))
    wanted = ["Tile size", "Stride", "Padding", "ReLU first", "▶ Play", "Step", "Start over", "row 0, column 0: 8"]
    assert [name for _, name in reached_by_tab(page)] == wanted


@pytest.mark.parametrize("kind", ["convolution", "pooling"])
def test_arrows_home_and_end_move_the_choice(kind, open_page, tmp_path):
    case = Convolution(digits(1, 5, 7), FILTER) if kind == "convolution" else Pooling(digits(1, 6, 10))
    output = case.outputs()[0]
    assert output.shape == (3, 5)
    page = open_page(case.page().save(tmp_path / "page.html"))
    for _ in reached_by_tab(page):
        pass
    page.keyboard.press("Shift+Tab")
    assert page.evaluate(FOCUSED)[1].startswith("row 0, column 0: ")
    for key, place in [
        ("ArrowRight", (0, 1)),
        ("ArrowDown", (1, 1)),
        ("End", (1, 4)),
        ("ArrowRight", (1, 4)),
        ("ArrowDown", (2, 4)),
        ("ArrowDown", (2, 4)),
        ("ArrowLeft", (2, 3)),
        ("Home", (2, 0)),
        ("ArrowLeft", (2, 0)),
        ("ArrowUp", (1, 0)),
        ("Control+End", (1, 0)),
    ]:
        page.keyboard.press(key)
        row, column = place
        assert pressed(page) == place
        assert value_of(page) == output[place]
        assert page.evaluate(FOCUSED)[1].startswith(f"row {row}, column {column}: ")
        assert f"row={row}&column={column}" in page.url
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUSED)[1].startswith("row 1, column 0: "), "the grid keeps its place in the tab order"


def test_only_the_readout_is_read_out_and_it_is_one_sentence_after_another(open_page, sliding_page):
    page = open_page(sliding_page[0])
    assert page.locator("[aria-live]").count() == 1
    assert readout(page).get_attribute("aria-live") == "polite"
    assert readout(page).get_attribute("aria-atomic") == "true"
    choose(page, 1, 2)
    assert readout(page).get_attribute("aria-live") == "polite"


# For everybody, everywhere ----------------------------------------------------------------------------------------


def wide_pages():
    """Pages with negative numbers of several digits, padding, several slices, and grids wider than a phone."""
    return {
        "convolution": Convolution(digits(1, 3, 13, 2) * 11, digits(2, 3, 2, 2, 2) * 13, [7, 8], padding="same"),
        "pooling": Pooling(numbers(3, 5, 12, 2) * 30, 3, 2, "same", relu=True),
    }


@pytest.mark.parametrize("width", [1200, 390])
@pytest.mark.parametrize("color_scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", ["convolution", "pooling"])
def test_axe_core_finds_nothing(kind, color_scheme, width, open_page, tmp_path):
    path = wide_pages()[kind].page().save(tmp_path / "page.html")
    page = open_page(path, fragment="row=1&column=2", color_scheme=color_scheme, width=width)
    if kind == "convolution" and width < 1000:  # something to undo, something refused
        field_of(page, 0, 0, channel=0).fill("31")
        field_of(page, 0, 1, channel=0).fill("")
        assert page.get_by_role("alert").is_visible()
    assert accessibility_problems(page) == []


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_phone_does_not_scroll_sideways(scripts, open_page, tmp_path):
    more = {
        "large filter": Convolution(numbers(1, 9, 9), numbers(2, 7, 7) * 1000, padding="same"),
        "many channels": Convolution(numbers(1, 3, 3, 12), numbers(2, 2, 2, 12, 1)),
        "tiny": Pooling([[5]], 1),
    }
    for name, case in (wide_pages() | more).items():
        page = open_page(case.page().save(tmp_path / f"{name}.html"), width=390, scripts=scripts)
        if scripts:
            choose(page, 0, 0)
        assert not scrolls_sideways(page), name
        page.set_viewport_size({"width": 320, "height": 700})
        assert not scrolls_sideways(page), name


@pytest.mark.parametrize("width", [1200, 390])
def test_no_digit_is_cut_off(width, open_page, tmp_path):
    cases = [
        Convolution(numbers(1, 4, 6), numbers(2, 2, 3), -12.75, padding="same"),
        Convolution(numbers(1, 4, 4, 2) * 100, numbers(2, 2, 2, 2, 1) * 1e-5),
        Convolution(digits(1, 4, 4) * 113, digits(2, 3, 3) * -12),
        Pooling(-numbers(1, 4, 4) * 30, strides=1),
    ]
    for number, case in enumerate(cases):
        page = open_page(case.page().save(tmp_path / f"{number}.html"), width=width)
        assert cut_off(page) == [], number


def test_the_tile_is_in_view_even_in_a_wide_input(open_page, tmp_path):
    path = Convolution(digits(1, 4, 30, 2), digits(2, 3, 3, 2, 1)).page().save(tmp_path / "page.html")
    page = open_page(path, width=390, fragment="row=1&column=27")
    hidden = """() => [...document.querySelectorAll(".in-tile")].filter((node) => {
        const [inner, outer] = [node, node.closest(".scroll")].map((one) => one.getBoundingClientRect());
        return inner.left < outer.left - 1 || inner.right > outer.right + 1;
    }).length"""
    assert page.locator(".in-tile").count() == 18
    assert page.evaluate(hidden) == 0
    choose(page, 0, 3)
    assert page.evaluate(hidden) == 0


@pytest.mark.parametrize("kind", ["convolution", "pooling"])
def test_without_scripts_the_tables_and_the_worked_unit_are_there(kind, open_page, tmp_path):
    case = Convolution(IMAGE, FILTER) if kind == "convolution" else Pooling(TIES)
    page = open_page(case.page().save(tmp_path / "page.html"), scripts=False)
    assert page.get_by_text("clicking needs scripts, which are off here").is_visible()
    tables = page.locator("table")
    assert tables.count() == (3 if kind == "convolution" else 2)
    assert all(tables.nth(n).is_visible() for n in range(tables.count()))
    cells = [number_on_screen(text) for text in tables.last.locator("td").all_inner_texts()]
    assert cells == case.outputs()[0].ravel().tolist()
    worked = "5×0 + 2×0 + 9×1 + 7×1 + 5×0 + 2×0 + 0×0 + 6×1 = 25" if kind == "convolution" else "7, 3, 8, 7 is 8"
    assert page.get_by_text(worked).is_visible()
    assert page.locator("[data-role=live] > *").count() == 0
    assert page.locator("button").count() == 0


def test_with_scripts_the_still_part_is_gone(open_page, sliding_page):
    page = open_page(sliding_page[0])
    assert page.locator("table").count() > 1
    assert not page.locator(".still").is_visible()


# Several in one document, as in a notebook --------------------------------------------------------------------------


def document_of(*fragments, attributes=""):
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8"><link rel="icon" href="data:,">',
            f"<title>Notebook</title></head><body {attributes}><main><h1>Notebook</h1><h2>Section</h2>",
            *fragments,
            "</main></body></html>",
        ]
    )


def test_several_pages_in_one_document_do_not_disturb_each_other(open_page, tmp_path):
    cases = [
        Convolution(IMAGE, FILTER),
        Pooling(digits(1, 6, 6)),
        Convolution(digits(2, 5, 5), digits(3, 2, 2)),
        Pooling(digits(4, 6, 7), 3, 1),
    ]
    path = tmp_path / "notebook.html"
    path.write_text(document_of(*(case.page()._repr_html_() for case in cases)), encoding="utf-8")
    page = open_page(path, fragment="row=1&column=1")
    roots = [page.locator("[data-practicum-explorer]").nth(n) for n in range(4)]
    assert page.locator("[data-started].live").count() == 4
    assert page.locator("[data-role=readout]").count() == 4
    starting = [(0, 0)] * 4
    for changed, place in itertools.product(range(4), [(2, 1), (0, 2)]):
        cell(roots[changed], *place).click()
        starting[changed] = place
        for case, root, (row, column) in zip(cases, roots, starting, strict=True):
            assert value_of(root) == case.outputs()[0][row, column]
            assert root.locator("[aria-pressed=true]").count() == 1
    assert page.url.endswith("#row=1&column=1"), "the address belongs to the notebook"
    page.evaluate("location.hash = 'row=2&column=2'")
    assert [value_of(root) for root in roots] == [case.outputs()[0][0, 2] for case in cases]
    roots[0].get_by_label("filter row 0, column 0").fill("9")
    assert value_of(roots[0]) == conv2d(IMAGE, [[9, 0, 0], [1, 1, 0], [0, 0, 1]])[0, 2]
    assert value_of(roots[2]) == cases[2].outputs()[0][0, 2]


@pytest.mark.parametrize(
    ("attributes", "paper"),
    [("", "rgb(255, 255, 255)"), ('data-jp-theme-light="false" style="background:#111;color:#eee"', "rgb(26, 29, 35)")],
    ids=["light", "dark"],
)
def test_in_a_notebook_the_theme_is_the_notebooks(attributes, paper, open_page, tmp_path):
    path = tmp_path / "notebook.html"
    fragments = [case.page()._repr_html_() for case in wide_pages().values()]
    path.write_text(document_of(*fragments, attributes=attributes), encoding="utf-8")
    page = open_page(path, color_scheme="dark")  # what the system prefers does not count here
    background = "node => getComputedStyle(node).backgroundColor"
    assert page.locator(".practicum").first.evaluate(background) == paper
    assert accessibility_problems(page) == []


# The tests' own tool ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ('<img src="https://example.org/a.png" alt="">', "asked for https://example.org/a.png"),
        ('<img src="beside.png" alt="">', "beside.png"),
        ("<script>fetch('https://example.org/').catch(() => 0)</script>", "asked for https://example.org/"),
        ("<script>new WebSocket('wss://example.org/')</script>", "asked for wss://example.org/"),
        ("<script>console.error('so it is')</script>", "console: so it is"),
        ("<script>console.warn('so it is')</script>", "console: so it is"),
        ("<script>throw new Error('broken')</script>", "script: broken"),
        ("<script>Promise.reject(new Error('broken'))</script>", "script: broken"),
        ("<script>alert('hello')</script>", "dialog: hello"),
        ("<script>fetch('data:,fine').then((answer) => answer.text())</script>", None),
    ],
)
def test_open_page_notices_what_goes_wrong(body, complaint, browser, tmp_path):
    path = tmp_path / "page.html"
    path.write_text(document_of(body), encoding="utf-8")
    pages = Pages(browser)
    pages(path).wait_for_timeout(200)
    pages.close()
    assert any(complaint in text for text in pages.complaints) if complaint else pages.complaints == []
