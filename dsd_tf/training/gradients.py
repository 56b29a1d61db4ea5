"""Dense loss gradients of a model's kernels, for scores that rank by them."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from dsd_tf.training.kernels import Kernel


class BatchGradients:
    """The gradient of the mean cross-entropy on one fixed batch, in inference mode, at the weights of the moment.

    Masks play no part: a masked weight has the gradient it would be grown by.

    Args:
        model: outputs logits.
        kernels: whose gradients are wanted.
        images: float array [B, H, W, C]; labels: integer array [B].
    """

    def __init__(self, model: keras.Model, kernels: Sequence[Kernel], images: np.ndarray, labels: np.ndarray):
        self._model, self._kernels = model, kernels
        self._batch = tf.constant(images), tf.constant(labels)
        self._gradients = tf.function(self._compute)

    def __call__(self) -> dict[str, np.ndarray]:
        gradients = self._gradients()
        return {kernel.name: value.numpy() for kernel, value in zip(self._kernels, gradients, strict=True)}

    def _compute(self):
        images, labels = self._batch
        variables = [kernel.variable.value for kernel in self._kernels]
        with tf.GradientTape() as tape:
            logits = self._model(images, training=False)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
        return [tf.convert_to_tensor(gradient) for gradient in tape.gradient(loss, variables)]
