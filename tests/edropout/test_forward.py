"""Gates in a network that is called."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from dsd_tf.edropout.find_gates import find_gates
from dsd_tf.edropout.forward import gates_in


def test_units_that_are_off_are_zero_and_only_inside_the_context(residual_network, batch):
    registry = find_gates(residual_network)
    state = np.ones(13, bool)
    state[[0, 1, 2, 7, 8, 9]] = False  # nothing is left of the sum
    images, _ = batch(residual_network)
    before = np.asarray(residual_network(images))
    with gates_in(residual_network, registry, state):
        gated = np.asarray(residual_network(images))
    assert np.array_equal(gated, np.zeros_like(gated) + residual_network.get_layer("logits").bias.numpy())
    assert np.array_equal(before, residual_network(images))


def test_the_context_ends_with_an_error_too(residual_network, batch):
    with pytest.raises(KeyError), gates_in(residual_network, find_gates(residual_network), np.ones(13, bool)):
        raise KeyError
    assert "call" not in vars(residual_network)


@pytest.mark.parametrize("training", [False, True])
def test_with_all_units_on_it_is_as_without_gates(training, residual_network, batch):
    images, _ = batch(residual_network)
    kept = residual_network.get_weights()
    expected = np.asarray(residual_network(images, training=training))
    statistics = residual_network.get_weights()
    residual_network.set_weights(kept)
    with gates_in(residual_network, find_gates(residual_network), np.ones(13, bool)):
        found = np.asarray(residual_network(images, training=training))
    assert np.array_equal(found, expected)
    assert all(map(np.array_equal, residual_network.get_weights(), statistics))


def test_dropout_drops_in_training_alone(plain_network, batch):
    images, _ = batch(plain_network)
    registry = find_gates(plain_network)
    with gates_in(plain_network, registry, np.ones(registry.size, bool)):
        quiet = [np.asarray(plain_network(images, training=False)) for _ in range(2)]
        dropped = [np.asarray(plain_network(images, training=True)) for _ in range(2)]
    assert np.array_equal(*quiet)
    assert not np.array_equal(*dropped)


def test_no_gradient_reaches_a_unit_that_is_off(residual_network, batch):
    registry = find_gates(residual_network)
    state = np.ones(13, bool)
    state[4] = False  # filter 1 of "inner"
    images, _ = batch(residual_network)
    weights = [residual_network.get_layer(name).trainable_variables[0].value for name in ("inner", "inner_bn")]
    with tf.GradientTape() as tape, gates_in(residual_network, registry, state):
        loss = tf.reduce_sum(residual_network(images, training=True) ** 2)
    for gradient in tape.gradient(loss, weights):
        by_unit = np.abs(np.asarray(gradient)).reshape(-1, 4).sum(axis=0)
        assert (by_unit > 0).tolist() == [True, False, True, True]
