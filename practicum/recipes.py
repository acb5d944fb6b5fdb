"""How `python -m practicum train` builds and trains unless it is told otherwise."""

from dataclasses import dataclass

LEAST_EPOCHS, MOST_EPOCHS = 3, 50


@dataclass(frozen=True)
class Recipe:
    """The choices that go together. Each is an argument of build_cnn or of train, where it is explained."""

    filters: tuple[int, ...]
    batch_norm: bool
    dropout: float
    augment_from: int | None  # augment if an image is seen in at least so many epochs; None: never
    batch_size: int
    learning_rate: float
    weight_decay: float
    label_smoothing: float
    steps: int

    def epochs_for(self, images: int) -> int:
        """So many epochs that the steps come out, within bounds: a small dataset is gone through more often.

        Example:
            >>> [RECIPES["fast"].epochs_for(images) for images in (500, 2_530, 9_000, 45_000)]
            [50, 46, 13, 3]
        """
        return min(max(round(self.steps * self.batch_size / images), LEAST_EPOCHS), MOST_EPOCHS)

    def augments_in(self, epochs: int) -> bool:
        """Whether to augment: it keeps a network from learning images by heart, which takes many epochs.

        In few epochs it only makes the task harder.
        """
        return self.augment_from is not None and epochs >= self.augment_from


RECIPES = {
    # Four narrow modules learn more in the same time than three wide ones; the rest keeps them from learning by heart.
    "fast": Recipe(
        filters=(16, 32, 64, 128),
        batch_norm=True,
        dropout=0.2,
        augment_from=20,
        batch_size=64,
        learning_rate=0.004,
        weight_decay=0.1,
        label_smoothing=0.1,
        steps=1800,
    ),
    # The bare network of the lesson: convolution, ReLU and pooling, then fully connected layers.
    "plain": Recipe(
        filters=(32, 64, 128),
        batch_norm=False,
        dropout=0.0,
        augment_from=None,
        batch_size=64,
        learning_rate=0.0015,
        weight_decay=0.02,
        label_smoothing=0.0,
        steps=600,
    ),
}
