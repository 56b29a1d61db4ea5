"""Weight rewinding."""

from __future__ import annotations

import numpy as np

from dsd_tf.errors import UsageError
from dsd_tf.training.callbacks.step_callback import StepCallback
from dsd_tf.training.kernel_masks import KernelMasks


class Rewind(StepCallback):
    """Remembers the weights at step `step` and starts every later `fit` from them, under its masks.

    The first `fit` it takes part in trains on; each one after it begins with the remembered weights, zero
    where masked, cleared optimizer slots and the step count at `step` (Frankle et al. 2020, "Linear Mode
    Connectivity and the Lottery Ticket Hypothesis", iterative magnitude pruning with rewinding).

    Attributes:
        weights: the remembered arrays in the order of `model.weights`, or None. May be set, to rewind to
            weights remembered by another process.

    Raises:
        UsageError: if training passes `step` without stopping there, and so the weights cannot be remembered.
    """

    def __init__(self, step: int = 0):
        super().__init__()
        self.step = step
        self.weights: list[np.ndarray] | None = None

    def on_train_begin(self, logs=None):
        if self.weights is not None:
            self.restore()
        super().on_train_begin(logs)

    def before_step(self, step):
        if self.weights is not None or step < self.step:
            return
        if step > self.step:
            raise UsageError(
                f"cannot remember the weights at step {self.step}: training is already at step {step}; begin "
                "before it, with a steps_per_execution that divides it"
            )
        self.remember()

    def remember(self) -> None:
        """Keep the weights of this moment as those to go back to."""
        if not self.model.weights:
            raise UsageError(f"model {self.model.name!r} has no weights to remember yet: build it first")
        self.weights = self.model.get_weights()

    def restore(self) -> None:
        """Put the remembered weights back under the current masks, with a fresh optimizer at step `step`."""
        masks = KernelMasks.of(self.model)
        self.model.set_weights(self.weights)
        masks.reset_slots(iterations=self.step)
        masks.enforce()
