"""The table of the EDropout papers: loss, accuracy and size of full, pruned and comparable networks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from dsd_tf.reporting.html.levels import Level, Stat
from dsd_tf.reporting.html.runs import Group
from dsd_tf.reporting.html.tables import percent, spread

COLUMNS = ("network", "loss", "top-1", "top-3", "top-5", "R", "#p", "R (papers)")


@dataclass(frozen=True)
class NetworkRow:
    """One network on test data, over the runs of a configuration.

    `kept` of its parameters are left, a share `ratio`. `published_ratio` is that share as the papers' code counts: a
    unit with all its inputs, whether these are left or not.
    """

    configuration: str
    name: str
    runs: int
    loss: Stat
    top1: Stat
    top3: Stat
    top5: Stat
    ratio: Stat
    kept: Stat
    published_ratio: Stat

    @property
    def cells(self) -> list[str]:
        """What stands under COLUMNS, in percent where the papers have percent."""
        accuracies = map(percent, (self.top1, self.top3, self.top5))
        sizes = (f"{100 * self.ratio.mean:.2f}", f"{self.kept.mean:,.0f}", f"{100 * self.published_ratio.mean:.2f}")
        return [self.name, spread(self.loss, digits=4), *accuracies, *sizes]


def network_rows(groups: Sequence[Group]) -> Iterator[NetworkRow]:
    """Of EDropout the full (F) and the pruned (P) network, of other methods the last one."""
    for group in groups:
        settings = group.runs[0].settings
        if settings.method == "edropout":
            by_phase = {level.phase: level for level in group.levels}
            for phase in ("full", "pruned"):
                if phase in by_phase and (name := _of_units(by_phase[phase])):
                    yield _row(group, f"{settings.model} + {name}", by_phase[phase])
        elif settings.method == "dense":
            yield _row(group, settings.model, group.levels[-1])
        else:
            yield _row(group, f"{settings.model} + {settings.method}, {settings.granularity}s", group.levels[-1])


def _of_units(level: Level) -> str:
    """What to call a network of units; random ones have never been part of a full network."""
    searched = level.records[0]["units"]["search_flops"] > 0
    if level.phase == "full":
        return "EDropout(F)" if searched else ""
    return "EDropout(P)" if searched else "random units"


def _row(group: Group, name: str, level: Level) -> NetworkRow:
    kept = [_kept(record) for record in level.records]
    masked = [_masked(record) / record["parameters"] for record in level.records]
    pairs = zip(level.records, masked, strict=True)
    accuracy = {key: level.stat(f"test.{key}") for key in ("loss", "top1", "top3", "top5")}
    return NetworkRow(
        group.name,
        name,
        len(level.records),
        **accuracy,
        ratio=Stat.of(count / record["parameters"] for count, record in zip(kept, level.records, strict=True)),
        kept=Stat.of(kept),
        published_ratio=Stat.of(record.get("units", {}).get("published_ratio", share) for record, share in pairs),
    )


def _masked(record: dict[str, Any]) -> int:
    """The parameters that are not masked."""
    return record["parameters"] - record["prunable"] + record["kept"]


def _kept(record: dict[str, Any]) -> int:
    """The parameters that are left: where whole units are pruned those of the compacted network."""
    return record.get("compacted", {}).get("parameters", _masked(record))
