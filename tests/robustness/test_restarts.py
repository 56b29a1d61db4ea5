"""The best of several attempts."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from dsd_tf.robustness.losses import cross_entropy, fooled
from dsd_tf.robustness.pgd import Pgd
from dsd_tf.robustness.restarts import Best, Restarted
from dsd_tf.robustness.threat import Threat

ATTACK = Pgd(Threat("linf", 0.05), steps=2, step=0.02, random_start=True)


def best(fooled: list[bool], losses: list[float], value: float) -> Best:
    return Best(tf.fill((len(fooled), 1, 1, 1), value), tf.constant(fooled), tf.constant(losses))


def test_what_fools_goes_before_what_only_costs_and_of_equals_the_higher_loss_does():
    first = best([True, False, False, True], [1.0, 9.0, 2.0, 3.0], 0.0)
    other = best([False, True, False, True], [9.0, 1.0, 3.0, 2.0], 1.0)
    chosen = first.or_better(other)
    assert chosen.images.numpy().ravel().tolist() == [0.0, 1.0, 1.0, 0.0]
    assert chosen.fooled.numpy().tolist() == [True, True, False, True]
    assert chosen.losses.numpy().tolist() == [1.0, 1.0, 3.0, 3.0]


def test_restarts_find_at_least_what_each_attempt_found(mlp, examples):
    images, labels = tf.constant(examples[0]), examples[1]
    seed = tf.constant([5, 6])
    found = Restarted(ATTACK, times=4)(mlp, images, labels, seed)
    attempts = [
        ATTACK(mlp, images, labels, tf.random.experimental.stateless_fold_in(seed, number)) for number in range(4)
    ]
    assert any(not np.array_equal(attempts[0], attempt) for attempt in attempts)
    broken = [fooled(labels, mlp(attempt)).numpy() for attempt in attempts]
    assert fooled(labels, mlp(found)).numpy().tolist() == np.any(broken, axis=0).tolist()
    losses = np.max([cross_entropy(labels, mlp(attempt)) for attempt in attempts], axis=0)
    unbroken = ~np.any(broken, axis=0)
    np.testing.assert_allclose(cross_entropy(labels, mlp(found)).numpy()[unbroken], losses[unbroken], rtol=1e-6)


def test_a_restart_costs_one_more_pass_to_see_what_came_out():
    assert Restarted(ATTACK, times=4).passes == 4 * 3
