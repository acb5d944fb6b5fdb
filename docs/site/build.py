"""The course as a web site: every notebook a page, with its explorers, quizzes and pictures; no server, no internet.

    python docs/site/build.py                  # build/site, from this course
    python docs/site/build.py --out /tmp/site --project ~/my-course

A link that leads nowhere, a picture that nobody has described and a cell that failed end it, and nothing is written.
"""

import argparse
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent)]

import jinja2  # noqa: E402
from chapters import Chapter, Files, render, share_assets  # noqa: E402
from prose import Place, Prose, plain, relative  # noqa: E402

from practicum import explorer, reference  # noqa: E402
from practicum.learner_copies import NO_REPOSITORY, repository_of  # noqa: E402

DOCUMENTS = ("docs/glossary.md", "docs/several-machines.md", "docs/capacity.md")  # pages besides the notebooks
MARK = ".built"  # in a folder that may be overwritten
ROW = re.compile(r"^\| (?P<number>\d\d) \| \[.*?\]\(notebooks/\S+\) \| (?P<sentence>.+?) \| (?P<minutes>\d+) \|$", re.M)
# Which picture stands for a notebook on the first page: the first whose description holds these words.
CARDS = {
    "00": "six strongest feature maps",
    "02": "rows of four small maps",
    "05": "table of ten by ten counts",
    "06": "plane with a point for each test image",
    "09": "multiply-adds for an image",
}
EXAMPLE = [[3, 5, 2, 8, 1], [9, 7, 5, 4, 3], [2, 0, 6, 1, 6], [6, 3, 7, 9, 2], [1, 4, 9, 5, 1]]
FILTER = [[1, 0, 0], [1, 1, 0], [0, 0, 1]]


class SiteError(ValueError):
    """What must be mended before there can be a site."""


def build(project: Path, out: Path) -> dict[str, int]:
    """Write the site; give its files with their sizes in bytes.

    Raises:
        SiteError: with one line for each thing to mend. What was in out before stays.
    """
    check_overwritable(out)
    files = Files(before=out)
    chapters = read_chapters(project)
    documents = {name: f"{Path(name).stem}.html" for name in DOCUMENTS if (project / name).exists()}
    pages = {chapter.source: chapter.page for chapter in chapters} | documents | {"README.md": "index.html"}
    prose = Prose(project, pages, repository_address(chapters))
    problems = []
    for chapter in chapters:
        try:
            render(chapter, prose, files)
        except ValueError as problem:
            problems.append(str(problem))
    texts = {
        page: prose.html((project / name).read_text(encoding="utf-8"), Place(name, "", page))
        for name, page in documents.items()
    }
    problems += prose.problems()
    if problems:
        raise SiteError("\n".join(problems))

    templates = environment(documents)
    for name in ("site.css", "site.js"):
        files.contents[f"assets/{name}"] = (HERE / name).read_bytes()
    table = facts(project)
    learners = [chapter for chapter in chapters if not chapter.is_solved]
    for chapter in chapters:
        files.contents[chapter.source] = (project / chapter.source).read_bytes()
        html = templates.get_template("chapter.html.jinja").render(
            page=chapter.page,
            chapter=chapter,
            minutes=table.get(chapter.number, {}).get("minutes"),
            sections=prose.sections[chapter.page],
            size=readable(len(files.contents[chapter.source])),
            **neighbours(chapter, learners),
        )
        files.contents[chapter.page] = html.encode()
    for page, text in texts.items():
        html = templates.get_template("document.html.jinja").render(
            page=page, text=text, title=title_of(text), sections=prose.sections[page]
        )
        files.contents[page] = html.encode()
    files.contents["index.html"] = first_page(project, learners, table, templates, files).encode()
    write(files.contents, out)
    return {path: len(content) for path, content in files.contents.items()}


def read_chapters(project: Path) -> list[Chapter]:
    """The notebooks in their order, those with solutions last."""
    chapters: dict[str, Chapter] = {}
    for path in [*sorted(project.glob("notebooks/*.ipynb")), *sorted(project.glob("notebooks/solutions/*.ipynb"))]:
        source = path.relative_to(project).as_posix()
        page = source.removeprefix("notebooks/").replace(".ipynb", ".html")
        try:
            notebook = nbformat.read(path, as_version=4)
        except (ValueError, OSError) as error:
            raise SiteError(f"{source}: this is no notebook that can be read: {error}") from None
        chapter = Chapter(source, page, notebook, is_solved="/solutions/" in source)
        chapters[page] = chapter
        learners = chapters.get(Path(page).name)
        if chapter.is_solved and learners:
            chapter.counterpart, learners.counterpart = learners, chapter
    if not chapters:
        raise SiteError(f"There are no notebooks in {project / 'notebooks'}.")
    return list(chapters.values())


def repository_address(chapters: list[Chapter]) -> str | None:
    """Where the course's files can be read; what Colab clones, if it is a real address."""
    addresses = {repository_of(chapter.notebook) for chapter in chapters} - {NO_REPOSITORY}
    return f"{min(addresses).removesuffix('.git')}/blob/main" if addresses else None


def facts(project: Path) -> dict[str, dict[str, Any]]:
    """Of the README's table: number of a notebook -> what one finds out in it, and in how many minutes."""
    rows = ROW.finditer((project / "README.md").read_text(encoding="utf-8"))
    return {row["number"]: {"sentence": row["sentence"], "minutes": int(row["minutes"])} for row in rows}


def neighbours(chapter: Chapter, learners: list[Chapter]) -> dict[str, Any]:
    """The chapters before and after, with solutions if this one has them."""
    own = chapter.counterpart if chapter.is_solved else chapter
    if own is None:
        return {"before": None, "after": None}
    row: list[Chapter | None] = [(one.counterpart or one) if chapter.is_solved else one for one in learners]
    place = learners.index(own)
    return {"before": [None, *row][place], "after": [*row, None][place + 1]}


def first_page(
    project: Path,
    learners: list[Chapter],
    table: dict[str, dict[str, Any]],
    templates: jinja2.Environment,
    files: Files,
) -> str:
    """The course at a glance."""
    lead = re.search(r"\A# [^\n]+\n\n(.+?)\n\n", (project / "README.md").read_text(encoding="utf-8"), re.S)
    cards = []
    for chapter in learners:
        wanted = CARDS.get(chapter.number, "").lower()
        figures = [figure for figure in chapter.figures if wanted in figure[1].lower()] or chapter.figures
        picture = files.card(figures[0][0]) if figures else None
        known = table.get(chapter.number, {})
        sentence = known.get("sentence") or chapter.question
        cards.append((chapter, sentence[:1].upper() + sentence[1:], known.get("minutes"), picture))
    holder = Chapter("", "index.html", nbformat.v4.new_notebook())
    return templates.get_template("index.html.jinja").render(
        page="index.html",
        lead=plain(lead[1]) if lead else "",
        example_of_convolution=(EXAMPLE, FILTER, reference.conv2d(EXAMPLE, FILTER).tolist()),
        cards=cards,
        hours=sum(card[2] or 0 for card in cards) / 60,
        explorer=share_assets(explorer.convolution(EXAMPLE, FILTER)._repr_html_(), holder, files),
        styles=holder.styles,
        example=next((chapter.page for chapter in learners if chapter.number == "01"), None),
    )


def environment(documents: dict[str, str]) -> jinja2.Environment:
    """The templates of the pages."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"relative": relative, "has_glossary": "docs/glossary.md" in documents}
    return made


def title_of(html: str) -> str:
    found = re.search(r"<h1[^>]*>(.+?)</h1>", html, re.S)
    return re.sub(r"<[^>]+>", "", found[1]) if found else "The CNN practicum"


def readable(count: int) -> str:
    """A number of bytes for people."""
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{max(count / 1e3, 1):.0f} kB"


def check_overwritable(out: Path) -> None:
    if out.exists() and not (out / MARK).exists() and any(out.iterdir()):
        raise SiteError(f"{out} holds files that this program has not written. Choose another folder, or empty it.")


def write(contents: dict[str, bytes], out: Path) -> None:
    """The files into a new folder, which then takes the place of out."""
    fresh = out.with_name(f"{out.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    for path, content in contents.items():
        (fresh / path).parent.mkdir(parents=True, exist_ok=True)
        (fresh / path).write_bytes(content)
    (fresh / MARK).touch()
    if out.exists():
        shutil.rmtree(out)
    fresh.rename(out)


def run(description: str, kind: str, build: Callable[[Path, Path], dict[str, int]], nested: bool = True) -> None:
    """What the command line asks for: build the site or the slides, and say what was written.

    Args:
        kind: "site" or "slides": the folder in build/, and what is named when it fails.
        build: takes the course's folder and the one to write; gives the bytes of each file.
        nested: whether pages in folders below are named, too.

    Raises:
        SystemExit: it could not be built.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--project", type=Path, default=HERE.parent.parent, help="the course's folder")
    parser.add_argument("--out", type=Path, help=f"the folder to write (default: build/{kind} in the course's folder)")
    wanted = parser.parse_args()
    out = wanted.out or wanted.project / "build" / kind
    try:
        sizes = build(wanted.project.resolve(), out.resolve())
    except SiteError as problems:
        sys.exit(f"The {kind} {'were' if kind.endswith('s') else 'was'} not built:\n{problems}")
    for path in sorted(path for path in sizes if path.endswith(".html") and (nested or "/" not in path)):
        sys.stdout.write(f"{sizes[path] / 1e3:8,.0f} kB  {path}\n")
    sys.stdout.write(f"{sum(sizes.values()) / 1e6:8.1f} MB  in {len(sizes)} files: open {out / 'index.html'}\n")


if __name__ == "__main__":
    run(__doc__.splitlines()[0], "site", build)
