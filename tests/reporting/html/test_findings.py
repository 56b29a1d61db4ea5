from __future__ import annotations

from dsd_tf.reporting.html.findings import Findings, in_words, noise_rates, phase_table
from dsd_tf.reporting.html.runs import group_runs


def findings(*runs) -> list[Findings]:
    return [Findings(group) for group in group_runs(runs)]


def named(one: Findings) -> list[tuple[str, str]]:
    return [(name, level.phase) for name, level in one.named]


def test_dense_valley_peak_best_and_sparsest_are_named_each_level_once(descent_run):
    [one] = findings(descent_run())
    assert named(one) == [
        ("dense", "dense"),
        ("valley", "level10"),
        ("peak, best by validation", "level20"),
        ("sparsest", "level24"),
    ]


def test_the_only_phase_is_not_called_the_best(dsd_run):
    run = dsd_run()
    del run.records[1:]
    assert named(findings(run)[0]) == [("dense", "dense")]


def test_named_levels_stand_in_the_order_of_the_ladder(descent_run):
    run = descent_run()
    run.records[2]["validation"]["top1"] = 0.99
    [one] = findings(run)
    assert [name for name, _ in named(one)] == ["dense", "best by validation", "valley", "peak", "sparsest"]


def test_without_a_descent_the_best_by_validation_is_a_landmark(descent_run):
    [one] = findings(descent_run(levels=5))
    assert one.descent is None
    assert [name for name, _ in one.landmarks] == ["dense", "best by validation", "sparsest"]


def test_the_phases_of_a_run_that_is_no_ladder_are_all_named(dsd_run):
    [one] = findings(dsd_run())
    assert named(one) == [("dense", "dense"), ("sparse", "sparse1"), ("redense, best by validation", "redense1")]
    assert one.descent is None and one.phases == []


def test_the_published_curve_is_told_in_words(descent_run):
    [one] = findings(descent_run())
    assert in_words(one) == (
        "Sparse double descent: test accuracy is 83.4 % at first, falls to 76.5 % at 89.3 % sparsity (valley) and "
        "rises to 95.4 % at 98.8 % sparsity (peak)."
    )


def test_a_curve_without_a_descent_says_so_and_no_ladder_says_nothing(descent_run, dsd_run):
    assert in_words(findings(descent_run(levels=5))[0]).startswith("No double descent")
    assert in_words(findings(dsd_run())[0]) == ""


def test_the_table_has_phases_valley_and_peak_of_every_ladder(descent_run, dsd_run):
    table = phase_table(findings(descent_run(), dsd_run()))
    [(name, [row])] = table.blocks
    assert name == "method=iterative, rounds=24"
    light, critical, sweet, collapsed, *numbers = row
    assert (light, critical, sweet, collapsed) == ("0–20.0", "48.8–93.1", "94.5–99.26", "99.41–99.53")
    assert numbers == ["76.50", "89.3", "28.58 k", "95.40", "98.8", "6.90", "18.90"]
    assert phase_table(findings(dsd_run())) is None


def test_the_measured_noise_rate_is_told_by_group(descent_run, dsd_run):
    assert noise_rates(group_runs([descent_run()])) == ["18.00 % of the training labels are wrong."]
    assert noise_rates(group_runs([dsd_run()])) == []
