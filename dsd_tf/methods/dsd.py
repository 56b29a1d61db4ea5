"""DSD: dense, sparse, dense training (Han et al. 2017, "DSD: Dense-Sparse-Dense Training for Deep Neural Networks")."""

from __future__ import annotations

import dataclasses

from dsd_tf.methods.plan import AllWeights, EndOf, Facts, Phase, Prune
from dsd_tf.settings import Settings
from dsd_tf.methods.spans import dense_phase, learning_rate


def plan(settings: Settings, facts: Facts) -> list[Phase]:
    """Dense, then `cycles` times: prune to the sparsity, train under fixed masks, train all weights at a lower rate.

    The paper prunes every layer alike and leaves the first convolution dense: --allocation=uniform --protect_first.
    Biases and normalisation are never pruned; pruned weights restart at zero with cleared optimizer slots.
    """
    dense = dense_phase(settings, facts)
    phases = [dense]
    for cycle in range(1, settings.cycles + 1):
        before = phases[-1].name
        sparse = _phase(settings, facts, dense, cycle, "sparse", settings.sparse_epochs, settings.sparse_lr_factor)
        sparse = dataclasses.replace(
            sparse,
            weights=EndOf(before),
            masks=Prune(before, density=1 - settings.sparsity),
            sparsity=settings.sparsity,
        )
        again = _phase(settings, facts, dense, cycle, "redense", settings.redense_epochs, settings.redense_lr_factor)
        phases += [sparse, dataclasses.replace(again, weights=EndOf(sparse.name), masks=AllWeights())]
    return phases


def _phase(
    settings: Settings, facts: Facts, like: Phase, cycle: int, role: str, epochs: int, factor: float
) -> Phase:
    epochs = epochs or settings.epochs
    return dataclasses.replace(
        like,
        name=f"{role}{cycle}",
        level=cycle,
        role=role,
        stop=epochs * facts.steps_per_epoch,
        learning_rate=learning_rate(settings, factor, epochs),
    )
