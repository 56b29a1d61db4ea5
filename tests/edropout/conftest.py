"""Small networks whose units can be counted by hand."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import pytest
from keras import layers

from dsd_tf.edropout.bake import bake
from dsd_tf.edropout.gates import GateRegistry


def residual() -> keras.Model:
    """3 + 4 + 3 units, the 3 sums that the classifier reads, and 2 classes."""
    x = keras.Input((6, 6, 2), name="images")
    stem = layers.Conv2D(3, 3, padding="same", use_bias=False, name="stem")(x)
    stem = layers.ReLU(name="stem_relu")(layers.BatchNormalization(name="stem_bn")(stem))
    y = layers.Conv2D(4, 3, padding="same", name="inner")(stem)
    y = layers.ReLU(name="inner_relu")(layers.BatchNormalization(name="inner_bn")(y))
    y = layers.Conv2D(3, 3, padding="same", name="last")(y)
    y = layers.Add(name="sum")([stem, layers.BatchNormalization(name="last_bn")(y)])
    return keras.Model(x, layers.Dense(2, name="logits")(layers.GlobalAveragePooling2D(name="pool")(y)))


@pytest.fixture
def residual_network() -> keras.Model:
    keras.utils.set_random_seed(3)
    return residual()


@pytest.fixture
def plain_network() -> keras.Model:
    """3 filters, 12 flattened features and 4 hidden units; two convolutions of 2 and 2 filters side by side before."""
    keras.utils.set_random_seed(4)
    x = keras.Input((6, 6, 1), name="images")
    sides = [layers.Conv2D(2, size, padding="same", activation="relu", name=f"side{size}")(x) for size in (1, 3)]
    y = layers.MaxPooling2D(3, name="pool")(layers.Concatenate(name="both")(sides))
    y = layers.Conv2D(3, 1, activation="relu", name="conv")(y)
    y = layers.Dropout(0.5, name="drop")(layers.Flatten(name="flatten")(y))
    y = layers.Dense(4, activation="relu", name="hidden")(y)
    return keras.Model(x, layers.Dense(2, name="logits")(y))


@pytest.fixture
def batch() -> Callable[[keras.Model], tuple[np.ndarray, np.ndarray]]:
    """Twelve images and labels for a network."""

    def make(network: keras.Model) -> tuple[np.ndarray, np.ndarray]:
        stream = np.random.default_rng(5)
        images = stream.normal(size=(12, *network.input_shape[1:])).astype(np.float32)
        return images, stream.integers(0, 2, 12).astype(np.int32)

    return make


@pytest.fixture
def random_state() -> Callable[[GateRegistry, int], np.ndarray]:
    """A state with about half its units on, one at least behind each gate."""

    def make(registry: GateRegistry, seed: int) -> np.ndarray:
        state = np.random.default_rng(seed).random(registry.size) < 0.5
        state[[gate.start for gate in registry.gates]] = True
        return state

    return make


@pytest.fixture
def baked() -> Callable[[GateRegistry, np.ndarray, keras.Model], keras.Model]:
    """A copy of a network in which the units that are off were zeroed."""

    def make(registry: GateRegistry, state: np.ndarray, network: keras.Model) -> keras.Model:
        kept = network.get_weights()
        bake(registry, state)
        copy = keras.models.clone_model(network)
        copy.set_weights(network.get_weights())
        network.set_weights(kept)
        return copy

    return make
