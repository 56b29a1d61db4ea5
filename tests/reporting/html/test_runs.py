from __future__ import annotations

import dataclasses

import pytest

from dsd_tf.reporting.html.runs import differing, group_runs, show


def names(*runs) -> list[str]:
    return [group.name for group in group_runs(runs)]


def test_runs_that_differ_in_their_seed_alone_are_one_group(descent_run):
    [group] = group_runs([descent_run(seed=0), descent_run(seed=1), descent_run(seed=2)])
    assert [run.settings.seed for run in group.runs] == [0, 1, 2]
    assert (group.name, group.index, group.alone) == ("mnist lenet300 iterative", 0, True)


def test_the_seed_in_the_path_of_another_run_does_not_part_a_group(descent_run):
    runs = [descent_run(seed=seed, retrain="reinit", masks_from=f"runs/a-seed{seed}") for seed in (1, 12)]
    assert len(group_runs(runs)) == 1
    assert len(group_runs([*runs, descent_run(seed=1, retrain="reinit", masks_from="runs/b-seed1")])) == 2


@pytest.mark.parametrize("form", ["seed{}", "variant=a-seed={}"])
def test_seeds_are_struck_from_paths_however_they_are_written(descent_run, form):
    runs = [descent_run(seed=seed, objective="distill", teacher=form.format(seed)) for seed in (0, 1)]
    assert len(group_runs(runs)) == 1


def test_groups_have_the_names_a_study_gives_them(descent_run):
    a, b = descent_run(width=1.0), descent_run(width=0.5)
    assert names(dataclasses.replace(a, label="wide"), dataclasses.replace(b, label="narrow")) == ["wide", "narrow"]
    assert names(dataclasses.replace(a, label="wide"), b) == ["width=1", "width=0.5"]
    assert names(dataclasses.replace(a, label="x"), dataclasses.replace(b, label="x")) == ["width=1", "width=0.5"]


def test_groups_are_named_by_the_settings_that_differ(descent_run):
    runs = [descent_run(width=1.0, nesterov=False), descent_run(width=0.5, nesterov=True)]
    assert names(*runs) == ["width=1, nesterov=false", "width=0.5, nesterov=true"]
    assert [(group.index, group.alone) for group in group_runs(runs)] == [(0, False), (1, False)]


def test_of_many_differing_settings_the_first_that_tell_the_groups_apart_name_them(descent_run):
    a = descent_run(width=1.0, retrain="rewind", lr=0.1, momentum=0.0)
    b = descent_run(width=2.0, retrain="rewind", lr=0.2, momentum=0.1)
    c = descent_run(width=2.0, retrain="scratch", lr=0.3, momentum=0.1)
    assert names(a, b, c) == ["width=1, retrain=rewind", "width=2, retrain=rewind", "width=2, retrain=scratch"]


def test_a_run_without_a_finished_phase_belongs_to_no_group(descent_run):
    assert group_runs([descent_run(levels=0, finished=False)]) == []


def test_dense_again_is_no_level_of_the_ladder(dsd_run):
    [group] = group_runs([dsd_run()])
    assert [level.phase for level in group.ladder] == ["dense", "sparse1"]
    assert not group.is_ladder


def test_a_ladder_has_at_least_three_sparsities(descent_run):
    assert not group_runs([descent_run(levels=2)])[0].is_ladder
    assert group_runs([descent_run(levels=3)])[0].is_ladder


def test_the_best_phase_is_the_sparsest_of_equals_by_validation(descent_run):
    run = descent_run(levels=3)
    for record in run.records:
        record["validation"]["top1"] = 0.9
    assert group_runs([run])[0].best.phase == "level03"


def test_without_validation_data_there_is_no_best_phase(descent_run):
    run = descent_run(levels=3)
    for record in run.records:
        del record["validation"]
    assert group_runs([run])[0].best is None


def test_kernel_sizes_come_from_the_layers_of_a_finished_run_or_from_a_dense_phase(descent_run):
    sizes = {"hidden1/kernel": 235_200, "hidden2/kernel": 30_000, "logits/kernel": 1_000}
    assert descent_run().kernel_sizes == sizes
    unfinished = descent_run(levels=3, finished=False)
    assert unfinished.kernel_sizes == sizes
    assert dataclasses.replace(unfinished, records=unfinished.records[1:]).kernel_sizes == {}
    assert group_runs([dataclasses.replace(unfinished, records=unfinished.records[1:])])[0].kernel_sizes == {}


def test_the_state_of_a_run_names_its_last_finished_phase(descent_run):
    assert descent_run().state == "finished"
    assert descent_run(levels=4, finished=False).state == "unfinished, up to level04"
    assert descent_run(levels=0, finished=False).state == "unfinished, no phase done"


def test_differing_settings_keep_the_order_of_the_flags(descent_run):
    one, other = descent_run(seed=1), descent_run(seed=2, width=2.0, lr=7.0)
    assert differing([one.configuration, other.configuration]) == ["width", "lr"]


def test_values_are_shown_as_flags_take_them():
    assert [show(value) for value in (True, 1.0, 0.25, 1e-05, "a b", 7)] == ["true", "1", "0.25", "1e-05", "a b", "7"]
