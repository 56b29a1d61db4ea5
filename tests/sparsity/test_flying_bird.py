"""When Flying Bird+ makes a network smaller or larger."""

from __future__ import annotations

import pytest

from dsd_tf.sparsity.flying_bird import extra_changes


def epochs(train, validation, key="validation_accuracy"):
    return [{"train_accuracy": a, key: b} for a, b in zip(train, validation, strict=True)]


RISING = [0.5, 0.6, 0.7, 0.8, 0.9]


@pytest.mark.parametrize(
    ("validation", "changes"),
    [
        ([0.4, 0.5, 0.6, 0.7, 0.85], (0, 0)),  # keeps up, and rises
        ([0.4, 0.45, 0.5, 0.65, 0.8], (0.4, 0)),  # falls behind twice in four epochs, and rises
        ([0.4, 0.55, 0.5, 0.65, 0.65], (0.4, 0.05)),  # falls behind twice, and does not rise twice
        ([0.4, 0.45, 0.6, 0.75, 0.9], (0, 0)),  # falls behind once
    ],
)
def test_it_shrinks_a_network_that_overfits_and_enlarges_one_that_stalls(validation, changes):
    assert extra_changes(epochs(RISING, validation)) == changes


def test_a_network_that_learns_nothing_is_enlarged_alone():
    assert extra_changes(epochs([0.5] * 5, [0.4] * 5)) == (0, 0.05)


def test_only_the_last_four_epochs_count():
    assert extra_changes(epochs([0.1, 0.5, *RISING], [0.1, 0.1, 0.4, 0.5, 0.6, 0.7, 0.85])) == (0, 0)


@pytest.mark.parametrize("count", range(5))
def test_nothing_is_done_before_there_are_five_epochs(count):
    assert extra_changes(epochs(RISING[:count], [0.4] * count)) == (0, 0)


def test_robust_accuracy_counts_where_it_is_measured_and_epochs_without_validation_do_not():
    figures = epochs(RISING, [0.4, 0.45, 0.5, 0.65, 0.8], "validation_robust_accuracy")
    for figure in figures:
        figure["validation_accuracy"] = figure["train_accuracy"]
    figures.insert(2, {"train_accuracy": 0.9})
    assert extra_changes(figures) == (0.4, 0)
