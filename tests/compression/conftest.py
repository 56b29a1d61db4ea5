"""Networks with any weights, and filters pruned in them."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import pytest


@pytest.fixture
def filled() -> Callable[[keras.Model, int], keras.Model]:
    """Gives biases and normalisation values of their own; kernels stay as they were initialised."""

    def fill(model: keras.Model, seed: int = 0) -> keras.Model:
        stream = np.random.default_rng(seed)
        for weight in (weight for weight in model.weights if weight.name != "kernel"):
            spread = (0.5, 1.5) if weight.name in ("gamma", "moving_variance") else (-0.5, 0.5)
            weight.assign(stream.uniform(*spread, weight.shape))
        return model

    return fill


@pytest.fixture
def prune_filters() -> Callable[..., None]:
    """Zeroes random filters of every kernel but those named, as pruning by --granularity=filter does."""

    def prune(model: keras.Model, share: float = 0.5, but: tuple[str, ...] = ("logits", "conv10"), seed: int = 1):
        stream = np.random.default_rng(seed)
        for layer in model.layers:
            if hasattr(layer, "kernel") and layer.name not in but:
                kernel = layer.kernel.numpy()
                kernel[..., stream.random(kernel.shape[-1]) < share] = 0
                layer.kernel.assign(kernel)

    return prune


@pytest.fixture
def outputs() -> Callable[[keras.Model], np.ndarray]:
    """What a model gives for fixed random images."""

    def run(model: keras.Model) -> np.ndarray:
        images = np.random.default_rng(2).normal(size=(3, *model.input_shape[1:])).astype(np.float32)
        return np.asarray(model(images))

    return run
