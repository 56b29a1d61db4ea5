"""What each stop rule would have made of a ladder that was climbed to its end: its cost against its accuracy."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dsd_tf.analysis.ladder import Record, rungs
from dsd_tf.analysis.stop_rules import NoStop, StopRule


@dataclass(frozen=True)
class StopOutcome:
    """A rule on a complete ladder.

    `stopped` is the phase it stopped after, None if it ran to the end, `reason` why; `trainings` and `training_flops`
    (at the cost of dense training, None if a phase's are not known) are of all phases up to there. `chosen` is the
    phase it keeps, chosen by validation accuracy, with its sparsity and accuracies. `gain` is its test accuracy minus,
    `trainings_saved` and `flops_saved` are its costs below, those of running to the end and keeping the level of the
    best validation accuracy. Accuracies and the gain are shares in [0, 1].
    """

    rule: str
    stopped: str | None
    reason: str
    trainings: int
    training_flops: float | None
    chosen: str
    sparsity: float
    validation: float
    test: float
    gain: float
    trainings_saved: int
    flops_saved: float | None

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


def stop_outcomes(records: Sequence[Record], rules: Mapping[str, StopRule]) -> list[StopOutcome]:
    """What each of the named rules would have done.

    Args:
        records: of all phases of a run, in order.

    Raises:
        UsageError: if a record lacks what a rule looks at: validation accuracy, entropy.
    """
    return [_outcome(name, rule, records) for name, rule in rules.items()]


def _outcome(name: str, rule: StopRule, records: Sequence[Record]) -> StopOutcome:
    seen, reason = _until_stopped(rule, records)
    # all phases of the levels seen, with what was made dense again
    paid = [record for record in records if record["level"] <= seen[-1]["level"]]
    chosen, kept_at_end = rule.choose(seen), NoStop().choose(records)
    cost, whole_cost = _flops(paid), _flops(records)
    return StopOutcome(
        rule=name,
        stopped=seen[-1]["phase"] if reason else None,
        reason=reason,
        trainings=len(paid),
        training_flops=cost,
        chosen=chosen["phase"],
        sparsity=chosen["sparsity"],
        validation=chosen["validation"]["top1"],
        test=chosen["test"]["top1"],
        gain=chosen["test"]["top1"] - kept_at_end["test"]["top1"],
        trainings_saved=len(records) - len(paid),
        flops_saved=None if whole_cost is None else whole_cost - cost,
    )


def _until_stopped(rule: StopRule, records: Sequence[Record]) -> tuple[list[Record], str]:
    """The levels up to the one the rule stops after, and its reason."""
    ladder = rungs(records)
    for count in range(1, len(ladder) + 1):
        if reason := rule.reason_to_stop(ladder[:count]):
            return ladder[:count], reason
    return ladder, ""


def _flops(records: Sequence[Record]) -> float | None:
    costs = [record.get("training_flops") for record in records]
    return None if None in costs else sum(costs)
