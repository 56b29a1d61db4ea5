"""Dropout layers draw from streams of their own."""

from __future__ import annotations

import keras
import numpy as np

from dsd_tf.models.dropout import dropout


def masks(seed: int) -> list[np.ndarray]:
    inputs = keras.Input((1000,))
    outputs = [dropout(inputs, 0.5, name, seed) for name in ("a", "b")]
    return [mask.numpy() for mask in keras.Model(inputs, outputs)(np.ones((1, 1000)), training=True)]


def test_kept_values_are_scaled_up():
    assert set(np.unique(masks(0)[0])) == {0, 2}


def test_layers_differ_and_seeds_decide():
    first, second = masks(3)
    assert (first != second).any()
    assert (first == masks(3)[0]).all()
    assert (first != masks(4)[0]).any()
