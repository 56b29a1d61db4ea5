"""The one place that knows how randomness is derived: (base seed, role, index) -> an independent stream.

Two roles never share a stream, so changing how many numbers one of them draws (another augmentation, a larger
network) leaves every other one as it was.
"""

from __future__ import annotations

import zlib

import numpy as np


def _sequence(seed: int, role: str, index: tuple[int, ...]) -> np.random.SeedSequence:
    return np.random.SeedSequence([seed, zlib.crc32(role.encode()), *index])


def generator(seed: int, role: str, *index: int) -> np.random.Generator:
    """A NumPy generator for `role` ("init", "shuffle", "split", ...) at `index` (level, epoch, layer ...).

    A role always has the same number of indices: one more that is 0 would be the same stream.
    """
    return np.random.Generator(np.random.PCG64(_sequence(seed, role, index)))


def stateless_seed(seed: int, role: str, *index: int) -> tuple[int, int]:
    """Two non-negative int32 for `tf.random.stateless_*`."""
    low, high = _sequence(seed, role, index).generate_state(2, np.uint32)
    return int(low) & 0x7FFFFFFF, int(high) & 0x7FFFFFFF


def integer(seed: int, role: str, *index: int) -> int:
    """One non-negative int32, for interfaces that take a single integer seed."""
    return stateless_seed(seed, role, *index)[0]
