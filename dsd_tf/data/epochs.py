"""The order and the random seeds of one epoch, as a function of the run's seed and the epoch's number."""

from __future__ import annotations

import numpy as np

from dsd_tf import randomness


class Epochs:
    """Says what the batches of every epoch are."""

    def __init__(self, examples: int, batches: int, seed: int):
        self._examples, self._batches, self._seed = examples, batches, seed

    def plan(self, epoch: int, start: int = 0, stop: int | None = None) -> tuple[np.ndarray, np.ndarray, int, int]:
        """What there is to read of an epoch, by default all of it: (order, seeds, start, stop).

        `order` is a permutation of the examples, int32 [N]; `seeds` are the augmentation seeds of all batches
        of the epoch, int32 [batches, 2]; batches [start, stop) are to be read.

        Raises ValueError for batches that are not part of an epoch.
        """
        stop = self._batches if stop is None else stop
        if not 0 <= start < stop <= self._batches:
            raise ValueError(f"batches [{start}, {stop}) are not part of an epoch of {self._batches}")
        order = randomness.generator(self._seed, "shuffle", epoch).permutation(self._examples)
        augment = randomness.generator(self._seed, "augment", epoch)
        seeds = augment.integers(0, 2**31, size=(self._batches, 2), dtype=np.int32)
        return order.astype(np.int32), seeds, start, stop
