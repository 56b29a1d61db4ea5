"""Masked optimizers: nothing that is masked moves, and TorchSGD is PyTorch's SGD."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dsd_tf.errors import UsageError
from dsd_tf.training.optimizers import Masked, masked_class, steps_taken, to_masked
from dsd_tf.training.update_rules import FusedAdadelta, FusedAdam, TorchSGD

MASK = np.array([[1, 0, 1, 0], [0, 0, 1, 1], [1, 1, 0, 0]], bool)
WEIGHTS = np.arange(1, 13, dtype=np.float32).reshape(3, 4) / 8

OPTIMIZERS = {
    "sgd": lambda: keras.optimizers.SGD(0.1),
    "momentum": lambda: keras.optimizers.SGD(0.1, momentum=0.9),
    "nesterov": lambda: keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True),
    "torch": lambda: TorchSGD(0.1, momentum=0.9),
    "torch with coupled l2": lambda: masked_class(TorchSGD)(0.1, momentum=0.9, l2=1e-2),
    "adam": lambda: keras.optimizers.Adam(0.1),
    "fused adam": lambda: FusedAdam(0.1),
    "fused adadelta": lambda: FusedAdadelta(1.0),
    "amsgrad": lambda: keras.optimizers.Adam(0.1, amsgrad=True),
    "adam with coupled l2": lambda: masked_class(keras.optimizers.Adam)(0.1, l2=1e-2),
    "adamw": lambda: keras.optimizers.AdamW(0.1, weight_decay=0.1),
    "rmsprop": lambda: keras.optimizers.RMSprop(0.1, momentum=0.5, centered=True),
    "adadelta": lambda: keras.optimizers.Adadelta(1.0),
    "adamax": lambda: keras.optimizers.Adamax(0.1),
    "nadam": lambda: keras.optimizers.Nadam(0.1),
    "lion": lambda: keras.optimizers.Lion(0.1),
    "lamb": lambda: keras.optimizers.Lamb(0.1),
    "clipnorm": lambda: keras.optimizers.SGD(0.1, momentum=0.9, clipnorm=0.1),
    "global clipnorm": lambda: keras.optimizers.Adam(0.1, global_clipnorm=0.1),
    "averaged": lambda: keras.optimizers.Adam(0.1, use_ema=True, ema_overwrite_frequency=2),
    "accumulating": lambda: keras.optimizers.SGD(0.1, momentum=0.9, gradient_accumulation_steps=2),
}


def variables():
    return [keras.Variable(WEIGHTS * MASK, name="kernel"), keras.Variable(np.ones(4, "float32"), name="bias")]


def gradients(seed):
    generator = np.random.default_rng(seed)
    return [tf.constant(generator.normal(size=shape), tf.float32) for shape in ((3, 4), (4,))]


def masked(optimizer, weights):
    optimizer = to_masked(optimizer)
    optimizer.mask_variables(weights, [0])
    optimizer.masks[0].assign(MASK)
    return optimizer


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_masked_weights_and_their_slots_stay_exactly_zero(name):
    weights = variables()
    optimizer = masked(OPTIMIZERS[name](), weights)
    for step in range(6):
        optimizer.apply(gradients(step), weights)
    assert np.count_nonzero(weights[0].numpy()) == MASK.sum()
    assert (weights[0].numpy()[~MASK] == 0).all()
    assert all((slot.numpy()[~MASK] == 0).all() for slot in optimizer.slots(0))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_kept_weights_move_as_if_the_gradient_had_been_masked_from_the_start(name):
    weights, expected = variables(), variables()
    optimizer, plain = masked(OPTIMIZERS[name](), weights), OPTIMIZERS[name]()
    for step in range(4):
        kernel, bias = gradients(step)
        optimizer.apply([kernel, bias], weights)
        plain.apply([tf.where(MASK, kernel, 0.0), bias], expected)
    assert (weights[0].numpy() == expected[0].numpy()).all()
    assert (weights[1].numpy() == expected[1].numpy()).all()


SLOTS = {
    "sgd": 0,
    "momentum": 1,
    "torch": 1,
    "adam": 2,
    "amsgrad": 3,
    "rmsprop": 3,
    "averaged": 3,
    "accumulating": 2,
}


@pytest.mark.parametrize("name", SLOTS)
def test_slots_are_found_whatever_the_optimizer_calls_them(name):
    weights = variables()
    assert len(masked(OPTIMIZERS[name](), weights).slots(0)) == SLOTS[name]


def test_masked_steps_are_right_under_xla():
    weights = variables()
    optimizer = masked(TorchSGD(0.1, momentum=0.9), weights)
    step = tf.function(lambda grads: optimizer.apply(grads, weights), jit_compile=True)
    for number in range(3):
        step(gradients(number))
    assert np.count_nonzero(weights[0].numpy()) == MASK.sum()
    assert (weights[0].numpy()[~MASK] == 0).all()


def test_an_infinite_gradient_of_a_masked_weight_does_no_harm():
    weights = variables()
    optimizer = masked(keras.optimizers.SGD(0.1), weights)
    optimizer.apply([tf.where(MASK, 1.0, np.inf), tf.ones(4)], weights)
    assert (weights[0].numpy()[~MASK] == 0).all()
    assert np.isfinite(weights[0].numpy()).all()


def test_sparse_gradients_of_an_embedding_are_masked():
    weights = variables()
    optimizer = masked(keras.optimizers.Adam(0.1), weights)
    rows = tf.IndexedSlices(tf.ones((2, 4)), tf.constant([0, 2]), tf.constant([3, 4]))
    optimizer.apply([rows, tf.ones(4)], weights)
    assert (weights[0].numpy()[~MASK] == 0).all()
    assert (weights[0].numpy()[[0, 2]] != WEIGHTS[[0, 2]] * MASK[[0, 2]]).any()


def test_a_missing_gradient_stays_missing():
    weights = variables()
    optimizer = masked(keras.optimizers.SGD(0.5), weights)
    with pytest.warns(UserWarning, match="Gradients do not exist"):
        optimizer.apply([None, tf.ones(4)], weights)
    assert (weights[0].numpy() == WEIGHTS * MASK).all()
    assert (weights[1].numpy() == 0.5).all()


def test_coupled_l2_adds_the_weight_to_every_gradient_after_clipping():
    weights = variables()
    optimizer = masked_class(keras.optimizers.SGD)(0.5, l2=0.25, clipvalue=1.0)
    optimizer.apply([tf.fill((3, 4), 8.0), tf.fill(4, 8.0)], weights)
    kernel = WEIGHTS * MASK
    assert (weights[0].numpy() == kernel - 0.5 * (1 + 0.25 * kernel)).all()
    assert (weights[1].numpy() == 1 - 0.5 * (1 + 0.25)).all()


@pytest.mark.parametrize(("momentum", "nesterov"), [(0.0, False), (0.5, False), (0.5, True)])
@pytest.mark.parametrize("l2", [0.0, 0.0625])
def test_torch_sgd_is_pytorchs_recurrence_also_where_the_learning_rate_drops(momentum, nesterov, l2):
    weight = keras.Variable(np.array([1.0, -2.0, 0.5]), dtype="float64")
    optimizer = masked_class(TorchSGD)(0.125, momentum=momentum, nesterov=nesterov, l2=l2)
    expected, velocity = weight.numpy(), np.zeros(3)
    for step in range(8):
        lr = 0.125 if step < 4 else 0.03125
        optimizer.learning_rate = lr
        gradient = np.cos(np.arange(3) + step)
        optimizer.apply([tf.constant(gradient)], [weight])
        gradient = gradient + l2 * expected
        velocity = momentum * velocity + gradient
        expected = expected - lr * (gradient + momentum * velocity if nesterov else velocity)
    np.testing.assert_allclose(weight.numpy(), expected, rtol=1e-14)


def test_keras_sgd_is_not_pytorchs_where_the_learning_rate_drops():
    ours, keras_own = (keras.Variable(np.ones(2), dtype="float64") for _ in range(2))
    for optimizer, weight in (
        (TorchSGD(0.5, momentum=0.5), ours),
        (keras.optimizers.SGD(0.5, 0.5), keras_own),
    ):
        for lr in (0.5, 0.25):
            optimizer.learning_rate = lr
            optimizer.apply([tf.ones(2, tf.float64)], [weight])
    assert (ours.numpy() == 1 - 0.5 * 1 - 0.25 * 1.5).all()
    assert (keras_own.numpy() == 1 - 0.5 * 1 - (0.25 * 1 + 0.5 * 0.5 * 1)).all()


@pytest.mark.parametrize("name", ["Muon", "Adafactor", "Adagrad", "Ftrl"])
def test_optimizers_that_cannot_train_under_masks_are_refused_by_name(name):
    with pytest.raises(UsageError, match=f"optimizer {name} cannot train under masks.*AdamW"):
        to_masked(getattr(keras.optimizers, name)())


def test_a_refused_optimizer_is_left_as_it_was():
    optimizer = keras.optimizers.Adagrad()
    with pytest.raises(UsageError):
        to_masked(optimizer)
    assert type(optimizer) is keras.optimizers.Adagrad


def test_a_users_subclass_of_a_supported_optimizer_is_masked_and_keeps_its_methods():
    class Halved(keras.optimizers.SGD):
        def update_step(self, gradient, variable, learning_rate):
            super().update_step(gradient / 2, variable, learning_rate)

    weights = variables()
    optimizer = masked(Halved(1.0), weights)
    optimizer.apply([tf.ones((3, 4)), tf.ones(4)], weights)
    assert type(optimizer).__name__ == "MaskedHalved"
    assert (weights[0].numpy() == (WEIGHTS - 0.5) * MASK).all()


def test_masking_happens_in_place_and_once():
    optimizer = keras.optimizers.Adam()
    assert to_masked(optimizer) is optimizer
    assert type(to_masked(optimizer)) is type(optimizer)
    assert isinstance(optimizer, Masked) and isinstance(optimizer, keras.optimizers.Adam)


def test_configuration_and_state_survive_serialisation():
    weights = variables()
    optimizer = masked(masked_class(TorchSGD)(0.1, momentum=0.9, l2=0.5), weights)
    optimizer.apply(gradients(0), weights)
    copy = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert type(copy) is type(optimizer)
    assert (copy.masked, copy.l2) == ((0,), 0.5)
    copy.build(weights)
    store = {}
    optimizer.save_own_variables(store)
    copy.load_own_variables(store)
    assert (copy.masks[0].numpy() == MASK).all()
    assert (copy.slots(0)[0].numpy() == optimizer.slots(0)[0].numpy()).all()


def test_asking_for_other_masks_leaves_none_of_the_old_ones_behind():
    weights = variables()
    optimizer = masked(keras.optimizers.SGD(0.1), weights)
    before = len(optimizer.variables)
    optimizer.mask_variables(weights, [1])
    assert len(optimizer.variables) == before
    assert optimizer.masks[0].shape == (4,)


def test_an_optimizer_that_was_saved_while_pruning_does_not_train_unattended():
    optimizer = masked_class(keras.optimizers.SGD)(0.1, pruning={"earlier_steps": 0, "rules": []})
    with pytest.raises(UsageError, match="UpdatePruningStep"):
        optimizer.apply(gradients(0), variables())


def test_the_legacy_file_format_which_loses_optimizers_is_refused_with_the_way_out(tmp_path):
    model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(2)])
    optimizer = to_masked(keras.optimizers.SGD())
    optimizer.mask_variables(model.trainable_variables, [0])
    model.compile(optimizer, keras.losses.MeanSquaredError())
    model.save(tmp_path / "model.h5")
    with pytest.raises(UsageError, match=r"saved as \.keras"):
        keras.models.load_model(tmp_path / "model.h5")


def test_masks_take_one_byte_per_weight():
    weights = variables()
    assert masked(keras.optimizers.SGD(0.1), weights).masks[0].numpy().nbytes == 12


def test_steps_are_batches_also_where_gradients_are_accumulated_or_losses_scaled():
    weights = variables()
    accumulating = keras.optimizers.SGD(0.1, gradient_accumulation_steps=4)
    scaled = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1))
    for step in range(3):
        accumulating.apply(gradients(step), weights)
        scaled.apply(gradients(step), weights)
    assert steps_taken(accumulating) == steps_taken(scaled) == 3
