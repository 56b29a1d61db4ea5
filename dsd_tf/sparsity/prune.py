"""Score x allocation x granularity -> masks, and how many weights each round of a sparsity ladder leaves."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from dsd_tf.errors import UsageError
from dsd_tf.sparsity.allocation import Allocation
from dsd_tf.sparsity.granularity import Granularity, NofM
from dsd_tf.sparsity.masks import Masks
from dsd_tf.sparsity.select import check_rankable, keep_largest, keep_largest_across

Arrays = Mapping[str, np.ndarray]


def select_masks(
    scores: Arrays,
    *,
    density: float | None = None,
    keep: int | None = None,
    allocation: Allocation,
    granularity: Granularity,
    allowed: Masks | None = None,
) -> Masks:
    """Masks that keep the largest scores: as many as `density` or `keep` says, where `allocation` says.

    * Per-layer allocations keep round(groups * density of the layer) groups in each layer, at least one. With
      single weights a group is a weight.
    * A global allocation ranks all layers together and keeps round(size * density) weights, at least one, or
      exactly `keep`. Groups of several weights are kept from the best down until they hold at least that
      many. It may leave a layer without weights: `Masks.emptied()` names those.
    * N:M keeps its own density in every layer, so `density` and `allocation` are not used.

    Halves round to even. Equal scores: lower index first, then earlier layer first.

    Args:
        scores: layer name -> score of each weight.
        density: share of the weights to keep, in (0, 1]; not used with an explicit table.
        keep: number of weights to keep instead of `density`; global allocation only.
        allowed: the masks before. Nothing outside them is kept; if they hold less than the target they stay.

    Raises:
        UsageError: for NaN scores, a density outside (0, 1], a `keep` above what is allowed, or masks or a
            table of other layers.
    """
    shapes = {name: score.shape for name, score in scores.items()}
    if allowed is None:
        allowed = Masks.ones(shapes)
    allowed.check(shapes)
    if keep is not None:
        _check_keep(keep, density, allocation, granularity, allowed)
    if isinstance(granularity, NofM):
        for name, score in scores.items():
            check_rankable(score, _scores_of(name))
        return Masks({name: granularity.mask(score, allowed[name]) for name, score in scores.items()})
    pooled = {name: granularity.pool(score) for name, score in scores.items()}
    counts = {name: granularity.count(allowed[name]) for name in scores}
    if allocation.is_global:
        target = keep if keep is not None else _share(allowed.size, density)
        groups = _largest_overall(pooled, counts, min(target, allowed.kept))
    else:
        groups = _largest_per_layer(pooled, counts, allocation.densities(shapes, density))
    chosen = {name: granularity.expand(groups[name], shapes[name]) & allowed[name] for name in scores}
    for mask in chosen.values():
        mask.flags.writeable = False  # Masks then need no copy
    return Masks(chosen)


def remaining_after(active: int, fraction: float) -> int:
    """How many weights are left when `fraction` of `active` is removed: active - round(fraction * active).

    At least one is left; halves round to even (as in PyTorch's `prune` by amount).
    """
    if not 0 < fraction < 1:
        raise UsageError(f"prune fraction is {fraction!r}: give a number in (0, 1)")
    return max(1, active - round(fraction * active))


def ladder(total: int, fraction: float, rounds: int) -> list[int]:
    """Weights kept at level 0 (all), 1, ... `rounds`; shorter if a level could not remove any."""
    kept = [total]
    while len(kept) <= rounds and (left := remaining_after(kept[-1], fraction)) < kept[-1]:
        kept.append(left)
    return kept


def ladder_to(total: int, fraction: float, sparsity: float) -> list[int]:
    """The ladder down to exactly round(total * (1 - sparsity)) weights, at least one."""
    if not 0 <= sparsity < 1:
        raise UsageError(f"sparsity is {sparsity!r}: give a number in [0, 1)")
    target = _share(total, 1 - sparsity)
    kept = [total]
    while kept[-1] > target:
        left = remaining_after(kept[-1], fraction)
        kept.append(left if target < left < kept[-1] else target)
    return kept


def _check_keep(
    keep: int, density: float | None, allocation: Allocation, granularity: Granularity, allowed: Masks
) -> None:
    if density is not None:
        raise UsageError(f"density {density} and keep {keep} were both given: give one of them")
    if not allocation.is_global or isinstance(granularity, NofM):
        raise UsageError(f"keep {keep} counts weights of all layers: use it with the global allocation, not with N:M")
    if not 1 <= keep <= allowed.kept:
        raise UsageError(f"cannot keep {keep} weights: give a number from 1 to the {allowed.kept} not pruned yet")


def _share(size: int, density: float | None) -> int:
    if density is None or not 0 < density <= 1:
        raise UsageError(f"density is {density!r}: give a number in (0, 1]")
    return max(1, round(size * density))


def _largest_per_layer(pooled: Arrays, counts: Arrays, densities: Mapping[str, float]) -> dict[str, np.ndarray]:
    masks = {}
    for name, score in pooled.items():
        open_groups = counts[name].astype(bool, copy=False)
        keep = min(_share(score.size, densities[name]), np.count_nonzero(open_groups))
        masks[name] = keep_largest(score, keep, open_groups, what=_scores_of(name))
    return masks


def _largest_overall(pooled: Arrays, counts: Arrays, weights: int) -> dict[str, np.ndarray]:
    """Masks of the best groups that hold `weights` weights; `counts` are the allowed weights per group."""
    open_groups = [count.astype(bool, copy=False) for count in counts.values()]
    groups = _groups_holding(weights, list(pooled.values()), list(counts.values()), open_groups)
    masks = keep_largest_across(list(pooled.values()), groups, open_groups, what=[*map(_scores_of, pooled)])
    return dict(zip(pooled, masks, strict=True))


def _scores_of(layer: str) -> str:
    return f"scores of layer {layer!r}"


def _groups_holding(
    weights: int, pooled: list[np.ndarray], counts: list[np.ndarray], open_groups: list[np.ndarray]
) -> int:
    """How many of the best groups it takes to hold `weights` weights."""
    largest = max([1, *(int(count.max()) for count in counts)])
    if sum(int(count.sum()) for count in counts) == largest * sum(map(np.count_nonzero, open_groups)):
        return -(-weights // largest)  # all of one size, as single weights are: no need to sort
    scores = np.concatenate([score[is_open] for score, is_open in zip(pooled, open_groups, strict=True)])
    sizes = np.concatenate([count[is_open] for count, is_open in zip(counts, open_groups, strict=True)])
    order = np.argsort(-scores, kind="stable")
    return int(np.searchsorted(np.cumsum(sizes[order]), weights)) + 1
