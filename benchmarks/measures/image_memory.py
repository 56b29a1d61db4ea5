"""Memory that an image takes while a small network trains on many, beside a plain `fit` on arrays."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator

from benchmarks.measures.loop_times import TITLES
from benchmarks.measures.networks import NETWORKS
from benchmarks.measures.process import Process
from benchmarks.measures.rows import Row

FEW, MANY, BATCH = 10_000, 110_000, 1000


def measure(quick: bool) -> Iterator[Row]:
    pixels = math.prod(NETWORKS["lenet300"].shape)
    for loop in ("dsd_tf", "fit_numpy"):
        added = [(_peak(loop, MANY) - _peak(loop, FEW)) / (MANY - FEW) / pixels for _ in range(1 if quick else 3)]
        middle = statistics.median(added)
        yield Row(
            f"peak memory of training, by images of {pixels} pixels: {TITLES[loop]}",
            f"{middle:.2f} bytes/pixel",
            f"{min(added):.2f} to {max(added):.2f}",
            value=middle,
        )


def _peak(loop: str, examples: int) -> int:
    with Process("loops.py", loop, "lenet300", str(BATCH), str(examples)) as process:
        return process.ask()["peak_bytes"]
