"""Build a convolutional neural network, and say what each of its layers does and costs."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from practicum.backend import keras
from practicum.model_files import load_pretrained, pretrained_facts

__all__ = ["LayerRow", "LayerTable", "build_cnn", "layer_table", "load_pretrained", "pretrained_facts"]

MAX_MODULES = 6
MAX_DENSE_LAYERS = 3

Size = int | tuple[int, int]


def build_cnn(
    input_shape: tuple[int, int, int],
    num_classes: int,
    *,
    filters: Sequence[int] = (32, 64, 128),
    kernel_size: Size | Sequence[Size] = 3,
    padding: str = "same",
    pool_size: int | Sequence[int] = 2,
    pool_strides: int | Sequence[int] | None = None,
    dense_units: Sequence[int] = (64,),
    dropout: float = 0.0,
    batch_norm: bool = False,
    global_pooling: bool = False,
    seed: int | None = None,
) -> "keras.Sequential":
    """A CNN: modules of convolution, ReLU and max pooling, then fully connected layers and a softmax.

    The operations of a module are layers of their own, so that each can be pointed at: "module1_conv",
    ("module1_norm",) "module1_relu", "module1_pool". After the modules come "flatten" (or "global_pool"), "dense1",
    ("dropout1",) ..., "scores" (one number a class) and "softmax" (the scores as probabilities).

    Args:
        input_shape: (height, width, channels) of an image. The network takes raw pixels, 0 to 255.
        num_classes: number of labels, 2 or more.
        filters: number of filters of each module; as many modules as numbers, 1 to 6.
        kernel_size: height and width of a filter: 3, (3, 5), or one such value per module: (5, 3, 3).
            As a pair is read as one size (height, width), write per-module sizes of two modules as [5, 3].
        padding: "same" keeps height and width by adding zeros around the image, "valid" adds none.
        pool_size: height and width of the tiles of max pooling, or one per module; 1 leaves pooling out.
        pool_strides: step from tile to tile, or one per module; None steps by pool_size, so that tiles do not overlap.
        dense_units: units of each fully connected layer before the last; 0 to 3 of them.
        dropout: share (0 up to, not including, 1) of units switched off at random in training, after each fully
            connected layer (after "flatten" where there is none).
        batch_norm: normalise each convolution's output before ReLU; the convolutions then have no bias of their own.
        global_pooling: take the mean of each feature map instead of flattening.
        seed: makes the initial weights the same every time.

    Returns:
        An uncompiled keras.Sequential from (N, height, width, channels) to (N, num_classes), float32.

    Raises:
        ValueError: for a value out of range, or when a module would leave nothing of its feature maps.

    Example:
        >>> model = build_cnn((32, 32, 3), 10, filters=(32, 64))
        >>> [layer.name for layer in model.layers][:4]
        ['rescale', 'module1_conv', 'module1_relu', 'module1_pool']
        >>> model.count_params()
        282250

    Source: LeCun et al. 1998, "Gradient-based learning applied to document recognition", section II;
        batch normalisation: Ioffe and Szegedy 2015; dropout: Srivastava et al. 2014.
    """
    shape = _checked_shape(input_shape)
    filters = _checked_counts("filters", filters, least=1, most=MAX_MODULES, what="module")
    dense_units = _checked_counts("dense_units", dense_units, least=0, most=MAX_DENSE_LAYERS, what="dense layer")
    if not _is_int(num_classes) or num_classes < 2:
        raise ValueError(
            f"build_cnn: num_classes must be an integer of 2 or more. Received num_classes={num_classes!r}. "
            "Pass the number of labels, for instance len(dataset.class_names)."
        )
    if padding not in ("same", "valid"):
        raise ValueError(f'build_cnn: padding must be "same" or "valid". Received padding={padding!r}.')
    if not isinstance(dropout, int | float) or isinstance(dropout, bool) or not 0 <= dropout < 1:
        raise ValueError(
            f"build_cnn: dropout is a share from 0 up to, but not including, 1. Received dropout={dropout!r}. "
            "0.5 switches off half of the units."
        )
    modules = len(filters)
    kernels = [_pair("kernel_size", size) for size in _per_module("kernel_size", kernel_size, modules)]
    pools = [_pair("pool_size", size) for size in _per_module("pool_size", pool_size, modules)]
    steps = pools
    if pool_strides is not None:
        steps = [_pair("pool_strides", size) for size in _per_module("pool_strides", pool_strides, modules)]
    _check_maps_survive(shape, kernels, pools, steps, padding)

    seeds = _Seeds(seed)
    layers = keras.layers
    model = keras.Sequential([keras.Input(shape, name="image"), layers.Rescaling(1 / 255, name="rescale")])
    for index in range(modules):
        name = f"module{index + 1}"
        model.add(
            layers.Conv2D(
                filters[index],
                kernels[index],
                padding=padding,
                use_bias=not batch_norm,
                kernel_initializer=keras.initializers.HeNormal(seed=seeds.next()),
                name=f"{name}_conv",
            )
        )
        if batch_norm:
            # Keras's momentum of 0.99 averages over hundreds of steps; a short training has fewer. A factor of its own
            # (scale) is not needed: the next layer's weights do the same, and without one, training can pool first.
            model.add(layers.BatchNormalization(momentum=0.9, scale=False, name=f"{name}_norm"))
        model.add(layers.ReLU(name=f"{name}_relu"))
        if pools[index] != (1, 1) or steps[index] != (1, 1):
            model.add(layers.MaxPooling2D(pools[index], strides=steps[index], name=f"{name}_pool"))
    if global_pooling:
        model.add(layers.GlobalAveragePooling2D(name="global_pool"))
    else:
        model.add(layers.Flatten(name="flatten"))
    if dropout and not dense_units:
        model.add(layers.Dropout(dropout, seed=seeds.next(), name="dropout1"))
    for number, units in enumerate(dense_units, start=1):
        initializer = keras.initializers.HeNormal(seed=seeds.next())
        model.add(layers.Dense(units, activation="relu", kernel_initializer=initializer, name=f"dense{number}"))
        if dropout:
            model.add(layers.Dropout(dropout, seed=seeds.next(), name=f"dropout{number}"))
    # The scores and their softmax stay in float32, also in a network that computes in 16 bits.
    initializer = keras.initializers.GlorotUniform(seed=seeds.next())
    model.add(layers.Dense(num_classes, kernel_initializer=initializer, dtype="float32", name="scores"))
    model.add(layers.Softmax(dtype="float32", name="softmax"))
    return model


class _Seeds:
    """A different seed for each layer, or None for each."""

    def __init__(self, seed: int | None) -> None:
        self.seed = seed
        self.used = 0

    def next(self) -> int | None:
        if self.seed is None:
            return None
        self.used += 1
        return self.seed * 1000 + self.used


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _checked_shape(shape: Sequence[int]) -> tuple[int, int, int]:
    whole = isinstance(shape, Sequence) and all(_is_int(size) and size > 0 for size in shape)
    if not whole or len(shape) != 3:
        raise ValueError(
            f"build_cnn: input_shape must be (height, width, channels), three positive integers. "
            f"Received input_shape={shape!r}. A 32×32 colour image is (32, 32, 3), a grey one (32, 32, 1)."
        )
    return shape[0], shape[1], shape[2]


def _checked_counts(name: str, values: Any, *, least: int, most: int, what: str) -> tuple[int, ...]:
    if _is_int(values):
        values = (values,)
    if not isinstance(values, Sequence) or isinstance(values, str):
        raise ValueError(f"build_cnn: {name} must be a sequence of integers such as (32, 64). Received {values!r}.")
    if not least <= len(values) <= most:
        raise ValueError(
            f"build_cnn: {name} gives one number a {what}, {least} to {most} of them. "
            f"Received {len(values)}: {tuple(values)}."
        )
    if not all(_is_int(value) and value > 0 for value in values):
        raise ValueError(f"build_cnn: each number in {name} must be a positive integer. Received {tuple(values)}.")
    return tuple(values)


def _per_module(name: str, value: Any, modules: int) -> list[Any]:
    """One value for every module, or one each. A tuple of two integers is one size, (height, width)."""
    single_size = isinstance(value, tuple) and len(value) == 2 and all(_is_int(size) for size in value)
    if single_size or not isinstance(value, Sequence):
        return [value] * modules
    if len(value) != modules:
        raise ValueError(
            f"build_cnn: {name} must be one value or one per module. Received {len(value)} values for {modules} "
            f"module{'s' if modules > 1 else ''}: {value!r}."
        )
    return list(value)


def _pair(name: str, size: Any) -> tuple[int, int]:
    pair = (size, size) if _is_int(size) else size
    if not isinstance(pair, Sequence) or len(pair) != 2 or not all(_is_int(side) and side > 0 for side in pair):
        raise ValueError(f"build_cnn: {name} must be a positive integer or a pair of them. Received {size!r}.")
    return pair[0], pair[1]


def _check_maps_survive(
    shape: tuple[int, int, int],
    kernels: list[tuple[int, int]],
    pools: list[tuple[int, int]],
    steps: list[tuple[int, int]],
    padding: str,
) -> None:
    """Follow height and width through the modules; say where they would shrink to nothing, and what to change."""
    height, width = shape[:2]
    received = f"Received input_shape={shape} and {len(kernels)} modules with padding={padding!r}."
    for number, (kernel, pool, step) in enumerate(zip(kernels, pools, steps, strict=True), start=1):
        fewer = f"{number - 1} module{'s' if number > 2 else ''}, " if number > 1 else ""
        if padding == "valid":
            if kernel[0] > height or kernel[1] > width:
                raise ValueError(
                    f"build_cnn: the {kernel[0]}×{kernel[1]} filters of module {number} are larger than its "
                    f"{height}×{width} feature maps. {received} Use {fewer}a smaller kernel_size, or padding='same'."
                )
            height, width = height - kernel[0] + 1, width - kernel[1] + 1
        if pool[0] > height or pool[1] > width:
            raise ValueError(
                f"build_cnn: the {pool[0]}×{pool[1]} max pooling of module {number} leaves nothing of its "
                f"{height}×{width} feature maps. {received} Use {fewer}a smaller pool_size for module {number} (1 "
                "leaves pooling out), or larger images."
            )
        height, width = (height - pool[0]) // step[0] + 1, (width - pool[1]) // step[1] + 1


class LayerRow(NamedTuple):
    """What one layer gives and costs, for one image.

    multiply_adds counts the multiplications by the layer's weights (each followed by an addition); layers without
    weights have none. receptive_field is the (height, width) in pixels of the part of the image that one output
    value depends on; near the border, part of it is padding. None stands for "not known for this kind of layer".
    """

    name: str
    output_shape: tuple[int, ...]
    parameters: int
    multiply_adds: int | None
    receptive_field: tuple[int, int] | None


class LayerTable(tuple[LayerRow, ...]):
    """Rows of LayerRow that print as a table."""

    def cells(self) -> list[tuple[str, str, str, str, str]]:
        return [
            (
                row.name,
                "×".join(map(str, row.output_shape)),
                f"{row.parameters:,}",
                "?" if row.multiply_adds is None else f"{row.multiply_adds:,}",
                "?" if row.receptive_field is None else "×".join(map(str, row.receptive_field)),
            )
            for row in self
        ]

    def total(self) -> tuple[str, str, str, str, str]:
        multiply_adds = sum(row.multiply_adds or 0 for row in self)
        return ("total", "", f"{sum(row.parameters for row in self):,}", f"{multiply_adds:,}", "")

    def __str__(self) -> str:
        lines = [("layer", "output", "parameters", "multiply-adds", "sees"), *self.cells(), self.total()]
        widths = [max(len(line[column]) for line in lines) for column in range(5)]
        text = [
            "  ".join(
                cell.ljust(width) if column < 2 else cell.rjust(width)
                for column, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in lines
        ]
        return "\n".join([*text[:1], "-" * len(text[0]), *text[1:-1], "-" * len(text[0]), text[-1]])


def layer_table(model: "keras.Model") -> LayerTable:
    """Name, output shape, parameters, multiply-adds and receptive field of each layer, first to last.

    Args:
        model: a built Sequential, or a functional model whose layers form one chain.

    Returns:
        A LayerTable; its parameters add up to model.count_params(), print(table) shows it as a table.

    Raises:
        ValueError: for a model that is not built yet, or that is no chain of layers.

    Example:
        >>> table = layer_table(build_cnn((5, 5, 1), 2, filters=(4,), padding="valid", dense_units=()))
        >>> table[1]
        LayerRow(name='module1_conv', output_shape=(3, 3, 4), parameters=40, multiply_adds=324, receptive_field=(3, 3))
        >>> table[3].receptive_field
        (4, 4)

    Source: receptive field arithmetic: Araujo, Norris and Sim 2019, "Computing receptive fields of convolutional
        neural networks", https://distill.pub/2019/computing-receptive-fields.
    """
    if not model.built or not getattr(model, "inputs", None):
        raise ValueError(
            "layer_table: the model is not built yet, so its shapes are not known. Begin it with keras.Input(shape)."
        )
    rows = []
    image_size = tuple(model.inputs[0].shape[1:3])
    size: tuple[int, int] | None = (1, 1)  # pixels that one value depends on
    jump = (1, 1)  # pixels between neighbouring values
    for layer in model.layers:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        if isinstance(layer.input, list):
            raise ValueError(
                f"layer_table: layer {layer.name!r} has several inputs; only a chain of layers has a table."
            )
        if size is not None:
            size, jump = _grow_field(layer, size, jump, image_size)
        output_shape = tuple(layer.output.shape[1:])
        rows.append(LayerRow(layer.name, output_shape, layer.count_params(), _multiply_adds(layer), size))
    return LayerTable(rows)


# Layers that treat every value, or every place, on its own: one output sees what one input sees.
_POINTWISE = (
    keras.layers.Rescaling,
    keras.layers.ReLU,
    keras.layers.LeakyReLU,
    keras.layers.Activation,
    keras.layers.BatchNormalization,
    keras.layers.Dropout,
    keras.layers.SpatialDropout2D,
)
_SEES_EVERYTHING = (
    keras.layers.Dense,
    keras.layers.Softmax,
    keras.layers.GlobalAveragePooling2D,
    keras.layers.GlobalMaxPooling2D,
)


def _grow_field(
    layer: "keras.layers.Layer", size: tuple[int, int], jump: tuple[int, int], image_size: tuple[int, ...]
) -> tuple[tuple[int, int] | None, tuple[int, int]]:
    """The receptive field after layer, and the step in pixels between neighbouring values."""
    if isinstance(layer, keras.layers.Conv2D):
        reach = [(k - 1) * d for k, d in zip(layer.kernel_size, layer.dilation_rate, strict=True)]
    elif isinstance(layer, keras.layers.MaxPooling2D | keras.layers.AveragePooling2D):
        reach = [pool - 1 for pool in layer.pool_size]
    elif isinstance(layer, (*_POINTWISE, keras.layers.Flatten)):
        # Flatten only lines the values up; each still sees what it saw before.
        return size, jump
    elif isinstance(layer, _SEES_EVERYTHING):
        return (image_size[0], image_size[1]), jump
    else:
        return None, jump
    grown = (size[0] + reach[0] * jump[0], size[1] + reach[1] * jump[1])
    return grown, (jump[0] * layer.strides[0], jump[1] * layer.strides[1])


def _multiply_adds(layer: "keras.layers.Layer") -> int | None:
    if not layer.weights:
        return 0
    shape = layer.output.shape[1:]
    if isinstance(layer, keras.layers.Conv2D):
        kernel_height, kernel_width, depth, filters = layer.kernel.shape
        return shape[0] * shape[1] * kernel_height * kernel_width * depth * filters
    if isinstance(layer, keras.layers.Dense):
        inputs, units = layer.kernel.shape
        return inputs * units
    if isinstance(layer, keras.layers.BatchNormalization):
        return _product(shape)  # in use, it multiplies each value by a factor and adds an offset
    if isinstance(layer, keras.layers.Dropout | keras.layers.SpatialDropout2D):
        return 0  # its only weight is the state of its random numbers
    return None


def _product(sizes: Sequence[int]) -> int:
    result = 1
    for size in sizes:
        result *= size
    return result
