"""Noise that confuses classes which resemble each other."""

from __future__ import annotations

import numpy as np
import pytest

from dsd_tf.data.label_noise.noise import Examples, LabelNoise
from dsd_tf.data.label_noise.structured import asymmetric, asymmetric_legacy, pairflip
from dsd_tf.data.label_noise.superclasses import SUPERCLASSES
from dsd_tf.errors import UsageError

NOISE = LabelNoise("asymmetric", 0.2)
ALL = LabelNoise("asymmetric", 1.0)


def moves(examples: Examples, labels: np.ndarray) -> dict[int, int]:
    """true class -> given class, of the examples that moved; every class moves to one other."""
    pairs = {(int(true), int(given)) for true, given in zip(examples.labels, labels, strict=True) if true != given}
    assert len({true for true, _ in pairs}) == len(pairs)
    return dict(pairs)


def moved(examples: Examples, labels: np.ndarray) -> list[int]:
    return np.bincount(examples.labels[labels != examples.labels], minlength=examples.num_classes).tolist()


def test_digits_of_mnist_are_mistaken_for_those_that_look_alike(balanced):
    examples = balanced("mnist:3.0.1", per_class=1000)
    labels = asymmetric(examples, NOISE)
    assert labels.dtype == np.int32
    assert moves(examples, labels) == {2: 7, 3: 8, 5: 6, 6: 5}
    assert [count for count in moved(examples, labels) if count] == [pytest.approx(200, abs=50)] * 4


def test_classes_of_cifar10_lose_exactly_their_share_to_those_that_look_alike(balanced):
    examples = balanced("cifar10", per_class=101)
    labels = asymmetric(examples, NOISE)
    assert moves(examples, labels) == {9: 1, 2: 0, 4: 7, 3: 5, 5: 3}
    assert moved(examples, labels) == [0, 0, 21, 21, 21, 21, 0, 0, 0, 21]


def test_which_images_of_cifar10_are_mistaken_depends_on_the_seed(balanced):
    examples = balanced("cifar10")
    one, other = (asymmetric(examples, LabelNoise("asymmetric", 0.2, seed=seed)) for seed in (0, 1))
    assert not np.array_equal(one, other)
    assert np.array_equal(one, asymmetric(examples, NOISE))


def test_a_fifth_of_five_classes_of_cifar10_moves_as_published(cifar10_file):
    labels = asymmetric(cifar10_file, NOISE)
    assert np.bincount(labels).tolist() == [6000, 6000, 4000, 5000, 4000, 5000, 5000, 6000, 5000, 4000]
    assert np.mean(labels != cifar10_file.labels) == 0.1


def test_classes_of_cifar100_move_round_their_super_class(balanced):
    examples = balanced("cifar100", num_classes=100, per_class=20)
    found = moves(examples, asymmetric(examples, ALL))
    assert sorted(found) == list(range(100))
    for beaver, dolphin, otter, seal, whale in SUPERCLASSES.tolist():
        members = [beaver, dolphin, otter, seal, whale]
        assert [found[label] for label in members] == [dolphin, otter, seal, whale, beaver]


def test_the_legacy_classes_move_round_consecutive_fives_which_are_no_super_classes(balanced):
    examples = balanced("cifar100/1.0.0", num_classes=100, per_class=20)
    found = moves(examples, asymmetric_legacy(examples, ALL))
    assert [found[label] for label in range(10)] == [1, 2, 3, 4, 0, 6, 7, 8, 9, 5]
    coarse = np.argsort(SUPERCLASSES.ravel()) // 5
    assert sum(coarse[label] == coarse[other] for label, other in found.items()) == 6


@pytest.mark.parametrize("kind", [asymmetric, asymmetric_legacy])
def test_classes_of_cifar100_move_by_chance_at_the_rate(kind, balanced):
    examples = balanced("cifar100", num_classes=100)
    assert np.mean(kind(examples, NOISE) != examples.labels) == pytest.approx(0.2, abs=0.02)


def test_pairs_flip_to_the_next_class_and_the_last_to_the_first(balanced):
    examples = balanced(num_classes=4, per_class=1000)
    labels = pairflip(examples, NOISE)
    assert moves(examples, labels) == {0: 1, 1: 2, 2: 3, 3: 0}
    assert moved(examples, labels) == [pytest.approx(200, abs=50)] * 4


@pytest.mark.parametrize(
    ("kind", "dataset", "message"),
    [
        (asymmetric, "digits", "--label_noise_kind=asymmetric is for mnist, cifar10 and cifar100, not for 'digits'"),
        (asymmetric, "cifar10_n", "is for mnist, cifar10 and cifar100, not for 'cifar10_n'"),
        (asymmetric_legacy, "cifar10", "--label_noise_kind=asymmetric_legacy is for cifar100, not for 'cifar10'"),
    ],
)
def test_a_set_whose_classes_are_not_paired_is_refused(kind, dataset, message, balanced):
    with pytest.raises(UsageError) as caught:
        kind(balanced(dataset), NOISE)
    assert str(caught.value).endswith(message)
