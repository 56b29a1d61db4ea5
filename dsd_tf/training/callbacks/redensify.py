"""Re-densification: the last D of dense-sparse-dense."""

from __future__ import annotations

from dsd_tf.errors import UsageError
from dsd_tf.training.callbacks.step_callback import StepCallback
from dsd_tf.training.kernel_masks import KernelMasks


class Redensify(StepCallback):
    """At step `step` lets every weight train again, from zero, at a lower learning rate.

    Han et al. 2017 ("DSD: Dense-Sparse-Dense Training for Deep Neural Networks", section 2): pruned weights
    restart at zero and the whole network trains at a tenth of the original learning rate.

    Raises:
        UsageError: when training begins, if the learning rate is to change but follows a schedule.
    """

    def __init__(self, step: int, learning_rate_factor: float = 0.1):
        super().__init__()
        self.step = step
        self.learning_rate_factor = learning_rate_factor

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        if self.learning_rate_factor != 1 and not hasattr(self.model.optimizer.learning_rate, "assign"):
            raise UsageError(
                "Redensify cannot lower a learning rate that follows a schedule: give the optimizer a "
                "number, or pass learning_rate_factor=1"
            )

    def before_step(self, step):
        if not self.is_due(self.step):
            return
        KernelMasks.of(self.model).densify()
        if self.learning_rate_factor != 1:
            optimizer = self.model.optimizer
            optimizer.learning_rate = float(optimizer.learning_rate.numpy()) * self.learning_rate_factor
