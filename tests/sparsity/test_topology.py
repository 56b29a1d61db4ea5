"""Topology rules: how much is dropped when, and at which steps gradients are read."""

from __future__ import annotations

import numpy as np
import pytest

from dsd_tf import randomness
from dsd_tf.errors import UsageError
from dsd_tf.sparsity.drop_and_grow import regrown
from dsd_tf.sparsity.topology import DropFraction, Topology


def test_the_cosine_is_that_of_the_released_code_of_hard_sample_learners():
    fraction = DropFraction(0.2, end=200, final=0.001)
    found = [fraction.at(epoch) for epoch in (4, 50, 100, 150, 196, 200)]
    assert found == pytest.approx([0.199804, 0.170857, 0.100500, 0.030143, 0.001196, 0.001], abs=5e-7)
    assert DropFraction(0.5, end=200, final=0.005).at(100) == pytest.approx(0.2525)


def test_the_cosine_falls_to_zero_by_default_and_stays_there():
    fraction = DropFraction(0.3, end=75)
    assert [fraction.at(step) for step in (0, 75, 100)] == [0.3, 0, 0]
    assert fraction.at(25) == pytest.approx(0.3 * 0.75)


def test_it_can_stay_constant_or_fall_with_the_cube_of_what_is_left():
    assert {DropFraction(0.3, 80, "constant").at(step) for step in (0, 40, 80, 100)} == {0.3}
    cubic = DropFraction(0.4, 80, "exponential")
    assert [cubic.at(step) for step in (0, 40, 80)] == [0.4, 0.05, 0]


def test_updates_are_due_every_so_many_steps_till_the_end():
    assert list(Topology(30, DropFraction(0.3, 100)).updates) == [30, 60, 90]
    assert list(Topology(50, DropFraction(0.3, 100)).updates) == [50, 100]


def test_a_rule_tells_its_growth_and_its_times():
    assert str(Topology(1500, DropFraction(0.3, 58_650), "gradient")) == "gradient growth every 1,500 steps till 58,650"


@pytest.mark.parametrize("execution", [1, 10, 30])
def test_the_last_gradient_is_read_where_an_update_follows_the_execution(execution):
    rule = Topology(30, DropFraction(0.3, 100), grow="gradient")
    starts = [start for start in range(0, 120, execution) if rule.gradient_is_read(start, start + execution)]
    assert starts == [update - execution for update in (30, 60, 90)]


def test_an_average_of_gradients_is_fed_by_every_step_before_the_last_update():
    rule = Topology(30, DropFraction(0.3, 100), grow="momentum")
    assert [start for start in range(120) if rule.gradient_is_read(start, start + 1)] == list(range(90))


def test_random_growth_reads_no_gradient():
    rule = Topology(30, DropFraction(0.3, 100))
    assert rule.gradient_decay is None
    assert not any(rule.gradient_is_read(start, start + 1) for start in range(120))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: DropFraction(1.1, 10), "initial drop fraction is 1.1: give a number in [0, 1]"),
        (lambda: DropFraction(0.3, 10, final=-1), "final drop fraction is -1: give a number in [0, 1]"),
        (lambda: DropFraction(0.3, 10, "cosin"), "unknown drop schedule 'cosin'; did you mean 'cosine'?"),
        (lambda: DropFraction(0.3, 0), "drop schedule ends at step 0: give at least 1"),
        (lambda: Topology(0, DropFraction(0.3, 10)), "update frequency must be at least 1 step, got 0"),
        (lambda: Topology(5, DropFraction(0.3, 10), grow="Gradient"), "unknown growth 'Gradient'; did you mean 'grad"),
        (lambda: Topology(5, DropFraction(0.3, 10), drop="size"), "unknown drop criterion 'size'; did you mean 'sign"),
        (lambda: Topology(11, DropFraction(0.3, 10)), "masks would never change: the first update is due at step 11"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(make, message):
    with pytest.raises(UsageError) as error:
        make()
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(("initial", "final", "density", "rate"), [
    (0.2, 0.001, 0.1, 0.477), (0.2, 0.001, 0.2, 0.761), (0.5, 0.005, 0.1, 0.766), (0.5, 0.005, 0.2, 0.959),
])  # fmt: skip
def test_fifty_random_updates_explore_as_much_as_expected(initial, final, density, rate):
    # expected share of weights that were on at some time, by the closed form for random dropping and growing
    rule, size = Topology(4, DropFraction(initial, 200, final=final)), 20_000
    generator = randomness.generator(0, "test_exploration")
    mask = np.arange(size) < density * size
    explored = mask.copy()
    for step in rule.updates:
        mask = regrown(generator.random(size), mask, generator.random(size), rule.fraction.at(step), rule.drop)
        explored |= mask
    assert explored.mean() == pytest.approx(rate, abs=0.01)
