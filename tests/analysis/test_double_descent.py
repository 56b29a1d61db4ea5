"""Valley, peak and phases: the published curves, hand-made ones, and curves without a descent."""

from __future__ import annotations

import pytest

from dsd_tf.analysis.double_descent import find_descent, find_phases
from dsd_tf.analysis.ladder import Curve


def sparsity(level: int) -> float:
    """After so many prunings of a fifth of what is left."""
    return 1 - 0.8**level


def percent(share: float) -> float:
    """As the published axes round: 99.4, but 36 and 48.8."""
    return round(100 * share, 1)


TABLE = [
    (
        "mnist",
        {"light": (0, 36), "critical": (48.8, 93.1), "sweet": (94.5, 99.3), "collapsed": (99.4, 99.5)},
        {"threshold": 9, "valley": (76.5, 89.3), "peak": (95.4, 98.8)},
    ),
    (
        "cifar10",
        {"light": (0, 83.2), "critical": (86.6, 98.6), "sweet": (98.8, 99.7), "collapsed": (99.8, 99.8)},
        {"threshold": 17, "valley": (78.0, 98.2), "peak": (87.7, 99.5)},
    ),
    (
        "cifar100",
        {"light": (0, 94.5), "critical": (95.6, 98.8), "sweet": (99.1, 99.3), "collapsed": (99.4, 99.6)},
        {"threshold": 15, "valley": (54.0, 97.2), "peak": (59.8, 99.1)},
    ),
]


@pytest.mark.parametrize(("panel", "phases", "extremes"), TABLE)
def test_the_published_curves_have_the_published_phases_valley_and_peak(published, panel, phases, extremes):
    curve = published(panel)
    spans = {phase.name: (phase.from_sparsity, phase.to_sparsity) for phase in find_phases(curve)}
    assert {name: (percent(first), percent(last)) for name, (first, last) in spans.items()} == phases
    descent = find_descent(curve)
    assert descent.threshold == extremes["threshold"]
    assert (percent(descent.valley_accuracy), percent(descent.valley_sparsity)) == extremes["valley"]
    assert (percent(descent.peak_accuracy), percent(descent.peak_sparsity)) == extremes["peak"]
    assert percent(descent.depth) == percent(curve.test[0] - descent.valley_accuracy)
    assert percent(descent.rebound) == percent(descent.peak_accuracy - descent.valley_accuracy)


@pytest.mark.parametrize("panel", ["mnist", "cifar10", "cifar100"])
def test_the_phases_follow_each_other_without_a_gap(published, panel):
    curve = published(panel)
    phases = find_phases(curve)
    assert (phases[0].first, phases[-1].last) == (0, len(curve.test) - 1)
    assert all(after.first == before.last + 1 for before, after in zip(phases, phases[1:], strict=False))


def curve(test, train) -> Curve:
    return Curve([sparsity(level) for level in range(len(test))], [t / 100 for t in test], [t / 100 for t in train])


def names(found: Curve) -> list[tuple[str, int, int]]:
    return [(phase.name, phase.first, phase.last) for phase in find_phases(found)]


def test_a_curve_without_noise_only_falls_and_has_no_valley():
    control = curve([98.1, 98.2, 98.2, 98.0, 97.6, 96.0, 90.0], [100, 100, 100, 100, 99.5, 97.0, 91.0])
    assert find_descent(control) is None
    assert names(control) == [("light", 0, 4), ("collapsed", 5, 6)]


def test_a_dip_of_less_than_a_point_is_no_valley():
    assert find_descent(curve([90, 89.2, 92, 80], [100, 98, 95, 80])) is None
    assert find_descent(curve([90, 89.2, 92, 80], [100, 98, 95, 80]), least=0.005).depth == pytest.approx(0.008)


def test_a_rebound_of_less_than_a_point_is_no_peak():
    assert find_descent(curve([90, 88, 88.9, 80], [100, 98, 95, 80])) is None
    assert find_descent(curve([90, 88, 89.1, 80], [100, 98, 95, 80])).peak == 2


def test_a_dip_before_the_labels_stop_being_fitted_is_not_the_valley():
    assert find_descent(curve([90, 80, 89, 85, 92, 70], [100, 100, 100, 98, 95, 80])).valley == 3


def test_a_network_that_never_fits_its_labels_may_still_have_a_valley(teaser):
    descent = find_descent(Curve([sparsity(level) for level in range(29)], teaser["vanilla"], [0.9] * 29))
    assert (descent.threshold, descent.valley, descent.peak) == (None, 17, 24)
    assert (percent(descent.depth), percent(descent.rebound)) == (4.8, 6.7)


def test_distillation_leaves_no_valley_even_of_half_a_point(teaser):
    distilled = Curve([sparsity(level) for level in range(29)], teaser["distilled"], [0.9] * 29)
    assert find_descent(distilled, least=0.005) is None


def test_a_ladder_that_ends_while_labels_are_fitted_has_no_valley_and_does_not_collapse():
    short = curve([83.3, 83.2, 82.1, 81.4], [100, 100, 99.9, 99.9])
    assert find_descent(short) is None
    assert names(short) == [("light", 0, 1), ("critical", 2, 3)]


def test_the_critical_phase_ends_at_a_peak_that_stays_below_the_dense_network():
    low = curve([90, 85, 80, 84, 86, 70], [100, 100, 98, 95, 92, 80])
    assert names(low) == [("light", 0, 0), ("critical", 1, 3), ("sweet", 4, 4), ("collapsed", 5, 5)]


def test_without_falling_training_accuracy_there_is_no_collapse():
    assert names(curve([90, 80, 95, 90], [100, 98, 90, 90]))[-1] == ("sweet", 2, 3)


def test_one_level_is_light():
    assert names(curve([90], [100])) == [("light", 0, 0)]


def test_a_run_that_never_drops_is_light():
    assert names(curve([90, 90, 91], [100, 100, 100])) == [("light", 0, 2)]


def test_records_of_a_run_make_a_curve_without_its_re_dense_phases():
    def record(role, sparsity, test, train):
        return {"role": role, "sparsity": sparsity, "test": {"top1": test}, "train": {"top1": train}}

    records = [record("dense", 0.0, 0.9, 1.0), record("sparse", 0.5, 0.8, 0.9), record("redense", 0.0, 0.7, 1.0)]
    assert Curve.of(records) == Curve([0.0, 0.5], [0.9, 0.8], [1.0, 0.9])


def test_a_descent_and_its_phases_are_plain_numbers(published):
    found = published("mnist")
    assert find_descent(found).to_json()["valley"] == 10
    assert find_phases(found)[0].to_json() == {
        "name": "light",
        "first": 0,
        "last": 2,
        "from_sparsity": 0.0,
        "to_sparsity": sparsity(2),
    }
