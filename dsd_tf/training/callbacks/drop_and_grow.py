"""Dynamic sparse training: SET, RigL, SNFS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from dsd_tf import randomness
from dsd_tf.errors import UsageError
from dsd_tf.sparsity.drop_and_grow import regrown
from dsd_tf.sparsity.flying_bird import extra_changes
from dsd_tf.sparsity.masks import Masks
from dsd_tf.sparsity.topology import Topology
from dsd_tf.training.callbacks.regrow import Regrow
from dsd_tf.training.dense_gradients import DenseGradients
from dsd_tf.training.kernel_masks import KernelMasks


class DropAndGrow(Regrow):
    """Has the masks of a model in training follow a topology rule; every layer keeps its number of weights, unless the
    rule adapts numbers.

    An update after s steps ranks by the weights of that moment, and by the dense gradient of step s: that of its loss
    on its own batch, at the weights before the step. Random growth depends on `seed`, kernel and step alone. A weight
    that is dropped and grown in one update keeps its value; others are grown from zero.

    Args:
        rule: when what is dropped and grown.
        seed: of random growth.
        epochs: the figures of the epochs so far, which somebody adds to, for a rule that adapts numbers to them.

    Raises:
        UsageError: when training begins, if a kernel that has a mask is frozen.
    """

    def __init__(self, rule: Topology, seed: int = 0, epochs: Sequence[Mapping[str, float]] = ()):
        super().__init__(rule.every, rule.end)
        self.keeps_numbers = rule.adapt_from is None
        self._rule, self._seed, self._epochs = rule, seed, epochs
        self._gradients: DenseGradients | None = None

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        masks = KernelMasks.of(self.model)
        for name in masks.shapes.keys() - set(masks.trained):
            raise UsageError(f"{name} is frozen: weights dropped there could not be grown; thaw it, or leave it dense")
        if self._rule.gradient_decay is not None:
            self._gradients = DenseGradients(masks, self._rule.gradient_decay)

    def before_step(self, step):
        super().before_step(step)
        if self._gradients:
            self._gradients.want(self._rule.gradient_is_read(step, step + self.model.steps_per_execution))

    def propose(self, masks, step):
        weights, growth = masks.weights(), self._growth(masks, step)
        fraction, drop, adapt_from = self._rule.fraction.at(step), self._rule.drop, self._rule.adapt_from
        extra = extra_changes(self._epochs) if adapt_from is not None and step >= adapt_from else (0.0, 0.0)
        return Masks(
            {
                name: regrown(weights[name], mask, growth[name], fraction, drop, extra)
                for name, mask in masks.masks.items()
            }
        )

    def _growth(self, masks: KernelMasks, step: int) -> dict[str, np.ndarray]:
        if self._gradients:
            return {name: np.abs(gradient) for name, gradient in self._gradients().items()}
        return {
            name: randomness.generator(self._seed, f"grow/{name}", step).random(shape, np.float32)
            for name, shape in masks.shapes.items()
        }
