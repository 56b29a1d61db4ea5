"""Groups of weights, by hand; N:M against TFMOT."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dsd_tf.errors import UsageError
from dsd_tf.sparsity.granularity import Blocks, Filters, NofM, SingleWeights, parse

SCORE = np.array([[1, 5, 3, 0], [5, 2, 4, 6]], np.float32)
EVERYTHING = np.ones((2, 4), bool)


@pytest.mark.parametrize(
    ("granularity", "expected"),
    [
        (SingleWeights(), [[1, 5, 3, 0], [5, 2, 4, 6]]),
        (Filters(), [3, 3.5, 3.5, 3]),
        (Blocks(1, 2), [[3, 1.5], [3.5, 5]]),
        (Blocks(2, 1), [[3, 3.5, 3.5, 3]]),
        (Blocks(2, 2, "max"), [[5, 6]]),
        (Blocks(1, 3), [[3, 0], [11 / 3, 6]]),
        (Blocks(1, 3, "max"), [[5, 0], [5, 6]]),
        (Blocks(3, 4), [[3.25]]),
    ],
)
def test_a_group_scores_the_mean_or_maximum_of_the_weights_it_holds(granularity, expected):
    assert granularity.pool(SCORE).tolist() == np.array(expected, np.float32).tolist()


@pytest.mark.parametrize(
    ("granularity", "expected"),
    [
        (SingleWeights(), [[1, 0, 1, 1], [0, 0, 1, 1]]),
        (Filters(), [1, 0, 2, 2]),
        (Blocks(1, 2), [[1, 2], [0, 2]]),
        (Blocks(2, 3), [[3, 2]]),
    ],
)
def test_weights_are_counted_by_group(granularity, expected):
    mask = np.array([[1, 0, 1, 1], [0, 0, 1, 1]], bool)
    assert granularity.count(mask).tolist() == expected


@pytest.mark.parametrize(
    ("granularity", "groups", "expected"),
    [
        (SingleWeights(), [[1, 0, 1, 1], [0, 0, 1, 1]], [[1, 0, 1, 1], [0, 0, 1, 1]]),
        (Filters(), [1, 0, 0, 1], [[1, 0, 0, 1], [1, 0, 0, 1]]),
        (Blocks(1, 2), [[1, 0], [0, 1]], [[1, 1, 0, 0], [0, 0, 1, 1]]),
        (Blocks(2, 3), [[0, 1]], [[0, 0, 0, 1], [0, 0, 0, 1]]),
        (Blocks(3, 1), [[1, 0, 1, 0]], [[1, 0, 1, 0], [1, 0, 1, 0]]),
    ],
)
def test_a_kept_group_keeps_all_its_weights(granularity, groups, expected):
    mask = granularity.expand(np.array(groups, bool), (2, 4))
    assert mask.tolist() == np.array(expected, bool).tolist()


def test_a_convolution_kernel_is_a_matrix_with_a_column_per_output():
    kernel = np.arange(2 * 1 * 3 * 2, dtype=np.float32).reshape(2, 1, 3, 2)
    assert Blocks(4, 1).pool(kernel).tolist() == [[3, 4], [9, 10]]
    assert Filters().pool(kernel).tolist() == [5, 6]
    mask = Blocks(4, 1).expand(np.array([[1, 0], [0, 0]], bool), kernel.shape)
    assert np.flatnonzero(mask).tolist() == [0, 2, 4, 6]


def test_two_of_four_along_the_input_channels():
    # a column per output, its inputs downwards
    score = np.array([[1, 5], [4, 5], [2, 5], [3, 5]], np.float32)
    mask = NofM(2, 4).mask(score, np.ones((4, 2), bool))
    assert mask.tolist() == np.array([[0, 1], [1, 1], [0, 0], [1, 0]], bool).tolist()


def test_a_ragged_last_group_keeps_at_most_n():
    score = np.array([[1], [4], [2], [3], [9], [7], [8]], np.float32)
    assert np.flatnonzero(NofM(2, 4).mask(score, np.ones((7, 1), bool))).tolist() == [1, 3, 4, 6]
    assert np.flatnonzero(NofM(2, 4).mask(score[:5], np.ones((5, 1), bool))).tolist() == [1, 3, 4]


def test_two_of_four_does_not_revive_what_is_not_allowed():
    score = np.array([[1], [4], [2], [3]], np.float32)
    allowed = np.array([[1], [0], [0], [0]], bool)
    assert NofM(2, 4).mask(score, allowed).tolist() == allowed.tolist()


def test_n_of_m_is_what_tfmot_makes_of_the_same_kernel():
    from dsd_tf.sparsity import schedules  # noqa: F401, I001  (makes importing TFMOT safe)
    from tensorflow_model_optimization.python.core.sparsity.keras import pruning_utils as tfmot

    score = np.random.default_rng(0).permutation(3 * 3 * 8 * 5).reshape(3, 3, 8, 5).astype(np.float32)
    kernel = tfmot.tf.constant(score)
    for n in (1, 2, 3):
        theirs = tfmot.generate_m_by_n_mask(tfmot.weights_rearrange(kernel), (4 - n, 4))
        theirs = tfmot.m_by_n_sparsity_mask_prepare(theirs, kernel.shape).numpy().astype(bool)
        assert np.array_equal(NofM(n, 4).mask(score, np.ones(score.shape, bool)), theirs)


@given(
    hnp.arrays(np.float32, hnp.array_shapes(min_dims=2, max_dims=4, max_side=7), elements=st.integers(0, 3)),
    st.integers(2, 5).flatmap(lambda m: st.tuples(st.integers(1, m - 1), st.just(m))),
)
def test_every_group_of_m_holds_n_weights_that_no_other_beats(score, pattern):
    n, m = pattern
    mask = NofM(n, m).mask(score, np.ones(score.shape, bool))
    for start in range(0, score.shape[-2], m):
        scores, kept = score[..., start : start + m, :], mask[..., start : start + m, :]
        assert (kept.sum(axis=-2) == min(n, scores.shape[-2])).all()
        lowest_kept = np.where(kept, scores, np.inf).min(axis=-2)
        assert (np.where(kept, -np.inf, scores).max(axis=-2) <= lowest_kept).all()


@given(
    hnp.array_shapes(min_dims=2, max_dims=4, max_side=6),
    st.integers(1, 4),
    st.integers(1, 4),
    st.data(),
)
def test_groups_partition_the_weights(shape, height, width, data):
    for granularity in (SingleWeights(), Filters(), Blocks(height, width), Blocks(height, width, "max")):
        groups = granularity.pool(np.zeros(shape, np.float32))
        kept = data.draw(hnp.arrays(bool, groups.shape))
        sizes = granularity.count(np.ones(shape, bool))
        mask = granularity.expand(kept, shape)
        assert mask.shape == shape
        assert np.count_nonzero(mask) == sizes[kept].sum()
        assert np.array_equal(granularity.count(mask), np.where(kept, sizes, 0))


@pytest.mark.parametrize(
    ("text", "granularity"),
    [
        ("weight", SingleWeights()),
        ("filter", Filters()),
        ("2:4", NofM(2, 4)),
        ("block:4x1", Blocks(4, 1)),
        ("block:1x16:max", Blocks(1, 16, "max")),
    ],
)
def test_a_granularity_is_parsed_from_what_it_prints(text, granularity):
    assert parse(text) == granularity
    assert str(granularity) == text


@pytest.mark.parametrize("text", ["", "weights", "2:", "block", "block:4", "block:4x1:min", "block:-1x2"])
def test_an_unknown_granularity_says_what_is_accepted(text):
    with pytest.raises(UsageError, match="weight, filter, N:M such as 2:4, or block:4x1"):
        parse(text)


@pytest.mark.parametrize("text", ["4:4", "0:4", "5:4"])
def test_a_pattern_that_keeps_all_or_nothing_is_refused(text):
    with pytest.raises(UsageError, match=f"pattern {text}: give N:M with 0 < N < M"):
        parse(text)


def test_a_block_without_a_side_is_refused():
    with pytest.raises(UsageError, match="block of 0x4"):
        parse("block:0x4")


def test_unknown_pooling_is_refused():
    with pytest.raises(UsageError, match="'AVG': give 'avg' or 'max'"):
        Blocks(4, 1, "AVG")


def test_n_of_m_needs_input_channels():
    with pytest.raises(UsageError, match=r"2:4 .* \(8,\)"):
        NofM(2, 4).mask(np.zeros(8, np.float32), np.ones(8, bool))
