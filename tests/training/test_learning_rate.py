"""Learning rates, epoch by epoch."""

from __future__ import annotations

import math

import pytest

from dsd_tf.training.learning_rate import LearningRate


def test_a_constant_rate_stays():
    rate = LearningRate(0.1, epochs=160)
    assert [rate.at(epoch) for epoch in (0, 80, 159)] == [0.1, 0.1, 0.1]
    assert rate.last() == 0.1


def test_steps_drop_at_the_epochs_of_the_milestones():
    rate = LearningRate(0.1, "step", epochs=160, milestones=(80, 120), decay=0.1)
    rates = {epoch: rate.at(epoch) for epoch in (0, 79, 80, 119, 120, 159)}
    assert rates == pytest.approx({0: 0.1, 79: 0.1, 80: 0.01, 119: 0.01, 120: 0.001, 159: 0.001}, rel=1e-15)
    assert rate.last() == rate.at(159)


def test_other_kinds_have_no_milestones():
    assert LearningRate(0.1, epochs=10, milestones=(5,)).at(9) == 0.1


def test_a_cosine_starts_at_the_base_halves_half_way_and_never_reaches_zero_while_training():
    rate = LearningRate(0.2, "cosine", epochs=10)
    assert rate.at(0) == 0.2
    assert rate.at(5) == pytest.approx(0.1, rel=1e-15)
    assert rate.at(9) == pytest.approx(0.1 * (1 + math.cos(0.9 * math.pi)), rel=1e-15)
    assert rate.last() > 0


def test_it_reads_as_what_it_does():
    assert str(LearningRate(0.1, "step", 160, (80, 120), 0.1)) == "0.1 step, x0.1 at epoch 80, x0.1 at epoch 120"
    assert str(LearningRate(0.001, epochs=160)) == "0.001 constant"
