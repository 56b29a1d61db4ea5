"""Exact loss and accuracy of a model on a set of images."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from dsd_tf.data.feed import resident, scaled
from dsd_tf.data.images import Images


@dataclass(frozen=True)
class Scores:
    """Means over `examples`: cross-entropy in nats, shares of examples whose class is first, or of the first 3 or 5.

    Top-k as in Caffe: an example counts if fewer than k other classes score at least as high as its own.
    """

    loss: float
    top1: float
    top3: float
    top5: float
    examples: int


class Evaluator:
    """Evaluates `logits`, a function from images to logits, on images in memory.

    A Keras model is one: called with nothing but images it is in inference mode. Sums are kept in float64
    over examples, so the last partial batch weighs as it should.
    """

    def __init__(self, logits: Callable[[tf.Tensor], tf.Tensor], images: Images, batch_size: int):
        self._logits = logits
        self._pixels, self._labels = resident(images)
        self._batch_size = batch_size
        self._starts = range(0, len(images), batch_size)
        self._batch = tf.function(self._batch_totals)
        self._all = tf.function(self._sum_up)
        self._predict = tf.function(self._predict_all)

    def __call__(self) -> Scores:
        """The scores, in one call: starting a tf.data iterator takes longer than evaluating a small set."""
        return _scores(self._all())

    def stepwise(self, reached: Callable[[int], None]) -> Scores:
        """The same scores; `reached` is told after every batch how many examples are done."""
        totals = tf.zeros([5], tf.float64)
        for start in self._starts:
            totals += self._batch(tf.constant(start))
            reached(int(totals[-1]))
        return _scores(totals)

    def predictions(self) -> np.ndarray:
        """The class of every image, int32 [N]; -1 where none scores above all others, which counts as wrong."""
        return self._predict().numpy()

    def _predict_all(self) -> tf.Tensor:
        parts = tf.TensorArray(tf.int32, len(self._starts), infer_shape=False, element_shape=[None])
        for number in tf.range(len(self._starts)):
            start = number * self._batch_size
            logits = self._logits(scaled(self._pixels[start : start + self._batch_size]))
            parts = parts.write(number, winners(logits))
        return parts.concat()

    def _sum_up(self) -> tf.Tensor:
        totals = tf.zeros([5], tf.float64)
        for start in tf.range(self._starts.start, self._starts.stop, self._starts.step):
            totals += self._batch_totals(start)
        return totals

    def _batch_totals(self, start: tf.Tensor) -> tf.Tensor:
        part = slice(start, start + self._batch_size)
        return batch_totals(self._logits(scaled(self._pixels[part])), self._labels[part])


def streamed_scores(
    logits: Callable[[tf.Tensor], tf.Tensor],
    batches: Iterable[tuple[tf.Tensor, tf.Tensor]],
    reached: Callable[[int], None],
) -> Scores:
    """The scores of `logits` on batches of images, as it takes them, and labels; at least one image.

    `reached` is told after every batch how many examples are done.
    """
    totals, of_batch = tf.zeros([5], tf.float64), None
    for images, labels in batches:
        of_batch = of_batch or _traced(logits, images.shape[1:])
        totals += of_batch(images, labels)
        reached(int(totals[-1]))
    return _scores(totals)


def _traced(logits: Callable[[tf.Tensor], tf.Tensor], image_shape: tf.TensorShape) -> Callable:
    """`batch_totals` in one graph for float32 images of this shape and int32 labels, as many as there are."""
    function = tf.function(lambda images, labels: batch_totals(logits(images), labels))
    images = tf.TensorSpec([None, *image_shape], tf.float32)
    return function.get_concrete_function(images, tf.TensorSpec([None], tf.int32))


def _scores(totals: tf.Tensor) -> Scores:
    *sums, examples = (float(value) for value in totals)
    return Scores(*(total / examples for total in sums), int(examples))


def batch_totals(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Float64 vector of a batch: summed cross-entropy, examples right at top-1, at top-3, at top-5, examples."""
    logits = tf.cast(logits, tf.float32)
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
    rivals = _rivals(logits, labels)
    parts = [loss, rivals < 1, rivals < 3, rivals < 5, tf.ones_like(labels)]
    return tf.stack([tf.reduce_sum(tf.cast(part, tf.float64)) for part in parts])


def winners(logits: tf.Tensor) -> tf.Tensor:
    """The class that scores above all others, int32 [B]; -1 where there is none."""
    best = tf.argmax(logits, axis=1, output_type=tf.int32)
    return tf.where(_rivals(logits, best) < 1, best, -1)


def _rivals(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """How many other classes do not score below an example's own, int32 [B]."""
    own = tf.gather(logits, labels, batch_dims=1)[:, tf.newaxis]
    # "not below" rather than "at least": logits that are NaN then count as wrong
    return tf.reduce_sum(tf.cast(~(logits < own), tf.int32), axis=1) - 1
