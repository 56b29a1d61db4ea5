"""Gradients that an optimizer keeps for those who grow weights by them."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import tensorflow as tf


class GradientMemory:
    """Variables of an optimizer that hold gradients as a step found them: of all replicas, before any masking.

    A step in which `wanted` is True leaves `decay * kept + (1 - decay) * gradient`; others leave what is there and cost
    a condition.

    Attributes:
        wanted: scalar bool variable, to be set between steps.
        kept: one variable for each of `variables`, zero at first.
    """

    def __init__(self, optimizer: keras.optimizers.Optimizer, variables: Sequence[keras.Variable], decay: float):
        self._decay = decay
        self.wanted = optimizer.add_variable((), initializer="zeros", dtype="bool", name="gradients_wanted")
        self.kept = [optimizer.add_variable_from_reference(variable, name="kept_gradient") for variable in variables]

    @property
    def variables(self) -> list[keras.Variable]:
        return [self.wanted, *self.kept]

    def update(self, gradients: Sequence[tf.Tensor]) -> tf.Tensor:
        """Take the gradients of the step under way; returns a tensor that is there once they are taken."""
        replica = tf.distribute.get_replica_context()
        if replica.num_replicas_in_sync > 1:
            # outside of the condition, where replicas cannot meet
            gradients = replica.all_reduce(tf.distribute.ReduceOp.SUM, gradients)
        return tf.cond(self.wanted.value, lambda: self._keep(gradients), lambda: tf.constant(False))

    def clear(self) -> None:
        """Forget."""
        for variable in self.kept:
            variable.assign(tf.zeros_like(variable.value))

    def _keep(self, gradients: Sequence[tf.Tensor]) -> tf.Tensor:
        for variable, gradient in zip(self.kept, gradients, strict=True):
            gradient = tf.cast(gradient, variable.dtype)
            # not a product with 0: 0 * inf is NaN
            variable.assign(self._decay * variable + (1 - self._decay) * gradient if self._decay else gradient)
        return tf.constant(True)
