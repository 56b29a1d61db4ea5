"""TFMOT's schedules and ours: when, how sparse, and what importing TFMOT must leave as it was."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsd_tf.errors import UsageError
from dsd_tf.sparsity.schedules import (
    ConstantSparsity,
    DenseSparseDense,
    PolynomialDecay,
    PruningSchedule,
    StepwiseLevels,
    due,
    from_config,
    last_step,
    sparsity_at,
    to_config,
)

KNOWN = [
    ConstantSparsity(0.8, 3, 17, 5),
    ConstantSparsity(0.3, 0, -1, 7),
    PolynomialDecay(0.1, 0.9, 2, 19, power=3, frequency=4),
    PolynomialDecay(0.5, 0.25, 0, 10, power=1, frequency=10),
    DenseSparseDense(0.4, 5, 11),
    StepwiseLevels([2, 3, 9], [0.2, 0.7, 0.0]),
]


class EverySquare(PruningSchedule):
    """A schedule this package has never heard of."""

    def __call__(self, step):
        return np.sqrt(step) % 1 == 0, np.float32(0.01) * step

    def get_config(self):
        return {}


@pytest.mark.parametrize("schedule", KNOWN, ids=lambda schedule: type(schedule).__name__)
def test_the_sparsity_is_what_the_schedule_itself_answers(schedule):
    for step in range(25):
        assert np.float32(sparsity_at(schedule, step)) == pytest.approx(float(schedule(step)[1]), abs=1e-6)


def test_the_final_sparsity_is_exact():
    assert sparsity_at(PolynomialDecay(0.0, 0.8, 0, 950), 950) == 0.8
    assert sparsity_at(ConstantSparsity(0.8, 0), 0) == 0.8


def test_a_decay_without_a_window_jumps_to_its_final_sparsity():
    schedule = PolynomialDecay(0.2, 0.8, 10, 10, frequency=1)
    assert [sparsity_at(schedule, step) for step in (9, 10, 11)] == pytest.approx([0.2, 0.8, 0.8])


def test_a_schedule_of_another_type_is_called():
    assert sparsity_at(EverySquare(), 9) == pytest.approx(0.09)
    assert [step for step in range(1, 20) if due(EverySquare(), step - 1, step)] == [1, 4, 9, 16]
    assert due(EverySquare(), 3, 15) == 9
    assert due(EverySquare(), 9, 15) is None
    assert last_step(EverySquare()) is None


def test_a_subclass_that_answers_otherwise_is_called():
    class Twice(ConstantSparsity):
        def __call__(self, step):
            return True, 2 * self.target_sparsity

    assert sparsity_at(Twice(0.25, 0), 1) == 0.5
    assert due(Twice(0.25, 100), 0, 1) == 1


@pytest.mark.parametrize(
    ("schedule", "steps"),
    [
        (ConstantSparsity(0.8, 3, 17, 5), [3, 8, 13, 17]),
        (ConstantSparsity(0.8, 3, 18, 5), [3, 8, 13, 18]),
        (ConstantSparsity(0.8, 0, -1, 7), [0, 7, 14, 21, 28]),
        (PolynomialDecay(0.0, 0.8, 4, 21, frequency=8), [4, 12, 20, 21]),
        (PolynomialDecay(0.0, 0.8, 6, 6, frequency=8), [6]),
        (DenseSparseDense(0.4, 5, 11), [5, 11]),
        (StepwiseLevels([0, 3, 9], [0.2, 0.7, 0.9]), [0, 3, 9]),
    ],
)
def test_masks_fall_due_at_these_steps(schedule, steps):
    assert [step for step in range(30) if due(schedule, step - 1, step) is not None] == steps
    for after in range(-1, 29):
        for upto in range(after, 30):
            inside = [step for step in steps if after < step <= upto]
            assert due(schedule, after, upto) == (inside[-1] if inside else None)


@given(
    st.integers(0, 40),
    st.integers(-1, 40),
    st.integers(1, 12),
    st.integers(-1, 60),
    st.integers(0, 30),
)
def test_due_follows_the_rule_of_tfmot_and_the_end(begin, length, frequency, after, span):
    end = -1 if length < 0 else begin + length
    schedule = ConstantSparsity(0.5, begin, end, frequency)
    last = 10**9 if end < 0 else end
    steps = [
        step
        for step in range(after + 1, after + span + 1)
        if begin <= step <= last and ((step - begin) % frequency == 0 or step == end)
    ]
    assert due(schedule, after, after + span) == (steps[-1] if steps else None)


def test_the_end_is_due_where_tfmot_alone_would_stop_before_it():
    schedule = PolynomialDecay(0.0, 0.8, 2, 11, frequency=4)
    theirs = [step for step in range(15) if bool(schedule(step)[0])]
    ours = [step for step in range(15) if due(schedule, step - 1, step) is not None]
    assert theirs == [2, 6, 10]
    assert ours == [2, 6, 10, 11]


def test_dense_sparse_dense_is_sparse_from_its_begin_to_before_its_end():
    schedule = DenseSparseDense(0.3, 2, 4)
    assert [sparsity_at(schedule, step) for step in range(6)] == [0, 0, 0.3, 0.3, 0, 0]


def test_stepwise_levels_hold_from_their_boundary_on():
    schedule = StepwiseLevels([1, 3], [0.5, 0.75])
    assert [sparsity_at(schedule, step) for step in range(5)] == [0, 0.5, 0.5, 0.75, 0.75]


def test_our_schedules_answer_as_tfmot_expects():
    should_prune, sparsity = DenseSparseDense(0.3, 2, 4)(np.int32(2))
    assert (should_prune.dtype.name, sparsity.dtype.name) == ("bool", "float32")
    assert bool(should_prune)
    assert not bool(DenseSparseDense(0.3, 2, 4)(3)[0])


@pytest.mark.parametrize(
    ("schedule", "step"),
    [
        (ConstantSparsity(0.8, 0), None),
        (ConstantSparsity(0.8, 0, 50), 50),
        (PolynomialDecay(0.0, 0.8, 0, np.int32(50)), 50),
        (DenseSparseDense(0.3, 2, 4), 4),
        (StepwiseLevels([1, 3], [0.5, 0.75]), 3),
    ],
)
def test_the_last_step_is_known(schedule, step):
    assert last_step(schedule) == step


@pytest.mark.parametrize("schedule", KNOWN, ids=lambda schedule: type(schedule).__name__)
def test_a_schedule_comes_back_from_json(schedule):
    again = from_config(json.loads(json.dumps(to_config(schedule))))
    assert type(again) is type(schedule)
    assert again.get_config() == schedule.get_config()


def test_numpy_numbers_become_json_numbers():
    config = to_config(PolynomialDecay(np.float32(0.5), 0.75, np.int32(3), np.int64(9)))
    assert json.loads(json.dumps(config))["config"] == {
        "initial_sparsity": 0.5,
        "final_sparsity": 0.75,
        "begin_step": 3,
        "end_step": 9,
        "power": 3,
        "frequency": 100,
    }


@pytest.mark.parametrize("schedule", [DenseSparseDense(0.4, 5, 11), StepwiseLevels([2, 3], [0.2, 0.7])])
def test_our_schedules_are_serialised_by_keras(schedule):
    config = keras.saving.serialize_keras_object(schedule)
    assert config["registered_name"] == f"dsd_tf>{type(schedule).__name__}"
    again = keras.saving.deserialize_keras_object(json.loads(json.dumps(config)))
    assert again.get_config() == schedule.get_config()
    assert type(schedule).from_config(schedule.get_config()).get_config() == schedule.get_config()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: DenseSparseDense(1.0, 0, 5), r"sparsity 1.0: give a number in \[0, 1\)"),
        (lambda: DenseSparseDense(-0.1, 0, 5), "sparsity -0.1"),
        (lambda: DenseSparseDense(0.5, 5, 5), r"steps \[5, 5\]: give increasing steps, none below 0"),
        (lambda: DenseSparseDense(0.5, -1, 5), r"steps \[-1, 5\]"),
        (lambda: StepwiseLevels([], []), r"steps \[\], sparsities \[\]"),
        (
            lambda: StepwiseLevels([1], [0.5, 0.6]),
            r"steps \[1\], sparsities \[0.5, 0.6\]: give as many of each",
        ),
        (lambda: StepwiseLevels([3, 1], [0.5, 0.6]), r"steps \[3, 1\]"),
        (lambda: StepwiseLevels([1, 3], [0.5, 1.6]), "sparsity 1.6"),
        (lambda: from_config({"class_name": "Polynomial", "config": {}}), "did you mean 'PolynomialDecay'"),
        (lambda: from_config({"config": {}}), "unknown schedule None"),
        (lambda: from_config({"class_name": "ConstantSparsity"}), "schedule ConstantSparsity: 'config'"),
        (
            lambda: from_config({"class_name": "ConstantSparsity", "config": {"target_sparsity": 0.5}}),
            "schedule ConstantSparsity: .*begin_step",
        ),
        (
            lambda: from_config(
                {"class_name": "ConstantSparsity", "config": {"target_sparsity": 1.5, "begin_step": 0}}
            ),
            r"schedule ConstantSparsity: target_sparsity must be in range \[0,1\)",
        ),
        (lambda: to_config(EverySquare()), "unknown schedule 'EverySquare'"),
    ],
)
def test_bad_arguments_are_refused_with_their_value(make, message):
    with pytest.raises(UsageError, match=message):
        make()


IMPORT = """
import os, {first}
import dsd_tf.sparsity.schedules
import keras, tensorflow
print(os.environ.get("TF_USE_LEGACY_KERAS"), tensorflow.keras.Model is keras.Model)
"""


@pytest.mark.parametrize(
    ("preset", "first", "expected"),
    [(None, "sys", "None True"), ("0", "tensorflow", "0 True"), ("1", "keras", "1 False")],
)
def test_importing_tfmot_changes_neither_the_environment_nor_which_keras_tensorflow_has(preset, first, expected):
    # with "1" it is the user who asks for the legacy Keras
    environment = {key: value for key, value in os.environ.items() if key != "TF_USE_LEGACY_KERAS"}
    if preset is not None:
        environment["TF_USE_LEGACY_KERAS"] = preset
    done = subprocess.run(
        [sys.executable, "-c", IMPORT.format(first=first)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == expected
