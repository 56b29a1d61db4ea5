"""Choosing between two batches, example by example."""

from __future__ import annotations

import tensorflow as tf


def choose(which: tf.Tensor, first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    """Examples of `first` where `which` (bool [B]), else of `second`."""
    shape = tf.concat([tf.shape(which), tf.ones([tf.rank(first) - 1], tf.int32)], axis=0)
    return tf.ensure_shape(tf.where(tf.reshape(which, shape), first, second), first.shape)
