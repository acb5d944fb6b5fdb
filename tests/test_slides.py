"""The slides: built once, then looked at in a browser that is cut off from the network."""

import hashlib
import re
import shutil
import subprocess
from urllib.parse import unquote

import builds
import nbformat
import pytest
from bs4 import BeautifulSoup
from conftest import PROJECT
from slide_checks import NAMES, cells_of, opened, problems, soup_of, words_of

REVEAL = PROJECT / "docs" / "slides" / "reveal"
LOOKED_AT = ("00_start_here", "01_images_and_convolution")  # all decks: make stress


def the_slides(tmp_path_factory):
    """The folder of the slides, built once for all modules of a test session."""
    folder = tmp_path_factory.getbasetemp() / "of_this_course"
    return folder / "slides" if (folder / "slides" / "index.html").exists() else builds.built("slides", folder)


@pytest.fixture(scope="session")
def slides(tmp_path_factory):
    return the_slides(tmp_path_factory)


@pytest.fixture(scope="session")
def decks(slides):
    """Each deck, read: name -> soup."""
    return {name: soup_of(slides, name) for name in NAMES}


# What is in the decks ---------------------------------------------------------------------------------------------


def test_every_notebook_has_a_deck_and_the_first_page_lists_them(slides, decks):
    listed = [link["href"] for link in soup_of(slides, "index").select(".decks > li > a")]
    assert listed == [f"{name}.html" for name in NAMES]
    for name, deck in decks.items():
        assert len(deck.find_all("h1")) == 1, name
        assert len(deck.select("section.stack > section")) > 15, name
        assert all(slide.select_one("h1, h2") for slide in deck.select("section.stack > section"))


def test_a_stack_is_a_section_of_the_notebook(decks):
    """So that #/3 is section 3."""
    for name, deck in decks.items():
        text = "\n".join(
            cell.source for cell in cells_of(PROJECT / "notebooks" / f"{name}.ipynb") if cell.cell_type == "markdown"
        )
        numbers = re.findall(r"^## (\d+)\. ", text, re.M)
        stacks = deck.select("section.stack")
        assert len(stacks) == len(numbers) + 2, name  # the start before, the end after
        for number, stack in zip(numbers, stacks[1:-1], strict=True):
            opening = stack.select_one(".opens h2 .number")
            assert "quiz" in stack.section["class"] or opening.get_text() == number, (name, number)


def test_exercises_and_questions_are_asked(decks):
    for name, deck in decks.items():
        source = "\n".join(cell.source for cell in cells_of(PROJECT / "notebooks" / f"{name}.ipynb"))
        for what in ("exercise", "question"):
            wanted = sorted(set(re.findall(rf"lesson\.{what}_(\d+)\.check", source)), key=int)
            kickers = [node.get_text() for node in deck.select(".kicker")]
            assert [each.split()[1] for each in kickers if each.lower().startswith(what)] == wanted, name
        for question in deck.select("section.quiz"):
            assert 3 <= len(question.select(".choices li")) <= 4
            assert "Right." not in question.select_one(".sheet").get_text()
            assert "Right." in question.select_one(".notes").get_text()


def solved_lines(name):
    """Lines of code and of output that stand in the solved copy only."""
    texts = []
    for folder in ("notebooks/solutions", "notebooks"):
        lines = set()
        for cell in cells_of(PROJECT / folder / f"{name}.ipynb"):
            printed = [
                output.get("text", "") or output.get("data", {}).get("text/plain", "")
                for output in cell.get("outputs", [])
            ]
            lines |= {" ".join(line.split()) for text in [cell.source, *printed] for line in text.splitlines()}
        texts.append(lines)
    solved, learners = texts
    own = {line for line in solved - learners if len(line) > 8 and not line.startswith("# stub: ")}
    return {line for line in own if not re.match(r"(Notebook \d\d: |\d+(\.\d+)? s|<)", line)}


def test_no_solution_is_in_a_deck_nor_in_its_notes(slides, decks):
    counted = 0
    for name, deck in decks.items():
        text = " ".join(deck.get_text(" ").split())
        squeezed = re.sub(r"\s", "", deck.get_text())
        for line in solved_lines(name):
            counted += 1
            assert line not in text, (name, line)
            assert re.sub(r"\s", "", line) not in squeezed or len(line) < 14, (name, line)
    assert counted > 100
    assert not any("solutions" in path.as_posix() for path in slides.rglob("*"))


def test_the_notes_hold_all_that_is_written(decks):
    """But headings, which stand on the slides, tables, formulas, and links that others write below a title."""
    counted = 0
    for name, deck in decks.items():
        notes = " ".join(words_of(" ".join(node.get_text(" ") for node in deck.select("aside.notes"))))
        for cell in cells_of(PROJECT / "notebooks" / f"{name}.ipynb"):
            parts = re.split(r"\n\s*\n|\n(?=[-*] |\d+\. )", cell.source) if cell.cell_type == "markdown" else []
            for part in parts:
                if part.startswith(("#", "|", "[![")) or "$" in part:
                    continue
                bare = re.sub(r"^\d+\. |\]\([^)]*\)|^```\w*|[*`\[\]]", " ", part, flags=re.M)
                assert " ".join(words_of(BeautifulSoup(bare, "html.parser").get_text())) in notes, (name, part)
                counted += 1
    assert counted > 1000


def test_what_the_guide_says_is_in_the_notes_where_it_is_needed(decks):
    deck = decks["00_start_here"]
    exercise = next(
        slide for slide in deck.select("section.exercise") if slide.select_one(".kicker").get_text() == "Exercise 1"
    )
    assert "you counted the pixels" in exercise.select_one(".notes").get_text()
    assert "you counted the pixels" not in exercise.select_one(".sheet").get_text()
    opening = deck.select("section.stack")[7].select_one(".notes").get_text()
    assert "be silent while the table grows" in opening
    assert "Why has my neighbour another accuracy?" in deck.select_one(".title .notes").get_text()


def test_nothing_is_asked_of_another_host_and_files_are_there(slides):
    for path in slides.rglob("*.html"):
        soup = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for node in soup.find_all(["a", "link", "img", "script", "iframe"]):
            target = node.get("href") or node.get("src") or node.get("data-src") or ""
            if not target or target.startswith(("data:", "#")):
                continue
            if node.name == "a" and target.startswith(("https://", "http://")):
                continue
            assert (path.parent / unquote(target).partition("#")[0]).is_file(), f"{path.name}: {target}"
    for path in slides.rglob("*.css"):
        assert not re.search(r"url\((?!['\"]?data:)|@import", path.read_text(encoding="utf-8")), path.name


def test_pictures_say_what_they_show(decks):
    for name, deck in decks.items():
        assert all(len(picture["alt"]) > 20 for picture in deck.select(".picture img")), name


def test_reveal_is_what_its_note_says(slides):
    said = dict(
        re.findall(r"^\| (\S+) \| ([0-9a-f]{64}) \|$", (REVEAL / "README.md").read_text(encoding="utf-8"), re.M)
    )
    assert {path.name for path in REVEAL.iterdir()} == {*said, "README.md"}
    for name, expected in said.items():
        assert hashlib.sha256((REVEAL / name).read_bytes()).hexdigest() == expected, name
        assert (slides / "reveal" / name).read_bytes() == (REVEAL / name).read_bytes()
    assert "6.0.2" in (REVEAL / "README.md").read_text(encoding="utf-8")
    assert "VERSION:`6.0.2`" in (REVEAL / "reveal.js").read_text(encoding="utf-8") or "6.0.2" in (
        REVEAL / "reveal.js"
    ).read_text(encoding="utf-8")


def test_make_slides_builds_here():
    if shutil.which("make") is None:
        pytest.skip("no make on this machine")
    plan = subprocess.run(["make", "-n", "slides"], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert "docs/slides/build.py" in plan.stdout
    ignored = subprocess.run(["git", "check-ignore", "build/slides/index.html"], cwd=PROJECT, check=False)
    assert ignored.returncode in (0, 128)  # 128: not a git repository


# What a browser makes of them -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LOOKED_AT)
def test_every_slide_fits_with_text_for_the_last_row(open_page, slides, name):
    assert problems(opened(open_page, slides, name, width=1280, height=720)) == []


@pytest.mark.parametrize(("width", "height", "scheme"), [(1024, 768, "dark"), (390, 844, "light")])
def test_every_slide_fits_other_screens(open_page, slides, width, height, scheme):
    page = opened(open_page, slides, LOOKED_AT[1], width=width, height=height, color_scheme=scheme)
    assert problems(page, smallest=20 if width > height else 16) == []


def test_a_slide_that_is_too_full_is_noticed(open_page, slides):
    page = opened(open_page, slides, LOOKED_AT[0], width=1280, height=720)
    page.evaluate(
        "document.querySelector('.title .body').insertAdjacentHTML('beforeend', '<p>Much more. </p>'.repeat(40))"
    )
    page.evaluate("document.querySelector('.credit').style.fontSize = '12px'")
    found = problems(page)
    assert any("outside" in one or "cut off" in one for one in found)
    assert any("small" in one for one in found)


def test_on_paper_every_slide_is_one_page_and_light(open_page, slides):
    page = opened(open_page, slides, LOOKED_AT[0], query="?print-pdf", width=1280, height=720, color_scheme="dark")
    page.wait_for_selector(".pdf-page")
    pages, count = page.evaluate("[document.querySelectorAll('.pdf-page').length, Reveal.getTotalSlides()]")
    assert pages == count
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate(
        """[...document.querySelectorAll(".pdf-page .sheet")].every((sheet) => {
            const edge = sheet.closest(".pdf-page").getBoundingClientRect();
            const inside = (node) => node.getBoundingClientRect().bottom < edge.bottom;
            return [...sheet.querySelectorAll(".body > *:not(.fold)")].every(inside);
        })"""
    )
    assert page.pdf(width="1280px", height="720px", print_background=True).startswith(b"%PDF")


# Other notebooks --------------------------------------------------------------------------------------------------

DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


@pytest.fixture
def told(tmp_path):
    """A function: the deck of a notebook with a title and the cells that are given."""

    def tell(*cells, name="00_a"):
        folder = tmp_path / "course" / "notebooks"
        folder.mkdir(parents=True, exist_ok=True)
        (folder.parent / "README.md").write_text("# A course\n\nIt is small.\n\nMore.\n", encoding="utf-8")
        title = nbformat.v4.new_markdown_cell("# Title\n\n**The question.** Why?")
        nbformat.write(nbformat.v4.new_notebook(cells=[title, *cells]), folder / f"{name}.ipynb")
        done = builds.run_build("slides", tmp_path / "course", tmp_path / "slides")
        assert done.returncode == 0, done.stderr
        return soup_of(tmp_path / "slides", name)

    return tell


def text_cell(text, **metadata):
    return nbformat.v4.new_markdown_cell(text, metadata=metadata)


def code_cell(source, *outputs):
    return nbformat.v4.new_code_cell(source, outputs=list(outputs))


def printed(text):
    return nbformat.v4.new_output("stream", text=text)


def test_what_is_hostile_does_nothing(told, open_page, tmp_path):
    attack = "<script>alert(1)</script><img src=x onerror=alert(2)><b onclick='alert(3)'>bold</b>"
    deck = told(
        text_cell(
            f"## 1. A heading {attack}\n\nA **word** {attack} said.\n\n### Exercise 1: {attack}\n\nWhat? {attack}"
        ),
        code_cell("answer_1 = None  # <script>alert(4)</script>\nlesson.exercise_1.check(answer_1)"),
        text_cell("## 2. More"),
        code_cell("x = '<script>alert(5)</script>'\nprint(x)", printed("<script>alert(6)</script> 7\n")),
        code_cell("draw()", nbformat.v4.new_output("display_data", {"image/png": DOT})),
        text_cell('*Picture:* a "dot" <script>alert(8)</script> & more.'),
    )
    assert {node.get_text().strip() for node in deck.find_all("script")} <= {"", "startDeck();"}
    assert not [node for node in deck.find_all(True) if any(name.startswith("on") for name in node.attrs)]
    assert "<script>alert(6)</script> 7" in deck.select_one(".printed").get_text()
    page = opened(open_page, tmp_path / "slides", "00_a")
    page.evaluate(
        "for (const one of Reveal.getSlides()) Reveal.slide(Reveal.getIndices(one).h, Reveal.getIndices(one).v, 99)"
    )
    page.wait_for_timeout(50)  # a dialog or a request would be a complaint


def test_an_author_may_leave_a_cell_out_or_to_the_notes(told):
    deck = told(
        text_cell("## 1. Shown\n\nA **thing** that is shown."),
        text_cell("A **thing** to be left out.", slideshow={"slide_type": "skip"}),
        text_cell("A **thing** for the notes.", slideshow={"slide_type": "notes"}),
    )
    assert "left out" not in deck.get_text()
    assert "for the notes" in " ".join(node.get_text() for node in deck.select(".notes"))
    assert "for the notes" not in " ".join(node.get_text() for node in deck.select(".sheet"))


def test_what_is_to_be_guessed_comes_later_and_without_what_gives_it_away(told):
    deck = told(
        text_cell("## 1. A sum\n\n**Predict**: what is 200 + 100?"),
        code_cell(
            "import numpy\nx = 200 + 100\nprint(x)\nassert x == 300\nprint(my_guess)",
            printed("300\nyour guess: None\n"),
        ),
    )
    (slide,) = deck.select("section.result")
    assert "what is 200 + 100" in slide.select_one(".ask").get_text()
    assert slide.select_one(".code").get_text().strip() == "x = 200 + 100\nprint(x)"
    assert "fragment" in slide.select_one(".printed")["class"]
    assert slide.select_one(".printed").get_text() == "300"
    assert "assert x == 300" in slide.select_one(".notes").get_text()


def test_what_would_leave_a_heading_alone_is_there_at_once(told):
    deck = told(
        text_cell("## 1. One\n\n**What we saw.** It is small."),
        text_cell("## 2. Two\n\nThis is it.\n\n**What we saw.** It is large."),
    )
    alone, below = deck.select(".claim")
    assert "fragment" not in alone["class"]
    assert "fragment" in below["class"]


def test_a_question_before_folded_code_stands_in_the_slide_and_its_answer_comes_later(told):
    deck = told(
        text_cell("## 1. A sum\n\nThis is one."),
        code_cell("x = 1\nprint(x)", printed("1 of 2\n")),
        text_cell("How many are there?"),
        code_cell("x = 0\n" + "x += 1\n" * 9 + "print(x)", printed("9\n")),
    )
    slide = deck.select("section.result")[1]
    assert "How many are there?" in slide.select_one(".body .ask").get_text()
    assert slide.select_one(".fold")
    assert "fragment" in slide.select_one(".printed")["class"]


def test_a_label_above_a_list_is_no_conclusion(told):
    deck = told(
        text_cell("## 1. A sum\n\nThis is one."),
        code_cell("x = 1\nprint(x)", printed("1 of 2\n")),
        text_cell("**What we saw.**\n\n- One of two."),
    )
    assert deck.select(".claim") == []
    assert "One of two." in deck.select_one(".points").get_text()


def test_a_deck_leads_back_to_the_site_where_there_is_one(told, tmp_path):
    deck = told(text_cell("## 1. One\n\nThis is it."))
    (back,) = {link["href"] for link in deck.select(".foot a")} - {"index.html"}
    assert back == "notebooks/00_a.ipynb"
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "00_a.html").touch()
    deck = told(text_cell("## 1. One\n\nThis is it."))
    (back,) = {link["href"] for link in deck.select(".foot a")} - {"index.html"}
    assert back == "../site/00_a.html"


def test_a_folder_of_somebody_else_is_not_overwritten(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").touch()
    done = builds.run_build("slides", PROJECT, tmp_path / "photos")
    assert done.returncode == 1
    assert "holds files that this program has not written" in done.stderr
    assert (tmp_path / "photos" / "cat.jpg").exists()


def test_a_notebook_without_a_title_is_named(tmp_path):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "README.md").write_text("# A course\n", encoding="utf-8")
    nbformat.write(nbformat.v4.new_notebook(cells=[text_cell("No title.")]), tmp_path / "notebooks" / "00_a.ipynb")
    done = builds.run_build("slides", tmp_path, tmp_path / "slides")
    assert done.returncode == 1
    assert "notebooks/00_a.ipynb: the first cell has no title" in done.stderr
    assert "Traceback" not in done.stderr
