"""Dense gradients of a fixed batch, at masked positions too."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from dsd_tf.sparsity.masks import Masks
from dsd_tf.training.gradients import BatchGradients
from dsd_tf.training.kernel_masks import KernelMasks
from dsd_tf.training.kernels import list_kernels
from dsd_tf.training.update_rules import TorchSGD

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.random((5, 2, 2, 1), np.float32)
LABELS = np.array([0, 2, 1, 2, 0], np.int32)


def build(*extra: layers.Layer) -> keras.Model:
    keras.utils.set_random_seed(0)
    stack = [layers.Input((2, 2, 1)), layers.Flatten(), layers.Dense(4, activation="tanh", name="a"), *extra]
    model = keras.Sequential([*stack, layers.Dense(3, name="b")])
    model.compile(TorchSGD(0.1), "mse")
    return model


def by_hand(model: keras.Model) -> dict[str, np.ndarray]:
    """Back-propagation of the mean cross-entropy in float64."""
    (a, a_bias), (b, b_bias) = (model.get_layer(name).get_weights() for name in "ab")
    x = IMAGES.reshape(5, 4).astype(np.float64)
    hidden = np.tanh(x @ a + a_bias)
    logits = hidden @ b + b_bias
    softmax = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    error = (softmax - np.eye(3)[LABELS]) / 5
    return {"a/kernel": x.T @ (error @ b.T * (1 - hidden**2)), "b/kernel": hidden.T @ error}


def assert_close(found, expected):
    assert found.keys() == expected.keys()
    for name, gradient in expected.items():
        assert found[name] == pytest.approx(gradient, rel=1e-4, abs=1e-7)


def test_gradients_are_those_of_the_mean_cross_entropy():
    model = build()
    gradients = BatchGradients(model, list_kernels(model), IMAGES, LABELS)
    assert_close(gradients(), by_hand(model))


def test_masked_weights_have_the_gradient_they_would_grow_by():
    model = build()
    masks = KernelMasks.of(model)
    gradients = BatchGradients(model, masks.kernels, IMAGES, LABELS)
    masks.apply(Masks({"a/kernel": np.tri(4, dtype=bool), "b/kernel": np.tri(4, 3, dtype=bool)}))
    found = gradients()
    assert_close(found, by_hand(model))
    assert all(found[name][~mask].all() for name, mask in masks.masks.items())


def test_they_are_taken_at_the_weights_of_the_moment():
    model = build()
    gradients = BatchGradients(model, list_kernels(model), IMAGES, LABELS)
    gradients()
    model.set_weights([2 * weight for weight in model.get_weights()])
    assert_close(gradients(), by_hand(model))


def test_nothing_random_takes_part():
    model = build(layers.Dropout(0.5, seed=1))
    gradients = BatchGradients(model, list_kernels(model), IMAGES, LABELS)
    assert_close(gradients(), by_hand(model))
