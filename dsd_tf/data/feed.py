"""Batches of images in memory, for training and evaluation."""

from __future__ import annotations

import functools

import tensorflow as tf

from dsd_tf.data.epochs import Epochs
from dsd_tf.data.images import Images
from dsd_tf.errors import UsageError
from dsd_tf.registry import AUGMENTATIONS, resolve


class TrainFeed:
    """Shuffled, augmented batches whose content is a pure function of the seed and the number of the epoch.

    So a run that resumes at an epoch, or inside one, sees what an uninterrupted run sees there. Randomness
    does not depend on threads, replicas or steps per execution. This one makes its batches in tf.data, as
    replicas need it.

    Raises UsageError for an unknown augmentation and for a batch size that leaves no batch.
    """

    def __init__(self, images: Images, batch_size: int, *, seed: int, augmentation: str, drop_remainder: bool = False):
        whole = len(images) if drop_remainder else len(images) + batch_size - 1
        self.steps_per_epoch = whole // batch_size if batch_size > 0 else 0
        if not self.steps_per_epoch:
            raise UsageError(f"no batch of {batch_size} in {len(images)} training examples")
        self._images, self._labels = resident(images)
        self._augment = resolve("augmentation", AUGMENTATIONS, augmentation)
        self._batch_size, self._drop_remainder = batch_size, drop_remainder
        self._epochs = Epochs(len(images), self.steps_per_epoch, seed)

    def set_epoch(self, epoch: int, start: int = 0, stop: int | None = None) -> None:
        """What iterators made from now on yield: batches [start, stop) of an epoch, by default all of it."""
        self._epochs.set(epoch, start, stop)

    def examples_in(self, start: int, stop: int) -> int:
        """How many examples the batches [start, stop) have, counted through all epochs."""
        epoch = self.steps_per_epoch * self._batch_size if self._drop_remainder else len(self._labels)
        first, last = (
            epochs * epoch + min(batch * self._batch_size, epoch)
            for epochs, batch in (divmod(step, self.steps_per_epoch) for step in (start, stop))
        )
        return last - first

    def dataset(self) -> tf.data.Dataset:
        """float32 images [B, H, W, C] in [0, 1] and int32 labels [B]; the last batch may be smaller.

        Each `iter()` reads the epoch that is set then. The data set declares as many batches as are set now,
        since Keras asks once for all epochs of a `fit`: epochs of another length need another data set, and
        reading them through this one is an error. Leave `steps_per_epoch` of `fit` alone, with it Keras keeps
        the first epoch's iterator.
        """
        _, start, stop = self._epochs.window
        read_plan = functools.partial(self._epochs.plan, declared=stop - start)
        types = [tf.int32, tf.int32, tf.int64, tf.int64]
        plan = tf.data.Dataset.range(1).map(lambda _: tf.numpy_function(read_plan, [], types))
        batches = plan.flat_map(self._batches)
        return _prefetched(batches.apply(tf.data.experimental.assert_cardinality(stop - start)))

    def examples(self, element: tuple[tf.Tensor, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        """Images and labels of an element of `dataset()`, in the training step's graph."""
        return element

    def _batches(self, order: tf.Tensor, seeds: tf.Tensor, start: tf.Tensor, stop: tf.Tensor) -> tf.data.Dataset:
        order, seeds = tf.ensure_shape(order, [None]), tf.ensure_shape(seeds, [None, 2])
        steps = tf.data.Dataset.range(start, stop)
        return steps.map(lambda step: self._batch(order, seeds, step), num_parallel_calls=tf.data.AUTOTUNE)

    def _batch(self, order: tf.Tensor, seeds: tf.Tensor, step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        size = self._batch_size
        index = order[step * size : (step + 1) * size]
        if self._drop_remainder:
            index = tf.ensure_shape(index, [size])
        images = self._augment(tf.gather(self._images, index), seeds[step])
        return scaled(images), tf.gather(self._labels, index)


class ResidentFeed(TrainFeed):
    """The same batches, made inside the training step: what `fit` iterates over are numbers of steps.

    Small networks spend much of their time starting tf.data iterators and handing over batches; here an epoch costs
    one assignment of its order. Unlike an iterator of batches, one of numbers follows `set_epoch`: set an epoch when
    it begins, not before the last one ended.
    """

    def __init__(self, images: Images, batch_size: int, *, seed: int, augmentation: str, drop_remainder: bool = False):
        super().__init__(images, batch_size, seed=seed, augmentation=augmentation, drop_remainder=drop_remainder)
        with tf.device("CPU:0"):
            self._order = tf.Variable(tf.zeros([len(images)], tf.int32), trainable=False)
            self._seeds = tf.Variable(tf.zeros([self.steps_per_epoch, 2], tf.int32), trainable=False)

    def set_epoch(self, epoch: int, start: int = 0, stop: int | None = None) -> None:
        """Batches `examples` makes from now on are those of this epoch, `dataset()` numbers [start, stop) of them."""
        super().set_epoch(epoch, start, stop)
        _, start, stop = self._epochs.window
        order, seeds, _, _ = self._epochs.plan(declared=stop - start)
        self._order.assign(order)
        self._seeds.assign(seeds)

    def dataset(self) -> tf.data.Dataset:
        """Pairs of int64 scalars: the number of a batch in its epoch, and how many are to come with it."""
        _, start, stop = self._epochs.window
        return tf.data.Dataset.range(start, stop).map(lambda step: (step, stop - step))

    def examples(self, element: tuple[tf.Tensor, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        """float32 images [B, H, W, C] in [0, 1] and int32 labels [B] of the batch an element stands for."""
        return self._batch(self._order, self._seeds, element[0])


def batches(images: Images, batch_size: int) -> tf.data.Dataset:
    """All images in order, as `TrainFeed` yields them but neither shuffled nor augmented."""
    pixels, labels = resident(images)

    def batch(step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        part = slice(step * batch_size, (step + 1) * batch_size)
        return scaled(pixels[part]), labels[part]

    steps = tf.data.Dataset.range(-(-len(images) // batch_size))
    return _prefetched(steps.map(batch, num_parallel_calls=tf.data.AUTOTUNE))


def resident(images: Images) -> tuple[tf.Tensor, tf.Tensor]:
    """Tensors to be captured by reference; a constant in a graph would be copied, and limited to 2 GB.

    The images hold on to them, so that all who read them share one copy.
    """
    held = vars(images)
    if "resident" not in held:
        with tf.device("CPU:0"):
            # A tensor made from NumPy keeps a second copy until an operation reads it: identity drops it at once.
            held["resident"] = tf.identity(images.images), tf.identity(images.labels)
    return held["resident"]


def _prefetched(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """Without tf.data's graph optimizations, which copy every captured tensor whenever an epoch begins."""
    options = tf.data.Options()
    options.experimental_optimization.apply_default_optimizations = False
    return dataset.prefetch(tf.data.AUTOTUNE).with_options(options)


def scaled(images: tf.Tensor) -> tf.Tensor:
    """uint8 pixels as float32 in [0, 1]."""
    return tf.cast(images, tf.float32) / 255.0
