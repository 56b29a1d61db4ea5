"""Steps of a network so small that the loop around it counts: dsd_tf beside plain Keras and, if there, PyTorch."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.measures.loop_times import TITLES, loop_times, missing
from benchmarks.measures.rows import Row, ratio_row, skipped_row

BATCHES, EXAMPLES = (64, 128), 10_000
OTHERS = ("fit_numpy", "fit_dataset", "torch")
# of the steps per second: 2.5 times plain `fit` on arrays, 1.15 times PyTorch
TARGETS = {("fit_numpy", 64): 1 / 2.5, ("torch", 64): 1 / 1.15}


def measure(quick: bool) -> Iterator[Row]:
    for batch in BATCHES:
        times = loop_times(("dsd_tf", *OTHERS), "lenet300", batch, EXAMPLES, rounds=4 if quick else 15)
        for other in OTHERS:
            measured = f"LeNet-300-100, {EXAMPLES:,} images, batch {batch}: dsd_tf's loop beside {TITLES[other]}"
            if other not in times:
                yield skipped_row(measured, missing(other))
                continue
            yield ratio_row(
                measured,
                times["dsd_tf"],
                times[other],
                to=TITLES[other],
                unit="ms/step",
                scale=1e3,
                target=TARGETS.get((other, batch)),
            )
