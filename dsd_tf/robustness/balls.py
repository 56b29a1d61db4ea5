"""Balls around images, cut to the range of pixels: where an attack starts, how it steps, how far it may go.

All tensors are float32 [B, H, W, C]; images are in [0, 1], and so is every point that `start` and `project` give.
"""

from __future__ import annotations

from typing import Protocol

import tensorflow as tf

from dsd_tf.robustness.threat import Threat

_SMALLEST_NORM = 1e-6


class Ball(Protocol):
    """The points an attacker may go to."""

    def start(self, images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Random points of the balls around `images`; seed: int32 [2]."""

    def direction(self, gradient: tf.Tensor) -> tf.Tensor:
        """Where to go, at length 1 in the norm, to gain most of what has this gradient."""

    def project(self, points: tf.Tensor, images: tf.Tensor) -> tf.Tensor:
        """The points brought back into the balls around `images`."""


class Linf:
    """Every pixel within epsilon of the image's; starts are uniform."""

    def __init__(self, epsilon: float):
        self._epsilon = epsilon

    def start(self, images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        noise = tf.random.stateless_uniform(tf.shape(images), seed, -self._epsilon, self._epsilon)
        return self.project(images + noise, images)

    def direction(self, gradient: tf.Tensor) -> tf.Tensor:
        return tf.sign(gradient)

    def project(self, points: tf.Tensor, images: tf.Tensor) -> tf.Tensor:
        least, most = tf.maximum(images - self._epsilon, 0.0), tf.minimum(images + self._epsilon, 1.0)
        return tf.clip_by_value(points, least, most)


class L2:
    """Euclidean distance of at most epsilon.

    Starts are uniform over all images, projected: as in advertorch, hence not uniform in the ball. Points are cut to
    [0, 1] first and then brought nearer to the image, which keeps them there.
    """

    def __init__(self, epsilon: float):
        self._epsilon = epsilon

    def start(self, images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        return self.project(tf.random.stateless_uniform(tf.shape(images), seed), images)

    def direction(self, gradient: tf.Tensor) -> tf.Tensor:
        return gradient / tf.maximum(_norms(gradient), _SMALLEST_NORM)

    def project(self, points: tf.Tensor, images: tf.Tensor) -> tf.Tensor:
        moved = tf.clip_by_value(points, 0.0, 1.0) - images
        shrunk = moved * (self._epsilon / tf.maximum(_norms(moved), self._epsilon))
        return tf.clip_by_value(images + shrunk, 0.0, 1.0)  # rounding may leave [0, 1] by its last bit


def ball(threat: Threat) -> Ball:
    """The balls of a threat."""
    return {"linf": Linf, "l2": L2}[threat.norm](threat.epsilon)


def _norms(images: tf.Tensor) -> tf.Tensor:
    """Euclidean norms, [B, 1, 1, 1]."""
    return tf.sqrt(tf.reduce_sum(tf.square(images), axis=[1, 2, 3], keepdims=True))
