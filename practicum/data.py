"""A name or a folder -> a Dataset: images and labels, in train, validation and test."""

import csv
import difflib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from practicum import archives, cache, download, folder, formats, places
from practicum.course_files import bundled_folder
from practicum.dataset import SPLITS, VALIDATION_SHARE, Dataset, Split, image_keys, split_images
from practicum.places import BUNDLED, FINDABLE, search_path

__all__ = ["BUNDLED", "FINDABLE", "Dataset", "Split", "load", "photo", "search_path"]

PHOTOS = ("cat", "coffee")
# Datasets in a format of their own; the other findable ones are archives of class folders.
READERS = {"fashion_mnist": formats.read_fashion_mnist, "cifar10": formats.read_cifar10}
ORIGINS = {
    # name: source, licence
    "fashion_mnist": ("Fashion-MNIST, Zalando Research (Xiao, Rasul, Vollgraf 2017)", "MIT, Zalando SE"),
    "cifar10": ("CIFAR-10 (Krizhevsky 2009)", "not stated"),
    "cats_vs_dogs": ("Dogs vs. Cats (Asirra, Kaggle)", "not stated"),
}


def load(name_or_folder: str | Path, *, image_size: int | tuple[int, int] | None = None, seed: int = 0) -> Dataset:
    """The dataset of that name, or the images of a folder or archive of class folders.

    Bundled with the course: "emoji", "fashion". Drawn on demand: "shapes" (practicum.shapes offers more choices). Found
    in the folders of PRACTICUM_DATA, or fetched once and kept in the cache: "fashion_mnist", "cifar10", "cats_vs_dogs"
    (with PRACTICUM_OFFLINE=1 never fetched). Anything else is the path of a folder, .zip or .tar with one folder of
    images a class, or with train/, (validation/,) test/ above them. To load a folder called emoji, write ./emoji.

    Args:
        name_or_folder: a name from above, or a path.
        image_size: for folders, archives and shapes: height and width in pixels that the images get, as one number or
            (height, width). None keeps the images' own size where they share one and resizes to 96×96 otherwise;
            shapes are 64×64 then. Resizing keeps the whole image and may change its proportions.
        seed: decides which training images become the validation (10 %) and test (15 %) split where the files
            bring none, and what is drawn. The same seed gives the same splits on every machine.

    Returns:
        A Dataset. Splits cut here hold every class in proportion, and equal images always stand in the same one.

    Raises:
        ValueError: no such dataset, folder or archive; or no usable images in it.
        FetchError: it is not here and could not be fetched (a ValueError; the message says what was tried).

    Example:
        >>> load("emoji")
        Dataset(emoji: 8 classes, images 32×32×3, train 2,530, validation 560, test 552)
    """
    name = os.fspath(name_or_folder)
    if not isinstance(name, str) or not name:
        raise ValueError(f"load: expected a dataset's name or a path. Received {name_or_folder!r}.")
    size = checked_size(image_size)
    if size is not None and name in (*BUNDLED, *READERS):
        raise ValueError(
            f"load: image_size is for folders of images; {name} has a size of its own. "
            f"Received image_size={image_size!r}. Leave it out."
        )
    if name in BUNDLED:
        return _load_bundled(name, seed)
    if name == "shapes":
        return _draw_shapes(size, seed)
    if name in FINDABLE:
        return _load_findable(name, size, seed)
    path = Path(name).expanduser()
    if not path.exists():
        raise ValueError(_not_found(name))
    return _load_images(path, path.name, size, seed)


def photo(name: str = "cat") -> np.ndarray:
    """A bundled photo as an array of pixels, to be looked at through filters.

    Args:
        name: "cat" (Chelsea, by Stéfan van der Walt) or "coffee" (a red cup, by Rachel Michetti). Both are CC0.

    Returns:
        uint8 (200, 300, 3): height, width, and red, green, blue from 0 to 255.

    Raises:
        ValueError: no photo of that name.

    Example:
        >>> photo("cat").shape
        (200, 300, 3)
    """
    from PIL import Image

    if name not in PHOTOS:
        raise ValueError(f"photo: no photo is called {name!r}. Pass one of: {', '.join(PHOTOS)}.")
    path = bundled_folder() / "photos" / f"{name}.png"
    if not path.is_file():
        raise ValueError(
            f"photo: the bundled photo {name} is not at {path}. The practicum is used from its whole folder "
            "(git clone), where data/ lies beside practicum/."
        )
    with Image.open(path) as picture:
        return np.array(picture)


def checked_size(image_size: int | tuple[int, int] | None) -> tuple[int, int] | None:
    if image_size is None:
        return None
    pair = tuple(image_size) if isinstance(image_size, tuple | list) else (image_size, image_size)
    if len(pair) != 2 or not all(isinstance(side, int) and 8 <= side <= 1024 for side in pair):
        raise ValueError(
            f"load: image_size is a number of pixels from 8 to 1024, or (height, width). Received {image_size!r}."
        )
    return pair[0], pair[1]


def _draw_shapes(size: tuple[int, int] | None, seed: int) -> Dataset:
    from practicum import shapes

    if size is None:
        return shapes.dataset(seed=seed)
    if size[0] != size[1]:
        raise ValueError(f"load: shapes are square. Received image_size={size!r}. Pass one number.")
    return shapes.dataset(size=size[0], seed=seed)


def _load_bundled(name: str, seed: int) -> Dataset:
    folder = bundled_folder() / name
    if not (folder / "dataset.json").is_file():
        raise ValueError(
            f"load: the bundled dataset {name} is not at {folder}. The practicum is used from its whole folder "
            "(git clone), where data/ lies beside practicum/."
        )
    description = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
    images, rows = read_sheet(folder, description)
    class_names = tuple(description["class_names"])
    labels = np.array([class_names.index(row["class"]) for row in rows], np.int32)
    split_names = np.array([row["split"] for row in rows])
    if "validation" not in split_names:
        places = np.flatnonzero(split_names == "train")
        cut = split_images(labels[places], image_keys(images[places]), VALIDATION_SHARE, seed=seed)
        split_names = split_names.astype("U10")
        split_names[places[cut]] = "validation"
    train, validation, test = (Split(images[split_names == name], labels[split_names == name]) for name in SPLITS)
    return Dataset(
        name, class_names, train, validation, test, source=description["source"], licence=description["licence"]
    )


def read_sheet(folder: Path, description: dict[str, Any]) -> tuple[np.ndarray, list[dict[str, str]]]:
    """A bundled dataset's images, uint8 (N, H, W, C), and the rows of its labels.csv, as its dataset.json describes."""
    from PIL import Image

    height, width, channels = description["image_shape"]
    with Image.open(folder / "images.png") as sheet:
        pixels = np.asarray(sheet)
    tiles = pixels.reshape(-1, height, description["tiles_across"], width, channels).swapaxes(1, 2)
    images = tiles.reshape(-1, height, width, channels)[: description["count"]]
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return images, rows


def _load_findable(name: str, size: tuple[int, int] | None, seed: int) -> Dataset:
    path = places.find(name) or download.fetched(name) or _fetch(name)
    try:
        return _decode_findable(name, path, size, seed)
    except _DamagedError:
        if places.offline():
            raise
    return _decode_findable(name, _fetch(name), size, seed)


def _fetch(name: str) -> Path:
    try:
        return download.fetch(name)
    except ValueError as error:
        raise type(error)(f"load: {error}") from None


class _DamagedError(ValueError):
    """A fetched file has changed on the disk."""


def _see_undamaged(name: str, path: Path) -> None:
    """Look before decoding, not after it went wrong: a photo with a wrong byte would merely be left out."""
    if download.is_damaged(name, path):
        raise _DamagedError(f"load: {path} is damaged. To fetch it again: python -m practicum fetch {name}")


def _decode_findable(name: str, path: Path, size: tuple[int, int] | None, seed: int) -> Dataset:
    if name not in READERS:
        return _load_images(path, name, size, seed)

    def build(writer: cache.Writer) -> None:
        _see_undamaged(name, path)
        arrays = READERS[name](path)
        writer.class_names = arrays.class_names
        writer.add("train", arrays.train_images, arrays.train_labels)
        writer.add("test", arrays.test_images, arrays.test_labels)

    source, licence = ORIGINS[name]
    return cache.load_or_build(name, path, build, key=(), seed=seed, source=source, licence=licence)


def _load_images(path: Path, name: str, size: tuple[int, int] | None, seed: int) -> Dataset:
    def build(writer: cache.Writer) -> None:
        if name in FINDABLE:
            _see_undamaged(name, path)
            archives.check(path)
        folder.decode_into(writer, path, size)

    source, licence = ORIGINS.get(name, (f"the images of {path.name}", "not stated"))
    return cache.load_or_build(
        name,
        path,
        build,
        key=(size,),
        seed=seed,
        source=source,
        licence=licence,
    )


def _not_found(name: str) -> str:
    close = difflib.get_close_matches(name, (*BUNDLED, "shapes", *FINDABLE), n=1)
    hint = f" Did you mean {close[0]}?" if close else ""
    return (
        f"load: {name!r} is no dataset, folder or archive.{hint} Bundled: {', '.join(BUNDLED)}. "
        "Drawn when asked for: shapes. "
        f"Found in PRACTICUM_DATA: {', '.join(FINDABLE)}. Or pass the path of a folder, .zip or .tar "
        "with one folder of images for each class."
    )
