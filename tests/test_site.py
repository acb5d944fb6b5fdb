"""The web site of the course: built once, then looked at in a browser that is cut off from the network."""

import importlib.util
import re
import shutil
import subprocess
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import builds
import nbformat
import pytest
from browser import choose, readout, scrolls_sideways, value_of
from bs4 import BeautifulSoup
from conftest import PROJECT

NAMES = [path.stem for path in sorted((PROJECT / "notebooks").glob("*.ipynb"))]

run_build = partial(builds.run_build, "site")


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The folder of the site."""
    return builds.built("site", tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="session")
def pages(site):
    """Each page of the site, read: path -> soup."""
    return {
        path.relative_to(site).as_posix(): BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for path in sorted(site.rglob("*.html"))
    }


@pytest.fixture(scope="module")
def address(site):
    """The site on a web server of this machine."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=site)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


# What is in the pages ---------------------------------------------------------------------------------------------


def test_every_notebook_has_a_page_with_and_without_solutions_and_its_file(site, pages):
    for path in [*(PROJECT / "notebooks").glob("*.ipynb"), *(PROJECT / "notebooks/solutions").glob("*.ipynb")]:
        source = path.relative_to(PROJECT).as_posix()
        assert source.removeprefix("notebooks/").replace(".ipynb", ".html") in pages
        assert (site / source).read_bytes() == path.read_bytes()
    assert {"index.html", "glossary.html"} <= set(pages)
    listed = [link["href"] for link in pages["index.html"].select(".card h3 a")]
    assert listed == [f"{name}.html" for name in NAMES]


def test_the_first_page_tells_what_the_readme_tells(pages):
    cards = pages["index.html"].select(".card")
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    for name, card in zip(NAMES, cards, strict=True):
        row = re.search(rf"^\| \d\d \| \[.*\]\(notebooks/{name}\.ipynb\) \| .* \| (\d+) \|$", readme, re.M)
        if row:
            assert f"{row[1]} minutes" in card.get_text(), name


def test_links_lead_somewhere(site, pages):
    for page, soup in pages.items():
        for node in soup.find_all(["a", "link", "img", "script"]):
            target = node.get("href") or node.get("src") or ""
            if not target or target.startswith(("http://", "https://", "mailto:", "data:")):
                assert node.name == "a" or not target.startswith("http"), f"{page} asks for {target}"
                continue
            path, _, anchor = unquote(target).partition("#")
            file = (site / page).parent / path if path else site / page
            assert file.is_file(), f"{page}: {target}"
            if anchor:
                there = pages[file.resolve().relative_to(site.resolve()).as_posix()]
                assert there.find(id=anchor), f"{page}: {target}"


def test_pictures_say_what_they_show_and_load_when_needed(site, pages):
    for page, soup in pages.items():
        pictures = soup.select(".picture img")
        for picture in pictures:
            assert len(picture["alt"]) > 20, f"{page}: {picture}"
            assert picture["loading"] == "lazy"
            assert int(picture["width"]) > 0
        assert all(picture.has_attr("alt") for picture in soup.find_all("img"))
    assert pages["01_images_and_convolution.html"].select(".picture figcaption, figure figcaption")


def test_each_page_has_a_language_one_h1_landmarks_and_a_title_of_its_own(pages):
    for page, soup in pages.items():
        assert soup.html["lang"] == "en"
        assert len(soup.find_all("h1")) == 1, page
        assert [len(soup.find_all(name, recursive=True)) for name in ("main", "footer")] == [1, 1]
        assert soup.body.find("a")["href"] == "#content"
        assert soup.find(id="content").name == "main"
    titles = [soup.title.get_text() for soup in pages.values()]
    assert len(set(titles)) == len(titles)


def test_pages_with_solutions_show_no_marks_for_the_generator(pages):
    for page, soup in pages.items():
        if page.startswith("solutions/"):
            assert "# stub:" not in soup.get_text(), page
            assert "\n# solution\n" not in soup.get_text()


def test_an_exercise_leads_to_its_solution_instead_of_saying_that_nobody_has_tried(pages):
    for name in NAMES:
        soup, solved = pages[f"{name}.html"], pages[f"solutions/{name}.html"]
        assert "not tried yet" not in soup.get_text(), name
        for exercise in soup.select(".exercise"):
            (link,) = exercise.select(".to-solution a")
            path, anchor = link["href"].split("#")
            assert path == f"solutions/{name}.html"
            assert solved.find(id=unquote(anchor)).name == "h3"
    assert not any(soup.select(".to-solution") for page, soup in pages.items() if page.startswith("solutions/"))


def test_pages_are_light_enough_for_a_telephone(site):
    for path in site.rglob("*.html"):
        assert path.stat().st_size < 1_200_000, path.name
    assert all(path.stat().st_size < 300_000 for path in (site / "pictures").iterdir())
    assert (site / "assets/site.css").stat().st_size < 40_000


# What a browser makes of them -------------------------------------------------------------------------------------

QUICK_AXE = """async (dark) => {
    // Contrast takes axe long: of all elements that look alike it is measured on three.
    const kinds = new Map();
    for (const node of document.querySelectorAll("body *")) {
        if (![...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim())) continue;
        if (!node.checkVisibility()) continue;
        const parent = node.closest(".exercise, .quiz, .outputs, .prose, header, nav, footer, .card, .hero");
        const inside = node.closest(".practicum") ? "practicum" : parent?.className;
        const style = getComputedStyle(node);
        const kind = [node.localName, inside, style.color, style.backgroundColor, style.fontSize].join();
        kinds.set(kind, [...(kinds.get(kind) ?? []), node].slice(0, 3));
    }
    const options = { resultTypes: ["violations", "incomplete"], preload: false };
    const added = axe.getRules(["wcag22aa"]).map((rule) => [rule.ruleId, { enabled: true }]);
    const all = await axe.run(document, {
        ...options, rules: { ...Object.fromEntries(added), "color-contrast": { enabled: false } },
    });
    const looked = { include: [...kinds.values()].flat() };
    const contrast = await axe.run(looked, { ...options, runOnly: ["color-contrast"] });
    const why = (node) => node.any[0]?.message ?? "";
    const say = (rule) => rule.nodes.map((node) => `${rule.id}: ${rule.help}: ${node.html.slice(0, 200)} ${why(node)}`);
    // Not measurable: on the shadows of a list that scrolls (see the tests of the explorer), scrolled away, a sign.
    const measurable = (text) => !/background gradient|partially obscured|only non-text characters/.test(text);
    return [
        ...[...all.violations, ...contrast.violations].flatMap(say),
        ...contrast.incomplete.flatMap(say).filter(measurable),
    ];
}"""


def accessibility_problems(page):
    source = Path(importlib.util.find_spec("axe_playwright_python").origin).with_name("axe.min.js")
    page.evaluate(source.read_text(encoding="utf-8"))
    return [
        problem
        for problem in page.evaluate(QUICK_AXE)
        if 'class="cell padding' not in problem  # stripes, which axe cannot measure; see tests/browser.py
    ]


def all_pages():
    solved = [f"solutions/{path.stem}" for path in sorted((PROJECT / "notebooks/solutions").glob("*.ipynb"))]
    return ["index", "glossary", *NAMES, *solved]


@pytest.mark.parametrize("name", all_pages())
def test_page_loads_without_complaint_fits_a_telephone_and_is_accessible(open_page, address, name):
    """One opening for all: light and narrow for the learner's copies, dark for those with solutions."""
    scheme = "dark" if name.startswith("solutions/") or name == "glossary" else "light"
    page = open_page(f"{address}{name}.html", allow=(address,), width=360, height=740, color_scheme=scheme)
    assert not scrolls_sideways(page)
    assert accessibility_problems(page) == []


def test_works_from_a_file_and_a_click_in_the_explorer_is_explained(open_page, site):
    page = open_page(site / "01_images_and_convolution.html", allow=(site.as_uri(),))
    first = page.locator(".explorer .practicum").first
    first.scroll_into_view_if_needed()
    first.locator('button[data-row="2"][data-column="1"]').last.click()
    assert float(first.locator("[data-role=readout]").get_attribute("data-value")) == 15
    assert "15" in first.locator("[data-role=readout]").inner_text()


def test_the_first_page_answers_a_click(open_page, address):
    page = open_page(f"{address}index.html", allow=(address,))
    choose(page, 1, 1)
    assert value_of(page) == 22
    assert readout(page).is_visible()


def test_an_answer_of_the_quiz_folds_out(open_page, address):
    page = open_page(f"{address}01_images_and_convolution.html", allow=(address,), scripts=False)
    answer = page.locator(".quiz details").first
    assert not answer.locator("p").is_visible()
    answer.locator("summary").press("Enter")
    assert answer.locator("p").is_visible()


def test_skip_link_comes_first_and_wide_code_can_be_scrolled_with_the_keyboard(open_page, address):
    page = open_page(f"{address}01_images_and_convolution.html", allow=(address,), width=360)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    wide = page.locator(".highlight pre[tabindex]").first
    wide.focus()
    wide.press("ArrowRight")
    page.wait_for_function("(node) => node.scrollLeft > 0", arg=wide.element_handle())
    assert "scrolls sideways" in wide.get_attribute("aria-label")


def test_code_fits_a_wide_screen_and_a_page_without_contents_fills_it(open_page, address):
    page = open_page(f"{address}09_how_many_filters.html", allow=(address,), width=1280)
    code = ".highlight pre, .printed"
    assert page.evaluate("(what) => [...document.querySelectorAll(what)].every((one) => one.tabIndex < 0)", code)
    page = open_page(f"{address}capacity.html", allow=(address,), width=1280)
    assert page.locator("main").bounding_box()["width"] > 700


def test_on_a_telephone_sentences_that_are_printed_wrap_and_columns_stay(open_page, course, tmp_path):
    texts = ["a long sentence " * 12, f"name{' ' * 60}share\n"]
    cells = [code_cell(nbformat.v4.new_output("stream", text=text)) for text in texts]
    assert run_build(course(*cells), tmp_path / "site").returncode == 0
    page = open_page(tmp_path / "site/00_a.html", allow=((tmp_path / "site").as_uri(),), width=360)
    assert page.evaluate(
        "[...document.querySelectorAll('.printed')].map((node) => node.scrollWidth > node.clientWidth + 1)"
    ) == [False, True]


# Wrong input ------------------------------------------------------------------------------------------------------


@pytest.fixture
def course(tmp_path):
    """A course of one notebook, and a function that writes it with the cells that are given."""
    (tmp_path / "course" / "notebooks").mkdir(parents=True)
    (tmp_path / "course" / "README.md").write_text("# A course\n\nIt is small.\n\nMore.\n", encoding="utf-8")

    def write(*cells):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Title"), *cells])
        nbformat.write(notebook, tmp_path / "course" / "notebooks" / "00_a.ipynb")
        return tmp_path / "course"

    return write


def code_cell(*outputs, source="1"):
    return nbformat.v4.new_code_cell(source, outputs=list(outputs))


DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (
            [nbformat.v4.new_markdown_cell("See [the next](01_b.ipynb).")],
            r"notebooks/00_a\.ipynb, cell 2 \(“See .*”\): the link \[the next\]\(01_b\.ipynb\) leads nowhere",
        ),
        (
            [nbformat.v4.new_markdown_cell("See [above](#no-such-heading).")],
            r"cell 2 .*\(#no-such-heading\) leads nowhere: 00_a\.html has no heading “no-such-heading”",
        ),
        (
            [nbformat.v4.new_markdown_cell("See [it](../../secret.txt).")],
            r"leads nowhere: the course has no \.\./secret\.txt",
        ),
        (
            [code_cell(nbformat.v4.new_output("display_data", {"image/png": DOT}))],
            r"cell 2 \(“1”\): nobody has said what this picture shows\. Put a cell of text below",
        ),
        (
            [code_cell(nbformat.v4.new_output("error", ename="ValueError", evalue="no", traceback=[]))],
            r"cell 2 \(“1”\): the cell failed: ValueError: no",
        ),
    ],
    ids=["link", "anchor", "outside", "picture", "error"],
)
def test_what_is_wrong_is_said_and_nothing_is_written(course, tmp_path, cells, message):
    out = tmp_path / "site"
    done = run_build(course(*cells), out)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert re.search(message, done.stderr), done.stderr
    assert not out.exists()


def test_a_broken_link_leaves_the_site_of_before(course, tmp_path):
    out = tmp_path / "site"
    assert run_build(course(nbformat.v4.new_markdown_cell("Fine.")), out).returncode == 0
    before = (out / "00_a.html").read_bytes()
    assert run_build(course(nbformat.v4.new_markdown_cell("[No](nowhere.md)")), out).returncode == 1
    assert (out / "00_a.html").read_bytes() == before


def test_a_folder_of_somebody_else_is_not_overwritten(course, tmp_path):
    out = tmp_path / "photos"
    out.mkdir()
    (out / "cat.jpg").touch()
    done = run_build(course(), out)
    assert "holds files that this program has not written" in done.stderr
    assert (out / "cat.jpg").exists()


def test_text_from_a_notebook_is_escaped_and_a_description_becomes_alternative_text(course, tmp_path):
    hostile = '*Picture:* a "dot" <b>&</b> **more**.\n\nAnd text that goes on.'
    cells = [
        code_cell(
            nbformat.v4.new_output("stream", text="<script>alert(1)</script>"),
            nbformat.v4.new_output("display_data", {"image/png": DOT}),
            source="a < b & c  # <i>",
        ),
        nbformat.v4.new_markdown_cell(hostile),
    ]
    assert run_build(course(*cells), tmp_path / "site").returncode == 0
    soup = BeautifulSoup((tmp_path / "site/00_a.html").read_text(encoding="utf-8"), "html.parser")
    assert soup.select_one(".picture img")["alt"] == 'A "dot" & more.'
    assert soup.select_one("figcaption").get_text().strip() == 'A "dot" & more.'
    assert "And text that goes on." in soup.select(".prose")[-1].get_text()
    assert soup.select_one(".printed").get_text() == "<script>alert(1)</script>"
    assert soup.select_one(".highlight").get_text().strip() == "a < b & c  # <i>"


def test_an_exercise_is_one_section_up_to_its_cell(course, tmp_path):
    cells = [
        nbformat.v4.new_markdown_cell("**What we saw.** Much.\n\n### Exercise 1: try\n\nDo it."),
        code_cell(source="answer_1 = None"),
        nbformat.v4.new_markdown_cell("After it."),
    ]
    assert run_build(course(*cells), tmp_path / "site").returncode == 0
    soup = BeautifulSoup((tmp_path / "site/00_a.html").read_text(encoding="utf-8"), "html.parser")
    text = soup.select_one(".exercise").get_text()
    assert "Do it." in text
    assert "answer_1 = None" in text
    assert "Much" not in text
    assert "After" not in text


def test_a_formula_is_drawn_and_prices_and_code_stay(course, tmp_path):
    text = r"Of $2^{16}$ ways, $\sqrt{\frac{p\,(1-p)}{n}}$; $\unknown{x}$; $\frac{$; `$a$`; it costs $5, not $6."
    assert run_build(course(nbformat.v4.new_markdown_cell(text)), tmp_path / "site").returncode == 0
    soup = BeautifulSoup((tmp_path / "site/00_a.html").read_text(encoding="utf-8"), "html.parser")
    power, root = soup.find_all("math")
    assert [child.get_text() for child in power.msup.children] == ["2", "16"]
    assert [child.get_text() for child in root.mfrac.children] == ["p(1−p)", "n"]
    left = soup.select(".prose")[-1].get_text()
    assert all(part in left for part in (r"$\unknown{x}$", r"$\frac{$", "$a$", "it costs $5, not $6."))


def test_an_exercise_of_two_cells_goes_on_to_the_one_that_checks(course, tmp_path):
    cells = [
        nbformat.v4.new_markdown_cell("### Exercise 1: try\n\nDo it."),
        code_cell(source="rival = 1"),
        code_cell(source="answer_1 = None\nlesson.exercise_1.check(answer_1)"),
        code_cell(source="later = 1"),
    ]
    assert run_build(course(*cells), tmp_path / "site").returncode == 0
    soup = BeautifulSoup((tmp_path / "site/00_a.html").read_text(encoding="utf-8"), "html.parser")
    text = soup.select_one(".exercise").get_text()
    assert "lesson.exercise_1.check" in text
    assert "later" not in text


def test_make_site_builds_here():
    if shutil.which("make") is None:
        pytest.skip("no make on this machine")
    plan = subprocess.run(["make", "-n", "site"], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert "docs/site/build.py" in plan.stdout
    ignored = subprocess.run(["git", "check-ignore", "build/site/index.html"], cwd=PROJECT, check=False)
    assert ignored.returncode in (0, 128)  # 128: not a git repository
