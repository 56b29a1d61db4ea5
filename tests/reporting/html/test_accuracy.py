from __future__ import annotations

import pytest

from dsd_tf.reporting.html.accuracy import plot_accuracy
from dsd_tf.reporting.html.findings import Findings
from dsd_tf.reporting.html.runs import group_runs


def drawn(*runs):
    """The plot, and the first panel of its figure."""
    plot = plot_accuracy([Findings(group) for group in group_runs(runs)])
    return plot, plot.figure.axes[0]


def test_the_phases_of_a_single_group_are_shaded_and_named(descent_run):
    _, axes = drawn(descent_run())
    texts = [text.get_text() for text in axes.texts]
    assert texts[:2] == ["valley: 76.5 % at 89.3 %", "peak: 95.4 % at 98.8 %"]
    assert texts[2:] == ["Light", "Critical", "Sweet", "Collapsed"]


def test_the_bands_of_the_phases_touch_and_cover_the_axis(descent_run):
    _, axes = drawn(descent_run())
    spans = [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in axes.patches]
    left, right = axes.get_xlim()
    assert spans[0][0] == left and spans[-1][1] == pytest.approx(right)
    assert [end for _, end in spans[:-1]] == pytest.approx([start for start, _ in spans[1:]])


def test_valley_and_peak_are_marked_with_their_definition_in_the_caption(descent_run):
    plot, axes = drawn(descent_run())
    marks = {line.get_marker(): line.get_xydata()[0] for line in axes.lines if line.get_markerfacecolor() == "none"}
    assert marks["v"] == pytest.approx([0.8**10, 76.5], rel=1e-3)
    assert marks["^"] == pytest.approx([0.8**20, 95.4], rel=1e-2)
    assert "the valley the worst from T to the peak" in plot.caption


def test_several_groups_have_marks_but_no_shades(descent_run):
    _, axes = drawn(descent_run(width=1.0), descent_run(width=2.0))
    assert len(axes.patches) == 0 and len(axes.texts) == 0
    assert sum(line.get_markerfacecolor() == "none" for line in axes.lines) == 4


def test_without_a_descent_nothing_is_marked(descent_run):
    plot, axes = drawn(descent_run(levels=5))
    assert all(line.get_markerfacecolor() != "none" for line in axes.lines)
    assert "valley" not in plot.caption


def test_networks_trained_dense_again_stand_at_the_sparsity_they_come_from(dsd_run):
    _, axes = drawn(dsd_run())
    [stars] = [line for line in axes.lines if line.get_marker() == "*"]
    assert stars.get_xydata().tolist() == [[0.5, pytest.approx(94.0)]]
    assert stars.get_label() == "test, trained dense again"
