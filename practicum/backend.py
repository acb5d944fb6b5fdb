"""Keras, loaded quietly, and what is known about the device it runs on.

Every module that needs Keras takes it from here: `from practicum.backend import keras`. TensorFlow
writes a page of notices to standard error while it is imported, and no setting silences all of them;
in a notebook they would stand above the learner's first result.
"""

import contextlib
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from practicum.machine import nvidia_gpus, usable_cores

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # errors only
# TensorFlow turns oneDNN's convolutions on by itself on some processors only; on others they are as much faster.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")


@contextlib.contextmanager
def quiet_standard_error() -> Iterator[None]:
    """Hold back what C++ code writes to file descriptor 2; show it if the block fails."""
    try:
        sys.stderr.flush()
        original = os.dup(2)
    except OSError:  # no standard error at all (a windowed Python): nothing to hold back
        yield
        return
    with tempfile.TemporaryFile() as held_back:
        try:
            os.dup2(held_back.fileno(), 2)
            yield
        except BaseException:
            held_back.seek(0)
            os.write(original, held_back.read())
            raise
        finally:
            os.dup2(original, 2)
            os.close(original)


with quiet_standard_error(), warnings.catch_warnings():
    # Keras 3.13 asks NumPy for a name that it no longer has.
    warnings.filterwarnings("ignore", message="In the future `np.object`", category=FutureWarning)
    import keras

    # On recent GPUs the backends round the factors of float32 products to 10 bits unless told not to. Learners hold
    # every number against their own arithmetic; who wants the speed has precision="mixed_bfloat16".
    if keras.backend.backend() == "jax":
        import jax

        jax.config.update("jax_default_matmul_precision", "highest")
    elif keras.backend.backend() == "torch":
        import torch

        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    elif keras.backend.backend() == "tensorflow":
        import tensorflow

        tensorflow.config.experimental.enable_tensor_float_32_execution(False)
        # Who trains several networks in one notebook would read that functions are traced too often: one a network.
        tensorflow.get_logger().setLevel("ERROR")
        for _gpu in tensorflow.config.list_physical_devices("GPU"):
            # Take GPU memory as it is needed, so that two notebooks can share one card.
            with contextlib.suppress(RuntimeError):  # TensorFlow is already in use: too late, and harmless
                tensorflow.config.experimental.set_memory_growth(_gpu, True)


def gpu_names() -> list[str]:
    """The GPUs the backend can use, by name; empty on a machine that computes on its CPU."""
    if keras.backend.backend() == "tensorflow":
        devices = tensorflow.config.list_physical_devices("GPU")
        details = [tensorflow.config.experimental.get_device_details(device) for device in devices]
        return [detail.get("device_name", "GPU") for detail in details]
    if keras.backend.backend() == "jax":
        return [device.device_kind for device in jax.devices() if device.platform == "gpu"]
    if keras.backend.backend() == "torch":
        return [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
    return []


def divide_cpu(number: int) -> None:
    """Let the processor count as so many devices, to try on one computer what is meant for several; with TensorFlow.

    Raises:
        ValueError: TensorFlow has computed already, or it is not the backend.
    """
    if keras.backend.backend() != "tensorflow":
        raise ValueError(f"divide_cpu: this needs the TensorFlow backend. Keras runs on {keras.backend.backend()}.")
    parts = [tensorflow.config.LogicalDeviceConfiguration()] * number
    try:
        tensorflow.config.set_logical_device_configuration(tensorflow.config.list_physical_devices("CPU")[0], parts)
    except RuntimeError:
        raise ValueError(
            "divide_cpu: TensorFlow has computed already, and then the devices are settled. Restart Python (in a "
            "notebook: Kernel, Restart) and call this before anything else."
        ) from None


def pipeline(
    batches: "keras.utils.PyDataset", one_epoch: Callable[[], Iterator], *, example: tuple[Any, ...], ahead: int
) -> Any:
    """batches as `fit` takes them best: with TensorFlow as a tf.data pipeline, with other backends as they are.

    Left to itself, Keras makes either a pipeline whose tuning thread holds `fit` back at its end for as long as it
    happens to sleep, or a pool of threads that costs a tenth of a second an epoch (Keras 3.15, TensorFlow 2.21).

    Args:
        batches: of known length.
        one_epoch: gives the batches of an epoch, one after the other.
        example: arrays with the dtypes and, but for their first axis, the shapes of those in a batch.
        ahead: how many batches are made ready while a step is computed.
    """
    if keras.backend.backend() != "tensorflow":
        return batches
    signature = tuple(tensorflow.TensorSpec((None, *array.shape[1:]), array.dtype) for array in example)
    dataset = tensorflow.data.Dataset.from_generator(one_epoch, output_signature=signature)
    options = tensorflow.data.Options()
    options.autotune.enabled = False
    # (With several devices: each batch is divided among them, not the whole dataset.)
    options.experimental_distribute.auto_shard_policy = tensorflow.data.experimental.AutoShardPolicy.OFF
    dataset = dataset.apply(tensorflow.data.experimental.assert_cardinality(len(batches)))
    return dataset.prefetch(ahead).with_options(options)


def release_caches() -> None:
    """Give back what the backend keeps of operations that were run; it would keep it for good.

    TensorFlow remembers each operation by its attributes, and those that make and read variables have the variable's
    name among them: about half a megabyte a training, whatever becomes of the network (TensorFlow 2.21). What is
    needed again is prepared again. Other networks are not touched, which keras.backend.clear_session would do.
    """
    if keras.backend.backend() == "tensorflow":
        with contextlib.suppress(ImportError, AttributeError):  # not part of TensorFlow's public interface
            from tensorflow.python.eager import context

            context.context().clear_kernel_cache()


def compute_capability() -> tuple[int, int]:
    """What NVIDIA calls the generation of the first GPU, such as (8, 0); (0, 0) where it is not known."""
    if keras.backend.backend() == "tensorflow":
        for device in tensorflow.config.list_physical_devices("GPU"):
            return tensorflow.config.experimental.get_device_details(device).get("compute_capability", (0, 0))
    if keras.backend.backend() == "torch" and torch.cuda.is_available():
        return torch.cuda.get_device_capability()
    if keras.backend.backend() == "jax":
        for device in jax.devices():
            major, _, minor = str(getattr(device, "compute_capability", "")).partition(".")
            if device.platform == "gpu" and major.isdecimal():
                return int(major), int(minor or 0)
    return 0, 0


def is_out_of_memory(error: BaseException) -> bool:
    """Whether error, of Python or of a backend, says that there is not enough memory."""
    text = f"{type(error).__name__}: {error}"
    signs = ("MemoryError", "ResourceExhausted", "RESOURCE_EXHAUSTED", "out of memory")
    return any(sign in text for sign in (*signs, "could not create a memory object"))  # the last is how oneDNN puts it


def device_name() -> str:
    """What the backend computes on, for people: "GPU: Tesla T4" or "CPU, 2 cores"."""
    gpus = gpu_names()
    if gpus:
        return "GPU: " + ", ".join(gpus)
    cores = usable_cores()
    return f"CPU, {cores} core{'s' if cores != 1 else ''}"


def unused_gpu_advice() -> str | None:
    """One sentence on a GPU that is there but that the backend cannot use, or None."""
    if gpu_names():
        return None
    present = nvidia_gpus()
    if not present:
        return None
    if sys.platform == "win32":
        remedy = "TensorFlow has no GPU support on Windows itself; run the practicum in WSL2"
    elif keras.backend.backend() == "jax":
        remedy = 'the plain jax package has no CUDA libraries; run: pip install "jax[cuda12]"'
    else:
        remedy = 'the plain tensorflow package has no CUDA libraries; run: pip install "tensorflow[and-cuda]"'
    return f"{present[0]} is there, but {keras.backend.backend()} cannot use it: {remedy}."
