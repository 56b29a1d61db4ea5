"""Which units have bits, and why others have none."""

from __future__ import annotations

import keras
import pytest
from keras import layers

from dsd_tf.edropout.find_gates import find_gates
from dsd_tf.errors import UsageError


def names(registry) -> list[tuple[str, int]]:
    return [(gate.name, gate.units) for gate in registry.gates]


def test_every_convolution_has_its_filters_and_a_classifier_of_sums_its_inputs(residual_network):
    registry = find_gates(residual_network)
    assert names(registry) == [("stem", 3), ("inner", 4), ("last", 3), ("logits inputs", 3)]
    assert registry.size == 13
    assert registry.skipped == {"logits": "its units are the network's outputs"}


def test_flattened_maps_have_bits_of_their_own_but_units_side_by_side_have_not(plain_network):
    assert names(find_gates(plain_network)) == [
        ("side1", 2),
        ("side3", 2),
        ("conv", 3),
        ("hidden inputs", 12),
        ("hidden", 4),
    ]


def test_bits_of_a_state_follow_each_other(residual_network):
    registry = find_gates(residual_network)
    assert [(gate.bits.start, gate.bits.stop) for gate in registry.gates] == [(0, 3), (3, 7), (7, 10), (10, 13)]
    assert registry.group.tolist() == [0] * 3 + [1] * 4 + [2] * 3 + [3] * 3


def test_a_gate_acts_behind_normalisation_and_activation(residual_network):
    registry = find_gates(residual_network)
    behind = {gate.name: call.name for call in registry.graph.calls if (gate := registry.after(call))}
    assert behind == {"stem": "stem_relu", "inner": "inner_relu", "last": "last_bn"}
    assert [[norm.name for norm in gate.norms] for gate in registry.gates] == [
        ["stem_bn"],
        ["inner_bn"],
        ["last_bn"],
        [],
    ]


def test_raw_pixels_are_no_units():
    x = keras.Input((2, 2, 1))
    y = layers.Dense(3, name="hidden")(layers.Flatten()(layers.Rescaling(2.0)(x)))
    assert names(find_gates(keras.Model(x, layers.Dense(2)(y)))) == [("hidden", 3)]


def test_a_convolution_whose_pooled_map_is_the_output_is_the_classifier():
    x = keras.Input((4, 4, 1))
    y = layers.Conv2D(2, 1, name="classifier")(layers.Conv2D(3, 3, activation="relu", name="conv")(x))
    registry = find_gates(keras.Model(x, layers.GlobalAveragePooling2D()(layers.ReLU()(y))))
    assert names(registry) == [("conv", 3)]
    assert registry.skipped == {"classifier": "its units are the network's outputs"}


class Scaled(layers.Layer):
    """A layer of somebody's own with a kernel."""

    def build(self, shape):
        self.matrix = self.add_weight((shape[-1], shape[-1]))

    def call(self, x):
        return x @ self.matrix


SKIPPED = {
    "a shared layer": (lambda x: (shared := layers.Dense(4, name="odd"))(shared(x)), "a shared layer"),
    "a layer of one's own": (Scaled(name="odd"), "units of this Scaled cannot be gated"),
    "an activation inside": (layers.Dense(4, "sigmoid", name="odd"), "odd is not zero for a unit that is off"),
    "an activation behind": (
        lambda x: layers.Activation("sigmoid", name="sigmoid")(layers.Dense(4, name="odd")(x)),
        "sigmoid is not zero for a unit that is off",
    ),
}


@pytest.mark.parametrize("name", SKIPPED)
def test_what_cannot_be_gated_is_passed_over_and_named(name):
    make, reason = SKIPPED[name]
    x = keras.Input((4,))
    y = layers.Dense(2, name="logits")(make(layers.Dense(4, name="first")(x)))
    registry = find_gates(keras.Model(x, y))
    assert "first" in [gate.name for gate in registry.gates]
    assert registry.skipped["odd"] == reason


def test_a_network_without_a_unit_to_gate_is_refused_with_the_reasons():
    x = keras.Input((4,))
    with pytest.raises(UsageError, match="no unit that can be gated .only: its units are the network's outputs"):
        find_gates(keras.Model(x, layers.Dense(2, name="only")(x)))
