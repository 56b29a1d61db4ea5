"""Exporting a run: what is reported, which phase, and what is refused."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import numpy as np
import pytest

from dsd_tf.errors import UsageError
from dsd_tf.experiment.export_run import export_run
from dsd_tf.experiment.finished_run import FinishedRun
from dsd_tf.export import keras_file

VARIABLES = (64 * 60 + 60 + 60 * 20 + 20 + 20 * 10 + 10) * 4


@pytest.mark.parametrize("name", ["savedmodel", "keras", "litert"])
def test_sizes_are_those_of_what_was_written(exports, name):
    result = exports[name]
    path = Path(result["path"])
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    content = b"".join(file.read_bytes() for file in files)
    assert result["bytes"] == len(content)
    # of the same level; gzip's own header may be some bytes longer
    assert result["gzip_bytes"] == pytest.approx(len(gzip.compress(content, 6)), abs=20)
    assert result["variables_bytes"] == VARIABLES


@pytest.mark.parametrize("name", ["savedmodel", "keras", "litert"])
def test_the_figures_are_those_of_the_last_phase(exports, finished_run, name):
    record = FinishedRun(finished_run).record()
    result = exports[name]
    assert (result["format"], result["phase"]) == (name, "level02")
    assert (result["kept"], result["prunable"], result["sparsity"]) == (1310, 5240, 0.75)
    assert result["test_accuracy"] == record["test"]["top1"]
    assert sum(result["zeros"].values()) == 5240 - 1310


def test_an_earlier_phase_can_be_exported(finished_run, tmp_path):
    result = export_run(finished_run, "keras", tmp_path / "net.keras", phase="level01")
    weights = [weight.numpy() for weight in keras_file.load(tmp_path / "net.keras").weights]
    expected = [weight.numpy() for weight in FinishedRun(finished_run).network("level01").weights]
    assert all(np.array_equal(*pair) for pair in zip(weights, expected, strict=True))
    assert (result["phase"], result["kept"], sum(result["zeros"].values())) == ("level01", 2620, 2620)


@pytest.mark.parametrize(
    ("name", "file"), [("savedmodel", "dense"), ("keras", "dense.keras"), ("litert", "dense.tflite")]
)
def test_by_default_the_export_goes_into_the_run_directory(finished_run, tmp_path, name, file):
    run = shutil.copytree(finished_run, tmp_path / "run")
    result = export_run(run, name, phase="dense")
    assert Path(result["path"]) == run / "export" / file
    assert [path.name for path in (run / "export").iterdir()] == [file]


def test_the_nearest_format_is_named(finished_run):
    with pytest.raises(UsageError, match="unknown --format 'saved_model'; did you mean 'savedmodel'"):
        export_run(finished_run, "saved_model")


def test_the_network_of_the_run_itself_is_not_overwritten(finished_run):
    before = (finished_run / "model.keras").read_bytes()
    with pytest.raises(UsageError, match="model.keras is the run's own network"):
        export_run(finished_run, "keras", finished_run / "phases" / ".." / "model.keras", phase="dense")
    assert (finished_run / "model.keras").read_bytes() == before


def test_the_run_directory_is_not_replaced_by_a_saved_model(finished_run):
    with pytest.raises(UsageError, match="exists and is not a SavedModel"):
        export_run(finished_run, "savedmodel", finished_run)
    assert (finished_run / "summary.json").exists()
