"""The order and the random seeds of one epoch, as a function of the run's seed and the epoch's number."""

from __future__ import annotations

import numpy as np

from dsd_tf import randomness


class Epochs:
    """Says which batches of which epoch come next. Holds no images: TensorFlow never lets go of it."""

    def __init__(self, examples: int, batches: int, seed: int):
        self._examples, self._batches, self._seed = examples, batches, seed
        self.window = (0, 0, batches)

    def set(self, epoch: int, start: int, stop: int | None) -> None:
        """Makes the batches [start, stop) of `epoch` the next to be read."""
        stop = self._batches if stop is None else stop
        if not 0 <= start < stop <= self._batches:
            raise ValueError(f"batches [{start}, {stop}) are not part of an epoch of {self._batches}")
        self.window = (epoch, start, stop)

    def plan(self, declared: int) -> tuple[np.ndarray, np.ndarray, int, int]:
        """What there is to read: (order, seeds, start, stop).

        `order` is a permutation of the examples, int32 [N]; `seeds` are the augmentation seeds of all batches
        of the epoch, int32 [batches, 2]; batches [start, stop) are to be read.

        Raises ValueError unless `declared` batches are to be read.
        """
        epoch, start, stop = self.window
        if stop - start != declared:
            raise ValueError(f"the data set declared {declared} batches, epoch {epoch} has {stop - start}")
        order = randomness.generator(self._seed, "shuffle", epoch).permutation(self._examples)
        augment = randomness.generator(self._seed, "augment", epoch)
        seeds = augment.integers(0, 2**31, size=(self._batches, 2), dtype=np.int32)
        return order.astype(np.int32), seeds, start, stop
