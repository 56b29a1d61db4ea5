from __future__ import annotations

import pytest

from dsd_tf.reporting.html.runs import group_runs
from dsd_tf.reporting.html.stopping import plot_stops, replays, stop_table

COST = 6 * 266_200 * 60_000


def test_rules_are_replayed_on_the_published_ladder(descent_run):
    [(group, rows)] = stop_table(replays(group_runs([descent_run()]))).blocks
    assert group == ""
    by_rule = {row[0]: row[1:] for row in rows}
    assert by_rule["none"] == ["the end", "22.0", "2.11 T", "0", "98.85", "95.40", "0.00"]
    # level 3 is 1.1 points below the dense network: the first level before it is kept
    assert by_rule["accuracy"] == ["level03", "3.0", "287.50 G", "86", "20.00", "83.50", "−11.90"]


def test_runs_of_a_group_are_averaged(descent_run):
    found = replays(group_runs([descent_run(seed=0), descent_run(seed=0, levels=2), descent_run(seed=0, levels=20)]))
    none = next(replay for replay in found if replay.rule == "none")
    assert none.stat("trainings").mean == pytest.approx((22 + 2 + 20) / 3)
    [(_, rows)] = stop_table(found).blocks
    assert rows[0][1] == "the end × 3"


def test_unfinished_runs_and_runs_that_are_no_ladder_are_not_replayed(descent_run, dsd_run):
    assert replays(group_runs([descent_run(levels=9, finished=False), dsd_run()])) == []


def test_rules_that_look_at_what_was_not_recorded_are_left_out(descent_run):
    run = descent_run()
    for record in run.records:
        del record["entropy"]
    assert {replay.rule for replay in replays(group_runs([run]))} == {"none", "accuracy"}
    for record in run.records:
        del record["validation"]
    assert replays(group_runs([run])) == []


def test_the_figure_has_cost_against_accuracy_of_every_rule(descent_run):
    found = replays(group_runs([descent_run()]))
    plot = plot_stops(found)
    rows = {row[1]: dict(zip(plot.columns, row, strict=True)) for row in plot.rows}
    assert rows["none"]["training_flops"] == 22 * COST
    assert rows["accuracy"]["test"] == pytest.approx(0.835)
    labels = [text.get_text() for text in plot.figure.legends[0].get_texts()]
    assert labels == [f"stop rule {replay.rule}" for replay in found]


def test_without_known_costs_there_is_a_table_but_no_figure(descent_run):
    run = descent_run()
    for record in run.records:
        record["training_flops"] = None
    found = replays(group_runs([run]))
    assert plot_stops(found) is None
    assert stop_table(found).blocks[0][1][0][3:5] == ["–", "–"]


def test_several_groups_have_a_block_of_rows_each(descent_run):
    found = replays(group_runs([descent_run(width=1.0), descent_run(width=2.0)]))
    assert [heading for heading, _ in stop_table(found).blocks] == ["width=1", "width=2"]
