"""DSD: dense, sparse, dense training (Han et al. 2017, "DSD: Dense-Sparse-Dense Training for Deep Neural Networks")."""

from __future__ import annotations

import dataclasses
import math

from dsd_tf.errors import UsageError
from dsd_tf.methods.plan import AllWeights, EndOf, Facts, Nonzero, Phase, Prune
from dsd_tf.methods.spans import dense_phase, learning_rate
from dsd_tf.settings import Settings


def plan(settings: Settings, facts: Facts) -> list[Phase]:
    """Dense, then `cycles` times: prune to the sparsity, train under fixed masks, train all weights at a lower rate.

    The paper prunes every layer alike and leaves the first convolution dense: --allocation=uniform --protect_first.
    Biases and normalisation are never pruned; pruned weights restart at zero with cleared optimizer slots. With
    `--start_phase` the first dense phase, or it and the first sparse one, is not trained but given by `--init_from`.
    """
    dense = dense_phase(settings, facts)
    phases = [dense if settings.start_phase == "dense" else _given(settings, dense)]
    for cycle in range(1, settings.cycles + 1):
        if cycle > 1 or settings.start_phase != "redense":
            phases.append(_sparse(settings, facts, dense, cycle, before=phases[-1].name))
        phases.append(_redense(settings, facts, dense, cycle, before=phases[-1].name))
    return phases


def _given(settings: Settings, dense: Phase) -> Phase:
    """The given network as it is: no step, but a record of its accuracy and, where it is pruned, of its zeros."""
    if not settings.init_from:
        raise UsageError(f"--start_phase={settings.start_phase} starts from a trained network: name it by --init_from")
    masks = Nonzero() if settings.start_phase == "redense" else AllWeights()
    return dataclasses.replace(dense, name="given", role="given", masks=masks, stop=0)


def _sparse(settings: Settings, facts: Facts, like: Phase, cycle: int, before: str) -> Phase:
    phase = _phase(settings, facts, like, cycle, "sparse", settings.sparse_epochs, settings.sparse_lr_factor)
    masks = Prune(before, density=1 - settings.sparsity)
    return dataclasses.replace(phase, weights=EndOf(before), masks=masks, sparsity=settings.sparsity)


def _redense(settings: Settings, facts: Facts, like: Phase, cycle: int, before: str) -> Phase:
    phase = _phase(settings, facts, like, cycle, "redense", settings.redense_epochs, settings.redense_lr_factor)
    return dataclasses.replace(phase, weights=EndOf(before), masks=AllWeights())


def _phase(settings: Settings, facts: Facts, like: Phase, cycle: int, role: str, epochs: float, factor: float) -> Phase:
    epochs = epochs or settings.epochs
    return dataclasses.replace(
        like,
        name=f"{role}{cycle}",
        level=cycle,
        role=role,
        stop=max(1, round(epochs * facts.steps_per_epoch)),
        learning_rate=learning_rate(settings, factor, math.ceil(epochs)),
    )
