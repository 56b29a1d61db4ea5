"""Exact top-k: the one place that decides which scores are the largest."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from dsd_tf.errors import UsageError

Arrays = Sequence[np.ndarray]
Allowed = Sequence["np.ndarray | None"]


def keep_largest(
    scores: np.ndarray, keep: int, allowed: np.ndarray | None = None, *, what: str = "scores"
) -> np.ndarray:
    """Exactly `keep` True at the largest scores; of equal scores the lower flat (C order) index wins.

    Args:
        scores: any shape, any real dtype.
        keep: how many to keep.
        allowed: bool, shape of `scores`: the positions to choose from; None is all of them.
        what: how an error calls the scores.

    Returns:
        A bool array of the shape of `scores`.

    Raises:
        UsageError: for NaN scores, or a `keep` that is negative or above the number allowed.
    """
    return keep_largest_across([scores], keep, None if allowed is None else [allowed], what=[what])[0]


def keep_largest_across(
    scores: Arrays, keep: int, allowed: Allowed | None = None, *, what: Sequence[str] | None = None
) -> list[np.ndarray]:
    """`keep_largest` over several arrays ranked as one; of equal scores those of the earlier array win.

    Needs 1 byte per score on top of the masks: no index array of them all and no sorting.
    """
    scores = [np.ascontiguousarray(score) for score in scores]
    allowed = allowed or [None] * len(scores)
    for score, name in zip(scores, what or ["scores"] * len(scores), strict=True):
        check_rankable(score, name)
    available = sum(score.size if a is None else np.count_nonzero(a) for score, a in zip(scores, allowed, strict=True))
    if not 0 <= keep <= available:
        raise UsageError(f"cannot keep {keep} of {available} weights: give a number from 0 to {available}")
    if keep in (0, available):
        return [_within(np.full(score.shape, keep > 0), a) for score, a in zip(scores, allowed, strict=True)]
    return _cut(scores, keep, keep / available, allowed)


def check_rankable(scores: np.ndarray, what: str) -> None:
    """UsageError that names `what` if `scores` hold a NaN."""
    # min() hands a NaN on, and allocates nothing
    if scores.size and np.isnan(scores.min()):
        raise UsageError(f"{what} hold NaN and cannot be ranked: did training diverge?")


def _cut(scores: Arrays, keep: int, share: float, allowed: Allowed) -> list[np.ndarray]:
    """Masks of the `keep` largest allowed scores, which are `share` < 1 of them.

    A sample bounds the score at the cut, so that few have to be taken out and ranked (Floyd & Rivest 1975,
    "Expected time bounds for selection").
    """
    for low, high in (_bracket(scores, share, allowed), (-np.inf, np.inf)):
        masks = _compared(np.greater, scores, low, allowed)
        surplus = _total(masks) - keep
        if surplus < 0:  # the cut may be at a score that many share, as weights pruned before do
            rest = _compared(np.equal, scores, low, allowed)
        else:
            rest = _compared(np.less_equal, scores, high, masks)
        if abs(surplus) <= _total(rest):
            break
    if surplus < 0:
        _add_first(masks, rest, -surplus)
    elif surplus:
        _drop_smallest(masks, scores, rest, surplus)
    return masks


def _bracket(scores: Arrays, share: float, allowed: Allowed) -> tuple[np.generic | float, np.generic | float]:
    """Estimated bounds, low <= score <= high, of the allowed score that `share` of them reach.

    Wrong about once in 10^4 times.
    """
    step = round(sum(score.size for score in scores) ** (1 / 3))
    parts = [_every(step, score, a) for score, a in zip(scores, allowed, strict=True)]
    sample = np.sort(np.concatenate(parts))
    rank = sample.size * (1 - share)
    margin = 4 * math.sqrt(rank * share) + 2  # standard deviations of the rank
    low, high = math.floor(rank - margin), math.ceil(rank + margin)
    return sample[low] if low >= 0 else -np.inf, sample[high] if high < sample.size else np.inf


def _every(step: int, score: np.ndarray, allowed: np.ndarray | None) -> np.ndarray:
    """The allowed ones of every `step`-th score, or so: at a stride that passes through all columns."""
    while math.gcd(step, score.size or 1) > 1:
        step += 1
    sample = score.reshape(-1)[::step]
    return sample if allowed is None else sample[allowed.reshape(-1)[::step]]


def _compared(comparison: np.ufunc, scores: Arrays, bound: np.generic | float, allowed: Allowed) -> list[np.ndarray]:
    return [_within(comparison(score, bound), a) for score, a in zip(scores, allowed, strict=True)]


def _within(chosen: np.ndarray, allowed: np.ndarray | None) -> np.ndarray:
    return chosen if allowed is None else np.logical_and(chosen, allowed, out=chosen)


def _total(masks: Arrays) -> int:
    return sum(map(np.count_nonzero, masks))


def _add_first(masks: Arrays, candidates: Arrays, count: int) -> None:
    """Set in `masks` the first `count` candidates, none of them set yet."""
    for mask, candidate in zip(masks, candidates, strict=True):
        found = np.count_nonzero(candidate)
        if found > count:
            candidate.reshape(-1)[_end_of_first(candidate.reshape(-1), count) :] = False
        np.logical_or(mask, candidate, out=mask)
        count -= min(found, count)


def _drop_smallest(masks: Arrays, scores: Arrays, candidates: Arrays, count: int) -> None:
    """Clear in `masks` the `count` smallest candidates; of equal ones the last."""
    places = [np.flatnonzero(candidate) for candidate in candidates]
    values = [score.reshape(-1)[found] for score, found in zip(scores, places, strict=True)]
    largest = np.partition(np.concatenate(values), count - 1)[count - 1]
    ties = count - sum(np.count_nonzero(value < largest) for value in values)
    for mask, found, value in zip(reversed(masks), reversed(places), reversed(values), strict=True):
        tied = found[value == largest]
        dropped = tied[max(0, tied.size - ties) :]
        mask.reshape(-1)[found[value < largest]] = False
        mask.reshape(-1)[dropped] = False
        ties -= dropped.size


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
