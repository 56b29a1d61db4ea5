"""The energy is minus ten times the mean margin."""

from __future__ import annotations

import numpy as np
import pytest

from dsd_tf.edropout.energy import energy


def test_a_margin_of_one_everywhere_costs_minus_ten():
    logits = np.array([[3, 2, 0], [-1, -2, -1 - 1]], np.float32)
    assert float(energy(logits, np.array([0, 0]))) == -10


def test_exchanging_target_and_runner_up_changes_the_sign():
    logits = np.array([[4.0, 1.0, 0.0]], np.float32)
    assert float(energy(logits, np.array([0]))) == -float(energy(logits, np.array([1]))) == -30


def test_it_is_the_mean_over_examples_and_one_number_for_each_state():
    logits = np.array([[[2, 0], [0, 0]], [[0, 5], [0, 5]]], np.float32)
    assert energy(logits, np.array([0, 0])).numpy().tolist() == [-10, 50]


def test_it_has_no_bounds():
    assert float(energy(np.array([[1e6, 0]], np.float32), np.array([0]))) == pytest.approx(-1e7)
