"""Schedules carried out on a model's masks: when, how far, and around recompiling and resuming."""

import keras
import numpy as np
import pytest
from keras import layers

from dsd_tf.sparsity.allocation import Allocation
from dsd_tf.sparsity.granularity import Blocks, Filters, NofM, SingleWeights
from dsd_tf.sparsity.masks import Masks
from dsd_tf.sparsity.schedules import ConstantSparsity, DenseSparseDense, PolynomialDecay, StepwiseLevels
from dsd_tf.training.kernel_masks import KernelMasks
from dsd_tf.training.pruning import PruningRule, ScheduledPruning
from dsd_tf.training.selection import Selection


def model_of(*shape, optimizer="sgd"):
    """A model of one kernel whose weights are 1, 2, 3, ... and then a second, larger one."""
    model = keras.Sequential([layers.Input((shape[0],)), layers.Dense(shape[1], name="a"), layers.Dense(10, name="b")])
    model.compile(optimizer, "mse")
    for layer in model.layers:
        values = np.arange(1, np.prod(layer.kernel.shape) + 1, dtype="float32").reshape(layer.kernel.shape)
        layer.kernel.assign(values)
    return model


def scheduled(schedule, *names, model=None, selection=None):
    model = model or model_of(4, 5)
    masks = KernelMasks.of(model)
    names = names or tuple(masks.shapes)
    pruning = ScheduledPruning(masks, [((name,), PruningRule(schedule, selection or Selection())) for name in names])
    pruning.follow(model.optimizer)
    return pruning


def kept(pruning):
    return {name: int(mask.sum()) for name, mask in pruning.masks.masks.items()}


def test_nothing_happens_before_a_schedule_is_due():
    pruning = scheduled(ConstantSparsity(0.5, 3, frequency=2))
    assert pruning.update(-1, 2) is False
    assert kept(pruning) == {"a/kernel": 20, "b/kernel": 50}


def test_the_smallest_weights_go_when_a_schedule_is_due():
    pruning = scheduled(ConstantSparsity(0.5, 3, frequency=2), "a/kernel")
    assert pruning.update(2, 3) is True
    assert (pruning.masks.masks["a/kernel"].reshape(-1) == [False] * 10 + [True] * 10).all()
    assert (pruning.masks.weights()["a/kernel"].reshape(-1) == [0] * 10 + list(range(11, 21))).all()
    assert kept(pruning)["b/kernel"] == 50


@pytest.mark.parametrize(("sparsity", "expected"), [(0.3, 14), (0.975, 1), (0.99, 1), (0.33, 13)])
def test_exactly_the_rounded_number_of_weights_stays_and_at_least_one(sparsity, expected):
    pruning = scheduled(ConstantSparsity(sparsity, 0), "a/kernel")
    pruning.update(-1, 0)
    assert kept(pruning)["a/kernel"] == expected == max(1, round(20 * (1 - sparsity)))


def test_a_window_that_is_no_multiple_of_its_frequency_still_reaches_the_final_sparsity():
    pruning = scheduled(PolynomialDecay(0.0, 0.8, 0, 95, frequency=10), "a/kernel")
    for step in range(96):
        pruning.update(step - 1, step)
    assert kept(pruning)["a/kernel"] == 4


def test_a_step_that_was_passed_between_two_calls_is_made_up_for():
    pruning = scheduled(StepwiseLevels([3, 9], [0.5, 0.75]), "a/kernel")
    pruning.update(-1, 8)
    assert kept(pruning)["a/kernel"] == 10
    pruning.update(8, 100)
    assert kept(pruning)["a/kernel"] == 5


def test_rules_of_different_kernels_are_carried_out_together():
    model = model_of(4, 5)
    masks = KernelMasks.of(model)
    rules = [
        (("a/kernel",), PruningRule(ConstantSparsity(0.5, 0), Selection())),
        (("b/kernel",), PruningRule(ConstantSparsity(0.9, 0), Selection())),
    ]
    ScheduledPruning(masks, rules).update(-1, 0)
    assert {name: int(mask.sum()) for name, mask in masks.masks.items()} == {"a/kernel": 10, "b/kernel": 5}


def test_one_rule_over_several_kernels_can_rank_them_together():
    model = model_of(4, 5)
    masks = KernelMasks.of(model)
    rule = PruningRule(ConstantSparsity(0.5, 0), Selection(allocation=Allocation("global")))
    ScheduledPruning(masks, [(tuple(masks.shapes), rule)]).update(-1, 0)
    # of 1..20 and 1..50 the 35 largest are 21..50, both 20s, both 19s, and the 18 of the first kernel
    assert {name: int(mask.sum()) for name, mask in masks.masks.items()} == {"a/kernel": 3, "b/kernel": 32}


def test_weights_once_pruned_stay_pruned_while_the_sparsity_does_not_fall():
    pruning = scheduled(ConstantSparsity(0.5, 0, frequency=1), "a/kernel")
    pruning.update(-1, 0)
    before = pruning.masks.masks
    kernel = pruning.masks.kernels[0].variable
    kernel.assign(np.where(before["a/kernel"], 0, 100).astype("float32"))
    pruning.update(0, 1)
    assert pruning.masks.masks == before


def test_doing_a_step_again_after_a_restart_changes_nothing():
    schedule = StepwiseLevels([2, 4, 6], [0.5, 0.75, 0.25])
    for step in (2, 4, 6):
        pruning = scheduled(schedule)
        pruning.update(-1, step - 1)
        pruning.update(step - 1, step)
        before = pruning.masks.masks
        pruning.update(step - 1, step)
        assert pruning.masks.masks == before


def test_masks_that_are_sparser_than_a_schedule_asks_for_are_left_alone():
    pruning = scheduled(PolynomialDecay(0.0, 0.5, 0, 10, frequency=5), "a/kernel")
    sparse = Masks({**pruning.masks.masks, "a/kernel": np.arange(20).reshape(4, 5) < 3})
    pruning.masks.apply(sparse)
    for step in range(11):
        pruning.update(step - 1, step)
    assert pruning.masks.masks == sparse


def test_dense_sparse_dense_gives_all_weights_back_from_zero():
    pruning = scheduled(DenseSparseDense(0.5, 2, 4), "a/kernel")
    counts = []
    for step in range(6):
        pruning.update(step - 1, step)
        counts.append(kept(pruning)["a/kernel"])
    assert counts == [20, 20, 10, 10, 20, 20]
    assert (pruning.masks.weights()["a/kernel"].reshape(-1)[:10] == 0).all()


def test_falling_levels_give_some_weights_back():
    pruning = scheduled(StepwiseLevels([0, 5], [0.75, 0.5]), "a/kernel")
    pruning.update(-1, 0)
    pruning.update(0, 5)
    assert kept(pruning)["a/kernel"] == 10
    assert np.count_nonzero(pruning.masks.weights()["a/kernel"]) == 5


def test_patterns_come_out_in_their_shape():
    model = model_of(8, 6)
    kernel = model.layers[0].kernel.numpy()
    for shape, count in ((NofM(2, 4), 24), (Blocks(4, 3), 24), (Filters(), 24)):
        model.layers[0].kernel.assign(kernel)
        pruning = scheduled(ConstantSparsity(0.5, 0), "a/kernel", model=model, selection=Selection(granularity=shape))
        pruning.masks.densify()
        model.layers[0].kernel.assign(kernel)
        pruning.update(-1, 0)
        mask = pruning.masks.masks["a/kernel"]
        assert mask.sum() == count
        if isinstance(shape, NofM):
            assert (mask.reshape(2, 4, 6).sum(axis=1) == 2).all()
        if isinstance(shape, Blocks):
            assert set(mask.reshape(2, 4, 2, 3).sum(axis=(1, 3)).flat) == {0, 12}
        if isinstance(shape, Filters):
            assert set(mask.sum(axis=0)) == {0, 8}


def test_a_new_optimizer_goes_on_in_the_schedule_where_the_one_before_was():
    model = model_of(4, 5)
    pruning = scheduled(StepwiseLevels([0, 10, 15], [0.25, 0.5, 0.75]), "a/kernel", model=model)
    pruning.update(-1, 0)
    model.optimizer.iterations.assign(8)
    model.compile("adam", "mse")
    pruning.follow(model.optimizer)
    assert pruning.earlier_steps == 8
    assert pruning.update(-1, 1) is False
    assert kept(pruning)["a/kernel"] == 15
    assert pruning.update(1, 2) is True
    assert kept(pruning)["a/kernel"] == 10


def test_schedules_of_a_users_own_are_called_as_tfmot_calls_them():
    class EveryThird(type(ConstantSparsity(0.5, 0)).__bases__[0]):
        def __call__(self, step):
            return step % 3 == 0, 0.5 if step >= 3 else 0.25

        def get_config(self):
            return {}

    pruning = scheduled(EveryThird(), "a/kernel")
    assert pruning.update(-1, 0) and kept(pruning)["a/kernel"] == 15
    assert not pruning.update(0, 2)
    assert pruning.update(2, 4) and kept(pruning)["a/kernel"] == 10


def test_single_weights_ties_go_to_the_lower_index():
    model = model_of(4, 5)
    model.layers[0].kernel.assign(np.ones((4, 5), "float32"))
    pruning = scheduled(
        ConstantSparsity(0.5, 0), "a/kernel", model=model, selection=Selection(granularity=SingleWeights())
    )
    pruning.update(-1, 0)
    assert (pruning.masks.masks["a/kernel"].reshape(-1) == [True] * 10 + [False] * 10).all()
