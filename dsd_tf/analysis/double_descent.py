"""Sparse double descent in a ladder's curve: its valley and peak, and its four phases.

He et al. 2022 ("Sparse Double Descent", ICML) describe the phases in words: Light (accuracy as of the dense network),
Critical (around the interpolation threshold test accuracy falls and recovers), Sweet (it is boosted) and Collapsed
(training and test accuracy fall). The rules here put them in numbers.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from dsd_tf.analysis.ladder import Curve, at_least

INTERPOLATES = 0.99
"""Training accuracy from which a network counts as fitting its labels."""

POINT = 0.01
"""One point of accuracy: less is no change."""


@dataclass(frozen=True)
class Descent:
    """Positions on the curve of the last level that fits its labels (None if not even the dense one does), of the
    valley and of the peak after it; their sparsities and test accuracies; and, as shares in [0, 1],
    depth = dense - valley and rebound = peak - valley.
    """

    threshold: int | None
    valley: int
    peak: int
    valley_sparsity: float
    peak_sparsity: float
    valley_accuracy: float
    peak_accuracy: float
    depth: float
    rebound: float

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


@dataclass(frozen=True)
class LadderPhase:
    """A phase of the ladder: its name, its first and last position on the curve, and their sparsities."""

    name: str
    first: int
    last: int
    from_sparsity: float
    to_sparsity: float

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


def find_descent(curve: Curve, least: float = POINT) -> Descent | None:
    """The valley and peak of a curve, None if it has none.

    With T the last level whose training accuracy is at least 99 % (the dense network if there is none), the peak is
    the best test accuracy after T and the valley the worst from T to the peak; the first of equals. It is a descent
    if depth and rebound are both at least `least`: a curve that only falls has no rebound, one that dips by less is
    as good as flat.
    """
    fitting = [position for position, accuracy in enumerate(curve.train) if at_least(accuracy, INTERPOLATES)]
    start = fitting[-1] if fitting else 0
    if start + 1 >= len(curve.test):
        return None
    peak = _best(curve.test, range(start + 1, len(curve.test)))
    valley = min(range(start, peak), key=lambda position: curve.test[position])
    depth, rebound = curve.test[0] - curve.test[valley], curve.test[peak] - curve.test[valley]
    if not (at_least(depth, least) and at_least(rebound, least)):
        return None
    return Descent(
        threshold=fitting[-1] if fitting else None,
        valley=valley,
        peak=peak,
        valley_sparsity=curve.sparsity[valley],
        peak_sparsity=curve.sparsity[peak],
        valley_accuracy=curve.test[valley],
        peak_accuracy=curve.test[peak],
        depth=depth,
        rebound=rebound,
    )


def find_phases(curve: Curve) -> list[LadderPhase]:
    """The phases of a curve, in order; those that do not occur are left out.

    With a descent, the ladder is Light until test accuracy is a point or more below the dense network's, Critical from
    there until it is back (or at its peak) after the valley, Sweet until both accuracies are a point or more below
    those at the peak, and Collapsed from there. Without one it is Light until test accuracy is below by a point for
    good, Critical until training accuracy is too, and Collapsed from there.
    """
    starts = _starts_with(curve, descent) if (descent := find_descent(curve)) else _starts_without(curve)
    ends = [*list(starts.values())[1:], len(curve.test)]
    return [
        LadderPhase(name, first, end - 1, curve.sparsity[first], curve.sparsity[end - 1])
        for (name, first), end in zip(starts.items(), ends, strict=True)
        if first < end
    ]


def _starts_with(curve: Curve, descent: Descent) -> dict[str, int]:
    levels = range(len(curve.test))
    critical = _first(levels, lambda position: _below(curve.test, position, 0))
    sweet = _first(levels[descent.valley : descent.peak], lambda position: not _below(curve.test, position, 0))
    collapsed = _first(levels[descent.peak :], lambda position: _collapsed(curve, position, descent.peak))
    return {"light": 0, "critical": critical, "sweet": sweet, "collapsed": collapsed}


def _starts_without(curve: Curve) -> dict[str, int]:
    levels = range(len(curve.test))
    light = [position for position in levels if not _below(curve.test, position, 0)]
    critical = light[-1] + 1
    collapsed = _first(levels[critical:], lambda position: _collapsed(curve, position, 0))
    return {"light": 0, "critical": critical, "collapsed": collapsed}


def _collapsed(curve: Curve, position: int, reference: int) -> bool:
    return all(_below(accuracies, position, reference) for accuracies in (curve.test, curve.train))


def _below(accuracies: Sequence[float], position: int, reference: int) -> bool:
    return at_least(accuracies[reference] - accuracies[position], POINT)


def _best(values: Sequence[float], positions: Iterable[int]) -> int:
    return max(positions, key=lambda position: values[position])


def _first(levels: range, found: Callable[[int], bool]) -> int:
    """The first of the levels that is found, or else the one after them."""
    return next((level for level in levels if found(level)), levels.stop)
