"""What operations do to channels is told only where there is no doubt."""

from __future__ import annotations

import keras
import pytest
from keras import layers, ops

from dsd_tf.models.channels import Kind, keeps_zero, kind_of
from dsd_tf.models.graph import Graph


def kind_behind(make, shape=(4, 4, 2)) -> Kind:
    x = keras.Input(shape)
    graph = Graph(keras.Model(x, make(x)))
    return kind_of(graph, graph.calls[-1])


class OwnConv(layers.Conv2D):
    """Nobody knows what it does."""


KNOWN = {
    "convolution": (layers.Conv2D(3, 3), Kind.KERNEL),
    "with an activation": (layers.Conv2D(3, 3, activation="relu"), Kind.KERNEL),
    "dense": (layers.Dense(3), Kind.KERNEL),
    "batch normalisation": (layers.BatchNormalization(), Kind.NORM),
    "relu": (layers.ReLU(), Kind.ELEMENTWISE),
    "tanh": (layers.Activation("tanh"), Kind.ELEMENTWISE),
    "relu as an operation": (ops.relu, Kind.ELEMENTWISE),
    "dropout": (layers.Dropout(0.5), Kind.IDENTITY),
    "max pool": (layers.MaxPooling2D(), Kind.MAXIMUM),
    "global average": (layers.GlobalAveragePooling2D(), Kind.AVERAGE),
    "padding": (layers.ZeroPadding2D(), Kind.PAD),
    "flatten": (layers.Flatten(), Kind.FLATTEN),
    "sum": (lambda x: layers.Add()([x, layers.ReLU()(x)]), Kind.ADD),
    "sum by +": (lambda x: x + layers.ReLU()(x), Kind.ADD),
    "concatenation": (lambda x: layers.Concatenate()([x, x]), Kind.CONCATENATE),
}
UNKNOWN = {
    "a subclass": OwnConv(3, 3),
    "groups": layers.Conv2D(2, 3, groups=2),
    "a softmax": layers.Dense(3, activation="softmax"),
    "a softmax layer": layers.Softmax(),
    "an activation of one's own": layers.Activation(lambda x: ops.cumsum(x, axis=-1)),
    "channels in front": layers.MaxPooling2D(data_format="channels_first"),
    "normalisation of another axis": layers.BatchNormalization(axis=1),
    "dropout that is always on": lambda x: layers.Dropout(0.5)(x, training=True),
    "a sum that broadcasts": lambda x: layers.Add()([x, layers.Dense(1)(x)]),
    "a constant added": lambda x: x + 1.0,
    "rows side by side": lambda x: layers.Concatenate(axis=1)([x, x]),
    "a reshape": layers.Reshape((16, 2)),
}


@pytest.mark.parametrize("name", KNOWN)
def test_a_known_operation_is_recognised(name):
    make, kind = KNOWN[name]
    assert kind_behind(make) is kind


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_may_mix_channels_is_not_known(name):
    assert kind_behind(UNKNOWN[name]) is Kind.OTHER


def test_only_some_kinds_make_each_channel_of_the_same_one():
    keeping = {kind for kind in Kind if kind.keeps_channels}
    assert keeping == {Kind.NORM, Kind.ELEMENTWISE, Kind.IDENTITY, Kind.AVERAGE, Kind.MAXIMUM, Kind.PAD}


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (layers.ReLU(), True),
        (layers.Activation("tanh"), True),
        (layers.Activation("sigmoid"), False),
        (layers.Dense(2), True),
        (layers.Conv2D(2, 3, activation="softplus"), False),
    ],
)
def test_some_activations_are_zero_for_zero(operation, expected):
    assert keeps_zero(operation) is expected
