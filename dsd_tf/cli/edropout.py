"""`bin/edropout`: runs as rows of the EDropout papers' tables."""

from __future__ import annotations

import dataclasses
from typing import Any, NoReturn

from dsd_tf.cli import chosen_runs, console
from dsd_tf.errors import UsageError

ABOUT = """
Print the table of the EDropout papers: bin/edropout --study_dir=DIR, or bin/edropout --run_dir=DIR --run_dir=DIR ...

Each configuration of bin/train is a row, one of --method=edropout two: (F) with all units, (P) pruned to the chosen
ones. Runs that differ in nothing but their seed are one row, mean and sample standard deviation. R is the percentage
of parameters that are left and #p their number, where units are pruned those of the compacted network; the papers' code
counts a unit with all its inputs, and its R stands in the last column. Loss and accuracy are on test data; the last
line is JSON.
"""


def table() -> dict[str, Any]:
    """Print what the flags name; returns the line to print last."""
    labels = chosen_runs.chosen_runs()
    from dsd_tf.experiment.stored_run import read_run
    from dsd_tf.reporting.html.networks import COLUMNS, network_rows
    from dsd_tf.reporting.html.runs import group_runs
    from dsd_tf.reporting.tables import make_table, print_table

    groups = group_runs([read_run(path, label=label) for path, label in labels.items()])
    rows = list(network_rows(groups))
    if not rows:
        raise UsageError("there is no network in these runs yet: let bin/train finish them")
    printed = make_table(*COLUMNS)
    for row in rows:
        printed.add_row(*row.cells)
    print_table(printed)
    return {"rows": [dataclasses.asdict(row) for row in rows]}


def main() -> NoReturn:
    """Entry point of `bin/edropout`."""
    console.start(table, chosen_runs.define_flags(), ABOUT)
