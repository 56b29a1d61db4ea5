"""Memory that masks take while a network of 25 M weights trains, each time in a process of its own."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from benchmarks.measures.rows import Row
from benchmarks.measures.trainer_process import LIBRARY, trainer

STEPS = 4  # in each of two stretches; masks change at every step


def measure(quick: bool) -> Iterator[Row]:
    for keras in ("keras",) if quick else LIBRARY:
        runs = [(_train(keras, "dense"), _train(keras, "every step")) for _ in range(1 if quick else 3)]
        weights = runs[0][0]["weights"]
        added = [(pruned["peak_bytes"] - dense["peak_bytes"]) / weights for dense, pruned in runs]
        if keras == "keras":
            at_rest = runs[0][1]["mask_bytes"] / weights
            yield Row("masks at rest: dsd_tf", f"{at_rest:.2f} bytes/weight", "", 1.0, at_rest)
        yield Row(
            f"peak memory added in training, {weights / 1e6:.0f} M weights: {LIBRARY[keras]}",
            f"{statistics.median(added):.1f} bytes/weight",
            f"{min(added):.1f} to {max(added):.1f}; dense peak {runs[0][0]['peak_bytes'] / 2**20:.0f} MiB",
            value=statistics.median(added),
        )


def _train(keras: str, variant: str) -> dict[str, float]:
    with trainer(keras, "wide", total_steps=2 * STEPS, stretch=STEPS) as process:
        return process.ask(variant)
