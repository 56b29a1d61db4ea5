"""What a command prints of a plan, for people."""

from __future__ import annotations

import math
from typing import Any

from rich.table import Table

from dsd_tf.experiment.remarks import remarks
from dsd_tf.experiment.runner import make_plan
from dsd_tf.experiment.workbench import Workbench, build_workbench
from dsd_tf.methods.plan import Nonzero, Phase, Prune, Sparse
from dsd_tf.reporting.tables import make_table, print_table
from dsd_tf.settings import Settings
from dsd_tf.sparsity.granularity import NofM


def describe_plan(settings: Settings) -> dict[str, Any]:
    """Print a plan's phases, their steps and learning rates, and the densities of the sparsest one; train nothing."""
    bench = build_workbench(settings)
    plan = make_plan(bench)
    for remark in remarks(bench):
        print(remark)
    table = make_table("phase", "weights from", "masks", "steps", "learning rate", "sparsity")
    for phase in plan:
        span = f"{phase.start:,}-{phase.stop:,}" + (" at most" if phase.settles else "")
        table.add_row(phase.name, str(phase.weights), _masks(phase), span, str(phase.learning_rate), _sparsity(phase))
    print_table(table)
    print()
    print_table(_densities(bench, max(plan, key=lambda phase: phase.sparsity or 0)))
    steps = sum(phase.stop - phase.start for phase in plan)
    return {"phases": len(plan), "steps": steps, "steps_per_epoch": bench.feed.steps_per_epoch}


def _sparsity(phase: Phase) -> str:
    return "as found" if phase.sparsity is None else f"{phase.sparsity:.3%}"


def _masks(phase: Phase) -> str:
    if phase.schedule is not None:
        return f"{type(phase.schedule).__name__} schedule"
    return str(phase.masks) if phase.topology is None else f"{phase.masks}, {phase.topology}"


def _densities(bench: Workbench, phase: Phase) -> Table:
    table = make_table("kernel", "shape", "weights", f"density at {phase.name}")
    targets = _targets(bench, phase)
    for kernel in bench.kernels:
        target = f"1 ({kernel.why_dense})" if kernel.why_dense else targets[kernel.name]
        table.add_row(kernel.name, "x".join(map(str, kernel.shape)), f"{math.prod(kernel.shape):,}", target)
    return table


def _targets(bench: Workbench, phase: Phase) -> dict[str, str]:
    shapes, selection = bench.masks.shapes, bench.selection
    if isinstance(phase.masks, Nonzero):
        return dict.fromkeys(shapes, "as given")
    if not phase.sparsity:
        return dict.fromkeys(shapes, "1")
    if isinstance(selection.granularity, NofM):
        return dict.fromkeys(shapes, str(selection.granularity))
    if selection.allocation.is_global:
        return dict.fromkeys(shapes, "as ranked over all layers")
    density = phase.masks.density if isinstance(phase.masks, Prune | Sparse) else 1 - phase.sparsity
    return {name: f"{value:.6f}" for name, value in selection.allocation.densities(shapes, density).items()}
