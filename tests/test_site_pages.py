"""Small things on the pages of the site: how they read, fold, print and open, on courses of a few cells."""

import nbformat
import pytest
from bs4 import BeautifulSoup
from test_site import DOT, code_cell, run_build

WORDS = nbformat.v4.new_markdown_cell
TITLE = "# Title"


@pytest.fixture
def built(tmp_path):
    """A function that builds a site from notebooks, name -> cells, and gives its folder."""

    def build(**notebooks):
        course = tmp_path / "course"
        (course / "notebooks" / "solutions").mkdir(parents=True)
        (course / "README.md").write_text("# A course\n\nIt is small.\n\nMore.\n", encoding="utf-8")
        for name, cells in notebooks.items():
            notebook = nbformat.v4.new_notebook(cells=[WORDS(TITLE), *cells])
            folder = "solutions" if name.startswith("solved") else "."
            nbformat.write(notebook, course / "notebooks" / folder / f"{name[-2:]}_a.ipynb")
        done = run_build(course, tmp_path / "site")
        assert done.returncode == 0, done.stderr
        return tmp_path / "site"

    return build


def soup_of(site, page="00_a.html"):
    return BeautifulSoup((site / page).read_text(encoding="utf-8"), "html.parser")


def figure():
    return [
        code_cell(nbformat.v4.new_output("display_data", {"image/png": DOT})),
        WORDS("*Picture:* a dot that is seen by those who look closely."),
    ]


def test_a_picture_opens_by_itself_to_be_seen_large_on_a_telephone(built, open_page):
    site = built(n00=figure())
    page = open_page(site / "00_a.html", allow=(site.as_uri(),), width=360)
    page.get_by_role("link", name="A dot that is seen by those who look closely.").press("Enter")
    page.wait_for_url("**/pictures/*.webp")
    assert page.url.endswith(".webp")


def test_pictures_are_fetched_before_a_page_is_printed(built, open_page):
    site = built(n00=figure())
    page = open_page(site / "00_a.html", allow=(site.as_uri(),))
    assert page.locator(".picture img").get_attribute("loading") == "lazy"
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator(".picture img").get_attribute("loading") == "eager"


@pytest.mark.parametrize("width", [640, 900, 1280])
def test_the_last_of_thirteen_cards_is_not_left_alone_in_a_row(built, open_page, width):
    site = built(**{f"n{number:02}": [] for number in range(13)})
    page = open_page(site / "index.html", allow=(site.as_uri(),), width=width)
    cards = page.locator(".card")
    boxes = [cards.nth(place).bounding_box() for place in (0, 11, 12)]
    assert boxes[2]["width"] > 1.9 * boxes[0]["width"]
    assert boxes[2]["x"] == boxes[0]["x"]
    picture, title = (cards.last.locator(part).bounding_box() for part in (".no-picture", "h3"))
    assert picture["x"] + picture["width"] <= title["x"] + 1


def test_what_is_said_to_a_learner_alone_and_empty_lines_are_left_out(built):
    progress = nbformat.v4.new_output("display_data", {"text/html": "<p>0 of 6 exercises solved, 0 of 5 …</p>"})
    printed = nbformat.v4.new_output("stream", text="  two cores\n\n")
    soup = soup_of(built(n00=[code_cell(progress, source="lesson.progress()"), code_cell(printed)]))
    assert "lesson.progress()" in soup.get_text()
    assert "exercises solved" not in soup.get_text()
    assert soup.select_one(".printed").get_text() == "  two cores"


def test_no_line_ends_between_a_number_and_its_sign_or_in_short_code(built):
    long = "keras.callbacks.EarlyStopping('val_loss')"
    text = f"## At 90 % and more\n\nOf 4 × 4 places 50 % are `a % 2`, `5 % 3` or `{long}`.\n\n    7 % 2\n"
    soup = soup_of(built(n00=[WORDS(text)]))
    assert soup.h2["id"] == "at-90--and-more"
    assert "4\N{NO-BREAK SPACE}× 4 places 50\N{NO-BREAK SPACE}% are" in soup.get_text()
    assert [code.get_text() for code in soup.select("p > code.short")] == ["a % 2", "5 % 3"]
    assert [code.get_text().strip() for code in soup.select("code:not(.short)")] == [long, "7 % 2"]


def test_the_link_to_a_solution_names_the_exercise_and_no_more(built):
    cells = [WORDS("### Exercise 6, a decision\n\nWhich?"), code_cell(source="lesson.exercise_6.check(None)")]
    link = soup_of(built(n00=cells, solved00=cells)).select_one(".to-solution a")
    assert link.get_text() == "Exercise 6, solved"
    assert link["href"] == "solutions/00_a.html#exercise-6-a-decision"


def printed(lines):
    return code_cell(nbformat.v4.new_output("stream", text="".join(f"{number}  a line\n" for number in range(lines))))


def table(rows):
    head = "<thead><tr><th scope='col'>epoch</th></tr></thead>"
    body = "".join(f"<tr><td>{number}</td></tr>" for number in range(1, rows + 1))
    html = f"<div>training on 300 images</div><table>{head}<tbody>{body}</tbody></table><div>epoch 21 was best</div>"
    return code_cell(nbformat.v4.new_output("display_data", {"text/html": html}))


def test_what_is_long_stands_in_a_box_that_says_how_long_it_is_and_nothing_else_does(built):
    soup = soup_of(built(n00=[printed(25), printed(26), table(25), table(40)]))
    boxes = soup.select(".long")
    assert [box["aria-label"] for box in boxes] == ["output of 26 lines, scrolls", "table of 40 rows, scrolls"]
    assert all((box["tabindex"], box["role"]) == ("0", "group") for box in boxes)
    assert boxes[0].get_text().splitlines()[-1] == "25  a line"
    assert [note.get_text().split(":")[0] for note in soup.select(".how-long")] == ["26 lines", "40 rows"]
    assert boxes[1].get_text().endswith("40"), "what is said of the training stands below the box"
    assert "epoch 21 was best" in boxes[1].parent.get_text()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_box_is_gone_through_with_the_keyboard(built, open_page, scripts):
    site = built(n00=[printed(60)])
    page = open_page(site / "00_a.html", allow=(site.as_uri(),), width=360, height=740, scripts=scripts)
    box = page.get_by_role("group", name="output of 60 lines, scrolls")
    assert box.bounding_box()["height"] < 0.7 * 740
    last = box.bounding_box()["y"] + box.bounding_box()["height"]
    box.focus()
    box.press("End")
    for _ in range(100):  # without scripts nothing can be waited for
        left = box.evaluate("(node) => node.scrollHeight - node.clientHeight - node.scrollTop")
        if left <= 2:
            break
        page.wait_for_timeout(20)
    assert left <= 2, "the last line is in view"
    assert box.bounding_box()["y"] + box.bounding_box()["height"] == last, "the page stays where it was"


def test_a_box_shows_that_it_goes_on_and_where_it_ends(built, open_page):
    site = built(n00=[table(40)])
    page = open_page(site / "00_a.html", allow=(site.as_uri(),))
    box = page.locator(".long")
    page.wait_for_selector(".long[data-below]")
    box.evaluate("(node) => node.scrollTo(0, node.scrollHeight)")
    page.wait_for_selector(".long:not([data-below])")
    head = page.get_by_role("columnheader", name="epoch")
    assert abs(head.bounding_box()["y"] - box.bounding_box()["y"]) < 2, "the heads of columns stay"


def test_on_paper_a_box_is_whole(built, open_page):
    site = built(n00=[printed(60), table(40)])
    page = open_page(site / "00_a.html", allow=(site.as_uri(),))
    whole = "() => [...document.querySelectorAll('.long')].map((node) => node.scrollHeight <= node.clientHeight + 1)"
    assert page.evaluate(whole) == [False, False]
    page.emulate_media(media="print")
    assert page.evaluate(whole) == [True, True]
    assert not page.locator(".how-long").first.is_visible()
