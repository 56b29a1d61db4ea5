"""Retrain policies: what weights, optimizer and learning rate restart from after pruning.

He et al. 2022 ("Sparse Double Descent", section 3 and appendix B) for all but `rewind_lr`'s use in every level, which
is the loop of Quetu & Tartaglione 2024 ("DSD2"). The optimizer always starts with cleared slots.
"""

from __future__ import annotations

import dataclasses

from dsd_tf import registry
from dsd_tf.errors import UsageError
from dsd_tf.methods.plan import AllWeights, EndOf, Facts, FromRun, Initial, Phase, Prune, Remembered
from dsd_tf.methods.spans import learning_rate, steps, total_steps
from dsd_tf.settings import Settings
from dsd_tf.training.learning_rate import LearningRate


def remembered_step(settings: Settings, facts: Facts) -> int | None:
    """The step the dense phase must remember for the policy, if any."""
    if settings.retrain not in ("rewind", "redense"):
        return None
    step = steps(settings, facts, "rewind_to")
    if step == total_steps(settings, facts):
        raise UsageError(f"--rewind_to={settings.rewind_to} is the end of training, which leaves nothing to retrain")
    return step


def retrain(settings: Settings, facts: Facts, level: int, masks: Prune, sparsity: float) -> list[Phase]:
    """The phases of one level under the policy that `--retrain` names; the first one ends with the level's masks."""
    policy = registry.resolve("--retrain", registry.RETRAIN_POLICIES, settings.retrain)
    full = Phase(
        name=f"level{level:02d}",
        level=level,
        role="sparse",
        weights=EndOf(masks.phase),
        masks=masks,
        start=0,
        stop=total_steps(settings, facts),
        learning_rate=learning_rate(settings),
        sparsity=sparsity,
    )
    return policy(settings, facts, full)


def rewind_lr(settings: Settings, facts: Facts, phase: Phase) -> list[Phase]:
    """Keep the trained weights, run the whole learning-rate schedule again."""
    return [phase]


def rewind(settings: Settings, facts: Facts, phase: Phase) -> list[Phase]:
    """The dense network's weights at iteration k, the schedule from there (k = 0 is the lottery ticket)."""
    start = steps(settings, facts, "rewind_to")
    return [dataclasses.replace(phase, weights=Remembered(), start=start)]


def finetune(settings: Settings, facts: Facts, phase: Phase) -> list[Phase]:
    """Keep the trained weights, train on at a constant rate."""
    constant = LearningRate(settings.finetune_lr, epochs=settings.epochs)
    return [dataclasses.replace(phase, learning_rate=constant)]


def scratch(settings: Settings, facts: Facts, phase: Phase) -> list[Phase]:
    """Fresh random weights at every level, the whole schedule."""
    return [dataclasses.replace(phase, weights=Initial(phase.level))]


def reinit(settings: Settings, facts: Facts, phase: Phase) -> list[Phase]:
    """Fresh random weights on the masks another run found; the schedule from its start, the weights being new."""
    if not settings.masks_from:
        raise UsageError("--retrain=reinit trains fresh weights on given masks: name their run by --masks_from=RUN_DIR")
    masks = FromRun(settings.masks_from, phase.name)
    return [dataclasses.replace(phase, weights=Initial(phase.level), masks=masks)]


def redense(settings: Settings, facts: Facts, phase: Phase) -> list[Phase]:
    """Rewound sparse training, then as long again with all weights, at the schedule's last rate."""
    sparse = rewind(settings, facts, phase)[0]
    dense = dataclasses.replace(
        sparse,
        name=f"{phase.name}_redense",
        role="redense",
        weights=EndOf(phase.name),
        masks=AllWeights(),
        start=0,
        learning_rate=LearningRate(phase.learning_rate.last(), epochs=settings.epochs),
        sparsity=0.0,
    )
    return [sparse, dense]
