"""Copies of layers and models: they hold what the originals hold."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from dsd_tf.compression.compact import compact
from dsd_tf.errors import UsageError


def test_an_adapted_normalisation_keeps_what_it_adapted_to(outputs):
    adapted = layers.Normalization()
    adapted.adapt(np.random.default_rng(0).normal(3, 2, (50, 3)))
    model = keras.Sequential([keras.Input((3,)), adapted, layers.Dense(2)])
    assert np.array_equal(outputs(model), outputs(compact(model).model))


class Closed(layers.Layer):
    def __init__(self, factor):
        super().__init__(name="closed")
        self.factor = factor

    def call(self, x):
        return self.factor * x


@pytest.mark.filterwarnings("ignore:The object being serialized includes a `lambda`")
@pytest.mark.parametrize(
    "layer",
    [
        layers.Lambda(lambda x: 2 * x, name="closed"),
        layers.Activation(lambda x: x + 1, name="closed"),
        Closed(2),
    ],
)
def test_a_layer_that_cannot_be_copied_is_refused_by_name(layer):
    with pytest.raises(UsageError, match=r"layer 'closed' \(.*\) cannot be copied: it needs a get_config\(\)"):
        compact(keras.Sequential([keras.Input((3,)), layers.Dense(2), layer]))


def test_what_is_taken_and_given_keeps_its_structure():
    wide, narrow = keras.Input((3,), name="wide"), keras.Input((2,), name="narrow")
    y = layers.Concatenate()([layers.Dense(2)(wide), layers.Dense(2)(narrow)])
    model = keras.Model({"wide": wide, "narrow": narrow}, {"sum": layers.Dense(1)(y), "parts": (y, wide)})
    images = {"narrow": np.ones((1, 2), np.float32), "wide": np.full((1, 3), 2, np.float32)}
    expected, found = model(images), compact(model).model(images)
    keras.tree.assert_same_structure(expected, found)
    assert all(map(np.array_equal, keras.tree.flatten(expected), keras.tree.flatten(found)))
