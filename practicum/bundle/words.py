"""What a bundle says of itself: README.txt, and the file that stands in it until it is finished."""

import textwrap
from pathlib import Path
from typing import Any

from practicum.bundle.targets import Target
from practicum.progress import megabytes

TEMPLATE = Path(__file__).resolve().parent.parent / "static" / "bundle" / "README.txt"
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
        course=megabytes(sizes["course"]),
        data=megabytes(sizes["datasets"]),
        wheels=megabytes(sizes["wheels"]),
        total=megabytes(sum(sizes.values())),
        on_disk=megabytes(installed + sizes["course"] + sizes["datasets"]),
        datasets=data,
        absent=textwrap.fill(absence(facts["absent"]), 118),
    )
