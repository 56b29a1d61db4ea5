"""The figures a phase is known by, recomputed from the files of a run."""

from __future__ import annotations

import json

import numpy as np
import pytest

from dsd_tf.experiment.workbench import load_images, network
from dsd_tf.settings import Settings

# per example, a multiply-add counting 2
DENSE_FLOPS = 2 * (64 * 30 + 30 * 10 + 10 * 10)


@pytest.fixture(scope="module")
def run(finished):
    return finished(method="iterative", retrain="rewind")


@pytest.fixture(scope="module")
def level(run):
    return run.results["phases"][2]


def test_sparsity_is_given_as_asked_for_of_the_prunable_weights_and_of_all_parameters(level):
    assert (level["prunable"], level["parameters"]) == (2320, 2320 + 50)
    assert level["kept"] == 2320 - round(0.2 * 2320) - round(0.2 * (2320 - 464)) == 1485
    assert level["sparsity"] == level["nominal_sparsity"] == 1 - 1485 / 2320
    assert level["total_sparsity"] == (2320 - 1485) / 2370


def test_weights_are_counted_kernel_by_kernel(run, level):
    masks = run.masks("level02")
    assert level["kept_by_kernel"] == {name: int(mask.sum()) for name, mask in masks.items()}
    assert level["emptied"] == []


def test_flops_are_dense_and_of_the_kept_weights_alone(run, level):
    assert {record["dense_flops"] for record in run.results["phases"]} == {DENSE_FLOPS}
    assert level["sparse_flops"] == 2 * level["kept"]


def test_emptied_layers_are_named(finished):
    record = finished(method="one_shot", sparsity=0.9995).results["phases"][1]
    assert record["kept"] == 1
    assert sorted(record["emptied"]) == sorted(name for name, kept in record["kept_by_kernel"].items() if not kept)
    assert len(record["emptied"]) == 2


def test_learning_distance_is_from_the_runs_initial_weights_pruned_ones_counting_as_zero(run, level):
    settings = Settings(**run.results["configuration"])
    initial = network(settings, load_images(settings), index=0).get_weights()
    moved = [w.astype(float) - w0 for w, w0 in zip(run.weights("level02"), initial, strict=True)]
    kernels = [change for change in moved if change.ndim > 1]
    distance = level["learning_distance"]
    assert distance["all"] == pytest.approx(np.sqrt(sum((change**2).sum() for change in moved)), rel=1e-12)
    assert distance["kernels"] == pytest.approx(np.sqrt(sum((change**2).sum() for change in kernels)), rel=1e-12)


def test_the_best_epoch_is_the_first_of_the_best_validation_accuracy(run, level):
    epochs = [epoch for epoch in run.lines("metrics.jsonl") if epoch["phase"] == "level02"]
    best = max(epoch["validation_accuracy"] for epoch in epochs)
    first = next(epoch for epoch in epochs if epoch["validation_accuracy"] == best)
    assert level["best_epoch"] == {name: first[name] for name in ("epoch", "validation_accuracy", "test_accuracy")}


def test_the_last_epoch_is_evaluated_on_every_split(run, level):
    last = run.lines("metrics.jsonl")[-1]
    assert (level["test"]["top1"], level["test"]["loss"]) == (last["test_accuracy"], last["test_loss"])
    assert level["validation"]["top1"] == last["validation_accuracy"]
    assert level["train_accuracy"] == last["train_accuracy"]
    assert [level[split]["examples"] for split in ("train", "validation", "test")] == [300, 144, 360]


def test_without_a_validation_split_nothing_is_called_best(finished):
    run = finished(method="dense", validation_fraction=0.0)
    [record] = run.results["phases"]
    assert record["best_epoch"] is None
    assert "validation" not in record
    assert all("validation_accuracy" not in epoch for epoch in run.lines("metrics.jsonl"))


def test_training_accuracy_on_noisy_labels_is_split_into_right_and_wrong_ones(finished):
    run = finished(method="one_shot", label_noise=0.3, label_noise_kind="uniform_redraw", epochs=6)
    settings = Settings(**run.results["configuration"])
    train = load_images(settings).train
    model = network(settings, load_images(settings))
    for record in run.results["phases"]:
        model.set_weights(run.weights(record["phase"]))
        predictions = model.predict(train.images / np.float32(255), verbose=0).argmax(axis=1)
        wrong = train.labels != train.clean_labels
        assert 60 < wrong.sum() <= 90
        assert record["label_noise"] == {
            "rate": wrong.mean(),
            "clean_accuracy": (predictions == train.labels)[~wrong].mean(),
            "noisy_fitted_given": (predictions == train.labels)[wrong].mean(),
            "noisy_fitted_true": (predictions == train.clean_labels)[wrong].mean(),
        }
        assert record["train"]["top1"] == pytest.approx((predictions == train.labels).mean(), rel=1e-12)


def test_without_noise_nothing_is_said_of_it(level):
    assert "label_noise" not in level


def test_every_finished_phase_is_one_line_of_the_levels_with_its_wall_time(run):
    lines = [json.loads(line) for line in (run.path / "levels.jsonl").read_text().splitlines()]
    assert run.lines("levels.jsonl") == run.results["phases"]
    assert all(line["seconds"] > 0 for line in lines)
