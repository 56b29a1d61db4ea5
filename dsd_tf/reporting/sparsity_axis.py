"""The axis of sparsity: levels are a geometric ladder of the weights that remain."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes


def sparsity_axis(axes: Axes, sparsities: Sequence[float]) -> None:
    """The share of weights that remain on a logarithmic axis, falling; ticks name the sparsity in percent."""
    axes.set_xscale("log")
    axes.minorticks_off()
    ticks = _spread(sorted({round(1 - sparsity, 9) for sparsity in sparsities}, reverse=True), most_ticks(axes))
    axes.set_xticks(ticks, [percent_sparse(1 - remaining) for remaining in ticks])
    first, last = 1 - min(sparsities), 1 - max(sparsities)
    axes.set_xlim(first * 1.08, last / 1.08)
    axes.set_xlabel("sparsity of the prunable weights (%)")


def percent_sparse(sparsity: float) -> str:
    """A sparsity in percent, with two digits of what remains, and at least one after the point."""
    remaining = 100 * (1 - sparsity)
    if not 0 < remaining < 100:
        return f"{100 * sparsity:.0f}"
    return f"{100 * sparsity:.{max(1, 1 - math.floor(math.log10(remaining)))}f}"


def most_ticks(axes: Axes) -> int:
    """How many labels of some digits fit under a panel."""
    return 12 if axes.get_gridspec().ncols == 1 else 7


def _spread(values: Sequence[float], most: int) -> list[float]:
    """About `most` of the falling positive values, evenly spread on a logarithmic axis."""
    gap = math.log(values[0] / values[-1]) / most
    kept = [values[0]]
    for value in values[1:]:
        if math.log(kept[-1] / value) >= gap * 0.999:
            kept.append(value)
    return kept
