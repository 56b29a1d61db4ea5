"""A small network, and an independent attacker written in NumPy."""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np
import pytest


def _seeded_network(hidden: int | None) -> keras.Model:
    keras.utils.set_random_seed(3)
    inputs = keras.Input((4, 4, 1))
    x = keras.layers.Flatten()(inputs)
    if hidden:
        x = keras.layers.Dense(hidden, activation="relu", kernel_initializer="glorot_normal")(x)
    return keras.Model(inputs, keras.layers.Dense(3, kernel_initializer="glorot_normal")(x))


@pytest.fixture(scope="session")
def linear() -> keras.Model:
    """A linear classifier of 4x4 images into three classes."""
    return _seeded_network(None)


@pytest.fixture(scope="session")
def mlp() -> keras.Model:
    """The same with a hidden layer."""
    return _seeded_network(8)


@pytest.fixture(scope="session")
def examples(mlp) -> tuple[np.ndarray, np.ndarray]:
    """20 random images, some black, some white, and what `mlp` takes them for."""
    images = np.random.default_rng(0).random((20, 4, 4, 1)).astype(np.float32)
    images[0], images[1] = 0, 1
    return images, np.argmax(mlp(images), axis=1).astype(np.int32)


@dataclass(frozen=True)
class Twin:
    """Attacks a network of dense layers with ReLUs between them in float64: perturbations instead of points, gradients
    by hand, one image at a time."""

    weights: list[np.ndarray]

    def gradient(self, image: np.ndarray, label: int) -> np.ndarray:
        """Of the cross-entropy with respect to the image."""
        inputs, active = image.ravel().astype(np.float64), []
        for kernel, bias in list(zip(self.weights[::2], self.weights[1::2], strict=True))[:-1]:
            inputs = inputs @ kernel + bias
            active.append(inputs > 0)
            inputs = np.maximum(inputs, 0)
        logits = inputs @ self.weights[-2] + self.weights[-1]
        back = np.exp(logits - logits.max())
        back /= back.sum()
        back[label] -= 1
        for kernel, on in zip(self.weights[-2::-2], [*active[::-1], None], strict=True):
            back = kernel @ back if on is None else (kernel @ back) * on
        return back.reshape(image.shape)

    def attack(self, image, label, start, norm: str, epsilon: float, step: float, steps: int) -> np.ndarray:
        image = image.astype(np.float64)
        moved = start - image
        for _ in range(steps):
            gradient = self.gradient(image + moved, label)
            if norm == "linf":
                moved = np.clip(moved + step * np.sign(gradient), -epsilon, epsilon)
                moved = np.clip(image + moved, 0, 1) - image
            else:
                moved = moved + step * gradient / max(np.linalg.norm(gradient), 1e-6)
                moved = np.clip(image + moved, 0, 1) - image
                moved *= min(1, epsilon / max(np.linalg.norm(moved), 1e-12))
        return image + moved


@pytest.fixture(scope="session")
def twin():
    return lambda model: Twin([weight.astype(np.float64) for weight in model.get_weights()])
