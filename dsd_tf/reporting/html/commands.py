"""The commands that make the runs again."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from dsd_tf.reporting.html.runs import StoredRun, defaults, show

_SHIPPED = ("digits",)


def train_command(run: StoredRun) -> str:
    """The `bin/train` command of a run, naming what is not the default; where the data lie is for the reader to say."""
    usual = defaults()
    given = {name: value for name, value in run.settings.identity().items() if value != usual[name]}
    flags = [f"--{name}={shlex.quote(show(value))}" for name, value in given.items()]
    if "dataset" not in given:
        flags.insert(0, f"--dataset={run.settings.dataset}")
    if run.settings.dataset not in _SHIPPED:
        flags.append("--data_dir=DIR")
    return " ".join(["bin/train", *flags, f"--run_dir={shlex.quote(run.path)}"])


def report_command(runs: Sequence[StoredRun]) -> str:
    """The `bin/report` command on these runs."""
    return " ".join(["bin/report", *(f"--run_dir={shlex.quote(run.path)}" for run in runs), "--output=report.html"])
