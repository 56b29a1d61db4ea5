"""`bin/train`: flags -> settings -> a run."""

from __future__ import annotations

import dataclasses
from typing import Any, NoReturn

from absl import flags

from dsd_tf.cli import console, setting_flags
from dsd_tf.experiment.run_directory import RunDirectory, default_name, is_complete
from dsd_tf.experiment.teamwork import Share, share_of
from dsd_tf.reporting.results import describe_results
from dsd_tf.settings import Settings, split
from dsd_tf.workers.cluster import cluster_of

ABOUT = """
Train a network, dense or sparse, on real images: bin/train --flagfile=configs/quickstart.flags

Progress goes to standard error, results to standard output, the last line of which is JSON. The run lives in one
directory; the same command continues a run that was interrupted and returns at once when it is complete.
Times are epochs (160ep), steps (500it) or a share of the training (40%).
"""

_SETTINGS = [field.name for field in dataclasses.fields(Settings)]


def define_flags() -> list[str]:
    """One flag per setting, and those of the command itself; returns their names."""
    names = setting_flags.define(_SETTINGS)
    flags.DEFINE_string("run_dir", "", "directory of the run; runs/<a readable name> if empty")
    flags.DEFINE_bool("dry_run", False, "print the plan and train nothing")
    return [*names, "run_dir", "dry_run"]


def settings_from_flags() -> Settings:
    """The settings the command line describes; UsageError for values that cannot be."""
    return Settings(**{name: flags.FLAGS[name].value for name in _SETTINGS})


def train() -> dict[str, Any] | None:
    """Run, or with --dry_run only plan, what the flags describe; returns the line to print last.

    None for a worker that is not the chief.
    """
    settings = settings_from_flags()
    formats = split(settings.export)
    path = flags.FLAGS.run_dir or f"runs/{default_name(settings)}"
    if flags.FLAGS.dry_run:
        return _describe_plan(settings)
    cluster, complete = cluster_of(settings.strategy), is_complete(path)
    if complete and cluster and not cluster.is_chief:
        return None
    with share_of(settings, path, None if complete else cluster, console.last_words()) as share:
        with RunDirectory(share.path, share.settings) as directory:
            summary = directory.result()
        if summary is None:
            summary = _run(share)
    if not share.team.is_chief:
        return None
    describe_results(path, summary)
    exported = {name: _export(path, name) for name in formats}
    final = summary["results"]["final"] | {"run_dir": path, "seconds": summary["timing"]["training_seconds"]}
    return final | ({"exported": exported} if exported else {})


def _describe_plan(settings: Settings) -> dict[str, Any]:
    with console.quiet_start():
        import tensorflow as tf

        from dsd_tf.experiment.describe import describe_plan

        tf.config.list_physical_devices()
    return describe_plan(settings)


def _run(share: Share) -> dict[str, Any]:
    with console.quiet_start():
        import tensorflow as tf

        from dsd_tf.experiment.runner import run

        tf.config.list_physical_devices()
    return run(share.settings, share.path, share.team)


def _export(path: str, name: str) -> dict[str, Any]:
    with console.quiet_start():
        from dsd_tf.experiment.export_run import export_run
    return export_run(path, name)


def main() -> NoReturn:
    """Entry point of `bin/train`."""
    console.start(train, define_flags(), ABOUT)
