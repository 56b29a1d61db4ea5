"""Exact loss and accuracy of a model on a set of images."""

from __future__ import annotations

from dataclasses import dataclass

import keras
import tensorflow as tf

from dsd_tf.data.feed import resident, scaled
from dsd_tf.data.images import Images


@dataclass(frozen=True)
class Scores:
    """Means over `examples`: cross-entropy in nats, shares of examples whose class is first or among the first five.

    Top-k as in Caffe: an example counts if fewer than k other classes score at least as high as its own.
    """

    loss: float
    top1: float
    top5: float
    examples: int


class Evaluator:
    """Evaluates a model that outputs logits on images in memory, in inference mode.

    Sums are kept in float64 over examples, so the last partial batch weighs as it should. All batches run in one call:
    starting a tf.data iterator takes longer than small sets take to evaluate.
    """

    def __init__(self, model: keras.Model, images: Images, batch_size: int):
        self._model = model
        self._pixels, self._labels = resident(images)
        self._batch_size = batch_size
        self._totals = tf.function(self._sum_up)

    def __call__(self) -> Scores:
        loss, first, fifth, examples = (float(value) for value in self._totals())
        return Scores(loss / examples, first / examples, fifth / examples, int(examples))

    def _sum_up(self) -> tf.Tensor:
        totals = tf.zeros([4], tf.float64)
        for start in tf.range(0, len(self._labels), self._batch_size):
            part = slice(start, start + self._batch_size)
            logits = self._model(scaled(self._pixels[part]), training=False)
            totals += batch_totals(logits, self._labels[part])
        return totals


def batch_totals(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Float64 vector of a batch: summed cross-entropy, examples right at top-1, at top-5, examples."""
    logits = tf.cast(logits, tf.float32)
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
    own = tf.gather(logits, labels, batch_dims=1)[:, tf.newaxis]
    # "not below" rather than "at least": logits that are NaN then count as wrong
    rivals = tf.reduce_sum(tf.cast(~(logits < own), tf.int32), axis=1) - 1
    parts = [loss, rivals < 1, rivals < 5, tf.ones_like(labels)]
    return tf.stack([tf.reduce_sum(tf.cast(part, tf.float64)) for part in parts])
