import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsd_tf.data.splits import roles, split
from dsd_tf.errors import UsageError


@given(examples=st.integers(2, 300), fraction=st.sampled_from([0.0, 0.1, 0.25, 0.5]), seed=st.integers(0, 2**32))
def test_train_and_validation_are_disjoint_sorted_and_make_up_the_set(examples, fraction, seed):
    if fraction and not round(examples * fraction):
        return
    parts = split(examples, validation_fraction=fraction, train_examples=0, seed=seed)
    assert len(parts.validation) == round(examples * fraction)
    assert np.array_equal(parts.train, np.sort(parts.train))
    assert np.array_equal(parts.validation, np.sort(parts.validation))
    assert np.array_equal(np.union1d(parts.train, parts.validation), np.arange(examples))
    assert len(parts.train) + len(parts.validation) == examples


@given(seed=st.integers(0, 2**32), small=st.integers(1, 50), more=st.integers(0, 40))
def test_smaller_subsets_are_part_of_larger_ones_and_never_touch_validation(seed, small, more):
    few = split(100, validation_fraction=0.1, train_examples=small, seed=seed)
    many = split(100, validation_fraction=0.1, train_examples=small + more, seed=seed)
    assert len(few.train) == small and len(many.train) == small + more
    assert set(few.train) <= set(many.train)
    assert np.array_equal(few.validation, many.validation)
    assert not set(many.train) & set(many.validation)


def test_the_seed_decides_split_and_subset():
    first, again, other = (split(1000, validation_fraction=0.1, train_examples=100, seed=seed) for seed in (0, 0, 1))
    assert np.array_equal(first.train, again.train) and np.array_equal(first.validation, again.validation)
    assert not np.array_equal(first.train, other.train)
    assert not np.array_equal(first.validation, other.validation)


def test_a_validation_fraction_of_zero_holds_nothing_out():
    parts = split(5, validation_fraction=0.0, train_examples=0, seed=3)
    assert parts.train.tolist() == [0, 1, 2, 3, 4]
    assert parts.validation.tolist() == []


@pytest.mark.parametrize("fraction", [-0.1, 1.0, 2.0])
def test_a_fraction_outside_zero_to_one_is_refused(fraction):
    with pytest.raises(UsageError, match=rf"validation fraction {fraction} is outside \[0, 1\)"):
        split(10, validation_fraction=fraction, train_examples=0, seed=0)


@pytest.mark.parametrize("fraction, counts", [(0.01, "0 to validate and 10"), (0.99, "10 to validate and 0")])
def test_a_fraction_that_leaves_a_part_empty_is_refused(fraction, counts):
    with pytest.raises(UsageError, match=f"leaves {counts} to train"):
        split(10, validation_fraction=fraction, train_examples=0, seed=0)


@pytest.mark.parametrize("train_examples", [10, -1])
def test_more_training_examples_than_there_are_is_refused(train_examples):
    with pytest.raises(UsageError, match=f"{train_examples} training examples asked for; 1 to 9 are available"):
        split(10, validation_fraction=0.1, train_examples=train_examples, seed=0)


def test_a_set_keeps_its_own_three_splits():
    own = {"train", "validation", "test", "extra"}
    assert roles(own, "set") == {"train": "train", "validation": "validation", "test": "test"}


def test_the_validation_split_is_the_test_split_of_a_set_without_one():
    assert roles(["validation", "train"], "set") == {"train": "train", "test": "validation"}


@pytest.mark.parametrize("available", [[], ["train"], ["test", "validation"]])
def test_a_set_without_train_or_test_is_refused(available):
    with pytest.raises(UsageError, match="data set 'x': needs a train and a test"):
        roles(available, "data set 'x'")


@pytest.mark.parametrize(("fraction", "count"), [(1.0, 45), (0.5, 22), (0.2, 9)])
def test_a_training_fraction_is_one_of_what_validation_leaves_rounded_down(fraction, count):
    parts = split(50, validation_fraction=0.1, train_examples=0, seed=3, train_fraction=fraction)
    assert parts.train.tolist() == split(50, validation_fraction=0.1, train_examples=count, seed=3).train.tolist()


@pytest.mark.parametrize("fraction", [0.0, -0.5, 1.5, 0.01, float("nan")])
def test_a_training_fraction_that_leaves_nothing_is_refused(fraction):
    with pytest.raises(UsageError, match=r"train fraction .* of 45 examples: it must be in \(0, 1\] and leave some"):
        split(50, validation_fraction=0.1, train_examples=0, seed=3, train_fraction=fraction)
