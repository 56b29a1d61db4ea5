"""Copies of variables on replicas are compared by checksums; here replicas are variables side by side."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from dsd_tf.errors import WorkersDiffer
from dsd_tf.training.replicas import ReplicaStatistics, checksums

ONE = tf.distribute.get_strategy()


def variable(*values: float) -> keras.Variable:
    return keras.Variable(np.array(values, np.float32), name="w")


def test_equal_values_have_equal_checksums_and_others_have_not():
    sums = [checksums([variable(1.0, value)], ONE)["w"] for value in (2.0, 2.0, np.nextafter(np.float32(2), 3))]
    assert sums[0] == sums[1] != sums[2]


def test_copies_that_differ_within_a_process_are_named():
    class Two:
        def experimental_local_results(self, value):
            return value, tf.Variable([1.0, 3.0])

    with pytest.raises(WorkersDiffer, match="the replicas have different values of w"):
        checksums([variable(1.0, 2.0)], Two())
    assert checksums([variable(1.0, 3.0)], Two()) == checksums([variable(1.0, 3.0)], ONE)


def test_the_mean_over_one_replica_is_what_it_has():
    model = keras.Sequential([keras.Input((2,)), keras.layers.BatchNormalization(), keras.layers.Dense(1)])
    model.layers[0].moving_mean.assign([1.0, 2.0])
    before = model.get_weights()
    ReplicaStatistics(model).average()
    assert all(map(np.array_equal, model.get_weights(), before))
