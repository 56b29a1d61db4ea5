from __future__ import annotations

from dsd_tf.reporting.html.runs import group_runs
from dsd_tf.reporting.html.training import plot_chosen_phases, plot_whole_runs


def test_the_phases_of_a_run_follow_one_another(dsd_run):
    plot = plot_whole_runs(group_runs([dsd_run()]))
    accuracy, sparsity = plot.figure.axes
    assert accuracy.lines[0].get_xdata().tolist() == list(range(1, 10))
    assert sparsity.lines[0].get_ydata().tolist() == [0] * 3 + [50] * 3 + [0] * 3
    assert [text.get_text() for text in accuracy.texts] == ["sparse1", "redense1"]


def test_one_group_shows_every_split_and_several_their_test_accuracy(dsd_run):
    [accuracy, _] = plot_whole_runs(group_runs([dsd_run()])).figure.axes
    labels = [line.get_label() for line in accuracy.lines]
    assert labels[:3] == ["test", "train", "validation"]
    [accuracy, _] = plot_whole_runs(group_runs([dsd_run(lr=0.1), dsd_run(lr=0.2)])).figure.axes
    assert [line.get_label() for line in accuracy.lines] == ["lr=0.1", "lr=0.2"]
    assert accuracy.get_ylabel() == "test accuracy (%)"


def test_chosen_phases_stand_side_by_side_on_one_scale(descent_run):
    [group] = group_runs([descent_run(epochs=4)])
    chosen = {"dense": {group.name: ["dense"]}, "valley": {group.name: ["level10"]}}
    dense, valley = plot_chosen_phases([group], chosen).figure.axes
    assert (dense.get_title(), valley.get_title()) == ("dense", "valley")
    assert dense.get_ylim() == valley.get_ylim()
    assert valley.lines[0].get_xdata().tolist() == [1, 2, 3, 4]


def test_a_rewound_phase_keeps_the_epochs_of_the_schedule(descent_run):
    run = descent_run(levels=3)
    for line in run.epochs:
        line["epoch"] += 2
    [group] = group_runs([run])
    [axes] = plot_chosen_phases([group], {"dense": {group.name: ["dense"]}}).figure.axes
    assert axes.lines[0].get_xdata().tolist() == [3, 4, 5]


def test_epochs_without_an_evaluation_are_passed_over(dsd_run):
    run = dsd_run()
    for line in run.epochs:
        if line["epoch"] != 2:
            del line["test_accuracy"]
    plot = plot_whole_runs(group_runs([run]))
    assert [row[3] for row in plot.rows if row[2] == "test_accuracy"] == [3, 6, 9]


def test_without_logged_epochs_there_is_no_figure(dsd_run):
    run = dsd_run()
    run.epochs.clear()
    assert plot_whole_runs(group_runs([run])) is None


def test_the_table_counts_the_runs_of_every_epoch(descent_run):
    whole, part = descent_run(levels=3), descent_run(levels=3)
    del part.epochs[2:]
    [group] = group_runs([whole, part])
    rows = plot_chosen_phases([group], {"dense": {group.name: ["dense"]}}).rows
    assert [(row[3], row[-1]) for row in rows if row[2] == "test_accuracy"] == [(1, 2), (2, 2), (3, 1)]
