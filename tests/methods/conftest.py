"""What plans are made for, without a network: two kernels, or the published counts of a real one."""

from __future__ import annotations

import pytest

from dsd_tf import registry
from dsd_tf.methods.plan import Facts, Phase
from dsd_tf.settings import Settings


@pytest.fixture(scope="session")
def cifar() -> Facts:
    """CIFAR-10 in batches of 128, all weights of ResNet-18 as if they were one kernel."""
    return Facts(steps_per_epoch=391, shapes={"all/kernel": (11_164_352, 1)})


@pytest.fixture(scope="session")
def toy() -> Facts:
    """Ten steps per epoch, 100 prunable weights in two kernels."""
    return Facts(steps_per_epoch=10, shapes={"a/kernel": (8, 10), "b/kernel": (10, 2)})


@pytest.fixture(scope="session")
def plan_of():
    """The plan of the method that the settings name."""

    def make(facts: Facts, **settings) -> list[Phase]:
        settings = Settings(**settings)
        return registry.resolve("--method", registry.METHODS, settings.method)(settings, facts)

    return make
