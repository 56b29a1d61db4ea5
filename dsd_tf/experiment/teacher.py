"""The network that `--teacher` names."""

from __future__ import annotations

import hashlib
from pathlib import Path

import keras

from dsd_tf.errors import UsageError, unknown
from dsd_tf.experiment.finished_run import FinishedRun
from dsd_tf.export import keras_file


def open_teacher(path: str, phase: str) -> keras.Model:
    """The network in a .keras file, or that of a `phase` of the finished run in a directory.

    `phase` is a name, "last", or "best": the one with the best validation accuracy. A file has no phases.

    Raises:
        UsageError: if there is no such network, or it cannot be read.
    """
    if not Path(path).is_dir():
        return keras_file.load(Path(path))
    run = FinishedRun(path)
    if phase == "best":
        return run.network(run.best_phase())
    if phase not in ("last", *run.phases):
        raise unknown("--teacher_phase", phase, ("best", "last", *run.phases))
    return run.network("" if phase == "last" else phase)


def digest(path: str) -> str:
    """SHA-256 of a .keras file, or of the results of the finished run in a directory.

    Raises:
        UsageError: if there is neither.
    """
    if Path(path).is_dir():
        return FinishedRun(path).digest
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
