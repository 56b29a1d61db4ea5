"""Runs that are distilled from a teacher: any method, every level, any teacher."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import pytest

from dsd_tf.errors import UsageError
from dsd_tf.experiment.runner import run
from dsd_tf.settings import Settings


@pytest.fixture(scope="module")
def teacher(finished):
    return finished(method="iterative", width=0.2)


@pytest.fixture(scope="module")
def distilled(finished, teacher):
    return finished(method="iterative", objective="distill", teacher=str(teacher.path), kd_temperature=4.0)


def test_every_level_is_trained_for_another_loss_than_without_a_teacher(distilled, finished):
    plain = finished(method="iterative")
    for with_teacher, without in zip(distilled.lines("metrics.jsonl"), plain.lines("metrics.jsonl"), strict=True):
        assert with_teacher["phase"] == without["phase"]
        assert with_teacher["train_loss"] != without["train_loss"]


def test_the_teachers_cost_is_reported_apart(distilled, finished):
    for record, plain in zip(distilled.results["phases"], finished(method="iterative").results["phases"], strict=True):
        # 64-60-20-10: the teacher's forward pass, for every example the student is trained on
        assert record["objective_flops"] == 2 * (64 * 60 + 60 * 20 + 20 * 10) * record["training_examples"]
        assert record["training_flops"] == plain["training_flops"]
        assert plain["objective_flops"] == 0


def test_interrupted_and_continued_it_ends_the_same(distilled, teacher, tmp_path, monkeypatch):
    settings = Settings(**distilled.results["configuration"], checkpoint_seconds=0)
    calls = []

    def interrupt(self, *arguments):
        calls.append(arguments)
        if len(calls) == 4:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("dsd_tf.reporting.progress.RunProgress.epoch", interrupt)
        with pytest.raises(KeyboardInterrupt):
            run(settings, str(tmp_path / "run"))
    assert run(settings, str(tmp_path / "run"))["results"] == distilled.results


def test_the_teacher_is_the_phase_that_is_named_or_the_best_by_validation_accuracy(teacher, small, tmp_path):
    phases = teacher.results["phases"]
    best = max(phases, key=lambda record: (record["validation"]["top1"], record["sparsity"]))["phase"]
    losses = {}
    for name in ("best", "last", *(record["phase"] for record in phases)):
        settings = small(method="dense", epochs=1, objective="distill", teacher=str(teacher.path), teacher_phase=name)
        losses[name] = run(settings, str(tmp_path / name))["results"]["phases"][0]["train"]["loss"]
    assert losses["best"] == losses[best]
    assert losses["last"] == losses[phases[-1]["phase"]]
    assert len({losses[record["phase"]] for record in phases}) == len(phases)


def test_a_keras_file_teaches_what_its_run_teaches(teacher, small, tmp_path):
    by_run = small(method="dense", epochs=1, objective="distill", teacher=str(teacher.path), teacher_phase="last")
    by_file = dataclasses.replace(by_run, teacher=str(teacher.path / "model.keras"))
    results = [run(settings, str(tmp_path / str(i)))["results"] for i, settings in enumerate((by_run, by_file))]
    assert results[0]["phases"] == results[1]["phases"]


def test_a_run_does_not_go_on_with_another_teacher(teacher, small, tmp_path):
    path = tmp_path / "teacher.keras"
    path.write_bytes((teacher.path / "model.keras").read_bytes())
    settings = small(method="dense", epochs=1, objective="distill", teacher=str(path))
    run(settings, str(tmp_path / "run"))
    (tmp_path / "run" / "summary.json").unlink()
    model = keras.models.load_model(path)
    model.set_weights([np.zeros_like(weight) for weight in model.get_weights()])
    model.save(path)
    with pytest.raises(UsageError, match="--teacher=.*teacher.keras is not what the run in .* began with"):
        run(settings, str(tmp_path / "run"))


@pytest.mark.parametrize(
    "values, message",
    [
        ({}, "--objective=distill needs --teacher"),
        ({"teacher": "/nowhere/x.keras"}, "/nowhere/x.keras is neither"),
        ({"teacher": "{run}", "teacher_phase": "level9"}, "unknown --teacher_phase 'level9'; did you mean 'level"),
        ({"teacher": "{run}", "num_classes": 12}, r"--teacher=.*: it has outputs of shape \(10,\)"),
        ({"teacher": "{run}", "image_size": 16}, r"--teacher=.*: it takes images of shape \(8, 8, 1\), the student"),
    ],
)
def test_a_teacher_that_cannot_teach_is_one_clear_error(values, message, teacher, small, tmp_path):
    values = {name: str(teacher.path) if value == "{run}" else value for name, value in values.items()}
    with pytest.raises(UsageError, match=message):
        run(small(method="dense", objective="distill", **values), str(tmp_path / "run"))
    assert not (tmp_path / "run").exists()
