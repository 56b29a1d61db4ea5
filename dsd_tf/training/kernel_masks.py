"""The masks of one model: kept in its optimizer, changed between steps."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from dsd_tf.sparsity.masks import Masks
from dsd_tf.training.kernels import Kernel, list_kernels
from dsd_tf.training.optimizers import Masked, masked_class, to_masked

_HANDLE = "_dsd_tf_kernel_masks"


class KernelMasks:
    """The prunable kernels of a model and the masks they train under.

    Outside its mask a kernel and its optimizer slots are zero, so a weight that is let back in starts at zero with
    zero slots. The masks live in the optimizer; `attach` moves them along when a model is compiled anew.
    """

    def __init__(self, model: keras.Model, kernels: Sequence[Kernel]):
        self.model = model
        self.kernels = [kernel for kernel in kernels if not kernel.why_dense]
        self._optimizer: Masked | None = None

    @classmethod
    def of(cls, model: keras.Model, kernels: Sequence[Kernel] = ()) -> KernelMasks:
        """The masks of `model`, made at the first call: for `kernels`, else those its (loaded) optimizer has masks
        for, else every prunable kernel. The model must be compiled and have weights."""
        masks = vars(model).get(_HANDLE)
        if masks is None:
            masks = cls(model, kernels or _already_masked(model) or list_kernels(model))
            vars(model)[_HANDLE] = masks
        masks.attach(model.optimizer)
        return masks

    @classmethod
    def forget(cls, model: keras.Model) -> None:
        """Let `model` go back to being an ordinary model; its weights stay as they are."""
        vars(model).pop(_HANDLE, None)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {kernel.name: kernel.shape for kernel in self.kernels}

    def attach(self, optimizer: keras.optimizers.Optimizer) -> None:
        """Let `optimizer` own the masks; masks of an optimizer used before, or loaded with this one, are kept.

        Raises:
            UsageError: if the optimizer's update rule cannot train under masks.
            ValueError: without an optimizer.
        """
        if optimizer is self._optimizer:
            return
        if optimizer is None:
            raise ValueError("the model has no optimizer to hold masks: compile it first")
        masked_class(type(optimizer))
        current = self.masks if self._optimizer is not None else None
        variables = self.model.trainable_variables
        with self.model.distribute_strategy.scope():
            to_masked(optimizer)
            positions = {id(variable): index for index, variable in enumerate(variables)}
            wanted = [positions[id(kernel.variable)] for kernel in self.kernels]
            if list(optimizer.masked) != wanted:
                optimizer.mask_kernels(variables, [kernel.variable for kernel in self.kernels])
            optimizer.build(variables)
        self._optimizer = optimizer
        self._assign = tf.function(self._assign_masks)
        if self.model.train_function is not None:
            # a step traced before the optimizer had masks would go on without them
            self.model.make_train_function(force=True)
        if current is not None:
            self.apply(current)

    @property
    def masks(self) -> Masks:
        """A copy of the masks as bool arrays, by kernel name."""
        pairs = zip(self.kernels, self._optimizer.masks, strict=True)
        return Masks({kernel.name: np.array(mask) for kernel, mask in pairs})

    def apply(self, masks: Masks) -> None:
        """Train under `masks` from now on; weights and slots outside them become zero.

        Raises:
            UsageError: if the masks are of another model; names the kernel.
        """
        masks.check(self.shapes)
        self._assign([tf.constant(masks[kernel.name]) for kernel in self.kernels])

    def densify(self) -> None:
        """Let every weight train again; those that were masked start at zero."""
        self.apply(Masks.ones(self.shapes))

    def weights(self) -> dict[str, np.ndarray]:
        """The kernels' values as float arrays, by name."""
        return {kernel.name: kernel.variable.numpy() for kernel in self.kernels}

    def reset_slots(self, iterations: int = 0) -> None:
        """A fresh optimizer: all slots zero, its step count at `iterations`. Masks stay."""
        for position in range(len(self.model.trainable_variables)):
            for slot in self._optimizer.slots(position):
                slot.assign(np.zeros(slot.shape, slot.dtype))
        self._optimizer.iterations.assign(iterations)

    def _assign_masks(self, new: list[tf.Tensor]) -> None:
        for position, variable, kernel, mask in zip(
            self._optimizer.masked, self._optimizer.masks, self.kernels, new, strict=True
        ):
            variable.assign(mask)
            for value in (kernel.variable, *self._optimizer.slots(position)):
                value.assign(tf.where(mask, value.value, tf.zeros([], value.dtype)))


def _already_masked(model: keras.Model) -> list[Kernel]:
    if not isinstance(model.optimizer, Masked):
        return []
    masked = {id(model.trainable_variables[position]) for position in model.optimizer.masked}
    return [kernel for kernel in list_kernels(model) if id(kernel.variable) in masked]
