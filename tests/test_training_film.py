"""Filters and maps through a training: the arrays behind the strip, and the film in a real browser."""

import base64
import io
import re

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from browser import accessibility_problems, readout, scrolls_sideways
from PIL import Image

from practicum import plots
from practicum.inspection.snapshots import Snapshot


@pytest.fixture(autouse=True)
def _nothing_left_open():
    yield
    assert plt.get_fignums() == [], "a figure was left with pyplot: a notebook would show it twice"


@pytest.fixture
def frames():
    draw = np.random.default_rng(0)
    return [
        Snapshot(
            epoch,
            {"conv": draw.normal(size=(3, 3, 3, 7)), "deep": draw.normal(size=(3, 3, 5, 2))},
            {"relu": draw.random((4, 5, 7)) * (epoch + 1)},
        )
        for epoch in (0, 1, 2, 4, 6)
    ]


def tiles(figure):
    return [np.asarray(picture.get_array()) for picture in figure.axes[0].get_images()]


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_maps_stand_in_rows_and_moments_in_columns_on_one_scale(frames):
    figure = plots.filmstrip(frames, "relu", numbers=[6, 0])
    found = tiles(figure)
    assert len(found) == 10
    for row, number in enumerate((6, 0)):
        for column, frame in enumerate(frames):
            assert np.array_equal(found[5 * row + column], frame.maps["relu"][..., number])
    highest = max(frame.maps["relu"].max() for frame in frames)
    assert {picture.get_clim() for picture in figure.axes[0].get_images()} == {(0.0, highest)}
    assert {"before", "epoch 1", "epoch 6", "map 6", "map 0", "Feature maps of relu through the training"} <= set(
        texts(figure)
    )


def test_colour_filters_keep_their_scale_through_the_training(frames):
    found = tiles(plots.filmstrip(frames, "conv"))
    assert len(found) == 6 * 5, "the first six"
    for number in range(6):
        largest = max(np.abs(frame.filters["conv"][..., number]).max() for frame in frames)
        for column, frame in enumerate(frames):
            expected = 0.5 + frame.filters["conv"][..., number] / (2 * largest)
            np.testing.assert_allclose(found[5 * number + column], expected)


def test_deep_filters_are_shown_by_their_first_slice(frames):
    figure = plots.filmstrip(frames, "deep")
    assert np.array_equal(tiles(figure)[5], frames[0].filters["deep"][:, :, 0, 1])
    limit = max(np.abs(frame.filters["deep"][:, :, 0]).max() for frame in frames)
    assert figure.axes[0].get_images()[0].get_clim() == (-limit, limit)


def test_a_long_training_is_shown_from_its_first_to_its_last_moment():
    many = [Snapshot(epoch, {}, {"relu": np.full((2, 2, 1), float(epoch))}) for epoch in range(24)]
    figure = plots.filmstrip(many, "relu")
    shown = [picture[0, 0] for picture in tiles(figure)]
    assert len(shown) == 8
    assert (shown[0], shown[-1]) == (0, 23)
    assert shown == sorted(set(shown))


def test_nothing_moves_and_nothing_there():
    dead = [Snapshot(epoch, {"conv": np.zeros((3, 3, 3, 2))}, {"relu": np.zeros((2, 2, 2))}) for epoch in range(2)]
    assert all((tile == 0.5).all() for tile in tiles(plots.filmstrip(dead, "conv")))
    assert np.isfinite(tiles(plots.filmstrip(dead, "relu"))).all()
    assert plots.film(dead, "relu")._repr_html_()
    with pytest.raises(ValueError, match=r"there are no frames. Train with callbacks=\[snapshots\]"):
        plots.filmstrip([], "relu")
    with pytest.raises(ValueError, match=r"nothing was kept as filters or maps of 'x'. Kept: conv, relu"):
        plots.film(dead, "x")
    with pytest.raises(ValueError, match="nothing was kept as filters of 'relu'"):
        plots.filmstrip(dead, "relu", what="filters")
    with pytest.raises(ValueError, match="nothing was kept as colours"):
        plots.filmstrip(dead, "relu", what="colours")
    with pytest.raises(ValueError, match=r"maps 0 to 1 of relu were kept. Received \[2\]"):
        plots.filmstrip(dead, "relu", numbers=[2])


def pixels(url):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))))


def test_each_picture_of_a_film_holds_all_maps_of_its_moment(frames):
    page = plots.film(frames, "relu").html()
    urls = re.findall(r'"url":"(data:image/png;base64,[^"]+)"', page)
    assert len(urls) == 5
    highest = max(frame.maps["relu"].max() for frame in frames)
    for url, frame in zip(urls, frames, strict=True):
        sheet = pixels(url)
        times = round(96 / 5)
        assert sheet.shape == (2 * 4 * times + 6, 6 * 5 * times + 5 * 6, 4)
        for number in range(7):
            top, left = (number // 6) * (4 * times + 6), (number % 6) * (5 * times + 6)
            tile = sheet[top : top + 4 * times : times, left : left + 5 * times : times]
            colours = mpl.colormaps["viridis"](frame.maps["relu"][..., number] / highest)[..., :3]
            np.testing.assert_allclose(tile[..., :3], 255 * colours, atol=1)
            assert (tile[..., 3] == 255).all()
        assert sheet[-1, -1, 3] == 0, "what is empty lets the paper through"


def test_a_film_is_the_same_each_time_and_its_text_is_escaped(frames):
    assert plots.film(frames, "relu").html() == plots.film(frames, "relu").html()
    hostile = [Snapshot(frame.epoch, {}, {"<img src=x onerror=alert(1)>": frame.maps["relu"]}) for frame in frames]
    page = plots.film(hostile, "<img src=x onerror=alert(1)>").html()
    assert "<img src=x" not in page


def shown(page):
    return page.locator("[data-role=live] img").get_attribute("src")


def test_the_film_plays(frames, open_page, tmp_path):
    page = open_page(plots.film(frames, "relu").save(tmp_path / "film.html"))
    slider, live = page.get_by_role("slider"), page.locator("[data-role=live]")
    last = shown(page)
    assert readout(page).inner_text() == "epoch 6 (5 of 5)"
    assert page.get_by_role("button", name="Next").is_disabled()
    page.get_by_role("button", name="Back").click()
    assert readout(page).inner_text() == "epoch 4 (4 of 5)"
    assert page.url.endswith("#frame=3")
    slider.focus()
    page.keyboard.press("Home")
    assert readout(page).inner_text() == "before (1 of 5)"
    assert slider.get_attribute("aria-valuetext") == "before"
    assert live.locator("img").get_attribute("alt") == "the 7 feature maps of relu, before"
    first = shown(page)
    page.keyboard.press("ArrowRight")
    assert readout(page).get_attribute("data-value") == "1"
    page.get_by_role("button", name="Play").click()
    page.get_by_role("button", name="Pause").wait_for()
    page.get_by_role("button", name="Play").wait_for()  # it is through
    assert shown(page) == last != first
    page.get_by_role("button", name="Play").click()
    page.get_by_role("button", name="Pause").click()
    assert readout(page).inner_text() == "before (1 of 5)", "it began again, and was stopped at once"
    assert open_page.complaints == []


def test_an_address_opens_a_moment(frames, open_page, tmp_path):
    path = plots.film(frames, "conv").save(tmp_path / "film.html")
    assert readout(open_page(path, fragment="frame=2")).inner_text() == "epoch 2 (3 of 5)"
    assert readout(open_page(path, fragment="frame=99")).inner_text() == "epoch 6 (5 of 5)"


@pytest.mark.parametrize(("width", "scheme"), [(1200, "light"), (380, "dark")])
def test_wide_and_narrow_light_and_dark(frames, open_page, tmp_path, width, scheme):
    page = open_page(plots.film(frames, "relu").save(tmp_path / "film.html"), width=width, color_scheme=scheme)
    assert not scrolls_sideways(page)
    assert accessibility_problems(page) == []


def test_without_scripts_some_moments_stand_side_by_side(frames, open_page, tmp_path):
    page = open_page(plots.film(frames, "relu").save(tmp_path / "film.html"), scripts=False)
    captions = page.locator(".still figcaption").all_inner_texts()
    assert captions == ["before", "epoch 1", "epoch 4", "epoch 6"]
    assert page.locator(".still img").first.is_visible()
    assert not scrolls_sideways(page)
