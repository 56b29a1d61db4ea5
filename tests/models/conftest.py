"""Build a model in one call; count it from nothing but kernel and output shapes."""

from __future__ import annotations

import math
from typing import NamedTuple

import keras
import pytest

from dsd_tf.models.build import ModelOptions, build_model


class Size(NamedTuple):
    parameters: int  # as PyTorch counts: batch norm's moving statistics are buffers
    prunable: int  # entries of Conv2D and Dense kernels
    macs: int  # multiply-adds per image

    @property
    def mega_macs(self) -> float:
        return round(self.macs / 1e6, 1)


def kernel_layers_of(model) -> list[keras.layers.Layer]:
    return [layer for layer in model.layers if isinstance(layer, (keras.layers.Conv2D, keras.layers.Dense))]


@pytest.fixture(scope="session")
def kernel_layers():
    return kernel_layers_of


@pytest.fixture(scope="session")
def size_of():
    def measure(model) -> Size:
        kernels = [(math.prod(layer.kernel.shape), layer.output.shape[1:-1]) for layer in kernel_layers_of(model)]
        return Size(
            parameters=sum(math.prod(variable.shape) for variable in model.trainable_variables),
            prunable=sum(entries for entries, _ in kernels),
            macs=sum(entries * math.prod(positions) for entries, positions in kernels),
        )

    return measure


@pytest.fixture(scope="session")
def build():
    def make(name, input_shape=(32, 32, 3), num_classes=10, seed=0, **options) -> keras.Model:
        return build_model(name, input_shape, num_classes, ModelOptions(**options), seed)

    return make
