"""Masks that move while they are trained with, and masks chosen before."""

from __future__ import annotations

from dataclasses import dataclass

from dsd_tf.settings.field import AT_LEAST_1, SHARE, setting
from dsd_tf.sparsity.drop_and_grow import DROPS
from dsd_tf.sparsity.topology import DROP_SCHEDULES


@dataclass(frozen=True)
class GrowingSettings:
    """Masks that move while they are trained with, and masks chosen before."""

    update_every: str = setting(
        "2%", "dynamic (set rigl snfs flying_bird): time between mask updates (100it, 4ep)", time=True
    )
    drop_fraction: float = setting(
        0.3, "dynamic: share of a layer's weights that the first update may drop", bounds=SHARE
    )
    drop_schedule: str = setting("cosine", "dynamic: how that share falls", choices=DROP_SCHEDULES)
    drop_end: str = setting("75%", "dynamic: when it has fallen to --drop_final, and updates end", time=True)
    drop_final: float = setting(0.0, "dynamic: the share at --drop_end", bounds=SHARE)
    drop_criterion: str = setting("magnitude", "dynamic: which are smallest", choices=tuple(DROPS))
    adapt_from: str = setting(
        "50%", "flying_bird_plus: when numbers of weights begin to follow generalisation", time=True
    )

    resample: bool = setting(False, "snip, grasp, synflow: keep numbers per layer, draw the places at random")
    score_per_class: int = setting(
        25, "snip, grasp: training examples of each class that weights are scored on", bounds=AT_LEAST_1
    )
    score_rounds: int = setting(100, "synflow: rounds of scoring and pruning", bounds=AT_LEAST_1)
