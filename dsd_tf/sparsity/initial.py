"""Masks chosen before training, once or in rounds, by scores of a network that was not trained yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from dsd_tf.errors import UsageError
from dsd_tf.sparsity.allocation import Allocation, explicit
from dsd_tf.sparsity.granularity import Granularity, SingleWeights
from dsd_tf.sparsity.masks import Masks
from dsd_tf.sparsity.prune import select_masks
from dsd_tf.sparsity.select import check_rankable

Scores = Mapping[str, np.ndarray]


def prune_in_rounds(
    scores: Callable[[Masks], Scores],
    shapes: Mapping[str, tuple[int, ...]],
    density: float,
    rounds: int,
    allocation: Allocation,
    granularity: Granularity,
) -> Masks:
    """Masks of `density` that keep the largest scores and leave no layer empty.

    In round k of n the density falls to `density ** (k / n)` (SynFlow, Tanaka et al. 2020, algorithm 1), by the
    scores that `scores` gives under the masks of the round before. The best weight of each layer is kept ahead of
    all others, for one layer without weights lets no signal pass.

    Raises:
        UsageError: for a density outside (0, 1], one that keeps fewer weights than there are layers, or NaN scores.
    """
    masks = Masks.ones(shapes)
    for number in range(1, rounds + 1):
        ranked = {name: _best_first(name, score, masks[name]) for name, score in scores(masks).items()}
        masks = select_masks(
            ranked,
            density=density ** (number / rounds),
            allocation=allocation,
            granularity=granularity,
            allowed=masks,
        )
    if masks.emptied():
        raise UsageError(f"density {density:.4g} keeps {masks.kept} weights, fewer than the {len(shapes)} layers")
    return masks


def resampled(masks: Masks, draw: Callable[[str, tuple[int, ...]], np.ndarray]) -> Masks:
    """As many weights per layer as `masks` keeps, at other places: the largest of the scores `draw(layer, shape)`.

    What is left of a pruning method when it decides on the numbers per layer alone (Frankle et al. 2021, "Pruning
    Neural Networks at Initialization: Why Are We Missing the Mark?").
    """
    densities = {name: np.count_nonzero(mask) / mask.size for name, mask in masks.items()}
    return select_masks(
        {name: draw(name, mask.shape) for name, mask in masks.items()},
        allocation=explicit(densities),
        granularity=SingleWeights(),
    )


def _best_first(layer: str, score: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    check_rankable(score, f"scores of layer {layer!r}")
    ranked = score.copy()
    ranked.flat[np.argmax(np.where(allowed, score, -np.inf))] = np.inf
    return ranked
