"""Optimizers that update a variable in one operation, which reads and writes each of its bytes once."""

from __future__ import annotations

import keras
import tensorflow as tf

PACKAGE = "dsd_tf"


@keras.saving.register_keras_serializable(PACKAGE)
class TorchSGD(keras.optimizers.SGD):
    """SGD with PyTorch's momentum: v <- m v + g, w <- w - lr v (with Nesterov: w <- w - lr (g + m v)).

    Keras keeps the learning rate inside the velocity, so the two differ for some steps after the rate drops.
    """

    def update_step(self, gradient, variable, learning_rate):
        lr, gradient = _of_type(variable, learning_rate, gradient)
        if not self.momentum:
            tf.raw_ops.ResourceApplyGradientDescent(var=variable.handle, alpha=lr, delta=gradient)
            return
        tf.raw_ops.ResourceApplyMomentum(
            var=variable.handle,
            accum=self.momentums[self._get_variable_index(variable)].value.handle,
            lr=lr,
            grad=gradient,
            momentum=tf.cast(self.momentum, variable.dtype),
            use_nesterov=self.nesterov,
        )


@keras.saving.register_keras_serializable(PACKAGE)
class FusedAdam(keras.optimizers.Adam):
    """Keras' Adam; in its own form it takes a dozen operations for a variable."""

    def update_step(self, gradient, variable, learning_rate):
        if self.amsgrad:
            super().update_step(gradient, variable, learning_rate)
            return
        lr, gradient, step = _of_type(variable, learning_rate, gradient, self.iterations + 1)
        beta_1, beta_2, epsilon = _of_type(variable, self.beta_1, self.beta_2, self.epsilon)
        index = self._get_variable_index(variable)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=beta_1**step,
            beta2_power=beta_2**step,
            lr=lr,
            beta1=beta_1,
            beta2=beta_2,
            epsilon=epsilon,
            grad=gradient,
        )


@keras.saving.register_keras_serializable(PACKAGE)
class FusedAdadelta(keras.optimizers.Adadelta):
    """Keras' Adadelta, in one operation."""

    def update_step(self, gradient, variable, learning_rate):
        lr, gradient = _of_type(variable, learning_rate, gradient)
        rho, epsilon = _of_type(variable, self.rho, self.epsilon)
        index = self._get_variable_index(variable)
        tf.raw_ops.ResourceApplyAdadelta(
            var=variable.handle,
            accum=self._accumulated_grads[index].value.handle,
            accum_update=self._accumulated_delta_vars[index].value.handle,
            lr=lr,
            rho=rho,
            epsilon=epsilon,
            grad=gradient,
        )


def _of_type(variable: tf.Variable, *values) -> list[tf.Tensor]:
    return [tf.cast(tf.convert_to_tensor(value), variable.dtype) for value in values]
