"""The batch norm of training steps: what Keras' layers compute, in fewer passes and exchanges."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import keras
import tensorflow as tf

from dsd_tf.models.batch_norm import normalised_by_batch, scale_and_shift


@contextlib.contextmanager
def quick_batch_norm(network: keras.Model) -> Iterator[None]:
    """In the block, Keras' batch norm layers of `network` that train take the short way.

    What was traced in the block goes on so. Keras computes moments and normalisation apart, in several passes over the
    inputs, and exchanges six tensors with the other replicas where it is synchronised; here it is one operation,
    or two exchanges.
    """
    layers = [layer for layer in network._flatten_layers() if type(layer) is keras.layers.BatchNormalization]
    for layer in layers:
        layer.__class__ = _QuickBatchNorm
    try:
        yield
    finally:
        for layer in layers:
            layer.__class__ = keras.layers.BatchNormalization


class _QuickBatchNorm(keras.layers.BatchNormalization):
    def call(self, inputs, training=None, mask=None):
        is_last = self.axis % len(inputs.shape) == len(inputs.shape) - 1
        if not (training and self.trainable and is_last) or mask is not None or self.renorm:
            return super().call(inputs, training, mask)
        normalise = _normalised_by_all if self.synchronized else normalised_by_batch
        y, mean, variance = normalise(inputs, *scale_and_shift(self), self.epsilon)
        for average, new in ((self.moving_mean, mean), (self.moving_variance, variance)):
            average.assign(average * self.momentum + new * (1 - self.momentum))
        return tf.cast(y, self.compute_dtype)


def _normalised_by_all(
    x: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor, epsilon: float
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """As `normalised_by_batch`, by the batches of all replicas: one exchange, and one of gradients."""
    x = tf.cast(x, tf.float32)
    axes, width = list(range(len(x.shape) - 1)), x.shape[-1]
    count = tf.cast(tf.size(x) // width, tf.float32)
    sums = tf.concat([tf.reduce_sum(x, axes), tf.reduce_sum(tf.square(x), axes), [count]], axis=0)
    sums = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, sums)
    mean, mean_square = sums[:width] / sums[-1], sums[width:-1] / sums[-1]
    variance = tf.maximum(mean_square - tf.square(mean), 0.0)
    return tf.nn.batch_normalization(x, mean, variance, shift, scale, epsilon), mean, variance
