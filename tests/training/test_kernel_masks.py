"""Masks of a model in training: exact, and held through recompiling, freezing and saving."""

import keras
import numpy as np
import pytest
from keras import layers

from dsd_tf.errors import UsageError
from dsd_tf.sparsity.masks import Masks
from dsd_tf.training.kernel_masks import KernelMasks
from dsd_tf.training.kernels import list_kernels
from dsd_tf.training.optimizers import Masked
from dsd_tf.training.update_rules import TorchSGD

X = np.random.default_rng(0).normal(size=(32, 6)).astype("float32")
Y = np.random.default_rng(1).normal(size=(32, 2)).astype("float32")


def build(optimizer="sgd", **compiled):
    keras.utils.set_random_seed(0)
    hidden, output = layers.Dense(5, activation="tanh", name="a"), layers.Dense(2, name="b")
    model = keras.Sequential([layers.Input((6,)), hidden, output])
    model.compile(optimizer, "mse", **compiled)
    return model


def half(masks):
    """Every second weight of each kernel."""
    return Masks({name: np.arange(np.prod(shape)).reshape(shape) % 2 == 0 for name, shape in masks.shapes.items()})


def halved(optimizer="sgd", **compiled):
    model = build(optimizer, **compiled)
    masks = KernelMasks.of(model)
    masks.apply(half(masks))
    return model, masks


def fit(model, epochs=1):
    return model.fit(X, Y, batch_size=8, epochs=epochs, shuffle=False, verbose=0)


def assert_halved(model):
    for kernel in list_kernels(model):
        expected = np.arange(np.prod(kernel.shape)).reshape(kernel.shape) % 2 == 0
        assert ((kernel.variable.numpy() != 0) == expected).all()


@pytest.mark.parametrize(
    "optimizer",
    [
        lambda: TorchSGD(0.1, momentum=0.9, nesterov=True),
        lambda: keras.optimizers.Adam(0.1, global_clipnorm=0.1),
        lambda: keras.optimizers.AdamW(0.1, weight_decay=0.1, use_ema=True),
        lambda: keras.optimizers.RMSprop(0.1),
        lambda: keras.optimizers.Lion(0.1, clipnorm=0.1),
        lambda: keras.optimizers.SGD(0.1, momentum=0.9, gradient_accumulation_steps=3),
    ],
)
def test_training_changes_the_kept_weights_and_no_others(optimizer):
    model, masks = halved(optimizer())
    before = masks.weights()
    fit(model, epochs=2)
    assert_halved(model)
    for name, mask in half(masks).items():
        assert (masks.weights()[name][mask] != before[name][mask]).mean() > 0.5


@pytest.mark.parametrize("compiled", [{"jit_compile": True}, {"run_eagerly": True}, {"steps_per_execution": 4}])
def test_training_holds_masks_however_the_step_is_executed(compiled):
    model, _ = halved("adam", **compiled)
    fit(model)
    assert_halved(model)


def test_a_step_that_was_traced_before_there_were_masks_is_traced_anew():
    model = build()
    fit(model)
    masks = KernelMasks.of(model)
    masks.apply(half(masks))
    fit(model)
    assert_halved(model)


def test_masks_hold_after_recompiling_without_any_callback():
    model, masks = halved()
    model.compile("adam", "mse")
    fit(model)
    assert_halved(model)
    assert isinstance(model.optimizer, Masked)
    assert masks.masks == half(masks)


def test_masks_hold_in_train_on_batch_after_recompiling():
    model, _ = halved()
    model.compile("rmsprop", "mse")
    model.train_on_batch(X, Y)
    assert_halved(model)


def test_slots_of_the_new_optimizer_are_zero_where_masked():
    model, masks = halved("sgd")
    model.compile(keras.optimizers.Adam(), "mse")
    fit(model)
    for kernel in masks.kernels:
        position = [variable is kernel.variable for variable in model.trainable_variables].index(True)
        for slot in model.optimizer.slots(position):
            assert (slot.numpy()[kernel.variable.numpy() == 0] == 0).all()


def test_a_weight_that_is_let_back_in_starts_at_zero_with_zero_slots():
    model, masks = halved(TorchSGD(0.1, momentum=0.9))
    fit(model)
    masks.densify()
    for name, mask in half(masks).items():
        position = [kernel.name for kernel in masks.kernels].index(name) * 2
        (velocity,) = model.optimizer.slots(position)
        assert (masks.weights()[name][~mask] == 0).all()
        assert (velocity.numpy()[~mask] == 0).all()
        assert (velocity.numpy()[mask] != 0).all()
    fit(model)
    assert all((weight != 0).all() for weight in masks.weights().values())


def test_a_frozen_kernel_keeps_its_mask_until_it_trains_again():
    model, masks = halved()
    first = model.layers[0]
    first.trainable = False
    model.compile("sgd", "mse")
    fit(model)
    assert masks.masks == half(masks)
    first.trainable = True
    model.compile("sgd", "mse")
    fit(model)
    assert_halved(model)
    assert masks.masks == half(masks)


def test_masks_can_change_while_a_kernel_is_frozen():
    model, masks = halved()
    model.layers[0].trainable = False
    model.compile("sgd", "mse")
    fit(model)
    empty = Masks({**half(masks), "a/kernel": np.zeros((6, 5), bool)})
    masks.apply(empty)
    assert (model.layers[0].kernel.numpy() == 0).all()
    assert masks.masks == empty


def test_a_loss_scaling_optimizer_is_masked_inside():
    model, masks = halved(keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.01)))
    fit(model)
    assert_halved(model)
    assert isinstance(model.optimizer.inner_optimizer, Masked)


def test_weights_assigned_from_outside_are_masked_before_the_next_training():
    model, masks = halved()
    model.set_weights([np.ones_like(weight) for weight in model.get_weights()])
    fit(model)
    assert_halved(model)
    model.set_weights([np.ones_like(weight) for weight in model.get_weights()])
    masks.enforce()
    assert_halved(model)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float16", "bfloat16"])
def test_models_of_lower_precision_train_under_masks(policy):
    keras.config.set_dtype_policy(policy)
    try:
        model, _ = halved("adam")
    finally:
        keras.config.set_dtype_policy("float32")
    fit(model)
    assert_halved(model)


def test_masks_and_slots_survive_saving_and_training_goes_on_bit_for_bit(tmp_path):
    model, _ = halved(keras.optimizers.Adam(0.1))
    fit(model)
    model.save(tmp_path / "model.keras")
    fit(model)
    loaded = keras.models.load_model(tmp_path / "model.keras")
    fit(loaded)
    assert_halved(loaded)
    assert all((a == b).all() for a, b in zip(model.get_weights(), loaded.get_weights(), strict=True))


def test_masks_of_a_loaded_model_can_be_asked_for(tmp_path):
    model, masks = halved()
    model.save(tmp_path / "model.keras")
    assert KernelMasks.of(keras.models.load_model(tmp_path / "model.keras")).masks == half(masks)


def test_saving_and_cloning_know_nothing_of_the_masks(tmp_path):
    model, _ = halved()
    model.save(tmp_path / "model.keras", include_optimizer=False)
    loaded = keras.models.load_model(tmp_path / "model.keras")
    clone = keras.models.clone_model(model)
    for other in (loaded, clone):
        assert KernelMasks.held_by(other) is None
        assert "make_train_function" not in vars(other)
    assert (loaded.predict(X, verbose=0) == model.predict(X, verbose=0)).all()


def test_a_fresh_optimizer_has_empty_slots_averages_at_the_weights_and_the_step_asked_for():
    model, masks = halved(keras.optimizers.Adam(0.1, use_ema=True))
    fit(model)
    masks.reset_slots(iterations=3)
    assert int(model.optimizer.iterations) == 3
    assert masks.masks == half(masks)
    for position, variable in enumerate(model.trainable_variables):
        average, *moments = model.optimizer.slots(position)
        assert (average.numpy() == variable.numpy()).all()
        assert all((moment.numpy() == 0).all() for moment in moments)


def test_only_kernels_that_were_asked_for_have_masks():
    model = build()
    masks = KernelMasks.of(model, list_kernels(model)[:1])
    assert list(masks.shapes) == ["a/kernel"]
    assert len(model.optimizer.masks) == 1


def test_a_forgotten_model_is_an_ordinary_one():
    model, _ = halved()
    KernelMasks.forget(model)
    model.compile("sgd", "mse")
    fit(model)
    assert type(model.optimizer) is keras.optimizers.SGD
    assert all((kernel.variable.numpy() != 0).all() for kernel in list_kernels(model))


def test_masks_of_another_model_are_refused_by_layer():
    masks = KernelMasks.of(build())
    with pytest.raises(UsageError, match="b/kernel"):
        masks.apply(Masks({"a/kernel": np.ones((6, 5), bool), "b/kernel": np.ones((2, 5), bool)}))


def test_a_model_that_is_not_compiled_is_refused():
    with pytest.raises(ValueError, match="compile it first"):
        KernelMasks.of(keras.Sequential([layers.Input((2,)), layers.Dense(2)]))


def test_an_optimizer_that_cannot_hold_masks_is_refused_and_the_model_stays_trainable():
    model = build("adagrad")
    with pytest.raises(UsageError, match="Adagrad"):
        KernelMasks.of(model)
    fit(model)
