"""Stored runs, and which of them are repetitions of one configuration."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from dsd_tf.analysis.stop_rules import StopRule, all_rules
from dsd_tf.reporting.html.levels import Level, levels_of, with_totals
from dsd_tf.settings import Settings

_MOST_NAMED = 3


@dataclass(frozen=True)
class StoredRun:
    """What a run directory holds: a record per finished phase, the figures of every epoch; `layers` once finished.

    `search` has the figures of every generation of a search for units, by name. `label` is what a study calls all runs
    of its configuration; `replayed` are settings of the stop rules that its ladder is replayed with in place of its
    own.
    """

    path: str
    settings: Settings
    versions: dict[str, str]
    records: list[dict[str, Any]]
    epochs: list[dict[str, Any]]
    layers: list[dict[str, Any]]
    finished: bool
    label: str = ""
    replayed: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    search: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)

    @property
    def kernel_sizes(self) -> dict[str, int]:
        """The number of weights by kernel; empty while only a pruned phase of an unfinished run could tell."""
        if self.layers:
            return {layer["name"]: math.prod(layer["shape"]) for layer in self.layers}
        return next((record["kept_by_kernel"] for record in self.records if record["sparsity"] == 0), {})

    @property
    def stop_rules(self) -> dict[str, StopRule]:
        """The rules its ladder is replayed with."""
        return all_rules(dataclasses.replace(self.settings, **self.replayed))

    @property
    def state(self) -> str:
        """Where the run stands, in words."""
        if self.finished:
            return "finished"
        return f"unfinished, up to {self.records[-1]['phase']}" if self.records else "unfinished, no phase done"

    @cached_property
    def configuration(self) -> dict[str, Any]:
        """The settings results depend on but for the seed, which is also struck from the paths of other runs."""
        pattern = re.compile(rf"(seed=?){self.settings.seed}(?!\d)")
        values = {name: value for name, value in self.settings.identity().items() if name != "seed"}
        texts = {name: pattern.sub(r"\1*", value) for name, value in values.items() if isinstance(value, str)}
        return values | texts


@dataclass(frozen=True)
class Group:
    """The runs of one configuration, which differ in their seed.

    `name` says what sets it apart from the other groups of the report, of which it is the `index`-th; `alone` if there
    are no others.
    """

    name: str
    runs: tuple[StoredRun, ...]
    index: int
    alone: bool

    @cached_property
    def levels(self) -> list[Level]:
        """Every phase, over the runs that finished it."""
        return levels_of([with_totals(run.records) for run in self.runs])

    @cached_property
    def ladder(self) -> list[Level]:
        """The phases that tell what sparsity does: those that do not train pruned weights again."""
        return [level for level in self.levels if level.role != "redense"]

    @property
    def is_ladder(self) -> bool:
        """Whether sparsity rises in steps, from phase to phase."""
        return len({level.sparsity for level in self.ladder}) >= 3

    @property
    def kernel_sizes(self) -> dict[str, int]:
        """The number of weights by kernel, from a run that knows."""
        return next((sizes for run in self.runs if (sizes := run.kernel_sizes)), {})

    @property
    def best(self) -> Level | None:
        """The phase with the best mean validation accuracy, the sparsest of equals; None without validation data."""
        known = [level for level in self.levels if level.stat("validation.top1")]
        return max(known, key=lambda level: (level.stat("validation.top1").mean, level.sparsity), default=None)


def group_runs(runs: Sequence[StoredRun]) -> list[Group]:
    """The runs by configuration, in the order they were given; runs without a finished phase are left out."""
    groups: dict[str, list[StoredRun]] = {}
    for run in runs:
        if run.records:
            groups.setdefault(repr(run.configuration), []).append(run)
    firsts = [members[0] for members in groups.values()]
    labels = {run.label for run in firsts}
    labelled = "" not in labels and len(labels) == len(firsts)
    names = [run.label for run in firsts] if labelled else names_of([run.configuration for run in firsts])
    return [
        Group(name, tuple(members), index, alone=len(groups) == 1)
        for index, (name, members) in enumerate(zip(names, groups.values(), strict=True))
    ]


def differing(configurations: Sequence[dict[str, Any]]) -> list[str]:
    """The settings that are not the same in all configurations, in the order of the flags."""
    return [name for name in configurations[0] if any(one[name] != configurations[0][name] for one in configurations)]


def defaults() -> dict[str, Any]:
    """The value of every setting that is not given."""
    return dataclasses.asdict(Settings())


def names_of(configurations: Sequence[dict[str, Any]]) -> list[str]:
    """What differs; of many settings that do, the first ones that tell the configurations apart."""
    names = differing(configurations) if configurations else []
    if len(names) > _MOST_NAMED:
        names = _telling(configurations, names)
    if not names:
        return ["{dataset} {model} {method}".format_map(configuration) for configuration in configurations]
    return [", ".join(f"{name}={show(one[name])}" for name in names) for one in configurations]


def _telling(configurations: Sequence[dict[str, Any]], names: Sequence[str]) -> list[str]:
    """Those of `names` that tell apart what those before them do not."""

    def kinds(chosen: Sequence[str]) -> int:
        return len({tuple(one[name] for name in chosen) for one in configurations})

    chosen: list[str] = []
    for name in names:
        if kinds([*chosen, name]) > kinds(chosen):
            chosen.append(name)
    return chosen


def show(value: Any) -> str:
    """A setting's value as its flag takes it."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).removesuffix(".0") if isinstance(value, float) else str(value)
