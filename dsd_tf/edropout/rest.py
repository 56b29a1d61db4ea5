"""Keeping weights as they are, with all that the optimizer knows of them, while their units are off."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import tensorflow as tf

from dsd_tf.edropout.activity import active_weights
from dsd_tf.edropout.gates import GateRegistry
from dsd_tf.training.optimizers import Masked, inner_optimizer

# a variable, its values before a step, and where it may change
Held = list[tuple[keras.Variable, tf.Tensor, tf.Tensor]]


@tf.autograph.experimental.do_not_convert
def hold(registry: GateRegistry, state: tf.Tensor, model: keras.Model) -> Held:
    """What a training step of `model` has to leave alone of weights and slots, to be given to `release` after it.

    No gradient reaches units that are off, but weight decay and the decay of slots do. For use in the step's graph.
    """
    optimizer: Masked = inner_optimizer(model.optimizer)
    position = {id(variable): index for index, variable in enumerate(model.trainable_variables)}
    held = []
    for weight, on in active_weights(registry, state):
        for variable in (weight, *optimizer.slots(position[id(weight)])):
            held.append((variable, tf.identity(variable.value), on))
    return held


def release(held: Sequence[tuple[keras.Variable, tf.Tensor, tf.Tensor]]) -> None:
    """Undo a step where weights are off."""
    for variable, before, on in held:
        variable.assign(tf.where(on, variable.value, before))
