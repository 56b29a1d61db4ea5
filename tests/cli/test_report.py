from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dsd_tf.cli.report import main

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def runs(finished_run, tmp_path) -> Path:
    """A folder of a finished run, an unfinished one and one that has only begun, of one configuration."""
    for name, files in {
        "a": ("config.json", "levels.jsonl", "metrics.jsonl", "summary.json"),
        "b": ("config.json", "levels.jsonl", "metrics.jsonl"),
        "c": ("config.json",),
    }.items():
        (tmp_path / "runs" / name).mkdir(parents=True)
        for file in files:
            shutil.copy(finished_run / file, tmp_path / "runs" / name / file)
    return tmp_path / "runs"


def test_runs_are_reported_on_and_unfinished_ones_are_named(call, runs, tmp_path):
    answer = call(main, f"--run_dir={runs / 'a'}", f"--run_dir={runs / 'b'}", f"--output={tmp_path / 'out.html'}")
    assert answer.code == 0
    result = json.loads(answer.out[-1])
    assert result["runs"] == 2 and result["unfinished"] == [str(runs / "b")]
    assert answer.out[0] == f"unfinished: {runs / 'b'}; covered up to its last finished phase"
    assert "unfinished, up to level02" in (tmp_path / "out.html").read_text()


def test_stop_rules_are_replayed_as_the_flags_say(call, runs, tmp_path):
    """A drop that no ladder reaches never ends one."""
    tables = []
    for tolerance in (0, 100):
        call(main, f"--run_dir={runs / 'a'}", f"--stop_tolerance={tolerance}", f"--output={tmp_path / 'r.html'}")
        lines = (tmp_path / "r_files" / "stop_rules.csv").read_text().splitlines()
        tables.append([line for line in lines if ",accuracy," in line or line.startswith("accuracy")])
    assert tables[0] != tables[1]
    assert "level" in tables[0][0].split("more than")[0]


@pytest.mark.parametrize("form", ["--run_dir={runs}/a,{runs}/b,{runs}/c", "--run_dir={runs}/*", "--study_dir={runs}"])
def test_lists_patterns_and_studies_name_several_runs(call, runs, tmp_path, form):
    answer = call(main, form.format(runs=runs), f"--output={tmp_path / 'out.html'}")
    assert json.loads(answer.out[-1])["runs"] == 3


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "--run_dir or --study_dir is missing"),
        (["--run_dir=nowhere"], "nowhere is not a run directory: no such place"),
        (["--run_dir=nowhere*"], "--run_dir=nowhere* matches no directory"),
        (["--study_dir=nowhere"], "--study_dir=nowhere is not a directory"),
        (["--study_dir={empty}"], "holds no run"),
        (["--run_dir={empty}"], "it has no config.json"),
        (["--run_dir={runs}/c"], "nothing to report: no phase is finished yet"),
        (["--run_dir={runs}/a", "--output={empty}"], "is a directory"),
        (["--run_dir={runs}/a", "--output={runs}/a/config.json/out.html"], "cannot write"),
    ],
)
def test_bad_input_is_one_line(call, runs, tmp_path, arguments, reason):
    (tmp_path / "empty").mkdir()
    answer = call(main, *(argument.format(runs=runs, empty=tmp_path / "empty") for argument in arguments))
    assert answer.code == 2
    assert len(answer.err) == 1 and reason in answer.err[0]


def test_a_foreign_directory_is_refused(call, tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    answer = call(main, f"--run_dir={tmp_path}")
    assert (answer.code, answer.err) == (
        2, [f"error: {tmp_path} is not a run directory: its config.json is not one of dsd_tf"],
    )  # fmt: skip


def test_the_command_needs_no_tensorflow(runs, tmp_path):
    code = (
        "import sys; from dsd_tf.cli import report; sys.argv = ['report', *sys.argv[1:]]\n"
        "try: report.main()\n"
        "except SystemExit as end: assert end.code == 0\n"
        "assert not {'tensorflow', 'keras'} & sys.modules.keys()"
    )
    command = [sys.executable, "-c", code, f"--run_dir={runs / 'a'}", f"--output={tmp_path / 'out.html'}"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)


def test_the_executable_explains_itself():
    command = [sys.executable, str(ROOT / "bin" / "report"), "--help"]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    assert all(f"--{name}=" in answer.stdout for name in ("run_dir", "study_dir", "output", "figures"))
