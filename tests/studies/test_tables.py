"""What a study comes to, as CSV and as a table."""

from __future__ import annotations

import csv
import re

import pytest

from dsd_tf.reporting.tables import print_table
from dsd_tf.settings import Settings
from dsd_tf.studies.directory import StudyDirectory
from dsd_tf.studies.tables import cell_table, mean_and_deviation, write_tables


@pytest.fixture
def runs(make_run, put_run):
    """Two cells of two seeds each; the last run of all is not finished."""
    runs = []
    for sparsity in (0.5, 0.8):
        for seed, accuracy in ((0, 0.91), (1, 0.93)):
            axes = {"sparsity": sparsity, "seed": seed}
            runs.append(make_run(f"sparsity={sparsity}-seed={seed}", axes=axes, **axes))
            finished = accuracy if (sparsity, seed) != (0.8, 1) else None
            put_run(runs[-1].path, Settings(**axes), finished)
    return runs


@pytest.fixture
def tables(runs, tmp_path):
    """The lines of study.csv and levels.csv."""
    directory = StudyDirectory(tmp_path)
    results = {run.name: run.summary for run in runs}
    write_tables(directory, runs, results, {"sparsity=0.8-seed=1": "killed"})
    return [list(csv.DictReader(path.read_text().splitlines())) for path in (directory.study_csv, directory.levels_csv)]


def test_study_csv_has_a_line_per_run_with_its_place_and_its_final_figures(tables, tmp_path):
    study, _ = tables
    assert study[1] == {
        "run": "sparsity=0.5-seed=1",
        "sparsity": "0.5",
        "seed": "1",
        "state": "finished",
        "best_epoch.epoch": "3",
        "phase": "dense",
        "actual.sparsity": "0.5",
        "test_accuracy": "0.93",
        "seconds": "1.5",
        "error": "",
        "path": str(tmp_path / "runs" / "sparsity=0.5-seed=1"),
    }
    assert [line["state"] for line in study] == ["finished"] * 3 + ["failed"]
    assert (study[3]["test_accuracy"], study[3]["error"]) == ("", "killed")


def test_levels_csv_has_a_line_per_phase_without_figures_per_kernel(tables):
    _, levels = tables
    assert levels[0] == {
        "run": "sparsity=0.5-seed=0",
        "sparsity": "0.5",
        "seed": "0",
        "phase": "dense",
        "actual.sparsity": "0.5",
        "test.top1": "0.91",
    }
    assert len(levels) == 3


def test_the_table_has_a_line_per_cell_with_mean_and_deviation_over_the_seeds_that_finished(runs, capsys):
    print_table(cell_table(runs, {run.name: run.summary for run in runs}))
    assert [re.split("  +", line) for line in capsys.readouterr().out.splitlines()] == [
        ["sparsity", "runs", "final test accuracy", "final sparsity"],
        ["0.5", "2/2", "92.00% ± 1.41", "50.00% ± 0.00"],
        ["0.8", "1/2", "91.00%", "50.00%"],
    ]


@pytest.mark.parametrize(
    ("shares", "text"),
    [([], "-"), ([0.5], "50.00%"), ([0.1, 0.2, 0.3], "20.00% ± 10.00"), ([0.25, 0.25], "25.00% ± 0.00")],
)
def test_the_deviation_is_that_of_a_sample(shares, text):
    assert mean_and_deviation(shares) == text
