"""Fixtures shared by all tests."""

from __future__ import annotations

import contextlib
import os
import resource
from pathlib import Path

import hypothesis
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# a busy machine is no failure
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real MNIST, CIFAR-10, label noise and SqueezeNet that `DSD_TF_TEST_DATA` names."""
    place = os.environ.get("DSD_TF_TEST_DATA")
    if not place:
        pytest.skip("needs real data: set DSD_TF_TEST_DATA to the folder that holds tfds/, noise/ and squeezenet/")
    return Path(place).resolve()


@pytest.fixture
def file_size_limit():
    """A context in which no file can be written beyond so many bytes, as on a full disk."""

    @contextlib.contextmanager
    def limit(size: int):
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return limit


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory) -> Path:
    """The directory of a finished run on digits, to be read only: the phases dense, level01 and level02, half pruned at
    each level."""
    from dsd_tf.experiment.runner import run
    from dsd_tf.settings import Settings

    path = tmp_path_factory.mktemp("finished") / "run"
    run(Settings(width=0.2, epochs=3, method="iterative", rounds=2, prune_fraction=0.5), str(path))
    return path


@pytest.fixture
def put_run():
    """Puts on disk the run of these settings, finished with a test accuracy, or else only begun."""

    from dsd_tf.experiment.run_directory import RunDirectory
    from dsd_tf.files import write_json

    def put(path, settings, accuracy=None):
        with RunDirectory(path, settings) as directory:
            directory.create({}, {})
        if accuracy is not None:
            final = {"phase": "dense", "test_accuracy": accuracy, "sparsity": 0.5, "best_epoch": {"epoch": 3}}
            phase = {"phase": "dense", "sparsity": 0.5, "test": {"top1": accuracy}, "kept_by_kernel": {"a/kernel": 1},
                     "emptied": []}  # fmt: skip
            results = {"final": final, "phases": [phase]}
            write_json(directory.summary, {"results": results, "timing": {"training_seconds": 1.5}})

    return put
