"""Retrain policies (He et al. 2022, Quetu & Tartaglione 2024): what restarts from where."""

from __future__ import annotations

import pytest

from dsd_tf import registry
from dsd_tf.errors import UsageError
from dsd_tf.experiment.recorder import epoch_window
from dsd_tf.methods.plan import AllWeights, EndOf, FromRun, Initial, Prune, Remembered
from dsd_tf.training.learning_rate import LearningRate

CIFAR = {
    "method": "iterative",
    "rounds": 2,
    "epochs": 160,
    "lr": 0.1,
    "lr_schedule": "step",
    "rewind_to": "1000it",
}


def levels(plan_of, facts, retrain, **flags):
    dense, *others = plan_of(facts, **CIFAR | {"retrain": retrain} | flags)
    return dense, others


def test_rewinding_starts_from_the_weights_at_step_k_with_the_schedule_from_k(cifar, plan_of):
    dense, (first, second) = levels(plan_of, cifar, "rewind")
    assert dense.remember == 1000
    assert (first.weights, second.weights) == (Remembered(), Remembered())
    assert (first.masks, second.masks) == (Prune("dense", keep=8_931_482), Prune("level01", keep=7_145_186))
    assert {(phase.start, phase.stop) for phase in (first, second)} == {(1000, 62_560)}
    assert first.learning_rate == dense.learning_rate


def test_step_1000_is_batch_218_of_the_third_epoch(cifar, plan_of):
    _, (first, _) = levels(plan_of, cifar, "rewind")
    assert first.start // cifar.steps_per_epoch == 2
    assert epoch_window(first, 2, cifar.steps_per_epoch) == (218, 391)
    assert epoch_window(first, 3, cifar.steps_per_epoch) == (0, 391)
    assert epoch_window(first, 159, cifar.steps_per_epoch) == (0, 391)


def test_rewinding_to_the_start_is_the_lottery_ticket(cifar, plan_of):
    dense, (first, _) = levels(plan_of, cifar, "rewind", rewind_to="0")
    assert (dense.remember, first.start, first.weights) == (0, 0, Remembered())


@pytest.mark.parametrize("retrain", ["rewind", "redense"])
@pytest.mark.parametrize("rewind_to", ["160ep", "100%"])
def test_rewinding_to_the_end_leaves_nothing_to_retrain_and_is_refused(cifar, plan_of, retrain, rewind_to):
    with pytest.raises(UsageError, match=f"--rewind_to={rewind_to} is the end of training"):
        levels(plan_of, cifar, retrain, rewind_to=rewind_to)


def test_rewinding_the_rate_keeps_the_weights_and_runs_the_whole_schedule_again(cifar, plan_of):
    dense, (first, second) = levels(plan_of, cifar, "rewind_lr")
    assert dense.remember is None
    assert (first.weights, second.weights) == (EndOf("dense"), EndOf("level01"))
    assert {(phase.start, phase.stop, phase.learning_rate) for phase in (first, second)} == {
        (0, 62_560, dense.learning_rate)
    }


def test_fine_tuning_keeps_the_weights_at_a_constant_rate_of_its_own(cifar, plan_of):
    _, (first, second) = levels(plan_of, cifar, "finetune", finetune_lr=0.001)
    assert (first.weights, second.weights) == (EndOf("dense"), EndOf("level01"))
    assert {phase.learning_rate for phase in (first, second)} == {LearningRate(0.001, "constant", 160)}
    assert (first.start, first.stop) == (0, 62_560)


def test_scratch_draws_fresh_weights_at_every_level_and_runs_the_whole_schedule(cifar, plan_of):
    dense, (first, second) = levels(plan_of, cifar, "scratch")
    assert (dense.weights, first.weights, second.weights) == (Initial(0), Initial(1), Initial(2))
    assert (first.masks, second.masks) == (Prune("dense", keep=8_931_482), Prune("level01", keep=7_145_186))
    assert (first.start, first.learning_rate) == (0, dense.learning_rate)


def test_reinitialising_takes_the_masks_another_run_found_and_starts_the_schedule_at_its_start(cifar, plan_of):
    dense, (first, second) = levels(plan_of, cifar, "reinit", masks_from="runs/a")
    assert (first.weights, second.weights) == (Initial(1), Initial(2))
    assert (first.masks, second.masks) == (FromRun("runs/a", "level01"), FromRun("runs/a", "level02"))
    assert (first.start, first.stop, first.learning_rate) == (0, 62_560, dense.learning_rate)


def test_reinitialising_needs_a_run_to_take_masks_from(cifar, plan_of):
    with pytest.raises(UsageError, match="name their run by --masks_from"):
        levels(plan_of, cifar, "reinit")


def test_redensifying_trains_rewound_and_sparse_then_as_long_all_weights_at_the_last_rate(cifar, plan_of):
    dense, (sparse, again, second, _) = levels(plan_of, cifar, "redense")
    assert (sparse.weights, sparse.start, sparse.stop) == (Remembered(), 1000, 62_560)
    assert (again.name, again.role, again.sparsity) == ("level01_redense", "redense", 0.0)
    assert (again.weights, again.masks) == (EndOf("level01"), AllWeights())
    assert (again.start, again.stop) == (0, 62_560)
    assert again.learning_rate == LearningRate(dense.learning_rate.at(159), "constant", 160)
    assert again.learning_rate.base == pytest.approx(0.001)
    assert second.masks == Prune("level01", keep=7_145_186)


@pytest.mark.parametrize("retrain", registry.RETRAIN_POLICIES)
def test_under_every_policy_a_level_has_its_rung_of_the_ladder_and_its_name(cifar, plan_of, retrain):
    _, others = levels(plan_of, cifar, retrain, masks_from="runs/a")
    sparse = [phase for phase in others if phase.role == "sparse"]
    assert [(phase.name, phase.level) for phase in sparse] == [("level01", 1), ("level02", 2)]
    assert [round(phase.sparsity, 6) for phase in sparse] == [0.2, 0.36]
