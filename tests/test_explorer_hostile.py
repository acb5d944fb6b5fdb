"""Names that try to be more than text: in classes, layers, titles, file names and addresses. None of them runs."""

import json
import re
from urllib.parse import quote

import numpy as np
import pytest
from browser import readout, scrolls_sideways, value_of
from PIL import Image

from practicum import explorer
from practicum.backend import keras
from practicum.cli import main

layers = keras.layers

PAYLOADS = {
    "script": "<script>alert(1)</script>",
    "end of a script": "</script><script>alert(1)</script>",
    "comment in a script": "<!--<script>",
    "end of a comment": "--><script>alert(1)</script>",
    "image": "<img src=x onerror=alert(1)>",
    "image from outside": '<img src="https://evil.example/x.png">',
    "svg": "<svg onload=alert(1)>",
    "script in an svg": "<svg><script>alert(1)</script></svg>",
    "double quotes": '" onmouseover="alert(1)" autofocus onfocus="alert(1)',
    "single quotes": "' onmouseover='alert(1)' autofocus onfocus='alert(1)",
    "no quotes": "x onmouseover=alert(1) autofocus onfocus=alert(1)",
    "backticks": "`${alert(1)}`",
    "template literal": "${alert(1)}",
    "javascript address": "javascript:alert(1)",
    "link": "<a href=javascript:alert(1)>click</a>",
    "jinja": "{{7*7}}{% raw %}{# gone #}",
    "entities": "&lt;script&gt;alert(1)&lt;/script&gt; &amp;amp; &#60;b&#62;",
    "escapes": r"\u003cscript\u003e \x3cb\x3e \" \\",
    "percent": "%3Cscript%3Ealert(1)%3C%2Fscript%3E?#&=+",
    "control characters": "a\x00b\x01\x07\x08\x0b\x0c\x1b[31m\x7f\x85c\ufeff\uffff",
    "lines": "a\r\nb\nc\td",
    "line separators": "a\u2028alert(1)\u2029b",
    "right to left": "\u202egnp.tac\u202c \u2066x",
    "end of character data": "]]><![CDATA[<script>alert(1)</script>]]>",
    "end of a style": "</style><style>* { display: none }</style>",
    "end of a title": "</title><script>alert(1)</script>",
    "end of everything": "</td></table></div></main></body></html><script>alert(1)</script>",
    "text area": "</textarea></noscript></select></option><plaintext>",
    "base": '<base href="https://evil.example/">',
    "refresh": '<meta http-equiv="refresh" content="0;url=https://evil.example/">',
    "frame": '<iframe srcdoc="<script>parent.alert(1)</script>"></iframe>',
    "style sheet": "<link rel=stylesheet href=https://evil.example/x.css>",
    "css": "red;background:url(https://evil.example/x)",
    "end of css": ")}*{display:none;background:url(https://evil.example/y)}",
    "nested parsers": "<math><mtext><table><mglyph><style><!--</style><img title='--><img src=x onerror=alert(1)>'>",
    "formula": r"$$\href{javascript:alert(1)}{x}$$ \(x\)",
    "replacement patterns": "$& $1 $$ $` $'",
    "prototype": "__proto__",
    "constructor": "constructor",
    "long": "long" * 750,
}
NAMES = list(PAYLOADS.values())
IMAGE = np.arange(16, dtype=np.uint8).reshape(4, 4, 1)
MODES = pytest.mark.parametrize("kind", ["file", "fragment"])


def test_there_are_enough_of_them():
    assert len(set(NAMES)) == len(PAYLOADS) >= 20


# Pages ------------------------------------------------------------------------------------------------------------


def network_of(names, classes):
    """A network whose layers have these names."""
    kinds = [
        lambda name: layers.Conv2D(2, 1, name=name),
        lambda name: layers.ReLU(name=name),
        lambda name: layers.MaxPooling2D(1, name=name),
        lambda name: layers.BatchNormalization(name=name),
        lambda name: layers.Dropout(0.5, name=name),
        lambda name: layers.AveragePooling2D(1, name=name),
        lambda name: layers.DepthwiseConv2D(1, name=name),  # not explained, which the page says
    ]
    chain = [kinds[number % len(kinds)](name) for number, name in enumerate(names)]
    keras.utils.set_random_seed(0)
    ends = [layers.Flatten(name="flatten"), layers.Dense(classes, name="scores"), layers.Softmax(name="softmax")]
    return keras.Sequential([keras.Input(IMAGE.shape), *chain, *ends])


@pytest.fixture(scope="module")
def plain_model():
    return network_of(["conv", "relu"], len(NAMES))


def written(page, kind, path):
    """The page as a file of its own, or as what a notebook shows, in a document around it."""
    if kind == "file":
        return page.save(path)
    head = '<meta charset="utf-8"><title>Notebook</title><link rel="icon" href="data:,">'
    path.write_text(
        f'<!doctype html><html lang="en"><head>{head}</head><body>{page._repr_html_()}</body></html>', encoding="utf-8"
    )
    return path


def window(open_page, folder, **options):
    """A page of the browser in which one file after another may be opened, if its name begins with "page"."""
    empty = folder / "page.html"
    empty.write_text('<!doctype html><link rel="icon" href="data:,">', encoding="utf-8")
    return open_page(empty, allow=((folder / "page").as_uri(),), **options)


def contents(page):
    """Which elements a page has and how many, and everything in attributes that could run or reach outside."""
    return page.evaluate(
        """() => {
            const nodes = [...document.querySelectorAll("*")];
            const tags = {};
            for (const { localName } of nodes) tags[localName] = (tags[localName] ?? 0) + 1;
            const reaches = ["src", "href", "action", "formaction", "srcdoc", "data", "xlink:href", "background"];
            const odd = nodes
                .flatMap((node) => [...node.attributes])
                .filter(({ name }) => name.startsWith("on") || reaches.includes(name) || name === "autofocus")
                .filter(({ name, value }) => name !== "src" || !value.startsWith("data:image/png;base64,"))
                .map(({ name, value }) => `${name}=${value}`);
            const names = new Set(nodes.flatMap((node) => [...node.attributes].map(({ name }) => name)));
            return { tags, odd, names: [...names].sort() };
        }"""
    )


def as_html(text):
    """What a browser makes of a text in a file: no null characters, one kind of line ends."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")


def as_title(text):
    """What document.title gives: null characters are replaced, spaces and control characters run together."""
    return re.sub(r"[\x00-\x20\x7f]+", " ", text.replace("\0", "\ufffd")).strip(" ")


# Classes ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def class_pages(plain_model):
    """The same page twice: with hostile names, and with names that are nothing but names."""
    harmless = [f"name {number}" for number in range(len(NAMES))]
    return [explorer.network(plain_model, IMAGE, class_names=names) for names in (NAMES, harmless)]


@MODES
def test_class_names_are_text(kind, class_pages, open_page, tmp_path):
    pages = [
        open_page(written(made, kind, tmp_path / f"{number}.html"), width=1300)
        for number, made in enumerate(class_pages)
    ]
    page, harmless = pages
    assert page.locator(".live").count() == 1
    bars = page.locator('.layer[data-layer="softmax"] .bar')
    assert bars.locator(".name").evaluate_all("(nodes) => nodes.map((node) => node.textContent)") == NAMES
    assert page.locator(".answer strong").text_content() in NAMES
    for number, name in enumerate(NAMES):
        bars.nth(number).click()
        assert readout(page).text_content().startswith(f"softmax, {name} is ")
        table = page.locator(".explanation table").last
        assert table.locator("tr.chosen td").first.text_content() == name
        chosen = page.locator(f'.chosen-map button[data-column="{number}"]')
        assert chosen.get_attribute("aria-pressed") == "true"
        for attribute in ("aria-label", "title"):
            assert chosen.get_attribute(attribute).startswith(f"{name}: ")
    page.locator(".explanation tr.chosen .walk").click()
    assert readout(page).text_content().startswith(f"scores, {NAMES[-1]} is ")
    harmless.locator('.layer[data-layer="softmax"] .bar').last.click()
    harmless.locator(".explanation tr.chosen .walk").click()
    assert contents(page) == contents(harmless)
    assert contents(page)["odd"] == ["href=data:,"]
    assert page.title() == ("Inside the network" if kind == "file" else "Notebook")


def test_each_name_alone_leaves_the_scripts_as_they_are(open_page, tmp_path):
    """Among others, one name may undo what another one does, as "-->" does with "<!--"."""
    page = window(open_page, tmp_path)
    model = network_of(["conv"], 1)
    for number, name in enumerate(name for name in NAMES if "<" in name):
        page.goto(explorer.network(model, IMAGE, class_names=[name]).save(tmp_path / f"page{number}.html").as_uri())
        assert page.locator(".live").count() == 1, name
        assert page.locator(".answer strong").text_content() == name
        assert page.locator("script").count() == 2


@MODES
def test_class_names_are_text_without_scripts(kind, class_pages, open_page, tmp_path):
    page, harmless = (
        open_page(written(made, kind, tmp_path / f"{number}.html"), scripts=False)
        for number, made in enumerate(class_pages)
    )
    assert len(answers_in(page, NAMES)) == 10  # as many as the page lists
    assert contents(page) == contents(harmless)


def answers_in(page, names):
    """The names that the still part gives as answers, each with its value."""
    text = page.locator(".still p", has_text="Answer: ").text_content()
    return [name for name in names if re.search(rf"(Answer: |, ){re.escape(as_html(name))} [\d.e−+]+(, |\.$)", text)]


def test_each_class_name_is_text_without_scripts(open_page, tmp_path):
    """Ten at a time, so that all of them are among the answers that are listed."""
    page = window(open_page, tmp_path, scripts=False)
    model = network_of(["conv"], 10)
    for first in range(0, len(NAMES), 10):
        names = NAMES[first : first + 10]
        page.goto(explorer.network(model, IMAGE, class_names=names).save(tmp_path / f"page{first}.html").as_uri())
        assert answers_in(page, names) == names


# Layers -----------------------------------------------------------------------------------------------------------

LAYERS = [name.replace("/", "\u2215") for name in NAMES]


def test_keras_refuses_a_slash_and_nothing_else():
    """Why LAYERS has other slashes; a network inside a network brings a real one."""
    for name in NAMES:
        if "/" in name:
            with pytest.raises(ValueError, match="cannot contain character `/`"):
                layers.ReLU(name=name)
        else:
            assert layers.ReLU(name=name).name == name


@pytest.fixture(scope="module")
def layer_pages():
    harmless = [f"name {number}" for number in range(len(LAYERS))]
    return [explorer.network(network_of(names, 3), IMAGE) for names in (LAYERS, harmless)]


@MODES
def test_layer_names_are_text(kind, layer_pages, open_page, tmp_path):
    page, harmless = (
        open_page(written(made, kind, tmp_path / f"{number}.html"), width=1300)
        for number, made in enumerate(layer_pages)
    )
    headings = page.locator(".overview .layer > :first-child")
    assert headings.evaluate_all("(nodes) => nodes.map((node) => node.firstChild.textContent)")[1:-3] == LAYERS
    for number, name in enumerate(LAYERS):
        row = page.locator(".overview .layer").nth(number + 1)
        assert row.get_attribute("data-layer") == name
        row.locator(".thumb").first.click()
        assert readout(page).text_content().startswith(f"{name}, map 0, row ")
        title = page.locator(".detail .trail + *")
        assert title.text_content().startswith(f"{name}, map 0 ")
        back = page.locator(".explanation .walk").first
        if back.count() and number:  # a layer that is not explained has no way back
            assert back.get_attribute("data-layer") in (LAYERS[number - 1], *LAYERS[number + 1 : number + 2])
    harmless.locator(".overview .layer").nth(len(LAYERS)).locator(".thumb").first.click()
    assert contents(page) == contents(harmless)


def test_the_address_names_a_hostile_layer_and_brings_it_back(layer_pages, open_page, tmp_path):
    path = layer_pages[0].save(tmp_path / "page.html")
    page, again = (open_page(path) for _ in range(2))
    for number, name in list(enumerate(LAYERS, start=1))[::4]:
        page.locator(".overview .layer").nth(number).locator(".thumb").last.click()
        address = page.evaluate("location.hash")
        assert re.fullmatch(r"#[\w.!~*'()%=&-]+", address)
        again.evaluate("(text) => { location.hash = text; }", address)
        again.wait_for_timeout(20)
        assert readout(again).text_content() == readout(page).text_content()
        assert readout(again).text_content().startswith(f"{name}, map ")
    assert readout(open_page(path, fragment=address[1:])).text_content() == readout(page).text_content()


@MODES
def test_layer_names_are_text_without_scripts(kind, layer_pages, open_page, tmp_path):
    page, harmless = (
        open_page(written(made, kind, tmp_path / f"{number}.html"), scripts=False)
        for number, made in enumerate(layer_pages)
    )
    shown = page.locator("tbody tr").evaluate_all("(rows) => rows.map((row) => row.cells[0].textContent)")
    assert shown[1:-3] == [as_html(name) for name in LAYERS]
    captions = page.locator(".still section p").evaluate_all("(nodes) => nodes.map((node) => node.textContent)")
    assert len(captions) == 1 + len(LAYERS)
    assert all(text.startswith(f"{as_html(name)}: ") for text, name in zip(captions[1:], LAYERS, strict=True))
    pictures = page.locator(".still section img").evaluate_all("(nodes) => nodes.map((node) => node.alt)")
    assert all(f" maps of {as_attribute(name)} for " in alt for alt, name in zip(pictures[1:], LAYERS, strict=True))
    assert contents(page) == contents(harmless)


def as_attribute(text):
    """What a browser makes of a text in an attribute in a file."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")


@pytest.mark.parametrize("name", ["script", "image", "double quotes", "jinja", "frame"])
def test_the_name_of_a_class_of_layers_is_text(name, open_page, tmp_path):
    """Of a layer of one's own, of an activation of one's own, and of a network inside the network."""
    hostile = PAYLOADS[name]
    own = type(hostile, (layers.Layer,), {"call": lambda self, x: x})

    def activation(x):
        return x

    activation.__name__ = hostile
    inner = keras.Sequential([layers.ReLU(name="relu")], name=hostile.replace("/", "\u2215"))
    model = keras.Sequential(
        [keras.Input(IMAGE.shape), own(name="own"), layers.Conv2D(2, 1, activation=activation, name="conv"), inner]
    )
    path = explorer.network(model, IMAGE).save(tmp_path / "page.html")
    page, still = open_page(path), open_page(path, scripts=False)
    assert f"{hostile} is a layer of your own" in page.locator('[data-layer="own"]').text_content()
    assert f"its activation {hostile} is not explained" in page.locator('[data-layer="conv"]').text_content()
    assert f"{hostile} is a layer of your own" in still.locator("tbody").text_content()
    page.locator('[data-layer="own"] .thumb').click()
    assert f"{hostile} is a layer of your own" in page.locator(".explanation").text_content()
    page.locator(".overview .layer").last.locator(".thumb").first.click()
    assert readout(page).text_content().startswith(f"{inner.name}/relu, map 0, row ")
    for opened in (page, still):
        assert contents(opened)["odd"] == ["href=data:,"]
        assert not set(contents(opened)["tags"]) & {"iframe", "svg", "a", "form", "base", "object"}
        assert contents(opened)["tags"]["script"] == 2


# Titles and file names ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_titles_are_text(scripts, open_page, tmp_path):
    page = window(open_page, tmp_path, scripts=scripts)
    model = network_of(["conv"], 2)
    page.goto(explorer.network(model, IMAGE).save(tmp_path / "page.html").as_uri())
    plain = contents(page)
    for number, title in enumerate(NAMES):
        made = explorer.network(model, IMAGE, title=title)
        page.goto(made.save(tmp_path / f"page{number}.html").as_uri())
        assert page.locator("h1").text_content() == as_html(title)
        assert as_title(page.title()) == as_title(title)
        assert contents(page) == plain
        assert page.locator(".live").count() == int(scripts)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_titles_in_notebooks_are_text(scripts, open_page, tmp_path):
    """All of them in one document, so that each would also disturb those that follow."""
    model = network_of(["conv"], 2)
    made = [explorer.network(model, IMAGE, title=title)._repr_html_() for title in NAMES]
    path = tmp_path / "page.html"
    path.write_text(f'<!doctype html><meta charset="utf-8"><title>Notebook</title>{"".join(made)}', encoding="utf-8")
    page = open_page(path, scripts=scripts)
    titles = page.locator("h3").evaluate_all("(nodes) => nodes.map((node) => node.textContent)")
    assert titles == [as_html(title) for title in NAMES]
    assert page.locator(".live").count() == (len(NAMES) if scripts else 0)
    assert page.locator("script").count() == 2 * len(NAMES)
    assert contents(page)["odd"] == []
    assert page.title() == "Notebook"


# Files cannot have a slash or a null character in their names, nor more than 255 bytes.
SHORT = [name for name in NAMES if len(name) < 60 and "/" not in name and "\0" not in name]
FILES = [
    *(" ".join(SHORT[first : first + 5]) + ".png" for first in range(0, len(SHORT), 5)),
    "<iframe srcdoc='<img src=x onerror=parent.alert(1)>'><base href=x>.png",
    "x" * 251 + ".png",
]


@pytest.fixture(scope="module")
def run_folder(plain_model, tmp_path_factory):
    """What the command wants to find of a training, with hostile class names."""
    folder = tmp_path_factory.mktemp("run")
    plain_model.save(folder / "model.keras")
    (folder / "dataset.json").write_text(json.dumps({"class_names": NAMES}), encoding="utf-8")
    return folder


def test_file_names_are_text(run_folder, open_page, tmp_path, capsys):
    assert len(SHORT) >= 15
    page = window(open_page, tmp_path)
    for number, name in enumerate(FILES):
        image = tmp_path / name
        Image.fromarray(IMAGE[:, :, 0]).save(image, format="png")
        path = tmp_path / f"page{number}.html"
        assert main(["inspect", str(run_folder), "--image", str(image), "--out", str(path)]) == 0
        capsys.readouterr()
        page.goto(path.as_uri())
        assert as_title(page.title()) == as_title(f"Inside the network: {name}")
        assert page.locator("h1").text_content() == as_html(f"Inside the network: {name}")
        assert page.locator(".answer strong").text_content() in NAMES
        assert contents(page)["odd"] == ["href=data:,"]
        assert contents(page)["tags"]["script"] == 2


def test_without_out_the_page_stands_in_the_run_folder_whatever_the_name(run_folder, open_page, tmp_path, capsys):
    image = tmp_path / "<img src=x onerror=alert(1)>.png"
    Image.fromarray(IMAGE[:, :, 0]).save(image, format="png")
    assert main(["inspect", str(run_folder), "--image", str(image), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["answer"] in NAMES
    page = open_page(run_folder / "<img src=x onerror=alert(1)>.html")
    assert page.locator("h1").text_content() == "Inside the network: <img src=x onerror=alert(1)>.png"


# Addresses ----------------------------------------------------------------------------------------------------------


def grids(kind):
    image = np.arange(36).reshape(6, 6)
    return explorer.convolution(image, np.eye(3)) if kind == "convolution" else explorer.max_pooling(image)


@pytest.mark.parametrize("kind", ["convolution", "pooling", "network"])
def test_an_address_is_no_more_than_text(kind, plain_model, open_page, tmp_path):
    made = explorer.network(plain_model, IMAGE, class_names=NAMES) if kind == "network" else grids(kind)
    path = made.save(tmp_path / "page.html")
    page = open_page(path)
    at_start = contents(page)
    first, value = readout(page).text_content(), value_of(page)
    title, here = page.title(), page.evaluate("location.pathname")
    keys = ("image", "layer", "channel", "row", "column", "stride", "padding", "size", "depth", "relu", "__proto__")
    for name in NAMES if kind == "network" else NAMES[::5]:
        raw = quote(name, safe="/:;=<>\"'`{}$()!")
        for fragment in (raw, "&".join(f"{key}={quote(name)}" for key in keys)):
            page.evaluate("(text) => { location.hash = text; }", fragment)
        page.wait_for_timeout(10)  # in which the page is told
        assert readout(page).text_content() == first
    assert value_of(page) == value
    assert contents(page) == at_start
    assert page.title() == title
    assert page.evaluate("location.pathname") == here
    for name in (PAYLOADS["script"], PAYLOADS["lines"]):  # also when the page is opened with it
        again = open_page(path, fragment="&".join(f"{key}={quote(name)}" for key in keys))
        assert readout(again).text_content() == first


# Long and turned round ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
@pytest.mark.parametrize("width", [1200, 390])
def test_long_names_do_not_widen_the_page(width, scripts, plain_model, layer_pages, open_page, tmp_path):
    made = explorer.network(plain_model, IMAGE, class_names=NAMES, title=PAYLOADS["long"])
    for number, one in enumerate([made, layer_pages[0]]):
        page = open_page(one.save(tmp_path / f"{number}.html"), width=width, scripts=scripts)
        assert not scrolls_sideways(page)
        if scripts:
            for last in (".bar >> nth=-1", ".layer .thumb >> nth=-1"):
                if page.locator(last).count():
                    page.locator(last).click()
            assert not scrolls_sideways(page)
