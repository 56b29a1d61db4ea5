"""Projected gradient ascent on the cross-entropy (Madry et al. 2018), and what it is with a single step: FGSM."""

from __future__ import annotations

from dataclasses import dataclass

import tensorflow as tf

from dsd_tf.robustness.balls import ball
from dsd_tf.robustness.losses import Logits, cross_entropy, judge
from dsd_tf.robustness.threat import Threat


@dataclass(frozen=True)
class Pgd:
    """`steps` steps of length `step` in the norm of the threat, each followed by a projection; the last point counts.

    Untargeted, on the labels given. One step of length epsilon without a random start is FGSM (Goodfellow et al. 2015);
    with a random start and 1.25 times epsilon it is the attack of "Fast is better than free" (Wong et al. 2020).
    """

    threat: Threat
    steps: int
    step: float
    random_start: bool

    @property
    def passes(self) -> int:
        """How many times `logits` is called, and gone back through."""
        return self.steps

    def __call__(self, logits: Logits, images: tf.Tensor, labels: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Adversarial images, as `images` float32 [B, H, W, C] in [0, 1]; labels: int32 [B]; seed: int32 [2]."""
        around = ball(self.threat)

        def climb(number: tf.Tensor, points: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            gradient = judge(logits, cross_entropy, points, labels).gradient
            points = around.project(points + self.step * around.direction(gradient), images)
            return number + 1, tf.ensure_shape(points, images.shape)

        start = around.start(images, seed) if self.random_start else images
        start = tf.ensure_shape(start, images.shape)
        _, points = tf.while_loop(lambda number, _: number < self.steps, climb, (0, start), parallel_iterations=1)
        return points
