"""Pruning while training: rules that say which kernels become how sparse when, and what carries them out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import keras

from dsd_tf.sparsity.masks import Masks
from dsd_tf.sparsity.schedules import PruningSchedule, due, sparsity_at
from dsd_tf.training.kernel_masks import KernelMasks
from dsd_tf.training.optimizers import Masked, inner_optimizer, steps_taken
from dsd_tf.training.selection import Selection


@dataclass(frozen=True, eq=False)
class PruningRule:
    """`schedule` says when and how sparse, `selection` which weights."""

    schedule: PruningSchedule
    selection: Selection


class ScheduledPruning:
    """Brings the masks of a model to what its rules ask for at a step.

    A schedule takes weights away from those that are there; it gives some back only where its sparsity falls.

    Args:
        masks: the model's kernels and masks.
        rules: pairs of kernel names and the rule they follow; a name stands in one pair at most.
        earlier_steps: steps of the schedules that were taken before, under other optimizers.

    Attributes:
        attended: whether an `UpdatePruningStep` takes part in the training under way.
    """

    def __init__(
        self,
        masks: KernelMasks,
        rules: Sequence[tuple[Sequence[str], PruningRule]],
        earlier_steps: int = 0,
    ):
        self.masks = masks
        self.rules = rules
        self.earlier_steps = earlier_steps
        self.attended = False
        self._optimizer: Masked | None = None

    def follow(self, optimizer: keras.optimizers.Optimizer) -> None:
        """Count steps by `optimizer` from now on; a new one goes on where the one before it was."""
        self.masks.attach(optimizer)
        optimizer = inner_optimizer(optimizer)
        if self._optimizer is not None and optimizer is not self._optimizer:
            self.earlier_steps += steps_taken(self._optimizer)
        self._optimizer = optimizer

    def update(self, after: int, upto: int) -> bool:
        """Carry out the mask changes due at a step in (after, upto] of the optimizer; tells if there were."""
        after, upto = after + self.earlier_steps, upto + self.earlier_steps
        steps = [(names, rule, due(rule.schedule, after, upto)) for names, rule in self.rules]
        if all(step is None for _, _, step in steps):
            return False
        masks = dict(self.masks.masks)
        for names, rule, step in steps:
            if step is not None:
                masks |= self._masks(rule, step, {name: masks[name] for name in names})
        self.masks.apply(Masks(masks))
        return True

    def _masks(self, rule: PruningRule, step: int, before: dict) -> Masks:
        sparsity = sparsity_at(rule.schedule, step)
        grows = sparsity < _sparsity_before(rule.schedule, step)
        if sparsity == 0:
            return Masks.ones({name: mask.shape for name, mask in before.items()}) if grows else Masks(before)
        allowed = None if grows else Masks(before)
        return rule.selection.masks(self.masks.weights(before), allowed, density=1 - sparsity, index=step)


def _sparsity_before(schedule: PruningSchedule, step: int) -> float:
    """What `schedule` asked for when it was due last before `step`."""
    last = due(schedule, -1, step - 1)
    return 0.0 if last is None else sparsity_at(schedule, last)
