"""Pruning while training: rules that say which kernels become how sparse when, and what carries them out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import keras

from dsd_tf.sparsity.masks import Masks
from dsd_tf.sparsity.schedules import PruningSchedule, due, sparsity_at
from dsd_tf.training.kernel_masks import KernelMasks
from dsd_tf.training.kernels import inner_layers, list_kernels
from dsd_tf.training.selection import Selection


@dataclass(frozen=True)
class PruningRule:
    """`schedule` says when and how sparse, `selection` which weights."""

    schedule: PruningSchedule
    selection: Selection


class ScheduledPruning:
    """Brings the masks of a model to what its rules ask for at a step.

    Args:
        masks: the model's kernels and masks.
        rules: pairs of kernel names and the rule they follow; a name stands in one pair at most.
    """

    def __init__(self, masks: KernelMasks, rules: Sequence[tuple[Sequence[str], PruningRule]]):
        self.masks = masks
        self.rules = rules

    def update(self, after: int, upto: int) -> bool:
        """Carry out the mask changes that fall due at a step in (after, upto]; tells whether there were any."""
        current = changed = None
        for names, rule in self.rules:
            step = due(rule.schedule, after, upto)
            if step is not None:
                current = current or self.masks.masks
                changed = (changed or dict(current)) | self._masks(names, rule, step, current)
        if changed is None:
            return False
        self.masks.apply(Masks(changed))
        return True

    def _masks(self, names: Sequence[str], rule: PruningRule, step: int, current: Masks) -> Masks:
        density = 1.0 - sparsity_at(rule.schedule, step)
        before = Masks({name: current[name] for name in names})
        if density >= 1.0:
            return Masks.ones({name: before[name].shape for name in names})
        weights = self.masks.weights()
        allowed = before if density <= before.density else None
        return rule.selection.masks(
            {name: weights[name] for name in names}, allowed, density=density, index=step
        )


_RULE = "_dsd_tf_pruning_rule"
_PRUNING = "_dsd_tf_pruning"


def set_rule(layer: keras.layers.Layer, rule: PruningRule) -> None:
    """Let `layer`'s prunable kernels follow `rule` once an `UpdatePruningStep` takes part in training."""
    vars(layer)[_RULE] = rule


def rule_of(layer: keras.layers.Layer) -> PruningRule | None:
    """The rule a layer was given, or None."""
    return vars(layer).get(_RULE)


def pruning_of(model: keras.Model) -> ScheduledPruning:
    """What the rules on the layers of `model` ask for; made once per model.

    Raises:
        ValueError: if no layer has a rule, or the model has no weights yet.
    """
    pruning = vars(model).get(_PRUNING)
    if pruning is None:
        ruled = [kernel for kernel in list_kernels(model) if rule_of(kernel.layer) and not kernel.why_dense]
        if not ruled:
            raise ValueError(f"nothing to prune in model {model.name!r}: pass it through prune_low_magnitude first")
        rules = [((kernel.name,), rule_of(kernel.layer)) for kernel in ruled]
        pruning = vars(model)[_PRUNING] = ScheduledPruning(KernelMasks.of(model, ruled), rules)
    return pruning


def forget_pruning(model: keras.Model) -> None:
    """Remove every rule and mask from `model`; its weights stay as they are."""
    vars(model).pop(_PRUNING, None)
    KernelMasks.forget(model)
    for layer in (model, *inner_layers(model)):
        vars(layer).pop(_RULE, None)
