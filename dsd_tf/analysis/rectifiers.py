"""Finding every ReLU that a Keras model calls, however it was written."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf
from keras import activations, layers, ops

from dsd_tf.analysis.incoming import Alive, Incoming
from dsd_tf.errors import UsageError

_FUNCTIONS = (activations.relu, activations.relu6, ops.relu, ops.relu6, tf.nn.relu, tf.nn.relu6)
_OPERATIONS = ("ReLU", "Relu", "Relu6")
# layers whose `activation`, if they have one, makes their output
_ACTIVATED = (
    layers.Activation,
    *(layers.Dense, layers.EinsumDense, layers.Conv1D, layers.Conv2D, layers.Conv3D),
    *(layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose),
    *(layers.DepthwiseConv1D, layers.DepthwiseConv2D, layers.SeparableConv1D, layers.SeparableConv2D),
)

_Seen = Callable[[keras.Operation, list[tf.Tensor], Any], None]


@dataclass(frozen=True)
class Rectified:
    """One call of a ReLU: its output [B, *units], a tensor of the graph being traced, and which units are alive.

    `name` is the layer's, after those of the models it is nested in; later calls of a shared layer end in #2, #3 ...
    """

    name: str
    output: tf.Tensor
    alive: Alive


def rectified(model: keras.Model, images: tf.Tensor) -> list[Rectified]:
    """The ReLUs that `model` calls for `images`, in inference mode and in that order; for use inside a tf.function.

    Found are the layer ReLU, activation="relu" of Activation, Dense and convolutions, and `keras.ops.relu` or
    `keras.activations.relu` between layers, with their bounded forms (ReLU6); in models within models and in custom
    layers that hold such layers. Leaky ones are left out: they are never off. What a custom layer's own `call`
    computes is out of sight.

    Raises:
        UsageError: if there are none, or one is called inside a loop of the graph.
    """
    paths = {id(operation): (path, operation) for path, operation in reversed(list(_operations(model)))}
    incoming, found, calls = Incoming(), [], Counter()

    def seen(operation: keras.Operation, inputs: list[tf.Tensor], output: Any) -> None:
        if not tf.is_tensor(output):
            return
        incoming.called(operation, inputs, output)
        if _is_rectifier(operation):
            path = paths[id(operation)][0]
            calls[path] += 1
            name = path if calls[path] == 1 else f"{path}#{calls[path]}"
            found.append(Rectified(name, output, incoming.of(output)))

    with _watched([operation for _, operation in paths.values()], seen):
        model(images, training=False)
    _check(model, found)
    return found


def has_rectifiers(model: keras.Model) -> bool:
    """Whether there is anything for `rectified` to find."""
    return any(_is_rectifier(operation) for _, operation in _operations(model))


def _check(model: keras.Model, found: list[Rectified]) -> None:
    if not found:
        raise UsageError(
            f"model {model.name!r} has no ReLU whose units could be counted: give a network with ReLU layers or "
            'activation="relu"'
        )
    graph = tf.compat.v1.get_default_graph()
    for relu in found:
        if relu.output.graph is not graph:
            raise UsageError(
                f"ReLU {relu.name!r} of model {model.name!r} is called inside a loop: its units cannot be counted"
            )


def _operations(layer: keras.Operation, prefix: str = "") -> Iterator[tuple[str, keras.Operation]]:
    """What a model or layer may call, with its path: a functional model's operations, others' layers, and inside."""
    held = getattr(layer, "operations", None) or getattr(layer, "layers", None) or getattr(layer, "_layers", ())
    for operation in held:
        path = prefix + operation.name
        yield path, operation
        yield from _operations(operation, f"{path}/")


def _is_rectifier(operation: keras.Operation) -> bool:
    if isinstance(operation, layers.Layer) and not isinstance(operation, layers.ReLU):
        return isinstance(operation, _ACTIVATED) and getattr(operation, "activation", None) in _FUNCTIONS
    is_relu = isinstance(operation, layers.ReLU) or type(operation).__name__ in _OPERATIONS
    return is_relu and not getattr(operation, "negative_slope", 0)


@contextlib.contextmanager
def _watched(operations: list[keras.Operation], seen: _Seen) -> Iterator[None]:
    """Tell `seen` of every call of the operations; after the block they are as they were before."""
    before = [vars(operation).get("call") for operation in operations]
    for operation in operations:
        vars(operation)["call"] = _telling(operation, operation.call, seen)
    try:
        yield
    finally:
        for operation, call in zip(operations, before, strict=True):
            if call is None:
                del vars(operation)["call"]
            else:
                vars(operation)["call"] = call


def _telling(operation: keras.Operation, call: Callable, seen: _Seen) -> Callable:
    def told(*args, **kwargs):
        output = call(*args, **kwargs)
        seen(operation, [value for value in tf.nest.flatten((args, kwargs)) if tf.is_tensor(value)], output)
        return output

    return told
