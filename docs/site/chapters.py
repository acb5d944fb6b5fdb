"""One notebook as a page: which cells belong together, what each picture shows, and what can be left to files.

The notebook itself is turned into HTML by nbconvert with the template notebook.html.jinja beside this file; here its
cells are made ready: a description becomes the caption and the alternative text of the figure above it, an exercise
and its cell become one section, pictures and the explorers' scripts become files.
"""

import base64
import hashlib
import io
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from jinja2 import FileSystemLoader
from nbconvert.exporters import TemplateExporter
from nbconvert.filters import Highlight2HTML
from PIL import Image, ImageOps
from prose import Place, Prose, plain, relative

from practicum.learner_copies import SOLUTION, STUB

HERE = Path(__file__).resolve().parent
DESCRIPTION = re.compile(r"\*Picture:?\*?:?\s*(?P<text>.+?)\*?\s*(?:\n\s*\n|\Z)", re.S)
EXERCISE = re.compile(r"^(?=### Exercise|\*\*Exercise )", re.M)
ANCHOR = re.compile(r'<h\d id="(.+?)"')
UNASKED = (
    "not tried yet.</strong>",
    " exercises solved, ",
)  # what is said to a learner alone; nobody answers on a page
LONG = 25  # lines of what is printed, or rows of a table, that are shown at once; of more, a box shows some
TABLE = re.compile(r"<table\b.*?</table>", re.S)
SHARED = re.compile(r"<(style|script)>\n?(.*?)</\1>\n?", re.S)  # of a page of the course; its numbers have a type


@dataclass
class Chapter:
    """A notebook on its way to a page."""

    source: str  # file in the project
    page: str  # file of the site
    notebook: nbformat.NotebookNode
    is_solved: bool = False
    body: str = ""
    styles: list[str] = field(default_factory=list)  # files of the site
    figures: list[tuple[str, str]] = field(default_factory=list)  # (file of the site, what it shows)
    counterpart: "Chapter | None" = None  # the same notebook with solutions, or without

    @property
    def number(self) -> str:
        return Path(self.source).name[:2]

    @property
    def title(self) -> str:
        found = re.search(r"^# (.+)$", self.notebook.cells[0].source, re.M) if self.notebook.cells else None
        if found is None:
            raise ValueError(f"{self.source}: the first cell has no title, a line that begins with “# ”.")
        return plain(found[1])

    @property
    def question(self) -> str:
        found = re.search(r"\*\*The question\.\*\*\s*(.+?)(?:\n\s*\n|\Z)", self.notebook.cells[0].source, re.S)
        return plain(found[1]) if found else ""


class Files:
    """The files of the site, path -> bytes; what has the same content is there once."""

    def __init__(self, before: Path | None = None) -> None:
        self.contents: dict[str, bytes] = {}
        self.sizes: dict[str, tuple[int, int]] = {}
        self._before = before  # a site built earlier: its pictures need not be made again

    def share(self, text: str, kind: str) -> str:
        path = f"assets/{_name_of(text.encode())}.{kind}"
        self.contents[path] = text.encode()
        return path

    def picture(self, png: bytes) -> str:
        """A picture as lossless WebP: the same pixels, half the bytes."""
        path = f"pictures/{_name_of(png)}.webp"
        if path not in self.contents:
            with Image.open(io.BytesIO(png)) as image:
                self.sizes[path] = image.size
                earlier = self._before / path if self._before else None
                if earlier and earlier.exists():
                    self.contents[path] = earlier.read_bytes()
                else:
                    self.contents[path] = _as_webp(image, lossless=True, quality=40, method=2)
        return path

    def card(self, path: str, width: int = 640, height: int = 360) -> str:
        """A picture of the site, made small for the first page: a wide one whole, of a tall one the upper part."""
        card = path.replace("pictures/", "pictures/card-")
        with Image.open(io.BytesIO(self.contents[path])) as image:
            image = image.convert("RGB")
            upper = image.crop((0, 0, image.width, min(image.height, round(image.width * height / width))))
            small = ImageOps.pad(upper, (width, height), Image.Resampling.LANCZOS, "white")
        self.contents[card] = _as_webp(small, quality=82, method=4)
        return card


def _name_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


def _as_webp(image: Image.Image, **settings: Any) -> bytes:
    if image.mode == "RGBA" and image.getextrema()[3] == (255, 255):
        image = image.convert("RGB")
    file = io.BytesIO()
    image.save(file, "WEBP", **settings)
    return file.getvalue()


def render(chapter: Chapter, prose: Prose, files: Files) -> None:
    """Fill in chapter.body, and put what it needs among the files.

    Raises:
        ValueError: a picture without a description, or a cell that failed.
    """
    notebook = nbformat.from_dict(chapter.notebook)
    notebook.cells = _marked(_described(notebook.cells, chapter))
    exercise = None
    for cell in notebook.cells:
        place = Place(chapter.source, cell.metadata.site.part, chapter.page)
        if cell.cell_type == "markdown":
            cell.metadata.site.html = prose.html(cell.source, place)
            exercise = cell if cell.metadata.site.get("begins") else exercise
        elif cell.cell_type == "code":
            cell.source = _without_marks(cell.source) if chapter.is_solved else cell.source
            cell.outputs = [
                output
                for output in cell.outputs
                if not any(words in output.get("data", {}).get("text/html", "") for words in UNASKED)
            ]
            for output in cell.outputs:
                _prepare_output(output, cell, chapter, prose, files)
        if cell.metadata.site.get("closes") and exercise and not chapter.is_solved:
            _lead_to_solution(cell, exercise, chapter)
    exporter = TemplateExporter(
        template_name="base",
        template_file="notebook.html.jinja",
        extra_loaders=[FileSystemLoader(HERE)],
        filters={"highlight": Highlight2HTML(pygments_lexer="python"), "long": if_long, "note_on_box": note_on_box},
    )
    chapter.body, _ = exporter.from_notebook_node(notebook)


def _described(cells: list[nbformat.NotebookNode], chapter: Chapter) -> list[nbformat.NotebookNode]:
    """The cells, each description moved from the text to the cell of code beside it that shows the picture."""
    for number, cell in enumerate(cells, 1):
        start = next(iter(cell.source.splitlines()), "")[:50]
        cell.metadata.site = nbformat.NotebookNode(part=f"cell {number} (“{start}”)", description="")
    for place, cell in enumerate(cells):
        if cell.cell_type != "code" or not any(map(_is_figure, cell.outputs)):
            continue
        for neighbour in [*cells[place + 1 : place + 2], *cells[max(place - 1, 0) : place]]:
            found = DESCRIPTION.match(neighbour.source) if neighbour.cell_type == "markdown" else None
            if found:
                cell.metadata.site.description = found["text"]
                neighbour.source = neighbour.source[found.end() :]
                break
        else:
            if any("image/png" in output.get("data", {}) for output in cell.outputs):
                raise ValueError(
                    f"{chapter.source}, {cell.metadata.site.part}: nobody has said what this picture shows. "
                    f"Put a cell of text below it that begins with “*Picture:* ”."
                )
    return [cell for cell in cells if cell.source.strip()]


def _is_figure(output: nbformat.NotebookNode) -> bool:
    data = output.get("data", {})
    return "image/png" in data or "data-practicum-explorer" in data.get("text/html", "")


def _marked(cells: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """The cells, those of text divided where an exercise begins; an exercise goes on until the cell that checks it."""
    marked, in_exercise = [], False
    for place, cell in enumerate(cells):
        parts = EXERCISE.split(cell.source) if cell.cell_type == "markdown" else [cell.source]
        for text in filter(str.strip, parts):
            part = nbformat.from_dict({**cell, "source": text})
            part.metadata = nbformat.from_dict(cell.metadata)
            part.id = f"part-{len(marked)}"
            if part.cell_type == "markdown" and EXERCISE.match(text):
                part.metadata.site.ends = in_exercise
                part.metadata.site.begins = in_exercise = True
                part.metadata.site.name = plain(
                    text.split("\n")[0].split("**")[1] if text[0] == "*" else text.split("\n")[0]
                )
            elif in_exercise and text.startswith("## "):
                part.metadata.site.ends = True
                in_exercise = False
            elif (
                in_exercise
                and part.cell_type == "code"
                and ("lesson.exercise" in text or not _is_code(cells, place + 1))
            ):
                part.metadata.site.closes = True
                in_exercise = False
            marked.append(part)
    if in_exercise:
        marked[-1].metadata.site.closes = True
    return marked


def _is_code(cells: list[nbformat.NotebookNode], place: int) -> bool:
    return place < len(cells) and cells[place].cell_type == "code"


def _lead_to_solution(cell: nbformat.NotebookNode, exercise: nbformat.NotebookNode, chapter: Chapter) -> None:
    """A link below an exercise to the same place on the page with solutions."""
    anchor = ANCHOR.search(exercise.metadata.site.html)
    if chapter.counterpart and anchor:
        cell.metadata.site.solution = f"{relative(chapter.counterpart.page, chapter.page)}#{anchor[1]}"
        cell.metadata.site.solution_name = re.split("[:,]", exercise.metadata.site.name.lstrip("# "))[0]


def _without_marks(source: str) -> str:
    """The code of a solved notebook without the lines that are meant for the program that makes the copies."""
    lines = [line for line in source.splitlines() if line != SOLUTION and not line.startswith(STUB.rstrip())]
    return re.sub(r"\n{3,}", "\n\n\n", "\n".join(lines)).strip("\n")


def _prepare_output(
    output: nbformat.NotebookNode, cell: nbformat.NotebookNode, chapter: Chapter, prose: Prose, files: Files
) -> None:
    site = cell.metadata.site
    if output.output_type == "error":
        raise ValueError(f"{chapter.source}, {site.part}: the cell failed: {output.ename}: {output.evalue}")
    data = output.get("data", {})
    if "image/png" in data:
        path = files.picture(base64.b64decode(data["image/png"]))
        description = plain(site.description)
        description = description[:1].upper() + description[1:]
        chapter.figures.append((path, description))
        width, height = files.sizes[path]
        output.metadata.site = {"src": relative(path, chapter.page), "alt": description, "size": (width, height)}
    if "text/html" in data:
        is_explorer = "data-practicum-explorer" in data["text/html"]
        html = share_assets(data["text/html"], chapter, files)
        data["text/html"] = html if is_explorer else TABLE.sub(_in_a_box, html)
        output.metadata.site = {"is_explorer": is_explorer}
    figures = [one for one in cell.outputs if _is_figure(one)]
    if figures and output is figures[-1]:
        place = Place(chapter.source, site.part, chapter.page)
        text = site.description
        output.metadata.site["caption"] = prose.html(text[:1].upper() + text[1:], place) if text else ""


def share_assets(html: str, chapter: Chapter, files: Files) -> str:
    """The HTML of a page of the course, its styles and scripts in files that all pages share."""

    def put_aside(found: re.Match[str]) -> str:
        if found[1] == "script":
            return f'<script src="{relative(files.share(found[2], "js"), chapter.page)}"></script>'
        style = files.share(found[2], "css")
        if style not in chapter.styles:
            chapter.styles.append(style)
        return ""

    return SHARED.sub(put_aside, html)


def if_long(text: str) -> str:
    """What to call a text that is too long to be shown at once; of others nothing.

    >>> if_long("a line\\n" * 40), if_long("a line\\n" * 25)
    ('output of 40 lines', '')
    """
    lines = len(text.strip("\n").split("\n"))
    return f"output of {lines} lines" if lines > LONG else ""


def note_on_box(name: str) -> str:
    """What stands below a box, for those who see that it is cut off; its label says it to others."""
    return f'<p class="how-long" aria-hidden="true">{name.partition(" of ")[2]}: scroll in the box to see all</p>'


def _in_a_box(found: re.Match[str]) -> str:
    """A long table in a box that scrolls, so that what is said above and below it stays in view.

    The box can be reached with the keyboard, and without the page's script.
    """
    rows = found[0].count("<tr") - found[0].count("<thead")
    if rows <= LONG:
        return found[0]
    name = f"table of {rows} rows"
    start = f'<div class="long scroll" data-what="{name}" tabindex="0" role="group" aria-label="{name}, scrolls">'
    return f"{start}{found[0]}</div>{note_on_box(name)}"
