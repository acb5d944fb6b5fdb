"""A folder or an archive of class folders -> decoded images, and a census of its files."""

import gc
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import numpy as np

from practicum.cache import Writer
from practicum.census import Census, left_out_in_words, remarks_on
from practicum.dataset import SPLITS, UnusableDataError
from practicum.decoding import (
    Batch,
    Items,
    Outcome,
    Piece,
    Refused,
    Source,
    decode,
    decode_batch,
    without_warnings,
)
from practicum.duplicates import copy_groups, same_details, thumbnail_shape
from practicum.files import HOW_TO_ARRANGE, Files, open_files, system_note
from practicum.kinds import ENDINGS, ending_of, kind_of, why_no_image
from practicum.layout import ImageFile, Layout, one_spelling
from practicum.progress import track
from practicum.reasons import Note
from practicum.workers import Workers, hired, in_parallel, started_early, worth_processes

DEFAULT_SIZE = (96, 96)
SOME_FILES = 128  # of which the sizes are looked at
FIRST_IMAGES = 3  # by which photos of several sizes are told from a dataset of one
BATCH_FILES, BATCH_BYTES, BATCH_PIXELS = 512, 4_000_000, 8_000_000  # decoded in one go


class OtherSizeError(Exception):
    """An image has another size than the first one."""


@contextmanager
def _garbage_uncollected() -> Iterator[None]:
    """Spare Python's searches for cycles: among what is noted of 55,000 files they cost a twentieth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@_garbage_uncollected()
def decode_into(writer: Writer, origin: Path, size: tuple[int, int] | None, census: Census | None = None) -> None:
    """Decode every image of origin into writer, split by split, in the order of their paths.

    Args:
        writer: takes images, labels, and what is to be known about the files.
        origin: the folder or archive.
        size: (height, width) of the images; None for their own where they share one.
        census: of somebody who wants to know what became of each file also where no dataset comes of them: then all
            are decoded before an UnusableDataError says why.

    Raises:
        UnusableDataError: no images, none to learn from, or fewer than two classes.
    """
    to_the_end = census is not None
    census = Census() if census is None else census
    census.origin = origin
    with started_early(origin):
        files = open_files(origin)
    some = [files.bytes_of(path) for path in files.paths[:SOME_FILES]]
    with hired(in_processes=worth_processes(len(files.paths), some)) as workers:
        folders = find_images(files, census)
        census.count_classes(folders)
        if not to_the_end:
            _check(census)
        decoded = _decode_in_one_size(files, census, writer, size, workers)
    broken = _take_notes(census, decoded.outcomes)
    census.count_classes(folders)
    keys = _find_copies(census, decoded, writer)
    census.remarks = writer.remarks = remarks_on(census, broken)  # cutting splits will add to them
    _check(census)
    _finish(writer, census, keys)


def _check(census: Census) -> None:
    """See that there is something to learn from."""
    left_out = left_out_in_words(census, set())
    why = f" Left out: {left_out}." if left_out else ""
    splits = {image.split for image in census.images}
    if "train" not in splits:
        raise UnusableDataError(
            f"load: {census.origin} has {' and '.join(sorted(splits))} but no train folder. "
            "Put the images to learn from into train/CLASS/."
        )
    for split in sorted(splits, key=SPLITS.index):
        if all(census.is_left_out(image.path) for image in census.images if image.split == split):
            raise UnusableDataError(
                f"load: none of the {split} images of {census.origin} could be decoded. Are they image files?{why}"
            )
    if len(census.class_names) < 2:
        raise UnusableDataError(
            f"load: {census.origin} holds one class, {census.class_names[0]!r}, where at least two are needed.{why} "
            f"{HOW_TO_ARRANGE}"
        )


def find_images(files: Files, census: Census) -> set[str]:
    """Take into census the images that stand in class folders, sorted by path, and why the other files do not count.

    Returns:
        The classes that have a folder, whether or not there are images in it.

    Raises:
        UnusableDataError: there are no images, or none to learn from.
    """
    for path, note in files.notes.items():
        census.note(path, note)
    candidates = [path for path in files.paths if path not in files.heads or kind_of(files.heads[path])]
    for path, head in files.heads.items():
        kind = kind_of(head)
        census.note(path, Note("no_ending", f"a {kind}") if kind else Note(*why_no_image(head, ending_of(path))))
    if not candidates:
        left_out = left_out_in_words(census, set())
        why = f" Left out: {left_out}." if left_out else ""
        raise UnusableDataError(f"load: {files.origin} holds no images ({', '.join(ENDINGS)}).{why} {HOW_TO_ARRANGE}")
    layout = Layout.of(candidates)
    found = []
    places: dict[str, ImageFile | None] = {}  # by folder: many images share one
    for path in candidates:
        folder = path[: path.rfind("/") + 1]
        if folder not in places:
            places[folder] = layout.place(path)
        place = places[folder]
        if place is None:
            census.note(path, Note("outside_splits" if layout.is_outside_splits(path) else "loose"))
        else:
            found.append(ImageFile(place.split, place.class_name, path))
    census.images = one_spelling(found)
    if not found:
        raise UnusableDataError(f"load: the images of {files.origin} lie loose, in no class folder. {HOW_TO_ARRANGE}")
    own_folders = (layout.place(f"{folder}/any") for folder in files.folders if system_note(f"{folder}/any") is None)
    spelled = {image.class_name.casefold() for image in census.images}
    return {
        entry.class_name for entry in own_folders if entry is not None and entry.class_name.casefold() not in spelled
    }


class Decodings:
    """What became of the images, by their numbers: outcomes, and thumbnails of those that have pixels."""

    def __init__(self, count: int, size: tuple[int, int]) -> None:
        self.outcomes: list[Outcome | Note] = [Note("unreadable", "not read")] * count
        self.thumbnails = np.zeros((count, *thumbnail_shape(size), 3), np.uint8)

    def add(self, numbers: list[int], batch: Batch) -> None:
        """Take in a batch. It may be shorter than numbers, where decoding stopped early."""
        good = []
        for number, outcome in zip(numbers, batch.outcomes, strict=False):
            self.outcomes[number] = outcome
            if isinstance(outcome, Outcome):
                good.append(number)
        self.thumbnails[good[: len(batch.thumbnails)]] = batch.thumbnails


def _decode_in_one_size(
    files: Files, census: Census, writer: Writer, size: tuple[int, int] | None, workers: Workers
) -> Decodings:
    """Decode all images in this size; with None in their own where they share one, else in DEFAULT_SIZE."""
    # Without a size, all images are hoped to have that of the first ones. What was done before one of another size
    # turns up is lost; but photos of several sizes show that soon, and where all are alike each is read once only.
    with without_warnings():
        own = shared_size(files, census.images) if size is None else None
        census.image_size = size or own or DEFAULT_SIZE
        try:
            return _decode_all(files, census.images, writer, workers, census.image_size, only_this_size=own is not None)
        except OtherSizeError:
            census.image_size = DEFAULT_SIZE
            return _decode_all(files, census.images, writer, workers, DEFAULT_SIZE, only_this_size=False)


def _decode_all(
    files: Files,
    images: list[ImageFile],
    writer: Writer,
    workers: Workers,
    size: tuple[int, int],
    *,
    only_this_size: bool,
) -> Decodings:
    """Decode each image to its place.

    Raises:
        OtherSizeError: with only_this_size, as soon as an image has another one.
    """
    targets = {}
    places: dict[str, tuple[int, str, int]] = {}
    for split, numbers in _by_split(images).items():
        targets[split] = writer.reserve(split, len(numbers), (*size, 3))
        places.update({images[number].path: (number, split, row) for row, number in enumerate(numbers)})

    decoded = Decodings(len(images), size)
    decode = partial(decode_batch, files=targets, only_this_size=only_this_size, quietly=workers.are_processes)
    with closing(in_parallel(decode, _batches(files, places, size, workers.number), workers)) as answers:
        for number in track(_one_by_one(answers, decoded), "decoding images", len(images)):
            outcome = decoded.outcomes[number]
            if only_this_size and isinstance(outcome, Outcome) and outcome.size != size:
                raise OtherSizeError
    return decoded


def _one_by_one(answers: Iterator[tuple[list[int], Batch]], decoded: Decodings) -> Iterator[int]:
    """The number of each image that is done, once it is in decoded."""
    for numbers, batch in answers:
        decoded.add(numbers, batch)
        yield from numbers[: len(batch.outcomes)]


def _batches(
    files: Files, places: dict[str, tuple[int, str, int]], size: tuple[int, int], workers: int
) -> Iterator[tuple[list[int], Items]]:
    """What is to be decoded, in pieces worth handing over: the images' numbers, places and sources."""
    # The last bound is for all workers to be done at about the same time.
    most = max(1, min(BATCH_FILES, BATCH_PIXELS // (size[0] * size[1]), len(places) // (16 * workers)))
    numbers: list[int] = []
    items = Items()
    waiting = 0
    for path, source in files.read(set(places)):
        number, split, row = places[path]
        numbers.append(number)
        items.append((split, row, source))
        waiting += _bytes_in(source)
        if len(items) == most or waiting > BATCH_BYTES:
            yield numbers, items
            numbers, items, waiting = [], Items(), 0
    if items:
        yield numbers, items


def _bytes_in(source: Source) -> int:
    """How much of a file's content will lie in memory while it waits for being decoded."""
    if isinstance(source, bytes):
        return len(source)
    return source.size if isinstance(source, Piece) else 0


def shared_size(files: Files, images: list[ImageFile]) -> tuple[int, int] | None:
    """(height, width) of the first images that can be read, or None where they differ or there are none."""
    sizes: list[tuple[int, int]] = []
    for _, source in files.read({image.path for image in images}):
        try:
            sizes.append(decode(source, None).size)
        except Refused:
            continue  # decoding will list it
        if len(sizes) == FIRST_IMAGES:
            break
    return sizes[0] if len(set(sizes)) == 1 else None


def _take_notes(census: Census, outcomes: list[Outcome | Note]) -> list[str]:
    """Take into census what is to be said about the decoded files; give the paths of those that could not be."""
    broken = []
    for image, outcome in zip(census.images, outcomes, strict=True):
        path = image.path
        if isinstance(outcome, Note):
            census.note(path, outcome)
            broken.append(path)
            continue
        if outcome.frames > 1:
            census.note(path, Note("animated", f"{outcome.frames} pictures"))
        if outcome.kind != "JPEG" or not path.endswith(".jpg"):  # most are
            named = ENDINGS.get(ending_of(path))
            if named is not None and named != outcome.kind:
                census.note(path, Note("wrong_ending", f"is a {outcome.kind}"))
    return broken


def _find_copies(census: Census, decoded: Decodings, writer: Writer) -> dict[int, int]:
    """Find which images are of one picture. Give a key for the number of each image, equal for copies."""
    numbers = np.array(census.used(), np.int64)
    own_keys = np.array([decoded.outcomes[number].key for number in numbers], np.uint64)
    by_split = _by_split(census.images)
    places = {number: (split, row) for split, own in by_split.items() for row, number in enumerate(own)}
    images = {split: np.load(writer.path(split, "images"), mmap_mode="r") for split in by_split}

    def confirm(one: int, other: int) -> bool:
        first, second = (images[split][row] for split, row in (places[numbers[one]], places[numbers[other]]))
        return same_details(first, second)

    groups = copy_groups(own_keys, decoded.thumbnails[numbers], confirm)
    census.add_copies(numbers, groups, own_keys)
    return dict(zip(numbers.tolist(), own_keys[groups].tolist(), strict=True))


def _finish(writer: Writer, census: Census, keys: dict[int, int]) -> None:
    """Give the writer the labels of the images that are used."""
    writer.class_names = census.class_names
    labels = {class_name: label for label, class_name in enumerate(census.class_names)}
    for split, numbers in _by_split(census.images).items():
        rows = np.array([row for row, number in enumerate(numbers) if number in keys])
        kept = [numbers[row] for row in rows]
        writer.finish(
            split,
            np.array([labels[census.images[number].class_name] for number in kept], np.int32),
            np.array([keys[number] for number in kept], np.uint64),
            rows,
            origins=np.array(kept),
        )
    writer.audit = lambda: census.facts(
        {number: split for split, numbers in writer.origins.items() for number in numbers.tolist()}
    )


def _by_split(images: list[ImageFile]) -> dict[str, list[int]]:
    """The numbers of the images of each split, sorted by path as before: the same order on every machine."""
    splits = [image.split for image in images]
    return {split: [number for number, own in enumerate(splits) if own == split] for split in dict.fromkeys(splits)}
