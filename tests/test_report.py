"""The pages: what they say is what was measured."""

import itertools
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from practicum import report
from practicum.evaluation import Evaluation, evaluate
from practicum.model import build_cnn, layer_table
from practicum.significance import standard_error


@pytest.fixture(scope="module")
def page(tiny_dataset, tiny_run, tmp_path_factory):
    model, result, _ = tiny_run
    folder = tmp_path_factory.mktemp("report")
    evaluation = evaluate(model, tiny_dataset.test, tiny_dataset.class_names)
    path = report.write_report(folder, model, tiny_dataset, result, evaluation, command="run <me> & you")
    return path, path.read_text(encoding="utf-8"), evaluation


def text_of(html):
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_the_figures_on_the_page_are_those_measured(page, tiny_run, tiny_dataset):
    _, html, evaluation = page
    _, result, _ = tiny_run
    text = text_of(html)
    assert f"{evaluation.accuracy:.1%}".replace("%", " %") + " of 40 test images right" in text
    assert "50.0 % by always naming the most common class" in text
    assert f"{result.parameters:,} numbers learned" in text
    assert f"Epoch {result.best_epoch} was the best on the validation images" in text
    assert "The network learned from 128 training images" in text
    assert report.largest_mix_up(evaluation) in text
    for cells in layer_table(tiny_run[0]).cells():
        assert " ".join(cells) in text


def test_the_page_stands_alone_and_is_accessible_to_readers(page):
    path, html, _ = page
    assert not re.findall(r'(?:src|srcset)="(?!data:)', html), "no file or address beside the page is needed"
    assert re.findall(r'href="(.*?)"', html) == ["explorer.html"]
    explorer_page = (path.parent / "explorer.html").read_text(encoding="utf-8")
    assert "<h1>Inside the network</h1>" in explorer_page
    images = re.findall(r"<img [^>]*>", html)
    assert len(images) >= 7
    assert all(re.search(r'alt="[^"]{15,}"', image) for image in images)
    headings = [int(level) for level in re.findall(r"<h([1-6])", html)]
    assert headings[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(headings))
    assert "run &lt;me&gt; &amp; you" in html
    assert "run <me>" not in html
    assert path.stat().st_size < 5e6


def test_every_picture_is_there_for_light_and_dark(page):
    path, html, _ = page
    assert html.count("prefers-color-scheme: dark)") - 1 == html.count("<img ")
    for file in (path.parent / "pictures").glob("*.png"):
        corner = np.asarray(Image.open(file).convert("RGB"))[0, 0]
        assert corner.min() > 240, "the files are the light ones"


def evaluation_of(confusion):
    names = tuple("abc"[: len(confusion)])
    return Evaluation(
        0.5, 1.0, np.array(confusion), np.eye(len(confusion), dtype=np.float32), np.arange(len(confusion)), names
    )


def test_a_claim_stands_at_the_top_as_text(page, tiny_dataset, tiny_run, tmp_path):
    assert "The claim." not in page[1]
    assert f"± {100 * standard_error(page[2].accuracy, len(page[2].labels)):.1f} points" in text_of(page[1])
    model, result, _ = tiny_run
    claim = "90 % ± 3 of <test> images & no more"
    html = report.write_report(tmp_path, model, tiny_dataset, result, page[2], claim=claim).read_text(encoding="utf-8")
    assert "The claim.</b> 90 % ± 3 of &lt;test&gt; images &amp; no more</p>" in html
    assert html.index("The claim.") < html.index("<h2>")


def test_largest_mix_up_reads_rows_as_the_right_class():
    assert report.largest_mix_up(evaluation_of([[5, 3, 0], [1, 9, 0], [0, 0, 4]])) == (
        "The most frequent mistake: 3 of 8 images of “a” were taken for “b”."
    )
    assert report.largest_mix_up(evaluation_of([[5, 0], [0, 9]])) == "No image was taken for another class."


def test_boxes_gather_the_operations_of_a_module():
    table = layer_table(build_cnn((16, 16, 3), 4, filters=(2, 3), batch_norm=True))
    assert report.boxes(table) == [
        ("rescale", [], "16×16×3"),
        ("module 1", ["conv", "norm", "relu", "pool"], "8×8×2"),
        ("module 2", ["conv", "norm", "relu", "pool"], "4×4×3"),
        ("flatten", [], "48"),
        ("dense1", [], "64"),
        ("scores", [], "4"),
        ("softmax", [], "4"),
    ]


def test_a_perfect_network_has_a_page_too(tiny_dataset, tiny_run, tmp_path):
    model, result, _ = tiny_run
    labels = tiny_dataset.test.labels
    perfect = Evaluation(
        1.0, 0.0, np.diag(np.bincount(labels)), np.eye(2, dtype=np.float32)[labels], labels, tiny_dataset.class_names
    )
    html = report.write_report(tmp_path, model, tiny_dataset, result, perfect).read_text(encoding="utf-8")
    assert "Wrong, and sure of it" not in html
    assert "No image was taken for another class." in html
    assert "recognises 100 of 100 images" in html


def test_silent_filters_are_named_on_the_page(tiny_dataset, tiny_run, tmp_path):
    _, result, _ = tiny_run
    model = build_cnn((12, 12, 1), 2, filters=(4,), seed=0)
    layer = model.get_layer("module1_conv")
    kernel, bias = layer.get_weights()
    kernel[..., 2], bias[2] = -1, -1
    layer.set_weights([np.abs(kernel) * np.where(np.arange(4) == 2, -1, 1), bias])
    evaluation = evaluate(model, tiny_dataset.test, tiny_dataset.class_names)
    html = report.write_report(tmp_path, model, tiny_dataset, result, evaluation).read_text(encoding="utf-8")
    assert "module1_conv: 1 filters never fire on the first 40 test images (numbers 2)" in text_of(html)


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_is_not_wider_than_the_screen(page, open_page, width):
    shown = open_page(page[0], width=width)
    wide = shown.evaluate(
        """() => [...document.querySelectorAll("main *")]
            .filter((node) => node.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
            .map((node) => node.tagName + " " + node.textContent.slice(0, 40))"""
    )
    assert shown.evaluate("document.documentElement.scrollWidth") <= width, wide[:5]


def test_what_auto_chose_is_on_the_page(tiny_dataset, tiny_run, tmp_path):
    model, result, _ = tiny_run
    chosen = replace(
        result, augmented=True, precision="mixed_bfloat16", settings={**result.settings, "augment": "auto"}
    )
    evaluation = evaluate(model, tiny_dataset.test, tiny_dataset.class_names)
    text = text_of(report.write_report(tmp_path, model, tiny_dataset, chosen, evaluation).read_text(encoding="utf-8"))
    assert "precision auto: mixed_bfloat16" in text
    assert "augment auto: on" in text
    assert "each time flipped, moved or stretched a little at random" in text
    assert "module1_conv: Conv2D" not in text, "the network is shown as a table further up"
