"""What each backend has its own way for: compiling a function of a network, and gradients."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from practicum.backend import keras, quiet_standard_error

Tap = Callable[[Any], Any]


def traced(function: Callable[..., Any]) -> Callable[..., Any]:
    """function, which gets a network and tensors, compiled: to be called with that network and arrays.

    What is compiled reads the network's present weights each time, and does not keep the network alive.
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        return _with_tensorflow(function)
    if backend == "jax":
        return _with_jax(function)
    return lambda model, *arrays: function(model, *map(keras.ops.convert_to_tensor, arrays))


def _with_tensorflow(function: Callable[..., Any]) -> Callable[..., Any]:
    import tensorflow

    # The graph holds the network's variables, not the network, which may go when nobody else needs it.
    present: list[Any] = []
    graph = tensorflow.function(lambda *tensors: function(present[-1], *tensors), autograph=False)
    shapes: set[tuple[Any, ...]] = set()

    def call(model: Any, *arrays: Any) -> Any:
        present.append(model)
        new = tuple(array.shape for array in arrays) not in shapes
        try:
            # While it prepares a graph, TensorFlow writes of attempts to simplify it that did not work out.
            with quiet_standard_error() if new else nullcontext():
                return graph(*map(tensorflow.constant, arrays))
        finally:
            shapes.add(tuple(array.shape for array in arrays))
            present.pop()

    call.graph = graph  # type: ignore[attr-defined]
    return call


def _with_jax(function: Callable[..., Any]) -> Callable[..., Any]:
    import jax

    present: list[Any] = []

    @jax.jit
    def stateless(values: list[Any], *tensors: Any) -> Any:
        model = present[-1]
        with keras.StatelessScope(state_mapping=list(zip(model.variables, values, strict=True))):
            return function(model, *tensors)

    def call(model: Any, *arrays: Any) -> Any:
        present.append(model)
        try:
            return stateless([variable.value for variable in model.variables], *arrays)
        finally:
            present.pop()

    call.graph = stateless  # type: ignore[attr-defined]
    return call


def tapped_gradient(function: Callable[[Tap], tuple[Any, Any]]) -> tuple[Any, Any, Any]:
    """How a number changes with a tensor that is met on the way to it.

    Args:
        function: gets tap, passes one tensor through it, goes on with what tap gives, and returns the number and
            something besides.

    Returns:
        The tensor, the gradient of the number with respect to it (of the same shape), and what function gave besides.

    Source: tensorflow.GradientTape, jax.value_and_grad, torch.autograd.grad.
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        return _tapped_by_tensorflow(function)
    if backend == "jax":
        return _tapped_by_jax(function)
    if backend == "torch":
        return _tapped_by_torch(function)
    raise ValueError(f"gradients need the backend tensorflow, jax or torch. Keras runs on {backend}.")


def _tapped_by_tensorflow(function: Callable[[Tap], tuple[Any, Any]]) -> tuple[Any, Any, Any]:
    import tensorflow

    seen: list[Any] = []

    def tap(tensor: Any) -> Any:
        tape.watch(tensor)
        seen.append(tensor)
        return tensor

    with tensorflow.GradientTape(watch_accessed_variables=False) as tape:
        number, besides = function(tap)
    none = tensorflow.UnconnectedGradients.ZERO
    return seen[0], tape.gradient(number, seen[0], unconnected_gradients=none), besides


def _tapped_by_jax(function: Callable[[Tap], tuple[Any, Any]]) -> tuple[Any, Any, Any]:
    import jax

    seen: list[Any] = []

    def tap(tensor: Any) -> Any:
        seen.append(tensor)
        return tensor

    function(tap)  # to learn the tensor's shape; what nobody uses falls away when it is compiled
    nothing = jax.numpy.zeros_like(seen.pop())

    def moved(change: Any) -> tuple[Any, tuple[Any, Any]]:
        number, besides = function(lambda tensor: tap(tensor) + change)
        return number, (seen[-1], besides)

    gradient, (tensor, besides) = jax.grad(moved, has_aux=True)(nothing)
    return tensor, gradient, besides


def _tapped_by_torch(function: Callable[[Tap], tuple[Any, Any]]) -> tuple[Any, Any, Any]:
    import torch

    seen: list[Any] = []

    def tap(tensor: Any) -> Any:
        seen.append(tensor if tensor.requires_grad else tensor.detach().requires_grad_())
        return seen[-1]

    with torch.enable_grad():
        number, besides = function(tap)
        (gradient,) = torch.autograd.grad(number, seen[0], allow_unused=True)
    return seen[0], torch.zeros_like(seen[0]) if gradient is None else gradient, besides
