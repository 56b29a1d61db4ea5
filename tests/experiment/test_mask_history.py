"""What masks that change cost and explore, recomputed from the plan and the files of runs."""

from __future__ import annotations

import numpy as np
import pytest

from dsd_tf.experiment.initial_masks import initial_masks
from dsd_tf.experiment.workbench import build_workbench
from dsd_tf.methods.gradual import plan as gradual
from dsd_tf.methods.plan import Facts, Sparse
from dsd_tf.settings import Settings
from dsd_tf.sparsity.schedules import due, sparsity_at

# one example forward, a multiply-add counting 2, with all weights and with a fifth of them; ten steps, 600 examples
DENSE, SPARSE, EXAMPLES = 2 * 2320, 2 * 464, 600


def cost(run) -> int:
    return run.results["phases"][-1]["sparse_training_flops"]


@pytest.mark.parametrize("method", ["static", "set", "snip"])
def test_steady_numbers_of_weights_cost_their_share_and_a_backward_pass_twice_a_forward_one(finished, method):
    assert cost(finished(method=method, retrain="rewind")) == 3 * SPARSE * EXAMPLES


def test_gradients_of_all_weights_are_paid_for_in_the_step_before_an_update(finished):
    # one update, after step 5, whose batch is the last of its epoch: 300 - 4 * 64 examples
    assert cost(finished(method="rigl", retrain="rewind")) == 3 * SPARSE * EXAMPLES + (DENSE - SPARSE) * 44


def test_an_average_of_gradients_is_paid_for_in_every_step_before_the_last_update(finished):
    assert cost(finished(method="snfs", retrain="rewind")) == 3 * SPARSE * EXAMPLES + (DENSE - SPARSE) * 300


def test_a_rising_sparsity_is_paid_for_step_by_step(finished):
    run = finished(method="gradual", retrain="rewind", allocation="uniform")
    settings = Settings(**run.results["configuration"])
    sizes = [64 * 30, 30 * 10, 10 * 10]
    schedule = gradual(settings, Facts(5, {str(size): (size, 1) for size in sizes}))[0].schedule
    kept, flops = sum(sizes), 0
    for step in range(10):
        if due(schedule, step - 1, step) is not None:
            kept = sum(round(size * (1 - sparsity_at(schedule, step))) for size in sizes)
        flops += 3 * 2 * kept * (44 if step % 5 == 4 else 64)
    assert kept == 464
    assert cost(run) == flops


def test_the_explored_share_counts_every_weight_that_took_part_at_some_time(finished):
    run = finished(method="rigl", retrain="rewind")
    bench = build_workbench(Settings(**run.results["configuration"]))
    first, last = initial_masks(bench, Sparse(1 - 0.8)), run.masks("rigl")
    explored = sum(np.count_nonzero(first[name] | mask) for name, mask in last.items())
    assert run.results["phases"][0]["explored"] == explored / 2320 > 0.2


def test_masks_that_stay_explore_nothing_that_would_be_told(finished):
    assert "explored" not in finished(method="static", retrain="rewind").results["phases"][0]
