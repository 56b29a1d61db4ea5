"""The interface of drop-and-grow rules, with the simplest rule there is."""

import keras
import numpy as np
import pytest
from keras import layers

from dsd_tf.errors import UsageError
from dsd_tf.sparsity.masks import Masks
from dsd_tf.training.callbacks.regrow import Regrow
from dsd_tf.training.kernel_masks import KernelMasks

X = np.random.default_rng(0).normal(size=(32, 6)).astype("float32")
Y = np.random.default_rng(1).normal(size=(32, 2)).astype("float32")


class Shift(Regrow):
    """Moves every mask along by one weight."""

    def __init__(self, frequency, end_step):
        super().__init__(frequency, end_step)
        self.steps = []

    def propose(self, masks, step):
        self.steps.append(step)
        return Masks({name: np.roll(mask, 1) for name, mask in masks.masks.items()})


class Drop(Regrow):
    def propose(self, masks, step):
        return Masks({name: np.zeros_like(mask) for name, mask in masks.masks.items()})


def sparse_model(**compiled):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([layers.Input((6,)), layers.Dense(2, name="a")])
    model.compile(keras.optimizers.SGD(0.1, momentum=0.5), "mse", **compiled)
    KernelMasks.of(model).apply(Masks({"a/kernel": np.arange(12).reshape(6, 2) < 3}))
    return model


def fit(model, callback, epochs=3):
    model.fit(X, Y, batch_size=8, epochs=epochs, shuffle=False, verbose=0, callbacks=[callback])


def test_masks_are_proposed_every_so_many_steps_until_the_end():
    shift = Shift(frequency=3, end_step=9)
    fit(sparse_model(), shift)
    assert shift.steps == [3, 6, 9]


def test_proposals_move_the_weights_and_keep_their_number():
    model = sparse_model()
    fit(model, Shift(frequency=4, end_step=8))
    assert (np.flatnonzero(model.layers[0].kernel.numpy()) == [2, 3, 4]).all()


def test_steps_inside_an_execution_are_made_up_for_after_it():
    shift = Shift(frequency=3, end_step=9)
    fit(sparse_model(steps_per_execution=4), shift)
    assert shift.steps == [4, 8]


def test_a_rule_that_changes_the_number_of_weights_is_an_error_that_names_it():
    with pytest.raises(UsageError, match="Drop changed the number of weights of a/kernel from 3 to 0 at step 2"):
        fit(sparse_model(), Drop(frequency=2, end_step=4))


def test_a_frequency_below_one_is_refused():
    with pytest.raises(UsageError, match="at least 1"):
        Shift(frequency=0, end_step=4)
