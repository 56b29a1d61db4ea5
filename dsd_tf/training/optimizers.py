"""Optimizers that own the masks of a sparse model.

A masked optimizer zeroes the gradient of masked weights before anything else sees it. Weight, gradient and
slots of a masked weight are then all zero, and every elementwise update rule leaves it at zero: nothing has
to be enforced afterwards, the layers stay plain Keras layers, and a saved optimizer carries its masks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from dsd_tf.errors import UsageError
from dsd_tf.training.gradient_memory import GradientMemory
from dsd_tf.training.update_rules import PACKAGE, FusedAdadelta, FusedAdam, TorchSGD


class Masked:
    """Mixin for a Keras optimizer: masks as optimizer variables, and L2 decay coupled as in PyTorch.

    `masked` are positions in the list of trainable variables; each has a bool mask variable of the variable's
    shape. `l2` adds `l2 * w` to the gradient of every trainable variable (biases and normalisation included),
    after clipping and after replicas were summed. `pruning` describes, as JSON values, the pruning that is
    under way; it is saved with the optimizer, and one that was loaded with it does not train before
    `UpdatePruningStep` takes the pruning up. With a `gradient_decay` a `memory` keeps the unmasked gradients
    of the masked variables, averaged over steps with that decay.
    """

    masked: tuple[int, ...] = ()
    l2: float = 0.0
    pruning: dict[str, Any] | None = None
    taken_up = False
    gradient_decay: float | None = None
    memory: GradientMemory | None = None

    def __init__(self, *args, masked: Sequence[int] = (), l2: float = 0.0, pruning=None, gradient_decay=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.masked = tuple(masked)
        self.l2 = l2
        self.pruning = pruning
        self.gradient_decay = gradient_decay

    def build(self, variables):
        if max(self.masked, default=-1) >= len(variables):
            raise UsageError(
                "the optimizer has masks for other variables than it is built for; a model under pruning "
                "must be saved as .keras, not as .h5"
            )
        super().build(variables)
        if len(self.masks) < len(self.masked):
            self._masks = [self._add_mask(variables[position]) for position in self.masked]
        if self.gradient_decay is not None and self.memory is None:
            self.memory = GradientMemory(self, [variables[p] for p in self.masked], self.gradient_decay)

    def mask_variables(self, variables: Sequence[keras.Variable], positions: Sequence[int]) -> None:
        """Have masks for the trainable `variables` at exactly these `positions`; new ones keep everything."""
        if self.masked != tuple(positions):
            for mask in self.masks:
                self._untrack_variable(mask)
            self._forget_gradients()
            self.masked, self._masks = tuple(positions), []
        self.build(list(variables))

    def keep_gradients(self, decay: float) -> None:
        """Have a memory of gradients with this decay; a training step that was traced before does not fill it."""
        if self.gradient_decay != decay:
            self._forget_gradients()
            self.gradient_decay = decay
        self.build(self._trainable_variables)

    def _forget_gradients(self) -> None:
        for variable in self.memory.variables if self.memory else ():
            self._untrack_variable(variable)
        self.memory = None

    def _add_mask(self, variable: keras.Variable) -> keras.Variable:
        with self._distribution_strategy.extended.colocate_vars_with(variable.value):
            return self.add_variable(
                variable.shape,
                initializer="ones",
                dtype="bool",
                name=f"{variable.path.replace('/', '_')}_mask",
            )

    @property
    def masks(self) -> list[keras.Variable]:
        """Bool mask variables, in the order of `masked`."""
        return list(getattr(self, "_masks", ()))

    def slots(self, index: int) -> list[keras.Variable]:
        """The optimizer's variables (momentum, second moment, average ...) of trainable variable `index`."""
        shape, count = self._trainable_variables[index].shape, len(self._trainable_variables)
        found = []
        for name, value in vars(self).items():
            is_slots = isinstance(value, list) and len(value) == count and name not in _NOT_SLOTS
            if is_slots and isinstance(value[index], keras.Variable) and value[index].shape == shape:
                found.append(value[index])
        return found

    def apply(self, grads, trainable_variables=None):
        if self.pruning and not self.taken_up:
            raise UsageError(
                "the model was saved while it was being pruned: give `fit` the callback "
                "dsd_tf.UpdatePruningStep() to go on, or use dsd_tf.strip_pruning(model)"
            )
        grads = list(grads)
        if trainable_variables is None:
            positions = range(len(grads))
        else:
            trainable_variables = list(trainable_variables)
            if not self.built:
                self.build(trainable_variables)
            positions = [self._get_variable_index(variable) for variable in trainable_variables]
        masks = dict(zip(self.masked, self.masks, strict=True))
        # once the gradients are kept, masking can write over them
        with tf.control_dependencies(self._keep(dict(zip(positions, grads, strict=True)))):
            masked = [
                _masked_gradient(gradient, masks.get(position), self._trainable_variables[position])
                for gradient, position in zip(grads, positions, strict=True)
            ]
        return super().apply(masked, trainable_variables)

    def _keep(self, gradients: Mapping[int, tf.Tensor | None]) -> list[tf.Tensor]:
        """Have the memory, if there is one, take the gradients by position; returns what is there once it has."""
        if self.memory is None:
            return []
        for position in self.masked:
            if gradients.get(position) is None:
                path = self._trainable_variables[position].path
                raise UsageError(f"no gradient reaches {path}: weights cannot be grown there by gradient; exclude it")
        return [self.memory.update([tf.convert_to_tensor(gradients[position]) for position in self.masked])]

    def update_step(self, gradient, variable, learning_rate):
        if self.l2:
            gradient = tf.convert_to_tensor(gradient) + tf.cast(self.l2, variable.dtype) * variable
        return super().update_step(gradient, variable, learning_rate)

    def get_config(self):
        own = {"masked": list(self.masked), "l2": self.l2, "pruning": self.pruning}
        return super().get_config() | own | {"gradient_decay": self.gradient_decay}


_NOT_SLOTS = {"_trainable_variables", "_variables", "_masks"}


def _masked_gradient(gradient, mask, variable):
    if gradient is None or mask is None:
        return gradient
    gradient = tf.convert_to_tensor(gradient)
    # The zeros are those that the variable has where it is masked: this operation then writes into the memory of
    # the gradient, where tf.where would take more. Not a product: 0 * inf is NaN.
    zeros = tf.cast(variable, gradient.dtype)
    return tf.raw_ops.Select(condition=mask.value, x=gradient, y=zeros)


# Update rules that act on each weight alone, from slots that begin at zero. Adafactor and Muon mix the
# weights of a kernel; the accumulators of Adagrad and Ftrl begin elsewhere.
_ELEMENTWISE = ("SGD", "RMSprop", "Adam", "AdamW", "Adadelta", "Adamax", "Nadam", "Lion", "Lamb")


def _masked_class(base: type) -> type:
    masked = type(f"Masked{base.__name__}", (Masked, base), {"__doc__": f"{base.__name__} that owns masks."})
    return keras.saving.register_keras_serializable(PACKAGE)(masked)


_OWN = (TorchSGD, FusedAdam, FusedAdadelta)
_MASKED = {base: _masked_class(base) for base in (*_OWN, *(getattr(keras.optimizers, n) for n in _ELEMENTWISE))}


def masked_class(optimizer_class: type) -> type:
    """The masked form of a Keras optimizer class.

    Call it with a class of your own before you load a model that was saved with its masked form.

    Raises:
        UsageError: for an update rule that is not known to treat every weight alone; names it.
    """
    if issubclass(optimizer_class, Masked):
        return optimizer_class
    if optimizer_class not in _MASKED:
        if not issubclass(optimizer_class, tuple(_MASKED)):
            raise UsageError(
                f"optimizer {optimizer_class.__name__} cannot train under masks: its update may mix the "
                f"weights of a kernel (supported, subclasses included: {', '.join(_ELEMENTWISE)})"
            )
        _MASKED[optimizer_class] = _masked_class(optimizer_class)
    return _MASKED[optimizer_class]


def inner_optimizer(optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """The optimizer that updates the weights: the one inside, where `optimizer` scales losses for float16."""
    return getattr(optimizer, "inner_optimizer", optimizer)


def steps_taken(optimizer: keras.optimizers.Optimizer) -> int:
    """Training steps (batches) an optimizer has seen; those of a gradient accumulation each count."""
    return int(inner_optimizer(optimizer)._iterations.numpy())


def to_masked(optimizer: keras.optimizers.Optimizer) -> Masked:
    """Turn an optimizer into its masked form in place: whoever holds it (a model, a loop) uses it."""
    optimizer = inner_optimizer(optimizer)
    optimizer.__class__ = masked_class(type(optimizer))
    return optimizer
