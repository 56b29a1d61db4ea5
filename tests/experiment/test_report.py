from __future__ import annotations

import pytest

from dsd_tf.errors import UsageError
from dsd_tf.experiment.report import write_report


def test_the_figures_of_a_report_go_beside_it(finished_run, tmp_path):
    result = write_report([finished_run], tmp_path / "all.html")
    assert result["bytes"] == (tmp_path / "all.html").stat().st_size
    assert {"accuracy.png", "accuracy.csv"} <= {path.name for path in (tmp_path / "all_files").iterdir()}
    assert (result["runs"], result["unfinished"]) == (1, [])


def test_the_figures_go_where_they_are_wanted(finished_run, tmp_path):
    result = write_report([finished_run], tmp_path / "all.html", tmp_path / "pictures")
    assert sorted(map(str, (tmp_path / "pictures").iterdir())) == sorted(result["figures"])
    assert not (tmp_path / "all_files").exists()


def test_a_run_named_twice_counts_once(finished_run, tmp_path):
    assert write_report([finished_run, str(finished_run)], tmp_path / "all.html")["runs"] == 1


def test_a_report_of_a_bad_directory_writes_nothing(finished_run, tmp_path):
    with pytest.raises(UsageError, match="is not a run directory"):
        write_report([finished_run, tmp_path / "nowhere"], tmp_path / "all.html")
    assert list(tmp_path.iterdir()) == []


def test_a_directory_is_no_place_for_a_page(finished_run, tmp_path):
    with pytest.raises(UsageError, match="is a directory: name a file, as"):
        write_report([finished_run], tmp_path)
