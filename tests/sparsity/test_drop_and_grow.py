"""One update of a mask: which weights go, which come, and never one more or less."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dsd_tf.errors import UsageError
from dsd_tf.sparsity.drop_and_grow import DROPS, magnitude, regrown, sign, sign_hs

# three positive and five negative weights that are on, two that are off
WEIGHT = np.array([[0.3, -0.1, 0.0, 0.2, -0.5], [0.0, -0.4, 0.1, -0.2, -0.3]], np.float32)
MASK = WEIGHT != 0


def test_the_smallest_are_dropped_whatever_their_sign_their_number_rounded_down():
    kept = magnitude(WEIGHT, MASK, 0.45)  # 0.45 of 8 is 3.6
    assert (kept == [[True, False, False, True, True], [False, True, False, False, True]]).all()


def test_of_equal_weights_the_later_ones_are_dropped():
    weight, mask = np.full((2, 3), -0.5, np.float32), np.ones((2, 3), bool)
    assert (magnitude(weight, mask, 0.5) == [[True, True, True], [False, False, False]]).all()


def test_positive_and_negative_weights_can_lose_the_same_share_each():
    kept = sign(WEIGHT, MASK, 0.4)  # of 3 positives one, of 5 negatives two
    assert (kept == [[True, False, False, True, True], [False, True, False, False, True]]).all()
    assert (sign(WEIGHT, MASK, 0.2) == [[True, False, False, True, True], [False, True, True, True, True]]).all()


def test_a_weight_that_is_zero_and_on_is_dropped_first_among_the_positives():
    weight, mask = np.array([0.0, 0.1, -0.1, 0.2], np.float32), np.array([True, True, True, True])
    assert (sign(weight, mask, 0.34) == [False, True, True, True]).all()


def test_the_reference_code_drops_two_positives_and_one_negative_of_five_each_at_a_fifth():
    weight = np.array([-0.5, -0.4, -0.3, -0.2, -0.1, 0, 0, 0, 0.1, 0.2, 0.3, 0.4, 0.5], np.float32)
    kept = sign_hs(weight, weight != 0, 0.2)
    assert (weight[kept] == np.float32([-0.5, -0.4, -0.3, -0.2, 0.3, 0.4, 0.5])).all()
    assert np.count_nonzero(sign(weight, weight != 0, 0.2)) == 8


def test_the_reference_code_still_drops_one_of_each_sign_at_a_vanishing_share():
    weight = np.array([-0.5, -0.1, 0.1, 0.5], np.float32)
    assert (sign_hs(weight, weight != 0, 0.001) == [True, False, False, True]).all()
    assert sign(weight, weight != 0, 0.001).all()


def test_as_many_are_grown_where_the_growth_score_is_largest_those_just_dropped_included():
    growth = np.array([[9, 1, 2, 9, 9], [4, 9, 3, 9, 9]], np.float32)
    grown = regrown(WEIGHT, MASK, growth, 0.3, "magnitude")  # drops -0.1 and 0.1, whose scores are 1 and 3
    assert (grown == [[True, False, False, True, True], [True, True, True, True, True]]).all()


def test_a_layer_without_an_off_weight_stays_as_it_is():
    assert regrown(WEIGHT, np.ones((2, 5), bool), np.zeros((2, 5)), 0.5, "magnitude").all()


def test_nothing_moves_when_nothing_is_dropped():
    growth = np.arange(10, dtype=np.float32).reshape(2, 5)
    assert (regrown(WEIGHT, MASK, growth, 0.1, "magnitude") == MASK).all()


def test_a_layer_can_be_made_to_lose_or_gain_a_share_of_what_it_drops():
    weight, growth = np.arange(1, 101, dtype=np.float32), np.arange(100, dtype=np.float32)
    mask = weight > 50
    for extra, dropped, size in (((0.4, 0), 28, 42), ((0, 0.05), 20, 51), ((0.4, 0.05), 28, 43)):
        after = regrown(weight, mask, growth, 0.4, "magnitude", extra)
        assert np.count_nonzero(after) == size
        assert after[50 + dropped :].all()


def test_a_layer_grows_no_more_than_it_has_room_for():
    mask = np.arange(20) > 0
    assert regrown(np.ones(20), mask, np.ones(20), 1.0, "magnitude", (0.0, 0.5)).all()


@pytest.mark.parametrize(("weight", "growth", "what"), [(np.nan, 1, "weights"), (1, np.nan, "growth scores")])
def test_what_cannot_be_ranked_is_refused(weight, growth, what):
    with pytest.raises(UsageError, match=f"{what} hold NaN"):
        regrown(np.full(4, weight), np.array([True, True, False, False]), np.full(4, growth), 0.5, "magnitude")


LAYERS = st.integers(1, 40).flatmap(
    lambda size: st.tuples(
        hnp.arrays(np.float32, size, elements=st.sampled_from([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0])),
        hnp.arrays(bool, size),
        hnp.arrays(np.float32, size, elements=st.floats(0, 9, width=32)),
    )
)


@given(LAYERS, st.floats(0, 1), st.sampled_from(sorted(DROPS)))
def test_the_number_of_weights_stays_the_same_and_the_best_off_weights_are_the_ones_grown(layer, fraction, drop):
    weight, mask, growth = layer
    kept = DROPS[drop](weight, mask, fraction)
    after = regrown(weight, mask, growth, fraction, drop)
    assert np.count_nonzero(after) == np.count_nonzero(mask)
    assert not (kept & ~mask).any()
    assert not (kept & ~after).any()
    grown, left = growth[after & ~kept], growth[~after]
    assert not grown.size or not left.size or grown.min() >= left.max()
    for one_sign in (weight > 0, weight < 0):
        dropped, stayed = np.abs(weight[one_sign & mask & ~kept]), np.abs(weight[one_sign & kept])
        assert not dropped.size or not stayed.size or dropped.max() <= stayed.min()
