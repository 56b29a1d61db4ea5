"""Iterative pruning: the ladders of the papers, weight by weight."""

from __future__ import annotations

import pytest

from dsd_tf.methods.plan import Prune

# Quetu & Tartaglione 2024: 1 - 0.8^i in percent, i = 0 .. 20
DSD2 = [0, 20, 36, 48.8, 59.04, 67.23, 73.79, 79.03, 83.22, 86.58, 89.26]
DSD2 += [91.41, 93.13, 94.50, 95.60, 96.48, 97.19, 97.75, 98.20, 98.56, 98.85]


def test_the_dsd2_recipe_is_35_whole_trainings_down_to_5662_weights(cifar, plan_of):
    plan = plan_of(
        cifar,
        method="iterative",
        retrain="rewind_lr",
        rounds=34,
        prune_fraction=0.2,
        epochs=160,
        lr_schedule="step",
    )
    assert [phase.name for phase in plan[:3]] == ["dense", "level01", "level02"]
    assert len(plan) == 35
    assert {(phase.start, phase.stop) for phase in plan} == {(0, 62_560)}
    assert {phase.learning_rate for phase in plan} == {plan[0].learning_rate}
    assert [round(100 * phase.sparsity, 2) for phase in plan[:21]] == DSD2
    assert [phase.masks.keep for phase in plan[1:4]] == [8_931_482, 7_145_186, 5_716_149]
    assert plan[-1].masks == Prune("level33", keep=5_662)


def test_each_level_prunes_what_the_level_before_ended_with(toy, plan_of):
    plan = plan_of(toy, method="iterative", rounds=3, prune_fraction=0.5)
    assert [phase.masks for phase in plan[1:]] == [
        Prune("dense", keep=50),
        Prune("level01", keep=25),
        Prune("level02", keep=13),  # 12.5 is removed: halves round to even
    ]
    assert [phase.sparsity for phase in plan] == pytest.approx([0, 0.5, 0.75, 0.87], abs=1e-12)


def test_after_a_redense_phase_the_sparse_level_is_pruned_on(toy, plan_of):
    plan = plan_of(toy, method="iterative", retrain="redense", rounds=2)
    assert [phase.name for phase in plan] == [
        "dense",
        "level01",
        "level01_redense",
        "level02",
        "level02_redense",
    ]
    assert plan[3].masks == Prune("level01", keep=64)


def test_without_rounds_the_ladder_ends_at_exactly_the_sparsity(toy, plan_of):
    plan = plan_of(toy, method="iterative", sparsity=0.7, prune_fraction=0.5)
    assert [phase.masks.keep for phase in plan[1:]] == [50, 30]


def test_a_ladder_ends_when_nothing_can_be_removed(plan_of, toy):
    plan = plan_of(toy, method="iterative", rounds=40, prune_fraction=0.5)
    assert [phase.masks.keep for phase in plan[1:]] == [50, 25, 13, 7, 3, 1]


@pytest.mark.parametrize("allocation", ["uniform", "erk", "er", "igq"])
def test_other_allocations_share_out_the_density_of_a_rung(toy, plan_of, allocation):
    plan = plan_of(toy, method="iterative", rounds=2, allocation=allocation)
    assert [phase.masks for phase in plan[1:]] == [
        Prune("dense", density=0.8),
        Prune("level01", density=0.64),
    ]
