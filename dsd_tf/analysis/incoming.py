"""Which units have a weight coming in: followed from each kernel through the layers that keep its units apart."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf
from keras import layers

Alive = Callable[[], np.ndarray]
"""Tells, from the kernels as they are now, which units are alive: a bool array that broadcasts to the units' shape."""

_DENSE = (layers.Dense, layers.Conv1D, layers.Conv2D, layers.Conv3D)
_TRANSPOSED = (layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose)
_DEPTHWISE = (layers.DepthwiseConv1D, layers.DepthwiseConv2D)
_SEPARABLE = (layers.SeparableConv1D, layers.SeparableConv2D)

# by name, since `x + y` and `relu(x)` on symbolic tensors make operations that are not public classes
_KEEPING = {
    *("BatchNormalization", "Activation", "ReLU", "Relu", "Relu6", "Dropout", "Identity"),
    *("MaxPooling1D", "MaxPooling2D", "AveragePooling1D", "AveragePooling2D", "ZeroPadding1D", "ZeroPadding2D"),
}
_MERGING = {"Add", "Average", "Maximum"}


class Incoming:
    """Follows the calls of one trace of a model.

    A unit is alive if a weight that enters it is not zero: for Dense a weight of its column, for a convolution one of
    its channel's filter. Batch norm, pooling, dropout and padding leave that as it is, a sum is alive where one of its
    terms is. Where the weights cannot be told (after other layers, or the network's inputs), units count as alive.
    """

    def __init__(self):
        self._alive: dict[object, Alive] = {}

    def of(self, tensor: tf.Tensor) -> Alive:
        """Which units of a tensor of the trace are alive."""
        return self._alive.get(tensor.ref(), _all)

    def called(self, operation: keras.Operation, inputs: Sequence[tf.Tensor], output: tf.Tensor) -> None:
        """Note that `operation` made `output` of `inputs`."""
        if _weights(operation):
            self._alive[output.ref()] = functools.partial(_has_weights, operation)
        elif _is_one_of(operation, _KEEPING):
            self._alive[output.ref()] = self.of(inputs[0])
        elif _is_one_of(operation, _MERGING):
            terms = [self.of(tensor) for tensor in inputs]
            self._alive[output.ref()] = lambda: functools.reduce(np.logical_or, [alive() for alive in terms])


def _all() -> np.ndarray:
    return np.array(True)


def _is_one_of(operation: keras.Operation, names: set[str]) -> bool:
    return any(kind.__name__ in names for kind in type(operation).__mro__)


def _weights(operation: keras.Operation) -> tuple[str, tuple[int, ...]] | None:
    """The attribute that holds the weights which enter a layer's units, and its axes that tell the units apart."""
    if isinstance(operation, _TRANSPOSED):
        return "kernel", (-2,)
    if isinstance(operation, _DEPTHWISE):
        return "kernel", (-2, -1)
    if isinstance(operation, _SEPARABLE):
        return "pointwise_kernel", (-1,)
    return ("kernel", (-1,)) if isinstance(operation, _DENSE) else None


def _has_weights(layer: layers.Layer) -> np.ndarray:
    attribute, unit_axes = _weights(layer)
    kernel = np.asarray(getattr(layer, attribute))
    others = tuple(range(kernel.ndim - len(unit_axes))) if -1 in unit_axes else (*range(kernel.ndim - 2), -1)
    alive = np.any(kernel != 0, axis=others).ravel()
    first = getattr(layer, "data_format", None) == "channels_first"
    return alive.reshape(-1, *[1] * layer.rank) if first else alive
