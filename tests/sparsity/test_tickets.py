"""Early-bird tickets: when masks have settled, on hand-made ones."""

from __future__ import annotations

import numpy as np

from dsd_tf.sparsity.masks import Masks
from dsd_tf.sparsity.tickets import as_bits, have_settled

SIZE = 100


def ticket(*flipped: int) -> np.ndarray:
    """The even ones of 100 weights, in two kernels, but for those flipped."""
    mask = np.arange(SIZE) % 2 == 0
    mask[list(flipped)] ^= True
    return as_bits(Masks({"a": mask[:40].reshape(4, 10), "b": mask[40:].reshape(6, 10)}))


def test_bits_are_in_a_row_eight_to_a_byte():
    assert as_bits(Masks({"a": np.array([[True, False]]), "b": np.array([True])})).tolist() == [0b10100000]


def test_five_tickets_within_eight_percent_of_the_newest_have_settled():
    assert have_settled([ticket()] * 5, SIZE)
    assert have_settled([ticket(*range(8))] * 4 + [ticket()], SIZE)
    assert not have_settled([ticket(), ticket(), ticket(*range(9)), ticket(), ticket()], SIZE)


def test_fewer_than_five_have_not():
    assert not have_settled([ticket()] * 4, SIZE)
    assert not have_settled([], SIZE)


def test_what_came_before_the_last_five_does_not_count():
    assert have_settled([ticket(*range(50)), *[ticket()] * 5], SIZE)


def test_each_is_compared_with_the_newest_not_with_its_neighbour():
    wandering = [ticket(*range(4 * step)) for step in range(5)]
    assert not have_settled(wandering, SIZE)
    assert have_settled([ticket(*range(2 * step)) for step in range(5)], SIZE)
