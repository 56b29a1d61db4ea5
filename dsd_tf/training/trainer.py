"""What `fit` is called on: a network together with the objective it is trained for and the feed of its examples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from dsd_tf.data.feed import TrainFeed
from dsd_tf.training.batch_norm import quick_batch_norm
from dsd_tf.training.objectives.objective import Objective
from dsd_tf.training.precision import computing_in


class Trainer(keras.Model):
    """Trains `network` for `objective`; its weights are the network's, in the same order.

    The network stays an ordinary Keras model, to be saved, exported and evaluated by itself. Replicas, be they devices
    of one process or of several workers, share out each batch among them. It need not divide evenly: the loss that is
    minimised is its mean over all examples, as on one device.

    Args:
        network: maps images to logits.
        objective: what is minimised, and on which images.
        feed: where the examples come from; `fit` is to be given `counter` and as many steps per epoch as it is set to.
        precision: what the network computes in while it trains; by itself it is a float32 network.
    """

    def __init__(self, network: keras.Model, objective: Objective, feed: TrainFeed, precision: str = "float32"):
        super().__init__(name=f"trainer_of_{network.name}")
        self.network, self.objective, self._feed, self._precision = network, objective, feed, precision
        self._graphs = {}
        self.built = True

    @property
    def counter(self) -> tf.data.Dataset:
        """What `fit` iterates over; the examples come from the feed.

        It has no end, so that there is one iterator for all epochs: making one for several workers takes 0.1 s.
        """
        options = tf.data.Options()
        # there is nothing to tune, and the end of `fit` would wait for the thread that does: up to 5 s
        options.autotune.enabled = False
        return tf.data.Dataset.counter().batch(self.distribute_strategy.num_replicas_in_sync).with_options(options)

    def call(self, images, training=False):
        return self.network(images, training=training)

    def train_step(self, data):
        images, labels, share = data
        step = tf.cast(self.optimizer.iterations, tf.int64)
        examples = self.objective.examples(images, labels, step)
        with tf.GradientTape() as tape:
            tape.watch(examples)
            logits = self(examples, training=True)
            loss = self.compute_loss(examples, labels, logits)
            scaled = self.optimizer.scale_loss(loss * share)
        gradient, *gradients = tape.gradient(scaled, [examples, *self.trainable_weights])
        self.optimizer.apply_gradients(zip(gradients, self.trainable_weights, strict=True))
        self.objective.learn(images, examples, gradient)
        # Keras' losses are divided by the number of replicas, to be summed over them
        mean = loss * self.distribute_strategy.num_replicas_in_sync
        counted = tf.fill(tf.shape(labels), tf.where(share > 0, 1.0, 0.0))
        self._loss_tracker.update_state(mean, sample_weight=tf.reduce_sum(counted))
        return self.compute_metrics(examples, labels, logits, counted)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return self.objective.loss(x, y, y_pred)

    def reset_metrics(self):
        self._in_a_graph("reset", super().reset_metrics)

    def get_metrics_result(self):
        return self._in_a_graph("result", super().get_metrics_result)

    def _in_a_graph(self, name: str, act: Callable[[], Any]) -> Any:
        """What several replicas add up is exchanged variable by variable, which outside of a graph takes long."""
        if tf.inside_function() or self.distribute_strategy.num_replicas_in_sync == 1:
            return act()
        key = name, len(self.metrics_variables)  # which are not all made before the first step
        if key not in self._graphs:
            self._graphs[key] = tf.function(act)
        return self._graphs[key]()

    def make_train_function(self, force=False):
        """All steps of an execution are one loop in one graph, as Keras' own is not with several replicas."""
        if self.train_function is None or force:
            self.train_function = tf.function(self._traced)

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        """Nothing is left to build; Keras would try it on the numbers that `counter` yields."""

    def _traced(self, iterator):
        # around all replicas: they are traced by turns, and share the layers
        with computing_in(self._precision, self.network), quick_batch_norm(self.network):
            return self._execution()

    def _execution(self):
        steps = tf.minimum(self._feed.to_come(), tf.constant(self.steps_per_execution, tf.int64))
        tf.debugging.assert_positive(steps, "no batch is left of the epoch that is set in the feed")
        for _ in tf.range(1, steps):
            self._step()
        return self._step()

    def _step(self):
        strategy = self.distribute_strategy
        images, labels = self._feed.examples(self._feed.next_batch())
        if strategy.num_replicas_in_sync == 1:
            return self.train_step((images, labels, 1.0))
        logs = strategy.run(lambda: self.train_step(_own_part(images, labels)))
        return tf.nest.map_structure(lambda log: strategy.experimental_local_results(log)[0], logs)


def _own_part(images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """The part of a batch that the replica asking trains on, and how large it is, relative to an even part.

    One that is left without an example gets one of another replica's, and a part of 0.
    """
    context = tf.distribute.get_replica_context()
    replica, replicas = context.replica_id_in_sync_group, context.num_replicas_in_sync
    size = tf.shape(labels)[0]
    start, stop = size * replica // replicas, size * (replica + 1) // replicas
    share = tf.cast((stop - start) * replicas, tf.float32) / tf.cast(size, tf.float32)
    start = tf.minimum(start, size - 1)
    part = slice(start, tf.maximum(stop, start + 1))
    return images[part], labels[part], share
