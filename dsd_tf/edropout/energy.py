"""The energy of a sub-network: how far it is from telling the right class, on a batch."""

from __future__ import annotations

import tensorflow as tf

_SCALE = 10.0


def energy(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """-10 times the mean margin of the target's logit over the largest other: float32 [...], unbounded, low is good.

    logits: [..., B, classes]. labels: integer [B]. As in the code of Salehinejad & Valaee 2020 ("EDropout"): with the
    energy -z_y of class y it is the target's less the smallest of the others, averaged and scaled.
    """
    logits = tf.cast(logits, tf.float32)
    target = tf.one_hot(labels, logits.shape[-1], on_value=True, off_value=False)
    own = tf.reduce_sum(tf.where(target, logits, 0.0), axis=-1)
    others = tf.reduce_max(tf.where(target, logits.dtype.min, logits), axis=-1)
    return -_SCALE * tf.reduce_mean(own - others, axis=-1)
