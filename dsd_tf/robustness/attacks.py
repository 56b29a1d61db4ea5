"""The attacks that go by a name, with the numbers they are usually run with."""

from __future__ import annotations

from dsd_tf.robustness.apgd import Apgd
from dsd_tf.robustness.losses import cross_entropy, logits_ratio
from dsd_tf.robustness.pgd import Pgd
from dsd_tf.robustness.restarts import Restarted
from dsd_tf.robustness.threat import Threat

_RESTARTS = 10


def fgsm(threat: Threat) -> Pgd:
    """One step of length epsilon from the image itself (Goodfellow et al. 2015)."""
    return Pgd(threat, steps=1, step=threat.epsilon, random_start=False)


def pgd20(threat: Threat) -> Pgd:
    """20 steps from a random start, at linf 8/255 of 2/255: how the literature on robust overfitting evaluates."""
    return Pgd(threat, steps=20, step=threat.step, random_start=True)


def pgd50_restarts(threat: Threat) -> Restarted:
    """The best of 10 random starts, 50 steps each (as in Wong et al. 2020)."""
    return Restarted(Pgd(threat, steps=50, step=threat.step, random_start=True), _RESTARTS)


def apgd_ce(threat: Threat) -> Apgd:
    """100 steps of Auto-PGD on the cross-entropy."""
    return Apgd(threat, cross_entropy)


def apgd_dlr(threat: Threat) -> Apgd:
    """100 steps of Auto-PGD on the difference of logits ratio, which scaled-up logits cannot blind."""
    return Apgd(threat, logits_ratio)
