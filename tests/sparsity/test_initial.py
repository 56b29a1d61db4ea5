"""Masks before training: global ranking with no layer left empty, rounds, and the ablation that draws anew."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsd_tf.errors import UsageError
from dsd_tf.sparsity.allocation import Allocation
from dsd_tf.sparsity.granularity import Filters, SingleWeights
from dsd_tf.sparsity.initial import prune_in_rounds, resampled
from dsd_tf.sparsity.masks import Masks

SCORES = {"a": np.array([[9, 8, 7], [6, 5, 4]], np.float32), "b": np.array([0.1, 0.3, 0.2], np.float32)}
SHAPES = {"a": (2, 3), "b": (3,)}


def chosen(density, scores=lambda masks: SCORES, rounds=1, allocation="global", granularity=None):
    shapes = {name: score.shape for name, score in scores(None).items()}
    return prune_in_rounds(scores, shapes, density, rounds, Allocation(allocation), granularity or SingleWeights())


def test_all_layers_are_ranked_together_and_each_keeps_its_best_weight():
    masks = chosen(4 / 9)
    assert (masks["a"] == [[True, True, True], [False, False, False]]).all()
    assert (masks["b"] == [False, True, False]).all()


def test_an_allocation_ranks_within_layers():
    masks = chosen(1 / 3, allocation="uniform")
    assert (masks["a"] == [[True, True, False], [False, False, False]]).all()
    assert (masks["b"] == [False, True, False]).all()


def test_groups_of_weights_are_chosen_as_one():
    masks = chosen(0.5, scores=lambda masks: {"a": SCORES["a"], "c": SCORES["a"] / 100}, granularity=Filters())
    assert (masks["a"] == [[True, True, False], [True, True, False]]).all()
    assert (masks["c"] == [[True, False, False], [True, False, False]]).all()


def test_rounds_lower_the_density_geometrically_by_the_scores_of_the_masks_so_far():
    seen = []

    def scores(masks):
        seen.append(masks and masks.kept)
        return {"a": np.arange(64, dtype=np.float32)}

    masks = chosen(1 / 8, scores, rounds=3)
    assert seen[1:] == [64, 32, 16]
    assert (np.flatnonzero(masks["a"]) == np.arange(56, 64)).all()


def test_a_weight_that_went_in_one_round_does_not_come_back_in_a_later_one():
    scores = iter([np.arange(8.0), np.arange(8.0), -np.arange(8.0)])
    masks = chosen(1 / 4, lambda masks: {"a": next(scores)}, rounds=2)
    assert (np.flatnonzero(masks["a"]) == [4, 5]).all()


def test_fewer_weights_than_layers_are_refused():
    with pytest.raises(UsageError, match="density 0.1 keeps 1 weights, fewer than the 2 layers"):
        chosen(0.1)


def test_scores_that_are_nan_are_refused_naming_the_layer():
    with pytest.raises(UsageError, match="scores of layer 'b' hold NaN"):
        chosen(0.5, lambda masks: SCORES | {"b": np.array([np.nan, 1, 2])})


def test_drawing_anew_keeps_the_numbers_of_every_layer_and_takes_the_largest_draws():
    draws = {"a": np.array([[1, 2, 3], [4, 5, 6]]), "b": np.array([3, 1, 2])}
    masks = resampled(chosen(4 / 9), lambda name, shape: draws[name])
    assert (masks["a"] == [[False, False, False], [True, True, True]]).all()
    assert (masks["b"] == [True, False, False]).all()


@given(st.lists(st.integers(1, 500), min_size=1, max_size=5), st.integers(0, 2**32 - 1))
def test_drawing_anew_never_changes_a_number(sizes, seed):
    generator = np.random.default_rng(seed)
    masks = Masks({str(i): np.arange(size) < generator.integers(1, size + 1) for i, size in enumerate(sizes)})
    drawn = resampled(masks, lambda name, shape: generator.random(shape))
    assert [np.count_nonzero(mask) for mask in drawn.values()] == [np.count_nonzero(mask) for mask in masks.values()]
