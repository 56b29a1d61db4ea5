"""Rules on layers: who follows which, who refuses to train, and what is saved with the optimizer."""

import keras
import numpy as np
import pytest
from keras import layers

from dsd_tf.errors import UsageError
from dsd_tf.sparsity.granularity import Blocks, NofM, SingleWeights
from dsd_tf.sparsity.schedules import ConstantSparsity, PruningSchedule
from dsd_tf.training.kernel_masks import KernelMasks
from dsd_tf.training.rules import (
    forget_pruning,
    magnitude_rule,
    permit_training,
    pruning_of,
    ruled_kernels,
    set_rule,
)

HALF = magnitude_rule(ConstantSparsity(0.5, 0), SingleWeights())
QUARTER = magnitude_rule(ConstantSparsity(0.25, 0), SingleWeights())
X, Y = np.ones((8, 4), "float32"), np.ones((8, 2), "float32")


def model_of(*inner, shape=(4,)):
    return keras.Sequential([layers.Input(shape), *inner, layers.Dense(2, name="last")])


def rules(model):
    return {kernel.name: rule for kernel, rule in ruled_kernels(model)}


def test_a_layer_without_a_rule_stays_dense():
    model = model_of(layers.Dense(3, name="first"))
    set_rule(model.layers[0], HALF)
    assert rules(model) == {"first/kernel": HALF, "last/kernel": None}


def test_inner_layers_follow_the_rule_around_them_also_if_they_are_made_later():
    attention = layers.MultiHeadAttention(2, 3, name="a")
    set_rule(attention, HALF)
    inputs = keras.Input((5, 4))
    model = keras.Model(inputs, attention(inputs, inputs))
    assert set(rules(model).values()) == {HALF}
    assert len(rules(model)) == 4


def test_the_nearest_rule_counts():
    inner = layers.Dense(3, name="inner")
    outer = layers.TimeDistributed(inner, name="outer")
    set_rule(inner, QUARTER)
    set_rule(outer, HALF)
    assert rules(model_of(outer, shape=(2, 4)))["outer/inner/kernel"] is QUARTER


def test_none_leaves_a_layer_dense_inside_one_that_is_pruned():
    inner = layers.Dense(3, name="inner")
    outer = layers.TimeDistributed(inner, name="outer")
    set_rule(inner, None)
    set_rule(outer, HALF)
    assert rules(model_of(outer, shape=(2, 4)))["outer/inner/kernel"] is None


def test_a_models_rule_replaces_that_of_an_earlier_model_but_not_one_of_the_layer_itself():
    own, other = layers.Dense(3, name="own"), layers.Dense(3, name="other")
    model = model_of(own, other)
    set_rule(own, QUARTER)
    for rule in (QUARTER, HALF):
        for layer in model.layers:
            set_rule(layer, rule, from_model=True)
    assert rules(model) == {"own/kernel": QUARTER, "other/kernel": HALF, "last/kernel": HALF}


def test_a_frozen_kernel_follows_no_rule():
    model = model_of(layers.Dense(3, name="first", trainable=False))
    set_rule(model.layers[0], HALF)
    assert rules(model)["first/kernel"] is None


def test_blocks_and_patterns_that_do_not_fit_a_kernel_are_refused_by_name():
    model = model_of(layers.Conv2D(4, 3, name="c"), layers.Flatten(), shape=(5, 5, 4))
    set_rule(model.layers[0], magnitude_rule(ConstantSparsity(0.5, 0), Blocks(2, 2)))
    with pytest.raises(ValueError, match="block_size.*c/kernel"):
        ruled_kernels(model)
    model = model_of(layers.Conv1D(4, 3, name="c"), layers.Flatten(), shape=(5, 4))
    set_rule(model.layers[0], magnitude_rule(ConstantSparsity(0.5, 0), NofM(2, 4)))
    with pytest.raises(ValueError, match="sparsity_m_by_n.*c/kernel"):
        ruled_kernels(model)


def test_a_layer_with_a_rule_refuses_to_train_but_predicts():
    model = model_of(layers.Dense(3))
    set_rule(model.layers[0], HALF)
    model.compile("sgd", "mse")
    model.predict(X, verbose=0)
    model.evaluate(X, Y, verbose=0)
    before = model.get_weights()
    with pytest.raises(UsageError, match="UpdatePruningStep"):
        model.fit(X, Y, verbose=0)
    with pytest.raises(UsageError, match="UpdatePruningStep"):
        model.train_on_batch(X, Y)
    with pytest.raises(UsageError, match="UpdatePruningStep"):
        model(X, training=True)
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))
    permit_training(model)
    model.fit(X, Y, verbose=0)


def test_the_refusal_is_neither_saved_nor_cloned_nor_exported(tmp_path):
    model = model_of(layers.Dense(3))
    set_rule(model.layers[0], HALF)
    model.save(tmp_path / "m.keras")
    model.export(tmp_path / "m", verbose=False)
    for other in (keras.models.load_model(tmp_path / "m.keras"), keras.models.clone_model(model)):
        assert "call" not in vars(other.layers[0])
        assert rules(other) == dict.fromkeys(rules(other))


def test_pruning_of_a_model_goes_on_with_the_same_schedule_until_it_gets_a_new_rule():
    model = model_of()
    set_rule(model.layers[0], HALF)
    model.compile("sgd", "mse")
    pruning = pruning_of(model)
    assert pruning_of(model) is pruning
    set_rule(model.layers[0], QUARTER)
    assert pruning_of(model) is not pruning
    assert pruning_of(model).masks is pruning.masks


def test_a_model_with_nothing_to_prune_is_an_error():
    model = model_of()
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="prune_low_magnitude first"):
        pruning_of(model)


def test_rules_are_saved_with_the_optimizer_and_taken_up_on_other_layers(tmp_path):
    model = model_of(layers.Dense(6, name="first"), layers.Dense(4, name="plain"))
    set_rule(model.layers[0], magnitude_rule(ConstantSparsity(0.5, 3, 9, 2), Blocks(2, 3, "max")))
    set_rule(model.layers[2], magnitude_rule(ConstantSparsity(0.5, 0, 0, 1), NofM(2, 4)))
    model.compile("sgd", "mse")
    pruning_of(model)
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    pruning = pruning_of(loaded)
    first, last = pruning.rules
    assert first[0] == ("first/kernel",) and last[0] == ("last/kernel",)
    assert first[1].schedule.get_config()["config"] == ConstantSparsity(0.5, 3, 9, 2).get_config()["config"]
    assert first[1].selection.granularity == Blocks(2, 3, "max")
    assert last[1].selection.granularity == NofM(2, 4)


@keras.saving.register_keras_serializable("dsd_tf_tests")
class EveryStep(PruningSchedule):
    def __init__(self, sparsity):
        self.sparsity = sparsity

    def __call__(self, step):
        return True, self.sparsity

    def get_config(self):
        return {"sparsity": self.sparsity}


def test_a_schedule_of_the_users_own_is_saved_through_keras(tmp_path):
    model = model_of()
    set_rule(model.layers[0], magnitude_rule(EveryStep(0.75), SingleWeights()))
    model.compile("sgd", "mse")
    pruning_of(model)
    model.save(tmp_path / "m.keras")
    ((_, rule),) = pruning_of(keras.models.load_model(tmp_path / "m.keras")).rules
    assert type(rule.schedule) is EveryStep
    assert rule.schedule.sparsity == 0.75


def test_a_forgotten_model_has_no_rules_masks_or_refusals():
    model = model_of(layers.Dense(3))
    for layer in model.layers:
        set_rule(layer, HALF)
    model.compile("sgd", "mse")
    pruning_of(model)
    forget_pruning(model)
    assert rules(model) == dict.fromkeys(rules(model))
    assert KernelMasks.held_by(model) is None
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
