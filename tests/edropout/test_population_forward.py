"""Many states in one graph give what one at a time does."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from dsd_tf.edropout.find_gates import find_gates
from dsd_tf.edropout.forward import gates_in
from dsd_tf.edropout.population_forward import PopulationForward
from dsd_tf.errors import UsageError
from dsd_tf.models.build import build_model
from dsd_tf.models.options import ModelOptions


def logits(network, states, images, fold) -> np.ndarray:
    forward = PopulationForward(find_gates(network))
    return tf.function(forward.logits)(tf.constant(images), tf.constant(states), fold).numpy()


def one_at_a_time(network, states, images, baked) -> np.ndarray:
    """Kernels masked for one state after the other; batch normalisation by the batch, no dropout."""
    registry = find_gates(network)
    found = []
    for state in states:
        copy = baked(registry, state, network)
        normalises = any(isinstance(layer, layers.BatchNormalization) for layer in copy.layers)
        found.append(np.asarray(copy(images, training=normalises)))
    return np.stack(found)


@pytest.mark.parametrize("fold", [1, 2, 4])
@pytest.mark.parametrize("name", ["residual_network", "plain_network"])
def test_folded_states_give_what_kernels_masked_one_state_at_a_time_do(name, fold, request, batch, baked, random_state):
    network = request.getfixturevalue(name)
    registry = find_gates(network)
    states = np.stack([random_state(registry, seed) for seed in range(4)])
    images, _ = batch(network)
    expected = one_at_a_time(network, states, images, baked)
    np.testing.assert_allclose(logits(network, states, images, fold), expected, rtol=1e-5, atol=1e-5)


FAMILIES = {"resnet18": (16, 16, 3), "squeezenet_residual": (37, 37, 3), "alexnet_bvlc": (67, 67, 3)}


@pytest.mark.parametrize("name", FAMILIES)
def test_so_they_do_in_published_networks(name, baked, random_state):
    network = build_model(name, FAMILIES[name], 10, ModelOptions(width=0.1), 0)
    for layer in network.layers:
        if isinstance(layer, layers.Dropout):
            layer.rate = 0.0
    registry = find_gates(network)
    states = np.stack([random_state(registry, seed) for seed in range(2)])
    images = np.random.default_rng(0).random((8, *FAMILIES[name])).astype(np.float32)
    expected = one_at_a_time(network, states, images, baked)
    for fold in (1, 2):
        np.testing.assert_allclose(logits(network, states, images, fold), expected, rtol=1e-4, atol=1e-5)


def test_states_of_a_dense_network_with_normalisation_are_normalised_one_by_one(baked, random_state):
    x = keras.Input((5,))
    y = layers.ReLU()(layers.BatchNormalization()(layers.Dense(6, name="hidden")(x)))
    network = keras.Model(x, layers.Dense(2)(y))
    registry = find_gates(network)
    states = np.stack([random_state(registry, seed) for seed in range(4)])
    images = np.random.default_rng(0).normal(size=(20, 5)).astype(np.float32)
    expected = one_at_a_time(network, states, images, baked)
    np.testing.assert_allclose(logits(network, states, images, 4), expected, rtol=1e-5, atol=1e-5)


def test_a_layer_that_is_not_known_gets_all_channels(baked, random_state):
    x = keras.Input((6, 6, 2))
    y = layers.Conv2D(5, 3, activation="relu", name="conv")(x)
    y = layers.GlobalAveragePooling2D()(layers.LayerNormalization(name="odd")(y))
    network = keras.Model(x, layers.Dense(2, name="logits")(y))
    registry = find_gates(network)
    states = np.stack([random_state(registry, seed) for seed in range(4)])
    images = np.random.default_rng(0).normal(size=(20, 6, 6, 2)).astype(np.float32)
    expected = one_at_a_time(network, states, images, baked)
    for fold in (1, 4):
        np.testing.assert_allclose(logits(network, states, images, fold), expected, rtol=1e-5, atol=1e-5)


def test_moving_statistics_and_weights_stay_as_they_are(residual_network, batch, random_state):
    before = residual_network.get_weights()
    states = np.stack([random_state(find_gates(residual_network), seed) for seed in range(4)])
    logits(residual_network, states, batch(residual_network)[0], 2)
    assert all(map(np.array_equal, before, residual_network.get_weights()))


def test_normalisation_that_is_frozen_uses_what_it_remembers(residual_network, batch):
    registry = find_gates(residual_network)
    images, _ = batch(residual_network)
    for layer in residual_network.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.trainable = False
            layer.moving_mean.assign(np.full(layer.moving_mean.shape, 0.3))
    found = logits(residual_network, np.ones((4, registry.size), bool), images, 1)
    np.testing.assert_allclose(found[2], residual_network(images), rtol=1e-5, atol=1e-5)


def test_memory_is_what_is_alive_at_a_time(plain_network):
    """In the widest place, both sides with their ReLU are 36 pixels of 2 channels each, and the concatenation of 4."""
    forward = PopulationForward(find_gates(plain_network))
    assert forward.peak_bytes(1) == 4 * 36 * (2 + 2 + 4)
    assert forward.peak_bytes(10) == 10 * forward.peak_bytes(1)


def test_a_network_of_two_inputs_is_refused():
    inputs = [keras.Input((3,)), keras.Input((3,))]
    y = layers.Dense(2)(layers.Dense(4)(layers.Add()(inputs)))
    with pytest.raises(UsageError, match="one input and one output"):
        PopulationForward(find_gates(keras.Model(inputs, y)))


def before_activation(x):
    """Normalisation, whose shift a unit that is off gets too, before the next convolution."""
    return layers.ReLU()(layers.BatchNormalization(beta_initializer="ones")(x))


BEHIND_GATES = {
    "normalised behind a pool": lambda x: layers.BatchNormalization(beta_initializer="ones")(layers.MaxPooling2D()(x)),
    "a sigmoid behind a pool": lambda x: layers.Activation("sigmoid")(layers.MaxPooling2D()(x)),
    "normalised before each convolution": lambda x: layers.Conv2D(5, 3, name="second")(before_activation(x)),
    "concatenated, then normalised": lambda x: before_activation(
        layers.Concatenate()([x, layers.Conv2D(3, 1, name="third", activation="relu")(x)])
    ),
}


@pytest.mark.parametrize("fold", [1, 4])
@pytest.mark.parametrize("name", BEHIND_GATES)
def test_a_unit_that_is_off_says_what_layers_behind_its_gate_make_of_zero(name, fold, random_state):
    images = keras.Input((8, 8, 3))
    hidden = BEHIND_GATES[name](layers.Conv2D(6, 3, activation="relu", name="first")(images))
    network = keras.Model(images, layers.Dense(4)(layers.GlobalAveragePooling2D()(hidden)))
    registry = find_gates(network)
    states = np.stack([random_state(registry, seed) for seed in range(4)])
    batch = np.random.default_rng(0).random((16, 8, 8, 3)).astype(np.float32)
    expected = []
    for state in states:
        with gates_in(network, registry, tf.constant(state)):
            expected.append(np.asarray(network(tf.constant(batch), training=True)))
    np.testing.assert_allclose(logits(network, states, batch, fold), np.stack(expected), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("shape", "outputs", "message"),
    [((8, 8, 3), 1, "two classes or more; the network has a single output"), ((None, None, 3), 4, "give Input a full")],
)
def test_networks_whose_states_cannot_be_compared_are_refused(shape, outputs, message):
    images = keras.Input(shape)
    hidden = layers.GlobalAveragePooling2D()(layers.Conv2D(6, 3, activation="relu")(images))
    with pytest.raises(UsageError, match=message):
        PopulationForward(find_gates(keras.Model(images, layers.Dense(outputs)(hidden))))
