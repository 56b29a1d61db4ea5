from __future__ import annotations

import json

import pytest

from dsd_tf.cli.edropout import main


def test_runs_are_rows_of_a_table_and_of_json(call, finished_run):
    answer = call(main, f"--run_dir={finished_run}")
    assert answer.code == 0
    [row] = json.loads(answer.out[-1])["rows"]
    assert row["runs"] == 1 and row["loss"]["mean"] > 0
    assert answer.out[0].split()[:3] == ["network", "loss", "top-1"]
    assert answer.out[1].startswith(row["name"])


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "--run_dir or --study_dir is missing"),
        (["--run_dir=nowhere"], "nowhere is not a run directory: no such place"),
        (["--study_dir=nowhere"], "--study_dir=nowhere is not a directory"),
    ],
)
def test_bad_input_is_one_line(call, arguments, reason):
    answer = call(main, *arguments)
    assert answer.code == 2
    assert len(answer.err) == 1 and reason in answer.err[0]
