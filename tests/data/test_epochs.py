import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsd_tf.data.epochs import Epochs


def plan(epoch, *, examples=50, batches=5, seed=0, start=0, stop=None):
    return Epochs(examples, batches, seed).plan(epoch, start, stop)


@given(examples=st.integers(1, 500), epoch=st.integers(0, 10**6), seed=st.integers(0, 2**32))
def test_an_epochs_order_is_a_permutation(examples, epoch, seed):
    order, _, _, _ = plan(epoch, examples=examples, seed=seed)
    assert order.dtype == np.int32
    assert np.array_equal(np.sort(order), np.arange(examples))


def test_an_epoch_is_a_function_of_seed_and_number():
    order, seeds, _, _ = plan(3)
    again, seeds_again, _, _ = plan(3)
    assert np.array_equal(order, again) and np.array_equal(seeds, seeds_again)
    for other in (plan(4), plan(3, seed=1)):
        assert not np.array_equal(order, other[0])
        assert not np.array_equal(seeds, other[1])


def test_a_window_changes_neither_order_nor_seeds():
    order, seeds, start, stop = plan(3, start=2, stop=4)
    whole, all_seeds, _, _ = plan(3)
    assert (start, stop) == (2, 4)
    assert np.array_equal(order, whole) and np.array_equal(seeds, all_seeds)


def test_batches_of_an_epoch_have_different_seeds():
    _, seeds, _, _ = plan(0, batches=400)
    assert seeds.shape == (400, 2) and seeds.dtype == np.int32
    assert len(np.unique(seeds, axis=0)) == 400


@pytest.mark.parametrize("start, stop", [(-1, 3), (3, 3), (0, 6), (5, None)])
def test_batches_outside_the_epoch_are_refused(start, stop):
    with pytest.raises(ValueError, match="not part of an epoch of 5"):
        Epochs(50, 5, 0).plan(0, start, stop)
