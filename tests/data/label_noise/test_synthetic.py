"""Noise that is blind to what a class is; the published kinds give the published labels."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dsd_tf.data.label_noise.noise import Examples, LabelNoise
from dsd_tf.data.label_noise.synthetic import flip_other, flip_other_prefix, symmetric, uniform_redraw
from dsd_tf.errors import UsageError

KINDS = [flip_other, flip_other_prefix, uniform_redraw, symmetric]
RATES = [0.0, 0.1, 0.2, 0.5, 0.99, 1.0]


def noise(rate, seed=0):
    return LabelNoise("flip_other", rate, seed=seed)


@pytest.mark.parametrize("kind", KINDS)
def test_every_label_is_a_class_and_the_true_ones_are_left_alone(kind, balanced):
    examples = balanced()
    before = examples.labels.copy()
    labels = kind(examples, noise(0.5))
    assert labels.dtype == np.int32 and labels.shape == before.shape
    assert set(labels.tolist()) == set(range(10))
    assert np.array_equal(examples.labels, before)


@pytest.mark.parametrize("kind", KINDS)
def test_the_seed_decides_and_nothing_else(kind, balanced):
    examples = balanced()
    one, again, other = (kind(examples, noise(0.5, seed)) for seed in (0, 0, 1))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("kind", KINDS)
def test_without_noise_labels_are_the_true_ones(kind, balanced):
    examples = balanced()
    assert np.array_equal(kind(examples, noise(0.0)), examples.labels)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("kind", [flip_other, flip_other_prefix])
def test_flipping_makes_exactly_as_many_labels_wrong_as_asked_for(kind, rate, balanced):
    examples = balanced(per_class=13)
    assert np.count_nonzero(kind(examples, noise(rate)) != examples.labels) == math.floor(130 * rate)


@pytest.mark.parametrize("kind", [flip_other, flip_other_prefix, symmetric])
def test_what_is_wrong_at_a_rate_is_wrong_in_the_same_way_at_every_higher_rate(kind, balanced):
    examples = balanced()
    steps = [kind(examples, noise(rate, seed=3)) for rate in RATES]
    for fewer, more in zip(steps, steps[1:], strict=False):
        wrong = fewer != examples.labels
        assert np.array_equal(more[wrong], fewer[wrong])
        assert np.count_nonzero(more != examples.labels) > np.count_nonzero(wrong)


def test_flipped_examples_are_spread_over_the_set_or_its_first_ones(balanced):
    examples = balanced()
    spread, first = (np.flatnonzero(kind(examples, noise(0.2)) != examples.labels) for kind in KINDS[:2])
    assert first.tolist() == list(range(200))
    assert np.count_nonzero(spread < 500) == pytest.approx(100, abs=25)


def test_other_seeds_flip_other_examples(balanced):
    examples = balanced()
    one, other = (set(np.flatnonzero(flip_other(examples, noise(0.2, seed)) != examples.labels)) for seed in (0, 1))
    assert len(one & other) == pytest.approx(40, abs=20)


@pytest.mark.parametrize("kind", [flip_other, symmetric])
def test_wrong_labels_are_of_all_other_classes_alike(kind):
    examples = Examples("a set", np.full(9000, 4, np.int32), 10, None, 9000)
    counts = np.bincount(kind(examples, noise(1.0)), minlength=10)
    assert counts[4] == 0 and counts.sum() == 9000
    assert all(abs(count - 1000) < 120 for count in np.delete(counts, 4))


def test_with_two_classes_flipping_all_labels_exchanges_them(balanced):
    examples = balanced(num_classes=2)
    for kind in (flip_other, flip_other_prefix, symmetric):
        assert np.array_equal(kind(examples, noise(1.0)), 1 - examples.labels)


def test_symmetric_noise_strikes_by_chance_at_its_rate(balanced):
    examples = balanced(per_class=1000)
    assert np.mean(symmetric(examples, noise(0.3)) != examples.labels) == pytest.approx(0.3, abs=0.015)


def test_a_redrawn_label_may_be_the_true_one(balanced):
    examples = balanced(per_class=1000)
    assert np.mean(uniform_redraw(examples, noise(0.4)) != examples.labels) == pytest.approx(0.4 * 0.9, abs=0.015)


def test_a_part_of_an_example_is_redrawn_as_a_whole_one():
    examples = Examples("a set", np.full(3, 1000, np.int32), 1001, None, 3)
    assert np.count_nonzero(uniform_redraw(examples, noise(0.4)) != 1000) == 2


def test_redrawing_takes_the_seeds_its_generator_takes(balanced):
    uniform_redraw(balanced(), noise(0.1, seed=2**32 - 2))
    with pytest.raises(UsageError, match="--seed=4294967295: .* takes seeds below 4294967295"):
        uniform_redraw(balanced(), noise(0.1, seed=2**32 - 1))


DSD2 = {
    "cifar10_file": ([0, 4, 8, 7, 6, 4, 7, 5, 9, 8], {0.1: 224_767, 0.2: 224_845, 0.5: 225_051}),
    "cifar100_file": ([49, 97, 53, 5, 33, 65, 62, 51, 38, 61], {0.1: 2_473_567, 0.2: 2_469_854, 0.5: 2_471_258}),
}


@pytest.mark.parametrize("file", DSD2)
def test_the_flipped_prefix_is_that_of_the_code_of_dsd2(file, request):
    examples = request.getfixturevalue(file)
    first, sums = DSD2[file]
    for rate, total in sums.items():
        labels = flip_other_prefix(examples, noise(rate))
        assert labels[:10].tolist() == first
        assert labels.sum() == total
        assert np.flatnonzero(labels != examples.labels).tolist() == list(range(int(50_000 * rate)))


def test_redrawn_labels_are_those_of_the_code_of_sparse_double_descent(cifar10_file):
    labels = uniform_redraw(cifar10_file, noise(0.2, seed=1))
    assert labels[[23656, 27442, 40162, 8459, 8051, 42404]].tolist() == [5, 8, 9, 5, 0, 0]
    assert labels.sum() == 225_592


@pytest.mark.parametrize(("rate", "percent"), [(0.2, 18.03), (0.4, 36.04), (0.8, 72.20)])
def test_redrawn_labels_are_wrong_as_often_as_measured(rate, percent, cifar10_file):
    wrong = uniform_redraw(cifar10_file, noise(rate, seed=1)) != cifar10_file.labels
    assert round(100 * wrong.mean(), 2) == percent


@pytest.mark.parametrize(("rate", "percent"), [(0.2, 19.8), (0.4, 39.6), (0.8, 79.2)])
def test_redrawn_labels_of_a_hundred_classes_are_rarely_the_true_ones(rate, percent, cifar100_file):
    wrong = uniform_redraw(cifar100_file, noise(rate, seed=1)) != cifar100_file.labels
    assert 100 * wrong.mean() == pytest.approx(percent, abs=0.1)
