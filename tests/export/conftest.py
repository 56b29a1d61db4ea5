"""Exports of one finished run, made once, and small networks to export."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from dsd_tf import registry
from dsd_tf.experiment.export_run import export_run


@pytest.fixture(scope="session")
def exports(finished_run, tmp_path_factory) -> dict[str, dict[str, Any]]:
    """What `export_run` returned for each format, of the last phase."""
    folder = tmp_path_factory.mktemp("exports")
    names = {"savedmodel": "saved", "keras": "net.keras", "litert": "net.tflite"}
    assert names.keys() == registry.EXPORT_FORMATS.keys()
    return {name: export_run(finished_run, name, folder / file) for name, file in names.items()}


@pytest.fixture
def model() -> keras.Model:
    """A compiled convolutional network on 8x8x1 with batch norm, dropout, optimizer slots and 90 % zeros."""
    keras.utils.set_random_seed(0)
    images = keras.Input((8, 8, 1), name="images")
    x = keras.layers.Rescaling(2.0, -1.0)(images)
    x = keras.layers.Conv2D(8, 3, padding="same", use_bias=False, name="conv")(x)
    x = keras.layers.ReLU()(keras.layers.BatchNormalization(name="norm")(x))
    x = keras.layers.Dropout(0.5)(keras.layers.Flatten()(x))
    model = keras.Model(images, keras.layers.Dense(10, name="logits")(x), name="small")
    random = np.random.default_rng(0)
    for layer in ("conv", "logits"):
        kernel = model.get_layer(layer).kernel
        kernel.assign(kernel.numpy() * (random.random(kernel.shape) < 0.1))
    model.get_layer("norm").moving_mean.assign(random.normal(size=8))
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    return model


@pytest.fixture
def pixels() -> np.ndarray:
    """Three images for `model`."""
    return np.random.default_rng(1).random((3, 8, 8, 1), np.float32)
