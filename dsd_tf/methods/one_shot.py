"""One-shot pruning: train dense, prune once to the target, retrain."""

from __future__ import annotations

from dsd_tf.methods.plan import Facts, Phase, Prune
from dsd_tf.methods.retrain import remembered_step, retrain
from dsd_tf.methods.spans import dense_phase
from dsd_tf.settings import Settings


def plan(settings: Settings, facts: Facts) -> list[Phase]:
    """A dense phase and one level."""
    dense = dense_phase(settings, facts, remembered_step(settings, facts))
    masks = Prune(dense.name, density=1 - settings.sparsity)
    return [dense, *retrain(settings, facts, 1, masks, settings.sparsity)]
