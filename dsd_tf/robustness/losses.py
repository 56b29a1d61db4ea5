"""What attacks drive up, per example, and its gradient with respect to the images."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from dsd_tf.errors import UsageError

Logits = Callable[[tf.Tensor], tf.Tensor]
"""From images [B, H, W, C] to logits [B, classes]."""

Loss = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
"""From labels int [B] and logits [B, classes] to losses [B]."""

_SMALLEST_RANGE = 1e-12


def cross_entropy(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Cross-entropy in nats."""
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)


def logits_ratio(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Difference of logits ratio, in [-1, 1], above 0 where another class wins (Croce & Hein 2020, section 4.1).

    -(z_y - max of the others) / (z_1st - z_3rd): neither shift nor scale of the logits changes it.
    """
    if (logits.shape[1] or 3) < 3:
        raise UsageError(f"the DLR loss compares the three highest logits, the network has {logits.shape[1]}")
    first, second, third = tf.unstack(tf.math.top_k(logits, 3).values, axis=1)
    own = tf.gather(logits, labels, batch_dims=1)
    rival = tf.where(own == first, second, first)
    return (rival - own) / (first - third + _SMALLEST_RANGE)


class Verdict(NamedTuple):
    """What a network says of images: losses and whether they are taken for another class, both [B]; and the gradient
    of each loss with respect to its image."""

    losses: tf.Tensor
    fooled: tf.Tensor
    gradient: tf.Tensor


def judge(logits: Logits, loss: Loss, images: tf.Tensor, labels: tf.Tensor) -> Verdict:
    """One pass forward and one back to the images; weights get no gradients."""
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(images)
        outputs = logits(images)
        losses = loss(labels, outputs)
    return Verdict(losses, fooled(labels, outputs), tape.gradient(losses, images))


def fooled(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Whether another class scores at least as high as the label's, bool [B]."""
    own = tf.gather(logits, labels, batch_dims=1)[:, tf.newaxis]
    # "not below" rather than "at least": logits that are NaN then count as wrong
    return tf.reduce_sum(tf.cast(~(logits < own), tf.int32), axis=1) > 1
