"""The curve of a sparsity ladder: what a run recorded of its dense network and of every level below it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Record = dict[str, Any]


def rungs(records: Sequence[Record]) -> list[Record]:
    """The dense network's record and those of its pruned levels, in order; networks that were made dense again are
    not on the ladder.
    """
    return [record for record in records if record["role"] != "redense"]


def at_least(difference: float, least: float) -> bool:
    """Whether a difference of accuracies reaches `least`, but for rounding."""
    return difference >= least - 1e-9


@dataclass(frozen=True)
class Curve:
    """Accuracies (shares in [0, 1]) at the last epoch of every level, from the dense network on.

    Test accuracy is on clean labels, training accuracy on the labels that were trained on.
    """

    sparsity: Sequence[float]
    test: Sequence[float]
    train: Sequence[float]

    @classmethod
    def of(cls, records: Sequence[Record]) -> Curve:
        """The curve of a run's records."""
        ladder = rungs(records)
        test, train = ([record[split]["top1"] for record in ladder] for split in ("test", "train"))
        return cls([record["sparsity"] for record in ladder], test, train)
