"""What a search came to, generation by generation."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

FIGURES = ("energy_best", "energy_mean", "units_on", "state_diversity")


class Trace:
    """A row of FIGURES for every generation since the last `clear`; rows are added in the graph of the search.

    Energies are the least and the mean one of the population; `units_on` is the share of bits that are on in the best
    state, `state_diversity` the mean share of bits in which two different states differ.
    """

    def __init__(self):
        self._rows = tf.Variable(tf.zeros([0, len(FIGURES)]), shape=[None, len(FIGURES)], trainable=False)

    def clear(self) -> None:
        """Forget all rows."""
        self._rows.assign(tf.zeros([0, len(FIGURES)]))

    def add(self, states: tf.Tensor, costs: tf.Tensor) -> None:
        """A row for a population, bool [population, size], of these costs, float32 [population]."""
        best = tf.gather(states, tf.argmin(costs))
        row = (
            tf.reduce_min(costs),
            tf.reduce_mean(costs),
            tf.reduce_mean(tf.cast(best, tf.float32)),
            diversity(states),
        )
        self._rows.assign(tf.concat([self._rows, tf.stack(row)[None]], axis=0))

    def arrays(self) -> dict[str, np.ndarray]:
        """Every figure by generation, float32 [generations]."""
        return dict(zip(FIGURES, self._rows.numpy().T, strict=True))


def diversity(states: tf.Tensor) -> tf.Tensor:
    """The mean share of bits in which two different states of a population, bool [population, size], differ."""
    count, on = states.shape[0], tf.reduce_sum(tf.cast(states, tf.float32), axis=0)
    return tf.reduce_mean(2 * on * (count - on)) / (count * (count - 1))
