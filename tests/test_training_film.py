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


def labels(figure):
    return [axes.get_ylabel() for axes in figure.axes[1:]]


def test_a_strip_says_which_moment_and_what_its_colours_mean(frames):
    many = [Snapshot(epoch, {}, {"relu": np.full((2, 2, 1), float(epoch))}) for epoch in range(24)]
    figure = plots.filmstrip(many, "relu", title="on top")
    named = [text for text in texts(figure) if text.startswith(("before", "epoch"))]
    assert named == ["before", *(f"epoch {int(tile[0, 0])}" for tile in tiles(figure)[1:])]
    assert "on top" in texts(figure)
    assert labels(figure) == ["activation"]
    assert labels(plots.filmstrip(frames, "deep")) == ["weight"]
    assert labels(plots.filmstrip(frames, "conv")) == []
    for numbers in ([], [-1]):
        with pytest.raises(ValueError, match="maps 0 to 6 of relu were kept"):
            plots.filmstrip(frames, "relu", numbers=numbers)


def test_a_film_says_what_its_colours_mean(frames):
    deep = plots.film(frames, "deep", title="on top").html()
    limit = max(np.abs(frame.filters["deep"][:, :, 0]).max() for frame in frames)
    assert f"White is a weight of 0, purple up to {limit:.2g}, orange down to −{limit:.2g}." in deep
    assert "on top" in deep
    assert "from before the first epoch to the end" in deep
    red, _, blue, _ = plots.filmstrip(frames, "deep").axes[0].get_images()[0].cmap(1.0)
    assert blue > red, "purple"
    assert "Grey is a weight of 0; each filter" in plots.film(frames, "conv").html()
    highest = max(frame.maps["relu"].max() for frame in frames)
    assert f"Dark is 0, yellow {highest:.2g}." in plots.film(frames[::-1], "relu").html()


def test_filters_go_before_maps_and_what_is_all_zero_has_a_scale():
    zero = [Snapshot(0, {"both": np.zeros((3, 3, 2, 1))}, {"both": np.zeros((4, 4, 1))})]
    filters, maps = plots.filmstrip(zero, "both"), plots.filmstrip(zero, "both", what="maps")
    assert tiles(filters)[0].shape == (3, 3)
    (picture,), (other,) = filters.axes[0].get_images(), maps.axes[0].get_images()
    assert min(picture.cmap(picture.norm(0.0))) > 0.95, "white"
    assert other.get_clim() == (0, 1)


@pytest.mark.parametrize(
    ("layer", "shape", "size"),
    [
        ("maps", (48, 48, 2), (96, 2 * 96 + 6)),
        ("maps", (48, 48, 12), (2 * 96 + 6, 6 * 96 + 5 * 6)),
        ("maps", (200, 200, 1), (200, 200)),
        ("filters", (1, 1, 3, 1), (96, 96)),
    ],
)
def test_the_pictures_of_a_film_are_as_large_as_their_tiles(layer, shape, size):
    kept = {"x": np.zeros(shape)}
    frame = Snapshot(0, kept, {}) if layer == "filters" else Snapshot(0, {}, kept)
    (url,) = re.findall(r'"url":"(data:image/png;base64,[^"]+)"', plots.film([frame], "x").html())
    assert pixels(url).shape == (*size, 4)
    if layer == "filters":
        assert (pixels(url)[..., :3] == 128).all(), "grey is a weight of 0"


def test_each_moment_shows_its_picture_however_it_is_reached(frames, open_page, tmp_path):
    film = plots.film(frames, "relu")
    urls = re.findall(r'"url":"(data:image/png;base64,[^"]+)"', film.html())
    page = open_page(film.save(tmp_path / "film.html"))
    back, on = page.get_by_role("button", name="Back"), page.get_by_role("button", name="Next")

    def stands_at(place):
        assert shown(page) == urls[place]
        assert page.get_by_role("slider").input_value() == str(place)
        assert readout(page).get_attribute("data-value") == str(place)
        assert back.is_disabled() == (place == 0)

    for place in (3, 2, 1, 0):
        back.click()
        stands_at(place)
    on.click()
    stands_at(1)
    page.get_by_role("slider").focus()
    page.keyboard.press("ArrowRight")
    stands_at(2)
    assert page.url.endswith("#frame=2")
    page.evaluate("location.hash = 'frame=1'")
    page.wait_for_function("document.querySelector('[data-role=readout]').dataset.value === '1'")
    stands_at(1)


def test_playing_passes_every_moment_and_stops_when_told(frames, open_page, tmp_path):
    page = open_page(plots.film(frames, "relu").save(tmp_path / "film.html"), fragment="frame=1")
    play, pause = page.get_by_role("button", name="Play"), page.get_by_role("button", name="Pause")
    page.evaluate(
        """() => {
            const node = document.querySelector("[data-role=readout]");
            window.passed = [];
            const note = () => window.passed.push(Number(node.dataset.value));
            new MutationObserver(note).observe(node, { attributeFilter: ["data-value"] });
        }"""
    )
    play.click()
    assert readout(page).get_attribute("aria-live") == "off"
    play.wait_for()
    assert page.evaluate("window.passed") == [2, 3, 4]
    assert readout(page).get_attribute("aria-live") == "polite"
    assert page.url.endswith("#frame=4")
    for end in (pause, page.get_by_role("button", name="Next")):
        play.click()
        end.click()
        assert play.is_visible()
        place = readout(page).get_attribute("data-value")
        page.wait_for_timeout(600)
        assert readout(page).get_attribute("data-value") == place


def test_a_film_of_one_moment(frames, open_page, tmp_path):
    page = open_page(plots.film(frames[:1], "relu").save(tmp_path / "film.html"))
    assert readout(page).inner_text() == "before"
    page.get_by_role("button", name="Play").click()
    page.get_by_role("button", name="Play").wait_for()
    assert readout(page).inner_text() == "before"
    assert open_page.complaints == []


def test_what_stands_without_scripts_is_described_and_each_its_own(frames, open_page, tmp_path):
    page = open_page(plots.film(frames, "relu").save(tmp_path / "film.html"), scripts=False)
    pictures = page.locator(".still img").all()
    assert pictures[1].get_attribute("alt") == "the 7 feature maps of relu, epoch 1"
    assert len({picture.get_attribute("src") for picture in pictures}) == 4


def test_an_address_opens_the_last_moment_but_one_and_the_last(frames, open_page, tmp_path):
    path = plots.film(frames, "conv").save(tmp_path / "film.html")
    assert readout(open_page(path, fragment="frame=0")).inner_text() == "before (1 of 5)"
    assert readout(open_page(path, fragment="frame=4")).inner_text() == "epoch 6 (5 of 5)"
