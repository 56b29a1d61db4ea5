"""Steps per call into TensorFlow: as many as possible with a pause wherever a callback has to act."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dsd_tf.experiment.execution import steps_per_execution
from dsd_tf.methods.dsd import plan as dsd
from dsd_tf.methods.dynamic import gradient_growth as rigl
from dsd_tf.methods.gradual import plan as gradual
from dsd_tf.methods.iterative import plan as iterative
from dsd_tf.methods.plan import Facts
from dsd_tf.settings import Settings


def chosen(method, facts, step_flops=1.0, wanted=0, **settings) -> int:
    plan = method(Settings(**settings), facts)
    return steps_per_execution(plan, facts.steps_per_epoch, step_flops, wanted)


def facts(steps_per_epoch: int) -> Facts:
    return Facts(steps_per_epoch, {"a": (10, 10)})


def test_nothing_to_pause_for_leaves_the_most_that_make_sense():
    assert chosen(dsd, facts(391)) == 32
    assert chosen(dsd, facts(5)) == 5


def test_networks_with_much_arithmetic_gain_nothing_from_more():
    assert chosen(dsd, facts(391), step_flops=1e9) == 8
    assert chosen(dsd, facts(391), step_flops=1e12) == 1


def test_what_the_user_wants_is_kept_within_what_phases_need():
    assert chosen(dsd, facts(391), wanted=7) == 7
    assert chosen(dsd, facts(391), wanted=1) == 1
    assert chosen(dsd, facts(5), wanted=16) == 5
    assert chosen(iterative, facts(391), wanted=7, rewind_to="1000it") == 2


@pytest.mark.parametrize(("rewind_to", "size"), [("1000it", 2), ("2ep", 32), ("0", 32), ("406it", 15), ("392it", 1)])
def test_weights_are_remembered_between_two_calls(rewind_to, size):
    # step 1000 is batch 218 of its epoch
    assert chosen(iterative, facts(391), rewind_to=rewind_to) == size


@pytest.mark.parametrize(("frequency", "size"), [("30it", 30), ("10it", 10), ("60it", 30), ("45it", 15), ("1ep", 32)])
def test_masks_change_between_two_calls(frequency, size):
    assert chosen(gradual, facts(90), begin="1ep", end="10ep", frequency=frequency) == size


@pytest.mark.parametrize(("update_every", "size"), [("30it", 30), ("45it", 15), ("1ep", 32), ("7it", 1)])
def test_masks_move_between_two_calls(update_every, size):
    assert chosen(rigl, facts(90), update_every=update_every) == size


def test_a_phase_that_begins_inside_an_epoch_counts_its_calls_from_there():
    phase = gradual(Settings(begin="0", end="1ep", frequency="10it"), facts(90))[0]
    inside = replace(phase, start=5, schedule=type(phase.schedule)(0.0, 0.9, 25, 65, frequency=20))
    assert steps_per_execution([inside], 90, 1.0) == 20
