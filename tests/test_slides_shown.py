"""The slides as they are shown: what stands there before a press, keys, the speaker's window, contrast."""

import re
import subprocess

import pytest
from browser import FLAGS, find_chromium, missing
from slide_checks import NAMES, opened, soup_of
from test_site import accessibility_problems
from test_slides import LOOKED_AT, the_slides


@pytest.fixture(scope="session")
def slides(tmp_path_factory):
    return the_slides(tmp_path_factory)


@pytest.mark.parametrize("name", NAMES)
def test_no_slide_begins_with_a_heading_only(slides, name):
    for slide in soup_of(slides, name).select("section.stack > section"):
        body = slide.select_one(".sheet > .body")
        for later in body.select(".fragment, .fold, .credit"):  # a button and who drew it are nothing to talk about
            later.decompose()
        assert body.get_text().strip() or body.select("img, iframe"), slide.select_one("h1, h2").get_text()


def title(page):
    return page.evaluate("Reveal.getCurrentSlide().querySelector('h1, h2').textContent.trim()")


def test_the_first_page_names_the_keys(slides):
    named = {key.get_text() for key in soup_of(slides, "index").select(".keys kbd")}
    assert {"→", "S", "Esc", "G", "T", "F", "B", "?"} <= named


def test_keys_and_addresses_lead_through_the_deck(open_page, slides):
    page = opened(open_page, slides, LOOKED_AT[0], fragment="/3", width=1280, height=720)
    assert title(page) == "3 A picture is a grid of numbers"
    page.keyboard.press("ArrowRight")
    assert page.evaluate("Reveal.getIndices()") == {"h": 3, "v": 1, "f": -1}
    hidden = page.locator("section.present section.present .printed.fragment")
    assert not hidden.evaluate("(node) => node.classList.contains('visible')")
    page.keyboard.press("ArrowRight")
    assert hidden.evaluate("(node) => node.classList.contains('visible')")  # what was to be guessed
    assert page.evaluate("Reveal.getIndices().v") == 1
    page.keyboard.press("g")
    page.keyboard.type("9")
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('.slide-number').innerText.startsWith('9 /')")
    page.keyboard.press("Escape")
    assert page.evaluate("Reveal.isOverview()")
    page.keyboard.press("Escape")
    assert not page.evaluate("Reveal.isOverview()")
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.keyboard.press("t")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != before
    page.keyboard.press("t")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == before


def test_the_speakers_view_opens_from_a_file_and_follows(open_page, slides):
    page = opened(open_page, slides, LOOKED_AT[0], fragment="/2", width=1280, height=720)
    with page.expect_popup() as popup:
        page.keyboard.press("s")
    view = popup.value
    notes = view.locator(".speaker-controls-notes .value")
    notes.get_by_text("small drawings, made by two teams of artists").wait_for()
    page.bring_to_front()
    page.evaluate("Reveal.slide(3)")
    notes.get_by_text("To a computer, a picture is a grid of").wait_for()
    assert view.locator("iframe").count() == 2
    view.close()


def test_in_the_speakers_view_code_wraps_and_the_page_to_click_is_seen(open_page, slides):
    page = opened(open_page, slides, LOOKED_AT[1], fragment="/3/1", width=1280, height=720)
    with page.expect_popup() as popup:
        page.keyboard.press("s")
    view = popup.value
    code = view.locator(".speaker-controls-notes .value pre").first
    code.get_by_text("assert output.tolist()").wait_for()
    view.wait_for_selector("#ours", state="attached")
    long = view.locator(".value pre").evaluate_all("(all) => all.filter((one) => one.scrollWidth > one.clientWidth)")
    controls = view.locator("#speaker-controls")
    assert long == []
    assert controls.evaluate("(node) => node.scrollWidth <= node.clientWidth")
    page.bring_to_front()
    page.evaluate("Reveal.slide(4)")
    current = view.frame_locator("#current-slide iframe")
    assert current.locator(".slides").evaluate("(node) => node.offsetWidth") == 1280  # as on the wall, not upright
    frame = current.locator("section.page.present iframe.explorer")
    frame.content_frame.locator("[data-role=readout]").wait_for()
    assert frame.evaluate("(node) => node.inert")  # a click here would not be seen on the wall
    for place in ("#current-slide", "#upcoming-slide"):
        assert not view.frame_locator(f"{place} iframe").locator("nav.foot").is_visible()
    view.close()


def test_a_page_to_click_answers_in_a_slide_and_hands_back_its_keys(open_page, slides):
    page = opened(open_page, slides, LOOKED_AT[1], fragment="/4", width=1280, height=720)
    assert page.evaluate("Reveal.getCurrentSlide().querySelector('iframe') !== null")
    inside = page.frame_locator("section.page.present iframe")
    inside.locator('button[data-row="2"][data-column="1"]').last.click()
    assert float(inside.locator("[data-role=readout]").get_attribute("data-value")) == 15
    here = page.evaluate("Reveal.getIndices()")
    page.keyboard.press("ArrowRight")  # moves in the page to click, not in the deck
    assert page.evaluate("Reveal.getIndices()") == here
    page.keyboard.press("PageDown")
    page.wait_for_function(
        "(before) => Reveal.getIndices().h !== before.h || Reveal.getIndices().v !== before.v", arg=here
    )
    page.keyboard.press("ArrowLeft")
    page.wait_for_function(
        "(before) => Reveal.getIndices().h === before.h && Reveal.getIndices().v === before.v", arg=here
    )


# axe cannot measure contrast above the ground that reveal.js lays under the slides, nor beside the sign of a question.
MEASURABLE = ".backgrounds, .pause-overlay { display: none !important } .ask::before { content: none !important }"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("deck", "at"), [(0, "/"), (0, "/3"), (0, "/5/1"), (0, "/10"), (1, "/3/4"), (1, "/5/2"), (1, "/8"), (1, "/9/1")]
)
def test_slides_are_accessible(open_page, slides, deck, at, scheme):
    options = {"width": 1280, "height": 720, "color_scheme": scheme, "reduced_motion": "reduce"}
    page = opened(open_page, slides, LOOKED_AT[deck], fragment=at, **options)
    page.evaluate("Reveal.slide(...Object.values(Reveal.getIndices()).slice(0, 2), 99)")
    page.add_style_tag(content=MEASURABLE)
    found = accessibility_problems(page)
    assert [one for one in found if "too short to determine" not in one] == []  # single letters and signs


COVERED = """() => Reveal.getSlides().filter((slide) => slide.querySelector(".fold")).map((slide) => {
    const { h, v } = Reveal.getIndices(slide);
    Reveal.slide(h, v);
    const button = slide.querySelector(".fold summary").getBoundingClientRect();
    const text = document.createRange();
    const below = [...slide.querySelectorAll("h2, .kicker, .body > *:not(.fold)")].flatMap((node) => {
        text.selectNodeContents(node);
        return [...text.getClientRects()];
    });
    const beside = (box) => box.left >= button.right || box.right <= button.left;
    const over = (box) => !beside(box) && box.top < button.bottom && box.bottom > button.top;
    return [`#/${h}/${v}`, below.some(over)];
})"""


@pytest.mark.parametrize("width", [390, 1280])
def test_the_button_of_the_code_covers_nothing(open_page, slides, width):
    page = opened(open_page, slides, "07_why_did_it_say_that", width=width, height=844 if width == 390 else 720)
    found = dict(page.evaluate(COVERED))
    assert len(found) > 5
    assert [place for place, is_covered in found.items() if is_covered] == []


def test_chromium_prints_a_deck_without_a_window(slides, tmp_path):
    program = find_chromium() or missing("no Chromium on this machine")
    address = f"{(slides / LOOKED_AT[0]).as_uri()}.html?print-pdf"
    pdf = tmp_path / "deck.pdf"
    options = ["--headless", f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=20000"]
    command = [program, *FLAGS, *options, f"--print-to-pdf={pdf}", address]
    subprocess.run(command, capture_output=True, timeout=120, check=True)
    pages = max(map(int, re.findall(rb"/Count (\d+)", pdf.read_bytes())))
    assert pages == len(soup_of(slides, LOOKED_AT[0]).select("section.stack > section"))


def test_the_first_page_is_accessible_and_fits_a_telephone(open_page, slides):
    page = open_page(slides / "index.html", allow=(slides.as_uri(),), width=360, height=740)
    assert accessibility_problems(page) == []
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
