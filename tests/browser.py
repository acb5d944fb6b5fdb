"""A real browser for tests: Chromium, cut off from the network. The fixtures `browser` and `open_page` are in conftest.

    def test_something(open_page, tmp_path):
        page = open_page(explorer.max_pooling(image).save(tmp_path / "page.html"), fragment="row=1&column=0", width=390)
        choose(page, 0, 1)
        assert float(readout(page).get_attribute("data-value")) == 9

open_page gives a Page of Playwright. When the test ends, none of the pages it opened may have asked for anything but
its own file, or have reported an error or a warning, failed in a script or opened a dialog. A test that provokes such a
complaint looks for it in open_page.complaints and clears them.

The browser lives as long as a module of tests: while it runs, Playwright keeps an asyncio loop running in this thread,
so other modules could not start one.
"""

import importlib.util
import os
import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


def find_chromium():
    """Where Chromium is: the environment variable CHROMIUM, or a program on the PATH; None if there is none."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, PROGRAMS)), None)


def missing(what):
    """Skip the test; in continuous integration (CI=true) fail it."""
    (pytest.fail if os.environ.get("CI", "").lower() in ("1", "true") else pytest.skip)(what)


@contextmanager
def running_browser():
    """Chromium through Playwright, stopped at the end together with Playwright's asyncio loop."""
    for module in ("playwright", "axe_playwright_python"):
        if importlib.util.find_spec(module) is None:
            missing(f"{module} is not installed: pip install -r requirements-dev.txt -c constraints.txt")
    program = find_chromium()
    if program is None:
        missing("no Chromium on this machine; on Debian: apt-get install chromium, or name one in CHROMIUM")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


class Pages:
    """Opens pages and keeps what went wrong in them in `complaints`; each page has a browser context of its own."""

    def __init__(self, browser):
        self._browser = browser
        self._contexts = []
        self.complaints = []

    def __call__(
        self,
        address,
        *,
        fragment="",
        width=1200,
        height=900,
        color_scheme="light",
        reduced_motion="no-preference",
        scripts=True,
        allow=(),
        console=("error", "warning"),
    ):
        """Open the file or address, with what stands after # in fragment.

        allow: beginnings of further addresses that may be asked for, such as a server on this machine; without them the
        browser is offline. console: the kinds of messages on the console that count as complaints.
        """
        address = address.resolve().as_uri() if isinstance(address, Path) else address
        context = self._browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=color_scheme,
            reduced_motion=reduced_motion,
            java_script_enabled=scripts,
            service_workers="block",
            offline=not allow,
        )
        self._contexts.append(context)
        context.set_default_timeout(10_000)
        allowed = ("data:", "blob:", *allow)

        def check(route):
            url = route.request.url
            if url.split("#")[0] == address or url.startswith(allowed):
                route.continue_()
            else:
                self.complaints.append(f"asked for {url}")
                route.abort()

        def check_socket(socket):
            if not socket.url.replace("ws", "http", 1).startswith(allowed):
                self.complaints.append(f"asked for {socket.url}")

        def check_message(message):
            if message.type in console:
                self.complaints.append(f"console: {message.text}")

        def check_dialog(dialog):
            self.complaints.append(f"dialog: {dialog.message}")
            dialog.dismiss()

        context.route("**/*", check)
        page = context.new_page()
        page.on("websocket", check_socket)
        page.on("console", check_message)
        page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        page.on("dialog", check_dialog)
        page.goto(f"{address}#{fragment}" if fragment else address)
        return page

    def close(self):
        for context in self._contexts:
            for page in context.pages:
                page.wait_for_timeout(20)  # what the page has just done is still on its way here
            context.close()


# What the pages have in common ------------------------------------------------------------------------------------


def readout(page):
    """The element that says what is selected and carries its exact value in data-value."""
    return page.locator("[data-role=readout]")


def cell(page, row, column):
    """The button of one value."""
    return page.locator(f'button[data-row="{row}"][data-column="{column}"]')


def choose(page, row, column):
    cell(page, row, column).click()


def value_of(page):
    return float(readout(page).get_attribute("data-value"))


def number_on_screen(text):
    """A number as the pages write it."""
    return float(text.strip().strip("()").replace("−", "-").replace("∞", "inf"))


def rounded(shown, value):
    """Whether shown is value as people get to see it: four digits, below 1 four decimals, below 0.0005 two digits."""
    return abs(shown - value) <= max(6e-4 * abs(value), 5.1e-5 if abs(value) >= 5e-4 else 0.06 * abs(value))


def scrolls_sideways(page):
    return page.evaluate("document.documentElement.scrollWidth > innerWidth")


def cut_off(page):
    """The texts of cells that are wider than their cell."""
    return page.evaluate(
        """() => [...document.querySelectorAll(".cell")].filter((node) => {
            if (node.tagName === "INPUT") return node.scrollWidth > node.clientWidth + 1;  // each is rounded
            const range = document.createRange();
            range.selectNodeContents(node);
            return range.getBoundingClientRect().width > node.getBoundingClientRect().width;
        }).map((node) => node.value || node.textContent)"""
    )


def accessibility_problems(page):
    """What axe-core objects to: all rules it applies by default and those new in WCAG 2.2 AA.

    Contrast that axe-core could not measure counts too, except on the stripes of padding.
    """
    source = Path(importlib.util.find_spec("axe_playwright_python").origin).with_name("axe.min.js")
    page.evaluate(source.read_text(encoding="utf-8"))
    found = page.evaluate(
        """() => {
            const added = axe.getRules(["wcag22aa"]).map((rule) => [rule.ruleId, { enabled: true }]);
            return axe.run(document, {
                rules: Object.fromEntries(added),
                resultTypes: ["violations", "incomplete"], // the rest without details, which take most of the time
            });
        }"""
    )
    assert "target-size" in {rule["id"] for kind in ("passes", "inapplicable", "violations") for rule in found[kind]}
    problems = [
        f"{rule['id']}: {rule['help']}: {node['html'][:200]}" for rule in found["violations"] for node in rule["nodes"]
    ]
    problems += [
        f"contrast not measured: {node['html'][:200]}"
        for rule in found["incomplete"]
        if rule["id"] == "color-contrast"
        for node in rule["nodes"]
        if 'class="cell padding' not in node["html"]
    ]
    return problems
