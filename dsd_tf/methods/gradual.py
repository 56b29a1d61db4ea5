"""Gradual magnitude pruning: sparsity rises in training (Zhu & Gupta 2017, "To prune, or not to prune")."""

from __future__ import annotations

import dataclasses

from dsd_tf import registry
from dsd_tf.errors import UsageError
from dsd_tf.methods.plan import Facts, Phase
from dsd_tf.methods.spans import dense_phase, steps
from dsd_tf.settings import Settings
from dsd_tf.sparsity.schedules import ConstantSparsity, PolynomialDecay, PruningSchedule


def plan(settings: Settings, facts: Facts) -> list[Phase]:
    """One phase under TFMOT's schedule of the name, called after the method."""
    begin, end, frequency = (steps(settings, facts, flag) for flag in ("begin", "end", "frequency"))
    if begin >= end:
        raise UsageError(f"--begin={settings.begin} (step {begin}) must lie before --end={settings.end} (step {end})")
    schedule = registry.resolve("--schedule", registry.SCHEDULES, settings.schedule)
    phase = dense_phase(settings, facts)
    return [
        dataclasses.replace(
            phase,
            name=settings.method,
            level=1,
            role="sparse",
            sparsity=settings.sparsity,
            schedule=schedule(settings.sparsity, begin, end, max(1, frequency)),
        )
    ]


def gmp(settings: Settings, facts: Facts) -> list[Phase]:
    """GMP: by the cubic schedule, which reaches the sparsity exactly at `--end`."""
    return plan(dataclasses.replace(settings, schedule="polynomial"), facts)


def polynomial(sparsity: float, begin: int, end: int, frequency: int) -> PruningSchedule:
    """Cubic rise from 0 to `sparsity`."""
    return PolynomialDecay(0.0, sparsity, begin, end, power=3, frequency=frequency)


def constant(sparsity: float, begin: int, end: int, frequency: int) -> PruningSchedule:
    """`sparsity` from `begin` on."""
    return ConstantSparsity(sparsity, begin, end, frequency)
