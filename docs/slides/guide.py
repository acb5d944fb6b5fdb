"""What the instructor guide says about a notebook, for the speaker's notes at the place where it is needed."""

import re
from dataclasses import dataclass, field
from pathlib import Path

ROW = re.compile(r"^\| (\w+) \| (.*) \|$", re.M)
MISCONCEPTION = re.compile(r"^\| (“.*?”) \((exercise|question) (\d+)\) \| (.*) \|$", re.M)


@dataclass(frozen=True)
class Hints:
    """Of one notebook, all in Markdown: for its beginning, for its sections, for its exercises and questions."""

    start: list[str] = field(default_factory=list)
    sections: dict[str, list[str]] = field(default_factory=dict)  # "7" -> lines
    asked: dict[str, list[str]] = field(default_factory=dict)  # "exercise 1" -> lines


def read(project: Path) -> dict[str, Hints]:
    """Number of a notebook -> what the guide says about it; nothing where there is no guide."""
    path = project / "docs" / "instructor-guide.md"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    pages = re.split(r"^### (?=\d\d )", text.partition("\n## Notebook by notebook\n")[2], flags=re.M)[1:]
    return {page[:2]: hints(page) for page in pages}


def hints(page: str) -> Hints:
    """What one page of the guide says.

    >>> page = "| Show | [section 7](x.ipynb#7): run it. [Section 9](x.ipynb#9): click |"
    >>> hints(page).sections
    {'7': ['**Show:** section 7: run it.'], '9': ['**Show:** Section 9: click']}
    """
    found = Hints()
    rows = dict(ROW.findall(page))
    for name in ("Learners", "Skip", "Rescue"):
        if name in rows:
            found.start.append(f"**{name}:** {_unlinked(rows[name])}")
    if "They ask:" in page:
        found.start.append("**They ask:**\n\n" + _unlinked(page.partition("They ask:")[2].partition("\n| ")[0].strip()))
    for section, minutes in re.findall(r"(\d+): (\d+)", rows.get("Minutes", "")):
        found.sections.setdefault(section, []).append(f"**About {minutes} min** of reading and doing.")
    for part in re.split(r"(?=\[[Ss]ection \d+\])", rows.get("Show", "")):
        number = re.match(r"\[[Ss]ection (\d+)\]", part)
        if number:
            found.sections.setdefault(number[1], []).append(f"**Show:** {_unlinked(part).strip()}")
    for quote, what, number, say in MISCONCEPTION.findall(page):
        found.asked.setdefault(f"{what} {number}", []).append(f"**Expect:** {quote} **Say or draw:** {_unlinked(say)}")
    return found


def _unlinked(text: str) -> str:
    return re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", text)
