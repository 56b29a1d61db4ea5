"""Re-densification: the last D of dense-sparse-dense."""

from __future__ import annotations

from dsd_tf.training.callbacks.step_callback import StepCallback
from dsd_tf.training.kernel_masks import KernelMasks


class Redensify(StepCallback):
    """At optimizer step `step` lets every weight train again, from zero, at a lower learning rate.

    Han et al. 2017 ("DSD: Dense-Sparse-Dense Training for Deep Neural Networks", section 2): pruned weights restart
    at zero and the whole network trains at a tenth of the original learning rate. The optimizer's learning rate must
    be a number, not a schedule, for `learning_rate_factor` other than 1.
    """

    def __init__(self, step: int, learning_rate_factor: float = 0.1):
        super().__init__()
        self.step = step
        self.learning_rate_factor = learning_rate_factor
        self._done = False

    def before_step(self, step):
        if self._done or step < self.step:
            return
        self._done = True
        KernelMasks.of(self.model).densify()
        if self.learning_rate_factor != 1:
            optimizer = self.model.optimizer
            optimizer.learning_rate = float(optimizer.learning_rate) * self.learning_rate_factor
