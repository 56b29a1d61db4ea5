"""summary.json: results depend on the configuration alone, time and machine stand beside them."""

from __future__ import annotations

import json
from importlib.metadata import version

import pytest

from dsd_tf.experiment.summary import environment, versions


@pytest.fixture(scope="module")
def run(finished):
    return finished(method="iterative", retrain="rewind")


def test_it_has_results_timing_and_environment(run):
    summary = json.loads((run.path / "summary.json").read_text())
    assert summary.keys() == {"results", "timing", "environment"}
    assert summary["environment"] == environment()
    assert list(summary["timing"]["seconds_by_phase"]) == ["dense", "level01", "level02"]


def test_nothing_in_the_results_is_a_time_a_place_or_a_version(run):
    text = json.dumps(run.results)
    for foreign in ("seconds", str(run.path), version("tensorflow"), "data_dir", "checkpoint"):
        assert foreign not in text


def test_its_headline_is_the_last_phase(run):
    last, final = run.results["phases"][-1], run.results["final"]
    assert final["phase"] == last["phase"] == "level02"
    assert (final["test_accuracy"], final["test_loss"]) == (last["test"]["top1"], last["test"]["loss"])
    for figure in (
        "sparsity",
        "total_sparsity",
        "kept",
        "parameters",
        "dense_flops",
        "sparse_flops",
        "best_epoch",
    ):
        assert final[figure] == last[figure]


def test_its_layers_are_those_of_the_last_phase(run):
    assert {layer["name"]: layer["kept"] for layer in run.results["layers"]} == run.results["phases"][-1][
        "kept_by_kernel"
    ]


def test_runs_of_several_phases_are_plotted(run, finished):
    assert (run.path / "accuracy_vs_sparsity.png").read_bytes().startswith(b"\x89PNG")
    assert not (finished(method="dense").path / "accuracy_vs_sparsity.png").exists()


def test_versions_name_what_results_may_depend_on():
    found = versions()
    assert found["tensorflow"] == version("tensorflow")
    assert found.keys() > {"python", "keras", "numpy", "tensorflow-model-optimization"}
