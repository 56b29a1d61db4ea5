"""Adversarial training at the price of ordinary training (Shafahi et al. 2019, "Adversarial Training for Free!")."""

from __future__ import annotations

import keras
import tensorflow as tf

from dsd_tf.robustness.balls import ball
from dsd_tf.robustness.threat import Threat
from dsd_tf.training.objectives.cross_entropy import CrossEntropy


class FreeAdversarial(CrossEntropy):
    """Cross-entropy on the labels, of images that move a step up it whenever the weights move down (algorithm 1).

    One backward pass serves both. A perturbation is handed on to the next step, which is to train on the same batch for
    some steps in a row, and then to the next batch; a smaller one takes its first rows. Unlike in the algorithm it is
    kept within the range of the image's pixels too.

    Args:
        threat: how far images may go.
        step: size of a step, in its norm; the paper's is epsilon.
        shape: of a whole batch of images, [B, H, W, C].
    """

    def __init__(self, threat: Threat, step: float, shape: tuple[int, ...]):
        super().__init__()
        self._ball, self._step = ball(threat), step
        self._moved = keras.Variable(tf.zeros(shape), trainable=False, name="perturbation")
        self.variables = [self._moved]

    def examples(self, images, labels, step):
        return self._ball.project(images + self._moved.value[: tf.shape(images)[0]], images)

    def learn(self, images, examples, gradient):
        size = tf.shape(images)[0]
        # the loss is a mean: undone, for an l2 step treats a tiny gradient as none
        uphill = self._ball.direction(gradient * tf.cast(size, gradient.dtype))
        self._moved.value[:size].assign(self._ball.project(examples + self._step * uphill, images) - images)
