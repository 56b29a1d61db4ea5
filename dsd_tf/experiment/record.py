"""The figures a finished phase is known by."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from dsd_tf.experiment.workbench import Workbench
from dsd_tf.methods.plan import Phase
from dsd_tf.reporting.layers import layer_table, total_flops


def phase_record(bench: Workbench, phase: Phase, epochs: list[dict[str, Any]]) -> dict[str, Any]:
    """The record of a phase whose end the model is at; `epochs` are its epochs' figures.

    Sparsity is nominal (asked for), of the prunable weights, and of all parameters. "train", "validation" and "test"
    are evaluated at the end, without augmentation; `train_accuracy` is the last epoch's running mean, None without an
    epoch. The best epoch is chosen by validation accuracy; without a validation split there is none.
    """
    rows = layer_table(bench.kernels, bench.masks.masks)
    prunable = sum(row.size for row in rows if not row.why_dense)
    kept = sum(row.kept for row in rows if not row.why_dense)
    total = sum(math.prod(variable.shape) for variable in bench.model.trainable_variables)
    record = {
        "phase": phase.name,
        "level": phase.level,
        "role": phase.role,
        "nominal_sparsity": phase.sparsity,
        "prunable": prunable,
        "kept": kept,
        "sparsity": 1 - kept / prunable if prunable else 0.0,
        "parameters": total,
        "total_sparsity": (prunable - kept) / total,
        "kept_by_kernel": {row.name: row.kept for row in rows},
        "emptied": list(bench.masks.masks.emptied()),
        "dense_flops": total_flops(rows, "dense_flops"),
        "sparse_flops": total_flops(rows, "sparse_flops"),
        "learning_distance": _distance(bench),
        "train_accuracy": epochs[-1]["train_accuracy"] if epochs else None,
        "best_epoch": _best(epochs),
    }
    return record | {name: dataclasses.asdict(evaluate()) for name, evaluate in bench.evaluators.items()}


def _best(epochs: list[dict[str, Any]]) -> dict[str, Any] | None:
    if not epochs or "validation_accuracy" not in epochs[-1]:
        return None
    best = max(epochs, key=lambda epoch: epoch["validation_accuracy"])
    return {key: best[key] for key in ("epoch", "validation_accuracy", "test_accuracy")}


def _distance(bench: Workbench) -> dict[str, float]:
    """Euclidean distance from the run's initial weights, pruned ones counting as zero (He et al. 2022)."""
    names = {id(kernel.variable) for kernel in bench.kernels}
    initial = dict(zip((id(weight) for weight in bench.model.weights), bench.first_weights, strict=True))
    squares = {
        id(weight): float(np.sum((weight.numpy().astype(np.float64) - initial[id(weight)]) ** 2))
        for weight in bench.model.trainable_weights
    }
    kernels = sum(square for key, square in squares.items() if key in names)
    return {"kernels": math.sqrt(kernels), "all": math.sqrt(sum(squares.values()))}
