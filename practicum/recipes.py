"""How `python -m practicum train` builds and trains unless it is told otherwise."""

from dataclasses import dataclass

LEAST_EPOCHS, MOST_EPOCHS = 3, 50


@dataclass(frozen=True)
class Recipe:
    """The choices that go together. Each is an argument of build_cnn or of train, where it is explained."""

    filters: tuple[int, ...]
    batch_norm: bool
    global_pooling: bool
    dropout: float
    augment: bool | str
    batch_size: int
    learning_rate: float
    weight_decay: float
    label_smoothing: float
    steps: int

    def epochs_for(self, images: int) -> int:
        """So many epochs that the steps come out, within bounds: a small dataset is gone through more often.

        Example:
            >>> [RECIPES["fast"].epochs_for(images) for images in (500, 2_530, 9_000, 45_000)]
            [50, 50, 26, 5]
        """
        return min(max(round(self.steps * self.batch_size / images), LEAST_EPOCHS), MOST_EPOCHS)


RECIPES = {
    # Four narrow modules learn more in the same time than three wide ones; the rest keeps them from learning by heart.
    "fast": Recipe(
        filters=(16, 32, 64, 128),
        batch_norm=True,
        global_pooling=True,
        dropout=0.2,
        augment="auto",
        batch_size=128,
        learning_rate=0.01,
        weight_decay=0.1,
        label_smoothing=0.1,
        steps=1800,
    ),
    # The bare network of the lesson: convolution, ReLU and pooling, then fully connected layers.
    "plain": Recipe(
        filters=(32, 64, 128),
        batch_norm=False,
        global_pooling=False,
        dropout=0.0,
        augment=False,
        batch_size=64,
        learning_rate=0.0015,
        weight_decay=0.02,
        label_smoothing=0.0,
        steps=600,
    ),
}
