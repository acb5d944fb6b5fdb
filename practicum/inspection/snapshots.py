"""How filters and feature maps come about: small copies of them, kept epoch by epoch while a network learns."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from practicum.backend import keras
from practicum.inspection.maps import feature_maps
from practicum.inspection.walk import all_layers, checked_images, find_maps, with_its_activation

MOST_MAPS = 16
MOST_FRAMES = 24
MOST_BYTES = 64_000_000


@dataclass(frozen=True)
class Snapshot:
    """A network at one moment of its training.

    epoch: how many epochs it has learned; 0 before the first one.
    filters: {layer: float32 (kernel height, kernel width, depth, filters)}, of the first filters of each convolution.
    maps: {layer: float32 (H, W, maps)}, the first feature maps that each layer makes of the image.
    """

    epoch: int
    filters: dict[str, np.ndarray]
    maps: dict[str, np.ndarray]


class Snapshots(keras.callbacks.Callback):
    """A callback that keeps filters, and feature maps of one image, before the first epoch and after each.

    For `train(model, dataset, callbacks=[snapshots])` and for Keras's own `model.fit(…, callbacks=[snapshots])`.

    Args:
        image: (height, width, channels), of the model's input shape and range.
        layers: names of the layers to keep; None for the first convolution, and for what follows each convolution (its
            normalisation and activation).
        most_maps: so many filters and maps of each layer, the first ones.
        most_frames: so many moments. When there are more, every second one is dropped, from then on as well; the first
            and the latest are always there.
        most_bytes: of memory, after which it is thinned in the same way; two moments are kept in any case.

    Attributes:
        image: the image.
        frames: list of Snapshot, by epoch.

    Raises (when training begins):
        ValueError: no such layer, one that gives no feature maps, or an image of another shape.

    A training that goes on (`train` with run_dir, `fit` with initial_epoch) adds to the frames of the epochs before, if
    this object has seen them; to a new object it begins with the weights that it goes on from.

    Example:
        >>> snapshots = Snapshots(dataset.test.images[0])  # doctest: +SKIP
        >>> train(model, dataset, epochs=10, callbacks=[snapshots])  # doctest: +SKIP
        >>> snapshots.frames[-1].filters["module1_conv"].shape  # doctest: +SKIP
        (3, 3, 3, 16)
    """

    def __init__(
        self,
        image: np.ndarray,
        layers: Sequence[str] | None = None,
        *,
        most_maps: int = MOST_MAPS,
        most_frames: int = MOST_FRAMES,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        super().__init__()
        bounds = (("most_maps", most_maps, 1), ("most_frames", most_frames, 3), ("most_bytes", most_bytes, 1))
        for name, value, least in bounds:
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise ValueError(f"Snapshots: {name} must be a whole number of {least} or more. Received {value!r}.")
        self.image = np.asarray(image)
        self.layers = None if layers is None else [layers] if isinstance(layers, str) else list(layers)
        self.most_maps, self.most_frames, self.most_bytes = most_maps, most_frames, most_bytes
        self.frames: list[Snapshot] = []
        self._begins = True
        self._every = 1  # of the epochs, one in so many is kept

    def on_train_begin(self, logs: dict | None = None) -> None:
        checked_images(self.model, self.image, "Snapshots")
        if self.layers is None:
            self.layers = _usual_layers(self.model)
        self.layers = [find_maps(self.model, name, "Snapshots")[0] for name in self.layers]
        self._begins = True

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        if self._begins:
            self.frames = [frame for frame in self.frames if frame.epoch < epoch]  # it goes on, or starts anew
            self._every = self._every if self.frames else 1
            self._take(epoch)
        self._begins = False

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self._take(epoch + 1)

    def bytes(self) -> int:
        """The memory that the frames take."""
        return sum(
            array.nbytes for frame in self.frames for kept in (frame.filters, frame.maps) for array in kept.values()
        )

    def _take(self, epoch: int) -> None:
        maps = feature_maps(self.model, self.image)
        layers = all_layers(self.model)
        names = self.layers or []
        kept = {name: maps[name][..., : self.most_maps].copy() for name in names}
        kernels = {
            name: layers[name].get_weights()[0][..., : self.most_maps].astype(np.float32)
            for name in names
            if isinstance(layers[name], keras.layers.Conv2D)
        }
        self.frames = [frame for frame in self.frames if self._stays(frame)] + [Snapshot(epoch, kernels, kept)]
        while len(self.frames) > 2 and (len(self.frames) > self.most_frames or self.bytes() > self.most_bytes):
            self._every *= 2
            self.frames = [frame for frame in self.frames if self._stays(frame) or frame.epoch == epoch]

    def _stays(self, frame: Snapshot) -> bool:
        return frame.epoch % self._every == 0 or frame is self.frames[0]


def _usual_layers(model: "keras.Model") -> list[str]:
    """The first convolution, and the last layer that belongs to each."""
    convolutions = [name for name, layer in all_layers(model).items() if isinstance(layer, keras.layers.Conv2D)]
    return list(dict.fromkeys([*convolutions[:1], *(with_its_activation(model, name) for name in convolutions)]))
