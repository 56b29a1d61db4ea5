"""Which channels of a network say nothing about its input: they are zero, or the same for every image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np

from dsd_tf.models.channels import Kind
from dsd_tf.models.graph import Call, Graph

_EVERYWHERE = 0


@dataclass(frozen=True, eq=False)
class ChannelValues:
    """What is known of each channel of a tensor, at inference.

    Channel c is `value[c]` times a pattern over the positions that has the number `pattern[c]`; pattern 0 is one
    everywhere, the others are what zero padding makes of it. A value of NaN is one that depends on the input.
    """

    value: np.ndarray
    pattern: np.ndarray

    @classmethod
    def unknown(cls, channels: int) -> ChannelValues:
        return cls(np.full(channels, np.nan), np.zeros(channels, np.int64))

    @classmethod
    def everywhere(cls, value: np.ndarray) -> ChannelValues:
        return cls(value.astype(np.float64), np.zeros(len(value), np.int64))

    @property
    def varies(self) -> np.ndarray:
        return np.isnan(self.value)

    @property
    def is_zero(self) -> np.ndarray:
        return self.value == 0

    def even(self) -> ChannelValues:
        """The same, where only zeros and what has pattern 0 are still known."""
        known = self.is_zero | (self.pattern == _EVERYWHERE)
        return ChannelValues.everywhere(np.where(known, self.value, np.nan))


def channel_values(graph: Graph, kinds: dict[Call, Kind]) -> dict[int, ChannelValues]:
    """What is known of the channels of every tensor of a graph whose calls are of these kinds."""
    found = {tensor: ChannelValues.unknown(graph.channels(tensor)) for tensor in graph.inputs}
    for number, call in enumerate(graph.calls, start=1):
        known = _of_call(graph, call, kinds[call], [found[tensor] for tensor in call.inputs], number)
        if known is None:
            found |= {tensor: ChannelValues.unknown(graph.channels(tensor)) for tensor in call.outputs}
        else:
            found[call.output] = known
    return found


def _of_call(
    graph: Graph, call: Call, kind: Kind, inputs: Sequence[ChannelValues], number: int
) -> ChannelValues | None:
    match kind:
        case Kind.KERNEL:
            return _of_kernel(call.operation, inputs[0])
        case Kind.NORM:
            return _of_norm(call.operation, inputs[0].even())
        case Kind.ELEMENTWISE:
            return _mapped(call.operation, inputs[0].even())
        case Kind.IDENTITY:
            return inputs[0]
        case Kind.AVERAGE | Kind.MAXIMUM:
            return inputs[0].even()
        case Kind.PAD:
            return _padded(inputs[0], number)
        case Kind.ADD:
            return _added(inputs)
        case Kind.CONCATENATE:
            parts = ([known.value for known in inputs], [known.pattern for known in inputs])
            return ChannelValues(*map(np.concatenate, parts))
        case Kind.FLATTEN:
            positions = graph.channels(call.output) // len(inputs[0].value)
            return ChannelValues.everywhere(np.tile(inputs[0].even().value, positions))


def _of_kernel(layer: keras.layers.Layer, known: ChannelValues) -> ChannelValues:
    """Outputs that no input reaches are their bias."""
    kernel = layer.kernel.numpy()
    reached = _any_but_channels(kernel[..., ~known.is_zero, :] != 0)
    bias = layer.bias.numpy() if layer.use_bias else np.zeros(kernel.shape[-1], kernel.dtype)
    bias = bias if layer.activation is None else np.asarray(layer.activation(keras.ops.convert_to_tensor(bias[None])))
    return ChannelValues.everywhere(np.where(reached, np.nan, bias.reshape(-1)))


def _any_but_channels(array: np.ndarray) -> np.ndarray:
    return array.any(axis=tuple(range(array.ndim - 1)))


def _of_norm(layer: keras.layers.BatchNormalization, known: ChannelValues) -> ChannelValues:
    mean, variance = (x.numpy().astype(np.float64) for x in (layer.moving_mean, layer.moving_variance))
    scale = (layer.gamma.numpy() if layer.scale else 1.0) / np.sqrt(variance + layer.epsilon)
    shift = layer.beta.numpy() if layer.center else 0.0
    # a scale of zero silences any input, also one that varies
    scaled = np.where(scale == 0, 0.0, (known.value - mean) * scale)
    return ChannelValues.everywhere(scaled + shift)


def _mapped(operation: keras.Operation, known: ChannelValues) -> ChannelValues:
    value = np.where(known.varies, 0, known.value).astype(np.float32)
    mapped = np.asarray(operation(keras.ops.convert_to_tensor(value[None])))[0]
    return ChannelValues.everywhere(np.where(known.varies, np.nan, mapped))


def _padded(known: ChannelValues, number: int) -> ChannelValues:
    """Zeros stay zero. Others get a pattern that only channels of this tensor have, and only of one pattern before."""
    before = np.unique(known.pattern, return_inverse=True)[1]
    pattern = (number << 32) + before + 1
    return ChannelValues(known.value, np.where(known.is_zero, _EVERYWHERE, pattern))


def _added(inputs: Sequence[ChannelValues]) -> ChannelValues:
    """Known where all that is not zero is known and has one pattern."""
    value = np.sum([known.value for known in inputs], axis=0)
    patterns = np.stack([np.where(known.is_zero, -1, known.pattern) for known in inputs])
    pattern = patterns.max(axis=0)
    alike = ((patterns == -1) | (patterns == pattern)).all(axis=0)
    return ChannelValues(np.where(alike, value, np.nan), np.where(alike, np.maximum(pattern, 0), _EVERYWHERE))
