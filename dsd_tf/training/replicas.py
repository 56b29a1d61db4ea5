"""Variables of which every replica has a copy: whether the copies agree, and how those are averaged that do not."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

import keras
import numpy as np
import tensorflow as tf

from dsd_tf.errors import WorkersDiffer
from dsd_tf.training.variables import values


def checksums(variables: Iterable[keras.Variable], strategy: tf.distribute.Strategy) -> dict[str, int]:
    """A checksum of each variable by its path.

    Raises:
        WorkersDiffer: if the copies of the replicas of this process are not the same; names the variable.
    """
    sums = {}
    for variable in variables:
        copies = [_checksum(copy) for copy in strategy.experimental_local_results(variable.value)]
        if len(set(copies)) > 1:
            raise WorkersDiffer(f"the replicas have different values of {variable.path}")
        sums[variable.path] = copies[0]
    return sums


def _checksum(variable: tf.Variable) -> int:
    return zlib.crc32(np.ascontiguousarray(values(variable)))


class ReplicaStatistics:
    """The moving averages of a model's batch norm layers, which follow each replica's own part of the batches.

    Args:
        model: built under the strategy it trains with.
    """

    def __init__(self, model: keras.Model):
        norms = [layer for layer in model._flatten_layers() if isinstance(layer, keras.layers.BatchNormalization)]
        self._variables = [variable for layer in norms for variable in (layer.moving_mean, layer.moving_variance)]
        self._strategy = model.distribute_strategy
        self._run = tf.function(lambda: self._strategy.run(self._average_here))

    def average(self) -> None:
        """Give all replicas the mean over replicas."""
        if self._variables:
            self._run()

    def _average_here(self) -> None:
        replica = tf.distribute.get_replica_context()
        own = [_on_its_device(variable) for variable in self._variables]
        means = replica.all_reduce(tf.distribute.ReduceOp.MEAN, own)
        for variable, mean in zip(self._variables, means, strict=True):
            variable.assign(mean)


def _on_its_device(variable: keras.Variable) -> tf.Tensor:
    """The value of a variable, placed: between workers a tensor without a place is not exchanged."""
    with tf.device(variable.value.device):
        return tf.identity(variable.value)
