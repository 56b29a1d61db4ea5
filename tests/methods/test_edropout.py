"""EDropout is one training, reported with all units and pruned to the chosen ones."""

from __future__ import annotations

import pytest

from dsd_tf.errors import UsageError
from dsd_tf.methods.plan import AllWeights, Initial, OfUnits, UnitMasks
from dsd_tf.settings import Settings

EDROPOUT = {"method": "edropout", "epochs": 20, "lr": 1.0}


def test_it_trains_once_and_looks_at_the_result_in_two_ways(toy, plan_of):
    training, full, pruned = plan_of(toy, **EDROPOUT, edropout_freeze="5ep")
    assert [phase.name for phase in (training, full, pruned)] == ["edropout", "full", "pruned"]
    assert (training.weights, training.masks, training.stop, training.freeze_epoch) == (Initial(), AllWeights(), 200, 5)
    assert (full.weights, full.masks, full.sparsity) == (OfUnits("edropout", chosen=False), AllWeights(), 0.0)
    assert (pruned.weights, pruned.masks) == (OfUnits("edropout", chosen=True), UnitMasks("edropout"))
    assert (pruned.role, pruned.level, pruned.sparsity) == ("sparse", 1, None)
    assert [(phase.start, phase.stop, phase.freeze_epoch) for phase in (full, pruned)] == 2 * [(0, 0, None)]


@pytest.mark.parametrize(("time", "epoch"), [("0", 0), ("100ep", 100), ("50%", 100), ("100%", 200)])
def test_the_search_ends_at_an_epoch(toy, plan_of, time, epoch):
    assert plan_of(toy, **EDROPOUT | {"epochs": 200}, edropout_freeze=time)[0].freeze_epoch == epoch


def test_a_freezing_epoch_behind_the_end_is_refused(toy, plan_of):
    with pytest.raises(UsageError, match="--edropout_freeze=21ep comes after the 20 epochs end"):
        plan_of(toy, **EDROPOUT, edropout_freeze="21ep")


def test_several_replicas_are_refused(toy, plan_of):
    with pytest.raises(UsageError, match="--method=edropout searches on one device; --strategy=mirrored"):
        plan_of(toy, **EDROPOUT, strategy="mirrored")


@pytest.mark.parametrize("values", [{"exclude": "hidden1*"}, {"protect_first": True}], ids=lambda values: min(values))
def test_layers_cannot_be_left_out_of_the_search(toy, plan_of, values):
    with pytest.raises(UsageError, match=f"a gate on every unit that can be removed: leave --{min(values)} out"):
        plan_of(toy, **EDROPOUT, **values)


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"edropout_population": 3}, "--edropout_population 3: a candidate is made of three other states"),
        ({"edropout_probability": 1.0}, "--edropout_probability 1.0 of a unit to be on must lie inside"),
        ({"edropout_operator": "bde"}, "unknown --edropout_operator 'bde'; did you mean 'bde_xor'"),
        ({"edropout_freeze": "30it"}, "--edropout_freeze: it falls between two epochs, '30it' counts steps"),
        ({"edropout_memory": -5}, "--edropout_memory -5 must be finite and not negative"),
    ],
)
def test_flags_that_make_no_sense_are_named(values, line):
    with pytest.raises(UsageError, match=line):
        Settings(**EDROPOUT, **values)


def test_the_search_has_the_values_of_the_flags_and_the_seed_of_the_run():
    settings = Settings(**EDROPOUT, edropout_population=5, edropout_mutation=0.2, edropout_reevaluate=False, seed=7)
    options = settings.edropout
    assert (options.population, options.mutation, options.reevaluate, options.seed) == (5, 0.2, False, 7)
    assert options.evaluations == 5
