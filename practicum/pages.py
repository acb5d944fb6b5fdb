"""Interactive pages: one self-contained string of HTML each, for a notebook or a file."""

import json
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2

SCRIPTS = {  # kind of page -> its scripts, in order
    "convolution": ("arithmetic.js", "parts.js", "sliding.js", "convolution.js", "edges.js", "start.js"),
    "pooling": ("arithmetic.js", "parts.js", "sliding.js", "pooling.js", "edges.js", "start.js"),
    "network": (
        *("arithmetic.js", "parts.js"),
        *("network_layers.js", "network_overview.js", "network_explain.js", "network.js"),
        "edges.js",
        "start.js",
    ),
    "film": ("parts.js", "film.js", "edges.js", "start.js"),
}
TEMPLATES = {"network": "explorer_network.html.jinja", "film": "explorer_film.html.jinja"}


class Page:
    """An interactive page. In a notebook it is shown when it is the last value of a cell; save writes it to a file.

    It needs no internet: styles, scripts and numbers are in it.
    """

    def __init__(self, kind: str, *, title: str, lead: str, data: dict[str, Any], **still: Any) -> None:
        self.kind = kind
        self.title = title
        self._content = {"title": title, "lead": lead, "data": as_script_data({"page": kind, **data}), **still}

    def _repr_html_(self) -> str:
        return self.html(standalone=False)

    def html(self, *, standalone: bool = True) -> str:
        """The page as a string: a whole document, or a fragment to be put into one."""
        return template(TEMPLATES.get(self.kind, "explorer_grids.html.jinja")).render(
            kind=self.kind,
            standalone=standalone,
            css=_static("explorer.css"),
            script=_script(self.kind),
            **self._content,
        )

    def save(self, path: str | Path) -> Path:
        """Write the page to a file that any browser opens, without internet; give its path."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.html(), encoding="utf-8")
        return path

    def __repr__(self) -> str:
        return f"<page: {self.title}; shown in a notebook, or .save('page.html')>"


def as_script_data(data: dict[str, Any]) -> str:
    """data as JSON that can stand inside a <script> element: nothing in it can end the element."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    escapes = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
    return "".join(escapes.get(letter, letter) for letter in text) if set(escapes) & set(text) else text


def number(value: Any) -> str:
    """A number for people: whole ones as they are, others to four digits."""
    value = float(value) + 0.0  # −0 becomes 0
    return (f"{value:.0f}" if value.is_integer() and abs(value) < 1e7 else f"{value:.4g}").replace("-", "−")


@cache
def template(name: str) -> jinja2.Template:
    """One of the templates in static/, with this project's ways of writing numbers."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("practicum", "static"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = lambda share: f"{share:.1%}".replace("%", " %")
    environment.filters["thousands"] = lambda count: f"{count:,}"
    environment.filters["shape"] = lambda sizes: "×".join(map(str, sizes))
    environment.filters["number"] = number
    return environment.get_template(name)


@cache
def _script(kind: str) -> str:
    parts = "\n".join(_static(name) for name in SCRIPTS[kind])
    return f'(() => {{\n"use strict";\n{parts}\n}})();'


@cache
def _static(name: str) -> str:
    return resources.files("practicum").joinpath("static", "explorer", name).read_text(encoding="utf-8")
