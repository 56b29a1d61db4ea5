"""Score x allocation x granularity on arrays by name."""

import numpy as np
import pytest

from dsd_tf.errors import UsageError
from dsd_tf.sparsity.allocation import Allocation
from dsd_tf.sparsity.granularity import Filters
from dsd_tf.sparsity.masks import Masks
from dsd_tf.training.selection import Selection

WEIGHTS = {"a": np.array([[1.0, -4.0], [3.0, 2.0]], np.float32), "b": np.array([[8.0], [-5.0]], np.float32)}


def test_magnitude_keeps_the_largest_of_each_kernel():
    masks = Selection().masks(WEIGHTS, None, density=0.5)
    assert masks == Masks({"a": np.array([[0, 1], [1, 0]], bool), "b": np.array([[1], [0]], bool)})


def test_a_global_allocation_ranks_kernels_together_and_can_keep_an_exact_number():
    masks = Selection(allocation=Allocation("global")).masks(WEIGHTS, None, keep=3)
    assert masks == Masks({"a": np.array([[0, 1], [0, 0]], bool), "b": np.array([[1], [1]], bool)})


def test_nothing_outside_the_allowed_masks_is_kept():
    allowed = Masks({"a": np.array([[1, 0], [1, 1]], bool), "b": np.array([[0], [1]], bool)})
    masks = Selection().masks(WEIGHTS, allowed, density=0.5)
    assert masks == Masks({"a": np.array([[0, 0], [1, 1]], bool), "b": np.array([[0], [1]], bool)})


def test_the_shape_of_what_is_removed_is_the_granularitys():
    masks = Selection(granularity=Filters()).masks({"a": WEIGHTS["a"]}, None, density=0.5)
    assert (masks["a"] == [[False, True], [False, True]]).all()


def test_gradient_scores_ask_the_source_of_gradients():
    gradients = {
        "a": np.array([[0.0, 0.0], [1.0, 2.0]], np.float32),
        "b": np.array([[0.1], [9.0]], np.float32),
    }
    masks = Selection("gradient", gradients=lambda: gradients).masks(WEIGHTS, None, density=0.5)
    assert masks == Masks({"a": np.array([[0, 0], [1, 1]], bool), "b": np.array([[0], [1]], bool)})


def test_gradient_scores_without_a_source_are_an_error():
    with pytest.raises(UsageError, match="weight_gradient.*gradients"):
        Selection("weight_gradient").masks(WEIGHTS, None, density=0.5)


def test_random_scores_are_a_stream_of_their_own_for_each_seed_kernel_and_index():
    weights = {"a": np.ones((10, 10), np.float32), "b": np.ones((10, 10), np.float32)}
    masks = Selection("random", seed=1).masks(weights, None, density=0.5, index=3)
    assert masks == Selection("random", seed=1).masks(weights, None, density=0.5, index=3)
    assert masks != Selection("random", seed=2).masks(weights, None, density=0.5, index=3)
    assert masks != Selection("random", seed=1).masks(weights, None, density=0.5, index=4)
    assert (masks["a"] != masks["b"]).any()
    alone = Selection("random", seed=1).masks({"b": weights["b"]}, None, density=0.5, index=3)
    assert (alone["b"] == masks["b"]).all()
