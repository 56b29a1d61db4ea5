"""A network with zeroed units computes what one with gates does."""

from __future__ import annotations

import numpy as np
import pytest

from dsd_tf.compression.compact import compact
from dsd_tf.edropout.bake import bake
from dsd_tf.edropout.find_gates import find_gates
from dsd_tf.edropout.forward import gates_in


@pytest.mark.parametrize("name", ["residual_network", "plain_network"])
def test_baked_gated_and_compacted_networks_compute_the_same(name, request, batch, random_state):
    network = request.getfixturevalue(name)
    registry = find_gates(network)
    for weight in network.weights:
        if weight.name in ("bias", "beta", "moving_mean"):
            weight.assign(np.random.default_rng(1).normal(size=weight.shape))
    images, _ = batch(network)
    state = random_state(registry, 2)
    full = np.asarray(network(images))
    with gates_in(network, registry, state):
        gated = np.asarray(network(images))
    bake(registry, state)
    compacted = compact(network)
    assert np.abs(gated - full).max() > 1e-3
    assert np.abs(gated - np.asarray(network(images))).max() < 1e-6
    assert np.abs(gated - np.asarray(compacted.model(images))).max() < 1e-5
    assert compacted.model.count_params() < network.count_params()


def test_every_weight_of_a_unit_that_is_off_is_zero_and_others_are_as_they_were(residual_network):
    registry = find_gates(residual_network)
    state = np.ones(registry.size, bool)
    state[[4, 12]] = False  # inner filter 1, classifier input 2
    inner, norm, logits = (residual_network.get_layer(name) for name in ("inner", "inner_bn", "logits"))
    before = residual_network.get_weights()
    bake(registry, state)
    assert not inner.kernel.numpy()[..., 1].any()
    assert [norm.gamma.numpy()[1], norm.beta.numpy()[1], norm.moving_mean.numpy()[1]] == [0, 0, 0]
    assert not logits.kernel.numpy()[2].any()
    changed = sum(np.count_nonzero(old != new) for old, new in zip(before, residual_network.get_weights(), strict=True))
    assert changed == 3 * 3 * 3 + 1 + 2  # a filter; its scale, as its shift and mean were zero; two rows of logits


def test_with_all_units_on_nothing_changes(residual_network):
    before = residual_network.get_weights()
    bake(find_gates(residual_network), np.ones(13, bool))
    assert all(map(np.array_equal, before, residual_network.get_weights()))
