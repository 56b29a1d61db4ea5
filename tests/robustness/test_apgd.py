"""Auto-PGD: its windows, its steps, and what it finds."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import tensorflow as tf

from dsd_tf.robustness import attacks
from dsd_tf.robustness.apgd import Apgd, windows_ending_at
from dsd_tf.robustness.losses import cross_entropy, fooled, logits_ratio
from dsd_tf.robustness.pgd import Pgd
from dsd_tf.robustness.threat import Threat

SEED = tf.constant([1, 2])
THREATS = [Threat("linf", 0.1), Threat("l2", 0.3)]


def test_checkpoints_of_100_steps_are_those_of_the_paper():
    lengths = windows_ending_at(100)
    assert [step for step, length in enumerate(lengths) if length] == [22, 41, 57, 70, 80, 87, 93, 99]
    assert [length for length in lengths if length] == [22, 19, 16, 13, 10, 7, 6, 6]


@pytest.mark.parametrize("steps", [1, 3, 10, 57])
def test_windows_follow_each_other_without_gaps(steps):
    lengths = windows_ending_at(steps)
    assert len(lengths) == steps + 1
    ends = [0, *(step for step, length in enumerate(lengths) if length)]
    assert [lengths[end] for end in ends[1:]] == [later - end for end, later in itertools.pairwise(ends)]


@pytest.mark.parametrize("threat", THREATS, ids=str)
@pytest.mark.parametrize("loss", [cross_entropy, logits_ratio])
def test_it_stays_in_the_ball_and_in_the_range(mlp, examples, threat, loss):
    images, labels = examples
    found = Apgd(threat, loss, steps=30)(mlp, tf.constant(images), labels, SEED).numpy()
    moved = (found - images).reshape(len(images), -1)
    distance = np.linalg.norm(moved, axis=1) if threat.norm == "l2" else np.abs(moved).max(axis=1)
    assert (distance <= threat.epsilon * (1 + 1e-5)).all()
    assert found.min() >= 0 and found.max() <= 1


@pytest.mark.parametrize("threat", THREATS, ids=str)
def test_without_a_step_size_to_choose_it_finds_what_pgd_finds(mlp, examples, threat):
    images, labels = tf.constant(examples[0]), examples[1]
    tuned = Pgd(threat, steps=30, step=threat.step, random_start=True)(mlp, images, labels, SEED)
    found = Apgd(threat, cross_entropy, steps=30)(mlp, images, labels, SEED)
    broken = fooled(labels, mlp(found)).numpy()
    assert not (fooled(labels, mlp(tuned)).numpy() & ~broken).any()
    unbroken = ~broken
    of_pgd = cross_entropy(labels, mlp(tuned)).numpy()[unbroken]
    assert (cross_entropy(labels, mlp(found)).numpy()[unbroken] >= of_pgd - 1e-3).all()


def test_logits_scaled_up_blind_the_cross_entropy_but_not_the_ratio(mlp, examples):
    """At a scale of a thousand the softmax saturates: the gradient of the cross-entropy is exactly zero."""
    images, labels = tf.constant(examples[0]), examples[1]

    def scaled(points):
        return 1e4 * mlp(points)

    by_loss = {
        loss: float(tf.reduce_mean(tf.cast(fooled(labels, scaled(attack)), tf.float32)))
        for loss in (cross_entropy, logits_ratio)
        for attack in [Apgd(THREATS[0], loss, steps=20)(scaled, images, labels, SEED)]
    }
    assert by_loss[logits_ratio] > by_loss[cross_entropy]


def test_a_step_that_overshoots_is_halved_until_it_helps():
    """The loss is highest at one point of the ball: steps of twice epsilon leap over it, the end is at most one off."""
    summit = 0.53

    def peaked(points):
        height = -tf.square(tf.reshape(points, (-1, 1)) - summit)
        return tf.concat([tf.zeros_like(height), height], axis=1)

    image = tf.fill((1, 1, 1, 1), 0.5)
    found = Apgd(Threat("linf", 0.1), cross_entropy, steps=100)(peaked, image, tf.constant([0]), SEED)
    assert float(found[0, 0, 0, 0]) == pytest.approx(summit, abs=2e-3)


def test_attacks_by_name_have_their_usual_numbers():
    linf, l2 = Threat.parse("linf", ""), Threat.parse("l2", "")
    assert attacks.fgsm(linf) == Pgd(linf, steps=1, step=8 / 255, random_start=False)
    assert attacks.pgd20(linf) == Pgd(linf, steps=20, step=2 / 255, random_start=True)
    assert attacks.pgd20(l2).step == 15 / 255
    assert attacks.pgd50_restarts(linf).passes == 10 * 51
    assert (attacks.apgd_ce(linf).passes, attacks.apgd_dlr(l2).loss) == (101, logits_ratio)
