"""Runs that were each asked for a sparsity of their own, as one curve over sparsity."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from dsd_tf.reporting.html.levels import Level
from dsd_tf.reporting.html.runs import Group, names_of

_SPARSITY = re.compile(r"(, )?\bsparsity=[^,]*")


@dataclass(frozen=True)
class Sweep(Group):
    """Groups that differ in --sparsity alone; a level is where one of them ended."""

    parts: tuple[Group, ...] = ()

    @cached_property
    def levels(self) -> list[Level]:
        return sorted((part.ladder[-1] for part in self.parts), key=lambda level: level.sparsity)

    @property
    def is_ladder(self) -> bool:
        """No: its networks do not come from one another."""
        return False


def curves_of(groups: Sequence[Group]) -> list[Group]:
    """What figures over sparsity have curves of: the groups, with those that differ in --sparsity alone made one."""
    families: dict[str, list[Group]] = {}
    for group in groups:
        shared = {name: value for name, value in group.runs[0].configuration.items() if name != "sparsity"}
        families.setdefault(repr((shared, group.name if group.is_ladder else "")), []).append(group)
    names = _names(list(families.values()))
    alone = len(families) == 1
    return [
        _joined(family, name, index, alone)
        for index, (family, name) in enumerate(zip(families.values(), names, strict=True))
    ]


def _joined(family: Sequence[Group], name: str, index: int, alone: bool) -> Group:
    if len(family) == 1:
        return dataclasses.replace(family[0], name=name, index=index, alone=alone)
    runs = tuple(run for group in family for run in group.runs)
    return Sweep(name, runs, index, alone, tuple(family))


def _names(families: Sequence[Sequence[Group]]) -> list[str]:
    """What a study calls them but for the sparsity, if that tells them apart; else what differs."""
    if all(len(family) == 1 for family in families):
        return [family[0].name for family in families]
    labels = [_SPARSITY.sub("", family[0].runs[0].label).removeprefix(", ") for family in families]
    if "" not in labels and len(set(labels)) == len(labels):
        return labels
    return names_of([family[0].runs[0].configuration | {"sparsity": None} for family in families])
