"""Learning rates by epoch."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class LearningRate:
    """The learning rate of every epoch of a phase; it changes between epochs only.

    Args:
        base: rate of the first epoch.
        kind: "constant"; "step": times `decay` from each milestone on; "cosine": half a cosine down to 0.
        epochs: length of the whole schedule.
        milestones: epochs of the drops.
        decay: factor of a drop.
    """

    base: float
    kind: str = "constant"
    epochs: int = 1
    milestones: tuple[int, ...] = ()
    decay: float = 0.1

    def at(self, epoch: int) -> float:
        """The rate during `epoch`, counted from 0."""
        if self.kind == "step":
            return self.base * self.decay ** sum(epoch >= milestone for milestone in self.milestones)
        if self.kind == "cosine":
            return self.base * (1 + math.cos(math.pi * epoch / self.epochs)) / 2
        return self.base

    def last(self) -> float:
        """The rate of the last epoch."""
        return self.at(self.epochs - 1)

    def __str__(self) -> str:
        drops = "".join(f", x{self.decay:g} at epoch {milestone}" for milestone in self.milestones)
        return f"{self.base:g} {self.kind}{drops if self.kind == 'step' else ''}"
