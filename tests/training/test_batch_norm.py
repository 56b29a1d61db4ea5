"""Batch norm in training steps computes what Keras' layers do."""

from __future__ import annotations

import contextlib

import keras
import numpy as np
import pytest
import tensorflow as tf

from dsd_tf.training.batch_norm import quick_batch_norm

SHAPES = {"images": (6, 3, 5, 4), "features": (7, 3), "one example": (1, 4)}


class OwnNorm(keras.layers.BatchNormalization):
    def call(self, inputs, training=None, mask=None):
        return -super().call(inputs, training, mask)


def network(shape, norm=keras.layers.BatchNormalization, **options) -> keras.Model:
    inputs = keras.Input(shape[1:])
    layer = norm(momentum=0.9, epsilon=1e-5, name="norm", **options)
    model = keras.Model(inputs, keras.layers.Activation("tanh")(layer(inputs)))
    values = np.random.default_rng(0).uniform(0.5, 1.5, [4, *model.get_layer("norm").moving_mean.shape])
    model.set_weights(values[: len(model.weights)])
    return model


def step(model, shape, quick, training=True):
    """Outputs, gradients and moving statistics of one step."""
    images = tf.constant(np.random.default_rng(1).normal(2.0, 3.0, shape), tf.float32)
    with quick_batch_norm(model) if quick else contextlib.nullcontext(), tf.GradientTape() as tape:
        tape.watch(images)
        outputs = model(images, training=training)
        loss = tf.reduce_sum(outputs**2 * tf.random.stateless_normal(shape, [0, 0]))
    gradients = tape.gradient(loss, [images, *model.trainable_variables])
    return [np.array(value) for value in [outputs, *gradients, *model.non_trainable_variables]]


def both_ways(shape, training=True, **options):
    return [step(network(shape, **options), shape, quick, training) for quick in (True, False)]


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("options", [{}, {"synchronized": True}, {"scale": False, "center": False}], ids=str)
def test_outputs_gradients_and_moving_statistics_are_those_of_keras(shape, options):
    quick, plain = both_ways(shape, **options)
    assert len(quick) == len(plain) >= 4
    for own, keras_own in zip(quick, plain, strict=True):
        np.testing.assert_allclose(own, keras_own, rtol=2e-4, atol=2e-5)


def test_it_is_one_operation_and_synchronised_one_exchange_each_way():
    def operations(**options):
        model = network(SHAPES["images"], **options)
        graph = tf.function(lambda: step_in_graph(model)).get_concrete_function().graph
        return [operation.type for operation in graph.get_operations()]

    def step_in_graph(model):
        with quick_batch_norm(model), tf.GradientTape() as tape:
            loss = tf.reduce_sum(model(tf.ones(SHAPES["images"]), training=True))
        return tape.gradient(loss, model.trainable_variables)

    found = operations()
    assert found.count("FusedBatchNormV3") == found.count("FusedBatchNormGradV3") == 1
    assert "SquaredDifference" not in found
    assert operations(synchronized=True).count("IdentityN") == 1  # an exchange among one replica, as of gradients


@pytest.mark.parametrize(
    "options", [{"training": False}, {"trainable": False}, {"axis": 1}, {"norm": OwnNorm}], ids=lambda given: str(given)
)
def test_what_it_does_not_know_is_left_to_keras(options):
    quick, plain = both_ways(SHAPES["images"], **options)
    for own, keras_own in zip(quick, plain, strict=True):
        np.testing.assert_array_equal(own, keras_own)


def test_in_bfloat16_statistics_are_float32_and_outputs_those_of_keras():
    shape, norms = SHAPES["images"], {}
    images = tf.constant(np.random.default_rng(1).normal(2.0, 3.0, shape), tf.bfloat16)
    for quick in (True, False):
        model = network(shape)
        norms[quick] = model.get_layer("norm")
        norms[quick].dtype_policy = "mixed_bfloat16"
        with quick_batch_norm(model) if quick else contextlib.nullcontext():
            outputs = norms[quick](images, training=True)
        assert outputs.dtype == tf.bfloat16
        norms[quick] = [np.array(tf.cast(outputs, tf.float32)), np.array(norms[quick].moving_variance)]
    np.testing.assert_allclose(norms[True][0], norms[False][0], rtol=1e-2)
    np.testing.assert_allclose(norms[True][1], norms[False][1], rtol=1e-5)


def test_afterwards_layers_are_those_of_keras_even_if_the_block_failed():
    model = network(SHAPES["images"])
    before = model.to_json()
    with pytest.raises(RuntimeError), quick_batch_norm(model):
        raise RuntimeError
    assert type(model.get_layer("norm")) is keras.layers.BatchNormalization
    assert model.to_json() == before
