"""One update of a layer's mask: drop the smallest of its weights, grow as many elsewhere."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dsd_tf.sparsity.select import keep_largest


def regrown(
    weight: np.ndarray,
    mask: np.ndarray,
    growth: np.ndarray,
    fraction: float,
    drop: str,
    extra: tuple[float, float] = (0.0, 0.0),
) -> np.ndarray:
    """The mask after an update: exactly as many True as `mask`, whatever the values, if there is no `extra`.

    Weights that were dropped compete for growth with those that were off before, as in SET and RigL; so a layer
    without an off weight stays as it is.

    Args:
        weight, mask, growth: arrays of one shape: values, bool, and the score by which off weights are grown.
        fraction: share of the weights to drop, in [0, 1].
        drop: one of `DROPS`.
        extra: what to drop and what to grow beyond, as shares of the number that is dropped without.

    Raises:
        UsageError: for weights or growth scores that are NaN.
    """
    kept = DROPS[drop](weight, mask, fraction)
    count = np.count_nonzero(mask) - np.count_nonzero(kept)
    kept = _without_smallest(weight, kept, min(int(extra[0] * count), np.count_nonzero(kept)))
    count = min(count + int(extra[1] * count), kept.size - np.count_nonzero(kept))
    return kept | keep_largest(growth, count, ~kept, what="growth scores")


def magnitude(weight: np.ndarray, mask: np.ndarray, fraction: float) -> np.ndarray:
    """What is left without the smallest |w|; their number is rounded down (RigL, Evci et al. 2020)."""
    return _without_smallest(weight, mask, int(fraction * np.count_nonzero(mask)))


def sign(weight: np.ndarray, mask: np.ndarray, fraction: float) -> np.ndarray:
    """Positive and negative weights lose their smallest apart (SET, Mocanu et al. 2018); a zero counts as positive."""
    positive, negative = _by_sign(weight, mask)
    return magnitude(weight, positive, fraction) | magnitude(weight, negative, fraction)


def sign_hs(weight: np.ndarray, mask: np.ndarray, fraction: float) -> np.ndarray:
    """As `sign`, with the counts of the released code of Xiao et al. 2024 ("Are Sparse Neural Networks Better Hard
    Sample Learners?"): one positive more, negatives rounded up, and no weight that is zero survives."""
    positive, negative = _by_sign(weight, mask & (weight != 0))
    positives, negatives = np.count_nonzero(positive), np.count_nonzero(negative)
    fewer_positive = _without_smallest(weight, positive, min(int(fraction * positives) + 1, positives))
    return fewer_positive | _without_smallest(weight, negative, negatives - int((1 - fraction) * negatives))


DROPS: dict[str, Callable[[np.ndarray, np.ndarray, float], np.ndarray]] = {
    "magnitude": magnitude,
    "sign": sign,
    "sign_hs": sign_hs,
}


def _by_sign(weight: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    negative = mask & (weight < 0)
    return mask & ~negative, negative


def _without_smallest(weight: np.ndarray, mask: np.ndarray, count: int) -> np.ndarray:
    return keep_largest(np.abs(weight), np.count_nonzero(mask) - count, mask, what="weights")
