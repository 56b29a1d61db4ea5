"""Examples with labels but, mostly, hardly any pixels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from dsd_tf.data.images import Images
from dsd_tf.data.label_noise.noise import Examples


@pytest.fixture(scope="session")
def balanced() -> Callable[..., Examples]:
    """Examples of a set, each class as often as the others, in random order."""

    def make(dataset: str = "a set", num_classes: int = 10, per_class: int = 100) -> Examples:
        labels = np.random.default_rng(0).permutation(np.repeat(np.arange(num_classes, dtype=np.int32), per_class))
        return Examples(dataset, labels, num_classes, None, len(labels))

    return make


@pytest.fixture(scope="session")
def cifar10_file(real_data) -> Examples:
    """CIFAR-10's training examples in the order of the original files, out of CIFAR-10N."""
    return _in_file_order("cifar10", 10, real_data / "noise" / "cifar10n.npz")


@pytest.fixture(scope="session")
def cifar100_file(real_data) -> Examples:
    """CIFAR-100's, out of CIFAR-100N."""
    return _in_file_order("cifar100", 100, real_data / "noise" / "cifar100n.npz")


def _in_file_order(dataset: str, num_classes: int, path) -> Examples:
    labels = np.load(path)["clean_label"].astype(np.int32)
    ids = np.array([f"train_{number:05}" for number in range(len(labels))])
    return Examples(dataset, labels, num_classes, ids, len(labels))


@pytest.fixture(scope="session")
def cifar10(real_data) -> Images:
    """The training split of CIFAR-10 as TFDS gives it, which is not the original order; one pixel per image."""
    from dsd_tf.data.sources import load

    train = load("cifar10", data_dir=str(real_data / "tfds"), validation_fraction=0, download=False).train
    return Images(train.images[:, :1, :1].copy(), train.labels, train.ids)
