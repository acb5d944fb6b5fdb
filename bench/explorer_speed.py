"""How large the page on a three-module network is, how soon it can be used, and how soon a click is answered.

    python bench/explorer_speed.py        # a table, and one JSON object as last line

The page of explorer.network on a 32×32×3 network (32, 64 and 128 filters, dense 64, 10 classes) and one image, in
Chromium without a network. "usable" is from the start of the navigation until a first click has been answered; a click
counts until the explanation stands in the document and the page is laid out again. Needs requirements-dev.txt.
"""

import json
import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # the CPU, also where there is a GPU

import numpy as np

from practicum import explorer
from practicum.model import build_cnn

LOADS = 10
CLICKS = 50
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")

LOADED = """() => {
    document.querySelector('.thumb[data-channel="1"]').click();
    document.querySelector('[data-role=readout]').getBoundingClientRect();
    return performance.now();
}"""
CLICK = """([layer, channel]) => {
    const buttons = document.querySelectorAll(`section.layer[data-layer="${layer}"] :is(.thumb, .bar, .command)`);
    const readout = document.querySelector('[data-role=readout]');
    const timed = (button) => {
        const started = performance.now();
        button.click();
        readout.getBoundingClientRect();
        return performance.now() - started;
    };
    const opened = timed(buttons[channel % buttons.length]);
    const cells = document.querySelectorAll('.grid.map .cell');
    const cell = cells[Math.floor(Math.random() * cells.length)];
    const chosen = timed(cell);
    const [, row, column] = location.hash.match(/row=(\\d+)&column=(\\d+)/);
    if (row !== cell.dataset.row || column !== cell.dataset.column) throw new Error("the click was not answered");
    return [opened, chosen];
}"""


def measure(browser, address):
    usable, opened, chosen = [], [], []
    for _ in range(LOADS):
        page = browser.new_page(viewport={"width": 1360, "height": 900}, reduced_motion="reduce")
        page.goto(address)
        # performance.now() counts from the start of the navigation; the script runs before goto returns.
        usable.append(page.evaluate(LOADED))
        page.close()
    page = browser.new_page(viewport={"width": 1360, "height": 900}, reduced_motion="reduce")
    page.goto(address)
    layers = page.locator("section.layer").evaluate_all("(all) => all.map((node) => node.dataset.layer)")
    for number in range(CLICKS):
        for times, taken in zip(
            (opened, chosen), page.evaluate(CLICK, [layers[number % len(layers)], number]), strict=True
        ):
            times.append(taken)
    page.close()
    return usable, opened, chosen


def main():
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        sys.exit("playwright is not installed: pip install -r requirements-dev.txt -c constraints.txt")
    program = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        sys.exit("no Chromium on this machine; on Debian: apt-get install chromium, or name one in CHROMIUM")
    image = np.random.default_rng(0).integers(0, 256, (32, 32, 3)).astype(np.uint8)
    page = explorer.network(build_cnn((32, 32, 3), 10, seed=0), image, class_names=list("abcdefghij"))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = page.save(Path(folder) / "page.html")
        size = path.stat().st_size
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        usable, opened, chosen = measure(browser, path.as_uri())
        browser.close()

    figures = {"page_mb": size / 1e6, "usable_ms": statistics.median(usable), "usable_slowest_ms": max(usable)}
    print(f"page              {figures['page_mb']:7.2f} MB")
    print(f"usable after      {figures['usable_ms']:7.0f} ms  median of {LOADS}, slowest {max(usable):.0f}")
    for name, times in (("map", opened), ("value", chosen)):
        median, most = statistics.median(times), float(np.percentile(times, 95))
        figures |= {f"{name}_ms": median, f"{name}_p95_ms": most}
        print(f"click on a {name:<6} {median:7.1f} ms  median of {CLICKS}, 95 % within {most:.1f}")
    print(json.dumps({name: round(figure, 2) for name, figure in figures.items()}))


if __name__ == "__main__":
    main()
