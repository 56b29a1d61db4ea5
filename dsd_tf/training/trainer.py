"""What `fit` is called on: a network together with the objective it is trained for and the feed of its examples."""

from __future__ import annotations

import keras
import tensorflow as tf

from dsd_tf.data.feed import ResidentFeed, TrainFeed
from dsd_tf.training.objectives.objective import Objective


class Trainer(keras.Model):
    """Trains `network` for `objective`; its weights are the network's, in the same order.

    The network stays an ordinary Keras model, to be saved, exported and evaluated by itself.

    Args:
        network: maps images to logits.
        objective: what is minimised, and on which images.
        feed: where the examples come from; `fit` is to be given its `dataset()`.
    """

    def __init__(self, network: keras.Model, objective: Objective, feed: TrainFeed):
        super().__init__(name=f"trainer_of_{network.name}")
        self.network, self.objective, self._feed = network, objective, feed

    def call(self, images, training=False):
        return self.network(images, training=training)

    def train_step(self, data):
        images, labels = self._feed.examples(data)
        return super().train_step((self.objective.examples(images, labels), labels))

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return self.objective.loss(x, y, y_pred)

    def make_train_function(self, force=False):
        """Keras' own but for a resident feed: there all steps of an execution are one loop in one graph."""
        if not isinstance(self._feed, ResidentFeed):
            super().make_train_function(force)
        elif self.train_function is None or force:
            self.train_function = tf.function(self._steps)

    def _steps(self, iterator):
        element = next(iterator)
        to_come = tf.minimum(element[1], tf.constant(self.steps_per_execution, tf.int64))
        for _ in tf.range(1, to_come):
            self.train_step(element)
            element = next(iterator)
        return self.train_step(element)
