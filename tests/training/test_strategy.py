"""Two replicas train as one device does at the same global batch, and never disagree."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf

from dsd_tf.errors import UsageError
from dsd_tf.experiment.runner import run
from dsd_tf.settings import Settings
from dsd_tf.training.strategy import make_strategy

SMALL = {"width": 0.1, "train_examples": 300, "batch_size": 64, "epochs": 2, "sparsity": 0.8, "lr": 0.05}
SMALL |= {"steps_per_execution": 1}
RUNS = {
    "iterative": SMALL | {"method": "iterative", "rounds": 1, "rewind_to": "3it"},
    "five steps per execution": SMALL | {"method": "dsd", "steps_per_execution": 5},
    "gradual, uneven batches, the last of one example": SMALL
    | {"method": "gradual", "batch_size": 63, "train_examples": 253}
    | {"optimizer": "adam", "lr": 0.001, "weight_decay": 1e-4},
    "rigl": SMALL | {"method": "rigl", "update_every": "5it", "steps_per_execution": 5},
    # at a rate at which rounding is not amplified: so small a network with batch normalisation is chaotic
    "batch normalisation": SMALL
    | {
        "method": "one_shot",
        "score": "gradient",
        "model": "resnet18",
        "width": 0.03125,
        "lr": 0.001,
        "epochs": 1,
    }
    | {"train_examples": 128},
}
# rewinds into the middle of an epoch, where statistics of replicas differ
OWN_STATISTICS = {"strategy": "mirrored", "batch_norm": "replica", "method": "iterative", "rounds": 1}
OWN_STATISTICS |= {"model": "vgg_like", "depth": 1, "width_log2": 2, "train_examples": 96, "batch_size": 32}
OWN_STATISTICS |= {"rewind_to": "2it", "epochs": 2, "lr": 0.05, "steps_per_execution": 1}


@pytest.fixture(scope="module")
def mirrored(tmp_path_factory):
    """What the runs were on two replicas, all in one process."""
    folder = tmp_path_factory.mktemp("mirrored")
    program = Path(__file__).with_name("train_on_replicas.py")
    arguments = [sys.executable, str(program), str(folder), json.dumps(list(RUNS.values())), json.dumps(OWN_STATISTICS)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    answer = subprocess.run(arguments, capture_output=True, text=True, env=environment)
    assert answer.returncode == 0, answer.stderr
    answers = json.loads(answer.stdout.splitlines()[-1])
    return dict(zip(RUNS, answers["runs"], strict=True)) | {
        "refused": answers["three replicas"],
        "own statistics": answers["own statistics"],
    }


@pytest.mark.parametrize("name", RUNS)
def test_replicas_hold_the_same_weights_slots_masks_and_statistics_after_every_step(mirrored, name):
    seen = mirrored[name]
    assert 2 in seen["replicas"]
    assert seen["masks"] > 0
    steps = sum(epoch["step"] for epoch in last_epochs(seen)) - skipped(name)
    assert seen["steps"] == steps // RUNS[name]["steps_per_execution"]
    assert seen["different"] == []


def last_epochs(seen):
    return {epoch["phase"]: epoch for epoch in seen["metrics"]}.values()


def skipped(name):
    """Steps that rewinding leaves out."""
    return 3 if name == "iterative" else 0


@pytest.mark.parametrize("name", RUNS)
def test_the_loss_goes_as_on_one_device_with_the_same_global_batch(mirrored, tmp_path, name):
    run(Settings(**RUNS[name]), str(tmp_path / "run"))
    alone = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert len(alone) == len(mirrored[name]["metrics"])
    for one, two in zip(alone, mirrored[name]["metrics"], strict=True):
        for figure in ("train_loss", "train_accuracy", "validation_loss", "test_loss"):
            assert two[figure] == pytest.approx(one[figure], rel=1e-5)
        assert (one["step"], one["sparsity"]) == (two["step"], two["sparsity"])


@pytest.mark.parametrize("name", RUNS)
def test_the_target_is_reached_exactly(mirrored, name):
    last = mirrored[name]["results"]["phases"][-1]
    assert last["kept"] == round(last["prunable"] * (1 - last["nominal_sparsity"]))


def test_batch_norm_of_each_replica_is_one_at_the_ends_of_epochs(mirrored):
    seen = mirrored["own statistics"]
    assert seen["different"]
    assert all("/moving_" in path for path in seen["different"])
    assert seen["different_at_epoch_ends"] == []


def test_with_batch_norm_of_each_replica_an_interrupted_run_ends_as_one_that_was_not(mirrored):
    seen = mirrored["own statistics"]
    assert seen["interrupted"] == seen["results"]


def test_another_number_of_replicas_in_the_same_process_is_refused(mirrored):
    assert mirrored["refused"].startswith("--strategy=mirrored needs 3 logical CPU devices, but TensorFlow is already")


def test_one_device_is_tensorflows_default():
    assert make_strategy("one_device", 2) is tf.distribute.get_strategy()


def test_several_devices_in_a_process_that_already_uses_one_are_refused():
    tf.constant(0)
    with pytest.raises(UsageError, match="--strategy=mirrored needs 2 logical CPU devices, but TensorFlow is already"):
        make_strategy("mirrored", 2)
