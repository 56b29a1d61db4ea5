"""Streams: the same for the same (seed, role, index), independent otherwise, and never different tomorrow."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from dsd_tf import randomness


def test_streams_stay_what_they_are_so_that_published_runs_can_be_repeated():
    assert randomness.stateless_seed(0, "init") == (1353663476, 1247205601)
    assert randomness.stateless_seed(7, "shuffle", 3) == (1095238791, 1807523240)
    assert randomness.integer(7, "shuffle", 3) == 1095238791
    assert randomness.generator(0, "split").permutation(6).tolist() == [3, 4, 1, 5, 0, 2]


def test_the_same_stream_can_be_drawn_again():
    first, again = (randomness.generator(1, "augment", 2, 3).random(5) for _ in range(2))
    assert np.array_equal(first, again)


def test_seed_role_and_every_index_make_a_stream_of_its_own():
    streams = [
        (0, "init", 0),
        (1, "init", 0),
        (0, "shuffle", 0),
        (0, "init", 1),
        (1, "init", 1),
        (0, "shuffle", 1),
    ]
    drawn = [randomness.generator(*stream).integers(2**62) for stream in streams]
    assert len(set(drawn)) == len(drawn)


def test_streams_are_uncorrelated():
    drawn = [randomness.generator(0, f"score/layer{i}", level).random(4000) for i in range(3) for level in range(3)]
    correlations = [np.corrcoef(a, b)[0, 1] for a, b in itertools.combinations(drawn, 2)]
    assert max(map(abs, correlations)) < 0.06  # four standard deviations of independent streams


@pytest.mark.parametrize("seed", [0, 1, 2**31, 2**40])
def test_seeds_for_tensorflow_are_non_negative_int32(seed):
    for value in (*randomness.stateless_seed(seed, "noise"), randomness.integer(seed, "noise")):
        assert 0 <= value < 2**31
