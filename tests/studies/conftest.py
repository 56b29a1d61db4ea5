"""Studies on disk without training."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dsd_tf.settings import Settings
from dsd_tf.studies.directory import StudyRun


@pytest.fixture
def make_run(tmp_path) -> Callable[..., StudyRun]:
    """A run of a study by its name."""

    def make(name: str, *needs: str, axes=None, **settings) -> StudyRun:
        path, log = tmp_path / "runs" / name, tmp_path / "logs" / f"{name}.log"
        return StudyRun(name, str(path), str(log), axes or {"seed": 0}, Settings(**settings), needs)

    return make
