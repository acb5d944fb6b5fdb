"""Where datasets lie: beside the package, in the folders of PRACTICUM_DATA, among the downloads in the cache."""

import os
from pathlib import Path

from practicum.cache import cache_folder, search_path

BUNDLED = ("emoji", "fashion")
FINDABLE = {
    # name: what PRACTICUM_DATA may hold it as, first choice first
    "fashion_mnist": ("fashion-mnist", "fashion_mnist"),
    "cifar10": ("cifar-10-binary.tar.gz", "cifar-10-batches-bin"),
    "cats_vs_dogs": ("cats_and_dogs_filtered.zip", "cats_and_dogs_filtered", "cats-vs-dogs.tar"),
}


def download_folder() -> Path:
    """Where fetched files are kept. It is laid out as a folder of PRACTICUM_DATA is."""
    return cache_folder() / "downloads"


def offline() -> bool:
    """True where PRACTICUM_OFFLINE forbids to open a connection."""
    return os.environ.get("PRACTICUM_OFFLINE", "").strip().lower() not in ("", "0", "false", "no", "off")


def candidates(name: str) -> list[Path]:
    """Every path in the folders of PRACTICUM_DATA at which the dataset is looked for, in this order."""
    return [folder / file_name for folder in search_path() for file_name in FINDABLE[name]]


def find(name: str) -> Path | None:
    """The dataset's file or folder in PRACTICUM_DATA, or None."""
    return next((place for place in candidates(name) if place.exists()), None)


def where_looked(name: str) -> str:
    """The places that find looked at, for a message."""
    return ", ".join(map(str, candidates(name))) or "no folder (PRACTICUM_DATA is not set)"


def ways_out(name: str) -> str:
    """What a person can do who cannot have the dataset that way, for a message."""
    return (
        f"Three ways out: name the folder that holds {FINDABLE[name][0]} in PRACTICUM_DATA; or pass the path of a "
        f"folder or archive of class folders; or use a bundled dataset: {', '.join(BUNDLED)}."
    )
