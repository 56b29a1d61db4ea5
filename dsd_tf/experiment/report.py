"""The HTML report of run directories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dsd_tf.errors import UsageError
from dsd_tf.experiment.stored_run import read_run
from dsd_tf.reporting.html.write import write_page


def write_report(
    run_dirs: Sequence[str | Path],
    output: str | Path,
    figures: str | Path | None = None,
    labels: Mapping[str, str] | None = None,
    replayed: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write one self-contained HTML file on the runs, and a PNG and a CSV file per figure beside it.

    Runs that differ in nothing but their seed are shown as one, by mean and standard deviation. Unfinished runs are
    covered up to their last finished phase, and named as such.

    Args:
        figures: folder of the PNG and CSV files; beside `output`, its name with "_files" in place of the ending,
            if None.
        labels: what to call the configuration of a run, by its path; by its settings where that is not said.
        replayed: settings of the stop rules to replay the ladders with, in place of the runs' own.

    Returns:
        "output", its size in "bytes", "figures", the number of "runs", and the paths of those "unfinished".

    Raises:
        UsageError: if a directory is no run's, no run has finished a phase, or a file cannot be written.
    """
    output = Path(output)
    if output.is_dir():
        raise UsageError(f"--output={output} is a directory: name a file, as {output / 'report.html'}")
    folder = Path(figures) if figures else output.with_name(f"{output.stem}_files")
    runs = [
        read_run(path, label=(labels or {}).get(path, ""), replayed=replayed or {})
        for path in dict.fromkeys(map(str, run_dirs))
    ]
    written = write_page(runs, output, folder)
    return {
        "output": str(output),
        "bytes": output.stat().st_size,
        "figures": [str(path) for path in written],
        "runs": len(runs),
        "unfinished": [run.path for run in runs if not run.finished],
    }
