"""One-shot pruning under the names it is compared by: what is kept of a dense training, weights, masks or neither."""

from __future__ import annotations

import dataclasses

from dsd_tf.errors import UsageError
from dsd_tf.methods import one_shot
from dsd_tf.methods.plan import Facts, Phase, Sparse
from dsd_tf.settings import Settings


def omp(settings: Settings, facts: Facts) -> list[Phase]:
    """One-shot magnitude pruning: the trained weights go on under the masks, through the whole schedule again."""
    return one_shot.plan(dataclasses.replace(settings, retrain="rewind_lr"), facts)


def early_bird(settings: Settings, facts: Facts) -> list[Phase]:
    """The same from a dense training that ends once the masks have settled (You et al. 2020).

    Under adversarial training it is Robust Bird (Chen et al. 2022, "Sparsity Winning Twice").
    """
    dense, sparse = omp(settings, facts)
    return [dataclasses.replace(dense, settles=1 - settings.sparsity), sparse]


def omp_erk(settings: Settings, facts: Facts) -> list[Phase]:
    """As `omp`, by magnitude inside each layer's Erdos-Renyi-Kernel share."""
    return omp(_with_erk(settings), facts)


def lth(settings: Settings, facts: Facts) -> list[Phase]:
    """The lottery ticket found at once (Frankle & Carbin 2019): the masks, with the weights of initialisation."""
    return one_shot.plan(dataclasses.replace(settings, retrain="rewind", rewind_to="0"), facts)


def pre_erk(settings: Settings, facts: Facts) -> list[Phase]:
    """The trained weights under random masks of Erdos-Renyi-Kernel densities: what magnitudes are worth."""
    dense, sparse = omp(_with_erk(settings), facts)
    return [dense, dataclasses.replace(sparse, masks=Sparse(1 - settings.sparsity))]


def _with_erk(settings: Settings) -> Settings:
    if settings.allocation != "erk":
        raise UsageError(
            f"--method={settings.method} is of --allocation=erk, not {settings.allocation}: leave --allocation out"
        )
    return settings
