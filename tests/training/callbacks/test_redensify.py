"""The last phase of dense-sparse-dense in a user's own `fit`."""

import keras
import numpy as np
import pytest
from keras import layers

from dsd_tf.errors import UsageError
from dsd_tf.sparsity.masks import Masks
from dsd_tf.training.callbacks.redensify import Redensify
from dsd_tf.training.kernel_masks import KernelMasks

X = np.random.default_rng(0).normal(size=(32, 6)).astype("float32")
Y = np.random.default_rng(1).normal(size=(32, 2)).astype("float32")


def sparse_model(learning_rate=0.5):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([layers.Input((6,)), layers.Dense(2)])
    model.compile(keras.optimizers.SGD(learning_rate, momentum=0.5), "mse")
    masks = KernelMasks.of(model)
    masks.apply(Masks({name: half(shape) for name, shape in masks.shapes.items()}))
    return model


def half(shape):
    return np.arange(np.prod(shape)).reshape(shape) % 2 == 0


class Zeros(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.after_each_batch = []

    def on_train_batch_end(self, batch, logs=None):
        self.after_each_batch.append(int((self.model.layers[0].kernel.numpy() == 0).sum()))


def fit(model, *callbacks):
    model.fit(X, Y, batch_size=8, shuffle=False, verbose=0, callbacks=list(callbacks))


def test_all_weights_train_again_from_the_step_on_at_a_tenth_of_the_learning_rate():
    model, zeros = sparse_model(), Zeros()
    fit(model, Redensify(2), zeros)
    assert zeros.after_each_batch == [6, 6, 0, 0]
    assert float(model.optimizer.learning_rate) == pytest.approx(0.05)


def test_reborn_weights_start_at_zero_with_zero_slots():
    model, redensify = sparse_model(), Redensify(4)
    fit(model)
    redensify.set_model(model)
    redensify.on_train_begin()
    redensify.on_train_batch_begin(0)
    mask = half((6, 2))
    (velocity,) = model.optimizer.slots(0)
    assert KernelMasks.of(model).masks.density == 1
    assert (model.layers[0].kernel.numpy()[~mask] == 0).all()
    assert (velocity.numpy()[~mask] == 0).all()
    assert (velocity.numpy()[mask] != 0).all()


def test_it_happens_once():
    model, redensify = sparse_model(), Redensify(2)
    fit(model, redensify)
    fit(model, redensify)
    assert float(model.optimizer.learning_rate) == pytest.approx(0.05)


def test_the_learning_rate_can_stay():
    model = sparse_model()
    fit(model, Redensify(2, learning_rate_factor=1))
    assert float(model.optimizer.learning_rate) == 0.5


def test_a_learning_rate_that_follows_a_schedule_is_refused_before_training():
    model = sparse_model(keras.optimizers.schedules.ExponentialDecay(0.5, 10, 0.9))
    before = model.get_weights()
    with pytest.raises(UsageError, match="learning_rate_factor=1"):
        fit(model, Redensify(2))
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))
    fit(model, Redensify(2, learning_rate_factor=1))
