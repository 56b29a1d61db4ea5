"""Pruning schedules in `fit` and in training loops of one's own."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from dsd_tf.errors import UsageError
from dsd_tf.sparsity.granularity import SingleWeights
from dsd_tf.sparsity.schedules import ConstantSparsity, PolynomialDecay
from dsd_tf.training.callbacks.update_pruning_step import UpdatePruningStep
from dsd_tf.training.kernel_masks import KernelMasks
from dsd_tf.training.kernels import list_kernels
from dsd_tf.training.pruning import PruningRule, ScheduledPruning
from dsd_tf.training.rules import magnitude_rule, set_rule
from dsd_tf.training.selection import Selection
from dsd_tf.training.update_rules import TorchSGD

X = np.random.default_rng(0).normal(size=(32, 6)).astype("float32")
Y = np.random.default_rng(1).normal(size=(32, 2)).astype("float32")
GRADUAL = PolynomialDecay(0.2, 0.8, begin_step=2, end_step=8, frequency=2)


def unruled():
    keras.utils.set_random_seed(0)
    hidden, output = layers.Dense(10, activation="tanh", name="a"), layers.Dense(2, name="b")
    return keras.Sequential([layers.Input((6,)), hidden, output])


def ruled(schedule=GRADUAL, model=None):
    model = model or unruled()
    for layer in model.layers:
        set_rule(layer, magnitude_rule(schedule, SingleWeights()))
    return model


def compiled(schedule=GRADUAL, optimizer="adam", **arguments):
    model = ruled(schedule)
    model.compile(optimizer, "mse", **arguments)
    return model


def fit(model, epochs=1, callbacks=(), **arguments):
    callbacks = [UpdatePruningStep(), *callbacks]
    return model.fit(X, Y, batch_size=8, epochs=epochs, shuffle=False, verbose=0, callbacks=callbacks, **arguments)


def kept(model):
    return [np.count_nonzero(kernel.variable.numpy()) for kernel in list_kernels(model)]


class Counts(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.kept = []

    def on_train_batch_end(self, batch, logs=None):
        self.kept.append(kept(self.model)[0])


def test_masks_follow_the_schedule_step_by_step():
    counts = Counts()
    fit(compiled(), epochs=3, callbacks=[counts])
    # PolynomialDecay(2, 4, 6) = .8 + (.2 - .8) (1 - (0, 1/3, 2/3))^3; then .8
    expected = [60, 60, 48, 48, 23, 23, 13, 13, 12, 12, 12, 12]
    assert counts.kept == expected
    assert [round(60 * (1 - s)) for s in (0.2, 0.8 - 0.6 * (2 / 3) ** 3, 0.8 - 0.6 / 27, 0.8)] == [
        48,
        23,
        13,
        12,
    ]


@pytest.mark.parametrize(
    "optimizer",
    [
        TorchSGD(0.1, momentum=0.9),
        keras.optimizers.Adam(0.05),
        keras.optimizers.AdamW(0.05, weight_decay=0.1),
        keras.optimizers.RMSprop(0.05),
        keras.optimizers.Lion(0.01),
        keras.optimizers.SGD(0.1, momentum=0.9, global_clipnorm=0.1),
        keras.optimizers.SGD(0.1, clipnorm=0.1),
        keras.optimizers.Adam(0.05, use_ema=True, ema_overwrite_frequency=3),
    ],
    ids=lambda optimizer: optimizer.name,
)
def test_the_exact_target_is_kept_and_nothing_is_revived(optimizer):
    model = compiled(optimizer=optimizer)
    fit(model, epochs=3)
    assert kept(model) == [12, 4]
    masks = KernelMasks.of(model).masks
    fit(model, epochs=2)
    assert KernelMasks.of(model).masks == masks
    assert kept(model) == [12, 4]
    for position, kernel in zip(model.optimizer.masked, list_kernels(model), strict=True):
        for slot in model.optimizer.slots(position):
            assert (slot.numpy()[~masks[kernel.name]] == 0).all()


@pytest.mark.parametrize("end_step", [8, 7])
def test_the_final_sparsity_is_reached_also_at_the_last_step_of_training(end_step):
    model = compiled(PolynomialDecay(0.0, 0.8, begin_step=0, end_step=end_step, frequency=3))
    fit(model, epochs=2)
    assert kept(model) == [12, 4]


def test_executions_of_several_steps_give_the_same_masks_where_updates_fall_between_them():
    schedule = PolynomialDecay(0.2, 0.8, begin_step=0, end_step=16, frequency=8)
    masks = []
    for steps in (1, 8):
        model = compiled(schedule, steps_per_execution=steps)
        model.fit(X, Y, batch_size=4, epochs=3, shuffle=False, verbose=0, callbacks=[UpdatePruningStep()])
        masks.append(KernelMasks.of(model).masks)
    assert masks[0] == masks[1]


def test_updates_that_fall_inside_an_execution_are_made_up_for_after_it():
    model = compiled(PolynomialDecay(0.2, 0.8, begin_step=0, end_step=5, frequency=1), steps_per_execution=4)
    fit(model, epochs=2)
    assert kept(model) == [12, 4]


def test_the_step_is_right_under_xla():
    model = compiled(optimizer=TorchSGD(0.1, momentum=0.9), jit_compile=True)
    assert model.jit_compile is True
    fit(model, epochs=3)
    assert kept(model) == [12, 4]


def test_weights_assigned_while_training_are_masked_at_the_end_of_the_epoch():
    class Ones(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.set_weights([np.ones_like(weight) for weight in self.model.get_weights()])

    model = compiled(ConstantSparsity(0.5, 0))
    fit(model, callbacks=[Ones()])
    assert kept(model) == [30, 10]


def test_best_weights_that_are_restored_are_pruned_further_when_training_goes_on():
    model = compiled(optimizer=keras.optimizers.SGD(0.5))
    stop = keras.callbacks.EarlyStopping("loss", mode="max", patience=9, restore_best_weights=True)
    fit(model, epochs=3, callbacks=[stop])
    assert kept(model) == [23, 8]
    fit(model)
    assert kept(model) == [12, 4]


def test_backup_and_restore_goes_on_where_training_was_interrupted(tmp_path):
    class Interrupt(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 1:
                raise KeyboardInterrupt

    whole, model, again = compiled(), compiled(), compiled()
    fit(whole, epochs=3)
    with pytest.raises(KeyboardInterrupt):
        fit(model, epochs=3, callbacks=[keras.callbacks.BackupAndRestore(tmp_path / "b"), Interrupt()])
    fit(again, epochs=3, callbacks=[keras.callbacks.BackupAndRestore(tmp_path / "b")])
    assert all((a == b).all() for a, b in zip(whole.get_weights(), again.get_weights(), strict=True))


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_reaches_the_target(policy):
    keras.config.set_dtype_policy(policy)
    try:
        model = compiled()
    finally:
        keras.config.set_dtype_policy("float32")
    fit(model, epochs=3)
    assert kept(model) == [12, 4]


def test_a_model_without_rules_is_an_error():
    model = unruled()
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="prune_low_magnitude"):
        fit(model)


def test_a_later_fit_without_the_callback_is_an_error():
    model = compiled()
    fit(model)
    with pytest.raises(UsageError, match="UpdatePruningStep"):
        model.fit(X, Y, verbose=0)


def test_recompiling_keeps_the_masks_and_the_place_in_the_schedule():
    model = compiled()
    fit(model, epochs=2)
    before = KernelMasks.of(model).masks
    model.compile(keras.optimizers.SGD(0.01), "mse")
    counts = Counts()
    fit(model, callbacks=[counts])
    assert counts.kept == [12, 12, 12, 12]
    assert KernelMasks.of(model).masks == before


def test_saving_in_the_middle_of_a_schedule_and_going_on_equals_an_uninterrupted_fit(tmp_path):
    whole = compiled()
    fit(whole, epochs=3)
    model = compiled()
    fit(model, epochs=1)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    counts = Counts()
    fit(loaded, epochs=2, callbacks=[counts])
    assert counts.kept[0] == 23
    assert all((a == b).all() for a, b in zip(whole.get_weights(), loaded.get_weights(), strict=True))
    states = zip(whole.optimizer.variables, loaded.optimizer.variables, strict=True)
    assert all((np.array(a) == np.array(b)).all() for a, b in states)


def test_the_place_in_the_schedule_survives_recompiling_and_then_saving(tmp_path):
    model = compiled()
    fit(model, epochs=1)
    model.compile("sgd", "mse")
    fit(model, epochs=1)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    fit(loaded, epochs=1)
    assert kept(model) == kept(loaded) == [12, 4]
    assert loaded.optimizer.pruning["earlier_steps"] == 4


def test_a_model_that_was_saved_while_pruning_does_not_train_without_the_callback(tmp_path):
    model = compiled()
    fit(model)
    model.save(tmp_path / "model.keras")
    with pytest.raises(UsageError, match="UpdatePruningStep"):
        keras.models.load_model(tmp_path / "model.keras").fit(X, Y, verbose=0)


def test_a_model_that_is_built_by_its_first_batch_is_pruned_after_it():
    model = keras.Sequential([layers.Dense(10, activation="tanh"), layers.Dense(2)])
    ruled(ConstantSparsity(0.5, 0), model)
    model.compile("adam", "mse")
    counts = Counts()
    fit(model, callbacks=[counts])
    assert counts.kept == [60, 30, 30, 30]
    assert kept(model) == [30, 10]


def test_explicit_rules_are_carried_out_instead_of_those_on_layers():
    model = unruled()
    model.compile("sgd", "mse")
    masks = KernelMasks.of(model)
    rule = PruningRule(ConstantSparsity(0.5, 1), Selection())
    callback = UpdatePruningStep(ScheduledPruning(masks, [(tuple(masks.shapes), rule)]))
    model.fit(X, Y, batch_size=8, verbose=0, callbacks=[callback])
    assert kept(model) == [30, 10]


def loop(model, optimizer, step, epochs=2):
    """The training loop of TFMOT's guide."""
    model.optimizer = optimizer
    callback = UpdatePruningStep()
    callback.set_model(model)
    callback.on_train_begin()
    for _ in range(epochs):
        for start in range(0, 32, 8):
            callback.on_train_batch_begin(batch=-1)
            step(X[start : start + 8], Y[start : start + 8])
        callback.on_epoch_end(batch=-1)


@pytest.mark.parametrize("graph", [False, True])
def test_a_training_loop_of_ones_own_prunes_like_fit(graph):
    model, optimizer = ruled(), keras.optimizers.Adam()

    def step(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(keras.losses.mean_squared_error(y, model(x, training=True)))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))

    loop(model, optimizer, tf.function(step) if graph else step)
    assert kept(model) == [12, 4]
    fitted = compiled()
    fit(fitted, epochs=2)
    for a, b in zip(model.get_weights(), fitted.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


def test_a_training_loop_of_ones_own_needs_a_model_with_weights():
    model = ruled(model=keras.Sequential([layers.Dense(2)]))
    with pytest.raises(ValueError, match="build it"):
        loop(model, keras.optimizers.Adam(), lambda x, y: None)
