"""The optimizers a run can name, with the papers' constants."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from dsd_tf import registry
from dsd_tf.training.optimizer_factory import adadelta, adam, sgd
from dsd_tf.training.optimizers import Masked
from dsd_tf.training.update_rules import TorchSGD


def one_step(optimizer, weight=2.0, gradient=0.5) -> float:
    variable = keras.Variable([weight])
    optimizer.apply([np.array([gradient], np.float32)], [variable])
    return float(variable.numpy()[0])


@pytest.mark.parametrize("name", registry.OPTIMIZERS)
def test_every_registered_optimizer_can_train_under_masks(name):
    make = registry.resolve("--optimizer", registry.OPTIMIZERS, name)
    optimizer = make(0.1, 1e-4, False, 0.9, False)
    assert isinstance(optimizer, Masked)
    assert float(optimizer.learning_rate) == pytest.approx(0.1)


def test_sgd_is_pytorchs_with_the_momentum_asked_for():
    optimizer = sgd(0.1, 0.0, False, 0.9, True)
    assert isinstance(optimizer, TorchSGD)
    assert (optimizer.momentum, optimizer.nesterov) == (0.9, True)


@pytest.mark.parametrize("make", [sgd, adam, adadelta])
def test_weight_decay_is_added_to_the_gradient_unless_decoupled(make):
    coupled, decoupled = make(0.1, 0.01, False, 0.9, False), make(0.1, 0.01, True, 0.9, False)
    assert (coupled.l2, coupled.weight_decay) == (0.01, None)
    assert (decoupled.l2, decoupled.weight_decay) == (0.0, 0.01)


def test_coupled_decay_moves_a_weight_by_the_rate_times_the_decayed_gradient():
    assert one_step(sgd(0.1, 0.25, False, 0.0, False)) == pytest.approx(2 - 0.1 * (0.5 + 0.25 * 2))


def test_decoupled_decay_shrinks_the_weight_beside_the_step():
    assert one_step(sgd(0.1, 0.25, True, 0.0, False)) == pytest.approx(2 * (1 - 0.1 * 0.25) - 0.1 * 0.5)


def test_no_decay_is_no_decay():
    assert one_step(sgd(0.1, 0.0, True, 0.0, False)) == pytest.approx(2 - 0.1 * 0.5)


def test_adadelta_has_pytorchs_constants():
    optimizer = adadelta(1.0, 0.0, False, 0.9, False)
    assert (optimizer.rho, optimizer.epsilon) == (0.9, 1e-6)
