"""Networks that end in a softmax: the logits before it, exactly."""

from __future__ import annotations

import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras.layers import Activation, Conv2D, Dense, Flatten, GlobalAveragePooling2D, Identity, Reshape, Softmax

from dsd_tf.export import savedmodel
from dsd_tf.export.network import Network
from dsd_tf.export.softmax import ends_in_softmax, logits_model, logits_of

SCALE = 50.0  # makes probabilities of 0 and 1 in float32


def head(*layers: keras.layers.Layer, kernel: int = 5) -> tuple[keras.Model, keras.Model]:
    """A network from images to logits, and one with `layers` behind its last map: of one pixel, or of 3x3."""
    images = keras.Input((5, 5, 1))
    logits = y = keras.layers.Rescaling(SCALE)(Conv2D(6, kernel, kernel_initializer="random_normal")(images))
    for layer in layers:
        y = layer(y)
    return keras.Model(images, Flatten()(logits)), keras.Model(images, y)


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(4, 5, 5, 1)).astype(np.float32) * 4


ENDS = {
    "softmax": [Flatten, Softmax],
    "activation": [Flatten, lambda: Activation("softmax")],
    "softmax of a map, flattened": [Softmax, Flatten],
    "softmax of an axis by number": [lambda: Softmax(axis=3), lambda: Reshape((6,)), Identity],
    "nested": [lambda: keras.Sequential([keras.Input((1, 1, 6)), Flatten(), Softmax()])],
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_the_logits_before_a_softmax_are_found(images, end):
    logits, network = head(*(make() for make in end))
    assert np.array_equal(logits_model(network)(images), logits(images))
    assert not np.array_equal(network(images), logits(images))


def test_the_softmax_that_is_the_activation_of_a_layer_with_weights_is_left_out(images):
    inputs = keras.Input((5, 5, 1))
    network = keras.Model(inputs, Dense(3, activation="softmax", bias_initializer="ones")(Flatten()(inputs)))
    kernel, bias = network.get_weights()
    found = logits_model(network)(images)
    assert np.array_equal(found, tf.matmul(images.reshape(4, 25), kernel) + bias)
    assert keras.activations.serialize(network.layers[-1].activation) == "softmax"


@pytest.mark.parametrize(
    "end",
    [
        [Flatten],
        [Softmax, GlobalAveragePooling2D],
        [lambda: Softmax(axis=1), Flatten],
        [Softmax, Flatten, lambda: Dense(6)],
        [Flatten, lambda: Activation("sigmoid")],
    ],
    ids=["no softmax", "averaged", "over rows", "inside", "sigmoid"],
)
def test_a_network_that_ends_otherwise_stays_as_it_is(end):
    _, network = head(*(make() for make in end))
    assert logits_model(network) is network


def test_the_softmax_of_every_pixel_of_a_map_is_none_over_classes():
    _, network = head(Softmax(), Flatten(), kernel=3)
    assert logits_model(network) is network


@pytest.mark.parametrize("export", [savedmodel.export, lambda model, path: model.export(path, verbose=False)])
@pytest.mark.parametrize(("layers", "expected"), [([Softmax, Flatten], True), ([Flatten], False)])
def test_a_saved_model_tells_whether_it_ends_in_a_softmax(tmp_path, layers, expected, export):
    _, network = head(*(make() for make in layers))
    export(network, tmp_path / "saved")
    loaded, key = savedmodel.load(tmp_path / "saved")
    assert ends_in_softmax(loaded.signatures[key]) is expected


def test_a_saved_model_that_gives_back_its_input_ends_in_no_softmax(tmp_path):
    module = tf.Module()
    module.serve = tf.function(lambda x: x, input_signature=[tf.TensorSpec([None, 3])])
    tf.saved_model.save(module, str(tmp_path), signatures={"serve": module.serve})
    loaded, key = savedmodel.load(tmp_path)
    assert ends_in_softmax(loaded.signatures[key]) is False


def test_the_loss_of_a_saved_model_is_that_of_its_probabilities(tmp_path, images):
    logits, network = head(Softmax(), Flatten())
    savedmodel.export(network, tmp_path / "saved")
    found = Network.load(tmp_path / "saved").logits(tf.constant(images / 20))
    expected = tf.nn.log_softmax(logits(images / 20))
    assert np.allclose(found, expected, rtol=0, atol=1e-5)


def test_a_probability_of_zero_is_taken_as_the_least_float32_as_in_caffe():
    assert logits_of(tf.constant([[0.0, 1.0]])).numpy().tolist() == [[np.float32(-126 * math.log(2)), 0.0]]
