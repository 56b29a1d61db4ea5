"""Stop rules while a ladder is climbed down."""

from __future__ import annotations

import json

import pytest

from dsd_tf.errors import UsageError
from dsd_tf.experiment.finished_run import FinishedRun
from dsd_tf.experiment.runner import run


@pytest.fixture
def ladder(finished):
    """Down to where a network of 2,320 weights cannot hold its accuracy."""
    return finished(method="iterative", rounds=6, prune_fraction=0.6)


def names(results) -> list[str]:
    return [record["phase"] for record in results["phases"]]


def test_without_a_rule_every_level_is_trained_and_the_last_is_kept(ladder):
    assert len(ladder.results["phases"]) == 7
    assert ladder.results["final"]["phase"] == "level06"


def test_the_ladder_ends_at_the_first_level_that_loses_too_much_and_the_one_before_is_kept(ladder, small, tmp_path):
    accuracy = {record["phase"]: record["validation"]["top1"] for record in ladder.results["phases"]}
    too_low = next(name for name in accuracy if accuracy[name] < accuracy["dense"] - 0.1)
    settings = small(method="iterative", rounds=6, prune_fraction=0.6, stop_rule="accuracy", stop_tolerance=10)
    results = run(settings, str(tmp_path / "run"))["results"]
    assert names(results) == list(accuracy)[: list(accuracy).index(too_low) + 1]
    kept = names(results)[-2]
    assert results["final"]["phase"] == kept
    assert [row["kept"] for row in results["layers"]] == list(results["phases"][-2]["kept_by_kernel"].values())
    network = FinishedRun(tmp_path / "run").network()
    kernels = [weights for weights in network.get_weights() if weights.ndim == 2]
    assert sum(int((kernel != 0).sum()) for kernel in kernels) == results["phases"][-2]["kept"]


def test_a_run_that_was_interrupted_stops_where_it_would_have_stopped(ladder, small, tmp_path, monkeypatch):
    settings = small(method="iterative", rounds=6, prune_fraction=0.6, stop_rule="accuracy", stop_tolerance=10)
    whole = run(settings, str(tmp_path / "whole"))["results"]
    (tmp_path / "whole" / "summary.json").unlink()

    def trains_nothing(*arguments):
        raise AssertionError("a finished ladder was trained on")

    monkeypatch.setattr("dsd_tf.experiment.phases.PhaseRunner.run", trains_nothing)
    assert run(settings, str(tmp_path / "whole"))["results"] == whole


def test_every_level_has_the_entropy_the_rule_goes_by(ladder):
    for record in ladder.results["phases"]:
        assert [layer["units"] for layer in record["entropy"]["layers"]] == [30, 10]
        assert 0 <= record["entropy"]["mean"] <= 1
    assert json.dumps(ladder.results["phases"][0]["entropy"]) != json.dumps(ladder.results["phases"][-1]["entropy"])


@pytest.mark.parametrize(
    "values, message",
    [
        ({"method": "dsd"}, "--stop_rule=accuracy ends a ladder of levels, and --method=dsd has none"),
        ({"method": "iterative", "validation_fraction": 0.0}, "--stop_rule=accuracy goes by validation accuracy"),
    ],
)
def test_a_rule_without_ladder_or_validation_is_refused_before_training(values, message, small, tmp_path):
    with pytest.raises(UsageError, match=message):
        run(small(stop_rule="accuracy", **values), str(tmp_path / "run"))
    assert not (tmp_path / "run").exists()
