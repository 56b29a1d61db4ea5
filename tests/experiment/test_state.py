"""Training state as arrays: bit for bit there and back, and refused for another model."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from dsd_tf.errors import UsageError
from dsd_tf.experiment.state import pack, read_meta, restore, seed_dropout
from dsd_tf.files import read_arrays, write_arrays


def variables(*values):
    return [keras.Variable(value, dtype=np.asarray(value).dtype) for value in values]


def test_values_and_meta_come_back_through_a_file(tmp_path):
    stored = variables(np.float32([0.1, -0.0, np.nan]), np.array([True, False]), np.int64(7))
    meta = {"phase": "dense", "epoch": 3, "loss": 0.1 + 0.2}
    write_arrays(tmp_path / "a.npz", pack(meta, model=stored[:1], optimizer=stored[1:]))
    arrays = read_arrays(tmp_path / "a.npz")
    assert read_meta(arrays) == meta
    again = variables(np.zeros(3, np.float32), np.array([False, False]), np.int64(0))
    restore(arrays, optimizer=again[1:], model=again[:1])
    assert [np.array(v).tobytes() for v in again] == [np.array(v).tobytes() for v in stored]


def test_state_of_another_model_is_refused_naming_the_variable_and_nothing_is_changed():
    first, second = variables(np.zeros(2, np.float32), np.zeros((2, 3), np.float32))
    other = pack({}, model=variables(np.ones(2, np.float32), np.ones((3, 2), np.float32)))
    with pytest.raises(UsageError, match=rf"of another model: {second.path} needs \(2, 3\), found \(3, 2\)"):
        restore(other, model=[first, second])
    assert not np.array(first).any()


def test_state_of_a_smaller_model_is_refused():
    stored = pack({}, model=variables(np.ones(2, np.float32)))
    with pytest.raises(UsageError, match="found nothing"):
        restore(stored, model=variables(np.zeros(2, np.float32), np.zeros(2, np.float32)))


def with_dropout() -> keras.Model:
    layers = [keras.layers.Dense(2), keras.layers.Dropout(0.5), keras.layers.Dropout(0.5)]
    return keras.Sequential([keras.layers.Input((2,)), *layers])


def generator_states(model, seed, phase):
    before = model.get_weights()
    seed_dropout(model, seed, phase)
    assert all(map(np.array_equal, before, model.get_weights()))
    weights = {id(weight) for weight in model.weights}
    return [tuple(np.array(v)) for v in model.variables if id(v) not in weights]


def test_dropout_starts_every_phase_in_a_state_of_its_own_that_depends_on_the_seed_alone():
    keras.utils.set_random_seed(1)
    one, other = with_dropout(), with_dropout()
    states = [generator_states(one, seed, phase) for seed, phase in ((0, 0), (0, 1), (1, 0))]
    assert len({state for pair in states for state in pair}) == 6
    assert generator_states(other, 0, 1) == states[1]
