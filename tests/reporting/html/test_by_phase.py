from __future__ import annotations

import pytest

from dsd_tf.reporting.html.by_phase import plot_by_phase
from dsd_tf.reporting.html.runs import group_runs


def axes_of(*runs):
    [axes] = plot_by_phase(group_runs(runs)).figure.axes
    return axes


def test_one_group_has_a_curve_for_each_split(dsd_run):
    axes = axes_of(dsd_run())
    labels = [text.get_text() for text in axes.figure.legends[0].get_texts()]
    assert labels == ["test", "train", "validation"]
    assert axes.lines[0].get_ydata().tolist() == pytest.approx([93, 92, 94])


def test_several_groups_are_compared_by_test_accuracy(dsd_run):
    axes = axes_of(dsd_run(lr=0.1), dsd_run(lr=0.2))
    assert [text.get_text() for text in axes.figure.legends[0].get_texts()] == ["lr=0.1", "lr=0.2"]
    assert axes.get_ylabel() == "test accuracy (%)"


def test_a_phase_is_labelled_with_the_sparsities_it_ends_with(dsd_run):
    denser = dsd_run(sparsity=0.3)
    denser.records[1]["sparsity"] = 0.3
    ticks = [label.get_text() for label in axes_of(dsd_run(sparsity=0.5), denser).get_xticklabels()]
    assert ticks == ["dense\n0 % sparse", "sparse1\n50.0, 30.0 % sparse", "redense1\n0 % sparse"]


def test_a_single_phase_is_no_comparison(dsd_run):
    run = dsd_run()
    del run.records[1:]
    assert plot_by_phase(group_runs([run])) is None
