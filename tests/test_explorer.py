"""The pages as strings: what goes in, what is refused, what is there without scripts. test_explorer_grids.py clicks."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from practicum import explorer, pages, reference

IMAGE = [[3, 5, 2, 8, 1], [9, 7, 5, 4, 3], [2, 0, 6, 1, 6], [6, 3, 7, 9, 2], [1, 4, 9, 5, 1]]
FILTER = [[1, 0, 0], [1, 1, 0], [0, 0, 1]]


def deep_convolution():
    random = np.random.default_rng(3)
    image, kernel = random.standard_normal((5, 6, 3)), random.standard_normal((3, 2, 3, 4)).astype(np.float32)
    return explorer.convolution(image, kernel, [1, 2, 3, 4], strides=(1, 2), padding="same")


PAGES = {
    "convolution": lambda: explorer.convolution(IMAGE, FILTER),
    "deep convolution": deep_convolution,
    "pooling": lambda: explorer.max_pooling(IMAGE, 2, strides=1),
    "pooling after ReLU": lambda: explorer.max_pooling(np.subtract(IMAGE, 5.5), (3, 2), padding="same", relu=True),
}
every_page = pytest.mark.parametrize("make", PAGES.values(), ids=PAGES)


class Reader(HTMLParser):
    """The parts of a page: the text outside of scripts and styles, tables as lists of rows, what stands in scripts."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.scripts, self.texts, self.tables = [], [], [], [], []
        self._inside = None
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self._inside = tag
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag == "script":
            self.scripts.append((dict(attrs).get("type"), ""))

    def handle_endtag(self, tag):
        self._inside = None

    def handle_data(self, data):
        if self._inside == "script":
            kind, text = self.scripts[-1]
            self.scripts[-1] = (kind, text + data)
        elif self._inside == "td":
            self.tables[-1][-1].append(data)
        elif self._inside != "style":
            self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())

    @property
    def data(self):
        (text,) = (text for kind, text in self.scripts if kind == "application/json")
        return json.loads(text)


# What is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: explorer.convolution(np.zeros((8, 8, 3)), np.zeros((3, 3, 1, 4))), "the image has 3 channels but the"),
        (lambda: explorer.convolution(np.zeros((2, 2)), np.zeros((3, 3))), "a tile of 3 does not fit into 2 cells"),
        (lambda: explorer.convolution(IMAGE, FILTER, bias=[1, 2]), "expected one bias for each of 1 outputs"),
        (lambda: explorer.convolution(IMAGE, FILTER, strides=0), "strides must be a whole number from 1"),
        (lambda: explorer.convolution(IMAGE, FILTER, padding="full"), 'padding must be "valid" or "same"'),
        (lambda: explorer.convolution(np.zeros((33, 5)), FILTER), r"explorer.convolution: .* read up to 32×32×32\. "),
        (lambda: explorer.convolution(np.zeros((40, 40)), FILTER), r"shape=\(40, 40, 1\)\. Pass .* image\[:16, :16\]"),
        (lambda: explorer.convolution([[1, np.nan], [2, 3]], [[1]]), "explorer.convolution: .* no finite numbers"),
        (lambda: explorer.max_pooling(np.zeros((4, 4, 33))), r"explorer.max_pooling: .*shape=\(4, 4, 33\)"),
        (lambda: explorer.max_pooling([[1, np.inf], [2, 3]]), "explorer.max_pooling: .* no finite numbers"),
        (lambda: explorer.max_pooling(IMAGE, 6), "max_pool2d: a tile of 6 does not fit into 5 cells"),
        (lambda: explorer.max_pooling(IMAGE, (2, 0)), "max_pool2d: pool_size must be a whole number from 1"),
        (lambda: explorer.max_pooling(np.zeros((1, 4, 4, 1))), r"expected one image .* Pass one of them: images\[0\]"),
        (lambda: explorer.max_pooling([["a"]]), "image must hold real numbers"),
    ],
)
def test_what_cannot_be_shown_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_the_largest_image_that_can_be_read_is_shown():
    assert explorer.convolution(np.zeros((32, 32)), FILTER).title == "Convolution: a 3×3 filter on a 32×32 input"


# The string -------------------------------------------------------------------------------------------------------


@every_page
def test_the_same_input_gives_the_same_page(make):
    assert make().html() == make().html()
    assert make()._repr_html_() == make()._repr_html_()


@every_page
def test_a_notebook_gets_a_fragment_and_a_file_a_document(make):
    fragment, document = make()._repr_html_(), make().html()
    assert not {"html", "head", "body", "main", "h1", "title"} & set(Reader(fragment).tags)
    tags = Reader(document).tags
    assert all(tags.count(tag) == 1 for tag in ("html", "head", "body", "main", "h1", "title"))
    assert document.startswith("<!doctype html>")
    assert ("html", "lang", "en") in Reader(document).attributes
    assert Reader(fragment).data == Reader(document).data
    assert not [name for _, name, _ in Reader(fragment).attributes if name == "id"], "two may stand in one document"


@every_page
def test_nothing_outside_is_named(make):
    html = make().html()
    assert not re.search(r"https?:|[\"'(=]//\w|@import|url\(|\bfetch\(|XMLHttpRequest|WebSocket|\bimport\b", html)
    outward = {"src", "href", "srcset", "action", "data", "poster", "background"}
    assert {value for _, name, value in Reader(html).attributes if name in outward} <= {"data:,"}


@every_page
def test_nothing_can_end_a_script_early_or_put_text_in_as_html(make):
    html = make().html()
    scripts = Reader(html).scripts
    assert [kind for kind, _ in scripts] == ["application/json", None]
    assert html.lower().count("</script") == 2
    for _, text in scripts:
        assert not re.search(r"</script|<script|<!--", text, re.I)
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|setHTML"
        r"|\beval\b|new Function|srcdoc|setTimeout\(\s*[\"'`]",
        scripts[1][1],
    )


@every_page
def test_save_makes_the_folders_and_gives_the_path(make, tmp_path):
    page = make()
    path = page.save(tmp_path / "a" / "b" / "page.html")
    assert path == tmp_path / "a" / "b" / "page.html"
    assert path.read_text(encoding="utf-8") == page.html()
    assert page.save(str(path)) == path
    assert repr(page) == f"<page: {page.title}; shown in a notebook, or .save('page.html')>"


def test_the_data_are_the_arrays_in_full():
    image = np.random.default_rng(0).standard_normal((4, 5, 2)).astype(np.float32)
    kernel = np.random.default_rng(1).standard_normal((2, 3, 2, 3)).astype(np.float32)
    data = Reader(explorer.convolution(image, kernel, 0.5, strides=(2, 1), padding="same").html()).data
    assert np.array_equal(np.reshape(data["image"]["values"], data["image"]["shape"]), image)
    assert np.array_equal(np.reshape(data["kernel"]["values"], data["kernel"]["shape"]), kernel)
    assert (data["bias"], data["strides"], data["padding"]) == ([0.5, 0.5, 0.5], [2, 1], "same")
    data = Reader(explorer.max_pooling(image[:, :, 0], (2, 1), relu=True).html()).data
    assert data["image"] == {"shape": [4, 5, 1], "values": image[:, :, 0].ravel().tolist()}
    assert (data["pool"], data["strides"], data["padding"], data["relu"]) == ([2, 1], [2, 1], "valid", True)


# Without scripts --------------------------------------------------------------------------------------------------


def test_without_scripts_a_convolution_shows_its_numbers_and_one_worked_unit():
    page = Reader(explorer.convolution(IMAGE, FILTER).html())
    shown = [[[float(text.replace("−", "-")) for text in row] for row in table] for table in page.tables]
    assert shown == [IMAGE, FILTER, reference.conv2d(IMAGE, FILTER).tolist()]
    assert "row 0, column 0: 3×1 + 5×0 + 2×0 + 9×1 + 7×1 + 5×0 + 2×0 + 0×0 + 6×1 = 25" in page.text
    assert [text for text in ("Input, channel 0", "Filter, slice 0", "Output") if text not in page.texts] == []


def test_without_scripts_every_channel_and_slice_is_there():
    page = Reader(deep_convolution().html())
    assert [caption for caption in page.texts if re.match(r"Input,|Filter,|Output", caption)] == [
        *(f"Input, channel {n}" for n in range(3)),
        *(f"Filter, slice {n}" for n in range(3)),
        "Output",
    ]
    assert [(len(table), len(table[0])) for table in page.tables] == [(5, 6)] * 3 + [(3, 2)] * 3 + [(5, 3)]
    random = np.random.default_rng(3)
    image, kernel = random.standard_normal((5, 6, 3)), random.standard_normal((3, 2, 3, 4)).astype(np.float32)
    output = reference.conv2d(image, kernel, [1, 2, 3, 4], strides=(1, 2), padding="same")
    assert page.tables == [
        [[pages.number(x) for x in row] for row in grid]
        for grid in (*np.moveaxis(image, 2, 0), *np.moveaxis(kernel[:, :, :, 0], 2, 0), output[:, :, 0])
    ]


def test_without_scripts_a_pooling_shows_its_numbers_and_one_worked_unit():
    page = Reader(PAGES["pooling after ReLU"]().html())
    image = np.subtract(IMAGE, 5.5)
    output = reference.max_pool2d(np.maximum(image, 0), (3, 2), padding="same")
    assert page.tables == [[[pages.number(x) for x in row] for row in grid] for grid in (image, output)]
    step = next(reference.trace_max_pool2d(np.maximum(image, 0), (3, 2), padding="same"))
    assert str(step) in page.text


# How data and numbers are written -----------------------------------------------------------------------------------


texts = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(
    ["</script><script>alert(1)</script>", "<!--<script>", "a&b", "\u2028\u2029", "]]>", '"\\', "é×−"]
)
plain_data = st.dictionaries(
    texts,
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
        lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
        max_leaves=8,
    ),
)


@settings(deadline=None, derandomize=True, database=None, max_examples=100)
@given(plain_data)
def test_data_come_back_from_the_script_element_as_they_were(data):
    text = pages.as_script_data(data)
    assert not set("<>&\u2028\u2029") & set(text)
    assert json.loads(text) == data


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_json_does_not_have_are_refused(value):
    with pytest.raises(ValueError, match="JSON"):
        pages.as_script_data({"values": [value]})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (3.0, "3"),
        (-12, "−12"),
        (1234567, "1234567"),
        (0.123456, "0.1235"),
        (-2.5, "−2.5"),
        (1e-6, "1e−06"),
        (12345678.0, "1.235e+07"),
        (np.float32(0.1), "0.1"),
        (np.int64(-7), "−7"),
    ],
)
def test_numbers_for_people(value, text):
    assert pages.number(value) == text


def test_images_of_truth_values_are_numbers_on_the_page():
    page = explorer.convolution(np.eye(3, dtype=bool), np.ones((2, 2), bool))
    assert '"values":[1,0,0,0,1,0,0,0,1]' in page.html()
    assert "true" not in page._content["data"]


@pytest.mark.parametrize(("argument", "place"), [("kernel", 1), ("bias", 2)])
def test_a_filter_that_is_no_number_is_refused(argument, place):
    arguments = [np.ones((3, 3)), np.ones((2, 2)), 0.0]
    arguments[place] = np.full((2, 2), np.nan) if argument == "kernel" else np.inf
    with pytest.raises(ValueError, match=f"explorer.convolution: the {argument} holds values that are no finite"):
        explorer.convolution(*arguments)
