"""What is done about sparsity: how much of what goes, and when."""

from __future__ import annotations

from dataclasses import dataclass

from dsd_tf import registry
from dsd_tf.settings.field import BELOW_1, setting
from dsd_tf.sparsity.scores import SCORES


@dataclass(frozen=True)
class PruningSettings:
    """What is done about sparsity: how much of what goes, and when."""

    method: str = setting("dense", "what is done about sparsity", choices=tuple(registry.METHODS))
    sparsity: float = setting(
        0.9, "share of prunable weights removed in the end; iterative: see --rounds", bounds=BELOW_1
    )
    sparsity_from: str = setting("", "run directory; the sparsity it ended with instead, see docs/edropout.md")
    score: str = setting("magnitude", "which weights matter", choices=tuple(SCORES))
    allocation: str = setting(
        "auto",
        "how much per layer: global uniform erk er igq, or a table's path; auto = erk for static set rigl snfs omp_erk "
        "pre_erk, igq for flying_bird and flying_bird_plus, else global",
    )
    granularity: str = setting("weight", "weight, N:M as in 2:4, block:HxW or filter")
    exclude: str = setting(
        "", "comma-separated name patterns of kernels to leave dense, as in '*project*'", listed=True
    )
    protect_first: bool = setting(False, "leave the first prunable layer dense")
    protect_last: bool = setting(False, "leave the last prunable layer dense")

    schedule: str = setting("polynomial", "gradual: how sparsity rises", choices=tuple(registry.SCHEDULES))
    begin: str = setting("0", "gradual, gmp: when pruning starts (10ep, 500it, 40%)", time=True)
    end: str = setting(
        "75%", "gradual, gmp: when the sparsity is reached; ac_dc: when the last sparse turn begins", time=True
    )
    frequency: str = setting("1%", "gradual, gmp: time between mask updates", time=True)
