"""Cross-entropy on the labels."""

from __future__ import annotations

import keras

from dsd_tf.settings import Settings
from dsd_tf.training.objectives.objective import Objective, Surroundings


class CrossEntropy(Objective):
    """Mean cross-entropy, in nats, of the softmax of the logits and the labels."""

    def __init__(self):
        self._loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def loss(self, images, labels, logits):
        return self._loss(labels, logits)


def make(settings: Settings, surroundings: Surroundings) -> CrossEntropy:
    """The objective of ordinary training."""
    return CrossEntropy()
