"""Losses attacks climb: golden numbers, and gradients for images alone."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from dsd_tf.errors import UsageError
from dsd_tf.robustness.losses import cross_entropy, fooled, judge, logits_ratio

LOGITS = tf.constant([[4.0, 1.0, 2.0], [0.0, 5.0, 1.0], [2.0, 2.0, 0.0]])
LABELS = tf.constant([0, 2, 0])


def test_the_ratio_is_that_of_the_paper():
    # -(4-2)/(4-1), -(1-5)/(5-0), and a tie
    np.testing.assert_allclose(logits_ratio(LABELS, LOGITS), [-2 / 3, 4 / 5, 0.0], rtol=1e-6)


def test_neither_shift_nor_scale_of_the_logits_changes_the_ratio():
    np.testing.assert_allclose(logits_ratio(LABELS, 100 * LOGITS + 7), logits_ratio(LABELS, LOGITS), rtol=1e-5)


def test_a_network_with_two_classes_has_no_third_logit():
    with pytest.raises(UsageError, match="compares the three highest logits, the network has 2"):
        logits_ratio(LABELS, LOGITS[:, :2])


def test_a_tie_and_logits_that_are_no_numbers_fool():
    assert fooled(LABELS, LOGITS).numpy().tolist() == [False, True, True]
    assert fooled(tf.constant([0]), tf.constant([[np.nan, 1.0]])).numpy().tolist() == [True]


def test_a_verdict_holds_each_images_own_gradient():
    inputs = keras.Input((1, 2, 1))
    model = keras.Model(inputs, keras.layers.Dense(2, use_bias=False)(keras.layers.Flatten()(inputs)))
    model.set_weights([np.array([[1.0, -1.0], [0.0, 2.0]])])
    images = tf.constant([[0.5, 0.5], [0.25, 0.0]])[:, None, :, None]
    verdict = judge(model, cross_entropy, images, tf.constant([0, 1]))
    # logits (0.5, 0.5) and (0.25, -0.25): the gradient is weights @ (softmax - one-hot)
    share = 1 / (1 + np.exp(-0.5))
    np.testing.assert_allclose(verdict.losses, [np.log(2), -np.log(1 - share)], rtol=1e-6)
    assert verdict.fooled.numpy().tolist() == [True, True]
    np.testing.assert_allclose(verdict.gradient[0, 0, :, 0], [-1.0, 1.0], rtol=1e-6)
    np.testing.assert_allclose(verdict.gradient[1, 0, :, 0], [2 * share, -2 * share], rtol=1e-6)
