"""The mixin for layers of one's own."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import dsd_tf


class Scaled(keras.layers.Layer, dsd_tf.PrunableLayer):
    """Two weights of eight numbers, of which one may be pruned."""

    def build(self, shape):
        self.scale = self.add_weight(shape=shape[-1:], initializer="ones", name="scale")
        self.other = self.add_weight(shape=shape[-1:], initializer="ones", name="other")

    def call(self, x):
        return x * self.scale + self.other

    def get_prunable_weights(self):
        return [self.scale]


def test_the_weights_that_the_layer_names_are_pruned_and_no_others():
    layer = Scaled()
    model = keras.Sequential([keras.Input((8,)), layer])
    model.compile("sgd")
    dsd_tf.prune(model, 0.5)
    assert np.count_nonzero(layer.scale) == 4
    assert np.count_nonzero(layer.other) == 8


def test_a_layer_that_does_not_say_what_can_be_pruned_cannot_be_made():
    class Silent(keras.layers.Layer, dsd_tf.PrunableLayer):
        pass

    with pytest.raises(TypeError, match="abstract .*get_prunable_weights"):
        Silent()
