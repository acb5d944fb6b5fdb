"""What tests look for on every slide of a deck, in the browser: nothing cut off, nothing small, figures large."""

import re
from pathlib import Path

import nbformat
from bs4 import BeautifulSoup

PROJECT = Path(__file__).resolve().parent.parent
NAMES = [path.stem for path in sorted((PROJECT / "notebooks").glob("*.ipynb"))]
SMALLEST = 20  # pixels of text on a sheet of 1280 × 720

LOOK = """(smallest) => {
    const problems = [];
    for (const slide of Reveal.getSlides()) {
        const { h, v } = Reveal.getIndices(slide);
        Reveal.slide(h, v, 99);
        const say = (what, node) => problems.push(`#/${h}/${v ?? 0} ${what}: ${node.outerHTML.slice(0, 90)}`);
        const sheet = slide.querySelector(".sheet");
        const edge = sheet.getBoundingClientRect();
        const body = sheet.querySelector(".body").getBoundingClientRect();
        if (body.height < 12) say("no room", sheet);
        for (const node of sheet.querySelectorAll("*")) {
            if (node.closest(".fold, math, svg")) continue;
            const box = node.getBoundingClientRect();
            if (!box.width || !box.height) continue;
            const aside = box.left < edge.left - 1 || box.right > edge.right + 1;
            const out = aside || box.bottom > edge.bottom + 1 || box.top < edge.top - 1;
            if (out || (node.closest(".body") && box.bottom > body.bottom + 2)) say("outside", node);
            const flows = getComputedStyle(node).display !== "inline" && node.localName !== "iframe";
            const wide = node.scrollWidth > node.clientWidth + 2, tall = node.scrollHeight > node.clientHeight + 4;
            if (flows && (wide || tall)) say("cut off", node);
        }
        const texts = document.createTreeWalker(sheet, NodeFilter.SHOW_TEXT);
        while (texts.nextNode()) {
            const { data, parentElement } = texts.currentNode;
            if (!data.trim() || parentElement.closest("math, sup, sub")) continue;
            const isUpright = document.documentElement.matches(".upright");
            if (isUpright && parentElement.closest(".drawing, .columns, table")) continue; // to be turned or enlarged
            if (parseFloat(getComputedStyle(parentElement).fontSize) < smallest) say("small", parentElement);
        }
        for (const picture of sheet.querySelectorAll(".picture img")) {
            const box = picture.getBoundingClientRect();
            if (Math.max(box.width / edge.width, box.height / edge.height) < 0.35) say("a small figure", picture);
        }
        const words = sheet.querySelector(".body").innerText.split(/\\s+/).length;
        if (words > 170) say(`${words} words`, sheet);
    }
    return problems;
}"""


def opened(open_page, slides, name, **options):
    """A deck from a file, ready."""
    query = options.pop("query", "")
    page = open_page(f"{(slides / f'{name}.html').as_uri()}{query}", allow=(slides.as_uri(),), **options)
    page.wait_for_function("window.Reveal?.isReady() && !document.documentElement.classList.contains('measuring')")
    return page


def problems(page, smallest=SMALLEST):
    return page.evaluate(LOOK, smallest)


def words_of(text):
    """A text as words, without marks, for comparison."""
    return re.findall(r"\w+", text)


def cells_of(path):
    return nbformat.read(path, as_version=4).cells


def soup_of(slides, name):
    return BeautifulSoup((slides / f"{name}.html").read_text(encoding="utf-8"), "html.parser")
