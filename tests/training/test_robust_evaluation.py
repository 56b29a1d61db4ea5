"""Accuracy under attack: exact counts, by the example."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import tensorflow as tf

from dsd_tf.data.images import Images
from dsd_tf.robustness.attacks import pgd20
from dsd_tf.robustness.threat import Threat
from dsd_tf.training.robust_evaluation import RobustEvaluator

IMAGES = Images(np.array([0, 100, 120, 140, 255], np.uint8).reshape(5, 1, 1, 1), np.array([0, 0, 0, 1, 0], np.int32))


def brighter(images: tf.Tensor) -> tf.Tensor:
    """Class 1 above the middle of the range, class 0 below it."""
    brightness = tf.reshape(images, (-1, 1)) - 0.5
    return tf.concat([-brightness, brightness], axis=1)


@dataclass(frozen=True)
class Shift:
    """Adds to every pixel, and writes down which images it got."""

    amount: float
    passes: int = 1

    def __call__(self, logits, images, labels, seed):
        return images + self.amount


def evaluator(batch_size: int = 2) -> RobustEvaluator:
    return RobustEvaluator(brighter, IMAGES, batch_size, seed=0)


EVERYTHING = np.ones(5, bool)


@pytest.mark.parametrize("batch_size", [1, 2, 500])
def test_without_an_attack_it_is_plain_accuracy(batch_size):
    assert evaluator(batch_size).right(None, EVERYTHING).tolist() == [True, True, True, True, False]


def test_an_attack_costs_the_examples_it_can_reach():
    assert evaluator()(Shift(0.04)).robust_accuracy == 3 / 5
    found = evaluator()(Shift(0.2))
    assert (found.clean_accuracy, found.robust_accuracy, found.examples) == (4 / 5, 2 / 5, 5)


def test_what_is_wrong_already_stays_wrong_whatever_the_attack_does():
    assert evaluator()(Shift(-0.6)).robust_accuracy == 3 / 5  # the white image, labelled 0, would now be right


def test_only_the_examples_asked_for_are_attacked_and_counted():
    reached = []
    among = np.array([True, False, True, True, False])
    assert evaluator().right(Shift(0.0), among, reached.append).tolist() == [True, False, True, True, False]
    assert reached == [2, 3]


def test_a_real_attack_finds_what_the_radius_allows():
    # 120 and 140 are 0.03 and 0.05 from the middle
    for epsilon, right in ((0.02, 4), (0.04, 3), (0.07, 2)):
        found = evaluator()(pgd20(Threat("linf", epsilon)))
        assert found.robust_accuracy == right / 5


def test_random_starts_are_drawn_by_the_seed_and_differ_between_batches():
    """The attack gives random images: what is right is drawn."""

    @dataclass(frozen=True)
    class Noise:
        passes: int = 1

        def __call__(self, logits, images, labels, seed):
            return tf.random.stateless_uniform(tf.shape(images), seed)

    many = Images(np.zeros((64, 1, 1, 1), np.uint8), np.zeros(64, np.int32))
    everything = np.ones(64, bool)
    first, again, other = (
        RobustEvaluator(brighter, many, 32, seed).right(Noise(), everything).tolist() for seed in (0, 0, 1)
    )
    assert first == again != other
    assert first[:32] != first[32:]
