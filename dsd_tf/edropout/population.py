"""Binary differential evolution of states: bool tensors [population, size], one bit per unit.

Every function is one of its arguments alone; random ones take a seed, int32 [2], for `tf.random.stateless_*`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from dsd_tf import registry
from dsd_tf.edropout.gates import GateRegistry

# (bits of a, b and d, uniform numbers, rate) -> mutant bits; all of shape [population, size]
Operator = Callable[[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, float], tf.Tensor]


def edropout_code(a: tf.Tensor, b: tf.Tensor, d: tf.Tensor, uniform: tf.Tensor, rate: float) -> tf.Tensor:
    """As the published code has it: above the rate, not a where b equals d, and off where they differ; a elsewhere.

    Biased: whatever the energies, the share of units that are on drifts to 0.4.
    """
    return tf.where(uniform > rate, tf.logical_not(a) & (b == d), a)


def bde_xor(a: tf.Tensor, b: tf.Tensor, d: tf.Tensor, uniform: tf.Tensor, rate: float) -> tf.Tensor:
    """Standard binary differential evolution: below the rate, a is flipped where b and d differ."""
    return tf.math.logical_xor(a, tf.math.logical_xor(b, d) & (uniform < rate))


class Evolution:
    """How candidates are made: by the operator of the registry's name, at a rate; `crossover` of the genes are its."""

    def __init__(self, operator: str = "edropout_code", mutation: float = 0.9, crossover: float = 0.9):
        self._operator = registry.resolve("--edropout_operator", registry.EDROPOUT_OPERATORS, operator)
        self._mutation, self._crossover = mutation, crossover

    def candidates(self, states: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """One for each state, made of three others; four states or more."""
        others, mutation, crossover = tf.unstack(tf.random.split(seed, 3))
        a, b, d = (tf.gather(states, other) for other in tf.unstack(three_others(states.shape[0], others), axis=1))
        mutant = self._operator(a, b, d, tf.random.stateless_uniform(states.shape, mutation), self._mutation)
        return tf.where(tf.random.stateless_uniform(states.shape, crossover) < self._crossover, mutant, states)


def three_others(population: int, seed: tf.Tensor) -> tf.Tensor:
    """For each of so many states three different others, uniformly: int32 [population, 3]."""
    draws = tf.random.stateless_uniform([population, population], seed)
    return tf.argsort(tf.linalg.set_diag(draws, tf.fill([population], np.inf)), axis=1)[:, :3]


class Groups:
    """The bits of each gate, of which one at least has to be on."""

    def __init__(self, gates: GateRegistry):
        self.size, self._of_bit = gates.size, gates.group
        self._starts = np.array([gate.start for gate in gates.gates], np.int32)
        self.sizes = [gate.units for gate in gates.gates]

    def populated(self, states: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """The states, with a random bit switched on in every group that had none."""
        on = tf.math.unsorted_segment_sum(tf.cast(tf.transpose(states), tf.int32), self._of_bit, len(self._starts))
        empty = tf.transpose(on) == 0
        draws = tf.random.stateless_uniform(empty.shape, seed)
        bits = self._starts + tf.cast(draws * np.array(self.sizes, np.float32), tf.int32)
        places = tf.stack([tf.broadcast_to(tf.range(states.shape[0])[:, None], bits.shape), bits], axis=-1)
        revived = tf.scatter_nd(places, tf.cast(empty, tf.int32), states.shape)
        return states | (revived > 0)


def states_with(on: Sequence[int], population: int, groups: Groups, seed: tf.Tensor) -> tf.Tensor:
    """States with so many bits of each group on, at random places."""
    draws = tf.random.stateless_uniform([population, groups.size], seed)
    parts = tf.split(draws, groups.sizes, axis=1)
    ranks = [tf.argsort(tf.argsort(part, axis=1), axis=1) for part in parts]
    return tf.concat([rank < count for rank, count in zip(ranks, on, strict=True)], axis=1)


def random_states(population: int, groups: Groups, probability: float, seed: tf.Tensor) -> tf.Tensor:
    """States whose bits are on with this probability, at least one in each group."""
    bits, revival = tf.unstack(tf.random.split(seed, 2))
    states = tf.random.stateless_uniform([population, groups.size], bits) < probability
    return groups.populated(states, revival)
