"""Dense-sparse-dense (Han et al. 2017), as often as asked."""

from __future__ import annotations

import pytest

from dsd_tf.methods.plan import AllWeights, EndOf, Initial, Prune

DSD = {"method": "dsd", "sparsity": 0.3, "epochs": 20, "lr": 0.1}


def test_it_trains_dense_then_sparse_then_dense_at_a_tenth_of_the_rate(toy, plan_of):
    dense, sparse, again = plan_of(toy, **DSD)
    assert [phase.name for phase in (dense, sparse, again)] == ["dense", "sparse1", "redense1"]
    assert [phase.role for phase in (dense, sparse, again)] == ["dense", "sparse", "redense"]
    assert (dense.weights, dense.masks) == (Initial(), AllWeights())
    assert (sparse.weights, sparse.masks, sparse.sparsity) == (
        EndOf("dense"),
        Prune("dense", density=0.7),
        0.3,
    )
    assert (again.weights, again.masks, again.sparsity) == (EndOf("sparse1"), AllWeights(), 0.0)
    assert [phase.learning_rate.base for phase in (dense, sparse, again)] == pytest.approx([0.1, 0.1, 0.01])
    assert {(phase.start, phase.stop) for phase in (dense, sparse, again)} == {(0, 200)}


def test_two_cycles_are_dense_sparse_dense_sparse_dense(toy, plan_of):
    plan = plan_of(toy, **DSD, cycles=2)
    assert [phase.name for phase in plan] == ["dense", "sparse1", "redense1", "sparse2", "redense2"]
    assert [phase.level for phase in plan] == [0, 1, 1, 2, 2]
    assert (plan[3].weights, plan[3].masks) == (EndOf("redense1"), Prune("redense1", density=0.7))
    assert (plan[4].weights, plan[4].masks) == (EndOf("sparse2"), AllWeights())


def test_each_phase_may_have_its_own_length_and_rate(toy, plan_of):
    flags = {"sparse_epochs": 5, "redense_epochs": 3, "sparse_lr_factor": 0.5, "redense_lr_factor": 0.01}
    plan = plan_of(toy, **DSD, **flags, lr_schedule="step")
    assert [phase.stop for phase in plan] == [200, 50, 30]
    assert [phase.learning_rate.base for phase in plan] == pytest.approx([0.1, 0.05, 0.001])
    assert [phase.learning_rate.milestones for phase in plan] == [(10, 15), (2, 4), (2, 2)]
