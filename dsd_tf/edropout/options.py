"""What a user may choose about the search for units."""

from __future__ import annotations

import math
from dataclasses import dataclass

from dsd_tf import registry
from dsd_tf.errors import UsageError, unknown

_MOST = 1024  # who is made of whom is drawn from all pairs


@dataclass(frozen=True)
class SearchOptions:
    """The search of EDropout (Salehinejad & Valaee 2020), with the values of its published runs.

    population: states compared on every batch.
    probability: of a unit to be on in the first states.
    operator, mutation, crossover: how candidates are made; see `dsd_tf.edropout.population`.
    reevaluate: give the states there are their energy on the batch at hand; the published code keeps the one a state
        came in with, so that a lucky batch can pin it for ever.
    sparsity_weight: added to an energy for a state with all units on, less in proportion for others.
    patience: freeze the best state when it has stayed the same for so many steps; 0 for never.
    memory: MiB that the states evaluated at a time may take; 0 is one state at a time on a CPU, 2048 MiB elsewhere.

    Raises:
        UsageError: for a value out of its range.
    """

    population: int = 8
    probability: float = 0.5
    operator: str = "edropout_code"
    mutation: float = 0.9
    crossover: float = 0.9
    reevaluate: bool = True
    sparsity_weight: float = 0.0
    patience: int = 0
    memory: int = 0
    seed: int = 0

    @property
    def evaluations(self) -> int:
        """States whose energy a generation takes."""
        return self.population * (2 if self.reevaluate else 1)

    def __post_init__(self):
        if self.population not in range(4, _MOST + 1):
            raise UsageError(
                f"population {self.population}: a candidate is made of three other states, give 4 to {_MOST}"
            )
        if not 0 < self.probability < 1:
            raise UsageError(f"probability {self.probability} of a unit to be on must lie inside (0, 1)")
        for name in ("mutation", "crossover"):
            if not 0 <= getattr(self, name) <= 1:
                raise UsageError(f"{name} rate {getattr(self, name)} must be in [0, 1]")
        for name in ("sparsity_weight", "patience", "memory"):
            if not 0 <= getattr(self, name) < math.inf:
                raise UsageError(f"{name} {getattr(self, name)} must be finite and not negative")
        if self.operator not in registry.EDROPOUT_OPERATORS:
            raise unknown("operator", self.operator, registry.EDROPOUT_OPERATORS)
