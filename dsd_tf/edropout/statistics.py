"""What batch normalisation remembers of its inputs, measured anew for a sub-network."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from dsd_tf.data.feed import resident, scaled
from dsd_tf.data.images import Images
from dsd_tf.edropout.forward import gated_by
from dsd_tf.edropout.gates import GateRegistry
from dsd_tf.models.graph import Call

_BatchNorm = keras.layers.BatchNormalization


def measure_statistics(registry: GateRegistry, state: np.ndarray, images: Images, batch_size: int) -> None:
    """Set moving means and variances to the means of those of the batches of `images`, with the units on of `state`.

    A search leaves them with what many sub-networks gave, which none of them has.
    """
    norms = [call.operation for call in registry.graph.calls if isinstance(call.operation, _BatchNorm)]
    pixels, _ = resident(images)
    of_batch = tf.function(lambda part: _statistics(registry, tf.constant(state), scaled(part)))
    totals = [np.zeros((2, *norm.moving_mean.shape)) for norm in norms]
    for start in range(0, len(images), batch_size) if norms else ():
        part = pixels[start : start + batch_size]
        for total, statistics in zip(totals, of_batch(part), strict=True):
            total += statistics.numpy() * len(part) / len(images)
    for norm, (mean, variance) in zip(norms, totals, strict=True):
        norm.moving_mean.assign(mean)
        norm.moving_variance.assign(variance)


def _statistics(registry: GateRegistry, state: tf.Tensor, images: tf.Tensor) -> list[tf.Tensor]:
    """Mean and variance, [2, channels], of what each normalisation takes, where all normalise by the batch."""
    found = []

    def make(call: Call, inputs: list[tf.Tensor]) -> list[tf.Tensor]:
        layer = call.operation
        if not isinstance(layer, _BatchNorm):
            return call.apply(inputs)
        axes = [axis for axis in range(len(inputs[0].shape)) if axis != layer.axis % len(inputs[0].shape)]
        mean, variance = tf.nn.moments(tf.cast(inputs[0], tf.float32), axes, keepdims=True)
        found.append(tf.stack([tf.reshape(mean, [-1]), tf.reshape(variance, [-1])]))
        size = [-1 if axis == layer.axis % len(inputs[0].shape) else 1 for axis in range(len(inputs[0].shape))]
        shift, scale = (None if w is None else tf.reshape(w.value, size) for w in (layer.beta, layer.gamma))
        return [tf.nn.batch_normalization(inputs[0], mean, variance, shift, scale, layer.epsilon)]

    registry.graph.run([images], gated_by(registry, state, make))
    return found
