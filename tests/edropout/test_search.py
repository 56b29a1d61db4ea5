"""Generations of the search, as a function of seed and step alone."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from dsd_tf.edropout.energy import energy
from dsd_tf.edropout.options import SearchOptions
from dsd_tf.edropout.population_forward import PopulationForward
from dsd_tf.edropout.search import UnitSearch
from dsd_tf.errors import UsageError


@pytest.fixture
def searching(residual_network, batch):
    """Makes a search on a fixed network; returns it and a function that makes one generation."""

    def make(**options):
        search = UnitSearch(residual_network, SearchOptions(population=4, **options), 12)
        images, labels = (tf.constant(array) for array in batch(residual_network))
        update = tf.function(search.update)
        return search, lambda step, scale=1.0: update(images * scale, labels, tf.constant(step, tf.int64))

    return make


def costs_of(search, images, labels) -> np.ndarray:
    forward = PopulationForward(search.registry)
    return energy(forward.logits(tf.constant(images), search.states.value, 1), labels).numpy()


def test_the_best_is_the_state_of_least_energy_on_the_batch(searching, residual_network, batch):
    search, generation = searching()
    generation(0)
    assert search.costs.numpy() == pytest.approx(costs_of(search, *batch(residual_network)), rel=1e-5)
    assert np.array_equal(search.best, search.states.numpy()[np.argmin(search.costs)])


def test_on_one_batch_the_least_energy_never_rises(searching):
    search, generation = searching()
    lowest = []
    for step in range(15):
        generation(step)
        lowest.append(search.costs.numpy().min())
    assert lowest == sorted(lowest, reverse=True)
    assert lowest[-1] < lowest[0]


def test_a_state_is_kept_where_its_candidate_is_no_better(searching):
    search, generation = searching()
    generation(0)
    before, costs = search.states.numpy(), search.costs.numpy()
    generation(1)
    for row, cost, old, old_cost in zip(search.states.numpy(), search.costs.numpy(), before, costs, strict=True):
        assert np.array_equal(row, old) == (cost == pytest.approx(old_cost, rel=1e-5))
        assert cost <= old_cost * (1 - 1e-5 * np.sign(old_cost)) or np.array_equal(row, old)


def test_parents_are_judged_by_the_batch_at_hand(searching):
    search, generation = searching(crossover=0.0)  # candidates equal their parents
    generation(0)
    before = search.costs.numpy()
    generation(1, scale=3.0)
    assert not np.array_equal(before, search.costs)


def test_parents_can_keep_the_energy_they_came_in_with(searching):
    search, generation = searching(crossover=0.0, reevaluate=False)
    generation(0)
    before = search.costs.numpy()
    generation(1, scale=3.0)
    worse = search.costs.numpy() == before
    assert worse.any()
    assert (search.costs.numpy() <= before).all()


def test_equal_seeds_and_steps_give_equal_states_whatever_came_before(searching):
    (whole, generation), (interrupted, begin), (resumed, go_on) = (searching(seed=5) for _ in range(3))
    for step in range(6):
        generation(step)
    for step in range(3):
        begin(step)
    go_on(77)
    for variable, stored in zip(resumed.variables, interrupted.variables, strict=True):
        variable.assign(stored)
    for step in range(3, 6):
        go_on(step)
    for found, expected in zip(resumed.variables, whole.variables, strict=True):
        assert np.array_equal(found, expected)


def test_other_seeds_begin_with_other_states(searching):
    assert not np.array_equal(searching(seed=1)[0].states, searching(seed=2)[0].states)


def test_when_frozen_nothing_changes_any_more(searching):
    search, generation = searching()
    generation(0)
    search.freeze()
    before = [variable.numpy() for variable in search.variables]
    generation(1)
    assert all(map(np.array_equal, before, search.variables))


def test_it_freezes_when_the_best_has_stayed_the_same_for_long_enough(searching):
    search, generation = searching(patience=3, crossover=0.0)
    frozen = []
    for step in range(4):
        generation(step)
        frozen.append(bool(search.frozen.numpy()))
    assert not any(frozen[:2])
    assert frozen[3]


def test_a_sparsity_weight_prefers_states_with_fewer_units(searching):
    plain, generation = searching()
    sparse, other = searching(sparsity_weight=1000.0)
    for step in range(10):
        generation(step)
        other(step)
    assert sparse.best.numpy().sum() < plain.best.numpy().sum()


def test_restarting_gives_the_states_of_the_beginning(searching):
    search, generation = searching()
    first = search.states.numpy()
    generation(0)
    search.freeze()
    search.restart()
    assert np.array_equal(first, search.states)
    assert not search.frozen.numpy()
    assert np.isinf(search.costs).all()


def test_figures_are_means_over_the_generations_of_an_epoch(searching):
    search, generation = searching()
    lowest, means = [], []
    for step in range(3):
        generation(step)
        lowest.append(search.costs.numpy().min())
        means.append(search.costs.numpy().mean())
    figures = search.figures()
    assert figures["energy_best"] == pytest.approx(np.mean(lowest), rel=1e-5)
    assert figures["energy_mean"] == pytest.approx(np.mean(means), rel=1e-5)
    assert figures["units_on"] == search.best.numpy().mean()
    assert figures["frozen"] is False
    search.begin_epoch()
    assert "energy_best" not in search.figures()


def test_units_that_are_on_are_counted_by_gate(searching):
    search, _ = searching()
    search.best.assign([True, False, True] + 4 * [True] + [False, False, True] + 3 * [False])
    assert search.on_by_gate() == [2, 4, 1, 0]


@pytest.mark.parametrize(
    "on", [{"stem": 1, "inner": 1, "last": 1}, {"stem": 4, "inner": 1, "last": 1, "logits inputs": 1}]
)
def test_numbers_of_units_of_another_network_are_refused(on, residual_network):
    with pytest.raises(UsageError, match="has other units than those that were counted, see (logits inputs|stem)"):
        UnitSearch(residual_network, SearchOptions(), 8, on)


def test_memory_for_less_than_one_state_is_refused(residual_network):
    options = SearchOptions(memory=1)
    with pytest.raises(
        UsageError, match="memory of 1 MiB is too little: one state of functional.* takes [0-9]+ MiB on a"
    ):
        UnitSearch(residual_network, options, 10_000)


def test_as_many_states_as_fit_are_evaluated_together(residual_network, monkeypatch):
    monkeypatch.setattr(PopulationForward, "peak_bytes", lambda self, batch: 2**20)
    at_a_time = {
        memory: UnitSearch(residual_network, SearchOptions(memory=memory), 8)._fold for memory in (0, 1, 3, 50)
    }
    assert at_a_time == {0: 1, 1: 1, 3: 2, 50: 8}
