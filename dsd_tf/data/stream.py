"""Labelled images that are decoded while they are used: sets of any size in the memory of a few batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from dsd_tf.data.images import check_labels
from dsd_tf.errors import UsageError

_AHEAD = 16  # images decoded at a time, at most

Prepare = Callable[[tf.Tensor], tf.Tensor]
"""Encoded image -> float32 [height, width, channels], what a network takes."""


@dataclass(frozen=True)
class Stream:
    """The examples of a split in a fixed order.

    items: (string, int label) per example; `read` makes the encoded image of the string. `example` names the
    example at a position, for people.
    """

    name: str
    items: tf.data.Dataset
    read: Callable[[tf.Tensor], tf.Tensor]
    examples: int
    num_classes: int
    example: Callable[[int], str]


class Reader:
    """The batches of a stream. Images that cannot be read or decoded are left out and listed in `skipped`.

    Iterating yields float32 images [B, H, W, C] and int32 labels [B], decoded on all cores ahead of use.
    Raises UsageError for a label that is no class, for a data set whose own files are damaged, and where
    there is no image that can be decoded.
    """

    def __init__(self, stream: Stream, prepare: Prepare, batch_size: int):
        self._stream, self._prepare = stream, prepare
        self._seen = np.zeros(stream.examples, bool)
        decoded = stream.items.enumerate().interleave(
            self._one, cycle_length=_AHEAD, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True
        )
        self._batches = decoded.batch(batch_size).prefetch(2)

    def __iter__(self) -> Iterator[tuple[tf.Tensor, tf.Tensor]]:
        self._seen[:] = False
        try:
            for positions, images, labels in self._batches:
                check_labels(labels.numpy(), self._stream.num_classes, self._stream.name)
                self._seen[positions.numpy()] = True
                yield images, labels
        except tf.errors.DataLossError as error:
            raise UsageError(f"{self._stream.name}: damaged on disk, prepare it again") from error
        if not self._seen.any():
            raise UsageError(f"{self._stream.name}: none of its {self.examples} images can be decoded")

    @property
    def examples(self) -> int:
        """How many there are, with those that cannot be decoded."""
        return self._stream.examples

    @property
    def skipped(self) -> list[str]:
        """Names of the examples that the last iteration, once it is over, did not yield."""
        return [self._stream.example(position) for position in np.flatnonzero(~self._seen)]

    def _one(self, position: tf.Tensor, item: tuple[tf.Tensor, tf.Tensor]) -> tf.data.Dataset:
        """A set of one image, or of none: so errors of decoding are ignored and no others."""
        source, label = item
        whole = tf.data.Dataset.from_tensors(source).map(lambda one: self._prepare(self._stream.read(one)))
        return whole.ignore_errors().map(lambda image: (position, image, tf.cast(label, tf.int32)))
