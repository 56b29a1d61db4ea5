"""From weights to masks: global and per layer, beside np.partition and the full sort that TFMOT makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import tensorflow as tf

from benchmarks.measures.rows import Row, ratio_row
from benchmarks.measures.turns import seconds, take_turns
from dsd_tf.sparsity.allocation import Allocation
from dsd_tf.sparsity.masks import Masks
from dsd_tf.training.selection import Selection

SIZES = (2_400_000, 25_000_000)
SHARES = (0.4, 0.3, 0.2, 0.1)  # of the weights, in each layer


def measure(quick: bool) -> Iterator[Row]:
    for size in SIZES[:1] if quick else SIZES:
        tasks = _tasks(size)
        taken = take_turns({name: seconds(task) for name, task in tasks.items()}, rounds=3 if quick else 7)
        for name in tasks:
            yield ratio_row(
                f"masks for {size / 1e6:g} M weights: {name}",
                taken[name],
                taken["np.partition"],
                to="np.partition",
                unit="ms",
                scale=1e3,
            )


def _tasks(size: int) -> dict[str, Callable[[], object]]:
    """Half of all weights are to be kept; then, as in gradual pruning, 49 % of all among those."""
    generator = np.random.default_rng(0)
    weights = {
        f"layer {share}": generator.standard_normal((round(size * share) // 500, 500), np.float32) * share
        for share in SHARES
    }
    scores = np.abs(np.concatenate([weight.reshape(-1) for weight in weights.values()]))
    tasks = {"np.partition": lambda: np.partition(scores, len(scores) // 2)}
    for where, kind in (("per layer", "uniform"), ("globally", "global")):
        selection = Selection(allocation=Allocation(kind))
        half = selection.masks(weights, None, density=0.5)
        pruned = {name: weight * half[name] for name, weight in weights.items()}
        tasks[f"dsd_tf {where}, 50 % of all"] = _choice(selection, weights, None, 0.5)
        tasks[f"dsd_tf {where}, from 50 % to 49 %"] = _choice(selection, pruned, half, 0.49)
    tasks["TFMOT's tf.math.top_k, per layer"] = lambda: [_sort(weight) for weight in weights.values()]
    return tasks


def _choice(
    selection: Selection, weights: dict[str, np.ndarray], allowed: Masks | None, density: float
) -> Callable[[], Masks]:
    return lambda: selection.masks(weights, allowed, density=density)


def _sort(weight: np.ndarray) -> tf.Tensor:
    """As in TFMOT's pruning_impl: every score is sorted to find one, the threshold."""
    scores = tf.abs(weight)
    ordered, _ = tf.math.top_k(tf.reshape(scores, [-1]), k=weight.size)
    return tf.cast(tf.greater_equal(scores, ordered[weight.size // 2 - 1]), tf.float32)
