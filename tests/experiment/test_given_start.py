"""Runs that start from the network in a file: dense, or pruned already."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import tensorflow as tf

from dsd_tf.errors import UsageError
from dsd_tf.experiment.describe import describe_plan
from dsd_tf.experiment.phases import PhaseRunner
from dsd_tf.experiment.run_directory import RunDirectory
from dsd_tf.experiment.runner import run
from dsd_tf.settings import Settings


@pytest.fixture(scope="module")
def dense(finished):
    return finished(method="dense")


@pytest.fixture(scope="module")
def sparse(finished):
    return finished(method="one_shot", retrain="finetune")


def dsd(small, source, **values):
    return small(method="dsd", init_from=str(source.path / "model.keras"), **values)


def test_a_dense_phase_starts_from_the_file(small, dense, watched, tmp_path):
    again = watched(small(method="dense", init_from=str(dense.path / "model.keras")), tmp_path / "run")
    assert all(map(np.array_equal, again.starts["dense"].weights, dense.weights("dense")))


def test_a_dense_network_is_recorded_pruned_and_made_dense_again(small, dense, watched, tmp_path):
    settings = dsd(small, dense, start_phase="sparse", sparsity=0.5, sparse_epochs=1.4, allocation="uniform")
    again = watched(settings, tmp_path / "run")
    given, pruned, last = again.results["phases"]
    assert [record["phase"] for record in (given, pruned, last)] == ["given", "sparse1", "redense1"]
    assert given["test"] == dense.results["phases"][0]["test"]
    assert (given["sparsity"], given["train_accuracy"], given["best_epoch"]) == (0.0, None, None)
    assert given["learning_distance"] == {"kernels": 0.0, "all": 0.0}
    assert (pruned["kept"], last["kept"]) == (given["prunable"] / 2, given["prunable"])
    steps = [record["step"] for record in again.lines("metrics.jsonl")]
    assert steps == [5, 7, 5, 10]
    masks = iter(again.masks("sparse1").values())
    expected = [w * next(masks) if w.ndim > 1 else w for w in dense.weights("dense")]
    assert all(map(np.array_equal, again.starts["sparse1"].weights, expected))


def test_a_pruned_network_is_recorded_with_its_zeros_which_are_revived_at_zero(small, sparse, watched, tmp_path):
    again = watched(dsd(small, sparse, start_phase="redense"), tmp_path / "run")
    given, last = again.results["phases"]
    before = sparse.results["phases"][-1]
    assert (given["phase"], last["phase"]) == ("given", "redense1")
    assert {key: given[key] for key in ("kept", "sparsity", "kept_by_kernel", "test", "train", "validation")} == {
        key: before[key] for key in ("kept", "sparsity", "kept_by_kernel", "test", "train", "validation")
    }
    start = again.starts["redense1"]
    assert all(map(np.array_equal, start.weights, sparse.weights(before["phase"])))
    assert start.slots == 0
    assert last["sparsity"] == 0.0
    assert all(np.count_nonzero(w) > 0.5 * w.size for w in again.weights("redense1") if w.ndim > 1)


def test_a_network_without_a_zero_is_no_start_for_a_dense_phase(small, dense, tmp_path):
    with pytest.raises(UsageError, match="model.keras is not pruned: no prunable weight is zero"):
        run(dsd(small, dense, start_phase="redense"), str(tmp_path / "run"))


def test_it_resumes_to_the_same_results(small, sparse, watched, tmp_path, monkeypatch):
    settings = dsd(small, sparse, start_phase="redense", cycles=2)
    whole = watched(settings, tmp_path / "whole")
    broken, train = tmp_path / "broken", PhaseRunner._train

    def fail_in_sparse2(self, phase, *arguments):
        if phase.name == "sparse2":
            raise InterruptedError
        return train(self, phase, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(PhaseRunner, "_train", fail_in_sparse2)
        with pytest.raises(InterruptedError):
            run(settings, str(broken))
    assert run(settings, str(broken))["results"] == json.loads((whole.path / "summary.json").read_text())["results"]


def test_another_file_under_the_same_name_is_refused_while_the_run_is_not_complete(small, dense, sparse, tmp_path):
    copy = shutil.copy(dense.path / "model.keras", tmp_path / "start.keras")
    settings = small(method="dsd", init_from=str(copy))
    with RunDirectory(tmp_path / "run", settings) as directory:
        directory.create({}, {"init_from": "0" * 64})
    with pytest.raises(UsageError, match="start.keras is not what the run in .* began with"):
        run(settings, str(tmp_path / "run"))


def test_a_dry_run_lists_the_start_and_what_was_taken(small, sparse, capsys):
    answer = describe_plan(dsd(small, sparse, start_phase="redense"))
    printed = capsys.readouterr().out
    assert answer == {"phases": 2, "steps": 10, "steps_per_epoch": 5}
    assert printed.startswith("weights of 3 layers are those of ")
    assert "zeros of the start" in printed
    assert "end of given" in printed
    assert printed.count("as given") == 3


@pytest.fixture(scope="module")
def image_folder(tmp_path_factory):
    """Three classes of 39x39 colour images, told apart by their brightest channel."""
    folder, generator = tmp_path_factory.mktemp("images"), np.random.default_rng(0)
    for split, count in (("train", 12), ("test", 4)):
        for label, name in enumerate(("blue", "green", "red")):
            (folder / split / name).mkdir(parents=True)
            for number in range(count):
                pixels = generator.integers(0, 80, (39, 39, 3), dtype=np.uint8)
                pixels[..., 2 - label] += 150
                (folder / split / name / f"{number}.png").write_bytes(tf.io.encode_png(pixels).numpy())
    return folder


def test_squeezenet_is_retrained_dense_sparse_dense_on_an_image_folder_from_its_checkpoint(image_folder, tmp_path):
    """The recipe of configs/squeezenet_dsd.flags at reduced width, its pruned start made by a first DSD run."""
    common = {
        **{"dataset": "image_folder", "data_dir": str(image_folder), "validation_fraction": 0.0},
        **{"model": "squeezenet_v1_0", "width": 0.1, "normalization": "caffe", "batch_size": 12},
        **{"lr": 1e-4, "protect_first": True, "allocation": "uniform", "epochs": 1},
    }
    pruned = run(Settings(**common, method="one_shot", sparsity=2 / 3, retrain="finetune"), str(tmp_path / "pruned"))[
        "results"
    ]
    recipe = {"method": "dsd", "start_phase": "redense", "redense_lr_factor": 1.0}
    settings = Settings(**common, **recipe, init_from=str(tmp_path / "pruned" / "model.keras"))
    given, dense = run(settings, str(tmp_path / "dsd"))["results"]["phases"]
    before = pruned["phases"][-1]
    assert given["kept_by_kernel"] == before["kept_by_kernel"]
    assert given["kept_by_kernel"]["conv1/kernel"] == 7 * 7 * 3 * 10  # the first layer is never pruned
    assert (given["test"], given["kept"]) == (before["test"], before["kept"])
    assert (dense["sparsity"], dense["test"]["examples"]) == (0.0, 12)
