"""Weight rewinding."""

from __future__ import annotations

import numpy as np

from dsd_tf.training.callbacks.step_callback import StepCallback
from dsd_tf.training.kernel_masks import KernelMasks


class Rewind(StepCallback):
    """Remembers the weights at optimizer step `step` and starts every later `fit` from them, under its masks.

    The first `fit` it takes part in trains on; each one after it begins with the remembered weights, zero where
    masked, cleared optimizer slots and the step count at `step` (Frankle et al. 2020, "Linear Mode Connectivity and
    the Lottery Ticket Hypothesis", iterative magnitude pruning with rewinding).

    Attributes:
        weights: the remembered arrays in the order of `model.weights`, or None. May be set, to rewind to weights
            remembered by another process.
    """

    def __init__(self, step: int = 0):
        super().__init__()
        self.step = step
        self.weights: list[np.ndarray] | None = None

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        if self.weights is not None:
            self.restore()
            self._step = self.step

    def before_step(self, step):
        if self.weights is None and step >= self.step:
            if step > self.step:
                raise ValueError(
                    f"cannot remember the weights at step {self.step}: training was already at step {step} between "
                    "two executions; choose a steps_per_execution that divides the step"
                )
            self.remember()

    def remember(self) -> None:
        """Keep the weights of now."""
        self.weights = self.model.get_weights()

    def restore(self) -> None:
        """Put the remembered weights back under the current masks, with a fresh optimizer at step `step`."""
        masks = KernelMasks.of(self.model)
        self.model.set_weights(self.weights)
        masks.reset_slots(iterations=self.step)
        masks.apply(masks.masks)
