"""The suites of `bin/benchmark`: which measures they have, and where these live."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks.measures.rows import Row


@dataclass(frozen=True)
class Measure:
    """One kind of figures; it takes about so many seconds on two cores of 2025, in full and with --quick."""

    place: str
    full: int
    quick: int

    def rows(self, quick: bool) -> Iterator[Row]:
        return self._function(quick)

    def seconds(self, quick: bool) -> int:
        return self.quick if quick else self.full

    @property
    def _function(self) -> Callable[[bool], Iterator[Row]]:
        return pkgutil.resolve_name(f"benchmarks.measures.{self.place}")


SUITES = {
    "overhead": {
        "steps": Measure("step_time:measure", 420, 100),
        "dynamic": Measure("dynamic_step:measure", 400, 150),
        "callback": Measure("idle_callback:measure", 5, 5),
        "masks": Measure("mask_choice:measure", 60, 10),
        "memory": Measure("memory:measure", 120, 20),
        "images": Measure("image_memory:measure", 80, 30),
        "savedmodel": Measure("saved_model:measure", 30, 30),
        "units": Measure("unit_search:measure", 120, 30),
        "compaction": Measure("compaction:measure", 120, 40),
    },
    "loop": {"lenet300": Measure("small_loop:measure", 150, 60)},
    "strategy": {
        "mirrored": Measure("mirrored:measure", 240, 60),
        "workers": Measure("workers:measure", 240, 80),
    },
    "peers": {
        "lenet300": Measure("peers:measure_lenet300", 120, 50),
        "cnn": Measure("peers:measure_cnn", 200, 60),
        "resnet18": Measure("peers:measure_resnet18", 500, 100),
    },
}
