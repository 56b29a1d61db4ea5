"""Reading a run that is complete."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dsd_tf.errors import UsageError, unknown
from dsd_tf.experiment.run_directory import RunDirectory, load_settings
from dsd_tf.files import read_arrays

if TYPE_CHECKING:
    import keras


class FinishedRun:
    """A complete run in the directory `path`: settings, figures, and the network at the end of any phase.

    Raises:
        UsageError: if `path` is not a run directory, or the run in it is not finished.
    """

    def __init__(self, path: str | Path):
        self.settings = load_settings(path)
        self._directory = RunDirectory(path, self.settings)
        summary = self._directory.result()
        if summary is None:
            raise UsageError(f"the run in {path} is not finished; the bin/train command that began it ends it")
        self._results = summary["results"]

    @property
    def model_path(self) -> Path:
        """The .keras file of the last phase's network."""
        return self._directory.model

    @property
    def phases(self) -> list[str]:
        """Names, in the order of training."""
        return [record["phase"] for record in self._results["phases"]]

    @property
    def digest(self) -> str:
        """SHA-256 of the run's results."""
        return hashlib.sha256(json.dumps(self._results, sort_keys=True).encode()).hexdigest()

    def best_phase(self) -> str:
        """The name of the phase with the best validation accuracy, the sparsest of equals.

        Raises:
            UsageError: if the run held out no validation split.
        """
        records = self._results["phases"]
        if "validation" not in records[-1]:
            raise UsageError("the run has no validation split to choose a phase by: name the phase")
        return max(records, key=lambda record: (record["validation"]["top1"], record["sparsity"]))["phase"]

    def record(self, phase: str = "") -> dict[str, Any]:
        """The figures of a phase, by default the last one; UsageError for a name the run has not."""
        records = {record["phase"]: record for record in self._results["phases"]}
        name = phase or self._results["final"]["phase"]
        if name not in records:
            raise unknown("--phase", name, records)
        return records[name]

    def network(self, phase: str = "") -> keras.Model:
        """The network as it was at the end of a phase, by default the last one, uncompiled.

        Raises:
            UsageError: for a phase the run has not, or files that are damaged.
        """
        from dsd_tf.export import keras_file

        name = self.record(phase)["phase"]
        model = keras_file.load(self.model_path)
        if name != self._results["final"]["phase"]:
            self.bring(model, name)
        return model

    def bring(self, model: keras.Model, phase: str) -> None:
        """Give a network of this run the weights it had at the end of a phase.

        Raises:
            UsageError: for files that are damaged or of another network.
        """
        from dsd_tf.experiment.state import restore

        restore(read_arrays(self._directory.phase(phase)), model=model.variables)

    def learning(self, phase: str = "") -> np.ndarray:
        """Which training examples were right after each epoch of a phase, bool [epochs, N].

        Raises:
            UsageError: for a phase the run has not, and for a run that did not keep this.
        """
        name = self.record(phase)["phase"]
        files = sorted(self._directory.learning(name, 0).parent.glob("[0-9]*.npz"))
        if not files:
            raise UsageError(f"phase {name} of the run kept no record of its epochs: train with --record_learning")
        return np.stack([read_arrays(file)["right"] for file in files])
