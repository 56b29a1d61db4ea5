"""What UpdatePruningStep does before a batch when no change of masks is due."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator

import keras

import dsd_tf
from benchmarks.measures.rows import Row
from benchmarks.measures.trainer import NETWORKS

BATCHES = 10_000
LATER = 10**9


def measure(quick: bool) -> Iterator[Row]:
    layers, _ = NETWORKS["lenet300"]
    model = dsd_tf.prune_low_magnitude(keras.Sequential(layers(keras.layers)), dsd_tf.ConstantSparsity(0.5, LATER))
    model.compile("sgd", "mse")
    callback = dsd_tf.UpdatePruningStep()
    callback.set_model(model)
    callback.set_params({})
    callback.on_train_begin()
    callback.on_epoch_begin(0)
    micros = [_micros_per_batch(callback) for _ in range(3 if quick else 20)]
    yield Row(
        "UpdatePruningStep, no change due",
        f"{statistics.median(micros):.2f} us/batch",
        f"{min(micros):.2f} to {max(micros):.2f}",
        value=statistics.median(micros),
    )


def _micros_per_batch(callback: dsd_tf.UpdatePruningStep) -> float:
    start = time.perf_counter()
    for batch in range(BATCHES):
        callback.on_train_batch_begin(batch)
    return (time.perf_counter() - start) / BATCHES * 1e6
