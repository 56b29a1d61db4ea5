from __future__ import annotations

import dataclasses

from dsd_tf.reporting.html.provenance import run_table, setting_tables, version_table
from dsd_tf.reporting.html.runs import group_runs


def test_every_run_is_listed_with_its_state(descent_run):
    runs = [descent_run(), descent_run(seed=1, levels=4, finished=False), descent_run(seed=2, levels=0, finished=False)]
    [(_, rows)] = run_table(group_runs(runs), runs).blocks
    name = "mnist lenet300 iterative"
    assert rows == [
        ["runs/mnist-iterative-seed0", name, "finished", "0", "22", "55"],
        ["runs/mnist-iterative-seed1", name, "unfinished, up to level04", "1", "4", "10"],
        ["runs/mnist-iterative-seed2", "–", "unfinished, no phase done", "2", "0", "0"],
    ]


def test_settings_are_those_that_differ_those_that_are_given_and_the_rest(descent_run):
    runs = [descent_run(width=1.0), descent_run(width=2.0), descent_run(width=2.0, seed=1)]
    differ, given, rest = setting_tables(group_runs(runs))
    assert differ.columns == ("--width", "seeds")
    assert differ.blocks == [("", [["1", "0"], ["2", "0, 1"]])]
    assert given.blocks == [("", [["--dataset", "mnist"], ["--method", "iterative"], ["--rounds", "24"]])]
    assert ["--optimizer", "sgd"] in rest.blocks[0][1] and rest.folded


def test_one_configuration_has_no_settings_that_differ(descent_run):
    given, rest = setting_tables(group_runs([descent_run()]))
    assert (given.title, rest.title) == ("Settings, not the default", "Settings, the default")


def test_versions_that_runs_do_not_share_are_all_named(descent_run):
    other = dataclasses.replace(descent_run(seed=1), versions={"python": "3.12.1", "keras": "3.15.1"})
    [(_, rows)] = version_table([descent_run(), other]).blocks
    assert rows == [["keras", "3.15.1"], ["python", "3.11.7, 3.12.1"]]
