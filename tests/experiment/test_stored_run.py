from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from dsd_tf.errors import UsageError
from dsd_tf.experiment.stored_run import read_run


@pytest.fixture
def copy(finished_run, tmp_path) -> Path:
    """A copy of a finished run, without its weights."""
    for name in ("config.json", "levels.jsonl", "metrics.jsonl", "summary.json"):
        shutil.copy(finished_run / name, tmp_path / name)
    return tmp_path


def test_a_finished_run_is_read_whole(finished_run):
    run = read_run(finished_run)
    assert run.finished and run.path == str(finished_run)
    assert [record["phase"] for record in run.records] == ["dense", "level01", "level02"]
    assert [(epoch["phase"], epoch["epoch"]) for epoch in run.epochs[:4]] == [
        ("dense", 0), ("dense", 1), ("dense", 2), ("level01", 0),
    ]  # fmt: skip
    assert run.settings.rounds == 2 and "keras" in run.versions
    assert run.kernel_sizes == run.records[0]["kept_by_kernel"]


def test_an_unfinished_run_is_read_up_to_its_last_finished_phase(copy):
    (copy / "summary.json").unlink()
    levels = (copy / "levels.jsonl").read_text().splitlines(keepends=True)
    (copy / "levels.jsonl").write_text("".join(levels[:2]))
    run = read_run(copy)
    assert not run.finished
    assert {epoch["phase"] for epoch in run.epochs} == {"dense", "level01"}


def test_a_line_that_a_kill_cut_off_is_passed_over(copy):
    whole = read_run(copy).epochs
    with open(copy / "metrics.jsonl", "a") as handle:
        handle.write('{"phase": "dense", "epo')
    assert read_run(copy).epochs == whole


def test_a_run_that_has_only_begun_has_no_records(copy):
    for name in ("summary.json", "levels.jsonl", "metrics.jsonl"):
        (copy / name).unlink()
    run = read_run(copy)
    assert (run.records, run.epochs, run.finished) == ([], [], False)


def test_what_is_no_run_directory_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    for path, reason in (("file", "it is a file"), ("nowhere", "no such place"), ("", "no config.json")):
        with pytest.raises(UsageError, match=f"is not a run directory: .*{reason}"):
            read_run(tmp_path / path)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("levels.jsonl", "no json\n", "cannot be read"),
        ("levels.jsonl", '{"phase": "dense"}\n', "line 1 lacks some of phase, level"),
        ("levels.jsonl", "[]\n", "line 1 lacks"),
        ("metrics.jsonl", '{"step": 1}\n', "line 1 lacks some of phase, epoch"),
        ("summary.json", json.dumps({"results": 1}), "lists no layers"),
        ("summary.json", "[]", "lists no layers"),
    ],
)
def test_files_of_something_else_are_named(copy, name, content, reason):
    (copy / name).write_text(content)
    with pytest.raises(UsageError, match=f"{name}.*{reason}"):
        read_run(copy)
