"""Dynamic sparse training: one phase, sparse from the start, with its rule as data."""

from __future__ import annotations

import pytest

from dsd_tf.errors import UsageError
from dsd_tf.methods.plan import Initial, Sparse
from dsd_tf.settings import Settings
from dsd_tf.sparsity.topology import DropFraction, Topology

GROWTH = {"set": "random", "rigl": "gradient", "snfs": "momentum", "flying_bird": "random"}


@pytest.mark.parametrize("method", ["static", *GROWTH])
def test_it_is_one_training_sparse_from_the_initial_weights_on(toy, plan_of, method):
    [phase] = plan_of(toy, method=method, sparsity=0.75)
    assert (phase.name, phase.level, phase.role, phase.sparsity) == (method, 1, "sparse", 0.75)
    assert (phase.weights, phase.masks) == (Initial(), Sparse(0.25))
    assert (phase.start, phase.stop) == (0, 200)
    assert (phase.topology is None) == (method == "static")


@pytest.mark.parametrize(("method", "grow"), GROWTH.items())
def test_methods_differ_in_their_growth_alone(toy, plan_of, method, grow):
    flags = {"update_every": "25it", "drop_fraction": 0.4, "drop_end": "60%", "drop_criterion": "sign"}
    [phase] = plan_of(toy, method=method, **flags)
    assert phase.topology == Topology(25, DropFraction(0.4, 120), grow, "sign")


def test_updates_are_by_default_two_percent_apart_and_end_at_three_quarters_on_a_cosine_to_zero(cifar, plan_of):
    [phase] = plan_of(cifar, method="rigl", epochs=200)
    assert phase.topology == Topology(1564, DropFraction(0.3, 58_650), "gradient")


def test_the_recipe_of_hard_sample_learners_can_be_asked_for(cifar, plan_of):
    flags = {"update_every": "4ep", "drop_fraction": 0.2, "drop_final": 0.001, "drop_end": "100%"}
    [phase] = plan_of(cifar, method="set", epochs=200, drop_criterion="sign_hs", **flags)
    assert len(phase.topology.updates) == 50
    assert phase.topology.fraction.at(100 * 391) == pytest.approx(0.1005)


@pytest.mark.parametrize(
    ("method", "allocation"),
    [
        ("flying_bird_plus", "igq"),
        ("set", "erk"),
        ("rigl", "erk"),
        ("snfs", "erk"),
        ("static", "erk"),
        ("flying_bird", "igq"),
        ("random", "global"),
    ],
)
def test_layers_are_allocated_as_the_paper_has_it_unless_told_otherwise(method, allocation):
    assert Settings(method=method).allocation == allocation
    assert Settings(method=method, allocation="uniform").allocation == "uniform"


def test_flying_bird_plus_adapts_from_half_of_training_on(toy, plan_of):
    [phase] = plan_of(toy, method="flying_bird_plus", update_every="25it")
    assert phase.topology == Topology(25, DropFraction(0.3, 150), adapt_from=100)
    [adversarial] = plan_of(toy, method="flying_bird_plus", adapt_from="3ep", objective="adversarial", robust_every=1)
    assert adversarial.topology.adapt_from == 30


IMPOSSIBLE = [
    ({"method": "flying_bird_plus", "validation_fraction": 0.0}, "--method=flying_bird_plus watches validation acc"),
    ({"method": "flying_bird_plus", "objective": "adversarial"}, "--method=flying_bird_plus under --objective=adv"),
    ({"method": "flying_bird_plus", "adapt_from": "300it"}, "--adapt_from=300it is step 300, after training ends"),
    ({"update_every": "300it"}, "--update_every=300it is step 300, after training ends at step 200"),
    ({"update_every": "160it"}, "--update_every=160it is 160 steps, but updates end at step 150 (--drop_end=75%)"),
    ({"drop_end": "0"}, "--update_every=2% is 4 steps, but updates end at step 0 (--drop_end=0)"),
    ({"granularity": "filter"}, "--method=rigl drops and grows single weights, it has no --granularity=filter"),
    ({"drop_fraction": 1.5}, "--drop_fraction must be in [0, 1], got 1.5"),
    ({"drop_criterion": "Magnitude"}, "unknown --drop_criterion 'Magnitude'; did you mean 'magnitude'?"),
    ({"drop_schedule": "linear"}, "unknown --drop_schedule 'linear'; did you mean"),
    ({"method": "RigL"}, "unknown --method 'RigL'; did you mean 'rigl'?"),
    ({"sparsity": 1.0}, "--sparsity must be in [0, 1), got 1.0"),
]


@pytest.mark.parametrize(("flags", "message"), IMPOSSIBLE, ids=lambda value: str(value)[:40])
def test_the_impossible_is_refused_naming_the_flag(toy, plan_of, flags, message):
    with pytest.raises(UsageError) as error:
        plan_of(toy, **{"method": "rigl"} | flags)
    assert str(error.value).startswith(message)
