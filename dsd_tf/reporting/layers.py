"""The per-layer table: shape, weights kept, sparsity, FLOPs, and why a layer was not pruned."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.table import Table

from dsd_tf.reporting.tables import make_table
from dsd_tf.sparsity.flops import LayerCost
from dsd_tf.sparsity.masks import Masks

if TYPE_CHECKING:
    from dsd_tf.training.kernels import Kernel


@dataclass(frozen=True)
class LayerRow:
    """One kernel: `kept` of its weights, applied at `positions` per example (None where not known)."""

    name: str
    shape: tuple[int, ...]
    kept: int
    positions: int | None
    why_dense: str = ""

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def dense_flops(self) -> int | None:
        """Per example, a multiply-add counting 2; None where the positions are not known."""
        return self._cost(lambda cost: cost.dense_flops)

    @property
    def sparse_flops(self) -> int | None:
        """As `dense_flops`, of the kept weights alone."""
        return self._cost(lambda cost: cost.sparse_flops)

    def _cost(self, figure: Callable[[LayerCost], int]) -> int | None:
        if self.positions is None:
            return None
        return figure(LayerCost(self.name, self.shape, self.positions, self.kept))


def layer_table(kernels: Sequence[Kernel], masks: Masks) -> list[LayerRow]:
    """A row for every kernel of a model; those without a mask are kept whole."""
    return [
        LayerRow(
            kernel.name,
            kernel.shape,
            int(masks[kernel.name].sum()) if kernel.name in masks else math.prod(kernel.shape),
            kernel.positions,
            kernel.why_dense,
        )
        for kernel in kernels
    ]


def total_flops(rows: Sequence[LayerRow], figure: str) -> int | None:
    """The sum of "dense_flops" or "sparse_flops" over rows; None if one is not known."""
    values = [getattr(row, figure) for row in rows]
    return None if None in values else sum(values)


def format_layers(rows: Sequence[LayerRow]) -> Table:
    """The rows for the terminal, with totals over the prunable ones and over all."""
    table = make_table("kernel", "shape", "weights", "kept", "sparsity", "dense MFLOP", "sparse MFLOP", "not pruned")
    for row in rows:
        table.add_row(row.name, "x".join(map(str, row.shape)), *_figures([row]), row.why_dense)
    table.add_section()
    table.add_row("prunable", "", *_figures([row for row in rows if not row.why_dense]), "")
    table.add_row("all kernels", "", *_figures(rows), "")
    return table


def _figures(rows: Sequence[LayerRow]) -> list[str]:
    size, kept = sum(row.size for row in rows), sum(row.kept for row in rows)
    flops = [total_flops(rows, figure) for figure in ("dense_flops", "sparse_flops")]
    return [
        f"{size:,}",
        f"{kept:,}",
        f"{1 - kept / size:.2%}" if size else "-",
        *("?" if value is None else f"{value / 1e6:,.3f}" for value in flops),
    ]
