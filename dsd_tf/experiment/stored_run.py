"""Reading what a run directory holds, be the run finished or not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dsd_tf.errors import UsageError
from dsd_tf.experiment.run_directory import RunDirectory, load_settings
from dsd_tf.files import read_arrays, read_json
from dsd_tf.reporting.html.runs import StoredRun

_IN_LEVELS = ("phase", "level", "role", "sparsity", "kept_by_kernel", "train", "test", "seconds")
_IN_METRICS = ("phase", "epoch")


def read_run(path: str | Path, **shown: Any) -> StoredRun:
    """The run in directory `path`, up to its last finished phase; `shown` are further fields of what is returned.

    Raises:
        UsageError: if `path` is not a run directory, or its files are damaged.
    """
    if not Path(path).is_dir():
        raise UsageError(f"{path} is not a run directory: {'it is a file' if Path(path).exists() else 'no such place'}")
    directory = RunDirectory(path, load_settings(path))
    layers = _layers(directory)
    records = _read_lines(directory.levels, _IN_LEVELS)
    done = {record["phase"] for record in records}
    return StoredRun(
        path=str(path),
        settings=load_settings(path),
        versions=read_json(directory.config).get("versions", {}),
        records=records,
        epochs=[epoch for epoch in _read_lines(directory.metrics, _IN_METRICS) if epoch["phase"] in done],
        layers=layers or [],
        finished=layers is not None,
        search=_search(directory, [record["phase"] for record in records]),
        **shown,
    )


def _layers(directory: RunDirectory) -> list[dict[str, Any]] | None:
    """The layers that summary.json lists; None if the run is not finished."""
    summary = directory.result()
    if summary is None:
        return None
    try:
        return summary["results"]["layers"]
    except (KeyError, TypeError) as error:
        raise UsageError(f"{directory.summary} is not one of dsd_tf: it lists no layers") from error


def _search(directory: RunDirectory, phases: Sequence[str]) -> dict[str, np.ndarray]:
    """What the generations of a search came to, one epoch after the other; empty without a search."""
    files = [file for phase in phases for file in sorted(directory.search(phase, 0).parent.glob("[0-9]*.npz"))]
    epochs = [read_arrays(file) for file in files]
    return {name: np.concatenate([epoch[name] for epoch in epochs]) for name in (epochs[0] if epochs else ())}


def _read_lines(path: Path, needed: tuple[str, ...]) -> list[dict[str, Any]]:
    """The records of a file of JSON lines; none if there is no file yet, without a last line cut off by a kill."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        records = [json.loads(line) for line in lines if line.endswith("\n")]
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
    for number, record in enumerate(records, 1):
        if not isinstance(record, dict) or not record.keys() >= set(needed):
            raise UsageError(f"{path} is not one of dsd_tf: line {number} lacks some of {', '.join(needed)}")
    return records
