"""The flags that choose stored runs: --run_dir and --study_dir."""

from __future__ import annotations

import glob
from pathlib import Path

from absl import flags

from dsd_tf.errors import UsageError
from dsd_tf.settings import split


def define_flags() -> list[str]:
    """Define the flags; returns their names."""
    flags.DEFINE_multi_string("run_dir", None, "a run, several separated by commas, or a pattern as 'runs/*'")
    flags.DEFINE_string("study_dir", "", "all runs below this directory")
    return ["run_dir", "study_dir"]


def chosen_runs() -> dict[str, str]:
    """Path -> what a study calls its configuration ("" for others), of the run directories that the flags name.

    Raises:
        UsageError: if there are none.
    """
    study = flags.FLAGS.study_dir
    given = [pattern for argument in flags.FLAGS.run_dir or [] for pattern in split(argument)]
    found = [path for pattern in given for path in _matching(pattern)]
    if study:
        if not Path(study).is_dir():
            raise UsageError(f"--study_dir={study} is not a directory")
        runs = sorted(str(config.parent) for config in Path(study).rglob("config.json"))
        if not runs:
            raise UsageError(f"--study_dir={study} holds no run: no directory below it has a config.json")
        found += runs
    if not found:
        raise UsageError("--run_dir or --study_dir is missing; see --help")
    labels = _labels(study)
    return {path: labels.get(path, "") for path in found}


def _labels(study: str) -> dict[str, str]:
    if not study:
        return {}
    from dsd_tf.studies.directory import run_labels

    return run_labels(study)


def _matching(pattern: str) -> list[str]:
    if not glob.has_magic(pattern):
        return [pattern]
    paths = [path for path in sorted(glob.glob(pattern)) if Path(path).is_dir()]
    if not paths:
        raise UsageError(f"--run_dir={pattern} matches no directory")
    return paths
