"""When the weights that pruning would keep have settled: early-bird tickets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dsd_tf.sparsity.masks import Masks

WINDOW = 5
# Chen et al. 2022; 0.1 in You et al. 2020
_FARTHEST = 0.08


def as_bits(masks: Masks) -> np.ndarray:
    """All masks in a row, one bit per weight, uint8."""
    return np.packbits(np.concatenate([mask.ravel() for mask in masks.values()]))


def have_settled(tickets: Sequence[np.ndarray], size: int) -> bool:
    """Whether of the last five, of `size` weights each, the newest differs from no other one by more than 8 % of them.

    You et al. 2020, "Drawing Early-Bird Tickets", section 3.1: the normalised Hamming distance.
    """
    if len(tickets) < WINDOW:
        return False
    *earlier, newest = tickets[-WINDOW:]
    return all(np.bitwise_count(ticket ^ newest).sum() <= _FARTHEST * size for ticket in earlier)
