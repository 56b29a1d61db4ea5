from __future__ import annotations

import dataclasses

import numpy as np

from dsd_tf.reporting.html.page import make_page
from dsd_tf.reporting.html.runs import group_runs
from dsd_tf.reporting.html.units import network_table, plot_search, plot_units, unit_table


def test_every_generation_is_drawn(edropout_run):
    plot = plot_search(group_runs([edropout_run()]))
    energy, mean, on, diversity = plot.figure.axes
    assert energy.lines[0].get_xdata().tolist() == [1, 2, 3, 4]
    assert energy.lines[0].get_ydata().tolist() == [-2] * 4
    assert on.lines[0].get_ydata().tolist() == [50] * 4
    assert (mean.get_title(), diversity.get_title()) == (
        "energy, mean of the population",
        "bits in which two states differ (%)",
    )
    assert len(plot.rows) == 16


def test_seeds_are_averaged_as_far_as_all_of_them_got(edropout_run):
    long, short = edropout_run(seed=0), edropout_run(seed=2)
    short = dataclasses.replace(short, search={name: values[:3] for name, values in short.search.items()})
    energy = plot_search(group_runs([long, short])).figure.axes[0]
    assert energy.lines[0].get_ydata().tolist() == [-1] * 3


def test_many_generations_become_means_of_neighbours(edropout_run):
    run = edropout_run()
    run = dataclasses.replace(run, search={name: np.arange(1000.0) for name in run.search})
    line = plot_search(group_runs([run])).figure.axes[0].lines[0]
    assert len(line.get_xdata()) == 400 and line.get_xdata()[-1] == 1000
    assert line.get_ydata()[0] == 1.0  # of 0, 1 and 2


def test_units_of_each_layer_are_mapped_by_epoch_with_a_line_where_the_search_ended(edropout_run):
    plot = plot_units(group_runs([edropout_run()]))
    image = plot.figure.axes[0].images[0].get_array()
    assert image.tolist() == [[80, 80, 60], [75, 75, 50]]
    assert plot.figure.axes[0].lines[0].get_xdata() == [1.5, 1.5]
    assert plot.rows[:3] == [
        ["mnist lenet300 edropout", "conv", epoch, share] for epoch, share in ((1, 80), (2, 80), (3, 60))
    ]


def test_the_table_tells_units_before_and_after_freezing(edropout_run):
    table = unit_table(group_runs([edropout_run()]))
    assert table.blocks == [("", [["conv", "10", "80.00 ± 0.00", "60.00"], ["hidden", "4", "75.00 ± 0.00", "50.00"]])]


def test_runs_that_searched_for_nothing_have_no_section(edropout_run, dsd_run):
    groups = group_runs([edropout_run(searched=False), dsd_run()])
    assert plot_search(groups) is plot_units(groups) is unit_table(groups) is None
    assert "units" not in [section.anchor for section in make_page([dsd_run()]).sections]


def test_the_section_has_the_networks_of_all_groups(edropout_run, dsd_run):
    runs = [edropout_run(), dsd_run(method="dense")]
    [section] = [section for section in make_page(runs).sections if section.anchor == "units"]
    assert [plot.name for plot in section.plots] == ["unit_search", "unit_layers"]
    assert [len(rows) for _, rows in section.tables[0].blocks] == [2, 1]
    assert section.tables[0].blocks == network_table(group_runs(runs)).blocks


def test_a_layer_without_an_epoch_after_the_freezing_has_a_dash(edropout_run):
    one = edropout_run()
    for epoch in one.epochs:
        epoch["frozen"] = False
    assert [row[-1] for row in unit_table(group_runs([one])).blocks[0][1]] == ["–", "–"]
