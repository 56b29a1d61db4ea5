"""The points of a grid: every combination of the values of its axes, and what depends on what."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import Any

from dsd_tf.errors import UsageError, unknown
from dsd_tf.settings import Settings
from dsd_tf.studies.names import run_name
from dsd_tf.studies.variants import Reference

VARIANT = "variant"
SEED = "seed"
_MOST_RUNS = 10_000
# repetitions of one cell follow one another
_ORDER = [*(field.name for field in dataclasses.fields(Settings) if field.name != SEED), SEED]


@dataclass(frozen=True)
class Point:
    """One combination: its variant ("" without variants), its place on every axis, all settings that are given."""

    variant: str
    axes: Mapping[str, Any]
    values: Mapping[str, Any]

    @cached_property
    def name(self) -> str:
        """What the run is called, by its place on the axes."""
        return run_name(self.axes)

    @cached_property
    def references(self) -> dict[str, Reference]:
        """Settings that point at another run of the grid."""
        parsed = ((setting, Reference.parse(value)) for setting, value in self.values.items())
        return {setting: reference for setting, reference in parsed if reference}


class Grid:
    """All combinations of the alternatives of the settings `given`, for each of the variants.

    A setting that a variant gives has one value in that variant, whatever its alternatives are elsewhere.

    Attributes:
        axes: what varies, with its values: the variant first, the seed last.

    Raises:
        UsageError: if nothing varies, or there are too many combinations.
    """

    def __init__(self, given: Mapping[str, tuple[Any, ...]], variants: Mapping[str, Mapping[str, Any]]):
        self.variants = dict(variants) or {"": {}}
        self._given = {name: given[name] for name in _ORDER if name in given}
        self.axes: dict[str, tuple[Any, ...]] = {VARIANT: tuple(self.variants)} if len(self.variants) > 1 else {}
        self.axes |= {name: values for name, values in self._given.items() if len(values) > 1}
        if not self.axes:
            raise UsageError("nothing varies: give a flag several values, as in --seed=0,1,2; bin/train makes one run")
        count = sum(math.prod(map(len, self._alternatives(variant).values())) for variant in self.variants)
        if count > _MOST_RUNS:
            raise UsageError(f"the study has {count:,} runs; at most {_MOST_RUNS:,} are possible")

    @cached_property
    def points(self) -> dict[str, Point]:
        """All points by name, the last axis varying fastest."""
        return {point.name: point for variant in self.variants for point in self._points_of(variant)}

    def ordered(self) -> list[Point]:
        """All points, each one after those it refers to.

        Raises:
            UsageError: if references lead nowhere or in a circle.
        """
        graph = {
            name: [self.target(point, setting).name for setting in point.references]
            for name, point in self.points.items()
        }
        try:
            return [self.points[name] for name in TopologicalSorter(graph).static_order()]
        except CycleError as error:
            raise UsageError(f"runs wait for one another: {' -> '.join(error.args[1])}") from None

    def target(self, point: Point, setting: str) -> Point:
        """The point that a setting of `point` refers to: of the named variant, alike on the other axes."""
        variant = point.references[setting].variant
        if variant not in self.variants:
            raise unknown(f"variant in --{setting}", variant, filter(None, self.variants))
        values = point.values | self.variants[variant]
        wanted = run_name(self._place(variant, values))
        if wanted not in self.points:
            raise UsageError(f"--{setting}=@{variant} of {point.name} needs a run {wanted}, which the study has not")
        return self.points[wanted]

    def _points_of(self, variant: str) -> Iterator[Point]:
        alternatives = self._alternatives(variant)
        for combination in itertools.product(*alternatives.values()):
            values = dict(zip(alternatives, combination, strict=True))
            yield Point(variant, self._place(variant, values), values)

    def _alternatives(self, variant: str) -> dict[str, tuple[Any, ...]]:
        return self._given | {name: (value,) for name, value in self.variants[variant].items()}

    def _place(self, variant: str, values: Mapping[str, Any]) -> dict[str, Any]:
        return {axis: variant if axis == VARIANT else values[axis] for axis in self.axes}
