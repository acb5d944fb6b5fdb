"""Slides for the room: every notebook a deck of reveal.js, with speaker's notes; no server, no internet.

    python docs/slides/build.py                  # build/slides, from this course
    python docs/slides/build.py --out /tmp/slides --project ~/my-course

The decks are told from the learner's copies, so no solution is on them. Where the web site has been built beside them
(build/site), a deck leads back to its page there; otherwise to a copy of its notebook.
"""

# Whether a module called build counts as ours depends on whether there is a folder build, so:
# ruff: isort: skip_file

import json
import re
import sys
from pathlib import Path
from typing import Any

import nbformat

HERE = Path(__file__).resolve().parent
SITE = HERE.parent / "site"
sys.path[:0] = [str(SITE), str(HERE), str(HERE.parent.parent)]

import build as site  # noqa: E402
import guide  # noqa: E402
from chapters import Chapter, Files  # noqa: E402
from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: E402
from nbconvert.exporters import SlidesExporter  # noqa: E402
from parts import Parts  # noqa: E402
from prose import Prose, relative  # noqa: E402
from tell import Teller  # noqa: E402

REVEAL = ("reveal.js", "reveal.css", "notes.js", "LICENSE", "LICENSE-marked")
OWN = ("slides.css", "slides.js", "frame.css", "frame.js")
NESTING = "nbconvert.exporters.slides._RevealMetadataPreprocessor"  # as its own template for reveal.js names it
THEMES = re.compile(
    r":root \{(?P<light>[^}]*)\}\n@media \(prefers-color-scheme: dark\) \{\n  :root \{(?P<dark>[^}]*)\}"
)
CODE_COLOURS = re.compile(r"^\.\w+(?:, \.\w+)* \{ color: var\(--(?:keyword|string|number|comment|name)\).*$", re.M)


def build(project: Path, out: Path) -> dict[str, int]:
    """Write the decks; give their files with their sizes in bytes.

    Raises:
        SiteError: with one line for each thing to mend. What was in out before stays.
    """
    site.check_overwritable(out)
    files = Files(before=out)
    templates = environment()
    chapters = [chapter for chapter in site.read_chapters(project) if not chapter.is_solved]
    decks = {chapter.source: chapter.page for chapter in chapters}
    elsewhere = {path.relative_to(project).as_posix(): path.name for path in project.glob("*/*.md")}
    prose = Prose(project, decks | elsewhere)  # links to documents become their words
    hints = guide.read(project)
    table = site.facts(project)
    rows: list[dict[str, Any]] = []
    for chapter, after in zip(chapters, [*chapters[1:], None], strict=True):
        parts = Parts(chapter, prose, files, templates, set(decks.values()))
        try:
            told = Teller(parts, hints.get(chapter.number, guide.Hints())).notebook()
        except ValueError as problem:
            raise site.SiteError(str(problem)) from None
        deck = {
            "number": chapter.number,
            "title": chapter.title,
            "page": chapter.page,
            "back": way_back(chapter, out, files, project),
            "after": after,
            "minutes": table.get(chapter.number, {}).get("minutes"),
            "slides": len(told.cells),
        }
        rows.append(deck)
        files.contents[chapter.page] = rendered(told, deck).encode()
    page = templates.get_template("index.html.jinja").render(decks=rows)
    files.contents["index.html"] = page.encode()
    files.contents["assets/palette.css"] = palette((SITE / "site.css").read_text(encoding="utf-8")).encode()
    for name in OWN:
        files.contents[f"assets/{name}"] = (HERE / name).read_bytes()
    for name in REVEAL:
        files.contents[f"reveal/{name}"] = (HERE / "reveal" / name).read_bytes()
    site.write(files.contents, out)
    return {path: len(content) for path, content in files.contents.items()}


def rendered(told: nbformat.NotebookNode, deck: dict[str, Any]) -> str:
    """A deck as HTML; nbconvert's exporter nests its slides."""
    exporter = SlidesExporter(
        template_name="base", template_file="deck.html.jinja", extra_loaders=[FileSystemLoader([HERE, SITE])]
    )
    exporter.register_preprocessor(NESTING, enabled=True)
    body, _ = exporter.from_notebook_node(told, resources={"deck": deck})
    return body


def way_back(chapter: Chapter, out: Path, files: Files, project: Path) -> dict[str, str]:
    """Where the notebook of a deck can be read: on the web site beside the slides, or as a file."""
    page = out.parent / "site" / chapter.page
    if page.is_file():
        return {"href": relative(f"../site/{chapter.page}", chapter.page), "name": f"Notebook {chapter.number}"}
    files.contents[chapter.source] = (project / chapter.source).read_bytes()
    return {"href": relative(chapter.source, chapter.page), "name": f"Notebook {chapter.number} (file)"}


def palette(css: str) -> str:
    """The colours of the web site, by the system's wish or by one's own choice (data-theme).

    Raises:
        SiteError: the site's styles no longer begin with their two palettes.
    """
    themes = THEMES.search(css)
    if themes is None:
        raise site.SiteError("docs/site/site.css: the palettes :root { … } for light and dark are no longer found.")
    dark = f"color-scheme: dark;{themes['dark']}"
    lines = [
        f":root {{{themes['light'].replace('color-scheme: light dark', 'color-scheme: light')}}}",
        f'@media screen and (prefers-color-scheme: dark) {{ :root:not([data-theme="light"]) {{{dark}}} }}',
        f'@media screen {{ :root[data-theme="dark"] {{{dark}}} }}',
        *CODE_COLOURS.findall(css),
    ]
    return "\n".join(lines) + "\n"


def environment() -> Environment:
    """The templates of the pages around the decks."""
    made = Environment(loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    made.globals["relative"] = relative
    made.globals["json"] = json.dumps
    return made


if __name__ == "__main__":
    site.run(__doc__.splitlines()[0], "slides", build, nested=False)
