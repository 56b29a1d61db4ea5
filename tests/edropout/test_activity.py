"""Which weights take part in a sub-network."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from dsd_tf.edropout.activity import active_weights
from dsd_tf.edropout.find_gates import find_gates


def on(network, *off: int) -> dict[str, np.ndarray]:
    registry = find_gates(network)
    state = np.ones(registry.size, bool)
    state[list(off)] = False
    return {variable.path: mask.numpy() for variable, mask in active_weights(registry, tf.constant(state))}


def test_weights_between_two_units_are_on_if_both_are(residual_network):
    masks = on(residual_network, 4)  # filter 1 of "inner"
    inner, last = masks["inner/kernel"], masks["last/kernel"]
    assert inner.shape == (3, 3, 3, 4)
    assert inner.all(axis=(0, 1, 2)).tolist() == [True, False, True, True]
    assert not inner[..., 1].any()
    assert last.all(axis=(0, 1, 3)).tolist() == [True, False, True, True]
    assert masks["inner/bias"].tolist() == [True, False, True, True]
    assert masks["inner_bn/gamma"].tolist() == masks["inner_bn/beta"].tolist() == [True, False, True, True]


def test_a_sum_is_on_while_one_of_its_terms_is(residual_network):
    one, both = (on(residual_network, *off)["logits/kernel"] for off in ((0,), (0, 7)))
    assert one.all()
    assert both.all(axis=1).tolist() == [False, True, True]


def test_inputs_of_a_classifier_have_its_weights_off(residual_network):
    assert on(residual_network, 12)["logits/kernel"].all(axis=1).tolist() == [True, True, False]


def test_flattened_maps_are_off_at_every_position_of_a_filter_and_where_their_own_bit_is(plain_network):
    kernel = on(plain_network, 4, 7)["hidden/kernel"]  # filter 0 of "conv", flattened feature 0
    assert kernel.all(axis=1).tolist() == 4 * [False, True, True]
    kernel = on(plain_network, 8)["hidden/kernel"]
    assert kernel.all(axis=1).tolist() == [True, False, *10 * [True]]


def test_layers_side_by_side_are_on_by_their_own_bits(plain_network):
    kernel = on(plain_network, 1, 2)["conv/kernel"]
    assert kernel.all(axis=(0, 1, 3)).tolist() == [True, False, False, True]


def test_weights_that_are_not_trained_are_not_listed(residual_network):
    residual_network.get_layer("inner").trainable = False
    assert not any(path.startswith("inner/") for path in on(residual_network))
