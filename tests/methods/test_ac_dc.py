"""AC/DC: turns of one training."""

from __future__ import annotations

import pytest

from dsd_tf.errors import UsageError
from dsd_tf.methods.plan import AllWeights, EndOf, Prune


def test_dense_and_sparse_turns_are_equally_long_and_the_last_sparse_one_lasts_to_the_end(toy, plan_of):
    plan = plan_of(toy, method="ac_dc", cycles=2, end="75%")
    assert [phase.name for phase in plan] == ["dense", "sparse1", "redense1", "sparse2", "redense2", "sparse3"]
    assert [(phase.start, phase.stop) for phase in plan] == [
        (0, 30), (30, 60), (60, 90), (90, 120), (120, 150), (150, 200)
    ]  # fmt: skip
    assert [phase.sparsity for phase in plan] == [0, 0.9, 0, 0.9, 0, 0.9]


def test_turns_go_on_from_each_other_on_one_schedule(toy, plan_of):
    plan = plan_of(toy, method="ac_dc", cycles=1, sparsity=0.75, lr_schedule="cosine")
    assert [phase.weights for phase in plan[1:]] == [EndOf("dense"), EndOf("sparse1"), EndOf("redense1")]
    assert [phase.masks for phase in plan[1:]] == [
        Prune("dense", density=0.25), AllWeights(), Prune("redense1", density=0.25)
    ]  # fmt: skip
    assert {phase.learning_rate for phase in plan} == {plan[0].learning_rate}


@pytest.mark.parametrize("flags", [{"end": "100%"}, {"end": "10it", "cycles": 5}])
def test_turns_without_a_step_are_refused(toy, plan_of, flags):
    with pytest.raises(UsageError, match="--end=.* turns need as many steps before it, and the last sparse one some"):
        plan_of(toy, method="ac_dc", **flags)
