"""Gradual pruning: one phase under TFMOT's own schedules."""

from __future__ import annotations

import pytest
import tensorflow_model_optimization as tfmot

from dsd_tf.errors import UsageError
from dsd_tf.methods.plan import Facts
from dsd_tf.sparsity.schedules import due, sparsity_at

POLYNOMIAL = {"method": "gradual", "sparsity": 0.9, "begin": "2ep", "end": "80%", "frequency": "7it"}


def test_it_is_one_training_from_the_initial_weights(toy, plan_of):
    [phase] = plan_of(toy, **POLYNOMIAL)
    assert (phase.name, phase.level, phase.role, phase.sparsity) == ("gradual", 1, "sparse", 0.9)
    assert (phase.start, phase.stop) == (0, 200)


def test_the_polynomial_schedule_is_tfmots_cubic_from_dense_to_the_target(toy, plan_of):
    schedule = plan_of(toy, **POLYNOMIAL)[0].schedule
    assert isinstance(schedule, tfmot.sparsity.keras.PolynomialDecay)
    assert (schedule.begin_step, schedule.end_step, schedule.frequency, schedule.power) == (20, 160, 7, 3)
    assert (schedule.initial_sparsity, schedule.final_sparsity) == (0.0, 0.9)
    assert sparsity_at(schedule, 90) == pytest.approx(0.9 * (1 - 0.5**3), rel=1e-6)


def test_the_target_is_reached_though_the_window_is_no_multiple_of_the_frequency(toy, plan_of):
    schedule = plan_of(toy, **POLYNOMIAL | {"end": "161it"})[0].schedule
    assert due(schedule, 160, 161) == 161
    assert sparsity_at(schedule, 161) == pytest.approx(0.9, rel=1e-6)


def test_the_constant_schedule_is_tfmots_from_begin_on(toy, plan_of):
    schedule = plan_of(toy, **POLYNOMIAL | {"schedule": "constant"})[0].schedule
    assert isinstance(schedule, tfmot.sparsity.keras.ConstantSparsity)
    assert (schedule.begin_step, schedule.end_step, schedule.frequency) == (20, 160, 7)
    assert sparsity_at(schedule, 20) == pytest.approx(0.9, rel=1e-6)


def test_without_a_frequency_masks_change_a_hundred_times_per_training_and_at_most_every_step(cifar, toy, plan_of):
    def frequency(facts, epochs):
        return plan_of(facts, method="gradual", epochs=epochs)[0].schedule.frequency

    assert (frequency(cifar, 160), frequency(toy, 20), frequency(toy, 1)) == (626, 2, 1)


def test_a_schedule_that_ends_after_training_is_refused(toy, plan_of):
    with pytest.raises(UsageError, match="--end=200ep is step 2000, after training ends at step 200"):
        plan_of(toy, **POLYNOMIAL | {"end": "200ep"})


@pytest.mark.parametrize("end", ["2ep", "1ep"])
def test_a_schedule_without_a_window_is_refused(toy, plan_of, end):
    with pytest.raises(UsageError, match="--begin=2ep .step 20. must lie before --end="):
        plan_of(toy, **POLYNOMIAL | {"end": end})


def test_gmp_passes_the_sparsities_of_the_reference_code_and_reaches_the_target_which_that_does_not(plan_of):
    # 140 of 200 epochs, an update every 4 of them
    facts = Facts(steps_per_epoch=352, shapes={"a/kernel": (100, 10)})
    flags = {"sparsity": 0.9, "epochs": 200, "begin": "0", "end": "140ep", "frequency": "4ep", "schedule": "constant"}
    [phase] = plan_of(facts, method="gmp", **flags)
    updates = [step for step in range(phase.stop) if due(phase.schedule, step - 1, step) is not None]
    assert updates == list(range(0, 140 * 352 + 1, 4 * 352))
    found = [sparsity_at(phase.schedule, updates[k]) for k in (1, 5, 10, 17, 20, 30, 34)]
    assert found == pytest.approx([0.07496, 0.333236, 0.572012, 0.777579, 0.829155, 0.897376, 0.899979], abs=5e-6)
    assert sparsity_at(phase.schedule, updates[35]) == pytest.approx(0.9, rel=1e-7)
    assert (phase.name, phase.sparsity) == ("gmp", 0.9)
