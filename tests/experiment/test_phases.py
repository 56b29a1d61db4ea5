"""What a phase starts from under every policy; dense-sparse-dense with batch normalisation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dsd_tf import randomness
from dsd_tf.errors import UsageError
from dsd_tf.experiment.runner import run
from dsd_tf.experiment.workbench import load_images, network
from dsd_tf.files import read_arrays
from dsd_tf.settings import Settings
from dsd_tf.sparsity.allocation import Allocation
from dsd_tf.sparsity.granularity import SingleWeights
from dsd_tf.sparsity.masks import Masks
from dsd_tf.sparsity.prune import select_masks


def same(weights, others) -> bool:
    return len(weights) == len(others) and all(map(np.array_equal, weights, others))


def masked(weights, masks):
    """Weights with the kernels, which alternate with the biases, zero outside their masks."""
    kernels = iter(masks.values())
    return [weight * next(kernels) if weight.ndim > 1 else weight for weight in weights]


def fresh(run, index):
    settings = Settings(**run.results["configuration"])
    return network(settings, load_images(settings), index=index).get_weights()


def test_every_phase_starts_with_a_fresh_optimizer_and_the_masks_it_ends_with(finished):
    for retrain in ("rewind", "redense"):
        run = finished(method="iterative", retrain=retrain)
        for name, start in run.starts.items():
            # also at a later step of the schedule: Adam's bias correction counts from cleared slots
            assert (start.slots, start.updates) == (0, 0)
            assert start.masks == run.masks(name)


def test_the_dense_network_starts_from_the_initial_weights(finished):
    run = finished(method="iterative")
    assert same(run.starts["dense"].weights, fresh(run, 0))


def test_rewinding_starts_from_the_dense_weights_at_step_k_under_the_new_masks(finished):
    run = finished(method="iterative", retrain="rewind")
    remembered = read_arrays(run.path / "rewind.npz")
    assert same([remembered[f"weights/{index}"] for index in range(6)], run.at_step_3)
    assert not same(run.at_step_3, fresh(run, 0))
    for level in ("level01", "level02"):
        assert same(run.starts[level].weights, masked(run.at_step_3, run.masks(level)))


def test_rewinding_into_an_epoch_trains_the_rest_of_it_and_the_following_ones_in_full(finished):
    run = finished(method="iterative", retrain="rewind")
    assert (run.starts["dense"].batches, run.starts["level01"].batches) == (5, 2)
    epochs = [record for record in run.lines("metrics.jsonl") if record["phase"] == "level01"]
    assert [(record["epoch"], record["step"]) for record in epochs] == [(0, 5), (1, 10)]
    assert [record["learning_rate"] for record in epochs] == pytest.approx([0.1, 0.01])


@pytest.mark.parametrize("retrain", ["rewind_lr", "finetune"])
def test_weights_are_kept_where_only_the_rate_restarts(finished, retrain):
    run = finished(method="iterative", retrain=retrain)
    for before, level in (("dense", "level01"), ("level01", "level02")):
        assert same(run.starts[level].weights, masked(run.weights(before), run.masks(level)))


def test_rewinding_the_rate_restarts_the_schedule_and_fine_tuning_has_a_constant_one(finished):
    rates = {
        retrain: [
            record["learning_rate"] for record in finished(method="iterative", retrain=retrain).lines("metrics.jsonl")
        ]
        for retrain in ("rewind_lr", "finetune")
    }
    assert rates["rewind_lr"] == pytest.approx([0.1, 0.01] * 3)
    assert rates["finetune"] == pytest.approx([0.1, 0.01] + [0.01] * 4)


def test_scratch_starts_every_level_from_fresh_weights_of_its_own(finished):
    run = finished(method="iterative", retrain="scratch")
    drawn = [fresh(run, index) for index in range(3)]
    assert same(run.starts["level01"].weights, masked(drawn[1], run.masks("level01")))
    assert same(run.starts["level02"].weights, masked(drawn[2], run.masks("level02")))
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert not any(map(np.array_equal, drawn[one][::2], drawn[other][::2]))


def test_reinitialising_trains_fresh_weights_on_exactly_the_masks_of_the_other_run(finished):
    run, other = (
        finished(method="iterative", retrain="reinit"),
        finished(method="iterative", retrain="rewind"),
    )
    for index, level in ((1, "level01"), (2, "level02")):
        assert run.masks(level) == other.masks(level)
        assert same(run.starts[level].weights, masked(fresh(run, index), other.masks(level)))


def test_redensifying_starts_from_the_sparse_weights_with_the_others_at_zero_at_the_last_rate(finished):
    run = finished(method="iterative", retrain="redense")
    for level in ("level01", "level02"):
        start = run.starts[f"{level}_redense"]
        assert start.masks == Masks.ones({name: mask.shape for name, mask in start.masks.items()})
        assert same(start.weights, run.weights(level))
        assert start.learning_rate == pytest.approx(0.01)
        assert same(run.starts[level].weights, masked(run.at_step_3, run.masks(level)))


@pytest.fixture(scope="module")
def dsd(finished):
    """DSD as the paper has it, twice, on a ResNet-18 with two filters in its first layers."""
    return finished(
        method="dsd",
        cycles=2,
        sparsity=0.3,
        allocation="uniform",
        protect_first=True,
        model="resnet18",
        width=0.03125,
        epochs=1,
        train_examples=128,
    )


def test_dsd_prunes_every_layer_but_the_first_to_exactly_the_same_share(dsd):
    sizes = {layer["name"]: math.prod(layer["shape"]) for layer in dsd.results["layers"]}
    first = next(iter(sizes))
    assert first == "stem_conv/kernel"
    for record in dsd.results["phases"]:
        sparse = record["role"] == "sparse"
        expected = {name: round(size * 0.7) if sparse and name != first else size for name, size in sizes.items()}
        assert record["kept_by_kernel"] == expected
        assert first not in dsd.masks(record["phase"])
    assert [layer["name"] for layer in dsd.results["layers"] if layer["why_dense"] == "first layer"] == [first]


def test_dsd_twice_is_dense_sparse_dense_sparse_dense_at_a_tenth_of_the_rate(dsd):
    records = dsd.results["phases"]
    assert [record["role"] for record in records] == ["dense", "sparse", "redense", "sparse", "redense"]
    rates = [record["learning_rate"] for record in dsd.lines("metrics.jsonl")]
    assert rates == pytest.approx([0.1, 0.1, 0.01, 0.1, 0.01])
    assert records[-1]["sparsity"] == 0


def test_redensifying_begins_with_the_very_function_the_sparse_phase_ended_with(dsd):
    for cycle in "12":
        assert same(dsd.starts[f"redense{cycle}"].weights, dsd.weights(f"sparse{cycle}"))


def test_dense_weights_come_back_from_zero(dsd):
    mask = dsd.masks("sparse1")
    sparse, again = dsd.weights("sparse1"), dsd.weights("redense1")
    kernels = [index for index, weight in enumerate(sparse) if weight.ndim > 1][1:]  # the first is not pruned
    for index, kept in zip(kernels, mask.values(), strict=True):
        assert not sparse[index][~kept].any()
        assert again[index][~kept].any()


def test_biases_and_batch_normalisation_are_never_pruned(dsd):
    for record in dsd.results["phases"]:
        vectors = [weight for weight in dsd.weights(record["phase"]) if weight.ndim == 1]
        scales = [vector for vector in vectors if (vector > 0.5).all()]
        assert len(vectors) == 20 * 4 + 1
        assert len(scales) >= 20
        assert len(dsd.masks(record["phase"])) == 20


def test_random_scores_are_drawn_anew_at_every_level(finished):
    run = finished(method="iterative", retrain="rewind", score="random")
    shapes = {name: mask.shape for name, mask in run.masks("dense").items()}
    for level, kept, before in ((1, 1856, "dense"), (2, 1485, "level01")):
        scores = {
            name: randomness.generator(0, f"score/{name}", level).random(shape, np.float32)
            for name, shape in shapes.items()
        }
        expected = select_masks(
            scores,
            keep=kept,
            allocation=Allocation("global"),
            granularity=SingleWeights(),
            allowed=run.masks(before),
        )
        assert run.masks(f"level{level:02d}") == expected


def test_masks_of_another_network_are_refused_naming_the_layer_before_anything_is_trained(finished, small, tmp_path):
    other = finished(method="iterative", retrain="rewind")
    settings = small(method="iterative", retrain="reinit", masks_from=str(other.path), width=0.2)
    with pytest.raises(UsageError, match=r"--masks_from=.*: masks of another model: layer 'hidden1/kernel' is"):
        run(settings, str(tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_masks_that_are_not_there_are_refused_before_anything_is_trained(finished, small, tmp_path):
    other = finished(method="iterative", retrain="rewind")
    settings = small(method="iterative", retrain="reinit", masks_from=str(other.path), rounds=3)
    with pytest.raises(UsageError, match="--masks_from=.*level03.masks.npz does not exist"):
        run(settings, str(tmp_path / "run"))
    assert not (tmp_path / "run").exists()
