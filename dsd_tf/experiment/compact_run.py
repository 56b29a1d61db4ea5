"""What compaction does to a run's network: size, arithmetic, time, and whether it still says the same."""

from __future__ import annotations

import math
import statistics
import tempfile
from pathlib import Path
from typing import Any

import keras
import numpy as np

from dsd_tf.compression.compact import Compacted, compact
from dsd_tf.compression.latency import latencies, ratio
from dsd_tf.errors import UsageError
from dsd_tf.export import keras_file
from dsd_tf.training.kernels import forward_flops

_IMAGES = 64
_TOLERANCE = 1e-5
# Every layer rounds, and the change below is that of rounding the images alone: allow a few times what it does.
_ROUNDINGS = 4
_LATENCY_BATCH = 1


def compact_checked(model: keras.Model) -> tuple[Compacted, float]:
    """The compacted model, and the largest difference of its outputs from those of `model`, on random images.

    Raises:
        UsageError: if they differ by more than rounding explains.
    """
    compacted = compact(model)
    shape = (_IMAGES, *model.input_shape[1:])
    images = np.random.default_rng(0).random(shape, dtype=np.float32)
    before, after = (np.asarray(network(images)) for network in (model, compacted.model))
    difference = float(np.abs(before - after).max())
    if difference > _tolerance(model, images, before):
        raise UsageError(f"compaction changes the outputs of {model.name} by {difference:g}; export it as it is")
    return compacted, difference


def _tolerance(model: keras.Model, images: np.ndarray, outputs: np.ndarray) -> float:
    """How far outputs may be apart that are the same but for rounding.

    Some networks, as a residual one whose narrow normalisations divide by small variances, enlarge rounding far beyond
    what float32 says of their outputs. So what they make of images that are rounded otherwise is allowed too.
    """
    noise = np.random.default_rng(1).uniform(-1, 1, images.shape).astype(np.float32)
    rounded = np.asarray(model(images * (1 + np.finfo(np.float32).eps * noise)))
    own = float(np.abs(outputs - rounded).max())
    return max(_TOLERANCE * max(1.0, float(np.abs(outputs).max())), _ROUNDINGS * own)


def compaction_figures(model: keras.Model, compacted: Compacted, difference: float) -> dict[str, Any]:
    """Before and after: parameters, FLOPs per example, bytes as .keras, milliseconds for one image."""
    pair = (model, compacted.model)
    with tempfile.TemporaryDirectory(prefix="dsd_tf-") as folder:
        paths = [Path(folder) / f"{name}.keras" for name in ("before", "after")]
        for network, path in zip(pair, paths, strict=True):
            keras_file.export(network, path)
        return {
            "parameters": [network.count_params() for network in pair],
            "flops": [forward_flops(network) for network in pair],
            "keras_bytes": [path.stat().st_size for path in paths],
            "latency": {"1 thread": _latency(paths, 1), "all threads": _latency(paths, 0)},
            "max_difference": difference,
            "units": {name: list(counts) for name, counts in compacted.units.items()},
            "left": compacted.left,
        }


def compact_size(model: keras.Model) -> dict[str, float]:
    """Trainable parameters, and FLOPs per example, of the compacted model."""
    smaller = compact(model).model
    parameters = sum(math.prod(variable.shape) for variable in smaller.trainable_variables)
    return {"parameters": parameters, "flops": forward_flops(smaller)}


def _latency(paths: list[Path], threads: int) -> dict[str, Any]:
    before, after = latencies(paths, threads=threads, batch=_LATENCY_BATCH)
    milliseconds = [round(1e3 * statistics.median(seconds), 3) for seconds in (before, after)]
    return {"milliseconds": milliseconds, "ratio": round(ratio(after, before), 3)}
