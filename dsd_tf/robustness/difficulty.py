"""How hard training examples are to learn, by networks trained on them: float64 [N], the higher the harder."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from dsd_tf.data.feed import resident, scaled
from dsd_tf.data.images import Images

_BATCH = 500

Reached = Callable[[int], None]
"""Told how many examples are done."""


def el2n(network: keras.Model, images: Images, reached: Reached) -> np.ndarray:
    """Euclidean norm of softmax - one-hot label, in [0, sqrt 2] (Paul et al. 2021, "Deep Learning on a Data Diet")."""

    def score(batch: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        logits = network(batch, training=False)
        return tf.norm(tf.nn.softmax(logits) - tf.one_hot(labels, logits.shape[1]), axis=1)

    return _by_batch(score, images, reached)


def loss(network: keras.Model, images: Images, reached: Reached) -> np.ndarray:
    """Cross-entropy in nats."""

    def score(batch: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, network(batch, training=False))

    return _by_batch(score, images, reached)


def confidence(network: keras.Model, images: Images, reached: Reached) -> np.ndarray:
    """1 - the probability of the label."""

    def score(batch: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        return 1 - tf.gather(tf.nn.softmax(network(batch, training=False)), labels, batch_dims=1)

    return _by_batch(score, images, reached)


def grand(network: keras.Model, images: Images, reached: Reached) -> np.ndarray:
    """Euclidean norm of the loss's gradient with respect to all trainable weights, in inference mode.

    Paul et al. 2021, definition 2.1, for one initialisation: average several networks. Takes one pass per example.
    """
    weights = [weight.value for weight in network.trainable_variables]

    def of_one(example: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        image, label = example
        with tf.GradientTape() as tape:
            logits = network(image[None], training=False)
            value = tf.nn.sparse_softmax_cross_entropy_with_logits(label[None], logits)
        return tf.linalg.global_norm(tape.gradient(value, weights))

    def score(batch: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        return tf.map_fn(of_one, (batch, labels), fn_output_signature=tf.float32)

    return _by_batch(score, images, reached)


def forgetting(right: np.ndarray) -> np.ndarray:
    """How often examples were forgotten; right: bool [epochs, N], whether each was right after each epoch.

    A forgetting event is an epoch that loses an example (Toneva et al. 2019). One that was never right counts as many
    as there are epochs, more than any other can have.
    """
    forgotten = np.count_nonzero(right[:-1] & ~right[1:], axis=0)
    return np.where(right.any(axis=0), forgotten, len(right)).astype(np.float64)


def _by_batch(score: Callable[[tf.Tensor, tf.Tensor], tf.Tensor], images: Images, reached: Reached) -> np.ndarray:
    pixels, labels = resident(images)

    def of_batch(start: tf.Tensor) -> tf.Tensor:
        part = slice(start, start + _BATCH)
        return score(scaled(pixels[part]), labels[part])

    scores, traced = [], tf.function(of_batch).get_concrete_function(tf.TensorSpec([], tf.int32))
    for start in range(0, len(images), _BATCH):
        scores.append(traced(tf.constant(start)).numpy())
        reached(min(start + _BATCH, len(images)))
    return np.concatenate(scores).astype(np.float64)
