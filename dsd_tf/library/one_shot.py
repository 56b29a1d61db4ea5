"""`prune`: make a model sparse now."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from absl import logging

from dsd_tf.errors import UsageError, unknown
from dsd_tf.sparsity import granularity as granularities
from dsd_tf.sparsity.allocation import Allocation
from dsd_tf.sparsity.masks import Masks
from dsd_tf.sparsity.scores import SCORES
from dsd_tf.training.kernel_masks import KernelMasks
from dsd_tf.training.kernels import KernelFilter
from dsd_tf.training.selection import Gradients, Selection


def prune(
    model: keras.Model,
    sparsity: float,
    *,
    score: str = "magnitude",
    allocation: str = "global",
    granularity: str = "weight",
    exclude: Sequence[str] = (),
    protect_first: bool = False,
    protect_last: bool = False,
    gradients: Gradients | None = None,
    seed: int = 0,
) -> Masks:
    """Set the lowest-scoring weights of a compiled model to zero, and keep them there in every later `fit`.

    Weights that were pruned before stay pruned, so that growing sparsities make a ladder.

    Args:
        model: compiled, and built or called on a batch.
        sparsity: share of the weights of the kernels taken part in, in [0, 1), to be zero afterwards.
        score: magnitude, random, gradient or weight_gradient; the last two need `gradients`.
        allocation: global, uniform, erk, er, igq, or the path of a table of densities by kernel name.
        granularity: weight, filter, N:M such as 2:4 (kept of consecutive), or block:HxW.
        exclude: patterns (`*` for anything) of names of kernels to leave dense, as `list_kernels` gives them.
        protect_first, protect_last: leave the first or the last kernel dense.
        gradients: returns the gradient of the loss for each kernel, by name.
        seed: of the random score.

    Returns:
        The masks of all kernels that can be pruned.

    Raises:
        ValueError: for a model that is not compiled or has no weights yet, an optimizer that cannot train
            under masks, values out of range, unknown names, or when every kernel is left out.
    """
    if not 0 <= sparsity < 1:
        raise UsageError(f"sparsity is {sparsity!r}: give a number in [0, 1)")
    if score not in SCORES:
        raise unknown("score", score, SCORES)
    patterns = (exclude,) if isinstance(exclude, str) else tuple(exclude)
    selection = Selection(score, Allocation.parse(allocation), granularities.parse(granularity), gradients, seed)
    masks = KernelMasks.of(model)
    kernels = KernelFilter(patterns, protect_first, protect_last).apply(masks.kernels)
    names = [kernel.name for kernel in kernels if not kernel.why_dense]
    if not names:
        raise UsageError(f"nothing to prune in model {model.name!r}: it has no prunable kernels, or all are left out")
    before = masks.masks
    chosen = selection.masks(masks.weights(names), Masks({name: before[name] for name in names}), density=1 - sparsity)
    masks.apply(Masks({**before, **chosen}))
    for name in chosen.emptied():
        logging.warning("%s has no weights left: give prune() another allocation, or exclude it", name)
    return masks.masks
