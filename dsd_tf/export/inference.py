"""A network as TensorFlow alone sees it: weights and one function, without Keras, optimizer or masks."""

from __future__ import annotations

import keras
import tensorflow as tf


class InferenceModule(tf.Module):
    """The weights of a functional or Sequential model, and `serve`, which maps its inputs to its outputs.

    `weights` are the model's own variables, each once, named as in Keras ("hidden1/kernel:0"). `serve` takes
    one argument per input of the model, of any batch size.
    """

    def __init__(self, model: keras.Model):
        super().__init__()
        self.weights = [weight.value for weight in model.weights]
        inputs = [tf.TensorSpec([None, *x.shape[1:]], x.dtype, name=x.name) for x in model.inputs]

        def serve(*images: tf.Tensor) -> tf.Tensor:
            return model(images[0] if len(images) == 1 else list(images), training=False)

        self.serve = tf.function(serve, input_signature=inputs)
