"""The figures a finished phase is known by."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from dsd_tf.experiment.compact_run import compact_size
from dsd_tf.experiment.mask_history import STEP_PASSES, MaskHistory
from dsd_tf.experiment.units import unit_figures
from dsd_tf.experiment.workbench import Workbench
from dsd_tf.methods.plan import Phase
from dsd_tf.reporting.layers import LayerRow, layer_table, total_flops
from dsd_tf.training.noise_fit import noise_fit


def phase_record(bench: Workbench, phase: Phase, epochs: list[dict[str, Any]], history: MaskHistory) -> dict[str, Any]:
    """The record of a phase whose end the model is at; `epochs` are its epochs' figures, `history` that of its masks.

    Sparsity is nominal (asked for), of the prunable weights, and of all parameters. "train", "validation" and "test"
    are evaluated at the end, without augmentation. FLOPs are per example; those of training are of the whole phase,
    an attack's included, of all weights and of those in the masks; a teacher's are apart. "explored" is the share of
    weights that took part at some time (Liu et al. 2021, ITOP, eq. 2), where a topology rule moves them.
    `train_accuracy` is the last epoch's running mean, None without an epoch. The best epoch is chosen by validation
    accuracy; without a validation split there is none. "label_noise", if there is any, tells how the training labels
    are fitted. "units" tells which units are left, where they are searched for; "compacted" how large the network is
    without those that were pruned. "entropy" is that of the ReLUs' states, in bits, None without ReLUs;
    "robustness", if it is measured, accuracy under attack.
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
        **_training_cost(bench, phase, rows, history),
        "learning_distance": _distance(bench),
        "train_accuracy": epochs[-1]["train_accuracy"] if epochs else None,
        "best_epoch": _best(epochs),
        "entropy": bench.entropy().to_json() if bench.entropy else None,
    }
    if phase.topology is not None:
        record["explored"] = history.explored.density
    if bench.units:
        record["units"] = unit_figures(bench, phase)
    if kept < prunable and (bench.units or bench.settings.granularity == "filter"):
        record["compacted"] = compact_size(bench.model)
    if bench.settings.noise:
        predictions = bench.evaluators["train"].predictions()
        record["label_noise"] = dataclasses.asdict(noise_fit(predictions, bench.images.train))
    if bench.robustness:
        record["robustness"] = bench.robustness.of_phase(epochs)
    return record | {name: dataclasses.asdict(evaluate()) for name, evaluate in bench.evaluators.items()}


def _best(epochs: list[dict[str, Any]]) -> dict[str, Any] | None:
    evaluated = [epoch for epoch in epochs if "validation_accuracy" in epoch]
    if not evaluated:
        return None
    best = max(evaluated, key=lambda epoch: epoch["validation_accuracy"])
    return {key: best[key] for key in ("epoch", "validation_accuracy", "test_accuracy")}


def _training_cost(
    bench: Workbench, phase: Phase, rows: list[LayerRow], history: MaskHistory
) -> dict[str, float | None]:
    examples, dense = bench.feed.examples_in(phase.start, phase.stop), total_flops(rows, "dense_flops")
    objective = bench.trainer.objective
    return {
        "training_examples": examples,
        "training_flops": None if dense is None else (STEP_PASSES + objective.extra_passes) * dense * examples,
        "sparse_training_flops": history.training_flops(phase.stop),
        "objective_flops": objective.extra_flops * examples,
    }


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
