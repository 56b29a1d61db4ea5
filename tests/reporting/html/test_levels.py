from __future__ import annotations

import pytest

from dsd_tf.reporting.html.levels import Level, Stat, levels_of, value_of, with_totals


def test_a_stat_is_the_mean_and_the_sample_standard_deviation():
    assert Stat.of([1.0, 3.0]) == Stat(2.0, pytest.approx(2**0.5), 2)


def test_one_value_has_no_deviation():
    assert Stat.of([0.5]) == Stat(0.5, None, 1)


def test_unknown_values_do_not_count():
    assert Stat.of([None, 0.25, None]) == Stat(0.25, None, 1)
    assert Stat.of([None]) is None


def test_a_dotted_field_reaches_into_a_record():
    record = {"test": {"top1": 0.9}, "best_epoch": None}
    assert value_of(record, "test.top1") == 0.9
    assert value_of(record, "best_epoch.test_accuracy") is None
    assert value_of(record, "entropy.mean") is None


def test_levels_match_runs_by_phase_and_keep_the_order_of_the_longest_run():
    unfinished = [{"phase": "dense", "sparsity": 0.0}]
    finished = [*unfinished, {"phase": "level01", "sparsity": 0.2}, {"phase": "level02", "sparsity": 0.36}]
    levels = levels_of([unfinished, finished])
    assert [(level.phase, len(level.records)) for level in levels] == [("dense", 2), ("level01", 1), ("level02", 1)]


def test_the_sparsity_of_a_level_is_the_mean_over_runs():
    assert Level(({"sparsity": 0.25}, {"sparsity": 0.75})).sparsity == 0.5


def test_totals_add_up_the_costs_of_all_phases_so_far():
    records = [{"training_flops": 3.0, "objective_flops": 0.0}, {"training_flops": 4.0, "objective_flops": 0.0}]
    totals = [record["total"] for record in with_totals(records)]
    assert [total["training_flops"] for total in totals] == [3.0, 7.0]
    assert [total["objective_flops"] for total in totals] == [None, None], "no teacher, nothing to show"


def test_a_total_is_unknown_from_the_first_unknown_cost_on():
    records = [{"training_flops": 3.0}, {"training_flops": None}, {"training_flops": 4.0}]
    assert [record["total"]["training_flops"] for record in with_totals(records)] == [3.0, None, None]
