"""Masks that a phase starts with without training before it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dsd_tf import randomness
from dsd_tf.experiment.workbench import Workbench
from dsd_tf.methods.plan import Sparse
from dsd_tf.sparsity.initial import Scores, prune_in_rounds, resampled
from dsd_tf.sparsity.masks import Masks
from dsd_tf.training.saliency import Batches, SynFlow, grasp, snip

Scorer = Callable[[Masks], Scores]


def initial_masks(bench: Workbench, source: Sparse) -> Masks:
    """The masks `source` describes, at the weights the network has now."""
    masks = prune_in_rounds(
        _SCORERS[source.score](bench),
        bench.masks.shapes,
        source.density,
        rounds=bench.settings.score_rounds if source.score == "synflow" else 1,
        allocation=bench.selection.allocation,
        granularity=bench.selection.granularity,
    )
    return resampled(masks, _drawer(bench)) if source.resample else masks


def _magnitude(bench: Workbench) -> Scorer:
    return lambda masks: {name: np.abs(weight) for name, weight in bench.masks.weights().items()}


def _random(bench: Workbench) -> Scorer:
    draw = _drawer(bench)
    return lambda masks: {name: draw(name, mask.shape) for name, mask in masks.items()}


def _snip(bench: Workbench) -> Scorer:
    return lambda masks: snip(bench.model, bench.masks.kernels, _balanced_batches(bench))


def _grasp(bench: Workbench) -> Scorer:
    return lambda masks: grasp(bench.model, bench.masks.kernels, _balanced_batches(bench))


def _synflow(bench: Workbench) -> Scorer:
    return SynFlow(bench.model, bench.masks.kernels)


_SCORERS: dict[str, Callable[[Workbench], Scorer]] = {
    "magnitude": _magnitude,
    "random": _random,
    "snip": _snip,
    "grasp": _grasp,
    "synflow": _synflow,
}


def _drawer(bench: Workbench) -> Callable[[str, tuple[int, ...]], np.ndarray]:
    seed = bench.settings.seed
    return lambda name, shape: randomness.generator(seed, f"initial_mask/{name}").random(shape, np.float32)


def _balanced_batches(bench: Workbench) -> Batches:
    """`score_per_class` training examples of every class, or all it has, in batches of nearly equal size."""
    train, settings = bench.images.train, bench.settings
    generator = randomness.generator(settings.seed, "initial_mask_examples")
    order = generator.permutation(len(train))
    labels = train.labels[order]
    chosen = [order[labels == label][: settings.score_per_class] for label in np.unique(labels)]
    index = generator.permutation(np.concatenate(chosen))
    batches = [train.take(part) for part in np.array_split(index, -(-len(index) // settings.batch_size))]
    return [(batch.images.astype(np.float32) / 255, batch.labels) for batch in batches]
