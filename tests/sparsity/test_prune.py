"""Score x allocation x granularity by hand, and the ladders of iterative pruning."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dsd_tf.errors import UsageError
from dsd_tf.sparsity.allocation import Allocation, erk, explicit
from dsd_tf.sparsity.granularity import Blocks, Filters, NofM, SingleWeights
from dsd_tf.sparsity.masks import Masks
from dsd_tf.sparsity.prune import ladder, ladder_to, remaining_after, select_masks

GLOBAL, UNIFORM = Allocation("global"), Allocation("uniform")
WEIGHTS = SingleWeights()
SCORES = {
    "a": np.array([[1, 5, 3, 0], [5, 2, 4, 6]], np.float32),
    "b": np.array([[9, 5], [0, 7]], np.float32),
}


def bits(masks: Masks) -> dict[str, list]:
    return {name: mask.astype(int).tolist() for name, mask in masks.items()}


def test_uniform_keeps_the_same_share_of_each_layer():
    masks = select_masks(SCORES, density=0.5, allocation=UNIFORM, granularity=WEIGHTS)
    assert bits(masks) == {"a": [[0, 1, 0, 0], [1, 0, 1, 1]], "b": [[1, 0], [0, 1]]}


def test_global_ranks_all_layers_together():
    masks = select_masks(SCORES, density=0.5, allocation=GLOBAL, granularity=WEIGHTS)
    assert bits(masks) == {"a": [[0, 1, 0, 0], [1, 0, 0, 1]], "b": [[1, 1], [0, 1]]}


def test_global_breaks_ties_by_layer_then_index():
    masks = select_masks(SCORES, keep=4, allocation=GLOBAL, granularity=WEIGHTS)
    assert bits(masks) == {"a": [[0, 1, 0, 0], [0, 0, 0, 1]], "b": [[1, 0], [0, 1]]}


def test_global_may_empty_a_layer_which_is_then_reported():
    masks = select_masks(SCORES, keep=2, allocation=GLOBAL, granularity=WEIGHTS, density=None)
    assert bits(masks) == {"a": [[0, 0, 0, 0], [0, 0, 0, 0]], "b": [[1, 0], [0, 1]]}
    assert masks.emptied() == ["a"]


def test_an_explicit_table_is_followed_whatever_the_density():
    allocation = explicit({"a": 0.25, "b": 1.0})
    masks = select_masks(SCORES, density=0.9, allocation=allocation, granularity=WEIGHTS)
    assert bits(masks) == {"a": [[0, 1, 0, 0], [0, 0, 0, 1]], "b": [[1, 1], [1, 1]]}


@pytest.mark.parametrize(("allocation", "kept"), [(UNIFORM, 2), (GLOBAL, 1)])
def test_at_least_one_weight_is_kept_per_layer_or_overall(allocation, kept):
    masks = select_masks(SCORES, density=0.001, allocation=allocation, granularity=WEIGHTS)
    assert masks.kept == kept


@pytest.mark.parametrize(
    ("size", "sparsity", "kept"),
    [(120, 0.5, 60), (8, 0.8, 2), (30, 0.1, 27), (10, 0.75, 2), (10, 0.65, 4)],
)
def test_the_count_is_rounded_with_halves_to_even(size, sparsity, kept):
    scores = {"a": np.arange(size, dtype=np.float32)}
    for allocation in (UNIFORM, GLOBAL):
        masks = select_masks(scores, density=1 - sparsity, allocation=allocation, granularity=WEIGHTS)
        assert masks.kept == kept


def test_erk_counts_on_a_whole_network(shapes_of):
    shapes = shapes_of("resnet18/10")
    generator = np.random.default_rng(0)
    scores = {name: generator.random(shape, dtype=np.float32) for name, shape in shapes.items()}
    masks = select_masks(scores, density=0.1, allocation=Allocation("erk"), granularity=WEIGHTS)
    expected = {name: round(density * math.prod(shapes[name])) for name, density in erk(shapes, 0.1).items()}
    assert {name: np.count_nonzero(mask) for name, mask in masks.items()} == expected


def test_pruning_again_chooses_among_what_is_left():
    before = Masks({"a": np.array([[1, 0, 1, 1], [1, 1, 1, 0]], bool), "b": np.array([[0, 1], [1, 1]], bool)})
    masks = select_masks(SCORES, density=0.25, allocation=UNIFORM, granularity=WEIGHTS, allowed=before)
    assert bits(masks) == {"a": [[0, 0, 0, 0], [1, 0, 1, 0]], "b": [[0, 0], [0, 1]]}
    masks = select_masks(SCORES, keep=3, allocation=GLOBAL, granularity=WEIGHTS, allowed=before)
    assert bits(masks) == {"a": [[0, 0, 0, 0], [1, 0, 0, 0]], "b": [[0, 1], [0, 1]]}


def test_a_layer_with_less_left_than_its_target_keeps_what_is_left():
    before = Masks({"a": np.array([[0, 0, 0, 1], [0, 0, 0, 0]], bool), "b": np.ones((2, 2), bool)})
    masks = select_masks(SCORES, density=0.5, allocation=UNIFORM, granularity=WEIGHTS, allowed=before)
    assert bits(masks) == {"a": [[0, 0, 0, 1], [0, 0, 0, 0]], "b": [[1, 0], [0, 1]]}
    masks = select_masks(SCORES, density=0.9, allocation=GLOBAL, granularity=WEIGHTS, allowed=before)
    assert masks == before


def test_nothing_left_stays_nothing():
    before = Masks({name: np.zeros(score.shape, bool) for name, score in SCORES.items()})
    for allocation in (UNIFORM, GLOBAL):
        after = select_masks(SCORES, density=0.5, allocation=allocation, granularity=Filters(), allowed=before)
        assert after == before


def test_per_layer_counts_are_in_groups():
    masks = select_masks(SCORES, density=0.5, allocation=UNIFORM, granularity=Filters())
    assert bits(masks) == {"a": [[0, 1, 1, 0], [0, 1, 1, 0]], "b": [[0, 1], [0, 1]]}


@pytest.mark.parametrize(
    ("keep", "columns"),
    # filters by mean score: b1 6, b0 4.5 (2 weights each); a1 3.5, a2 3.5, a0 3, a3 3 (2 weights each)
    [(1, "b1"), (2, "b1"), (3, "b1 b0"), (5, "b1 b0 a1"), (8, "b1 b0 a1 a2"), (9, "b1 b0 a1 a2 a0")],
)
def test_global_keeps_the_best_groups_until_they_hold_enough(keep, columns):
    masks = select_masks(SCORES, keep=keep, allocation=GLOBAL, granularity=Filters())
    expected = {name: np.zeros(score.shape, bool) for name, score in SCORES.items()}
    for column in columns.split():
        expected[column[0]][:, int(column[1])] = True
    assert masks == Masks(expected)


@pytest.mark.parametrize(
    ("keep", "kept"),
    # 1x3 blocks by mean score (size): b0 7 (2), a1 end 6 (1), a1 3.67 (3), b1 3.5 (2), a0 3 (3), rest 0 (1)
    [(1, 2), (2, 2), (3, 3), (4, 6), (6, 6), (7, 8), (8, 8), (9, 11), (11, 11), (12, 12)],
)
def test_global_stops_at_the_first_group_that_reaches_the_target_when_groups_differ_in_size(keep, kept):
    assert select_masks(SCORES, keep=keep, allocation=GLOBAL, granularity=Blocks(1, 3)).kept == kept


def test_groups_that_lost_weights_before_count_only_what_is_left():
    before = Masks({"a": np.ones((2, 4), bool), "b": np.array([[0, 0], [0, 1]], bool)})
    masks = select_masks(SCORES, keep=3, allocation=GLOBAL, granularity=Filters(), allowed=before)
    assert bits(masks) == {"a": [[0, 1, 0, 0], [0, 1, 0, 0]], "b": [[0, 0], [0, 1]]}


def test_n_of_m_keeps_its_own_density_under_any_allocation():
    expected = {"a": [[0, 1, 0, 0], [1, 0, 1, 1]], "b": [[1, 0], [0, 1]]}
    for allocation, density in ((GLOBAL, None), (UNIFORM, 0.1), (Allocation("erk"), 0.9)):
        masks = select_masks(SCORES, density=density, allocation=allocation, granularity=NofM(1, 2))
        assert bits(masks) == expected


def test_nan_scores_name_their_layer():
    scores = SCORES | {"c": np.array([[1, np.nan]], np.float32)}
    for granularity in (WEIGHTS, Filters(), Blocks(1, 2, "max"), NofM(1, 2)):
        with pytest.raises(UsageError, match="scores of layer 'c' hold NaN"):
            select_masks(scores, density=0.5, allocation=UNIFORM, granularity=granularity)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"allocation": GLOBAL}, "density is None"),
        ({"allocation": UNIFORM}, "density is None"),
        ({"allocation": GLOBAL, "density": 0.0}, "density is 0.0"),
        ({"allocation": GLOBAL, "density": 1.1}, "density is 1.1"),
        ({"allocation": GLOBAL, "density": 0.5, "keep": 3}, "were both given"),
        ({"allocation": UNIFORM, "keep": 3}, "global allocation"),
        ({"allocation": GLOBAL, "keep": 3, "granularity": NofM(1, 2)}, "not with N:M"),
        ({"allocation": GLOBAL, "keep": 0}, "cannot keep 0 weights: give a number from 1 to the 12"),
        ({"allocation": GLOBAL, "keep": 13}, "cannot keep 13 weights"),
        (
            {"allocation": UNIFORM, "density": 0.5, "allowed": Masks.ones({"a": (2, 4)})},
            "no mask for layer 'b'",
        ),
    ],
)
def test_contradictions_are_refused(arguments, message):
    with pytest.raises(UsageError, match=message):
        select_masks(SCORES, **({"granularity": WEIGHTS} | arguments))


@st.composite
def networks(draw):
    shapes = draw(st.lists(hnp.array_shapes(min_dims=2, max_dims=4, max_side=5), min_size=1, max_size=3))
    scores = {
        str(index): draw(hnp.arrays(np.float32, shape, elements=st.integers(0, 4)))
        for index, shape in enumerate(shapes)
    }
    allowed = Masks({name: draw(hnp.arrays(bool, score.shape)) for name, score in scores.items()})
    return scores, allowed


@given(
    networks(),
    st.floats(0.01, 1),
    st.sampled_from(["global", "uniform", "erk", "er", "igq"]),
    st.sampled_from([WEIGHTS, Filters(), Blocks(2, 1), Blocks(3, 2, "max"), NofM(1, 3)]),
)
def test_pruning_never_revives_a_weight(network, density, kind, granularity):
    scores, allowed = network
    masks = select_masks(scores, density=density, allocation=Allocation(kind), granularity=granularity, allowed=allowed)
    assert not any((mask & ~allowed[name]).any() for name, mask in masks.items())


@given(networks(), st.floats(0.01, 1))
def test_counts_are_exact(network, density):
    scores, allowed = network
    everything = Masks.ones({name: score.shape for name, score in scores.items()})
    for before, left in ((None, everything), (allowed, allowed)):
        overall = select_masks(scores, density=density, allocation=GLOBAL, granularity=WEIGHTS, allowed=before)
        assert overall.kept == min(max(1, round(density * left.size)), left.kept)
        layers = select_masks(scores, density=density, allocation=UNIFORM, granularity=WEIGHTS, allowed=before)
        for name, mask in layers.items():
            target = max(1, round(density * mask.size))
            assert np.count_nonzero(mask) == min(target, np.count_nonzero(left[name]))


@given(
    networks().filter(lambda network: network[1].kept > 0),
    st.data(),
    st.sampled_from([Filters(), Blocks(2, 1), Blocks(3, 2, "max"), WEIGHTS]),
)
def test_a_global_target_is_reached_and_no_group_fewer_would_reach_it(network, data, granularity):
    scores, allowed = network
    keep = data.draw(st.integers(1, allowed.kept))
    masks = select_masks(scores, keep=keep, allocation=GLOBAL, granularity=granularity, allowed=allowed)
    assert masks.kept >= keep
    pooled = np.concatenate([granularity.pool(score).reshape(-1) for score in scores.values()])
    counts = np.concatenate([granularity.count(masks[name]).reshape(-1) for name in scores])
    worst = min(pooled[counts > 0])
    last = np.flatnonzero((counts > 0) & (pooled == worst))[-1]
    assert masks.kept - counts[last] < keep


DOUBLE_DESCENT_SPARSITIES = [
    *(0, 20, 36, 48.8, 59.04, 67.23, 73.79, 79.03, 83.22, 86.58, 89.26, 91.41, 93.13, 94.50, 95.60, 96.48),
    *(97.19, 97.75, 98.20, 98.56, 98.85, 99.08, 99.26, 99.41, 99.53, 99.62, 99.70, 99.76, 99.81, 99.85),
    *(99.88, 99.90, 99.92, 99.94, 99.949),
]


@pytest.mark.parametrize(("total", "last"), [(11_164_352, 5_662), (4_961_120, 2_516)])
def test_the_ladder_of_sparse_double_descent(total, last):
    kept = ladder(total, 0.2, 34)
    assert len(kept) == 35
    assert kept[0] == total
    assert kept[34] == last
    sparsities = [100 * (1 - left / total) for left in kept]
    assert sparsities == pytest.approx(DOUBLE_DESCENT_SPARSITIES, abs=0.0055)


@pytest.mark.parametrize(
    ("active", "fraction", "left"),
    [(10, 0.2, 8), (5, 0.1, 5), (15, 0.1, 13), (25, 0.1, 23), (2, 0.2, 2), (3, 0.2, 2), (1, 0.9, 1)],
)
def test_a_level_removes_a_share_of_what_is_left_rounded_to_even(active, fraction, left):
    assert remaining_after(active, fraction) == left


def test_a_ladder_stops_when_nothing_more_can_be_removed():
    assert ladder(10, 0.2, 100) == [10, 8, 6, 5, 4, 3, 2]
    assert ladder(10, 0.9, 100) == [10, 1]
    assert ladder(10, 0.2, 2) == [10, 8, 6]
    assert ladder(10, 0.2, 0) == [10]


@pytest.mark.parametrize(
    ("sparsity", "expected"),
    [
        (0.0, [100]),
        (0.1, [100, 90]),
        (0.2, [100, 80]),
        (0.5, [100, 80, 64, 51, 50]),
        (0.98, [100, 80, 64, 51, 41, 33, 26, 21, 17, 14, 11, 9, 7, 6, 5, 4, 3, 2]),
        (0.99, [100, 80, 64, 51, 41, 33, 26, 21, 17, 14, 11, 9, 7, 6, 5, 4, 3, 2, 1]),
        (0.999, [100, 80, 64, 51, 41, 33, 26, 21, 17, 14, 11, 9, 7, 6, 5, 4, 3, 2, 1]),
    ],
)
def test_a_ladder_to_a_sparsity_ends_there_exactly(sparsity, expected):
    assert ladder_to(100, 0.2, sparsity) == expected


@pytest.mark.parametrize("fraction", [0, 1, -0.2, 1.5, math.nan])
def test_a_prune_fraction_outside_its_range_is_refused(fraction):
    with pytest.raises(UsageError, match=r"prune fraction is .*: give a number in \(0, 1\)"):
        ladder(100, fraction, 3)


@pytest.mark.parametrize("sparsity", [-0.1, 1.0, math.nan])
def test_a_final_sparsity_outside_its_range_is_refused(sparsity):
    with pytest.raises(UsageError, match=r"sparsity is .*: give a number in \[0, 1\)"):
        ladder_to(100, 0.2, sparsity)
