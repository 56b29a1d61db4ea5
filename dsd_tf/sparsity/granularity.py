"""Granularity: in what shape weights are pruned. A group of weights lives or dies as one.

`SingleWeights`, `Blocks` and `Filters` share an interface, in which an array holds one entry per group:
`pool(score)` scores the groups, `count(mask)` counts the True in each, `expand(groups, shape)` is the weight
mask of a group mask. `NofM` fixes the density and makes its mask itself.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np

from dsd_tf.errors import UsageError


@dataclass(frozen=True)
class SingleWeights:
    """Every weight for itself."""

    def pool(self, score: np.ndarray) -> np.ndarray:
        return score

    def count(self, mask: np.ndarray) -> np.ndarray:
        return mask

    def expand(self, groups: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        return groups

    def __str__(self) -> str:
        return "weight"


@dataclass(frozen=True)
class Filters:
    """Whole output units: everything that leads to one index of the last axis. Scored by the mean."""

    def pool(self, score: np.ndarray) -> np.ndarray:
        # in float64, so that filters of equal scores have equal means
        return _matrix(score).mean(axis=0, dtype=np.float64).astype(np.float32)

    def count(self, mask: np.ndarray) -> np.ndarray:
        return np.count_nonzero(_matrix(mask), axis=0)

    def expand(self, groups: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        return np.broadcast_to(groups, shape)

    def __str__(self) -> str:
        return "filter"


@dataclass(frozen=True)
class Blocks:
    """Blocks of `height` x `width` of the kernel seen as a matrix [product of the other axes, last axis].

    Blocks start at index 0 of both axes; those at the far edges may be smaller. Scored by the mean ("avg") or
    the maximum ("max") of the weights they hold.
    """

    height: int
    width: int
    pooling: str = "avg"

    def __post_init__(self) -> None:
        if self.height < 1 or self.width < 1:
            raise UsageError(f"block of {self.height}x{self.width}: both sides must be at least 1")
        if self.pooling not in ("avg", "max"):
            raise UsageError(f"block pooling {self.pooling!r}: give 'avg' or 'max'")

    def pool(self, score: np.ndarray) -> np.ndarray:
        if self.pooling == "max":
            return self._reduced(np.maximum, score)
        sums = self._reduced(np.add, score, dtype=np.float64)
        return (sums / self.count(np.ones(score.shape, bool))).astype(np.float32)

    def count(self, mask: np.ndarray) -> np.ndarray:
        return self._reduced(np.add, mask, dtype=np.int64)

    def expand(self, groups: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        rows, columns = math.prod(shape[:-1]), shape[-1]
        matrix = groups.repeat(self.height, axis=0)[:rows].repeat(self.width, axis=1)[:, :columns]
        return matrix.reshape(shape)

    def _reduced(self, ufunc: np.ufunc, array: np.ndarray, dtype: type | None = None) -> np.ndarray:
        matrix = _matrix(array)
        rows = ufunc.reduceat(matrix, range(0, matrix.shape[0], self.height), axis=0, dtype=dtype)
        return ufunc.reduceat(rows, range(0, matrix.shape[1], self.width), axis=1)

    def __str__(self) -> str:
        return f"block:{self.height}x{self.width}" + (":max" if self.pooling == "max" else "")


@dataclass(frozen=True)
class NofM:
    """Exactly `n` of every `m` consecutive weights along the input channels (second to last axis) are kept.

    Where the input channels are no multiple of `m`, the last group keeps at most `n`. The density is n/m,
    whatever density is asked for, as in jaxpruner.
    """

    n: int
    m: int

    def __post_init__(self) -> None:
        if not 0 < self.n < self.m:
            raise UsageError(f"sparsity pattern {self.n}:{self.m}: give N:M with 0 < N < M, such as 2:4")

    def mask(self, score: np.ndarray, allowed: np.ndarray) -> np.ndarray:
        """The weight mask for finite `score` (two axes or more); of equal scores the first wins."""
        if score.ndim < 2:
            raise UsageError(f"{self} runs along input channels: a weight of shape {score.shape} has none")
        *outer, inputs, outputs = score.shape
        groups = -(-inputs // self.m)
        padding = [(0, 0)] * len(outer) + [(0, groups * self.m - inputs), (0, 0)]
        padded = np.pad(np.where(allowed, score, -np.inf), padding, constant_values=-np.inf)
        kept = _ranks(padded.reshape(-1, self.m, outputs)) < self.n
        kept = kept.reshape(*outer, groups * self.m, outputs)[..., :inputs, :]
        return kept & allowed

    def __str__(self) -> str:
        return f"{self.n}:{self.m}"


Granularity = SingleWeights | Filters | Blocks | NofM


def parse(text: str) -> Granularity:
    """The granularity that `text` names: weight, filter, N:M, block:4x1 (mean) or block:4x1:max."""
    if text == "weight":
        return SingleWeights()
    if text == "filter":
        return Filters()
    if match := re.fullmatch(r"(\d+):(\d+)", text):
        return NofM(int(match[1]), int(match[2]))
    if match := re.fullmatch(r"block:(\d+)x(\d+)(:max)?", text):
        return Blocks(int(match[1]), int(match[2]), "max" if match[3] else "avg")
    raise UsageError(f"unknown granularity {text!r}: give weight, filter, N:M such as 2:4, or block:4x1")


def _matrix(array: np.ndarray) -> np.ndarray:
    return array.reshape(-1, array.shape[-1])


def _ranks(groups: np.ndarray) -> np.ndarray:
    """Along axis 1: by how many of its group each entry is beaten. [groups, m, outputs] -> uint16."""
    m = groups.shape[1]
    ranks = np.zeros(groups.shape, np.uint16)
    for first in range(m):
        for second in range(first + 1, m):
            second_wins = groups[:, second] > groups[:, first]
            ranks[:, first] += second_wins
            ranks[:, second] += ~second_wins
    return ranks
