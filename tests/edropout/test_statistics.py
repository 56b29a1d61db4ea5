"""Moving statistics measured anew."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from dsd_tf.data.images import Images
from dsd_tf.edropout.find_gates import find_gates
from dsd_tf.edropout.statistics import measure_statistics


@pytest.fixture
def images():
    stream = np.random.default_rng(0)
    return Images(stream.integers(0, 256, (10, 6, 6, 2), dtype=np.uint8), np.zeros(10, np.int32))


def test_they_are_the_means_over_batches_of_what_the_sub_network_gives(residual_network, images):
    registry = find_gates(residual_network)
    state = np.ones(13, bool)
    state[[0, 4]] = False
    measure_statistics(registry, state, images, 10)
    pixels = images.images.astype(np.float32) / 255
    stem = keras.Model(residual_network.input, residual_network.get_layer("stem").output)
    maps = np.asarray(stem(pixels))
    norm = residual_network.get_layer("stem_bn")
    assert norm.moving_mean.numpy() == pytest.approx(maps.mean(axis=(0, 1, 2)), rel=1e-4)
    assert norm.moving_variance.numpy() == pytest.approx(maps.var(axis=(0, 1, 2)), rel=1e-4)
    # behind the gates: filter 1 of "inner" is off, which "last" reads
    normalised = np.maximum((maps - maps.mean(axis=(0, 1, 2))) / np.sqrt(maps.var(axis=(0, 1, 2)) + 1e-3), 0)
    normalised[..., 0] = 0
    inner = keras.ops.conv(normalised, residual_network.get_layer("inner").kernel, padding="same")
    expected = np.asarray(inner).mean(axis=(0, 1, 2))
    assert residual_network.get_layer("inner_bn").moving_mean.numpy() == pytest.approx(expected, rel=1e-3, abs=1e-5)


def test_a_smaller_last_batch_counts_by_its_examples(residual_network, images):
    registry = find_gates(residual_network)
    measure_statistics(registry, np.ones(13, bool), images, 4)
    maps = np.asarray(residual_network.get_layer("stem")(images.images.astype(np.float32) / 255))
    expected = sum(len(part) / 10 * part.var(axis=(0, 1, 2)) for part in (maps[:4], maps[4:8], maps[8:]))
    assert residual_network.get_layer("stem_bn").moving_variance.numpy() == pytest.approx(expected, rel=1e-4)


def test_weights_stay_and_a_network_without_normalisation_is_left_alone(plain_network):
    images = Images(np.zeros((3, 6, 6, 1), np.uint8), np.zeros(3, np.int32))
    before = plain_network.get_weights()
    registry = find_gates(plain_network)
    assert not any(isinstance(layer, layers.BatchNormalization) for layer in plain_network.layers)
    measure_statistics(registry, np.ones(registry.size, bool), images, 2)
    assert all(map(np.array_equal, before, plain_network.get_weights()))
