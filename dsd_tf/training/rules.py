"""Pruning rules on layers: what `prune_low_magnitude` leaves behind and `UpdatePruningStep` carries out."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import keras

from dsd_tf.errors import UsageError
from dsd_tf.sparsity import granularity, schedules
from dsd_tf.training.kernel_masks import KernelMasks
from dsd_tf.training.kernels import Kernel, children, inner_layers, list_kernels
from dsd_tf.training.optimizers import Masked, inner_optimizer
from dsd_tf.training.pruning import PruningRule, ScheduledPruning
from dsd_tf.training.selection import Selection

_MARK = "_dsd_tf_pruning_mark"
_PRUNING = "_dsd_tf_pruning"
_NO_CALLBACK = (
    "the model is to be pruned, but no UpdatePruningStep takes part in training: add "
    "dsd_tf.UpdatePruningStep() to the callbacks, or remove the pruning with dsd_tf.strip_pruning(model)"
)


@dataclass(frozen=True)
class _Mark:
    rule: PruningRule | None
    from_model: bool


def magnitude_rule(schedule: schedules.PruningSchedule, shape: granularity.Granularity) -> PruningRule:
    """The rule of `prune_low_magnitude`: each kernel loses its smallest weights till it is sparse enough."""
    return PruningRule(schedule, Selection(granularity=shape))


def set_rule(layer: keras.layers.Layer, rule: PruningRule | None, *, from_model: bool = False) -> None:
    """Let the kernels of `layer` and of the layers inside it follow `rule`; None leaves them dense.

    A rule that a whole model passes on (`from_model`) does not replace one a layer was given for itself. From
    now on the layer refuses to train until `permit_training`.
    """
    mark = vars(layer).get(_MARK)
    if from_model and mark is not None and not mark.from_model:
        return
    vars(layer)[_MARK] = _Mark(rule, from_model)
    if rule is not None:
        _refuse_training(layer)


def ruled_kernels(model: keras.layers.Layer) -> list[tuple[Kernel, PruningRule | None]]:
    """Every kernel of `model` with its rule: its layer's, or that of the nearest layer around it with one.

    Raises:
        ValueError: if the rule's block or N:M pattern cannot be laid over the kernel.
    """
    rules = _rules(model)
    pairs = []
    for kernel in list_kernels(model):
        rule = None if kernel.why_dense else rules[id(kernel.layer)]
        if rule is not None:
            _check_rank(kernel, rule.selection.granularity)
        pairs.append((kernel, rule))
    return pairs


def pruning_of(model: keras.Model) -> ScheduledPruning:
    """What the rules on the layers of `model` ask for, at the step where the model's optimizer is.

    A model that was saved while it was being pruned takes up the rules its optimizer was saved with.

    Raises:
        ValueError: if no layer has a rule, or the model has no weights or optimizer yet.
    """
    earlier_steps = _take_up_saved(model)
    rules = _kernels_by_rule(model)
    if not rules:
        raise ValueError(f"nothing to prune in model {model.name!r}: pass it through prune_low_magnitude first")
    masks = KernelMasks.of(model)
    pruning = vars(model).get(_PRUNING)
    if pruning is None or pruning.rules != rules:
        pruning = vars(model)[_PRUNING] = ScheduledPruning(masks, rules, earlier_steps)
        masks.before_training = functools.partial(_check_attended, pruning)
    pruning.follow(model.optimizer)
    _save_with_optimizer(pruning, inner_optimizer(model.optimizer))
    permit_training(model)
    return pruning


def _kernels_by_rule(model: keras.Model) -> list[tuple[tuple[str, ...], PruningRule]]:
    names: dict[PruningRule, list[str]] = {}
    for kernel, rule in ruled_kernels(model):
        if rule is not None:
            names.setdefault(rule, []).append(kernel.name)
    return [(tuple(kernels), rule) for rule, kernels in names.items()]


def permit_training(model: keras.Model) -> None:
    """Let the layers of `model` train: somebody sees to their rules."""
    for layer in _marked_layers(model):
        vars(layer).pop("call", None)


def forget_pruning(model: keras.Model) -> None:
    """Remove every rule and mask from `model`; its weights stay as they are."""
    vars(model).pop(_PRUNING, None)
    KernelMasks.forget(model)
    permit_training(model)
    for layer in _marked_layers(model):
        del vars(layer)[_MARK]


def _refuse_training(layer: keras.layers.Layer) -> None:
    call = type(layer).call.__get__(layer)

    @functools.wraps(call)
    def checked_call(*args, **kwargs):
        if layer._get_call_context().get_value("training"):
            raise UsageError(_NO_CALLBACK)
        return call(*args, **kwargs)

    # past Keras' own __setattr__, which would track it; neither saving nor cloning looks here
    vars(layer)["call"] = checked_call


def _check_attended(pruning: ScheduledPruning) -> None:
    if not pruning.attended:
        raise UsageError(_NO_CALLBACK)


def _rules(model: keras.layers.Layer) -> dict[int, PruningRule | None]:
    """The rule of every layer in `model`, by id."""
    rules: dict[int, PruningRule | None] = {}

    def visit(layer, inherited):
        mark = vars(layer).get(_MARK)
        rule = mark.rule if mark else inherited
        if id(layer) in rules and (rule is None or rules[id(layer)] is not None):
            return
        rules[id(layer)] = rule
        for child in children(layer):
            visit(child, rule)

    visit(model, None)
    return rules


def _marked_layers(model: keras.layers.Layer) -> list[keras.layers.Layer]:
    return [layer for layer in (model, *inner_layers(model)) if _MARK in vars(layer)]


def _check_rank(kernel: Kernel, shape: granularity.Granularity) -> None:
    """TFMOT's conditions."""
    rank = len(kernel.shape)
    if isinstance(shape, granularity.Blocks) and rank != 2:
        raise UsageError(f"block_size needs weights of 2 dimensions, but {kernel.name} is {kernel.shape}")
    if isinstance(shape, granularity.NofM) and rank not in (2, 4):
        raise UsageError(f"sparsity_m_by_n needs weights of 2 or 4 dimensions, but {kernel.name} is {kernel.shape}")


def _save_with_optimizer(pruning: ScheduledPruning, optimizer: Masked) -> None:
    """Write what is needed to go on into the optimizer's configuration; rules in the order of its masks."""
    rules = {name: _rule_config(rule) for names, rule in pruning.rules for name in names}
    kernels = _masked_kernels(pruning.masks, optimizer)
    optimizer.pruning = {
        "earlier_steps": pruning.earlier_steps,
        "rules": [rules.get(kernel.name) for kernel in kernels],
    }
    optimizer.taken_up = True


def _take_up_saved(model: keras.Model) -> int:
    """Put the rules that were saved with the model's optimizer on its layers; returns the steps before it."""
    optimizer = inner_optimizer(getattr(model, "optimizer", None))
    if not isinstance(optimizer, Masked) or not optimizer.pruning or optimizer.taken_up:
        return 0
    kernels = _masked_kernels(KernelMasks.of(model), optimizer)
    for kernel, config in zip(kernels, optimizer.pruning["rules"], strict=True):
        if config is not None:
            set_rule(kernel.layer, _rule_from_config(config), from_model=True)
    return optimizer.pruning["earlier_steps"]


def _masked_kernels(masks: KernelMasks, optimizer: Masked) -> list[Kernel]:
    """The kernels that `optimizer` has masks for, in its order."""
    kernels = {id(kernel.variable): kernel for kernel in masks.kernels}
    return [kernels[id(masks.model.trainable_variables[position])] for position in optimizer.masked]


def _rule_config(rule: PruningRule) -> dict[str, Any]:
    try:
        schedule = schedules.to_config(rule.schedule)
    except UsageError:  # the user's own subclass: loads again if it is registered with Keras
        schedule = keras.saving.serialize_keras_object(rule.schedule)
    return {"schedule": schedule, "granularity": str(rule.selection.granularity)}


def _rule_from_config(config: dict[str, Any]) -> PruningRule:
    schedule = config["schedule"]
    own = "registered_name" in schedule
    load = keras.saving.deserialize_keras_object if own else schedules.from_config
    return magnitude_rule(load(schedule), granularity.parse(config["granularity"]))
