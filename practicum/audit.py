"""What became of every file of a learner's folder: used, used with a remark, or left out and why."""

import json
import os
import shutil
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from practicum import cache, data
from practicum.census import Census
from practicum.dataset import SPLITS, UnusableDataError
from practicum.folder import decode_into
from practicum.pages import template
from practicum.reasons import REASONS, Note, Reason

FILES_SHOWN, COPIES_SHOWN, CLASSES_SHOWN = 20, 20, 50  # in the terminal, of each reason; in a page behind a click
FILES_ON_A_PAGE = 1000  # of each reason
HEALTHY = "Every file is used, and no two show the same picture."
WIDTH = 100  # letters of a line, or as many as the terminal has


@dataclass(frozen=True)
class AuditedFile:
    """One file: its path from the folder or archive on, and what became of it.

    split: "train", "validation" or "test"; "" for a file that is left out, or where no splits could be cut.
    class_name: "" for a file that is left out.
    notes: why it is left out, or what is remarkable about it.
    """

    path: str
    split: str
    class_name: str
    notes: tuple[Note, ...] = ()

    @property
    def is_used(self) -> bool:
        return not any(note.leaves_out for note in self.notes)

    @property
    def outcome(self) -> str:
        """ "used", "used with a remark" or "left out"."""
        if not self.is_used:
            return "left out"
        return "used with a remark" if self.notes else "used"


@dataclass(frozen=True)
class Copies:
    """Files that show one picture; exact: pixel by pixel, else nearly."""

    paths: tuple[str, ...]
    exact: bool


@dataclass(frozen=True)
class Audit:
    """What became of every file of a folder. A notebook shows it as a table, print as text.

    files: all of them, sorted by path. copies: those that show one picture; they stand in one split.
    remarks: what a person should know before training. problem: why no network can be trained on it, or "".
    image_size: (height, width) of the images as a network sees them; None where none could be decoded.
    """

    origin: str
    files: tuple[AuditedFile, ...]
    class_names: tuple[str, ...]
    empty_classes: tuple[str, ...]
    copies: tuple[Copies, ...]
    remarks: tuple[str, ...]
    problem: str
    image_size: tuple[int, int] | None

    @property
    def name(self) -> str:
        """What the folder or archive is called: for pages, which are handed on, and shall not tell where it lies."""
        return Path(self.origin).name

    @property
    def counts(self) -> dict[str, int]:
        """How many files were used, used with a remark, and left out."""
        counts = {"used": 0, "used with a remark": 0, "left out": 0}
        for file in self.files:
            counts[file.outcome] += 1
        return counts

    @property
    def is_healthy(self) -> bool:
        """Whether there is nothing that a person should look at."""
        all_used = self.counts["used"] == len(self.files)
        return all_used and not (self.problem or self.remarks or self.copies)

    @property
    def class_counts(self) -> dict[str, dict[str, int]]:
        """For each class with images how many are in each split; where no splits were cut, under ""."""
        counts: dict[str, dict[str, int]] = {name: {} for name in self.class_names}
        for file in self.files:
            if file.is_used:
                own = counts[file.class_name]
                own[file.split] = own.get(file.split, 0) + 1
        return counts

    def by_reason(self, *, left_out: bool) -> list[tuple[Reason, list[tuple[str, str]]]]:
        """Each reason for leaving files out (or for a remark on used ones), with (path, detail) of its files."""
        found: dict[str, list[tuple[str, str]]] = {}
        for file in self.files:
            for note in file.notes:
                if note.leaves_out is left_out:
                    found.setdefault(note.reason, []).append((file.path, note.detail))
        return [(reason, found[name]) for name, reason in REASONS.items() if name in found]

    def to_dict(self) -> dict[str, Any]:
        """All of it in JSON's own types."""
        return {
            "folder": shown(self.origin),
            "usable": not self.problem,
            "problem": shown(self.problem),
            "remarks": [shown(remark) for remark in self.remarks],
            "counts": self.counts,
            "classes": {shown(name): counts for name, counts in self.class_counts.items()},
            "empty_classes": [shown(name) for name in self.empty_classes],
            "image_size": self.image_size,
            "files": [
                {
                    "path": shown(file.path),
                    "outcome": file.outcome,
                    "split": file.split,
                    "class": shown(file.class_name),
                    "why": [shown(": ".join(filter(None, (REASONS[n.reason].title, n.detail)))) for n in file.notes],
                }
                for file in self.files
            ],
            "copies": [{"files": [shown(path) for path in group.paths], "exact": group.exact} for group in self.copies],
        }

    def __str__(self) -> str:
        return as_text(self)

    def __repr__(self) -> str:
        numbers = ", ".join(f"{count:,} {outcome}" for outcome, count in self.counts.items())
        return f"<audit of {shown(self.name)}: {numbers}; print shows it, and so does a notebook>"

    def _repr_html_(self) -> str:
        return self.html(standalone=False)

    def html(self, *, standalone: bool = True) -> str:
        """The audit as a page, or as a fragment to be put into one."""
        splits = _splits(self)
        rows = [(name, [counts.get(split, 0) for split in splits]) for name, counts in self.class_counts.items()]
        return template("audit.html.jinja").render(
            standalone=standalone,
            audit=self,
            shown=shown,
            splits=splits,
            rows=rows,
            totals=[sum(column) for column in zip(*(counts for _, counts in rows), strict=True)],
            left_out=self.by_reason(left_out=True),
            remarked=self.by_reason(left_out=False),
            limit=FILES_ON_A_PAGE,
            healthy=HEALTHY if self.is_healthy else "",
        )

    def save(self, path: str | Path) -> Path:
        """Write the audit as a page that any browser opens; give its path."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.html(), encoding="utf-8")
        return path


def audit(folder: str | Path, *, image_size: int | tuple[int, int] | None = None, seed: int = 0) -> Audit:
    """What became of every file of a folder or archive of class folders. Nothing in it is changed.

    Where data.load has read the folder with the same image_size and seed, that is known already; else the images are
    decoded, and the next data.load has them ready.

    Args:
        folder: path of a folder, .zip or .tar, as for data.load.
        image_size: as for data.load.
        seed: as for data.load.

    Returns:
        An Audit, also of a folder from which nothing can be learned; its problem says why.

    Raises:
        ValueError: there is no such folder or archive, or it cannot be opened.
    """
    path = Path(os.fspath(folder)).expanduser()
    if not path.exists():
        raise ValueError(
            f"audit: there is no folder or archive {path}. Pass the path of a folder, .zip or .tar with one folder of "
            "images for each class."
        )
    size = data.checked_size(image_size)
    census = Census()
    try:
        entry = cache.entry(
            path.name, path, lambda writer: decode_into(writer, path, size, census), key=(size,), seed=seed
        )
    except UnusableDataError as error:
        return from_facts(census.facts(homes=None, problem=str(error).removeprefix("load: ")))
    return from_facts(json.loads((entry / cache.AUDIT_FILE).read_text(encoding="utf-8")))


def from_facts(facts: dict[str, Any]) -> Audit:
    """The Audit of what Census.facts gave."""
    notes = {path: tuple(Note(*pair) for pair in pairs) for path, pairs in facts["notes"].items()}
    files = {path: AuditedFile(path, "", "", own) for path, own in notes.items()}
    for split, by_class in facts["used"].items():
        for class_name, paths in by_class.items():
            files.update({path: AuditedFile(path, split, class_name, notes.get(path, ())) for path in paths})
    return Audit(
        origin=facts["origin"],
        files=tuple(files[path] for path in sorted(files)),
        class_names=tuple(facts["class_names"]),
        empty_classes=tuple(facts["empty_classes"]),
        copies=tuple(Copies(tuple(paths), exact) for paths, exact in facts["copies"]),
        remarks=tuple(facts["remarks"]),
        problem=facts["problem"],
        image_size=facts["image_size"] and tuple(facts["image_size"]),
    )


def shown(text: str) -> str:
    """A name that anybody may have given a file, without letters that a terminal takes for commands."""
    text = text.encode("utf-8", "backslashreplace").decode()
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


def _splits(found: Audit) -> list[str]:
    """The splits that were cut, in their order; [""] where none were."""
    present = {split for counts in found.class_counts.values() for split in counts}
    return [split for split in SPLITS if split in present] or [""]


def as_text(found: Audit) -> str:
    """The audit as a table for the terminal."""
    counts = found.counts
    size = "" if found.image_size is None else " of {}×{} pixels".format(*found.image_size)
    lines = [f"{shown(found.origin)}: {_many(sum(counts.values()), 'file')}", ""]
    lines += [f"{count:8,}  {outcome}" for outcome, count in counts.items()]
    lines += ["", *_class_table(found)]
    if size:
        lines += ["", f"A network sees images{size}."]
    if found.problem:
        lines += ["", *_wrapped("This cannot be trained on: ", shown(found.problem))]
    if found.remarks:
        lines += ["", "What to know", *(line for remark in found.remarks for line in _wrapped("  • ", shown(remark)))]
    for title, left_out in (("Left out", True), ("Used with a remark", False)):
        groups = found.by_reason(left_out=left_out)
        if groups:
            lines += ["", title]
        for reason, files in groups:
            lines += _wrapped("  ", f"{reason.title} ({len(files):,}). {reason.advice}", "  ")
            lines += _aligned(files[:FILES_SHOWN])
            if len(files) > FILES_SHOWN:
                lines.append(f"      … and {len(files) - FILES_SHOWN:,} more; --json names all")
    if found.is_healthy:
        lines += ["", HEALTHY]
    if found.copies:
        lines += ["", "Copies of one picture, kept in one split", *_copies_in_words(found.copies)]
    return "\n".join(lines)


def _class_table(found: Audit) -> Iterable[str]:
    splits = _splits(found)
    table = found.class_counts
    if not table:
        return ["No class has an image."]
    headings = [*(split for split in splits if split), "all"]
    names = {name: shown(name) for name in table}
    width = min(max(5, *(len(name) for name in names.values())), 50)
    totals = [sum(counts.get(split, 0) for counts in table.values()) for split in splits if split]
    totals.append(sum(sum(counts.values()) for counts in table.values()))
    widths = [max(len(heading), len(f"{total:,}")) + 2 for heading, total in zip(headings, totals, strict=True)]

    def row(name: str, numbers: list[int]) -> str:
        return f"  {name:<{width}}" + "".join(f"{n:>{wide},}" for n, wide in zip(numbers, widths, strict=True))

    heads = "".join(f"{heading:>{wide}}" for heading, wide in zip(headings, widths, strict=True))
    rows = [f"  {'class':<{width}}{heads}"]
    for name, counts in list(table.items())[:CLASSES_SHOWN]:
        numbers = [*(counts.get(split, 0) for split in splits if split), sum(counts.values())]
        rows.append(row(names[name], numbers))
    if len(table) > CLASSES_SHOWN:
        rows.append(f"  … and {len(table) - CLASSES_SHOWN:,} more classes; --json names all")
    rows.append(row("all", totals))
    return rows


def _copies_in_words(copies: tuple[Copies, ...]) -> list[str]:
    lines = []
    for group in copies[:COPIES_SHOWN]:
        paths = [shown(path) for path in group.paths[:FILES_SHOWN]]
        more = f", and {len(group.paths) - FILES_SHOWN:,} more" if len(group.paths) > FILES_SHOWN else ""
        lines += _wrapped("  = " if group.exact else "  ≈ ", ", ".join(paths) + more, "    ")
    if len(copies) > COPIES_SHOWN:
        lines.append(f"    … and {len(copies) - COPIES_SHOWN:,} more pictures; --json names all")
    return [*lines, "  (= the same pixels, ≈ nearly the same)"]


def _aligned(files: list[tuple[str, str]]) -> list[str]:
    paths = [shown(path) for path, _ in files]
    width = min(max(map(len, paths)), 50)
    lines = []
    for path, (_, detail) in zip(paths, files, strict=True):
        beside = f"      {path:<{width}}  {shown(detail)}".rstrip()
        below = [f"      {path}", *_wrapped(" " * 10, shown(detail))]
        lines += [beside] if len(beside) <= _width() or not detail else below
    return lines


def _wrapped(start: str, text: str, indent: str | None = None) -> list[str]:
    return textwrap.wrap(
        text,
        _width(),
        initial_indent=start,
        subsequent_indent=" " * len(start) if indent is None else indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _width() -> int:
    """How many letters a line may have: no fewer than 40, in which every heading fits."""
    return max(40, min(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns))


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}" + ("" if count == 1 else "s")
