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
from dsd_tf.training.variables import clear, replace, values

_HANDLE = "_dsd_tf_kernel_masks"


class KernelMasks:
    """The prunable kernels of a model and the masks they train under.

    Outside its mask a kernel and its optimizer slots are zero, so a weight that is let back in starts at zero
    with zero slots. The masks live in the optimizer; when the model is compiled anew they move to the new one
    before it trains. A kernel that was frozen meanwhile keeps its mask for the day it is trained again.

    Attributes:
        shapes: of the kernels, by name.
        before_training: called whenever `fit` or `train_on_batch` begins; may raise.
        on_change: told the masks whenever they were set.
    """

    def __init__(self, model: keras.Model, kernels: Sequence[Kernel]):
        self.model = model
        self.kernels = [kernel for kernel in kernels if not kernel.why_dense]
        self.shapes = {kernel.name: kernel.shape for kernel in self.kernels}
        self.before_training: Callable[[], None] = lambda: None
        self.on_change: Callable[[Masks], None] = lambda masks: None
        self._optimizer: Masked | None = None

    @classmethod
    def of(cls, model: keras.Model, kernels: Sequence[Kernel] = ()) -> KernelMasks:
        """The masks of `model`, made at the first call.

        Args:
            kernels: what to make masks for; by default the kernels that the (loaded) optimizer has masks for,
                or else every prunable one.

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

    def attach(self, optimizer: keras.optimizers.Optimizer) -> None:
        """Let `optimizer` own the masks; those of the optimizer before it, or loaded with it, go on.

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
        self._optimizer = masked
        self._find_variables(positions)
        self._frozen = {name: masks[name] for name, variables in self._held.items() if not variables}
        self.retrace()
        self.apply(masks)

    def retrace(self) -> None:
        """Trace the training step anew if it has been: it would go on without what the optimizer was given since."""
        if self.model.train_function is not None:
            type(self.model).make_train_function(self.model, force=True)

    @property
    def trained(self) -> list[str]:
        """Names of the kernels that are not frozen, in the order of the optimizer's masks."""
        return [name for name, masks in self._held.items() if masks]

    @property
    def masks(self) -> Masks:
        """The masks of now as bool arrays, by kernel name."""
        held = self._held.items()
        return Masks({name: values(masks[0]) if masks else self._frozen[name] for name, masks in held})

    def apply(self, masks: Masks) -> None:
        """Train under `masks` from now on; weights and slots outside them become zero.

        Raises:
            UsageError: if the masks are of another model; names the kernel.
        """
        masks.check(self.shapes)
        before = self.masks
        for name, variables in self._zeroed.items():
            clear(variables, _to_clear(values(variables[0]), before[name], masks[name]))
            replace(self._held[name], masks[name])
        self._frozen = {name: masks[name] for name in self._frozen}
        self.on_change(masks)

    def enforce(self) -> None:
        """Zero what was assigned to masked weights from outside (`set_weights`, `load_weights`)."""
        self.apply(self.masks)

    def densify(self) -> None:
        """Let every weight train again; those that were masked start at zero."""
        self.apply(Masks.ones(self.shapes))

    def weights(self, names: Collection[str] | None = None) -> dict[str, np.ndarray]:
        """The values of all kernels, or of those named, as read-only float arrays by name."""
        wanted = self._zeroed if names is None else names
        return {name: values(self._zeroed[name][0]) for name in self._zeroed if name in wanted}

    def reset_slots(self, iterations: int = 0) -> None:
        """A fresh optimizer at step `iterations`: all slots zero, averages at the weights. Masks stay."""
        for position, variable in enumerate(self.model.trainable_variables):
            for slot in self._optimizer.slots(position):
                slot.assign(tf.zeros_like(slot.value))
            if self._optimizer.use_ema:
                self._optimizer._model_variables_moving_average[position].assign(variable)
        if self._optimizer.memory:
            self._optimizer.memory.clear()
        self._optimizer._iterations.assign(iterations)

    def _find_variables(self, positions: Sequence[int | None]) -> None:
        """Look up, by kernel name and for every replica, the masks and all that is zero outside them."""
        masks = dict(zip(self._optimizer.masked, self._optimizer.masks, strict=True))
        self._held, self._zeroed = {}, {}
        for kernel, position in zip(self.kernels, positions, strict=True):
            trained = position is not None
            self._held[kernel.name] = self._replicas(masks[position]) if trained else ()
            slots = self._optimizer.slots(position) if trained else ()
            zeroed = map(self._replicas, (kernel.variable, *slots))
            self._zeroed[kernel.name] = [replica for replicas in zeroed for replica in replicas]

    def _replicas(self, variable: keras.Variable) -> Sequence[tf.Variable]:
        return self.model.distribute_strategy.experimental_local_results(variable.value)

    def _loaded(self, optimizer: Masked, positions: Sequence[int | None]) -> Masks:
        """The masks that `optimizer` has for the kernels at these `positions`, and ones for the others."""
        held = dict(zip(optimizer.masked, optimizer.masks, strict=False))
        pairs = zip(self.kernels, positions, strict=True)
        loaded = {kernel.name: np.array(held[position]) for kernel, position in pairs if position in held}
        return Masks({**Masks.ones(self.shapes), **loaded})

    def _hold(self) -> None:
        """Have the masks moved to the optimizer in use, and enforced, each time before the model trains."""
        vars(self.model)[_HANDLE] = self

        def make_train_function(force=False):
            self.attach(self.model.optimizer)
            self.enforce()
            self.before_training()
            return type(self.model).make_train_function(self.model, force)

        vars(self.model)["make_train_function"] = make_train_function


def _already_masked(model: keras.Model) -> list[Kernel]:
    optimizer = inner_optimizer(model.optimizer)
    if not isinstance(optimizer, Masked):
        return []
    masked = {id(model.trainable_variables[position]) for position in optimizer.masked}
    return [kernel for kernel in list_kernels(model) if id(kernel.variable) in masked]


def _to_clear(weights: np.ndarray, before: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Where weights or slots may be other than zero outside `mask`."""
    filled = weights != 0
    np.logical_or(filled, before, out=filled)
    return np.greater(filled, mask, out=filled)
