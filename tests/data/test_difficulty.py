"""Scores on file, and the subsets they give."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsd_tf.data import difficulty
from dsd_tf.data.difficulty import Difficulty, Subset
from dsd_tf.data.sources import load
from dsd_tf.errors import UsageError
from dsd_tf.files import write_arrays

NAMES = np.array(["b", "a", "d", "c", "e", "f"])
SCORES = np.array([0.5, 2.0, 0.5, 3.0, 0.0, 0.5])
LABELS = np.array([0, 0, 0, 1, 1, 1], np.int32)
FOUND = Difficulty("cifar10", 60, "el2n", NAMES, SCORES)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "scores.npz"
    FOUND.save(path)
    return str(path)


def picked(file, names=NAMES, labels=LABELS, dataset="cifar10:3.0.2", set_size=60, **choice) -> list[int]:
    subset = Subset(file, choice.get("hardest", 0.0), choice.get("easiest", 0.0), choice.get("stratified", False))
    return subset.pick(names, labels, dataset, set_size).tolist()


def test_what_is_saved_is_what_is_loaded(file, tmp_path):
    loaded = Difficulty.load(tmp_path / "scores.npz")
    assert (loaded.dataset, loaded.set_size, loaded.score) == ("cifar10", 60, "el2n")
    assert loaded.names.tolist() == NAMES.tolist()
    assert loaded.scores.tolist() == SCORES.tolist()


def test_the_hardest_have_the_highest_scores_and_of_equals_the_first_come_first(file):
    assert picked(file, hardest=1 / 3) == [1, 3]
    assert picked(file, hardest=0.5) == [0, 1, 3]
    assert picked(file, hardest=0.7) == [0, 1, 2, 3]
    assert picked(file, hardest=1.0) == [0, 1, 2, 3, 4, 5]


@given(share=st.integers(1, 5))
def test_the_easiest_are_what_the_hardest_leave(tmp_path_factory, share):
    path = tmp_path_factory.mktemp("scores") / "scores.npz"
    FOUND.save(path)
    hard, easy = picked(str(path), hardest=share / 6), picked(str(path), easiest=1 - share / 6)
    assert sorted(hard + easy) == [0, 1, 2, 3, 4, 5]


def test_stratified_takes_the_share_of_every_class(file):
    assert picked(file, hardest=1 / 3, stratified=True) == [1, 3]
    assert picked(file, hardest=2 / 3, stratified=True) == [0, 1, 3, 5]
    assert picked(file, easiest=1 / 3, stratified=True) == [2, 4]


def test_examples_are_found_by_name_in_any_order_and_number(file):
    assert picked(file, NAMES[[4, 3, 1]], LABELS[[4, 3, 1]], hardest=1 / 3) == [1]


def test_a_share_is_rounded_down_but_not_by_an_error_of_floats():
    assert [difficulty.share_of(100, share) for share in (0.29, 0.299, 1.0)] == [29, 29, 100]


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"dataset": "cifar100"}, "has scores for 'cifar10' of 60 training examples, the data set is 'cifar100' of 60"),
        ({"set_size": 61}, "has scores for 'cifar10' of 60 training examples, the data set is 'cifar10' of 61"),
        ({"names": np.array(["b", "x", "y", "c", "e", "f"])}, "2 of the 6 training examples have no score"),
        ({"hardest": 0.1}, "that share of 6 examples is none at all"),
    ],
)
def test_scores_of_other_examples_are_refused(file, values, line):
    with pytest.raises(UsageError, match=line):
        picked(file, **{"hardest": 0.5} | values)


@pytest.mark.parametrize("shares", [(0.0, 0.0), (0.5, 0.5), (1.5, 0.0), (0.0, -0.5), (float("nan"), 0.0)])
def test_exactly_one_share_is_given(shares):
    with pytest.raises(
        UsageError, match=r"--train_subset=f needs a share in \(0, 1\] as either --hardest or --easiest"
    ):
        Subset("f", *shares, stratified=False)


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "other.npz"
    with pytest.raises(UsageError, match="other.npz does not exist"):
        Difficulty.load(path)
    write_arrays(path, {"scores": SCORES})
    with pytest.raises(UsageError, match="other.npz does not hold the scores of bin/difficulty"):
        Difficulty.load(path)
    for names, scores in ((NAMES, np.array([np.nan] * 6)), (NAMES, SCORES[:5]), (NAMES[:0], SCORES[:0])):
        Difficulty("digits", 6, "loss", names, scores).save(path)
        with pytest.raises(UsageError, match="other.npz does not hold one finite score for each of its examples"):
            Difficulty.load(path)


def test_a_set_is_loaded_with_the_chosen_examples_alone(tmp_path):
    whole = load("digits", seed=3)
    assert len(whole.train_names) == len(whole.train) and whole.train_size == 1437
    # the validation examples are those positions that are not among the names
    assert len(whole.validation) == 1437 - len(whole.train)
    path = tmp_path / "scores.npz"
    scores = np.random.default_rng(0).random(len(whole.train))
    Difficulty("digits", 1437, "loss", whole.train_names, scores).save(path)
    some = load("digits", seed=3, subset=Subset(str(path), 0.25, 0.0, False))
    hardest = np.sort(np.argsort(-scores)[: len(scores) // 4])
    assert np.array_equal(some.train.images, whole.train.images[hardest])
    assert np.array_equal(some.train.labels, whole.train.labels[hardest])
    assert np.array_equal(some.train_names, whole.train_names[hardest])
    assert np.array_equal(some.validation.images, whole.validation.images)
    with pytest.raises(UsageError, match="have no score: give the --validation_fraction, --data_seed"):
        load("digits", seed=4, subset=Subset(str(path), 0.25, 0.0, False))
