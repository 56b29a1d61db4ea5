"""`bin/export`: what it prints, and one line for what is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def export(*flags):
    command = [sys.executable, ROOT / "bin" / "export", *flags]
    return subprocess.run(command, capture_output=True, text=True)


def test_it_prints_the_sizes_and_json_last(finished_run, tmp_path):
    path = tmp_path / "net.tflite"
    done = export(f"--run_dir={finished_run}", "--format=litert", f"--output={path}", "--phase=level01")
    assert (done.returncode, done.stderr) == (0, "")
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["bytes"] == path.stat().st_size
    assert (result["phase"], result["kept"]) == ("level01", 2620)
    for figure in (result["bytes"], result["gzip_bytes"], result["variables_bytes"]):
        assert f"{figure:,}" in done.stdout
    assert f"written to {path}" in done.stdout


def test_trouble_with_the_output_is_one_line_and_leaves_nothing(finished_run, tmp_path):
    (tmp_path / "file").write_text("keep me")
    done = export(f"--run_dir={finished_run}", f"--output={tmp_path}/file/saved")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: cannot write {tmp_path}/file/saved: ")
    assert done.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        (["--format=saved"], "unknown --format 'saved'; did you mean 'savedmodel'"),
        (["--phase=level1"], "unknown --phase 'level1'; did you mean 'level01'"),
        (["--run_dir="], "--run_dir is missing"),
        (["--run_dir=/"], "/ is not a run directory: it has no config.json"),
        (["--fromat=keras"], "Unknown command line flag 'fromat'. Did you mean: format"),
        (["keras"], "'keras' is not a flag"),
    ],
)
def test_bad_flags_are_one_line_and_exit_2(finished_run, flags, line):
    done = export(f"--run_dir={finished_run}", *flags)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")
    assert line in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["export", "evaluate"])
def test_help_lists_the_flags_without_tensorflow(command):
    script = (
        f"import sys; sys.argv = ['{command}', '--help']\n"
        f"from dsd_tf.cli.{command} import main\n"
        "try: main()\n"
        "finally: assert not {'tensorflow', 'keras'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    assert "--run_dir=" in done.stdout
    assert "--phase=" in done.stdout
