"""Figures of one phase over several runs of a configuration: mean, standard deviation, number of runs."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Stat:
    """Mean and sample standard deviation (n - 1) of `count` values; one value has no deviation."""

    mean: float
    std: float | None
    count: int

    @classmethod
    def of(cls, values: Iterable[float | None]) -> Stat | None:
        """The statistics of the values that are known; None if none is."""
        known = [float(value) for value in values if value is not None]
        if not known:
            return None
        return cls(statistics.fmean(known), statistics.stdev(known) if len(known) > 1 else None, len(known))


@dataclass(frozen=True)
class Level:
    """A phase, as the runs that finished it recorded it."""

    records: tuple[dict[str, Any], ...]

    @property
    def phase(self) -> str:
        return self.records[0]["phase"]

    @property
    def role(self) -> str:
        return self.records[0]["role"]

    @property
    def sparsity(self) -> float:
        """Of the prunable weights, the mean over runs."""
        return statistics.fmean(record["sparsity"] for record in self.records)

    def stat(self, field: str) -> Stat | None:
        """The statistics of a field, as in "test.top1"; None where no run knows it."""
        return Stat.of(value_of(record, field) for record in self.records)


def value_of(record: Any, field: str) -> Any:
    """The value at a dotted path; None where the record has none."""
    for key in field.split("."):
        if not isinstance(record, dict):
            return None
        record = record.get(key)
    return record


_TOTALS = ("training_flops", "sparse_training_flops", "objective_flops")


def with_totals(records: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The records of a run, each with "total": the training costs up to its end, as far as all of them are known."""
    totals: dict[str, float | None] = dict.fromkeys(_TOTALS, 0)
    counted = []
    for record in records:
        for name, total in totals.items():
            cost = record.get(name)
            totals[name] = None if total is None or cost is None else total + cost
        counted.append(record | {"total": {name: total or None for name, total in totals.items()}})
    return counted


def levels_of(runs: Sequence[Sequence[dict[str, Any]]]) -> list[Level]:
    """The phases of runs of one plan, matched by name, in the plan's order."""
    by_phase: dict[str, list[dict[str, Any]]] = {}
    for records in sorted(runs, key=len, reverse=True):
        for record in records:
            by_phase.setdefault(record["phase"], []).append(record)
    return [Level(tuple(records)) for records in by_phase.values()]
