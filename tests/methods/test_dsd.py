"""Dense-sparse-dense (Han et al. 2017), as often as asked."""

from __future__ import annotations

import pytest

from dsd_tf.errors import UsageError
from dsd_tf.methods.plan import AllWeights, EndOf, FromFile, Initial, Nonzero, Prune

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


def test_a_phase_may_end_inside_an_epoch(toy, plan_of):
    plan = plan_of(toy, **DSD, sparse_epochs=1.25, redense_epochs=0.01)
    assert [phase.stop for phase in plan] == [200, 12, 1]
    assert [phase.learning_rate.epochs for phase in plan] == [20, 2, 1]


def test_the_dense_phase_may_start_from_a_file(toy, plan_of):
    assert plan_of(toy, **DSD, init_from="a.keras")[0].weights == FromFile("a.keras")


def test_a_trained_network_takes_the_place_of_the_dense_phase(toy, plan_of):
    given, sparse, again = plan_of(toy, **DSD, init_from="a.keras", start_phase="sparse")
    assert (given.name, given.role, given.start, given.stop) == ("given", "given", 0, 0)
    assert (given.weights, given.masks) == (FromFile("a.keras"), AllWeights())
    assert (sparse.weights, sparse.masks) == (EndOf("given"), Prune("given", density=0.7))
    assert (again.name, again.weights) == ("redense1", EndOf("sparse1"))


def test_a_pruned_network_takes_the_place_of_dense_and_first_sparse_phase(toy, plan_of):
    plan = plan_of(toy, **DSD, init_from="a.keras", start_phase="redense", cycles=2)
    assert [phase.name for phase in plan] == ["given", "redense1", "sparse2", "redense2"]
    assert (plan[0].masks, plan[0].stop) == (Nonzero(), 0)
    assert (plan[1].weights, plan[1].masks, plan[1].stop) == (EndOf("given"), AllWeights(), 200)
    assert plan[1].learning_rate.base == pytest.approx(0.01)


@pytest.mark.parametrize("start", ["sparse", "redense"])
def test_a_later_start_needs_a_trained_network(toy, plan_of, start):
    with pytest.raises(UsageError, match=f"--start_phase={start} starts from a trained network: .*--init_from"):
        plan_of(toy, **DSD, start_phase=start)
