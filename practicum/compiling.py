"""How a network is made ready to learn: in which order it computes, in which precision, with which optimizer."""

import math
from collections.abc import Iterator
from typing import Any

from practicum.backend import compute_capability, gpu_names, keras
from practicum.machine import processor_features

PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
STEPS_AT_ONCE = 4
SMALL_STEP = 32_000_000  # bytes, as least_step_memory counts: a step of up to about 50 ms on two cores


def compile_for_training(
    model: "keras.Model",
    *,
    precision: str,
    learning_rate: float,
    weight_decay: float,
    label_smoothing: float,
    devices: int = 1,
) -> "keras.Model":
    """A copy of model, with weights of its own, that is ready for `fit`.

    The copy computes in precision and in the order that is quickest; model stays as a learner built it, in float32, and
    takes over the weights after each epoch: trainer.get_weights() fits model.set_weights. With several devices it is
    fitted on (images, labels, weights), and normalises by the whole batch, not by each device's share of it.
    """
    plain_loss = keras.losses.SparseCategoricalCrossentropy()

    def smoothed_loss(labels: Any, probabilities: Any) -> Any:
        targets = keras.ops.one_hot(keras.ops.reshape(labels, (-1,)), probabilities.shape[-1])
        return keras.losses.categorical_crossentropy(targets, probabilities, label_smoothing=label_smoothing)

    optimizer = keras.optimizers.AdamW(learning_rate, weight_decay=weight_decay)
    # Summing gradients over devices, even over one, makes TensorFlow keep the whole graph of the step for good, 4 MB a
    # training: it enters each such sum in a list of how to differentiate it (Keras 3.15, TensorFlow 2.21).
    if devices == 1:
        optimizer._all_reduce_sum_gradients = lambda gradients: gradients
    if precision == "mixed_float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)  # small gradients would become 0 in 16 bits

    # The history shows the loss against the real labels, to be compared with that of the validation images.
    metrics = [_Accuracy(name="accuracy"), _CrossEntropy(name="cross_entropy")]
    trainer = _copy(model, precision, devices)
    trainer.compile(
        optimizer=optimizer,
        loss=smoothed_loss if label_smoothing else plain_loss,
        **{"metrics" if devices == 1 else "weighted_metrics": metrics},
        jit_compile=_jit_compile(),
    )
    trainer.optimizer.build(trainer.trainable_variables)
    return trainer


class _Accuracy(keras.metrics.SparseCategoricalAccuracy):
    """Over the images that count at all, each for one; their weights, if there are any, are made for the loss."""

    def update_state(self, labels: Any, probabilities: Any, sample_weight: Any = None) -> Any:
        return super().update_state(labels, probabilities, _that_count(sample_weight))


class _CrossEntropy(keras.metrics.SparseCategoricalCrossentropy):
    """As _Accuracy."""

    def update_state(self, labels: Any, probabilities: Any, sample_weight: Any = None) -> Any:
        return super().update_state(labels, probabilities, _that_count(sample_weight))


def _that_count(weights: Any) -> Any:
    return None if weights is None else keras.ops.cast(weights > 0, "float32")


def compile_for_evaluation(model: "keras.Model") -> None:
    """Make model.evaluate(images, labels) work, also on the saved file."""
    # Plain SGD has no state, so the file holds the network and nothing else.
    loss = keras.losses.SparseCategoricalCrossentropy()
    model.compile(keras.optimizers.SGD(), loss, metrics=["accuracy"], jit_compile=_jit_compile())


def _jit_compile() -> str | bool:
    # XLA makes TensorFlow's convolutions slow on a CPU; JAX without XLA computes each operation by itself.
    return "auto" if gpu_names() or keras.backend.backend() == "jax" else False


def least_step_memory(trainer: "keras.Model", batch_size: int) -> int:
    """The bytes that a step needs at the very least: what convolutions and dense layers give is kept until the
    gradients are known, and on the way back each of it once more, as its own gradient.
    """
    kept = most = 0
    for layer in _all_layers(trainer):
        if "Conv" in type(layer).__name__ or isinstance(layer, keras.layers.Dense):
            size = math.prod(layer.output.shape[1:]) * (2 if "16" in layer.compute_dtype else 4)
            kept += size
            most = max(most, kept + size)
    return batch_size * most


def _all_layers(model: "keras.Model") -> Iterator["keras.layers.Layer"]:
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _all_layers(layer)
        else:
            yield layer


def steps_at_once(trainer: "keras.Model", batch_size: int, images: int) -> int:
    """How many steps `fit` should take before it asks its callbacks again.

    Asking costs about a millisecond, which tells where a step takes ten or twenty. Between larger steps, and in short
    epochs, callbacks are asked each time: an interrupt or the end of a time budget shall not be seen late.
    """
    short = -(-images // batch_size) < 4 * STEPS_AT_ONCE
    return 1 if short or least_step_memory(trainer, batch_size) > SMALL_STEP else STEPS_AT_ONCE


def _copy(model: "keras.Model", precision: str, devices: int) -> "keras.Model":
    """model again, computing in precision but for its last layer and its scores, which stay in float32."""
    exact = {"scores", "softmax", model.layers[-1].name}

    def again(layer: "keras.layers.Layer") -> "keras.layers.Layer":
        try:
            config = layer.get_config()
            if devices > 1:
                # The weights are set below, and until then must be the same in all processes.
                config |= {name: "zeros" for name in config if name.endswith("_initializer")}
                if isinstance(layer, keras.layers.BatchNormalization) and keras.backend.backend() == "tensorflow":
                    config["synchronized"] = True
            twin = type(layer).from_config(config)
        except (TypeError, ValueError, NotImplementedError) as error:
            raise ValueError(
                f"train: layer {layer.name!r} cannot be copied, so it could not be saved either "
                f"({' '.join(str(error).split())[:200]}). Register its own functions and classes with "
                "keras.saving.register_keras_serializable."
            ) from None
        if layer.name not in exact:
            twin.dtype_policy = precision
        return twin

    if isinstance(model, keras.Sequential):
        image = keras.Input(model.input_shape[1:], dtype=model.inputs[0].dtype)
        copy = keras.Model(image, pooled_first(image, [again(layer) for layer in model.layers]))
    else:
        copy = keras.models.clone_model(model, clone_function=again)
    copy.set_weights(model.get_weights())
    return copy


def pooled_first(image: Any, layers: "list[keras.layers.Layer]") -> Any:
    """What layers make of image one by one, but with max pooling before normalisation and ReLU where that agrees.

    ReLU of the largest is the largest of the ReLUs; a normalisation that multiplies by no negative number keeps the
    order as well. So the network is the same, and three quarters of that work fall away. While it learns, a
    normalisation then takes mean and variance of the pooled values, and keeps those for later use.
    """
    output = image
    waiting: list[keras.layers.Layer] = []
    for layer in layers:
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
    return isinstance(layer, keras.layers.ReLU)


def fastest_precision() -> str:
    """The precision in which this machine trains fastest without losing accuracy.

    Processors with instructions for 16-bit numbers (AMX or AVX-512 BF16) and GPUs since 2020 take "mixed_bfloat16",
    older GPUs with tensor cores "mixed_float16"; everything else "float32". docs/decisions/0010 has the measurements.
    """
    if gpu_names():
        capability = compute_capability()
        return "mixed_bfloat16" if capability >= (8, 0) else "mixed_float16" if capability >= (7, 0) else "float32"
    return "mixed_bfloat16" if processor_features() & {"amx_bf16", "avx512_bf16"} else "float32"
