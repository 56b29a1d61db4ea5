"""Exactly k, largest first, ties by index."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dsd_tf.errors import UsageError
from dsd_tf.sparsity.select import keep_largest, keep_largest_across

SCORES = np.array([[1, 5, 3, 0], [5, 2, 4, 5]], np.float32)
ODD_COLUMNS = np.array([[0, 1, 0, 1], [0, 1, 0, 1]], bool)


def sorted_choice(scores: np.ndarray, keep: int, allowed: np.ndarray) -> np.ndarray:
    """The same rule by sorting."""
    order = sorted(np.flatnonzero(allowed), key=lambda index: (-scores.reshape(-1)[index], index))
    mask = np.zeros(scores.size, bool)
    mask[order[:keep]] = True
    return mask.reshape(scores.shape)


@pytest.mark.parametrize(
    ("keep", "expected"),
    [
        (0, [[0, 0, 0, 0], [0, 0, 0, 0]]),
        (1, [[0, 1, 0, 0], [0, 0, 0, 0]]),
        (2, [[0, 1, 0, 0], [1, 0, 0, 0]]),
        (3, [[0, 1, 0, 0], [1, 0, 0, 1]]),
        (5, [[0, 1, 1, 0], [1, 0, 1, 1]]),
        (7, [[1, 1, 1, 0], [1, 1, 1, 1]]),
        (8, [[1, 1, 1, 1], [1, 1, 1, 1]]),
    ],
)
def test_the_largest_are_kept_and_of_equal_scores_the_lower_index(keep, expected):
    mask = keep_largest(SCORES, keep)
    assert mask.dtype == bool
    assert mask.tolist() == np.array(expected, bool).tolist()


@pytest.mark.parametrize(
    ("keep", "expected"),
    [
        (1, [[0, 1, 0, 0], [0, 0, 0, 0]]),
        (2, [[0, 1, 0, 0], [0, 0, 0, 1]]),
        (3, [[0, 1, 0, 0], [0, 1, 0, 1]]),
        (4, [[0, 1, 0, 1], [0, 1, 0, 1]]),
    ],
)
def test_only_allowed_positions_are_kept(keep, expected):
    assert keep_largest(SCORES, keep, ODD_COLUMNS).tolist() == np.array(expected, bool).tolist()


def test_equal_scores_are_kept_from_the_front():
    mask = keep_largest(np.zeros((2, 4), np.float32), 5)
    assert mask.tolist() == np.array([[1, 1, 1, 1], [1, 0, 0, 0]], bool).tolist()


def test_the_index_that_breaks_ties_is_that_of_the_array_whatever_its_memory_order():
    scores = np.asfortranarray(np.zeros((2, 4), np.float32))
    assert keep_largest(scores, 3).tolist() == np.array([[1, 1, 1, 0], [0, 0, 0, 0]], bool).tolist()


def test_several_arrays_are_ranked_as_one_and_the_earlier_array_wins_ties():
    first, second = np.array([1, 3, 2], np.float32), np.array([[3, 0], [2, 2]], np.float32)
    masks = keep_largest_across([first, second], 4)
    assert [mask.tolist() for mask in masks] == [[False, True, True], [[True, False], [True, False]]]


def test_an_empty_array_among_others_has_an_empty_mask():
    masks = keep_largest_across([np.zeros((0, 3), np.float32), SCORES, np.arange(100.0)], 99)
    assert [mask.shape for mask in masks] == [(0, 3), (2, 4), (100,)]
    assert sum(np.count_nonzero(mask) for mask in masks) == 99


def test_allowed_has_no_copy_written_to_it():
    allowed = ODD_COLUMNS.copy()
    keep_largest(SCORES, 2, allowed)
    assert np.array_equal(allowed, ODD_COLUMNS)


def test_nan_scores_are_refused():
    with pytest.raises(UsageError, match="NaN"):
        keep_largest(np.array([1, np.nan], np.float32), 1)


@pytest.mark.parametrize("keep", [-1, 5])
def test_a_count_that_cannot_be_kept_is_refused_with_the_range(keep):
    with pytest.raises(UsageError, match=f"cannot keep {keep} of 4 weights: give a number from 0 to 4"):
        keep_largest(SCORES, keep, ODD_COLUMNS)


def test_large_arrays_with_many_ties_follow_the_same_rule():
    scores = np.random.default_rng(0).integers(0, 5, (300, 700)).astype(np.float32)
    allowed = np.random.default_rng(1).random((300, 700)) < 0.7
    order = np.argsort(-scores.reshape(-1), kind="stable")
    order = order[allowed.reshape(-1)[order]]
    for keep in (1, 1000, 100_000, order.size):
        expected = np.zeros(scores.size, bool)
        expected[order[:keep]] = True
        assert np.array_equal(keep_largest(scores, keep, allowed).reshape(-1), expected)


def by_sorting(scores: np.ndarray, keep: int) -> np.ndarray:
    mask = np.zeros(scores.size, bool)
    mask[np.argsort(-scores, kind="stable")[:keep]] = True
    return mask


@pytest.mark.parametrize("keep", [1, 30, 5000, 9950, 9999])
@pytest.mark.parametrize("everywhere_else", [-1, 2])
def test_a_sample_that_misleads_makes_no_difference(keep, everywhere_else):
    # 10 000 scores are sampled at every 23rd: 22 is their cube root, and the next number without a common divisor
    scores = np.full(10_000, everywhere_else, np.float32)
    scores[::23] = np.random.default_rng(0).random(435)
    assert np.array_equal(keep_largest(scores, keep), by_sorting(scores, keep))
    scores = np.random.default_rng(1).random(10_000, np.float32)
    scores[::23] = everywhere_else
    assert np.array_equal(keep_largest(scores, keep), by_sorting(scores, keep))


@pytest.mark.parametrize("pruned", [0.5, 0.9])
@pytest.mark.parametrize("keep", [10, 999, 1000, 1001, 4999, 5000, 5001, 9000])
def test_a_pile_of_equal_scores_is_cut_by_index_wherever_the_cut_falls(pruned, keep):
    scores = np.random.default_rng(0).random(10_000, np.float32)
    scores[scores < pruned] = 0
    assert np.array_equal(keep_largest(scores, keep), by_sorting(scores, keep))


@st.composite
def selections(draw):
    shape = draw(hnp.array_shapes(max_dims=3, max_side=6))
    values = st.sampled_from([-np.inf, -1.0, -0.0, 0.0, 0.0, 0.5, 0.5, 2.0, np.inf])
    scores = draw(hnp.arrays(np.float32, shape, elements=values))
    allowed = draw(hnp.arrays(bool, shape))
    return scores, draw(st.integers(0, int(allowed.sum()))), allowed


@given(selections())
def test_any_selection_equals_sorting_by_score_then_index(selection):
    scores, keep, allowed = selection
    mask = keep_largest(scores, keep, allowed)
    assert np.count_nonzero(mask) == keep
    assert np.array_equal(mask, sorted_choice(scores, keep, allowed))


@given(selections(), selections())
def test_selection_across_arrays_equals_selection_from_their_concatenation(first, second):
    scores = [first[0], second[0]]
    keep, allowed = first[1] + second[1], [first[2], second[2]]
    joined = keep_largest(
        np.concatenate([score.reshape(-1) for score in scores]),
        keep,
        np.concatenate([mask.reshape(-1) for mask in allowed]),
    )
    masks = keep_largest_across(scores, keep, allowed)
    assert np.array_equal(np.concatenate([mask.reshape(-1) for mask in masks]), joined)
