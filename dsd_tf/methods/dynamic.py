"""Sparse from the first step on: random masks that stay, or that drop and grow weights along the way."""

from __future__ import annotations

import dataclasses

from dsd_tf.errors import UsageError
from dsd_tf.methods.plan import Facts, Phase, Sparse
from dsd_tf.methods.spans import sparse_phase, steps
from dsd_tf.settings import Settings
from dsd_tf.sparsity.topology import DropFraction, Topology


def static(settings: Settings, facts: Facts) -> list[Phase]:
    """One training under random masks that never change."""
    return [sparse_phase(settings, facts, Sparse(1 - settings.sparsity))]


def random_growth(settings: Settings, facts: Facts) -> list[Phase]:
    """SET (Mocanu et al. 2018); with the layer densities of Flying Bird (Chen et al. 2022) that method."""
    return _dynamic(settings, facts, "random")


def gradient_growth(settings: Settings, facts: Facts) -> list[Phase]:
    """RigL (Evci et al. 2020)."""
    return _dynamic(settings, facts, "gradient")


def momentum_growth(settings: Settings, facts: Facts) -> list[Phase]:
    """SNFS (Dettmers & Zettlemoyer 2019) with constant numbers of weights per layer."""
    return _dynamic(settings, facts, "momentum")


def flying_bird_plus(settings: Settings, facts: Facts) -> list[Phase]:
    """Flying Bird+ (Chen et al. 2022): from `--adapt_from` on layers shrink and grow with the generalisation gap."""
    if not settings.validation_fraction:
        raise UsageError(f"--method={settings.method} watches validation accuracy: give --validation_fraction")
    if settings.objective == "adversarial" and settings.robust_every != 1:
        raise UsageError(
            f"--method={settings.method} under --objective=adversarial watches robust validation accuracy: give "
            "--robust_every=1"
        )
    [phase] = _dynamic(settings, facts, "random")
    topology = dataclasses.replace(phase.topology, adapt_from=steps(settings, facts, "adapt_from"))
    return [dataclasses.replace(phase, topology=topology)]


def _dynamic(settings: Settings, facts: Facts, grow: str) -> list[Phase]:
    if settings.granularity != "weight":
        raise UsageError(
            f"--method={settings.method} drops and grows single weights, it has no --granularity={settings.granularity}"
        )
    every, end = max(1, steps(settings, facts, "update_every")), steps(settings, facts, "drop_end")
    if every > end:
        raise UsageError(
            f"--update_every={settings.update_every} is {every} steps, but updates end at step {end} "
            f"(--drop_end={settings.drop_end}): masks would never change"
        )
    fraction = DropFraction(settings.drop_fraction, end, settings.drop_schedule, settings.drop_final)
    topology = Topology(every, fraction, grow, settings.drop_criterion)
    return [sparse_phase(settings, facts, Sparse(1 - settings.sparsity), topology)]
