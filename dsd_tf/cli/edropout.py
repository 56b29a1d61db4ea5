"""`bin/edropout`: finished runs as rows of the EDropout papers' tables."""

from __future__ import annotations

import dataclasses
from typing import Any, NoReturn

from absl import flags

from dsd_tf.cli import console
from dsd_tf.errors import UsageError
from dsd_tf.experiment.finished_run import FinishedRun
from dsd_tf.reporting.edropout import format_networks, network_rows
from dsd_tf.reporting.tables import print_table
from dsd_tf.settings import split

ABOUT = """
Print the table of the EDropout papers: bin/edropout --run_dirs=DIR,DIR,...

Each run of bin/train is a row, a run of --method=edropout two: (F) with all units, (P) pruned to the chosen ones. R is
the percentage of parameters that are kept and #p their number; those of inputs that are gone do not count. The papers'
code counts them, and its R stands in the last column. Loss and accuracy are on test data; the last line is JSON.
"""


def define_flags() -> list[str]:
    """The command's flags; returns their names."""
    flags.DEFINE_string("run_dirs", "", "comma-separated directories of finished runs of bin/train")
    return ["run_dirs"]


def table() -> dict[str, Any]:
    """Print what the flags name; returns the line to print last."""
    runs = [FinishedRun(path) for path in split(flags.FLAGS.run_dirs)]
    if not runs:
        raise UsageError("--run_dirs is missing; see --help")
    rows = [row for run in runs for row in network_rows(run.settings, [run.record(name) for name in run.phases])]
    print_table(format_networks(rows))
    return {"rows": [dataclasses.asdict(row) for row in rows]}


def main() -> NoReturn:
    """Entry point of `bin/edropout`."""
    console.start(table, define_flags(), ABOUT)
