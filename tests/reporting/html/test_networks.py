from __future__ import annotations

from dsd_tf.reporting.html.networks import COLUMNS, network_rows
from dsd_tf.reporting.html.runs import group_runs


def rows_of(*runs):
    return list(network_rows(group_runs(runs)))


def test_a_search_is_reported_with_all_units_and_pruned_to_the_chosen_ones(edropout_run):
    full, pruned = rows_of(edropout_run(model="resnet18"))
    assert (full.name, pruned.name) == ("resnet18 + EDropout(F)", "resnet18 + EDropout(P)")
    assert (full.top1.mean, pruned.top1.mean) == (0.91, 0.92)
    assert (full.kept.mean, full.ratio.mean, full.published_ratio.mean) == (266_610, 1.0, 1.0)


def test_what_is_left_is_the_compacted_network_and_the_papers_count_is_told_apart(edropout_run):
    _, pruned = rows_of(edropout_run())
    assert (pruned.kept.mean, pruned.ratio.mean) == (100_000, 100_000 / 266_610)
    assert pruned.published_ratio.mean == 8 / 14


def test_random_units_have_no_full_network_to_report(edropout_run):
    [row] = rows_of(edropout_run(searched=False))
    assert row.name == "lenet300 + random units"


def test_of_other_methods_the_last_network_is_reported_by_what_is_not_masked(dsd_run):
    dense, sparse = rows_of(dsd_run(method="dense"), dsd_run(method="one_shot", granularity="filter"))
    assert (dense.name, sparse.name) == ("lenet300", "lenet300 + one_shot, filters")
    assert dense.ratio.mean == dense.published_ratio.mean == 1.0


def test_seeds_are_one_row_with_mean_and_deviation(edropout_run):
    _, pruned = rows_of(edropout_run(seed=0), edropout_run(seed=1))
    assert pruned.runs == 2
    assert pruned.cells[COLUMNS.index("top-1")] == "92.50 ± 0.71"


def test_cells_are_in_the_papers_units(edropout_run):
    _, pruned = rows_of(edropout_run())
    cells = dict(zip(COLUMNS, pruned.cells, strict=True))
    assert cells["loss"] == "0.5000" and cells["top-1"] == "92.00" and cells["top-5"] == "100.00"
    assert cells["R"] == "37.51" and cells["#p"] == "100,000" and cells["R (papers)"] == "57.14"


def test_figures_that_an_old_run_lacks_are_left_blank(edropout_run):
    """The records of the fixtures have no top-3 accuracy."""
    [*_, pruned] = rows_of(edropout_run())
    assert pruned.top3 is None and "–" in pruned.cells
