"""A study's directory: which run is where, what is there already, what does not belong there."""

from __future__ import annotations

import json

import pytest

from dsd_tf.errors import UsageError
from dsd_tf.settings import Settings
from dsd_tf.studies.directory import StudyDirectory, run_labels
from dsd_tf.studies.grid import Grid


@pytest.fixture
def study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return StudyDirectory("study")


def paths(runs):
    return [run.path for run in runs]


def test_a_plan_has_a_directory_a_log_and_settings_for_every_run_and_writes_nothing(study, tmp_path):
    runs = study.plan(Grid({"seed": (0, 1), "epochs": (3,)}, {}))
    assert paths(runs) == ["study/runs/seed=0", "study/runs/seed=1"]
    assert runs[1].log == "study/logs/seed=1.log"
    assert runs[1].settings == Settings(seed=1, epochs=3)
    assert runs[1].needs == ()
    assert not list(tmp_path.iterdir())


def test_a_reference_becomes_the_path_of_the_run_it_names(study):
    variants = {"reinit": {"retrain": "reinit", "masks_from": "@dense", "init_from": "@dense/model.keras"}, "dense": {}}
    reinit, dense = study.plan(Grid({}, variants))
    assert (reinit.name, dense.name) == ("variant=reinit", "variant=dense")
    assert reinit.settings.masks_from == "study/runs/variant=dense"
    assert reinit.settings.init_from == "study/runs/variant=dense/model.keras"
    assert (reinit.needs, dense.needs) == (("variant=dense",), ())


@pytest.mark.parametrize("spelling", ["study/", "./study", "{here}/study"])
def test_however_the_directory_is_given_references_are_the_same(study, tmp_path, spelling):
    other = StudyDirectory(spelling.format(here=tmp_path))
    grid = Grid({}, {"a": {"teacher": "@b"}, "b": {}})
    assert other.plan(grid) == study.plan(grid)


def test_a_directory_elsewhere_is_named_by_its_absolute_path(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert StudyDirectory("../study").path.is_absolute()


def test_runs_are_found_again_when_an_axis_is_added_and_when_values_are(study, put_run):
    put_run("study/runs/seed=0", Settings(seed=0), accuracy=0.9)
    put_run("study/runs/seed=1", Settings(seed=1))
    runs = study.plan(Grid({"seed": (0, 1, 2), "width": (1.0, 0.5)}, {}))
    assert paths(runs) == [
        "study/runs/seed=0",
        "study/runs/seed=1",
        "study/runs/width=1-seed=2",
        "study/runs/width=0.5-seed=0",
        "study/runs/width=0.5-seed=1",
        "study/runs/width=0.5-seed=2",
    ]
    assert [bool(run.summary) for run in runs] == [True, False, False, False, False, False]
    assert [run.begun for run in runs] == [True, True, False, False, False, False]


def test_runs_that_start_from_others_are_found_again_too(study, put_run):
    put_run("study/runs/variant=dense", Settings(), accuracy=0.9)
    put_run("study/runs/variant=kd", Settings(teacher="study/runs/variant=dense"), accuracy=0.9)
    runs = study.plan(Grid({"seed": (0, 1)}, {"kd": {"teacher": "@dense"}, "dense": {}}))
    assert paths(runs) == [
        "study/runs/variant=kd",
        "study/runs/variant=kd-seed=1",
        "study/runs/variant=dense",
        "study/runs/variant=dense-seed=1",
    ]
    assert runs[0].needs == ("variant=dense",)
    assert runs[1].settings.teacher == "study/runs/variant=dense-seed=1"


def test_a_directory_of_another_configuration_is_refused_naming_it_and_the_flags(study, put_run):
    put_run("study/runs/seed=1", Settings(seed=1, lr=0.3))
    with pytest.raises(UsageError) as error:
        study.plan(Grid({"seed": (0, 1)}, {}))
    assert str(error.value).startswith(
        "--run_dir=study/runs/seed=1 belongs to another configuration: --lr=0.1 (was 0.3)"
    )


def test_a_directory_of_something_else_is_refused(study, tmp_path):
    (tmp_path / "study" / "runs" / "seed=0").mkdir(parents=True)
    (tmp_path / "study" / "runs" / "seed=0" / "thesis.tex").write_text("text")
    with pytest.raises(UsageError, match="seed=0 holds other files and no config.json"):
        study.plan(Grid({"seed": (0, 1)}, {}))


def test_settings_that_cannot_be_are_refused_for_the_whole_grid(study):
    with pytest.raises(UsageError, match="unknown --model 'lenet30'; did you mean 'lenet300'"):
        study.plan(Grid({"model": ("lenet300", "lenet30")}, {}))


def test_two_runs_with_the_same_settings_are_refused(study):
    with pytest.raises(UsageError, match="variant=a-seed=0 and variant=b-seed=0 are one run"):
        study.plan(Grid({"seed": (0, 1)}, {"a": {}, "b": {"epochs": 20}}))


def test_a_run_is_complete_when_what_it_exports_is_there(study, put_run, tmp_path):
    put_run("study/runs/seed=0", Settings(seed=0), accuracy=0.9)
    grid = Grid({"seed": (0, 1), "export": ("keras,litert",)}, {})
    (tmp_path / "study/runs/seed=0/export").mkdir()
    (tmp_path / "study/runs/seed=0/export/dense.keras").write_bytes(b"")
    assert study.plan(grid)[0].summary is None
    (tmp_path / "study/runs/seed=0/export/dense.tflite").write_bytes(b"")
    assert study.plan(grid)[0].summary["results"]["final"]["test_accuracy"] == 0.9


def test_a_second_study_in_the_directory_is_refused(study):
    with (
        study.locked(),
        pytest.raises(UsageError, match="--study_dir=study is in use by another process"),
        study.locked(),
    ):
        pass
    with study.locked():
        pass


def test_a_place_that_cannot_be_written_is_refused():
    with (
        pytest.raises(UsageError, match="cannot make --study_dir=/dev/null/study: Not a directory"),
        StudyDirectory("/dev/null/study").locked(),
    ):
        pass


def test_study_json_tells_axes_variants_and_the_place_of_every_run(study, tmp_path):
    grid = Grid({"seed": (0, 1)}, {"kd": {"teacher": "@dense"}, "dense": {}})
    study.describe(grid, study.plan(grid))
    content = json.loads((tmp_path / "study" / "study.json").read_text())
    assert content["axes"] == {"variant": ["kd", "dense"], "seed": [0, 1]}
    assert content["variants"] == {"kd": {"teacher": "@dense"}, "dense": {}}
    assert list(content["runs"]) == [f"variant={name}-seed={seed}" for name in ("dense", "kd") for seed in (0, 1)]
    assert content["runs"]["variant=kd-seed=1"] == {
        "axes": {"variant": "kd", "seed": 1},
        "needs": ["variant=dense-seed=1"],
    }


def test_runs_are_labelled_by_their_place_on_the_axes_but_the_seeds(study):
    grid = Grid({"seed": (0, 1), "lr": (0.1, 1.0)}, {"slow": {"epochs": 9}, "fast": {"epochs": 1}})
    with study.locked():
        study.describe(grid, study.plan(grid))
    labels = run_labels("study")
    assert labels["study/runs/variant=slow-lr=0.1-seed=1"] == "slow, lr=0.1"
    assert len(labels) == 8 and len(set(labels.values())) == 4


def test_a_directory_that_is_no_studys_labels_nothing(tmp_path):
    assert run_labels(tmp_path) == {}
