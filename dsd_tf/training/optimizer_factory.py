"""The optimizers a run can name; each returns the masked form, with coupled or decoupled weight decay."""

from __future__ import annotations

from dsd_tf.training.optimizers import Masked, masked_class
from dsd_tf.training.update_rules import FusedAdadelta, FusedAdam, TorchSGD


def sgd(lr: float, weight_decay: float, decoupled: bool, momentum: float, nesterov: bool) -> Masked:
    """SGD in PyTorch's form."""
    return _masked(TorchSGD, lr, weight_decay, decoupled, momentum=momentum, nesterov=nesterov)


def adam(lr: float, weight_decay: float, decoupled: bool, momentum: float, nesterov: bool) -> Masked:
    """Adam (AdamW with decoupled decay), Keras' defaults otherwise."""
    return _masked(FusedAdam, lr, weight_decay, decoupled)


def adadelta(lr: float, weight_decay: float, decoupled: bool, momentum: float, nesterov: bool) -> Masked:
    """Adadelta with PyTorch's rho 0.9 and epsilon 1e-6."""
    return _masked(FusedAdadelta, lr, weight_decay, decoupled, rho=0.9, epsilon=1e-6)


def _masked(base: type, lr: float, weight_decay: float, decoupled: bool, **arguments) -> Masked:
    decay = {"weight_decay": weight_decay} if decoupled else {"l2": weight_decay}
    return masked_class(base)(learning_rate=lr, **decay, **arguments)
