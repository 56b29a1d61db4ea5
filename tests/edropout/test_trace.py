"""What generations came to."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from dsd_tf.edropout.trace import FIGURES, Trace, diversity

STATES = np.array([[0, 0, 1, 1], [0, 1, 1, 1], [0, 0, 1, 0]], bool)


def test_every_generation_has_a_row_of_the_population_and_its_best_state():
    trace = Trace()
    add = tf.function(trace.add)
    add(tf.constant(STATES), tf.constant([3.0, -1.0, 1.0]))
    add(tf.constant(STATES), tf.constant([-6.0, 0.0, 0.0]))
    arrays = trace.arrays()
    assert tuple(arrays) == FIGURES
    assert arrays["energy_best"].tolist() == [-1, -6]
    assert arrays["energy_mean"].tolist() == [1, -2]
    assert arrays["units_on"].tolist() == [0.75, 0.5]
    assert arrays["state_diversity"] == pytest.approx(2 * [1 / 3])


def test_cleared_it_has_no_rows():
    trace = Trace()
    trace.add(tf.constant(STATES), tf.constant([3.0, -1.0, 1.0]))
    trace.clear()
    assert [values.shape for values in trace.arrays().values()] == len(FIGURES) * [(0,)]


def test_diversity_is_the_mean_distance_of_two_states():
    distances = [1 / 4, 1 / 4, 2 / 4]
    assert float(diversity(tf.constant(STATES))) == pytest.approx(np.mean(distances))
