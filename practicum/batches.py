"""Images and labels of a split as shuffled, optionally augmented batches for `keras.Model.fit`."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from practicum import backend
from practicum.backend import keras
from practicum.dataset import Split
from practicum.pixel_files import forget

AHEAD = 2  # batches made ready while a step is computed
KEPT = 256_000_000  # bytes of a memory map that may count as this process's memory
ALIGNED = 64  # bytes


class Share(NamedTuple):
    """Which devices a process feeds: those from first up to, but not including, last, of so many in all processes."""

    devices: int = 1
    first: int = 0
    last: int = 1

    def of(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Which images of a batch of count this process takes, and what each of them counts, float32.

        All devices take equally many. Where a batch cannot be divided so, its last image fills the gaps and counts
        nothing there, and the others so much more that the mean is that of the batch.
        """
        each = -(-count // self.devices)
        places = np.arange(self.first * each, self.last * each)
        weights = np.where(places < count, self.devices * each / count, 0).astype(np.float32)
        return np.minimum(places, count - 1), weights


class Batches(keras.utils.PyDataset):
    """Batches of (images, labels), in a new order each epoch.

    What a batch holds depends on seed, epoch and its place alone, so a run can be repeated exactly.

    Args:
        split: the images (uint8, N×H×W×C) and labels. They are read a batch at a time; a memory map stays on disk.
        batch_size: images a batch; the last one of an epoch may have fewer.
        augment: flip half of the images left to right; move each by up to an eighth of its size, and stretch or squeeze
            it by up to a fifth.
        seed: any integer.
        share: with several devices, which of them this process feeds. Then batches are (images, labels, weights).
    """

    def __init__(
        self,
        split: Split,
        *,
        batch_size: int,
        augment: bool,
        seed: int,
        share: Share = Share(),  # noqa: B008
    ) -> None:
        super().__init__()
        self.share = share
        self.split = split
        self.batch_size = batch_size
        self.augment = augment
        self.seed = seed
        self.epoch = 0
        self.order = self._shuffled()
        self.bytes_read = 0

    def __len__(self) -> int:
        return -(-len(self.split) // self.batch_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, ...]:
        return self._batch(self.epoch, self.order, index)

    def _batch(self, epoch: int, order: np.ndarray, index: int) -> tuple[np.ndarray, ...]:
        # Sorted places make the reading of a memory map go forward; within a batch the order does not matter.
        chosen = np.sort(order[index * self.batch_size : (index + 1) * self.batch_size])
        count = len(chosen)
        places, weights = self.share.of(count)
        chosen = chosen[places]
        images = take(self.split.images, chosen)
        self.bytes_read += images.nbytes
        if self.bytes_read > KEPT:
            forget(self.split.images)
            self.bytes_read = 0
        if self.augment:
            images = flip_shift_zoom(images, np.random.default_rng([self.seed, epoch, index]), of=(count, places))
        labels = self.split.labels[chosen]
        return (images, labels) if self.share.devices == 1 else (images, labels, weights)

    def resume(self, epoch: int, *, augment: bool) -> None:
        """Go on with the epoch of that number, from 0."""
        self.epoch, self.augment = epoch, augment
        self.order = self._shuffled()

    def begin(self, epoch: int) -> None:
        """From now on it is the epoch of that number, from 0, however often batches were asked for before.

        On several devices `fit` takes a look at the batches before it begins.
        """
        if epoch != self.epoch:
            self.resume(epoch, augment=self.augment)

    def on_epoch_end(self) -> None:
        self.epoch += 1
        self.order = self._shuffled()

    def pipeline(self) -> Any:
        """What to give to `fit`: these batches in the form in which the backend takes them fastest."""
        example = (self.split.images, self.split.labels, np.zeros(1, np.float32))[: 2 if self.share.devices == 1 else 3]
        return backend.pipeline(self, self._one_epoch, example=example, ahead=AHEAD)

    def _one_epoch(self) -> Iterator[tuple[np.ndarray, ...]]:
        epoch, order = self.epoch, self.order
        # Whoever asks next means the next epoch, even if the last batches of this one were never asked for.
        self.on_epoch_end()
        for index in range(len(self)):
            yield self._batch(epoch, order, index)

    def _shuffled(self) -> np.ndarray:
        return np.random.default_rng([self.seed, self.epoch]).permutation(len(self.split))


def take(images: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """images[rows], beginning at a multiple of 64 bytes: TensorFlow uses such an array as it is and copies others."""
    shape = (len(rows), *images.shape[1:])
    size = int(np.prod(shape)) * images.itemsize
    room = np.empty(size + ALIGNED, np.uint8)
    start = -room.ctypes.data % ALIGNED
    taken = room[start : start + size].view(images.dtype).reshape(shape)
    return np.take(images, rows, axis=0, out=taken, mode="clip")  # other modes fill an array of their own first


def flip_shift_zoom(
    images: np.ndarray,
    random: np.random.Generator,
    *,
    shift: float = 1 / 8,
    zoom: float = 0.2,
    of: tuple[int, np.ndarray] | None = None,
) -> np.ndarray:
    """Each image flipped left to right with probability one half, moved, and stretched or squeezed a little.

    Every pixel of the result is a pixel of the image: no colours are mixed. Where the image is moved or squeezed, its
    outermost pixels are repeated.

    Args:
        images: (N, H, W, C) of any dtype.
        random: where the choices come from.
        shift: move by up to this share of height and width, 0 to 1.
        zoom: stretch or squeeze height and width, each by its own factor from 1 - zoom to 1 + zoom; 0 up to 1.
        of: of how many images these are a part, and at which places, int (N,); they change as they would among all.

    Returns:
        An array of the same shape and dtype.

    Example:
        >>> images = np.arange(4, dtype=np.uint8).reshape(1, 2, 2, 1)
        >>> flip_shift_zoom(images, np.random.default_rng(0), shift=0, zoom=0)[0, :, :, 0]
        array([[0, 1],
               [2, 3]], dtype=uint8)

    Source: flip and shift as in He et al. 2016, "Deep residual learning", section 4.2; stretching as in Szegedy et al.
        2015, "Going deeper with convolutions", section 6.
    """
    own, height, width, _ = images.shape
    count, places = of or (own, np.arange(own))
    flipped = random.random(count) < 0.5
    rows = _source_places(height, count, random, shift, zoom)
    columns = _source_places(width, count, random, shift, zoom)
    columns[flipped] = columns[flipped, ::-1]
    return images[np.arange(own)[:, None, None], rows[places][:, :, None], columns[places][:, None, :]]


def _source_places(size: int, count: int, random: np.random.Generator, shift: float, zoom: float) -> np.ndarray:
    """For each of count images and size places: from which place of the image to take the pixel."""
    reach = int(size * shift)
    moves = random.integers(-reach, reach + 1, (count, 1))
    factors = random.uniform(1 - zoom, 1 + zoom, (count, 1))
    middle = (size - 1) / 2
    places = np.rint((np.arange(size) - middle) / factors + middle + moves)
    return places.clip(0, size - 1).astype(int)
