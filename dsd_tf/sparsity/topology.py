"""Topology rules as data: when a sparse network in training drops and grows weights, how many, and by what."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from dsd_tf.errors import UsageError, unknown
from dsd_tf.sparsity.drop_and_grow import DROPS

_FALLS: dict[str, Callable[[float], float]] = {
    "constant": lambda progress: 1.0,
    "cosine": lambda progress: (1 + math.cos(math.pi * progress)) / 2,
    "exponential": lambda progress: (1 - progress) ** 3,
}
DROP_SCHEDULES = tuple(_FALLS)

# What ranks the weights to grow -> how much of the gradients of earlier steps counts; None if gradients do not.
_GRADIENT_DECAY: dict[str, float | None] = {"random": None, "gradient": 0.0, "momentum": 0.9}


@dataclass(frozen=True)
class DropFraction:
    """The share of a layer's weights that an update drops: `initial` at step 0, on its way to `final` at step `end`.

    "cosine" is half a cosine (Evci et al. 2020, RigL, section 3), "exponential" a cubic, which RigL's code calls
    exponential_3, "constant" stays at `initial`.

    Raises:
        UsageError: for a share outside [0, 1], an unknown kind, or an end before the first step.
    """

    initial: float
    end: int
    kind: str = "cosine"
    final: float = 0.0

    def __post_init__(self) -> None:
        for name in ("initial", "final"):
            if not 0 <= getattr(self, name) <= 1:
                raise UsageError(f"{name} drop fraction is {getattr(self, name)}: give a number in [0, 1]")
        if self.kind not in _FALLS:
            raise unknown("drop schedule", self.kind, _FALLS)
        if self.end < 1:
            raise UsageError(f"drop schedule ends at step {self.end}: give at least 1")

    def at(self, step: int) -> float:
        """The share at `step`; after the end that of the end."""
        return self.final + (self.initial - self.final) * _FALLS[self.kind](min(step / self.end, 1.0))


@dataclass(frozen=True)
class Topology:
    """Every `every` steps, until the end of `fraction`, each layer drops that share of its weights and grows as many.

    The smallest go, as `drop` counts them. Those grown are drawn at random (`grow` "random": SET, Mocanu et al. 2018),
    have the largest gradient ("gradient": RigL, Evci et al. 2020) or the largest exponential average of it ("momentum":
    SNFS, Dettmers & Zettlemoyer 2019, without its redistribution between layers). From step `adapt_from` on layers also
    shrink and grow as Flying Bird+ has it (`sparsity.flying_bird`). Steps count from 0 at the beginning of the training
    that follows the rule.

    Raises:
        UsageError: for unknown names, or if no update falls before the end.
    """

    every: int
    fraction: DropFraction
    grow: str = "random"
    drop: str = "magnitude"
    adapt_from: int | None = None

    def __post_init__(self) -> None:
        if self.grow not in _GRADIENT_DECAY:
            raise unknown("growth", self.grow, _GRADIENT_DECAY)
        if self.drop not in DROPS:
            raise unknown("drop criterion", self.drop, DROPS)
        if self.every < 1:
            raise UsageError(f"update frequency must be at least 1 step, got {self.every}")
        if self.every > self.end:
            raise UsageError(
                f"masks would never change: the first update is due at step {self.every}, the last at step {self.end}"
            )

    def __str__(self) -> str:
        return f"{self.grow} growth every {self.every:,} steps till {self.end:,}"

    @property
    def end(self) -> int:
        """The last step at which an update may be due."""
        return self.fraction.end

    @property
    def updates(self) -> range:
        """The steps at which updates are due: between step s and s + 1 of training."""
        return range(self.every, self.end + 1, self.every)

    @property
    def gradient_decay(self) -> float | None:
        """The decay of the average of gradients that growth is ranked by, 0 for the last one; None for no gradient."""
        return _GRADIENT_DECAY[self.grow]

    def gradient_is_read(self, start: int, stop: int) -> bool:
        """Whether the gradient of one of the training steps [start, stop) is needed at an update."""
        if self.grow == "momentum":
            return start < self.updates[-1]
        first = start + self.every - start % self.every
        return self.grow == "gradient" and first <= min(stop, self.end)
