"""A network with half its filters, before and after they are removed: time for one image, and for 32."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np

from benchmarks.measures.rows import Row, ratio_row
from dsd_tf.compression.compact import compact
from dsd_tf.compression.latency import latencies
from dsd_tf.edropout.bake import bake
from dsd_tf.edropout.find_gates import find_gates
from dsd_tf.edropout.published import published_kept
from dsd_tf.export import keras_file
from dsd_tf.models.build import build_model
from dsd_tf.models.options import ModelOptions

TARGET = 0.65
KEPT = 0.5


def measure(quick: bool) -> Iterator[Row]:
    model = build_model("resnet18", (32, 32, 3), 10, ModelOptions(width=0.5 if quick else 1.0), 0)
    ratio = _prune_units(model)
    smaller = compact(model).model
    parameters = [network.count_params() for network in (model, smaller)]
    title = f"ResNet-18 at R = {100 * ratio:.1f} %, compacted, {parameters[1] / parameters[0]:.2f} of the parameters"
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{name}.keras" for name in ("before", "after")]
        for network, path in zip((model, smaller), paths, strict=True):
            keras_file.export(network, path)
        for batch in (1, 32):
            for threads, said in ((1, "1 thread"), (0, "all threads")):
                before, after = latencies(paths, threads=threads, batch=batch, rounds=10 if quick else 60)
                yield ratio_row(
                    f"{title}: batch {batch}, {said}",
                    after,
                    before,
                    to=f"{1e3 * statistics.median(before):.1f} ms",
                    unit="ms",
                    scale=1e3,
                    target=TARGET,
                )


def _prune_units(model: keras.Model) -> float:
    """Switch a random half of each layer's units off; returns the share of weights left, as the papers count it."""
    registry, stream = find_gates(model), np.random.default_rng(0)
    state = np.ones(registry.size, bool)
    everything = published_kept(registry, state)
    for gate in registry.gates:
        state[gate.bits] = stream.permutation(gate.units) < KEPT * gate.units
    left = published_kept(registry, state) / everything
    bake(registry, state)
    return left
