"""What a bundle says of itself: README.txt, and the file that stands in it until it is finished."""

import textwrap
from pathlib import Path
from typing import Any

from practicum.bundle.targets import Target
from practicum.progress import megabytes

TEMPLATE = Path(__file__).resolve().parent.parent / "static" / "bundle" / "README.txt"
# What README.txt says of the course's pages, if they are in the bundle.
PAGES = """
No Python? Open site/index.html in a browser: the whole course to be read, with explorers that answer clicks. Nothing is
installed or fetched for that, and nothing is copied: read it from here.
"""
PAGES_ROW = "  site        {size:>8}    the course as pages, with its solutions\n"
PAGES_ADDRESS = "  On a phone, the pages are at  http://TEACHER:8000/NAME-OF-THIS-FOLDER/site/\n"
WITHOUT = {
    "cifar10": "CIFAR-10 (train --data cifar10)",
    "fashion_mnist": "the whole Fashion-MNIST (train --data fashion_mnist)",
    "cats_vs_dogs": "cats vs dogs (train --data cats_vs_dogs)",
}


def unfinished() -> str:
    """The text of UNFINISHED.txt."""
    return (
        "This bundle is not finished: it is being filled, or that was interrupted. Do not hand it round.\n"
        "To finish it, give the command that makes it once more; it goes on where it was.\n"
    )


def absence(names: list[str]) -> str:
    """What it means that datasets are not in a bundle, in a sentence; "" for none.

    Example:
        >>> absence(["cifar10"])
        'Not in it: CIFAR-10 (train --data cifar10). No notebook needs them: emoji and fashion come with the course.'
    """
    if not names:
        return ""
    listed = ", ".join(WITHOUT.get(name, name) for name in names)
    return f"Not in it: {listed}. No notebook needs them: emoji and fashion come with the course."


def outdated(other: list[str], harmed: list[str], changed: tuple[str, ...]) -> str:
    """What should be done about the course's pages in a bundle; "" if they are as they should be.

    Args:
        other: the notebooks by which the course and the pages differ.
        harmed: pages of an earlier call that are damaged or missing, and cannot be put there again.
        changed: files of the maker's folder that differ from the commit.

    Example:
        >>> outdated([], ["site/a.html", "site/b.css"], ())
        '2 of the pages are damaged (site/a.html, site/b.css): make site, and give the command again'
    """
    if harmed:
        return f"{len(harmed)} of the pages are damaged ({_some(harmed)}): make site, and give the command again"
    if not other:
        return ""
    first = "commit your changes or put them aside, then " if set(other) & set(changed) else ""
    names = _some([name.removeprefix("notebooks/") for name in other])
    return (
        f"the pages are of other notebooks than the course here ({names}): {first}make site anew, and give the command "
        "again"
    )


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def readme(facts: dict[str, Any], targets: list[Target]) -> str:
    """README.txt, with the sizes of this bundle."""
    sizes = facts["sizes"]
    installed = max((target["installed_bytes"] for target in facts["targets"]), default=0)
    state = f"commit {facts['commit'][:12]}" if facts["commit"] else "from a folder that is no git checkout"
    if facts["files_changed_since"]:
        state += f"; not in it: later changes in {facts['files_changed_since']} file(s) of the maker's folder"
    machines = "\n".join(f"    {target}" for target in targets)
    data = ", ".join(facts["datasets"]) or "none"
    return TEMPLATE.read_text(encoding="utf-8").format(
        state=state,
        machines=machines,
        pages=PAGES if facts["site"] else "",
        pages_row=PAGES_ROW.format(size=megabytes(sizes["site"])) if facts["site"] else "",
        pages_address=PAGES_ADDRESS if facts["site"] else "",
        course=megabytes(sizes["course"]),
        data=megabytes(sizes["datasets"]),
        wheels=megabytes(sizes["wheels"]),
        total=megabytes(sum(sizes.values())),
        on_disk=megabytes(installed + sizes["course"] + sizes["datasets"]),
        datasets=data,
        absent=textwrap.fill(absence(facts["absent"]), 118),
    )
