"""Reading what a run directory holds, be the run finished or not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dsd_tf.errors import UsageError
from dsd_tf.experiment.run_directory import RunDirectory, load_settings
from dsd_tf.files import read_json
from dsd_tf.reporting.html.runs import StoredRun


def read_run(path: str | Path) -> StoredRun:
    """The run in directory `path`, up to its last finished phase.

    Raises:
        UsageError: if `path` is not a run directory, or its files are damaged.
    """
    if not Path(path).is_dir():
        raise UsageError(f"{path} is not a run directory: {'it is a file' if Path(path).exists() else 'no such place'}")
    settings = load_settings(path)
    directory = RunDirectory(path, settings)
    summary = directory.result()
    records = _read_lines(directory.levels)
    finished = {record["phase"] for record in records}
    return StoredRun(
        path=str(path),
        settings=settings,
        versions=read_json(directory.config).get("versions", {}),
        records=records,
        epochs=[epoch for epoch in _read_lines(directory.metrics) if epoch["phase"] in finished],
        layers=summary["results"]["layers"] if summary else [],
        finished=summary is not None,
    )


def _read_lines(path: Path) -> list[dict[str, Any]]:
    """The records of a file of JSON lines; none if there is no file yet, without a last line cut off by a kill."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
    try:
        return [json.loads(line) for line in lines if line.endswith("\n")]
    except ValueError as error:
        raise UsageError(f"{path} is damaged: {error}") from error
