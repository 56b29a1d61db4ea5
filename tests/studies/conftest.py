"""Studies on disk without training."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dsd_tf.experiment.run_directory import RunDirectory
from dsd_tf.files import write_json
from dsd_tf.settings import Settings
from dsd_tf.studies.directory import StudyRun


@pytest.fixture
def record() -> Callable[..., None]:
    """Puts on disk the run of these settings, finished with a test accuracy, or else only begun."""

    def put(path, settings: Settings, accuracy: float | None = None) -> None:
        with RunDirectory(path, settings) as directory:
            directory.create({}, {})
        if accuracy is not None:
            final = {"phase": "dense", "test_accuracy": accuracy, "sparsity": 0.5, "best_epoch": {"epoch": 3}}
            phase = {"phase": "dense", "sparsity": 0.5, "test": {"top1": accuracy}, "kept_by_kernel": {"a/kernel": 1},
                     "emptied": []}  # fmt: skip
            results = {"final": final, "phases": [phase]}
            write_json(directory.summary, {"results": results, "timing": {"training_seconds": 1.5}})

    return put


@pytest.fixture
def make_run(tmp_path) -> Callable[..., StudyRun]:
    """A run of a study by its name."""

    def make(name: str, *needs: str, axes=None, **settings) -> StudyRun:
        path, log = tmp_path / "runs" / name, tmp_path / "logs" / f"{name}.log"
        return StudyRun(name, str(path), str(log), axes or {"seed": 0}, Settings(**settings), needs)

    return make
