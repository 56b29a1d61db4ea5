"""The search for the units of a network to keep: a population of states that evolves from batch to batch."""

from __future__ import annotations

import math
from collections.abc import Mapping

import keras
import numpy as np
import tensorflow as tf

from dsd_tf import randomness
from dsd_tf.edropout.bake import bake
from dsd_tf.edropout.energy import energy
from dsd_tf.edropout.find_gates import find_gates
from dsd_tf.edropout.forward import gates_in
from dsd_tf.edropout.options import SearchOptions
from dsd_tf.edropout.population import Evolution, Groups, random_states, states_with
from dsd_tf.edropout.population_forward import PopulationForward
from dsd_tf.edropout.trace import Trace, diversity
from dsd_tf.errors import UsageError

_MIB = 2**20
_MEMORY_OF_ACCELERATORS = 2048


class UnitSearch:
    """One generation per training batch, all of it in the graph of the training step.

    Attributes:
        registry: the gates of the network.
        states, costs: the population, bool [population, size], and what it costs on its last batch.
        best: the state of least cost, bool [size].
        frozen: whether the search is over, and `best` is for good.
        generations: how many there were.
        trace: what each of them came to since `begin_epoch`.

    Args:
        on: by gate, how many units are on in the first states, at random places; of all units about
            `options.probability` if None.

    Raises:
        UsageError: for a network without units to gate or with other gates than `on`, or too little memory for one
            state.
    """

    def __init__(
        self, network: keras.Model, options: SearchOptions, batch_size: int, on: Mapping[str, int] | None = None
    ):
        self.network, self.options = network, options
        self.registry = find_gates(network)
        self._forward = PopulationForward(self.registry)
        self._fold = self._states_at_a_time(batch_size)
        self._on = None if on is None else self._counts(on)
        self._groups = Groups(self.registry)
        self._evolution = Evolution(options.operator, options.mutation, options.crossover)
        self._seed = randomness.stateless_seed(options.seed, "edropout")
        size = self.registry.size
        self.states = _variable((options.population, size), "bool", "states")
        self.costs = _variable((options.population,), "float32", "costs")
        self.best = _variable((size,), "bool", "best")
        self.frozen = _variable((), "bool", "frozen")
        self._unchanged = _variable((), "int64", "unchanged")
        self.generations = _variable((), "int64", "generations")
        self.trace = Trace()
        self.restart()

    @property
    def variables(self) -> list[keras.Variable]:
        """All that the search goes on from."""
        return [self.states, self.costs, self.best, self.frozen, self.generations, self._unchanged]

    def restart(self) -> None:
        """Random states, as at the beginning of training."""
        options, seed = self.options, tf.random.fold_in(self._seed, -1)
        if self._on is None:
            states = random_states(options.population, self._groups, options.probability, seed)
        else:
            states = states_with(self._on, options.population, self._groups, seed)
        self.states.assign(states)
        self.best.assign(states[0])
        self.costs.assign(np.full(options.population, np.inf))
        self.frozen.assign(False)
        self.generations.assign(0)
        self._unchanged.assign(0)

    def freeze(self) -> None:
        """End the search: `best` is for good."""
        self.frozen.assign(True)

    @tf.autograph.experimental.do_not_convert
    def update(self, images: tf.Tensor, labels: tf.Tensor, step: tf.Tensor) -> None:
        """One generation on a batch, unless the search is over; random numbers are those of int64 `step`."""
        tf.cond(self.frozen.value, lambda: False, lambda: self._generation(images, labels, step))

    def _generation(self, images: tf.Tensor, labels: tf.Tensor, step: tf.Tensor) -> bool:
        making, repair = tf.unstack(tf.random.split(tf.random.fold_in(self._seed, step), 2))
        parents = self.states.value
        candidates = self._groups.populated(self._evolution.candidates(parents, making), repair)
        costs, of_candidates = self._both(images, labels, parents, candidates)
        better = of_candidates < costs
        self.states.assign(tf.where(better[:, None], candidates, parents))
        self.costs.assign(tf.where(better, of_candidates, costs))
        self._choose()
        self.generations.assign_add(1)
        return True

    def _both(
        self, images: tf.Tensor, labels: tf.Tensor, parents: tf.Tensor, candidates: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The costs of the states there are and of the new ones."""

        def of(states: tf.Tensor) -> tf.Tensor:
            energies = energy(self._forward.logits(images, states, self._fold), labels)
            return energies + self.options.sparsity_weight * tf.reduce_mean(tf.cast(states, tf.float32), axis=1)

        if self.options.reevaluate:
            return tuple(tf.split(of(tf.concat([parents, candidates], axis=0)), 2))
        known = self.costs.value
        return tf.cond(tf.reduce_all(tf.math.is_finite(known)), lambda: known, lambda: of(parents)), of(candidates)

    def _choose(self) -> None:
        best = tf.gather(self.states.value, tf.argmin(self.costs.value))
        same = tf.reduce_all(best == self.best.value)
        self._unchanged.assign(tf.where(same, self._unchanged.value + 1, 0))
        self.best.assign(best)
        if self.options.patience:
            self.frozen.assign(self._unchanged.value >= self.options.patience)
        self.trace.add(self.states.value, self.costs.value)

    def apply(self) -> None:
        """Zero the weights of all units that are not on in `best`; `dsd_tf.compact` then removes them."""
        bake(self.registry, self.best.numpy())

    def logits(self, images: tf.Tensor) -> tf.Tensor:
        """What the network says with the units of `best`, at inference."""
        with gates_in(self.network, self.registry, self.best.value):
            return self.network(images, training=False)

    def figures(self) -> dict[str, float | bool]:
        """What the search came to since `begin_epoch`; energies are means over generations, left out without one."""
        energies = {name: values for name, values in self.trace.arrays().items() if name.startswith("energy_")}
        return {name: float(values.mean()) for name, values in energies.items() if values.size} | {
            "units_on": float(np.mean(self.best.numpy())),
            "state_diversity": float(diversity(self.states.value)),
            "frozen": bool(self.frozen.numpy()),
        }

    def on_by_gate(self) -> list[int]:
        """How many units are on in `best`, gate by gate."""
        best = self.best.numpy()
        return [int(best[gate.bits].sum()) for gate in self.registry.gates]

    def begin_epoch(self) -> None:
        """Forget what the generations so far came to."""
        self.trace.clear()

    def _counts(self, on: Mapping[str, int]) -> list[int]:
        gates = {gate.name: gate.units for gate in self.registry.gates}
        wrong = [name for name in gates.keys() | on.keys() if not 0 < on.get(name, 0) <= gates.get(name, 0)]
        if wrong:
            raise UsageError(
                f"{self.network.name} has other units than those that were counted, see {min(wrong)}; "
                "count those of the same network"
            )
        return [on[name] for name in gates]

    def _states_at_a_time(self, batch_size: int) -> int:
        needed, memory = self._forward.peak_bytes(batch_size), self.options.memory
        if not memory and not tf.config.list_physical_devices("GPU"):
            return 1
        bound = (memory or _MEMORY_OF_ACCELERATORS) * _MIB
        if needed > bound:
            raise UsageError(
                f"memory of {bound // _MIB} MiB is too little: one state of {self.network.name} takes "
                f"{math.ceil(needed / _MIB)} MiB on a batch of {batch_size}; give as much or more"
            )
        population = self.options.population
        return max(n for n in range(1, population + 1) if population % n == 0 and n * needed <= bound)


def _variable(shape: tuple[int, ...], dtype: str, name: str) -> keras.Variable:
    return keras.Variable(np.zeros(shape), dtype=dtype, trainable=False, name=name)
