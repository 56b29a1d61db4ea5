"""One-shot: dense, pruned once, retrained under every policy."""

from __future__ import annotations

import pytest

from dsd_tf import registry
from dsd_tf.methods.plan import FromRun, Prune


@pytest.mark.parametrize("retrain", registry.RETRAIN_POLICIES)
def test_it_prunes_the_dense_network_once_to_the_target(toy, plan_of, retrain):
    dense, level, *more = plan_of(toy, method="one_shot", sparsity=0.9, retrain=retrain, masks_from="runs/a")
    assert (dense.name, dense.sparsity) == ("dense", 0.0)
    assert (level.name, level.level, level.role, level.sparsity) == ("level01", 1, "sparse", 0.9)
    given = FromRun("runs/a", "level01")
    assert level.masks == (given if retrain == "reinit" else Prune("dense", density=1 - 0.9))
    assert [phase.name for phase in more] == (["level01_redense"] if retrain == "redense" else [])
