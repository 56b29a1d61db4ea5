"""What all layer rules share: axes, shapes, and layers that start from given weights."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from dsd_tf.caffe.layers import RULES
from dsd_tf.caffe.layers.rule import apply, caffe_shape, keras_axis


def test_rules_are_found_by_caffes_type_names():
    assert {"Convolution", "InnerProduct", "LRN", "PReLU", "TanH", "BatchNorm"} <= set(RULES)
    assert all(rule.__name__ == name for name, rule in RULES.items())


@pytest.mark.parametrize(("shape", "expected"), [((5, 7, 3), (3, 5, 7)), ((8,), (8,)), ((2, 9), (2, 9))])
def test_only_maps_have_another_axis_order(shape, expected):
    assert caffe_shape(keras.Input(shape)) == expected


def test_axes_of_a_map_are_remapped():
    assert [keras_axis(axis, (3, 5, 7)) for axis in range(4)] == [0, 3, 1, 2]
    assert [keras_axis(axis, (3, 5)) for axis in range(3)] == [0, 1, 2]


def test_a_layer_starts_from_its_weights_and_keeps_its_initialisers():
    kernel, bias = np.arange(6, dtype=np.float32).reshape(2, 3), np.float32([7, 8, 9])
    layer = keras.layers.Dense(3, bias_initializer="ones")
    apply(layer, keras.Input((2,)), [kernel, bias])
    assert (layer.get_weights()[0] == kernel).all()
    assert (layer.get_weights()[1] == bias).all()
    config = layer.get_config()
    assert config["kernel_initializer"]["class_name"] == "GlorotUniform"
    assert config["bias_initializer"]["class_name"] == "Ones"


def test_a_layer_does_not_share_memory_with_the_file():
    bias = np.ones(3, np.float32)
    layer = keras.layers.Dense(3)
    apply(layer, keras.Input((2,)), [np.ones((2, 3), np.float32), bias])
    bias[:] = 5
    assert (layer.get_weights()[1] == 1).all()
