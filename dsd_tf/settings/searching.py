"""The search for units of --method=edropout."""

from __future__ import annotations

from dataclasses import dataclass

from dsd_tf import registry
from dsd_tf.settings.field import setting


@dataclass(frozen=True)
class SearchingSettings:
    """The search for units of --method=edropout."""

    edropout_population: int = setting(8, "edropout: states compared on every batch")
    edropout_probability: float = setting(0.5, "edropout: of a unit to be on in the first states")
    edropout_operator: str = setting(
        "edropout_code", "edropout: how new states are made", choices=tuple(registry.EDROPOUT_OPERATORS)
    )
    edropout_mutation: float = setting(0.9, "edropout: rate of mutation")
    edropout_crossover: float = setting(0.9, "edropout: share of bits that a new state has of its mutant")
    edropout_reevaluate: bool = setting(True, "edropout: judge the states there are by the batch at hand")
    edropout_sparsity_weight: float = setting(0.0, "edropout: energy of having all units on, less for fewer")
    edropout_freeze: str = setting("50%", "edropout: when the search ends; 0 = one random state for all of training")
    edropout_patience: int = setting(0, "edropout: also when the best state was the same for so many steps; 0 = never")
    edropout_memory: int = setting(0, "edropout: MiB for states evaluated together; 0 = one at a time on a CPU")
