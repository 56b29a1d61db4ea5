"""Cost arithmetic: multiply-adds and FLOPs (2 per multiply-add) of dense and sparse kernels, per example.

Sparse FLOPs count kept weights only. They are theoretical: zeros alone do not make a dense kernel run faster.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class LayerCost:
    """A kernel of `shape` with `kept` weights, applied at `positions` (output pixels; 1 for Dense)."""

    name: str
    shape: tuple[int, ...]
    positions: int
    kept: int

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def density(self) -> float:
        return self.kept / self.size

    @property
    def macs(self) -> int:
        """Multiply-adds of the dense kernel."""
        return self.size * self.positions

    @property
    def dense_flops(self) -> int:
        return 2 * self.macs

    @property
    def sparse_flops(self) -> int:
        return 2 * self.kept * self.positions


@dataclass(frozen=True)
class TotalCost:
    """Sums over layers."""

    size: int
    kept: int
    macs: int
    dense_flops: int
    sparse_flops: int


def total_cost(layers: Iterable[LayerCost]) -> TotalCost:
    """The cost of all layers together."""
    layers = list(layers)
    return TotalCost(
        size=sum(layer.size for layer in layers),
        kept=sum(layer.kept for layer in layers),
        macs=sum(layer.macs for layer in layers),
        dense_flops=sum(layer.dense_flops for layer in layers),
        sparse_flops=sum(layer.sparse_flops for layer in layers),
    )
