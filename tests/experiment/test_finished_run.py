"""Reading a finished run: figures and networks of its phases, and what is not one."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from dsd_tf.errors import UsageError
from dsd_tf.experiment.finished_run import FinishedRun
from dsd_tf.experiment.workbench import load_images
from dsd_tf.files import read_arrays
from dsd_tf.sparsity.masks import Masks
from dsd_tf.training.evaluation import Evaluator

PHASES = ["dense", "level01", "level02"]


@pytest.fixture
def copy(finished_run, tmp_path):
    return shutil.copytree(finished_run, tmp_path / "run")


def test_the_last_phase_is_meant_where_none_is_named(finished_run):
    run = FinishedRun(finished_run)
    assert run.record() == run.record("level02")
    assert run.settings.rounds == 2


@pytest.mark.parametrize("phase", PHASES)
def test_the_network_of_a_phase_is_what_the_phase_ended_with(finished_run, phase):
    arrays = read_arrays(finished_run / "phases" / f"{phase}.npz")
    weights = [weight.numpy() for weight in FinishedRun(finished_run).network(phase).weights]
    assert all(np.array_equal(weight, arrays[f"model/{index}"]) for index, weight in enumerate(weights))


def test_one_network_can_be_brought_to_every_phase(finished_run):
    run = FinishedRun(finished_run)
    model = run.network()
    for phase in PHASES:
        run.bring(model, phase)
        pairs = zip(model.get_weights(), run.network(phase).get_weights(), strict=True)
        assert all(np.array_equal(brought, loaded) for brought, loaded in pairs)


@pytest.mark.parametrize("phase", PHASES)
def test_the_network_of_a_phase_has_its_reported_figures_exactly(finished_run, phase):
    run = FinishedRun(finished_run)
    network, record = run.network(phase), run.record(phase)
    scores = Evaluator(network, load_images(run.settings).test, 500)()
    assert vars(scores) == record["test"]
    masks = Masks.load(finished_run / "phases" / f"{phase}.masks.npz")
    zeros = {weight.path: weight.numpy() == 0 for weight in network.weights}
    assert all(np.array_equal(zeros[name], ~mask) for name, mask in masks.items())


def test_the_nearest_phase_is_named(finished_run):
    with pytest.raises(UsageError, match="unknown --phase 'level2'; did you mean 'level02'"):
        FinishedRun(finished_run).record("level2")


def test_a_directory_that_is_no_run_is_named(tmp_path):
    with pytest.raises(UsageError, match="is not a run directory: it has no config.json"):
        FinishedRun(tmp_path)


def test_a_run_that_is_not_finished_is_named(copy):
    (copy / "summary.json").unlink()
    with pytest.raises(
        UsageError, match="the run in .*run is not finished; the bin/train command that began it ends it"
    ):
        FinishedRun(copy)


def test_a_damaged_phase_is_named(copy):
    path = copy / "phases" / "dense.npz"
    path.write_bytes(path.read_bytes()[:2_000])
    with pytest.raises(UsageError, match="dense.npz is damaged"):
        FinishedRun(copy).network("dense")


def test_a_phase_of_another_network_is_named(copy):
    arrays = read_arrays(copy / "phases" / "dense.npz")
    np.savez(copy / "phases" / "dense.npz", **arrays | {"model/0": np.zeros((3, 3), np.float32)})
    with pytest.raises(UsageError, match=r"another model: hidden1/kernel needs \(64, 60\), found \(3, 3\)"):
        FinishedRun(copy).network("dense")


def test_reading_leaves_the_directory_as_it_was(copy):
    before = {file: file.stat().st_mtime_ns for file in copy.rglob("*")}
    FinishedRun(copy).network("level01")
    assert {file: file.stat().st_mtime_ns for file in copy.rglob("*")} == before
    assert json.loads((copy / "summary.json").read_text())["results"]["final"]["phase"] == "level02"
