"""The interface of methods that drop and grow weights while training."""

from __future__ import annotations

import abc

from dsd_tf.errors import UsageError
from dsd_tf.sparsity.masks import Masks
from dsd_tf.training.callbacks.step_callback import StepCallback
from dsd_tf.training.kernel_masks import KernelMasks


class Regrow(StepCallback):
    """Every `frequency` steps, until `end_step`, replaces the masks by what `propose` returns.

    Grown weights start at zero with zero optimizer slots. A subclass supplies the rule.

    Raises:
        UsageError: if a proposal changes how many weights a kernel has.
    """

    def __init__(self, frequency: int, end_step: int):
        super().__init__()
        if frequency < 1:
            raise UsageError(f"update frequency must be at least 1 step, got {frequency}")
        self.frequency = frequency
        self.end_step = end_step

    @abc.abstractmethod
    def propose(self, masks: KernelMasks, step: int) -> Masks:
        """New masks with as many weights per kernel as `masks.masks` has."""

    def before_step(self, step):
        if step == 0 or step % self.frequency or step > self.end_step:
            return
        masks = KernelMasks.of(self.model)
        new, old = self.propose(masks, step), masks.masks
        for name, mask in old.items():
            if new[name].sum() != mask.sum():
                raise UsageError(
                    f"{type(self).__name__} changed the number of weights of {name} from {mask.sum()} to "
                    f"{new[name].sum()} at step {step}; regrowing keeps it constant"
                )
        masks.apply(new)
