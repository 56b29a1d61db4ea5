"""The interface of methods that drop and grow weights while training."""

from __future__ import annotations

import abc

import numpy as np

from dsd_tf.errors import UsageError
from dsd_tf.sparsity.masks import Masks
from dsd_tf.training.callbacks.step_callback import StepCallback
from dsd_tf.training.kernel_masks import KernelMasks


class Regrow(StepCallback):
    """Every `frequency` steps, until `end_step`, replaces the masks by what `propose` returns.

    Grown weights start at zero with zero optimizer slots. A subclass supplies the rule.

    Attributes:
        keeps_numbers: whether a proposal that changes how many weights a kernel has is an error.
    """

    keeps_numbers = True

    def __init__(self, frequency: int, end_step: int):
        super().__init__()
        if frequency < 1:
            raise UsageError(f"update frequency must be at least 1 step, got {frequency}")
        self.frequency = frequency
        self.end_step = end_step

    @abc.abstractmethod
    def propose(self, masks: KernelMasks, step: int) -> Masks:
        """New masks, with as many weights per kernel as `masks.masks` has if the rule keeps numbers."""

    def before_step(self, step):
        last = min(step, self.end_step)
        last -= last % self.frequency
        if last == 0 or not self.is_due(last):
            return
        masks = KernelMasks.of(self.model)
        proposed = self.propose(masks, step)
        if self.keeps_numbers:
            self._check_numbers(masks.masks, proposed, step)
        masks.apply(proposed)

    def _check_numbers(self, before: Masks, proposed: Masks, step: int) -> None:
        for name, mask in before.items():
            old, new = np.count_nonzero(mask), np.count_nonzero(proposed[name])
            if new != old:
                raise UsageError(
                    f"{type(self).__name__} changed the number of weights of {name} from {old} to {new} at "
                    f"step {step}; regrowing keeps it"
                )
