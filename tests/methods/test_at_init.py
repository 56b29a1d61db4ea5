"""Pruning at initialisation: one training under masks that were chosen before it."""

from __future__ import annotations

import pytest

from dsd_tf.errors import UsageError
from dsd_tf.methods.plan import Initial, Sparse

METHODS = ("random", "magnitude", "snip", "grasp", "synflow")


@pytest.mark.parametrize("method", METHODS)
def test_it_is_one_training_under_masks_by_the_score_of_its_name(toy, plan_of, method):
    [phase] = plan_of(toy, method=method, sparsity=0.75)
    assert (phase.name, phase.level, phase.role, phase.sparsity) == (method, 1, "sparse", 0.75)
    assert (phase.weights, phase.masks) == (Initial(), Sparse(0.25, method))
    assert (phase.start, phase.stop, phase.topology, phase.schedule) == (0, 200, None, None)


@pytest.mark.parametrize("method", METHODS)
def test_the_places_can_be_drawn_at_random_for_the_numbers_of_the_score(toy, plan_of, method):
    assert plan_of(toy, method=method, sparsity=0.75, resample=True)[0].masks == Sparse(0.25, method, resample=True)


@pytest.mark.parametrize("method", [*METHODS, "static"])
def test_fewer_weights_than_kernels_are_refused_where_all_are_ranked_together(toy, plan_of, method):
    assert plan_of(toy, method=method, sparsity=0.98, allocation="global")
    with pytest.raises(UsageError, match="--sparsity=0.99 keeps 1 of 100 weights, fewer than the 2 kernels"):
        plan_of(toy, method=method, sparsity=0.99, allocation="global")


def test_only_single_weights_can_be_drawn_anew(toy, plan_of):
    assert plan_of(toy, method="snip", granularity="filter")
    with pytest.raises(UsageError, match="--resample draws single weights, it has no --granularity=filter"):
        plan_of(toy, method="snip", granularity="filter", resample=True)
