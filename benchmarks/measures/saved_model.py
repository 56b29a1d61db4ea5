"""Bytes of an exported SavedModel beside the bytes of its variables."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np

import dsd_tf
from benchmarks.measures.rows import Row
from benchmarks.measures.trainer import NETWORKS
from dsd_tf.export import savedmodel

TITLES = {"lenet300": "LeNet-300-100", "cnn": "4-conv CIFAR net", "wide": "MLP of 25 M weights"}


def measure(quick: bool) -> Iterator[Row]:
    for network, title in TITLES.items():
        layers, _ = NETWORKS[network]
        model = keras.Sequential(layers(keras.layers))
        model.compile("sgd", "mse")
        dsd_tf.prune(model, 0.9)
        variables = sum(np.asarray(weight).nbytes for weight in model.get_weights())
        ours = _size(model, savedmodel.export)
        by_keras = _size(model, lambda model, path: model.export(path, verbose=False))
        ratio = ours / variables
        yield Row(
            f"SavedModel of {title}, 90 % zeros: dsd_tf.export",
            f"{ratio:.3f}x variables",
            f"{ours / 1e6:.3g} MB; by model.export {by_keras / variables:.3f}x",
            1.02,
            ratio,
        )


def _size(model: keras.Model, export) -> int:
    with tempfile.TemporaryDirectory() as folder:
        export(model, Path(folder) / "model")
        return sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file())
