"""How a network is made ready to learn: in which order it computes, in which precision, with which optimizer."""

import platform
from functools import cache
from pathlib import Path
from typing import Any

from practicum.backend import compute_capability, gpu_names, keras

PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")


def compile_for_training(
    model: "keras.Model", *, precision: str, learning_rate: float, weight_decay: float, label_smoothing: float
) -> "keras.Model":
    """A model of the same layers and weights with what training needs; model itself stays free of it, and is saved."""
    set_precision(model, precision)
    jit_compile = "auto" if gpu_names() else False  # XLA makes convolutions slow on a CPU
    plain_loss = keras.losses.SparseCategoricalCrossentropy()
    # Plain SGD has no state, so the saved file holds the network and nothing else.
    model.compile(keras.optimizers.SGD(), plain_loss, metrics=["accuracy"], jit_compile=jit_compile)

    def smoothed_loss(labels: Any, probabilities: Any) -> Any:
        targets = keras.ops.one_hot(keras.ops.reshape(labels, (-1,)), probabilities.shape[-1])
        return keras.losses.categorical_crossentropy(targets, probabilities, label_smoothing=label_smoothing)

    optimizer = keras.optimizers.AdamW(learning_rate, weight_decay=weight_decay)
    if precision == "mixed_float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)  # small gradients would become 0 in 16 bits

    trainer = keras.Model(model.inputs[0], pooled_first(model))
    trainer.compile(
        optimizer=optimizer,
        loss=smoothed_loss if label_smoothing else plain_loss,
        # The history shows the loss against the real labels, to be compared with that of the validation images.
        metrics=[
            keras.metrics.SparseCategoricalAccuracy(name="accuracy"),
            keras.metrics.SparseCategoricalCrossentropy(name="cross_entropy"),
        ],
        jit_compile=jit_compile,
    )
    trainer.optimizer.build(trainer.trainable_variables)
    return trainer


def pooled_first(model: "keras.Model") -> Any:
    """The output of model, computed from its input with max pooling before normalisation and ReLU where both agree.

    ReLU of the largest is the largest of the ReLUs; a normalisation that multiplies by no negative number keeps the
    order as well. So the network is the same, and three quarters of that work fall away. While it learns, a
    normalisation then takes mean and variance of the pooled values, and keeps those for later use.
    """
    if not isinstance(model, keras.Sequential):
        return model.outputs[0]
    output = model.inputs[0]
    waiting: list[keras.layers.Layer] = []
    for layer in model.layers:
        if _keeps_order(layer):
            waiting.append(layer)
        elif isinstance(layer, keras.layers.MaxPooling2D):
            output = layer(output)
        else:
            for other in (*waiting, layer):
                output = other(output)
            waiting = []
    for other in waiting:
        output = other(output)
    return output


def _keeps_order(layer: "keras.layers.Layer") -> bool:
    if isinstance(layer, keras.layers.BatchNormalization):
        return not layer.scale  # a factor that is learned could become negative
    if isinstance(layer, keras.layers.ReLU):
        return layer.negative_slope >= 0 and layer.threshold == 0
    return False


def set_precision(model: "keras.Model", precision: str) -> None:
    """Let model compute in precision; its weights, scores and probabilities stay in float32."""
    for layer in model.layers:
        if layer.name not in ("scores", "softmax"):
            layer.dtype_policy = precision


def fastest_precision() -> str:
    """The precision in which this machine trains fastest without losing accuracy.

    Processors with matrix units for 16-bit numbers (Intel's AMX) and GPUs since 2020 take "mixed_bfloat16", older GPUs
    with tensor cores "mixed_float16"; everything else "float32".
    """
    if gpu_names():
        capability = compute_capability()
        return "mixed_bfloat16" if capability >= (8, 0) else "mixed_float16" if capability >= (7, 0) else "float32"
    return "mixed_bfloat16" if has_amx() else "float32"


@cache
def has_amx() -> bool:
    """Whether the processor has matrix units for bfloat16; known on Linux only, False elsewhere."""
    facts = Path("/proc/cpuinfo")
    if platform.machine() not in ("x86_64", "AMD64") or not facts.is_file():
        return False
    return "amx_bf16" in facts.read_text(encoding="utf-8", errors="replace")
