"""The module that is exported: one function of any batch size and the model's own variables."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from dsd_tf.export.inference import InferenceModule


def test_serve_is_the_model_in_inference_mode_for_any_batch_size(model, pixels):
    module = InferenceModule(model)
    for count in (1, 3):
        found = module.serve(tf.constant(pixels[:count]))
        assert np.array_equal(found, model(pixels[:count], training=False))
    assert not np.array_equal(module.serve(tf.constant(pixels)), model(pixels, training=True))


def test_its_weights_are_the_models_own_variables_each_once_and_no_optimizer_slots(model):
    module = InferenceModule(model)
    assert [id(weight) for weight in module.weights] == [id(weight.value) for weight in model.weights]
    assert len(module.variables) == len(model.weights)
    assert len(model.optimizer.variables) > 0


def test_serve_follows_a_change_of_the_weights(model, pixels):
    module = InferenceModule(model)
    model.set_weights([np.zeros_like(weight) for weight in model.get_weights()])
    assert not module.serve(tf.constant(pixels)).numpy().any()


def test_a_model_of_two_inputs_is_served_with_an_argument_for_each():
    first, second = keras.Input((2,), name="first"), keras.Input((2,), name="second")
    module = InferenceModule(keras.Model([first, second], keras.layers.subtract([first, second])))
    assert [spec.name for spec in module.serve.input_signature] == ["first", "second"]
    difference = module.serve(tf.constant([[3.0, 5.0]]), tf.constant([[1.0, 2.0]]))
    assert difference.numpy().tolist() == [[2.0, 3.0]]
