"""Where the numbers come from: runs, settings, versions, commands."""

from __future__ import annotations

from collections.abc import Sequence

from dsd_tf.reporting.html.runs import Group, StoredRun, defaults, differing, show
from dsd_tf.reporting.html.tables import Table


def run_table(groups: Sequence[Group], runs: Sequence[StoredRun]) -> Table:
    """Each run: its state, seed and training time."""
    names = {run.path: group.name for group in groups for run in group.runs}
    rows = [
        [
            run.path,
            names.get(run.path, "–"),
            run.state,
            str(run.settings.seed),
            str(len(run.records)),
            f"{sum(record['seconds'] for record in run.records):,.0f}",
        ]
        for run in runs
    ]
    columns = ("run directory", "configuration", "state", "seed", "phases done", "training (s)")
    return Table("Runs", columns, [("", rows)], text_columns=3)


def setting_tables(groups: Sequence[Group]) -> list[Table]:
    """The settings that differ between groups, those they share that are not the default, and the rest."""
    configurations = [group.runs[0].configuration for group in groups]
    names, usual = differing(configurations), defaults()
    first = configurations[0]
    shared = [name for name in first if name not in names]
    tables = []
    if names:
        rows = [[*(show(group.runs[0].configuration[name]) for name in names), _seeds(group)] for group in groups]
        columns = (*(f"--{name}" for name in names), "seeds")
        tables.append(Table("Settings that differ", columns, [("", rows)], text_columns=len(columns)))
    given = [[f"--{name}", show(first[name])] for name in shared if first[name] != usual[name]]
    rest = [[f"--{name}", show(first[name])] for name in shared if first[name] == usual[name]]
    title = "Settings that all runs share" if len(groups) > 1 else "Settings"
    tables.append(Table(f"{title}, not the default", ("flag", "value"), [("", given)], text_columns=2))
    tables.append(Table(f"{title}, the default", ("flag", "value"), [("", rest)], text_columns=2, folded=True))
    return [table for table in tables if table.blocks[0][1]]


def version_table(runs: Sequence[StoredRun]) -> Table:
    """The versions the runs were made with; several in a row where runs differ."""
    packages = sorted({name for run in runs for name in run.versions})
    rows = [[name, ", ".join(sorted({run.versions.get(name, "–") for run in runs}))] for name in packages]
    return Table("Versions", ("package", "version"), [("", rows)], text_columns=2)


def _seeds(group: Group) -> str:
    return ", ".join(str(run.settings.seed) for run in group.runs)
