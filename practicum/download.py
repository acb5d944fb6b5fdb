"""The datasets that are fetched once: where they are published, how large they are, how they are checked."""

import difflib
import io
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from practicum import archives, places
from practicum.checked_files import FetchError, RemoteFile, copy_file, has_size, is_good
from practicum.connection import Limits
from practicum.progress import note
from practicum.remote import fetch_file

__all__ = ["DATASETS", "FetchError", "fetch", "fetched", "is_damaged"]

FASHION_MIRRORS = (
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
)
CATS_MOST_BYTES = 200_000_000  # that the zip may unpack to; it does to 70 million
LIMITS = Limits()


@dataclass(frozen=True)
class Published:
    """A dataset's files, and the folder in a data folder that they stand in ("": the data folder itself)."""

    files: tuple[RemoteFile, ...]
    folder: str = ""


def check_photos(path: Path, expected: dict[str, int]) -> None:
    """See that a zip holds so many photos in each of these folders, and that each of them can be decoded.

    Raises:
        ValueError: it does not.
    """
    from PIL import Image

    note("checking the photos …")
    counts: Counter[str] = Counter()
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archives.check_zip(archive, path, most_bytes=CATS_MOST_BYTES):
                content = archive.read(member)  # which compares its checksum
                folders = member.filename.split("/")[:-1]
                if member.filename.lower().endswith(".jpg") and len(folders) > 1:
                    with Image.open(io.BytesIO(content)) as image:
                        image.draft("RGB", (image.width // 8, image.height // 8))  # quicker, and every byte is read
                        image.load()
                    counts[folders[-2]] += 1
    except archives.ArchiveError:  # a ValueError that says which member it is about
        raise
    except (*archives.DAMAGE, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ValueError(f"is no whole zip of photos ({error})") from None
    if counts != expected:
        raise ValueError(f"holds {dict(counts)} photos, expected {expected}")


def _fashion_file(name: str, size: int, sha256: str) -> RemoteFile:
    return RemoteFile(name, tuple(mirror + name for mirror in FASHION_MIRRORS), size, sha256)


DATASETS = {
    "cifar10": Published(
        (
            RemoteFile(
                "cifar-10-binary.tar.gz",
                (
                    "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
                    "https://mindspore-website.obs.cn-north-4.myhuaweicloud.com/notebook/datasets/cifar-10-binary.tar.gz",
                ),
                170_052_171,
                "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
            ),
        )
    ),
    "fashion_mnist": Published(
        (
            _fashion_file(
                "train-images-idx3-ubyte.gz",
                26_421_856,
                "b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7",
            ),
            _fashion_file(
                "train-labels-idx1-ubyte.gz",
                29_491,
                "0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056",
            ),
            _fashion_file(
                "t10k-images-idx3-ubyte.gz",
                4_422_079,
                "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa",
            ),
            _fashion_file(
                "t10k-labels-idx1-ubyte.gz",
                5_125,
                "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05",
            ),
        ),
        folder="fashion-mnist",
    ),
    "cats_vs_dogs": Published(
        (
            RemoteFile(
                "cats_and_dogs_filtered.zip",
                ("https://storage.googleapis.com/mledu-datasets/cats_and_dogs_filtered.zip",),
                68_606_236,
                check=partial(check_photos, expected={"train": 2000, "validation": 1000}),
            ),
        )
    ),
}


def fetch(name: str, to: str | Path | None = None) -> Path:
    """The dataset's file or folder; fetched unless it is there, whole and checked.

    What PRACTICUM_DATA or an earlier call has brought to this machine is taken from there, without the network.

    Args:
        name: "cifar10", "fashion_mnist" or "cats_vs_dogs".
        to: a folder that PRACTICUM_DATA is to name; its files get the names under which they are looked for. None:
            wherever they are already, or the download folder of the cache.

    Raises:
        ValueError: no such dataset; or it is not here and PRACTICUM_OFFLINE is set.
        FetchError: no address gave it, or the folder cannot take it. The next call goes on where this one stopped.
    """
    dataset = published(name)
    here = [folder for folder in (*places.search_path(), places.download_folder()) if _holds(folder, dataset, is_good)]
    if here and to is None:
        return here[0] / places.FINDABLE[name][0]
    target = places.download_folder() if to is None else Path(to).expanduser()
    for file in dataset.files:
        if here:
            copy_file(file, here[0] / dataset.folder / file.name, target / dataset.folder)
        elif not is_good(file, target / dataset.folder / file.name):
            _fetch_one(name, file, target / dataset.folder)
    return target / places.FINDABLE[name][0]


def fetched(name: str) -> Path | None:
    """What an earlier fetch has put into the cache, or None. The sizes are compared, not the contents."""
    folder = places.download_folder()
    return folder / places.FINDABLE[name][0] if _holds(folder, DATASETS[name], has_size) else None


def is_damaged(name: str, path: Path) -> bool:
    """True if path is what an earlier fetch has put into the cache, and has changed on the disk since."""
    folder = places.download_folder()
    return path == folder / places.FINDABLE[name][0] and not _holds(folder, DATASETS[name], is_good)


def published(name: str) -> Published:
    """Of which files a dataset consists.

    Raises:
        ValueError: it is none that can be fetched.
    """
    if name in DATASETS:
        return DATASETS[name]
    if name in places.BUNDLED:
        raise ValueError(f"fetch: {name} comes with the course, there is nothing to fetch.")
    close = difflib.get_close_matches(str(name), DATASETS, n=1)
    hint = f" Did you mean {close[0]}?" if close else ""
    raise ValueError(f"fetch: {name!r} is none of the datasets that can be fetched: {', '.join(DATASETS)}.{hint}")


def _holds(folder: Path, dataset: Published, good: Callable[[RemoteFile, Path], bool]) -> bool:
    return all(good(file, folder / dataset.folder / file.name) for file in dataset.files)


def _fetch_one(name: str, file: RemoteFile, folder: Path) -> None:
    if places.offline():
        raise ValueError(
            f"{name} is not bundled and was not found; tried {places.where_looked(name)}, and the downloads in "
            f"{places.download_folder()}. PRACTICUM_OFFLINE is set, so it is not fetched. {places.ways_out(name)}"
        )
    try:
        fetch_file(file, folder, limits=LIMITS)
    except FetchError as error:
        raise FetchError(f"{name} is not here, and {error} {places.ways_out(name)}") from None
