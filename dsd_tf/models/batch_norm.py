"""Batch normalisation in one operation, which reads its inputs half as often as Keras' own."""

from __future__ import annotations

import keras
import tensorflow as tf


def scale_and_shift(layer: keras.layers.BatchNormalization) -> tuple[tf.Tensor, tf.Tensor]:
    """Gamma and beta of a built layer, [channels]; ones and zeros where it has none."""
    scale, shift = (None if weight is None else weight.value for weight in (layer.gamma, layer.beta))
    size = layer.moving_mean.shape
    return tf.ones(size) if scale is None else scale, tf.zeros(size) if shift is None else shift


def normalised_by_batch(
    x: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor, epsilon: float
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """`x` [..., channels], normalised by the mean and variance of its own values; those, [channels], beside it.

    The variance is that of the batch (divided by n, as in Keras). Gradients flow through the first result alone.
    """
    result = tf.raw_ops.FusedBatchNormV3(
        x=x if len(x.shape) == 4 else tf.reshape(x, [-1, 1, 1, tf.shape(x)[-1]]),
        scale=scale,
        offset=shift,
        mean=[],
        variance=[],
        epsilon=epsilon,
        is_training=True,
    )
    count = tf.cast(tf.size(x) // tf.maximum(tf.shape(x)[-1], 1), tf.float32)
    # the operation's is the estimate for what the batch was drawn from, divided by n - 1
    variance = result.batch_variance * tf.maximum(count - 1, 1) / count
    y = result.y if len(x.shape) == 4 else tf.reshape(result.y, tf.shape(x))
    y.set_shape(x.shape)
    return y, result.batch_mean, variance
