"""Tensors of several states on their way through a network, and what layers do to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import keras
import tensorflow as tf

from dsd_tf.models.batch_norm import normalised_by_batch, scale_and_shift

_CHUNK = 16


@dataclass(frozen=True, eq=False)
class Wave:
    """A tensor on its way. `states` of it stand one after the other in the batch axis; 0 if all have it in common.

    `channels` says which of the last axis are there, int32 [n]; None for all. A number past the last one stands for
    a channel that is zero: see `numbers`.
    """

    tensor: tf.Tensor
    states: int = 0
    channels: tf.Tensor | None = None


def numbers(there: tf.Tensor) -> tf.Tensor:
    """The numbers of the channels that bool [width] says are there.

    They are filled up to a multiple of 16, or to all, by `width`: convolutions compute channels in sixteens anyway, and
    normalisation takes up to ten times as long without.
    """
    width = there.shape[0]
    found = tf.cast(tf.where(there)[:, 0], tf.int32)
    size = tf.size(found)
    return tf.pad(found, [[0, tf.minimum(-size % _CHUNK, width - size)]], constant_values=width)


def _taken(values: tf.Tensor, channels: tf.Tensor | None, axis: int = -1) -> tf.Tensor:
    """The values of these channels along the last axis or the one before; 0 for numbers past the last."""
    if channels is None:
        return tf.convert_to_tensor(values)
    width = values.shape[axis]
    there = tf.cast(channels < width, values.dtype)
    found = tf.gather(values, tf.minimum(channels, width - 1), axis=axis)
    return found * (there if axis == -1 else there[:, None])


def folded(wave: Wave, states: int) -> Wave:
    """The wave with so many states in its batch axis."""
    if wave.states == states:
        return wave
    return replace(wave, tensor=tf.tile(wave.tensor, [states] + [1] * (len(wave.tensor.shape) - 1)), states=states)


def masked(wave: Wave, bits: tf.Tensor) -> Wave:
    """The wave where state s has the channels for which bool [states, channels] `bits` are True in row s."""
    bits = _taken(tf.cast(bits, wave.tensor.dtype), wave.channels)
    states, shape = bits.shape[0], tf.shape(wave.tensor)
    # a tensor that is common to all gets its axis of states by the product
    of_states = tf.reshape(wave.tensor, tf.concat([[wave.states or 1, -1], shape[1:]], axis=0))
    factors = tf.reshape(bits, [states, *[1] * (len(wave.tensor.shape) - 1), -1])
    tensor = tf.reshape(of_states * factors, tf.concat([[-1], shape[1:]], axis=0))
    tensor.set_shape([None, *wave.tensor.shape[1:]])
    return replace(wave, tensor=tensor, states=states)


def narrowed(wave: Wave, kept: tf.Tensor) -> Wave:
    """Of a whole wave the channels `kept`, as the wave of one state."""
    width = wave.tensor.shape[-1]
    # a product with ones and zeros takes a fraction of the time of tf.gather along the last axis
    tensor = tf.tensordot(wave.tensor, tf.one_hot(kept, width, axis=0, dtype=wave.tensor.dtype), 1)
    return Wave(tensor, states=1, channels=kept)


def united(waves: Sequence[Wave], width: int) -> list[Wave]:
    """The waves with the channels that any of them has, of `width`; those that one lacks are zero in it."""
    if all(wave.channels is None for wave in waves):
        return list(waves)
    places = [_places(wave, width) for wave in waves]
    channels = numbers(tf.reduce_any(tf.concat(places, axis=0) > 0, axis=0))
    return [
        replace(wave, tensor=tf.tensordot(wave.tensor, _taken(matrix, channels), 1), channels=channels)
        for wave, matrix in zip(waves, places, strict=True)
    ]


def whole(wave: Wave, width: int) -> Wave:
    """The wave with all of its `width` channels."""
    if wave.channels is None:
        return wave
    tensor = tf.tensordot(wave.tensor, _places(wave, width), 1)
    return replace(wave, tensor=tf.ensure_shape(tensor, [*wave.tensor.shape[:-1], width]), channels=None)


def _places(wave: Wave, width: int) -> tf.Tensor:
    """A row for each channel that is there, a one where it is among `width` channels."""
    channels = tf.range(width) if wave.channels is None else wave.channels
    return tf.one_hot(channels, width, dtype=wave.tensor.dtype)


def multiplied(layer: keras.layers.Layer, wave: Wave, kept: tf.Tensor | None) -> Wave:
    """What a convolution or dense layer gives, of its outputs only those `kept` (all if None)."""
    kernel = _taken(_taken(layer.kernel.value, wave.channels, axis=-2), kept)
    x, kernel = (tf.cast(value, layer.compute_dtype) for value in (wave.tensor, kernel))
    if isinstance(layer, keras.layers.Dense):
        x = tf.tensordot(x, kernel, 1)
    else:
        x = tf.nn.convolution(x, kernel, layer.strides, layer.padding.upper(), dilations=layer.dilation_rate)
    if layer.use_bias:
        x = x + tf.cast(_taken(layer.bias.value, kept), x.dtype)
    return replace(wave, tensor=x if layer.activation is None else layer.activation(x), channels=kept)


def normalised(layer: keras.layers.BatchNormalization, wave: Wave) -> Wave:
    """Batch normalisation of each state by its own batch, as in training; nothing is remembered of it."""
    parts = tf.split(wave.tensor, max(wave.states, 1))
    return replace(wave, tensor=tf.concat([_normalised(layer, part, wave.channels) for part in parts], axis=0))


def _normalised(layer: keras.layers.BatchNormalization, x: tf.Tensor, channels: tf.Tensor | None) -> tf.Tensor:
    scale, shift = (_taken(value, channels) for value in scale_and_shift(layer))
    if layer.trainable:
        return normalised_by_batch(x, scale, shift, layer.epsilon)[0]
    mean, variance = (_taken(value.value, channels) for value in (layer.moving_mean, layer.moving_variance))
    return tf.nn.batch_normalization(x, mean, variance, shift, scale, layer.epsilon)


def side_by_side(waves: Sequence[Wave], widths: Sequence[int]) -> Wave:
    """The channels of waves, of which the whole ones have these widths, one after the other."""
    tensor = tf.concat([wave.tensor for wave in waves], axis=-1)
    if all(wave.channels is None for wave in waves):
        return replace(waves[0], tensor=tensor)
    starts = [sum(widths[:index]) for index in range(len(widths))]
    parts = [
        tf.range(start, start + width) if wave.channels is None else _moved(wave.channels, start, width, sum(widths))
        for wave, start, width in zip(waves, starts, widths, strict=True)
    ]
    return replace(waves[0], tensor=tensor, channels=tf.concat(parts, axis=0))


def flat(wave: Wave, channels: int, features: int) -> Wave:
    """The positions and channels of a wave as one axis, of `features` if all `channels` are there."""
    if wave.channels is None:
        return replace(wave, tensor=tf.reshape(wave.tensor, [-1, features]))
    starts = channels * tf.range(features // channels)[:, None]
    there = tf.reshape(_moved(wave.channels, starts, channels, features), [-1])
    return replace(wave, tensor=tf.reshape(wave.tensor, [-1, tf.size(there)]), channels=there)


def _moved(channels: tf.Tensor, start: int | tf.Tensor, width: int, whole: int) -> tf.Tensor:
    """The numbers that channels of `width` have among `whole` ones, of which they begin at `start`."""
    return tf.where(channels < width, start + channels, whole)
