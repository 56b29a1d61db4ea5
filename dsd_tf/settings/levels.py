"""Methods of several phases: ladders and when they end, dense-sparse-dense."""

from __future__ import annotations

from dataclasses import dataclass

from dsd_tf import registry
from dsd_tf.settings.field import ABOVE_0, AT_LEAST_1, INSIDE, NOT_NEGATIVE, setting


@dataclass(frozen=True)
class LevelSettings:
    """Methods of several phases: ladders and when they end, dense-sparse-dense."""

    rounds: int = setting(
        0, "iterative: levels after the dense one; 0 = as many as --sparsity takes", bounds=NOT_NEGATIVE
    )
    prune_fraction: float = setting(0.2, "iterative: share of the remaining weights removed per level", bounds=INSIDE)
    retrain: str = setting("rewind", "what retraining starts from", choices=tuple(registry.RETRAIN_POLICIES))
    rewind_to: str = setting("0", "rewind, redense: the time whose weights retraining starts from", time=True)
    finetune_lr: float = setting(0.001, "finetune: its constant learning rate", bounds=ABOVE_0)
    masks_from: str = setting("", "reinit: run directory whose masks are used")

    stop_rule: str = setting(
        "none", "when to end the ladder, by validation accuracy and entropy", choices=tuple(registry.STOP_RULES)
    )
    stop_tolerance: float = setting(
        1.0, "accuracy: points below the dense network at which to stop", bounds=NOT_NEGATIVE
    )
    stop_entropy_drop: float = setting(
        0.2, "entropy: share of the dense network's entropy to lose before it may stop", bounds=INSIDE
    )
    stop_patience: int = setting(2, "entropy: levels without a better accuracy after which to stop", bounds=AT_LEAST_1)

    cycles: int = setting(
        1, "dsd, ac_dc: number of sparse-dense repetitions after the first dense phase", bounds=AT_LEAST_1
    )
    start_phase: str = setting(
        "dense",
        "dsd: the first phase to train; what comes before it is --init_from",
        choices=("dense", "sparse", "redense"),
    )
    sparse_epochs: float = setting(0.0, "dsd: epochs of a sparse phase, also 1.25; 0 = --epochs", bounds=NOT_NEGATIVE)
    redense_epochs: float = setting(0.0, "dsd: epochs of a re-dense phase; 0 = --epochs", bounds=NOT_NEGATIVE)
    sparse_lr_factor: float = setting(1.0, "dsd: learning rate of a sparse phase, relative to --lr", bounds=ABOVE_0)
    redense_lr_factor: float = setting(0.1, "dsd: learning rate of a re-dense phase, relative to --lr", bounds=ABOVE_0)
