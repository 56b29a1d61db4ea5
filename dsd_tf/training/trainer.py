"""What `fit` is called on: a network together with the objective it is trained for and the feed of its examples."""

from __future__ import annotations

import keras
import tensorflow as tf

from dsd_tf.data.feed import TrainFeed
from dsd_tf.training.objectives.objective import Objective


class Trainer(keras.Model):
    """Trains `network` for `objective`; its weights are the network's, in the same order.

    The network stays an ordinary Keras model, to be saved, exported and evaluated by itself. Replicas share out each
    batch among them; where it does not divide evenly, the mean is over replicas of their means, as everywhere in Keras.

    Args:
        network: maps images to logits.
        objective: what is minimised, and on which images.
        feed: where the examples come from; `fit` is to be given `counter` of as many steps as are set in it.
    """

    def __init__(self, network: keras.Model, objective: Objective, feed: TrainFeed):
        super().__init__(name=f"trainer_of_{network.name}")
        self.network, self.objective, self._feed = network, objective, feed
        self.built = True

    def counter(self, steps: int) -> tf.data.Dataset:
        """What `fit` iterates over to make so many steps per epoch; the examples come from the feed."""
        replicas = self.distribute_strategy.num_replicas_in_sync
        return tf.data.Dataset.range(steps * replicas).batch(replicas)

    def call(self, images, training=False):
        return self.network(images, training=training)

    def train_step(self, data):
        images, labels = data
        step = tf.cast(self.optimizer.iterations, tf.int64)
        return super().train_step((self.objective.examples(images, labels, step), labels))

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return self.objective.loss(x, y, y_pred)

    def make_train_function(self, force=False):
        """All steps of an execution are one loop in one graph, as Keras' own is not with several replicas."""
        if self.train_function is None or force:
            self.train_function = tf.function(self._execution)

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        """Nothing is left to build; Keras would try it on the numbers that `counter` yields."""

    def _execution(self, iterator):
        steps = tf.minimum(self._feed.to_come(), tf.constant(self.steps_per_execution, tf.int64))
        tf.debugging.assert_positive(steps, "no batch is left of the epoch that is set in the feed")
        for _ in tf.range(1, steps):
            self._step()
        return self._step()

    def _step(self):
        strategy = self.distribute_strategy
        images, labels = self._feed.examples(self._feed.next_batch())
        if strategy.num_replicas_in_sync == 1:
            return self.train_step((images, labels))
        logs = strategy.run(lambda: self.train_step(_own_part(images, labels)))
        return tf.nest.map_structure(lambda log: strategy.experimental_local_results(log)[0], logs)


def _own_part(images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The part of a batch that the replica asking trains on; at least one example."""
    context = tf.distribute.get_replica_context()
    replica, replicas = context.replica_id_in_sync_group, context.num_replicas_in_sync
    size = tf.shape(labels)[0]
    start = tf.minimum(size * replica // replicas, size - 1)
    part = slice(start, tf.maximum(size * (replica + 1) // replicas, start + 1))
    return images[part], labels[part]
