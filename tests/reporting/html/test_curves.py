from __future__ import annotations

import pytest

from dsd_tf.reporting.html import figures
from dsd_tf.reporting.html.curves import draw, plot_curves
from dsd_tf.reporting.html.runs import group_runs


def curves(what, *runs):
    """label -> points of the curves, by panel."""
    _, panels = draw(what, group_runs(runs))
    return [{line.get_label(): list(zip(*line.get_data(), strict=True)) for line in axes.lines} for axes in panels]


def test_the_curves_of_one_group_are_its_measures(descent_run):
    [panel] = curves(figures.ACCURACY, descent_run(levels=3))
    assert list(panel) == ["test", "train", "validation"]
    assert [x for x, _ in panel["test"]] == pytest.approx([1, 0.8, 0.512], rel=1e-5)
    assert [y for _, y in panel["test"]] == pytest.approx([83.4, 83.5, 82.3])


def test_the_curves_of_several_groups_are_the_groups_in_a_panel_for_each_measure(descent_run):
    panels = curves(figures.ACCURACY, descent_run(width=1.0), descent_run(width=2.0))
    assert [list(panel) for panel in panels] == [["width=1", "width=2"]] * 2, "test and train, not validation"


def test_a_curve_is_the_mean_and_its_band_one_deviation_to_either_side(descent_run):
    low, high = descent_run(seed=0, levels=3), descent_run(seed=0, levels=3)
    for record in high.records:
        record["test"]["top1"] += 0.02
    _, [axes] = draw(figures.ACCURACY, group_runs([low, high]))
    assert axes.lines[0].get_ydata()[0] == pytest.approx(84.4)
    [band] = axes.collections
    heights = band.get_paths()[0].vertices[:, 1]
    first = [height for x, height in band.get_paths()[0].vertices if x == 1]
    assert min(first) == pytest.approx(84.4 - 2**0.5) and max(first) == pytest.approx(84.4 + 2**0.5)
    assert min(heights) == pytest.approx(83.3 - 2**0.5)


def test_beyond_the_end_of_an_unfinished_run_the_mean_is_over_the_others(descent_run):
    whole, part = descent_run(), descent_run(levels=2, finished=False)
    part.records[1]["test"]["top1"] -= 0.1
    [panel] = curves(figures.ACCURACY, whole, part)
    assert [y for _, y in panel["test"][:3]] == pytest.approx([83.4, 78.5, 82.3])


def test_a_figure_without_data_is_left_out(dsd_run):
    assert plot_curves(figures.ENTROPY, group_runs([dsd_run()])) is None


def test_a_measure_that_no_record_has_is_left_out(descent_run):
    [panel] = curves(figures.TRAINING_COST, descent_run())
    assert list(panel) == ["at dense cost", "of the kept weights"], "there is no teacher"


def test_the_table_of_a_figure_has_all_phases_with_mean_and_deviation(descent_run):
    plot = plot_curves(figures.DISTANCE, group_runs([descent_run(levels=2)]))
    assert plot.columns[:4] == ["configuration", "phase", "sparsity (%)", "runs"]
    assert plot.columns[4:6] == ["kernels, mean", "kernels, std"]
    assert plot.rows[0] == ["mnist lenet300 iterative", "dense", 0.0, 1, 25.0, None, 26.0, None]


def test_the_caption_explains_the_band_only_where_there_is_one(descent_run):
    assert "Mean over runs" not in plot_curves(figures.DISTANCE, group_runs([descent_run()])).caption
    several = group_runs([descent_run(seed=0), descent_run(seed=1)])
    assert "Mean over runs" in plot_curves(figures.DISTANCE, several).caption
