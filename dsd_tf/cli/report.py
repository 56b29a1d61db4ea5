"""`bin/report`: run directories -> one HTML file."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import Any, NoReturn

from absl import flags

from dsd_tf.cli import console, setting_flags
from dsd_tf.errors import UsageError
from dsd_tf.settings import split

ABOUT = """
Report on runs: bin/report --run_dir=DIR [--run_dir=DIR ...] --output=report.html

Writes one HTML file that needs no server and no network: accuracy against sparsity with the phases of sparse double
descent, entropy, fitted noise, density, FLOPs, stop rules, training curves, settings and commands, as far as the runs
recorded them. Runs that differ in nothing but their seed become one curve, mean and standard deviation; an unfinished
run is covered up to its last finished phase. Beside it every figure as PNG and CSV. The flags of the stop rules say
what ladders are replayed with in place of their own settings. The last line of output is JSON.
"""

_STOPPING = ["stop_tolerance", "stop_entropy_drop", "stop_patience"]


def define_flags() -> list[str]:
    """The command's flags; returns their names."""
    flags.DEFINE_multi_string("run_dir", None, "a run, several separated by commas, or a pattern as 'runs/*'")
    flags.DEFINE_string("study_dir", "", "report on all runs below this directory")
    flags.DEFINE_string("output", "report.html", "the HTML file to write")
    flags.DEFINE_string("figures", "", "folder of the PNG and CSV files; beside the HTML file, NAME_files, if empty")
    return ["run_dir", "study_dir", "output", "figures", *setting_flags.define(_STOPPING)]


def report() -> dict[str, Any]:
    """Report on what the flags name; returns the line to print last."""
    options = flags.FLAGS
    run_dirs = _run_dirs(options.run_dir or [], options.study_dir)
    from dsd_tf.experiment.report import write_report
    from dsd_tf.studies.directory import run_labels

    labels = run_labels(options.study_dir) if options.study_dir else {}
    replayed = setting_flags.given(_STOPPING)
    result = write_report(run_dirs, options.output, options.figures or None, labels, replayed)
    for path in result["unfinished"]:
        print(f"unfinished: {path}; covered up to its last finished phase")
    print(f"{result['output']}: {result['runs']} run(s), {result['bytes'] / 1000:.0f} kB")
    return result


def _run_dirs(given: list[str], study: str) -> list[str]:
    """The run directories that the flags name; UsageError if there are none."""
    found = [path for argument in given for pattern in split(argument) for path in _matching(pattern)]
    if study:
        if not Path(study).is_dir():
            raise UsageError(f"--study_dir={study} is not a directory")
        runs = sorted(str(config.parent) for config in Path(study).rglob("config.json"))
        if not runs:
            raise UsageError(f"--study_dir={study} holds no run: no directory below it has a config.json")
        found += runs
    if not found:
        raise UsageError("--run_dir or --study_dir is missing; see --help")
    return found


def _matching(pattern: str) -> list[str]:
    if not glob.has_magic(pattern):
        return [pattern]
    paths = [path for path in sorted(glob.glob(pattern)) if Path(path).is_dir()]
    if not paths:
        raise UsageError(f"--run_dir={pattern} matches no directory")
    return paths


def main() -> NoReturn:
    """Entry point of `bin/report`."""
    console.start(report, define_flags(), ABOUT)
