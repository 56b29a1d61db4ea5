"""Operators by hand, their drift, and states that keep a unit in every group."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from dsd_tf.edropout.find_gates import find_gates
from dsd_tf.edropout.population import (
    Evolution,
    Groups,
    bde_xor,
    edropout_code,
    random_states,
    states_with,
    three_others,
)

SEED = tf.constant([7, 8])


def bits(text: str) -> tf.Tensor:
    return tf.constant([letter == "1" for letter in text])


def test_the_published_operator_inverts_above_the_rate_where_the_others_agree_and_clears_where_they_differ():
    a, b, d = bits("1010 1010".replace(" ", "")), bits("11111111"), bits("11001100")
    uniform = tf.constant(4 * [0.95] + 4 * [0.85])
    assert edropout_code(a, b, d, uniform, 0.9).numpy().tolist() == bits("01001010").numpy().tolist()


def test_the_standard_operator_flips_below_the_rate_where_the_others_differ():
    a, b, d = bits("10101010"), bits("11111111"), bits("11001100")
    uniform = tf.constant(4 * [0.95] + 4 * [0.85])
    assert bde_xor(a, b, d, uniform, 0.9).numpy().tolist() == bits("10101001").numpy().tolist()


@pytest.mark.parametrize("population", [4, 5, 8])
def test_three_others_are_different_and_not_the_state_itself(population):
    for step in range(20):
        others = three_others(population, tf.random.fold_in(SEED, step)).numpy()
        for own, row in enumerate(others):
            assert len({own, *row}) == 4
            assert set(row) <= set(range(population))


def test_every_triple_of_others_is_as_likely():
    drawn = [tuple(three_others(4, tf.random.fold_in(SEED, step)).numpy()[0]) for step in range(600)]
    counts = [drawn.count(triple) for triple in set(drawn)]
    assert len(counts) == 6
    assert min(counts) > 60


def drift(operator: str, generations: int) -> list[float]:
    """The share of bits that are on in each generation if every candidate survives: means of 20 populations of 8."""
    candidates, shares = tf.function(Evolution(operator).candidates), np.zeros((20, generations))
    for number, row in enumerate(shares):
        seed = tf.constant([number, 8])
        states = tf.random.stateless_uniform([8, 2000], seed) < 0.5
        for step in range(generations):
            states = candidates(states, tf.random.fold_in(seed, step))
            row[step] = np.mean(states)
    return shares.mean(axis=0).tolist()


def test_without_selection_the_published_operator_drifts_to_two_fifths():
    shares = drift("edropout_code", 30)
    assert shares[0] == pytest.approx(0.478, abs=0.01)
    assert shares[4] == pytest.approx(0.425, abs=0.01)
    assert shares[9] == pytest.approx(0.399, abs=0.01)
    assert shares[29] == pytest.approx(0.395, abs=0.015)


def test_without_selection_the_standard_operator_does_not_drift():
    assert drift("bde_xor", 10)[-1] == pytest.approx(0.5, abs=0.02)


def test_candidates_are_a_function_of_states_and_seed():
    states = tf.random.stateless_uniform([4, 50], SEED) < 0.5
    again = [Evolution().candidates(states, seed).numpy() for seed in (SEED, SEED, SEED + 1)]
    assert np.array_equal(again[0], again[1])
    assert not np.array_equal(again[0], again[2])


def test_without_crossover_every_state_is_its_own_candidate():
    states = tf.random.stateless_uniform([4, 50], SEED) < 0.5
    assert np.array_equal(Evolution(crossover=0.0).candidates(states, SEED), states)


def test_a_group_without_a_unit_gets_one_and_others_stay_as_they_are(residual_network):
    groups = Groups(find_gates(residual_network))
    states = tf.constant([[False] * 13, [True] * 13, [True] * 3 + [False] * 7 + [True] * 3])
    found = groups.populated(states, SEED).numpy()
    by_gate = np.add.reduceat(found.astype(int), [0, 3, 7, 10], axis=1)
    assert by_gate.tolist() == [[1, 1, 1, 1], [3, 4, 3, 3], [3, 1, 1, 3]]


def test_which_unit_a_group_gets_back_is_left_to_chance(residual_network):
    groups = Groups(find_gates(residual_network))
    nothing = tf.zeros([200, 13], tf.bool)
    shares = groups.populated(nothing, SEED).numpy().mean(axis=0)
    assert shares[3:7] == pytest.approx([0.25] * 4, abs=0.1)


def test_random_states_have_the_asked_share_of_units_on(plain_network):
    groups = Groups(find_gates(plain_network))
    states = random_states(400, groups, 0.8, SEED).numpy()
    assert states.shape == (400, 23)
    assert states.mean() == pytest.approx(0.8, abs=0.02)


def test_states_can_have_a_given_number_of_units_on_in_each_group(plain_network):
    registry = find_gates(plain_network)
    states = states_with([1, 2, 2, 5, 4], 40, Groups(registry), SEED).numpy()
    by_gate = np.add.reduceat(states.astype(int), [gate.start for gate in registry.gates], axis=1)
    assert by_gate.tolist() == 40 * [[1, 2, 2, 5, 4]]
    assert len(np.unique(states, axis=0)) > 20
