"""The step a callback sees, with short executions, several epochs and fits."""

import keras
import numpy as np
import pytest
from keras import layers

from dsd_tf.training.callbacks.step_callback import StepCallback


class Seen(StepCallback):
    def __init__(self, watched=5):
        super().__init__()
        self.steps, self.intervals, self.due, self.watched = [], [], [], watched

    def before_step(self, step):
        assert step == self.iterations
        self.steps.append(step)
        self.intervals.append((self.previous_step, step))
        if self.is_due(self.watched):
            self.due.append(step)


def train(seen, epochs=1, batches=5, model=None, **compiled):
    if model is None:
        model = keras.Sequential([layers.Input((1,)), layers.Dense(1)])
        model.compile("sgd", "mse", **compiled)
    data = np.ones((batches, 1), "float32")
    model.fit(data, data, batch_size=1, epochs=epochs, verbose=0, callbacks=[seen])
    return model


def test_steps_count_on_over_epochs_and_fits():
    seen = Seen()
    model = train(seen, epochs=2, batches=3)
    assert seen.steps == [0, 1, 2, 3, 4, 5]
    train(seen, batches=2, model=model)
    assert seen.steps == [0, 1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize(("per_execution", "expected"), [(2, [0, 2, 4, 5, 7, 9]), (8, [0, 5])])
def test_steps_are_those_between_executions_and_an_epochs_last_execution_may_be_short(per_execution, expected):
    seen = Seen()
    train(seen, epochs=2, batches=5, steps_per_execution=per_execution)
    assert seen.steps == expected


def test_intervals_leave_no_step_out():
    seen = Seen()
    train(seen, epochs=2, batches=5, steps_per_execution=2)
    assert seen.intervals == [(-1, 0), (0, 2), (2, 4), (4, 5), (5, 7), (7, 9)]


@pytest.mark.parametrize(("watched", "due"), [(0, [0]), (3, [4]), (9, [9]), (10, [])])
def test_a_step_is_due_once_at_the_first_call_that_is_not_before_it(watched, due):
    seen = Seen(watched)
    train(seen, epochs=2, batches=5, steps_per_execution=2)
    assert seen.due == due


def test_a_step_that_lies_before_the_beginning_of_a_fit_is_not_due_again():
    first, second = Seen(2), Seen(2)
    train(second, batches=4, model=train(first, batches=4))
    assert (first.due, second.due) == ([2], [])


def test_steps_are_batches_where_gradients_are_accumulated():
    seen = Seen()
    model = keras.Sequential([layers.Input((1,)), layers.Dense(1)])
    model.compile(keras.optimizers.SGD(gradient_accumulation_steps=2), "mse")
    train(seen, batches=5, model=model)
    assert seen.steps == [0, 1, 2, 3, 4]
