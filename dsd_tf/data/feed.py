"""Batches for `keras.Model.fit` and `evaluate` out of images in memory."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from dsd_tf import randomness
from dsd_tf.data.augmentation import AUGMENTATIONS
from dsd_tf.data.images import Images
from dsd_tf.errors import UsageError, unknown


class TrainFeed:
    """Shuffled, augmented batches whose content is a pure function of the seed and the number of the epoch.

    So a run that resumes at an epoch, or inside one, sees what an uninterrupted run sees there. Randomness
    does not depend on threads, replicas or steps per execution.

    Raises UsageError for an unknown augmentation and for a batch size that leaves no batch.
    """

    def __init__(
        self, images: Images, batch_size: int, *, seed: int, augmentation: str, drop_remainder: bool = False
    ):
        if augmentation not in AUGMENTATIONS:
            raise unknown("augmentation", augmentation, AUGMENTATIONS)
        self.steps_per_epoch = len(images) // batch_size if drop_remainder else -(-len(images) // batch_size)
        if not self.steps_per_epoch:
            raise UsageError(f"no batch of {batch_size} in {len(images)} training examples")
        self._images, self._labels = _resident(images)
        self._augment = AUGMENTATIONS[augmentation]
        self._batch_size, self._drop_remainder = batch_size, drop_remainder
        self._seed = seed
        self.set_epoch(0)

    def set_epoch(self, epoch: int, start: int = 0, stop: int | None = None) -> None:
        """What iterators made from now on yield: the batches [start, stop) of an epoch, by default all of
        them.
        """
        stop = self.steps_per_epoch if stop is None else stop
        if not 0 <= start < stop <= self.steps_per_epoch:
            raise ValueError(f"batches [{start}, {stop}) are not part of an epoch of {self.steps_per_epoch}")
        self._window = (epoch, start, stop)

    def dataset(self) -> tf.data.Dataset:
        """float32 images [B, H, W, C] in [0, 1] and int32 labels [B]; the last batch may be smaller.

        Each `iter()` reads the epoch that is set then. The data set declares as many batches as are set
        now, since Keras asks once for all epochs of a `fit`: epochs of another length need another data
        set, and reading them through this one is an error. Leave `steps_per_epoch` of `fit` alone, it would
        keep the first iterator.
        """
        _, start, stop = self._window
        plan = tf.data.Dataset.range(1).map(
            lambda _: tf.numpy_function(lambda: self._plan(stop - start), [], [tf.int32, tf.int32, tf.int64])
        )
        batches = plan.flat_map(self._batches)
        return batches.apply(tf.data.experimental.assert_cardinality(stop - start)).prefetch(tf.data.AUTOTUNE)

    def _plan(self, declared: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Order of the examples, augmentation seed of each batch, and which batches to read."""
        epoch, start, stop = self._window
        if stop - start != declared:
            raise ValueError(
                f"this data set declared {declared} batches, epoch {epoch} has {stop - start} set"
            )
        order = randomness.generator(self._seed, "shuffle", epoch).permutation(len(self._labels))
        seeds = randomness.generator(self._seed, "augment", epoch)
        seeds = seeds.integers(0, 2**31, size=(self.steps_per_epoch, 2), dtype=np.int32)
        return order.astype(np.int32), seeds, np.arange(start, stop)

    def _batches(self, order: tf.Tensor, seeds: tf.Tensor, steps: tf.Tensor) -> tf.data.Dataset:
        order, seeds = tf.ensure_shape(order, [None]), tf.ensure_shape(seeds, [None, 2])
        size = self._batch_size

        def batch(step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            index = order[step * size : (step + 1) * size]
            if self._drop_remainder:
                index = tf.ensure_shape(index, [size])
            images = self._augment(tf.gather(self._images, index), seeds[step])
            return _scaled(images), tf.gather(self._labels, index)

        steps = tf.data.Dataset.range(steps[0], steps[-1] + 1)
        return steps.map(batch, num_parallel_calls=tf.data.AUTOTUNE)


def batches(images: Images, batch_size: int) -> tf.data.Dataset:
    """All images in order, as `TrainFeed` yields them but neither shuffled nor augmented."""
    pixels, labels = _resident(images)

    def batch(step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        part = slice(step * batch_size, (step + 1) * batch_size)
        return _scaled(pixels[part]), labels[part]

    steps = tf.data.Dataset.range(-(-len(images) // batch_size))
    return steps.map(batch, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


def _resident(images: Images) -> tuple[tf.Tensor, tf.Tensor]:
    """Tensors that data set functions capture by reference; a constant in a graph is copied and limited to
    2 GB.
    """
    with tf.device("CPU:0"):
        return tf.convert_to_tensor(images.images), tf.convert_to_tensor(images.labels)


def _scaled(images: tf.Tensor) -> tf.Tensor:
    return tf.cast(images, tf.float32) / 255.0
