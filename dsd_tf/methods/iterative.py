"""Iterative magnitude pruning: dense, then prune a share of what is left and retrain, level by level."""

from __future__ import annotations

from dsd_tf.methods.plan import Facts, Phase, Prune
from dsd_tf.methods.retrain import remembered_step, retrain
from dsd_tf.methods.spans import dense_phase
from dsd_tf.settings import Settings
from dsd_tf.sparsity.prune import ladder, ladder_to


def plan(settings: Settings, facts: Facts) -> list[Phase]:
    """A dense phase and one level per rung of the ladder.

    With a global allocation a level keeps an exact number of weights; otherwise the allocation shares out the rung's
    density.
    """
    rungs = _rungs(settings, facts.prunable)
    phases = [dense_phase(settings, facts, remembered_step(settings, facts))]
    last = phases[0].name
    for level, kept in enumerate(rungs[1:], start=1):
        density = kept / facts.prunable
        exact = settings.allocation == "global"
        masks = Prune(last, keep=kept) if exact else Prune(last, density=density)
        retraining = retrain(settings, facts, level, masks, sparsity=1 - density)
        phases += retraining
        last = retraining[0].name
    return phases


def _rungs(settings: Settings, prunable: int) -> list[int]:
    if settings.rounds:
        return ladder(prunable, settings.prune_fraction, settings.rounds)
    return ladder_to(prunable, settings.prune_fraction, settings.sparsity)
