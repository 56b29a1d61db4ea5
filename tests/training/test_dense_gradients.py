"""The gradients that growth is ranked by: of the step itself, at every weight, before anything is masked."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from dsd_tf.errors import UsageError
from dsd_tf.sparsity.masks import Masks
from dsd_tf.training.dense_gradients import DenseGradients
from dsd_tf.training.kernel_masks import KernelMasks

X = np.random.default_rng(0).normal(size=(24, 6)).astype("float32")
Y = np.random.default_rng(1).normal(size=(24, 2)).astype("float32")
BATCHES = [(X[start : start + 8], Y[start : start + 8]) for start in (0, 8, 16)]


def sparse_model(optimizer="sgd", **compiled):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([layers.Input((6,)), layers.Dense(5, "tanh", name="a"), layers.Dense(2, name="b")])
    model.compile(optimizer, "mse", **compiled)
    masks = KernelMasks.of(model)
    masks.apply(Masks({name: np.arange(np.prod(s)).reshape(s) % 2 == 0 for name, s in masks.shapes.items()}))
    return model, masks


def gradients_by_hand(model, batch):
    kernels = {f"{layer.name}/kernel": layer.kernel for layer in model.layers}
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(batch[0]) - batch[1]) ** 2)
    found = tape.gradient(loss, [kernel.value for kernel in kernels.values()])
    return {name: gradient.numpy() for name, gradient in zip(kernels, found, strict=True)}


def assert_close(found, expected):
    assert found.keys() == expected.keys()
    for name, gradient in expected.items():
        np.testing.assert_allclose(found[name], gradient, rtol=1e-5, atol=1e-7)
        assert gradient[np.arange(gradient.size).reshape(gradient.shape) % 2 != 0].all()


@pytest.mark.parametrize("optimizer", ["sgd", keras.optimizers.Adam(0.1, global_clipnorm=0.01)])
@pytest.mark.parametrize("compiled", [{}, {"jit_compile": True}, {"run_eagerly": True}])
def test_they_are_those_of_the_last_wanted_step_at_the_weights_before_it(optimizer, compiled):
    if not isinstance(optimizer, str):
        optimizer = optimizer.from_config(optimizer.get_config())
    model, masks = sparse_model(optimizer, **compiled)
    gradients = DenseGradients(masks, decay=0.0)
    assert not any(gradient.any() for gradient in gradients().values())
    gradients.want(True)
    model.train_on_batch(*BATCHES[0])
    expected = gradients_by_hand(model, BATCHES[1])
    model.train_on_batch(*BATCHES[1])
    gradients.want(False)
    model.train_on_batch(*BATCHES[2])
    assert_close(gradients(), expected)


def test_the_last_step_of_an_execution_is_the_one_that_counts():
    model, masks = sparse_model(steps_per_execution=3)
    gradients = DenseGradients(masks, decay=0.0)
    gradients.want(True)
    one_by_one, _ = sparse_model()
    for batch in BATCHES[:2]:
        one_by_one.train_on_batch(*batch)
    model.fit(X, Y, batch_size=8, shuffle=False, verbose=0)
    assert_close(gradients(), gradients_by_hand(one_by_one, BATCHES[2]))


def test_an_average_weighs_every_step_by_the_decay():
    model, masks = sparse_model()
    gradients = DenseGradients(masks, decay=0.75)
    gradients.want(True)
    average = {name: np.zeros(shape) for name, shape in masks.shapes.items()}
    for batch in BATCHES:
        now = gradients_by_hand(model, batch)
        average = {name: 0.75 * average[name] + 0.25 * now[name] for name in average}
        model.train_on_batch(*batch)
    assert_close(gradients(), average)


def test_training_is_the_same_bit_for_bit_whether_gradients_are_kept_or_not():
    plain, _ = sparse_model("adam")
    kept, masks = sparse_model("adam")
    gradients = DenseGradients(masks, decay=0.5)
    gradients.want(True)
    for model in (plain, kept):
        model.fit(X, Y, batch_size=8, epochs=2, shuffle=False, verbose=0)
    assert any(gradient.any() for gradient in gradients().values())
    assert all(map(np.array_equal, plain.get_weights(), kept.get_weights()))


def test_a_step_that_was_traced_before_is_traced_anew():
    model, masks = sparse_model()
    model.fit(X, Y, batch_size=8, shuffle=False, verbose=0)
    gradients = DenseGradients(masks, decay=0.0)
    gradients.want(True)
    expected = gradients_by_hand(model, BATCHES[0])
    model.train_on_batch(*BATCHES[0])
    assert_close(gradients(), expected)


def test_asking_again_goes_on_with_what_is_kept_and_another_decay_starts_anew():
    model, masks = sparse_model()
    gradients = DenseGradients(masks, decay=0.5)
    gradients.want(True)
    model.train_on_batch(*BATCHES[0])
    assert_close(DenseGradients(masks, decay=0.5)(), gradients())
    variables = len(model.optimizer.variables)
    assert not any(gradient.any() for gradient in DenseGradients(masks, decay=0.0)().values())
    assert len(model.optimizer.variables) == variables


def test_they_are_no_slots_of_masked_weights_and_a_fresh_optimizer_has_none():
    model, masks = sparse_model(keras.optimizers.SGD(0.1, momentum=0.9))
    gradients = DenseGradients(masks, decay=0.5)
    gradients.want(True)
    model.train_on_batch(*BATCHES[0])
    before = gradients()
    masks.enforce()
    assert_close(gradients(), before)
    masks.reset_slots()
    assert not any(gradient.any() for gradient in gradients().values())


def test_a_saved_model_goes_on_with_its_average(tmp_path):
    model, masks = sparse_model()
    gradients = DenseGradients(masks, decay=0.5)
    gradients.want(True)
    model.train_on_batch(*BATCHES[0])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    again = DenseGradients(KernelMasks.of(loaded), decay=0.5)
    assert_close(again(), gradients())


def test_a_kernel_that_no_gradient_reaches_is_an_error_that_names_it():
    keras.utils.set_random_seed(0)
    inputs = keras.Input((6,))
    used, unused = layers.Dense(2, name="used")(inputs), layers.Dense(2, name="unused")(inputs)
    model = keras.Model(inputs, [used, unused])
    model.compile("sgd", ["mse", None])
    DenseGradients(KernelMasks.of(model), decay=0.0)
    with pytest.raises(UsageError, match="no gradient reaches unused/kernel"):
        model.train_on_batch(X, [Y, Y])
