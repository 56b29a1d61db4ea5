"""Batches of images in memory, for training and evaluation."""

from __future__ import annotations

import tensorflow as tf

from dsd_tf.data.epochs import Epochs
from dsd_tf.data.images import Images
from dsd_tf.errors import UsageError
from dsd_tf.registry import AUGMENTATIONS, resolve


class TrainFeed:
    """Shuffled, augmented batches whose content is a pure function of the seed and the number of the epoch.

    So a run that resumes at an epoch, or inside one, sees what an uninterrupted run sees there. Randomness
    does not depend on threads, replicas or steps per execution. Batches are made inside the training step, of
    images that are resident: small networks would spend much of their time starting tf.data iterators and
    handing over batches, here an epoch costs one assignment of its order.

    With `replays` every batch comes that often in a row, augmented alike. Epochs keep their number of steps, so that it
    takes as many of them to go once through the examples.

    Raises UsageError for an unknown augmentation and for a batch size that leaves no batch.
    """

    def __init__(self, images: Images, batch_size: int, *, seed: int, augmentation: str, replays: int = 1):
        self.steps_per_epoch = -(-len(images) // batch_size) if batch_size > 0 else 0
        if not self.steps_per_epoch:
            raise UsageError(f"no batch of {batch_size} in {len(images)} training examples")
        self._images, self._labels = resident(images)
        self._augment = resolve("augmentation", AUGMENTATIONS, augmentation)
        self._batch_size, self._epochs = batch_size, Epochs(len(images), self.steps_per_epoch, seed)
        self._replays = replays
        with tf.device("CPU:0"):
            self._order = tf.Variable(tf.zeros([len(images)], tf.int32), trainable=False)
            self._seeds = tf.Variable(tf.zeros([self.steps_per_epoch, 2], tf.int32), trainable=False)
            self._window = tf.Variable([0, 0], dtype=tf.int64, trainable=False)

    def set_epoch(self, epoch: int, start: int = 0, stop: int | None = None) -> None:
        """Go on with the batches of steps [start, stop) of an epoch, by default all of it."""
        epochs_before, replayed = divmod(epoch, self._replays)
        order, seeds, start, stop = self._epochs.plan(epochs_before, start, stop)
        self._order.assign(order)
        self._seeds.assign(seeds)
        steps_before = replayed * self.steps_per_epoch
        self._window.assign([steps_before + start, steps_before + stop])

    def examples_in(self, start: int, stop: int) -> int:
        """How many examples the steps [start, stop) train on, counted through all epochs; replays count as well."""
        return self._examples_before(stop) - self._examples_before(start)

    def _examples_before(self, step: int) -> int:
        batches, replays = divmod(step, self._replays)
        epochs, batch = divmod(batches, self.steps_per_epoch)
        examples, before = len(self._labels), batch * self._batch_size
        size = min(self._batch_size, examples - before)
        return self._replays * (epochs * examples + before) + replays * size

    def to_come(self) -> tf.Tensor:
        """How many steps there are before the epoch has to be set anew; int64 scalar."""
        return self._window[1] - self._window[0]

    def next_batch(self) -> tf.Tensor:
        """Number, in the epoch's order, of the batch to train on now, int64 scalar; in the training step's graph."""
        step = tf.identity(self._window[0])
        self._window[0].assign(step + 1)
        return step // self._replays

    def examples(self, batch: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """float32 images [B, H, W, C] in [0, 1] and int32 labels [B] of a batch; the last one may be smaller."""
        size = self._batch_size
        index = self._order[batch * size : (batch + 1) * size]
        images = self._augment(tf.gather(self._images, index), self._seeds[batch])
        return scaled(images), tf.gather(self._labels, index)


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


def scaled(images: tf.Tensor) -> tf.Tensor:
    """uint8 pixels as float32 in [0, 1]."""
    return tf.cast(images, tf.float32) / 255.0
