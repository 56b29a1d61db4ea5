"""A run directory belongs to one configuration and to one process at a time."""

from __future__ import annotations

import dataclasses
import errno
import fcntl
import json

import pytest

from dsd_tf.errors import UsageError
from dsd_tf.experiment.run_directory import (
    RunDirectory,
    append_line,
    default_name,
    load_settings,
    masks_path,
    phase_path,
    write_lines,
)
from dsd_tf.settings import Settings

SETTINGS = Settings(method="dsd", sparsity=0.3)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "runs" / "a"


def create(path, settings=SETTINGS):
    with RunDirectory(path, settings) as directory:
        directory.create({"python": "3"}, {})
    return directory


def test_nothing_is_made_before_it_is_created(path):
    with RunDirectory(path, SETTINGS) as directory:
        assert directory.result() is None
    assert not path.parent.exists()


def test_its_configuration_holds_every_setting_results_depend_on_and_the_versions(path):
    create(path)
    assert json.loads((path / "config.json").read_text()) == {
        "settings": SETTINGS.identity(),
        "versions": {"python": "3"},
        "inputs": {},
    }
    assert load_settings(path) == SETTINGS


def test_a_file_the_run_reads_must_stay_the_one_it_began_with(path):
    settings = Settings(init_from="start.keras")
    for digest in ("aa", "aa", "bb"):
        with RunDirectory(path, settings) as directory:
            if digest == "aa":
                directory.create({}, {"init_from": digest})
                continue
            with pytest.raises(UsageError, match="--init_from=start.keras is not what the run in .* began"):
                directory.create({}, {"init_from": digest})


def test_it_can_be_opened_again_with_the_same_configuration(path):
    create(path)
    before = (path / "config.json").stat().st_mtime_ns
    create(path, Settings(method="dsd", sparsity=0.3, data_dir="elsewhere", checkpoint_seconds=1.0))
    assert (path / "config.json").stat().st_mtime_ns == before


def test_another_configuration_is_refused_naming_every_differing_flag(path):
    create(path)
    with pytest.raises(UsageError) as error:
        create(path, Settings(method="dsd", sparsity=0.5, lr=0.2))
    assert "belongs to another configuration: --lr=0.2 (was 0.1), --sparsity=0.5 (was 0.3)" in str(error.value)
    assert load_settings(path) == SETTINGS


@pytest.mark.parametrize("content", ["[]", "{}", '{"settings": 1}'])
def test_a_configuration_of_another_program_is_refused(path, content):
    path.mkdir(parents=True)
    (path / "config.json").write_text(content)
    with pytest.raises(UsageError, match="not a run directory: its config.json is not one of dsd_tf"):
        create(path)


def test_a_directory_with_other_files_is_refused_and_left_alone(path):
    path.mkdir(parents=True)
    (path / "thesis.tex").write_text("text")
    with pytest.raises(UsageError, match="holds other files and no config.json; name a new directory"):
        create(path)
    assert [file.name for file in path.iterdir()] == ["thesis.tex"]


def test_a_run_from_before_there_was_a_setting_has_its_default(path):
    content = json.loads((create(path).config).read_text())
    del content["settings"]["batch_norm"]
    (path / "config.json").write_text(json.dumps(content))
    with RunDirectory(path, SETTINGS) as directory:
        assert directory.result() is None
    other = dataclasses.replace(SETTINGS, batch_norm="replica")
    with pytest.raises(UsageError, match=r"--batch_norm=replica \(was synchronised\)"), RunDirectory(path, other):
        pass


def test_an_empty_directory_is_taken(path):
    path.mkdir(parents=True)
    create(path)
    assert load_settings(path) == SETTINGS


def test_a_file_is_no_directory(path):
    path.parent.mkdir()
    path.write_text("")
    with pytest.raises(UsageError, match="runs/a is not a directory"):
        create(path)


def test_a_place_that_cannot_be_written_is_refused(path):
    path.parent.write_text("")
    with pytest.raises(UsageError, match="cannot make --run_dir=.*runs/a: Not a directory"):
        create(path)


def test_two_cannot_have_it_at_once(path):
    with RunDirectory(path, SETTINGS) as first, RunDirectory(path, SETTINGS) as second:
        first.create({}, {})
        with pytest.raises(UsageError, match="is in use by another process"):
            second.create({}, {})
    with (
        RunDirectory(path, SETTINGS),
        pytest.raises(UsageError, match="in use"),
        RunDirectory(path, SETTINGS),
    ):
        pass
    create(path)


def test_a_file_system_without_locks_is_not_taken_for_another_process(path, monkeypatch):
    def unsupported(*_):
        raise OSError(errno.ENOSYS, "Function not implemented")

    create(path)
    monkeypatch.setattr(fcntl, "flock", unsupported)
    with pytest.raises(UsageError, match="runs/a cannot be locked: Function not implemented"):
        create(path)


def test_creating_it_removes_what_killed_processes_left(path):
    create(path)
    (path / ".tmp-1-metrics.jsonl").write_text("{")
    create(path)
    assert [file.name for file in path.iterdir()] == ["config.json"]


def test_settings_of_what_is_no_run_are_refused(tmp_path):
    with pytest.raises(UsageError, match="is not a run directory: it has no config.json"):
        load_settings(tmp_path)


def test_settings_of_another_version_are_refused(path):
    create(path)
    content = json.loads((path / "config.json").read_text())
    content["settings"]["gone"] = 1
    (path / "config.json").write_text(json.dumps(content))
    with pytest.raises(UsageError, match="made by another version of dsd_tf: .*'gone'"):
        load_settings(path)


def test_all_files_are_inside_the_directory(path):
    directory = RunDirectory(path, SETTINGS)
    assert directory.phase("dense") == phase_path(path, "dense") == path / "phases" / "dense.npz"
    assert directory.learning("dense", 3) == path / "learning" / "dense" / "00003.npz"
    assert directory.masks("dense") == masks_path(path, "dense") == path / "phases" / "dense.masks.npz"
    others = [directory.metrics, directory.levels, directory.checkpoints, directory.rewind, directory.model]
    assert {file.parent for file in (*others, directory.plot, directory.summary)} == {path}


def test_lines_are_json_objects_one_each(tmp_path):
    write_lines(tmp_path / "a.jsonl", [{"b": 1, "a": 2}])
    append_line(tmp_path / "a.jsonl", {"c": [1.5]})
    assert (tmp_path / "a.jsonl").read_text() == '{"a": 2, "b": 1}\n{"c": [1.5]}\n'


def test_a_line_that_cannot_be_added_is_the_users_to_fix(tmp_path):
    with pytest.raises(UsageError, match="cannot write .*no/a.jsonl: No such file"):
        append_line(tmp_path / "no" / "a.jsonl", {})


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({}, "digits-lenet300-dense-seed0"),
        ({"model": "resnet18", "width": 0.25, "seed": 3}, "digits-resnet18x0.25-dense-seed3"),
        ({"method": "gradual", "sparsity": 0.95}, "digits-lenet300-gradual-s0.95-seed0"),
        ({"method": "one_shot", "retrain": "finetune"}, "digits-lenet300-one_shot-finetune-s0.9-seed0"),
        ({"method": "iterative", "rounds": 11}, "digits-lenet300-iterative-rewind-11rounds-seed0"),
        ({"method": "iterative"}, "digits-lenet300-iterative-rewind-s0.9-seed0"),
        ({"label_noise": 0.2}, "digits-lenet300-dense-noise0.2flip_other-seed0"),
        (
            {"label_noise_kind": "worst", "label_noise_file": "labels/a.pt"},
            "digits-lenet300-dense-noiseworst-seed0",
        ),
        ({"train_subset": "a.npz", "hardest": 0.5}, "digits-lenet300-dense-hardest0.5-seed0"),
        ({"train_subset": "a.npz", "easiest": 0.5}, "digits-lenet300-dense-easiest0.5-seed0"),
        (
            {"objective": "adversarial", "corruption": "fog:3", "train_fraction": 0.3},
            "digits-lenet300-dense-p0.3-fog3-adversarial_linf-seed0",
        ),
    ],
)
def test_a_default_name_says_data_network_method_target_what_makes_examples_hard_and_seed(values, name):
    assert default_name(Settings(**values)) == name
