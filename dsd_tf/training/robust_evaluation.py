"""How much of a network's accuracy is left under attack."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from dsd_tf import randomness
from dsd_tf.data.feed import resident, scaled
from dsd_tf.data.images import Images
from dsd_tf.robustness.losses import Logits, fooled
from dsd_tf.robustness.restarts import Attack


@dataclass(frozen=True)
class Robustness:
    """Shares of `examples` that are right as they are, and that are right both as they are and attacked."""

    clean_accuracy: float
    robust_accuracy: float
    examples: int


class RobustEvaluator:
    """Attacks `logits`, a function from images to logits, on images in memory; random starts are drawn by `seed`.

    What is wrong already needs no attack, so that no attack leaves more right than there was.
    """

    def __init__(self, logits: Logits, images: Images, batch_size: int, seed: int):
        self._logits, self._batch_size = logits, batch_size
        self._pixels, self._labels = resident(images)
        self._seed = randomness.stateless_seed(seed, "attack_evaluation")
        self._attacks: dict[Attack | None, Callable] = {}

    def __call__(self, attack: Attack) -> Robustness:
        """Accuracy before and under one attack."""
        clean = self.right(None, np.ones(len(self._labels), bool))
        return Robustness(clean.mean(), self.right(attack, clean).mean(), len(clean))

    def right(
        self, attack: Attack | None, among: np.ndarray, reached: Callable[[int], None] | None = None
    ) -> np.ndarray:
        """Which of the examples `among` (bool [N]) are right under `attack`, or as they are if it is None; bool [N].

        `reached` is told after every batch how many of them are done.
        """
        if attack not in self._attacks:
            self._attacks[attack] = self._traced(attack)
        positions, result = np.flatnonzero(among).astype(np.int32), np.zeros(len(among), bool)
        for start in range(0, len(positions), self._batch_size):
            part = positions[start : start + self._batch_size]
            result[part] = self._attacks[attack](tf.constant(part), tf.constant(start))
            if reached:
                reached(start + len(part))
        return result

    def _traced(self, attack: Attack | None) -> Callable:
        """Which examples of a batch, given by their positions, are right: one graph for batches of any size."""

        def right(positions: tf.Tensor, start: tf.Tensor) -> tf.Tensor:
            images, labels = scaled(tf.gather(self._pixels, positions)), tf.gather(self._labels, positions)
            if attack is not None:
                seed = tf.random.experimental.stateless_fold_in(tf.constant(self._seed), start)
                images = attack(self._logits, images, labels, seed)
            return ~fooled(labels, self._logits(images))

        positions, start = tf.TensorSpec([None], tf.int32), tf.TensorSpec([], tf.int32)
        return tf.function(right).get_concrete_function(positions, start)
