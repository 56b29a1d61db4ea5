"""The gradients by which weights are grown."""

from __future__ import annotations

import numpy as np

from dsd_tf.training.kernel_masks import KernelMasks
from dsd_tf.training.optimizers import inner_optimizer


class DenseGradients:
    """The gradients of a model's kernels as its own training steps find them, before masking, at every weight.

    So they are those of whatever objective is trained for, at the weights before the step, on the batch of the step,
    and cost no step of their own.

    Args:
        masks: of the compiled model.
        decay: of an exponential average over the steps that want gradients; 0 keeps those of the last one alone.
    """

    def __init__(self, masks: KernelMasks, decay: float):
        optimizer = inner_optimizer(masks.model.optimizer)
        if optimizer.gradient_decay != decay:
            with masks.model.distribute_strategy.scope():
                optimizer.keep_gradients(decay)
            masks.retrace()
        self._memory, self._names = optimizer.memory, masks.trained
        self._wanted: bool | None = None

    def want(self, wanted: bool) -> None:
        """Whether the steps from now on are to keep their gradients."""
        if wanted != self._wanted:
            self._memory.wanted.assign(wanted)
            self._wanted = wanted

    def __call__(self) -> dict[str, np.ndarray]:
        """What is kept, by kernel name; zeros before the first step that wanted it."""
        return {name: np.array(kept) for name, kept in zip(self._names, self._memory.kept, strict=True)}
