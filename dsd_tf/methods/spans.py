"""Times and learning rates that every method's plan needs."""

from __future__ import annotations

import dataclasses

from dsd_tf.errors import UsageError
from dsd_tf.methods.plan import AllWeights, Facts, FromFile, Initial, Phase, Sparse
from dsd_tf.settings import Settings, split
from dsd_tf.sparsity.times import Time
from dsd_tf.sparsity.topology import Topology
from dsd_tf.training.learning_rate import LearningRate


def total_steps(settings: Settings, facts: Facts) -> int:
    """Steps of a whole training of `--epochs`."""
    return settings.epochs * facts.steps_per_epoch


def steps(settings: Settings, facts: Facts, flag: str) -> int:
    """The value of a time flag in steps; UsageError if it lies after the end of training."""
    total = total_steps(settings, facts)
    value = Time.parse(getattr(settings, flag)).steps(facts.steps_per_epoch, total)
    if value > total:
        raise UsageError(f"--{flag}={getattr(settings, flag)} is step {value}, after training ends at step {total}")
    return value


def learning_rate(settings: Settings, factor: float = 1.0, epochs: int = 0) -> LearningRate:
    """The learning rate the flags describe, times `factor`, over `epochs` (default --epochs)."""
    epochs = epochs or settings.epochs
    # milestones are times of epochs: one step per epoch, so that 50% of 160 epochs is epoch 80; of one epoch it is none
    milestones = tuple(max(1, Time.parse(text).steps(1, epochs)) for text in split(settings.milestones))
    return LearningRate(settings.lr * factor, settings.lr_schedule, epochs, milestones, settings.lr_decay)


def dense_phase(settings: Settings, facts: Facts, remember: int | None = None) -> Phase:
    """The whole network trained from its initial weights, or from those of `--init_from`."""
    return Phase(
        name="dense",
        level=0,
        role="dense",
        weights=FromFile(settings.init_from) if settings.init_from else Initial(),
        masks=AllWeights(),
        start=0,
        stop=total_steps(settings, facts),
        learning_rate=learning_rate(settings),
        remember=remember,
    )


def sparse_phase(settings: Settings, facts: Facts, masks: Sparse, topology: Topology | None = None) -> Phase:
    """The same training, sparse from its first step on; named after the method.

    Raises:
        UsageError: if fewer weights than kernels are to be kept, and no kernel may be empty.
    """
    kept = round(facts.prunable * (1 - settings.sparsity))
    if settings.allocation == "global" and kept < len(facts.shapes):
        raise UsageError(
            f"--sparsity={settings.sparsity} keeps {kept} of {facts.prunable:,} weights, fewer than the "
            f"{len(facts.shapes)} kernels, none of which may be empty"
        )
    return dataclasses.replace(
        dense_phase(settings, facts),
        name=settings.method,
        level=1,
        role="sparse",
        masks=masks,
        sparsity=settings.sparsity,
        topology=topology,
    )
