"""What is kept of a dense training: weights and masks, masks alone, or weights alone."""

from __future__ import annotations

import dataclasses

import pytest

from dsd_tf.errors import UsageError
from dsd_tf.methods.plan import EndOf, Initial, Prune, Remembered, Sparse
from dsd_tf.settings import Settings


@pytest.mark.parametrize("method", ["omp", "omp_erk"])
def test_one_shot_magnitude_pruning_goes_on_with_the_trained_weights_through_the_whole_schedule(toy, plan_of, method):
    dense, sparse = plan_of(toy, method=method, sparsity=0.75, retrain="scratch")
    assert (dense.weights, dense.sparsity, dense.remember) == (Initial(), 0, None)
    assert (sparse.weights, sparse.masks) == (EndOf("dense"), Prune("dense", density=0.25))
    assert (sparse.start, sparse.stop, sparse.learning_rate) == (0, 200, dense.learning_rate)


def test_early_bird_is_one_shot_pruning_whose_dense_training_may_end_early(toy, plan_of):
    dense, sparse = plan_of(toy, method="early_bird", sparsity=0.75)
    assert dense.settles == 0.25
    expected = plan_of(toy, method="omp", sparsity=0.75)
    assert [dataclasses.replace(dense, settles=None), sparse] == expected


def test_the_lottery_ticket_goes_back_to_the_initial_weights(toy, plan_of):
    dense, sparse = plan_of(toy, method="lth", sparsity=0.75, rewind_to="3ep")
    assert (dense.remember, sparse.start) == (0, 0)
    assert (sparse.weights, sparse.masks) == (Remembered(), Prune("dense", density=0.25))


def test_trained_weights_can_be_put_under_random_masks(toy, plan_of):
    _, sparse = plan_of(toy, method="pre_erk", sparsity=0.75)
    assert (sparse.weights, sparse.masks) == (EndOf("dense"), Sparse(0.25))


def test_layers_are_ranked_together_but_for_the_methods_that_are_named_after_erk():
    allocations = {method: Settings(method=method).allocation for method in ("omp", "lth", "omp_erk", "pre_erk")}
    assert allocations == {"omp": "global", "lth": "global", "omp_erk": "erk", "pre_erk": "erk"}


@pytest.mark.parametrize("method", ["omp_erk", "pre_erk"])
def test_a_method_named_after_erk_takes_no_other_allocation(toy, plan_of, method):
    with pytest.raises(UsageError, match=f"--method={method} is of --allocation=erk, not uniform"):
        plan_of(toy, method=method, allocation="uniform")
