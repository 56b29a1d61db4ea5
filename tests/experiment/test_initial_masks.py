"""Masks chosen before training: the numbers, the ranking, the examples they are scored on."""

from __future__ import annotations

import numpy as np
import pytest

from dsd_tf.experiment import initial_masks as module
from dsd_tf.experiment.initial_masks import initial_masks
from dsd_tf.experiment.workbench import build_workbench
from dsd_tf.methods.plan import Sparse
from dsd_tf.sparsity.select import keep_largest_across
from dsd_tf.training.saliency import snip

SCORES = ("random", "magnitude", "snip", "grasp", "synflow")


@pytest.fixture(scope="module")
def bench(small):
    return build_workbench(small(method="snip"))


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("resample", [False, True])
def test_exactly_the_density_is_kept_and_no_kernel_is_empty(bench, score, resample):
    for density in (0.2, 3 / 2320):
        masks = initial_masks(bench, Sparse(density, score, resample))
        assert masks.kept == round(2320 * density)
        assert masks.emptied() == []


@pytest.mark.parametrize("score", SCORES)
def test_drawing_anew_keeps_the_numbers_per_kernel_and_no_more(bench, score):
    chosen, drawn = (initial_masks(bench, Sparse(0.2, score, resample)) for resample in (False, True))
    assert [mask.sum() for mask in drawn.values()] == [mask.sum() for mask in chosen.values()]
    assert (drawn == chosen) == (score == "random")


def test_kernels_are_ranked_together(bench):
    masks = initial_masks(bench, Sparse(0.2, "snip"))
    scores = snip(bench.model, bench.masks.kernels, module._balanced_batches(bench))
    expected = keep_largest_across(list(scores.values()), 464)
    assert all(map(np.array_equal, masks.values(), expected))


def test_every_class_has_as_many_examples_in_batches_of_nearly_equal_size(bench):
    batches = module._balanced_batches(bench)
    labels = np.concatenate([labels for _, labels in batches])
    assert (np.bincount(labels) == 8).all()
    assert [images.shape for images, _ in batches] == [(40, 8, 8, 1), (40, 8, 8, 1)]
    assert all(images.dtype == np.float32 and 0 <= images.min() < images.max() <= 1 for images, _ in batches)
    again = module._balanced_batches(bench)
    assert all(np.array_equal(one[0], other[0]) for one, other in zip(batches, again, strict=True))


def test_a_class_with_fewer_examples_gives_all_it_has(small):
    bench = build_workbench(small(method="snip", score_per_class=1000))
    batches = module._balanced_batches(bench)
    assert sum(len(labels) for _, labels in batches) == 300
    assert max(len(labels) for _, labels in batches) <= 64


def test_random_masks_have_the_numbers_the_allocation_says_and_follow_the_seed(small):
    masks = [initial_masks(build_workbench(small(method="static", seed=seed)), Sparse(0.2)) for seed in (0, 0, 1)]
    assert [int(mask.sum()) for mask in masks[0].values()] == [283, 121, 60]  # the ERK densities of the three kernels
    assert masks[0] == masks[1]
    assert masks[0] != masks[2]


def test_magnitudes_are_those_of_the_weights_the_network_has_now(bench):
    masks = initial_masks(bench, Sparse(0.2, "magnitude"))
    weights = bench.masks.weights()
    kept = min(np.abs(weights[name][mask]).min() for name, mask in masks.items())
    pruned = max(np.abs(weights[name][~mask]).max() for name, mask in masks.items())
    assert kept >= pruned
