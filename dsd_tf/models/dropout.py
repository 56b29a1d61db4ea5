"""Dropout with a random stream of its own."""

from __future__ import annotations

from keras import KerasTensor, layers

from dsd_tf import randomness


def dropout(x: KerasTensor, rate: float, name: str, seed: int) -> KerasTensor:
    """Zeros a share `rate` of the inputs while training and scales the rest up; layers differ by name."""
    return layers.Dropout(rate, seed=randomness.integer(seed, f"dropout/{name}"), name=name)(x)
