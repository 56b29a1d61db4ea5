"""The masks of one model: kept in its optimizer, changed between steps."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import keras
import numpy as np
import tensorflow as tf

from dsd_tf.errors import UsageError
from dsd_tf.sparsity.masks import Masks
from dsd_tf.training.kernels import Kernel, list_kernels
from dsd_tf.training.optimizers import Masked, inner_optimizer, to_masked

_HANDLE = "_dsd_tf_kernel_masks"


class KernelMasks:
    """The prunable kernels of a model and the masks they train under.

    Outside its mask a kernel and its optimizer slots are zero, so a weight that is let back in starts at zero
    with zero slots. The masks live in the optimizer; when the model is compiled anew they move to the new one
    before it trains. A kernel that was frozen meanwhile keeps its mask for the day it is trained again.

    Attributes:
        before_training: called whenever `fit` or `train_on_batch` begins; may raise.
    """

    def __init__(self, model: keras.Model, kernels: Sequence[Kernel]):
        self.model = model
        self.kernels = [kernel for kernel in kernels if not kernel.why_dense]
        self.before_training: Callable[[], None] = lambda: None
        self._frozen: dict[str, np.ndarray] = {}
        self._optimizer: Masked | None = None

    @classmethod
    def of(cls, model: keras.Model, kernels: Sequence[Kernel] = ()) -> KernelMasks:
        """The masks of `model`, made at the first call: for `kernels`, else those its (loaded) optimizer has
        masks for, else every prunable kernel.

        Raises:
            ValueError: if the model has no weights or no optimizer, or one that cannot train under masks.
        """
        if getattr(model, "optimizer", None) is None:
            raise UsageError(f"model {model.name!r} has no optimizer to hold masks: compile it first")
        masks = cls.held_by(model)
        if masks is not None:
            masks.attach(model.optimizer)
            return masks
        masks = cls(model, kernels or _already_masked(model) or list_kernels(model))
        masks.attach(model.optimizer)
        masks._hold()
        return masks

    @staticmethod
    def held_by(model: keras.Model) -> KernelMasks | None:
        """The masks that were made for `model`, or None."""
        return vars(model).get(_HANDLE)

    @classmethod
    def forget(cls, model: keras.Model) -> None:
        """Let `model` go back to being an ordinary model; its weights stay as they are."""
        if vars(model).pop(_HANDLE, None) is not None:
            del vars(model)["make_train_function"]

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {kernel.name: kernel.shape for kernel in self.kernels}

    def attach(self, optimizer: keras.optimizers.Optimizer) -> None:
        """Let `optimizer` own the masks; masks of an optimizer used before, or loaded with this one, are
        kept.

        Raises:
            UsageError: if the optimizer's update rule cannot train under masks.
        """
        if inner_optimizer(optimizer) is self._optimizer:
            return
        variables = self.model.trainable_variables
        index = {id(variable): position for position, variable in enumerate(variables)}
        positions = [index.get(id(kernel.variable)) for kernel in self.kernels]
        with self.model.distribute_strategy.scope():
            masked = to_masked(optimizer)
            masks = self.masks if self._optimizer else self._loaded(masked, positions)
            masked.mask_variables(variables, [position for position in positions if position is not None])
            optimizer.build(variables)
        self._optimizer, self._positions = masked, positions
        self._assign = tf.function(self._assign_masks)
        if self.model.train_function is not None:
            # a step traced before the optimizer had masks would go on without them
            type(self.model).make_train_function(self.model, force=True)
        self.apply(masks)

    @property
    def masks(self) -> Masks:
        """A copy of the masks as bool arrays, by kernel name."""
        known = self._frozen | self._trained(self._optimizer, self._positions)
        return Masks({kernel.name: known[kernel.name] for kernel in self.kernels})

    def apply(self, masks: Masks) -> None:
        """Train under `masks` from now on; weights and slots outside them become zero.

        Raises:
            UsageError: if the masks are of another model; names the kernel.
        """
        masks.check(self.shapes)
        pairs = zip(self.kernels, self._positions, strict=True)
        self._frozen = {kernel.name: masks[kernel.name] for kernel, position in pairs if position is None}
        self._assign([tf.constant(masks[kernel.name]) for kernel in self.kernels])

    def densify(self) -> None:
        """Let every weight train again; those that were masked start at zero."""
        self.apply(Masks.ones(self.shapes))

    def weights(self, names: Collection[str] | None = None) -> dict[str, np.ndarray]:
        """The values of all kernels, or of those named, as float arrays by name."""
        wanted = [kernel for kernel in self.kernels if names is None or kernel.name in names]
        return {kernel.name: kernel.variable.numpy() for kernel in wanted}

    def reset_slots(self, iterations: int = 0) -> None:
        """A fresh optimizer: all slots zero, averages at the weights, its step count at `iterations`. Masks stay."""
        for position, variable in enumerate(self.model.trainable_variables):
            for slot in self._optimizer.slots(position):
                slot.assign(tf.zeros_like(slot.value))
            if self._optimizer.use_ema:
                self._optimizer._model_variables_moving_average[position].assign(variable)
        self._optimizer._iterations.assign(iterations)

    def _assign_masks(self, new: list[tf.Tensor]) -> None:
        variables = dict(zip(self._optimizer.masked, self._optimizer.masks, strict=True))
        for position, kernel, mask in zip(self._positions, self.kernels, new, strict=True):
            slots = []
            if position is not None:
                variables[position].assign(mask)
                slots = self._optimizer.slots(position)
            for value in (kernel.variable, *slots):
                value.assign(tf.where(mask, value.value, tf.zeros([], value.dtype)))

    def _loaded(self, optimizer: Masked, positions: Sequence[int | None]) -> Masks:
        return Masks({**Masks.ones(self.shapes), **self._trained(optimizer, positions)})

    def _trained(self, optimizer: Masked, positions: Sequence[int | None]) -> dict[str, np.ndarray]:
        """The masks that `optimizer` has for the kernels at these `positions`."""
        held = dict(zip(optimizer.masked, optimizer.masks, strict=False))
        pairs = zip(self.kernels, positions, strict=True)
        return {kernel.name: np.array(held[position]) for kernel, position in pairs if position in held}

    def _hold(self) -> None:
        """Have Keras move the masks to the optimizer in use each time before the model trains."""
        vars(self.model)[_HANDLE] = self

        def make_train_function(force=False):
            self.attach(self.model.optimizer)
            self.before_training()
            return type(self.model).make_train_function(self.model, force)

        vars(self.model)["make_train_function"] = make_train_function


def _already_masked(model: keras.Model) -> list[Kernel]:
    optimizer = inner_optimizer(model.optimizer)
    if not isinstance(optimizer, Masked):
        return []
    masked = {id(model.trainable_variables[position]) for position in optimizer.masked}
    return [kernel for kernel in list_kernels(model) if id(kernel.variable) in masked]
