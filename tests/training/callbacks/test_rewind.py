"""Rewinding in a user's own `fit`."""

import keras
import numpy as np
import pytest
from keras import layers

from dsd_tf.errors import UsageError
from dsd_tf.sparsity.masks import Masks
from dsd_tf.training.callbacks.rewind import Rewind
from dsd_tf.training.kernel_masks import KernelMasks

X = np.random.default_rng(0).normal(size=(32, 6)).astype("float32")
Y = np.random.default_rng(1).normal(size=(32, 2)).astype("float32")


def build(**compiled):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([layers.Input((6,)), layers.Dense(5), layers.BatchNormalization(), layers.Dense(2)])
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), "mse", **compiled)
    return model


def fit(model, *callbacks, epochs=1):
    model.fit(X, Y, batch_size=8, epochs=epochs, shuffle=False, verbose=0, callbacks=list(callbacks))


def halve(model):
    masks = KernelMasks.of(model)
    masks.apply(
        Masks({name: np.arange(np.prod(shape)).reshape(shape) % 2 == 0 for name, shape in masks.shapes.items()})
    )
    return masks


def test_the_weights_of_the_step_are_remembered():
    model = build()
    rewind = Rewind(4)
    fit(model)
    expected = model.get_weights()
    fit(model, rewind)
    assert all((a == b).all() for a, b in zip(rewind.weights, expected, strict=True))


def test_the_next_fit_starts_from_them_under_the_masks_with_an_empty_optimizer():
    model = build()
    rewind = Rewind(2)
    fit(model, rewind, epochs=2)
    masks = halve(model)
    rewind.set_model(model)
    rewind.on_train_begin()
    for kernel in masks.kernels:
        index = [weight is kernel.variable for weight in model.weights].index(True)
        mask = masks.masks[kernel.name]
        assert (kernel.variable.numpy() == np.where(mask, rewind.weights[index], 0)).all()
    assert int(model.optimizer.iterations) == 2
    assert all((slot.numpy() == 0).all() for position in range(6) for slot in model.optimizer.slots(position))


def test_biases_and_normalisation_statistics_are_rewound_too():
    model = build()
    rewind = Rewind(0)
    initial = model.get_weights()
    fit(model, rewind, epochs=2)
    rewind.restore()
    assert all((a == b).all() for a, b in zip(model.get_weights(), initial, strict=True))


def test_rewinding_an_unpruned_model_repeats_the_training():
    model = build()
    rewind = Rewind(0)
    fit(model, rewind)
    first = model.get_weights()
    fit(model, rewind)
    assert all((a == b).all() for a, b in zip(model.get_weights(), first, strict=True))


def test_weights_of_another_process_can_be_given():
    model = build()
    rewind = Rewind(3)
    rewind.weights = [np.ones_like(weight) for weight in model.get_weights()]
    rewind.set_model(model)
    rewind.on_train_begin()
    assert all((weight == 1).all() for weight in model.get_weights())
    assert int(model.optimizer.iterations) == 3


def test_a_step_inside_an_execution_cannot_be_remembered():
    with pytest.raises(UsageError, match="step 3.*already at step 4"):
        fit(build(steps_per_execution=4), Rewind(3), epochs=2)


def test_a_step_before_the_beginning_of_training_cannot_be_remembered():
    model = build()
    fit(model)
    with pytest.raises(UsageError, match="step 1.*already at step 4"):
        fit(model, Rewind(1))


def test_a_model_without_weights_cannot_be_remembered():
    model = keras.Sequential([layers.Dense(2)])
    model.compile("sgd", "mse")
    with pytest.raises(UsageError, match="build it first"):
        fit(model, Rewind(0))
