"""Exact top-k: the one place that decides which scores are the largest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dsd_tf.errors import UsageError

_CHUNK = 1 << 16  # scores copied at a time: they stay in the cache, and no second copy of all of them is made


def keep_largest(scores: np.ndarray, keep: int, allowed: np.ndarray | None = None) -> np.ndarray:
    """Exactly `keep` True at the largest scores; of equal scores the lower flat (C order) index wins.

    Args:
        scores: any shape, any real dtype.
        keep: how many to keep.
        allowed: bool, shape of `scores`: the positions to choose from; None is all of them.

    Returns:
        A bool array of the shape of `scores`.

    Raises:
        UsageError: for NaN scores, or a `keep` that is negative or above the number allowed.
    """
    return keep_largest_across([scores], keep, None if allowed is None else [allowed])[0]


def keep_largest_across(
    scores: Sequence[np.ndarray], keep: int, allowed: Sequence[np.ndarray] | None = None
) -> list[np.ndarray]:
    """`keep_largest` over several arrays ranked as one; of equal scores those of the earlier array win.

    Needs 4 bytes per float32 score on top of a mask: no index array and no sorting.
    """
    scores = [np.ascontiguousarray(score) for score in scores]
    for score in scores:
        check_rankable(score, "scores")
    allowed = [None] * len(scores) if allowed is None else allowed
    available = sum(
        score.size if a is None else np.count_nonzero(a) for score, a in zip(scores, allowed, strict=True)
    )
    if not 0 <= keep <= available:
        raise UsageError(f"cannot keep {keep} of {available} weights: give a number from 0 to {available}")
    if keep == 0:
        return [np.zeros(score.shape, bool) for score in scores]
    threshold = _kth_largest(scores, keep, allowed)
    masks = [_within(score > threshold, a) for score, a in zip(scores, allowed, strict=True)]
    missing = keep - sum(map(np.count_nonzero, masks))
    for mask, score, a in zip(masks, scores, allowed, strict=True):
        missing -= _add_first(mask, _within(score == threshold, a), missing)
    return masks


def check_rankable(scores: np.ndarray, what: str) -> None:
    """UsageError that names `what` if `scores` hold a NaN."""
    # min() hands a NaN on, and allocates nothing
    if scores.size and np.isnan(scores.min()):
        raise UsageError(f"{what} hold NaN and cannot be ranked: did training diverge?")


def _within(chosen: np.ndarray, allowed: np.ndarray | None) -> np.ndarray:
    return chosen if allowed is None else np.logical_and(chosen, allowed, out=chosen)


def _kth_largest(scores: list[np.ndarray], k: int, allowed: Sequence[np.ndarray | None]) -> np.generic:
    """The `k`-th largest allowed score (k >= 1)."""
    # Weights pruned before all score the minimum, and np.partition is 20 times slower on such a pile of equal
    # values (25 M float32, 90 % zeros: 0.63 s against 0.05 s without them).
    lowest = min(score.min() for score in scores if score.size)
    above = [_within(score > lowest, a) for score, a in zip(scores, allowed, strict=True)]
    total = sum(map(np.count_nonzero, above))
    if total < k:
        return lowest
    values = np.empty(total, np.result_type(*scores))
    end = 0
    for score, chosen in zip(scores, above, strict=True):
        for start in range(0, score.size, _CHUNK):
            part = slice(start, start + _CHUNK)
            found = score.reshape(-1)[part][chosen.reshape(-1)[part]]
            values[end : end + found.size] = found
            end += found.size
    values.partition(total - k)
    return values[total - k]


def _add_first(mask: np.ndarray, candidates: np.ndarray, count: int) -> int:
    """Set `mask` at the first `count` True of `candidates`, none set yet; returns how many were set."""
    found = np.count_nonzero(candidates)
    if found > count:
        candidates.reshape(-1)[_end_of_first(candidates.reshape(-1), count) :] = False
    np.logical_or(mask, candidates, out=mask)
    return min(found, count)


def _end_of_first(flat: np.ndarray, count: int) -> int:
    """The length of the shortest prefix of `flat` that holds `count` True, by bisection."""
    low, high = 0, flat.size
    while low < high:
        middle = (low + high) // 2
        inside = np.count_nonzero(flat[low:middle])
        if inside >= count:
            high = middle
        else:
            low, count = middle + 1, count - inside - int(flat[middle])
    return low
