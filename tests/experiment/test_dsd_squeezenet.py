"""Dense-sparse-dense on a small SqueezeNet: what configs/cifar10_squeezenet_dsd.flags does, on digits of 32x32."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from dsd_tf.experiment.finished_run import FinishedRun
from dsd_tf.experiment.workbench import load_images
from dsd_tf.settings import Settings

FIRST = "conv1/kernel"


@pytest.fixture(scope="module")
def dsd(watched, tmp_path_factory):
    settings = Settings(
        dataset="digits",
        image_size=32,
        train_examples=100,
        model="squeezenet_residual",
        width=0.1,
        initializer="sdd",
        method="dsd",
        sparsity=0.3,
        allocation="uniform",
        protect_first=True,
        epochs=1,
        batch_size=30,
        optimizer="adam",
        lr=0.001,
    )
    return watched(settings, tmp_path_factory.mktemp("squeezenet") / "run")


def kernels(run, phase: str) -> dict[str, np.ndarray]:
    network = FinishedRun(run.path).network(phase)
    return {weight.path: weight.numpy() for weight in network.weights if weight.path.endswith("/kernel")}


def test_after_the_sparse_phase_each_layer_but_the_first_has_exactly_the_asked_zeros(dsd):
    sparse = kernels(dsd, "sparse1")
    zeros = {name: np.count_nonzero(kernel == 0) for name, kernel in sparse.items()}
    sizes = {name: kernel.size for name, kernel in sparse.items()}
    assert len(zeros) == 26
    assert zeros.pop(FIRST) == 0
    assert zeros == {name: size - round(0.7 * size) for name, size in sizes.items() if name != FIRST}


def test_the_last_phase_starts_as_the_function_that_the_sparse_one_ended_as(dsd):
    network = FinishedRun(dsd.path).network("sparse1")
    images = load_images(FinishedRun(dsd.path).settings).test.images[:20].astype(np.float32) / 255
    ended = network.predict(images, verbose=0)
    other = keras.models.clone_model(network)
    other.set_weights(dsd.starts["redense1"].weights)
    assert ended.any()
    assert np.array_equal(other.predict(images, verbose=0), ended)
    assert dsd.starts["redense1"].slots == 0


def test_the_last_phase_ends_dense(dsd):
    final = dsd.results["final"]
    assert (final["phase"], final["sparsity"]) == ("redense1", 0.0)
    sparse, dense = kernels(dsd, "sparse1"), kernels(dsd, "redense1")
    revived = {name: np.count_nonzero(dense[name][sparse[name] == 0]) for name in sparse if name != FIRST}
    # a revived weight stays at zero only while its gradient is zero, as that of a dead filter is
    assert min(revived.values()) > 0
