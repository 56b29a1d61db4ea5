"""Variables between steps: what is read stays as it was, and exactly the places asked for become zero."""

import numpy as np
import pytest
import tensorflow as tf

from dsd_tf.training import variables
from dsd_tf.training.variables import clear, replace, values

ONES = np.arange(1, 13, dtype=np.float32).reshape(3, 4)
WHERE = np.array([[1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], bool)


def test_values_that_were_read_stay_as_they_were():
    variable = tf.Variable(ONES)
    before = values(variable)
    variable.assign_add(ONES)
    clear([variable], WHERE)
    assert np.array_equal(before, ONES)
    with pytest.raises(ValueError, match="read-only"):
        before[0, 0] = 5


@pytest.mark.parametrize("dtype", [tf.float32, tf.float64, tf.float16, tf.bfloat16])
@pytest.mark.parametrize("chunk", [1 << 20, 5])
def test_clearing_zeroes_these_places_of_every_variable_and_no_others(monkeypatch, chunk, dtype):
    monkeypatch.setattr(variables, "_CHUNK", chunk)
    both = [tf.Variable(tf.cast(ONES, dtype)), tf.Variable(tf.cast(-ONES, dtype))]
    clear(both, WHERE)
    for variable, sign in zip(both, (1, -1), strict=True):
        assert (values(variable) == np.where(WHERE, 0, sign * ONES)).all()


def test_kernels_of_any_rank_are_cleared():
    kernel = np.ones((3, 3, 2, 4), np.float32)
    where = np.random.default_rng(0).random(kernel.shape) < 0.3
    variable = tf.Variable(kernel)
    clear([variable], where)
    assert np.array_equal(values(variable) == 0, where)


def test_infinite_and_nan_values_are_cleared_too():
    variable = tf.Variable(np.where(WHERE, np.nan, ONES))
    clear([variable], WHERE)
    assert np.array_equal(values(variable), np.where(WHERE, 0, ONES))


def test_reading_is_no_copy_also_after_clearing():
    variable = tf.Variable(ONES)
    assert np.shares_memory(values(variable), values(variable))
    clear([variable], WHERE)
    assert np.shares_memory(values(variable), values(variable))


def test_replacing_does_not_go_on_using_the_arrays_memory():
    # aligned as TensorFlow wants it, in which case it would
    memory = np.zeros(256, np.uint8)
    start = -memory.ctypes.data % 64
    mask = memory[start : start + 12].view(bool).reshape(3, 4)
    mask[:] = WHERE
    variable = tf.Variable(~WHERE)
    replace([variable], mask)
    mask[:] = True
    assert np.array_equal(values(variable), WHERE)
