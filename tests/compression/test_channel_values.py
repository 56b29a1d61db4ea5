"""What can be said of channels from the weights alone."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from dsd_tf.compression.channel_values import ChannelValues, channel_values
from dsd_tf.models.channels import kind_of
from dsd_tf.models.graph import Graph


def values_at_end(make, shape=(4, 4, 2), **weights) -> list[float | None]:
    """The known values of a model's output channels, None for those that vary; `weights` are by layer and name."""
    x = keras.Input(shape)
    model = keras.Model(x, make(x))
    for path, value in weights.items():
        layer, _, name = path.partition("__")
        variable = getattr(model.get_layer(layer), name)
        variable.assign(np.broadcast_to(value, variable.shape))
    graph = Graph(model)
    known = channel_values(graph, {call: kind_of(graph, call) for call in graph.calls})[graph.outputs[0]]
    return [None if varies else float(value) for value, varies in zip(known.value, known.varies, strict=True)]


def conv(**options):
    return layers.Conv2D(3, 3, name="conv", **options)


HALF = np.array([1.0, 0.0, 0.0], np.float32)  # the first filter is not pruned


def test_a_pruned_filter_gives_its_bias():
    found = values_at_end(conv(), conv__kernel=HALF, conv__bias=[1, 2, 0])
    assert found == [None, 2, 0]


def test_an_activation_in_the_layer_acts_on_the_bias():
    found = values_at_end(conv(activation="relu"), conv__kernel=HALF, conv__bias=[1, 2, -3])
    assert found == [None, 2, 0]


def test_a_filter_that_reads_zeros_alone_gives_its_bias():
    def make(x):
        return layers.Conv2D(2, 1, name="second")(conv()(x))

    weights = {"conv__kernel": HALF, "conv__bias": 0}
    kernel = np.ones((1, 1, 3, 2))
    kernel[:, :, 0, 1] = 0
    assert values_at_end(make, **weights, second__kernel=kernel, second__bias=[5, 7]) == [None, 7]


def test_normalisation_shifts_what_is_known():
    def make(x):
        return layers.BatchNormalization(epsilon=0.5, name="norm")(conv(use_bias=False)(x))

    norm = {"norm__gamma": [1, 3, 1], "norm__beta": [0, 1, 2], "norm__moving_mean": [0, 2, 0]}
    # variance 1.5 + epsilon 0.5: the deviation is the root of 2
    found = values_at_end(make, conv__kernel=HALF, **norm, norm__moving_variance=1.5)
    assert found[0] is None
    assert found[1:] == pytest.approx([1 - 6 / 2**0.5, 2])


def test_a_scale_of_zero_silences_a_channel_that_varies():
    found = values_at_end(layers.BatchNormalization(name="norm"), norm__gamma=[0, 1], norm__beta=[3, 3])
    assert found == [3, None]


@pytest.mark.parametrize("layer", [layers.MaxPooling2D(), layers.GlobalAveragePooling2D(), layers.Dropout(0.5)])
def test_pooling_and_dropout_change_nothing_that_is_the_same_everywhere(layer):
    assert values_at_end(lambda x: layer(conv()(x)), conv__kernel=HALF, conv__bias=[0, 2, 0]) == [None, 2, 0]


def test_an_activation_layer_acts_on_what_is_known():
    def make(x):
        return layers.Activation("sigmoid")(conv()(x))

    assert values_at_end(make, conv__kernel=HALF, conv__bias=0) == [None, 0.5, 0.5]


def test_zero_padding_keeps_zeros_and_the_factor_of_other_constants():
    def make(x):
        return layers.ZeroPadding2D()(conv()(x))

    assert values_at_end(make, conv__kernel=HALF, conv__bias=[0, 2, 0]) == [None, 2, 0]


def test_behind_padding_only_zeros_are_still_known_to_a_pool():
    def make(x):
        return layers.AveragePooling2D(2)(layers.ZeroPadding2D()(conv()(x)))

    assert values_at_end(make, conv__kernel=HALF, conv__bias=[0, 2, 0]) == [None, None, 0]


def test_a_sum_is_known_where_all_terms_are():
    def make(x):
        return layers.Add()([conv()(x), layers.Conv2D(3, 3, name="other")(x)])

    found = values_at_end(make, conv__kernel=HALF, conv__bias=[1, 2, 0], other__kernel=[1, 0, 1], other__bias=[1, 3, 0])
    assert found == [None, 5, None]


def test_a_sum_of_constants_with_and_without_padding_is_not_constant():
    def make(x):
        padded = layers.ZeroPadding2D()(layers.Conv2D(3, 3, name="other")(x))
        return layers.Add()([layers.Conv2D(3, 1, name="conv")(x), padded])

    other = {"other__kernel": 0, "other__bias": [1, 1, 0]}
    assert values_at_end(make, conv__kernel=0, conv__bias=[1, 0, 3], **other) == [None, 1, 3]


def test_flattening_repeats_what_is_known_at_every_position():
    def make(x):
        return layers.Flatten()(layers.Conv2D(2, 3, name="conv")(x))

    assert values_at_end(make, conv__kernel=[1, 0], conv__bias=[0, 4]) == 4 * [None, 4]


def test_concatenation_puts_what_is_known_side_by_side():
    def make(x):
        return layers.Concatenate()([conv()(x), layers.Cropping2D(1)(x)])

    assert values_at_end(make, conv__kernel=HALF, conv__bias=[0, 4, 0]) == [None, 4, 0, None, None]


def test_what_is_known_evenly_forgets_patterns_but_not_zeros():
    known = ChannelValues(np.array([0, 1, 2.0]), np.array([7, 7, 0]))
    assert known.even().value[[0, 2]].tolist() == [0, 2]
    assert known.even().varies.tolist() == [False, True, False]
