"""Where a course is published: links that open a notebook on Colab or Binder, and the command that fetches it.

Links are words, not pictures: a badge's picture would be asked for on another's server each time a notebook is opened,
and would be a broken frame without internet.
"""

import re
from dataclasses import dataclass
from urllib.parse import quote

MARK = "<!-- badges -->"  # ends the line of links in a notebook, and begins their place in the README
END = "<!-- /badges -->"  # ends their place in the README
CLONE, CLONE_END = "<!-- clone -->", "<!-- /clone -->"  # around what fetches the course, in the README
PART = r"(?!\.{1,2}(?:/|$))[\w.~-]+"  # of a path; "." and ".." are no names
ADDRESS = re.compile(rf"https://(?P<host>[a-z\d][a-z\d.-]*(?::\d+)?)/(?P<path>{PART}(?:/{PART})*)/?", re.ASCII | re.I)
BRANCH = re.compile(r"(?!.*(?:\.\.|//|/\.|\.lock(?:/|$)))\w[\w./-]*(?<![./])", re.ASCII)
NOWHERE = re.compile(r"(?:.*\.)?example(?:\.(?:org|com|net))?(?::\d+)?", re.I)  # names that lead nowhere, by agreement
LINE = re.compile(rf"\n\n[^\n]*{MARK}(?=\n|\Z)")
OF_SOLVED = re.compile(r"(?P<between>/|%2F)solutions(?P=between)(?=[^/%)]+\.ipynb)")


@dataclass(frozen=True)
class Home:
    """Where a course is published, and the branch that learners get.

    Args:
        address: what git clones, such as "https://github.com/NAME/cnn-practicum".
        branch: its branch.

    Raises:
        ValueError: not an https address with a path and without a name, password, blank or quote; or no branch's name.

    Example:
        >>> Home("https://github.com/anna/cnn").links("notebooks/00_start_here.ipynb")[0]
        ('Open in Colab', 'https://colab.research.google.com/github/anna/cnn/blob/main/notebooks/00_start_here.ipynb')
    """

    address: str
    branch: str = "main"

    def __post_init__(self) -> None:
        found = ADDRESS.fullmatch(self.address)
        if not found or not _is_repository(found["host"].lower(), found["path"].count("/") + 1):
            raise ValueError(
                "workshop build: --repository expects the address that git clones, such as "
                f"https://github.com/NAME/cnn-practicum. Received {self.address[:200]!r}."
            )
        if not BRANCH.fullmatch(self.branch):
            raise ValueError(
                f"workshop build: --branch expects the name of a branch, such as main. Received {self.branch[:200]!r}."
            )

    @property
    def is_published(self) -> bool:
        """False for addresses of example.org and its like, such as the one that the course comes with."""
        return not NOWHERE.fullmatch(self._parts()[0])

    def links(self, notebook: str) -> list[tuple[str, str]]:
        """What opens a notebook elsewhere: (words, address); nothing if the course is published nowhere.

        Colab opens what is on GitHub; Binder has a form for GitHub, one for GitLab, and one for everything else.

        Args:
            notebook: its path in the repository.
        """
        host, path = self._parts()
        if not self.is_published:
            return []
        branch, name = quote(self.branch, safe=""), path.removesuffix(".git")
        if host == "github.com":
            spec = f"gh/{name}"
        elif host == "gitlab.com":
            spec = f"gl/{quote(name, safe='')}"
        else:
            spec = f"git/{quote(self.address, safe='')}"
        binder = f"https://mybinder.org/v2/{spec}/{branch}?labpath={quote(notebook, safe='')}"
        colab = f"https://colab.research.google.com/github/{name}/blob/{self.branch}/{notebook}"
        return [*([("Open in Colab", colab)] if host == "github.com" else []), ("Open in Binder", binder)]

    def _parts(self) -> tuple[str, str]:
        found = ADDRESS.fullmatch(self.address)
        return (found["host"].lower(), found["path"]) if found else ("", "")


def _is_repository(host: str, parts: int) -> bool:
    """Where it is known how many parts the path of a repository has: NAME/REPOSITORY, on GitLab with groups between."""
    return parts == 2 if host == "github.com" else parts >= 2 if host == "gitlab.com" else True


def in_first_cell(text: str, home: Home, notebook: str) -> str:
    """The text of a notebook's first cell with a line of links below its title, in place of an earlier one."""
    title, rest = re.match(r"([^\n]*)(.*)", LINE.sub("", text, count=1), re.S).groups()  # type: ignore[union-attr]
    links = home.links(notebook)
    return f"{title}\n\n{_as_markdown(links)} {MARK}{rest}" if links and title.startswith("# ") else title + rest


def in_readme(text: str, home: Home, notebook: str) -> str:
    """The README with what is said of the course's home between its marks, in place of what was said before.

    Between MARK and END are links that open the notebook, between CLONE and CLONE_END is how the course is fetched.
    Where there are no such marks, nothing is written.

    Raises:
        ValueError: there is one mark without the other, or more than one pair.
    """
    links = home.links(notebook)
    line = f"Without installing anything: {_as_markdown(links)}\n" if links else ""
    return _between(CLONE, CLONE_END, how_to_fetch(home), _between(MARK, END, line, text))


def how_to_fetch(home: Home) -> str:
    """The commands that fetch the course, and what to do without git; for a course that is published nowhere too.

    The folder is named, so that it is called the same whatever the repository is called.
    """
    if home.is_published:
        branch = "" if home.branch == "main" else f"--branch {home.branch} "
        address, note, page = f"{branch}{home.address}", "", f"[its page]({home.address.removesuffix('.git')})"
    else:
        address, note, page = "ADDRESS", "      # ADDRESS: of the page on which you found the course", "that page"
    return (
        f"    git clone {address} cnn-practicum{note}\n    cd cnn-practicum\n\n"
        f"Without git: {page} has a zip (*Code*, *Download ZIP*); unpack it, and go into the folder that comes out.\n"
    )


def _between(mark: str, end: str, content: str, text: str) -> str:
    """The text with this content between two lines that are marks; without the marks as it is."""
    if mark not in text and end not in text:
        return text
    place = re.compile(rf"{mark}\n(?:.*?\n)??{end}", re.S)
    if (text.count(mark), text.count(end)) != (1, 1) or not place.search(text):
        raise ValueError(f"workshop build: README.md needs one line {mark} and below it one line {end}, or neither.")
    return place.sub(lambda _: f"{mark}\n{content}{end}", text)


def of_copy(text: str) -> str:
    """A first cell's text as it stands in the learner's copy: the links open the copy, not the solved notebook."""
    return LINE.sub(lambda line: OF_SOLVED.sub(r"\g<between>", line[0]), text, count=1)


def _as_markdown(links: list[tuple[str, str]]) -> str:
    return " · ".join(f"[{words}]({address})" for words, address in links)
