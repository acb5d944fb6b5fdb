"""The pages in notebooks: in a running JupyterLab, in one that does not trust the notebook, in nbconvert's export.

JupyterLab runs on this machine only, with folders of its own; one notebook is run in it by the tests' browser, saved,
and then looked at in the other two ways.
"""

import importlib.util
import json
import os
import secrets
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import numpy as np
import pytest
from browser import Pages, choose, missing, number_on_screen, readout, rounded, value_of

from practicum import reference

IMAGE = [[3, 5, 2, 8, 1], [9, 7, 5, 4, 3], [2, 0, 6, 1, 6], [6, 3, 7, 9, 2], [1, 4, 9, 5, 1]]
FILTER = [[1, 0, 0], [1, 1, 0], [0, 0, 1]]
DEEP = np.arange(48.0).reshape(4, 4, 3) % 7
DEEP_FILTER = np.arange(24.0).reshape(2, 2, 3, 2) % 5 - 2
CELLS = [
    f"from practicum import explorer\nIMAGE = {IMAGE}\nexplorer.convolution(IMAGE, {FILTER})",
    "explorer.max_pooling(IMAGE, 2, strides=1)",
    """\
import numpy as np
from practicum.inspection import feature_maps
from practicum.model import build_cnn
model = build_cnn((12, 12, 1), 2, filters=(4, 6), dense_units=(8,), seed=0)
image = np.random.default_rng(0).integers(0, 256, (12, 12, 1)).astype(np.uint8)
np.savez("maps.npz", **feature_maps(model, image))
explorer.network(model, image, class_names=["left", "right"])""",
    # Two of one kind, put into the document at the same time.
    """\
from IPython.display import display
deep = np.arange(48.0).reshape(4, 4, 3) % 7
display(explorer.convolution(deep, np.arange(24.0).reshape(2, 2, 3, 2) % 5 - 2, [1, 2], padding="same"))
display(explorer.max_pooling(deep, 2))""",
]
CONVOLUTION, POOLING, NETWORK, DEEP_CONVOLUTION, DEEP_POOLING = range(5)
COUNT = 5
LIGHT, DARK = "JupyterLab Light", "JupyterLab Dark"


# JupyterLab -------------------------------------------------------------------------------------------------------


class Server:
    """JupyterLab on a free port of this machine; what it reads and writes besides the notebooks is in its folder."""

    def __init__(self, folder, notebooks):
        self.folder = folder
        for name in ("home", "config", "data/kernels/this-python", "runtime", "settings", "workspaces"):
            (folder / name).mkdir(parents=True)
        kernel = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        (folder / "data/kernels/this-python/kernel.json").write_text(
            json.dumps({"argv": kernel, "display_name": "this Python", "language": "python"})
        )
        for plugin, settings in {
            "apputils-extension/notification": {"checkForUpdates": False, "fetchNews": "false"},
            "extensionmanager-extension/plugin": {"enabled": False},
            "apputils-extension/themes": {"theme": LIGHT},
        }.items():
            self.set(plugin, settings)
        self._log = (folder / "log.txt").open("w")
        self._token = secrets.token_hex(16)
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0"]
        command += [f"--ServerApp.root_dir={notebooks}", f"--IdentityProvider.token={self._token}"]
        command += ["--LabApp.extension_manager=readonly", "--LabApp.expose_app_in_browser=True"]
        self._process = subprocess.Popen(command, env=jupyter_env(folder), stdout=self._log, stderr=subprocess.STDOUT)
        try:
            self.url = self._wait()
        except BaseException:
            self.stop()
            raise

    def set(self, plugin, settings):
        """Settings as a user would have made them; for when JupyterLab is opened next."""
        file = self.folder / "settings/@jupyterlab" / f"{plugin}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(settings))

    def _wait(self):
        end = time.monotonic() + 60
        while time.monotonic() < end and self._process.poll() is None:
            for file in (self.folder / "runtime").glob("jpserver-*.json"):
                try:
                    url = json.loads(file.read_text())["url"]
                    urllib.request.urlopen(f"{url}api?token={self._token}", timeout=5).close()
                except (OSError, ValueError):
                    continue  # not written in full, or not listening yet
                return url
            time.sleep(0.1)
        raise RuntimeError((self.folder / "log.txt").read_text()[-2000:])

    def open(self, pages, notebook, **options):
        """The notebook in JupyterLab, when its cells are there."""
        address = f"{self.url}lab/tree/{notebook}?token={self._token}&reset"
        socket = self.url.replace("http", "ws", 1)
        # JupyterLab warns on the console when the machine is slow.
        page = pages(address, allow=(self.url, socket), console=("error",), **options)
        page.set_default_timeout(30_000)
        page.locator(".jp-CodeCell").nth(len(CELLS) - 1).wait_for(state="attached")
        return page

    def stop(self):
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()


def jupyter_env(folder):
    """An environment in which nothing of the user's is read or written."""
    env = {name: text for name, text in os.environ.items() if not name.startswith(("JUPYTER", "IPYTHON"))}
    places = {
        "HOME": "home",
        "IPYTHONDIR": "home/ipython",
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "PRACTICUM_CACHE": "home/cache",
    }
    return env | {name: str(folder / place) for name, place in places.items()} | {"TF_CPP_MIN_LOG_LEVEL": "3"}


def command(page, name):
    """What the menu entry of this name does, until it is done; a promise that is never kept must not stop the tests."""
    page.evaluate(
        """(name) => Promise.race([
            jupyterapp.commands.execute(name),
            new Promise((_, fail) => setTimeout(() => fail(new Error(`${name} takes too long`)), 120_000)),
        ])""",
        name,
    )


# The indicator beside the notebook's name says "idle" before that, and what is then sent can be lost.
KERNEL_ANSWERS = """async () => {
    const context = jupyterapp.shell.currentWidget?.sessionContext;
    await context?.ready;
    const kernel = context?.session?.kernel;
    await kernel?.info;
    return kernel?.connectionStatus === "connected" && kernel.status === "idle";
}"""


class Lab:
    """JupyterLab with the notebook open in it, all cells run, and the file saved."""

    def __init__(self, folder, browser):
        self.notebooks = folder / "notebooks"
        self.notebooks.mkdir()
        v4 = nbformat.v4
        kernel = {"name": "this-python", "display_name": "this Python", "language": "python"}
        notebook = v4.new_notebook(
            cells=[v4.new_code_cell(source) for source in CELLS], metadata={"kernelspec": kernel}
        )
        nbformat.write(notebook, self.notebooks / "course.ipynb")
        self.pages = Pages(browser)
        self.server = Server(folder / "server", self.notebooks)

    def run(self):
        self.page = self.server.open(self.pages, "course.ipynb", width=1300, height=900)
        self.page.wait_for_function(KERNEL_ANSWERS, timeout=60_000)
        command(self.page, "notebook:run-all-cells")
        errors = self.page.locator("[data-mime-type='application/vnd.jupyter.error']").all_text_contents()
        assert not errors, errors
        self.page.locator(".practicum.live").nth(COUNT - 1).wait_for(state="attached")
        command(self.page, "docmanager:save")
        assert all(cell.outputs for cell in self.read().cells)

    def read(self):
        return nbformat.read(self.notebooks / "course.ipynb", as_version=4)

    def maps(self):
        """{layer: what Keras made of the image}, written by the notebook."""
        with np.load(self.notebooks / "maps.npz") as maps:
            return dict(maps)

    def close(self):
        self.pages.close()
        self.server.stop()


@pytest.fixture(scope="module")
def lab(browser, tmp_path_factory):
    if importlib.util.find_spec("jupyterlab") is None:
        missing("jupyterlab is not installed: pip install -r requirements.txt -c constraints.txt")
    opened = Lab(tmp_path_factory.mktemp("lab"), browser)
    try:
        opened.run()
        yield opened
    finally:
        opened.close()


@pytest.fixture
def notebook(lab):
    """The page of JupyterLab with the notebook in it; nothing may have gone wrong in it."""
    yield lab.page
    complaints, lab.pages.complaints = lab.pages.complaints, []
    assert complaints == []


def explorer_page(page, number):
    """One of the explorer's pages in a notebook."""
    return page.locator(".practicum").nth(number)


def state_of(page):
    """What Jupyter's shortcuts could have changed: cells, their texts and outputs, which one is active, the mode."""
    return page.evaluate(
        """() => {
            const notebook = jupyterapp.shell.currentWidget.content;
            const cells = notebook.widgets.map((cell) => ({
                type: cell.model.type,
                source: cell.model.sharedModel.getSource(),
                run: cell.model.executionCount,
                selected: notebook.isSelectedOrActive(cell),
                hidden: [cell.inputHidden, cell.outputHidden, cell.outputsScrolled],
                pages: cell.node.querySelectorAll(".practicum").length,
            }));
            return {
                cells,
                active: notebook.activeCellIndex,
                mode: notebook.mode,
                leftSide: jupyterapp.shell.leftCollapsed,
                dialogs: document.querySelectorAll(".jp-Dialog, .jp-DocumentSearch-overlay, .lm-Menu").length,
            };
        }"""
    )


def focused(page):
    """Row and column of the button that has the keyboard."""
    return page.evaluate("['row', 'column'].map((name) => Number(document.activeElement.dataset[name]))")


# In JupyterLab ----------------------------------------------------------------------------------------------------


def test_a_run_cell_shows_the_worked_example(notebook):
    page = explorer_page(notebook, CONVOLUTION)
    assert value_of(page) == 25
    assert "25" in readout(page).inner_text()
    assert "3 + 0 + 0 + 9 + 7 + 0 + 0 + 0 + 6 = 25" in page.locator(".equation").inner_text()
    assert not page.locator(".still").is_visible()


def test_every_value_of_a_convolution_can_be_clicked(notebook):
    page = explorer_page(notebook, CONVOLUTION)
    for (row, column), expected in np.ndenumerate(reference.conv2d(IMAGE, FILTER)):
        choose(page, row, column)
        assert value_of(page) == expected
        assert f"row {row}, column {column}" in readout(page).inner_text()
        assert page.locator(".equation .sum strong").inner_text() == str(expected)


def test_every_value_of_a_pooling_can_be_clicked(notebook):
    page = explorer_page(notebook, POOLING)
    for (row, column), expected in np.ndenumerate(reference.max_pool2d(IMAGE, 2, strides=1)):
        choose(page, row, column)
        assert value_of(page) == expected
        assert page.locator(".equation .sum strong").inner_text() == str(expected)


def test_a_network_can_be_clicked_back_to_the_pixels(notebook, lab):
    page = explorer_page(notebook, NETWORK)
    maps = lab.maps()
    for layer in ("module1_conv", "module2_relu"):
        page.locator(f'.layer[data-layer="{layer}"] .thumb').nth(3).click()
        for row, column in ((0, 0), (4, 2)):
            choose(page.locator(".chosen-map"), row, column)
            assert value_of(page) == pytest.approx(maps[layer][row, column, 3], rel=1e-4, abs=1e-6)
            assert rounded(number_on_screen(readout(page).locator("strong").inner_text()), value_of(page))
    for unit, name in enumerate(["left", "right"]):
        page.locator('.layer[data-layer="softmax"]').get_by_role("button", name=name).click()
        assert value_of(page) == pytest.approx(maps["softmax"][unit], rel=1e-4)
        assert readout(page).inner_text().startswith(f"softmax, {name} is ")
    page.locator('.layer[data-layer="module1_conv"] .thumb').first.click()
    page.locator('.explanation .walk[data-layer="rescale"]').first.click()
    page.locator('.explanation .walk[data-layer="image"]').first.click()
    assert "A pixel of the image" in page.locator(".explanation").inner_text()


def test_two_pages_of_a_kind_have_each_their_own_numbers(notebook):
    page = explorer_page(notebook, DEEP_CONVOLUTION)
    expected = reference.conv2d(DEEP, DEEP_FILTER, [1, 2], padding="same")
    choose(page, 3, 1)
    assert value_of(page) == expected[3, 1, 0]
    page.locator(".control:has-text('Filter') select").select_option("1")
    assert value_of(page) == expected[3, 1, 1]
    pooling = explorer_page(notebook, DEEP_POOLING)
    choose(pooling, 1, 0)
    assert value_of(pooling) == reference.max_pool2d(DEEP, 2)[1, 0, 0]
    choose(explorer_page(notebook, CONVOLUTION), 2, 2)
    assert [value_of(page), value_of(pooling)] == [expected[3, 1, 1], reference.max_pool2d(DEEP, 2)[1, 0, 0]]
    assert notebook.locator("[data-started]").count() == notebook.locator(".practicum .readout").count() == COUNT


GRIDS = pytest.mark.parametrize(
    ("number", "grid", "first"),
    [
        (CONVOLUTION, "output", (0, 0)),
        (POOLING, "output", (0, 0)),
        (NETWORK, "module1_conv, map 1", (2, 2)),
    ],
    ids=["convolution", "pooling", "network"],
)


@GRIDS
def test_arrow_keys_move_inside_the_grid_and_not_from_cell_to_cell(number, grid, first, notebook):
    page = explorer_page(notebook, number)
    if number == NETWORK:
        page.locator('.layer[data-layer="module1_conv"] .thumb').nth(1).click()
    values = page.locator(f'[role=group][aria-label^="{grid}"]')
    assert values.count() == 1
    choose(values, *first)
    before = state_of(notebook)
    assert before["active"] == number, "a click in an output makes its cell the active one"
    row, column = first
    steps = {"ArrowRight": (0, 1), "ArrowDown": (1, 0), "ArrowLeft": (0, -1), "ArrowUp": (-1, 0)}
    for key in ("ArrowRight", "ArrowDown", "ArrowDown", "ArrowLeft", "ArrowUp", "ArrowRight"):
        notebook.keyboard.press(key)
        row, column = row + steps[key][0], column + steps[key][1]
        assert focused(notebook) == [row, column]
        assert f"row {row}, column {column}" in readout(page).inner_text()
        assert values.locator("[aria-pressed]").get_attribute("data-row") == str(row)
    for key in ("Home", "ArrowLeft", "ArrowLeft"):  # at the edge, too
        notebook.keyboard.press(key)
        assert focused(notebook) == [row, 0]
    assert state_of(notebook) == before


LETTERS = [*"abccvxzzmyrklojh", "d", "d", "0", "0", "i", "i", "1", "2", "Shift+M", "Shift+L", "Shift+O", "Delete"]
OTHERS = ["Backspace", "Control+b", "Control+Shift+c", "Control+m", "Escape", "PageDown", "Control+Shift+-", "f"]


@pytest.mark.parametrize(
    ("number", "target"),
    [
        (CONVOLUTION, "button[data-row]"),
        (CONVOLUTION, "select >> nth=0"),
        (POOLING, "input[type=checkbox]"),
        (NETWORK, ".thumb[tabindex='0'] >> nth=0"),
        (NETWORK, ".bar >> nth=0"),
        (NETWORK, ".chosen-map button[tabindex='0']"),
    ],
)
def test_keys_pressed_in_a_page_are_no_shortcuts_of_jupyter(number, target, notebook):
    page = explorer_page(notebook, number)
    page.get_by_role("heading").first.click()
    page.locator(target).first.focus()
    before = state_of(notebook)
    element = notebook.evaluate_handle("document.activeElement")
    for key in [*LETTERS, *OTHERS, "Shift+Enter", "Control+Enter", "Alt+Enter"]:
        notebook.keyboard.press(key)
        notebook.evaluate("(element) => element.isConnected && element.focus()", element)
    notebook.wait_for_timeout(300)  # so long Jupyter waits for the second d
    assert state_of(notebook) == before
    assert value_of(page) is not None
    if target.startswith("select"):  # letters and digits choose in it
        page.locator(target).select_option("1,1")


def test_the_notebook_can_be_saved_from_within_a_page(notebook):
    choose(explorer_page(notebook, POOLING), 0, 0)
    with notebook.expect_response(lambda answer: answer.request.method == "PUT") as saved:
        notebook.keyboard.press("Control+s")
    assert saved.value.ok


def test_a_number_can_be_typed_into_the_filter(notebook):
    page = explorer_page(notebook, CONVOLUTION)
    choose(page, 0, 0)
    before = state_of(notebook)
    field = page.get_by_label("filter row 0, column 0")
    field.click()
    for key in ("Control+a", "Delete", "-", "2", ".", "5", "9", "Backspace"):
        notebook.keyboard.press(key)
    changed = [[-2.5, 0, 0], *FILTER[1:]]
    assert field.input_value() == "-2.5"
    assert value_of(page) == reference.conv2d(IMAGE, changed)[0, 0]
    choose(page, 2, 1)
    assert value_of(page) == reference.conv2d(IMAGE, changed)[2, 1]
    page.get_by_role("button", name="Filter as given").click()
    assert value_of(page) == reference.conv2d(IMAGE, FILTER)[2, 1]
    assert state_of(notebook) == before


def test_enter_and_space_press_the_buttons_of_a_page(notebook):
    page = explorer_page(notebook, POOLING)
    choose(page, 0, 0)
    before = state_of(notebook)
    page.get_by_role("button", name="Step").focus()
    notebook.keyboard.press("Enter")
    notebook.keyboard.press("Space")
    assert "row 0, column 2" in readout(page).inner_text()
    notebook.keyboard.press("Tab")
    assert notebook.evaluate("document.activeElement.innerText") == "Start over"
    assert state_of(notebook) == before


def test_the_address_stays_the_notebooks(notebook):
    before = notebook.evaluate("[location.href, history.length]")
    assert before[0].endswith("/lab/tree/course.ipynb")
    for number in (CONVOLUTION, POOLING):
        choose(explorer_page(notebook, number), 1, 1)
        choose(explorer_page(notebook, number), 0, 1)
    network = explorer_page(notebook, NETWORK)
    network.locator(".thumb").last.click()
    network.locator(".trail button").first.click()
    assert notebook.evaluate("[location.href, history.length]") == before


@pytest.mark.parametrize("width", [1300, 900])
def test_pages_are_as_wide_as_the_output_area(width, notebook):
    notebook.set_viewport_size({"width": width, "height": 900})
    try:
        notebook.wait_for_timeout(300)
        found = notebook.evaluate(
            """() => [...document.querySelectorAll(".practicum")].map((page) => {
                const output = page.closest(".jp-OutputArea-output");
                const [inner, outer] = [page, output].map((node) => node.getBoundingClientRect());
                return {
                    share: inner.width / outer.width,
                    right: inner.right - outer.right,
                    beyond: Math.max(...[page, output].map((node) => node.scrollWidth - node.clientWidth)),
                };
            })"""
        )
        assert len(found) == COUNT
        for place in found:
            assert 0.9 < place["share"] <= 1
            assert max(place["beyond"], place["right"]) <= 0
    finally:
        notebook.set_viewport_size({"width": 1300, "height": 900})


def axe_on_pages(page):
    """What axe-core objects to in the explorer's pages, whatever Jupyter has around them."""
    source = Path(importlib.util.find_spec("axe_playwright_python").origin).with_name("axe.min.js")
    page.evaluate(source.read_text(encoding="utf-8"))
    found = page.evaluate("""() => axe.run({ include: [[".practicum"]] }, { resultTypes: ["violations"] })""")
    return [f"{rule['id']}: {node['html'][:200]}" for rule in found["violations"] for node in rule["nodes"]]


CONTRASTS = """(root) => {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const rgb = (colour) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const linear = (share) => (share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4);
    const light = (channels) =>
        [0.2126, 0.7152, 0.0722].reduce((sum, weight, n) => sum + weight * linear(channels[n] / 255), 0);
    const behind = (node) => {
        for (; node; node = node.parentElement) {
            const colour = rgb(getComputedStyle(node).backgroundColor);
            if (colour[3] === 255) return colour;
        }
        return [255, 255, 255, 255];
    };
    const left = ".ramp, .fill, .track, .padding, .thumb, :disabled, .map .cell";
    const shown = [...root.querySelectorAll("h3, h4, p, td, th, span, strong, label, button, select, input")].filter(
        (node) => node.checkVisibility() && !node.matches(left),
    );
    return shown.map((node) => {
        const [a, b] = [rgb(getComputedStyle(node).color), behind(node)].map(light).sort((x, y) => y - x);
        return [(a + 0.05) / (b + 0.05), node.outerHTML.slice(0, 120)];
    });
}"""


def paper_and_ink(page, number):
    return explorer_page(page, number).evaluate(
        "(node) => (({ backgroundColor, color }) => [backgroundColor, color])(getComputedStyle(node))"
    )


def check_colours(page):
    for number in range(COUNT):
        contrasts = explorer_page(page, number).evaluate(CONTRASTS)
        assert len(contrasts) > 20
        assert min(contrasts)[0] >= 4.5, min(contrasts)
    assert axe_on_pages(page) == []


def test_pages_can_be_read_in_the_light_theme(notebook):
    paper, _ = paper_and_ink(notebook, CONVOLUTION)
    assert paper == "rgb(255, 255, 255)"
    check_colours(notebook)


def test_pages_can_be_read_in_the_dark_theme_and_come_to_life_again(notebook, lab):
    """JupyterLab opened again with other settings: what was run and saved here is trusted, its scripts run."""
    light = [paper_and_ink(notebook, number) for number in range(COUNT)]
    lab.server.set("apputils-extension/themes", {"theme": DARK})
    pages = Pages(lab.pages._browser)
    try:
        page = lab.server.open(pages, "course.ipynb", width=1300, height=900)
        page.locator("body[data-jp-theme-light=false]").wait_for(state="attached")
        page.locator(".practicum.live").nth(COUNT - 1).wait_for(state="attached")
        for number in range(COUNT):
            assert not set(paper_and_ink(page, number)) & set(light[number])
        check_colours(page)
        choose(explorer_page(page, CONVOLUTION), 1, 2)
        assert value_of(explorer_page(page, CONVOLUTION)) == 14
        assert pages.complaints == []
    finally:
        lab.server.set("apputils-extension/themes", {"theme": LIGHT})
        pages.close()


# Not trusted --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def untrusted(lab, browser, tmp_path_factory):
    """The saved notebook in a JupyterLab that has never seen it, as after cloning a repository."""
    server = Server(tmp_path_factory.mktemp("elsewhere") / "server", lab.notebooks)
    pages = Pages(browser)
    try:
        page = server.open(pages, "course.ipynb", width=1300, height=900)
        page.locator(".practicum").nth(COUNT - 1).wait_for(state="attached")
        page.wait_for_timeout(1000)  # in which scripts would have run
        yield page
        assert pages.complaints == []
    finally:
        pages.close()
        server.stop()


def test_in_an_untrusted_notebook_no_script_runs(untrusted):
    assert untrusted.locator(".practicum").count() == COUNT
    for selector in (".practicum script", ".live", "[data-started]", "[data-role=readout]", ".practicum button"):
        assert untrusted.locator(selector).count() == 0, selector


def test_in_an_untrusted_notebook_the_numbers_and_pictures_are_there(untrusted, lab):
    texts = []
    for number in range(COUNT):
        page = explorer_page(untrusted, number)
        page.scroll_into_view_if_needed()  # JupyterLab leaves out what is far from being seen
        texts.append(" ".join(page.inner_text().split()))
    assert "row 0, column 0: 3×1 + 5×0 + 2×0 + 9×1 + 7×1 + 5×0 + 2×0 + 0×0 + 6×1 = 25" in texts[CONVOLUTION]
    tables = explorer_page(untrusted, CONVOLUTION).locator("table")
    shown = [[row.split() for row in table.split("\n") if "\t" in row] for table in tables.all_inner_texts()]
    expected = [IMAGE, FILTER, reference.conv2d(IMAGE, FILTER).tolist()]
    assert [[[int(x) for x in row] for row in table] for table in shown] == expected
    assert "One value in full. row 0, column 0: the largest of" in texts[POOLING]
    assert "One value in full: module1_conv, map" in texts[NETWORK]
    maps = lab.maps()
    assert f"right {maps['softmax'][1]:.4g}" in texts[NETWORK]
    for name in maps:
        assert name in texts[NETWORK]
    for text in texts:
        assert "What follows is still" in text
        for code in ('{"page"', "color-scheme", "--paper", "function", "use strict", "<", "data:image"):
            assert code not in text
    sizes = explorer_page(untrusted, NETWORK).evaluate(
        """(page) => [...page.querySelectorAll("img")].map((img) => [
            img.naturalWidth, img.clientWidth, img.clientHeight, img.checkVisibility(), img.alt,
        ])"""
    )
    assert len(sizes) == 1 + len([name for name in maps if maps[name].ndim == 3]) + 1  # the image, the maps, the pixels
    for natural, width, height, visible, alternative in sizes:
        assert natural > 0
        assert visible
        assert alternative
        assert min(width, height) >= 40, alternative


def test_an_untrusted_notebook_is_not_wider_than_its_window(untrusted):
    wide = """(page) => {
        const output = page.closest(".jp-OutputArea-output");
        return output.scrollWidth - output.clientWidth;
    }"""
    for width in (1300, 900):
        untrusted.set_viewport_size({"width": width, "height": 900})
        untrusted.wait_for_timeout(200)
        assert [explorer_page(untrusted, number).evaluate(wide) for number in range(COUNT)] == [0] * COUNT


# nbconvert ----------------------------------------------------------------------------------------------------------

# What nbconvert's own templates ask for: the loader of Jupyter's widgets, formulas, diagrams.
CDN = "https://cdnjs.cloudflare.com/ajax/libs/"
ITS_OWN = {
    "lab": {"require.js/2.1.10/require.min.js", "mathjax/2.7.7/latest.js?config=TeX-AMS_CHTML-full,Safe"},
    "classic": {
        "require.js/2.1.10/require.min.js",
        "mathjax/2.7.7/latest.js?config=TeX-AMS_CHTML-full,Safe",
        "jquery/2.0.3/jquery.min.js",
    },
}


@pytest.fixture(scope="module")
def exported(lab, tmp_path_factory):
    """{template: file}"""
    folder = tmp_path_factory.mktemp("exported")
    program = (
        "import sys, nbformat, nbconvert\n"
        "from pathlib import Path\n"
        "notebook = nbformat.read(sys.argv[1], as_version=4)\n"
        "for template in sys.argv[3:]:\n"
        "    text, _ = nbconvert.HTMLExporter(template_name=template).from_notebook_node(notebook)\n"
        "    (Path(sys.argv[2]) / f'{template}.html').write_text(text, encoding='utf-8')\n"
    )
    subprocess.run(
        [sys.executable, "-c", program, lab.notebooks / "course.ipynb", folder, *ITS_OWN],
        env=jupyter_env(folder),
        check=True,
        capture_output=True,
        timeout=60,
    )
    return {template: folder / f"{template}.html" for template in ITS_OWN}


@pytest.mark.parametrize("template", ITS_OWN)
def test_an_exported_notebook_can_be_clicked_without_a_network(template, exported, browser, lab):
    pages = Pages(browser)
    try:
        page = pages(exported[template], fragment="channel=0&row=2&column=2", width=1300)
        address = page.url
        assert page.locator(".practicum.live").count() == COUNT
        convolution, pooling, network = (explorer_page(page, number) for number in (CONVOLUTION, POOLING, NETWORK))
        assert value_of(convolution) == 25, "the address is the document's"
        for (row, column), expected in np.ndenumerate(reference.conv2d(IMAGE, FILTER)):
            choose(convolution, row, column)
            assert value_of(convolution) == expected
        page.keyboard.press("ArrowUp")
        assert value_of(convolution) == reference.conv2d(IMAGE, FILTER)[1, 2]
        choose(pooling, 3, 0)
        assert value_of(pooling) == reference.max_pool2d(IMAGE, 2, strides=1)[3, 0]
        network.locator('.layer[data-layer="module1_conv"] .thumb').nth(2).click()
        choose(network.locator(".chosen-map"), 7, 11)
        assert value_of(network) == pytest.approx(lab.maps()["module1_conv"][7, 11, 2], rel=1e-4, abs=1e-6)
        choose(explorer_page(page, DEEP_CONVOLUTION), 1, 1)
        expected = reference.conv2d(DEEP, DEEP_FILTER, [1, 2], padding="same")[1, 1, 0]
        assert value_of(explorer_page(page, DEEP_CONVOLUTION)) == expected
        assert page.url == address
        found = {text for text in pages.complaints if text != "console: Failed to load resource: net::ERR_FAILED"}
        own = {f"asked for {CDN}{path}" for path in ITS_OWN[template]}
        assert {text for text in found if "/mermaid/" not in text} == own
        for number in range(COUNT):
            contrasts = explorer_page(page, number).evaluate(CONTRASTS)
            assert min(contrasts)[0] >= 4.5, min(contrasts)
    finally:
        pages.close()


def test_an_exported_page_looks_as_in_a_file_of_its_own(exported, browser):
    """The styles of nbconvert's template do not reach into the page: same fonts, borders and sizes of its parts."""
    pages = Pages(browser)
    page = pages(exported["lab"], width=1300)
    alone = pages(exported["lab"], width=1300)
    try:
        alone.evaluate(
            """() => {
                const kept = [...document.querySelectorAll(".practicum")];
                for (const node of kept) node.style.width = getComputedStyle(node).width;
                const styles = [...document.querySelectorAll("link, style")];
                for (const node of styles) if (!node.closest(".practicum")) node.remove();
                document.body.className = "";
                document.body.replaceChildren(...kept);
            }"""
        )
        looks = """(root) => [...root.querySelectorAll("[data-role=live] *")].map((node) => {
            const style = getComputedStyle(node);
            const names = ["display", "fontSize", "fontFamily", "fontWeight", "lineHeight", "color", "backgroundColor"];
            names.push("borderTopWidth", "marginTop", "paddingLeft", "textAlign", "width", "height");
            return [`${node.tagName}.${node.className}`, ...names.map((name) => style[name])];
        })"""
        for number in range(COUNT):
            inside, outside = (explorer_page(one, number).evaluate(looks) for one in (page, alone))
            assert len(inside) > 50
            assert [pair for pair in zip(inside, outside, strict=True) if pair[0] != pair[1]][:5] == []
    finally:
        pages.close()


def test_a_server_of_its_own_left_nothing_with_the_user(lab):
    """What JupyterLab keeps, it keeps in the folders it was given."""
    kept = {path.name for path in (lab.server.folder / "data").iterdir()}
    assert {"notebook_secret", "nbsignatures.db"} <= kept
    assert Path(lab.server.folder / "runtime").is_dir()
