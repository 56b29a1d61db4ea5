"""Stop rules on hand-made ladders and on the curves of the paper's teaser."""

from __future__ import annotations

import pytest

from dsd_tf.analysis.stop_outcomes import stop_outcomes
from dsd_tf.analysis.stop_rules import (
    AccuracyDrop,
    EntropyArmed,
    NoStop,
    all_rules,
    require_validation,
)
from dsd_tf.errors import UsageError
from dsd_tf.settings import Settings


def ladder(validation, entropy=(), test=None, flops=1.0) -> list[dict]:
    """Records of the dense network and a level for each further accuracy."""
    records = []
    for level, accuracy in enumerate(validation):
        record = {
            "phase": f"level{level:02d}" if level else "dense",
            "level": level,
            "role": "sparse" if level else "dense",
            "sparsity": 1 - 0.8**level,
            "validation": {"top1": accuracy},
            "test": {"top1": (test or validation)[level]},
            "training_flops": flops,
        }
        records.append(record | ({"entropy": {"mean": entropy[level]}} if entropy else {}))
    return records


def stopped_at(rule, records) -> int | None:
    """The level a run that asks after every phase would stop at."""
    return next((n for n in range(len(records)) if rule.reason_to_stop(records[: n + 1])), None)


@pytest.mark.parametrize(("curve", "level", "trainings"), [("vanilla", 11, 12), ("distilled", 13, 14)])
def test_the_accuracy_rule_pays_for_as_many_trainings_as_the_teaser(teaser, curve, level, trainings):
    records = ladder(teaser[curve])
    assert stopped_at(AccuracyDrop(0.01), records) == level
    [outcome] = stop_outcomes(records, {"accuracy": AccuracyDrop(0.01)})
    assert (outcome.trainings, outcome.stopped) == (trainings, f"level{level}")
    assert outcome.chosen == f"level{level - 1}"


def test_the_accuracy_rule_keeps_the_sparsest_network_before_the_drop():
    records = ladder([0.80, 0.82, 0.795, 0.785, 0.90])
    rule = AccuracyDrop(0.01)
    assert [bool(rule.reason_to_stop(records[:n])) for n in range(1, 6)] == [False, False, False, True, False]
    assert rule.choose(records[:4])["phase"] == "level02"
    assert rule.choose(records[:3])["phase"] == "level02"


def test_a_drop_of_exactly_the_tolerance_does_not_stop():
    assert not AccuracyDrop(0.01).reason_to_stop(ladder([0.83, 0.82]))
    assert AccuracyDrop(0.01).reason_to_stop(ladder([0.83, 0.8199])) == (
        "validation accuracy 81.99% is more than 1 pp below the dense network's 83.00%"
    )


PLATEAU = [0.5, 0.5, 0.46, 0.44, 0.43, 0.40, 0.38, 0.36, 0.3]


def test_the_entropy_rule_passes_the_valley_and_stops_after_the_peak():
    validation = [0.80, 0.80, 0.70, 0.60, 0.65, 0.85, 0.83, 0.84, 0.50]
    records, rule = ladder(validation, PLATEAU), EntropyArmed(0.1, 2)
    # below .45 for the second time at level 4; best since then at level 5, two levels old at level 7
    assert stopped_at(rule, records) == 7
    assert rule.reason_to_stop(records[:8]) == (
        "network entropy has been 10% below the dense network's since level03, and validation accuracy has not risen "
        "above the 85.00% of level05 for 2 levels"
    )
    assert rule.choose(records[:8])["phase"] == "level05"


def test_what_was_better_before_the_rule_was_armed_does_not_count():
    records = ladder([0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2], PLATEAU)
    assert stopped_at(EntropyArmed(0.1, 2), records) == 6
    assert EntropyArmed(0.1, 2).choose(records[:7])["phase"] == "level04"


def test_entropy_that_is_low_for_one_level_does_not_arm_the_rule():
    entropy = [0.5, 0.4, 0.5, 0.4, 0.5, 0.4, 0.5]
    records = ladder([0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2], entropy)
    assert stopped_at(EntropyArmed(0.1, 1), records) is None
    assert EntropyArmed(0.1, 1).choose(records)["phase"] == "dense"


def test_entropy_of_exactly_the_drop_does_not_arm_the_rule():
    assert stopped_at(EntropyArmed(0.5, 1), ladder([0.8, 0.7, 0.6, 0.5], [1.0, 0.5, 0.5, 0.5])) is None


def test_an_accuracy_that_is_only_equalled_is_no_improvement_but_the_sparser_network_is_kept():
    records = ladder([0.8] * 6, [1.0, 0.1, 0.1, 0.1, 0.1, 0.1])
    assert stopped_at(EntropyArmed(0.1, 2), records) == 4
    assert EntropyArmed(0.1, 2).choose(records[:5])["phase"] == "level04"


def test_without_a_rule_the_best_level_of_the_whole_ladder_is_kept_the_sparsest_of_equals():
    records = ladder([0.8, 0.9, 0.7, 0.9, 0.1])
    assert stopped_at(NoStop(), records) is None
    assert NoStop().choose(records)["phase"] == "level03"


def test_costs_and_gains_are_told_against_running_to_the_end():
    validation = [0.80, 0.80, 0.70, 0.60, 0.65, 0.85, 0.83, 0.84, 0.50]
    test = [0.81, 0.79, 0.71, 0.61, 0.66, 0.86, 0.82, 0.83, 0.51]
    records = ladder(validation, PLATEAU, test, flops=2e9)
    rules = {"none": NoStop(), "accuracy": AccuracyDrop(0.01), "entropy": EntropyArmed(0.1, 2)}
    none, accuracy, entropy = stop_outcomes(records, rules)
    assert (none.stopped, none.trainings, none.training_flops, none.chosen) == (None, 9, 18e9, "level05")
    assert (none.gain, none.trainings_saved, none.flops_saved) == (0, 0, 0)
    assert (accuracy.stopped, accuracy.chosen, accuracy.validation, accuracy.test) == ("level02", "level01", 0.8, 0.79)
    assert accuracy.gain == pytest.approx(-0.07)
    assert (accuracy.trainings, accuracy.training_flops, accuracy.flops_saved) == (3, 6e9, 12e9)
    assert (entropy.stopped, entropy.chosen, entropy.test, entropy.gain) == ("level07", "level05", 0.86, 0)
    assert (entropy.trainings_saved, entropy.to_json()["rule"]) == (1, "entropy")


def test_re_dense_phases_cost_but_are_not_levels():
    records = ladder([0.8, 0.7, 0.6])
    again = [{**record, "role": "redense", "phase": f"{record['phase']}_redense"} for record in records[1:]]
    mixed = [records[0], records[1], again[0], records[2], again[1]]
    [outcome] = stop_outcomes(mixed, {"accuracy": AccuracyDrop(0.01)})
    assert (outcome.stopped, outcome.chosen, outcome.trainings, outcome.trainings_saved) == ("level01", "dense", 3, 2)


def test_costs_that_are_not_known_are_none():
    [outcome] = stop_outcomes(ladder([0.8, 0.7], flops=None), {"accuracy": AccuracyDrop(0.01)})
    assert (outcome.training_flops, outcome.flops_saved, outcome.trainings) == (None, None, 2)


@pytest.mark.parametrize("rule", [NoStop(), AccuracyDrop(0.01), EntropyArmed(0.1, 2)])
def test_records_without_validation_accuracy_are_named(rule):
    records = ladder([0.8, 0.7, 0.6], [0.5, 0.1, 0.1])
    for record in records:
        del record["validation"]
    with pytest.raises(UsageError, match="has no validation accuracy: stop rules need --validation_fraction above 0"):
        stop_outcomes(records, {"rule": rule})


def test_records_without_entropy_are_named():
    with pytest.raises(UsageError, match="dense has no entropy on record"):
        EntropyArmed(0.1, 2).reason_to_stop(ladder([0.8]))


def test_the_rules_have_the_settings_parameters():
    settings = Settings(stop_tolerance=2.5, stop_entropy_drop=0.3, stop_patience=4)
    expected = {"none": NoStop(), "accuracy": AccuracyDrop(0.025), "entropy": EntropyArmed(0.3, 4)}
    assert all_rules(settings) == expected


def test_a_stop_rule_without_a_validation_split_is_refused():
    require_validation(Settings(stop_rule="none"), has_validation=False)
    require_validation(Settings(stop_rule="accuracy"), has_validation=True)
    with pytest.raises(
        UsageError, match="--stop_rule=entropy goes by validation accuracy, and data set 'digits' has no"
    ):
        require_validation(Settings(stop_rule="entropy"), has_validation=False)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"stop_rule": "acuracy"}, "unknown --stop_rule 'acuracy'; did you mean 'accuracy'?"),
        ({"stop_tolerance": -0.5}, "--stop_tolerance must not be negative, got -0.5"),
        ({"stop_entropy_drop": 0.0}, "--stop_entropy_drop must be in (0, 1), got 0.0"),
        ({"stop_entropy_drop": 1.0}, "--stop_entropy_drop must be in (0, 1), got 1.0"),
        ({"stop_patience": 0}, "--stop_patience must be at least 1, got 0"),
    ],
)
def test_parameters_that_cannot_be_are_refused(values, message):
    with pytest.raises(UsageError) as error:
        Settings(**values)
    assert str(error.value).startswith(message)
