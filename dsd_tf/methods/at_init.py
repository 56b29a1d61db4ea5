"""Pruning at initialisation: masks chosen before the first step, by scores of the weights the run starts from."""

from __future__ import annotations

from dsd_tf.errors import UsageError
from dsd_tf.methods.plan import Facts, Phase, Sparse
from dsd_tf.methods.spans import sparse_phase
from dsd_tf.settings import Settings


def random(settings: Settings, facts: Facts) -> list[Phase]:
    """Random scores: the baseline of the others."""
    return _at_init(settings, facts, "random")


def magnitude(settings: Settings, facts: Facts) -> list[Phase]:
    """|w| of the weights the run starts from: with `--init_from` those of a network that was trained in another run."""
    return _at_init(settings, facts, "magnitude")


def snip(settings: Settings, facts: Facts) -> list[Phase]:
    """Connection sensitivity (Lee et al. 2019)."""
    return _at_init(settings, facts, "snip")


def grasp(settings: Settings, facts: Facts) -> list[Phase]:
    """Gradient signal preservation (Wang et al. 2020)."""
    return _at_init(settings, facts, "grasp")


def synflow(settings: Settings, facts: Facts) -> list[Phase]:
    """Iterative synaptic flow, which needs no data (Tanaka et al. 2020)."""
    return _at_init(settings, facts, "synflow")


def _at_init(settings: Settings, facts: Facts, score: str) -> list[Phase]:
    if settings.resample and settings.granularity != "weight":
        raise UsageError(f"--resample draws single weights, it has no --granularity={settings.granularity}")
    return [sparse_phase(settings, facts, Sparse(1 - settings.sparsity, score, settings.resample))]
