from __future__ import annotations

import pytest

from dsd_tf.reporting.html.layers import plot_density, plot_entropy
from dsd_tf.reporting.html.runs import group_runs


def test_density_is_the_share_of_each_kernel_that_is_kept(descent_run):
    run = descent_run(levels=3)
    run.records[2]["kept_by_kernel"] = {"hidden1/kernel": 23_520, "hidden2/kernel": 30_000, "logits/kernel": 0}
    plot = plot_density(group_runs([run]))
    last = [row[3:] for row in plot.rows if row[1] == "level03"]
    assert last == [["hidden1/kernel", 10.0], ["hidden2/kernel", 100.0], ["logits/kernel", 0.0]]


def test_the_map_has_the_first_layer_at_the_top_and_a_column_for_each_level(descent_run):
    axes, bar = plot_density(group_runs([descent_run(levels=4)])).figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["hidden1", "hidden2", "logits"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0", "20.0", "48.8", "59.0"]
    assert axes.images[0].get_array().shape == (3, 4)
    assert bar.get_ylabel() == "weights kept (%)"


def test_there_is_a_map_for_each_ladder_and_none_for_other_runs(descent_run, dsd_run):
    groups = group_runs([descent_run(width=1.0), descent_run(width=2.0), dsd_run()])
    titles = [axes.get_title() for axes in plot_density(groups).figure.axes]
    assert titles[:2] == [groups[0].name, groups[1].name] and len(titles) == 3
    assert plot_density(group_runs([dsd_run()])) is None


def test_entropy_by_layer_is_the_mean_over_runs(descent_run):
    one, other = descent_run(levels=3), descent_run(levels=3)
    other.records[0]["entropy"]["layers"][0]["mean"] += 0.05
    plot = plot_entropy(group_runs([one, other]))
    assert plot.rows[0][1:] == ["dense", 0.0, "relu1", pytest.approx(0.925)]


def test_runs_without_entropy_have_no_map_of_it(descent_run):
    run = descent_run()
    for record in run.records:
        record["entropy"] = None
    assert plot_entropy(group_runs([run])) is None


def test_a_network_whose_units_are_all_constant_has_a_map_too(descent_run):
    run = descent_run(levels=3)
    for record in run.records:
        for layer in record["entropy"]["layers"]:
            layer["mean"] = 0.0
    assert {row[-1] for row in plot_entropy(group_runs([run])).rows} == {0.0}
