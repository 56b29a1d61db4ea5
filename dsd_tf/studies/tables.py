"""What a study comes to: a line per run, a line per phase of each run, a line per cell of the grid."""

from __future__ import annotations

import csv
import io
import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.table import Table

from dsd_tf.files import write_text
from dsd_tf.reporting.tables import make_table
from dsd_tf.studies.directory import StudyDirectory, StudyRun
from dsd_tf.studies.grid import SEED
from dsd_tf.studies.values import format_value

Results = Mapping[str, dict[str, Any] | None]
"""By a run's name, the content of its summary.json; None for one that is not finished."""


def write_tables(
    directory: StudyDirectory, runs: Sequence[StudyRun], results: Results, errors: Mapping[str, str]
) -> None:
    """Write study.csv, with the figures at the end of each run, and levels.csv, with those at the end of each phase.

    Figures in a group are called GROUP.FIGURE, as in test.top1, and actual.FIGURE if an axis has that name; what has
    a figure per kernel or layer is left out.
    """
    lines = [
        {
            "run": run.name,
            **run.axes,
            "state": "finished" if results[run.name] else "failed",
            **(_figures(_headline(results[run.name]), run.axes) if results[run.name] else {}),
            "error": errors.get(run.name),
            "path": run.path,
        }
        for run in runs
    ]
    levels = [
        {"run": run.name, **run.axes, "phase": record["phase"], **_figures(record, run.axes)}
        for run in runs
        for record in (results[run.name] or {"results": {"phases": []}})["results"]["phases"]
    ]
    write_text(directory.study_csv, _csv(lines))
    write_text(directory.levels_csv, _csv(levels))


def _headline(summary: dict[str, Any]) -> dict[str, Any]:
    return summary["results"]["final"] | {"seconds": summary["timing"]["training_seconds"]}


def _figures(record: Mapping[str, Any], axes: Mapping[str, Any]) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for key, value in record.items():
        if isinstance(value, dict) and not any("/" in name for name in value):
            figures |= {f"{key}.{name}": figure for name, figure in _figures(value, {}).items()}
        elif not isinstance(value, dict | list):
            figures[f"actual.{key}" if key in axes else key] = value
    return figures


def _csv(lines: Sequence[Mapping[str, Any]]) -> str:
    columns = list(dict.fromkeys(column for line in lines for column in line))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


def cell_table(runs: Sequence[StudyRun], results: Results) -> Table:
    """Final test accuracy and sparsity by cell, mean and sample standard deviation over the seeds that finished."""
    axes = [axis for axis in runs[0].axes if axis != SEED]
    table = make_table(*axes, "runs", "final test accuracy", "final sparsity")
    for place, cell in _cells(runs, axes):
        finals = [results[run.name]["results"]["final"] for run in cell if results[run.name]]
        scores = (mean_and_deviation([final[key] for final in finals]) for key in ("test_accuracy", "sparsity"))
        table.add_row(*place, f"{len(finals)}/{len(cell)}", *scores)
    return table


def _cells(runs: Sequence[StudyRun], axes: Sequence[str]) -> Iterator[tuple[tuple[str, ...], list[StudyRun]]]:
    cells: dict[tuple[str, ...], list[StudyRun]] = {}
    for run in runs:
        cells.setdefault(tuple(format_value(run.axes[axis]) for axis in axes), []).append(run)
    yield from cells.items()


def mean_and_deviation(shares: Sequence[float]) -> str:
    """Shares in percent: their mean, with their sample standard deviation if there are several; "-" for none."""
    if not shares:
        return "-"
    mean = f"{statistics.fmean(shares):.2%}"
    return f"{mean} ± {100 * statistics.stdev(shares):.2f}" if len(shares) > 1 else mean
