"""Alive units: those that a nonzero weight enters, through whatever lies between the kernel and the ReLU."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from dsd_tf.analysis.entropy import EntropyMeter
from dsd_tf.data.images import Images

IMAGES = Images(np.random.default_rng(0).integers(0, 256, (6, 4, 4, 2), dtype=np.uint8), np.zeros(6, np.int32))


def prune(layer, attribute="kernel", index=np.s_[..., 0]):
    """Zero the weights at `index`."""
    variable = getattr(layer, attribute)
    values = variable.numpy()
    values[index] = 0
    variable.assign(values)


def alive(model) -> list[int]:
    return [layer.alive for layer in EntropyMeter(model, IMAGES)().layers]


def network(*inner) -> keras.Model:
    return keras.Sequential([layers.Input((4, 4, 2)), *inner])


def test_a_channel_is_dead_when_its_filter_is_zero_even_if_its_bias_is_not():
    conv = layers.Conv2D(3, 3, padding="same", bias_initializer="ones")
    model = network(conv, layers.ReLU())
    assert alive(model) == [48]
    prune(conv)
    assert alive(model) == [32]


def test_one_weight_keeps_a_unit_alive():
    dense = layers.Dense(3)
    model = network(layers.Flatten(), dense, layers.ReLU())
    prune(dense, index=np.s_[1:, 0])
    assert alive(model) == [3]
    prune(dense, index=np.s_[:, 0])
    assert alive(model) == [2]


@pytest.mark.parametrize(
    ("layer", "attribute", "index", "expected"),
    [
        (layers.Conv2D(3, 1, activation="relu"), "kernel", np.s_[..., 0], 32),
        (layers.Dense(3, activation="relu"), "kernel", np.s_[..., 0], 32),
        (layers.Conv2DTranspose(3, 1, activation="relu"), "kernel", np.s_[..., 0, :], 32),
        (layers.DepthwiseConv2D(1, depth_multiplier=2, activation="relu"), "kernel", np.s_[..., 1, 0], 48),
        (layers.SeparableConv2D(3, 1, activation="relu"), "pointwise_kernel", np.s_[..., 0], 32),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_kind_of_kernel_has_its_units_on_its_own_axis(layer, attribute, index, expected):
    model = network(layer)
    prune(layer, attribute, index)
    assert alive(model) == [expected]


def test_batch_norm_pooling_padding_and_dropout_keep_channels_apart():
    conv = layers.Conv2D(3, 1)
    between = [layers.BatchNormalization(), layers.ZeroPadding2D(1), layers.MaxPooling2D(2), layers.Dropout(0.5)]
    model = network(conv, *between, layers.ReLU())
    prune(conv)
    assert alive(model) == [2 * 9]


@pytest.mark.parametrize("add", [layers.Add(), lambda terms: terms[0] + terms[1]], ids=["layer", "operator"])
def test_a_sum_is_alive_where_one_of_its_terms_is(add):
    left, right = layers.Conv2D(3, 1), layers.Conv2D(3, 1)
    images = keras.Input((4, 4, 2))
    model = keras.Model(images, layers.ReLU()(add([left(images), layers.ReLU()(right(images))])))
    prune(left, index=np.s_[..., :2])
    prune(right, index=np.s_[..., 1:])
    assert alive(model) == [16, 32]


def test_units_whose_weights_cannot_be_told_count_as_alive():
    conv = layers.Conv2D(3, 1)
    model = network(layers.ReLU(), conv, layers.Permute((3, 1, 2)), layers.ReLU())
    prune(conv, index=np.s_[...])
    assert alive(model) == [32, 48]


def test_kernels_in_nested_models_are_followed():
    conv = layers.Conv2D(3, 1)
    model = network(network(conv, layers.BatchNormalization()), layers.ReLU())
    prune(conv)
    assert alive(model) == [32]
