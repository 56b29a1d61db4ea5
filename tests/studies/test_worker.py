"""What a worker process does with a run, called in this process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dsd_tf.experiment import runner
from dsd_tf.experiment.phases import PhaseRunner
from dsd_tf.settings import Settings
from dsd_tf.studies import worker

TINY = {"width": 0.1, "train_examples": 300, "batch_size": 64, "epochs": 2}


def results(path: Path) -> str:
    return json.dumps(json.loads((path / "summary.json").read_text())["results"])


def test_it_carries_out_a_run_with_its_exports_and_tells_how_far_it_is(tmp_path, monkeypatch):
    monkeypatch.setattr(worker, "_SECONDS_BETWEEN_REPORTS", 0)
    said = []
    settings = Settings(**TINY, method="one_shot", export="keras")
    assert worker.carry_out(settings, str(tmp_path / "run"), said.append) is None
    assert said[-1] == {"steps": 20, "total": 20}
    assert [message["steps"] for message in said] == sorted(message["steps"] for message in said)
    assert (tmp_path / "run" / "export" / "level01.keras").exists()


def test_it_reports_now_and_then_only(tmp_path, monkeypatch):
    monkeypatch.setattr(worker, "_SECONDS_BETWEEN_REPORTS", 1e9)
    said = []
    assert worker.carry_out(Settings(**TINY), str(tmp_path / "run"), said.append) is None
    assert len(said) == 1


def test_other_runs_in_the_process_change_nothing(tmp_path):
    settings = Settings(**TINY, seed=3, method="iterative", rounds=1)
    runner.run(settings, str(tmp_path / "alone"))
    worker.carry_out(Settings(**TINY, model="lenet5"), str(tmp_path / "before"), lambda message: None)
    worker.carry_out(settings, str(tmp_path / "after"), lambda message: None)
    assert results(tmp_path / "after") == results(tmp_path / "alone")


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"num_classes": 3}, "--num_classes=3, but digits has labels up to 9"),
        ({"lr": 1e25}, "training diverged in dense: "),
    ],
)
def test_bad_settings_and_divergence_are_one_line(tmp_path, capsys, values, error):
    found = worker.carry_out(Settings(**TINY | values), str(tmp_path / "run"), lambda message: None)
    assert found.startswith(error) and "\n" not in found
    assert f"error: {error}" in capsys.readouterr().err


def test_a_fault_of_ours_is_one_line_with_its_traceback_in_the_log(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(PhaseRunner, "run", lambda *_: {}["no such\nkey"])
    found = worker.carry_out(Settings(**TINY), str(tmp_path / "run"), lambda message: None)
    assert found == "KeyError: 'no such\\nkey'"
    assert "Traceback (most recent call last)" in capsys.readouterr().err
