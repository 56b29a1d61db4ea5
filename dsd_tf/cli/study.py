"""`bin/study`: flags that list values -> a grid of runs."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from absl import flags

from dsd_tf import registry
from dsd_tf.cli import console, setting_flags
from dsd_tf.errors import UsageError
from dsd_tf.reporting.tables import make_table, print_table
from dsd_tf.settings import Settings
from dsd_tf.studies.carry_out import carry_out
from dsd_tf.studies.directory import StudyDirectory, StudyRun
from dsd_tf.studies.engine import Engine, EngineOptions
from dsd_tf.studies.grid import Grid
from dsd_tf.studies.progress import StudyProgress
from dsd_tf.studies.tables import cell_table, write_tables
from dsd_tf.studies.values import alternatives
from dsd_tf.studies.variants import parse_variants

ABOUT = """
Train a grid of networks: bin/study --flagfile=configs/studies/digits_demo.flags --workers=2

Takes the flags of bin/train, each with one value or several: --seed=0,1,2 --label_noise=0,0.2 are six runs. Values are
separated by commas; those of --milestones, --exclude and --export, which hold commas themselves, by semicolons.

What changes together is a variant; all variants are one more axis, and what a variant gives has that one value in it:
  --variant="rewind: --retrain=rewind" --variant="reinit: --retrain=reinit --masks_from=@rewind"
@rewind stands for the directory of the run of that variant with the same values on all other axes, which is trained
first; @rewind/model.keras for a file in it. In a flag file a variant takes no quotes.

A run is called by what varies, as in label_noise=0.2-seed=1, and is an ordinary run directory, STUDY_DIR/runs/NAME;
what it had to say is in STUDY_DIR/logs. The same command goes on where it was stopped. More values or axes add the runs
that are missing; finished ones are found again by their settings. A run that fails does not stop the others: it is
reported at the end, with exit code 1. STUDY_DIR/study.csv has a line per run, levels.csv one per phase.
"""

_SETTINGS = [field.name for field in dataclasses.fields(Settings)]
_OWN = ["study_dir", "variant", "workers", "engine", "ray_address", "run_cpus", "run_gpus", "dry_run"]


def define_flags() -> list[str]:
    """One flag per setting, and those of the command itself; returns their names."""
    flags.DEFINE_string("study_dir", "", "directory of the study")
    flags.DEFINE_multi_string("variant", None, "a name and the flags of it, 'NAME: --flag=value ...'; may be repeated")
    flags.DEFINE_integer("workers", 1, "local: processes that train at a time; results do not depend on it", 1)
    flags.DEFINE_string("engine", "local", f"what carries out the runs ({' '.join(registry.ENGINES)})")
    flags.DEFINE_string("ray_address", "", "ray: HOST:PORT of the cluster; $RAY_ADDRESS or this machine alone if empty")
    flags.DEFINE_float("run_cpus", 1.0, "ray: CPUs to set aside for a run", 0.0)
    flags.DEFINE_float("run_gpus", 0.0, "ray: GPUs to set aside for a run", 0.0)
    flags.DEFINE_bool("dry_run", False, "list the runs and what there is of them; train nothing")
    return [*_OWN, *setting_flags.define_lists(_SETTINGS)]


def study() -> dict[str, Any]:
    """Carry out, or with --dry_run only list, the study the flags describe; returns the line to print last."""
    options = flags.FLAGS
    if not options.study_dir:
        raise UsageError("--study_dir is missing: name the directory of the study, as runs/studies/NAME")
    make_engine = registry.resolve("--engine", registry.ENGINES, options.engine)
    given = {name: alternatives(name, text) for name, text in setting_flags.given(_SETTINGS).items()}
    grid = Grid(given, parse_variants(options.variant or []))
    directory = StudyDirectory(options.study_dir)
    runs = directory.plan(grid)
    if options.dry_run:
        return _list(runs) | {"study_dir": options.study_dir}
    with directory.locked():
        directory.describe(grid, runs)
        missing = [run for run in runs if not run.summary]
        errors = _carry_out(missing, make_engine(_engine_options(len(missing)))) if missing else {}
        results = {run.name: run.summary for run in runs}
        write_tables(directory, runs, results, errors)
    print_table(cell_table(runs, results))
    for run in runs:
        if run.name in errors:
            log = f" (log: {run.log})" if Path(run.log).exists() else ""
            print(f"failed: {run.name}: {errors[run.name]}{log}", file=sys.stderr)
    finished = len(runs) - len(errors)
    return {"runs": len(runs), "finished": finished, "failed": len(errors), "study_dir": options.study_dir}


def _engine_options(runs: int) -> EngineOptions:
    options = flags.FLAGS
    return EngineOptions(min(options.workers, runs), options.ray_address, options.run_cpus, options.run_gpus)


def _carry_out(runs: Sequence[StudyRun], engine: Engine) -> dict[str, str]:
    progress = StudyProgress(len(runs))
    try:
        return carry_out(runs, engine, progress)
    finally:
        progress.close()


def _list(runs: Sequence[StudyRun]) -> dict[str, Any]:
    table = make_table("run", "needs", "state")
    states = ["finished" if run.summary else "begun" if run.begun else "missing" for run in runs]
    for run, state in zip(runs, states, strict=True):
        table.add_row(run.name, ", ".join(run.needs), state)
    print_table(table)
    return {"runs": len(runs), **{state: states.count(state) for state in ("finished", "begun", "missing")}}


def main() -> NoReturn:
    """Entry point of `bin/study`."""
    console.start(study, define_flags(), ABOUT, exit_code=lambda result: 1 if result.get("failed") else 0)
