"""The datasets of a bundle: copied from where they are already, fetched where they are not."""

import os
import shutil
from pathlib import Path

from practicum import download, places, progress
from practicum.bundle.sums import PARTIAL, in_words
from practicum.checked_files import has_size, sha256

DATASETS = "datasets"


def bring(bundle: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Have every dataset that can be fetched in the bundle.

    Returns:
        The file or folder of each that is there, relative to the bundle; and of each other one why it is not.
    """
    there, absent = {}, {}
    for name in download.DATASETS:
        try:
            there[name] = _bring_one(name, bundle).relative_to(bundle).as_posix()
        except ValueError as error:
            absent[name] = str(error).removesuffix(places.ways_out(name)).strip()  # they are those of who wants to load
    for leftover in (bundle / DATASETS).rglob(".*.lock"):
        leftover.unlink(missing_ok=True)
    return there, absent


def _bring_one(name: str, bundle: Path) -> Path:
    folder = bundle / DATASETS
    found = places.find(name)
    published = download.published(name)
    if found is not None and not all(
        has_size(file, found.parent / published.folder / file.name) for file in published.files
    ):
        return _copy(found, folder / found.name, bundle)
    return download.fetch(name, folder)


def _copy(source: Path, target: Path, bundle: Path) -> Path:
    """Copy a file or a folder of PRACTICUM_DATA that is not what is published, but what load takes as well."""
    progress.note(f"copying {source.name} …")
    files = [path for path in source.rglob("*") if path.is_file()] if source.is_dir() else [source]
    try:
        for path in files:
            _copy_file(path, target / path.relative_to(source) if source.is_dir() else target, bundle / PARTIAL)
    except OSError as error:
        raise in_words(bundle, error) from None
    return target


def _copy_file(source: Path, target: Path, partial: Path) -> None:
    if target.is_file() and target.stat().st_size == source.stat().st_size and sha256(target) == sha256(source):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    partial.mkdir(exist_ok=True)
    part = partial / "dataset"
    shutil.copyfile(source, part)
    with part.open("rb+") as written:
        os.fsync(written.fileno())
    os.replace(part, target)
