"""How masks are chosen for the kernels of a model: score x allocation x granularity."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from dsd_tf import randomness
from dsd_tf.errors import UsageError
from dsd_tf.sparsity.allocation import Allocation
from dsd_tf.sparsity.granularity import NofM, SingleWeights
from dsd_tf.sparsity.masks import Masks
from dsd_tf.sparsity.prune import select_masks
from dsd_tf.sparsity.scores import SCORES, needs_gradient

Gradients = Callable[[], Mapping[str, np.ndarray]]


@dataclass(frozen=True)
class Selection:
    """Which weights to keep: ranked by `score`, shared out by `allocation`, in the shape of `granularity`.

    `gradients()` gives the dense loss gradient of each kernel by name; only scores that use it call it.
    `seed` is the base seed of the random score.
    """

    score: str = "magnitude"
    allocation: Allocation = Allocation("uniform")
    granularity: object = SingleWeights()
    gradients: Gradients | None = None
    seed: int = 0

    def masks(
        self,
        weights: Mapping[str, np.ndarray],
        allowed: Masks | None,
        *,
        density: float | None = None,
        keep: int | None = None,
        index: int = 0,
    ) -> Masks:
        """Masks that keep `density` of the weights (or exactly `keep` of them), within `allowed` if given.

        `index` (a level or step) selects the stream of the random score.

        Raises:
            UsageError: for a score that needs gradients when there is no source of them.
        """
        gradients, streams = self._gradients(weights), self._streams(weights, index)
        scores = {name: SCORES[self.score](weight, gradients[name], streams[name]) for name, weight in weights.items()}
        return select_masks(
            scores,
            density=density,
            keep=keep,
            allocation=self.allocation,
            granularity=self.granularity,
            allowed=allowed,
        )

    def fixed_sparsity(self, shapes: Mapping[str, tuple[int, ...]]) -> float | None:
        """The sparsity that N:M or an explicit table imposes whatever is asked for; None if there is none."""
        if isinstance(self.granularity, NofM):
            return 1 - self.granularity.n / self.granularity.m
        if self.allocation.table is None:
            return None
        densities = self.allocation.densities(shapes, 1.0)
        sizes = {name: math.prod(shape) for name, shape in shapes.items()}
        return 1 - sum(densities[name] * size for name, size in sizes.items()) / sum(sizes.values())

    def _gradients(self, weights: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray | None]:
        if not needs_gradient(self.score):
            return dict.fromkeys(weights)
        if self.gradients is None:
            raise UsageError(f"score {self.score!r} needs gradients: give Selection a source of them")
        return self.gradients()

    def _streams(self, weights: Mapping[str, np.ndarray], index: int) -> Mapping[str, np.random.Generator | None]:
        if self.score != "random":
            return dict.fromkeys(weights)
        return {name: randomness.generator(self.seed, f"score/{name}", index) for name in weights}
