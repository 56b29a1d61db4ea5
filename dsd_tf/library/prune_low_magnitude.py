"""`prune_low_magnitude`: have layers or a model pruned while they train."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from absl import logging

from dsd_tf.errors import UsageError
from dsd_tf.library.policies import PruningPolicy
from dsd_tf.sparsity.granularity import Blocks, Granularity, NofM, SingleWeights
from dsd_tf.sparsity.schedules import ConstantSparsity, PruningSchedule
from dsd_tf.training.kernels import can_be_pruned, is_graph
from dsd_tf.training.pruning import PruningRule
from dsd_tf.training.rules import magnitude_rule, ruled_kernels, set_rule

_ACCEPTED = "a keras.Model, a keras.layers.Layer or a list of layers of Keras 3"


def prune_low_magnitude(
    to_prune: keras.Model | keras.layers.Layer | Sequence[keras.layers.Layer],
    pruning_schedule: PruningSchedule | None = None,
    block_size: Sequence[int] = (1, 1),
    block_pooling_type: str = "AVG",
    pruning_policy: PruningPolicy | None = None,
    sparsity_m_by_n: Sequence[int] | None = None,
    *,
    input_shape: Sequence[int] | None = None,
) -> Any:
    """Have the kernels of `to_prune` lose their smallest weights while it trains (Zhu & Gupta 2017).

    A drop-in for TFMOT's function of that name, for Keras 3: Sequential, functional, nested and subclassed
    models, layers, and layers of one's own with `get_prunable_weights()`. There are no wrappers. Training
    needs the callback `UpdatePruningStep` and refuses to start without it. A kernel of N weights keeps
    exactly round(N * (1 - sparsity)), at least one; pruned weights are zero at every step.

    What cannot be pruned (biases, normalisation, depthwise kernels, frozen layers ...) stays dense;
    `list_kernels` says why, and so does the log (level info) if the model has weights already.

    Args:
        to_prune: what to prune. A model's optimizer is removed: compile it again.
        pruning_schedule: when and how sparse; half of each kernel from the first step if None. It counts
            batches.
        block_size: (height, width) of the blocks that live or die together, for kernels of 2 dimensions.
        block_pooling_type: a block's score is the "AVG" or "MAX" of its weights.
        pruning_policy: says which layers of a model may be pruned; TFMOT's own kind works too.
        sparsity_m_by_n: (m, n) for m zeros in every n consecutive weights along the input channels, from the
            first step on, whatever the schedule says.
        input_shape: of a layer that is the first of a Sequential model.

    Returns:
        `to_prune` itself.

    Raises:
        ValueError: for arguments of the wrong kind, layers that name no prunable weights, or kernels that the
            blocks or the m-by-n pattern do not fit.
    """
    schedule = ConstantSparsity(0.5, 0) if pruning_schedule is None else pruning_schedule
    rule = _rule(schedule, block_size, block_pooling_type, sparsity_m_by_n)
    if isinstance(to_prune, keras.Model):
        _prune_model(to_prune, rule, pruning_policy)
        return to_prune
    if not isinstance(to_prune, (keras.layers.Layer, list, tuple)):
        kind = f"{type(to_prune).__module__}.{type(to_prune).__name__}"
        raise UsageError(f"prune_low_magnitude cannot prune an object of type {kind}: give {_ACCEPTED}")
    for layer in [to_prune] if isinstance(to_prune, keras.layers.Layer) else to_prune:
        _prune_layer(layer, rule)
    if input_shape is not None and isinstance(to_prune, keras.layers.Layer):
        to_prune._input_shape_arg = tuple(input_shape)
    return to_prune


def _rule(
    schedule: PruningSchedule, block_size: Sequence[int], pooling: str, m_by_n: Sequence[int] | None
) -> PruningRule:
    if not isinstance(schedule, PruningSchedule):
        raise UsageError(f"pruning_schedule is a {type(schedule).__name__}: give a PruningSchedule")
    if pooling not in ("AVG", "MAX"):
        raise UsageError(f"block_pooling_type is {pooling!r}: give 'AVG' or 'MAX'")
    if m_by_n:
        zeros, of = _two_integers(m_by_n, "sparsity_m_by_n")
        if not 0 < zeros < of:
            raise UsageError(f"sparsity_m_by_n is ({zeros}, {of}): give (m, n) with 0 < m < n")
        return magnitude_rule(ConstantSparsity(zeros / of, 0, 0, 1), NofM(of - zeros, of))
    return magnitude_rule(schedule, _blocks(*_two_integers(block_size, "block_size"), pooling))


def _blocks(height: int, width: int, pooling: str) -> Granularity:
    return SingleWeights() if (height, width) == (1, 1) else Blocks(height, width, pooling.lower())


def _two_integers(value: Sequence[int], name: str) -> tuple[int, int]:
    is_pair = isinstance(value, (tuple, list)) and len(value) == 2
    if not is_pair or not all(isinstance(number, int) for number in value):
        raise UsageError(f"{name} is {value!r}: give a tuple of 2 integers")
    return tuple(value)


def _prune_model(model: keras.Model, rule: PruningRule, policy: PruningPolicy | None) -> None:
    if policy is not None:
        policy.ensure_model_supports_pruning(model)
    _mark(model, rule, policy)
    if model.weights:
        for kernel, kernel_rule in ruled_kernels(model):
            if kernel_rule is None:
                logging.info("%s stays dense: %s", kernel.name, kernel.why_dense or "not asked for")
    model.optimizer = None
    model.compiled = False


def _mark(model: keras.Model, rule: PruningRule, policy: PruningPolicy | None) -> None:
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            _mark(layer, rule, policy)
        else:
            allowed = policy is None or policy.allow_pruning(layer)
            set_rule(layer, rule if allowed else None, from_model=True)
    if is_graph(model):
        return
    # a subclassed model may make more layers when it is built, and may have weights of its own
    if policy is None:
        set_rule(model, rule, from_model=True)
    elif not model.built:
        raise UsageError(f"a pruning_policy needs to see all layers: build model {model.name!r} first")


def _prune_layer(layer: keras.layers.Layer, rule: PruningRule) -> None:
    if not isinstance(layer, keras.layers.Layer):
        raise UsageError(f"prune_low_magnitude cannot prune {layer!r}: give {_ACCEPTED}")
    if can_be_pruned(layer):
        set_rule(layer, rule)
    elif type(layer).__module__.partition(".")[0] == "keras":
        logging.info("%s stays dense: %s layers have no weights to prune", layer.name, type(layer).__name__)
    else:
        raise UsageError(
            f"layer {layer.name!r} of type {type(layer).__name__} cannot be pruned: let it define "
            "get_prunable_weights(), or leave it out"
        )
