"""Markdown to HTML: headings that can be linked to, and links that lead somewhere on the site.

prose = Prose(project, pages={"docs/glossary.md": "glossary.html", ...}, repository=None)
html = prose.html(text, Place("notebooks/03_data.ipynb", "cell 4", "03_data.html"))
prose.problems()      # after the last text: every link that leads nowhere, in words
"""

import html
import os.path
import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from bs4 import BeautifulSoup, Tag
from latex2mathml.converter import convert
from latex2mathml.exceptions import NoAvailableTokensError
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

ELSEWHERE = ("http://", "https://", "mailto:")
FORMULA = re.compile(r"\$\$(?P<block>[^$]+)\$\$|\$(?P<line>[^$\s](?:[^$\n]*[^$\s])?)\$")
TOGETHER = re.compile(r"(?<=\d) (?=[%×])")  # no line ends between a number and such a sign
SHORT = 24  # characters of code in a sentence that stand on one line
HEADINGS = ["h1", "h2", "h3", "h4", "h5", "h6"]


@dataclass(frozen=True)
class Place:
    """Where a text stands: its file in the project, the part of the file, and the page it appears on."""

    source: str
    part: str
    page: str

    def __str__(self) -> str:
        return f"{self.source}, {self.part}" if self.part else self.source


class Prose:
    """Renders texts, and remembers what was linked to until all pages are there.

    Args:
        project: the folder of the course; links are read as paths in it.
        pages: file in the project -> page of the site.
        repository: address under which files of the project can be read, such as
            "https://github.com/someone/course/blob/main"; None: files that are no page are named, not linked.
    """

    def __init__(self, project: Path, pages: dict[str, str], repository: str | None = None) -> None:
        self.project, self.pages, self.repository = project, pages, repository
        self.sections: dict[str, list[tuple[str, str]]] = defaultdict(list)  # page -> (anchor, HTML of the heading)
        self._anchors: dict[str, set[str]] = defaultdict(set)
        self._wanted: list[tuple[Place, str, str, str]] = []  # (place, target as written, page, anchor)
        self._problems: list[str] = []

    def html(self, text: str, place: Place) -> str:
        """The text as HTML."""
        markdown = MarkdownWithMath(renderer=IPythonRenderer(escape=False, exclude_anchor_links=True))
        soup = BeautifulSoup(markdown.render(text), "html.parser")
        _draw_formulas(soup)
        for node in soup.find_all(True, attrs={"id": True}):
            if node.name not in HEADINGS:
                self._anchors[place.page].add(node["id"])
        if soup.h1 and soup.h3 and not soup.h2:  # a list of terms: no level is left out on a page
            for heading in soup.find_all("h3"):
                heading.name = "h2"
        for heading in soup.find_all(HEADINGS):
            heading["id"] = self._anchor(heading.get_text(), place.page)
            if heading.name == "h2":
                self.sections[place.page].append((heading["id"], heading.decode_contents()))
        for link in soup.find_all("a", href=True):
            self._lead(link, place)
        for picture in soup.find_all("img"):
            self._problems.append(f"{place}: an image in Markdown, {picture.get('src')!r}; draw it in a cell of code.")
        for cell in soup.find_all("th"):
            if not cell.get_text(strip=True):
                cell.name = "td"
        for table in soup.find_all("table"):
            table.wrap(soup.new_tag("div", attrs={"class": "scroll", "data-what": "table"}))
        for text in soup.find_all(string=TOGETHER):
            if not text.find_parent(["code", "pre"]):
                text.replace_with(TOGETHER.sub("\N{NO-BREAK SPACE}", text))
        for code in soup.find_all("code"):
            if code.parent.name != "pre" and len(code.get_text()) <= SHORT:
                code["class"] = "short"
        for item in soup.find_all("input"):  # a box of a task list
            item["aria-label"] = "done" if item.has_attr("checked") else "to do"
        return str(soup)

    def problems(self) -> list[str]:
        """Every link that leads nowhere; to be asked when all texts have been rendered."""
        missing = [
            f"{place}: the link ({target}) leads nowhere: {page} has no heading “{anchor}”."
            for place, target, page, anchor in self._wanted
            if anchor not in self._anchors[page]
        ]
        return self._problems + missing

    def _anchor(self, text: str, page: str) -> str:
        """As GitHub names headings, so that a link works there and here."""
        plain = re.sub(r"[^\w\- ]", "", unicodedata.normalize("NFC", text).strip().lower()).replace(" ", "-")
        plain = plain or "section"
        taken = self._anchors[page]
        free = next(name for name in _with_numbers(plain) if name not in taken)
        taken.add(free)
        return free

    def _lead(self, link: Tag, place: Place) -> None:
        """Turn a link to a file of the project into one to a page of the site."""
        target = link["href"]
        if target.startswith(ELSEWHERE):
            return
        path, _, anchor = unquote(target).partition("#")
        source = os.path.normpath(Path(place.source).parent / path) if path else place.source
        page = self.pages.get(source)
        if page is None and source.startswith("notebooks/solutions/"):  # a notebook whose solved copy is still to come
            page = self.pages.get(source.replace("solutions/", "", 1))
        if page is not None:
            link["href"] = relative(page, place.page) if path else ""
            if anchor:
                link["href"] += f"#{anchor}"
                self._wanted.append((place, target, page, anchor))
        elif source.startswith("..") or not (self.project / source).exists():
            self._problems.append(
                f"{place}: the link [{link.get_text()}]({target}) leads nowhere: the course has no {source}."
            )
        elif self.repository:
            link["href"] = f"{self.repository}/{source}" + (f"#{anchor}" if anchor else "")
        else:
            link.name, link.attrs = "span", {"class": "file"}
            if link.get_text() != source:
                link.append(f" ({source} in the course’s folder)")


def relative(page: str, seen_from: str) -> str:
    """The address of a page as seen from another one of the site.

    >>> relative("03_data.html", "solutions/03_data.html")
    '../03_data.html'
    """
    return os.path.relpath(page, Path(seen_from).parent).replace(os.sep, "/")


def plain(text: str) -> str:
    """A text in Markdown without its marks, for an attribute or a card.

    >>> plain("three **tiles** of `maps`")
    'three tiles of maps'
    """
    markdown = MarkdownWithMath(renderer=IPythonRenderer(escape=False, exclude_anchor_links=True))
    return " ".join(BeautifulSoup(markdown.render(text), "html.parser").get_text().split())


def _draw_formulas(soup: BeautifulSoup) -> None:
    """What stands between dollar signs as a formula; what is none, such as prices, stays."""
    for text in soup.find_all(string=FORMULA):
        if text.find_parent(["code", "pre", "script", "style"]):
            continue
        escaped = html.escape(str(text), quote=False)
        text.replace_with(BeautifulSoup(FORMULA.sub(_as_formula, escaped), "html.parser"))


def _as_formula(found: re.Match[str]) -> str:
    """As MathML, which browsers draw without a script; what is unfinished or unknown stays as it was written."""
    source = html.unescape(found["block"] or found["line"])
    try:
        drawn = convert(source, display="block" if found["block"] else "inline")
    except NoAvailableTokensError:
        return found[0]
    return found[0] if "\\" in drawn else drawn


def _with_numbers(name: str):
    yield name
    number = 0
    while True:
        number += 1
        yield f"{name}-{number}"
