from __future__ import annotations

from dsd_tf.reporting.html.levels import Stat
from dsd_tf.reporting.html.runs import group_runs
from dsd_tf.reporting.html.tables import all_levels, headline, percent, si


def test_accuracy_is_in_percent_with_its_deviation_if_there_is_one():
    assert percent(Stat(0.98765, None, 1)) == "98.77"
    assert percent(Stat(0.98765, 0.0012, 3)) == "98.77 ± 0.12"
    assert percent(Stat(-0.015, None, 1)) == "−1.50"
    assert percent(None) == "–"


def test_large_numbers_have_a_prefix():
    assert [si(value) for value in (532_400, 2.11e12, None)] == ["532.40 k", "2.11 T", "–"]


def test_a_row_of_the_headline_says_what_a_network_is_and_costs(descent_run):
    [group] = group_runs([descent_run()])
    table = headline([group], [[("valley", group.ladder[7])]])
    [(heading, [row])] = table.blocks
    assert heading == ""
    assert row == ["valley", "level10", "89.3", "28,582", "28,992", "76.50", "95.20", "75.50", "532.40 k", "57.16 k"]
    assert len(row) == len(table.columns)
    assert "deviation" not in table.caption


def test_groups_have_a_heading_each_and_deviations_are_explained(descent_run):
    groups = group_runs([descent_run(width=1.0), descent_run(width=2.0), descent_run(width=2.0, seed=1)])
    table = headline(groups, [[("dense", group.ladder[0])] for group in groups])
    assert [heading for heading, _ in table.blocks] == ["width=1", "width=2"]
    assert "deviation" in table.caption


def test_all_levels_count_the_runs_that_finished_them(descent_run):
    groups = group_runs([descent_run(), descent_run(seed=1, levels=2, finished=False)])
    [(_, rows)] = all_levels(groups).blocks
    assert [(row[0], row[-1]) for row in rows[:3]] == [("dense", "2"), ("level01", "2"), ("level03", "1")]


def test_figures_that_are_not_known_are_dashes(dsd_run):
    run = dsd_run()
    run.records[0]["best_epoch"] = None
    run.records[0]["dense_flops"] = None
    del run.records[0]["validation"]
    [(_, rows)] = all_levels(group_runs([run])).blocks
    assert rows[0][6:8] == ["–", "–"] and rows[0][9] == "–"
