"""Scores: how much each weight matters. A larger score is kept longer.

Each takes `(weight, gradient, generator)` and returns float32 of the shape of `weight`; what it has no use
for may be None. `gradient` is the gradient of the loss for the masked weight, at pruned positions too.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dsd_tf.errors import unknown

Score = Callable[[np.ndarray, "np.ndarray | None", "np.random.Generator | None"], np.ndarray]


def magnitude(weight: np.ndarray, gradient: np.ndarray | None, generator: np.random.Generator | None) -> np.ndarray:
    """|w|."""
    return np.abs(weight).astype(np.float32, copy=False)


def random(weight: np.ndarray, gradient: np.ndarray | None, generator: np.random.Generator) -> np.ndarray:
    """U[0, 1) from `generator`, whatever the weight. Give each tensor and level its own stream."""
    return generator.random(weight.shape, dtype=np.float32)


def gradient(weight: np.ndarray, gradient: np.ndarray, generator: np.random.Generator | None) -> np.ndarray:
    """|g|: RigL's growth score (Evci et al. 2020, section 3)."""
    return np.abs(gradient).astype(np.float32, copy=False)


def weight_gradient(weight: np.ndarray, gradient: np.ndarray, generator: np.random.Generator | None) -> np.ndarray:
    """|w * g|: SNIP's connection sensitivity (Lee et al. 2019, eq. 6) before normalisation."""
    return np.abs(weight * gradient).astype(np.float32, copy=False)


SCORES: dict[str, Score] = {
    "magnitude": magnitude,
    "random": random,
    "gradient": gradient,
    "weight_gradient": weight_gradient,
}
_NEED_GRADIENT = ("gradient", "weight_gradient")


def needs_gradient(name: str) -> bool:
    """Whether the score of this name uses its `gradient` argument; UsageError for an unknown name."""
    if name not in SCORES:
        raise unknown("score", name, SCORES)
    return name in _NEED_GRADIENT
