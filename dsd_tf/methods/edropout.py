"""EDropout: the sub-network of least energy is trained on every batch, then pruned to (Salehinejad & Valaee 2020)."""

from __future__ import annotations

import dataclasses

from dsd_tf.errors import UsageError
from dsd_tf.methods.plan import Facts, OfUnits, Phase, UnitMasks
from dsd_tf.methods.spans import dense_phase
from dsd_tf.settings import Settings
from dsd_tf.sparsity.times import Time


def plan(settings: Settings, facts: Facts) -> list[Phase]:
    """A training, and two phases without steps for the two networks the papers report of it.

    "full" has all units, "pruned" those of the state that was best in the end. The epochs of the training are judged by
    the state that is best at the time. With `--sparsity_from` units are random, and nothing is searched.
    """
    training = dataclasses.replace(dense_phase(settings, facts), name="edropout", freeze_epoch=_freeze_epoch(settings))
    full = dataclasses.replace(
        training, name="full", weights=OfUnits(training.name, chosen=False), stop=0, freeze_epoch=None
    )
    pruned = dataclasses.replace(
        full,
        name="pruned",
        level=1,
        role="sparse",
        weights=OfUnits(training.name, chosen=True),
        masks=UnitMasks(training.name),
        sparsity=None,
    )
    return [training, full, pruned]


def _freeze_epoch(settings: Settings) -> int:
    if settings.strategy != "one_device":
        raise UsageError(f"--method=edropout searches on one device; --strategy={settings.strategy} has several")
    for name in ("exclude", "protect_first"):
        if getattr(settings, name):
            raise UsageError(f"--method=edropout has a gate on every unit that can be removed: leave --{name} out")
    if settings.sparsity_from:
        return 0
    epoch = Time.parse(settings.edropout_freeze).steps(1, settings.epochs)
    if epoch > settings.epochs:
        raise UsageError(f"--edropout_freeze={settings.edropout_freeze} comes after the {settings.epochs} epochs end")
    return epoch
